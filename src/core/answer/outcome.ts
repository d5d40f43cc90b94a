// How a request can end. Ends that are never mixed: a Grant goes upstream, a Denial is the client's fault (401,
// 403), an Unavailable is ours or the authorization server's (500, 502, 503, 504), a Preflight is answered here (204).
import type { CacheStatus, DenialReason, UnavailableReason } from './reasons.js';

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
