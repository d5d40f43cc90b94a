// What the last whole run showed, as it is kept in the repository.
import { readFile, writeFile } from 'node:fs/promises';
import {
  type Cell,
  type Matrix,
  RUNTIMES,
  type State,
  subsetOf,
  TRANSPORTS,
  type Transport,
} from './cells.js';
import { EXCEPTIONS, type Sorted } from './exceptions.js';
import { versionsOf } from './gateway.js';
import type { RunResult } from './run.js';

export const RESULTS = new URL('results.json', import.meta.url);

/** How many cells had which outcome: `502`, `200 STALE`, `-` for no answer. */
export type Outcomes = Readonly<Record<string, number>>;

export interface Results {
  readonly date: string;
  readonly versions: Readonly<Record<string, string>>;
  /** How many were played, and how many the matrix has. */
  readonly cells: number;
  readonly of: number;
  readonly requests: number;
  readonly seconds: number;
  /** Cells that failed in their first play, and not in their last one. */
  readonly playedAgain: number;
  readonly leftOut: Readonly<Record<string, number>>;
  readonly subset: number;
  /** Cells by the name of the exception that explains them. */
  readonly exceptions: Readonly<Record<string, number>>;
  /** By fault, by transport, and by whether a record that has ended was there. */
  readonly outcomes: Readonly<Record<string, Readonly<Record<string, Outcomes>>>>;
}

/** A column of the results. */
export function columnOf(transport: Transport, state: State): string {
  return state === 'stale' ? `${transport}, stale` : transport;
}

export const COLUMNS = TRANSPORTS.flatMap((transport) => [
  columnOf(transport, 'cold'),
  columnOf(transport, 'stale'),
]);

export async function readResults(): Promise<Results> {
  return JSON.parse(await readFile(RESULTS, 'utf8'));
}

export async function keepResults(
  whole: Matrix,
  run: RunResult,
  sorted: Sorted,
  seconds: number,
): Promise<void> {
  const versions = await Promise.all(RUNTIMES.map(async (name) => [name, await versionsOf(name)]));
  const results: Results = {
    date: new Date().toISOString().slice(0, 10),
    versions: Object.fromEntries(versions),
    cells: run.results.length,
    of: whole.cells.length,
    requests: run.results.reduce((sum, { requests }) => sum + requests, 0),
    seconds,
    playedAgain: new Set(run.notRepeated.map(({ cell }) => cell.id)).size,
    leftOut: whole.leftOut,
    subset: subsetOf(whole.cells).length,
    exceptions: Object.fromEntries(EXCEPTIONS.map(({ name }, i) => [name, sorted.explained[i] ?? 0])),
    outcomes: outcomesOf(whole.cells, run),
  };
  await writeFile(RESULTS, `${JSON.stringify(results, undefined, 2)}\n`);
}

function outcomesOf(cells: readonly Cell[], run: RunResult): Results['outcomes'] {
  const counts: Record<string, Record<string, Record<string, number>>> = {};
  for (const { fault } of cells) counts[fault.name] ??= {};
  const sorted = run.results.toSorted((a, b) => a.outcome.localeCompare(b.outcome));
  for (const column of COLUMNS) {
    for (const { cell, outcome } of sorted) {
      if (columnOf(cell.transport, cell.state) !== column) continue;
      const ofFault = counts[cell.fault.name] as Record<string, Record<string, number>>;
      const ofColumn = ofFault[column] ?? {};
      ofFault[column] = { ...ofColumn, [outcome]: (ofColumn[outcome] ?? 0) + 1 };
    }
  }
  return counts;
}
