import { createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import test from 'ava';
import { endOf, spellingsOf } from '../../../src/core/token/spellings.js';
import { makeJwt } from '../../support/jwt.js';

const ALGORITHMS = [
  ['ES256', 'P-256', 'sha256'],
  ['ES384', 'P-384', 'sha384'],
  ['ES512', 'P-521', 'sha512'],
] as const;
const TRIES = 20;

for (const [alg, namedCurve, hash] of ALGORITHMS) {
  test(`spellingsOf: ${alg}: of each signature the twin verifies as well, and its twin is the first again (S62)`, (t) => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve });
    const key = { key: createPublicKey(privateKey), dsaEncoding: 'ieee-p1363' as const };
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    for (let i = 0; i < TRIES; i++) {
      const input = `${encode({ alg, typ: 'at+jwt' })}.${encode({ i })}`;
      const signature = sign(hash, Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' });
      const token = `${input}.${signature.toString('base64url')}`;
      const [own, twin = ''] = spellingsOf(token);
      t.is(own, token);
      t.not(twin, token);
      t.true(verify(hash, Buffer.from(input), key, Buffer.from(twin.split('.')[2] ?? '', 'base64url')));
      t.deepEqual(spellingsOf(twin), [twin, token]);
    }
  });
}

test('spellingsOf: every other token has one spelling', (t) => {
  for (const token of ['opaque-1', 'a.b.c', makeJwt({ sub: 'u' }), makeJwt({ sub: 'u' }, { alg: 'HS256' })]) {
    t.deepEqual(spellingsOf(token), [token]);
  }
});

test('spellingsOf: an alg that every object has as a member is none of ECDSA, so that a purge of such a token does not fail', (t) => {
  for (const alg of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
    const token = makeJwt({ sub: 'u' }, { header: { alg } });
    t.deepEqual(spellingsOf(token), [token], alg);
  }
});

test('endOf: exp of a JWT in whole seconds; nothing for any other token', (t) => {
  t.is(endOf(makeJwt({ exp: 4102444800 })), 4102444800);
  t.is(endOf(makeJwt({ exp: 10.5 })), 11);
  t.is(endOf(makeJwt({ exp: 0 })), 0);
  t.is(
    endOf(
      makeJwt({ exp: 1 }).replace(/\.[^.]*\./, `.${Buffer.from('{"exp":1e999}').toString('base64url')}.`),
    ),
    undefined,
  );
  for (const token of [makeJwt({}), makeJwt({ exp: 'soon' }), makeJwt({ exp: -1 }), 'opaque-1']) {
    t.is(endOf(token), undefined);
  }
});
