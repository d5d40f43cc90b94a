// While the authorization server fails: the last answer in place of a new one, where the location allows it.
import type { Outcome, Unavailable } from '../core/answer/outcome.js';
import { judgeToken } from '../core/cache/judge.js';
import { mayStandIn } from '../core/cache/stale.js';
import type { Settings } from '../core/settings/settings.js';
import { readClockSec } from '../edge/clock.js';
import { noteStale } from '../edge/fail.js';
import { readRecord } from '../edge/records.js';
import { countRefused } from '../edge/refused_count.js';
import type { Question } from './handover.js';
import { outcomeOf } from './known.js';

/** A record past its TTL is used, but none past the end of its token. */
export function standIn(
  r: NginxHTTPRequest,
  failure: Unavailable,
  question: Question,
  settings: Settings,
): Outcome {
  const nowSec = readClockSec();
  const record = failure.isOutage ? readRecord(question.key) : undefined;
  if (record !== undefined && mayStandIn(record, settings, nowSec)) {
    noteStale(r, failure, settings.introspectionEndpoint);
    return outcomeOf(record, judgeToken(record, settings, nowSec), 'STALE');
  }
  if (failure.reason === 'introspection_suspended') {
    countRefused(question.endpoint);
  }
  return failure;
}
