// The shipped script with one fault each: what the oracle has to find. `npm run test:chaos -- --break all` runs them.
import { replaceOnce, SHIPPED_SCRIPT } from '../support/altered_script.js';
import type { RuleName } from './rules.js';

export interface BrokenScript {
  readonly name: string;
  /** For the report. */
  readonly what: string;
  /** Rules of which at least one has to find it. */
  readonly rules: readonly RuleName[];
  readonly script: string;
}

function broken(
  name: string,
  what: string,
  rules: readonly RuleName[],
  part: string,
  by: string,
): BrokenScript {
  return { name, what, rules, script: replaceOnce(SHIPPED_SCRIPT, part, by) };
}

export const BROKEN_SCRIPTS: readonly BrokenScript[] = [
  broken(
    'end_of_record',
    'a hit looks at no time',
    ['no_active_answer', 'stale_without_failure'],
    'if (record === void 0 || !(hasNoPolicy ?',
    'if (record === void 0 || false && !(hasNoPolicy ?',
  ),
  broken(
    'exp',
    '`exp` does not bound the life of a record',
    ['expired'],
    'ttlSec = Math.min(ttlSec, lifetimes.expiresAtSec - nowSec);',
    '',
  ),
  broken(
    'purge',
    'the mark of a purge is not looked at',
    ['purged'],
    'return hasEntry("phantom_token_state", purgedName(markKey));',
    'return false;',
  ),
  broken(
    'failure_passes',
    'a 5xx of the gateway lets the request through',
    ['wrong_jwt', 'no_active_answer'],
    '    r.return(status, body);\n  } catch (_gone)',
    '    if (status < 500) r.return(status, body); else if (r.parent) r.return(204); else r.decline();\n  } catch (_gone)',
  ),
  broken(
    'key_of_cache',
    'the cache key leaves out the end of the token',
    ['wrong_jwt'],
    'firstDigest(lookup) : begun.copy().update(lookup).digest("base64url")));\n    const record =',
    'firstDigest(lookup.slice(0, -23)) : begun.copy().update(lookup.slice(0, -23)).digest("base64url")));\n    const record =',
  ),
  broken(
    'signature',
    'every signature is taken for a good one',
    ['wrong_jwt', 'unproven'],
    'return isGood;\n}\nasync function tryToVerify',
    'return true;\n}\nasync function tryToVerify',
  ),
  broken(
    'replay',
    'a DPoP proof may be used again',
    ['replayed'],
    'return dictionary(zone).add(key, value, Math.min(ttlMs, MAX_MS)) ? "added" : "exists";',
    'return dictionary(zone).add(key, value, Math.min(ttlMs, MAX_MS)) || zone === "phantom_token_proofs" ? "added" : "exists";',
  ),
  broken(
    'rejected_tokens',
    'rejected tokens are not remembered',
    ['asked_too_often'],
    'const isKept = ttlMs >= 1 && writeDenial(',
    'const isKept = ttlMs < 0 && writeDenial(',
  ),
];
