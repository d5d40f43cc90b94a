import test from 'ava';
import { type ActiveToken, activeToken } from '../../../src/core/introspection/active_token.js';
import type { IntrospectionReply } from '../../../src/core/introspection/reply.js';
import { findMintRefusal, mintedClaims } from '../../../src/core/mint/minted_claims.js';
import type { SenderSettings } from '../../../src/core/settings/sender_settings.js';
import type { SignatureSettings } from '../../../src/core/settings/signature_settings.js';
import { jwsInput } from '../../../src/core/signature/jws_input.js';
import type { JsonObject } from '../../../src/core/text/json.js';

const NOW_SEC = 1_700_000_000;
const JTI = 'AAAAAAAAAAAAAAAAAAAAAA';
const REPLY = {
  kind: 'reply',
  status: 200,
  contentType: 'application/json',
  bodyBytes: 0,
  failure: '',
} as IntrospectionReply;

const SETTINGS: SignatureSettings = {
  kind: 'signature_settings',
  jwks: '',
  acceptJwt: 'off',
  mint: 'missing',
  mintKeyFile: '/key',
  mintIssuer: 'https://gateway.example.com',
  mintAudience: '',
  mintClaims: '',
  mintTtlSec: 600,
};

/** So that a bound token is taken. */
const SENDER: SenderSettings = {
  kind: 'sender_settings',
  constraint: 'verify',
  dpopOrigin: '',
  dpopMaxAgeSec: 60,
  dpopNonce: 'off',
};

/** What the gateway makes of an active JSON answer; its reason when it refuses it. */
function interpret(answer: JsonObject): ActiveToken | string {
  const active = activeToken(undefined, answer, REPLY, NOW_SEC, SENDER);
  return active.kind === 'active' ? active : active.reason;
}

function activeOf(answer: JsonObject): ActiveToken {
  const active = interpret(answer);
  if (typeof active === 'string') throw new Error(active);
  return active;
}

function mint(answer: JsonObject, changes: Partial<SignatureSettings> = {}) {
  return mintedClaims(activeOf(answer), { ...SETTINGS, ...changes }, JTI, NOW_SEC);
}

/** The claims as an API reads them: what is undefined is not there. */
function claimsOf(answer: JsonObject, changes: Partial<SignatureSettings> = {}): Record<string, unknown> {
  const minted = mint(answer, changes);
  if (minted.kind === 'invalid_claim') throw new Error(minted.claim);
  const payload = jwsInput({}, minted.claims).split('.')[1] as string;
  return JSON.parse(Buffer.from(payload, 'base64url').toString());
}

const USER = { active: true, sub: 'alice', client_id: 'app', exp: NOW_SEC + 3600 };
const OWN = {
  iss: 'https://gateway.example.com',
  iat: NOW_SEC,
  exp: NOW_SEC + 600,
  jti: JTI,
};

test('mintedClaims: of a usual answer makes the claims of RFC 9068 §2.2', (t) => {
  const answer = {
    ...USER,
    scope: 'read write',
    aud: 'https://api',
    iss: 'https://as',
    iat: NOW_SEC - 60,
    jti: 'of-as',
  };
  t.deepEqual(claimsOf(answer), {
    ...OWN,
    sub: 'alice',
    client_id: 'app',
    scope: 'read write',
    aud: 'https://api',
  });
});

test('mintedClaims: who signed in, how and when is said as the server says it (RFC 9068 §2.2.1)', (t) => {
  const login = { auth_time: NOW_SEC - 60, acr: 'urn:mace:incommon:iap:silver', amr: ['pwd', 'otp'] };
  t.like(claimsOf({ ...USER, ...login }), login);
});

test('mintedClaims: a claim that the answer has not is absent, and not null', (t) => {
  t.deepEqual(claimsOf(USER), { ...OWN, sub: 'alice', client_id: 'app' });
});

/** What servers put into their answers beside the claims of the token. */
const USERINFO = {
  active: true,
  token_type: 'Bearer',
  token_use: 'access_token',
  typ: 'Bearer',
  username: 'alice',
  name: 'Alice',
  email: 'alice@example.com',
  email_verified: true,
  address: { country: 'CH' },
  phone_number: '+41',
  nbf: NOW_SEC - 60,
  ext: { role: 'admin' },
  realm_access: { roles: ['admin'] },
  'urn:zitadel:iam:user:metadata': { a: 'b' },
  token: 'opaque-token',
  access_token: 'opaque-token',
  refresh_token: 'opaque-token',
  token_string: 'opaque-token',
  toString: 'x',
  constructor: 'x',
};

test('mintedClaims: nothing else is copied: neither userinfo, active or token_type, nor the token, should the answer have it', (t) => {
  t.deepEqual(claimsOf({ ...USERINFO, ...USER }), { ...OWN, sub: 'alice', client_id: 'app' });
  t.false(JSON.stringify(mint({ ...USERINFO, ...USER })).includes('opaque-token'));
});

test('mintedClaims: a member that is named __proto__ changes nothing (S30)', (t) => {
  const answer = JSON.parse(
    `{"__proto__":{"sub":"eve","scope":"admin","email":"e"},${JSON.stringify(USER).slice(1)}`,
  );
  t.deepEqual(claimsOf(answer, { mintClaims: '__proto__ email' }), {
    ...OWN,
    sub: 'alice',
    client_id: 'app',
  });
});

const SUBJECTS: [sentence: string, answer: JsonObject, claims: JsonObject][] = [
  ['sub of the answer', { sub: 'alice', client_id: 'app' }, { sub: 'alice', client_id: 'app' }],
  ['of client credentials, the client', { client_id: 'app' }, { sub: 'app', client_id: 'app' }],
  [
    'of client credentials with an empty sub, the client',
    { sub: '', client_id: 'app' },
    { sub: 'app', client_id: 'app' },
  ],
  [
    'azp is the client where client_id is absent',
    { sub: 'alice', azp: 'app' },
    { sub: 'alice', client_id: 'app' },
  ],
  [
    'azp is the client where client_id is empty',
    { sub: 'alice', client_id: '', azp: 'app' },
    { sub: 'alice', client_id: 'app' },
  ],
  [
    'client_id counts before azp',
    { sub: 'alice', client_id: 'app', azp: 'other' },
    { sub: 'alice', client_id: 'app' },
  ],
  ['no client is no client_id', { sub: 'alice' }, { sub: 'alice', client_id: undefined }],
  ['username is no sub', { sub: 'a1', username: 'alice', client_id: 'app' }, { sub: 'a1', client_id: 'app' }],
];

for (const [sentence, answer, { sub, client_id }] of SUBJECTS) {
  test(`mintedClaims: sub and client_id: ${sentence} (RFC 9068 §2.2)`, (t) => {
    const claims = claimsOf({ active: true, ...answer });
    t.is(claims.sub, sub);
    t.is(claims.client_id, client_id);
    t.is(claims.azp, undefined);
  });
}

const AUDIENCES: [sentence: string, aud: unknown, mintAudience: string, expected: unknown][] = [
  ['one of the answer is a text', 'api', '', 'api'],
  ['a list of one is a text', ['api'], '', 'api'],
  ['several are a list', ['a', 'b'], '', ['a', 'b']],
  ['none is no claim', undefined, '', undefined],
  ['an empty list is no claim', [], '', undefined],
  ['one of the settings', undefined, 'https://api', 'https://api'],
  ['one of the settings counts in place of those of the answer', ['a', 'b'], 'https://api', 'https://api'],
  ['several of the settings are a list', 'a', 'b c', ['b', 'c']],
  ['spaces around those of the settings do not count', 'a', '  b  c ', ['b', 'c']],
  ['spaces alone are none: that of the answer', 'a', ' ', 'a'],
];

for (const [sentence, aud, mintAudience, expected] of AUDIENCES) {
  test(`mintedClaims: aud: ${sentence} (RFC 7519 §4.1.3, RFC 8725 §3.9)`, (t) => {
    t.deepEqual(claimsOf({ ...USER, aud }, { mintAudience }).aud, expected);
  });
}

const LIVES: [sentence: string, leftSec: number | undefined, exp: number, usableUntil: number][] = [
  ['of a token without exp the TTL', undefined, 600, 570],
  ['of a token that lives longer the TTL', 3600, 600, 570],
  ['of a token that lives a second longer the TTL: used until 30 seconds before', 601, 600, 570],
  ['of a token that ends with the TTL its own end: used until then', 600, 600, 600],
  ['of a token that ends earlier its own end: used until then', 599, 599, 599],
  ['of a token that ends at once its own end', 1, 1, 1],
  ['of a token whose exp has a fraction the second before', 5.9, 5, 5],
];

for (const [sentence, leftSec, exp, usableUntil] of LIVES) {
  test(`mintedClaims: exp: ${sentence}: no API gets a JWT that ends within 30 seconds, unless the token does (RFC 9068 §2.2, S46)`, (t) => {
    const minted = mint({ ...USER, exp: leftSec === undefined ? undefined : NOW_SEC + leftSec });
    t.like(minted, { kind: 'minted_claims', usableUntilSec: NOW_SEC + usableUntil });
    t.like(minted.kind === 'minted_claims' && minted.claims, { exp: NOW_SEC + exp, iat: NOW_SEC });
  });
}

test('mintedClaims: exp: is never later than that of the token, whatever the TTL', (t) => {
  for (const mintTtlSec of [60, 600, 86400]) {
    for (const leftSec of [1, 29, 30, 31, 59, 60, 61, 599, 600, 601, 86400, 90000]) {
      const minted = mint({ ...USER, exp: NOW_SEC + leftSec }, { mintTtlSec });
      if (minted.kind === 'invalid_claim') return t.fail();
      const exp = minted.claims.exp as number;
      t.is(exp, NOW_SEC + Math.min(leftSec, mintTtlSec));
      t.true(minted.usableUntilSec <= exp - 30 || exp === NOW_SEC + leftSec);
      t.true(minted.usableUntilSec > NOW_SEC);
    }
  }
});

const SCOPES: [sentence: string, scope: unknown, expected: unknown][] = [
  ['as the answer has it', 'read write', 'read write'],
  ['a list becomes a text (RFC 9068 §2.2.3)', ['read', 'write'], 'read write'],
  ['one space between two', ' read  write ', 'read write'],
  ['an empty one is no claim', '', undefined],
];

for (const [sentence, scope, expected] of SCOPES) {
  test(`mintedClaims: scope: ${sentence} (RFC 8693 §4.2)`, (t) =>
    t.is(claimsOf({ ...USER, scope }).scope, expected));
}

test('mintedClaims: cnf of a bound token is kept, so that the API can check it (RFC 7800 §3.1, RFC 8705 §3.1)', (t) => {
  const cnf = { 'x5t#S256': 'bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2' };
  const active = activeOf({ ...USER, cnf });
  const minted = mintedClaims(active, SETTINGS, JTI, NOW_SEC);
  t.deepEqual(minted.kind === 'minted_claims' && minted.claims.cnf, cnf);
});

const COPIED: [sentence: string, names: string, copied: JsonObject][] = [
  ['none', '', {}],
  ['one', 'email', { email: 'alice@example.com' }],
  ['several', 'email name', { email: 'alice@example.com', name: 'Alice' }],
  ['spaces around them do not count', '  email   name ', { email: 'alice@example.com', name: 'Alice' }],
  ['of any type', 'email_verified address', { email_verified: true, address: { country: 'CH' } }],
  ['null and false, too', 'empty no', { empty: null, no: false }],
  ['of any name', 'https://example.com/role', { 'https://example.com/role': 'admin' }],
  ['not one that the answer has not', 'email roles', { email: 'alice@example.com' }],
  ['not one in another case', 'Email', {}],
  ['not a beginning', 'ema', {}],
  ['nothing that every object has (S30)', 'toString constructor hasOwnProperty __proto__ valueOf', {}],
];

const PROFILE = {
  email: 'alice@example.com',
  name: 'Alice',
  email_verified: true,
  address: { country: 'CH' },
  empty: null,
  no: false,
  'https://example.com/role': 'admin',
};

for (const [sentence, mintClaims, copied] of COPIED) {
  test(`mintedClaims: of further members copies what the settings name, and nothing else: ${sentence}`, (t) => {
    const answer = { ...USER, ...PROFILE };
    t.deepEqual(claimsOf(answer, { mintClaims }), { ...OWN, sub: 'alice', client_id: 'app', ...copied });
  });
}

test('mintedClaims: no claim is a function that every object has, not even before it is written as JSON (S30)', (t) => {
  const minted = mint(USER, { mintClaims: 'toString constructor hasOwnProperty valueOf' });
  if (minted.kind === 'invalid_claim') return t.fail();
  return t.deepEqual(
    Object.keys(minted.claims).filter((name) => /^(toString|constructor|hasOwnProperty|valueOf)$/.test(name)),
    [],
  );
});

const INVALID: [member: string, value: unknown][] = [
  ['sub', 7],
  ['sub', null],
  ['sub', ['alice']],
  ['sub', 'a\nb'],
  ['client_id', 7],
  ['client_id', 'a\u0000'],
  ['acr', 1],
  ['acr', ['a']],
  ['acr', 'a\r\n'],
  ['auth_time', '1700000000'],
  ['auth_time', null],
  ['auth_time', -1],
  ['auth_time', Infinity],
  ['amr', ['pwd', 7]],
  ['amr', { 0: 'pwd' }],
  ['amr', ['a\u0001']],
];

for (const [member, value] of INVALID) {
  const spelt = value === Infinity ? '1e999' : JSON.stringify(value);
  test(`mintedClaims: refuses ${member} ${spelt}: the gateway signs no claim of a wrong type (RFC 9068 §2.2)`, (t) => {
    t.deepEqual(mint({ ...USER, [member]: value }), { kind: 'invalid_claim', claim: member });
  });
}

test('mintedClaims: an azp of a wrong type is named as the claim that it would become', (t) => {
  t.deepEqual(mint({ active: true, sub: 'alice', azp: 7 }), { kind: 'invalid_claim', claim: 'client_id' });
});

const REFUSALS: [sentence: string, answer: JsonObject, reason: string | undefined][] = [
  ['a user and a client', USER, undefined],
  ['a user alone', { active: true, sub: 'alice' }, undefined],
  ['a client alone', { active: true, client_id: 'app' }, undefined],
  ["PingFederate's answer for a refresh token", { active: true }, 'token_subject_missing'],
  ['neither of them', { active: true, scope: 'read', username: 'alice' }, 'token_subject_missing'],
  ['azp alone', { active: true, azp: 'app' }, 'token_subject_missing'],
  ['both empty', { active: true, sub: '', client_id: '' }, 'token_subject_missing'],
  ['Hydra: token_use access_token', { ...USER, token_use: 'access_token', token_type: 'Bearer' }, undefined],
  ['Hydra: token_use refresh_token', { ...USER, token_use: 'refresh_token' }, 'token_type_mismatch'],
  ['Hydra: token_type refresh_token', { ...USER, token_type: 'refresh_token' }, 'token_type_mismatch'],
  ['Cognito: token_use id', { ...USER, token_use: 'id' }, 'token_type_mismatch'],
  ['token_type N_A (RFC 8693 §2.2.1)', { ...USER, token_type: 'N_A' }, 'token_type_mismatch'],
  ['Keycloak: typ Bearer', { ...USER, typ: 'Bearer' }, undefined],
  ['Keycloak: typ Refresh', { ...USER, typ: 'Refresh' }, 'token_type_mismatch'],
  ['Keycloak: typ Offline', { ...USER, typ: 'Offline' }, 'token_type_mismatch'],
  ['Keycloak: typ ID', { ...USER, typ: 'ID' }, 'token_type_mismatch'],
  ['Keycloak: typ Logout', { ...USER, typ: 'Logout' }, 'token_type_mismatch'],
  ['typ DPoP', { ...USER, typ: 'DPoP' }, undefined],
  ['typ at+jwt', { ...USER, typ: 'at+jwt' }, undefined],
  ['typ JWT', { ...USER, typ: 'JWT' }, undefined],
  ['a typ that only begins so', { ...USER, typ: 'BearerX' }, 'token_type_mismatch'],
  ['a typ that is no text', { ...USER, typ: ['Bearer'] }, 'token_type_mismatch'],
  ['an empty typ', { ...USER, typ: '' }, 'token_type_mismatch'],
];

for (const [sentence, answer, reason] of REFUSALS) {
  test(`findMintRefusal: ${reason ?? 'an access token'}: ${sentence} (RFC 8725 §2.8, S51)`, (t) => {
    const active = interpret(answer);
    t.is(typeof active === 'string' ? active : findMintRefusal(active.answer), reason as never);
  });
}

for (const text of [
  '9007199254740993',
  '-9007199254740993',
  '1e999',
  '[{"id":12345678901234567890}]',
  '{"a":{"b":-1e999}}',
]) {
  test(`mintedClaims: a further claim with a number that would be signed as another one is refused: ${text} (RFC 8259 §6)`, (t) => {
    const answer = { ...USER, tenant: JSON.parse(text) };
    t.like(mint(answer, { mintClaims: 'tenant' }), { kind: 'invalid_claim', claim: 'tenant' });
  });
}

test('mintedClaims: other numbers are copied as they are', (t) => {
  const tenant = { id: 9007199254740991, share: 0.25, list: [-1, 0] };
  t.deepEqual(claimsOf({ ...USER, tenant }, { mintClaims: 'tenant' }).tenant, tenant);
});

test('mintedClaims: U+FFFD is refused, as which the njs engine reads any half of a surrogate pair: two subjects would be one (RFC 8259 §8.2)', (t) => {
  const invalid = { kind: 'invalid_claim', claim: 'text that is no Unicode' };
  t.deepEqual(mint({ active: true, sub: 'u\uFFFD' }) as object, invalid);
  t.deepEqual(
    mint({ active: true, sub: 'u', roles: ['\uFFFD'] }, { mintClaims: 'roles' }) as object,
    invalid,
  );
});

test('mintedClaims: amr of one method is a list of one, as OpenID Connect has it (OpenID Connect Core §2)', (t) => {
  t.deepEqual(claimsOf({ ...USER, amr: 'pwd' }).amr, ['pwd']);
  t.deepEqual(claimsOf({ ...USER, amr: ['pwd', 'otp'] }).amr, ['pwd', 'otp']);
});

test('mintedClaims: auth_time 0 is a time (RFC 7519 §2)', (t) => {
  t.is(claimsOf({ ...USER, auth_time: 0 }).auth_time, 0);
});

test('mintedClaims: two blanks between the names of claims name no third one', (t) => {
  const claims = claimsOf({ ...USER, '': 'x', tenant: 'a', plan: 'b' }, { mintClaims: 'tenant  plan' });
  t.like(claims, { tenant: 'a', plan: 'b' });
  t.false(Object.hasOwn(claims, ''));
});

test('mintedClaims: one number that would be signed as another one is enough to refuse a claim, wherever it stands in it', (t) => {
  const minted = mint({ ...USER, ids: { small: 1, large: 2 ** 60 } }, { mintClaims: 'ids' });
  t.deepEqual(minted, { kind: 'invalid_claim', claim: 'ids' });
});
