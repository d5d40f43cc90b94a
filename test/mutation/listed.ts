// The mutants that are known to survive, each with the reason: test/mutation/survivors.json. What a run finds must be that list.
import { readFileSync } from 'node:fs';
import { REPOSITORY } from '../support/pages.js';
import type { Verdict } from './verdict.js';

export const LIST = 'test/mutation/survivors.json';

/** `equivalent`: no test can tell it from the source. `elsewhere`: tests that do not judge here can. `open`: a test could, and none does. */
export type Standing = 'equivalent' | 'elsewhere' | 'open';

/** Mutants of one file that survive for one reason. */
export interface Listed {
  readonly file: string;
  readonly standing: Standing;
  readonly reason: string;
  /** What stands there and what the mutant has in its place; no line numbers, which move. */
  readonly mutants: readonly (readonly [before: string, after: string, times?: number])[];
}

export function readList(): Listed[] {
  return JSON.parse(readFileSync(REPOSITORY + LIST, 'utf8'));
}

export interface Differences {
  /** Survivors that are not on the list. */
  readonly unknown: readonly Verdict[];
  /** Mutants on the list that no longer survive, or are no longer made. */
  readonly gone: readonly string[];
}

/**
 * @param verdicts  of this run, which may have judged some mutants only
 * @param isWhole  whether all mutants of a file were judged: else a listed one that was not made says nothing
 */
export function compareWithList(
  verdicts: readonly Verdict[],
  list: readonly Listed[],
  isWhole: (file: string) => boolean,
): Differences {
  const listed = new Map<string, number>();
  for (const { file, mutants } of list) {
    for (const [before, after, times = 1] of mutants) {
      const key = keyOf(file, before, after);
      listed.set(key, (listed.get(key) ?? 0) + times);
    }
  }
  const unknown: Verdict[] = [];
  const killed = new Map<string, number>();
  const left = new Map(listed);
  for (const verdict of verdicts) {
    const { file, before, after } = verdict.mutant;
    const key = keyOf(file, before, after);
    if (!survives(verdict)) killed.set(key, (killed.get(key) ?? 0) + 1);
    else if ((left.get(key) ?? 0) > 0) left.set(key, (left.get(key) ?? 0) - 1);
    else unknown.push(verdict);
  }
  const gone = [...left].filter(
    ([key, count]) =>
      count > 0 &&
      (isWhole(key.split('\n')[0] as string) || (killed.get(key) ?? 0) > (listed.get(key) ?? 0) - count),
  );
  return { unknown, gone: gone.map(([key]) => key) };
}

export function survives({ status }: Verdict): boolean {
  return status === 'survived' || status === 'uncovered';
}

function keyOf(file: string, before: string, after: string): string {
  return `${file}\n${before}\n${after}`;
}
