import { generateKeyPairSync } from 'node:crypto';
import test from 'ava';
import { calculateJwkThumbprint, type JWK } from 'jose';
import { type OwnKey, parseOwnKeys, readOwnKey, signingKeyOf } from '../../../src/core/signature/own_key.js';

type Members = Record<string, unknown>;

function rsaJwk(modulusLength: number): Members {
  return generateKeyPairSync('rsa', { modulusLength }).privateKey.export({ format: 'jwk' }) as Members;
}

function ecJwk(namedCurve: string): Members {
  return generateKeyPairSync('ec', { namedCurve }).privateKey.export({ format: 'jwk' }) as Members;
}

const RSA = rsaJwk(2048);
const P256 = ecJwk('P-256');
const P384 = ecJwk('P-384');
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

function publicOf(jwk: Members): Members {
  return Object.fromEntries(Object.entries(jwk).filter(([name]) => !PRIVATE_MEMBERS.includes(name)));
}

/** A key that is usable. */
function keyOf(jwk: Members): OwnKey {
  const key = readOwnKey(jwk);
  if (typeof key === 'string') throw new Error(key);
  return key;
}

function keysOf(text: string): OwnKey[] {
  const keys = parseOwnKeys(text);
  if (typeof keys === 'string') throw new Error(keys);
  return keys;
}

const SIGNING: [sentence: string, jwk: Members, alg: string][] = [
  ['RSA signs RS256 unless it names another alg', RSA, 'RS256'],
  ['RSA with alg RS256', { ...RSA, alg: 'RS256' }, 'RS256'],
  ['RSA with alg PS256', { ...RSA, alg: 'PS256' }, 'PS256'],
  ['P-256 signs ES256', P256, 'ES256'],
  ['P-256 with alg ES256', { ...P256, alg: 'ES256' }, 'ES256'],
  ['P-384 signs ES384', P384, 'ES384'],
  ['key_ops sign, as exported private keys have it', { ...P256, key_ops: ['sign'], ext: true }, 'ES256'],
  ['use sig', { ...P256, use: 'sig' }, 'ES256'],
];

for (const [sentence, jwk, alg] of SIGNING) {
  test(`readOwnKey: ${sentence} (RFC 7518 §3.1)`, (t) => {
    const key = keyOf(jwk);
    t.is<string, string>(key.alg, alg);
    t.is(key.published.alg, alg);
  });
}

const PUBLISHED: [sentence: string, jwk: Members, members: Members][] = [
  ['RSA', RSA, { kty: 'RSA', n: RSA.n, e: RSA.e }],
  ['P-256', P256, { kty: 'EC', crv: 'P-256', x: P256.x, y: P256.y }],
  ['P-384', P384, { kty: 'EC', crv: 'P-384', x: P384.x, y: P384.y }],
];

for (const [sentence, jwk, members] of PUBLISHED) {
  test(`readOwnKey: what is published of ${sentence} is its public members, kid, use and alg, and nothing else (RFC 7517 §9.2)`, (t) => {
    const others = { x5c: ['MIIB'], key_ops: ['sign'], ext: true, note: 'secret', oth: undefined };
    const key = keyOf({ ...jwk, ...others, kid: 'a' });
    t.deepEqual(key.published, { ...members, kid: 'a', use: 'sig', alg: key.alg });
  });

  for (const member of PRIVATE_MEMBERS) {
    test(`readOwnKey: ${member} of ${sentence} is never published (RFC 7517 §9.2)`, (t) => {
      const read = readOwnKey({ ...jwk, [member]: jwk[member] ?? 'c2VjcmV0' });
      const said = typeof read === 'string' ? read : JSON.stringify(read.published);
      t.false(said.includes(String(jwk[member] ?? 'c2VjcmV0')));
      t.true(typeof read === 'string' || !Object.keys(read.published).includes(member));
    });
  }

  test(`readOwnKey: ${sentence} without its private half is published, and signs nothing`, (t) => {
    const key = keyOf(publicOf(jwk));
    t.is(key.privateJwk, undefined);
    t.deepEqual(key.published, keyOf(jwk).published);
  });

  test(`readOwnKey: what signs is the members of ${sentence} that the engine needs, and no other: it refuses a use or key_ops that it does not know`, (t) => {
    const { kty, crv, n, e, x, y, d, p, q, dp, dq, qi } = jwk;
    const needed = kty === 'EC' ? { kty, crv, x, y, d } : { kty, n, e, d, p, q, dp, dq, qi };
    t.deepEqual<unknown, unknown>(
      keyOf({ ...jwk, use: 'sig', key_ops: ['verify'], kid: 'a' }).privateJwk,
      needed,
    );
  });

  test(`readOwnKey: the kid of ${sentence} is the thumbprint that jose calculates, unless it has one (RFC 7638 §3)`, async (t) => {
    const thumbprint = await calculateJwkThumbprint(publicOf(jwk) as JWK);
    t.is(keyOf(jwk).kid, thumbprint);
    t.is(keyOf({ ...publicOf(jwk), alg: undefined }).kid, thumbprint);
    t.is(keyOf({ ...jwk, kid: '' }).kid, thumbprint);
    t.is(keyOf({ ...jwk, kid: 'own é' }).kid, 'own é');
    t.is(keyOf(jwk).published.kid, thumbprint);
  });
}

test('readOwnKey: the kid of the example of RFC 7638 §3.1 is the thumbprint that stands there', (t) => {
  const n =
    '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw';
  t.is(keyOf({ kty: 'RSA', n, e: 'AQAB', alg: 'RS256' }).kid, 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs');
});

const TYPE = 'is neither RSA nor EC: only those can sign here (no oct, no EdDSA)';
const UNUSABLE =
  'is not usable: RSA needs 2048 bits or more, EC the curve P-256 or P-384, and neither may be for encryption';
const ALGORITHM = 'has an alg or a curve that is not supported: ES256, ES384, RS256 or PS256';

const BAD: [sentence: string, value: unknown, problem: string][] = [
  ['null', null, 'is no JWK'],
  ['a text', 'c2VjcmV0', 'is no JWK'],
  ['a number', 7, 'is no JWK'],
  ['undefined', undefined, 'is no JWK'],
  ['a list', [P256], TYPE],
  ['an object without kty', { d: 'c2VjcmV0' }, TYPE],
  ['oct (RFC 8725 §2.1)', { kty: 'oct', k: 'c2VjcmV0' }, TYPE],
  ['oct with an alg of RSA (RFC 8725 §2.1)', { kty: 'oct', k: 'c2VjcmV0', alg: 'RS256' }, TYPE],
  ['EdDSA', generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }), TYPE],
  ['X25519', generateKeyPairSync('x25519').privateKey.export({ format: 'jwk' }), TYPE],
  ['RSA of 1024 bits (RFC 8725 §3.5)', rsaJwk(1024), UNUSABLE],
  ['RSA of 2047 bits (RFC 7518 §3.3, RFC 8725 §3.5)', rsaJwk(2047), UNUSABLE],
  ['RSA without modulus', { ...RSA, n: undefined }, UNUSABLE],
  ['EC without y', { ...P256, y: undefined }, UNUSABLE],
  ['secp256k1', ecJwk('secp256k1'), UNUSABLE],
  ['a key for encryption (RFC 8725 §3.9)', { ...RSA, use: 'enc' }, UNUSABLE],
  ['P-521, of which APIs verify too little', ecJwk('P-521'), ALGORITHM],
  ['RSA with alg RS512', { ...RSA, alg: 'RS512' }, ALGORITHM],
  ['RSA with alg HS256 (RFC 8725 §2.1)', { ...RSA, alg: 'HS256' }, ALGORITHM],
  ['RSA with alg none (RFC 8725 §2.1)', { ...RSA, alg: 'none' }, ALGORITHM],
  ['RSA with alg ES256', { ...RSA, alg: 'ES256' }, ALGORITHM],
  ['P-256 with alg ES384', { ...P256, alg: 'ES384' }, ALGORITHM],
  ['P-256 with alg RS256', { ...P256, alg: 'RS256' }, ALGORITHM],
  ['EC whose d is a number', { ...P256, d: 7 }, 'lacks a private member: d'],
  ['EC whose d is null', { ...P256, d: null }, 'lacks a private member: d'],
  [
    'RSA with more than two primes (RFC 7518 §6.3.2.7)',
    { ...RSA, oth: [{ r: 'AQ', d: 'AQ', t: 'AQ' }] },
    'has more than two primes (oth): make one with two',
  ],
];

for (const [sentence, value, problem] of BAD) {
  test(`readOwnKey: refuses ${sentence}, in words that hold nothing of the key (S108)`, (t) =>
    t.is(readOwnKey(value), problem));
}

for (const member of ['p', 'q', 'dp', 'dq', 'qi']) {
  test(`readOwnKey: refuses RSA with d alone, without ${member}: the engine needs it (RFC 7518 §6.3.2)`, (t) => {
    const problem = 'lacks a private member: d, p, q, dp, dq, qi';
    t.is(readOwnKey({ ...RSA, [member]: undefined }), problem);
    t.is(readOwnKey({ ...RSA, [member]: 7 }), problem);
  });
}

test('parseOwnKeys: a file may be one JWK', (t) => {
  t.deepEqual(parseOwnKeys(JSON.stringify(P256)), [keyOf(P256)]);
});

test('parseOwnKeys: a file may be a JWK Set, whose keys keep their order (RFC 7517 §5)', (t) => {
  const keys = keysOf(JSON.stringify({ keys: [RSA, publicOf(P256), P384] }));
  t.deepEqual(keys, [keyOf(RSA), keyOf(publicOf(P256)), keyOf(P384)]);
});

const NO_KEY_FILE =
  'is neither JSON nor a PKCS #8 PEM file without a password (openssl pkcs8 -topk8 -nocrypt)';
const BAD_JSON = 'is no JWK and no JWK Set: not valid JSON, a list, or with a byte order mark';

const FILES: [sentence: string, text: string, problem: string][] = [
  ['an empty file', '', NO_KEY_FILE],
  [
    'an encrypted PEM file',
    '-----BEGIN ENCRYPTED PRIVATE KEY-----\nc2VjcmV0\n-----END ENCRYPTED PRIVATE KEY-----\n',
    NO_KEY_FILE,
  ],
  ['JSON that was cut', '{"kty":"EC"', BAD_JSON],
  ['a list', `[${JSON.stringify(P256)}]`, BAD_JSON],
  ['JSON behind a byte order mark', `\uFEFF${JSON.stringify(P256)}`, BAD_JSON],
  ['a single key that is bad', '{"kty":"oct","k":"c2VjcmV0"}', `key 1 ${TYPE}`],
  ['a set whose keys are an object', '{"keys":{}}', `key 1 ${TYPE}`],
  [
    'a set with one bad key: which one is said, and no other is used',
    JSON.stringify({ keys: [P256, { kty: 'oct', k: 'c2VjcmV0' }] }),
    `key 2 ${TYPE}`,
  ],
  ['a set with null', JSON.stringify({ keys: [P256, null] }), 'key 2 is no JWK'],
  [
    'two keys with one kid: an API could take either (RFC 7517 §4.5)',
    JSON.stringify({
      keys: [
        { ...P256, kid: 'a' },
        { ...P384, kid: 'a' },
      ],
    }),
    'key 2 has the kid of another one',
  ],
  [
    'the same key twice, whose thumbprints are equal',
    JSON.stringify({ keys: [P256, P256] }),
    'key 2 has the kid of another one',
  ],
];

for (const [sentence, text, problem] of FILES) {
  test(`parseOwnKeys: refuses ${sentence}, in words that hold nothing of the file (S108)`, (t) => {
    t.is(parseOwnKeys(text), problem);
    t.false(problem.includes('c2VjcmV0'));
  });
}

test('signingKeyOf: the first private key of a set signs, the others are published for what they signed', (t) => {
  const keys = keysOf(JSON.stringify({ keys: [publicOf(RSA), P384, P256] }));
  t.is(signingKeyOf(keys), keys[1]);
});

test('signingKeyOf: none where all keys are public, and none in an empty set', (t) => {
  t.is(signingKeyOf(keysOf(JSON.stringify({ keys: [publicOf(RSA), publicOf(P256)] }))), undefined);
  t.is(signingKeyOf(keysOf('{"keys":[]}')), undefined);
});

test('parseOwnKeys: says of a file that should be JSON what is wrong with JSON, and of any other that it is neither (RFC 7517)', (t) => {
  for (const text of ['{', ' \n{', '[]', '\uFEFF{}'])
    t.regex(String(parseOwnKeys(text)), /^is no JWK and no JWK Set/);
  for (const text of ['text', 'text {', '']) t.regex(String(parseOwnKeys(text)), /^is neither JSON nor/);
});

test('readOwnKey: says of itself that it is a key, so that it is not taken for what is wrong with one', (t) =>
  t.is(keyOf(P256).kind, 'own_key'));
