// One introspection for all requests with the same token: what the leader leaves for those that wait. The states of a
// lock are texts in the shared dictionary.
import { type Unavailable, type UnavailableReason, unavailable } from './outcome.js';

/**
 * - `asking <leader>`: wait.
 * - `released`: the answer may not be kept; each asks for itself.
 * - `failed <leader> <reason> <retryAfter>`: for those who waited for this leader.
 */
export type FlightState =
  | { readonly kind: 'none' }
  | { readonly kind: 'asking'; readonly leader: string }
  | { readonly kind: 'released' }
  | { readonly kind: 'failed'; readonly leader: string; readonly failure: Unavailable };

export function formatAsking(leader: string): string {
  return `asking ${leader}`;
}

export function formatReleased(): string {
  return 'released';
}

export function formatFailed(leader: string, failure: Unavailable): string {
  return `failed ${leader} ${failure.reason} ${failure.retryAfter}`;
}

/** @param text undefined when there is no lock, or it has run out */
export function parseFlight(text: string | undefined): FlightState {
  const words = text === undefined ? [] : text.split(' ');
  switch (words[0]) {
    case 'asking':
      return { kind: 'asking', leader: words[1] || '' };
    case 'released':
      return { kind: 'released' };
    case 'failed':
      return { kind: 'failed', leader: words[1] || '', failure: joinedFailure(words) };
    default:
      return { kind: 'none' };
  }
}

function joinedFailure(words: string[]): Unavailable {
  const reason = words[2] as UnavailableReason;
  return unavailable(reason, 'as for the request waited for', 'JOINED', words.slice(3).join(' '));
}
