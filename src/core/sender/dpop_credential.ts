// The Authorization header with the scheme DPoP (RFC 9449 §7.1). The scheme Bearer: ../request/bearer.ts.
import { type BearerCredential, isB64Token } from '../request/bearer.js';

const SCHEME = /^dpop +/i;

/** Whether the client has said that it proves to hold a key. */
export function isDpopScheme(authorization: string): boolean {
  return SCHEME.test(authorization);
}

/** As parseBearer, for the scheme DPoP. */
export function parseDpop(authorization: string): BearerCredential {
  const match = SCHEME.exec(authorization);
  const token = match === null ? '' : authorization.slice(match[0].length);
  if (token === '') {
    return { kind: 'refused', reason: 'token_missing' };
  }
  return isB64Token(token) ? { kind: 'token', token } : { kind: 'refused', reason: 'token_malformed' };
}
