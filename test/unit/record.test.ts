import test from 'ava';
import type { TokenClaims } from '../../src/core/claims.js';
import {
  ageSecOf,
  authorizationOf,
  claimsOf,
  encodeRecord,
  isFresh,
  isStale,
  notBeforeOf,
  type RecordLimits,
  type RecordTimes,
} from '../../src/core/record.js';

const STORED_AT_SEC = 1_699_999_700;
const EXPIRES_AT_SEC = 1_700_000_000;
const TOKEN_EXPIRES_AT_SEC = 1_700_003_600;
const JWT = 'e30.e30.c2ln';

function claimsWith(changes: Partial<TokenClaims>): TokenClaims {
  return { notBeforeSec: 0, scope: '', issuer: '', audience: [], ...changes };
}

function timesWith(changes: Partial<RecordTimes>): RecordTimes {
  return {
    expiresAtSec: EXPIRES_AT_SEC,
    storedAtSec: STORED_AT_SEC,
    tokenExpiresAtSec: TOKEN_EXPIRES_AT_SEC,
    ...changes,
  };
}

function recordWith(times: Partial<RecordTimes>, claims: Partial<TokenClaims> = {}, jwt = JWT): string {
  return encodeRecord(timesWith(times), jwt, claimsWith(claims));
}

const LAYOUTS: [
  sentence: string,
  times: Partial<RecordTimes>,
  claims: Partial<TokenClaims>,
  record: string,
][] = [
  ['no claims', {}, {}, '1700000000000000000016999997001700003600Bearer e30.e30.c2ln\n\n'],
  [
    'all claims',
    {},
    { notBeforeSec: 1_699_999_999, scope: 'read write', issuer: 'https://as', audience: ['a', 'b'] },
    '1700000000169999999916999997001700003600Bearer e30.e30.c2ln\nread write\nhttps://as\na\nb',
  ],
  [
    'a token without exp ends in the last second that ten digits can name',
    { tokenExpiresAtSec: undefined },
    {},
    '1700000000000000000016999997009999999999Bearer e30.e30.c2ln\n\n',
  ],
  [
    'times of fewer digits get leading zeros',
    { expiresAtSec: 1, storedAtSec: 456, tokenExpiresAtSec: 7890 },
    { notBeforeSec: 23 },
    '0000000001000000002300000004560000007890Bearer e30.e30.c2ln\n\n',
  ],
  [
    'times of ten digits fill their place',
    { expiresAtSec: 9999999996, storedAtSec: 9999999998, tokenExpiresAtSec: 9999999999 },
    { notBeforeSec: 9999999997 },
    '9999999996999999999799999999989999999999Bearer e30.e30.c2ln\n\n',
  ],
];

for (const [sentence, times, claims, record] of LAYOUTS) {
  test(`encodeRecord: the layout that cache_key.ts numbers: ${sentence}`, (t) =>
    t.is(recordWith(times, claims), record));
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
  ['a text that looks like the start of a record', claimsWith({ issuer: `${'17'.repeat(20)}Bearer x` })],
];

for (const [sentence, claims] of ROUND_TRIPS) {
  test(`claimsOf: gives back what was stored, for the policy on a hit: ${sentence} (S57)`, (t) =>
    t.deepEqual(claimsOf(recordWith({}, claims)), claims));

  test(`authorizationOf: the claims do not show in it: ${sentence}`, (t) =>
    t.is(authorizationOf(recordWith({}, claims)), `Bearer ${JWT}`));
}

const FRESHNESS: [sentence: string, nowSec: number, isStillFresh: boolean][] = [
  ['one second before its expiry a record is fresh', EXPIRES_AT_SEC - 1, true],
  ['at its expiry it is not', EXPIRES_AT_SEC, false],
  ['after its expiry it is not, whatever is left of the token', EXPIRES_AT_SEC + 1, false],
];

for (const [sentence, nowSec, isStillFresh] of FRESHNESS) {
  test(`isFresh: ${sentence} (S64, S78)`, (t) => {
    t.is(isFresh(recordWith({}, { notBeforeSec: 9999999999 }), nowSec), isStillFresh);
    t.is(isFresh(recordWith({ tokenExpiresAtSec: undefined }), nowSec), isStillFresh);
  });
}

test('isFresh: a small expiry with leading zeros is compared as a number', (t) => {
  const record = recordWith({ expiresAtSec: 100, storedAtSec: 9999999999 });
  t.true(isFresh(record, 99));
  t.false(isFresh(record, 100));
});

const NO_RECORDS = ['', 'Bearer e30.e30.c2ln\n\n', 'undefined'];

for (const record of NO_RECORDS) {
  test(`isFresh, isStale: what is no record is neither: ${JSON.stringify(record)} (S77)`, (t) => {
    t.false(isFresh(record, 0));
    t.false(isStale(record, { cacheTtlSec: 300, staleIfErrorSec: 31536000 }, 31536000));
  });
}

const NOT_BEFORE: [notBeforeSec: number, why: string][] = [
  [0, 'none'],
  [1, 'leading zeros'],
  [1_699_999_999, 'ten digits'],
  [9999999999, 'the largest'],
];

for (const [notBeforeSec, why] of NOT_BEFORE) {
  test(`notBeforeOf: ${notBeforeSec} comes back, whatever the times (${why}, S48)`, (t) => {
    const least = { expiresAtSec: 1, storedAtSec: 2, tokenExpiresAtSec: 3 };
    const largest = { expiresAtSec: 9999999999, storedAtSec: 9999999999, tokenExpiresAtSec: 9999999999 };
    t.is(notBeforeOf(recordWith(least, { notBeforeSec })), notBeforeSec);
    t.is(notBeforeOf(recordWith(largest, { notBeforeSec })), notBeforeSec);
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
    t.is(ageSecOf(recordWith({ storedAtSec }, { notBeforeSec: 7 }), nowSec), ageSec));
}

const HOUR_LATER_SEC = EXPIRES_AT_SEC + 3600;

// The record ends at EXPIRES_AT_SEC.
const STALENESS: [
  sentence: string,
  staleIfErrorSec: number,
  tokenExpiresAtSec: number | undefined,
  nowSec: number,
  isUsable: boolean,
][] = [
  ['0 at its end: it does not stand in', 0, undefined, EXPIRES_AT_SEC, false],
  ['0 after its end: it does not stand in', 0, undefined, EXPIRES_AT_SEC + 1, false],
  ['1 at its end: it stands in for this second', 1, undefined, EXPIRES_AT_SEC, true],
  ['1 a second later: it does not', 1, undefined, EXPIRES_AT_SEC + 1, false],
  ['60 in its last second', 60, undefined, EXPIRES_AT_SEC + 59, true],
  ['60 after them', 60, undefined, EXPIRES_AT_SEC + 60, false],
  ['60 long after them', 60, undefined, EXPIRES_AT_SEC + 10_000, false],
  ['a year, of a token without exp', 31536000, undefined, EXPIRES_AT_SEC + 31535999, true],
  ['a year: not a second more', 31536000, undefined, EXPIRES_AT_SEC + 31536000, false],
  ['a year: in the last second of the token', 31536000, HOUR_LATER_SEC, HOUR_LATER_SEC - 1, true],
  ['a year: never at exp (RFC 7662 §4)', 31536000, HOUR_LATER_SEC, HOUR_LATER_SEC, false],
  ['a year: never after exp (RFC 7662 §4)', 31536000, HOUR_LATER_SEC, HOUR_LATER_SEC + 1, false],
  ['a year: a token that ends with its record', 31536000, EXPIRES_AT_SEC, EXPIRES_AT_SEC, false],
  ['60, although the token lives for an hour', 60, HOUR_LATER_SEC, EXPIRES_AT_SEC + 60, false],
  ['60: an exp with leading zeros is a number in the past', 60, 9, EXPIRES_AT_SEC, false],
  [
    '0 before its end: a location that wants none takes none, however old',
    0,
    undefined,
    EXPIRES_AT_SEC - 1,
    false,
  ],
];

for (const [sentence, staleIfErrorSec, tokenExpiresAtSec, nowSec, isUsable] of STALENESS) {
  test(`isStale: a record past its end, with so many seconds granted: ${sentence} (RFC 5861 §4, S65)`, (t) => {
    const record = recordWith({ tokenExpiresAtSec }, { notBeforeSec: 1_699_999_999 });
    t.is(isStale(record, { cacheTtlSec: 31536000, staleIfErrorSec }, nowSec), isUsable);
  });
}

// Stored at STORED_AT_SEC by a location that keeps records for 300 seconds.
const OF_ANOTHER_LOCATION: [sentence: string, limits: RecordLimits, nowSec: number, isUsable: boolean][] = [
  [
    'a shorter TTL counts from when it was stored: the last second',
    { cacheTtlSec: 10, staleIfErrorSec: 20 },
    STORED_AT_SEC + 29,
    true,
  ],
  [
    'a shorter TTL counts from when it was stored: not a second more',
    { cacheTtlSec: 10, staleIfErrorSec: 20 },
    STORED_AT_SEC + 30,
    false,
  ],
  [
    'a TTL of its own length: the last second',
    { cacheTtlSec: 300, staleIfErrorSec: 20 },
    EXPIRES_AT_SEC + 19,
    true,
  ],
  [
    'a longer TTL does not lengthen the record',
    { cacheTtlSec: 301, staleIfErrorSec: 20 },
    EXPIRES_AT_SEC + 20,
    false,
  ],
  [
    'a TTL of 1, the shortest, takes a record for its second and the granted ones',
    { cacheTtlSec: 1, staleIfErrorSec: 20 },
    STORED_AT_SEC + 20,
    true,
  ],
  [
    'a TTL of 0 takes no record, not even a new one',
    { cacheTtlSec: 0, staleIfErrorSec: 20 },
    STORED_AT_SEC,
    false,
  ],
  [
    'a shorter TTL without staleness takes no record past it',
    { cacheTtlSec: 10, staleIfErrorSec: 0 },
    STORED_AT_SEC + 10,
    false,
  ],
];

for (const [sentence, limits, nowSec, isUsable] of OF_ANOTHER_LOCATION) {
  test(`isStale: of a record that another location stored: ${sentence} (S62, S65)`, (t) =>
    t.is(isStale(recordWith({}), limits, nowSec), isUsable));
}

test('authorizationOf: is the whole header value, and a long JWT comes back whole', (t) => {
  const jwt = `e30.${'a'.repeat(65_000)}.c2ln`;
  t.is(authorizationOf(recordWith({}, { scope: 'read' }, jwt)), `Bearer ${jwt}`);
});
