// The JWTs that the benchmark's authorization server answers with.
import { makeJwt } from '../test/support/jwt.js';

/** Of the JWT of every row: RS256, a handful of claims. In characters. */
export const JWT_LENGTH = 927;

export const AUDIENCE = 'https://api.example.com';
export const SCOPES = 'read write';
const ISSUER = 'https://login.example.com';
const FAR_FUTURE_SEC = 4102444800;

/** What the API receives in place of an active token. */
export const JWT = makeJwt(
  { iss: ISSUER, aud: AUDIENCE, scope: SCOPES, sub: 'alice', exp: FAR_FUTURE_SEC },
  { bytes: JWT_LENGTH },
);

/** Lengths whose need of memory is measured: those of the README's table, and round ones. In characters. */
export const SIZED_JWT_LENGTHS = [400, 500, 900, 1000, 1900, 2000, 3900, 4000] as const;

/** A JWT of that length with a scope and neither issuer nor audience, of which a record keeps copies. */
export function sizedJwt(length: number): string {
  return makeJwt({ scope: 'read', exp: FAR_FUTURE_SEC }, { bytes: length, alg: 'ES256' });
}
