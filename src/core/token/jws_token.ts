// Tokens that are JWTs themselves: which part of them is signed, and how else the same one can be spelt.
import { parseJsonObject } from '../text/json.js';

/**
 * Whether a token is a JWS in its compact form: three parts, the first of which is a JSON object with an `alg`. Any other token
 * is opaque to the gateway.
 */
export function isJwsShaped(token: string): boolean {
  if (token.indexOf('.') === -1) {
    return false; // as most opaque ones
  }
  const parts = token.split('.');
  const first = parts[0] as string;
  if (parts.length !== 3 || /[^A-Za-z0-9_-]/.test(first)) {
    return false; // of other characters, engines differ in what they decode to
  }
  const header = parseJsonObject(Buffer.from(first, 'base64url').toString());
  return header !== undefined && header.alg !== undefined;
}

/**
 * What stands for a token, however its signature is spelt: of a JWS the part that is signed, of any other the token. Whoever has
 * one good ECDSA signature can make a second one, so the signature tells nothing of which token it is.
 */
export function signedPartOf(token: string): string {
  return isJwsShaped(token) ? token.slice(0, token.lastIndexOf('.')) : token;
}
