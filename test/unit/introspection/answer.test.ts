import test from 'ava';
import { denied } from '../../../src/core/answer/outcome.js';
import type { UnavailableReason } from '../../../src/core/answer/reasons.js';
import { notAnswered } from '../../../src/core/answer/unavailable.js';
import { interpretAnswer, interpretReply, type JwtForm } from '../../../src/core/introspection/answer.js';
import { introspectionForm } from '../../../src/core/introspection/question.js';
import { type IntrospectionReply, mediaType } from '../../../src/core/introspection/reply.js';
import type { SignatureSettings } from '../../../src/core/settings/signature_settings.js';

const NOW_SEC = 1_700_000_000;
const USUAL_FORM: JwtForm = {
  jwtField: '',
  maxJwtLength: 65536,
  introspectionAccept: 'application/jwt',
  sender: undefined,
};
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
    kind: 'reply',
    isIntrospection: true,
    limitProblem: '',
    failure: '',
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

/** An active JSON answer with these claims, and beside it a JWT with its own. */
function jsonWith(claims: object, ofJwt: object): IntrospectionReply {
  return jsonReply(JSON.stringify({ active: true, ...claims, phantom_token: jwtOf(ofJwt) }));
}

/** The kind of an outcome, or its reason. */
function meaningOf(reply: IntrospectionReply, form = USUAL_FORM): string {
  const outcome = interpretReply(reply, form, NOW_SEC);
  return 'reason' in outcome ? outcome.reason : outcome.kind;
}

type FormRow = [sentence: string, token: string, proofFields: string, parameters: string, form: string];

const FORMS: FormRow[] = [
  ['token and token_type_hint (RFC 7662 §2.1)', 'abc', '', '', 'token=abc&token_type_hint=access_token'],
  ['letters, digits and - . _ stay', 'aZ09-._', '', '', 'token=aZ09-._&token_type_hint=access_token'],
  [
    '+, / and = are percent-encoded: a + would be a space (S16)',
    'a+/b==',
    '',
    '',
    'token=a%2B%2Fb%3D%3D&token_type_hint=access_token',
  ],
  [
    '~ is percent-encoded, as the form encoding of URLs has it',
    'a~b',
    '',
    '',
    'token=a%7Eb&token_type_hint=access_token',
  ],
  [
    'a token cannot add a parameter (S16)',
    'a&client_id=x',
    '',
    '',
    'token=a%26client_id%3Dx&token_type_hint=access_token',
  ],
  [
    'the fields that prove the client follow as they are (RFC 6749 §2.3.1)',
    'abc',
    'client_id=a%20&client_secret=b',
    '',
    'token=abc&token_type_hint=access_token&client_id=a%20&client_secret=b',
  ],
  [
    'further parameters follow as they are',
    'abc',
    '',
    'resource=a%2Fb',
    'token=abc&token_type_hint=access_token&resource=a%2Fb',
  ],
  [
    'the proof stands before further parameters, one & between two',
    'abc',
    'client_id=a',
    'b=c&d=e',
    'token=abc&token_type_hint=access_token&client_id=a&b=c&d=e',
  ],
];

for (const [sentence, token, proofFields, parameters, form] of FORMS) {
  test(`introspectionForm: ${sentence}`, (t) =>
    t.is(introspectionForm(token, proofFields, parameters), form));
}

/** What is no reply's fault: nobody asked, nobody could, or a signature decided: signed_response.ts, gateway/verify.ts. */
type OwnReason =
  | 'misconfigured'
  | 'internal_error'
  | 'introspection_suspended'
  | 'introspection_queue_full'
  | 'introspection_response_invalid'
  | 'jwt_signature_invalid'
  | 'jwt_key_unknown'
  | 'jwks_unavailable'
  | 'jwks_unusable'
  | 'dpop_proofs_full';

// One reply for each reason: the type check fails when one is missing here.
const REFUSED: Record<Exclude<UnavailableReason, OwnReason>, IntrospectionReply> = {
  introspection_unreachable: replyOf('text/html', '', { status: 502 }),
  introspection_timeout: replyOf('text/html', '', { status: 504 }),
  introspection_rate_limited: replyOf('text/html', '', { status: 429 }),
  introspection_overloaded: replyOf('text/html', '', { status: 503 }),
  introspection_unauthorized: replyOf('application/json', '{"error":"invalid_client"}', { status: 401 }),
  introspection_server_error: replyOf('application/json', '{"active":true}', { status: 500 }),
  introspection_status: replyOf('application/json', '{"active":true}', { status: 404 }),
  introspection_content_type: replyOf('text/html', '<p>Please log in</p>'),
  introspection_truncated: jwtReply({}, { contentLength: '9999' }),
  introspection_malformed: jsonReply('{}'),
  introspection_invalid_claim: jwtReply({ exp: 'soon' }),
  introspection_response_jwt: replyOf('application/token-introspection+jwt', jwtOf({})),
  jwt_missing: jsonReply('{"active":true}'),
  jwt_too_large: replyOf('application/jwt', 'a'.repeat(USUAL_FORM.maxJwtLength + 1)),
};

for (const [reason, reply] of Object.entries(REFUSED)) {
  test(`interpretReply: ${reason} is Unavailable and never a Denial: the client is not to blame (S23, S110)`, (t) => {
    const outcome = interpretReply(reply, USUAL_FORM, NOW_SEC);
    t.like(outcome, { kind: 'unavailable', reason, retryAfter: '', cacheStatus: 'MISS' });
  });

  test(`interpretReply: the detail of ${reason} says what arrived, and never the body (S108)`, (t) => {
    const outcome = interpretReply(reply, USUAL_FORM, NOW_SEC);
    const arrived = `status=${reply.status} content_type=${reply.contentType} bytes=${reply.bodyBytes}`;
    const details: Record<string, string> = {
      introspection_invalid_claim: `claim=exp ${arrived}`,
      introspection_malformed: `${arrived} problem="active is no boolean"`,
    };
    t.is(outcome.kind === 'unavailable' ? outcome.detail : outcome.kind, details[reason] ?? arrived);
  });
}

test('interpretReply: the detail ends with why there is no answer, in the fixed words of fetch_failure.ts', (t) => {
  const reply = replyOf('', '', { status: 504, failure: 'no answer within js_fetch_timeout' });
  t.deepEqual(
    interpretReply(reply, USUAL_FORM, NOW_SEC),
    notAnswered(
      'introspection_timeout',
      'status=504 content_type= bytes=0 failure="no answer within js_fetch_timeout"',
    ),
  );
});

test('interpretReply: a failure is for the log alone: the status decides', (t) => {
  const failure = 'the connection failed';
  t.is(meaningOf(replyOf('', '', { status: 502, failure })), 'introspection_unreachable');
  t.is(meaningOf(jwtReply({}, { failure })), 'active');
});

const MISROUTED: [sentence: string, reply: IntrospectionReply][] = [
  ['a good JWT', jwtReply({ exp: NOW_SEC + 60 })],
  ['an inactive token', jsonReply('{"active":false}')],
  ['no content', replyOf('', '', { status: 204 })],
  ['an error page', replyOf('text/html', '', { status: 404 })],
];

for (const [sentence, reply] of MISROUTED) {
  test(`interpretReply: ${sentence} from a location that is no introspection is misconfigured: nobody asked there`, (t) => {
    const outcome = interpretReply({ ...reply, isIntrospection: false }, USUAL_FORM, NOW_SEC);
    t.like(outcome, { kind: 'unavailable', reason: 'misconfigured', retryAfter: '', cacheStatus: '' });
    t.regex(
      outcome.kind === 'unavailable' ? outcome.detail : '',
      /^\$phantom_token_introspection_endpoint must /,
    );
  });
}

for (const [sentence, reply] of MISROUTED) {
  test(`interpretReply: ${sentence} from a location whose limits are not known is misconfigured, and the log says what is wrong with them`, (t) => {
    const limitProblem = 'include introspection_limits.conf';
    const outcome = interpretReply({ ...reply, limitProblem }, USUAL_FORM, NOW_SEC);
    t.like(outcome, { kind: 'unavailable', reason: 'misconfigured', detail: limitProblem, cacheStatus: '' });
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
  [429, 'introspection_rate_limited', 'RFC 6585 §4, S26'],
  [430, 'introspection_status', 'no meaning here'],
  [499, 'introspection_status', 'the client went away'],
  [500, 'introspection_server_error', 'a fault of the server, RFC 9110 §15.6'],
  [501, 'introspection_server_error', 'a fault of the server, RFC 9110 §15.6'],
  [502, 'introspection_unreachable', 'nginx could not connect, or a load balancer, S44'],
  [503, 'introspection_overloaded', 'RFC 9110 §15.6.4, S44'],
  [504, 'introspection_timeout', 'the timeout of nginx ran out, or of a load balancer, S44'],
  [505, 'introspection_server_error', 'a fault of the server, RFC 9110 §15.6'],
  [520, 'introspection_server_error', 'an unknown status is as the first of its class, RFC 9110 §15'],
  [599, 'introspection_server_error', 'an unknown status is as the first of its class, RFC 9110 §15'],
];

for (const [status, reason, why] of STATUSES) {
  test(`interpretReply: status ${status} is ${reason}, even with a good JWT in the body (${why})`, (t) =>
    t.is(meaningOf(jwtReply({ exp: NOW_SEC + 60 }, { status })), reason));
}

const ERRORS_OF_400: [body: string, reason: string][] = [
  ['{"error":"unsupported_token_type"}', 'token_type_unsupported'],
  [
    '{"error":"unsupported_token_type","error_description":"Structured JWT Tokens"}',
    'token_type_unsupported',
  ],
  ['{"error":"invalid_request"}', 'introspection_status'],
  ['{"error":["unsupported_token_type"]}', 'introspection_status'],
  ['unsupported_token_type', 'introspection_status'],
];

for (const [body, reason] of ERRORS_OF_400) {
  test(`interpretReply: 400 with ${body} is ${reason}: the token's kind is the client's, all else our question (RFC 7009 §2.2.1)`, (t) =>
    t.is(meaningOf(replyOf('application/json', body, { status: 400 })), reason));
}

test('interpretReply: the status decides before length and type: an error page is not "truncated"', (t) => {
  t.is(
    meaningOf(replyOf('text/html', 'x', { status: 502, contentLength: '9' })),
    'introspection_unreachable',
  );
  t.is(meaningOf(replyOf('', '', { status: 204, contentLength: '9' })), 'token_inactive');
});

test('interpretReply: 204 is a Denial that was looked up (S34)', (t) => {
  t.deepEqual(
    interpretReply(replyOf('', '', { status: 204 }), USUAL_FORM, NOW_SEC),
    denied('token_inactive', 'MISS'),
  );
});

for (const [status, reason] of [
  [429, 'introspection_rate_limited'],
  [503, 'introspection_overloaded'],
] as const) {
  test(`interpretReply: status ${status} keeps Retry-After for the client (S26)`, (t) => {
    const outcome = interpretReply(
      replyOf('text/plain', '', { status, retryAfter: '30' }),
      USUAL_FORM,
      NOW_SEC,
    );
    t.deepEqual(outcome, {
      ...notAnswered(reason, `status=${status} content_type=text/plain bytes=0`),
      retryAfter: '30',
    });
  });
}

test('interpretReply: any other status drops Retry-After', (t) => {
  const outcome = interpretReply(
    replyOf('text/plain', '', { status: 502, retryAfter: '30' }),
    USUAL_FORM,
    NOW_SEC,
  );
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

for (const contentType of [
  'application/token-introspection+jwt',
  'Application/Token-Introspection+JWT',
  'application/token-introspection+jwt; charset=UTF-8',
]) {
  test(`interpretReply: Content-Type "${contentType}" is no access token, whatever the body (RFC 9701 §5, S54)`, (t) => {
    t.is(meaningOf(replyOf(contentType, jwtOf({}))), 'introspection_response_jwt');
    t.is(meaningOf(replyOf(contentType, '{"active":false}')), 'introspection_response_jwt');
  });
}

const RESPONSE_JWTS: [sentence: string, header: object, payload: object][] = [
  ['its typ', { alg: 'ES256', typ: 'token-introspection+jwt' }, {}],
  ['its typ with a parameter', { alg: 'ES256', typ: 'token-introspection+jwt; v=1' }, {}],
  ['its typ with application/', { alg: 'ES256', typ: 'application/token-introspection+jwt' }, {}],
  ['its claim', { alg: 'ES256' }, { token_introspection: { active: true } }],
  ['its claim, active or not', { alg: 'ES256' }, { token_introspection: {}, active: false }],
];

for (const [sentence, header, payload] of RESPONSE_JWTS) {
  test(`interpretReply: an introspection response is no access token: by ${sentence} (RFC 9701 §5, S54)`, (t) => {
    const jwt = jwtOf(payload, header);
    t.is(meaningOf(replyOf('application/jwt', jwt)), 'introspection_response_jwt');
    t.is(meaningOf(jsonReply(`{"active":true,"jwt":"${jwt}"}`)), 'introspection_response_jwt');
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
    const outcome = interpretReply(replyOf(contentType, ''), USUAL_FORM, NOW_SEC);
    t.like(outcome, { detail: `status=200 content_type=${logged} bytes=0` });
  });
}

test('interpretReply: an active token is its JWT, its claims and its expiry', (t) => {
  const payload = { exp: NOW_SEC + 60, nbf: NOW_SEC - 5, scope: 'read write', iss: 'https://as', aud: 'api' };
  t.deepEqual(interpretReply(jwtReply(payload), USUAL_FORM, NOW_SEC), {
    kind: 'active',
    jwt: jwtOf(payload),
    serverJwt: { text: jwtOf(payload), header: { alg: 'ES256' }, payload },
    answer: payload,
    claims: { notBeforeSec: NOW_SEC - 5, scope: 'read write', issuer: 'https://as', audience: ['api'] },
    binding: undefined,
    expiresAtSec: NOW_SEC + 60,
  });
});

test('interpretReply: a JWT without exp is active; how long it is kept is up to ttl.ts (S46)', (t) => {
  t.like(interpretReply(jwtReply({}), USUAL_FORM, NOW_SEC), { kind: 'active', expiresAtSec: undefined });
});

test('interpretReply: nbf in the future is left to the policy, so that the record can be stored (S48)', (t) => {
  t.is(meaningOf(jwtReply({ nbf: NOW_SEC + 3600 })), 'active');
});

test('interpretReply: white space around the JWT is not part of it', (t) => {
  const outcome = interpretReply(replyOf('application/jwt', ` \t${jwtOf({})}\r\n`), USUAL_FORM, NOW_SEC);
  t.like(outcome, { kind: 'active', jwt: jwtOf({}) });
});

const ACTIVE_CLAIMS: [sentence: string, payload: object, meaning: string][] = [
  ['an absent active is an active token: a JWT is given for no other', {}, 'active'],
  ['active true is active', { active: true }, 'active'],
  ['active false is inactive', { active: false }, 'token_inactive'],
  ['active false is inactive, expired or not', { active: false, exp: NOW_SEC - 1 }, 'token_inactive'],
  ['active false is inactive, whatever other claims say', { active: false, iss: 1 }, 'token_inactive'],
  ['active true does not lift the expiry', { active: true, exp: NOW_SEC }, 'token_expired'],
  ['active "true" is no boolean (S27)', { active: 'true' }, 'introspection_malformed'],
  ['active "false" is no boolean (S27)', { active: 'false' }, 'introspection_malformed'],
  ['active 1 is no boolean (S27)', { active: 1 }, 'introspection_malformed'],
  ['active 0 is no boolean: not even "inactive" (S27)', { active: 0 }, 'introspection_malformed'],
  ['active null is no boolean (S28)', { active: null }, 'introspection_malformed'],
  ['active "" is no boolean (S27)', { active: '' }, 'introspection_malformed'],
  ['active {} is no boolean (S28)', { active: {} }, 'introspection_malformed'],
];

for (const [sentence, payload, meaning] of ACTIVE_CLAIMS) {
  test(`interpretReply: application/jwt whose payload is the whole reply of RFC 7662 §2.2: ${sentence}`, (t) =>
    t.is(meaningOf(jwtReply(payload)), meaning));

  test(`interpretReply: a JWT beside active JSON whose payload is the whole reply, too: ${sentence}`, (t) =>
    t.is(meaningOf(jsonWith({}, payload)), meaning));
}

const TOKEN_TYPES: [sentence: string, claims: object, meaning: string][] = [
  ['token_type Bearer is an access token', { token_type: 'Bearer' }, 'active'],
  ['token_use access is an access token', { token_use: 'access' }, 'active'],
  ['token_type refresh_token is another kind', { token_type: 'refresh_token' }, 'token_type_mismatch'],
  ['token_use id is another kind', { token_use: 'id' }, 'token_type_mismatch'],
  [
    'token_type DPoP is bound to a key (RFC 9449 §5, S14)',
    { token_type: 'DPoP' },
    'token_sender_constrained',
  ],
];

for (const [sentence, claims, meaning] of TOKEN_TYPES) {
  test(`interpretReply: ${sentence}, in a JWT, in JSON and in the JWT beside JSON (S51)`, (t) => {
    t.is(meaningOf(jwtReply(claims)), meaning);
    t.is(meaningOf(jsonWith(claims, {})), meaning);
    t.is(meaningOf(jsonWith({}, claims)), meaning);
  });
}

test('interpretReply: another kind of token is a Denial that was looked up (S51)', (t) => {
  const reply = jwtReply({ token_use: 'refresh', cnf: {} });
  t.deepEqual(interpretReply(reply, USUAL_FORM, NOW_SEC), denied('token_type_mismatch', 'MISS'));
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
  t.deepEqual(
    interpretReply(jwtReply({ exp: NOW_SEC }), USUAL_FORM, NOW_SEC),
    denied('token_expired', 'MISS'),
  );
});

const BOUND: [sentence: string, cnf: object][] = [
  ['to a certificate (RFC 8705 §3)', { 'x5t#S256': 'a' }],
  ['to a DPoP key (RFC 9449 §7.2)', { jkt: 'a' }],
  ['to something unknown (RFC 7800 §3.1)', {}],
];

for (const [sentence, cnf] of BOUND) {
  test(`interpretReply: a token that is bound ${sentence} is refused as Bearer (S14)`, (t) => {
    const reply = jwtReply({ exp: NOW_SEC + 60, cnf });
    t.deepEqual(interpretReply(reply, USUAL_FORM, NOW_SEC), denied('token_sender_constrained', 'MISS'));
  });
}

test('interpretReply: an expired token is expired, of whatever kind', (t) => {
  t.is(meaningOf(jwtReply({ exp: NOW_SEC, token_use: 'refresh' })), 'token_expired');
});

test('interpretReply: an expired token is expired, bound or not', (t) => {
  t.is(meaningOf(jwtReply({ exp: NOW_SEC, cnf: {} })), 'token_expired');
});

const CLAIMS = ['exp', 'nbf', 'iat', 'scope', 'aud', 'iss', 'cnf', 'token_type', 'token_use'];

for (const claim of CLAIMS) {
  test(`interpretReply: a ${claim} that is not understood makes no token active (S47, S110)`, (t) => {
    const outcome = interpretReply(
      jwtReply({ exp: NOW_SEC - 60, cnf: {}, [claim]: -1 }),
      USUAL_FORM,
      NOW_SEC,
    );
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

function inJson(member: string, jwt: unknown): string {
  return JSON.stringify({ active: true, [member]: jwt });
}

const SHORT_FORM: JwtForm = {
  jwtField: '',
  maxJwtLength: 100,
  introspectionAccept: 'application/jwt',
  sender: undefined,
};

const JWT_LENGTHS: [sentence: string, jwt: string, meaning: string][] = [
  ['one character below the limit is active', jwtOfLength(99), 'active'],
  ['exactly the limit is active', jwtOfLength(100), 'active'],
  ['one character above the limit is too large', jwtOfLength(102), 'jwt_too_large'],
  ['what is too large is not parsed', '{'.repeat(101), 'jwt_too_large'],
  ['what is no JWT and not too large is malformed', '{'.repeat(100), 'introspection_malformed'],
];

for (const [sentence, jwt, meaning] of JWT_LENGTHS) {
  test(`interpretReply: JWT length: ${sentence} (S38)`, (t) =>
    t.is(meaningOf(replyOf('application/jwt', jwt), SHORT_FORM), meaning));

  test(`interpretReply: JWT length in JSON: ${sentence}: the JSON around it does not count (S38)`, (t) =>
    t.is(meaningOf(jsonReply(inJson('jwt', jwt)), SHORT_FORM), meaning));
}

test('interpretReply: JWT length: white space around the body does not count (S38)', (t) => {
  t.is(meaningOf(replyOf('application/jwt', ` ${jwtOfLength(100)}\n`), SHORT_FORM), 'active');
  t.is(meaningOf(replyOf('application/jwt', ` ${jwtOfLength(102)}\n`), SHORT_FORM), 'jwt_too_large');
});

test('interpretReply: JWT length: the limit is that of the settings (S38)', (t) => {
  const reply = replyOf('application/jwt', jwtOfLength(120));
  t.is(
    meaningOf(reply, {
      jwtField: '',
      maxJwtLength: 119,
      introspectionAccept: 'application/jwt',
      sender: undefined,
    }),
    'jwt_too_large',
  );
  t.is(
    meaningOf(reply, {
      jwtField: '',
      maxJwtLength: 120,
      introspectionAccept: 'application/jwt',
      sender: undefined,
    }),
    'active',
  );
});

const JSON_ANSWERS: [sentence: string, body: string, meaning: string][] = [
  ['active false is inactive (RFC 7662 §2.2)', '{"active":false}', 'token_inactive'],
  [
    'active false is inactive, whatever else is said',
    '{"active":false,"exp":9999999999,"scope":"a"}',
    'token_inactive',
  ],
  ['active true without a JWT has nothing to forward', '{"active":true,"exp":9999999999}', 'jwt_missing'],
  ['active false is inactive, JWT or not', `{"active":false,"jwt":"${jwtOf({})}"}`, 'token_inactive'],
  [
    'active "true" makes no JWT active (S27)',
    `{"active":"true","jwt":"${jwtOf({})}"}`,
    'introspection_malformed',
  ],
  ['an absent active makes no JWT active (S28)', `{"jwt":"${jwtOf({})}"}`, 'introspection_malformed'],
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
  ['a byte order mark spoils it (RFC 8259 §8.1, S32)', '\uFEFF{"active":false}', 'introspection_malformed'],
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
  t.deepEqual(
    interpretReply(jsonReply('{"active":false}'), USUAL_FORM, NOW_SEC),
    denied('token_inactive', 'MISS'),
  );
});

test('interpretReply: application/json may have parameters and any case (RFC 9110 §8.3.1)', (t) => {
  t.is(meaningOf(replyOf('Application/JSON; charset=utf-8', '{"active":false}')), 'token_inactive');
});

test('interpretReply: JSON in another type is not read: text/json is not on the list (S33)', (t) => {
  t.is(meaningOf(replyOf('text/json', '{"active":false}')), 'introspection_content_type');
});

const GOOD = jwtOf({ jti: 'good' });
const OTHER = jwtOf({ jti: 'other' });

const MEMBERS: [sentence: string, jwtField: string, members: object, jwt: string | undefined][] = [
  ["phantom_token, Curity's token procedure", '', { phantom_token: GOOD }, GOOD],
  ['jwt, Keycloak', '', { jwt: GOOD }, GOOD],
  ['token_string, WSO2 Identity Server', '', { token_string: GOOD }, GOOD],
  ['phantom_token goes before jwt', '', { jwt: OTHER, phantom_token: GOOD }, GOOD],
  ['phantom_token goes before token_string', '', { token_string: OTHER, phantom_token: GOOD }, GOOD],
  ['jwt goes before token_string', '', { token_string: OTHER, jwt: GOOD }, GOOD],
  ['a member of another name is not looked at', '', { access_token: GOOD }, undefined],
  ['a name has a case', '', { JWT: GOOD, Phantom_Token: GOOD }, undefined],
  ['a member of a member is not looked at', '', { claims: { jwt: GOOD } }, undefined],
  ['the named member', 'my_jwt', { my_jwt: GOOD }, GOOD],
  ['the named member alone, whatever the usual ones hold', 'my_jwt', { my_jwt: GOOD, jwt: OTHER }, GOOD],
  ['no usual member in place of the named one', 'my_jwt', { jwt: OTHER }, undefined],
  [
    'a usual member that is named, before the ones before it',
    'jwt',
    { jwt: GOOD, phantom_token: OTHER },
    GOOD,
  ],
  ['a named member with a dot is no path', 'a.jwt', { a: { jwt: OTHER }, 'a.jwt': GOOD }, GOOD],
];

for (const [sentence, jwtField, members, jwt] of MEMBERS) {
  test(`interpretReply: the JWT in JSON: ${sentence}`, (t) => {
    const reply = jsonReply(JSON.stringify({ active: true, ...members }));
    const outcome = interpretReply(
      reply,
      { jwtField, maxJwtLength: 65536, introspectionAccept: 'application/jwt', sender: undefined },
      NOW_SEC,
    );
    if (jwt === undefined) {
      t.like(outcome, { kind: 'unavailable', reason: 'jwt_missing' });
    } else {
      t.like(outcome, { kind: 'active', jwt });
    }
  });
}

const NO_MEMBERS: [sentence: string, value: unknown][] = [
  ['null', null],
  ['true', true],
  ['a number', 1],
  ['a list with a JWT', [GOOD]],
  ['an object', { jwt: GOOD }],
  ['an empty text', ''],
  ['a text that is no JWT', 'abc'],
  ['an unsigned JWT (RFC 8725 §3.1, S53)', jwtOf({}, { alg: 'none' })],
  ['a JWT that was cut (S37)', GOOD.slice(0, -1)],
  ['white space around a JWT: a member is the JWT and nothing else (S103)', `${GOOD}\n`],
  ['a header behind a JWT (S103)', `${GOOD}\r\nX-Admin: 1`],
];

for (const [sentence, value] of NO_MEMBERS) {
  for (const [member, jwtField] of [
    ['phantom_token', ''],
    ['named', 'named'],
  ] as const) {
    test(`interpretReply: the JWT in JSON must not be ${sentence}, in ${member}, whatever other members hold`, (t) => {
      const reply = jsonReply(
        JSON.stringify({ active: true, [member]: value, jwt: GOOD, token_string: GOOD }),
      );
      t.is(
        meaningOf(reply, {
          jwtField,
          maxJwtLength: 65536,
          introspectionAccept: 'application/jwt',
          sender: undefined,
        }),
        'introspection_malformed',
      );
    });
  }
}

test('interpretReply: JSON: the claims are those of the JSON, not of the JWT (RFC 7662 §2.2)', (t) => {
  const json = { exp: NOW_SEC + 60, nbf: NOW_SEC - 5, scope: 'read write', iss: 'https://as', aud: 'api' };
  const ofJwt = { scope: 'admin', iss: 'https://other', aud: ['other'], active: true };
  t.deepEqual(interpretReply(jsonWith(json, ofJwt), USUAL_FORM, NOW_SEC), {
    kind: 'active',
    jwt: jwtOf(ofJwt),
    serverJwt: { text: jwtOf(ofJwt), header: { alg: 'ES256' }, payload: ofJwt },
    answer: { active: true, ...json, phantom_token: jwtOf(ofJwt) },
    claims: { notBeforeSec: NOW_SEC - 5, scope: 'read write', issuer: 'https://as', audience: ['api'] },
    binding: undefined,
    expiresAtSec: NOW_SEC + 60,
  });
});

test('interpretReply: JSON: claims that only the JWT has grant nothing (S50, S52)', (t) => {
  const outcome = interpretReply(
    jsonWith({}, { scope: 'admin', iss: 'https://as', aud: 'api' }),
    USUAL_FORM,
    NOW_SEC,
  );
  t.like(outcome, { claims: { notBeforeSec: 0, scope: '', issuer: '', audience: [] } });
});

type Time = number | undefined;

const EXPIRIES: [sentence: string, ofJson: Time, ofJwt: Time, expiresAtSec: Time][] = [
  ['neither: no expiry', undefined, undefined, undefined],
  ['that of the JSON alone', NOW_SEC + 60, undefined, NOW_SEC + 60],
  ['that of the JWT alone', undefined, NOW_SEC + 60, NOW_SEC + 60],
  ['the earlier one: the JSON', NOW_SEC + 50, NOW_SEC + 60, NOW_SEC + 50],
  ['the earlier one: the JWT', NOW_SEC + 60, NOW_SEC + 50, NOW_SEC + 50],
  ['the same of both', NOW_SEC + 1, NOW_SEC + 1, NOW_SEC + 1],
];

for (const [sentence, ofJson, ofJwt, expiresAtSec] of EXPIRIES) {
  test(`interpretReply: JSON: of two exp ${sentence}: the upstream looks at the JWT (RFC 7662 §4)`, (t) => {
    const outcome = interpretReply(jsonWith({ exp: ofJson }, { exp: ofJwt }), USUAL_FORM, NOW_SEC);
    t.like(outcome, { kind: 'active', expiresAtSec });
  });
}

const EXPIRED: [sentence: string, ofJson: Time, ofJwt: Time][] = [
  ['the JSON, now', NOW_SEC, NOW_SEC + 60],
  ['the JWT, now', NOW_SEC + 60, NOW_SEC],
  ['the JWT alone, a second ago', undefined, NOW_SEC - 1],
  ['the JSON alone, at 0, which is a time', 0, undefined],
  ['the JWT alone, at 0, which is a time', undefined, 0],
];

for (const [sentence, ofJson, ofJwt] of EXPIRED) {
  test(`interpretReply: JSON: one of both ended: ${sentence}: expired (RFC 7519 §4.1.4, S45)`, (t) =>
    t.is(meaningOf(jsonWith({ exp: ofJson }, { exp: ofJwt })), 'token_expired'));
}

const BEGINNINGS: [sentence: string, ofJson: object, ofJwt: object, notBeforeSec: number][] = [
  ['neither: 0', {}, {}, 0],
  ['that of the JSON alone', { nbf: 1000 }, {}, 1000],
  ['that of the JWT alone', {}, { nbf: 1000 }, 1000],
  ['the later one: the JSON', { nbf: 1001 }, { nbf: 1000 }, 1001],
  ['the later one: the JWT', { nbf: 1000 }, { nbf: 1001 }, 1001],
  ['the later one: iat of the JWT (S48)', { nbf: 1000, iat: 999 }, { nbf: 999, iat: 1001 }, 1001],
];

for (const [sentence, ofJson, ofJwt, notBeforeSec] of BEGINNINGS) {
  test(`interpretReply: JSON: of two nbf ${sentence}: the upstream looks at the JWT (RFC 7519 §4.1.5)`, (t) => {
    const outcome = interpretReply(jsonWith(ofJson, ofJwt), USUAL_FORM, NOW_SEC);
    t.like(outcome, { kind: 'active', claims: { notBeforeSec } });
  });
}

for (const [sentence, cnf] of BOUND) {
  test(`interpretReply: JSON: a token that is bound ${sentence} is refused as Bearer, whichever says so (S14)`, (t) => {
    t.is(meaningOf(jsonWith({ cnf }, {})), 'token_sender_constrained');
    t.is(meaningOf(jsonWith({}, { cnf })), 'token_sender_constrained');
    t.is(meaningOf(jsonWith({ cnf }, { cnf })), 'token_sender_constrained');
  });
}

for (const claim of CLAIMS) {
  test(`interpretReply: JSON: a ${claim} that is not understood makes no token active, in the JSON or the JWT (S47, S110)`, (t) => {
    for (const reply of [jsonWith({ [claim]: -1 }, {}), jsonWith({}, { [claim]: -1 })]) {
      const outcome = interpretReply(reply, USUAL_FORM, NOW_SEC);
      t.like(outcome, { kind: 'unavailable', reason: 'introspection_invalid_claim', cacheStatus: 'MISS' });
      t.regex(outcome.kind === 'unavailable' ? outcome.detail : '', new RegExp(`^claim=${claim} `));
    }
  });
}

test('interpretReply: JSON: of two claims that are not understood that of the JSON is named', (t) => {
  const outcome = interpretReply(jsonWith({ iss: 1 }, { exp: -1 }), USUAL_FORM, NOW_SEC);
  t.regex(outcome.kind === 'unavailable' ? outcome.detail : '', /^claim=iss /);
});

test('interpretReply: JSON: a __proto__ member brings no JWT (S30)', (t) => {
  t.is(meaningOf(jsonReply(`{"active":true,"__proto__":{"jwt":"${GOOD}"}}`)), 'jwt_missing');
});

for (const jwtField of ['toString', 'constructor', 'hasOwnProperty', '__proto__']) {
  test(`interpretReply: JSON: ${jwtField} is a member only when the answer has one of its own (S30)`, (t) => {
    const form = { jwtField, maxJwtLength: 65536, introspectionAccept: 'application/jwt', sender: undefined };
    t.is(meaningOf(jsonReply('{"active":true}'), form), 'jwt_missing');
    t.is(meaningOf(jsonReply(`{"active":true,"${jwtField}":"${GOOD}"}`), form), 'active');
  });
}

test('interpretReply: JSON: active of the JWT is looked at before the claims of both', (t) => {
  t.is(meaningOf(jsonWith({ exp: NOW_SEC - 1 }, { active: false, iss: 1 })), 'token_inactive');
  t.is(meaningOf(jsonWith({ iss: 1 }, { active: 'no' })), 'introspection_malformed');
});

const PROBLEMS: [sentence: string, reply: IntrospectionReply, problem: string][] = [
  ['JSON that is broken', jsonReply('{"active":'), 'no JSON object'],
  ['JSON that is no object', jsonReply('[]'), 'no JSON object'],
  ['no active (RFC 7662 §2.2, S28)', jsonReply('{}'), 'active is no boolean'],
  ['active as a text (S27)', jsonReply('{"active":"true"}'), 'active is no boolean'],
  ['active as a text in a JWT (S27)', jwtReply({ active: 'true' }), 'active is no boolean'],
  ['active as a text beside JSON (S27)', jsonWith({}, { active: 'true' }), 'active is no boolean'],
  ['a member that is null', jsonReply('{"active":true,"jwt":null}'), 'the JWT is no string'],
  ['a member that is an object', jsonReply('{"active":true,"jwt":{}}'), 'the JWT is no string'],
  [
    'a text of no JWT',
    replyOf('application/jwt', 'x'),
    'not a signed JWT: three base64url parts, with nothing around them',
  ],
  [
    'a member of no JWT',
    jsonReply('{"active":true,"jwt":"x"}'),
    'not a signed JWT: three base64url parts, with nothing around them',
  ],
  [
    'a payload that is no object',
    replyOf('application/jwt', jwtOf(['a'])),
    'header or payload of the JWT is no JSON object',
  ],
  [
    'a signature that was cut (S37)',
    replyOf('application/jwt', jwtOf({}).slice(0, -1)),
    'alg none, or a signature of 85 characters, which its alg does not make: was it cut?',
  ],
];

for (const [sentence, reply, problem] of PROBLEMS) {
  test(`interpretReply: the detail of introspection_malformed names the problem, for the operator: ${sentence}`, (t) => {
    const arrived = `status=200 content_type=${reply.contentType} bytes=${reply.bodyBytes}`;
    t.deepEqual(
      interpretReply(reply, USUAL_FORM, NOW_SEC),
      notAnswered('introspection_malformed', `${arrived} problem="${problem}"`),
    );
  });
}

test('interpretReply: a list over the limit is no string, and not too large: only texts have a length (S38)', (t) => {
  const form = { jwtField: '', maxJwtLength: 1, introspectionAccept: 'application/jwt', sender: undefined };
  t.is(meaningOf(jsonReply('{"active":true,"jwt":[1,2,3]}'), form), 'introspection_malformed');
});

function signaturesWith(changes: Partial<SignatureSettings>): SignatureSettings {
  return {
    kind: 'signature_settings',
    jwks: '',
    acceptJwt: 'off',
    mint: 'off',
    mintKeyFile: '',
    mintIssuer: '',
    mintAudience: '',
    mintClaims: '',
    mintTtlSec: 600,
    ...changes,
  };
}

/** What a location that verifies or signs makes of a reply. */
function signedMeaningOf(reply: IntrospectionReply, signatures: Partial<SignatureSettings>) {
  return interpretReply(reply, USUAL_FORM, NOW_SEC, signaturesWith(signatures));
}

const PLAIN_ANSWER = { active: true, sub: 'alice', exp: NOW_SEC + 60, scope: 'read' };

for (const mint of ['missing', 'always'] as const) {
  test(`interpretReply: mint ${mint}: JSON without a JWT is an active token, whose JWT is still to be signed`, (t) => {
    t.deepEqual(signedMeaningOf(jsonReply(JSON.stringify(PLAIN_ANSWER)), { mint }), {
      kind: 'active',
      jwt: '',
      serverJwt: undefined,
      answer: PLAIN_ANSWER,
      claims: { notBeforeSec: 0, scope: 'read', issuer: '', audience: [] },
      binding: undefined,
      expiresAtSec: NOW_SEC + 60,
    });
  });

  test(`interpretReply: mint ${mint}: a JWT of the server is found as ever, and a bad one is no absent one (S103)`, (t) => {
    const jwt = jwtOf({});
    t.like(signedMeaningOf(jsonWith({}, {}), { mint }), { kind: 'active', jwt });
    t.like(signedMeaningOf(jwtReply({}), { mint }), { kind: 'active', jwt });
    for (const bad of [null, '', 7, 'abc', jwtOf({}, { alg: 'none' })]) {
      const reply = jsonReply(JSON.stringify({ active: true, sub: 'alice', jwt: bad }));
      t.like(signedMeaningOf(reply, { mint }), { reason: 'introspection_malformed' }, String(bad));
    }
  });
}

const PLAIN_REFUSALS: [sentence: string, answer: object, reason: string][] = [
  ['inactive', { active: false, sub: 'alice' }, 'token_inactive'],
  ['active as a text (S27)', { active: 'true', sub: 'alice' }, 'introspection_malformed'],
  ['no active (S28)', { sub: 'alice' }, 'introspection_malformed'],
  ['expired (S45)', { ...PLAIN_ANSWER, exp: NOW_SEC }, 'token_expired'],
  ['a refresh token (S51)', { ...PLAIN_ANSWER, token_use: 'refresh_token' }, 'token_type_mismatch'],
  ['bound to a key (S14)', { ...PLAIN_ANSWER, cnf: { jkt: 'a' } }, 'token_sender_constrained'],
  ['a claim of a wrong type', { ...PLAIN_ANSWER, exp: 'soon' }, 'introspection_invalid_claim'],
];

for (const [sentence, answer, reason] of PLAIN_REFUSALS) {
  test(`interpretReply: mint missing: JSON without a JWT is refused as with one: ${sentence}`, (t) => {
    t.like(signedMeaningOf(jsonReply(JSON.stringify(answer)), { mint: 'missing' }), { reason });
  });
}

test('interpretReply: without minting, JSON without a JWT is jwt_missing, whatever else is verified', (t) => {
  const reply = jsonReply(JSON.stringify(PLAIN_ANSWER));
  t.like(signedMeaningOf(reply, { mint: 'off', jwks: '/jwks', acceptJwt: 'on' }), { reason: 'jwt_missing' });
});

const RESPONSE_TYPE = 'application/token-introspection+jwt';
const RESPONSE = jwtOf(
  { token_introspection: PLAIN_ANSWER },
  { alg: 'ES256', typ: 'token-introspection+jwt' },
);

test('interpretReply: an RFC 9701 response is handed on to be verified where keys are set: nothing in it counts before (RFC 9701 §5, S54)', (t) => {
  for (const body of [RESPONSE, ` ${RESPONSE}\r\n`]) {
    t.deepEqual(signedMeaningOf(replyOf(RESPONSE_TYPE, body), { jwks: '/jwks' }), {
      kind: 'signed_response',
      jwt: {
        text: RESPONSE,
        header: { alg: 'ES256', typ: 'token-introspection+jwt' },
        payload: { token_introspection: PLAIN_ANSWER },
      },
    });
  }
});

test('interpretReply: without keys an RFC 9701 response is refused, whether the gateway signs or not (S54)', (t) => {
  for (const mint of ['off', 'missing', 'always'] as const) {
    t.like(signedMeaningOf(replyOf(RESPONSE_TYPE, RESPONSE), { mint }), {
      reason: 'introspection_response_jwt',
    });
  }
});

test('interpretReply: an RFC 9701 response in the place of the JWT is refused, keys or not: it is never forwarded (RFC 8725 §3.11, S54)', (t) => {
  const signatures = { jwks: '/jwks', mint: 'always' } as const;
  for (const reply of [
    replyOf('application/jwt', RESPONSE),
    jsonReply(JSON.stringify({ active: true, jwt: RESPONSE })),
  ]) {
    t.like(signedMeaningOf(reply, signatures), { reason: 'introspection_response_jwt' });
  }
});

const RESPONSE_PROBLEMS: [sentence: string, body: string, problem: string][] = [
  [
    'an encrypted answer, by its name (RFC 7516 §3.1)',
    'eyJhbGciOiJSU0EtT0FFUCJ9.a.b.c.d',
    'an encrypted answer (JWE), which the gateway does not decrypt',
  ],
  ['plain JSON', '{"active":true}', 'not a signed JWT: three base64url parts, with nothing around them'],
  ['nothing', '', 'not a signed JWT: three base64url parts, with nothing around them'],
  [
    'an unsigned one (RFC 8725 §2.1, S53)',
    jwtOf({ token_introspection: PLAIN_ANSWER }, { alg: 'none' }),
    'alg none, or a signature of 86 characters, which its alg does not make: was it cut?',
  ],
  [
    'one that was cut (S37)',
    RESPONSE.slice(0, -1),
    'alg none, or a signature of 85 characters, which its alg does not make: was it cut?',
  ],
];

for (const [sentence, body, problem] of RESPONSE_PROBLEMS) {
  test(`interpretReply: where keys are set, an RFC 9701 response is malformed: ${sentence}`, (t) => {
    const reply = replyOf(RESPONSE_TYPE, body);
    t.deepEqual(
      signedMeaningOf(reply, { jwks: '/jwks' }),
      notAnswered(
        'introspection_malformed',
        `status=200 content_type=${RESPONSE_TYPE} bytes=${reply.bodyBytes} problem="${problem}"`,
      ),
    );
  });
}

test('interpretAnswer: what a verified response holds means what the same JSON means (RFC 9701 §5)', (t) => {
  const signatures = signaturesWith({ jwks: '/jwks', mint: 'missing' });
  const answers = [
    PLAIN_ANSWER,
    { ...PLAIN_ANSWER, jwt: jwtOf({}) },
    ...PLAIN_REFUSALS.map(([, answer]) => answer),
  ];
  for (const answer of answers) {
    const reply = jsonReply(JSON.stringify(answer));
    t.deepEqual(
      interpretAnswer(JSON.parse(reply.body), reply, USUAL_FORM, NOW_SEC, signatures),
      interpretReply(reply, USUAL_FORM, NOW_SEC, signatures) as never,
    );
  }
});

const LONG = 'x'.repeat(10_000_000);
const MANY_MEMBERS = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`member${i}`, i]));

const HOSTILE: [sentence: string, body: string, meaning: string][] = [
  ['a text of 10 MB beside the claims', JSON.stringify({ ...PLAIN_ANSWER, long: LONG }), 'active'],
  [
    'a sub of 10 MB: the signed JWT is too large then (gateway/mint.ts)',
    JSON.stringify({ ...PLAIN_ANSWER, sub: LONG }),
    'active',
  ],
  ['10,000 members', JSON.stringify({ ...MANY_MEMBERS, ...PLAIN_ANSWER }), 'active'],
  ['of two active the last counts: false', '{"active":true,"sub":"alice","active":false}', 'token_inactive'],
  [
    'of two exp the last counts: over',
    `{"active":true,"sub":"alice","exp":${NOW_SEC + 60},"exp":1}`,
    'token_expired',
  ],
  ['an infinite exp', '{"active":true,"sub":"alice","exp":1e999}', 'introspection_invalid_claim'],
  [
    'an exp of 400 digits',
    `{"active":true,"sub":"alice","exp":${'9'.repeat(400)}}`,
    'introspection_invalid_claim',
  ],
  [
    'active of __proto__ alone (S30)',
    '{"__proto__":{"active":true},"sub":"alice"}',
    'introspection_malformed',
  ],
  ['a list of 10,000 lists', `${'['.repeat(10_000)}${']'.repeat(10_000)}`, 'introspection_malformed'],
];

for (const [sentence, body, meaning] of HOSTILE) {
  test(`interpretReply: mint missing: JSON without a JWT: ${sentence}: ${meaning}`, (t) => {
    const outcome = signedMeaningOf(jsonReply(body), { mint: 'missing' });
    t.is<string, string>('reason' in outcome ? outcome.reason : outcome.kind, meaning);
  });
}

test('mediaType: a letter outside ASCII makes it none, whose lower case one engine has inside ASCII (RFC 9110 §8.3.1)', (t) => {
  for (const name of ['appl\u0130cation/json', 'application/j\u017Fon', 'appl\u0130cation/jwt', 'a/\u212A']) {
    t.is(mediaType(name), '', name);
  }
  t.is(mediaType('Application/JSON ;charset=utf-8'), 'application/json');
});

/** Asks for signed answers alone. */
const SIGNED_FORM: JwtForm = { ...USUAL_FORM, introspectionAccept: 'application/token-introspection+jwt' };
const UNSIGNED: [sentence: string, reply: IntrospectionReply, form: JwtForm, meaning: string][] = [
  ['a JWT', jwtReply({}), SIGNED_FORM, 'introspection_response_invalid'],
  ['active JSON', jsonWith({}, {}), SIGNED_FORM, 'introspection_response_invalid'],
  [
    'active JSON, asked for in upper case',
    jsonWith({}, {}),
    { ...SIGNED_FORM, introspectionAccept: 'Application/Token-Introspection+JWT' },
    'introspection_response_invalid',
  ],
  ['inactive JSON, which permits nothing', jsonReply('{"active":false}'), SIGNED_FORM, 'token_inactive'],
  ['JSON whose active is no boolean', jsonReply('{"active":"true"}'), SIGNED_FORM, 'introspection_malformed'],
  [
    'active JSON, where JSON is asked for as well',
    jsonWith({}, {}),
    { ...SIGNED_FORM, introspectionAccept: 'application/token-introspection+jwt, application/json' },
    'active',
  ],
  [
    'active JSON, where JSON is preferred',
    jsonWith({}, {}),
    { ...SIGNED_FORM, introspectionAccept: 'application/json, application/token-introspection+jwt' },
    'active',
  ],
];

for (const [sentence, reply, form, meaning] of UNSIGNED) {
  test(`interpretReply: where signed answers are asked for, ${sentence}: ${meaning}: no other answer is a permission (RFC 9701 §5)`, (t) =>
    t.is(meaningOf(reply, form), meaning));
}

test('interpretReply: the log says of an answer that should have been signed that it is not', (t) => {
  for (const reply of [jwtReply({}), jsonWith({}, {})]) {
    const outcome = interpretReply(reply, SIGNED_FORM, NOW_SEC);
    t.like(outcome, { kind: 'unavailable', reason: 'introspection_response_invalid' });
    t.regex('detail' in outcome ? outcome.detail : '', /^status=200 .* problem="not signed"$/);
  }
});

test('interpretReply: each Denial says that the token was looked up', (t) => {
  const required = { kind: 'sender_settings', constraint: 'require' } as JwtForm['sender'];
  const refused: [reply: IntrospectionReply, reason: string][] = [
    [jwtReply({ active: false }), 'token_inactive'],
    [
      replyOf('application/json', '{"error":"unsupported_token_type"}', { status: 400 }),
      'token_type_unsupported',
    ],
    [jwtReply({}), 'token_not_sender_constrained'],
  ];
  for (const [reply, reason] of refused) {
    const outcome = interpretReply(reply, { ...USUAL_FORM, sender: required }, NOW_SEC);
    t.deepEqual<unknown, unknown>(outcome, denied(reason as never, 'MISS'));
  }
});
