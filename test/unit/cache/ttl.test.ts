import test from 'ava';
import { type CacheKey, digest } from '../../../src/core/cache/key.js';
import { chanceOf, type Lifetimes, recordTtlSec } from '../../../src/core/cache/ttl.js';

const NOW_SEC = 1_700_000_000;

function lifetimesWith(changes: Partial<Lifetimes>): Lifetimes {
  return { freshnessSec: undefined, expiresAtSec: undefined, cacheTtlSec: 300, ...changes };
}

const ROWS: [sentence: string, lifetimes: Partial<Lifetimes>, ttlSec: number][] = [
  ['without exp and Cache-Control the setting is the only limit, never "unlimited" (S46)', {}, 300],
  [
    'the setting 0 means no caching, with any exp and Cache-Control',
    { cacheTtlSec: 0, freshnessSec: 60, expiresAtSec: NOW_SEC + 60 },
    0,
  ],
  ['the setting 1 is the shortest life', { cacheTtlSec: 1 }, 1],
  ['Cache-Control below the setting shortens (RFC 9111 §5.2.2.1)', { freshnessSec: 299 }, 299],
  ['Cache-Control equal to the setting', { freshnessSec: 300 }, 300],
  ['Cache-Control above the setting does not lengthen (S62)', { freshnessSec: 301 }, 300],
  ['Cache-Control of 0 is "do not store" (RFC 9111 §5.2.2.5, S56)', { freshnessSec: 0 }, 0],
  ['Cache-Control of 1 is one second', { freshnessSec: 1 }, 1],
  ['exp before the setting shortens (RFC 7662 §4)', { expiresAtSec: NOW_SEC + 299 }, 299],
  ['exp at the setting', { expiresAtSec: NOW_SEC + 300 }, 300],
  ['exp after the setting does not lengthen (S62)', { expiresAtSec: NOW_SEC + 301 }, 300],
  ['exp in one second is one second (RFC 7662 §4)', { expiresAtSec: NOW_SEC + 1 }, 1],
  ['exp now is "do not store" (RFC 7662 §4, S45)', { expiresAtSec: NOW_SEC }, 0],
  ['exp in the past is 0, never negative (S45)', { expiresAtSec: NOW_SEC - 1 }, 0],
  ['exp 0 is a time in the past, not an absent one (S45)', { expiresAtSec: 0 }, 0],
  [
    'the shortest of all three counts: here the setting',
    { cacheTtlSec: 10, freshnessSec: 20, expiresAtSec: NOW_SEC + 30 },
    10,
  ],
  [
    'the shortest of all three counts: here Cache-Control',
    { cacheTtlSec: 30, freshnessSec: 10, expiresAtSec: NOW_SEC + 20 },
    10,
  ],
  [
    'the shortest of all three counts: here exp',
    { cacheTtlSec: 30, freshnessSec: 20, expiresAtSec: NOW_SEC + 10 },
    10,
  ],
  ['a fraction is rounded down (S47)', { freshnessSec: 1.9 }, 1],
  ['less than a second is 0: the dictionary keeps a 0 for ever (S47)', { freshnessSec: 0.9 }, 0],
  [
    'NaN in Cache-Control ends as 0: the dictionary keeps a NaN for ever (S47)',
    { freshnessSec: Number.NaN },
    0,
  ],
  ['NaN in exp ends as 0 (S47)', { expiresAtSec: Number.NaN }, 0],
  ['NaN in the setting ends as 0 (S47)', { cacheTtlSec: Number.NaN }, 0],
  ['-Infinity ends as 0 (S47)', { expiresAtSec: Number.NEGATIVE_INFINITY }, 0],
  ['Infinity in exp ends at the setting (S47)', { expiresAtSec: Number.POSITIVE_INFINITY }, 300],
];

for (const [sentence, lifetimes, ttlSec] of ROWS) {
  test(`recordTtlSec: ${sentence}`, (t) => t.is(recordTtlSec(lifetimesWith(lifetimes), NOW_SEC, 0), ttlSec));
}

/** The largest number below 1, the largest that Math.random can give. */
const ALMOST_ONE = 1 - 2 ** -53;

const JITTERS: [sentence: string, lifetimes: Partial<Lifetimes>, random: number, ttlSec: number][] = [
  ['nothing at 0', {}, 0, 300],
  ['almost a tenth at almost 1', {}, ALMOST_ONE, 271],
  ['half of a tenth in the middle', {}, 0.5, 285],
  ['whole seconds: 300 less 29.7', {}, 0.99, 271],
  ['only whole seconds: less than one counts as 0', {}, 0.033, 300],
  ['the first second at a thirtieth', {}, 0.034, 290 + 9],
  ['of what Cache-Control leaves', { freshnessSec: 100 }, 0.5, 95],
  ['of what exp leaves', { expiresAtSec: NOW_SEC + 200 }, 0.5, 190],
  ['of the largest setting', { cacheTtlSec: 31536000 }, 0.5, 29959200],
  ['nothing of 1 second, so that a stored record stays stored', { cacheTtlSec: 1 }, ALMOST_ONE, 1],
  ['nothing of 9 seconds', { cacheTtlSec: 9 }, ALMOST_ONE, 9],
  ['nothing of 10 seconds', { cacheTtlSec: 10 }, ALMOST_ONE, 10],
  ['a second of 11, the shortest time that is shortened', { cacheTtlSec: 11 }, ALMOST_ONE, 10],
  ['of a time with a fraction whole seconds remain (S47)', { freshnessSec: 100.9 }, 0.5, 95],
  ['nothing of a time of 0, which is not stored', { cacheTtlSec: 0 }, ALMOST_ONE, 0],
  ['nothing of a time that has ended', { expiresAtSec: NOW_SEC - 1000 }, ALMOST_ONE, 0],
];

for (const [sentence, lifetimes, random, ttlSec] of JITTERS) {
  test(`recordTtlSec: chance takes off ${sentence}: tokens stored together do not end together (S71)`, (t) =>
    t.is(recordTtlSec(lifetimesWith(lifetimes), NOW_SEC, random), ttlSec));
}

test('recordTtlSec: chance takes off at most a tenth, and never lengthens (S62, S71)', (t) => {
  for (let cacheTtlSec = 1; cacheTtlSec <= 400; cacheTtlSec++) {
    for (const random of [0, 0.1, 0.5, 0.9, ALMOST_ONE]) {
      const ttlSec = recordTtlSec(lifetimesWith({ cacheTtlSec }), NOW_SEC, random);
      t.true(Number.isInteger(ttlSec) && ttlSec <= cacheTtlSec && ttlSec >= 0.9 * cacheTtlSec);
    }
  }
});

test('chanceOf: keys give numbers from 0 up to 1 that lie apart, so that tokens do not end together (S71)', (t) => {
  const chances = Array.from({ length: 1000 }, (_, i) => chanceOf(digest(`token ${i}`) as CacheKey));
  t.true(chances.every((chance) => chance >= 0 && chance < 1));
  const tenths = new Set(chances.map((chance) => Math.floor(chance * 10)));
  t.is(tenths.size, 10, 'some in every tenth of the range');
});

test('chanceOf: one key always gives the same number', (t) => {
  const key = digest('token') as CacheKey;
  t.is(chanceOf(key), chanceOf(key));
});
