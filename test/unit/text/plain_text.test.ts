import test from 'ava';
import { isPlainText } from '../../../src/core/text/plain_text.js';

test('isPlainText: of all UTF-16 code units only C0 controls and DEL are refused, wherever they stand', (t) => {
  for (const surround of [
    (unit: string) => unit,
    (unit: string) => `a${unit}b`,
    (unit: string) => `ab${unit}`,
  ]) {
    const refused = Array.from({ length: 0x10000 }, (_, code) => code).filter(
      (code) => !isPlainText(surround(String.fromCharCode(code))),
    );
    t.deepEqual(refused, [...Array.from({ length: 0x20 }, (_, code) => code), 0x7f]);
  }
});

test('isPlainText: the empty text is plain', (t) => {
  t.true(isPlainText(''));
});

test('isPlainText: a line break after other lines is found (S104)', (t) => {
  t.false(isPlainText('a\nb\nc'));
});
