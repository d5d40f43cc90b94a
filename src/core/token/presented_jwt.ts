// A JWT that a client presents, whose signature is verified: whether it is an access token in force (RFC 9068 §4).
import { type Denial, denied } from '../answer/outcome.js';
import type { ActiveToken } from '../introspection/active_token.js';
import { typeOf } from '../signature/jws.js';
import { parseJsonObject } from '../text/json.js';
import { isAccessTokenTyp, readClaims } from './claims.js';
import type { Jwt } from './jwt.js';

/**
 * Whether a token is a JWS in its compact form: three parts, the first of which is a JSON object with an `alg`. Any other token
 * is opaque to the gateway.
 */
export function isJwsShaped(token: string): boolean {
  const parts = token.split('.');
  if (parts.length !== 3) {
    return false;
  }
  const header = parseJsonObject(Buffer.from(parts[0] as string, 'base64url').toString());
  return header !== undefined && header.alg !== undefined;
}

/**
 * ID tokens have the first four (OpenID Connect Core §2, §3.3.2.11), logout and other event tokens the last (RFC 8417 §2.2);
 * access tokens have none of them.
 */
const CLAIMS_OF_OTHER_TOKENS = ['nonce', 'at_hash', 'c_hash', 's_hash', 'events'];

/**
 * @returns why it is refused, or what its record is made of.
 * Does NOT verify the signature, and does NOT compare issuer, audience, scope or `nbf`: policy.ts does, on each request.
 */
export function judgePresented(jwt: Jwt, nowSec: number): ActiveToken | Denial {
  const payload = jwt.payload;
  const read = readClaims(payload);
  const typ = typeOf(jwt);
  if (read.kind === 'invalid_claim' || read.expiresAtSec === undefined) {
    return denied('token_claims_invalid', 'MISS'); // RFC 9068 §2.2: exp is required
  }
  const isOther = CLAIMS_OF_OTHER_TOKENS.some((name) => payload[name] !== undefined);
  const isAccessToken = read.isAccessToken && isAccessTokenTyp(payload.typ) && !isOther;
  if ((typ !== 'at+jwt' && typ !== 'jwt') || !isAccessToken) {
    return denied('token_type_mismatch', 'MISS');
  }
  if (read.expiresAtSec <= nowSec) {
    return denied('token_expired', 'MISS');
  }
  if (read.isSenderConstrained) {
    return denied('token_sender_constrained', 'MISS');
  }
  return {
    kind: 'active',
    jwt: jwt.text,
    serverJwt: jwt,
    answer: payload,
    claims: read.claims,
    expiresAtSec: read.expiresAtSec,
  };
}
