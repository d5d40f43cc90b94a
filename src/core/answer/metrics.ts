// The page of figures that Prometheus reads (text format 0.0.4).
import {
  boundSeries,
  bucketBoundsMs,
  DURATION,
  durationSumSeries,
  infinitySeries,
} from './duration_series.js';
import { cacheStatuses, denialReasons, malformedReasons, unavailableReasons } from './reasons.js';
import {
  breakerOpenedSeries,
  introspectionsSeries,
  refusalsSeries,
  replacementsSeries,
  requestsSeries,
  type Series,
  uncachedSeries,
} from './series.js';

/** A figure that is read when it is asked for, not counted. */
export interface Gauge {
  readonly name: string;
  readonly help: string;
  /** None where there is nothing to tell, or no way to tell it: `help` says which. */
  readonly samples: readonly Sample[];
}

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

interface Counter {
  readonly name: string;
  readonly help: string;
  readonly series: readonly Series[];
}

function counters(): readonly Counter[] {
  return [
    {
      name: 'phantom_token_requests_total',
      help: 'Requests by where the answer came from.',
      series: cacheStatuses().map((label) => requestsSeries(label)),
    },
    {
      name: 'phantom_token_refusals_total',
      help: 'Refused requests by reason code.',
      series: allReasons()
        .concat(malformedReasons())
        .map((label) => refusalsSeries(label)),
    },
    {
      name: 'phantom_token_introspections_total',
      help: 'Calls to the authorization server by result: active or a reason code.',
      series: ['active'].concat(allReasons()).map((label) => introspectionsSeries(label)),
    },
    {
      name: 'phantom_token_uncached_total',
      help: 'Active tokens that were not stored: the zone is full, the record too large, or too many combinations of settings ask.',
      series: ['full', 'too_large', 'too_many'].map((label) => uncachedSeries(label)),
    },
    {
      name: 'phantom_token_zone_replacements_total',
      help: 'Entries stored while no free page could take them: each took the room of others that had ended or, with evict, of those next to end.',
      series: ['phantom_token', 'phantom_token_denied'].map((label) => replacementsSeries(label)),
    },
    {
      name: breakerOpenedSeries(),
      help: 'How often introspection was suspended, or its suspension prolonged by a failed probe; not of suspensions for one token.',
      series: [breakerOpenedSeries()],
    },
  ];
}

/** Every series that is counted. */
export function countedSeries(): Series[] {
  const series: Series[] = [];
  return series.concat(
    counters().reduce((all, counter) => all.concat(counter.series), series),
    bucketBoundsMs().map(boundSeries),
    infinitySeries(),
    durationSumSeries(),
  );
}

/**
 * The whole page.
 * @param read the count of a series
 */
export function formatMetrics(read: (series: Series) => number, gauges: readonly Gauge[]): string {
  const counted = counters().map((counter) => formatCounter(counter, read));
  return `${counted.join('')}${formatHistogram(read)}${gauges.map(formatGauge).join('')}`;
}

function allReasons(): string[] {
  const reasons: string[] = [];
  return reasons.concat(denialReasons()).concat(unavailableReasons());
}

function formatCounter(counter: Counter, read: (series: Series) => number): string {
  const samples = counter.series.map((one) => `${one} ${read(one)}\n`);
  return `${formatHead(counter.name, counter.help, 'counter')}${samples.join('')}`;
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

function formatGauge(gauge: Gauge): string {
  const samples = gauge.samples.map(
    (sample) => `${gauge.name}{${formatLabels(sample.labels)}} ${sample.value}\n`,
  );
  return `${formatHead(gauge.name, gauge.help, 'gauge')}${samples.join('')}`;
}

function formatLabels(labels: Readonly<Record<string, string>>): string {
  return Object.keys(labels)
    .map((label) => `${label}="${escapeLabel(labels[label] as string)}"`)
    .join(',');
}

function escapeLabel(value: string): string {
  return value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
}
