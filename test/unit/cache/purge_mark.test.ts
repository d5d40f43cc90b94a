import test from 'ava';
import type { Keyspace } from '../../../src/core/cache/lookup.js';
import { longestMarkTtlSec, markTtlSecOf, maxIntrospectionSec } from '../../../src/core/cache/purge_mark.js';

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
  const keyspaces = [10, 3900, 60].map((markTtlSec) => ({
    keyspace: '' as Keyspace,
    markTtlSec,
    listedAtSec: 0,
  }));
  t.is(longestMarkTtlSec(300, keyspaces), 3900);
  t.is(longestMarkTtlSec(300, keyspaces.slice(0, 1)), 300);
});
