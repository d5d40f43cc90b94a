// One introspection for all requests with the same token: what the leader leaves for those that wait. The states of a
// lock are texts in the shared dictionary.
import { type Unavailable, type UnavailableReason, unavailable } from './outcome.js';

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

/** Whether those who wait get a leader's failure as theirs: not when it comes from the leader's own settings. */
export function isShared(failure: Unavailable): boolean {
  return failure.reason !== 'misconfigured' && failure.reason !== 'jwt_too_large';
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
