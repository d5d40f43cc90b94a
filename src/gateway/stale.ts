// While the authorization server fails: the last answer in place of a new one, where the location allows it.
import type { Finding, Unavailable } from '../core/answer/outcome.js';
import { judgeToken } from '../core/cache/judge.js';
import type { StoredRecord } from '../core/cache/record.js';
import { mayStandIn } from '../core/cache/stale.js';
import type { Settings } from '../core/settings/settings.js';
import { readClockSec } from '../edge/clock.js';
import { noteStale } from '../edge/fail.js';
import { readRecord } from '../edge/records.js';
import { countRefused } from '../edge/refused_count.js';
import type { Question } from './handover.js';
import { findingOf, readableRecord } from './known.js';

/** A record past its TTL is used, but none past the end of its token. */
export function standIn(
  r: NginxHTTPRequest,
  failure: Unavailable,
  question: Question,
  settings: Settings,
): Finding {
  const nowSec = readClockSec();
  const stored = failure.isOutage ? readRecord(question.key) : undefined;
  const record = stored === undefined ? undefined : readableRecord(stored);
  if (record !== undefined && mayStandIn(record, settings, nowSec)) {
    noteStale(r, failure, settings.introspectionEndpoint);
    return findingOf(stored as StoredRecord, judgeToken(record, settings, nowSec), 'STALE');
  }
  if (failure.reason === 'introspection_suspended') {
    countRefused(question.endpoint);
  }
  return failure;
}
