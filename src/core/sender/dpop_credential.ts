// The Authorization header with the scheme DPoP (RFC 9449 §7.1). The scheme Bearer: ../request/bearer.ts.

import type { BearerCredential } from '../request/bearer.js';
import { isB64Token } from '../request/token_grammar.js';

enum Scheme {
  length = 5,
}

/**
 * Whether the client has said that it proves to hold a key.
 * @inline
 */
export function isDpopScheme(authorization: string): boolean {
  return authorization.slice(0, Scheme.length).toLowerCase() === 'dpop ';
}

/** What follows a scheme for which {@link isDpopScheme}, and its spaces. */
export function tokenOf(authorization: string): string {
  return authorization.slice(Scheme.length).replace(/^ +/, '');
}

/** As parseBearer, for the scheme DPoP. */
export function parseDpop(authorization: string): BearerCredential {
  const token = isDpopScheme(authorization) ? tokenOf(authorization) : '';
  if (token === '') {
    return { kind: 'refused', reason: 'token_missing' };
  }
  return isB64Token(token) ? { kind: 'token', token } : { kind: 'refused', reason: 'token_malformed' };
}
