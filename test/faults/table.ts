// What the authorization server does wrong: the families of the fault matrix, and the cases of each.
import { gzipSync } from 'node:zlib';
import { makeJwt } from '../support/jwt.js';
import {
  type ConnectionFault,
  type Ending,
  endless,
  type Headers,
  json,
  jwt,
  oversized,
  raw,
  type ScriptedAnswer,
  status,
} from '../support/scripted_server.js';

/**
 * What the gateway may make of an answer.
 * - `outage`: the server is not there, does not answer, or says that it fails. 5xx; a stale record is served in its place.
 * - `broken`: an answer has begun and does not end. 5xx; a stale record may be served.
 * - `unusable`: a whole answer that says nothing about the token. 5xx, and no stale record.
 * - `inactive`: the token is not active. 401, and no stale record.
 * - `active`: the token is active, and the whole JWT is there, in a form that is unusual or wrong. 200 or 5xx.
 */
export type Meaning = 'outage' | 'broken' | 'unusable' | 'inactive' | 'active';

/** How a connection is faulty before it has a request. `refused`: nobody listens. `plain`: HTTP where TLS is expected. */
export type ConnectionMeets = ConnectionFault | 'refused' | 'plain';

export interface BadCertificates {
  readonly expired: ConnectionFault;
  readonly notYetValid: ConnectionFault;
  readonly wrongName: ConnectionFault;
  readonly otherAuthority: ConnectionFault;
  readonly selfSigned: ConnectionFault;
}

interface Case {
  readonly name: string;
  readonly means: Meaning;
}

export interface AnswerFault extends Case {
  readonly at: 'answer';
  readonly family: string;
  /** @param token the JWT of the token that is asked about */
  readonly answer: (token: string) => ScriptedAnswer;
}

export interface ConnectionFaultCase extends Case {
  readonly at: 'connection';
  readonly family: string;
  readonly isTlsOnly: boolean;
  readonly meets: (certificates: BadCertificates) => ConnectionMeets;
}

export type Fault = AnswerFault | ConnectionFaultCase;

/** Between two reads, for the connection, and for the whole of a fetch: what the gateways of the matrix are set to. */
export const STEP_TIMEOUT_MS = 2500;
/** Each piece comes in time, all of them together do not. */
const PAUSE_MS = STEP_TIMEOUT_MS / 3;
const PIECES = 8;

const OK = 'HTTP/1.1 200 OK\r\n';
const TYPE = 'Content-Type: application/jwt\r\n';
/** Of a token that no client has: it must reach nobody. */
export const SMUGGLED_JWT = makeJwt({ sub: 'smuggled', exp: 4102444800 });

const withLength = (token: string, headers = '') =>
  `${OK}${TYPE}${headers}Content-Length: ${token.length}\r\n\r\n${token}`;
const withHeaders = (headers: string) => (token: string) => raw(withLength(token, headers), 'keep');
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;
const CHUNKED = `${OK}${TYPE}Transfer-Encoding: chunked\r\n\r\n`;
const inChunks = (token: string) =>
  `${CHUNKED}${chunk(token.slice(0, 50))}${chunk(token.slice(50))}0\r\n\r\n`;

const answers = (
  family: string,
  cases: readonly [name: string, means: Meaning, answer: (token: string) => ScriptedAnswer][],
): AnswerFault[] => cases.map(([name, means, answer]) => ({ at: 'answer', family, name, means, answer }));

const connections = (
  family: string,
  cases: readonly [name: string, means: Meaning, meets: (certificates: BadCertificates) => ConnectionMeets][],
  isTlsOnly = false,
): ConnectionFaultCase[] =>
  cases.map(([name, means, meets]) => ({ at: 'connection', family, isTlsOnly, name, means, meets }));

const played = (answer: ScriptedAnswer, isBeforeTls = false): ConnectionFault => ({
  kind: 'played',
  answer,
  isBeforeTls,
});

/** What has been sent when the answer stops. */
const STAGES: readonly [stage: string, means: Meaning, sent: (token: string) => string][] = [
  ['after the request is read', 'outage', () => ''],
  ['in the status line', 'outage', () => 'HTTP/1.1 20'],
  ['after the status line', 'outage', () => OK],
  ["in a header's name", 'outage', () => `${OK}Content-Ty`],
  ["in a header's value", 'outage', () => `${OK}Content-Type: application/j`],
  [
    'before the empty line',
    'outage',
    (token) => withLength(token).slice(0, withLength(token).indexOf('\r\n\r\n') + 2),
  ],
  [
    'before the body',
    'broken',
    (token) => withLength(token).slice(0, withLength(token).indexOf('\r\n\r\n') + 4),
  ],
  ["in the JWT's header", 'broken', (token) => cutJwt(token, 10)],
  ["at the JWT's first dot", 'broken', (token) => cutJwt(token, token.indexOf('.') + 1)],
  ["in the JWT's payload", 'broken', (token) => cutJwt(token, token.indexOf('.') + 12)],
  ["at the JWT's second dot", 'broken', (token) => cutJwt(token, token.lastIndexOf('.') + 1)],
  ["in the JWT's signature", 'broken', (token) => cutJwt(token, token.length - 40)],
  ['before the last byte', 'broken', (token) => cutJwt(token, token.length - 1)],
  ["in a chunk's size", 'broken', () => `${CHUNKED}3`],
  ["after a chunk's size", 'broken', () => `${CHUNKED}32\r\n`],
  ['in a chunk', 'broken', (token) => `${CHUNKED}32\r\n${token.slice(0, 20)}`],
  ['between two chunks', 'broken', (token) => CHUNKED + chunk(token.slice(0, 50))],
  ["in the JWT's signature, after a chunk", 'broken', (token) => CHUNKED + chunk(token.slice(0, -40))],
  ['before the last chunk', 'active', (token) => CHUNKED + chunk(token)],
  ['in the last chunk', 'active', (token) => `${CHUNKED}${chunk(token)}0\r\n`],
];

function cutJwt(token: string, length: number): string {
  return withLength(token).slice(0, length - token.length);
}

const stopping = (family: string, ending: Ending, stages = STAGES): AnswerFault[] =>
  answers(
    family,
    stages.map(([stage, means, sent]) => [`${family} ${stage}`, means, (token) => raw(sent(token), ending)]),
  );

/** A pause takes its time in every cell: one stage of each kind. */
const PAUSED_STAGES = STAGES.filter(([stage]) =>
  /^(after the request|in the status line|in a header's value|before the body|in the JWT's signature|in a chunk$|before the last chunk)/.test(
    stage,
  ),
);
const RESET_STAGES = STAGES.filter(([stage]) => !/dot$|payload$|size$|name$/.test(stage));

/** Bodies that an answer with an error status may have. */
const BODIES: readonly [name: string, of: (token: string) => { headers: Headers; body: string }][] = [
  ['no body', () => ({ headers: {}, body: '' })],
  ['a JWT', (token) => ({ headers: { 'Content-Type': 'application/jwt' }, body: token })],
  [
    '"active":true and a JWT',
    (token) => ({
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ active: true, phantom_token: token }),
    }),
  ],
];
const OUTAGE_STATUSES = [500, 501, 502, 503, 504, 599];
const ERROR_STATUSES = [400, 401, 403, 404, 429, ...OUTAGE_STATUSES];

const withStatus = (code: number, means: Meaning) =>
  BODIES.map(
    ([body, of]) =>
      [`${code} with ${body}`, means, (token: string) => status(code, of(token))] as const satisfies [
        string,
        Meaning,
        (token: string) => ScriptedAnswer,
      ],
  );

const asJson = (members: (token: string) => object) => (token: string) => json(members(token));
const typed =
  (contentType: string, headers: Headers = {}) =>
  (token: string) =>
    jwt(token, { contentType, headers });
const rawJson = (text: string) => () =>
  raw(
    `${OK}Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
    'keep',
  );
const signedBy = (alg: string, claims: object, signature = 'c2ln') =>
  [JSON.stringify({ alg }), JSON.stringify(claims)]
    .map((part) => Buffer.from(part).toString('base64url'))
    .concat(signature)
    .join('.');

function dripped(token: string): ScriptedAnswer {
  const whole = withLength(token);
  const pieceBytes = Math.ceil(whole.length / PIECES);
  return {
    async deliver(connection) {
      for (let start = 0; start < whole.length && !connection.closed.aborted; start += pieceBytes) {
        await raw(whole.slice(start, start + pieceBytes), 'keep').deliver(connection);
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
      return 'keep';
    },
  };
}

/** In the order of the page. */
export const FAULTS: readonly Fault[] = [
  ...connections('refused', [['connection refused', 'outage', () => 'refused']]),
  ...connections('silent', [
    ['silent before the request is read', 'outage', () => played(raw('', 'silence'))],
  ]),
  ...stopping('silent', 'silence', PAUSED_STAGES),
  ...connections('reset', [['reset before the request is read', 'outage', () => played(raw('', 'reset'))]]),
  ...stopping('reset', 'reset', RESET_STAGES),
  ...connections('closed', [['closed before the request is read', 'outage', () => played(raw(''))]]),
  ...stopping('closed', 'close'),
  ...answers('closed', [
    [
      'closed in JSON without a length',
      'broken',
      (token) =>
        raw(
          `${OK}Content-Type: application/json\r\nConnection: close\r\n\r\n{"active":true,"jwt":"${token}"`,
        ),
    ],
    [
      'closed in a JWT without a length',
      'broken',
      (token) => raw(`${OK}${TYPE}Connection: close\r\n\r\n${token.slice(0, -1)}`),
    ],
    [
      'closed after a JWT without a length',
      'active',
      (token) => raw(`${OK}${TYPE}Connection: close\r\n\r\n${token}`),
    ],
  ]),
  ...answers('drip', [
    ['a good answer in slow pieces', 'active', dripped],
    ['a status line without end, slowly', 'outage', () => endless('HTTP/1.1 200 ', 'O', PAUSE_MS)],
    ['header lines without end, slowly', 'outage', () => endless(OK, 'X-Slow: 1\r\n', PAUSE_MS)],
    ['a body without end, slowly', 'broken', () => endless(`${OK}${TYPE}\r\n`, 'x', PAUSE_MS)],
    ['chunks without end, slowly', 'broken', () => endless(CHUNKED, '1\r\nx\r\n', PAUSE_MS)],
  ]),
  ...answers('Content-Length', [
    [
      'a length that is too short',
      'broken',
      (token) => raw(withShownLength(token, `${token.length - 30}`), 'keep'),
    ],
    [
      'a length that is one too short',
      'broken',
      (token) => raw(withShownLength(token, `${token.length - 1}`), 'keep'),
    ],
    ['a length of 0 before a body', 'unusable', (token) => raw(withShownLength(token, '0'), 'keep')],
    [
      'a length that is too long, and the end',
      'broken',
      (token) => raw(withShownLength(token, `${token.length + 30}`)),
    ],
    [
      'a length that is too long, and silence',
      'broken',
      (token) => raw(withShownLength(token, '9000'), 'silence'),
    ],
    ['a negative length', 'broken', (token) => raw(withShownLength(token, '-1'))],
    ['a length with a sign', 'active', (token) => raw(withShownLength(token, `+${token.length}`))],
    [
      'a length in hexadecimal',
      'broken',
      (token) => raw(withShownLength(token, `0x${token.length.toString(16)}`)),
    ],
    ['a length beyond 64 bits', 'broken', (token) => raw(withShownLength(token, '99999999999999999999'))],
    ['a length that is no number', 'broken', (token) => raw(withShownLength(token, 'many'))],
    ['an empty length', 'broken', (token) => raw(withShownLength(token, ''))],
    [
      'a list of two equal lengths',
      'active',
      (token) => raw(withShownLength(token, `${token.length}, ${token.length}`)),
    ],
    ['two equal lengths', 'active', (token) => raw(withLength(token, `Content-Length: ${token.length}\r\n`))],
    ['two lengths, the last one right', 'broken', (token) => raw(withLength(token, 'Content-Length: 5\r\n'))],
    [
      'two lengths, the first one right',
      'broken',
      (token) => raw(withLength(token).replace('\r\n\r\n', '\r\nContent-Length: 5\r\n\r\n')),
    ],
    [
      'a length and chunks',
      'broken',
      (token) => raw(inChunks(token).replace('\r\n\r\n', `\r\nContent-Length: ${token.length}\r\n\r\n`)),
    ],
  ]),
  ...answers('chunks', [
    ['a size that is no number', 'broken', (token) => raw(`${CHUNKED}zz\r\n${token}\r\n0\r\n\r\n`)],
    ['a negative size', 'broken', (token) => raw(`${CHUNKED}-5\r\n${token}\r\n0\r\n\r\n`)],
    [
      'a size beyond 64 bits',
      'broken',
      (token) => raw(`${CHUNKED}ffffffffffffffffff\r\n${token}\r\n0\r\n\r\n`),
    ],
    ['a size that is too short', 'broken', (token) => raw(`${CHUNKED}20\r\n${token}\r\n0\r\n\r\n`)],
    ['a size that is too long', 'broken', (token) => raw(`${CHUNKED}fff\r\n${token}\r\n0\r\n\r\n`)],
    [
      'no line break after a chunk',
      'broken',
      (token) => raw(inChunks(token).replace(`${token.slice(0, 50)}\r\n`, token.slice(0, 50))),
    ],
    ['no last chunk, and silence', 'active', (token) => raw(CHUNKED + chunk(token), 'silence')],
    [
      'a second answer after the end',
      'active',
      (token) => raw(inChunks(token) + withLength(SMUGGLED_JWT), 'keep'),
    ],
    [
      'a second answer after the length',
      'active',
      (token) => raw(withLength(token) + withLength(SMUGGLED_JWT), 'keep'),
    ],
    [
      'a second answer after 204',
      'inactive',
      () => raw(`HTTP/1.1 204 No Content\r\n\r\n${withLength(SMUGGLED_JWT)}`, 'keep'),
    ],
    [
      'trailers',
      'active',
      (token) => raw(inChunks(token).replace(/0\r\n\r\n$/, '0\r\nX-Trailer: 1\r\n\r\n'), 'keep'),
    ],
    [
      'trailers that are headers',
      'broken',
      (token) => raw(`${OK}Transfer-Encoding: chunked\r\n\r\n${chunk(token)}0\r\n${TYPE}\r\n`),
    ],
    [
      'a chunk extension',
      'active',
      (token) => raw(`${CHUNKED}${token.length.toString(16)};a=b\r\n${token}\r\n0\r\n\r\n`, 'keep'),
    ],
    [
      'Transfer-Encoding twice',
      'active',
      (token) => raw(inChunks(token).replace(TYPE, `${TYPE}Transfer-Encoding: chunked\r\n`)),
    ],
    [
      'Transfer-Encoding: gzip, chunked',
      'active',
      (token) => raw(inChunks(token).replace(': chunked', ': gzip, chunked')),
    ],
    [
      'Transfer-Encoding: identity',
      'broken',
      (token) => raw(inChunks(token).replace(': chunked', ': identity')),
    ],
    [
      'Transfer-Encoding: xchunked',
      'broken',
      (token) => raw(inChunks(token).replace(': chunked', ': xchunked')),
    ],
  ]),
  ...answers('1xx', [
    ['100 before the answer', 'active', (token) => raw(`HTTP/1.1 100 Continue\r\n\r\n${withLength(token)}`)],
    [
      '102 before the answer',
      'active',
      (token) => raw(`HTTP/1.1 102 Processing\r\n\r\n${withLength(token)}`),
    ],
    [
      '103 before the answer',
      'active',
      (token) => raw(`HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n${withLength(token)}`),
    ],
    [
      '103 with a body and a length',
      'broken',
      (token) => raw(withLength(token).replace('200 OK', '103 Early Hints')),
    ],
    ['100 and silence', 'broken', () => raw('HTTP/1.1 100 Continue\r\n\r\n', 'silence')],
    ['100 and the end', 'broken', () => raw('HTTP/1.1 100 Continue\r\n\r\n')],
    [
      '101',
      'broken',
      (token) => raw(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n${token}`),
    ],
    ['199', 'broken', (token) => raw(withLength(token).replace('200 OK', '199 Odd'))],
    ['100 without end', 'broken', () => endless('', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(20))],
    [
      '103 without end',
      'outage',
      () => endless('', 'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n'.repeat(5), PAUSE_MS / 5),
    ],
  ]),
  ...answers('3xx', [
    ...[301, 302, 304, 307].flatMap((code) => [
      [
        `${code} to this server`,
        'unusable',
        (token: string) =>
          status(code, {
            headers: { Location: '/introspect', 'Content-Type': 'application/jwt' },
            body: code === 304 ? '' : token,
          }),
      ] as [string, Meaning, (token: string) => ScriptedAnswer],
    ]),
    ['302 to another host', 'unusable', () => status(302, { headers: { Location: 'http://127.0.0.1:1/' } })],
  ]),
  ...answers('2xx', [
    ...[201, 202, 203, 205, 206].map(
      (code) =>
        [
          `${code} with a JWT`,
          'unusable',
          (token: string) => status(code, { headers: { 'Content-Type': 'application/jwt' }, body: token }),
        ] as [string, Meaning, (token: string) => ScriptedAnswer],
    ),
    [
      '206 with a part of a JWT',
      'unusable',
      (token) =>
        status(206, {
          headers: { 'Content-Type': 'application/jwt', 'Content-Range': 'bytes 0-40/300' },
          body: token.slice(0, 41),
        }),
    ],
    ['204', 'inactive', () => status(204)],
    [
      '204 with a length and a JWT',
      'inactive',
      (token) => raw(withLength(token).replace('200 OK', '204 No Content')),
    ],
    [
      '204 with a JWT in chunks',
      'inactive',
      (token) => raw(inChunks(token).replace('200 OK', '204 No Content')),
    ],
  ]),
  ...answers('4xx and 5xx', [
    ...ERROR_STATUSES.flatMap((code) =>
      withStatus(code, OUTAGE_STATUSES.includes(code) ? 'outage' : 'unusable'),
    ),
    [
      '503 with a Retry-After of two lines',
      'outage',
      () => raw('HTTP/1.1 503 Busy\r\nRetry-After: 5\r\nRetry-After: 9\r\nContent-Length: 0\r\n\r\n'),
    ],
    [
      '429 with a Retry-After that is text',
      'unusable',
      () => status(429, { headers: { 'Retry-After': '"; x=opaque' } }),
    ],
  ]),
  ...answers('status line', [
    ['no reason phrase', 'active', (token) => raw(withLength(token).replace('200 OK', '200'))],
    ['HTTP/1.0', 'active', (token) => raw(withLength(token).replace('HTTP/1.1', 'HTTP/1.0'))],
    ['HTTP/2.0', 'active', (token) => raw(withLength(token).replace('HTTP/1.1', 'HTTP/2.0'))],
    ['two spaces before the status', 'active', (token) => raw(withLength(token).replace(' 200', '  200'))],
    ['an empty line before the status', 'active', (token) => raw(`\r\n${withLength(token)}`)],
    ['line feeds alone', 'active', (token) => raw(withLength(token).replaceAll('\r\n', '\n'))],
    ['a status of two digits', 'broken', (token) => raw(withLength(token).replace('200', '20'))],
    ['a status of four digits', 'broken', (token) => raw(withLength(token).replace('200', '2000'))],
    ['status 000', 'broken', (token) => raw(withLength(token).replace('200', '000'))],
    ['status 600', 'broken', (token) => raw(withLength(token).replace('200', '600'))],
    ['another protocol', 'broken', (token) => raw(withLength(token).replace('HTTP/1.1', 'ICY'))],
    ['a mail server', 'broken', () => raw('220 mail.example ESMTP\r\n')],
    ['an HTTP/2 server', 'broken', () => raw(Buffer.from('00000604000000000000040000400000', 'hex'))],
    [
      'random bytes',
      'broken',
      () => raw(Buffer.from(Array.from({ length: 700 }, (_, i) => (i * 89 + 41) % 256))),
    ],
    [
      'a reason phrase beyond the buffer',
      'broken',
      (token) => raw(withLength(token).replace('OK', 'O'.repeat(70_000))),
    ],
  ]),
  ...answers('HTTP/0.9', [
    ['a JWT alone', 'broken', (token) => raw(token)],
    ['JSON alone', 'broken', (token) => raw(JSON.stringify({ active: true, phantom_token: token }))],
    ['a page alone', 'broken', () => raw('<html>Sign in</html>\n')],
  ]),
  ...answers('types', [
    ...['text/plain', 'text/html; charset=utf-8', 'application/jwtx', '*/*'].map(
      (type) =>
        [`a JWT as ${type}`, 'unusable', typed(type)] as [string, Meaning, (token: string) => ScriptedAnswer],
    ),
    ['a JWT of no type', 'unusable', (token) => status(200, { body: token })],
    ['a JWT of an empty type', 'unusable', (token) => raw(withLength(token).replace('application/jwt', ''))],
    ['a JWT as application/json', 'unusable', typed('application/json')],
    ['a JWT as APPLICATION/JWT; charset=x', 'active', typed('APPLICATION/JWT; charset=x')],
    ['a JWT with two types', 'active', (token) => raw(withLength(token, 'Content-Type: text/html\r\n'))],
    ['JSON as application/jwt', 'unusable', (token) => jwt(JSON.stringify({ active: true, jwt: token }))],
    ['a JWT in UTF-16', 'unusable', (token) => jwt(Buffer.from(token, 'utf16le').toString('latin1'))],
    [
      'JSON in UTF-16',
      'unusable',
      (token) =>
        status(200, {
          headers: { 'Content-Type': 'application/json; charset=utf-16' },
          body: Buffer.from(JSON.stringify({ active: true, jwt: token }), 'utf16le'),
        }),
    ],
    [
      'JSON after a byte order mark',
      'active',
      (token) => rawJson(`\ufeff${JSON.stringify({ active: true, jwt: token })}`)(),
    ],
    [
      'JSON with bytes that are no UTF-8',
      'active',
      (token) =>
        status(200, {
          headers: { 'Content-Type': 'application/json' },
          body: Buffer.from(`{"active":true,"jwt":"${token}","a":"\xff\xfe"}`, 'latin1'),
        }),
    ],
    [
      'an RFC 9701 response',
      'unusable',
      () =>
        jwt(makeJwt({ token_introspection: { active: true } }), {
          contentType: 'application/token-introspection+jwt',
        }),
    ],
  ]),
  ...answers('encodings', [
    [
      'a JWT in gzip',
      'unusable',
      (token) =>
        status(200, {
          headers: { 'Content-Type': 'application/jwt', 'Content-Encoding': 'gzip' },
          body: gzipSync(token),
        }),
    ],
    [
      'a cut gzip stream',
      'unusable',
      (token) =>
        status(200, {
          headers: { 'Content-Type': 'application/jwt', 'Content-Encoding': 'gzip' },
          body: gzipSync(token).subarray(0, 60),
        }),
    ],
    ['a JWT that is said to be in gzip', 'active', typed('application/jwt', { 'Content-Encoding': 'gzip' })],
    ['a JWT that is said to be in br', 'active', typed('application/jwt', { 'Content-Encoding': 'br' })],
  ]),
  ...answers('headers', [
    ['1,000 header lines', 'active', withHeaders('X-Flood: 1\r\n'.repeat(1000))],
    ['100,000 header lines', 'broken', withHeaders('X-Flood: 1\r\n'.repeat(100_000))],
    ['header lines without end', 'outage', () => endless(OK, 'X-Flood: 1\r\n'.repeat(100))],
    ['a header of 70 kB', 'broken', withHeaders(`X-Long: ${'x'.repeat(70_000)}\r\n`)],
    ['a header without end', 'outage', () => endless(`${OK}X-Long: `, 'x'.repeat(1000))],
    ['a line without a colon', 'active', withHeaders('no colon here\r\n')],
    ['a folded line', 'active', withHeaders('X-Folded: 1\r\n 2\r\n')],
    ['NUL in a name', 'active', withHeaders('X-\0Odd: 1\r\n')],
    ['NUL in a value', 'active', withHeaders('X-Odd: a\0b\r\n')],
    ['a carriage return in a value', 'active', withHeaders('X-Odd: a\rb\r\n')],
    ['control characters in a value', 'active', withHeaders('X-Odd: \x01\x7f\r\n')],
    ['no empty line before the body', 'broken', (token) => raw(`${OK}${TYPE}${token} \r\n`)],
    ['X-Accel-Redirect to the API', 'active', withHeaders('X-Accel-Redirect: /open\r\n')],
    [
      'X-Accel headers',
      'active',
      withHeaders(
        'X-Accel-Expires: 0\r\nX-Accel-Limit-Rate: 1\r\nX-Accel-Buffering: yes\r\nX-Accel-Charset: x\r\n',
      ),
    ],
    [
      'headers for the client',
      'active',
      withHeaders(
        'Authorization: Bearer x\r\nWWW-Authenticate: Bearer\r\nSet-Cookie: a=b\r\nLocation: /x\r\n',
      ),
    ],
    ['a max-age beyond 64 bits', 'active', withHeaders('Cache-Control: max-age=99999999999999999999\r\n')],
    ['a negative max-age and Age', 'active', withHeaders('Cache-Control: max-age=-5\r\nAge: -10\r\n')],
  ]),
  ...answers('bodies', [
    ['an empty body', 'unusable', () => jwt('')],
    ['no JWT', 'unusable', () => jwt('not a jwt')],
    ['a JWT without signature', 'unusable', () => jwt(signedBy('none', { exp: 4102444800 }, ''))],
    ['a JWT of alg none', 'unusable', () => jwt(signedBy('none', { exp: 4102444800 }))],
    ['a line break in the JWT', 'unusable', (token) => jwt(`${token}\r\nX-Injected: 1`)],
    ['NUL in the JWT', 'unusable', (token) => jwt(`${token.slice(0, 30)}\0${token.slice(30)}`)],
    ['two JWTs', 'unusable', (token) => jwt(`${token} ${SMUGGLED_JWT}`)],
    ['a JWT over 64 kB', 'unusable', () => oversized(70_000)],
    ['300 kB', 'unusable', () => oversized(300_000)],
    ['2 MB', 'unusable', () => jwt('x'.repeat(2_000_000))],
    ['chunks without end', 'broken', () => endless(CHUNKED, chunk('x'.repeat(16_384)))],
    ['a body without end or length', 'broken', () => endless(`${OK}${TYPE}\r\n`, 'x'.repeat(16_384))],
    ['a JWT that has ended', 'inactive', () => jwt(makeJwt({ exp: 1_000_000_000 }))],
    ['an exp that is text', 'unusable', () => jwt(makeJwt({ exp: '4102444800' }))],
    ['"active":false', 'inactive', asJson(() => ({ active: false }))],
    ['"active":false and a JWT', 'inactive', asJson((token) => ({ active: false, jwt: token }))],
    ['"active":"true"', 'unusable', asJson((token) => ({ active: 'true', jwt: token }))],
    ['"active":1', 'unusable', asJson((token) => ({ active: 1, jwt: token }))],
    ['no "active"', 'unusable', asJson((token) => ({ jwt: token }))],
    ['"active":true without a JWT', 'unusable', asJson(() => ({ active: true }))],
    ['a list', 'unusable', asJson((token) => [{ active: true, jwt: token }])],
    ['null', 'unusable', rawJson('null')],
    ['broken JSON', 'unusable', rawJson('{"active":true,')],
    [
      '100,000 lists in one another',
      'unusable',
      rawJson(`{"active":true,"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`),
    ],
  ]),
  ...connections(
    'TLS',
    [
      ['an expired certificate', 'outage', ({ expired }) => expired],
      ['a certificate of tomorrow', 'outage', ({ notYetValid }) => notYetValid],
      ['a certificate of another name', 'outage', ({ wrongName }) => wrongName],
      ['a certificate of another CA', 'outage', ({ otherAuthority }) => otherAuthority],
      ['a self-signed certificate', 'outage', ({ selfSigned }) => selfSigned],
      ['silence in the handshake', 'outage', () => played(raw('', 'silence'), true)],
      ['a reset in the handshake', 'outage', () => played(raw('', 'reset'), true)],
      ['the end in the handshake', 'outage', () => played(raw(''), true)],
      ['garbage in the handshake', 'outage', () => played(raw('SSH-2.0-OpenSSH_9.2\r\n'), true)],
      ['an alert in the handshake', 'outage', () => played(raw(Buffer.from('15030300020228', 'hex')), true)],
      ['plain HTTP on the TLS port', 'outage', () => 'plain'],
    ],
    true,
  ),
];

function withShownLength(token: string, length: string): string {
  return withLength(token).replace(/Content-Length: \d+/, `Content-Length: ${length}`);
}
