import test from 'ava';
import type { DenialReason } from '../../../src/core/answer/reasons.js';
import type { Policy } from '../../../src/core/settings/settings.js';
import type { TokenClaims } from '../../../src/core/token/claims.js';
import { checkPolicy, encodeGrants } from '../../../src/core/token/policy.js';

const NOW_SEC = 1_700_000_000;

function claimsWith(changes: Partial<TokenClaims>): TokenClaims {
  return { notBeforeSec: 0, scope: '', issuer: '', audience: [], ...changes };
}

function policyWith(changes: Partial<Policy>): Policy {
  return { requiredScopes: [], audience: '', issuer: '', clockSkewSec: 60, cacheTtlSec: 300, ...changes };
}

/** As a miss does it, and a hit with the grants of the record. */
function check(claims: Partial<TokenClaims>, policy: Partial<Policy>): DenialReason | undefined {
  const all = claimsWith(claims);
  return checkPolicy(encodeGrants(all), all.notBeforeSec, policyWith(policy), NOW_SEC);
}

type Row = [
  sentence: string,
  claims: Partial<TokenClaims>,
  policy: Partial<Policy>,
  expected: DenialReason | undefined,
];

const ROWS: Row[] = [
  ['a token without claims passes if nothing is required', {}, {}, undefined],
  [
    'claims that are not required are not checked',
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
  ['an empty list of required scopes is granted', {}, { requiredScopes: [] }, undefined],
  [
    'no scope is granted by two that are beside each other',
    { scope: 'a b' },
    { requiredScopes: ['a b'] },
    'scope_insufficient',
  ],
  [
    'the same scope may be required twice',
    { scope: 'read' },
    { requiredScopes: ['read', 'read'] },
    undefined,
  ],
  [
    'neighbours share the separator between them: both are granted',
    { scope: 'a b', audience: ['c', 'd'] },
    { requiredScopes: ['a', 'b'], audience: 'd' },
    undefined,
  ],
  ['an audience with spaces is one value', { audience: ['my api'] }, { audience: 'my api' }, undefined],
  ['an audience in the middle of many', { audience: ['a', 'api', 'b'] }, { audience: 'api' }, undefined],
  [
    'an empty audience among others hides none of them',
    { audience: ['', 'api', ''] },
    { audience: 'api' },
    undefined,
  ],
  [
    'text outside ASCII',
    { issuer: 'https://ås', audience: ['😀'] },
    { issuer: 'https://ås', audience: '😀' },
    undefined,
  ],
  ['a TTL does not concern the token', {}, { cacheTtlSec: 0 }, undefined],
];

for (const [sentence, claims, policy, expected] of ROWS) {
  test(`checkPolicy: ${sentence}`, (t) => t.is(check(claims, policy), expected));
}

/** A value in the place of another kind: each kind has a separator of its own. */
const OF_ANOTHER_KIND: Row[] = [
  ['a scope is no audience', { scope: 'api' }, { audience: 'api' }, 'audience_mismatch'],
  ['a scope is no issuer', { scope: 'https://as' }, { issuer: 'https://as' }, 'issuer_mismatch'],
  ['an audience is no scope', { audience: ['read'] }, { requiredScopes: ['read'] }, 'scope_insufficient'],
  ['an audience is no issuer', { audience: ['https://as'] }, { issuer: 'https://as' }, 'issuer_mismatch'],
  ['an issuer is no scope', { issuer: 'read' }, { requiredScopes: ['read'] }, 'scope_insufficient'],
  ['an issuer is no audience', { issuer: 'api' }, { audience: 'api' }, 'audience_mismatch'],
  [
    'an issuer with spaces around a scope is no scope',
    { issuer: 'a read b' },
    { requiredScopes: ['read'] },
    'scope_insufficient',
  ],
  [
    'an audience with spaces is no list of scopes',
    { audience: ['a read b'] },
    { requiredScopes: ['read'] },
    'scope_insufficient',
  ],
  [
    'an audience with spaces is no list of audiences',
    { audience: ['web api x'] },
    { audience: 'api' },
    'audience_mismatch',
  ],
  [
    'two audiences are not one that joins them',
    { audience: ['a', 'b'] },
    { audience: 'a b' },
    'audience_mismatch',
  ],
  [
    'scopes beside the audience are no part of it',
    { scope: 'a', audience: ['b'] },
    { audience: 'a b' },
    'audience_mismatch',
  ],
];

for (const [sentence, claims, policy, expected] of OF_ANOTHER_KIND) {
  test(`checkPolicy: no value counts as one of another kind: ${sentence} (S50, S52)`, (t) =>
    t.is(check(claims, policy), expected));
}

// What a claim cannot hold: claims.ts refuses control characters, and so do the settings.
const SEPARATORS = ['\n', '\v', '\f'];

test('encodeGrants: every value is between two separators of its kind; for an absent value there is nothing between them', (t) => {
  t.is(encodeGrants(claimsWith({})), '\n\n\f\f\v\v');
  t.is(
    encodeGrants(claimsWith({ scope: 'read write', issuer: 'https://as', audience: ['a', 'b c'] })),
    '\nread\nwrite\n\fa\fb c\f\vhttps://as\v',
  );
  t.is(encodeGrants(claimsWith({ audience: ['', 'a', ''] })), '\n\n\f\fa\f\f\v\v');
});

test('encodeGrants: the time at which a token begins is stored elsewhere: it is not a grant', (t) =>
  t.is(encodeGrants(claimsWith({ notBeforeSec: NOW_SEC })), encodeGrants(claimsWith({}))));

test('checkPolicy: an absent claim never matches what is asked for, not even a separator (RFC 8725 §3.8, §3.9)', (t) => {
  for (const value of ['a', ' ', 'undefined', 'null', '0', ...SEPARATORS]) {
    t.is(check({}, { issuer: value }), 'issuer_mismatch', JSON.stringify(value));
    t.is(check({}, { audience: value }), 'audience_mismatch', JSON.stringify(value));
    t.is(check({}, { requiredScopes: [value] }), 'scope_insufficient', JSON.stringify(value));
  }
});

test('checkPolicy: with no grants at all everything required is missing: a broken record grants nothing (S77)', (t) => {
  t.is(checkPolicy('', 0, policyWith({ issuer: 'https://as' }), NOW_SEC), 'issuer_mismatch');
  t.is(checkPolicy('', 0, policyWith({ audience: 'api' }), NOW_SEC), 'audience_mismatch');
  t.is(checkPolicy('', 0, policyWith({ requiredScopes: ['read'] }), NOW_SEC), 'scope_insufficient');
});

test('checkPolicy: a missing scope (403) is reported only for a token that is correct in all else (RFC 6750 §3.1)', (t) => {
  const policy = { issuer: 'https://as', audience: 'api', requiredScopes: ['read'] };
  const issuer = 'https://as';
  const audience = ['api'];
  const scope = 'read';
  const reasons = [
    check({ notBeforeSec: NOW_SEC + 61 }, policy),
    check({}, policy),
    check({ issuer }, policy),
    check({ issuer, audience }, policy),
    check({ issuer, audience, scope }, policy),
  ];
  t.deepEqual(reasons, [
    'token_not_yet_valid',
    'issuer_mismatch',
    'audience_mismatch',
    'scope_insufficient',
    undefined,
  ]);
});
