// Where a token's records may be. A record is found by its key alone, and the key depends on settings that the location of
// the purge need not share: port, client id, form fields. So each keyspace is listed before a record is stored in it, and a
// purge looks into all of them. The list is in the zone of the records: neither is lost without the other. Only an active
// token makes an entry, so that nobody without one can fill the list.
import {
  formatListed,
  isListedFor,
  type ListedKeyspace,
  parseListed,
} from '../core/cache/listed_keyspace.js';
import type { Reach } from '../core/cache/lookup.js';
import { addEntry, readEntry, type Written, writeEntry } from './zones.js';

/** What became of it: `full` when the zone has no room, `too_many` when the list has none. */
export type Listing = Written | 'too_many';

/** One purge looks into all of them, and one miss looks for its own. */
const MAX_KEYSPACES = 256;
/** As long as a dictionary keeps anything: listed_keyspace.ts says why. */
const LISTED_MS = 2147483647;

/**
 * Lists a keyspace, so that a purge finds what is stored in it.
 * @param reach see core/cache/key.ts
 * @returns `stored`, or else nothing may be stored of this keyspace
 */
export function listKeyspace(reach: Reach, own: ListedKeyspace): Listing {
  for (let place = 0; place < MAX_KEYSPACES; place++) {
    const name = placeName(reach, place);
    const found = readEntry('phantom_token', name);
    const added =
      found === undefined ? addEntry('phantom_token', name, formatListed(own), LISTED_MS) : 'exists';
    if (added !== 'exists') {
      return added === 'added' ? 'stored' : 'full';
    }
    const listed = parseListed(found || readEntry('phantom_token', name) || '');
    if (listed.keyspace === own.keyspace) {
      return isListedFor(listed, own.markTtlSec, own.listedAtSec)
        ? 'stored'
        : writeEntry('phantom_token', name, formatListed(longer(own, listed)), LISTED_MS);
    }
  }
  return 'too_many';
}

function longer(own: ListedKeyspace, listed: ListedKeyspace): ListedKeyspace {
  return {
    keyspace: own.keyspace,
    markTtlSec: Math.max(own.markTtlSec, listed.markTtlSec),
    listedAtSec: own.listedAtSec,
  };
}

/**
 * Somebody asks there now: a purge that comes before the answer knows that it is at the right place, and for how long its
 * mark must last. In the zone of the flights, where nothing stays for long.
 */
export function noteReach(reach: Reach, markTtlSec: number): void {
  writeEntry(
    'phantom_token_locks',
    REACH + reach,
    String(Math.max(markTtlSec, readAskingTtlSec(reach))),
    ASKING_MS,
  );
}

/** {@link noteReach} of those who ask now, the longest; 0 when nobody has asked lately. */
export function readAskingTtlSec(reach: Reach): number {
  return Number(readEntry('phantom_token_locks', REACH + reach) || 0);
}

const REACH = 'reach:';
/** As long as an answer can count, with the largest $phantom_token_introspection_timeout: maxIntrospectionSec. */
const ASKING_MS = 120_000;

/** Every keyspace of that reach in which something was stored. A place in between may be empty: its entry has ended. */
export function readKeyspaces(reach: Reach): ListedKeyspace[] {
  const keyspaces: ListedKeyspace[] = [];
  for (let place = 0; place < MAX_KEYSPACES; place++) {
    const text = readEntry('phantom_token', placeName(reach, place));
    if (text !== undefined) {
      keyspaces.push(parseListed(text));
    }
  }
  return keyspaces;
}

function placeName(reach: Reach, place: number): string {
  return `keyspace:${place} ${reach}`;
}
