// The circuit breaker of an endpoint, shared by the workers: whether one may ask. When it suspends: suspension.ts.
import type { CacheKey } from '../core/cache/key.js';
import type { EndpointName } from '../core/cache/lookup.js';
import {
  type Breaker,
  holdsFor,
  parseBreaker,
  stateOf,
  suspendedSec,
  tokenOf,
} from '../core/introspection/breaker.js';
import { readClockMs } from './clock.js';
import { addEntry, deleteEntry, readEntry, type Zone } from './zones.js';

const STATE: Zone = 'phantom_token_state';
/** Before an endpoint: names of the entries. */
export const BREAKER = 'breaker:';
export const PROBE = 'probe:';
/** A probe without an answer counts as lost after this: its client may have reset its HTTP/2 stream. The next one may go. */
const PROBE_MS = 1000;

/**
 * @param key of the token's record
 * @returns whole seconds for Retry-After while the endpoint may not be asked about this token; 0 when it may, as far as
 *   one can see
 */
export function remainingSuspensionSec(endpoint: EndpointName, key: CacheKey): number {
  return suspensionSec(endpoint, key, isProbeUnderWay);
}

/** The same for a request that asks at once when it may: after a suspension one at a time, the probe. */
export function waitBeforeAskingSec(endpoint: EndpointName, key: CacheKey): number {
  return suspensionSec(endpoint, key, failsToProbe);
}

function isProbeUnderWay(endpoint: EndpointName): boolean {
  return readEntry(STATE, PROBE + endpoint) !== undefined;
}

/** Takes the probe, if nobody has it. */
function failsToProbe(endpoint: EndpointName): boolean {
  return addEntry(STATE, PROBE + endpoint, '', PROBE_MS) === 'exists';
}

/** @param mustWait asked after a suspension. A suspension of another token alone is none. */
function suspensionSec(
  endpoint: EndpointName,
  key: CacheKey,
  mustWait: (endpoint: EndpointName) => boolean,
): number {
  if (readEntry(STATE, BREAKER + endpoint) === undefined) {
    return 0; // nothing has failed
  }
  const breaker = readBreaker(endpoint);
  const nowMs = readClockMs();
  switch (holdsFor(breaker, tokenOf(key)) ? stateOf(breaker, nowMs) : 'closed') {
    case 'closed':
      return 0;
    case 'open':
      return suspendedSec(breaker, nowMs);
    case 'half_open':
      return mustWait(endpoint) ? 1 : 0;
  }
}

export function readBreaker(endpoint: EndpointName): Breaker {
  return parseBreaker(readEntry(STATE, BREAKER + endpoint));
}

/** The endpoint gave an answer, whatever it says. */
export function noteAnswer(endpoint: EndpointName): void {
  if (readEntry(STATE, BREAKER + endpoint) !== undefined) {
    deleteEntry(STATE, BREAKER + endpoint);
    deleteEntry(STATE, PROBE + endpoint);
  }
}
