import test from 'ava';
import * as cacheControl from '../../../src/core/cache/cache_control.js';

/** Both read what {@link cacheControl.parseCacheControl} made of the header. */
function freshnessSec(header: string, age: string): number | undefined {
  return cacheControl.freshnessSec(cacheControl.parseCacheControl(header), age);
}

function forbidsStale(header: string): boolean {
  return cacheControl.forbidsStale(cacheControl.parseCacheControl(header));
}

type Row = [sentence: string, cacheControl: string, expectedSec: number | undefined];

const CACHE_CONTROL: Row[] = [
  ['undefined when there is no header: the server names no lifetime', '', undefined],
  ['max-age is the lifetime (RFC 9111 §5.2.2.1)', 'max-age=60', 60],
  ['max-age=0 is "do not store" (RFC 9111 §5.2.2.1, S56)', 'max-age=0', 0],
  ['max-age=1 is one second', 'max-age=1', 1],
  ['s-maxage is the lifetime (RFC 9111 §5.2.2.10)', 's-maxage=60', 60],
  ['s-maxage=0 is "do not store" (RFC 9111 §5.2.2.10, S56)', 's-maxage=0', 0],
  [
    'a longer s-maxage overrides max-age: the cache is shared (RFC 9111 §5.2.2.10)',
    'max-age=10, s-maxage=60',
    60,
  ],
  ['a shorter s-maxage overrides max-age, in any order (RFC 9111 §5.2.2.10)', 's-maxage=10, max-age=60', 10],
  ['s-maxage=0 overrides max-age (RFC 9111 §5.2.2.10, S56)', 's-maxage=0, max-age=60', 0],
  ['no-store is 0 (RFC 9111 §5.2.2.5, S56)', 'no-store', 0],
  ['no-cache is 0: nothing is revalidated here (RFC 9111 §5.2.2.4, S56)', 'no-cache', 0],
  ['private is 0: the cache is shared (RFC 9111 §5.2.2.7)', 'private', 0],
  ['no-store wins over a max-age before it (RFC 9111 §5.2.2.5, S56)', 'max-age=60, no-store', 0],
  ['no-store wins over a max-age after it (RFC 9111 §5.2.2.5, S56)', 'no-store, max-age=60', 0],
  ['no-cache wins over max-age (RFC 9111 §5.2.2.4)', 'max-age=60, no-cache', 0],
  ['private wins over s-maxage (RFC 9111 §5.2.2.7)', 's-maxage=60, private', 0],
  [
    'no-cache that names fields is 0, too: the stricter reading (RFC 9111 §5.2.2.4)',
    'no-cache="set-cookie", max-age=60',
    0,
  ],
  [
    'private that names fields is 0, too: the stricter reading (RFC 9111 §5.2.2.7)',
    'private="a, b", max-age=60',
    0,
  ],
  ['directives are case-insensitive (RFC 9111 §5.2)', 'Max-Age=60', 60],
  ['directives that forbid are case-insensitive (RFC 9111 §5.2)', 'NO-STORE', 0],
  ['s-maxage is case-insensitive (RFC 9111 §5.2)', 'S-MaxAge=60', 60],
  ['of two max-age the smaller counts, here the first (RFC 9111 §4.2.1, S56)', 'max-age=10, max-age=60', 10],
  ['of two max-age the smaller counts, here the second (RFC 9111 §4.2.1, S56)', 'max-age=60, max-age=10', 10],
  [
    'of two s-maxage the smaller counts, here the first (RFC 9111 §4.2.1, S56)',
    's-maxage=10, s-maxage=60',
    10,
  ],
  [
    'of two s-maxage the smaller counts, here the second (RFC 9111 §4.2.1, S56)',
    's-maxage=60, s-maxage=10',
    10,
  ],
  ['unknown directives are ignored (RFC 9111 §5.2.3)', 'foo=1, max-age=60, bar', 60],
  ['only unknown directives name no lifetime (RFC 9111 §5.2.3)', 'foo=1, bar="x"', undefined],
  [
    'must-revalidate and the like neither forbid nor name a lifetime',
    'public, must-revalidate, no-transform',
    undefined,
  ],
  ['a directive whose name only ends like a known one is unknown', 'x-no-store, xmax-age=5', undefined],
  [
    'a directive whose name only starts like a known one is unknown',
    'no-store2, max-age2=5, privately',
    undefined,
  ],
  [
    'a directive within a quoted value does not count (RFC 9111 §5.2)',
    'foo="no-store, max-age=1", max-age=60',
    60,
  ],
  [
    'a backslash escapes a quote within a quoted value (RFC 9110 §5.6.4)',
    'foo="a\\", no-store, \\"", max-age=60',
    60,
  ],
  ['a quote that never ends hides nothing: the stricter reading', 'foo="a, no-store', 0],
  ['the value may be quoted (RFC 9111 §5.2: both forms)', 'max-age="60"', 60],
  ['a quoted value that is not a number is stale (RFC 9111 §4.2.1)', 'max-age="60s"', 0],
  ['an empty quoted value is stale (RFC 9111 §4.2.1)', 'max-age=""', 0],
  ['spaces around "=" are tolerated', 'max-age = 60', 60],
  ['commas without spaces separate (RFC 9110 §5.6.1)', 'public,max-age=60', 60],
  ['empty list elements are ignored (RFC 9110 §5.6.1)', ' , ,max-age=60,,', 60],
  ['a tab may stand between directives (RFC 9110 §5.6.3)', 'public,\tmax-age=60', 60],
  ['a missing comma does not hide no-store: the stricter reading', 'max-age=60 no-store', 0],
  ['a wrong separator does not hide no-store: the stricter reading', 'max-age=60; no-store', 0],
  ['max-age without a value is stale (RFC 9111 §4.2.1)', 'max-age', 0],
  ['max-age with an empty value is stale (RFC 9111 §4.2.1)', 'max-age=', 0],
  ['s-maxage without a value is stale, with any max-age (RFC 9111 §4.2.1)', 's-maxage, max-age=60', 0],
  ['a negative value is stale (RFC 9111 §1.2.2, §4.2.1)', 'max-age=-1', 0],
  ['a signed value is stale (RFC 9111 §1.2.2)', 'max-age=+60', 0],
  ['a fraction is stale (RFC 9111 §1.2.2: digits only)', 'max-age=1.5', 0],
  ['an exponent is stale (RFC 9111 §1.2.2: digits only)', 'max-age=1e3', 0],
  ['a hexadecimal value is stale (RFC 9111 §1.2.2: digits only)', 'max-age=0x10', 0],
  ['a unit makes the value stale (RFC 9111 §1.2.2: digits only)', 'max-age=60s', 0],
  ['leading zeros are digits (RFC 9111 §1.2.2)', 'max-age=0060', 60],
  ['2^31 - 1 is used unchanged (RFC 9111 §1.2.2)', 'max-age=2147483647', 2147483647],
  ['2^31 is used unchanged (RFC 9111 §1.2.2)', 'max-age=2147483648', 2147483648],
  ['one above 2^31 is 2^31 (RFC 9111 §1.2.2, S56)', 'max-age=2147483649', 2147483648],
  [
    'a value beyond every number is 2^31, never Infinity (RFC 9111 §1.2.2, S47)',
    `max-age=${'9'.repeat(400)}`,
    2147483648,
  ],
];

for (const [sentence, header, expectedSec] of CACHE_CONTROL) {
  test(`freshnessSec: ${sentence}: ${header.slice(0, 60)}`, (t) =>
    t.is(freshnessSec(header, ''), expectedSec));
}

const AGE: [sentence: string, cacheControl: string, age: string, expectedSec: number | undefined][] = [
  ['Age is subtracted from max-age (RFC 9111 §4.2.3)', 'max-age=60', '10', 50],
  ['Age is subtracted from s-maxage (RFC 9111 §4.2.3)', 's-maxage=60', '10', 50],
  ['Age 0 subtracts nothing', 'max-age=60', '0', 60],
  ['an age one second below the lifetime', 'max-age=60', '59', 1],
  ['an age equal to the lifetime is "do not store" (RFC 9111 §4.2)', 'max-age=60', '60', 0],
  ['an age beyond the lifetime is 0, never negative (RFC 9111 §4.2)', 'max-age=60', '61', 0],
  ['an age that overflows is 2^31: stale (RFC 9111 §1.2.2)', 'max-age=60', '9'.repeat(400), 0],
  [
    'an age of 2^31 is as long as the longest lifetime (RFC 9111 §1.2.2)',
    'max-age=9999999999',
    '9999999999',
    0,
  ],
  ['of a list the first member counts: here the smallest (RFC 9111 §5.1)', 'max-age=60', '10, 20', 50],
  ['of a list the first member counts: here the largest (RFC 9111 §5.1)', 'max-age=60', '20,10', 40],
  ['a list of which only the first is a number', 'max-age=60', '10, soon', 50],
  ['a list whose first member is not a number is ignored (RFC 9111 §5.1)', 'max-age=60', 'soon, 10', 60],
  ['a list whose first member is empty is ignored (RFC 9111 §5.1)', 'max-age=60', ',10', 60],
  ['white space around it is ignored (RFC 9110 §5.6.1)', 'max-age=60', ' 10\t, 20', 50],
  ['two numbers without a comma are no number', 'max-age=60', '10 20', 60],
  ['Age alone names no lifetime', '', '10', undefined],
  ['Age does not override no-store (RFC 9111 §5.2.2.5)', 'no-store, max-age=60', '0', 0],
  ['an invalid age is ignored (RFC 9111 §5.1)', 'max-age=60', 'soon', 60],
  ['a negative age is invalid and ignored: it never lengthens (RFC 9111 §5.1)', 'max-age=60', '-10', 60],
];

for (const [sentence, header, age, expectedSec] of AGE) {
  test(`freshnessSec: Age: ${sentence}`, (t) => t.is(freshnessSec(header, age), expectedSec));
}

test('freshnessSec: a header whose reading stopped in the middle does not hide the start of the next one (S82)', (t) => {
  t.is(freshnessSec('max-age=60, public, no-store', ''), 0);
  t.is(freshnessSec('no-store', ''), 0);
  t.is(freshnessSec('max-age=1, public, no-store', ''), 0);
  t.is(freshnessSec('max-age=5, public', ''), 5);
});

const STALE: [sentence: string, cacheControl: string, isForbidden: boolean][] = [
  ['no header forbids nothing', '', false],
  ['a lifetime forbids nothing', 'max-age=60', false],
  ['must-revalidate does (RFC 9111 §5.2.2.2)', 'max-age=60, must-revalidate', true],
  ['proxy-revalidate forbids: the cache is shared (RFC 9111 §5.2.2.8)', 'proxy-revalidate, max-age=60', true],
  ['s-maxage forbids: it includes proxy-revalidate (RFC 9111 §5.2.2.10)', 's-maxage=60', true],
  ['directives are case-insensitive (RFC 9111 §5.2)', 'max-age=60, Must-Revalidate', true],
  [
    'a directive within a quoted value does not count (RFC 9111 §5.2)',
    'foo="must-revalidate", max-age=60',
    false,
  ],
  ['a directive whose name only ends like a known one is unknown', 'x-must-revalidate, max-age=60', false],
  ['an argument changes nothing (RFC 9111 §5.2.3)', 'must-revalidate=0, max-age=60', true],
];

for (const [sentence, header, isForbidden] of STALE) {
  test(`forbidsStale: ${sentence}: ${header}`, (t) => t.is(forbidsStale(header), isForbidden));
}

test('a directive counts with any character behind it that no token has, as engines differ in which of them are spaces (RFC 9111 §5.2)', (t) => {
  for (const character of ['\u00A0', '\u2028', '\uFEFF', '\u0085', ':']) {
    t.is(freshnessSec(`max-age=60, no-store${character}`, ''), 0);
    t.is(freshnessSec(`${character}no-store, max-age=60`, ''), 0);
    t.is(freshnessSec(`max-age=60${character}`, ''), 0); // no number
  }
});

test('parseCacheControl: another header gives its own directives, and the first one its own again: none is that of the last answer', (t) => {
  t.is(freshnessSec('max-age=60', ''), 60);
  t.is(freshnessSec('no-store', ''), 0);
  t.is(freshnessSec('', ''), undefined);
  t.is(freshnessSec('max-age=60', ''), 60);
});
