// What the cache knows of a token, and what that means at this location.
import { denied, type Finding, grantedTo } from '../core/answer/outcome.js';
import type { CacheStatus } from '../core/answer/reasons.js';
import { bindingOf, isBoundRecord, unboundPartOf } from '../core/cache/bound_record.js';
import { reasonOf } from '../core/cache/denial_record.js';
import { judgeRecord, type Verdict } from '../core/cache/judge.js';
import type { CacheKey } from '../core/cache/key.js';
import { authorizationOf, type StoredRecord } from '../core/cache/record.js';
import type { Settings } from '../core/settings/settings.js';
import { readClockSec } from '../edge/clock.js';
import { readDenial } from '../edge/known_tokens.js';
import { readRecord } from '../edge/records.js';

/** What its records say of a token; undefined when nothing. Does NOT look at whether it was purged: isPurged does. */
export function decideKnown(
  key: CacheKey,
  settings: Settings,
  ifActive: CacheStatus,
  ifRejected: CacheStatus,
): Finding | undefined {
  const nowSec = readClockSec();
  const stored = readRecord(key);
  const record = stored === undefined ? undefined : readableRecord(stored);
  const verdict = record === undefined ? 'void' : judgeRecord(record, settings, nowSec);
  if (verdict !== 'void') {
    return findingOf(stored as StoredRecord, verdict, ifActive);
  }
  const denial = readDenial(key);
  const reason = denial === undefined ? undefined : reasonOf(denial, settings.negativeCacheTtlSec, nowSec);
  return reason === undefined ? undefined : denied(reason, ifRejected);
}

/** The part of a record that says what the token grants and until when. */
export function readableRecord(stored: StoredRecord): StoredRecord {
  return isBoundRecord(stored) ? unboundPartOf(stored) : stored;
}

/** @param verdict on the readable part of that record */
export function findingOf(stored: StoredRecord, verdict: Verdict, cacheStatus: CacheStatus): Finding {
  if (verdict !== 'good') {
    return denied(verdict, cacheStatus);
  }
  const record = readableRecord(stored);
  const authorization = authorizationOf(record);
  const binding = isBoundRecord(stored) ? bindingOf(stored) : undefined;
  return grantedTo(binding, authorization, cacheStatus, record);
}
