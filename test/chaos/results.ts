// test/chaos/results.json, and docs/chaos.md, whose tables are written from it.
import { readFile, writeFile } from 'node:fs/promises';
import type { Machine } from '../../bench/machine.js';
import { writeParts } from '../../bench/readme_text.js';
import { pageParts } from './page.js';
import type { RuleName } from './rules.js';
import type { RunResult } from './run.js';
import type { SoakResult } from './soak.js';

export interface Conditions {
  readonly date: string;
  readonly command: string;
  readonly machine: Machine;
  readonly requestsPerSec: number;
}

export interface BrokenResult {
  readonly name: string;
  readonly what: string;
  readonly rules: readonly RuleName[];
  readonly isFound: boolean;
  readonly seconds: number;
}

/** Of the last run of each kind. */
export interface ChaosResults {
  readonly chaos?: Conditions & { readonly runs: readonly RunResult[] };
  readonly soak?: Conditions & { readonly runs: readonly SoakResult[] };
  readonly broken?: readonly BrokenResult[];
}

const FILE = new URL('results.json', import.meta.url);
export const PAGE = new URL('../../docs/chaos.md', import.meta.url);

/** Empty when nothing was kept so far. */
export async function readResults(): Promise<ChaosResults> {
  const text = await readFile(FILE, 'utf8').catch(() => '{}');
  return JSON.parse(text);
}

export async function writeResults(results: ChaosResults): Promise<void> {
  await writeFile(FILE, `${JSON.stringify(results, null, 2)}\n`);
}

export async function writePage(): Promise<void> {
  const page = await readFile(PAGE, 'utf8');
  await writeFile(PAGE, writeParts(page, pageParts(await readResults())));
}
