import test from 'ava';
import { isScopeList, splitScopes } from '../../../src/core/token/scope.js';

test('isScopeList: of all UTF-16 code units a scope list holds %x21 / %x23-5B / %x5D-7E and the space (RFC 6749 §3.3)', (t) => {
  const isAllowed = (code: number) => code >= 0x20 && code <= 0x7e && code !== 0x22 && code !== 0x5c;
  const codes = Array.from({ length: 0x10000 }, (_, code) => code);
  for (const surround of [
    (unit: string) => unit,
    (unit: string) => `a${unit}b`,
    (unit: string) => `ab${unit}`,
  ]) {
    t.deepEqual(
      codes.filter((code) => isScopeList(surround(String.fromCharCode(code)))),
      codes.filter(isAllowed),
    );
  }
});

test('isScopeList: the empty text is a list of no scopes', (t) => {
  t.true(isScopeList(''));
});

const LISTS: [sentence: string, list: string, scopes: string[]][] = [
  ['the empty text holds none', '', []],
  ['spaces hold none', '   ', []],
  ['one scope', 'read', ['read']],
  ['two scopes, in their order', 'write read', ['write', 'read']],
  ['more than one space between two is tolerated', 'read   write', ['read', 'write']],
  ['spaces around the list are no scopes', '  read ', ['read']],
  ['a scope that stands twice is kept twice', 'read read', ['read', 'read']],
  ['only spaces separate: not commas, not tabs', 'a,b\tc', ['a,b\tc']],
];

for (const [sentence, list, scopes] of LISTS) {
  test(`splitScopes: ${sentence} (RFC 6749 §3.3)`, (t) => t.deepEqual(splitScopes(list), scopes));
}
