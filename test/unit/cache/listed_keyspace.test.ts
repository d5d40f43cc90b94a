import test from 'ava';
import {
  formatListed,
  isListedFor,
  longestMarkTtlSec,
  markTtlSecOf,
  maxIntrospectionSec,
  parseListed,
} from '../../../src/core/cache/listed_keyspace.js';

const LISTED = {
  keyspace: '443 api\n/introspect\nid of client\na=b\n\n\n\nBearer ',
  markTtlSec: 300,
  listedAtSec: 1_700_000_000,
};

test('parseListed: reads what formatListed wrote, with the spaces and line breaks of the keyspace (S62)', (t) => {
  t.deepEqual(parseListed(formatListed(LISTED)), LISTED);
});

test('parseListed: an empty place is no keyspace', (t) => {
  t.is(parseListed('').keyspace, '');
});

const ENOUGH: [sentence: string, markTtlSec: number, nowSec: number, isEnough: boolean][] = [
  ['is enough for the same location', 300, LISTED.listedAtSec, true],
  ['is enough for a location that keeps records shorter', 5, LISTED.listedAtSec, true],
  [
    'is not enough for a location that keeps them longer: the mark of a purge has to last longer than they (S62)',
    301,
    LISTED.listedAtSec,
    false,
  ],
  ['is enough for a day', 300, LISTED.listedAtSec + 86_399, true],
  [
    'is written again after a day, so that it lasts longer than each record',
    300,
    LISTED.listedAtSec + 86_400,
    false,
  ],
  ['is written again when the clock was set back', 300, LISTED.listedAtSec - 1, false],
];

for (const [sentence, markTtlSec, nowSec, isEnough] of ENOUGH) {
  test(`isListedFor: an entry ${sentence}`, (t) => t.is(isListedFor(LISTED, markTtlSec, nowSec), isEnough));
}

const MARKS: [
  sentence: string,
  cacheTtlSec: number,
  staleIfErrorSec: number,
  introspectionTimeoutSec: number,
  markTtlSec: number,
][] = [
  ['as long as a record could be kept, with the stale time', 300, 3600, 10, 3900],
  ['as long as an introspection under way can bring an answer that is used', 2, 0, 60, 120],
  ['not for ever where no record is kept', 0, 0, 1, 2],
];

for (const [sentence, cacheTtlSec, staleIfErrorSec, introspectionTimeoutSec, markTtlSec] of MARKS) {
  test(`markTtlSecOf: the mark of a purge lasts ${sentence} (S62)`, (t) => {
    const location = { cacheTtlSec, staleIfErrorSec, introspectionTimeoutSec };
    t.is(markTtlSecOf(location), markTtlSec);
    t.true(markTtlSecOf(location) >= maxIntrospectionSec(location));
  });
}

test('longestMarkTtlSec: the longest of several locations, and at least that of the purge location (S62)', (t) => {
  const keyspaces = [10, 3900, 60].map((markTtlSec) => ({ keyspace: '', markTtlSec, listedAtSec: 0 }));
  t.is(longestMarkTtlSec(300, keyspaces), 3900);
  t.is(longestMarkTtlSec(300, keyspaces.slice(0, 1)), 300);
});
