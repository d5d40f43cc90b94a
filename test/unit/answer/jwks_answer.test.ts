import { generateKeyPairSync } from 'node:crypto';
import test from 'ava';
import { publishKeys, refuseKeys, refuseKeysMethod } from '../../../src/core/answer/jwks_answer.js';
import { parseOwnKeys } from '../../../src/core/signature/own_key.js';

const PRIVATE_JWKS = [
  generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }),
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }),
  generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey.export({ format: 'jwk' }),
];

function publish(file: unknown) {
  const keys = parseOwnKeys(JSON.stringify(file));
  if (typeof keys === 'string') throw new Error(keys);
  return publishKeys(keys);
}

test('publishKeys: 200 with a JWK Set of every key, which may be kept for five minutes (RFC 7517 §5, §8.5.2, RFC 9111 §5.2.2.1)', (t) => {
  const { body, ...head } = publish({ keys: PRIVATE_JWKS });
  t.deepEqual(head, {
    status: 200,
    contentType: 'application/jwk-set+json',
    cacheControl: 'public, max-age=300',
    allow: '',
  });
  t.deepEqual(
    JSON.parse(body).keys.map(({ kty, alg, use }: Record<string, string>) => [kty, alg, use]),
    [
      ['RSA', 'RS256', 'sig'],
      ['EC', 'ES256', 'sig'],
      ['EC', 'ES384', 'sig'],
    ],
  );
});

for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']) {
  test(`publishKeys: no key has the private member ${member}, nor its value (RFC 7517 §9.2)`, (t) => {
    const { body } = publish({ keys: PRIVATE_JWKS });
    for (const key of JSON.parse(body).keys) t.false(Object.keys(key).includes(member));
    for (const jwk of PRIVATE_JWKS as Record<string, unknown>[]) {
      t.false(typeof jwk[member] === 'string' && body.includes(jwk[member]));
    }
  });
}

test('publishKeys: an empty set is a set (RFC 7517 §5)', (t) => {
  t.is(publish({ keys: [] }).body, '{"keys":[]}');
});

test('refuseKeysMethod: 405 names the methods, and nobody keeps it (RFC 9110 §15.5.6)', (t) => {
  t.deepEqual(refuseKeysMethod(), {
    status: 405,
    contentType: 'application/json',
    cacheControl: 'no-store',
    allow: 'GET, HEAD',
    body: '{"code":"invalid_request","message":"The keys are read by GET"}',
  });
});

test('refuseKeys: 500 without a word of what is wrong, and nobody keeps it: an API must ask again (S109)', (t) => {
  t.deepEqual(refuseKeys(), {
    status: 500,
    contentType: 'application/json',
    cacheControl: 'no-store',
    allow: '',
    body: '{"code":"server_error","message":"Problem encountered processing the request"}',
  });
});
