// Step 6: what the location asks of an active token. Runs on every request, cached or not (S57).

import type { DenialReason } from '../answer/outcome.js';
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
 * @param grants see {@link encodeGrants}
 * @param notBeforeSec epoch seconds; 0 for none
 * @returns why the token is refused here, or undefined.
 * Does NOT check `exp`: a record ends with it (ttl.ts), and a reply past it is refused (introspection.ts).
 */
export function checkPolicy(
  grants: string,
  notBeforeSec: number,
  policy: Policy,
  nowSec: number,
): DenialReason | undefined {
  return notBeforeSec > nowSec + policy.clockSkewSec
    ? 'token_not_yet_valid'
    : checkGrants(grants, policy.issuer, policy.audience, policy.requiredScopes);
}

/**
 * {@link checkPolicy} without the times. What is empty is not asked for; an absent claim never matches a value that is
 * (RFC 8725 §3.8, §3.9).
 */
export function checkGrants(
  grants: string,
  issuer: string,
  audience: string,
  requiredScopes: readonly string[],
): DenialReason | undefined {
  if (issuer !== '' && !grants.includes(ISSUER + issuer + ISSUER)) {
    return 'issuer_mismatch';
  }
  if (audience !== '' && !grants.includes(AUDIENCE + audience + AUDIENCE)) {
    return 'audience_mismatch';
  }
  for (let i = 0; i < requiredScopes.length; i++) {
    if (!grants.includes(SCOPE + requiredScopes[i] + SCOPE)) {
      return 'scope_insufficient';
    }
  }
  return undefined;
}
