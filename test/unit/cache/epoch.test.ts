import test from 'ava';
import { tenDigits } from '../../../src/core/cache/epoch.js';

for (const [epochSec, text] of [
  [0, '0000000000'],
  [1, '0000000001'],
  [999_999_999, '0999999999'],
  [1_000_000_000, '1000000000'],
  [1_800_000_000, '1800000000'],
  [9_999_999_999, '9999999999'],
] as const) {
  test(`tenDigits: ${epochSec} is ${text}: every time has the same length, so that the places of a record stand`, (t) =>
    t.is(tenDigits(epochSec), text));
}
