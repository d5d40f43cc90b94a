// What follows from a failure beyond its answer: two lists of their own, so that a reason added to one is not on the other.
import type { UnavailableReason } from './reasons.js';

/** No connection, no answer in time, or 502 or 504 whoever sent it: the circuit breaker counts them in a row. */
export function countsForBreaker(reason: UnavailableReason): boolean {
  return reason === 'introspection_unreachable' || reason === 'introspection_timeout';
}

/**
 * Whether the authorization server itself fails, so that its last answer may be used in its place (RFC 5861 §4). Not 429
 * and not a full queue: clients bring them about, and could keep a revoked token alive by them. Two kinds of
 * timeout do not allow it in spite of their reason: waitedInVain() and answeredTooLate() in unavailable.ts.
 */
export function allowsStale(reason: UnavailableReason): boolean {
  return (
    reason === 'introspection_unreachable' ||
    reason === 'introspection_timeout' ||
    reason === 'introspection_overloaded' ||
    reason === 'introspection_suspended' ||
    reason === 'introspection_server_error'
  );
}
