// What the cache knows of a token, and what that means at this location.

import { type CacheStatus, denied, granted, type Outcome, type Unavailable } from '../core/answer/outcome.js';
import { reasonOf } from '../core/cache/denial_record.js';
import { purgeKey } from '../core/cache/key.js';
import {
  ageSecOf,
  authorizationOf,
  grantsOf,
  isFresh,
  isReady,
  isStale,
  notBeforeOf,
} from '../core/cache/record.js';
import { checkPlainText, checkScopes } from '../core/settings/checks.js';
import { isWholePolicy } from '../core/settings/request_text.js';
import { parseCacheTtlSec, parseClockSkewSec, type Settings } from '../core/settings/settings.js';
import { checkGrants, checkPolicy } from '../core/token/policy.js';
import { splitScopes } from '../core/token/scope.js';
import { readClockSec } from '../edge/clock.js';
import { noteStale } from '../edge/respond.js';
import { isPurged, readDenial, readRecord } from '../edge/shared_cache.js';

/** A token, and where the cache may know of it: core/cache/key.ts. */
export interface Sought {
  readonly lookup: string;
  readonly key: string;
}

/** What the cache knows of a token, under whatever spelling the client sent it; undefined when nothing. */
export function decideKnown(
  sought: Sought,
  settings: Settings,
  ifActive: CacheStatus,
  ifRejected: CacheStatus,
): Outcome | undefined {
  const nowSec = readClockSec();
  const key = sought.key;
  const record = readRecord(key);
  if (
    record !== undefined &&
    isFresh(record, nowSec) &&
    isYoungEnough(record, settings.cacheTtlSec, nowSec)
  ) {
    return decideRecord(record, settings, nowSec, ifActive);
  }
  const denial = readDenial(key);
  const reason = denial === undefined ? undefined : reasonOf(denial, settings.negativeCacheTtlSec, nowSec);
  if (reason !== undefined) {
    return denied(reason, ifRejected);
  }
  return isPurged(purgeKey(sought.lookup)) ? denied('token_purged', ifRejected) : undefined;
}

function decideRecord(record: string, settings: Settings, nowSec: number, cacheStatus: CacheStatus): Outcome {
  const reason = checkPolicy(grantsOf(record), notBeforeOf(record), settings, nowSec);
  return reason === undefined ? granted(authorizationOf(record), cacheStatus) : denied(reason, cacheStatus);
}

/**
 * Whether a record grants at a location with a policy. If not, handleMiss finds out what there is to say.
 * @param policy required scopes, audience, issuer, clock skew, cache TTL, one a line
 */
export function meetsPolicy(record: string, policy: string, nowSec: number): boolean {
  const lines = policy.split('\n');
  if (!isWholePolicy(lines)) {
    return false;
  }
  const isInTime =
    lines[3] === '' && lines[4] === ''
      ? isReady(record, nowSec)
      : meetsTimes(record, lines[3] as string, lines[4] as string, nowSec);
  const required = splitScopes(lines[0] as string);
  return (
    isInTime &&
    isPolicyValid(lines) &&
    checkGrants(grantsOf(record), lines[2] as string, lines[1] as string, required) === undefined
  );
}

/** What parseSettings refuses is good for no record: blank scopes, a control character in an audience or issuer. */
function isPolicyValid(lines: readonly string[]): boolean {
  const problem =
    checkScopes(lines[0] as string) ||
    checkPlainText(lines[1] as string) ||
    checkPlainText(lines[2] as string);
  return problem === undefined;
}

function meetsTimes(record: string, clockSkew: string, cacheTtl: string, nowSec: number): boolean {
  const clockSkewSec = parseClockSkewSec(clockSkew);
  const cacheTtlSec = parseCacheTtlSec(cacheTtl);
  return (
    clockSkewSec !== undefined &&
    cacheTtlSec !== undefined &&
    isFresh(record, nowSec) &&
    notBeforeOf(record) <= nowSec + clockSkewSec &&
    isYoungEnough(record, cacheTtlSec, nowSec)
  );
}

/** A location with a shorter TTL does not take the older record of another; one with 0 takes none, also when the clock was set back. */
function isYoungEnough(record: string, cacheTtlSec: number, nowSec: number): boolean {
  return cacheTtlSec > 0 && ageSecOf(record, nowSec) < cacheTtlSec;
}

/** While the authorization server fails, a record past its TTL, but not past its token, may stand in. */
export function standIn(r: NginxHTTPRequest, outage: Unavailable, key: string, settings: Settings): Outcome {
  const nowSec = readClockSec();
  const record = readRecord(key);
  if (record === undefined || !isStale(record, settings, nowSec)) {
    return outage;
  }
  noteStale(r, outage, settings);
  return decideRecord(record, settings, nowSec, 'STALE');
}
