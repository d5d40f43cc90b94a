// Runs one target for one seed, in Node and in the engines of njs.
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import type { Engine } from './engines.js';
import { knownDifference } from './known_differences.js';
import { corpusOf, type Target } from './target.js';
import { type TargetName, VERDICTS } from './verdicts.js';

export interface Round {
  /** Inputs that were judged in Node. */
  readonly tried: number;
  /** Of these the ones that the rule took. */
  readonly accepted: number;
  /** Verdicts that each engine of njs gave. */
  readonly compared: number;
  /** What does not hold, with the smallest input that shows it; undefined for nothing. */
  readonly failure: string | undefined;
}

type Judge = (input: unknown) => unknown;

/** The kept inputs are tried first. The same target, seed and count give the same inputs. */
export async function runTarget(
  target: Target,
  seed: number,
  count: number,
  engines: readonly Engine[],
): Promise<Round> {
  const judge = VERDICTS[target.name] as Judge;
  const inputs: unknown[] = [];
  const verdicts: unknown[] = [];
  let accepted = 0;
  const found = fc.check(
    fc.property(target.inputs as fc.Arbitrary<unknown>, (input) => {
      const verdict = judge(input);
      const fault = target.findFault(input as never, verdict as never);
      if (fault !== '') throw new Error(`does not hold: ${fault}\nverdict: ${textOf(verdict)}`);
      if (target.accepts(verdict as never)) accepted++;
      inputs.push(input);
      verdicts.push(verdict);
    }),
    {
      seed,
      numRuns: count,
      examples: corpusOf(target.name).map((input): [unknown] => [input]),
      maxSkipsPerRun: 1000,
    },
  );
  const failure = found.failed ? describe(found) : await compare(target.name, inputs, verdicts, engines);
  return { tried: found.numRuns, accepted, compared: failure === undefined ? inputs.length : 0, failure };
}

function describe({ counterexample, errorInstance }: fc.RunDetails<[unknown]>): string {
  const message = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
  return `${message}\ninput: ${JSON.stringify(counterexample?.[0])}`;
}

/** Answers of a batch are small enough for the memory of a request in njs, which frees none before it ends. */
const BATCH = 250;

async function compare(
  name: TargetName,
  inputs: unknown[],
  verdicts: unknown[],
  engines: readonly Engine[],
): Promise<string | undefined> {
  for (const engine of engines) {
    for (let start = 0; start < inputs.length; start += BATCH) {
      const batch = inputs.slice(start, start + BATCH);
      const answers = await engine.judge(name, batch);
      const other = batch.findIndex(
        (input, i) => !isSame(verdicts[start + i], answers[i]) && knownDifference(input) === undefined,
      );
      if (other !== -1) {
        return [
          `Node and ${engine.name} disagree`,
          `Node:  ${textOf(verdicts[start + other])}`,
          `${engine.name}: ${JSON.stringify(answers[other])}`,
          `input: ${JSON.stringify(batch[other])}`,
        ].join('\n');
      }
    }
  }
  return undefined;
}

/**
 * As both are written in JSON, whatever the order of members. What is no UTF-8 is U+FFFD once or several times, and half a
 * surrogate pair, which JSON can spell, is one in the njs engine, whose texts are UTF-8.
 */
function isSame(verdict: unknown, answer: unknown): boolean {
  const text = textOf(verdict);
  return text === JSON.stringify(answer) || isDeepStrictEqual(wholeOf(JSON.parse(text)), wholeOf(answer));
}

function wholeOf(value: unknown): unknown {
  const half = /(?<!\\)((?:\\\\)*)\\ud[89a-f][0-9a-f]{2}/gi;
  return JSON.parse(
    JSON.stringify(value)
      .replace(half, '$1\uFFFD')
      .replace(/\uFFFD+/g, '\uFFFD'),
  );
}

function textOf(verdict: unknown): string {
  return JSON.stringify(verdict === undefined ? null : verdict);
}
