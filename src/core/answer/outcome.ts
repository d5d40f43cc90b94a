// How a request can end. Ends that are never mixed: a Grant goes upstream, a Denial is the client's fault (401,
// 403), an Unavailable is ours or the authorization server's (500, 502, 503, 504), a Preflight is answered here (204).
import type { StoredRecord } from '../cache/record.js';
import type { Binding } from '../sender/binding.js';
import type { CacheStatus, DenialReason, MalformedReason, UnavailableReason } from './reasons.js';

/** The request goes upstream; `authorization` is the whole header value, empty for none. */
export interface Grant {
  readonly kind: 'grant';
  readonly authorization: string;
  readonly cacheStatus: CacheStatus;
  /** What the cache has of the token, without its binding; undefined for nothing. */
  readonly record: StoredRecord | undefined;
}

/**
 * The token is good, and bound to a key. No grant before the client has proven that it holds the key: only
 * gateway/prove_sender.ts makes one of it.
 */
export interface BoundGrant {
  readonly kind: 'bound';
  readonly authorization: string;
  readonly binding: Binding;
  readonly cacheStatus: CacheStatus;
  readonly record: StoredRecord | undefined;
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

/** No question that could be answered (400, 405), where another proxy or a gateway asks. */
export interface Malformed {
  readonly kind: 'malformed';
  readonly reason: MalformedReason;
  readonly cacheStatus: '';
}

/** A CORS preflight that the gateway answers itself. */
export interface Preflight {
  readonly kind: 'preflight';
}

/** What a request can be answered with. */
export type Outcome = Grant | Denial | Unavailable | Preflight;

/** What the cache or the authorization server says, before the client has proven anything. */
export type Finding = Outcome | BoundGrant;

export function granted(
  authorization: string,
  cacheStatus: CacheStatus,
  record: StoredRecord | undefined,
): Grant {
  return { kind: 'grant', authorization, cacheStatus, record };
}

/** @param binding undefined for a token that is bound to nothing */
export function grantedTo(
  binding: Binding | undefined,
  authorization: string,
  cacheStatus: CacheStatus,
  record: StoredRecord | undefined,
): Grant | BoundGrant {
  return binding === undefined
    ? granted(authorization, cacheStatus, record)
    : { kind: 'bound', authorization, binding, cacheStatus, record };
}

export function denied(reason: DenialReason, cacheStatus: CacheStatus): Denial {
  return { kind: 'denial', reason, cacheStatus };
}

export function malformed(): Malformed {
  return { kind: 'malformed', reason: 'request_malformed', cacheStatus: '' };
}
