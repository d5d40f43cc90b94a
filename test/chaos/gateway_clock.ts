// What the gateway's clock may have shown, for a clock that is stepped by hand.
import type { ClockSet } from './events.js';

export interface GatewayClock {
  set(step: ClockSet): void;
  /** The least that it may have shown at some moment of the interval. */
  leastMs(fromMs: number, toMs: number): number;
  /** The most. */
  mostMs(fromMs: number, toMs: number): number;
  /** Whether it was stepped, and any step may have come into effect, in the interval. */
  wasSet(fromMs: number, toMs: number): boolean;
}

export function newGatewayClock(): GatewayClock {
  const steps: ClockSet[] = [];

  /** Each offset that was in effect in the interval, with the part of the interval in which it may have been. */
  const parts = (fromMs: number, toMs: number) => {
    const found: { aheadMs: number; fromMs: number; toMs: number }[] = [];
    for (let index = -1; index < steps.length; index += 1) {
      const begins = index < 0 ? Number.NEGATIVE_INFINITY : (steps[index] as ClockSet).sinceMs;
      const ends = steps[index + 1]?.atMs ?? Number.POSITIVE_INFINITY;
      if (begins > toMs || ends < fromMs) continue;
      const aheadMs = index < 0 ? 0 : (steps[index] as ClockSet).aheadMs;
      found.push({ aheadMs, fromMs: Math.max(begins, fromMs), toMs: Math.min(ends, toMs) });
    }
    return found;
  };

  return {
    set(step) {
      steps.push(step);
    },
    leastMs: (fromMs, toMs) => Math.min(...parts(fromMs, toMs).map((part) => part.fromMs + part.aheadMs)),
    mostMs: (fromMs, toMs) => Math.max(...parts(fromMs, toMs).map((part) => part.toMs + part.aheadMs)),
    wasSet: (fromMs, toMs) => steps.some(({ sinceMs, atMs }) => sinceMs <= toMs && atMs >= fromMs),
  };
}
