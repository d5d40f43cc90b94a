import test from 'ava';
import {
  ageSecOf,
  authorizationOf,
  encodeRecord,
  grantsOf,
  isCountedAlike,
  isFresh,
  isReady,
  isStale,
  isStoredUnder,
  notBeforeOf,
  type RecordLimits,
  type RecordTimes,
} from '../../../src/core/cache/record.js';
import { PolicyText } from '../../../src/core/settings/request_text.js';
import { DEFAULT_CACHE_TTL_SEC, DEFAULT_CLOCK_SKEW_SEC } from '../../../src/core/settings/settings.js';
import type { TokenClaims } from '../../../src/core/token/claims.js';
import { encodeGrants } from '../../../src/core/token/policy.js';

const STORED_AT_SEC = 1_699_999_700;
const EXPIRES_AT_SEC = 1_700_000_000;
const TOKEN_EXPIRES_AT_SEC = 1_700_003_600;
const JWT = 'e30.e30.c2ln';
/** As nginx joins it: required scopes, audience, issuer, clock skew, cache TTL. */
const POLICY = 'read\napi\n\n\n10';

function grantsWith(changes: Partial<TokenClaims>): string {
  return encodeGrants({ notBeforeSec: 0, scope: '', issuer: '', audience: [], ...changes });
}

function timesWith(changes: Partial<RecordTimes>): RecordTimes {
  return {
    expiresAtSec: EXPIRES_AT_SEC,
    storedAtSec: STORED_AT_SEC,
    notBeforeSec: 0,
    usableUntilSec: TOKEN_EXPIRES_AT_SEC,
    ...changes,
  };
}

/** What it grants and the policy that it met do not matter. */
function recordWith(times: Partial<RecordTimes>): string {
  return encodeRecord(timesWith(times), JWT, grantsWith({ scope: 'read' }), POLICY);
}

const LAYOUTS: [
  sentence: string,
  times: Partial<RecordTimes>,
  grants: string,
  metPolicy: string,
  record: string,
][] = [
  [
    'neither grants nor policy',
    {},
    '',
    '',
    '170000000017000000000000000000169999970017000036000006000060Bearer e30.e30.c2ln',
  ],
  [
    'only grants: the token was stored without a policy',
    {},
    'GRANTS',
    '',
    '170000000017000000000000000000169999970017000036000006000066GRANTSBearer e30.e30.c2ln',
  ],
  [
    'policy and grants, before the JWT',
    {},
    'GRANTS',
    'POLICY__',
    '170000000017000000000000000000169999970017000036000006800074POLICY__GRANTSBearer e30.e30.c2ln',
  ],
  [
    'the not-before time has its own place',
    { notBeforeSec: 1_699_999_701 },
    '',
    '',
    '170000000017000000001699999701169999970017000036000006000060Bearer e30.e30.c2ln',
  ],
  [
    'a record that no default location uses at once starts with zeros',
    { notBeforeSec: 1_699_999_761 },
    '',
    '',
    '000000000017000000001699999761169999970017000036000006000060Bearer e30.e30.c2ln',
  ],
  [
    'a token without exp ends in the last second that ten digits can name',
    { usableUntilSec: undefined },
    '',
    '',
    '170000000017000000000000000000169999970099999999990006000060Bearer e30.e30.c2ln',
  ],
  [
    'times of fewer digits get leading zeros',
    { expiresAtSec: 1, notBeforeSec: 23, storedAtSec: 456, usableUntilSec: 7890 },
    '',
    '',
    '000000000100000000010000000023000000045600000078900006000060Bearer e30.e30.c2ln',
  ],
  [
    'times of ten digits fill their place',
    {
      expiresAtSec: 9999999996,
      notBeforeSec: 9999999997,
      storedAtSec: 9999999998,
      usableUntilSec: 9999999999,
    },
    '',
    '',
    '999999999699999999969999999997999999999899999999990006000060Bearer e30.e30.c2ln',
  ],
];

for (const [sentence, times, grants, metPolicy, record] of LAYOUTS) {
  test(`encodeRecord: the layout that cache_key.ts numbers: ${sentence}`, (t) =>
    t.is(encodeRecord(timesWith(times), JWT, grants, metPolicy), record));
}

const GRANTS: [sentence: string, grants: string][] = [
  ['none at all', ''],
  ['of a token without claims', grantsWith({})],
  ['scopes alone', grantsWith({ scope: 'read write' })],
  ['an issuer alone', grantsWith({ issuer: 'https://as' })],
  ['audiences alone, in their order', grantsWith({ audience: ['c', 'a', 'b'] })],
  ['an empty audience among others', grantsWith({ audience: ['a', '', 'b', ''] })],
  ['text outside ASCII', grantsWith({ issuer: 'https://ås/€', audience: ['😀'] })],
  [
    'a text that looks like the start of a record',
    grantsWith({ issuer: `${'17'.repeat(35)}Bearer x`, audience: ['Bearer x'] }),
  ],
  ['a text as long as a JWT', grantsWith({ audience: ['a'.repeat(10_000)] })],
];
const MET_POLICIES = ['', PolicyText.none, POLICY, 'é😀\n\n\n\n', `${'9'.repeat(70)}Bearer x\n\n\n\n`];

for (const [sentence, grants] of GRANTS) {
  test(`grantsOf: returns what was stored, with any policy before it: ${sentence} (S57)`, (t) => {
    for (const policy of MET_POLICIES) {
      t.is(grantsOf(encodeRecord(timesWith({}), JWT, grants, policy)), grants, policy);
    }
  });

  test(`authorizationOf: neither grants nor policy show in it: ${sentence}`, (t) => {
    for (const policy of MET_POLICIES) {
      t.is(authorizationOf(encodeRecord(timesWith({}), JWT, grants, policy)), `Bearer ${JWT}`, policy);
    }
  });

  test(`isStoredUnder: true for the policy that the token met, and for no other: ${sentence} (S57)`, (t) => {
    for (const met of MET_POLICIES) {
      const record = encodeRecord(timesWith({}), JWT, grants, met);
      const under = MET_POLICIES.filter((policy) => isStoredUnder(record, policy));
      t.deepEqual(under, [met]);
    }
  });
}

const NOT_MET: [sentence: string, policy: string][] = [
  [
    'a policy without the last line, which is the beginning of the stored one',
    POLICY.slice(0, -'\n10'.length),
  ],
  ['a policy that is shorter by a character', POLICY.slice(0, -1)],
  ['a policy that is longer by a character', `${POLICY}0`],
  ['a policy that continues like the record', `${POLICY}${grantsWith({ scope: 'read' })}`],
  ['a policy with other scopes', POLICY.replace('read', 'admin')],
  ['a policy with another TTL', POLICY.replace('10', '20')],
  ['a policy with more', POLICY.replace('\n\n\n', '\nhttps://as\n\n')],
  ['a policy with less', POLICY.replace('api', '')],
  ['another case', POLICY.toUpperCase()],
  ['no policy: other times decide on that', PolicyText.none],
];

for (const [sentence, policy] of NOT_MET) {
  test(`isStoredUnder: false for ${sentence} (S57)`, (t) => t.false(isStoredUnder(recordWith({}), policy)));
}

test('isStoredUnder: false for every policy, when the token was stored without one (S57)', (t) => {
  const record = encodeRecord(timesWith({}), JWT, `${POLICY}${grantsWith({})}`, '');
  t.false(isStoredUnder(record, POLICY));
  t.false(isStoredUnder(record, PolicyText.none));
});

const FRESHNESS: [sentence: string, nowSec: number, isStillFresh: boolean][] = [
  ['one second before its expiry a record is fresh', EXPIRES_AT_SEC - 1, true],
  ['at its expiry it is not', EXPIRES_AT_SEC, false],
  ['after its expiry it is not, even if the token lives longer', EXPIRES_AT_SEC + 1, false],
];

for (const [sentence, nowSec, isStillFresh] of FRESHNESS) {
  test(`isFresh: ${sentence} (S64, S78)`, (t) => {
    t.is(isFresh(recordWith({ notBeforeSec: 9999999999 }), nowSec), isStillFresh);
    t.is(isFresh(recordWith({ usableUntilSec: undefined }), nowSec), isStillFresh);
  });
}

test('isFresh: a small expiry with leading zeros is compared as a number', (t) => {
  const record = recordWith({ expiresAtSec: 100, storedAtSec: 9999999999 });
  t.true(isFresh(record, 99));
  t.false(isFresh(record, 100));
});

// Stored at STORED_AT_SEC, with a TTL of 300 seconds unless the record says so.
const READINESS: [sentence: string, times: Partial<RecordTimes>, ageSec: number, isTaken: boolean][] = [
  ['in the second in which it was stored', {}, 0, true],
  ['in its last second', {}, 299, true],
  ['not at its end', {}, 300, false],
  ['not after its end', {}, 301, false],
  ['a shorter record in its last second', { expiresAtSec: STORED_AT_SEC + 10 }, 9, true],
  ['a shorter record not at its end (S64)', { expiresAtSec: STORED_AT_SEC + 10 }, 10, false],
  [
    'a longer record, of a location with another TTL, up to the default one',
    { expiresAtSec: STORED_AT_SEC + 3600 },
    299,
    true,
  ],
  ['a longer record not at the default TTL (S62)', { expiresAtSec: STORED_AT_SEC + 3600 }, 300, false],
  ['a longer record not after the default TTL (S62)', { expiresAtSec: STORED_AT_SEC + 3600 }, 3599, false],
  ['a token that is valid from then on', { notBeforeSec: STORED_AT_SEC }, 0, true],
  ['a token that begins at the skew (S48)', { notBeforeSec: STORED_AT_SEC + 60 }, 0, true],
  ['not a token that begins beyond the skew (S48)', { notBeforeSec: STORED_AT_SEC + 61 }, 0, false],
  [
    'not even after it has begun: then its times are checked',
    { notBeforeSec: STORED_AT_SEC + 61 },
    62,
    false,
  ],
  ['a token without exp', { usableUntilSec: undefined }, 299, true],
  ['a token without exp not at the end of its record', { usableUntilSec: undefined }, 300, false],
  ['a record that was not to be stored at all', { expiresAtSec: STORED_AT_SEC }, 0, false],
];

for (const [sentence, times, ageSec, isTaken] of READINESS) {
  test(`isReady: what a location with the default TTL and skew takes at once: ${sentence}`, (t) =>
    t.is(isReady(recordWith(times), STORED_AT_SEC + ageSec), isTaken));
}

test('isReady: a stored policy changes nothing: the times are those of the default location (S62)', (t) => {
  for (const policy of MET_POLICIES) {
    const record = encodeRecord(timesWith({ expiresAtSec: STORED_AT_SEC + 3600 }), JWT, '', policy);
    t.true(isReady(record, STORED_AT_SEC + 299));
    t.false(isReady(record, STORED_AT_SEC + 300));
  }
});

/** Around each bound: the end of the record, the default TTL, the default skew. */
const LIVES_SEC = [0, 1, 59, 60, 61, 299, 300, 301, 3600];
const BEGINS_SEC = [-1, 0, 1, 59, 60, 61, 62, 299, 300, 301];
const AGES_SEC = [-301, -1, 0, 1, 59, 60, 61, 62, 298, 299, 300, 301, 302, 3599, 3600, 3601];

test('isReady: is true exactly when isFresh, age and not-before say so, so that no bound is lost (S48, S62, S64)', (t) => {
  for (const life of LIVES_SEC) {
    for (const begin of BEGINS_SEC) {
      for (const age of AGES_SEC) {
        const nowSec = STORED_AT_SEC + age;
        const record = recordWith({
          expiresAtSec: STORED_AT_SEC + life,
          notBeforeSec: STORED_AT_SEC + begin,
        });
        const isTaken =
          isFresh(record, nowSec) &&
          ageSecOf(record, nowSec) < DEFAULT_CACHE_TTL_SEC &&
          notBeforeOf(record) <= STORED_AT_SEC + DEFAULT_CLOCK_SKEW_SEC;
        t.is(isReady(record, nowSec), isTaken, `life ${life}, begins at ${begin}, age ${age}`);
      }
    }
  }
});

test('isReady: the bounds are 300 and 60 seconds, the defaults of the settings', (t) => {
  t.is(DEFAULT_CACHE_TTL_SEC, 300);
  t.is(DEFAULT_CLOCK_SKEW_SEC, 60);
});

const NO_RECORDS = ['', 'Bearer e30.e30.c2ln\n\n', 'undefined'];

for (const record of NO_RECORDS) {
  test(`isReady, isFresh, isStale: false for a text that is not a record: ${JSON.stringify(record)} (S77)`, (t) => {
    t.false(isReady(record, 0));
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
  test(`notBeforeOf: returns ${notBeforeSec}, with any other times (${why}, S48)`, (t) => {
    const least = { expiresAtSec: 1, storedAtSec: 2, usableUntilSec: 3 };
    const largest = { expiresAtSec: 9999999999, storedAtSec: 9999999999, usableUntilSec: 9999999999 };
    t.is(notBeforeOf(recordWith({ ...least, notBeforeSec })), notBeforeSec);
    t.is(notBeforeOf(recordWith({ ...largest, notBeforeSec })), notBeforeSec);
  });
}

const AGES: [sentence: string, storedAtSec: number, nowSec: number, ageSec: number][] = [
  ['0 in the second in which it was stored', STORED_AT_SEC, STORED_AT_SEC, 0],
  ['1 a second later', STORED_AT_SEC, STORED_AT_SEC + 1, 1],
  ['counted from when it was stored, not from its expiry', STORED_AT_SEC, EXPIRES_AT_SEC, 300],
  ['negative when the clock was set back: never counts as old (S78)', STORED_AT_SEC, STORED_AT_SEC - 5, -5],
  ['a number, also for times with leading zeros', 8, 10, 2],
];

for (const [sentence, storedAtSec, nowSec, ageSec] of AGES) {
  test(`ageSecOf: ${sentence}, so that a location with a shorter TTL can tell (S62)`, (t) =>
    t.is(ageSecOf(recordWith({ storedAtSec, notBeforeSec: 7 }), nowSec), ageSec));
}

const HOUR_LATER_SEC = EXPIRES_AT_SEC + 3600;

// The record ends at EXPIRES_AT_SEC.
const STALENESS: [
  sentence: string,
  staleIfErrorSec: number,
  usableUntilSec: number | undefined,
  nowSec: number,
  isUsable: boolean,
][] = [
  ['0 at its end: it is not served', 0, undefined, EXPIRES_AT_SEC, false],
  ['0 after its end: it is not served', 0, undefined, EXPIRES_AT_SEC + 1, false],
  ['1 at its end: it is served for this second', 1, undefined, EXPIRES_AT_SEC, true],
  ['1 a second later: it is not served', 1, undefined, EXPIRES_AT_SEC + 1, false],
  ['60 in its last second', 60, undefined, EXPIRES_AT_SEC + 59, true],
  ['60 after them', 60, undefined, EXPIRES_AT_SEC + 60, false],
  ['60 long after them', 60, undefined, EXPIRES_AT_SEC + 10_000, false],
  ['a year, for a token without exp', 31536000, undefined, EXPIRES_AT_SEC + 31535999, true],
  ['a year: not a second more', 31536000, undefined, EXPIRES_AT_SEC + 31536000, false],
  ['a year: in the last second of the token', 31536000, HOUR_LATER_SEC, HOUR_LATER_SEC - 1, true],
  ['a year: never at exp (RFC 7662 §4)', 31536000, HOUR_LATER_SEC, HOUR_LATER_SEC, false],
  ['a year: never after exp (RFC 7662 §4)', 31536000, HOUR_LATER_SEC, HOUR_LATER_SEC + 1, false],
  ['a year: a token that ends with its record', 31536000, EXPIRES_AT_SEC, EXPIRES_AT_SEC, false],
  ['60, although the token lives for an hour', 60, HOUR_LATER_SEC, EXPIRES_AT_SEC + 60, false],
  ['60: an exp with leading zeros is a number in the past', 60, 9, EXPIRES_AT_SEC, false],
  [
    '0 before its end: a location without stale time uses no stale record of any age',
    0,
    undefined,
    EXPIRES_AT_SEC - 1,
    false,
  ],
];

for (const [sentence, staleIfErrorSec, usableUntilSec, nowSec, isUsable] of STALENESS) {
  test(`isStale: a record past its end, with this stale time in seconds: ${sentence} (RFC 5861 §4, S65)`, (t) => {
    const record = recordWith({ usableUntilSec, notBeforeSec: 1_699_999_999 });
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
    'a TTL of 1, the shortest, allows a record for its second and the stale time',
    { cacheTtlSec: 1, staleIfErrorSec: 20 },
    STORED_AT_SEC + 20,
    true,
  ],
  [
    'a TTL of 0 allows no record, not even a new one',
    { cacheTtlSec: 0, staleIfErrorSec: 20 },
    STORED_AT_SEC,
    false,
  ],
  [
    'a shorter TTL without stale time allows no record past it',
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
  t.is(
    authorizationOf(encodeRecord(timesWith({}), jwt, grantsWith({ scope: 'read' }), POLICY)),
    `Bearer ${jwt}`,
  );
});

const COUNTED: [sentence: string, text: string, isAlike: boolean][] = [
  ['nothing', '', true],
  ['ASCII', 'read write', true],
  ['the last character before the surrogates', '\ud7ff', true],
  ['the first character behind them', '\ue000', true],
  ['the last character of the first plane', 'a\uffff', true],
  ['a character that JavaScript counts as two', 'a😀', false],
  ['the last character of all', '\u{10ffff}', false],
  ['half a character', '\ud800', false],
  ['the other half', 'a\udfff', false],
];

for (const [sentence, text, isAlike] of COUNTED) {
  test(`isCountedAlike: ${isAlike}: ${sentence}, so that neither engine cuts a record of the other at a wrong place`, (t) =>
    t.is(isCountedAlike(text), isAlike));
}
