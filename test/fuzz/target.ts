// What is fuzzed: a rule of src/core, its inputs, and what has to hold of each verdict.
import { readFileSync } from 'node:fs';
import type fc from 'fast-check';
import type { InputOf, TargetName, VerdictOf } from './verdicts.js';

/** A rule with its inputs. */
export interface Target<N extends TargetName = TargetName> {
  readonly name: N;
  /** What can be written as JSON, so that it can be sent to njs and named in a report. */
  readonly inputs: fc.Arbitrary<InputOf<N>>;
  /** Whether the rule takes the input: a run that shows none of these has tried little. */
  accepts(verdict: VerdictOf<N>): boolean;
  /** What is wrong with a verdict: '' for nothing. */
  findFault(input: InputOf<N>, verdict: VerdictOf<N>): string;
}

/** Gives the functions of a target their types. */
export function target<N extends TargetName>(described: Target<N>): Target {
  return described as unknown as Target;
}

/** The kept inputs of a target, by what they are: corpus/<target>.json. They are tried first, and others are made of them. */
export function corpusOf<N extends TargetName>(name: N): InputOf<N>[] {
  return Object.values(readCorpus(name)) as InputOf<N>[];
}

export function readCorpus(name: TargetName): Record<string, unknown> {
  return JSON.parse(readFileSync(new URL(`corpus/${name}.json`, import.meta.url), 'utf8'));
}

/** The sentence of the first pair whose statement is false; '' when all hold. */
export function firstFalse(...statements: [sentence: string, holds: boolean][]): string {
  return statements.find(([, holds]) => !holds)?.[0] ?? '';
}
