// How many requests a suspension has refused: in the log when it ends.
import type { EndpointName } from '../core/cache/lookup.js';
import { readEntry, replaceEntry, type Zone } from './zones.js';

const STATE: Zone = 'phantom_token_state';
export const REFUSED = 'refused:';

/** Whether a suspension has begun that nobody has said the end of. */
export function wasSuspended(endpoint: EndpointName): boolean {
  return readEntry(STATE, REFUSED + endpoint) !== undefined;
}

/** A request was refused because introspection is suspended. Two at the same moment in two workers may count as one. */
export function countRefused(endpoint: EndpointName): void {
  replaceEntry(STATE, REFUSED + endpoint, String(readRefused(endpoint) + 1));
}

export function readRefused(endpoint: EndpointName): number {
  return Number(readEntry(STATE, REFUSED + endpoint) || '0');
}
