// To which key a token is bound (RFC 7800 §3.1): by the thumbprint of a JWK (RFC 9449 §6.1), of a certificate (RFC 8705 §3.1), or
// both.
import type { JsonObject } from '../text/json.js';

/** '' stands for no such binding; one of the two is there. A request has to meet both. */
export interface Binding {
  /** `jkt`: SHA-256 thumbprint of the client's JWK, in base64url. */
  readonly jkt: string;
  /** `x5t#S256`: SHA-256 of the client's certificate (DER), in base64url. */
  readonly x5t: string;
}

/** SHA-256 in base64url. */
const THUMBPRINT = /^[A-Za-z0-9_-]{43}$(?!\n)/;

/**
 * @param sources what says something of the token: the answer, and the JWT's payload. At least one has a `cnf` or the type DPoP
 * @returns undefined when the gateway cannot check what the token is bound to: another kind of key, a thumbprint of another
 *   form, a type DPoP without a key, or two sources that contradict each other
 */
export function readBinding(sources: readonly JsonObject[]): Binding | undefined {
  const jkt = readThumbprint(sources, 'jkt');
  const x5t = readThumbprint(sources, 'x5t#S256');
  const isBound = jkt !== '' || x5t !== '';
  const isUsable = jkt !== undefined && x5t !== undefined && isBound && sources.every(isCheckable);
  return isUsable && (jkt !== '' || !sources.some(isDpop)) ? { jkt, x5t } : undefined;
}

/** The members of `cnf` for a JWT of the gateway's own. */
export function confirmationOf(binding: Binding): JsonObject {
  const members: Record<string, string> = {};
  if (binding.jkt !== '') {
    members.jkt = binding.jkt;
  }
  if (binding.x5t !== '') {
    members['x5t#S256'] = binding.x5t;
  }
  return members;
}

/** '' for none; undefined for one of another form, or for two that differ. */
function readThumbprint(sources: readonly JsonObject[], member: string): string | undefined {
  let found = '';
  for (let i = 0; i < sources.length; i++) {
    const value = confirmationIn(sources[i] as JsonObject)[member];
    if (value === undefined) {
      continue;
    }
    if (typeof value !== 'string' || !THUMBPRINT.test(value) || (found !== '' && found !== value)) {
      return undefined;
    }
    found = value;
  }
  return found;
}

/** A `cnf` has a member that can be checked; others beside it are ignored (RFC 7800 §3.1). */
function isCheckable(source: JsonObject): boolean {
  const cnf = confirmationIn(source);
  return source.cnf === undefined || cnf.jkt !== undefined || cnf['x5t#S256'] !== undefined;
}

function isDpop(source: JsonObject): boolean {
  return typeof source.token_type === 'string' && source.token_type.toLowerCase() === 'dpop';
}

/** readClaims has seen that `cnf`, where there is one, is an object. */
function confirmationIn(source: JsonObject): JsonObject {
  return source.cnf === undefined ? {} : (source.cnf as JsonObject);
}
