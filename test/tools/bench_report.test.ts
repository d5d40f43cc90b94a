import { readFileSync } from 'node:fs';
import test from 'ava';
import { drawChart } from '../../bench/chart.js';
import { FLIGHT_CONNECTIONS, FLIGHT_ROWS } from '../../bench/flight.js';
import type { Sample } from '../../bench/measure.js';
import { pageParts, writeParts } from '../../bench/readme_text.js';
import {
  cellOf,
  compareFlight,
  type FlightResults,
  type FlightRow,
  RESULTS,
  type RevocationResults,
  type RowResult,
  type ScaleResults,
  type SpeedResults,
  type TierResults,
} from '../../bench/results.js';
import { CASES, SETUPS } from '../../bench/revocation_cases.js';
import { LINES } from '../../bench/revocation_text.js';
import { ROWS } from '../../bench/rows.js';

const SPEED: SpeedResults = JSON.parse(readFileSync(RESULTS.speed, 'utf8'));
const SCALE: ScaleResults = JSON.parse(readFileSync(RESULTS.scale, 'utf8'));
const TIER: TierResults = JSON.parse(readFileSync(RESULTS.tier, 'utf8'));
const FLIGHT: FlightResults = JSON.parse(readFileSync(RESULTS.flight, 'utf8'));
const REVOCATION: RevocationResults = JSON.parse(readFileSync(RESULTS.revocation, 'utf8'));

function read(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
}

for (const [name, parts] of Object.entries(pageParts(SPEED, SCALE, FLIGHT, REVOCATION, TIER))) {
  test(`${name}: has the figures of the measured files: run \`npm run bench:report\` after a benchmark`, (t) => {
    const page = read(name);
    t.is(writeParts(page, parts), page);
  });
}

test('docs/speed.svg: shows the figures of the measured file', (t) => {
  t.is(drawChart(SPEED), read('docs/speed.svg'));
});

test('bench/results/speed.json: is of a whole run, so that no row is left out because it looks bad', (t) => {
  t.deepEqual(
    SPEED.rows.map(({ name, samples }) => [name, Object.keys(samples).toSorted()]),
    ROWS.map(({ name, workloads }) => [name, workloads.toSorted()]),
  );
});

test('writeParts: writes between the markers and does not change the rest', (t) => {
  const part = (name: string, text: string) => `<!-- ${name}:begin -->\n${text}\n<!-- ${name}:end -->`;
  const names = ['bench', 'bench:memory', 'bench:scale'];
  const page = (texts: string[]) =>
    `a\n${names.map((name, i) => part(name, texts[i] ?? '')).join('\nb\n')}\nc\n`;
  const parts = { bench: '1', 'bench:memory': '2', 'bench:scale': '3' };
  t.is(writeParts(page(['x', 'y', 'z']), parts), page(['1', '2', '3']));
});

test('writeParts: a marker that is missing or repeated is an error, so that no old figure remains', (t) => {
  const parts = { bench: '', 'bench:memory': '', 'bench:scale': '' };
  const page = writeParts.bind(undefined);
  t.throws(() => page('', parts), { message: /<!-- bench:begin --> once/ });
  const twice = '<!-- bench:begin --><!-- bench:end --><!-- bench:begin -->';
  t.throws(() => page(twice, parts), { message: /<!-- bench:begin --> once/ });
});

test('drawChart: has a title and a description for those who cannot see it, and loads nothing', (t) => {
  const svg = drawChart(SPEED);
  t.regex(svg, /role="img"[\s\S]*<title>[^<]+<\/title>\n<desc>[^<]*access mode, njs: \d/);
  t.notRegex(svg, /url\(|href|@import|@font-face/);
});

test('drawChart: in a font as wide as DejaVu Sans Mono, 7.83 pixels a character, no text crosses the edges', (t) => {
  const svg = drawChart(SPEED);
  const width = Number(/viewBox="0 0 (\d+) /.exec(svg)?.[1]);
  const texts = [...svg.matchAll(/<text[^>]* x="([\d.]+)"([^>]*)>([^<]*)<\/text>/g)];
  t.true(texts.length > 20);
  for (const [, x, attributes = '', text = ''] of texts) {
    const length = text.length * 7.83;
    const shift = Number(/dx="(\d+)"/.exec(attributes)?.[1] ?? 0);
    const start = attributes.includes('text-anchor="end"') ? Number(x) - length : Number(x) + shift;
    t.true(start >= 0 && start + length <= width, text);
  }
});

function samplesOf(cpuUs: number[]): Sample[] {
  const sample = { requestsPerSec: 1, busy: 1, p50Us: 1, p99Us: 1, p999Us: 1, introspections: 0 };
  return cpuUs.map((us) => ({ ...sample, cpuUs: us }));
}

function rowWith(name: string, cpuUs: number[]): RowResult {
  const memory = { privateBytes: 0, sharedBytes: 0 };
  return { name, title: name, bare: 'bare', memory, samples: { hot: samplesOf(cpuUs) } };
}

test('cellOf: compares each round with the bare row of that round, so that drift of the machine cancels out', (t) => {
  const row = rowWith('ours', [15, 25, 105]);
  const results = { ...SPEED, rows: [rowWith('bare', [10, 20, 100]), row] };
  const cell = cellOf(results, row, 'hot');
  t.deepEqual(cell?.addedCpuUs, { median: 5, halfRange: 0 });
  t.deepEqual(cell?.cpuUs.median, 25);
  t.is(cell?.cpuRatio.median, 1.25);
});

test('cellOf: a workload that was not measured has no cell', (t) => {
  const row = rowWith('ours', [1]);
  t.is(cellOf({ ...SPEED, rows: [rowWith('bare', [1]), row] }, row, 'miss'), undefined);
});

test('bench/results/flight.json: has every row with every number of connections, so that none is left out because it looks bad', (t) => {
  t.deepEqual(
    FLIGHT.rows.map(({ name, loads }) => [name, loads.map(({ connections }) => connections)]),
    FLIGHT_ROWS.map(({ name }) => [name, [...FLIGHT_CONNECTIONS]]),
  );
});

test('bench/results/revocation.json: has 1,000 tries of every case in each of its set-ups, so that none is left out because it looks bad', (t) => {
  const expected = CASES.flatMap(({ name, figures, setups = SETUPS }) =>
    setups.flatMap((setup) => figures.map((figure) => [name, setup.name, figure.name, figure.limitMs, 1000])),
  );
  t.deepEqual(
    REVOCATION.rows.map(({ name, setup, figure, limitMs, delaysMs }) => [
      name,
      setup,
      figure,
      limitMs,
      delaysMs.length,
    ]),
    expected,
  );
  t.deepEqual(
    LINES.map(({ name, figure }) => [name, figure]),
    CASES.flatMap(({ name, figures }) => figures.map((figure) => [name, figure.name])),
  );
});

function flightWith(name: string, bare: string, loads: number[][]): FlightRow {
  const samples = loads.map((cpuUs, index) => ({ connections: index, samples: samplesOf(cpuUs) }));
  return { name, title: name, bare, heldBytes: 1000, loads: samples };
}

test('compareFlight: compares each number of connections with the bare row of the same nginx under the same load', (t) => {
  const [, row] = compareFlight([
    flightWith('bare-old', 'bare-old', [[10], [100]]),
    flightWith('ours-old', 'bare-old', [[15], [400]]),
    flightWith('bare', 'bare', [[1], [1]]),
  ]);
  t.deepEqual(
    row?.loads.map(({ addedCpuUs, cpuRatio }) => [addedCpuUs.median, cpuRatio.median]),
    [
      [5, 1.5],
      [300, 4],
    ],
  );
});
