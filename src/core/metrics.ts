// The figures that the gateway counts, under the very names that Prometheus reads (text format 0.0.4).
import { type CacheStatus, cacheStatuses, denialReasons, unavailableReasons } from './outcome.js';

/** A counter of this name is counted in the dictionary under the name itself. */
export type Series = string;

export function requestsSeries(cacheStatus: CacheStatus): Series {
  return `phantom_token_requests_total{cache_status="${cacheStatus === '' ? 'NONE' : cacheStatus}"}`;
}

export function refusalsSeries(reason: string): Series {
  return `phantom_token_refusals_total{reason="${reason}"}`;
}

/** @param result `active`, or a reason code */
export function introspectionsSeries(result: string): Series {
  return `phantom_token_introspections_total{result="${result}"}`;
}

/** @param outcome `full`, `too_large` or `too_many` */
export function uncachedSeries(outcome: string): Series {
  return `phantom_token_uncached_total{cause="${outcome}"}`;
}

export const DURATION = 'phantom_token_introspection_duration_seconds';
export const BREAKER_OPENED: Series = 'phantom_token_breaker_opened_total';

function bucketBoundsMs(): readonly number[] {
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

function boundSeries(boundMs: number): Series {
  return `${DURATION}_bucket{le="${boundMs / 1000}"}`;
}

function infinitySeries(): Series {
  return `${DURATION}_bucket{le="+Inf"}`;
}

/** Sum of all durations, in the dictionary in milliseconds. */
export function durationSumSeries(): Series {
  return `${DURATION}_sum`;
}

/** One sample that is read when it is asked for, not counted. */
export interface Gauge {
  readonly name: string;
  readonly help: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/**
 * The whole page.
 * @param read the count of a series; 0 for one that was never counted
 */
export function formatMetrics(read: (series: Series) => number, gauges: readonly Gauge[]): string {
  const counters = [
    formatCounter(
      'phantom_token_requests_total',
      'Requests by where the answer came from.',
      cacheStatuses().map(requestsSeries),
      read,
    ),
    formatCounter(
      'phantom_token_refusals_total',
      'Refused requests by reason code.',
      allReasons().map(refusalsSeries),
      read,
    ),
    formatCounter(
      'phantom_token_introspections_total',
      'Calls to the authorization server by result: active or a reason code.',
      ['active'].concat(allReasons()).map(introspectionsSeries),
      read,
    ),
    formatCounter(
      'phantom_token_uncached_total',
      'Active tokens that were not stored: the zone is full, the record too large, or too many combinations of settings ask.',
      ['full', 'too_large', 'too_many'].map(uncachedSeries),
      read,
    ),
    formatCounter(BREAKER_OPENED, 'How often introspection was suspended.', [BREAKER_OPENED], read),
  ];
  return `${counters.join('')}${formatHistogram(read)}${formatGauges(gauges)}`;
}

function allReasons(): string[] {
  const reasons: string[] = [];
  return reasons.concat(denialReasons()).concat(unavailableReasons());
}

function formatCounter(
  name: string,
  help: string,
  series: readonly Series[],
  read: (series: Series) => number,
): string {
  const samples = series.map((one) => `${one} ${read(one)}\n`);
  return `${formatHead(name, help, 'counter')}${samples.join('')}`;
}

function formatHead(name: string, help: string, type: string): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
}

function formatHistogram(read: (series: Series) => number): string {
  let count = 0;
  const buckets = bucketBoundsMs().map(boundSeries).concat(infinitySeries());
  const samples = buckets.map((bucket) => {
    count += read(bucket);
    return `${bucket} ${count}\n`;
  });
  const sumSec = read(durationSumSeries()) / 1000;
  const head = formatHead(DURATION, 'Time of a call to the authorization server.', 'histogram');
  return `${head}${samples.join('')}${durationSumSeries()} ${sumSec}\n${DURATION}_count ${count}\n`;
}

function formatGauges(gauges: readonly Gauge[]): string {
  let page = '';
  let name = '';
  for (let i = 0; i < gauges.length; i++) {
    const gauge = gauges[i] as Gauge;
    if (gauge.name !== name) {
      name = gauge.name;
      page += formatHead(name, gauge.help, 'gauge');
    }
    page += `${name}{${formatLabels(gauge.labels)}} ${gauge.value}\n`;
  }
  return page;
}

function formatLabels(labels: Readonly<Record<string, string>>): string {
  return Object.keys(labels)
    .map((label) => `${label}="${escapeLabel(labels[label] as string)}"`)
    .join(',');
}

function escapeLabel(value: string): string {
  return value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
}
