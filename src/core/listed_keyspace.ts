// What a purge knows of one keyspace (cache_key.ts): `<listed at> <kept for> <keyspace>`, epoch seconds and seconds.

export interface ListedKeyspace {
  /** All of a lookup but the token. */
  readonly keyspace: string;
  /** How long a record may be kept at most, stale time included. */
  readonly keptSec: number;
  readonly listedAtSec: number;
}

/** The list outlives every record: a dictionary keeps an entry for 24.8 days at most, and a record 23 (edge/shared_cache.ts). */
const RELISTED_SEC = 86400;

export function formatListed(listed: ListedKeyspace): string {
  return `${listed.listedAtSec} ${listed.keptSec} ${listed.keyspace}`;
}

/** @param text what {@link formatListed} made */
export function parseListed(text: string): ListedKeyspace {
  const first = text.indexOf(' ');
  const second = text.indexOf(' ', first + 1);
  return {
    listedAtSec: Number(text.slice(0, first)),
    keptSec: Number(text.slice(first + 1, second)),
    keyspace: text.slice(second + 1),
  };
}

/** Whether an entry says enough: it is young, and counts with records that are kept as long. */
export function isListedFor(listed: ListedKeyspace, keptSec: number, nowSec: number): boolean {
  const ageSec = nowSec - listed.listedAtSec;
  return listed.keptSec >= keptSec && ageSec >= 0 && ageSec < RELISTED_SEC;
}
