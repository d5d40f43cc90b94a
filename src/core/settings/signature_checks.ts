// What a value may be, of the settings on signatures: as in checks.ts.
import { isPlainText } from '../text/plain_text.js';
import { checkEndpoint } from './question_checks.js';

/** A place to fetch from is spelt as one to ask. */
export function checkJwks(value: string): string | undefined {
  return value === '' ? undefined : checkEndpoint(value);
}

/** Spaces alone would name none, where somebody meant to name one. */
export function checkMintAudience(value: string): string | undefined {
  const isList = value === '' || /[^ ]/.test(value);
  return isList && isPlainText(value) && !value.includes('\uFFFD')
    ? undefined
    : 'must be audiences separated by spaces, without control characters';
}

/** Names of members; those that the gateway sets itself (RFC 9068 §2.2) are not to be copied. */
export function checkMintClaims(value: string): string | undefined {
  if (!/^[\x20\x21\x23-\x2B\x2D-\x5B\x5D-\x7E]*$(?!\n)/.test(value)) {
    return 'must be names of members separated by spaces: printable ASCII without quotes, commas and backslashes';
  }
  const own = value.split(' ').filter((name) => OWN_CLAIMS.includes(name));
  return own.length === 0
    ? undefined
    : `must not name ${own[0]}: the gateway sets that claim itself, or it says nothing of the user`;
}

/** RFC 9068 §2.2, RFC 7519 §4.1, RFC 7800 §3.1; `active` is of the answer, not of the token (RFC 7662 §2.2). */
const OWN_CLAIMS = [
  'iss',
  'sub',
  'client_id',
  'azp',
  'scope',
  'aud',
  'iat',
  'exp',
  'nbf',
  'jti',
  'auth_time',
  'acr',
  'amr',
  'cnf',
  'active',
  'token_type',
  'token_use',
  'typ',
  '__proto__',
  'constructor',
];
