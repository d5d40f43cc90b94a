// Step 5: how long a record lives.
import type { CacheKey } from './key.js';

const JITTER = 0.1;

/** What bounds the life of a record, in seconds. */
export interface Lifetimes {
  /** Cache-Control and Age of the reply: see cache_control.ts; undefined when it says nothing. */
  readonly freshnessSec: number | undefined;
  /** `exp`, epoch seconds; undefined when the server names none. */
  readonly expiresAtSec: number | undefined;
  /** `$phantom_token_cache_ttl`. */
  readonly cacheTtlSec: number;
}

/**
 * Whole seconds a record may be kept; 0 means "do not store". Never beyond `exp` (RFC 7662 §4), whatever the
 * clock skew. Does NOT look at `nbf`: that is policy.
 * @param random from 0 up to 1: takes up to a tenth off, so that tokens stored together do not end together (S71)
 */
export function recordTtlSec(lifetimes: Lifetimes, nowSec: number, random: number): number {
  let ttlSec = lifetimes.cacheTtlSec;
  if (lifetimes.freshnessSec !== undefined) {
    ttlSec = Math.min(ttlSec, lifetimes.freshnessSec);
  }
  if (lifetimes.expiresAtSec !== undefined) {
    ttlSec = Math.min(ttlSec, lifetimes.expiresAtSec - nowSec);
  }
  // Not `Math.max(0, ...)`: NaN must end as 0, because the dictionary keeps a NaN for ever (S47).
  return ttlSec >= 1 ? Math.floor(ttlSec) - Math.floor(ttlSec * random * JITTER) : 0;
}

/**
 * From 0 up to 1, without 1, another number for each token: its key is a digest. Some characters give the same number, which
 * is of no account here. Not random, because under the njs engine each request would seed a generator of its own.
 */
export function chanceOf(key: CacheKey): number {
  return (64 * (key.charCodeAt(0) % 64) + (key.charCodeAt(1) % 64)) / 4096;
}
