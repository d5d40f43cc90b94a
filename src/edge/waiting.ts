// Those who wait for another request's introspection, and what they are told. They look at its entry again and again.
import type { Unavailable } from '../core/answer/outcome.js';
import {
  type FlightState,
  formatFailure,
  formatReleased,
  parseFailure,
  parseFlight,
  stepMs,
} from '../core/introspection/waiting.js';
import { readClockMs } from './clock.js';
import { type Lead, type Led, takeLead, WAITING } from './flights.js';
import { deleteEntry, readEntry, writeEntry, type Zone } from './zones.js';

const LOCKS: Zone = 'phantom_token_locks';
/** How long those who wait can read how their flight ended: ten of their longest steps, for a worker that is busy. */
const END_MS = 2000;
const FAILED = 'failed:';

/** What a request that waited is to do. */
export type Boarding =
  | Exclude<Lead, { kind: 'taken' }>
  /** The leader is done, or lost: look into the cache, and board again when nothing is there. */
  | { readonly kind: 'landed' }
  /** Ask for yourself: the answer is not one to share. */
  | { readonly kind: 'alone' }
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

/** Waits until there is something to do. @param name, leaseMs and connection as for {@link takeLead} */
export async function awaitLeader(
  name: string,
  leaseMs: number,
  connection: string,
  wait: Wait,
): Promise<Boarding> {
  let awaited = '';
  for (;;) {
    const state = parseFlight(readEntry(LOCKS, name));
    const boarding = decide(state, awaited);
    if (boarding !== undefined) {
      return boarding;
    }
    const nowMs = readClockMs();
    if (nowMs >= wait.untilMs) {
      return { kind: 'timeout' };
    }
    if (state.kind === 'asking') {
      if (awaited === '' && !joinQueue(state.leader, wait)) {
        return { kind: 'queue_full' };
      }
      awaited = state.leader;
    } else {
      const lead = takeLead(name, leaseMs, connection);
      if (lead.kind !== 'taken') {
        return lead;
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
  const waiting = Number(readEntry(LOCKS, WAITING + leader) || 0);
  if (waiting >= wait.maxWaiting) {
    return false;
  }
  writeEntry(LOCKS, WAITING + leader, String(waiting + 1), wait.untilMs - wait.sinceMs);
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
  const failure = parseFailure(readEntry(LOCKS, FAILED + awaited));
  return failure === undefined ? { kind: 'landed' } : { kind: 'failed', failure };
}

/** The answer may not be kept: those who wait ask for themselves, all at once. */
export function release(flight: Led): void {
  if (leads(flight)) {
    writeEntry(LOCKS, flight.name, formatReleased(), END_MS);
  }
  deleteEntry(LOCKS, WAITING + flight.leader);
}

/** Those who wait get the same failure; whoever comes later asks. */
export function failFlight(flight: Led, failure: Unavailable): void {
  if (leads(flight)) {
    writeEntry(LOCKS, FAILED + flight.leader, formatFailure(failure), END_MS);
    deleteEntry(LOCKS, flight.name);
  }
  deleteEntry(LOCKS, WAITING + flight.leader);
}

/** False when the lease ran out meanwhile and another request leads. */
function leads(flight: Led): boolean {
  const state = parseFlight(readEntry(LOCKS, flight.name));
  return state.kind === 'asking' && state.leader === flight.leader;
}

/** No code in the callback: an exception there would hang the request. */
function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
