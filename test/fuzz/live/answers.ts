// What an authorization server sends, nearly right: HTTP around it (RFC 9112), and the answer itself (RFC 7662 §2.2).
import fc from 'fast-check';
import { makeJwt } from '../../support/jwt.js';
import { editedWith } from '../inputs.js';
import { activeTokens, bytesOf, type LiveCase } from './case.js';

const PIECES = [
  ...['\r\n', '\r\n\r\n', '\n', '\r', '\n\n', '\0', '\xff', ' ', ':', ' :', '\r\n ', 'HTTP/1.0 200 OK\r\n'],
  ...[
    'HTTP/1.1 100 Continue\r\n\r\n',
    'HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n',
    'HTTP/1.1 200 OK\r\n\r\n',
  ],
  ...['HTTP/2.0', 'ICY', '204 ', '302 ', '304 ', '401 ', '500 ', '0200', '2000', '206 ', '101 '],
  ...[
    'Content-Length: 0\r\n',
    'Content-Length: 5\r\n',
    'Content-Length: 99999\r\n',
    'Content-Length: -1\r\n',
  ],
  ...['Transfer-Encoding: chunked\r\n', 'Transfer-Encoding: gzip\r\n', 'Content-Encoding: gzip\r\n'],
  ...[
    'Content-Type: application/json\r\n',
    'Content-Type: text/html\r\n',
    'Content-Type: application/jwt\r\n',
  ],
  ...[
    'X-Accel-Redirect: /orders\r\n',
    'X-Accel-Expires: 0\r\n',
    'Cache-Control: no-store\r\n',
    'Location: /b\r\n',
  ],
  ...[
    'Set-Cookie: a=b\r\n',
    'Retry-After: 1\r\n',
    'Connection: Upgrade\r\nUpgrade: websocket\r\n',
    'Trailer: a\r\n',
  ],
  ...[
    '0\r\n\r\n',
    'ffffffff\r\n',
    '1;a=b\r\n',
    '"active":true',
    '"active":false',
    '"active":"true"',
    '\u2028',
  ],
];

/** The answer of each kind, active or not, in one piece or in chunks. */
function answersFor(token: string): string[] {
  const jwt = makeJwt({ sub: token, scope: 'read', exp: 4102444800 });
  const ended = makeJwt({ sub: token, exp: 1 });
  return [
    whole('200 OK', 'application/jwt', jwt),
    chunked('200 OK', 'application/jwt', jwt),
    whole(
      '200 OK',
      'application/json',
      JSON.stringify({ active: true, sub: token, exp: 4102444800, phantom_token: jwt }),
    ),
    whole('200 OK', 'application/json', JSON.stringify({ active: false, phantom_token: jwt })),
    whole('200 OK', 'application/json', '{"active":false}'),
    chunked('200 OK', 'application/json', '{"active":false}'),
    whole('200 OK', 'application/jwt', ended),
    whole('401 Unauthorized', 'application/jwt', jwt),
    whole('500 Internal Server Error', 'application/jwt', jwt),
    whole('302 Found', 'application/jwt', jwt),
    whole('200 OK', 'text/html', `<title>${jwt}</title>`),
    'HTTP/1.1 204 No Content\r\n\r\n',
  ];
}

function whole(status: string, type: string, body: string): string {
  return `HTTP/1.1 ${status}\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

function chunked(status: string, type: string, body: string): string {
  const chunk = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
  return `HTTP/1.1 ${status}\r\nContent-Type: ${type}\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}`;
}

/** Nothing is cached there, and by the path the API's requests are told apart. */
export function placeOf(token: string): string {
  return `fresh/${token.replace(/^.*-/, '')}`;
}

export const answerCases: fc.Arbitrary<LiveCase> = activeTokens
  .filter((token) => token.length > 'opaque-good-1'.length) // those are in the cache
  .chain((token) =>
    editedWith(fc.constantFrom(...answersFor(token)), 4, PIECES).map((text) => ({
      request: `GET /${placeOf(token)} HTTP/1.1\r\nHost: gateway.test\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`,
      answer: bytesOf(text),
      token,
    })),
  );
