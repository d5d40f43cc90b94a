// Counts the failures of an endpoint, and knows which endpoints have failed. Two failures at the same moment may count as one.
import { breakerOpenedSeries } from '../core/answer/series.js';
import type { CacheKey } from '../core/cache/key.js';
import type { EndpointName } from '../core/cache/lookup.js';
import {
  afterFailure,
  type Breaker,
  type BreakerSettings,
  type BreakerState,
  formatBreaker,
  isOfOneToken,
  stateOf,
  tokenOf,
} from '../core/introspection/breaker.js';
import { BREAKER, PROBE, readBreaker } from './breaker.js';
import { readClockMs } from './clock.js';
import { count } from './count.js';
import { deleteEntry, readEntry, writeEntry, type Zone } from './zones.js';

const STATE: Zone = 'phantom_token_state';
/** Failures with longer pauses between them are not counted together. */
const MEMORY_SEC = 600;
const LIST = 'breakers:';
const SEPARATOR = '\x1E';
const MAX_LISTED = 100;

/**
 * The endpoint gave no answer about the token with this record's key.
 * @returns the breaker as it is now
 */
export function noteTransportFailure(
  endpoint: EndpointName,
  key: CacheKey,
  settings: BreakerSettings,
): Breaker {
  const before = readBreaker(endpoint);
  const breaker = afterFailure(before, tokenOf(key), settings, readClockMs());
  list(endpoint);
  writeEntry(
    STATE,
    BREAKER + endpoint,
    formatBreaker(breaker),
    (MEMORY_SEC + settings.breakerDelaySec) * 1000,
  );
  deleteEntry(STATE, PROBE + endpoint);
  if (breaker.suspendedUntilMs > 0 && !isOfOneToken(breaker)) {
    count(breakerOpenedSeries(), 1);
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
    const breaker = readBreaker(name as EndpointName);
    const state = isOfOneToken(breaker) ? 'closed' : stateOf(breaker, readClockMs());
    return { server: lines[0] || '', endpoint: lines[1] || '', state };
  });
}

/** njs 0.8 may not list the keys of a dictionary safely, so the names are kept in an entry of their own. */
function list(endpoint: EndpointName): void {
  const names = readList();
  if (!names.includes(endpoint) && names.length < MAX_LISTED) {
    writeEntry(STATE, LIST, names.concat(endpoint).join(SEPARATOR), MEMORY_SEC * 1000);
  }
}

function readList(): string[] {
  const names = readEntry(STATE, LIST);
  return names === undefined ? [] : names.split(SEPARATOR);
}
