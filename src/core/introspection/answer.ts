// What the authorization server's answer means (RFC 7662 §2.2, §2.3).
import { type Denial, denied, type Unavailable } from '../answer/outcome.js';
import { misconfigured, notAnswered, notAnsweredYet } from '../answer/unavailable.js';
import type { SenderSettings } from '../settings/sender_settings.js';
import type { SignatureSettings } from '../settings/signature_settings.js';
import { type JsonObject, parseJsonObject } from '../text/json.js';
import { explainBadJwt, isIntrospectionResponse, type Jwt, parseJwt } from '../token/jwt.js';
import { type ActiveToken, activeToken } from './active_token.js';
import { describeReply, type IntrospectionReply, mediaType, refuseMalformed, refuseReply } from './reply.js';

const MISROUTED =
  '$phantom_token_introspection_endpoint must name a location of this server that includes introspection.conf, and no rewrite, if or return of the server may take the request elsewhere';

/** How to find the JWT in an answer, and which tokens are taken: of the location's settings. */
export interface JwtForm {
  readonly jwtField: string;
  readonly maxJwtLength: number;
  /** What was asked for. */
  readonly introspectionAccept: string;
  readonly sender: SenderSettings | undefined;
}

/** An RFC 9701 response, whose signature has to be verified before anything in it counts: signed_response.ts. */
export interface SignedResponse {
  readonly kind: 'signed_response';
  readonly jwt: Jwt;
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
  signatures?: SignatureSettings,
): ActiveToken | SignedResponse | Denial | Unavailable {
  if (!reply.isIntrospection) {
    return misconfigured(MISROUTED);
  }
  if (reply.limitProblem !== '') {
    return misconfigured(reply.limitProblem);
  }
  if (reply.status === 204) {
    return denied('token_inactive', 'MISS'); // Curity's answer to Accept: application/jwt
  }
  if (reply.status !== 200) {
    return interpretStatus(reply);
  }
  if (reply.contentLength !== '' && reply.contentLength !== String(reply.bodyBytes)) {
    return refuseReply('introspection_truncated', reply); // nginx passes a cut body on as complete (S36)
  }
  switch (mediaType(reply.contentType)) {
    case 'application/jwt':
      return asksSignedAnswer(form)
        ? notAnswered('introspection_response_invalid', `${describeReply(reply)} problem="not signed"`)
        : interpretJwt(reply, form, nowSec);
    case 'application/json':
      return interpretJson(reply, form, nowSec, signatures);
    case 'application/token-introspection+jwt':
      return interpretResponseJwt(reply, signatures);
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
      return notAnsweredYet('introspection_rate_limited', describeReply(reply), reply.retryAfter);
    case 503:
      return notAnsweredYet('introspection_overloaded', describeReply(reply), reply.retryAfter);
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

/** The body is the JWT, and its payload the claims. Servers end a body with a line break; a member of JSON has none. */
function interpretJwt(
  reply: IntrospectionReply,
  form: JwtForm,
  nowSec: number,
): ActiveToken | Denial | Unavailable {
  const found = findJwt(reply.body.trim(), reply, form);
  if (found.kind !== 'jwt') {
    return found;
  }
  return activeToken(found.jwt, found.jwt.payload, reply, nowSec, form.sender);
}

/** RFC 9701: no access token, so never one to forward (S54). Nothing in it counts where no key can verify it. */
function interpretResponseJwt(
  reply: IntrospectionReply,
  signatures: SignatureSettings | undefined,
): SignedResponse | Unavailable {
  if (signatures === undefined || signatures.jwks === '') {
    return refuseReply('introspection_response_jwt', reply);
  }
  const text = reply.body.trim();
  if (text.split('.').length === 5) {
    return refuseMalformed(reply, 'an encrypted answer (JWE), which the gateway does not decrypt');
  }
  const jwt = parseJwt(text);
  return jwt === undefined ? refuseMalformed(reply, explainBadJwt(text)) : { kind: 'signed_response', jwt };
}

function interpretJson(
  reply: IntrospectionReply,
  form: JwtForm,
  nowSec: number,
  signatures?: SignatureSettings,
): ActiveToken | Denial | Unavailable {
  const answer = parseJsonObject(reply.body);
  if (answer === undefined) {
    return refuseMalformed(reply, 'no JSON object');
  }
  return answer.active === true && asksSignedAnswer(form)
    ? notAnswered('introspection_response_invalid', `${describeReply(reply)} problem="not signed"`)
    : interpretAnswer(answer, reply, form, nowSec, signatures);
}

/** Who asks for a signed answer alone takes no other as a permission: somebody between could have made it. */
function asksSignedAnswer(form: JwtForm): boolean {
  return /^application\/token-introspection\+jwt$(?!\n)/i.test(form.introspectionAccept);
}

/** RFC 7662's JSON with the JWT in one of its members, and the JSON holds the claims. Without a JWT the gateway may sign one. */
export function interpretAnswer(
  answer: JsonObject,
  reply: IntrospectionReply,
  form: JwtForm,
  nowSec: number,
  signatures?: SignatureSettings,
): ActiveToken | Denial | Unavailable {
  if (typeof answer.active !== 'boolean') {
    return refuseMalformed(reply, 'active is no boolean'); // RFC 7662 §2.2: REQUIRED, and a boolean (S27, S28)
  }
  if (!answer.active) {
    return denied('token_inactive', 'MISS');
  }
  const member = readJwtMember(answer, form.jwtField);
  if (member === undefined) {
    const isMinted = signatures !== undefined && signatures.mint !== 'off';
    return isMinted
      ? activeToken(undefined, answer, reply, nowSec, form.sender)
      : refuseReply('jwt_missing', reply);
  }
  const found = findJwt(member, reply, form);
  return found.kind === 'jwt' ? activeToken(found.jwt, answer, reply, nowSec, form.sender) : found;
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
    return refuseMalformed(reply, typeof text === 'string' ? explainBadJwt(text) : 'the JWT is no string');
  }
  return isIntrospectionResponse(jwt)
    ? refuseReply('introspection_response_jwt', reply)
    : { kind: 'jwt', jwt };
}
