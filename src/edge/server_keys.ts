// The authorization server's keys in shared memory, for all workers.
import type { Unavailable } from '../core/answer/outcome.js';
import type { UnavailableReason } from '../core/answer/reasons.js';
import { notAnswered } from '../core/answer/unavailable.js';
import { digest } from '../core/cache/key.js';
import type { EndpointName } from '../core/cache/lookup.js';
import { formatKeySet, KEPT_SEC, type KeptKeySet, parseKeptKeySet } from '../core/signature/key_set.js';
import { addEntry, hasEntry, readEntry, type Written, writeEntry } from './zones.js';

/** No key set is fetched twice within it. */
const FETCH_PAUSE_MS = 30_000;
const FETCHED = 'fetched:';

/** One set for each place, and for a location, whose path says something only within its server, for each server. */
export function keySetName(endpoint: EndpointName, jwks: string): string {
  const server = endpoint.slice(0, endpoint.indexOf('\n'));
  const place = jwks.charAt(0) === '/' ? `${server}\n${jwks}` : jwks;
  return `jwks:${digest(place)}`;
}

export function readKeySet(name: string): KeptKeySet | undefined {
  const text = readEntry('phantom_token_state', name);
  return text === undefined ? undefined : parseKeptKeySet(text);
}

export function keepKeySet(name: string, set: KeptKeySet): Written {
  return writeEntry('phantom_token_state', name, formatKeySet(set.keys, set.fetchedAtSec), KEPT_SEC * 1000);
}

export function wasFetchedLately(name: string): boolean {
  return hasEntry('phantom_token_state', FETCHED + name);
}

/** The fetch is over: the next one has to pause. @param reason why there are no keys; '' when there are */
export function noteFetch(name: string, reason: UnavailableReason | ''): void {
  writeEntry('phantom_token_state', FETCHED + name, reason, FETCH_PAUSE_MS);
}

/** Why the last fetch, some seconds ago, gave no keys; undefined when it gave some. */
export function readFetchFailure(name: string): Unavailable | undefined {
  const reason = readEntry('phantom_token_state', FETCHED + name);
  return reason ? notAnswered(reason as UnavailableReason, 'as some seconds ago') : undefined;
}

/** True once in a second: for a request that has waited in vain for those that were lost. */
export function mayFetchAlone(name: string): boolean {
  return addEntry('phantom_token_locks', `alone:${name}`, '', ALONE_PAUSE_MS) !== 'exists';
}

const ALONE_PAUSE_MS = 1000;
