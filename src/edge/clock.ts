// Time: the only place that reads it.

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
