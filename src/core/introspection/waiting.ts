// What a leader leaves for those that wait for its introspection: texts in the shared dictionary.
import type { Unavailable } from '../answer/outcome.js';
import type { UnavailableReason } from '../answer/reasons.js';
import { failedWithLeader } from '../answer/unavailable.js';

/**
 * - `asking <leader>`: wait.
 * - `released`: the answer may not be kept; each asks for itself.
 */
export type FlightState =
  | { readonly kind: 'none' }
  | { readonly kind: 'asking'; readonly leader: string }
  | { readonly kind: 'released' };

export function formatReleased(): string {
  return 'released';
}

/** Of the time that an introspection may take: as long as a leader has, and half of it for a successor of a lost one. */
const WAIT_FACTOR = 1.5;

/** How long a request waits for another one's introspection, in milliseconds; then it is answered 504. */
export function maxWaitMs(introspectionTimeoutSec: number): number {
  return WAIT_FACTOR * 1000 * introspectionTimeoutSec;
}

const FIRST_STEP_MS = 10;
const LAST_STEP_MS = 200;

/**
 * When to look at the lock again, in whole milliseconds. Each step is 1.3 times the one before, from 10 to 200 ms: what
 * a step allocates is freed with the request only.
 * @param waitedMs since the request began to wait; negative when the clock was set back
 */
export function stepMs(waitedMs: number): number {
  return Math.min(Math.max(Math.round(FIRST_STEP_MS + 0.3 * waitedMs), FIRST_STEP_MS), LAST_STEP_MS);
}

/** @param text undefined when there is no lock, or it has run out */
export function parseFlight(text: string | undefined): FlightState {
  const words = text === undefined ? [] : text.split(' ');
  switch (words[0]) {
    case 'asking':
      return { kind: 'asking', leader: words[1] || '' };
    case 'released':
      return { kind: 'released' };
    default:
      return { kind: 'none' };
  }
}

/** `<outage or no_outage> <reason> <retryAfter>` */
export function formatFailure(failure: Unavailable): string {
  return `${failure.isOutage ? 'outage' : 'no_outage'} ${failure.reason} ${failure.retryAfter}`;
}

/** @param text undefined when the leader did not fail */
export function parseFailure(text: string | undefined): Unavailable | undefined {
  if (text === undefined) {
    return undefined;
  }
  const words = text.split(' ', 2);
  const reason = words[1] as UnavailableReason;
  return failedWithLeader(reason, text.slice(words.join(' ').length + 1), words[0] === 'outage');
}
