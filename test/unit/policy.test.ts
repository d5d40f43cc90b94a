import test from 'ava';
import type { TokenClaims } from '../../src/core/claims.js';
import type { DenialReason } from '../../src/core/outcome.js';
import { checkPolicy } from '../../src/core/policy.js';
import type { Settings } from '../../src/core/settings.js';

const NOW_SEC = 1_700_000_000;

function claimsWith(changes: Partial<TokenClaims>): TokenClaims {
  return { notBeforeSec: 0, scope: '', issuer: '', audience: [], ...changes };
}

function settingsWith(changes: Partial<Settings>): Settings {
  return {
    kind: 'settings',
    requiredScopes: [],
    audience: '',
    issuer: '',
    clockSkewSec: 60,
    introspectionEndpoint: '/introspect',
    realm: 'api',
    scopes: [],
    cacheTtlSec: 300,
    preflight: 'answer',
    jwtField: '',
    maxJwtLength: 65536,
    introspectionParameters: '',
    obeysCacheControl: true,
    negativeCacheTtlSec: 5,
    staleIfErrorSec: 0,
    introspectionTimeoutSec: 10,
    breakerFailures: 5,
    breakerDelaySec: 2,
    ...changes,
  };
}

type Row = [
  sentence: string,
  claims: Partial<TokenClaims>,
  settings: Partial<Settings>,
  expected: DenialReason | undefined,
];

const ROWS: Row[] = [
  ['a token without claims passes where nothing is asked', {}, {}, undefined],
  [
    'claims that nobody asks for are not looked at',
    { scope: 'a', issuer: 'https://as', audience: ['b'] },
    {},
    undefined,
  ],
  ['a token passes from nbf on (RFC 7519 §4.1.5)', { notBeforeSec: NOW_SEC }, { clockSkewSec: 0 }, undefined],
  [
    'one second before nbf is too early (RFC 7519 §4.1.5, S48)',
    { notBeforeSec: NOW_SEC + 1 },
    { clockSkewSec: 0 },
    'token_not_yet_valid',
  ],
  [
    'one second less than the skew before nbf passes (S48)',
    { notBeforeSec: NOW_SEC + 59 },
    { clockSkewSec: 60 },
    undefined,
  ],
  [
    'exactly the skew before nbf passes (S48)',
    { notBeforeSec: NOW_SEC + 60 },
    { clockSkewSec: 60 },
    undefined,
  ],
  [
    'one second more than the skew before nbf is too early (S48)',
    { notBeforeSec: NOW_SEC + 61 },
    { clockSkewSec: 60 },
    'token_not_yet_valid',
  ],
  [
    'the issuer must be the one that is set (RFC 8725 §3.8, S50)',
    { issuer: 'https://as' },
    { issuer: 'https://as' },
    undefined,
  ],
  [
    'another issuer is a mismatch (RFC 8725 §3.8, S50)',
    { issuer: 'https://evil' },
    { issuer: 'https://as' },
    'issuer_mismatch',
  ],
  ['an absent issuer is a mismatch (RFC 8725 §3.8, S50)', {}, { issuer: 'https://as' }, 'issuer_mismatch'],
  [
    'a longer issuer is a mismatch: no prefix (RFC 7519 §4.1.1, S50)',
    { issuer: 'https://as/x' },
    { issuer: 'https://as' },
    'issuer_mismatch',
  ],
  [
    'a shorter issuer is a mismatch (S50)',
    { issuer: 'https://a' },
    { issuer: 'https://as' },
    'issuer_mismatch',
  ],
  [
    'another case of the issuer is a mismatch (RFC 7519 §4.1.1)',
    { issuer: 'https://AS' },
    { issuer: 'https://as' },
    'issuer_mismatch',
  ],
  [
    'the audience may be the only one (RFC 7519 §4.1.3)',
    { audience: ['api'] },
    { audience: 'api' },
    undefined,
  ],
  [
    'the audience may be one of many (RFC 7519 §4.1.3)',
    { audience: ['web', 'api'] },
    { audience: 'api' },
    undefined,
  ],
  [
    'another audience is a mismatch (RFC 8725 §3.9, S50)',
    { audience: ['web'] },
    { audience: 'api' },
    'audience_mismatch',
  ],
  ['an absent audience is a mismatch (RFC 8725 §3.9, S50)', {}, { audience: 'api' }, 'audience_mismatch'],
  [
    'an empty audience is a mismatch (RFC 8725 §3.9)',
    { audience: [''] },
    { audience: 'api' },
    'audience_mismatch',
  ],
  [
    'a part of an audience is a mismatch (S50)',
    { audience: ['api.example.com'] },
    { audience: 'api' },
    'audience_mismatch',
  ],
  [
    'another case of the audience is a mismatch (RFC 7519 §4.1.3)',
    { audience: ['API'] },
    { audience: 'api' },
    'audience_mismatch',
  ],
  [
    'a list of audiences in one text is a mismatch',
    { audience: ['web api'] },
    { audience: 'api' },
    'audience_mismatch',
  ],
  ['the only scope is granted', { scope: 'read' }, { requiredScopes: ['read'] }, undefined],
  ['the first scope is granted', { scope: 'read write' }, { requiredScopes: ['read'] }, undefined],
  ['the scope in the middle is granted', { scope: 'a read b' }, { requiredScopes: ['read'] }, undefined],
  ['the last scope is granted', { scope: 'write read' }, { requiredScopes: ['read'] }, undefined],
  ['all scopes are granted, in any order', { scope: 'a b c' }, { requiredScopes: ['c', 'a'] }, undefined],
  [
    'one of two scopes is not enough: the first is missing',
    { scope: 'write' },
    { requiredScopes: ['read', 'write'] },
    'scope_insufficient',
  ],
  [
    'one of two scopes is not enough: the second is missing',
    { scope: 'read' },
    { requiredScopes: ['read', 'write'] },
    'scope_insufficient',
  ],
  ['an absent scope grants nothing', {}, { requiredScopes: ['read'] }, 'scope_insufficient'],
  [
    'read is not granted by readonly (S52)',
    { scope: 'readonly' },
    { requiredScopes: ['read'] },
    'scope_insufficient',
  ],
  [
    'read is not granted by unread (S52)',
    { scope: 'unread' },
    { requiredScopes: ['read'] },
    'scope_insufficient',
  ],
  [
    'readonly is not granted by read (S52)',
    { scope: 'read' },
    { requiredScopes: ['readonly'] },
    'scope_insufficient',
  ],
  [
    'another case of a scope is another scope (RFC 6749 §3.3)',
    { scope: 'Read' },
    { requiredScopes: ['read'] },
    'scope_insufficient',
  ],
  ['a dot in a scope is no wildcard', { scope: 'aXb' }, { requiredScopes: ['a.b'] }, 'scope_insufficient'],
  ['the scopes of the challenge are not enforced', { scope: '' }, { scopes: ['read'] }, undefined],
];

for (const [sentence, claims, settings, expected] of ROWS) {
  test(`checkPolicy: ${sentence}`, (t) =>
    t.is(checkPolicy(claimsWith(claims), settingsWith(settings), NOW_SEC), expected));
}

test('checkPolicy: a missing scope (403) is named only for a token that is right in all else (RFC 6750 §3.1)', (t) => {
  const settings = settingsWith({ issuer: 'https://as', audience: 'api', requiredScopes: ['read'] });
  const issuer = 'https://as';
  const audience = ['api'];
  const scope = 'read';
  const notBeforeSec = NOW_SEC + 61;
  const reasons = [
    checkPolicy(claimsWith({ notBeforeSec }), settings, NOW_SEC),
    checkPolicy(claimsWith({}), settings, NOW_SEC),
    checkPolicy(claimsWith({ issuer }), settings, NOW_SEC),
    checkPolicy(claimsWith({ issuer, audience }), settings, NOW_SEC),
    checkPolicy(claimsWith({ issuer, audience, scope }), settings, NOW_SEC),
  ];
  t.deepEqual(reasons, [
    'token_not_yet_valid',
    'issuer_mismatch',
    'audience_mismatch',
    'scope_insufficient',
    undefined,
  ]);
});
