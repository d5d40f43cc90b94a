// Time and chance.

/** Epoch seconds, whole. */
export function readClockSec(): number {
  return Math.floor(Date.now() / 1000);
}

/** Epoch seconds with their fraction. Compared with whole ones, it says the same as {@link readClockSec}, for less. */
export function readFineClockSec(): number {
  return Date.now() / 1000;
}

/** Epoch milliseconds. */
export function readClockMs(): number {
  return Date.now();
}

/** From 0 up to 1, without 1: spreads expiries, protects nothing. */
export function readChance(): number {
  return Math.random();
}
