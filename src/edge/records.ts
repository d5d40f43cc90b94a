// Reads records of active tokens. This file is what every hit pays for; what is written, and what else is stored:
// stored_tokens.ts.
import type { CacheKey } from '../core/cache/key.js';
import type { StoredRecord } from '../core/cache/record.js';

/**
 * The record under `key`; undefined when there is none, or no zone. Does NOT check its expiry: core/cache/record.ts does.
 * @inline
 */
export function readRecord(key: CacheKey): StoredRecord | undefined {
  return (records === undefined ? readFirstRecord(key) : records.get(key)) as StoredRecord | undefined;
}

/** QuickJS keeps the zone for later requests: it is the same until the configuration changes. */
let records: NgxSharedDict | undefined;

function readFirstRecord(key: CacheKey): unknown {
  records = ngx.shared.phantom_token;
  return records === undefined ? undefined : records.get(key);
}
