// The tables of `npm run bench`, as text.
import { markdownTable } from 'markdown-table';
import { type Cell, cellOf, type SpeedResults, type Spread } from './results.js';
import { WORKLOADS } from './workloads.js';

const NUMERIC = 'r';
const HEAD = [
  '',
  'req/s',
  '× bare',
  'CPU µs/req',
  '× bare',
  'added µs',
  'p50 ms',
  'p99 ms',
  'p99.9 ms',
  'busy',
];

/** One table for each workload, and one of the memory. */
export function formatTables(results: SpeedResults): string {
  const tables = WORKLOADS.flatMap(({ name, title }) => {
    const lines = results.rows.flatMap((row) => {
      const cell = cellOf(results, row, name);
      return cell === undefined ? [] : [[plain(row.title), ...columnsOf(cell)]];
    });
    return lines.length === 0 ? [] : [`${title}\n${align([HEAD, ...lines])}`];
  });
  const memory = results.rows.map(({ title, memory: { privateBytes, sharedBytes } }) => [
    plain(title),
    megabytes(privateBytes),
    megabytes(sharedBytes),
  ]);
  return [...tables, align([['memory of the worker, MB', 'its own', 'zones'], ...memory])].join('\n\n');
}

function columnsOf(cell: Cell): string[] {
  return [
    withSpread(cell.requestsPerSec, 0),
    cell.requestsRatio.median.toFixed(2),
    withSpread(cell.cpuUs, 1),
    cell.cpuRatio.median.toFixed(2),
    withSpread(cell.addedCpuUs, 1),
    withSpread(inMs(cell.p50Us), 2),
    withSpread(inMs(cell.p99Us), 2),
    withSpread(inMs(cell.p999Us), 2),
    cell.busy.median.toFixed(2),
  ];
}

function inMs({ median, halfRange }: Spread): Spread {
  return { median: median / 1000, halfRange: halfRange / 1000 };
}

function withSpread({ median, halfRange }: Spread, digits: number): string {
  return `${median.toFixed(digits)} ±${halfRange.toFixed(digits)}`;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}

function plain(title: string): string {
  return title.replaceAll('`', '');
}

function align(lines: string[][]): string {
  const [head = []] = lines;
  return markdownTable(lines, { align: ['l', ...head.slice(1).map(() => NUMERIC)] });
}
