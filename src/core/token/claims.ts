// The claims that decide, from a JWT's payload (RFC 7519 §4.1) or an introspection reply (RFC 7662 §2.2).
import type { JsonObject } from '../text/json.js';
import { isPlainText } from '../text/plain_text.js';
import { isScopeList, splitScopes } from './scope.js';

/** Checked for type and range; an absent claim is '' or [] or 0. */
export interface TokenClaims {
  /** The later of `nbf` and `iat`, epoch seconds. */
  readonly notBeforeSec: number;
  /** Scope tokens, one space between two. */
  readonly scope: string;
  readonly issuer: string;
  readonly audience: readonly string[];
}

/** What is known of a token when its claims have been read. */
export interface ReadClaims {
  readonly kind: 'claims';
  readonly claims: TokenClaims;
  /** `exp`, epoch seconds; undefined when absent. */
  readonly expiresAtSec: number | undefined;
  /** Whether `cnf` or the type DPoP binds the token to a key (RFC 7800 §3.1), so that Bearer alone proves nothing. */
  readonly isSenderConstrained: boolean;
  /** False for what names itself another kind of token, such as a refresh token (S51). */
  readonly isAccessToken: boolean;
}

export interface InvalidClaim {
  readonly kind: 'invalid_claim';
  /** The claim's name; never its value. */
  readonly claim: string;
}

/** The last second of ten digits; stands for no end. */
export const NEVER_SEC = 9999999999;

/**
 * Reads what policy, cache and answer need.
 * `scope` may be a list of strings too, as some servers write it in their JWTs.
 * Does NOT compare anything with the clock or the settings: see ttl.ts and policy.ts.
 */
export function readClaims(source: JsonObject): ReadClaims | InvalidClaim {
  const expiresAtSec = readTime(source.exp, Math.floor);
  const nbfSec = readTime(source.nbf, Math.ceil);
  const iatSec = readTime(source.iat, Math.ceil);
  const scope = readScope(source.scope);
  const audience = readTexts(source.aud);
  const issuer = source.iss === undefined ? '' : source.iss;
  const cnf = source.cnf;
  const tokenType = source.token_type;
  const tokenUse = source.token_use === undefined ? 'access_token' : source.token_use;
  if (expiresAtSec === INVALID) return invalidClaim('exp');
  if (nbfSec === INVALID) return invalidClaim('nbf');
  if (iatSec === INVALID) return invalidClaim('iat');
  if (scope === undefined) return invalidClaim('scope');
  if (audience === undefined) return invalidClaim('aud');
  if (typeof issuer !== 'string' || !isPlainText(issuer)) return invalidClaim('iss');
  if (cnf !== undefined && (typeof cnf !== 'object' || cnf === null)) return invalidClaim('cnf');
  if (tokenType !== undefined && typeof tokenType !== 'string') return invalidClaim('token_type');
  if (typeof tokenUse !== 'string') return invalidClaim('token_use');
  const isDpop = tokenType !== undefined && tokenType.toLowerCase() === 'dpop';
  const notBeforeSec = Math.max(nbfSec === undefined ? 0 : nbfSec, iatSec === undefined ? 0 : iatSec);
  return {
    kind: 'claims',
    claims: { notBeforeSec, scope, issuer, audience },
    expiresAtSec,
    isSenderConstrained: cnf !== undefined || isDpop,
    isAccessToken:
      (tokenType === undefined || isDpop || isAccessTokenType(tokenType)) && isAccessTokenUse(tokenUse),
  };
}

/** `Bearer` (RFC 6750), or the word for its purpose that some servers put there. */
function isAccessTokenType(tokenType: string): boolean {
  return /^(bearer|access_token|urn:ietf:params:oauth:token-type:access_token)$(?!\n)/i.test(tokenType);
}

/** The claim `typ`, by which Keycloak tells Bearer, Refresh, Offline and ID; undefined where a server has none. */
export function isAccessTokenTyp(typ: unknown): boolean {
  return typ === undefined || (typeof typ === 'string' && /^(bearer|dpop|(at\+)?jwt)$(?!\n)/i.test(typ));
}

function isAccessTokenUse(tokenUse: string): boolean {
  return tokenUse === 'access_token' || tokenUse === 'access';
}

function invalidClaim(claim: string): InvalidClaim {
  return { kind: 'invalid_claim', claim };
}

const INVALID = -1;

/**
 * NumericDate (RFC 7519 §2) as whole seconds; undefined when absent, {@link INVALID} for the rest.
 * @param round towards the shorter life of the token
 */
function readTime(value: unknown, round: (sec: number) => number): number | undefined {
  if (value === undefined) return undefined;
  const isTime = typeof value === 'number' && value >= 0 && value < Infinity;
  return isTime ? Math.min(round(value), NEVER_SEC) : INVALID;
}

function readScope(value: unknown): string | undefined {
  if (value === undefined) return '';
  const text = Array.isArray(value) && value.every(isText) ? value.join(' ') : value;
  if (typeof text !== 'string' || !isScopeList(text)) return undefined;
  const isTidy = !` ${text} `.includes('  '); // as nearly all are
  return isTidy ? text : splitScopes(text).join(' ');
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

/** One string or a list of strings (RFC 7519 §4.1.3); undefined when it is neither. */
function readTexts(value: unknown): string[] | undefined {
  if (value === undefined) return [];
  if (Array.isArray(value)) return value.every(isTextClaim) ? value : undefined;
  return isTextClaim(value) ? [value] : undefined;
}

function isTextClaim(value: unknown): value is string {
  return typeof value === 'string' && isPlainText(value);
}
