// The circuit breakers of all endpoints, shared by the workers. Two failures at the same moment may count as one.

import { BREAKER_OPENED } from '../core/answer/metrics.js';
import {
  afterFailure,
  type Breaker,
  type BreakerSettings,
  type BreakerState,
  formatBreaker,
  holdsFor,
  isOfOneToken,
  parseBreaker,
  stateOf,
  suspendedSec,
  tokenOf,
} from '../core/introspection/breaker.js';
import { count } from './counters.js';
import { addState, deleteState, readState, writeState } from './shared_cache.js';

const BREAKER = 'breaker:';
const PROBE = 'probe:';
/** A row of failures with longer pauses than this is none. */
const MEMORY_SEC = 600;
/** A probe without an answer counts as lost after this: its client may have reset its HTTP/2 stream. The next one may go. */
const PROBE_MS = 1000;
const LIST = 'breakers:';
const SEPARATOR = '\x1E';
const MAX_LISTED = 100;

/**
 * @param key of the token's record
 * @returns whole seconds for Retry-After while the endpoint may not be asked about this token; 0 when it may, as far as
 *   one can see
 */
export function remainingSuspensionSec(endpoint: string, key: string): number {
  const text = readState(BREAKER + endpoint);
  if (text === undefined) {
    return 0;
  }
  const breaker = parseBreaker(text);
  const nowMs = Date.now();
  if (!holdsFor(breaker, tokenOf(key))) {
    return 0;
  }
  switch (stateOf(breaker, nowMs)) {
    case 'closed':
      return 0;
    case 'open':
      return suspendedSec(breaker, nowMs);
    case 'half_open':
      return readState(PROBE + endpoint) === undefined ? 0 : 1;
  }
}

/** The same for a request that asks at once when it may: after a suspension one at a time, the probe. */
export function waitBeforeAskingSec(endpoint: string, key: string): number {
  const waitSec = remainingSuspensionSec(endpoint, key);
  const breaker = parseBreaker(readState(BREAKER + endpoint));
  const asksFreely = stateOf(breaker, Date.now()) === 'closed' || !holdsFor(breaker, tokenOf(key));
  if (waitSec > 0 || asksFreely) {
    return waitSec;
  }
  return addState(PROBE + endpoint, '', PROBE_MS) === 'exists' ? 1 : 0;
}

/** The endpoint gave an answer, whatever it says. */
export function noteAnswer(endpoint: string): void {
  if (readState(BREAKER + endpoint) !== undefined) {
    deleteState(BREAKER + endpoint);
    deleteState(PROBE + endpoint);
  }
}

/**
 * The endpoint gave no answer about the token with this record's key.
 * @returns the breaker as it is now
 */
export function noteTransportFailure(endpoint: string, key: string, settings: BreakerSettings): Breaker {
  const before = parseBreaker(readState(BREAKER + endpoint));
  const breaker = afterFailure(before, tokenOf(key), settings, Date.now());
  list(endpoint);
  writeState(BREAKER + endpoint, formatBreaker(breaker), (MEMORY_SEC + settings.breakerDelaySec) * 1000);
  deleteState(PROBE + endpoint);
  if (breaker.suspendedUntilMs > 0 && !isOfOneToken(breaker)) {
    count(BREAKER_OPENED);
  }
  return breaker;
}

/** A breaker that has counted lately, and where it stands. One that suspends a single token is closed: the others ask. */
export interface EndpointBreaker {
  /** Port and name, or port and address, or `=` and the partition: the first line of a lookup. */
  readonly server: string;
  readonly endpoint: string;
  readonly state: BreakerState;
}

/** The breakers that {@link noteTransportFailure} has listed. */
export function readBreakers(): EndpointBreaker[] {
  return readList().map((name) => {
    const lines = name.split('\n');
    const breaker = parseBreaker(readState(BREAKER + name));
    const state = isOfOneToken(breaker) ? 'closed' : stateOf(breaker, Date.now());
    return { server: lines[0] || '', endpoint: lines[1] || '', state };
  });
}

/** njs 0.8 may not list the keys of a dictionary safely, so the names are kept in an entry of their own. */
function list(endpoint: string): void {
  const names = readList();
  if (!names.includes(endpoint) && names.length < MAX_LISTED) {
    writeState(LIST, names.concat(endpoint).join(SEPARATOR), MEMORY_SEC * 1000);
  }
}

function readList(): string[] {
  const names = readState(LIST);
  return names === undefined ? [] : names.split(SEPARATOR);
}
