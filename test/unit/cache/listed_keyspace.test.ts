import test from 'ava';
import { formatListed, isListedFor, parseListed } from '../../../src/core/cache/listed_keyspace.js';
import type { Keyspace } from '../../../src/core/cache/lookup.js';

const LISTED = {
  keyspace: '443 api\n/introspect\nid of client\na=b\n\n\n\nBearer ' as Keyspace,
  markTtlSec: 300,
  listedAtSec: 1_700_000_000,
};

test('parseListed: reads what formatListed wrote, with the spaces and line breaks of the keyspace (S62)', (t) => {
  t.deepEqual(parseListed(formatListed(LISTED)), LISTED);
});

test('parseListed: an empty place is no keyspace', (t) => {
  t.is(String(parseListed('').keyspace), '');
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
