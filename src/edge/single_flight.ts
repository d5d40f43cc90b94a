// One introspection for all requests with the same token, in all workers. A lock in the shared dictionary names the
// leader; the others look at it again and again.

import type { Unavailable } from '../core/answer/outcome.js';
import {
  type FlightState,
  formatAsking,
  formatFailure,
  formatReleased,
  parseFailure,
  parseFlight,
  stepMs,
} from '../core/introspection/flight.js';
import { addLock, deleteLock, readLock, writeLock } from './shared_cache.js';

/** What a request is to do. */
export type Boarding =
  /** Ask, and tell the others: {@link land}, {@link release} or {@link failFlight}. */
  | { readonly kind: 'lead'; readonly leader: string }
  /** The leader is done, or lost: look into the cache, and board again when nothing is there. */
  | { readonly kind: 'landed' }
  /** Ask for yourself: the answer is not one to share. */
  | { readonly kind: 'alone' }
  /** Ask for yourself: there is no room for a lock. */
  | { readonly kind: 'no_room' }
  | { readonly kind: 'failed'; readonly failure: Unavailable }
  /** So many wait for this leader already. */
  | { readonly kind: 'queue_full' }
  /** Has waited as long as it may. */
  | { readonly kind: 'timeout' };

/** How a request waits; times are epoch milliseconds. */
export interface Wait {
  readonly sinceMs: number;
  readonly untilMs: number;
  /** How many may wait for one leader. */
  readonly maxWaiting: number;
}

/** How long those who wait can read how their flight ended: ten of their longest steps, for a worker that is busy. */
const END_MS = 2000;
const FAILED = 'failed:';
const WAITING = 'waiting:';

/**
 * @param name see flightName of core/introspection/flight.ts
 * @param leaseMs after which this request counts as lost, should it lead
 */
export async function board(name: string, leaseMs: number, wait: Wait): Promise<Boarding> {
  const leader = newLeader();
  let awaited = '';
  for (;;) {
    const state = parseFlight(readLock(name));
    const boarding = decide(state, awaited);
    if (boarding !== undefined) {
      return boarding;
    }
    const nowMs = Date.now();
    if (nowMs >= wait.untilMs) {
      return { kind: 'timeout' };
    }
    if (state.kind === 'asking') {
      if (awaited === '' && !joinQueue(state.leader, wait)) {
        return { kind: 'queue_full' };
      }
      awaited = state.leader;
    } else {
      const added = addLock(name, formatAsking(leader), leaseMs);
      if (added !== 'exists') {
        return added === 'added' ? { kind: 'lead', leader } : { kind: 'no_room' };
      }
      continue; // another one was faster: see who
    }
    await sleep(stepMs(nowMs - wait.sinceMs));
  }
}

/**
 * Counts one more who waits for a leader. Within a worker nothing runs between reading and writing. Two workers may lose
 * counts to each other: at worst each of them lets so many wait.
 * @returns false when so many wait already
 */
function joinQueue(leader: string, wait: Wait): boolean {
  const waiting = Number(readLock(WAITING + leader) || 0);
  if (waiting >= wait.maxWaiting) {
    return false;
  }
  writeLock(WAITING + leader, String(waiting + 1), wait.untilMs - wait.sinceMs);
  return true;
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

/** The answer is in the cache: all who wait look there, also when another one has taken over meanwhile. */
export function land(name: string, leader: string): void {
  deleteLock(name);
  deleteLock(WAITING + leader);
}

/** The answer may not be kept: those who wait ask for themselves, all at once. */
export function release(name: string, leader: string): void {
  if (leads(name, leader)) {
    writeLock(name, formatReleased(), END_MS);
  }
  deleteLock(WAITING + leader);
}

/** Those who wait get the same failure; whoever comes later asks. */
export function failFlight(name: string, leader: string, failure: Unavailable): void {
  if (leads(name, leader)) {
    writeLock(FAILED + leader, formatFailure(failure), END_MS);
    deleteLock(name);
  }
  deleteLock(WAITING + leader);
}

/** False when the lease ran out meanwhile and another request leads. */
function leads(name: string, leader: string): boolean {
  const state = parseFlight(readLock(name));
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
