import { generateKeyPairSync, type webcrypto } from 'node:crypto';
import test from 'ava';
import { CompactSign, importJWK, type JWK } from 'jose';
import {
  curveOf,
  isSignatureAlgorithm,
  keyParameters,
  type SignatureAlgorithm,
  signatureParameters,
} from '../../../src/core/signature/algorithm.js';

const ALGORITHMS: SignatureAlgorithm[] = [
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

for (const alg of ALGORITHMS) {
  test(`isSignatureAlgorithm: ${alg} is on the list (RFC 8725 §3.1)`, (t) =>
    t.true(isSignatureAlgorithm(alg)));
}

const OTHERS: [alg: unknown, why: string][] = [
  ['none', 'nobody signed (RFC 8725 §2.1)'],
  ['None', 'nor in another case (RFC 8725 §2.1)'],
  ['nOnE', 'nor in another case (RFC 8725 §2.1)'],
  ['HS256', 'a public key would be its secret (RFC 8725 §2.1)'],
  ['HS384', 'a public key would be its secret (RFC 8725 §2.1)'],
  ['HS512', 'a public key would be its secret (RFC 8725 §2.1)'],
  ['EdDSA', 'njs cannot verify it'],
  ['Ed25519', 'njs cannot verify it'],
  ['ES256K', 'another curve'],
  ['ES128', 'no such algorithm'],
  ['RS1', 'SHA-1'],
  ['RS2560', 'only a beginning'],
  ['xRS256', 'only an end'],
  ['RS256 ', 'a space'],
  ['RS256\n', 'a line break'],
  ['es256', 'names have a case (RFC 7515 §4.1.1)'],
  ['rs256', 'names have a case (RFC 7515 §4.1.1)'],
  ['ps256', 'names have a case (RFC 7515 §4.1.1)'],
  ['RSA-OAEP', 'encrypts'],
  ['dir', 'encrypts'],
  ['', 'no name'],
  [undefined, 'no name'],
  [null, 'no name'],
  [['RS256'], 'a list, which a pattern would take for its only text'],
  [{ toString: () => 'RS256' }, 'no text'],
  [256, 'no text'],
];

for (const [alg, why] of OTHERS) {
  test(`isSignatureAlgorithm: ${JSON.stringify(alg) ?? 'undefined'} is not: ${why} (RFC 8725 §3.1, S53)`, (t) =>
    t.false(isSignatureAlgorithm(alg)));
}

test('curveOf: an EC algorithm has one curve, RSA none (RFC 7518 §3.4)', (t) => {
  t.deepEqual(
    ALGORITHMS.map((alg) => curveOf(alg)),
    [undefined, undefined, undefined, undefined, undefined, undefined, 'P-256', 'P-384', 'P-521'],
  );
});

const RSA = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }) as JWK;

function jwkFor(alg: SignatureAlgorithm): JWK {
  const namedCurve = curveOf(alg);
  return namedCurve === undefined
    ? RSA
    : (generateKeyPairSync('ec', { namedCurve }).privateKey.export({ format: 'jwk' }) as JWK);
}

/** As edge/sign.ts and edge/verify_signature.ts do it. */
function importFor(alg: SignatureAlgorithm, jwk: JWK, usage: 'sign' | 'verify') {
  const isPrivate = usage === 'sign';
  const { kty, n, e, crv, x, y } = jwk;
  const publicJwk = kty === 'EC' ? { kty, crv, x, y } : { kty, n, e };
  return crypto.subtle.importKey(
    'jwk',
    (isPrivate ? jwk : publicJwk) as webcrypto.JsonWebKey,
    keyParameters(alg) as webcrypto.RsaHashedImportParams,
    false,
    [usage],
  );
}

for (const alg of ALGORITHMS) {
  test(`keyParameters, signatureParameters: verify what jose signs by ${alg}, and nothing that was changed (RFC 7518 §3.1)`, async (t) => {
    const jwk = jwkFor(alg);
    const jws = await new CompactSign(Buffer.from('{}'))
      .setProtectedHeader({ alg })
      .sign(await importJWK(jwk, alg));
    const [header, payload, signature] = jws.split('.');
    const key = await importFor(alg, jwk, 'verify');
    const verify = (text: string) =>
      crypto.subtle.verify(
        signatureParameters(alg) as webcrypto.EcdsaParams,
        key,
        Buffer.from(signature as string, 'base64url'),
        Buffer.from(text),
      );
    t.true(await verify(`${header}.${payload}`));
    t.false(await verify(`${header}.${payload}x`));
  });
}
