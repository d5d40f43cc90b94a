import test from 'ava';
import {
  checkPlainText,
  checkRealm,
  checkScopes,
  checkWhole,
  checkWord,
} from '../../../src/core/settings/checks.js';

type Check = (value: string) => string | undefined;

const UTF16_CODE_UNITS = Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code));

/** What every number refuses, whatever its range. */
const NO_NUMBERS: [sentence: string, value: string][] = [
  ['a negative number', '-1'],
  ['a negative 0', '-0'],
  ['a sign', '+1'],
  ['a fraction', '1.5'],
  ['a point', '5.'],
  ['an exponent', '1e1'],
  ['a hexadecimal number', '0x10'],
  ['a digit separator', '1_0'],
  ['a unit, as in nginx', '6s'],
  ['a space before it', ' 6'],
  ['a space behind it', '6 '],
  ['a line break behind it', '6\n'],
  ['a space alone, which Number() takes for 0', ' '],
  ['nothing, which Number() takes for 0', ''],
  ['digits of another script', '\u0661'],
  ['a word', 'off'],
  ['no number', 'NaN'],
  ['no end', 'Infinity'],
];

const BELOW_60 = 'must be a whole number of seconds from 0 to 60, without a unit';

const NUMBERS: [sentence: string, value: string, isValid: boolean][] = [
  ['the least', '0', true],
  ['one above the least', '1', true],
  ['one below the largest', '59', true],
  ['the largest', '60', true],
  ['leading zeros', '00000060', true],
  ['one above the largest', '61', false],
  ['three digits above the largest', '100', false],
  ['eight digits above the largest', '99999999', false],
  ['nine digits, even of a small number', '000000006', false],
];

for (const [sentence, value, isValid] of NUMBERS) {
  test(`checkWhole: from 0 to 60 ${isValid ? 'takes' : 'refuses'} ${sentence}: "${value}"`, (t) =>
    t.is(checkWhole(value, 0, 60, 'seconds'), isValid ? undefined : BELOW_60));
}

for (const [sentence, value] of NO_NUMBERS) {
  test(`checkWhole: from 0 refuses ${sentence}: ${JSON.stringify(value)}`, (t) =>
    t.is(checkWhole(value, 0, 60, 'seconds'), BELOW_60));
}

test('checkWhole: names the limits and what is counted', (t) => {
  t.is(checkWhole('3', 2, 3, 'failures'), undefined);
  t.is(checkWhole('4', 2, 3, 'failures'), 'must be a whole number of failures from 2 to 3, without a unit');
});

const YEAR = 31536000;

const SECONDS: [sentence: string, value: string, isValid: boolean][] = [
  ['the least', '0', true],
  ['one below the largest', '31535999', true],
  ['the largest, a year', '31536000', true],
  ['one above the largest', '31536001', false],
  ['a unit, as in nginx', '60s', false],
];

for (const [sentence, value, isValid] of SECONDS) {
  test(`checkWhole: up to a year ${isValid ? 'takes' : 'refuses'} ${sentence}: "${value}"`, (t) =>
    t.is(
      checkWhole(value, 0, YEAR, 'seconds'),
      isValid ? undefined : 'must be a whole number of seconds from 0 to 31536000, without a unit',
    ));
}

const FROM_1 = 'must be a whole number of seconds from 1 to 60, without a unit';

const TIMEOUTS: [sentence: string, value: string, isValid: boolean][] = [
  ['0: a lock without time would not lock', '0', false],
  ['two zeros, which are 0', '00', false],
  ['a leading zero', '05', true],
  ['the least', '1', true],
  ['one above the least', '2', true],
  ['ten, which ends with a 0', '10', true],
  ['one below the largest', '59', true],
  ['the largest', '60', true],
  ['one above the largest', '61', false],
  ['three digits', '100', false],
];

for (const [sentence, value, isValid] of TIMEOUTS) {
  test(`checkWhole: from 1 to 60 ${isValid ? 'takes' : 'refuses'} ${sentence}: "${value}" (S72)`, (t) =>
    t.is(checkWhole(value, 1, 60, 'seconds'), isValid ? undefined : FROM_1));
}

for (const [sentence, value] of NO_NUMBERS) {
  test(`checkWhole: from 1 refuses ${sentence}: ${JSON.stringify(value)} (S72)`, (t) =>
    t.is(checkWhole(value, 1, 60, 'seconds'), FROM_1));
}

const JWT_LENGTHS: [sentence: string, value: string, isValid: boolean][] = [
  ['the least', '1', true],
  ['one above the least', '2', true],
  ['one below the largest', '1048575', true],
  ['the largest, 1 MiB', '1048576', true],
  ['one above the largest', '1048577', false],
  ['seven digits above the largest', '9999999', false],
  ['eight digits', '10485760', false],
  ['nine digits, even of a small number', '000000100', false],
  ['0, which would refuse every JWT', '0', false],
  ['a leading zero', '0100', true],
  ['a negative number', '-1', false],
  ['a sign', '+1', false],
  ['a fraction', '1.5', false],
  ['an exponent', '1e3', false],
  ['a hexadecimal number', '0x10', false],
  ['a unit, as in nginx', '64k', false],
  ['a space before it', ' 100', false],
  ['a space behind it', '100 ', false],
  ['a word', 'unlimited', false],
];

for (const [sentence, value, isValid] of JWT_LENGTHS) {
  test(`checkWhole: from 1 to 1 MiB ${isValid ? 'takes' : 'refuses'} ${sentence}: "${value}" (S38)`, (t) =>
    t.is(
      checkWhole(value, 1, 1048576, 'characters'),
      isValid ? undefined : 'must be a whole number of characters from 1 to 1048576, without a unit',
    ));
}

const ONE_OF: [sentence: string, value: string, isValid: boolean][] = [
  ['the first word', 'one', true],
  ['the last word', 'two', true],
  ['another word', 'three', false],
  ['another case', 'One', false],
  ['the start of a word', 'on', false],
  ['a longer word', 'ones', false],
  ['a space before it', ' one', false],
  ['a space behind it', 'one ', false],
  ['two words', 'one, two', false],
  ['all words, as the table has them', 'one two', false],
  ['nothing', '', false],
  ['what every object has', 'length', false],
];

for (const [sentence, value, isValid] of ONE_OF) {
  test(`checkWord: ${isValid ? 'takes' : 'refuses'} ${sentence}: "${value}"`, (t) =>
    t.is(checkWord(value, 'one two'), isValid ? undefined : 'must be one of one, two'));
}

const isScopeCharacter = (code: number) => code >= 0x20 && code <= 0x7e && code !== 0x22 && code !== 0x5c;
const isTextCharacter = (code: number) => code >= 0x20 && code !== 0x7f;

const ALPHABETS: [
  name: string,
  check: Check,
  start: string,
  isAllowed: (code: number) => boolean,
  source: string,
][] = [
  ['checkScopes', checkScopes, 'a', isScopeCharacter, 'RFC 6749 §3.3, S104'],
  ['checkPlainText', checkPlainText, 'a', isTextCharacter, 'one line of a record or of joined settings'],
  ['checkRealm', checkRealm, 'a', isScopeCharacter, 'RFC 9110 §5.6.4 without a backslash, S104'],
];

for (const [name, check, start, isAllowed, source] of ALPHABETS) {
  test(`${name}: of all UTF-16 code units takes behind ${start} only its own (${source})`, (t) => {
    const allowed = UTF16_CODE_UNITS.filter((unit) => isAllowed(unit.charCodeAt(0)));
    for (const end of ['', 'z']) {
      t.deepEqual(
        UTF16_CODE_UNITS.filter((unit) => check(start + unit + end) === undefined),
        allowed,
      );
    }
  });
}

const TEXTS: [name: string, check: Check, empty: string | undefined, bad: string, problem: string][] = [
  ['checkScopes', checkScopes, undefined, 'a"b', 'must be scopes separated by spaces (RFC 6749 §3.3)'],
  ['checkPlainText', checkPlainText, undefined, 'a\tb', 'must not hold control characters'],
  [
    'checkRealm',
    checkRealm,
    'must be printable ASCII without quotes and backslashes',
    'a"b',
    'must be printable ASCII without quotes and backslashes',
  ],
];

for (const [name, check, empty, bad, problem] of TEXTS) {
  test(`${name}: ${empty === undefined ? 'takes' : 'refuses'} an empty text, and says what a bad one must be (S101)`, (t) => {
    t.is(check(''), empty);
    t.is(check('a b'), undefined);
    t.is(check(bad), problem);
  });
}

test('checkScopes: spaces around scopes are accepted, only spaces are not: they would require nothing (S57)', (t) => {
  t.is(checkScopes(' a  b '), undefined);
  t.is(checkScopes(' '), 'must be scopes separated by spaces (RFC 6749 §3.3)');
  t.is(checkScopes('   '), 'must be scopes separated by spaces (RFC 6749 §3.3)');
});
