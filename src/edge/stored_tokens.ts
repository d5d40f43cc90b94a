// Stores what is known of a token, and ends it.
import { replacementsSeries } from '../core/answer/series.js';
import type { CacheKey } from '../core/cache/key.js';
import type { StoredRecord } from '../core/cache/record.js';
import { count } from './count.js';
import { purgedName } from './known_tokens.js';
import { deleteEntry, readFreeSpace, type Written, writeEntry, type Zone } from './zones.js';

/** Larger records would cost a zone many small ones (S74); they are served uncached. In characters. */
const MAX_RECORD_LENGTH = 65536;
/** A record ends before the list of its keyspace does (keyspaces.ts): after 23 days at most. */
const MAX_RECORD_MS = 1987200000;

/** @param ttlSec whole seconds, at least 1 */
export function writeRecord(key: CacheKey, record: StoredRecord, ttlSec: number): Written {
  return record.length > MAX_RECORD_LENGTH
    ? 'too_large'
    : writeAndCount('phantom_token', key, record, Math.min(ttlSec * 1000, MAX_RECORD_MS));
}

/** @returns whether there was one */
export function deleteRecord(key: CacheKey): boolean {
  return deleteEntry('phantom_token', key);
}

/** Replaces what is there. @param ttlMs whole milliseconds, at least 1: ends with the record itself, not after it */
export function writeDenial(key: CacheKey, denial: string, ttlMs: number): Written {
  return writeAndCount('phantom_token_denied', key, denial, ttlMs);
}

/** @param ttlSec at least 1 */
export function markPurged(markKey: CacheKey, ttlSec: number): Written {
  return writeEntry('phantom_token_state', purgedName(markKey), '', ttlSec * 1000);
}

/**
 * njs does not tell what it evicts. But it evicts only when no free page can take the value, and then the value takes the
 * room of others.
 */
function writeAndCount(zone: Zone, key: CacheKey, value: string, ttlMs: number): Written {
  const isTight = readFreeSpace(zone) < value.length;
  const written = writeEntry(zone, key, value, ttlMs);
  if (isTight && written === 'stored') {
    count(replacementsSeries(zone), 1);
  }
  return written;
}
