import { generateKeyPairSync } from 'node:crypto';
import test from 'ava';
import type { SignatureAlgorithm } from '../../../src/core/signature/algorithm.js';
import { isKeyFor, readPublicKey } from '../../../src/core/signature/public_key.js';
import type { JsonObject } from '../../../src/core/text/json.js';

/** A number of so many bytes, as a JWK has it. */
function numberOf(bytes: number, first = 0xff, last = 0xff): string {
  const number = Buffer.alloc(bytes, 0x5a);
  number[0] = first;
  number[bytes - 1] = last;
  return number.toString('base64url');
}

function privateJwkOf(kind: 'RSA' | 'P-256' | 'P-384' | 'P-521'): JsonObject {
  const { privateKey } =
    kind === 'RSA'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ec', { namedCurve: kind });
  return privateKey.export({ format: 'jwk' }) as JsonObject;
}

const RSA = privateJwkOf('RSA');
const EC = { 'P-256': privateJwkOf('P-256'), 'P-384': privateJwkOf('P-384'), 'P-521': privateJwkOf('P-521') };
const RSA_PUBLIC: JsonObject = { kty: 'RSA', n: RSA.n, e: RSA.e };
const EC_PUBLIC: JsonObject = { kty: 'EC', crv: 'P-256', x: EC['P-256'].x, y: EC['P-256'].y };

test('readPublicKey: an RSA key is its modulus and its exponent', (t) => {
  t.deepEqual<unknown, unknown>(readPublicKey(RSA_PUBLIC), RSA_PUBLIC);
});

for (const [crv, { x, y }] of Object.entries(EC)) {
  test(`readPublicKey: a key on ${crv} is its curve and its point`, (t) => {
    t.deepEqual<unknown, unknown>(readPublicKey({ kty: 'EC', crv, x, y }), { kty: 'EC', crv, x, y });
  });
}

test('readPublicKey: kid and alg are kept, and no other member', (t) => {
  const others = {
    use: 'sig',
    key_ops: ['verify'],
    x5c: ['MIIB'],
    x5t: 'a',
    'x5t#S256': 'b',
    x5u: 'https://a',
  };
  for (const jwk of [RSA_PUBLIC, EC_PUBLIC]) {
    t.deepEqual<unknown, unknown>(readPublicKey({ ...jwk, ...others, kid: 'é "1"', alg: 'RS256' }), {
      ...jwk,
      kid: 'é "1"',
      alg: 'RS256',
    });
  }
});

for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k', 'oth']) {
  test(`readPublicKey: the private member ${member} is never kept, should a server publish it (RFC 7517 §9.2)`, (t) => {
    for (const jwk of [RSA_PUBLIC, EC_PUBLIC]) {
      t.deepEqual<unknown, unknown>(readPublicKey({ ...jwk, [member]: 'c2VjcmV0' }), jwk);
    }
  });
}

test('readPublicKey: of a whole private key only the public half is kept', (t) => {
  t.deepEqual<unknown, unknown>(readPublicKey(RSA), RSA_PUBLIC);
  t.deepEqual<unknown, unknown>(readPublicKey(EC['P-256']), EC_PUBLIC);
});

const GOOD: [sentence: string, jwk: JsonObject][] = [
  ['RSA of 2048 bits (RFC 7518 §3.3)', { ...RSA_PUBLIC, n: numberOf(256, 0x80) }],
  ['RSA of 2049 bits', { ...RSA_PUBLIC, n: numberOf(257, 0x01) }],
  ['RSA of 4096 bits', { ...RSA_PUBLIC, n: numberOf(512) }],
  ['RSA of 16384 bits', { ...RSA_PUBLIC, n: numberOf(2048) }],
  ['an exponent of 3', { ...RSA_PUBLIC, e: 'Aw' }],
  ['an exponent of 65537', { ...RSA_PUBLIC, e: 'AQAB' }],
  ['an exponent of eight bytes', { ...RSA_PUBLIC, e: numberOf(8) }],
  ['use sig', { ...EC_PUBLIC, use: 'sig' }],
  ['key_ops with verify', { ...EC_PUBLIC, key_ops: ['verify'] }],
  ['key_ops of the private half, as some servers publish it', { ...EC_PUBLIC, key_ops: ['sign'] }],
  ['key_ops with verify among others', { ...EC_PUBLIC, key_ops: ['encrypt', 'verify'] }],
  ['an empty kid', { ...EC_PUBLIC, kid: '' }],
  ['a kid of 512 characters', { ...EC_PUBLIC, kid: 'k'.repeat(512) }],
  ['a coordinate that begins with zeros (RFC 7518 §6.2.1.2)', { ...EC_PUBLIC, x: numberOf(32, 0) }],
  [
    'a member of its own whose name is __proto__',
    JSON.parse(`${JSON.stringify(EC_PUBLIC).slice(0, -1)},"__proto__":{"use":"enc"}}`),
  ],
];

for (const [sentence, jwk] of GOOD) {
  test(`readPublicKey: takes ${sentence}`, (t) => t.not(readPublicKey(jwk), undefined));
}

const BAD: [sentence: string, jwk: JsonObject][] = [
  ['nothing', {}],
  ['no kty', { ...RSA_PUBLIC, kty: undefined }],
  ['kty rsa: names have a case (RFC 7517 §4.1)', { ...RSA_PUBLIC, kty: 'rsa' }],
  ['kty as a list', { ...RSA_PUBLIC, kty: ['RSA'] }],
  ['oct: njs 0.8.9 crashes on it (RFC 8725 §2.1)', { kty: 'oct', k: 'c2VjcmV0' }],
  ['oct with the members of RSA (RFC 8725 §2.1)', { ...RSA_PUBLIC, kty: 'oct', k: 'c2VjcmV0' }],
  ['OKP, which njs cannot verify', { kty: 'OKP', crv: 'Ed25519', x: numberOf(32) }],
  ['OKP with a curve of EC', { ...EC_PUBLIC, kty: 'OKP' }],
  ['RSA with the members of EC', { ...EC_PUBLIC, kty: 'RSA' }],
  ['EC with the members of RSA', { ...RSA_PUBLIC, kty: 'EC' }],
  ['members that only __proto__ has', JSON.parse(`{"__proto__":${JSON.stringify(EC_PUBLIC)}}`)],
  ['use enc (RFC 7517 §4.2)', { ...RSA_PUBLIC, use: 'enc' }],
  ['an empty use', { ...RSA_PUBLIC, use: '' }],
  ['use null', { ...RSA_PUBLIC, use: null }],
  ['use as a list', { ...RSA_PUBLIC, use: ['sig'] }],
  ['key_ops without verify (RFC 7517 §4.3)', { ...RSA_PUBLIC, key_ops: ['encrypt', 'wrapKey'] }],
  ['empty key_ops', { ...RSA_PUBLIC, key_ops: [] }],
  ['key_ops that are a text', { ...RSA_PUBLIC, key_ops: 'verify' }],
  ['key_ops null', { ...RSA_PUBLIC, key_ops: null }],
  ['a kid that is a number', { ...RSA_PUBLIC, kid: 1 }],
  ['a kid that is null', { ...RSA_PUBLIC, kid: null }],
  ['a kid that is a list', { ...RSA_PUBLIC, kid: ['a'] }],
  ['a kid of 513 characters', { ...RSA_PUBLIC, kid: 'k'.repeat(513) }],
  ['an alg that is a number', { ...RSA_PUBLIC, alg: 256 }],
  ['an alg that is a list', { ...RSA_PUBLIC, alg: ['RS256'] }],
  ['no modulus', { ...RSA_PUBLIC, n: undefined }],
  ['an empty modulus', { ...RSA_PUBLIC, n: '' }],
  ['a modulus that is a number', { ...RSA_PUBLIC, n: 5 }],
  ['a modulus that is a list', { ...RSA_PUBLIC, n: [RSA.n] }],
  ['RSA of 512 bits (RFC 8725 §3.5)', { ...RSA_PUBLIC, n: numberOf(64) }],
  ['RSA of 1024 bits (RFC 8725 §3.5)', { ...RSA_PUBLIC, n: numberOf(128) }],
  ['RSA of 2040 bits (RFC 8725 §3.5)', { ...RSA_PUBLIC, n: numberOf(255) }],
  [
    'RSA of 2047 bits, which fill 256 bytes (RFC 7518 §3.3, RFC 8725 §3.5)',
    { ...RSA_PUBLIC, n: numberOf(256, 0x7f) },
  ],
  [
    'RSA of 1024 bits behind zeros (RFC 8725 §3.4)',
    { ...RSA_PUBLIC, n: Buffer.concat([Buffer.alloc(128), Buffer.alloc(128, 0xff)]).toString('base64url') },
  ],
  ['a modulus with a leading zero (RFC 7518 §2, RFC 8725 §3.4)', { ...RSA_PUBLIC, n: numberOf(257, 0) }],
  ['RSA of 16392 bits: what one verification costs is bounded', { ...RSA_PUBLIC, n: numberOf(2049) }],
  ['RSA of 131072 bits', { ...RSA_PUBLIC, n: numberOf(16384) }],
  ['no exponent', { ...RSA_PUBLIC, e: undefined }],
  ['an empty exponent', { ...RSA_PUBLIC, e: '' }],
  ['an exponent that is a number', { ...RSA_PUBLIC, e: 65537 }],
  ['an exponent of 0 (RFC 8725 §3.4)', { ...RSA_PUBLIC, e: 'AA' }],
  ['an exponent of 1: every text would be its own signature (RFC 8725 §3.4)', { ...RSA_PUBLIC, e: 'AQ' }],
  ['an even exponent (RFC 8017 §3.1, RFC 8725 §3.4)', { ...RSA_PUBLIC, e: 'Ag' }],
  ['an exponent with a leading zero', { ...RSA_PUBLIC, e: 'AAEAAQ' }],
  ['an exponent of nine bytes', { ...RSA_PUBLIC, e: numberOf(9) }],
  ['a modulus in base64', { ...RSA_PUBLIC, n: `${'+/'.repeat(171)}` }],
  ['a modulus with padding', { ...RSA_PUBLIC, n: `${RSA.n}==` }],
  ['a modulus with a line break', { ...RSA_PUBLIC, n: `${RSA.n}\n` }],
  ['a modulus with a space within', { ...RSA_PUBLIC, n: ` ${RSA.n}` }],
  ['a modulus of a length that no base64url text has', { ...RSA_PUBLIC, n: `${numberOf(258)}A` }],
  ['no curve', { ...EC_PUBLIC, crv: undefined }],
  ['a curve that njs has not', { ...EC_PUBLIC, crv: 'secp256k1' }],
  ['a curve in lower case', { ...EC_PUBLIC, crv: 'p-256' }],
  ['a curve that is a list', { ...EC_PUBLIC, crv: ['P-256'] }],
  ['a curve that is a member of every object', { ...EC_PUBLIC, crv: 'constructor' }],
  ['no x', { ...EC_PUBLIC, x: undefined }],
  ['no y: a compressed point', { ...EC_PUBLIC, y: undefined }],
  ['an x that is a number', { ...EC_PUBLIC, x: 7 }],
  ['a y that is a list', { ...EC_PUBLIC, y: [EC_PUBLIC.y] }],
  ['an empty x', { ...EC_PUBLIC, x: '' }],
  ['an x that is too short (RFC 7518 §6.2.1.2, RFC 8725 §3.4)', { ...EC_PUBLIC, x: numberOf(31) }],
  ['an x that is too long (RFC 7518 §6.2.1.2, RFC 8725 §3.4)', { ...EC_PUBLIC, x: numberOf(33) }],
  ['a y that is too short (RFC 8725 §3.4)', { ...EC_PUBLIC, y: numberOf(31) }],
  ['a y that is too long (RFC 8725 §3.4)', { ...EC_PUBLIC, y: numberOf(33) }],
  ['a point of P-256 on P-384 (RFC 8725 §3.4)', { ...EC_PUBLIC, crv: 'P-384' }],
  [
    'a point of P-521 of 65 bytes: leading zeros belong to it (RFC 7518 §6.2.1.2)',
    { ...EC_PUBLIC, crv: 'P-521', x: numberOf(65), y: numberOf(65) },
  ],
  ['an x with padding', { ...EC_PUBLIC, x: `${EC_PUBLIC.x}=` }],
  [
    'an x with bits that no byte uses',
    { ...EC_PUBLIC, x: `${Buffer.alloc(32).toString('base64url').slice(0, -1)}B` },
  ],
  [
    'an x of P-384 with one character too many',
    { kty: 'EC', crv: 'P-384', x: `${EC['P-384'].x}A`, y: EC['P-384'].y },
  ],
];

for (const [sentence, jwk] of BAD) {
  test(`readPublicKey: refuses ${sentence}`, (t) => t.is(readPublicKey(jwk), undefined));
}

const FITS: [jwk: JsonObject, fitting: SignatureAlgorithm[]][] = [
  [RSA_PUBLIC, ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']],
  [{ ...RSA_PUBLIC, alg: 'PS256' }, ['PS256']],
  [{ ...RSA_PUBLIC, alg: 'ES256' }, []],
  [{ ...RSA_PUBLIC, alg: 'RSA-OAEP' }, []],
  [{ ...RSA_PUBLIC, alg: 'HS256' }, []],
  [{ ...RSA_PUBLIC, alg: 'none' }, []],
  [{ ...RSA_PUBLIC, alg: '' }, []],
  [EC_PUBLIC, ['ES256']],
  [{ ...EC_PUBLIC, alg: 'ES256' }, ['ES256']],
  [{ ...EC_PUBLIC, alg: 'ES384' }, []],
  [{ ...EC['P-384'], alg: undefined }, ['ES384']],
  [EC['P-521'], ['ES512']],
];
const ALL: SignatureAlgorithm[] = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
];

for (const [jwk, fitting] of FITS) {
  test(`isKeyFor: ${jwk.kty} ${jwk.crv ?? ''} with alg ${JSON.stringify(jwk.alg) ?? 'none'} is for ${fitting.join(', ') || 'nothing here'} (RFC 8725 §3.1)`, (t) => {
    const key = readPublicKey(jwk);
    t.deepEqual(
      ALL.filter((alg) => key !== undefined && isKeyFor(key, alg)),
      fitting,
    );
  });
}

test('readPublicKey: a curve without a name of ours has no length that a coordinate could fit (RFC 7518 §6.2.1.1)', (t) => {
  for (const crv of ['secp256k1', 'P-999', undefined]) {
    for (const coordinate of ['', numberOf(32), numberOf(48), numberOf(66)]) {
      t.is(readPublicKey({ kty: 'EC', crv, x: coordinate, y: coordinate }), undefined);
    }
  }
});
