// What a purge knows of one keyspace (cache_key.ts): `<listed at> <TTL of a mark> <keyspace>`, epoch seconds and seconds.

export interface ListedKeyspace {
  /** All of a lookup but the token. */
  readonly keyspace: string;
  /** {@link markTtlSecOf} its location; of several locations the longest. */
  readonly markTtlSec: number;
  readonly listedAtSec: number;
}

/** The list outlives every record: a dictionary keeps an entry for 24.8 days at most, and a record 23 (edge/shared_cache.ts). */
const RELISTED_SEC = 86400;

export function formatListed(listed: ListedKeyspace): string {
  return `${listed.listedAtSec} ${listed.markTtlSec} ${listed.keyspace}`;
}

/** @param text what {@link formatListed} made */
export function parseListed(text: string): ListedKeyspace {
  const first = text.indexOf(' ');
  const second = text.indexOf(' ', first + 1);
  return {
    listedAtSec: Number(text.slice(0, first)),
    markTtlSec: Number(text.slice(first + 1, second)),
    keyspace: text.slice(second + 1),
  };
}

/** Whether an entry says enough: it is young, and counts with records that are kept as long. */
export function isListedFor(listed: ListedKeyspace, markTtlSec: number, nowSec: number): boolean {
  const ageSec = nowSec - listed.listedAtSec;
  return listed.markTtlSec >= markTtlSec && ageSec >= 0 && ageSec < RELISTED_SEC;
}

/** The settings of a location that say how long a token may live on in it. */
export interface Lifetime {
  readonly cacheTtlSec: number;
  readonly staleIfErrorSec: number;
  readonly introspectionTimeoutSec: number;
}

/**
 * For how long the mark of a purge has to refuse a token at a location, in seconds: as long as its record could be kept, and
 * as long as an introspection under way can still bring an answer that counts ({@link maxIntrospectionSec}).
 */
export function markTtlSecOf(location: Lifetime): number {
  return Math.max(location.cacheTtlSec + location.staleIfErrorSec, maxIntrospectionSec(location));
}

/** An answer that took longer is none: the mark of a purge that was made meanwhile may have ended. */
export function maxIntrospectionSec(location: Lifetime): number {
  return 2 * location.introspectionTimeoutSec;
}

/** The longest of them. @param ownSec by the settings of the purge's own location */
export function longestMarkTtlSec(ownSec: number, keyspaces: readonly ListedKeyspace[]): number {
  return keyspaces.reduce((ttlSec, listed) => Math.max(ttlSec, listed.markTtlSec), ownSec);
}
