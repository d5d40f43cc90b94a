// Makes signatures with the engine's Web Cryptography API.
import { keyParameters, type SignatureAlgorithm, signatureParameters } from '../core/signature/algorithm.js';
import type { JsonObject } from '../core/text/json.js';

/** @returns the signature in base64url; undefined when the key does not fit the algorithm */
export async function signWithPkcs8(
  alg: SignatureAlgorithm,
  der: Buffer,
  input: string,
): Promise<string | undefined> {
  const importing = keyParameters(alg);
  const signing = signatureParameters(alg);
  try {
    const key = await crypto.subtle.importKey('pkcs8', der, importing, false, ['sign']);
    const signature = await crypto.subtle.sign(signing, key, Buffer.from(input));
    return Buffer.from(signature).toString('base64url');
  } catch (_mismatch) {
    return undefined;
  }
}

/** As {@link signWithPkcs8}. @param jwk with its private members, which core/signature/own_key.ts has checked */
export async function signWithJwk(
  alg: SignatureAlgorithm,
  jwk: JsonObject,
  input: string,
): Promise<string | undefined> {
  const importing = keyParameters(alg);
  const signing = signatureParameters(alg);
  try {
    const key = await crypto.subtle.importKey('jwk', jwk as never, importing, false, ['sign']);
    const signature = await crypto.subtle.sign(signing, key, Buffer.from(input));
    return Buffer.from(signature).toString('base64url');
  } catch (_mismatch) {
    return undefined;
  }
}
