// `js_content phantom_token.metrics;`: what the gateway counts, its breakers and its zones, for Prometheus.
import { formatMetrics, type Gauge } from './core/metrics.js';
import { type EndpointBreaker, readBreakers } from './edge/breaker.js';
import { readCount } from './edge/counters.js';
import { readZones, type ZoneFigures } from './edge/shared_cache.js';

export function metrics(r: NginxHTTPRequest): void {
  const zones = readZones();
  const counted = zones.filter((zone) => zone.entries >= 0);
  const gauges = readBreakers()
    .map(breakerGauge)
    .concat(zones.map(capacityGauge))
    .concat(zones.map(freeGauge))
    .concat(counted.map(entriesGauge));
  r.headersOut['Content-Type'] = 'text/plain; version=0.0.4; charset=utf-8';
  r.headersOut['Cache-Control'] = 'no-store';
  r.return(200, formatMetrics(readCount, gauges));
}

function breakerGauge(breaker: EndpointBreaker): Gauge {
  return {
    name: 'phantom_token_breaker_state',
    help: 'Circuit breaker: 0 closed, 1 open, 2 half open. Endpoints that failed lately.',
    labels: { server: breaker.server, endpoint: breaker.endpoint },
    value: STATES.indexOf(breaker.state),
  };
}

const STATES = ['closed', 'open', 'half_open'];

function capacityGauge(zone: ZoneFigures): Gauge {
  const help = 'Size of a shared dictionary.';
  return {
    name: 'phantom_token_zone_capacity_bytes',
    help,
    labels: { zone: zone.name },
    value: zone.capacityBytes,
  };
}

function freeGauge(zone: ZoneFigures): Gauge {
  const help = 'Free pages of a shared dictionary; expired entries are freed when room is needed.';
  return { name: 'phantom_token_zone_free_bytes', help, labels: { zone: zone.name }, value: zone.freeBytes };
}

function entriesGauge(zone: ZoneFigures): Gauge {
  const help = 'Entries of a shared dictionary, expired ones included.';
  return { name: 'phantom_token_zone_entries', help, labels: { zone: zone.name }, value: zone.entries };
}
