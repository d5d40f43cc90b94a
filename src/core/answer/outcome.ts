// How a request can end. Ends that are never mixed: a Grant goes upstream, a Denial is the client's fault (401,
// 403), an Unavailable is ours or the authorization server's (500, 502, 503, 504), a Preflight is answered here (204).

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
  ] as const;
}

export type UnavailableReason = ReturnType<typeof unavailableReasons>[number];

/** Where the answer came from: the values of $phantom_token_cache_status. Empty when nothing was looked up. */
export function cacheStatuses() {
  return ['', 'HIT', 'MISS', 'JOINED', 'NEGATIVE', 'STALE', 'BYPASS'] as const;
}

export type CacheStatus = ReturnType<typeof cacheStatuses>[number];

/** The request goes upstream; `authorization` is the whole header value, empty for none. */
export interface Grant {
  readonly kind: 'grant';
  readonly authorization: string;
  readonly cacheStatus: CacheStatus;
}

export interface Denial {
  readonly kind: 'denial';
  readonly reason: DenialReason;
  readonly cacheStatus: CacheStatus;
}

export interface Unavailable {
  readonly kind: 'unavailable';
  readonly reason: UnavailableReason;
  /** For the operator's log line; holds no token, JWT, secret or foreign text. */
  readonly detail: string;
  /** What the authorization server asked for (Retry-After), empty when it asked for nothing. */
  readonly retryAfter: string;
  readonly cacheStatus: CacheStatus;
  /** Whether the authorization server fails, so that a stale record may stand in. */
  readonly isOutage: boolean;
}

/** A CORS preflight that the gateway answers itself. */
export interface Preflight {
  readonly kind: 'preflight';
}

export type Outcome = Grant | Denial | Unavailable | Preflight;

export function granted(authorization: string, cacheStatus: CacheStatus): Grant {
  return { kind: 'grant', authorization, cacheStatus };
}

export function denied(reason: DenialReason, cacheStatus: CacheStatus): Denial {
  return { kind: 'denial', reason, cacheStatus };
}

export function unavailable(
  reason: UnavailableReason,
  detail: string,
  cacheStatus: CacheStatus,
  retryAfter?: string,
): Unavailable {
  const isOutage = isOutageReason(reason);
  return { kind: 'unavailable', reason, detail, retryAfter: retryAfter || '', cacheStatus, isOutage };
}

/**
 * This request's time to wait for another one's introspection is up. No outage: clients that reset the HTTP/2 streams of
 * those who ask bring it about, too.
 */
export function waitedInVain(): Unavailable {
  return timedOutHere("waited for another request's introspection", 'JOINED');
}

/** The server has answered, but so late that the answer counts no more. No outage: it may have said that the token is inactive. */
export function answeredTooLate(): Unavailable {
  return timedOutHere('the answer came too late to count', 'MISS');
}

function timedOutHere(detail: string, cacheStatus: CacheStatus): Unavailable {
  return {
    kind: 'unavailable',
    reason: 'introspection_timeout',
    detail,
    retryAfter: '',
    cacheStatus,
    isOutage: false,
  };
}

/**
 * Whether the authorization server itself fails, so that an older answer of its may stand in (RFC 5861 §4). Not 429 and
 * not a full queue: clients bring them about, and could keep a revoked token alive by them.
 */
function isOutageReason(reason: UnavailableReason): boolean {
  const isAnswered =
    reason === 'introspection_overloaded' ||
    reason === 'introspection_suspended' ||
    reason === 'introspection_server_error';
  return isAnswered || isTransportFailure(reason);
}

/** No connection, no answer in time, or 502 or 504 whoever sent it: what the circuit breaker counts. */
export function isTransportFailure(reason: UnavailableReason): boolean {
  return reason === 'introspection_unreachable' || reason === 'introspection_timeout';
}
