import test from 'ava';
import { parseBearer } from '../../../src/core/request/bearer.js';
import { isB64Token } from '../../../src/core/request/token_grammar.js';
import { TokenLength } from '../../../src/core/request/token_length.js';

const MISSING = { kind: 'refused', reason: 'token_missing' } as const;
const MALFORMED = { kind: 'refused', reason: 'token_malformed' } as const;
const ALPHABET = /[A-Za-z0-9\-._~+/]/;
const UTF16_CODE_UNITS = Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code));

const ACCEPTED: [sentence: string, authorization: string, token: string][] = [
  ['takes the token after "Bearer" and one space (RFC 6750 §2.1)', 'Bearer abc', 'abc'],
  ['takes a token of one character (RFC 6750 §2.1: 1*)', 'Bearer a', 'a'],
  [
    'takes any number of spaces, which are not part of the token (RFC 6750 §2.1: 1*SP)',
    'Bearer    abc',
    'abc',
  ],
  ['keeps the padding at the end (RFC 6750 §2.1: *"=")', 'Bearer abc===', 'abc==='],
  ['takes every kind of character that the grammar names (RFC 6750 §2.1)', 'Bearer aZ09-._~+/', 'aZ09-._~+/'],
  [
    'keeps the case of the token; only the scheme is case-insensitive (RFC 9110 §11.1, S2)',
    'bEARER aBc',
    'aBc',
  ],
  ['treats a token that looks like a JWT like any other (S15)', 'Bearer e30.e30.x', 'e30.e30.x'],
  ['accepts the word "Bearer" as a token, too', 'Bearer Bearer', 'Bearer'],
];

for (const [sentence, authorization, token] of ACCEPTED) {
  test(`parseBearer: ${sentence}`, (t) => t.deepEqual(parseBearer(authorization), { kind: 'token', token }));
}

const WITHOUT_CREDENTIAL: [sentence: string, authorization: string][] = [
  ['an absent or empty header is no credential (RFC 6750 §3.1, S11)', ''],
  ['the scheme alone is no credential (RFC 6750 §3.1, S11)', 'Bearer'],
  ['the scheme and a space are no credential (RFC 6750 §3.1, S11)', 'Bearer '],
  ['the scheme and many spaces are no credential (RFC 6750 §3.1, S11)', 'Bearer    '],
  ['a part of the scheme is another scheme (S3)', 'Beare abc'],
  ['a longer scheme is another scheme (S3)', 'BearerX abc'],
  ['a token directly after the scheme makes another scheme (S3)', 'Bearerabc'],
  ['a tab does not end the scheme (RFC 6750 §2.1: 1*SP, S5)', 'Bearer\tabc'],
  ['another scheme is no bearer credential (RFC 6750 §3.1, S20)', 'Basic YTpi'],
  ['DPoP is another scheme (RFC 9449 §7.1)', 'DPoP abc'],
  ['a bearer credential after another one is not looked for (S4)', 'Basic x, Bearer abc'],
  ['after another scheme of the same length the next word is not taken as a token (S4)', 'Digest Bearer'],
  ['a space before the scheme is not skipped: nginx has trimmed the value (RFC 9110 §5.5)', ' Bearer abc'],
  ['a bare token has no scheme', 'abc'],
];

for (const [sentence, authorization] of WITHOUT_CREDENTIAL) {
  test(`parseBearer: token_missing: ${sentence}`, (t) => t.deepEqual(parseBearer(authorization), MISSING));
}

const OUTSIDE_THE_GRAMMAR: [sentence: string, authorization: string][] = [
  ['a tab after the space (S5)', 'Bearer \tabc'],
  ['a tab after the token (S5)', 'Bearer abc\t'],
  ['a space after the token (S5)', 'Bearer abc '],
  ['two tokens with a space, which is never deleted (S5)', 'Bearer ab c'],
  ['two credentials in one header (S1)', 'Bearer abc, Bearer def'],
  ['a list of tokens', 'Bearer abc,def'],
  ['a quoted token', 'Bearer "abc"'],
  ['a parameter instead of a token', 'Bearer token="abc"'],
  ['only padding: the grammar requires a character before it', 'Bearer ='],
  ['padding in the middle', 'Bearer a=b'],
  ['a form parameter after the token (S16)', 'Bearer abc&client_id=x'],
  ['a percent-encoded character', 'Bearer abc%2B'],
  ['a line feed at the end, which $ must not overlook (S8)', 'Bearer abc\n'],
  ['the replacement character, by which nginx replaces invalid bytes (S7)', 'Bearer abc\uFFFD'],
];

for (const [sentence, authorization] of OUTSIDE_THE_GRAMMAR) {
  test(`parseBearer: token_malformed: ${sentence} (RFC 6750 §2.1, S6)`, (t) =>
    t.deepEqual(parseBearer(authorization), MALFORMED));
}

test('parseBearer: of all UTF-16 code units a token may have only those of b64token (RFC 6750 §2.1, S6, S7, S8)', (t) => {
  const accepted = UTF16_CODE_UNITS.filter((unit) => parseBearer(`Bearer a${unit}b`).kind === 'token');
  const allowed = UTF16_CODE_UNITS.filter((unit) => ALPHABET.test(unit));
  t.is(allowed.length, 26 + 26 + 10 + 6);
  t.deepEqual(accepted, allowed);
});

test('parseBearer: the scheme is "Bearer" in capital or small letters, but no similar characters (RFC 9110 §11.1, S2, S3)', (t) => {
  for (let i = 0; i < 'bearer'.length; i++) {
    const accepted = UTF16_CODE_UNITS.filter((unit) => {
      const scheme = 'bearer'.slice(0, i) + unit + 'bearer'.slice(i + 1);
      return parseBearer(`${scheme} abc`).kind === 'token';
    });
    const letter = 'bearer'.charAt(i);
    t.deepEqual(accepted, [letter.toUpperCase(), letter], `at position ${i}`);
  }
});

test('TokenLength.max: is 4096, below the 8 kB that nginx accepts as one header line (S10)', (t) => {
  t.is(TokenLength.max, 4096);
});

const LENGTHS: [sentence: string, token: string, kind: 'token' | 'refused'][] = [
  ['one character below the limit is a token', 'a'.repeat(4095), 'token'],
  ['exactly the limit is a token', 'a'.repeat(4096), 'token'],
  ['one character above the limit is malformed', 'a'.repeat(4097), 'refused'],
  ['the padding counts: exactly the limit', `${'a'.repeat(4094)}==`, 'token'],
  ['the padding counts: one above', `${'a'.repeat(4095)}==`, 'refused'],
  ['the spaces before the token do not count', ' '.repeat(10) + 'a'.repeat(4096), 'token'],
];

for (const [sentence, token, kind] of LENGTHS) {
  test(`parseBearer: length: ${sentence} (S10)`, (t) => {
    const expected = kind === 'token' ? { kind, token: token.trim() } : MALFORMED;
    t.deepEqual(parseBearer(`Bearer ${token}`), expected);
  });
}

const TOKENS: [sentence: string, text: string, isToken: boolean][] = [
  ['one character', 'a', true],
  ['every kind of character that the grammar names', 'aZ09-._~+/', true],
  ['padding behind it', 'abc==', true],
  ['padding alone', '=', false],
  ['padding in the middle', 'a=b', false],
  ['an empty text', '', false],
  ['a space', 'a b', false],
  ['a space before it', ' abc', false],
  ['a line feed behind it, which $ must not overlook (S8)', 'abc\n', false],
  ['a scheme before it: a token, not a header', 'Bearer abc', false],
  ['a line of its own for another token (S59)', 'abc\nabc', false],
  ['the longest', 'a'.repeat(4096), true],
  ['one character above the longest (S10)', 'a'.repeat(4097), false],
  ['padding above the longest (S10)', `${'a'.repeat(4096)}=`, false],
];

for (const [sentence, text, isToken] of TOKENS) {
  test(`isB64Token: ${isToken ? 'may be' : 'is not'} ${sentence} (RFC 6750 §2.1, S6)`, (t) =>
    t.is(isB64Token(text), isToken));
}

test('isB64Token: accepts the same tokens as parseBearer, so that a purge ends the token that was stored (S62)', (t) => {
  for (const [, text] of TOKENS.filter(([, text]) => !text.startsWith(' ') && text !== '')) {
    t.is(isB64Token(text), parseBearer(`Bearer ${text}`).kind === 'token', text.slice(0, 20));
  }
});
