// What the error log says of a suspension: when it begins, once a minute while probes fail, and when it ends, with the number
// of requests that were refused. Not a line for each of them: there may be thousands in a second.

import {
  formatOneTokenLine,
  formatResumedLine,
  formatStillSuspendedLine,
  formatSuspendedLine,
} from '../core/answer/failure_line.js';
import type { CacheKey } from '../core/cache/key.js';
import type { EndpointName } from '../core/cache/lookup.js';
import { type Breaker, isOfOneToken } from '../core/introspection/breaker.js';
import type { Settings } from '../core/settings/settings.js';
import { noteTransportFailure } from './breaker_failures.js';
import { readPlace } from './place.js';
import { REFUSED, readRefused } from './refused_count.js';
import { addEntry, deleteEntry, isFirstInMinute, type Zone } from './zones.js';

const STATE: Zone = 'phantom_token_state';

const REPORTED = 'reported:';
const REPORT_MS = 60000;
/** An hour without a refused request ends the count; each one begins it anew. */
const KEPT_MS = 3600000;

/** The endpoint gave no answer about the token with this record's key. */
export function noteNoAnswer(
  r: NginxHTTPRequest,
  endpoint: EndpointName,
  key: CacheKey,
  settings: Settings,
): void {
  const breaker = noteTransportFailure(endpoint, key, settings);
  if (breaker.suspendedUntilMs > 0) {
    noteSuspended(r, endpoint, breaker, settings);
  }
}

/**
 * The breaker suspends introspection, or goes on to.
 * @param endpoint as the breaker knows it
 * @param breaker which suspends
 */
function noteSuspended(
  r: NginxHTTPRequest,
  endpoint: EndpointName,
  breaker: Breaker,
  settings: Settings,
): void {
  const place = readPlace(r, settings.introspectionEndpoint);
  if (isOfOneToken(breaker)) {
    if (isFirstInMinute('one_token')) {
      r.error(`phantom_token: ${formatOneTokenLine(breaker.failures, place)}`);
    }
    return;
  }
  const isFirst = addEntry(STATE, REFUSED + endpoint, '0', KEPT_MS) === 'added';
  const isReportDue = addEntry(STATE, REPORTED + endpoint, '', REPORT_MS) === 'added';
  if (isFirst) {
    r.error(`phantom_token: ${formatSuspendedLine(breaker.failures, settings.breakerDelaySec, place)}`);
  } else if (isReportDue) {
    r.error(`phantom_token: ${formatStillSuspendedLine(readRefused(endpoint), place)}`);
  }
}

/** The authorization server gave an answer after a suspension. At level error as the beginning: who reads of one reads of the other. */
export function noteResumed(r: NginxHTTPRequest, endpoint: EndpointName, settings: Settings): void {
  const refused = readRefused(endpoint);
  if (deleteEntry(STATE, REFUSED + endpoint)) {
    deleteEntry(STATE, REPORTED + endpoint);
    const place = readPlace(r, settings.introspectionEndpoint);
    r.error(`phantom_token: ${formatResumedLine(refused, place)}`);
  }
}
