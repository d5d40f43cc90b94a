import test from 'ava';
import { namesBinding } from '../../../src/core/sender/named_binding.js';
import { makeJwt } from '../../support/jwt.js';

const JKT = 'j'.repeat(43);
const X5T = 'x'.repeat(43);

type Row = [sentence: string, payload: object, binding: { jkt: string; x5t: string }, expected: boolean];

const ROWS: Row[] = [
  ['the same key', { cnf: { jkt: JKT } }, { jkt: JKT, x5t: '' }, true],
  ['the same certificate', { cnf: { 'x5t#S256': X5T } }, { jkt: '', x5t: X5T }, true],
  ['both', { cnf: { jkt: JKT, 'x5t#S256': X5T } }, { jkt: JKT, x5t: X5T }, true],
  ['no cnf', {}, { jkt: JKT, x5t: '' }, false],
  ['another key', { cnf: { jkt: X5T } }, { jkt: JKT, x5t: '' }, false],
  ['one of two', { cnf: { jkt: JKT } }, { jkt: JKT, x5t: X5T }, false],
  ['a cnf that cannot be checked', { cnf: { kid: 'a' } }, { jkt: JKT, x5t: '' }, false],
];

for (const [sentence, payload, binding, expected] of ROWS) {
  test(`namesBinding: ${sentence}: ${expected} (RFC 7800 §3.1)`, (t) =>
    t.is(namesBinding(makeJwt(payload as never), binding), expected));
}

test('namesBinding: what is no JWT names nothing', (t) => t.false(namesBinding('a', { jkt: JKT, x5t: '' })));
