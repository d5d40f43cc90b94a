import test from 'ava';
import {
  type CacheStatus,
  cacheStatuses,
  type DenialReason,
  denialReasons,
  malformedReasons,
  type UnavailableReason,
  unavailableReasons,
} from '../../../src/core/answer/reasons.js';

// The codes of $phantom_token_reason, which access logs hold: the type check fails when one goes, comes or is renamed.
const DENIALS: Record<DenialReason, true> = {
  token_missing: true,
  token_malformed: true,
  token_inactive: true,
  token_expired: true,
  token_not_yet_valid: true,
  token_sender_constrained: true,
  token_not_sender_constrained: true,
  token_type_mismatch: true,
  token_type_unsupported: true,
  token_subject_missing: true,
  token_signature_invalid: true,
  token_key_unknown: true,
  token_claims_invalid: true,
  token_purged: true,
  issuer_mismatch: true,
  audience_mismatch: true,
  scope_insufficient: true,
  dpop_scheme_required: true,
  dpop_token_unbound: true,
  dpop_proof_missing: true,
  dpop_proof_repeated: true,
  dpop_proof_malformed: true,
  dpop_type_mismatch: true,
  dpop_algorithm_unsupported: true,
  dpop_key_invalid: true,
  dpop_signature_invalid: true,
  dpop_method_mismatch: true,
  dpop_uri_mismatch: true,
  dpop_nonce_required: true,
  dpop_time_mismatch: true,
  dpop_proof_replayed: true,
  dpop_token_mismatch: true,
  dpop_key_mismatch: true,
  certificate_missing: true,
  certificate_mismatch: true,
};

const FAILURES: Record<UnavailableReason, true> = {
  misconfigured: true,
  internal_error: true,
  introspection_unreachable: true,
  introspection_timeout: true,
  introspection_rate_limited: true,
  introspection_overloaded: true,
  introspection_suspended: true,
  introspection_queue_full: true,
  introspection_server_error: true,
  introspection_unauthorized: true,
  introspection_status: true,
  introspection_content_type: true,
  introspection_truncated: true,
  introspection_malformed: true,
  introspection_invalid_claim: true,
  introspection_response_jwt: true,
  jwt_missing: true,
  jwt_too_large: true,
  jwt_signature_invalid: true,
  jwt_key_unknown: true,
  jwks_unavailable: true,
  jwks_unusable: true,
  introspection_response_invalid: true,
  dpop_proofs_full: true,
};

// The values of $phantom_token_cache_status, which access logs hold.
const CACHE_STATUSES: Record<CacheStatus, true> = {
  '': true,
  HIT: true,
  MISS: true,
  JOINED: true,
  NEGATIVE: true,
  STALE: true,
  BYPASS: true,
};

const LISTS: [name: string, listed: readonly string[], codes: string[]][] = [
  ['denialReasons', denialReasons(), Object.keys(DENIALS)],
  ['malformedReasons', malformedReasons(), ['request_malformed']],
  ['unavailableReasons', unavailableReasons(), Object.keys(FAILURES)],
  ['cacheStatuses', cacheStatuses(), Object.keys(CACHE_STATUSES)],
];

for (const [name, listed, codes] of LISTS) {
  test(`${name}: lists every code once, so that metrics also show codes that never occurred`, (t) =>
    t.deepEqual(listed.toSorted(), codes.toSorted()));
}

test('denialReasons, malformedReasons, unavailableReasons: share no code, so that one label can hold all', (t) => {
  const both: string[] = [...denialReasons(), ...malformedReasons(), ...unavailableReasons()];
  t.is(new Set(both).size, both.length);
});

test('denialReasons, malformedReasons, unavailableReasons: a code is one word of lower-case letters, safe in a log and in a label', (t) => {
  for (const reason of [...denialReasons(), ...malformedReasons(), ...unavailableReasons()]) {
    t.regex(reason, /^[a-z]+(_[a-z]+)*$/);
  }
});
