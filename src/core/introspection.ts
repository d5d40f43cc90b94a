// Steps 3 and 4: what is asked of the authorization server (RFC 7662 §2.1) and what its answer means (§2.2, §2.3).
import { readClaims, type TokenClaims } from './claims.js';
import { parseJsonObject } from './json.js';
import { isIntrospectionResponse, type Jwt, parseJwt } from './jwt.js';
import { type Denial, denied, type Unavailable, type UnavailableReason, unavailable } from './outcome.js';

/** The authorization server's answer as it arrived; absent headers are ''. */
export interface IntrospectionReply {
  /** Whether a location with introspection.conf answered; nginx may have routed the question elsewhere. */
  readonly isIntrospection: boolean;
  readonly status: number;
  readonly contentType: string;
  readonly contentLength: string;
  readonly cacheControl: string;
  readonly age: string;
  readonly retryAfter: string;
  readonly body: string;
  /** Bytes of the body as received; differs from `body.length` outside ASCII. */
  readonly bodyBytes: number;
}

/** The token is active and this is the JWT that stands for it. */
export interface ActiveToken {
  readonly kind: 'active';
  readonly jwt: string;
  readonly claims: TokenClaims;
  /** `exp`, epoch seconds; undefined when the server names none. */
  readonly expiresAtSec: number | undefined;
}

/** Longer JWTs are refused, so that this limit and not nginx's buffers decides. In characters. */
export const MAX_JWT_LENGTH = 65536;

const MISROUTED =
  '$phantom_token_introspection_endpoint must name a location of this server that includes introspection.conf';

/** The form body. @param token a b64token: see bearer.ts */
export function introspectionForm(token: string): string {
  return `token=${encodeURIComponent(token)}&token_type_hint=access_token`;
}

/**
 * The meaning of a reply. Only a complete, typed and unexpired answer makes a token active; whatever is not
 * understood is Unavailable, never a Denial: the client is not blamed for the server's faults (S23, S110).
 * Does NOT check scope, audience, issuer or `nbf`: see policy.ts.
 */
export function interpretReply(
  reply: IntrospectionReply,
  nowSec: number,
): ActiveToken | Denial | Unavailable {
  if (!reply.isIntrospection) {
    return unavailable('misconfigured', MISROUTED, '');
  }
  if (reply.status === 204) {
    return inactive(); // Curity's answer to Accept: application/jwt
  }
  if (reply.status !== 200) {
    return interpretStatus(reply);
  }
  if (reply.contentLength !== '' && reply.contentLength !== String(reply.bodyBytes)) {
    return refuseReply('introspection_truncated', reply); // nginx passes a cut body on as complete (S36)
  }
  switch (mediaType(reply.contentType)) {
    case 'application/jwt':
      return interpretJwt(reply, nowSec);
    case 'application/json':
      return interpretJson(reply);
    default:
      return refuseReply('introspection_content_type', reply);
  }
}

function interpretStatus(reply: IntrospectionReply): Unavailable {
  switch (reply.status) {
    case 401:
    case 403:
      return refuseReply('introspection_unauthorized', reply);
    case 429:
    case 503:
      return overloaded(reply);
    case 502:
      return refuseReply('introspection_unreachable', reply);
    case 504:
      return refuseReply('introspection_timeout', reply);
    default:
      return refuseReply('introspection_status', reply);
  }
}

function interpretJwt(reply: IntrospectionReply, nowSec: number): ActiveToken | Denial | Unavailable {
  const text = reply.body.trim();
  if (text.length > MAX_JWT_LENGTH) {
    return refuseReply('jwt_too_large', reply);
  }
  const jwt = parseJwt(text);
  if (jwt === undefined || isIntrospectionResponse(jwt)) {
    return refuseReply('introspection_malformed', reply);
  }
  return activeToken(jwt, reply, nowSec);
}

function interpretJson(reply: IntrospectionReply): Denial | Unavailable {
  const answer = parseJsonObject(reply.body);
  if (answer === undefined || typeof answer.active !== 'boolean') {
    return refuseReply('introspection_malformed', reply); // RFC 7662 §2.2: active is a REQUIRED boolean (S27, S28)
  }
  return answer.active ? refuseReply('jwt_missing', reply) : inactive();
}

function activeToken(
  jwt: Jwt,
  reply: IntrospectionReply,
  nowSec: number,
): ActiveToken | Denial | Unavailable {
  const read = readClaims(jwt.payload);
  if (read.kind === 'invalid_claim') {
    return unavailable('introspection_invalid_claim', `claim=${read.claim} ${describe(reply)}`, 'MISS');
  }
  if (read.expiresAtSec !== undefined && read.expiresAtSec <= nowSec) {
    return denied('token_expired', 'MISS'); // S45
  }
  if (read.isSenderConstrained) {
    return denied('token_sender_constrained', 'MISS'); // RFC 8705 §3, RFC 9449 §7.2 (S14)
  }
  return { kind: 'active', jwt: jwt.text, claims: read.claims, expiresAtSec: read.expiresAtSec };
}

function inactive(): Denial {
  return denied('token_inactive', 'MISS');
}

function overloaded(reply: IntrospectionReply): Unavailable {
  return {
    kind: 'unavailable',
    reason: 'introspection_overloaded',
    detail: describe(reply),
    retryAfter: reply.retryAfter,
    cacheStatus: 'MISS',
  };
}

function refuseReply(reason: UnavailableReason, reply: IntrospectionReply): Unavailable {
  return unavailable(reason, describe(reply), 'MISS');
}

/** What arrived, for the log: never the body, and of the content type only its media type. */
function describe(reply: IntrospectionReply): string {
  return `status=${reply.status} content_type=${mediaType(reply.contentType)} bytes=${reply.bodyBytes}`;
}

/** The media type without parameters, in lower case (RFC 9110 §8.3.1); '' when it is none. */
function mediaType(contentType: string): string {
  const type = contentType.split(';')[0] as string;
  const name = type.trim().toLowerCase();
  return /^[a-z0-9!#$&^_.+-]+\/[a-z0-9!#$&^_.+-]+$/.test(name) ? name : '';
}
