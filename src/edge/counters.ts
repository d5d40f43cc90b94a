// Counts in the dictionary phantom_token_metrics, for all workers. Off, at the price of one look, where zones.conf does
// not declare it.
import { bucketSeries, durationSumSeries, requestsSeries, type Series } from '../core/metrics.js';
import type { CacheStatus } from '../core/outcome.js';

export function count(series: Series): void {
  const zone = ngx.shared.phantom_token_metrics;
  if (zone !== undefined) {
    add(zone, series, 1);
  }
}

/** As {@link count}, without making a name that nobody counts. On each hit, so without a function more. */
export function countRequest(cacheStatus: CacheStatus): void {
  if (isOff) {
    return;
  }
  const zone = ngx.shared.phantom_token_metrics;
  if (zone === undefined) {
    isOff = true;
    return;
  }
  add(zone, requestsSeries(cacheStatus), 1);
}

/** QuickJS keeps it for later requests: a zone comes with another configuration only. */
let isOff: boolean | undefined;

export function countDuration(tookMs: number): void {
  const zone = ngx.shared.phantom_token_metrics;
  if (zone !== undefined) {
    add(zone, bucketSeries(tookMs), 1);
    add(zone, durationSumSeries(), tookMs);
  }
}

/** 0 for a series that was never counted, and without a zone. */
export function readCount(series: Series): number {
  const zone = ngx.shared.phantom_token_metrics;
  const value = zone === undefined ? undefined : zone.get(series);
  return typeof value === 'number' ? value : 0;
}

function add(zone: NgxSharedDict, series: Series, by: number): void {
  try {
    (zone as NgxSharedDict<number>).incr(series, by, 0);
  } catch (_fullOrOfStrings) {
    // A count that is lost refuses no request: the zone is full, or lacks type=number.
  }
}
