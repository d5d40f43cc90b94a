// Counts in the dictionary phantom_token_metrics, for all workers. Off, at the price of one look, where zones.conf does
// not declare it. This file is what every hit pays for; what else is done with the figures: counters.ts.
import type { Series } from '../core/answer/series.js';

/**
 * Whether there is a dictionary to count in.
 * @inline
 */
export function mayCount(): boolean {
  return isOff === undefined && hasZone();
}

/** QuickJS keeps it for later requests: a zone comes with another configuration only. */
let isOff: true | undefined;

function hasZone(): boolean {
  if (ngx.shared.phantom_token_metrics !== undefined) {
    return true;
  }
  isOff = true;
  return false;
}

/** Where {@link mayCount} says no, the call can be spared. @param by whole, at least 0 */
export function count(series: Series, by: number): void {
  const zone = ngx.shared.phantom_token_metrics as NgxSharedDict<number> | undefined;
  if (zone === undefined) {
    return;
  }
  try {
    zone.incr(series, by, 0);
  } catch (_fullOrOfStrings) {
    // A count that is lost refuses no request: the zone is full, or lacks type=number.
  }
}
