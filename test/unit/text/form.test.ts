import test from 'ava';
import { formEncode } from '../../../src/core/text/form.js';

const ENCODED: [sentence: string, text: string, encoded: string][] = [
  ['an empty text stays empty', '', ''],
  ['letters, digits and * - . _ stay', 'aZ09*-._', 'aZ09*-._'],
  ['a space is a + (RFC 6749 Appendix B)', 'a b  c', 'a+b++c'],
  ['a + is not read as a space (S16)', 'a+b', 'a%2Bb'],
  ['what separates fields (S16)', 'a&b=c;d', 'a%26b%3Dc%3Bd'],
  ['a colon, which separates id and secret (RFC 6749 §2.3.1)', 'a:b', 'a%3Ab'],
  ['a percent sign, so that nothing is decoded twice', '%41%', '%2541%25'],
  ['what encodeURIComponent leaves', "!'()~", '%21%27%28%29%7E'],
  ['each of many such characters', "!!''(())~~", '%21%21%27%27%28%28%29%29%7E%7E'],
  ['a slash and a question mark', 'a/b?c', 'a%2Fb%3Fc'],
  ['a line break (S103)', '\r\n', '%0D%0A'],
  ['text outside ASCII as UTF-8 (RFC 6749 Appendix B)', ' %&+£€', '+%25%26%2B%C2%A3%E2%82%AC'],
  ['a character of two UTF-16 code units', '😀', '%F0%9F%98%80'],
];

for (const [sentence, text, encoded] of ENCODED) {
  test(`formEncode: ${sentence}`, (t) => t.is(formEncode(text), encoded));
}

test('formEncode: of all UTF-16 code units gives what the form encoding of URLs gives (RFC 6749 Appendix B)', (t) => {
  const isSurrogate = (code: number) => code >= 0xd800 && code <= 0xdfff;
  const different = Array.from({ length: 0x10000 }, (_, code) => code).filter((code) => {
    const text = `a${String.fromCharCode(code)}b`;
    return !isSurrogate(code) && `x=${formEncode(text)}` !== new URLSearchParams({ x: text }).toString();
  });
  t.deepEqual(different, []);
});
