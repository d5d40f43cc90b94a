// What the cache knows of a token, and what that means at this location.
import { reasonOf } from './core/denial_record.js';
import { type CacheStatus, denied, granted, type Outcome, type Unavailable } from './core/outcome.js';
import { checkPolicy } from './core/policy.js';
import { ageSecOf, authorizationOf, claimsOf, isFresh, isStale } from './core/record.js';
import type { Policy, Settings } from './core/settings.js';
import { readClockSec } from './edge/clock.js';
import { noteStale } from './edge/respond.js';
import { isPurged, readDenial, readRecord } from './edge/shared_cache.js';

/** What the cache knows of a token, under whatever spelling the client sent it; undefined when nothing. */
export function decideKnown(
  key: string,
  settings: Settings,
  ifActive: CacheStatus,
  ifRejected: CacheStatus,
): Outcome | undefined {
  const nowSec = readClockSec();
  const record = readRecord(key);
  if (record !== undefined && isFresh(record, nowSec) && isYoungEnough(record, settings, nowSec)) {
    return decideRecord(record, settings, nowSec, ifActive);
  }
  if (isPurged(key)) {
    return denied('token_purged', ifRejected);
  }
  const denial = settings.negativeCacheTtlSec > 0 ? readDenial(key) : undefined;
  const reason = denial === undefined ? undefined : reasonOf(denial, nowSec);
  return reason === undefined ? undefined : denied(reason, ifRejected);
}

function decideRecord(record: string, settings: Settings, nowSec: number, cacheStatus: CacheStatus): Outcome {
  const reason = checkPolicy(claimsOf(record), settings, nowSec);
  return reason === undefined ? granted(authorizationOf(record), cacheStatus) : denied(reason, cacheStatus);
}

/** A location with a shorter TTL does not take the older record of another. */
export function isYoungEnough(record: string, policy: Policy, nowSec: number): boolean {
  return ageSecOf(record, nowSec) < policy.cacheTtlSec;
}

/** While the authorization server fails, a record past its TTL, but not past its token, may stand in. */
export function standIn(r: NginxHTTPRequest, outage: Unavailable, key: string, settings: Settings): Outcome {
  const nowSec = readClockSec();
  const record = readRecord(key);
  if (record === undefined || !isStale(record, settings, nowSec)) {
    return outage;
  }
  noteStale(r, outage);
  return decideRecord(record, settings, nowSec, 'STALE');
}
