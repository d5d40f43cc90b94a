import test from 'ava';
import { formatListed, isListedFor, parseListed } from '../../src/core/listed_keyspace.js';

const LISTED = {
  keyspace: '443 api\n/introspect\nid of client\na=b\n\n\n\nBearer ',
  keptSec: 300,
  listedAtSec: 1_700_000_000,
};

test('parseListed: gives back what formatListed made, spaces and line breaks of the keyspace included (S62)', (t) => {
  t.deepEqual(parseListed(formatListed(LISTED)), LISTED);
});

test('parseListed: an empty place is no keyspace', (t) => {
  t.is(parseListed('').keyspace, '');
});

const ENOUGH: [sentence: string, keptSec: number, nowSec: number, isEnough: boolean][] = [
  ['is enough for the same location', 300, LISTED.listedAtSec, true],
  ['is enough for a location that keeps records shorter', 5, LISTED.listedAtSec, true],
  [
    'is not enough for one that keeps them longer: the mark of a purge has to outlive them (S62)',
    301,
    LISTED.listedAtSec,
    false,
  ],
  ['is enough for a day', 300, LISTED.listedAtSec + 86_399, true],
  ['is written anew after a day, so that it outlives each record', 300, LISTED.listedAtSec + 86_400, false],
  ['is written anew when the clock was set back', 300, LISTED.listedAtSec - 1, false],
];

for (const [sentence, keptSec, nowSec, isEnough] of ENOUGH) {
  test(`isListedFor: an entry ${sentence}`, (t) => t.is(isListedFor(LISTED, keptSec, nowSec), isEnough));
}
