// What the claims of an answer that says "active" make of the token: good, expired, of another kind, bound to a key.
import { type Denial, denied, type Unavailable } from '../answer/outcome.js';
import { notAnswered } from '../answer/unavailable.js';
import { type Binding, readBinding } from '../sender/binding.js';
import type { SenderSettings } from '../settings/sender_settings.js';
import type { JsonObject } from '../text/json.js';
import { type InvalidClaim, readClaims, type TokenClaims } from '../token/claims.js';
import type { Jwt } from '../token/jwt.js';
import { describeReply, type IntrospectionReply, refuseMalformed } from './reply.js';

/** The token is active, and the JWT stands for it. */
export interface ActiveToken {
  readonly kind: 'active';
  /** '' while there is none: then the gateway signs one (gateway/mint.ts). */
  readonly jwt: string;
  /** That JWT's parts, while it is the server's own. */
  readonly serverJwt: Jwt | undefined;
  /** What the claims are from: the JSON answer, or the JWT's payload. */
  readonly answer: JsonObject;
  readonly claims: TokenClaims;
  /** undefined for a token that is bound to nothing. */
  readonly binding: Binding | undefined;
  /** `exp`, epoch seconds; undefined when the server names none. */
  readonly expiresAtSec: number | undefined;
}

/**
 * @param jwt undefined when the answer has none
 * @param source what holds the claims: the JSON answer, or the JWT's payload
 */
export function activeToken(
  jwt: Jwt | undefined,
  source: JsonObject,
  reply: IntrospectionReply,
  nowSec: number,
  sender: SenderSettings | undefined,
): ActiveToken | Denial | Unavailable {
  const payload = jwt === undefined ? source : jwt.payload;
  const active = payload.active; // some servers sign the whole reply of RFC 7662 §2.2 (Connect2id 6.18)
  if (active === false) {
    return denied('token_inactive', 'MISS');
  }
  if (active !== undefined && active !== true) {
    return refuseMalformed(reply, 'active is no boolean');
  }
  const read = readClaims(source);
  if (read.kind === 'invalid_claim') {
    return invalidClaim(read, reply);
  }
  // The JWT beside a JSON answer can end earlier, begin later and be bound to a key as well.
  const own = source === payload ? read : readClaims(payload);
  if (own.kind === 'invalid_claim') {
    return invalidClaim(own, reply);
  }
  const expiresAtSec = earlier(read.expiresAtSec, own.expiresAtSec);
  if (expiresAtSec !== undefined && expiresAtSec <= nowSec) {
    return denied('token_expired', 'MISS'); // S45
  }
  if (!read.isAccessToken || !own.isAccessToken) {
    return denied('token_type_mismatch', 'MISS');
  }
  const isBound = read.isSenderConstrained || own.isSenderConstrained;
  const binding = isBound && sender !== undefined ? readBinding([source, payload]) : undefined;
  if (isBound && binding === undefined) {
    return denied('token_sender_constrained', 'MISS'); // RFC 8705 §3, RFC 9449 §7.2 (S14)
  }
  if (!isBound && sender !== undefined && sender.constraint === 'require') {
    return denied('token_not_sender_constrained', 'MISS');
  }
  const notBeforeSec = Math.max(read.claims.notBeforeSec, own.claims.notBeforeSec);
  return {
    kind: 'active',
    jwt: jwt === undefined ? '' : jwt.text,
    serverJwt: jwt,
    answer: source,
    claims: withNotBefore(read.claims, notBeforeSec),
    binding,
    expiresAtSec,
  };
}

function withNotBefore(claims: TokenClaims, notBeforeSec: number): TokenClaims {
  return { notBeforeSec, scope: claims.scope, issuer: claims.issuer, audience: claims.audience };
}

function invalidClaim(invalid: InvalidClaim, reply: IntrospectionReply): Unavailable {
  return notAnswered('introspection_invalid_claim', `claim=${invalid.claim} ${describeReply(reply)}`);
}

function earlier(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) {
    return a === undefined ? b : a;
  }
  return Math.min(a, b);
}
