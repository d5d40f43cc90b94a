// What the gateway says in a JWT of its own (RFC 9068 §2.2): of the answer only what is named here or in the settings.
import type { DenialReason } from '../answer/reasons.js';
import type { ActiveToken } from '../introspection/active_token.js';
import { confirmationOf } from '../sender/binding.js';
import type { SignatureSettings } from '../settings/signature_settings.js';
import type { JsonObject } from '../text/json.js';
import { isPlainText } from '../text/plain_text.js';
import { type InvalidClaim, isAccessTokenTyp } from '../token/claims.js';

/** The claims of a JWT to sign. */
export interface MintedClaims {
  readonly kind: 'minted_claims';
  readonly claims: JsonObject;
  /** Until when the cache may hand it out, epoch seconds. */
  readonly usableUntilSec: number;
}

/** No API gets a JWT that ends sooner, unless the token itself does. */
const MARGIN_SEC = 30;

/**
 * Why nothing is signed for a token that the server calls active: it may be a refresh token, which some servers answer with
 * `active` alone or with a type of their own (S51). undefined when it is an access token.
 */
export function findMintRefusal(answer: JsonObject): DenialReason | undefined {
  if (!isNamed(answer.sub) && !isNamed(answer.client_id)) {
    return 'token_subject_missing';
  }
  return isAccessTokenTyp(answer.typ) ? undefined : 'token_type_mismatch';
}

function isNamed(value: unknown): boolean {
  return value !== undefined && value !== '';
}

/**
 * `exp` is never later than the token's own. Never holds the token or anything made of it.
 * @param active of an answer in which {@link findMintRefusal} finds nothing
 * @param jti 128 random bits
 */
export function mintedClaims(
  active: ActiveToken,
  signatures: SignatureSettings,
  jti: string,
  nowSec: number,
): MintedClaims | InvalidClaim {
  const answer = active.answer;
  const clientId = isNamed(answer.client_id) ? answer.client_id : answer.azp;
  const subject = isNamed(answer.sub) ? answer.sub : clientId; // RFC 9068 §2.2: of client credentials, the client
  const latestSec = nowSec + signatures.mintTtlSec;
  const ownEndSec = active.expiresAtSec;
  const endsWithToken = ownEndSec !== undefined && ownEndSec <= latestSec;
  const claims: Record<string, unknown> = {
    iss: signatures.mintIssuer,
    sub: subject,
    client_id: clientId,
    scope: active.claims.scope === '' ? undefined : active.claims.scope,
    aud: audienceOf(active.claims.audience, signatures.mintAudience),
    iat: nowSec,
    exp: endsWithToken ? ownEndSec : latestSec,
    jti,
    auth_time: answer.auth_time,
    acr: answer.acr,
    amr: listOf(answer.amr),
    cnf: active.binding === undefined ? undefined : confirmationOf(active.binding),
  };
  const invalid = findInvalid(claims);
  if (invalid !== undefined) {
    return { kind: 'invalid_claim', claim: invalid };
  }
  const unsafe = copyClaims(claims, answer, signatures.mintClaims);
  if (unsafe !== undefined) {
    return { kind: 'invalid_claim', claim: unsafe };
  }
  if (!isUnicode(claims)) {
    return { kind: 'invalid_claim', claim: 'text that is no Unicode' };
  }
  return {
    kind: 'minted_claims',
    claims,
    usableUntilSec: endsWithToken ? ownEndSec : latestSec - MARGIN_SEC,
  };
}

/** One audience is a string, several are a list (RFC 7519 §4.1.3). Absent when neither the settings nor the answer have one. */
function audienceOf(answered: readonly string[], set: string): unknown {
  const named = set.split(' ').filter((audience) => audience !== '');
  const audience = named.length > 0 ? named : answered;
  return audience.length > 1 ? audience : audience[0];
}

/** Duende answers a list of one as its member. */
function listOf(amr: unknown): unknown {
  return typeof amr === 'string' ? [amr] : amr;
}

/** The types of what is copied from the answer (RFC 9068 §2.2, OpenID Connect Core §2). */
function findInvalid(claims: JsonObject): string | undefined {
  const texts = ['sub', 'client_id', 'acr'].filter(
    (name) => claims[name] !== undefined && !isText(claims[name]),
  );
  if (texts.length > 0) {
    return texts[0];
  }
  const authTime = claims.auth_time;
  if (authTime !== undefined && !(typeof authTime === 'number' && authTime >= 0 && authTime < Infinity)) {
    return 'auth_time';
  }
  return claims.amr === undefined || (Array.isArray(claims.amr) && claims.amr.every(isText))
    ? undefined
    : 'amr';
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && isPlainText(value);
}

/**
 * @param names separated by spaces; checkMintClaims has seen that none is a claim of ours
 * @returns the name of one that cannot be copied as it is
 */
function copyClaims(claims: Record<string, unknown>, answer: JsonObject, names: string): string | undefined {
  const members = Object.keys(answer); // own ones only (S30)
  const wanted = names.split(' ').filter((name) => name !== '' && members.includes(name));
  wanted.forEach((name) => {
    claims[name] = answer[name];
  });
  return wanted.filter((name) => hasUnsafeNumber(answer[name]))[0];
}

/** The njs engine reads each half of a surrogate pair as U+FFFD (RFC 8259 §8.2): two texts would be signed as one. */
function isUnicode(claims: JsonObject): boolean {
  return !/\uFFFD/.test(Buffer.from(JSON.stringify(claims)).toString());
}

/** Beyond it two whole numbers can be one: 2^53 - 1. */
const MOST_SAFE = 9007199254740991;

/** Whether somewhere in a value is a number that would be signed as another one. */
function hasUnsafeNumber(value: unknown): boolean {
  if (typeof value === 'number') {
    return !(Math.abs(value) <= MOST_SAFE);
  }
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.keys(value).some((name) => hasUnsafeNumber((value as JsonObject)[name]))
  );
}
