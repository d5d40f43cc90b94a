import test from 'ava';
import { confirmationOf, readBinding } from '../../../src/core/sender/binding.js';
import type { JsonObject } from '../../../src/core/text/json.js';

const JKT = '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I';
const X5T = 'bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2';
const cnf = (members: JsonObject): JsonObject => ({ cnf: members });

const BINDINGS: [sentence: string, sources: JsonObject[], expected: string][] = [
  ['a key', [cnf({ jkt: JKT })], `${JKT}|`],
  ['a certificate', [cnf({ 'x5t#S256': X5T })], `|${X5T}`],
  ['both', [cnf({ jkt: JKT, 'x5t#S256': X5T })], `${JKT}|${X5T}`],
  ['the JWT alone', [{}, cnf({ jkt: JKT })], `${JKT}|`],
  ['both sources, alike', [cnf({ jkt: JKT }), cnf({ jkt: JKT })], `${JKT}|`],
  [
    'each source another way: both have to be met',
    [cnf({ jkt: JKT }), cnf({ 'x5t#S256': X5T })],
    `${JKT}|${X5T}`,
  ],
  ['the type DPoP with its key', [{ token_type: 'DPoP', ...cnf({ jkt: JKT }) }], `${JKT}|`],
  [
    'another type with a certificate alone',
    [{ token_type: 'Bearer', ...cnf({ 'x5t#S256': X5T }) }],
    `|${X5T}`,
  ],
  ['members beside it are ignored (RFC 7800 §3.1)', [cnf({ jkt: JKT, kid: 'k' })], `${JKT}|`],
  ['two sources that differ', [cnf({ jkt: JKT }), cnf({ jkt: X5T })], 'none'],
  ['the type DPoP without a key', [{ token_type: 'DPoP' }], 'none'],
  ['the type DPoP with a certificate alone', [{ token_type: 'dpop', ...cnf({ 'x5t#S256': X5T }) }], 'none'],
  [
    'the type DPoP in one source, a certificate alone in the other',
    [{ token_type: 'DPoP' }, cnf({ 'x5t#S256': X5T })],
    'none',
  ],
  ['nothing that binds', [{}], 'none'],
  ['an empty cnf', [cnf({})], 'none'],
  ['an empty cnf beside a good one', [cnf({ jkt: JKT }), cnf({})], 'none'],
  ['another kind of key', [cnf({ jwk: { kty: 'EC' } })], 'none'],
  ['a thumbprint that is too short', [cnf({ jkt: 'abc' })], 'none'],
  ['a thumbprint with a character before it', [cnf({ jkt: `A${JKT}` })], 'none'],
  ['a thumbprint with a character behind it', [cnf({ jkt: `${JKT}A` })], 'none'],
  ['a thumbprint with another character', [cnf({ jkt: `${JKT.slice(1)}=` })], 'none'],
  ['a thumbprint with a line break', [cnf({ jkt: `${JKT}\n` })], 'none'],
  ['a thumbprint that is no text', [cnf({ jkt: [JKT] })], 'none'],
  ['one that is empty', [cnf({ jkt: '' })], 'none'],
  ['a good key and a broken certificate', [cnf({ jkt: JKT, 'x5t#S256': 7 })], 'none'],
];

for (const [sentence, sources, expected] of BINDINGS) {
  test(`readBinding: ${sentence}: ${expected === 'none' ? 'cannot be checked, so the token is refused' : 'is known'} (RFC 7800 §3.1, S14)`, (t) => {
    const binding = readBinding(sources);
    t.is(binding === undefined ? 'none' : `${binding.jkt}|${binding.x5t}`, expected);
  });
}

test('confirmationOf: the members that the gateway has checked (RFC 7800 §3.1)', (t) => {
  t.deepEqual(confirmationOf({ jkt: JKT, x5t: '' }), { jkt: JKT });
  t.deepEqual(confirmationOf({ jkt: '', x5t: X5T }), { 'x5t#S256': X5T });
  t.deepEqual(confirmationOf({ jkt: JKT, x5t: X5T }), { jkt: JKT, 'x5t#S256': X5T });
});
