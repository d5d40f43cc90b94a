// Counts in the dictionary phantom_token_metrics, for all workers. Off, at the price of one look, where zones.conf does
// not declare it.
import { bucketSeries, durationSumSeries, requestsSeries, type Series } from '../core/answer/metrics.js';
import type { CacheStatus } from '../core/answer/outcome.js';

export function count(series: Series): void {
  const zone = ngx.shared.phantom_token_metrics;
  if (zone !== undefined) {
    add(zone, series, 1);
  }
}

/** As {@link count}. On each hit, where {@link mayCount} spares the call. */
export function countRequest(cacheStatus: CacheStatus): void {
  const zone = ngx.shared.phantom_token_metrics;
  if (zone === undefined) {
    isOff = true;
  } else {
    add(zone, requestsSeries(cacheStatus), 1);
  }
}

/** False once it is known that there is nothing to count in. */
export function mayCount(): boolean {
  return isOff === undefined;
}

/** QuickJS keeps it for later requests: a zone comes with another configuration only. */
let isOff: true | undefined;

export function countDuration(tookMs: number): void {
  const zone = ngx.shared.phantom_token_metrics;
  if (zone !== undefined) {
    add(zone, bucketSeries(tookMs), 1);
    add(zone, durationSumSeries(), tookMs);
  }
}

/**
 * What keeps the gateway from counting, and what to do; undefined when it counts. Makes every series that is missing, so that
 * none lacks room later.
 */
export function findCountingProblem(series: readonly Series[]): string | undefined {
  const zone = ngx.shared.phantom_token_metrics as NgxSharedDict<number> | undefined;
  if (zone === undefined) {
    return `nothing is counted: add to your zones file (zones.conf, or zones_njs_0.8.conf): ${ZONE_LINE}`;
  }
  try {
    for (let i = 0; i < series.length; i++) {
      zone.incr(series[i] as Series, 0, 0);
    }
  } catch (_fullOrOfStrings) {
    return `phantom_token_metrics cannot count: correct its line in your zones file (zones.conf, or zones_njs_0.8.conf), and restart nginx: ${ZONE_LINE}`;
  }
  return undefined;
}

const ZONE_LINE = 'js_shared_dict_zone zone=phantom_token_metrics:64k type=number;';

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
