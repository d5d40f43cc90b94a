// One introspection for all requests with the same token, in all workers. A lock in the shared dictionary names the
// leader; the others look at it every few milliseconds.
import {
  type FlightState,
  formatAsking,
  formatFailure,
  formatReleased,
  parseFailure,
  parseFlight,
} from '../core/flight.js';
import type { Unavailable } from '../core/outcome.js';
import { addLock, deleteLock, readLock, writeLock } from './shared_cache.js';

/** What a request is to do. */
export type Boarding =
  /** Ask, and tell the others: {@link land}, {@link release} or {@link failFlight}. */
  | { readonly kind: 'lead'; readonly leader: string }
  /** The leader is done, or lost: look into the cache, and board again when nothing is there. */
  | { readonly kind: 'landed' }
  /** Ask for yourself: the answer is not one to share, or there is no room for a lock. */
  | { readonly kind: 'alone' }
  | { readonly kind: 'failed'; readonly failure: Unavailable }
  /** Waited as long as one introspection may take. */
  | { readonly kind: 'timeout' };

const STEP_MS = 10;
/** How long those who wait can read how their flight ended. */
const END_MS = 500;
const FAILED = 'failed:';

/**
 * @param key of the record
 * @param untilMs epoch milliseconds up to which this request waits
 * @param leaseMs after which a leader counts as lost
 */
export async function board(key: string, untilMs: number, leaseMs: number): Promise<Boarding> {
  const leader = newLeader();
  let awaited = '';
  for (;;) {
    const state = parseFlight(readLock(key));
    const boarding = decide(state, awaited);
    if (boarding !== undefined) {
      return boarding;
    }
    if (Date.now() >= untilMs) {
      return { kind: 'timeout' };
    }
    if (state.kind === 'asking') {
      awaited = state.leader;
    } else {
      const added = addLock(key, formatAsking(leader), leaseMs);
      if (added !== 'exists') {
        return added === 'added' ? { kind: 'lead', leader } : { kind: 'alone' };
      }
      continue; // another one was faster: see who
    }
    await sleep(STEP_MS);
  }
}

/** @param awaited the leader that this request has seen asking, '' for none */
function decide(state: FlightState, awaited: string): Boarding | undefined {
  if (state.kind === 'released') {
    return { kind: 'alone' };
  }
  if (awaited === '' || (state.kind === 'asking' && state.leader === awaited)) {
    return undefined;
  }
  // The flight is over; another one may have begun with the same token since.
  const failure = parseFailure(readLock(FAILED + awaited));
  return failure === undefined ? { kind: 'landed' } : { kind: 'failed', failure };
}

/** The answer is in the cache. */
export function land(key: string, leader: string): void {
  if (leads(key, leader)) {
    deleteLock(key);
  }
}

/** The answer may not be kept: those who wait ask for themselves, all at once. */
export function release(key: string, leader: string): void {
  if (leads(key, leader)) {
    writeLock(key, formatReleased(), END_MS);
  }
}

/** Those who wait get the same failure; whoever comes later asks. */
export function failFlight(key: string, leader: string, failure: Unavailable): void {
  if (leads(key, leader)) {
    writeLock(FAILED + leader, formatFailure(failure), END_MS);
    deleteLock(key);
  }
}

/** False when the lease ran out meanwhile and another request leads. */
function leads(key: string, leader: string): boolean {
  const state = parseFlight(readLock(key));
  return state.kind === 'asking' && state.leader === leader;
}

/** Only has to differ from the leaders of the same token in the same second. */
function newLeader(): string {
  return String(Math.random()).slice(2);
}

/** No code in the callback: an exception there would hang the request. */
function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
