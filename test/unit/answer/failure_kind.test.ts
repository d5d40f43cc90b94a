import test from 'ava';
import { allowsStale, countsForBreaker } from '../../../src/core/answer/failure_kind.js';
import type { UnavailableReason } from '../../../src/core/answer/reasons.js';

/** What follows from a failure: the breaker counts it; a stale record may be served. */
type Consequence = 'breaker' | 'stale';

// All reasons: the type check fails when one is missing here.
const FAILURES: Record<UnavailableReason, Consequence[]> = {
  misconfigured: [],
  internal_error: [],
  introspection_unreachable: ['breaker', 'stale'],
  introspection_timeout: ['breaker', 'stale'],
  introspection_rate_limited: [],
  introspection_overloaded: ['stale'],
  introspection_suspended: ['stale'],
  introspection_queue_full: [],
  introspection_server_error: ['stale'],
  introspection_unauthorized: [],
  introspection_status: [],
  introspection_content_type: [],
  introspection_truncated: [],
  introspection_malformed: [],
  introspection_invalid_claim: [],
  introspection_response_jwt: [],
  jwt_missing: [],
  jwt_too_large: [],
  jwt_signature_invalid: [],
  jwt_key_unknown: [],
  jwks_unavailable: [],
  jwks_unusable: [],
  introspection_response_invalid: [],
  dpop_proofs_full: [],
};

for (const [reason, consequences] of Object.entries(FAILURES) as [UnavailableReason, Consequence[]][]) {
  const counts = consequences.includes('breaker');
  const allows = consequences.includes('stale');

  test(`countsForBreaker: ${reason} ${counts ? 'counts: no answer came' : 'does not count: something answered, or nothing was asked'} (S69)`, (t) =>
    t.is(countsForBreaker(reason), counts));

  test(`allowsStale: ${reason} ${allows ? 'is an outage: a stale record may be served' : 'is no outage, so no stale record is served: the server is up, or the gateway or a client caused it'} (RFC 5861 §4, S65)`, (t) =>
    t.is(allowsStale(reason), allows));
}
