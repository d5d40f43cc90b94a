// HTTP/1 requests, nearly right: what proxies and servers read differently (RFC 9112 §11).
import fc from 'fast-check';
import { editedWith } from '../inputs.js';
import { activeTokens, bytesOf, type LiveCase } from './case.js';

const PIECES = [
  ...[
    '\r\n',
    '\r\n\r\n',
    '\n',
    '\r',
    '\n\n',
    ' \r\n',
    '\t',
    ' :',
    ': ',
    '\0',
    '\x80',
    '\xff',
    ' HTTP/1.1\r\n',
  ],
  ...['HTTP/1.0', 'HTTP/0.9', 'HTTP/2.0', 'HTTP/1.10', 'GET /x HTTP/1.1\r\nHost: gateway.test\r\n'],
  ...['Content-Length: 5\r\n', 'Content-Length: 0\r\n', 'Content-Length: +5\r\n', 'Content-Length: 5, 5\r\n'],
  ...['Transfer-Encoding: chunked\r\n', 'Transfer-Encoding: identity\r\n', 'Transfer-Encoding : chunked\r\n'],
  ...[
    'Transfer-Encoding: xchunked\r\n',
    'Expect: 100-continue\r\n',
    'Upgrade: h2c\r\n',
    'Connection: close\r\n',
  ],
  ...['Connection: Authorization\r\n', 'Connection: keep-alive, X-Request-Id\r\n', 'X-Request-Id: 1\r\n'],
  ...['Authorization: Bearer opaque-bad\r\n', 'Authorization: Basic YTpi\r\n', 'AUTHORIZATION:\r\n'],
  ...[
    'Authorization_: Bearer opaque-bad\r\n',
    'Proxy-Authorization: Bearer opaque-bad\r\n',
    'Range: bytes=0-\r\n',
  ],
  ...['Host: other.test\r\n', 'Host:\r\n', 'If-None-Match: *\r\n', 'X-Accel-Redirect: /introspect\r\n'],
  ...['X-Forwarded-Uri: /a/../b\r\n', 'X-Forwarded-Method: POST\r\n', 'X-HTTP-Method-Override: OPTIONS\r\n'],
  ...[
    '/introspect',
    '/_phantom_token_authorize',
    '/auth',
    '/../',
    '//',
    '/%2e%2e/',
    '?access_token=opaque-bad',
    '#',
  ],
  ...['0\r\n\r\n', '5\r\nabcde\r\n', 'ffffffffffffffff\r\n', '-1\r\n', '5;a=b\r\n', 'X: y\r\n z\r\n'],
];

const HOST = 'Host: gateway.test\r\n';

/** One request for each way to a decision, and some that come close to an attack. */
function requestsWith(token: string): string[] {
  const bearer = `Authorization: Bearer ${token}\r\n`;
  const form = `token=${token}&token_type_hint=access_token`;
  const end = 'Connection: close\r\n\r\n';
  const forwarded =
    'X-Forwarded-Method: GET\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: api.test\r\nX-Forwarded-Uri: /a?b\r\n';
  return [
    `GET /orders?page=2 HTTP/1.1\r\n${HOST}${bearer}${end}`,
    `GET /orders HTTP/1.1\r\n${HOST}X-A: b\r\nCookie: a=b\r\n${bearer}${end}`,
    `POST /orders HTTP/1.1\r\n${HOST}${bearer}Content-Length: 5\r\n${end}abcde`,
    `POST /orders HTTP/1.1\r\n${HOST}${bearer}Transfer-Encoding: chunked\r\n${end}5\r\nabcde\r\n0\r\n\r\n`,
    `PUT /orders HTTP/1.1\r\n${HOST}${bearer}Expect: 100-continue\r\nContent-Length: 5\r\n${end}abcde`,
    `GET /a HTTP/1.1\r\n${HOST}${bearer}\r\nGET /b HTTP/1.1\r\n${HOST}${end}`,
    `GET /a HTTP/1.1\r\n${HOST}\r\nGET /b HTTP/1.1\r\n${HOST}${bearer}${end}`,
    `POST /a HTTP/1.1\r\n${HOST}Content-Length: 9\r\n\r\n123456789GET /b HTTP/1.1\r\n${HOST}${bearer}${end}`,
    `GET http://gateway.test/orders HTTP/1.1\r\n${HOST}${bearer}${end}`,
    `HEAD /orders HTTP/1.0\r\n${bearer}\r\n`,
    `OPTIONS /orders HTTP/1.1\r\n${HOST}Origin: https://a.test\r\nAccess-Control-Request-Method: GET\r\n${bearer}${end}`,
    `OPTIONS /orders HTTP/1.1\r\n${HOST}Origin: https://a.test\r\nAccess-Control-Request-Method: GET\r\n${end}`,
    `GET /orders HTTP/1.1\r\n${HOST}${bearer}${bearer}${end}`,
    `GET /orders HTTP/1.1\r\n${HOST}${end}`,
    `GET /auth HTTP/1.1\r\n${HOST}${forwarded}${bearer}${end}`,
    `POST /ask HTTP/1.1\r\n${HOST}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${form.length}\r\n${end}${form}`,
    `GET /introspect HTTP/1.1\r\n${HOST}${bearer}${end}`,
  ];
}

export const http1Cases: fc.Arbitrary<LiveCase> = activeTokens.chain((token) =>
  editedWith(fc.constantFrom(...requestsWith(token)), 4, PIECES).map((text) => ({
    request: bytesOf(text),
    answer: undefined,
    token,
  })),
);
