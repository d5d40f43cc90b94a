// `npm run test:faults`: plays the fault matrix, and keeps what the whole of it showed.
import { parseArgs } from 'node:util';
import { BREAKAGES } from './breakages.js';
import { type Cell, type Matrix, subsetOf, wholeMatrix } from './cells.js';
import { isExplained, type Sorted, sortViolations } from './exceptions.js';
import type { Violation } from './oracle.js';
import { writePage } from './page.js';
import { keepResults, readResults } from './results.js';
import { type RunResult, runCells } from './run.js';

const USAGE = `npm run test:faults -- [options]

  --subset          the cells that are part of npm run test:nginx
  --fault TEXT      only this family, or faults whose name has this text
  --runtime TEXT, --mode TEXT, --transport TEXT, --state TEXT
                    only cells with this value
  --broken TEXT     breaks the gateway before; TEXT is a part of one of the names below
  --keep            keeps the results of a part of the matrix too
  --page            only writes docs/faults.md again, from the kept results

The results of the whole matrix are kept in test/faults/results.json, and docs/faults.md is written from them.

Breakages:
${BREAKAGES.map(({ name }) => `  ${name}`).join('\n')}
`;

const FILTERS = ['runtime', 'mode', 'transport', 'state'] as const;
const PROGRESS_CELLS = 1000;
/** Cells of one rule and fault that are printed in full. */
const SHOWN = 3;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      subset: { type: 'boolean', default: false },
      fault: { type: 'string' },
      runtime: { type: 'string' },
      mode: { type: 'string' },
      transport: { type: 'string' },
      state: { type: 'string' },
      broken: { type: 'string' },
      keep: { type: 'boolean', default: false },
      page: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  if (values.page) {
    await writePage(await readResults());
    return 0;
  }
  const breakage = BREAKAGES.find(({ name }) => values.broken !== undefined && name.includes(values.broken));
  if (values.broken !== undefined && breakage === undefined) {
    console.error(USAGE);
    return 2;
  }
  const whole = wholeMatrix();
  const fits = (cell: Cell) =>
    FILTERS.every((name) => values[name] === undefined || cell[name].includes(values[name])) &&
    (values.fault === undefined ||
      cell.fault.family === values.fault ||
      cell.fault.name.includes(values.fault));
  const cells = (values.subset ? subsetOf(whole.cells) : whole.cells).filter(fits);
  const startedMs = Date.now();
  const run = await runCells(cells, {
    ...(breakage && { breakage }),
    isKnown: isExplained,
    onCell: progressOf(cells.length, startedMs),
  });
  const sorted = sortViolations(cells, run.violations);
  const seconds = Math.round((Date.now() - startedMs) / 1000);
  report(run, sorted, seconds);
  const isClean = sorted.unexplained.length + sorted.gone.length + run.unwell.length === 0;
  const isKept = breakage === undefined && (values.keep || cells.length === whole.cells.length);
  if (isClean && isKept) await keep(whole, run, sorted, seconds);
  return isClean ? 0 : 1;
}

async function keep(whole: Matrix, run: RunResult, sorted: Sorted, seconds: number): Promise<void> {
  await keepResults(whole, run, sorted, seconds);
  await writePage(await readResults());
}

function progressOf(cells: number, startedMs: number): () => void {
  let done = 0;
  return () => {
    done += 1;
    if (done % PROGRESS_CELLS !== 0) return;
    console.log(`${done} of ${cells} cells after ${Math.round((Date.now() - startedMs) / 1000)} s`);
  };
}

function report(run: RunResult, { unexplained, gone }: Sorted, seconds: number): void {
  const requests = run.results.reduce((sum, one) => sum + one.requests, 0);
  console.log(`${run.results.length} cells, ${requests} requests, ${seconds} s`);
  show('not in the last play', run.notRepeated);
  show('not explained', unexplained);
  for (const { name } of gone) console.log(`\nno longer occurs: ${name}`);
  for (const { rule, runtime, detail } of run.unwell) console.log(`\n${rule}: ${runtime}: ${detail}`);
  const cells = new Set(unexplained.map(({ cell }) => cell.id)).size;
  console.log(`\n${cells} cells are not explained, ${run.unwell.length} further findings`);
}

function show(heading: string, violations: readonly Violation[]): void {
  const groups = new Map<string, string[]>();
  for (const { rule, cell, detail } of violations) {
    const group = `${rule}: ${cell.fault.family}: ${cell.fault.name}`;
    const line = `  ${cell.runtime}, ${cell.mode}, ${cell.transport}, ${cell.state}: ${detail}`;
    groups.set(group, [...(groups.get(group) ?? []), line]);
  }
  for (const [group, lines] of groups) {
    console.log(`\n${heading}: ${group} (${lines.length})\n${lines.slice(0, SHOWN).join('\n')}`);
  }
}

/** So that nginx is ended too. */
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

process.exitCode = await main();
