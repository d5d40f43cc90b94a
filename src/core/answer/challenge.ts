// Step 7: the only writer of refusals: status, WWW-Authenticate (RFC 6750 §3), Retry-After and body.

import type { Settings } from '../settings/settings.js';
import type { Denial, Unavailable, UnavailableReason } from './outcome.js';

/** What the client gets; '' stands for no such header. */
export interface Refusal {
  readonly status: number;
  readonly challenge: string;
  readonly retryAfter: string;
  readonly body: string;
}

/** When the server that is overloaded names no time of its own. */
const RETRY_AFTER_SEC = '1';
// RFC 9110 §10.2.3: delta-seconds or an HTTP-date; anything else stays out of our header (S104).
const RETRY_AFTER = /^([0-9]{1,9}|[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} GMT)$/;

/** 401 or 403. The error code is left out when no token was sent (RFC 6750 §3.1). */
export function buildDenial(denial: Denial, settings: Settings): Refusal {
  if (denial.reason === 'scope_insufficient') {
    return {
      status: 403,
      challenge: challenge(settings.realm, 'insufficient_scope', settings.requiredScopes),
      retryAfter: '',
      body: errorBody(
        'insufficient_scope',
        'The access token does not grant the scope that this request needs',
      ),
    };
  }
  const named = settings.scopes.length > 0 ? settings.scopes : settings.requiredScopes;
  const error = denial.reason === 'token_missing' ? '' : 'invalid_token';
  return {
    status: 401,
    challenge: challenge(settings.realm, error, named),
    retryAfter: '',
    body: errorBody('unauthorized_request', 'Access denied due to missing, invalid or expired credentials'),
  };
}

/** 500 for what is ours, 502, 503 or 504 for the authorization server. */
export function buildUnavailable(failure: Unavailable): Refusal {
  const status = statusOf(failure.reason);
  return {
    status,
    challenge: '',
    retryAfter: status === 503 ? retryAfterOf(failure.retryAfter) : '',
    body: errorBody('server_error', 'Problem encountered processing the request'),
  };
}

/** @param realm and scopes hold no quotes and no backslashes: see settings.ts */
function challenge(realm: string, error: string, scopes: readonly string[]): string {
  let text = `Bearer realm="${realm}"`;
  if (error !== '') {
    text += `, error="${error}"`;
  }
  if (scopes.length > 0) {
    text += `, scope="${scopes.join(' ')}"`;
  }
  return text;
}

/** The body of every refusal. @param message a fixed text, or one that names settings */
export function errorBody(code: string, message: string): string {
  return JSON.stringify({ code, message });
}

function statusOf(reason: UnavailableReason): number {
  switch (reason) {
    case 'misconfigured':
    case 'internal_error':
      return 500;
    case 'introspection_rate_limited':
    case 'introspection_overloaded':
    case 'introspection_suspended':
    case 'introspection_queue_full':
      return 503;
    case 'introspection_timeout':
      return 504;
    default:
      return 502;
  }
}

function retryAfterOf(asked: string): string {
  return RETRY_AFTER.test(asked) ? asked : RETRY_AFTER_SEC;
}
