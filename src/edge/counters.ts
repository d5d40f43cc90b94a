// Counts in the dictionary phantom_token_metrics, for all workers. Off, at the price of one look, where zones.conf does
// not declare it.
import { bucketSeries, durationSumSeries, type Series } from '../core/metrics.js';

export function count(series: Series): void {
  add(series, 1);
}

export function countDuration(tookMs: number): void {
  add(bucketSeries(tookMs), 1);
  add(durationSumSeries(), tookMs);
}

/** 0 for a series that was never counted, and without a zone. */
export function readCount(series: Series): number {
  const zone = ngx.shared.phantom_token_metrics;
  const value = zone === undefined ? undefined : zone.get(series);
  return typeof value === 'number' ? value : 0;
}

function add(series: Series, by: number): void {
  const zone = ngx.shared.phantom_token_metrics;
  if (zone === undefined) {
    return;
  }
  try {
    (zone as NgxSharedDict<number>).incr(series, by, 0);
  } catch (_fullOrOfStrings) {
    // A count that is lost refuses no request: the zone is full, or lacks type=number.
  }
}
