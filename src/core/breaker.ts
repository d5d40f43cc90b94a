// The circuit breaker of one endpoint. After so many transport failures in a row it suspends introspection for a
// while; then one probe at a time may ask, and its answer decides.

/** Stored as `<failures> <suspendedUntilMs>`. */
export interface Breaker {
  /** Transport failures in a row. */
  readonly failures: number;
  /** Epoch milliseconds; 0: not suspended. */
  readonly suspendedUntilMs: number;
}

export interface BreakerSettings {
  readonly breakerFailures: number;
  readonly breakerDelaySec: number;
}

/** `closed`: ask; `open`: do not; `half_open`: one may ask. */
export type BreakerState = 'closed' | 'open' | 'half_open';

/** @param text what was stored; undefined or anything else: closed */
export function parseBreaker(text: string | undefined): Breaker {
  const parts = (text === undefined ? '' : text).split(' ');
  const failures = Number(parts[0]);
  const suspendedUntilMs = Number(parts[1]);
  return failures >= 1 && suspendedUntilMs >= 0
    ? { failures, suspendedUntilMs }
    : { failures: 0, suspendedUntilMs: 0 };
}

export function formatBreaker(breaker: Breaker): string {
  return `${breaker.failures} ${breaker.suspendedUntilMs}`;
}

export function stateOf(breaker: Breaker, nowMs: number): BreakerState {
  if (breaker.suspendedUntilMs === 0) {
    return 'closed';
  }
  return nowMs < breaker.suspendedUntilMs ? 'open' : 'half_open';
}

/** One more transport failure. 0 `breakerFailures` never suspends. */
export function afterFailure(breaker: Breaker, settings: BreakerSettings, nowMs: number): Breaker {
  const failures = breaker.failures + 1;
  const suspends = settings.breakerFailures > 0 && failures >= settings.breakerFailures;
  return { failures, suspendedUntilMs: suspends ? nowMs + settings.breakerDelaySec * 1000 : 0 };
}

/** Whole seconds until asking makes sense, at least 1: for Retry-After. */
export function suspendedSec(breaker: Breaker, nowMs: number): number {
  return Math.max(1, Math.ceil((breaker.suspendedUntilMs - nowMs) / 1000));
}
