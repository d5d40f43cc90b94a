// Judges mutants of the script that nginx runs by the nginx tests of one set-up. They are made in `dist/phantom_token.js`,
// which is what nginx runs: with functions written out where they are called, and cut into stages.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import pLimit from 'p-limit';
import { REPOSITORY } from '../support/pages.js';
import { applyMutant, type Instrumented, instrument, type Mutant } from './mutants.js';
import { writeTree } from './tree.js';
import type { Verdict } from './verdict.js';

const SCRIPT = 'dist/phantom_token.js';
/** Titles of the nginx tests begin with it. */
export const SETUP = '[access njs ';
const AVA = join(REPOSITORY, 'node_modules/ava/entrypoints/cli.mjs');
const CONFIG = 'mutation.ava.config.js';
const COVERED = 'covered.txt';
/** AVA ends a file itself when no test of it ends for a minute. */
const FILE_TIMEOUT_MS = 300_000;

/** What the build adds to a stage: not in any source. */
const OF_THE_BUILD = /^(function \w+Stage\(\) \{| {2}return \w+StageMade \|\||return \{ .* \};$)/;

/** Mutants of what comes from files whose path begins so. */
export async function instrumentScript(folders: readonly string[]): Promise<Instrumented> {
  const text = readFileSync(join(REPOSITORY, SCRIPT), 'utf8');
  const { mutants, sources } = await instrument([{ file: SCRIPT, text }]);
  const lines = text.split('\n');
  let file = '';
  const files = lines.map((line) => {
    file = /^\/\/ (src\/\S+)$/.exec(line)?.[1] ?? file;
    return file;
  });
  const placed = mutants.map((mutant) => ({ ...mutant, file: files[mutant.line - 1] ?? '' }));
  return {
    sources,
    mutants: placed.filter(
      (mutant) =>
        folders.some((folder) => mutant.file.startsWith(folder)) &&
        !OF_THE_BUILD.test(lines[mutant.line - 1] ?? ''),
    ),
  };
}

export interface ScriptOptions {
  /** One is written for each job. */
  readonly folder: string;
  readonly testFiles: readonly string[];
  readonly jobs: number;
  readonly tell: (line: string) => void;
  readonly onVerdict: (verdict: Verdict) => void;
}

export async function judgeScript(
  { sources }: Instrumented,
  mutants: readonly Mutant[],
  options: ScriptOptions,
): Promise<Verdict[]> {
  const trees = Array.from({ length: options.jobs }, (_, i) => `${options.folder}_${i}`);
  for (const tree of trees) {
    await writeTree(tree, []);
    writeFileSync(join(tree, CONFIG), AVA_CONFIG);
  }
  const shipped = readFileSync(join(REPOSITORY, SCRIPT), 'utf8');
  const covering = await measureCoverage(sources[0]?.text ?? '', shipped, trees, options);
  /** How many mutants of a source a test file has killed: it is asked sooner for the next one. */
  const kills = new Map<string, number>();
  const limit = pLimit(trees.length);
  return Promise.all(
    mutants.map((mutant) =>
      limit(async () => {
        const tree = trees.pop() as string;
        writeFileSync(join(tree, SCRIPT), applyMutant(shipped, mutant));
        const verdict = await judgeOne(mutant, covering.get(mutant.id) ?? [], tree, kills);
        trees.push(tree);
        options.onVerdict(verdict);
        return verdict;
      }),
    ),
  );
}

const AVA_CONFIG = `export default {
  files: ['test/nginx/**/*.test.js'],
  workerThreads: false,
  concurrency: 1,
  failFast: true,
  timeout: '60s',
};
`;

interface Covering {
  readonly file: string;
  readonly ms: number;
}

/** What the requests of one test file reach: kept, so that a second run need not measure it again. */
interface Reached {
  readonly ids: readonly string[];
  readonly ms: number;
  /** Without a mutant, as tests do that need more of the machine than there is: they judge nothing. */
  readonly fails?: boolean;
}

/** By mutant, the test files whose requests reach it. */
async function measureCoverage(
  instrumented: string,
  shipped: string,
  trees: string[],
  { folder, testFiles, tell }: ScriptOptions,
): Promise<Map<string, Covering[]>> {
  const limit = pLimit(trees.length);
  const keptFile = `${folder}_reached.json`;
  const kept: Record<string, Reached> = existsSync(keptFile)
    ? JSON.parse(readFileSync(keptFile, 'utf8'))
    : {};
  const keyOf = (file: string) =>
    createHash('sha256')
      .update(instrumented)
      .update(readFileSync(REPOSITORY + file))
      .digest('hex');
  await Promise.all(
    testFiles.map((file) =>
      limit(async () => {
        const key = keyOf(file);
        if (kept[key] !== undefined) return;
        const tree = trees.pop() as string;
        const reached = await findReached(file, tree, instrumented, shipped);
        trees.push(tree);
        tell(
          reached.fails
            ? `${file} fails without a mutant, and is left out`
            : `${file} reaches ${reached.ids.length} mutants`,
        );
        if (reached.fails) return;
        kept[key] = reached;
        writeFileSync(keptFile, JSON.stringify(kept));
      }),
    ),
  );
  const covering = new Map<string, Covering[]>();
  for (const file of testFiles) {
    const { ids, ms } = kept[keyOf(file)] ?? { ids: [], ms: 0 };
    for (const id of ids) covering.set(id, [...(covering.get(id) ?? []), { file, ms }]);
  }
  return covering;
}

/** Of a file that has no test of the set-up: nothing. */
async function findReached(
  file: string,
  tree: string,
  instrumented: string,
  shipped: string,
): Promise<Reached> {
  const covered = join(tree, COVERED);
  writeFileSync(covered, '');
  chmodSync(covered, 0o666); // nginx's workers are another user
  writeFileSync(join(tree, SCRIPT), noteReached(instrumented, covered));
  const startMs = Date.now();
  const first = await runTests(tree, file);
  const ms = Date.now() - startMs;
  const ids = [...new Set(readFileSync(covered, 'utf8').split('\n'))].filter((id) => id !== '');
  writeFileSync(join(tree, SCRIPT), shipped);
  if (/find any matching tests/.test(first.output)) return { ids: [], ms };
  if (first.code === 0) return { ids, ms };
  // Some tests change the script's text, which with all mutants in it is another.
  const second = await runTests(tree, file);
  return { ids, ms, fails: second.code !== 0 };
}

/** The instrumented script, whose switches are all off, and which writes the ids of mutants that a request reaches into a file. */
function noteReached(instrumented: string, file: string): string {
  const helpers = /function stryNS_9fa48\(\) \{[\s\S]*?\nfunction stryMutAct_9fa48\(id\) \{[\s\S]*?\n\}\n/;
  if (!helpers.test(instrumented)) throw new Error('the helpers of the instrumenter are not where they were');
  const own = `function stryMutAct_9fa48() { return false; }
function stryCov_9fa48() {
  var ids = '';
  for (var i = 0; i < arguments.length; i++) ids += arguments[i] + '\\n';
  fs.appendFileSync(${JSON.stringify(file)}, ids);
}
`;
  return instrumented.replace(helpers, () => own);
}

async function judgeOne(
  mutant: Mutant,
  covering: readonly Covering[],
  tree: string,
  kills: Map<string, number>,
): Promise<Verdict> {
  if (covering.length === 0) return { mutant, status: 'uncovered' };
  const killsOf = ({ file }: Covering) => kills.get(`${mutant.file} ${file}`) ?? 0;
  for (const { file } of covering.toSorted((a, b) => killsOf(b) - killsOf(a) || a.ms - b.ms)) {
    const first = await runTests(tree, file);
    // A machine that is busy looks like a request without an answer: then the file is run once more.
    const { code } = TIMED_OUT.test(first.output) ? await runTests(tree, file) : first;
    if (code === 0) continue;
    const key = `${mutant.file} ${file}`;
    kills.set(key, (kills.get(key) ?? 0) + 1);
    return { mutant, status: code === undefined ? 'timeout' : 'killed', killedBy: file };
  }
  return { mutant, status: 'survived' };
}

const TIMED_OUT = /Timed out while running tests/;

/** @returns code: undefined when the tests do not end in time */
async function runTests(tree: string, file: string): Promise<{ code: number | undefined; output: string }> {
  const args = [AVA, '--config', CONFIG, `--match=${SETUP}*`, file.replace(/\.ts$/, '.js')];
  const child = spawn(process.execPath, args, {
    cwd: tree,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, FORCE_COLOR: '0' },
  });
  const timer = setTimeout(() => child.kill('SIGTERM'), FILE_TIMEOUT_MS);
  const output = Promise.all([readAll(child.stdout), readAll(child.stderr)]);
  const [code] = await once(child, 'close');
  clearTimeout(timer);
  return { code: code ?? undefined, output: (await output).join('\n') };
}
