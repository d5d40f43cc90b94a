// Time and chance.

/** Epoch seconds, whole. */
export function readClockSec(): number {
  return Math.floor(Date.now() / 1000);
}

/** Epoch milliseconds. */
export function readClockMs(): number {
  return Date.now();
}

/** From 0 up to 1, without 1: spreads expiries, protects nothing. */
export function readChance(): number {
  return Math.random();
}
