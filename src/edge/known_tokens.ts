// What the zones say of a token beside its record: that it was rejected, or purged.
import type { CacheKey } from '../core/cache/key.js';
import { hasEntry } from './zones.js';

/** Why the token under `key` is rejected: core/cache/denial_record.ts; undefined when nothing is known. */
export function readDenial(key: CacheKey): string | undefined {
  const zone = ngx.shared.phantom_token_denied; // read before anybody looks whether the zones are declared
  return zone === undefined ? undefined : (zone.get(key) as string | undefined);
}

/** Whether a token was purged and its mark lives on. @param markKey see purgeKey of core/cache/lookup.ts */
export function isPurged(markKey: CacheKey): boolean {
  return hasEntry('phantom_token_state', purgedName(markKey));
}

/** No cache key holds a colon. */
export function purgedName(markKey: CacheKey): string {
  return `purged:${markKey}`;
}
