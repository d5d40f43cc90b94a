// For how long a purge refuses its token.

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
export function longestMarkTtlSec(
  ownSec: number,
  keyspaces: readonly { readonly markTtlSec: number }[],
): number {
  return keyspaces.reduce((ttlSec, listed) => Math.max(ttlSec, listed.markTtlSec), ownSec);
}
