import test from 'ava';
import { isDpopScheme, parseDpop } from '../../../src/core/sender/dpop_credential.js';

const SCHEMES: [authorization: string, isDpop: boolean][] = [
  ['DPoP t', true],
  ['dpop t', true],
  ['DPoP', false],
  ['DPoPt', false],
  ['Bearer t', false],
  ['', false],
];

for (const [authorization, isDpop] of SCHEMES) {
  test(`isDpopScheme: ${JSON.stringify(authorization)} ${isDpop ? 'is' : 'is not'} that scheme (RFC 9449 §7.1, RFC 9110 §11.1)`, (t) =>
    t.is(isDpopScheme(authorization), isDpop));
}

test('parseDpop: the token follows the scheme and one blank or more (RFC 9110 §11.4)', (t) => {
  t.deepEqual(parseDpop('DPoP abc'), { kind: 'token', token: 'abc' });
  t.deepEqual(parseDpop('dpop   abc'), { kind: 'token', token: 'abc' });
});

for (const authorization of ['', 'DPoP', 'DPoP ', 'Bearer abc']) {
  test(`parseDpop: ${JSON.stringify(authorization)} holds no token for DPoP (RFC 9449 §7.1)`, (t) =>
    t.deepEqual(parseDpop(authorization), { kind: 'refused', reason: 'token_missing' }));
}

for (const token of ['a b', 'a,b', 'a"', '=']) {
  test(`parseDpop: ${token} is no token68, so it is refused and not asked for (RFC 9449 §7.1, S5)`, (t) =>
    t.deepEqual(parseDpop(`DPoP ${token}`), { kind: 'refused', reason: 'token_malformed' }));
}
