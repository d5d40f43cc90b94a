// What is changed: the instrumenter of StrykerJS finds the mutants of a source, and writes all of them into it, each behind
// a switch.
import { Instrumenter } from '@stryker-mutator/instrumenter';

export interface Source {
  /** From the root of the repository. */
  readonly file: string;
  readonly text: string;
}

export interface Mutant {
  /** Of the switch. Counted through all sources of a run, so it is no name for a list that is kept. */
  readonly id: string;
  readonly file: string;
  /** First line of what is replaced, from 1. */
  readonly line: number;
  readonly mutator: string;
  /** Where in the text: from `start` to before `end`. */
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
  /** What stands there, and what the mutant has in its place: for the reader, and the same wherever the line moves. */
  readonly before: string;
  readonly after: string;
}

export interface Instrumented {
  readonly mutants: readonly Mutant[];
  /** The sources with the switches. */
  readonly sources: readonly Source[];
}

/** The instrumenter tells its user what it does; only its errors matter here, and these are thrown. */
const SILENT = {
  isTraceEnabled: () => false,
  isDebugEnabled: () => false,
  isInfoEnabled: () => false,
  isWarnEnabled: () => false,
  isErrorEnabled: () => false,
  isFatalEnabled: () => false,
  trace() {},
  debug() {},
  info() {},
  warn() {},
  error() {},
  fatal() {},
};
const OPTIONS = { plugins: null, excludedMutations: [], ignorers: [] };
/** Longer texts are cut in the middle. */
const LONGEST = 160;

export async function instrument(sources: readonly Source[]): Promise<Instrumented> {
  const inputs = sources.map(({ file, text }) => ({ name: file, content: text, mutate: true }));
  const { files, mutants } = await new Instrumenter(SILENT).instrument(inputs, OPTIONS);
  const textOf = new Map(sources.map(({ file, text }) => [file, text]));
  return {
    sources: files.map(({ name, content }) => ({ file: name, text: content })),
    mutants: mutants.map(({ id, fileName, location, mutatorName, replacement }) => {
      const text = textOf.get(fileName) as string;
      const start = offsetOf(text, location.start);
      const end = offsetOf(text, location.end);
      const line = location.start.line + 1;
      return {
        id,
        file: fileName,
        line,
        mutator: mutatorName,
        start,
        end,
        replacement,
        ...shown(text, start, end, replacement),
      };
    }),
  };
}

/** The source with this mutant in place of what stood there. */
export function applyMutant(text: string, { start, end, replacement }: Mutant): string {
  return text.slice(0, start) + replacement + text.slice(end);
}

function offsetOf(text: string, { line, column }: { line: number; column: number }): number {
  let start = 0;
  for (let i = 0; i < line; i++) start = text.indexOf('\n', start) + 1;
  return start + column;
}

/** The whole line, so that the reader sees where it is; of more than one line only what is replaced. */
function shown(text: string, start: number, end: number, replacement: string) {
  const original = text.slice(start, end);
  if (original.includes('\n')) return { before: inOneLine(original), after: inOneLine(replacement) };
  const lineStart = text.lastIndexOf('\n', start - 1) + 1;
  const lineEnd = (text.indexOf('\n', end) + text.length + 1) % (text.length + 1);
  const [head, tail] = [text.slice(lineStart, start), text.slice(end, lineEnd)];
  return { before: inOneLine(head + original + tail), after: inOneLine(head + replacement + tail) };
}

function inOneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  if (line.length <= LONGEST) return line;
  return `${line.slice(0, LONGEST / 2)} … ${line.slice(-LONGEST / 2)}`;
}
