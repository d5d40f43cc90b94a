// The circuit breaker of one endpoint. After so many failures in a row it suspends introspection for a while; then one
// probe at a time may ask, and its answer decides; without any answer all may ask again after a while. Which failures
// count says countsForBreaker() in core/answer/failure_kind.ts.

/** Stored as `<failures> <suspendedUntilMs> <token>`. */
export interface Breaker {
  /** In a row. */
  readonly failures: number;
  /** Epoch milliseconds; 0: not suspended. */
  readonly suspendedUntilMs: number;
  /** The one token whose questions have failed in this row, as {@link tokenOf} names it; {@link ALL_TOKENS} for more. */
  readonly token: string;
}

/** No token's name: that has letters, digits, `-` and `_`. */
const ALL_TOKENS = '*';
const NO_BREAKER: Breaker = { failures: 0, suspendedUntilMs: 0, token: ALL_TOKENS };

export interface BreakerSettings {
  /** At least 1: where it is 0, nobody asks a breaker. */
  readonly breakerFailures: number;
  readonly breakerDelaySec: number;
}

/** `closed`: ask; `open`: do not; `half_open`: one may ask. */
export type BreakerState = 'closed' | 'open' | 'half_open';

/** A token's name in a breaker, short: 66 bits of its record's key. */
export function tokenOf(key: string): string {
  return key.slice(0, 11);
}

/** @param text what was stored; undefined or anything else: closed */
export function parseBreaker(text: string | undefined): Breaker {
  if (text === undefined) {
    return NO_BREAKER;
  }
  const parts = text.split(' ');
  const failures = Number(parts[0]);
  const suspendedUntilMs = Number(parts[1]);
  return failures >= 1 && suspendedUntilMs >= 0
    ? { failures, suspendedUntilMs, token: parts[2] || ALL_TOKENS }
    : NO_BREAKER;
}

export function formatBreaker(breaker: Breaker): string {
  return `${breaker.failures} ${breaker.suspendedUntilMs} ${breaker.token}`;
}

/**
 * Whether a suspension is for this token. When one token alone has failed in this row, it is for that one: a token on
 * which the server fails must not cost the others their answers.
 * @param token see {@link tokenOf}
 */
export function holdsFor(breaker: Breaker, token: string): boolean {
  return breaker.token === ALL_TOKENS || breaker.token === token;
}

/** Whether the failures of this row are those of one token, so that a suspension is for that one. */
export function isOfOneToken(breaker: Breaker): boolean {
  return breaker.token !== ALL_TOKENS;
}

/**
 * How long after a suspension probes are made one at a time. Then all may ask, and the next failure suspends again: clients
 * that reset the HTTP/2 stream of each probe, so that none brings an answer, keep nobody out for longer.
 */
const PROBING_MS = 15_000;

/** Does NOT look at the token: {@link holdsFor} does. */
export function stateOf(breaker: Breaker, nowMs: number): BreakerState {
  if (breaker.suspendedUntilMs === 0) {
    return 'closed';
  }
  if (nowMs < breaker.suspendedUntilMs) {
    return 'open';
  }
  return nowMs < breaker.suspendedUntilMs + PROBING_MS ? 'half_open' : 'closed';
}

/**
 * One more failure.
 * @param token whose question failed: see {@link tokenOf}
 */
export function afterFailure(
  breaker: Breaker,
  token: string,
  settings: BreakerSettings,
  nowMs: number,
): Breaker {
  const failures = breaker.failures + 1;
  const isOnly = breaker.failures === 0 || breaker.token === token;
  return {
    failures,
    // A location with a higher threshold does not end the suspension of its neighbours.
    suspendedUntilMs:
      failures >= settings.breakerFailures
        ? nowMs + settings.breakerDelaySec * 1000
        : breaker.suspendedUntilMs,
    token: isOnly ? token : ALL_TOKENS,
  };
}

/** Whole seconds until asking makes sense, at least 1: for Retry-After. */
export function suspendedSec(breaker: Breaker, nowMs: number): number {
  return Math.max(1, Math.ceil((breaker.suspendedUntilMs - nowMs) / 1000));
}
