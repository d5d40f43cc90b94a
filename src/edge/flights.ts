// One introspection for all requests that ask the same, in all workers. An entry of a shared dictionary names the request
// that asks, the leader. What those who wait do: waiting.ts.
import { formatAsking } from '../core/introspection/flight.js';
import { readClockMs } from './clock.js';
import { addEntry, deleteEntry, type Zone } from './zones.js';

const LOCKS: Zone = 'phantom_token_locks';
/** Before a leader's name: how many wait for it. */
export const WAITING = 'waiting:';

/** The flight that a request leads: it asks for all. */
export interface Led {
  readonly name: string;
  readonly leader: string;
}

/** Whether a request may ask for all. */
export type Lead =
  /** Ask, and tell the others: {@link land}, {@link release} or {@link failFlight}. */
  | { readonly kind: 'lead'; readonly flight: Led }
  /** Ask for yourself: there is no room for a lock. */
  | { readonly kind: 'no_room' }
  | { readonly kind: 'taken' };

/**
 * @param name see flightName of core/introspection/flight.ts
 * @param leaseMs after which this request counts as lost, should it lead
 * @param connection `$connection` of this request
 */
export function takeLead(name: string, leaseMs: number, connection: string): Lead {
  const leader = newLeader(name, connection);
  switch (addEntry(LOCKS, name, formatAsking(leader), leaseMs)) {
    case 'added':
      return { kind: 'lead', flight: { name, leader } };
    case 'full':
      return { kind: 'no_room' };
    case 'exists':
      return { kind: 'taken' };
  }
}

/** The answer is in the cache: all who wait look there, also when another one has taken over meanwhile. */
export function land(flight: Led): void {
  deleteEntry(LOCKS, flight.name);
  deleteEntry(LOCKS, WAITING + flight.leader);
}

/**
 * Has to differ from the leaders of other flights, of which an HTTP/2 connection may have several at once, and of the same flight
 * in the same second. Not by Math.random(): the njs engine seeds a generator of its own for each request, which costs 45,000
 * instructions.
 */
function newLeader(name: string, connection: string): string {
  return `${name}-${connection}-${readClockMs()}`;
}
