// What the cache knows of a token, and what that means at this location.
import { denied, granted, type Outcome } from '../core/answer/outcome.js';
import type { CacheStatus } from '../core/answer/reasons.js';
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
): Outcome | undefined {
  const nowSec = readClockSec();
  const record = readRecord(key);
  const verdict = record === undefined ? 'void' : judgeRecord(record, settings, nowSec);
  if (verdict !== 'void') {
    return outcomeOf(record as StoredRecord, verdict, ifActive);
  }
  const denial = readDenial(key);
  const reason = denial === undefined ? undefined : reasonOf(denial, settings.negativeCacheTtlSec, nowSec);
  return reason === undefined ? undefined : denied(reason, ifRejected);
}

/** @param verdict on that record */
export function outcomeOf(record: StoredRecord, verdict: Verdict, cacheStatus: CacheStatus): Outcome {
  return verdict === 'good' ? granted(authorizationOf(record), cacheStatus) : denied(verdict, cacheStatus);
}
