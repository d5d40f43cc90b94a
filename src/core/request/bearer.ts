// Step 1: the Authorization header -> the opaque token.
// RFC 6750 §2.1: credentials = "Bearer" 1*SP b64token
//                b64token    = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="
// RFC 9110 §11.1: the scheme is case-insensitive.
import { isB64Token } from './token_grammar.js';

/** A credential that can be introspected, or why there is none. */
export type BearerCredential =
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'refused'; readonly reason: 'token_missing' | 'token_malformed' };

const SCHEME_LENGTH = 6;

/**
 * @param authorization the header's value; empty when there is none. nginx refuses a second one itself.
 * @returns `token_missing` for no, an empty or another scheme's credential (RFC 6750 §3.1: no error code),
 *   `token_malformed` for a Bearer credential outside the grammar or too long (token_grammar.ts).
 */
export function parseBearer(authorization: string): BearerCredential {
  const usual = authorization.startsWith(USUAL_SCHEME) ? authorization.slice(USUAL_SCHEME.length) : '';
  return isB64Token(usual) ? { kind: 'token', token: usual } : parseUnusual(authorization);
}

/** How nearly all clients spell it. Read first, because that costs less. */
const USUAL_SCHEME = 'Bearer ';

function parseUnusual(authorization: string): BearerCredential {
  if (authorization.slice(0, SCHEME_LENGTH).toLowerCase() !== 'bearer') {
    return { kind: 'refused', reason: 'token_missing' };
  }
  const start = skipSpaces(authorization, SCHEME_LENGTH);
  const isOtherScheme = start === SCHEME_LENGTH;
  if (isOtherScheme || start === authorization.length) {
    return { kind: 'refused', reason: 'token_missing' };
  }
  const token = authorization.slice(start);
  return isB64Token(token) ? { kind: 'token', token } : { kind: 'refused', reason: 'token_malformed' };
}

function skipSpaces(text: string, from: number): number {
  let i = from;
  while (i < text.length && text.charCodeAt(i) === 0x20) {
    i++;
  }
  return i;
}
