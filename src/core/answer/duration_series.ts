// The histogram of introspections: the dictionary has a series for each bucket.
import type { Series } from './series.js';

export const DURATION = 'phantom_token_introspection_duration_seconds';

export function bucketBoundsMs(): readonly number[] {
  return [5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000];
}

/** The bucket of a duration; in the dictionary each holds only its own, not those below. */
export function bucketSeries(tookMs: number): Series {
  const bounds = bucketBoundsMs();
  for (let i = 0; i < bounds.length; i++) {
    if (tookMs <= (bounds[i] as number)) {
      return boundSeries(bounds[i] as number);
    }
  }
  return infinitySeries();
}

export function boundSeries(boundMs: number): Series {
  return `${DURATION}_bucket{le="${boundMs / 1000}"}`;
}

export function infinitySeries(): Series {
  return `${DURATION}_bucket{le="+Inf"}`;
}

/** Sum of all durations, in the dictionary in milliseconds. */
export function durationSumSeries(): Series {
  return `${DURATION}_sum`;
}
