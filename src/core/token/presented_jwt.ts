// A JWT that a client presents, whose signature is verified: whether it is an access token in force (RFC 9068 §4).
import { type Denial, denied } from '../answer/outcome.js';
import type { ActiveToken } from '../introspection/active_token.js';
import { readBinding } from '../sender/binding.js';
import type { SenderSettings } from '../settings/sender_settings.js';
import { typeOf } from '../signature/jws.js';
import { isAccessTokenTyp, readClaims } from './claims.js';
import type { Jwt } from './jwt.js';

/**
 * What access tokens have not: ID tokens have the first four (OpenID Connect Core §2, §3.3.2.11), logout and other event tokens
 * `events` (RFC 8417 §2.2), answers of the authorization endpoint `code`, answers to introspection the last two.
 */
const CLAIMS_OF_OTHERS = [
  'nonce',
  'at_hash',
  'c_hash',
  's_hash',
  'events',
  'code',
  'active',
  'token_introspection',
];

/**
 * @returns why it is refused, or what its record is made of.
 * Does NOT verify the signature, and does NOT compare issuer, audience, scope or `nbf`: policy.ts does, on each request.
 */
export function judgePresented(
  jwt: Jwt,
  nowSec: number,
  sender: SenderSettings | undefined,
): ActiveToken | Denial {
  const payload = jwt.payload;
  const read = readClaims(payload);
  const typ = typeOf(jwt);
  if (read.kind === 'invalid_claim' || read.expiresAtSec === undefined) {
    return denied('token_claims_invalid', 'MISS'); // RFC 9068 §2.2: exp is required
  }
  const isOther = CLAIMS_OF_OTHERS.some((name) => payload[name] !== undefined);
  const isAccessToken = read.isAccessToken && isAccessTokenTyp(payload.typ) && !isOther;
  if ((typ !== 'at+jwt' && typ !== 'jwt') || !isAccessToken) {
    return denied('token_type_mismatch', 'MISS');
  }
  if (read.expiresAtSec <= nowSec) {
    return denied('token_expired', 'MISS');
  }
  const isBound = read.isSenderConstrained;
  const binding = isBound && sender !== undefined ? readBinding([payload]) : undefined;
  if (isBound && binding === undefined) {
    return denied('token_sender_constrained', 'MISS');
  }
  if (!isBound && sender !== undefined && sender.constraint === 'require') {
    return denied('token_not_sender_constrained', 'MISS');
  }
  return {
    kind: 'active',
    jwt: jwt.text,
    serverJwt: jwt,
    answer: payload,
    claims: read.claims,
    binding,
    expiresAtSec: read.expiresAtSec,
  };
}
