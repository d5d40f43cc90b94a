// The counters, under the very names that Prometheus reads. What a page of them looks like: metrics.ts.
import type { CacheStatus } from './reasons.js';

/** A counter of this name is counted in the dictionary under the name itself. */
export type Series = string;

/** @inline */
export function requestsSeries(cacheStatus: CacheStatus): Series {
  return `phantom_token_requests_total{cache_status="${cacheStatus === '' ? 'NONE' : cacheStatus}"}`;
}

/** @inline */
export function refusalsSeries(reason: string): Series {
  return `phantom_token_refusals_total{reason="${reason}"}`;
}

/**
 * @param result `active`, or a reason code
 * @inline
 */
export function introspectionsSeries(result: string): Series {
  return `phantom_token_introspections_total{result="${result}"}`;
}

/**
 * @param outcome `full`, `too_large` or `too_many`
 * @inline
 */
export function uncachedSeries(outcome: string): Series {
  return `phantom_token_uncached_total{cause="${outcome}"}`;
}

/**
 * @param zone that has `evict` in zones.conf
 * @inline
 */
export function replacementsSeries(zone: string): Series {
  return `phantom_token_zone_replacements_total{zone="${zone}"}`;
}

/** @inline */
export function breakerOpenedSeries(): Series {
  return 'phantom_token_breaker_opened_total';
}
