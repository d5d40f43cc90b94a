import test from 'ava';
import type { StoredRecord } from '../../../src/core/cache/record.js';
import { mayStandIn, type RecordLimits } from '../../../src/core/cache/stale.js';
import { EXPIRES_AT_SEC, recordWith, STORED_AT_SEC } from '../../support/records.js';

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
  test(`mayStandIn: a record past its end, with this stale time in seconds: ${sentence} (RFC 5861 §4, S65)`, (t) => {
    const record = recordWith({ usableUntilSec, notBeforeSec: 1_699_999_999 });
    t.is(mayStandIn(record, { cacheTtlSec: 31536000, staleIfErrorSec }, nowSec), isUsable);
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
  test(`mayStandIn: of a record that another location stored: ${sentence} (S62, S65)`, (t) =>
    t.is(mayStandIn(recordWith({}), limits, nowSec), isUsable));
}

for (const record of ['', 'Bearer e30.e30.c2ln\n\n', 'undefined'] as StoredRecord[]) {
  test(`mayStandIn: false for a text that is not a record: ${JSON.stringify(record)} (S77)`, (t) =>
    t.false(mayStandIn(record, { cacheTtlSec: 300, staleIfErrorSec: 31536000 }, 31536000)));
}
