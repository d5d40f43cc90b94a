// The tables of `npm run bench:scale`, as text.
import { markdownTable } from 'markdown-table';
import { median } from 'simple-statistics';
import { FLIGHT_CONNECTIONS } from './flight.js';
import type { HerdSample } from './herd.js';
import type { Sample } from './measure.js';
import { compareFlight, type ScaleResults, spreadOf } from './results.js';

export function formatScale({
  memory,
  flight,
  herd,
  workers,
  hits: hitResults,
  purges,
}: ScaleResults): string {
  const medianOf = (samples: readonly Sample[], read: (sample: Sample) => number) => {
    const { median: middle, halfRange } = spreadOf(samples.map(read));
    return `${middle.toFixed(1)} ±${halfRange.toFixed(1)}`;
  };
  const herdMedian = (samples: readonly HerdSample[], read: (sample: HerdSample) => number) =>
    median(samples.map(read)).toFixed(0);
  const tables = [
    [
      ['JWT, bytes', 'zone, bytes for each token'],
      ...memory.tokens.map((m) => [String(m.jwtLength), m.bytesPerToken.toFixed(0)]),
    ],
    [
      ['in flight', 'kB each', ...FLIGHT_CONNECTIONS.map((count) => `${count}: CPU µs/req, × bare`)],
      ...compareFlight(flight).map(({ title, heldBytes, loads }) => [
        title,
        (heldBytes / 1000).toFixed(1),
        ...loads.map(
          ({ cpuUs, cpuRatio }) =>
            `${cpuUs.median.toFixed(1)} ±${cpuUs.halfRange.toFixed(1)}, ${cpuRatio.median.toFixed(2)}`,
        ),
      ]),
    ],
    [
      ['herd', 'introspections', 'p50 ms', 'p99 ms', 'last ms'],
      ...herd.map(({ title, samples }) => [
        title,
        String(Math.max(...samples.map(({ introspections }) => introspections))),
        herdMedian(samples, ({ p50Ms }) => p50Ms),
        herdMedian(samples, ({ p99Ms }) => p99Ms),
        herdMedian(samples, ({ maxMs }) => maxMs),
      ]),
    ],
    [
      ['workers', 'req/s', 'CPU µs/req'],
      ...workers.map(({ workers: count, samples }) => [
        String(count),
        medianOf(samples, ({ requestsPerSec }) => requestsPerSec),
        medianOf(samples, ({ cpuUs }) => cpuUs),
      ]),
    ],
    [
      ['records', 'CPU µs/req'],
      ...hitResults.map(({ records, samples }) => [String(records), medianOf(samples, ({ cpuUs }) => cpuUs)]),
    ],
    [
      ['ended records', 'zone MB', 'first miss ms', 'usual miss ms'],
      ...purges.map((p) => [
        String(p.records),
        String(p.zoneMb),
        p.requestMs.toFixed(1),
        p.usualMs.toFixed(1),
      ]),
    ],
  ];
  return tables
    .filter((lines) => lines.length > 1)
    .map((lines) => markdownTable(lines))
    .join('\n\n');
}
