import test from 'ava';
import { type Lifetimes, recordTtlSec } from '../../src/core/ttl.js';

const NOW_SEC = 1_700_000_000;

function lifetimesWith(changes: Partial<Lifetimes>): Lifetimes {
  return { freshnessSec: undefined, expiresAtSec: undefined, cacheTtlSec: 300, ...changes };
}

const ROWS: [sentence: string, lifetimes: Partial<Lifetimes>, ttlSec: number][] = [
  ['without exp and Cache-Control the setting alone bounds, never "unlimited" (S46)', {}, 300],
  [
    'the setting 0 is no caching, whatever else is said',
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
    'of all three the least counts: the setting',
    { cacheTtlSec: 10, freshnessSec: 20, expiresAtSec: NOW_SEC + 30 },
    10,
  ],
  [
    'of all three the least counts: Cache-Control',
    { cacheTtlSec: 30, freshnessSec: 10, expiresAtSec: NOW_SEC + 20 },
    10,
  ],
  [
    'of all three the least counts: exp',
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
  test(`recordTtlSec: ${sentence}`, (t) => t.is(recordTtlSec(lifetimesWith(lifetimes), NOW_SEC), ttlSec));
}
