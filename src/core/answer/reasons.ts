// The stable codes of $phantom_token_reason and $phantom_token_cache_status.

/** Why the client was refused: the stable codes of $phantom_token_reason. Functions, so that only metrics pay for the lists. */
export function denialReasons() {
  return [
    'token_missing',
    'token_malformed',
    'token_inactive',
    'token_expired',
    'token_not_yet_valid',
    'token_sender_constrained',
    'token_not_sender_constrained',
    'token_type_mismatch',
    'token_type_unsupported',
    'token_subject_missing',
    'token_signature_invalid',
    'token_key_unknown',
    'token_claims_invalid',
    'token_purged',
    'issuer_mismatch',
    'audience_mismatch',
    'scope_insufficient',
    'dpop_scheme_required',
    'dpop_token_unbound',
    'dpop_proof_missing',
    'dpop_proof_repeated',
    'dpop_proof_malformed',
    'dpop_type_mismatch',
    'dpop_algorithm_unsupported',
    'dpop_key_invalid',
    'dpop_signature_invalid',
    'dpop_method_mismatch',
    'dpop_uri_mismatch',
    'dpop_nonce_required',
    'dpop_time_mismatch',
    'dpop_proof_replayed',
    'dpop_token_mismatch',
    'dpop_key_mismatch',
    'certificate_missing',
    'certificate_mismatch',
  ] as const;
}

export type DenialReason = ReturnType<typeof denialReasons>[number];

/** Why nothing was decided, where other proxies and gateways ask: the stable codes of $phantom_token_reason. */
export function malformedReasons() {
  return ['request_malformed'] as const;
}

export type MalformedReason = ReturnType<typeof malformedReasons>[number];

/** Why the gateway could not decide: the stable codes of $phantom_token_reason. */
export function unavailableReasons() {
  return [
    'misconfigured',
    'internal_error',
    'introspection_unreachable',
    'introspection_timeout',
    'introspection_rate_limited',
    'introspection_overloaded',
    'introspection_suspended',
    'introspection_queue_full',
    'introspection_server_error',
    'introspection_unauthorized',
    'introspection_status',
    'introspection_content_type',
    'introspection_truncated',
    'introspection_malformed',
    'introspection_invalid_claim',
    'introspection_response_jwt',
    'jwt_missing',
    'jwt_too_large',
    'jwt_signature_invalid',
    'jwt_key_unknown',
    'jwks_unavailable',
    'jwks_unusable',
    'introspection_response_invalid',
    'dpop_proofs_full',
  ] as const;
}

export type UnavailableReason = ReturnType<typeof unavailableReasons>[number];

/** Where the answer came from: the values of $phantom_token_cache_status. Empty when nothing was looked up. */
export function cacheStatuses() {
  return ['', 'HIT', 'MISS', 'JOINED', 'NEGATIVE', 'STALE', 'BYPASS'] as const;
}

export type CacheStatus = ReturnType<typeof cacheStatuses>[number];
