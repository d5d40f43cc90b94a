import test from 'ava';
import type { TokenClaims } from '../../src/core/claims.js';
import {
  ageSecOf,
  authorizationOf,
  claimsOf,
  encodeRecord,
  isFresh,
  notBeforeOf,
} from '../../src/core/record.js';

const STORED_AT_SEC = 1_699_999_700;
const EXPIRES_AT_SEC = 1_700_000_000;
const JWT = 'e30.e30.c2ln';

function claimsWith(changes: Partial<TokenClaims>): TokenClaims {
  return { notBeforeSec: 0, scope: '', issuer: '', audience: [], ...changes };
}

const LAYOUTS: [
  sentence: string,
  expiresAtSec: number,
  storedAtSec: number,
  claims: Partial<TokenClaims>,
  record: string,
][] = [
  ['no claims', EXPIRES_AT_SEC, STORED_AT_SEC, {}, '170000000000000000001699999700Bearer e30.e30.c2ln\n\n'],
  [
    'all claims',
    EXPIRES_AT_SEC,
    STORED_AT_SEC,
    { notBeforeSec: 1_699_999_999, scope: 'read write', issuer: 'https://as', audience: ['a', 'b'] },
    '170000000016999999991699999700Bearer e30.e30.c2ln\nread write\nhttps://as\na\nb',
  ],
  [
    'times of fewer digits get leading zeros',
    1,
    456,
    { notBeforeSec: 23 },
    '000000000100000000230000000456Bearer e30.e30.c2ln\n\n',
  ],
  [
    'times of ten digits fill their place',
    9999999997,
    9999999999,
    { notBeforeSec: 9999999998 },
    '999999999799999999989999999999Bearer e30.e30.c2ln\n\n',
  ],
];

for (const [sentence, expiresAtSec, storedAtSec, claims, record] of LAYOUTS) {
  test(`encodeRecord: the layout that cache_key.ts numbers: ${sentence}`, (t) =>
    t.is(encodeRecord(expiresAtSec, storedAtSec, JWT, claimsWith(claims)), record));
}

const ROUND_TRIPS: [sentence: string, claims: TokenClaims][] = [
  ['no claims', claimsWith({})],
  ['not before', claimsWith({ notBeforeSec: 1_699_999_999 })],
  ['scope alone', claimsWith({ scope: 'read write' })],
  ['issuer alone', claimsWith({ issuer: 'https://as' })],
  ['one audience alone', claimsWith({ audience: ['api'] })],
  ['many audiences, in their order', claimsWith({ audience: ['c', 'a', 'b'] })],
  ['an empty audience, which is not the same as none', claimsWith({ audience: [''] })],
  ['an empty audience among others', claimsWith({ audience: ['a', '', 'b', ''] })],
  ['text outside ASCII', claimsWith({ issuer: 'https://ås/€', audience: ['😀'] })],
  ['a text that looks like the start of a record', claimsWith({ issuer: '17000000000000000000Bearer x' })],
];

for (const [sentence, claims] of ROUND_TRIPS) {
  test(`claimsOf: gives back what was stored, for the policy on a hit: ${sentence} (S57)`, (t) =>
    t.deepEqual(claimsOf(encodeRecord(EXPIRES_AT_SEC, STORED_AT_SEC, JWT, claims)), claims));

  test(`authorizationOf: the claims do not show in it: ${sentence}`, (t) =>
    t.is(authorizationOf(encodeRecord(EXPIRES_AT_SEC, STORED_AT_SEC, JWT, claims)), `Bearer ${JWT}`));
}

const FRESHNESS: [sentence: string, nowSec: number, isStillFresh: boolean][] = [
  ['one second before its expiry a record is fresh', EXPIRES_AT_SEC - 1, true],
  ['at its expiry it is not', EXPIRES_AT_SEC, false],
  ['after its expiry it is not', EXPIRES_AT_SEC + 1, false],
];

for (const [sentence, nowSec, isStillFresh] of FRESHNESS) {
  test(`isFresh: ${sentence} (S64, S78)`, (t) =>
    t.is(
      isFresh(
        encodeRecord(EXPIRES_AT_SEC, STORED_AT_SEC, JWT, claimsWith({ notBeforeSec: 9999999999 })),
        nowSec,
      ),
      isStillFresh,
    ));
}

test('isFresh: a small expiry with leading zeros is compared as a number', (t) => {
  const record = encodeRecord(100, 9999999999, JWT, claimsWith({}));
  t.true(isFresh(record, 99));
  t.false(isFresh(record, 100));
});

for (const record of ['', 'Bearer e30.e30.c2ln\n\n', 'undefined']) {
  test(`isFresh: what is no record is never fresh: ${JSON.stringify(record)} (S77)`, (t) =>
    t.false(isFresh(record, 0)));
}

const NOT_BEFORE: [notBeforeSec: number, why: string][] = [
  [0, 'none'],
  [1, 'leading zeros'],
  [1_699_999_999, 'ten digits'],
  [9999999999, 'the largest'],
];

for (const [notBeforeSec, why] of NOT_BEFORE) {
  test(`notBeforeOf: ${notBeforeSec} comes back, whatever the expiry (${why}, S48)`, (t) => {
    t.is(notBeforeOf(encodeRecord(1, 2, JWT, claimsWith({ notBeforeSec }))), notBeforeSec);
    t.is(notBeforeOf(encodeRecord(9999999999, 9999999999, JWT, claimsWith({ notBeforeSec }))), notBeforeSec);
  });
}

const AGES: [sentence: string, storedAtSec: number, nowSec: number, ageSec: number][] = [
  ['0 in the second in which it was stored', STORED_AT_SEC, STORED_AT_SEC, 0],
  ['1 a second later', STORED_AT_SEC, STORED_AT_SEC + 1, 1],
  ['counted from when it was stored, not from its expiry', STORED_AT_SEC, EXPIRES_AT_SEC, 300],
  ['negative when the clock was set back: never taken for old (S78)', STORED_AT_SEC, STORED_AT_SEC - 5, -5],
  ['a number also of times with leading zeros', 8, 10, 2],
];

for (const [sentence, storedAtSec, nowSec, ageSec] of AGES) {
  test(`ageSecOf: ${sentence}, so that a location with a shorter TTL can tell (S62)`, (t) =>
    t.is(
      ageSecOf(encodeRecord(EXPIRES_AT_SEC, storedAtSec, JWT, claimsWith({ notBeforeSec: 7 })), nowSec),
      ageSec,
    ));
}

test('authorizationOf: is the whole header value, and a long JWT comes back whole', (t) => {
  const jwt = `e30.${'a'.repeat(65_000)}.c2ln`;
  t.is(
    authorizationOf(encodeRecord(EXPIRES_AT_SEC, STORED_AT_SEC, jwt, claimsWith({ scope: 'read' }))),
    `Bearer ${jwt}`,
  );
});
