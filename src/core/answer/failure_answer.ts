// The refusal when the gateway cannot decide: 500 for what is ours; 502, 503 or 504 for the authorization server.
import type { Unavailable } from './outcome.js';
import type { UnavailableReason } from './reasons.js';
import { errorBody, type Refusal } from './refusal.js';

/** When the server that is overloaded names no time of its own. */
const RETRY_AFTER_SEC = '1';
// RFC 9110 §10.2.3: delta-seconds or an HTTP-date; anything else stays out of our header (S104).
const RETRY_AFTER = /^([0-9]{1,9}|[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} GMT)$(?!\n)/;

export function buildUnavailable(failure: Unavailable): Refusal {
  const status = statusOf(failure.reason);
  return {
    status,
    challenge: '',
    retryAfter: status === 503 ? retryAfterOf(failure.retryAfter) : '',
    body: errorBody('server_error', 'Problem encountered processing the request'),
  };
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
    case 'jwks_unavailable':
    case 'dpop_proofs_full':
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
