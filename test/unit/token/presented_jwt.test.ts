import test from 'ava';
import type { SenderSettings } from '../../../src/core/settings/sender_settings.js';
import type { JsonObject } from '../../../src/core/text/json.js';
import { judgePresented } from '../../../src/core/token/presented_jwt.js';

const NOW_SEC = 1_700_000_000;
const HEADER = { alg: 'ES256', typ: 'at+jwt' };
const CLAIMS = {
  iss: 'https://as',
  sub: 'alice',
  aud: 'https://api',
  exp: NOW_SEC + 300,
  iat: NOW_SEC - 60,
  client_id: 'app',
  scope: 'read write',
};

function jwtWith(payload: JsonObject, header: JsonObject = HEADER) {
  return { text: 'the.jwt.itself', header, payload };
}

/** 'active', or why it is refused. */
function meaningOf(payload: JsonObject, header?: JsonObject): string {
  const judged = judgePresented(jwtWith(payload, header), NOW_SEC, undefined);
  return judged.kind === 'denial' ? judged.reason : judged.kind;
}

test('judgePresented: an access token is forwarded as it is, and its record is made of its claims (RFC 9068 §4)', (t) => {
  const jwt = jwtWith(CLAIMS);
  t.deepEqual(judgePresented(jwt, NOW_SEC, undefined), {
    kind: 'active',
    jwt: 'the.jwt.itself',
    serverJwt: jwt,
    answer: CLAIMS,
    claims: {
      notBeforeSec: NOW_SEC - 60,
      scope: 'read write',
      issuer: 'https://as',
      audience: ['https://api'],
    },
    binding: undefined,
    expiresAtSec: NOW_SEC + 300,
  });
});

test('judgePresented: a refusal was looked up, and says nothing else', (t) => {
  t.deepEqual(judgePresented(jwtWith({}), NOW_SEC, undefined), {
    kind: 'denial',
    reason: 'token_claims_invalid',
    cacheStatus: 'MISS',
  });
});

const TYPES: [typ: unknown, meaning: string][] = [
  ['at+jwt', 'active'],
  ['AT+JWT', 'active'],
  ['application/at+jwt', 'active'],
  ['JWT', 'active'],
  ['jwt', 'active'],
  [undefined, 'token_type_mismatch'],
  ['', 'token_type_mismatch'],
  [null, 'token_type_mismatch'],
  [['at+jwt'], 'token_type_mismatch'],
  ['id_token+jwt', 'token_type_mismatch'],
  ['logout+jwt', 'token_type_mismatch'],
  ['secevent+jwt', 'token_type_mismatch'],
  ['dpop+jwt', 'token_type_mismatch'],
  ['token-introspection+jwt', 'token_type_mismatch'],
  ['kb+jwt', 'token_type_mismatch'],
  ['at+jwt; v=1', 'token_type_mismatch'],
];

for (const [typ, meaning] of TYPES) {
  test(`judgePresented: the header's typ ${JSON.stringify(typ) ?? 'absent'}: ${meaning} (RFC 9068 §4, RFC 8725 §2.8, §3.11, S51)`, (t) =>
    t.is(meaningOf(CLAIMS, { alg: 'ES256', typ }), meaning));
}

const KINDS: [sentence: string, claims: JsonObject, meaning: string][] = [
  ['nonce is that of an ID token (OpenID Connect Core §2)', { nonce: 'n' }, 'token_type_mismatch'],
  ['at_hash is that of an ID token (OpenID Connect Core §3.1.3.6)', { at_hash: 'h' }, 'token_type_mismatch'],
  ['c_hash is that of an ID token (OpenID Connect Core §3.3.2.11)', { c_hash: 'h' }, 'token_type_mismatch'],
  ['s_hash is that of an ID token (FAPI)', { s_hash: 'h' }, 'token_type_mismatch'],
  ['code is that of an answer of the authorization endpoint', { code: 'c' }, 'token_type_mismatch'],
  ['active is that of an answer to introspection (RFC 7662 §2.2)', { active: true }, 'token_type_mismatch'],
  [
    'token_introspection is that of a signed one (RFC 9701 §5)',
    { token_introspection: { active: true } },
    'token_type_mismatch',
  ],
  ['an empty nonce, too', { nonce: '' }, 'token_type_mismatch'],
  ['events are those of a logout token (RFC 8417 §2.2)', { events: {} }, 'token_type_mismatch'],
  ["Keycloak's typ Bearer is an access token", { typ: 'Bearer' }, 'active'],
  ["Keycloak's typ ID", { typ: 'ID' }, 'token_type_mismatch'],
  ["Keycloak's typ Refresh", { typ: 'Refresh' }, 'token_type_mismatch'],
  ["Keycloak's typ Offline", { typ: 'Offline' }, 'token_type_mismatch'],
  ["Keycloak's typ Logout", { typ: 'Logout' }, 'token_type_mismatch'],
  ["Cognito's token_use access is an access token", { token_use: 'access' }, 'active'],
  ["Cognito's token_use id", { token_use: 'id' }, 'token_type_mismatch'],
  ['token_type refresh_token', { token_type: 'refresh_token' }, 'token_type_mismatch'],
];

for (const [sentence, claims, meaning] of KINDS) {
  test(`judgePresented: ${sentence}: ${meaning} (RFC 8725 §2.8, §3.12, S51)`, (t) => {
    t.is(meaningOf({ ...CLAIMS, ...claims }), meaning);
    t.is(meaningOf({ ...CLAIMS, ...claims }, { alg: 'ES256', typ: 'JWT' }), meaning);
  });
}

const EXPIRIES: [sentence: string, exp: unknown, meaning: string][] = [
  ['in a second', NOW_SEC + 1, 'active'],
  ['now: the time ON which it must not be accepted (RFC 7519 §4.1.4)', NOW_SEC, 'token_expired'],
  ['a second ago', NOW_SEC - 1, 'token_expired'],
  ['at zero', 0, 'token_expired'],
  ['in a fraction of a second, rounded down', NOW_SEC + 0.9, 'token_expired'],
  ['never said: a JWT without exp would be good for ever (RFC 9068 §2.2)', undefined, 'token_claims_invalid'],
  ['null', null, 'token_claims_invalid'],
  ['a text', String(NOW_SEC + 60), 'token_claims_invalid'],
  ['negative', -1, 'token_claims_invalid'],
  ['infinite, as 1e999 is read', Infinity, 'token_claims_invalid'],
];

for (const [sentence, exp, meaning] of EXPIRIES) {
  test(`judgePresented: exp ${sentence}: ${meaning} (S45)`, (t) =>
    t.is(meaningOf({ ...CLAIMS, exp }), meaning));
}

for (const [claim, value] of [
  ['nbf', 'soon'],
  ['iat', 'now'],
  ['iss', 7],
  ['aud', { a: 1 }],
  ['aud', ['api', 7]],
  ['scope', 7],
  ['scope', '"'],
  ['cnf', 'text'],
  ['token_type', 7],
  ['token_use', 7],
] as const) {
  test(`judgePresented: ${claim} ${JSON.stringify(value)} is the client's 401: nobody else sent that JWT (RFC 7519 §4.1)`, (t) =>
    t.is(meaningOf({ ...CLAIMS, [claim]: value }), 'token_claims_invalid'));
}

const BOUND: [sentence: string, claims: JsonObject][] = [
  ['a certificate (RFC 8705 §3.1)', { cnf: { 'x5t#S256': 'a' } }],
  ['a key (RFC 9449 §6.1)', { cnf: { jkt: 'a' } }],
  ['something unknown (RFC 7800 §3.1)', { cnf: {} }],
  ['a key, by its type DPoP (RFC 9449 §5)', { token_type: 'DPoP' }],
];

for (const [sentence, claims] of BOUND) {
  test(`judgePresented: a JWT that is bound to ${sentence} is refused as Bearer (S14)`, (t) =>
    t.is(meaningOf({ ...CLAIMS, ...claims }), 'token_sender_constrained'));
}

test('judgePresented: issuer, audience, scope and nbf are left to the policy, which is asked on every request (RFC 8725 §3.8, §3.9, S50, S57)', (t) => {
  t.is(meaningOf({ exp: NOW_SEC + 60 }), 'active');
  t.is(meaningOf({ ...CLAIMS, iss: 'https://other', aud: 'other', scope: '' }), 'active');
  t.is(meaningOf({ ...CLAIMS, nbf: NOW_SEC + 3600 }), 'active');
});

const JKT = '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I';
const BOUND_CLAIMS = { ...CLAIMS, cnf: { jkt: JKT } };

function judgeAt(constraint: SenderSettings['constraint'], payload: JsonObject) {
  const sender = { kind: 'sender_settings', constraint } as SenderSettings;
  return judgePresented(jwtWith(payload), NOW_SEC, sender);
}

for (const constraint of ['verify', 'require'] as const) {
  test(`judgePresented: where bound JWTs are taken (${constraint}), one is known with its key, which is proven later (RFC 9449 §7.1)`, (t) => {
    t.like(judgeAt(constraint, BOUND_CLAIMS), { kind: 'active', binding: { jkt: JKT, x5t: '' } });
  });

  test(`judgePresented: where bound JWTs are taken (${constraint}), one whose key cannot be checked is refused (RFC 7800 §3.1, S14)`, (t) => {
    t.like(judgeAt(constraint, { ...CLAIMS, cnf: {} }), { reason: 'token_sender_constrained' });
  });
}

test('judgePresented: an unbound JWT is taken where bound ones may come, and refused where they are required', (t) => {
  t.like(judgeAt('verify', CLAIMS), { kind: 'active', binding: undefined });
  t.deepEqual(judgeAt('require', CLAIMS), {
    kind: 'denial',
    reason: 'token_not_sender_constrained',
    cacheStatus: 'MISS',
  });
});

for (const [reason, payload] of [
  ['token_type_mismatch', { ...CLAIMS, nonce: 'n' }],
  ['token_expired', { ...CLAIMS, exp: NOW_SEC }],
  ['token_sender_constrained', BOUND_CLAIMS],
] as const) {
  test(`judgePresented: ${reason} was looked up, as every refusal of a JWT`, (t) =>
    t.deepEqual(judgePresented(jwtWith(payload), NOW_SEC, undefined), {
      kind: 'denial',
      reason,
      cacheStatus: 'MISS',
    }));
}
