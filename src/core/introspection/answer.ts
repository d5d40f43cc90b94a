// Steps 3 and 4: what is asked of the authorization server (RFC 7662 §2.1) and what its answer means (§2.2, §2.3).

import {
  type Denial,
  denied,
  type Unavailable,
  type UnavailableReason,
  unavailable,
} from '../answer/outcome.js';
import { formEncode } from '../text/form.js';
import { type JsonObject, parseJsonObject } from '../text/json.js';
import { type InvalidClaim, readClaims, type TokenClaims } from '../token/claims.js';
import { explainBadJwt, isIntrospectionResponse, type Jwt, parseJwt } from '../token/jwt.js';

/** The authorization server's answer as it arrived; absent headers are ''. */
export interface IntrospectionReply {
  /** Whether a location with introspection.conf answered; nginx may have routed the question elsewhere. */
  readonly isIntrospection: boolean;
  /** What is wrong with the limits of that location: introspection_limit.ts; '' for nothing. */
  readonly limitProblem: string;
  /** Why there is no answer, in fixed words for the log; '' when the transport tells by the status alone. */
  readonly failure: string;
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

const MISROUTED =
  '$phantom_token_introspection_endpoint must name a location of this server that includes introspection.conf, and no rewrite, if or return of the server may take the request elsewhere';

/** How to find the JWT in an answer, of the location's settings. */
export interface JwtForm {
  readonly jwtField: string;
  readonly maxJwtLength: number;
}

/**
 * The form body (RFC 7662 §2.1).
 * @param token a b64token: see bearer.ts
 * @param proofFields and parameters are encoded fields, '' for none
 */
export function introspectionForm(token: string, proofFields: string, parameters: string): string {
  const fields = [`token=${formEncode(token)}`, 'token_type_hint=access_token', proofFields, parameters];
  return fields.filter(isNotEmpty).join('&');
}

function isNotEmpty(text: string): boolean {
  return text !== '';
}

/**
 * The meaning of a reply. Only a complete, typed and unexpired answer makes a token active; whatever is not
 * understood is Unavailable, never a Denial: the client is not blamed for the server's faults (S23, S110).
 * Does NOT check scope, audience, issuer or `nbf`: see policy.ts.
 */
export function interpretReply(
  reply: IntrospectionReply,
  form: JwtForm,
  nowSec: number,
): ActiveToken | Denial | Unavailable {
  if (!reply.isIntrospection) {
    return unavailable('misconfigured', MISROUTED, '');
  }
  if (reply.limitProblem !== '') {
    return unavailable('misconfigured', reply.limitProblem, '');
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
      return interpretJwt(reply, form, nowSec);
    case 'application/json':
      return interpretJson(reply, form, nowSec);
    case 'application/token-introspection+jwt':
      return refuseReply('introspection_response_jwt', reply); // RFC 9701: no access token (S54)
    default:
      return refuseReply('introspection_content_type', reply);
  }
}

function interpretStatus(reply: IntrospectionReply): Denial | Unavailable {
  switch (reply.status) {
    case 400:
      return isUnsupportedToken(reply)
        ? denied('token_type_unsupported', 'MISS')
        : refuseReply('introspection_status', reply);
    case 401:
    case 403:
      return refuseReply('introspection_unauthorized', reply);
    case 429:
      return unavailable('introspection_rate_limited', describe(reply), 'MISS', reply.retryAfter);
    case 503:
      return unavailable('introspection_overloaded', describe(reply), 'MISS', reply.retryAfter);
    case 502:
      return refuseReply('introspection_unreachable', reply);
    case 504:
      return refuseReply('introspection_timeout', reply);
    default:
      return refuseReply(reply.status >= 500 ? 'introspection_server_error' : 'introspection_status', reply);
  }
}

/** node-oidc-provider says so of whatever looks like a JWT (RFC 7009 §2.2.1): of the token, and not of our question. */
function isUnsupportedToken(reply: IntrospectionReply): boolean {
  const answer = parseJsonObject(reply.body);
  return answer !== undefined && answer.error === 'unsupported_token_type';
}

/** The body is the JWT, and its payload the claims. */
function interpretJwt(
  reply: IntrospectionReply,
  form: JwtForm,
  nowSec: number,
): ActiveToken | Denial | Unavailable {
  const found = findJwt(reply.body.trim(), reply, form);
  if (found.kind !== 'jwt') {
    return found;
  }
  return activeToken(found.jwt, found.jwt.payload, reply, nowSec);
}

/** The body is RFC 7662's JSON with the JWT in one of its members, and the JSON holds the claims. */
function interpretJson(
  reply: IntrospectionReply,
  form: JwtForm,
  nowSec: number,
): ActiveToken | Denial | Unavailable {
  const answer = parseJsonObject(reply.body);
  if (answer === undefined) {
    return malformed(reply, 'no JSON object');
  }
  if (typeof answer.active !== 'boolean') {
    return malformed(reply, 'active is no boolean'); // RFC 7662 §2.2: REQUIRED, and a boolean (S27, S28)
  }
  if (!answer.active) {
    return inactive();
  }
  const member = readJwtMember(answer, form.jwtField);
  if (member === undefined) {
    return refuseReply('jwt_missing', reply);
  }
  const found = findJwt(member, reply, form);
  return found.kind === 'jwt' ? activeToken(found.jwt, answer, reply, nowSec) : found;
}

/** Curity's token procedure: phantom_token; Keycloak 25: jwt; WSO2 Identity Server: token_string. */
function readJwtMember(answer: JsonObject, jwtField: string): unknown {
  const members = Object.keys(answer); // own ones only (S30)
  const names = jwtField === '' ? ['phantom_token', 'jwt', 'token_string'] : [jwtField];
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string;
    if (members.includes(name)) {
      return answer[name];
    }
  }
  return undefined;
}

interface FoundJwt {
  readonly kind: 'jwt';
  readonly jwt: Jwt;
}

function findJwt(text: unknown, reply: IntrospectionReply, form: JwtForm): FoundJwt | Unavailable {
  if (typeof text === 'string' && text.length > form.maxJwtLength) {
    return refuseReply('jwt_too_large', reply);
  }
  const jwt = typeof text === 'string' ? parseJwt(text) : undefined;
  if (jwt === undefined) {
    return malformed(reply, typeof text === 'string' ? explainBadJwt(text) : 'the JWT is no string');
  }
  return isIntrospectionResponse(jwt)
    ? refuseReply('introspection_response_jwt', reply)
    : { kind: 'jwt', jwt };
}

/** @param source what holds the claims: the JSON answer, or the JWT's payload */
function activeToken(
  jwt: Jwt,
  source: JsonObject,
  reply: IntrospectionReply,
  nowSec: number,
): ActiveToken | Denial | Unavailable {
  const active = jwt.payload.active; // some servers sign the whole reply of RFC 7662 §2.2 (Connect2id 6.18)
  if (active === false) {
    return inactive();
  }
  if (active !== undefined && active !== true) {
    return malformed(reply, 'active is no boolean');
  }
  const read = readClaims(source);
  if (read.kind === 'invalid_claim') {
    return invalidClaim(read, reply);
  }
  // The JWT beside a JSON answer can end earlier, begin later and be bound to a key as well.
  const own = source === jwt.payload ? read : readClaims(jwt.payload);
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
  if (read.isSenderConstrained || own.isSenderConstrained) {
    return denied('token_sender_constrained', 'MISS'); // RFC 8705 §3, RFC 9449 §7.2 (S14)
  }
  const notBeforeSec = Math.max(read.claims.notBeforeSec, own.claims.notBeforeSec);
  return { kind: 'active', jwt: jwt.text, claims: withNotBefore(read.claims, notBeforeSec), expiresAtSec };
}

function withNotBefore(claims: TokenClaims, notBeforeSec: number): TokenClaims {
  return { notBeforeSec, scope: claims.scope, issuer: claims.issuer, audience: claims.audience };
}

function invalidClaim(invalid: InvalidClaim, reply: IntrospectionReply): Unavailable {
  return unavailable('introspection_invalid_claim', `claim=${invalid.claim} ${describe(reply)}`, 'MISS');
}

function earlier(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) {
    return a === undefined ? b : a;
  }
  return Math.min(a, b);
}

function inactive(): Denial {
  return denied('token_inactive', 'MISS');
}

function malformed(reply: IntrospectionReply, problem: string): Unavailable {
  return unavailable('introspection_malformed', `${describe(reply)} problem="${problem}"`, 'MISS');
}

function refuseReply(reason: UnavailableReason, reply: IntrospectionReply): Unavailable {
  return unavailable(reason, describe(reply), 'MISS');
}

/** What arrived, for the log: never the body, and of the content type only its media type. */
function describe(reply: IntrospectionReply): string {
  const arrived = `status=${reply.status} content_type=${mediaType(reply.contentType)} bytes=${reply.bodyBytes}`;
  return reply.failure === '' ? arrived : `${arrived} failure="${reply.failure}"`;
}

/** The media type without parameters, in lower case (RFC 9110 §8.3.1); '' when it is none. */
function mediaType(contentType: string): string {
  const type = contentType.split(';')[0] as string;
  const name = type.trim().toLowerCase();
  return /^[a-z0-9!#$&^_.+-]+\/[a-z0-9!#$&^_.+-]+$/.test(name) ? name : '';
}
