import test from 'ava';
import { encodeRecord, isCountedAlike, type RecordTimes } from '../../../src/core/cache/write_record.js';
import { PolicyDefault } from '../../../src/core/settings/lines.js';
import type { PolicyText } from '../../../src/core/settings/request_text.js';
import { JWT, timesWith } from '../../support/records.js';

const LAYOUTS: [
  sentence: string,
  times: Partial<RecordTimes>,
  grants: string,
  metPolicy: string,
  record: string,
][] = [
  [
    'neither grants nor policy',
    {},
    '',
    '',
    '170000000017000000000000000000169999970017000036000006000060Bearer e30.e30.c2ln',
  ],
  [
    'only grants: the token was stored without a policy',
    {},
    'GRANTS',
    '',
    '170000000017000000000000000000169999970017000036000006000066GRANTSBearer e30.e30.c2ln',
  ],
  [
    'policy and grants, before the JWT',
    {},
    'GRANTS',
    'POLICY__',
    '170000000017000000000000000000169999970017000036000006800074POLICY__GRANTSBearer e30.e30.c2ln',
  ],
  [
    'the not-before time has its own place',
    { notBeforeSec: 1_699_999_701 },
    '',
    '',
    '170000000017000000001699999701169999970017000036000006000060Bearer e30.e30.c2ln',
  ],
  [
    'a record that no default location uses at once starts with zeros',
    { notBeforeSec: 1_699_999_761 },
    '',
    '',
    '000000000017000000001699999761169999970017000036000006000060Bearer e30.e30.c2ln',
  ],
  [
    'a token without exp ends in the last second that ten digits can name',
    { usableUntilSec: undefined },
    '',
    '',
    '170000000017000000000000000000169999970099999999990006000060Bearer e30.e30.c2ln',
  ],
  [
    'times of fewer digits get leading zeros',
    { expiresAtSec: 1, notBeforeSec: 23, storedAtSec: 456, usableUntilSec: 7890 },
    '',
    '',
    '000000000100000000010000000023000000045600000078900006000060Bearer e30.e30.c2ln',
  ],
  [
    'times of ten digits fill their place',
    {
      expiresAtSec: 9999999996,
      notBeforeSec: 9999999997,
      storedAtSec: 9999999998,
      usableUntilSec: 9999999999,
    },
    '',
    '',
    '999999999699999999969999999997999999999899999999990006000060Bearer e30.e30.c2ln',
  ],
];

for (const [sentence, times, grants, metPolicy, record] of LAYOUTS) {
  test(`encodeRecord: the layout that key.ts numbers: ${sentence}`, (t) =>
    t.is<string, string>(encodeRecord(timesWith(times), JWT, grants, metPolicy as PolicyText), record));
}

test('encodeRecord: what it knows the result of are the defaults of the settings: 300 and 60 seconds', (t) => {
  t.is(PolicyDefault.cacheTtlSec, 300);
  t.is(PolicyDefault.clockSkewSec, 60);
});

const COUNTED: [sentence: string, text: string, isAlike: boolean][] = [
  ['nothing', '', true],
  ['ASCII', 'read write', true],
  ['the last character before the surrogates', '\ud7ff', true],
  ['the first character behind them', '\ue000', true],
  ['the last character of the first plane', 'a\uffff', true],
  ['a character that JavaScript counts as two', 'a😀', false],
  ['the last character of all', '\u{10ffff}', false],
  ['half a character', '\ud800', false],
  ['the other half', 'a\udfff', false],
];

for (const [sentence, text, isAlike] of COUNTED) {
  test(`isCountedAlike: ${isAlike}: ${sentence}, so that neither engine cuts a record of the other at a wrong place`, (t) =>
    t.is(isCountedAlike(text), isAlike));
}
