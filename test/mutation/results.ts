// What the last runs found, by folder: test/mutation/results.json.
import { readFileSync } from 'node:fs';
import { REPOSITORY } from '../support/pages.js';
import { survives } from './listed.js';
import type { Verdict } from './verdict.js';

export const RESULTS = 'test/mutation/results.json';

export interface FolderResult {
  /** Of the run: year, month and day. */
  readonly date: string;
  readonly minutes: number;
  /** All that can be made in the folder. */
  readonly made: number;
  /** Of a run that judged some of them: how they were chosen. */
  readonly seed?: number;
  readonly judged: number;
  readonly killed: number;
  readonly timeout: number;
  readonly survived: number;
}

export type Results = Readonly<Record<string, FolderResult>>;

export function readResults(): Results {
  return JSON.parse(readFileSync(REPOSITORY + RESULTS, 'utf8'));
}

export function countVerdicts(verdicts: readonly Verdict[]) {
  const count = (status: Verdict['status']) => verdicts.filter((verdict) => verdict.status === status).length;
  return {
    judged: verdicts.length,
    killed: count('killed'),
    timeout: count('timeout'),
    survived: verdicts.filter(survives).length,
  };
}

/** Percent of the judged ones that a test tells from the source; rounded down, so that 100 is all of them. */
export function scoreOf({ judged, survived }: { judged: number; survived: number }): string {
  return (Math.floor(((judged - survived) / judged) * 1000) / 10).toFixed(1);
}
