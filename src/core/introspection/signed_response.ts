// An RFC 9701 response whose signature is verified: whether it is for this gateway, and the answer that it holds.
import type { Unavailable } from '../answer/outcome.js';
import { notAnswered } from '../answer/unavailable.js';
import { typeOf } from '../signature/jws.js';
import type { JsonObject } from '../text/json.js';
import type { Jwt } from '../token/jwt.js';
import { describeReply, type IntrospectionReply } from './reply.js';

/** The answer of RFC 7662 in a response. */
export interface VerifiedAnswer {
  readonly kind: 'verified_answer';
  readonly answer: JsonObject;
}

/** Who may have made a response, and for whom. */
export interface ResponseParties {
  /** `$phantom_token_issuer`. */
  readonly issuer: string;
  /** `$phantom_token_client_id`. */
  readonly clientId: string;
}

/**
 * RFC 9701 §5: `typ`, `iss`, `aud` and `iat` are required. A token that names no issuer of its own is one of the server that
 * signed the response.
 * Does NOT verify the signature.
 */
export function readSignedResponse(
  jwt: Jwt,
  parties: ResponseParties,
  reply: IntrospectionReply,
): VerifiedAnswer | Unavailable {
  const payload = jwt.payload;
  const invalid = findInvalid(jwt, parties);
  if (invalid !== undefined) {
    return notAnswered('introspection_response_invalid', `member=${invalid} ${describeReply(reply)}`);
  }
  const answer = payload.token_introspection as JsonObject;
  return {
    kind: 'verified_answer',
    answer: answer.iss === undefined ? withIssuer(answer, payload.iss) : answer,
  };
}

function withIssuer(answer: JsonObject, issuer: unknown): JsonObject {
  const copy: Record<string, unknown> = { iss: issuer };
  Object.keys(answer).forEach((name) => {
    if (name !== '__proto__') {
      copy[name] = answer[name]; // that name would give the copy another prototype
    }
  });
  return copy;
}

/** The first member that is not as RFC 9701 §5 has it. */
function findInvalid(jwt: Jwt, parties: ResponseParties): string | undefined {
  const payload = jwt.payload;
  if (typeOf(jwt) !== 'token-introspection+jwt') {
    return 'typ';
  }
  if (parties.issuer === '' || payload.iss !== parties.issuer) {
    return 'iss';
  }
  const audience = Array.isArray(payload.aud) ? payload.aud : [payload.aud];
  if (parties.clientId === '' || !audience.includes(parties.clientId)) {
    return 'aud';
  }
  if (typeof payload.iat !== 'number') {
    return 'iat';
  }
  const answer = payload.token_introspection;
  return typeof answer === 'object' && answer !== null && !Array.isArray(answer)
    ? undefined
    : 'token_introspection';
}
