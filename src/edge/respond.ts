// Hands the outcome to nginx: variables, status, headers, body, one log line.
import { buildDenial, buildUnavailable, type Refusal } from '../core/answer/challenge.js';
import { formatFailureLine } from '../core/answer/failure_line.js';
import { introspectionsSeries, refusalsSeries, uncachedSeries } from '../core/answer/metrics.js';
import type { CacheStatus, Denial, Outcome, Unavailable, UnavailableReason } from '../core/answer/outcome.js';
import type { Mode } from '../core/settings/njs_version.js';
import type { Settings } from '../core/settings/settings.js';
import { count, countDuration, countRequest, mayCount } from './counters.js';
import { readPlace, type Variables } from './request.js';
import { findZoneProblem, isFirstInMinute } from './shared_cache.js';

/** The ends of a request. */
export function respond(r: NginxHTTPRequest, mode: Mode, outcome: Outcome, settings: Settings): void {
  switch (outcome.kind) {
    case 'grant':
      grant(r, r.variables, mode, outcome.authorization, outcome.cacheStatus);
      break;
    case 'denial':
      deny(r, mode, outcome, settings);
      break;
    case 'unavailable':
      fail(r, mode, outcome, settings.introspectionEndpoint);
      break;
    case 'preflight':
      answerPreflight(r, mode);
      break;
  }
}

/** Lets the request through. Everything before this line refuses. */
export function grant(
  r: NginxHTTPRequest,
  v: Variables,
  mode: Mode,
  authorization: string,
  cacheStatus: CacheStatus,
): void {
  v.phantom_token_authorization = authorization;
  v._phantom_state = cacheStatus;
  if (mayCount()) {
    countRequest(cacheStatus);
  }
  if (mode === 'access') {
    r.decline();
  } else {
    r.return(204);
  }
}

/** @param result `active`, or a reason code. The variable has seconds with milliseconds, as $upstream_response_time. */
export function noteIntrospection(r: NginxHTTPRequest, result: string, tookMs: number): void {
  r.variables.phantom_token_introspection_time = (tookMs / 1000).toFixed(3);
  count(introspectionsSeries(result));
  countDuration(tookMs);
}

/** An active token could not be stored. One line a minute: it happens again with each request. */
export function noteUncached(r: NginxHTTPRequest, cause: Uncached): void {
  count(uncachedSeries(cause));
  if (isFirstInMinute(cause)) {
    r.warn(`phantom_token: tokens are served uncached: ${UNCACHED_ADVICE[cause]}`);
  }
}

/** The metrics page has nothing to show. One line a minute: Prometheus asks again and again. */
export function noteNoMetrics(r: NginxHTTPRequest, problem: string): void {
  if (findZoneProblem(r) !== undefined || isFirstInMinute('metrics')) {
    r.error(`phantom_token: no metrics: ${problem}`);
  }
}

/** There was no room for a lock, so requests with one new token ask each for themselves. One line a minute. */
export function noteNoRoom(r: NginxHTTPRequest): void {
  if (isFirstInMinute('locks')) {
    r.warn(
      'phantom_token: requests with one token each ask the authorization server: the zone phantom_token_locks is full: enlarge it in zones.conf',
    );
  }
}

/** Why an active token was not stored. */
export type Uncached = 'full' | 'too_large' | 'too_many';

const UNCACHED_ADVICE = {
  full: 'the zone phantom_token is full: enlarge it in zones.conf',
  too_large: 'a record is over 64 kB',
  too_many:
    'over 256 combinations of client id, form fields and the like at one endpoint: give each tenant a $phantom_token_partition',
};

/** The client notices nothing of the outage; the operator shall. While introspection is suspended: suspension.ts. */
export function noteStale(r: NginxHTTPRequest, outage: Unavailable, settings: Settings): void {
  if (outage.reason !== 'introspection_suspended') {
    const place = readPlace(r, settings.introspectionEndpoint);
    r.warn(`phantom_token: stale record served: ${formatFailureLine(outage, place)}`);
  }
}

/** 204, with whatever headers the operator adds to this location. */
function answerPreflight(r: NginxHTTPRequest, mode: Mode): void {
  const v = r.variables;
  v.phantom_token_authorization = '';
  v._phantom_state = 'BYPASS';
  countRequest('BYPASS');
  if (mode === 'access') {
    r.return(204);
  } else {
    v._phantom_status = '204';
    r.return(401, ''); // auth_request takes 204 for a permission: see answerThroughErrorPage
  }
}

/** 401 or 403. Logged at info level: bad tokens are daily business, and anybody can send them. */
function deny(r: NginxHTTPRequest, mode: Mode, outcome: Denial, settings: Settings): void {
  r.log(`phantom_token: ${outcome.reason}`);
  refuse(r, mode, buildDenial(outcome, settings), outcome);
}

/**
 * 500 to 504. Logged as an error: the operator has something to do. While introspection is suspended: suspension.ts.
 * @param endpoint '' while the settings are not known
 */
export function fail(r: NginxHTTPRequest, mode: Mode, outcome: Unavailable, endpoint: string): void {
  if (isWorthALine(outcome.reason)) {
    noteFailure(r, outcome, endpoint);
  }
  refuse(r, mode, buildUnavailable(outcome), outcome);
}

/** Not where clients could fill the log: of a full queue there is one line a minute, of a suspension what suspension.ts says. */
function isWorthALine(reason: UnavailableReason): boolean {
  return (
    reason !== 'introspection_suspended' &&
    (reason !== 'introspection_queue_full' || isFirstInMinute('queue_full'))
  );
}

/** @param endpoint '' while the settings are not known */
export function noteFailure(r: NginxHTTPRequest, failure: Unavailable, endpoint: string): void {
  r.error(`phantom_token: ${formatFailureLine(failure, readPlace(r, endpoint))}`);
}

function refuse(r: NginxHTTPRequest, mode: Mode, refusal: Refusal, outcome: Denial | Unavailable): void {
  const v = r.variables;
  v.phantom_token_authorization = ''; // an earlier pass through another location may have set it (S93)
  v._phantom_state = outcome.cacheStatus;
  v.phantom_token_reason = outcome.reason;
  countRequest(outcome.cacheStatus);
  count(refusalsSeries(outcome.reason));
  if (mode === 'access') {
    answerDirectly(r, refusal);
  } else {
    answerThroughErrorPage(r, refusal);
  }
}

function answerDirectly(r: NginxHTTPRequest, refusal: Refusal): void {
  r.headersOut['Content-Type'] = 'application/json';
  r.headersOut['Cache-Control'] = 'no-store';
  if (refusal.challenge !== '') {
    r.headersOut['WWW-Authenticate'] = refusal.challenge;
  }
  if (refusal.retryAfter !== '') {
    r.headersOut['Retry-After'] = refusal.retryAfter;
  }
  send(r, refusal.status, refusal.body);
}

/**
 * auth_request knows 401, 403 and 500 and drops headers and bodies; the named locations of
 * nginx/auth_request/server.conf give the client the rest. The empty body matters: without one, an inherited
 * `error_page 401 =200` would turn the refusal into a permission (S88).
 */
function answerThroughErrorPage(r: NginxHTTPRequest, refusal: Refusal): void {
  const v = r.variables;
  v._phantom_status = String(refusal.status);
  v._phantom_challenge = refusal.challenge;
  v._phantom_retry_after = refusal.retryAfter;
  v._phantom_body = refusal.body;
  send(r, Math.min(refusal.status, 500), '');
}

/** Refuses, also when the client has gone meanwhile (HTTP/2 reset): then nobody is there to send to, which is no bug. */
function send(r: NginxHTTPRequest, status: number, body: string): void {
  try {
    r.return(status, body);
  } catch (_gone) {
    r.log('phantom_token: the client has gone');
  }
}
