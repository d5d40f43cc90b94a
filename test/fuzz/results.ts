// What the last kept run of each kind of fuzzing tried: test/fuzz/results.json.
import { readFileSync, writeFileSync } from 'node:fs';

export interface FuzzRun {
  /** The command that repeats it. */
  readonly command: string;
  readonly date: string;
  /** Inputs, or connections to a running gateway. */
  readonly tried: number;
  /** Where they were judged, beside Node. */
  readonly engines: readonly string[];
}

/** `node`: inputs in Node alone; `engines`: in Node and in the engines of njs; `live`: running gateways. */
export type FuzzKind = 'node' | 'engines' | 'live';

const FILE = new URL('results.json', import.meta.url);

export function readFuzzResults(): Readonly<Partial<Record<FuzzKind, FuzzRun>>> {
  return JSON.parse(readFileSync(FILE, 'utf8'));
}

/** Only runs that found nothing are kept: what they find is mended first. */
export function keepFuzzRun(
  kind: FuzzKind,
  command: string,
  tried: number,
  engines: readonly string[],
): void {
  const run: FuzzRun = { command, date: new Date().toISOString().slice(0, 10), tried, engines };
  writeFileSync(FILE, `${JSON.stringify({ ...readFuzzResults(), [kind]: run }, undefined, 2)}\n`);
}
