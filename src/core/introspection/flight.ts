// One introspection for all requests with the same token: what the leader leaves for those that wait. The states of a
// lock are texts in the shared dictionary.
import crypto from 'crypto';
import { type Unavailable, type UnavailableReason, unavailable } from '../answer/outcome.js';

/**
 * - `asking <leader>`: wait.
 * - `released`: the answer may not be kept; each asks for itself.
 */
export type FlightState =
  | { readonly kind: 'none' }
  | { readonly kind: 'asking'; readonly leader: string }
  | { readonly kind: 'released' };

export function formatAsking(leader: string): string {
  return `asking ${leader}`;
}

export function formatReleased(): string {
  return 'released';
}

/**
 * Under which name those who may share an introspection meet: same record and same client settings, so that nobody gets
 * the failure of another one's credentials.
 * @param key of the record
 * @param clientLines the client settings, one a line
 * @returns 43 characters of base64url
 */
export function flightName(key: string, clientLines: string): string {
  return crypto.createHash('sha256').update(`${key}\n${clientLines}`).digest('base64url');
}

/** How long nobody else takes over from a leader that can be lost. */
const LOSABLE_LEASE_MS = 1000;

/**
 * Whether a request that asks can be lost: when a client resets its HTTP/2 or HTTP/3 stream, nginx abandons the handler that
 * waits for a subrequest. A handler of HTTP/1, and fetch, go on to their end.
 * @param protocol `$server_protocol`
 * @param isUrl whether the endpoint is an absolute URL
 */
export function isLosable(protocol: string, isUrl: boolean): boolean {
  return !isUrl && !protocol.startsWith('HTTP/1');
}

/** After how many milliseconds a leader that has said nothing counts as lost, and another one asks. */
export function leaseMs(canBeLost: boolean, introspectionTimeoutSec: number): number {
  return canBeLost ? LOSABLE_LEASE_MS : introspectionTimeoutSec * 1000;
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

/**
 * Whether those who wait get a leader's failure as theirs: not when it is a mistake of the leader's own location. That the
 * server refuses the gateway's credentials is shared, because {@link flightName} holds the client settings.
 */
export function isShared(failure: Unavailable): boolean {
  return failure.reason !== 'misconfigured';
}

/** `<reason> <retryAfter>` */
export function formatFailure(failure: Unavailable): string {
  return `${failure.reason} ${failure.retryAfter}`;
}

/** @param text undefined when the leader did not fail */
export function parseFailure(text: string | undefined): Unavailable | undefined {
  if (text === undefined) {
    return undefined;
  }
  const reason = text.slice(0, text.indexOf(' ')) as UnavailableReason;
  return unavailable(reason, 'as for the request waited for', 'JOINED', text.slice(reason.length + 1));
}
