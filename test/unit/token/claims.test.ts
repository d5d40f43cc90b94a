import test from 'ava';
import { type JsonObject, parseJsonObject } from '../../../src/core/text/json.js';
import { isAccessTokenTyp, type ReadClaims, readClaims } from '../../../src/core/token/claims.js';

const NO_CLAIMS: ReadClaims = {
  kind: 'claims',
  claims: { notBeforeSec: 0, scope: '', issuer: '', audience: [] },
  expiresAtSec: undefined,
  isSenderConstrained: false,
  isAccessToken: true,
};

/** What is read when only these differ from {@link NO_CLAIMS}. */
function withClaims(claims: Partial<ReadClaims['claims']>): ReadClaims {
  return { ...NO_CLAIMS, claims: { ...NO_CLAIMS.claims, ...claims } };
}

function withExpiry(expiresAtSec: number): ReadClaims {
  return { ...NO_CLAIMS, expiresAtSec };
}

const READ: [sentence: string, source: JsonObject, expected: ReadClaims][] = [
  ['absent claims are empty, 0 or undefined (RFC 7662 §2.2: all OPTIONAL)', {}, NO_CLAIMS],
  ['unknown claims are ignored (RFC 7519 §4)', { sub: 1, azp: null, active: 'x' }, NO_CLAIMS],
  [
    'all claims together',
    { exp: 2000, nbf: 1000, iat: 900, scope: 'read write', iss: 'https://as', aud: ['a', 'b'] },
    {
      kind: 'claims',
      claims: { notBeforeSec: 1000, scope: 'read write', issuer: 'https://as', audience: ['a', 'b'] },
      expiresAtSec: 2000,
      isSenderConstrained: false,
      isAccessToken: true,
    },
  ],
  ['exp 0 is a time, not an absent claim (S45)', { exp: 0 }, withExpiry(0)],
  [
    'exp is whole seconds, rounded down: never kept beyond it (RFC 7519 §2, RFC 7662 §4)',
    { exp: 1000.9 },
    withExpiry(1000),
  ],
  ['exp of ten digits is taken as it is', { exp: 9999999999 }, withExpiry(9999999999)],
  ['exp of eleven digits is cut to the ten of a record (S47)', { exp: 10000000000 }, withExpiry(9999999999)],
  [
    'exp in milliseconds is cut to the ten digits of a record (S47)',
    { exp: 1700000000000 },
    withExpiry(9999999999),
  ],
  ['exp of a fraction of ten digits is cut, too (S47)', { exp: 9999999999.9 }, withExpiry(9999999999)],
  [
    'nbf is whole seconds, rounded up: never valid before it (RFC 7519 §2, §4.1.5)',
    { nbf: 1000.1 },
    withClaims({ notBeforeSec: 1001 }),
  ],
  [
    'iat is whole seconds, rounded up: never valid before it (S48)',
    { iat: 1000.1 },
    withClaims({ notBeforeSec: 1001 }),
  ],
  [
    'nbf that is rounded up keeps the ten digits of a record (S47)',
    { nbf: 9999999999.1 },
    withClaims({ notBeforeSec: 9999999999 }),
  ],
  ['iat 0 is a time', { iat: 0 }, NO_CLAIMS],
  [
    'nbf is the time from which the token is valid (RFC 7519 §4.1.5)',
    { nbf: 1000 },
    withClaims({ notBeforeSec: 1000 }),
  ],
  ['iat bounds it likewise (S48)', { iat: 1000 }, withClaims({ notBeforeSec: 1000 })],
  [
    'of nbf and iat the later counts: nbf (S48)',
    { nbf: 1001, iat: 1000 },
    withClaims({ notBeforeSec: 1001 }),
  ],
  [
    'of nbf and iat the later counts: iat (S48)',
    { nbf: 1000, iat: 1001 },
    withClaims({ notBeforeSec: 1001 }),
  ],
  ['nbf 0 is a time', { nbf: 0 }, NO_CLAIMS],
  [
    'nbf in milliseconds is cut to the ten digits of a record (S47)',
    { nbf: 1700000000000 },
    withClaims({ notBeforeSec: 9999999999 }),
  ],
  [
    'iat in milliseconds is cut to the ten digits of a record (S47)',
    { iat: 1700000000000 },
    withClaims({ notBeforeSec: 9999999999 }),
  ],
  ['an empty scope is no scope', { scope: '' }, NO_CLAIMS],
  [
    'one space stands between two scopes, however many came (S52)',
    { scope: '  read   write ' },
    withClaims({ scope: 'read write' }),
  ],
  [
    'scope may be a list, as some servers write it (S52)',
    { scope: ['read', 'write'] },
    withClaims({ scope: 'read write' }),
  ],
  [
    'an element of a scope list may hold several scopes',
    { scope: ['read write', 'admin'] },
    withClaims({ scope: 'read write admin' }),
  ],
  ['empty elements of a scope list leave no gap', { scope: ['', 'read', ''] }, withClaims({ scope: 'read' })],
  ['an empty scope list is no scope', { scope: [] }, NO_CLAIMS],
  ['aud may be one string (RFC 7519 §4.1.3)', { aud: 'a' }, withClaims({ audience: ['a'] })],
  [
    'aud may be a list, whose order is kept (RFC 7519 §4.1.3)',
    { aud: ['b', 'a'] },
    withClaims({ audience: ['b', 'a'] }),
  ],
  ['a space does not split an audience', { aud: 'a b' }, withClaims({ audience: ['a b'] })],
  ['an empty list of audiences is none', { aud: [] }, NO_CLAIMS],
  ['iss is taken as it is', { iss: 'https://as/ é' }, withClaims({ issuer: 'https://as/ é' })],
  ['an empty iss is no issuer', { iss: '' }, NO_CLAIMS],
  [
    'cnf binds the token to a key (RFC 7800 §3.1, S14)',
    { cnf: { 'x5t#S256': 'a' } },
    { ...NO_CLAIMS, isSenderConstrained: true },
  ],
  [
    'an empty cnf binds, too: what it means is not known (S14)',
    { cnf: {} },
    { ...NO_CLAIMS, isSenderConstrained: true },
  ],
  ['a cnf that is a list binds, too (S14)', { cnf: [] }, { ...NO_CLAIMS, isSenderConstrained: true }],
  [
    'the type DPoP binds an access token without a cnf, too (RFC 9449 §5, S14)',
    { token_type: 'DPoP' },
    { ...NO_CLAIMS, isSenderConstrained: true },
  ],
  [
    'the type DPoP has no case (RFC 6749 §5.1)',
    { token_type: 'dPOP' },
    { ...NO_CLAIMS, isSenderConstrained: true },
  ],
  [
    'a bound token of another kind is both',
    { cnf: {}, token_use: 'id_token' },
    { ...NO_CLAIMS, isSenderConstrained: true, isAccessToken: false },
  ],
  [
    'the type DPoP makes no access token of what is used as another',
    { token_type: 'DPoP', token_use: 'refresh_token' },
    { ...NO_CLAIMS, isSenderConstrained: true, isAccessToken: false },
  ],
];

for (const [sentence, source, expected] of READ) {
  test(`readClaims: ${sentence}`, (t) => t.deepEqual(readClaims(source), expected));
}

const KINDS: [claim: 'token_type' | 'token_use', value: string, isAccessToken: boolean, why: string][] = [
  ['token_type', 'Bearer', true, 'RFC 6750 §4'],
  ['token_type', 'bearer', true, 'RFC 6749 §5.1: no case'],
  ['token_type', 'BEARER', true, 'RFC 6749 §5.1: no case'],
  ['token_type', 'access_token', true, 'its purpose, as some servers write it'],
  ['token_type', 'Access_Token', true, 'RFC 6749 §5.1: no case'],
  ['token_type', 'urn:ietf:params:oauth:token-type:access_token', true, 'RFC 8693 §3'],
  ['token_type', 'refresh_token', false, 'S51'],
  ['token_type', 'urn:ietf:params:oauth:token-type:refresh_token', false, 'RFC 8693 §3, S51'],
  ['token_type', 'urn:ietf:params:oauth:token-type:id_token', false, 'RFC 8693 §3, S51'],
  ['token_type', 'id_token', false, 'S51'],
  ['token_type', 'mac', false, 'another scheme'],
  ['token_type', 'N_A', false, 'RFC 8693 §2.2.1: no access token'],
  ['token_type', '', false, 'an empty type is none'],
  ['token_type', ' Bearer', false, 'another word'],
  ['token_type', 'Bearer ', false, 'another word'],
  ['token_type', 'Bearer\n', false, 'which $ must not overlook'],
  ['token_type', 'xBearer', false, 'another word'],
  ['token_type', 'access_tokens', false, 'another word'],
  ['token_type', 'xDPoP', false, 'another word'],
  ['token_use', 'access_token', true, 'S51'],
  ['token_use', 'access', true, 'S51'],
  ['token_use', 'refresh_token', false, 'S51'],
  ['token_use', 'refresh', false, 'S51'],
  ['token_use', 'id', false, 'S51'],
  ['token_use', 'id_token', false, 'S51'],
  ['token_use', 'Bearer', false, 'a type is no use'],
  ['token_use', 'ACCESS', false, 'a value that has a case'],
  ['token_use', 'accessory', false, 'another word'],
  ['token_use', '', false, 'an empty use is none'],
];

for (const [claim, value, isAccessToken, why] of KINDS) {
  test(`readClaims: ${claim} ${JSON.stringify(value)} ${isAccessToken ? 'is' : 'is not'} an access token's (${why})`, (t) =>
    t.deepEqual(readClaims({ [claim]: value }), { ...NO_CLAIMS, isAccessToken }));
}

test('readClaims: type and use must both be those of an access token (S51)', (t) => {
  t.like(readClaims({ token_type: 'Bearer', token_use: 'access' }), { isAccessToken: true });
  t.like(readClaims({ token_type: 'Bearer', token_use: 'refresh' }), { isAccessToken: false });
  t.like(readClaims({ token_type: 'refresh', token_use: 'access' }), { isAccessToken: false });
});

const NO_TIMES: [sentence: string, value: unknown][] = [
  ['a string', '1700000000'],
  ['an empty string', ''],
  ['null', null],
  ['true', true],
  ['a list', [1700000000]],
  ['an object', {}],
  ['-1', -1],
  ['a negative fraction', -0.5],
  ['NaN', Number.NaN],
  ['Infinity, which is 1e400 in JSON', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
];

for (const claim of ['exp', 'nbf', 'iat']) {
  for (const [sentence, value] of NO_TIMES) {
    test(`readClaims: ${claim} must not be ${sentence} (RFC 7519 §2, S47)`, (t) =>
      t.deepEqual(readClaims({ [claim]: value }), { kind: 'invalid_claim', claim }));
  }
}

const INVALID: [sentence: string, claim: string, value: unknown][] = [
  ['a number', 'scope', 1],
  ['null', 'scope', null],
  ['true', 'scope', true],
  ['an object', 'scope', { read: true }],
  ['a list with a number', 'scope', ['read', 1]],
  ['a list with null', 'scope', ['read', null]],
  ['a list with a list', 'scope', ['read', ['write']]],
  ['a text with a quote, which would end the challenge (RFC 6749 §3.3, S104)', 'scope', 'read "write"'],
  ['a text with a backslash (RFC 6749 §3.3)', 'scope', 'read\\write'],
  ['a text with a line break, which would end the line of a record', 'scope', 'read\nadmin'],
  ['a text with a tab (RFC 6749 §3.3: SP only)', 'scope', 'read\tadmin'],
  ['a text outside ASCII (RFC 6749 §3.3)', 'scope', 'é'],
  ['a list with a text outside the grammar', 'scope', ['read', 'a"b']],
  ['a number', 'aud', 1],
  ['null', 'aud', null],
  ['false', 'aud', false],
  ['an object', 'aud', { a: 1 }],
  ['a list with a number', 'aud', ['a', 1]],
  ['a list with null', 'aud', [null]],
  ['a list within a list', 'aud', [['a']]],
  ['a text with a line break, which would be two audiences in a record', 'aud', 'a\nb'],
  ['a list with such a text', 'aud', ['x', 'a\nb']],
  ['a text with a control character', 'aud', 'a\u0000'],
  ['a number', 'iss', 1],
  ['null', 'iss', null],
  ['a list', 'iss', ['https://as']],
  ['an object', 'iss', {}],
  ['false', 'iss', false],
  ['a text with a line break, which would add an audience to a record', 'iss', 'https://as\nadmin-api'],
  ['a text with a control character', 'iss', 'a\u007f'],
  ['a string', 'cnf', 'x'],
  ['an empty string', 'cnf', ''],
  ['null', 'cnf', null],
  ['true', 'cnf', true],
  ['false', 'cnf', false],
  ['a number', 'cnf', 0],
  ['a number', 'token_type', 1],
  ['null', 'token_type', null],
  ['a list', 'token_type', ['Bearer']],
  ['an object', 'token_type', {}],
  ['true', 'token_type', true],
  ['a number', 'token_use', 1],
  ['null', 'token_use', null],
  ['a list', 'token_use', ['access']],
  ['an object', 'token_use', {}],
  ['true', 'token_use', true],
];

for (const [sentence, claim, value] of INVALID) {
  test(`readClaims: ${claim} must not be ${sentence}`, (t) =>
    t.deepEqual(readClaims({ [claim]: value }), { kind: 'invalid_claim', claim }));
}

test('readClaims: names the claim, never its value, which comes from outside (S108)', (t) => {
  t.false(JSON.stringify(readClaims({ iss: 'secret\n' })).includes('secret'));
});

test('readClaims: one invalid claim makes all of them invalid', (t) => {
  const valid = {
    exp: 1,
    nbf: 1,
    iat: 1,
    scope: 'a',
    aud: 'a',
    iss: 'a',
    cnf: {},
    token_type: 'Bearer',
    token_use: 'access',
  };
  t.is(readClaims(valid).kind, 'claims');
  for (const claim of Object.keys(valid)) {
    t.deepEqual(readClaims({ ...valid, [claim]: -1 }), { kind: 'invalid_claim', claim });
  }
});

test('readClaims: a __proto__ member of a JSON text adds no claims (S30)', (t) => {
  const source = parseJsonObject('{"__proto__":{"scope":"admin","exp":"x","cnf":{},"token_type":"refresh"}}');
  t.deepEqual(readClaims(source as JsonObject), NO_CLAIMS);
});

const TYPS: [typ: unknown, isAccessToken: boolean][] = [
  [undefined, true],
  ['Bearer', true],
  ['bearer', true],
  ['DPoP', true],
  ['JWT', true],
  ['at+jwt', true],
  ['ID', false],
  ['Refresh', false],
  ['Offline', false],
  ['Logout', false],
  ['', false],
  ['Bearer ', false],
  ['Bearer\n', false],
  ['xBearer', false],
  [null, false],
  [['Bearer'], false],
  [1, false],
];

for (const [typ, isAccessToken] of TYPS) {
  test(`isAccessTokenTyp: ${isAccessToken} for the claim typ ${JSON.stringify(typ) ?? 'absent'}, by which Keycloak tells its tokens (RFC 8725 §2.8, S51)`, (t) =>
    t.is(isAccessTokenTyp(typ), isAccessToken));
}
