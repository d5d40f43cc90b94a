// How a record writes a time.

/** Epoch seconds in ten digits. */
export function tenDigits(epochSec: number): string {
  return epochSec > 999999999 ? String(epochSec) : String(10000000000 + epochSec).slice(1);
}
