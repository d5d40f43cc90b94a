// What a location asks of an active token. Runs on every request, cached or not (S57).

import type { DenialReason } from '../answer/reasons.js';
import type { Policy } from '../settings/settings.js';
import type { TokenClaims } from './claims.js';

// Each kind of claim has a separator of its own, and claims hold no control character (claims.ts): so one search tells
// whether a whole value is among them, and no value can pass for two, or for one of another kind (S52).
const SCOPE = '\n';
const ISSUER = '\v';
const AUDIENCE = '\f';

/** What a token grants, as a record keeps it: each scope token, each audience, the issuer, with separators around. */
export function encodeGrants(claims: TokenClaims): string {
  const scopes = claims.scope.split(' ').join(SCOPE);
  const audiences = claims.audience.join(AUDIENCE);
  return `${SCOPE}${scopes}${SCOPE}${AUDIENCE}${audiences}${AUDIENCE}${ISSUER}${claims.issuer}${ISSUER}`;
}

/**
 * What is empty is not asked for; an absent claim never matches a value that is (RFC 8725 §3.8, §3.9).
 * @param grants see {@link encodeGrants}
 * @param notBeforeSec epoch seconds; 0 for none
 * @returns why the token is refused here, or undefined.
 * Does NOT check `exp`: a record ends with it (cache/ttl.ts), and a reply past it is refused (introspection/answer.ts).
 */
export function checkPolicy(
  grants: string,
  notBeforeSec: number,
  policy: Policy,
  nowSec: number,
): DenialReason | undefined {
  if (notBeforeSec > nowSec + policy.clockSkewSec) {
    return 'token_not_yet_valid';
  }
  if (policy.issuer !== '' && !grants.includes(ISSUER + policy.issuer + ISSUER)) {
    return 'issuer_mismatch';
  }
  if (policy.audience !== '' && !grants.includes(AUDIENCE + policy.audience + AUDIENCE)) {
    return 'audience_mismatch';
  }
  for (let i = 0; i < policy.requiredScopes.length; i++) {
    if (!grants.includes(SCOPE + policy.requiredScopes[i] + SCOPE)) {
      return 'scope_insufficient';
    }
  }
  return undefined;
}
