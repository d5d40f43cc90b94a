import test from 'ava';
import { grantsOf } from '../../../src/core/cache/judge.js';
import {
  authorizationOf,
  isFresh,
  isReady,
  isStoredUnder,
  type StoredRecord,
} from '../../../src/core/cache/record.js';
import { encodeRecord, type RecordTimes } from '../../../src/core/cache/write_record.js';
import { NoPolicy, type PolicyText } from '../../../src/core/settings/request_text.js';
import {
  EXPIRES_AT_SEC,
  grantsWith,
  JWT,
  POLICY,
  recordWith,
  STORED_AT_SEC,
  timesWith,
} from '../../support/records.js';

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
const MET_POLICIES = [
  '',
  NoPolicy.text,
  POLICY,
  'é😀\n\n\n\n',
  `${'9'.repeat(70)}Bearer x\n\n\n\n`,
] as PolicyText[];

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
  ['no policy: other times decide on that', NoPolicy.text],
];

for (const [sentence, policy] of NOT_MET) {
  test(`isStoredUnder: false for ${sentence} (S57)`, (t) =>
    t.false(isStoredUnder(recordWith({}), policy as PolicyText)));
}

test('isStoredUnder: false for every policy, when the token was stored without one (S57)', (t) => {
  const record = encodeRecord(timesWith({}), JWT, `${POLICY}${grantsWith({})}`, '');
  t.false(isStoredUnder(record, POLICY));
  t.false(isStoredUnder(record, NoPolicy.text));
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

const NO_RECORDS = ['', 'Bearer e30.e30.c2ln\n\n', 'undefined'] as StoredRecord[];

for (const record of NO_RECORDS) {
  test(`isReady, isFresh: false for a text that is not a record: ${JSON.stringify(record)} (S77)`, (t) => {
    t.false(isReady(record, 0));
    t.false(isFresh(record, 0));
  });
}

test('authorizationOf: is the whole header value, and a long JWT comes back whole', (t) => {
  const jwt = `e30.${'a'.repeat(65_000)}.c2ln`;
  t.is(
    authorizationOf(encodeRecord(timesWith({}), jwt, grantsWith({ scope: 'read' }), POLICY)),
    `Bearer ${jwt}`,
  );
});
