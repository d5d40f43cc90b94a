// What the error log says of a suspension: when it begins, once a minute while probes fail, and when it ends, with the number
// of requests that were refused. Not a line for each of them: there may be thousands in a second.

import {
  formatOneTokenLine,
  formatResumedLine,
  formatStillSuspendedLine,
  formatSuspendedLine,
} from '../core/answer/failure_line.js';
import { type Breaker, isOfOneToken } from '../core/introspection/breaker.js';
import type { Settings } from '../core/settings/settings.js';
import { readPlace } from './request.js';
import { addState, deleteState, isFirstInMinute, readState, replaceState } from './shared_cache.js';

const REFUSED = 'refused:';
const REPORTED = 'reported:';
const REPORT_MS = 60000;
/** An hour without a refused request ends the count; each one begins it anew. */
const KEPT_MS = 3600000;

/**
 * The breaker suspends introspection, or goes on to.
 * @param endpoint as the breaker knows it
 * @param breaker which suspends
 */
export function noteSuspended(
  r: NginxHTTPRequest,
  endpoint: string,
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
  const isFirst = addState(REFUSED + endpoint, '0', KEPT_MS) === 'added';
  const isReportDue = addState(REPORTED + endpoint, '', REPORT_MS) === 'added';
  if (isFirst) {
    r.error(`phantom_token: ${formatSuspendedLine(breaker.failures, settings.breakerDelaySec, place)}`);
  } else if (isReportDue) {
    r.error(`phantom_token: ${formatStillSuspendedLine(readRefused(endpoint), place)}`);
  }
}

/** A request was refused because introspection is suspended. Two at the same moment in two workers may count as one. */
export function countRefused(endpoint: string): void {
  replaceState(REFUSED + endpoint, String(readRefused(endpoint) + 1));
}

/** The authorization server gave an answer. At level error as the beginning: who reads of one reads of the other. */
export function noteResumed(r: NginxHTTPRequest, endpoint: string, settings: Settings): void {
  if (readState(REFUSED + endpoint) === undefined) {
    return;
  }
  const refused = readRefused(endpoint);
  if (deleteState(REFUSED + endpoint)) {
    deleteState(REPORTED + endpoint);
    const place = readPlace(r, settings.introspectionEndpoint);
    r.error(`phantom_token: ${formatResumedLine(refused, place)}`);
  }
}

function readRefused(endpoint: string): number {
  return Number(readState(REFUSED + endpoint) || '0');
}
