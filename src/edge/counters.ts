// Counts in the dictionary phantom_token_metrics, for all workers. Off, at the price of one look, where zones.conf does
// not declare it.
import { bucketSeries, durationSumSeries, type Series } from '../core/metrics.js';

export function count(series: Series): void {
  const zone = ngx.shared.phantom_token_metrics;
  if (zone !== undefined) {
    (zone as NgxSharedDict<number>).incr(series, 1, 0);
  }
}

export function countDuration(tookMs: number): void {
  const zone = ngx.shared.phantom_token_metrics;
  if (zone !== undefined) {
    count(bucketSeries(tookMs));
    (zone as NgxSharedDict<number>).incr(durationSumSeries(), tookMs, 0);
  }
}

/** 0 for a series that was never counted, and without a zone. */
export function readCount(series: Series): number {
  const zone = ngx.shared.phantom_token_metrics;
  const value = zone === undefined ? undefined : zone.get(series);
  return typeof value === 'number' ? value : 0;
}
