// The third stage: a token that the cache neither grants at once nor rejects. Of a bound token that it knows only the proof is
// judged; every other one goes on to miss.ts.
import { isBoundRecord } from '../core/cache/bound_record.js';
import { credentialOf } from '../core/cache/lookup.js';
import { isDpopScheme } from '../core/sender/dpop_credential.js';
import type { Mode } from '../core/settings/njs_version.js';
import { findBound, judgeProof } from './bound.js';
import type { FirstLook } from './handover.js';
import { handleMiss } from './miss.js';

/** @param isUnknown whether the cache has just been seen to have nothing under the key */
export function handleUndecided(
  r: NginxHTTPRequest,
  mode: Mode,
  first: FirstLook,
  isUnknown: boolean,
): Promise<void> | undefined {
  const credential = credentialOf(first.lookup);
  const mayBeBound = isUnknown
    ? isDpopScheme(credential)
    : first.record !== undefined && isBoundRecord(first.record);
  // Whether the client of another gateway holds the key is for that gateway to find out: hand_out.ts.
  const bound = mayBeBound && mode !== 'introspection' ? findBound(first, credential) : undefined;
  return bound === undefined ? handleMiss(r, mode, first, isUnknown) : judgeProof(r, mode, first, bound);
}
