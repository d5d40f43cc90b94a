import test from 'ava';
import {
  type IntrospectionReply,
  interpretReply,
  introspectionForm,
  MAX_JWT_LENGTH,
} from '../../src/core/introspection.js';
import { denied, type UnavailableReason, unavailable } from '../../src/core/outcome.js';

const NOW_SEC = 1_700_000_000;
const ES256_SIGNATURE = 'S'.repeat(86);

function jwtOf(payload: unknown, header: object = { alg: 'ES256' }, signature = ES256_SIGNATURE): string {
  return [header, payload]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .concat(signature)
    .join('.');
}

/** 200 with a body; Content-Length fits unless a test says otherwise. */
function replyOf(
  contentType: string,
  body: string,
  changes: Partial<IntrospectionReply> = {},
): IntrospectionReply {
  const bodyBytes = Buffer.byteLength(body);
  return {
    isIntrospection: true,
    status: 200,
    contentType,
    contentLength: String(bodyBytes),
    cacheControl: '',
    age: '',
    retryAfter: '',
    body,
    bodyBytes,
    ...changes,
  };
}

function jwtReply(payload: unknown, changes: Partial<IntrospectionReply> = {}): IntrospectionReply {
  return replyOf('application/jwt', jwtOf(payload), changes);
}

function jsonReply(body: string): IntrospectionReply {
  return replyOf('application/json', body);
}

/** The kind of an outcome, or its reason. */
function meaningOf(reply: IntrospectionReply): string {
  const outcome = interpretReply(reply, NOW_SEC);
  return outcome.kind === 'active' ? 'active' : outcome.reason;
}

const FORMS: [sentence: string, token: string, form: string][] = [
  ['token and token_type_hint (RFC 7662 §2.1)', 'abc', 'token=abc&token_type_hint=access_token'],
  ['unreserved characters stay (RFC 3986 §2.3)', 'aZ09-._~', 'token=aZ09-._~&token_type_hint=access_token'],
  [
    '+, / and = are percent-encoded: a + would be a space (S16)',
    'a+/b==',
    'token=a%2B%2Fb%3D%3D&token_type_hint=access_token',
  ],
  [
    'a token cannot add a parameter (S16)',
    'a&client_id=x',
    'token=a%26client_id%3Dx&token_type_hint=access_token',
  ],
];

for (const [sentence, token, form] of FORMS) {
  test(`introspectionForm: ${sentence}`, (t) => t.is(introspectionForm(token), form));
}

// One reply for each reason: the type check fails when one is missing here.
const REFUSED: Record<Exclude<UnavailableReason, 'misconfigured' | 'internal_error'>, IntrospectionReply> = {
  introspection_unreachable: replyOf('text/html', '', { status: 502 }),
  introspection_timeout: replyOf('text/html', '', { status: 504 }),
  introspection_overloaded: replyOf('text/html', '', { status: 503 }),
  introspection_unauthorized: replyOf('application/json', '{"error":"invalid_client"}', { status: 401 }),
  introspection_status: replyOf('application/json', '{"active":true}', { status: 500 }),
  introspection_content_type: replyOf('text/html', '<p>Please log in</p>'),
  introspection_truncated: jwtReply({}, { contentLength: '9999' }),
  introspection_malformed: jsonReply('{}'),
  introspection_invalid_claim: jwtReply({ exp: 'soon' }),
  jwt_missing: jsonReply('{"active":true}'),
  jwt_too_large: replyOf('application/jwt', 'a'.repeat(MAX_JWT_LENGTH + 1)),
};

for (const [reason, reply] of Object.entries(REFUSED)) {
  test(`interpretReply: ${reason} is Unavailable and never a Denial: the client is not to blame (S23, S110)`, (t) => {
    const outcome = interpretReply(reply, NOW_SEC);
    t.like(outcome, { kind: 'unavailable', reason, retryAfter: '', cacheStatus: 'MISS' });
  });

  test(`interpretReply: the detail of ${reason} says what arrived, and never the body (S108)`, (t) => {
    const outcome = interpretReply(reply, NOW_SEC);
    const arrived = `status=${reply.status} content_type=${reply.contentType} bytes=${reply.bodyBytes}`;
    const expected = reason === 'introspection_invalid_claim' ? `claim=exp ${arrived}` : arrived;
    t.is(outcome.kind === 'unavailable' ? outcome.detail : outcome.kind, expected);
  });
}

const MISROUTED: [sentence: string, reply: IntrospectionReply][] = [
  ['a good JWT', jwtReply({ exp: NOW_SEC + 60 })],
  ['an inactive token', jsonReply('{"active":false}')],
  ['no content', replyOf('', '', { status: 204 })],
  ['an error page', replyOf('text/html', '', { status: 404 })],
];

for (const [sentence, reply] of MISROUTED) {
  test(`interpretReply: ${sentence} from a location that is no introspection is misconfigured: nobody asked there`, (t) => {
    const outcome = interpretReply({ ...reply, isIntrospection: false }, NOW_SEC);
    t.like(outcome, { kind: 'unavailable', reason: 'misconfigured', retryAfter: '', cacheStatus: '' });
    t.regex(
      outcome.kind === 'unavailable' ? outcome.detail : '',
      /^\$phantom_token_introspection_endpoint must /,
    );
  });
}

const STATUSES: [status: number, reason: string, why: string][] = [
  [0, 'introspection_status', 'no answer at all is not understood'],
  [199, 'introspection_status', 'only 200 carries an answer'],
  [201, 'introspection_status', 'only 200 carries an answer'],
  [202, 'introspection_status', 'only 200 carries an answer'],
  [203, 'introspection_status', 'only 200 carries an answer'],
  [204, 'token_inactive', "Curity's answer to Accept: application/jwt, S34"],
  [205, 'introspection_status', 'only 204 is inactive'],
  [206, 'introspection_status', 'a part is not the answer'],
  [302, 'introspection_status', 'redirects are not followed, S41'],
  [304, 'introspection_status', 'nothing was asked conditionally'],
  [400, 'introspection_status', 'our request is wrong, not the token'],
  [401, 'introspection_unauthorized', 'our credentials are refused, RFC 7662 §2.3, S23'],
  [402, 'introspection_status', 'no meaning here'],
  [403, 'introspection_unauthorized', 'our credentials are refused, S23'],
  [404, 'introspection_status', 'a wrong path is not an inactive token'],
  [428, 'introspection_status', 'no meaning here'],
  [429, 'introspection_overloaded', 'RFC 6585 §4, S26'],
  [430, 'introspection_status', 'no meaning here'],
  [499, 'introspection_status', 'the client went away'],
  [500, 'introspection_status', 'a fault of the server'],
  [501, 'introspection_status', 'a fault of the server'],
  [502, 'introspection_unreachable', 'nginx could not connect, S44'],
  [503, 'introspection_overloaded', 'RFC 9110 §15.6.4, S44'],
  [504, 'introspection_timeout', 'the timeout of nginx ran out, S44'],
  [505, 'introspection_status', 'no meaning here'],
];

for (const [status, reason, why] of STATUSES) {
  test(`interpretReply: status ${status} is ${reason}, even with a good JWT in the body (${why})`, (t) =>
    t.is(meaningOf(jwtReply({ exp: NOW_SEC + 60 }, { status })), reason));
}

test('interpretReply: the status decides before length and type: an error page is not "truncated"', (t) => {
  t.is(
    meaningOf(replyOf('text/html', 'x', { status: 502, contentLength: '9' })),
    'introspection_unreachable',
  );
  t.is(meaningOf(replyOf('', '', { status: 204, contentLength: '9' })), 'token_inactive');
});

test('interpretReply: 204 is a Denial that was looked up (S34)', (t) => {
  t.deepEqual(interpretReply(replyOf('', '', { status: 204 }), NOW_SEC), denied('token_inactive', 'MISS'));
});

for (const status of [429, 503]) {
  test(`interpretReply: status ${status} keeps Retry-After for the client (S26)`, (t) => {
    const outcome = interpretReply(replyOf('text/plain', '', { status, retryAfter: '30' }), NOW_SEC);
    t.deepEqual(outcome, {
      ...unavailable('introspection_overloaded', `status=${status} content_type=text/plain bytes=0`, 'MISS'),
      retryAfter: '30',
    });
  });
}

test('interpretReply: any other status drops Retry-After', (t) => {
  const outcome = interpretReply(replyOf('text/plain', '', { status: 502, retryAfter: '30' }), NOW_SEC);
  t.like(outcome, { kind: 'unavailable', retryAfter: '' });
});

const LENGTHS: [sentence: string, body: string, contentLength: string, meaning: string][] = [
  ['a body as long as announced is whole', jwtOf({}), String(jwtOf({}).length), 'active'],
  ['an absent Content-Length is not compared', jwtOf({}), '', 'active'],
  ['one byte missing is truncated', jwtOf({}), String(jwtOf({}).length + 1), 'introspection_truncated'],
  [
    'one byte too many is no answer either',
    jwtOf({}),
    String(jwtOf({}).length - 1),
    'introspection_truncated',
  ],
  ['a Content-Length of 0 is compared, too', jwtOf({}), '0', 'introspection_truncated'],
  ['an empty body where one was announced is truncated', '', '10', 'introspection_truncated'],
  ['two Content-Length values fit no body (S39)', jwtOf({}), '20, 20', 'introspection_truncated'],
];

for (const [sentence, body, contentLength, meaning] of LENGTHS) {
  test(`interpretReply: Content-Length: ${sentence} (S36)`, (t) =>
    t.is(meaningOf(replyOf('application/jwt', body, { contentLength })), meaning));
}

test('interpretReply: Content-Length counts bytes, not characters (S36)', (t) => {
  const body = '{"active":false,"é":"€"}';
  const asBytes = String(Buffer.byteLength(body));
  const asCharacters = String(body.length);
  t.is(meaningOf(replyOf('application/json', body, { contentLength: asBytes })), 'token_inactive');
  t.is(
    meaningOf(replyOf('application/json', body, { contentLength: asCharacters })),
    'introspection_truncated',
  );
});

const MEDIA_TYPES: [contentType: string, isJwt: boolean, why: string][] = [
  ['application/jwt', true, 'RFC 7519 §10.3.1'],
  ['application/jwt;charset=UTF-8', true, 'parameters do not count, RFC 9110 §8.3.1'],
  ['application/jwt ; charset=UTF-8', true, 'white space before a parameter, RFC 9110 §5.6.6'],
  ['Application/JWT', true, 'a media type has no case, RFC 9110 §8.3.1'],
  [' application/jwt ', true, 'white space around it is none of it'],
  ['', false, 'an absent type is not guessed, S33'],
  [';application/jwt', false, 'a parameter is no type'],
  ['application/jwtx', false, 'a longer name is another type'],
  ['xapplication/jwt', false, 'a longer name is another type'],
  ['application/jwt, text/html', false, 'two types are none'],
  ['application/token-introspection+jwt', false, 'RFC 9701 §5: no access token, S54'],
  ['application/at+jwt', false, 'not on the list'],
  ['text/html', false, 'a login page, S33'],
  ['text/plain', false, 'not on the list, S33'],
  ['application/octet-stream', false, 'not on the list, S33'],
];

for (const [contentType, isJwt, why] of MEDIA_TYPES) {
  test(`interpretReply: Content-Type "${contentType}" ${isJwt ? 'is' : 'is not'} application/jwt (${why})`, (t) => {
    const expected = isJwt ? 'active' : 'introspection_content_type';
    t.is(meaningOf(replyOf(contentType, jwtOf({}))), expected);
  });
}

const LOGGED_TYPES: [sentence: string, contentType: string, logged: string][] = [
  ['the media type in lower case', 'Text/HTML', 'text/html'],
  ['no parameters, which may hold anything', 'text/html; x=secret', 'text/html'],
  [
    'every character that a type may have (RFC 6838 §4.2)',
    'a1!#$&^_.+-/b1!#$&^_.+-',
    'a1!#$&^_.+-/b1!#$&^_.+-',
  ],
  ['nothing of what is no media type', 'secret', ''],
  ['nothing of a type without a subtype', 'secret/', ''],
  ['nothing of a subtype without a type', '/secret', ''],
  ['nothing of three parts', 'a/b/secret', ''],
  ['nothing of what holds a space', 'text/html secret', ''],
  ['nothing of what holds a line break', 'text/html\nsecret', ''],
  ['nothing of what holds a control character', 'text/\u0001secret', ''],
];

for (const [sentence, contentType, logged] of LOGGED_TYPES) {
  test(`interpretReply: the detail shows ${sentence} (S108)`, (t) => {
    const outcome = interpretReply(replyOf(contentType, ''), NOW_SEC);
    t.like(outcome, { detail: `status=200 content_type=${logged} bytes=0` });
  });
}

test('interpretReply: an active token is its JWT, its claims and its expiry', (t) => {
  const payload = { exp: NOW_SEC + 60, nbf: NOW_SEC - 5, scope: 'read write', iss: 'https://as', aud: 'api' };
  t.deepEqual(interpretReply(jwtReply(payload), NOW_SEC), {
    kind: 'active',
    jwt: jwtOf(payload),
    claims: { notBeforeSec: NOW_SEC - 5, scope: 'read write', issuer: 'https://as', audience: ['api'] },
    expiresAtSec: NOW_SEC + 60,
  });
});

test('interpretReply: a JWT without exp is active; how long it is kept is up to ttl.ts (S46)', (t) => {
  t.like(interpretReply(jwtReply({}), NOW_SEC), { kind: 'active', expiresAtSec: undefined });
});

test('interpretReply: nbf in the future is left to the policy, so that the record can be stored (S48)', (t) => {
  t.is(meaningOf(jwtReply({ nbf: NOW_SEC + 3600 })), 'active');
});

test('interpretReply: white space around the JWT is not part of it', (t) => {
  const outcome = interpretReply(replyOf('application/jwt', ` \t${jwtOf({})}\r\n`), NOW_SEC);
  t.like(outcome, { kind: 'active', jwt: jwtOf({}) });
});

const EXPIRY: [sentence: string, exp: number, meaning: string][] = [
  ['one second ago is expired', NOW_SEC - 1, 'token_expired'],
  ['now is expired: the time ON which it must not be accepted', NOW_SEC, 'token_expired'],
  ['within this second is expired', NOW_SEC + 0.9, 'token_expired'],
  ['in one second is active', NOW_SEC + 1, 'active'],
  ['0 is expired, not absent', 0, 'token_expired'],
];

for (const [sentence, exp, meaning] of EXPIRY) {
  test(`interpretReply: exp ${sentence} (RFC 7519 §4.1.4, S45)`, (t) =>
    t.is(meaningOf(jwtReply({ exp })), meaning));
}

test('interpretReply: an expired JWT is a Denial, not a fault of the server (S45)', (t) => {
  t.deepEqual(interpretReply(jwtReply({ exp: NOW_SEC }), NOW_SEC), denied('token_expired', 'MISS'));
});

const BOUND: [sentence: string, cnf: object][] = [
  ['to a certificate (RFC 8705 §3)', { 'x5t#S256': 'a' }],
  ['to a DPoP key (RFC 9449 §7.2)', { jkt: 'a' }],
  ['to something unknown (RFC 7800 §3.1)', {}],
];

for (const [sentence, cnf] of BOUND) {
  test(`interpretReply: a token that is bound ${sentence} is refused as Bearer (S14)`, (t) => {
    const reply = jwtReply({ exp: NOW_SEC + 60, cnf });
    t.deepEqual(interpretReply(reply, NOW_SEC), denied('token_sender_constrained', 'MISS'));
  });
}

test('interpretReply: an expired token is expired, bound or not', (t) => {
  t.is(meaningOf(jwtReply({ exp: NOW_SEC, cnf: {} })), 'token_expired');
});

for (const claim of ['exp', 'nbf', 'iat', 'scope', 'aud', 'iss', 'cnf']) {
  test(`interpretReply: a ${claim} that is not understood makes no token active (S47, S110)`, (t) => {
    const outcome = interpretReply(jwtReply({ exp: NOW_SEC - 60, cnf: {}, [claim]: -1 }), NOW_SEC);
    t.like(outcome, { kind: 'unavailable', reason: 'introspection_invalid_claim' });
    t.regex(outcome.kind === 'unavailable' ? outcome.detail : '', new RegExp(`^claim=${claim} `));
  });
}

const NO_JWTS: [sentence: string, body: string][] = [
  ['an empty body (S34)', ''],
  ['white space', ' \r\n'],
  ['HTML (S33)', '<html></html>'],
  ['JSON in place of a JWT', '{"active":true}'],
  ['two parts', 'e30.e30'],
  ['a JWE of five parts (RFC 7516 §3.1)', 'e30.e30.e30.e30.e30'],
  ['a line break within (S103)', jwtOf({}).replace('.', '\r\n.')],
  ['two JWTs', `${jwtOf({})} ${jwtOf({})}`],
  ['a scheme before it', `Bearer ${jwtOf({})}`],
  ['a quoted JWT', `"${jwtOf({})}"`],
  ['a broken UTF-8 character (S55)', `${jwtOf({})}\uFFFD`],
  ['a signature that was cut (S37)', jwtOf({}).slice(0, -1)],
  ['an unsigned JWT (RFC 8725 §3.1, S53)', jwtOf({}, { alg: 'none' })],
  ['a payload that is no object', jwtOf(['a'])],
  [
    'an introspection response by its typ (RFC 9701 §5, S54)',
    jwtOf({}, { alg: 'ES256', typ: 'token-introspection+jwt' }),
  ],
  [
    'an introspection response by its claim (RFC 9701 §5, S54)',
    jwtOf({ token_introspection: { active: true } }),
  ],
];

for (const [sentence, body] of NO_JWTS) {
  test(`interpretReply: application/jwt with ${sentence} is introspection_malformed`, (t) =>
    t.is(meaningOf(replyOf('application/jwt', body)), 'introspection_malformed'));
}

/** A JWT of exactly so many characters; the unknown algorithm allows a signature of any length. */
function jwtOfLength(length: number): string {
  const start = jwtOf({}, { alg: 'X' }, '');
  return start + 'S'.repeat(length - start.length);
}

test('MAX_JWT_LENGTH: is 64 kB, below the buffers of nginx/introspection.conf (S38)', (t) => {
  t.is(MAX_JWT_LENGTH, 65536);
});

const JWT_LENGTHS: [sentence: string, body: string, meaning: string][] = [
  ['one character below the limit is active', jwtOfLength(65535), 'active'],
  ['exactly the limit is active', jwtOfLength(65536), 'active'],
  ['one character above the limit is too large', jwtOfLength(65537), 'jwt_too_large'],
  ['white space around it does not count', ` ${jwtOfLength(65536)}\n`, 'active'],
  ['white space around it makes nothing smaller', ` ${jwtOfLength(65537)}\n`, 'jwt_too_large'],
  ['what is too large is not parsed', '{'.repeat(65537), 'jwt_too_large'],
];

for (const [sentence, body, meaning] of JWT_LENGTHS) {
  test(`interpretReply: JWT length: ${sentence} (S38)`, (t) =>
    t.is(meaningOf(replyOf('application/jwt', body)), meaning));
}

const JSON_ANSWERS: [sentence: string, body: string, meaning: string][] = [
  ['active false is inactive (RFC 7662 §2.2)', '{"active":false}', 'token_inactive'],
  [
    'active false is inactive, whatever else is said',
    '{"active":false,"exp":9999999999,"scope":"a"}',
    'token_inactive',
  ],
  ['active true has no JWT to forward', '{"active":true,"exp":9999999999}', 'jwt_missing'],
  ['active "true" is no boolean (S27)', '{"active":"true"}', 'introspection_malformed'],
  ['active "false" is no boolean (S27)', '{"active":"false"}', 'introspection_malformed'],
  ['active 1 is no boolean (S27)', '{"active":1}', 'introspection_malformed'],
  ['active 0 is no boolean: not even "inactive" (S27)', '{"active":0}', 'introspection_malformed'],
  ['active "1" is no boolean (S27)', '{"active":"1"}', 'introspection_malformed'],
  ['active null is no boolean (S28)', '{"active":null}', 'introspection_malformed'],
  ['active {} is no boolean (S28)', '{"active":{}}', 'introspection_malformed'],
  ['an absent active is no "inactive" (S28)', '{"exp":1}', 'introspection_malformed'],
  ['Active is another member', '{"Active":false}', 'introspection_malformed'],
  ['an error object is no answer', '{"error":"invalid_request"}', 'introspection_malformed'],
  ['null is no object (S28)', 'null', 'introspection_malformed'],
  ['a list is no object (S28)', '[{"active":false}]', 'introspection_malformed'],
  ['a string is no object (S28)', '"active"', 'introspection_malformed'],
  ['false alone is no object (S28)', 'false', 'introspection_malformed'],
  ['an empty body is no answer (S34)', '', 'introspection_malformed'],
  ['a cut text is no answer (S36)', '{"active":false', 'introspection_malformed'],
  ['bytes behind the object spoil it (S32)', '{"active":false}x', 'introspection_malformed'],
  [
    'of two members the last wins: false (RFC 8259 §4, S29)',
    '{"active":true,"active":false}',
    'token_inactive',
  ],
  ['of two members the last wins: true (RFC 8259 §4, S29)', '{"active":false,"active":true}', 'jwt_missing'],
  ['__proto__ gives no active member (S30)', '{"__proto__":{"active":false}}', 'introspection_malformed'],
  ['a JWT in place of JSON is no answer', jwtOf({}), 'introspection_malformed'],
];

for (const [sentence, body, meaning] of JSON_ANSWERS) {
  test(`interpretReply: application/json: ${sentence}: ${body.slice(0, 40)}`, (t) =>
    t.is(meaningOf(jsonReply(body)), meaning));
}

test('interpretReply: an inactive token is a Denial that was looked up (RFC 7662 §2.2)', (t) => {
  t.deepEqual(interpretReply(jsonReply('{"active":false}'), NOW_SEC), denied('token_inactive', 'MISS'));
});

test('interpretReply: application/json may have parameters and any case (RFC 9110 §8.3.1)', (t) => {
  t.is(meaningOf(replyOf('Application/JSON; charset=utf-8', '{"active":false}')), 'token_inactive');
});

test('interpretReply: JSON in another type is not read: text/json is not on the list (S33)', (t) => {
  t.is(meaningOf(replyOf('text/json', '{"active":false}')), 'introspection_content_type');
});
