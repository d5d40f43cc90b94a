// Makes signatures with the engine's Web Cryptography API.
import { keyParameters, type SignatureAlgorithm, signatureParameters } from '../core/signature/algorithm.js';
import type { JsonObject } from '../core/text/json.js';

/** @returns the signature in base64url; undefined when the key does not fit the algorithm */
export function signWithPkcs8(
  alg: SignatureAlgorithm,
  der: Buffer,
  input: string,
): Promise<string | undefined> {
  return sign(alg, 'pkcs8', der as never, input);
}

/** As {@link signWithPkcs8}. @param jwk with its private members, which core/signature/own_key.ts has checked */
export function signWithJwk(
  alg: SignatureAlgorithm,
  jwk: JsonObject,
  input: string,
): Promise<string | undefined> {
  return sign(alg, 'jwk' as never, jwk as never, input);
}

async function sign(
  alg: SignatureAlgorithm,
  format: 'pkcs8',
  key: ArrayBuffer,
  input: string,
): Promise<string | undefined> {
  const importing = keyParameters(alg);
  const signing = signatureParameters(alg);
  try {
    const imported = await crypto.subtle.importKey(format, key, importing, false, ['sign']);
    const signature = await crypto.subtle.sign(signing, imported, Buffer.from(input));
    return Buffer.from(signature).toString('base64url');
  } catch (_mismatch) {
    return undefined;
  }
}
