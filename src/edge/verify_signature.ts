// Verifies a signature with the engine's Web Cryptography API.
import { keyParameters, signatureParameters } from '../core/signature/algorithm.js';
import type { Jws } from '../core/signature/jws.js';
import type { PublicKey } from '../core/signature/public_key.js';

/** @param key that fits the algorithm: isKeyFor of core/signature/public_key.ts */
export async function verifySignature(jws: Jws, key: PublicKey): Promise<boolean> {
  const importing = keyParameters(jws.alg);
  const verifying = signatureParameters(jws.alg);
  const jwk =
    key.kty === 'EC'
      ? { kty: key.kty, crv: key.crv, x: key.x, y: key.y }
      : { kty: key.kty, n: key.n, e: key.e };
  const isGood = await tryToVerify(jws, jwk, importing, verifying);
  if (!isGood) {
    await forgetOpensslErrors(importing);
  }
  return isGood;
}

async function tryToVerify(
  jws: Jws,
  jwk: object,
  importing: ImportAlgorithm,
  verifying: SignOrVerifyAlgorithm,
): Promise<boolean> {
  try {
    const key = await crypto.subtle.importKey('jwk', jwk as never, importing, true, ['verify']);
    const isGood = await crypto.subtle.verify(verifying, key, jws.signature, Buffer.from(jws.input));
    return isGood;
  } catch (_broken) {
    return false; // a point that is not on its curve, for example
  }
}

/**
 * A signature that is not good leaves an error in OpenSSL's queue, about which the worker's next TLS connection would write a
 * line of level `alert`. The engine empties the queue when it fails itself, as with a key of no bytes.
 */
async function forgetOpensslErrors(importing: ImportAlgorithm): Promise<void> {
  try {
    await crypto.subtle.importKey('spki', Buffer.from(''), importing, false, ['verify']);
  } catch (_intended) {
    return;
  }
}
