// Refuses a request that the gateway cannot decide, and tells the operator.
import { buildUnavailable } from '../core/answer/failure_answer.js';
import { formatFailureLine } from '../core/answer/failure_line.js';
import type { Unavailable } from '../core/answer/outcome.js';
import type { UnavailableReason } from '../core/answer/reasons.js';
import { bug } from '../core/answer/unavailable.js';
import type { Mode } from '../core/settings/njs_version.js';
import { readPlace } from './place.js';
import { refuse } from './refuse.js';
import { isFirstInMinute } from './zones.js';

/**
 * 500 to 504. Logged as an error: the operator has something to do. While introspection is suspended: suspension.ts.
 * @param endpoint '' while the settings are not known
 */
export function fail(r: NginxHTTPRequest, mode: Mode, failure: Unavailable, endpoint: string): void {
  if (isWorthALine(failure.reason)) {
    noteFailure(r, failure, endpoint);
  }
  refuse(r, mode, buildUnavailable(failure), failure);
}

/** Exceptions are bugs. Their text may quote a token, so only their kind is logged. */
function bugOf(e: unknown): Unavailable {
  return bug(e instanceof Error ? e.name : typeof e);
}

export function failOnBug(r: NginxHTTPRequest, mode: Mode, e: unknown): void {
  const failure = bugOf(e);
  fail(r, mode, failure, '');
}

/** For what an operator's location or log uses. */
export function noteBug(r: NginxHTTPRequest, e: unknown): void {
  const failure = bugOf(e);
  noteFailure(r, failure, '');
}

/**
 * Not where clients could fill the log: of a full queue or zone and of missing keys there is one line a minute, of a
 * suspension what suspension.ts says.
 */
function isWorthALine(reason: UnavailableReason): boolean {
  switch (reason) {
    case 'introspection_suspended':
      return false;
    case 'introspection_queue_full':
    case 'dpop_proofs_full':
    case 'jwks_unavailable':
    case 'jwks_unusable':
      return isFirstInMinute(reason);
    default:
      return true;
  }
}

/** @param endpoint '' while the settings are not known */
export function noteFailure(r: NginxHTTPRequest, failure: Unavailable, endpoint: string): void {
  r.error(`phantom_token: ${formatFailureLine(failure, readPlace(r, endpoint))}`);
}

/** The client notices nothing of the outage; the operator shall. While introspection is suspended: suspension.ts. */
export function noteStale(r: NginxHTTPRequest, outage: Unavailable, endpoint: string): void {
  if (outage.reason !== 'introspection_suspended') {
    r.warn(`phantom_token: stale record served: ${formatFailureLine(outage, readPlace(r, endpoint))}`);
  }
}
