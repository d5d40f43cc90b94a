// What is done with the figures of the dictionary phantom_token_metrics beside counting a request (count.ts).
import { bucketSeries, durationSumSeries } from '../core/answer/duration_series.js';
import type { Series } from '../core/answer/series.js';
import { count } from './count.js';

export function countDuration(tookMs: number): void {
  count(bucketSeries(tookMs), 1);
  count(durationSumSeries(), tookMs);
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
