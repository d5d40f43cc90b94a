// Where a token's records may be. A record is found by its key alone, and the key depends on settings that the location of
// the purge need not share: port, client id, form fields. So each keyspace that asks is listed, and a purge looks into all
// of them. The list is in the zone of the records: neither is lost without the other.
import { formatListed, isListedFor, type ListedKeyspace, parseListed } from '../core/listed_keyspace.js';
import { addListed, readListed, type Written, writeListed } from './shared_cache.js';

/** What became of it: `full` when the zone has no room, `too_many` when the list has none. */
export type Listing = Written | 'too_many';

/** One purge looks into all of them, and one miss looks for its own. */
const MAX_KEYSPACES = 256;

/**
 * Lists a keyspace before it asks, so that a purge finds what is stored later.
 * @param reach see core/cache_key.ts
 * @returns `stored`, or else nothing may be stored of this keyspace
 */
export function listKeyspace(reach: string, own: ListedKeyspace): Listing {
  for (let place = 0; place < MAX_KEYSPACES; place++) {
    const name = placeName(reach, place);
    const added = readListed(name) === undefined ? addListed(name, formatListed(own)) : 'exists';
    if (added !== 'exists') {
      return added === 'added' ? 'stored' : 'full';
    }
    const listed = parseListed(readListed(name) || '');
    if (listed.keyspace === own.keyspace) {
      return isListedFor(listed, own.markTtlSec, own.listedAtSec)
        ? 'stored'
        : writeListed(name, formatListed(longer(own, listed)));
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

/** Every keyspace of that reach which has asked. A place in between may be empty: its entry has ended. */
export function readKeyspaces(reach: string): ListedKeyspace[] {
  const keyspaces: ListedKeyspace[] = [];
  for (let place = 0; place < MAX_KEYSPACES; place++) {
    const text = readListed(placeName(reach, place));
    if (text !== undefined) {
      keyspaces.push(parseListed(text));
    }
  }
  return keyspaces;
}

function placeName(reach: string, place: number): string {
  return `${place} ${reach}`;
}
