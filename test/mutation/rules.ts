// Judges the mutants of src/core by the unit tests, in processes that keep everything loaded.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pLimit from 'p-limit';
import type { Instrumented, Mutant, Source } from './mutants.js';
import { writeTree } from './tree.js';
import type { Covered, Judged, Order } from './unit_process.js';
import type { Verdict } from './verdict.js';

export interface RulesOptions {
  readonly folder: string;
  readonly testFiles: readonly string[];
  /** Files beside those of the repository. */
  readonly added?: readonly Source[];
  readonly jobs: number;
  /** That the tests of a file get, whatever they take without a mutant; default 5 seconds. */
  readonly leastTimeoutMs?: number;
  readonly tell: (line: string) => void;
  readonly onVerdict?: (verdict: Verdict) => void;
}

interface Reach {
  readonly file: string;
  /** All tests of the file: the mutant is in code that runs while it is loaded. */
  isLoading: boolean;
  readonly titles: string[];
  ms: number;
}

/** A loop without an end: the tests of a file get this, and many times what they take without a mutant. */
const LEAST_TIMEOUT_MS = 5000;
const TIMEOUT_FACTOR = 10;
const MOST_MORE_MS = 60_000;
/** How many times as much they get in the second try. */
const PATIENCE = 8;
/** Loads all test files once. */
const COVER_TIMEOUT_MS = 600_000;

export async function judgeRules(
  { mutants, sources }: Instrumented,
  options: RulesOptions,
): Promise<Verdict[]> {
  await writeTree(options.folder, [...sources.map(withReset), ...(options.added ?? [])]);
  replaceAva(options.folder);
  const reaches = await measureCoverage(options);
  const limit = pLimit(options.jobs);
  const idle: UnitProcess[] = [];
  let done = 0;
  try {
    return await Promise.all(
      mutants.map((mutant) =>
        limit(async () => {
          const verdict = await judgeOne(mutant, reaches.get(mutant.id) ?? [], options, idle);
          done += 1;
          options.onVerdict?.(verdict);
          if (done % 500 === 0) options.tell(`${done} of ${mutants.length} mutants judged`);
          return verdict;
        }),
      ),
    );
  } finally {
    for (const process of idle) process.stop();
  }
}

/** What a module keeps for later requests, one mutant would leave to the next: it is forgotten before each. */
function withReset({ file, text }: Source): Source {
  const kept = Array.from(text.matchAll(/^let (\w+)/gm), ([, name]) => name);
  const resets = kept.map(
    (name) => `globalThis.__stryker__?.resets?.push(() => { ${name} = undefined; });\n`,
  );
  return { file, text: text + resets.join('') };
}

/** In the copy `ava` is the stand-in; every other package is found where the repository has it. */
function replaceAva(folder: string): void {
  const ava = join(folder, 'node_modules/ava');
  mkdirSync(ava, { recursive: true });
  writeFileSync(join(ava, 'package.json'), '{"type":"module","exports":"./index.js"}');
  writeFileSync(
    join(ava, 'index.js'),
    "export { default } from '../../test/mutation/stand_in_for_ava.js';\n",
  );
}

/** By mutant, the tests that reach it. */
async function measureCoverage({
  folder,
  testFiles,
  jobs,
  tell,
}: RulesOptions): Promise<Map<string, Reach[]>> {
  const limit = pLimit(jobs);
  const covered = await Promise.all(
    testFiles.map((file) =>
      limit(async () => {
        const process = new UnitProcess(folder);
        const answer = (await process.ask({ kind: 'cover', file }, COVER_TIMEOUT_MS)) as Covered | undefined;
        process.stop();
        if (answer === undefined) throw new Error(`${file} does not end, or ends its process`);
        if (answer.failures.length > 0)
          throw new Error(`${file} fails without a mutant:\n${answer.failures.join('\n')}`);
        return { file, answer };
      }),
    ),
  );
  const reaches = new Map<string, Reach[]>();
  const reachOf = (id: string, file: string): Reach => {
    const known = reaches.get(id) ?? [];
    reaches.set(id, known);
    const last = known.at(-1);
    if (last?.file === file) return last;
    const reach = { file, isLoading: false, titles: [], ms: 0 };
    known.push(reach);
    return reach;
  };
  for (const { file, answer } of covered) {
    const allMs = answer.tests.reduce((sum, { ms }) => sum + ms, 0);
    for (const id of answer.loading) {
      const reach = reachOf(id, file);
      reach.isLoading = true;
      reach.ms = allMs;
    }
    for (const { title, mutants, ms } of answer.tests) {
      for (const id of mutants) {
        const reach = reachOf(id, file);
        reach.titles.push(title);
        if (!reach.isLoading) reach.ms += ms;
      }
    }
  }
  const count = covered.reduce((sum, { answer }) => sum + answer.tests.length, 0);
  tell(`${count} unit tests of ${covered.length} files reach ${reaches.size} mutants`);
  return reaches;
}

/** A machine that is busy looks like a loop without an end: what does not end is tried once more, with more time. */
async function judgeOne(
  mutant: Mutant,
  reaches: readonly Reach[],
  options: RulesOptions,
  idle: UnitProcess[],
): Promise<Verdict> {
  const verdict = await judgeOnce(mutant, reaches, options, idle);
  if (verdict.status !== 'timeout') return verdict;
  const process = new UnitProcess(options.folder);
  const second = await judgeIn(process, mutant, inOrder(mutant, reaches), PATIENCE * leastMsOf(options));
  process.stop();
  return second;
}

/** The file's own test first, then the quicker ones. */
function inOrder({ file }: Mutant, reaches: readonly Reach[]): Reach[] {
  const own = file.replace(/^src\/core\//, 'test/unit/').replace(/\.ts$/, '.test.ts');
  return reaches.toSorted((a, b) => Number(b.file === own) - Number(a.file === own) || a.ms - b.ms);
}

/** By the files whose loading does not reach the mutant in a process that has them loaded, and by the others in a new one. */
async function judgeOnce(
  mutant: Mutant,
  reaches: readonly Reach[],
  options: RulesOptions,
  idle: UnitProcess[],
): Promise<Verdict> {
  if (reaches.length === 0) return { mutant, status: 'uncovered' };
  const ordered = inOrder(mutant, reaches);
  const warm = idle.pop() ?? new UnitProcess(options.folder);
  const verdict = await judgeIn(
    warm,
    mutant,
    ordered.filter(({ isLoading }) => !isLoading),
    leastMsOf(options),
  );
  if (verdict.status === 'timeout') warm.stop();
  else idle.push(warm);
  const others = ordered.filter(({ isLoading }) => isLoading);
  if (verdict.status !== 'survived' || others.length === 0) return verdict;
  const fresh = new UnitProcess(options.folder);
  const last = await judgeIn(fresh, mutant, others, leastMsOf(options));
  fresh.stop();
  return last;
}

function leastMsOf({ leastTimeoutMs = LEAST_TIMEOUT_MS }: RulesOptions): number {
  return leastTimeoutMs;
}

async function judgeIn(
  process: UnitProcess,
  mutant: Mutant,
  reaches: readonly Reach[],
  leastTimeoutMs: number,
): Promise<Verdict> {
  for (const { file, titles, isLoading, ms } of reaches) {
    // What is computed while a file is loaded is in every test of it.
    const order: Order = { kind: 'judge', mutant: mutant.id, file, titles: isLoading ? undefined : titles };
    const answer = (await process.ask(order, leastTimeoutMs + Math.min(TIMEOUT_FACTOR * ms, MOST_MORE_MS))) as
      | Judged
      | undefined;
    if (answer === undefined) return { mutant, status: 'timeout', killedBy: file };
    if (answer.failed !== undefined)
      return { mutant, status: 'killed', killedBy: `${file}: ${answer.failed}` };
  }
  return { mutant, status: 'survived' };
}

class UnitProcess {
  readonly #child: ChildProcess;

  constructor(folder: string) {
    this.#child = fork(join(folder, 'test/mutation/unit_process.js'), [], {
      cwd: folder,
      execArgv: [],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    this.#child.on('error', () => {}); // an order that does not reach it: it has ended
  }

  /** @returns undefined when the process does not answer in time, or ends */
  async ask(order: Order, timeoutMs: number): Promise<Covered | Judged | undefined> {
    if (!this.#child.connected) return undefined;
    const ended = new AbortController();
    const timer = setTimeout(() => ended.abort(), timeoutMs);
    const onExit = () => ended.abort();
    this.#child.once('exit', onExit);
    try {
      this.#child.send(order);
      const [answer] = await once(this.#child, 'message', { signal: ended.signal });
      return answer;
    } catch {
      return undefined;
    } finally {
      clearTimeout(timer);
      this.#child.off('exit', onExit);
    }
  }

  stop(): void {
    this.#child.kill('SIGKILL');
  }
}
