// Refuses a request: variables, status, headers, body. How one is let through: grant.ts.
import { buildDenial } from '../core/answer/challenge.js';
import { inactiveAnswer } from '../core/answer/json_answer.js';
import type { Denial, Malformed, Unavailable } from '../core/answer/outcome.js';
import type { Refusal } from '../core/answer/refusal.js';
import { refusalsSeries, requestsSeries } from '../core/answer/series.js';
import { wantsJson } from '../core/request/accept.js';
import type { Mode } from '../core/settings/njs_version.js';
import type { RefusalSettings } from '../core/settings/settings.js';
import { count, mayCount } from './count.js';
import { refusalOf } from './deny_sender.js';

/** 401 or 403. Logged at info level: bad tokens are daily business, and anybody can send them. */
export function deny(r: NginxHTTPRequest, mode: Mode, denial: Denial, settings: RefusalSettings): void {
  r.log(`phantom_token: ${denial.reason}`);
  const refusal =
    settings.sender === undefined
      ? buildDenial(denial, settings)
      : refusalOf(r, denial, settings, settings.sender);
  refuse(r, mode, refusal, denial);
}

/** @param refusal of that outcome */
export function refuse(
  r: NginxHTTPRequest,
  mode: Mode,
  refusal: Refusal,
  outcome: Denial | Unavailable | Malformed,
): void {
  const v = r.variables;
  v.phantom_token_authorization = ''; // an earlier pass through another location may have set it (S93)
  v._phantom_state = outcome.cacheStatus;
  v.phantom_token_reason = outcome.reason;
  if (mayCount()) {
    count(requestsSeries(outcome.cacheStatus), 1);
    count(refusalsSeries(outcome.reason), 1);
  }
  if (mode === 'auth_request') {
    answerThroughErrorPage(r, refusal);
  } else if (mode === 'introspection' && outcome.kind === 'denial') {
    answerNotActive(r);
  } else {
    answerDirectly(r, refusal);
  }
}

/** As an authorization server says it: 204 to those that want a JWT. The reason is the operator's: RFC 7662 §2.2. */
function answerNotActive(r: NginxHTTPRequest): void {
  r.headersOut['Cache-Control'] = 'no-store';
  if (wantsJson(r.variables.http_accept || '')) {
    r.headersOut['Content-Type'] = 'application/json';
    send(r, 200, inactiveAnswer());
  } else {
    send(r, 204, '');
  }
}

function answerDirectly(r: NginxHTTPRequest, refusal: Refusal): void {
  const headers = r.headersOut;
  headers['Content-Type'] = 'application/json';
  headers['Cache-Control'] = 'no-store';
  if (refusal.challenge !== '') {
    headers['WWW-Authenticate'] =
      refusal.otherChallenge === undefined
        ? refusal.challenge
        : ([refusal.challenge, refusal.otherChallenge] as never);
  }
  if (refusal.dpopNonce !== undefined) {
    headers['DPoP-Nonce'] = refusal.dpopNonce;
  }
  if (refusal.retryAfter !== '') {
    headers['Retry-After'] = refusal.retryAfter;
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
  // One header for both: RFC 9110 §11.6.1.
  v._phantom_challenge =
    refusal.otherChallenge === undefined
      ? refusal.challenge
      : `${refusal.challenge}, ${refusal.otherChallenge}`;
  if (refusal.dpopNonce !== undefined) {
    v._phantom_dpop_nonce = refusal.dpopNonce;
  }
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
