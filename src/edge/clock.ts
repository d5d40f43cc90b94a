// Time and chance: the only place that reads them.

/**
 * Epoch seconds, whole.
 * @inline
 */
export function readClockSec(): number {
  return Math.floor(Date.now() / 1000);
}

/**
 * Epoch seconds with their fraction. Compared with whole ones, it says the same as {@link readClockSec}, for less.
 * @inline
 */
export function readFineClockSec(): number {
  return Date.now() / 1000;
}

/**
 * Epoch milliseconds.
 * @inline
 */
export function readClockMs(): number {
  return Date.now();
}

/**
 * From 0 up to 1, without 1: spreads expiries and tells requests apart; protects nothing.
 * @inline
 */
export function readChance(): number {
  return Math.random();
}
