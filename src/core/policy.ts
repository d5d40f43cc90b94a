// Step 6: what the location asks of an active token. Runs on every request, cached or not (S57).
import type { TokenClaims } from './claims.js';
import type { DenialReason } from './outcome.js';
import type { Policy } from './settings.js';

/**
 * @returns why the token is refused here, or undefined.
 * An absent claim never matches a value that the settings name (RFC 8725 §3.8, §3.9).
 * Does NOT check `exp`: a record ends with it (ttl.ts), and a reply past it is refused (introspection.ts).
 */
export function checkPolicy(claims: TokenClaims, policy: Policy, nowSec: number): DenialReason | undefined {
  if (claims.notBeforeSec > nowSec + policy.clockSkewSec) {
    return 'token_not_yet_valid';
  }
  if (policy.issuer !== '' && claims.issuer !== policy.issuer) {
    return 'issuer_mismatch';
  }
  if (policy.audience !== '' && !claims.audience.includes(policy.audience)) {
    return 'audience_mismatch';
  }
  return grantsAll(claims.scope, policy.requiredScopes) ? undefined : 'scope_insufficient';
}

/** Whole tokens only: `read` is not granted by `readonly` (S52). */
function grantsAll(scope: string, required: readonly string[]): boolean {
  const granted = ` ${scope} `;
  return required.every((token) => granted.includes(` ${token} `));
}
