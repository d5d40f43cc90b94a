// `js_content phantom_token.metrics;`: what the gateway counts, its breakers and its zones, for Prometheus.
import { countedSeries, formatMetrics, type Gauge } from '../core/answer/metrics.js';
import { readBreakers } from '../edge/breaker_failures.js';
import { findCountingProblem, readCount } from '../edge/counters.js';
import { findZoneProblem } from '../edge/declared_zones.js';
import { noteBug } from '../edge/fail.js';
import { readZones, type ZoneFigures } from '../edge/zone_figures.js';
import { isFirstInMinute } from '../edge/zones.js';

/** 200 and the page; 500 for a bug of the script; 503 and what to do, in plain text, while nothing is counted: zeros would look like no traffic. */
export function metrics(r: NginxHTTPRequest): void {
  r.headersOut['Cache-Control'] = 'no-store';
  const answer = answerMetrics(r);
  r.headersOut['Content-Type'] = `text/plain;${answer.version} charset=utf-8`;
  r.return(answer.status, answer.body);
}

interface MetricsAnswer {
  readonly status: 200 | 500 | 503;
  /** The parameter of the text format, with a semicolon; '' for a text that is no page of figures. */
  readonly version: string;
  readonly body: string;
}

function answerMetrics(r: NginxHTTPRequest): MetricsAnswer {
  try {
    const problem = findCountingProblem(countedSeries());
    if (problem === undefined) {
      const gauges = zoneGauges(readZones()).concat(breakerGauge(), buildGauge());
      return { status: 200, version: ' version=0.0.4;', body: formatMetrics(readCount, gauges) };
    }
    noteNoMetrics(r, problem);
    return { status: 503, version: '', body: `${problem}\n` };
  } catch (e) {
    noteBug(r, e);
    return { status: 500, version: '', body: 'Problem encountered processing the request\n' };
  }
}

function buildGauge(): Gauge {
  const labels = {
    version: PHANTOM_TOKEN_VERSION,
    njs: njs.version,
    engine: njs.engine,
    nginx: ngx.version,
  };
  return {
    name: 'phantom_token_build_info',
    help: 'Always 1: the versions of this script, of njs with its engine, and of nginx.',
    samples: [{ labels, value: 1 }],
  };
}

function breakerGauge(): Gauge {
  return {
    name: 'phantom_token_breaker_state',
    help: 'Circuit breaker: 0 closed, 1 open, 2 half open. Endpoints that failed lately.',
    samples: readBreakers().map((breaker) => ({
      labels: { server: breaker.server, endpoint: breaker.endpoint },
      value: STATES.indexOf(breaker.state),
    })),
  };
}

const STATES = ['closed', 'open', 'half_open'];

function zoneGauges(zones: readonly ZoneFigures[]): Gauge[] {
  return [
    {
      name: 'phantom_token_zone_capacity_bytes',
      help: 'Size of a shared dictionary.',
      samples: zones.map((zone) => ({ labels: { zone: zone.name }, value: zone.capacityBytes })),
    },
    {
      name: 'phantom_token_zone_free_bytes',
      help: 'Free pages of a shared dictionary; those of ended entries are freed when the next new one is stored.',
      samples: zones.map((zone) => ({ labels: { zone: zone.name }, value: zone.freeBytes })),
    },
    {
      name: 'phantom_token_zone_entries',
      help: 'Entries of a shared dictionary, ended ones included. No samples below njs 0.9.7, where counting them is not safe.',
      samples: zones
        .filter((zone) => zone.entries >= 0)
        .map((zone) => ({ labels: { zone: zone.name }, value: zone.entries })),
    },
  ];
}

/** The page has nothing to show. One line a minute: Prometheus asks again and again. */
function noteNoMetrics(r: NginxHTTPRequest, problem: string): void {
  if (findZoneProblem(r) !== undefined || isFirstInMinute('metrics')) {
    r.error(`phantom_token: no metrics: ${problem}`);
  }
}
