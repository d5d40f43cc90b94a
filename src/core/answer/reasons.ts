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
  ] as const;
}

export type DenialReason = ReturnType<typeof denialReasons>[number];

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
  ] as const;
}

export type UnavailableReason = ReturnType<typeof unavailableReasons>[number];

/** Where the answer came from: the values of $phantom_token_cache_status. Empty when nothing was looked up. */
export function cacheStatuses() {
  return ['', 'HIT', 'MISS', 'JOINED', 'NEGATIVE', 'STALE', 'BYPASS'] as const;
}

export type CacheStatus = ReturnType<typeof cacheStatuses>[number];
