// What README, bench/README.md and docs say of speed, memory and revocation, written from the files in bench/results/.
import { markdownTable } from 'markdown-table';
import { median } from 'simple-statistics';
import {
  type ComparedCpu,
  cellOf,
  compareFlight,
  type FlightResults,
  type HerdResult,
  type PurgeResult,
  type RevocationResults,
  type RowResult,
  type ScaleResults,
  type SpeedResults,
  spreadOf,
  type TierResults,
} from './results.js';
import { machineText } from './results_text.js';
import { revocationText } from './revocation_text.js';
import type { WorkloadName } from './rows.js';
import { TIER_PAGE, tierParts } from './tier_text.js';

/** Parts of a page, by the word in their two markers. */
export type Parts = Readonly<Record<string, string>>;

/** What is written into which page. */
export function pageParts(
  speed: SpeedResults,
  scale: ScaleResults,
  flight: FlightResults,
  revocation: RevocationResults,
  tier: TierResults,
): Readonly<Record<string, Parts>> {
  return {
    'README.md': { bench: headlineText(speed) },
    'bench/README.md': { 'bench:speed': speedText(speed) },
    'docs/operations.md': {
      'bench:memory': memoryText(scale),
      'bench:flight': flightText(flight),
      'bench:scale': scaleText(scale),
    },
    'docs/security.md': { 'bench:revocation': revocationText(revocation) },
    [TIER_PAGE]: tierParts(tier, scale),
  };
}

/** @throws when a marker is missing */
export function writeParts(page: string, parts: Parts): string {
  return Object.entries(parts).reduce((text, [name, part]) => replacePart(text, name, part), page);
}

function replacePart(text: string, name: string, part: string): string {
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const [before, rest] = cutAt(text, begin);
  const [, after] = cutAt(rest, end);
  return `${before}${begin}\n${part}\n${end}${after}`;
}

function cutAt(text: string, marker: string): [before: string, after: string] {
  const parts = text.split(marker);
  if (parts.length !== 2) throw new Error(`the page does not hold ${marker} once`);
  return parts as [string, string];
}

const COLUMNS: readonly [WorkloadName, string][] = [
  ['hot', 'one hot token'],
  ['many', '100,000 tokens'],
  ['policy', 'hot, scopes and audience required'],
  ['denied', 'one inactive token'],
  ['miss', 'a new token each time'],
];

const HEADLINE_ROW = 'access-njs';

/** Rows of one workload take the price apart; they are in bench/results/ and in what `npm run bench` prints. */
function isInTable({ samples }: RowResult): boolean {
  return Object.keys(samples).length > 1;
}

/** The picture, and what a cached token costs where most users are: access mode, njs's own engine. */
function headlineText(results: SpeedResults): string {
  const row = results.rows.find(({ name }) => name === HEADLINE_ROW);
  const cell = row && cellOf(results, row, 'hot');
  if (cell === undefined) throw new Error(`${HEADLINE_ROW} was not measured with a cached token`);
  const [wholeUs, addedUs] = [cell.cpuUs.median.toFixed(1), cell.addedCpuUs.median.toFixed(1)];
  return [
    '![CPU time for each request, by gateway](docs/speed.svg)',
    `A request with a cached token takes ${wholeUs} µs of a CPU, ${addedUs} µs more than a bare \`proxy_pass\`: ` +
      '[all figures, and what is behind them](bench/README.md#results).',
  ].join('\n\n');
}

function speedText(results: SpeedResults): string {
  const lines = results.rows
    .filter(isInTable)
    .map((row) => [
      row.title,
      ...COLUMNS.map(([name]) => speedCell(cellOf(results, row, name), row.name === row.bare)),
    ]);
  const table = markdownTable([['', ...COLUMNS.map(([, title]) => title)], ...lines], {
    alignDelimiters: false,
  });
  return [
    'Microseconds of CPU that the gateway takes for each request; in bold what it takes more than a bare `proxy_pass`, then the ratio to it.',
    table,
    'The stock row works only with an authorization server that sends the JWT in a header of its answer. It checks no ' +
      'scope, audience or `exp`, keeps tokens in clear on disk, and forwards whatever that header holds.',
    `Medians of ${results.rounds} rounds, ± half the range between the quartiles. One worker on a CPU of its own, ` +
      `${results.connections} connections, a JWT of ${results.jwtLength} bytes. ${machineText(results)}`,
  ].join('\n\n');
}

function speedCell(cell: ComparedCpu | undefined, isBare: boolean): string {
  if (cell === undefined) return '';
  const whole = `${cell.cpuUs.median.toFixed(1)} ±${cell.cpuUs.halfRange.toFixed(1)}`;
  if (isBare) return whole;
  return `${whole}, **${signed(cell.addedCpuUs.median)}**, ${cell.cpuRatio.median.toFixed(1)}×`;
}

function signed(value: number): string {
  const text = Math.abs(value).toFixed(1);
  return value < 0 && text !== '0.0' ? `−${text}` : `+${text}`;
}

function flightText(results: FlightResults): string {
  const rows = compareFlight(results.rows);
  const counts = rows[0]?.loads.map(({ connections }) => connections) ?? [];
  const lines = rows.map(({ title, isBare, heldBytes, loads }) => [
    title,
    `${grouped(Math.round(heldBytes / 1000))} kB`,
    ...loads.map((cpu) => speedCell(cpu, isBare)),
  ]);
  const head = [
    '',
    'memory for each request',
    ...counts.map((count) => `CPU, ${grouped(count)} connections`),
  ];
  return [
    markdownTable([head, ...lines], { alignDelimiters: false }),
    'Microseconds of CPU for each request; in bold what it takes more than a bare `proxy_pass`, then the ratio to it. ' +
      `An API that takes ${results.answerMs} ms, one cached token. Medians of ${results.rounds} rounds. ${machineText(results)}`,
  ].join('\n\n');
}

/** Lengths at which nginx's next larger size begins. */
const TABLE_LENGTHS = [400, 900, 1900, 3900];

function memoryText({ memory }: ScaleResults): string {
  const lines = TABLE_LENGTHS.flatMap((length) => {
    const result = memory.tokens.find(({ jwtLength }) => jwtLength === length);
    if (result === undefined) return [];
    const kilobytes = (result.bytesPerToken / 1000).toFixed(1);
    const tokens = downToTwoDigits(memory.emptyZoneBytes / result.bytesPerToken);
    return [[`${grouped(length)} bytes`, `${kilobytes} kB`, grouped(tokens)]];
  });
  return markdownTable([['JWT up to', 'takes', 'tokens in the 32 MB of `zones.conf`'], ...lines], {
    alignDelimiters: false,
  });
}

function downToTwoDigits(value: number): number {
  const unit = 10 ** (Math.floor(Math.log10(value)) - 1);
  return Math.floor(value / unit) * unit;
}

function scaleText(results: ScaleResults): string {
  const hits = results.hits
    .map(({ records, samples }) => {
      const { median: cpuUs } = spreadOf(samples.map((sample) => sample.cpuUs));
      return `${cpuUs.toFixed(1)} µs among ${grouped(records)}`;
    })
    .join(', ');
  return [
    `- **Number of tokens.** A hit costs ${hits} (CPU time of the whole request, access mode, njs engine).`,
    purgeText(results.purges),
    herdText(results.herd),
    workersText(results),
  ].join('\n');
}

function purgeText(purges: readonly PurgeResult[]): string {
  const times = purges.map(
    ({ records, requestMs }) => `${grouped(records)} of them took ${requestMs.toFixed(0)} ms`,
  );
  return (
    '- **Many tokens that end at once.** njs frees all ended records when the next new one is stored: ' +
    `${times.join(', ')}, in which the workers wait. The size of the zone bounds it.`
  );
}

function herdText(herd: readonly HerdResult[]): string {
  const ours = herd.filter(({ name }) => name !== 'stock');
  const asked = Math.max(
    ...ours.flatMap(({ samples }) => samples.map(({ introspections }) => introspections)),
  );
  const times = ours.map(({ title, samples }) => {
    const p99Ms = median(samples.map((sample) => sample.p99Ms));
    return `${p99Ms.toFixed(0)} ms (${title})`;
  });
  const { clients = 0, answerMs = 0 } = ours[0] ?? {};
  return (
    `- **Many clients, one unknown token.** Of ${grouped(clients)} at the same moment ${asked === 1 ? 'one asks' : `${asked} ask`} ` +
    `the authorization server, which takes ${answerMs} ms; 99 % are answered within ${times.join(', ')}.`
  );
}

function workersText({ workers }: ScaleResults): string {
  const [one, two] = workers.map(({ samples }) => ({
    requestsPerSec: spreadOf(samples.map((sample) => sample.requestsPerSec)).median,
    cpuUs: spreadOf(samples.map((sample) => sample.cpuUs)).median,
  }));
  if (one === undefined || two === undefined) return '';
  const shared = workers.some(({ hasOwnCpus }) => !hasOwnCpus)
    ? ' (on a machine where the load took its share of the same CPUs)'
    : '';
  return (
    `- **Two workers** share one cache: ${one.cpuUs.toFixed(1)} µs for each request with one, ` +
    `${two.cpuUs.toFixed(1)} µs with two${shared}.`
  );
}

function grouped(value: number): string {
  return value.toLocaleString('en-US');
}
