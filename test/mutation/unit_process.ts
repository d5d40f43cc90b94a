// A process of its own that runs unit tests, in the copy of the repository with all mutants in it: it tells which tests reach
// which mutants, or switches one mutant on and tells whether a test fails.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type DeclaredTest, runTest, takeDeclared } from './stand_in_for_ava.js';

const TREE = fileURLToPath(new URL('../../', import.meta.url));

export type Order =
  | { readonly kind: 'cover'; readonly file: string }
  | {
      readonly kind: 'judge';
      readonly mutant: string;
      readonly file: string;
      /** Undefined: all tests of the file. */
      readonly titles: readonly string[] | undefined;
    };

export interface Covered {
  readonly kind: 'covered';
  /** Ids of mutants that are reached while the file is loaded. */
  readonly loading: readonly string[];
  readonly tests: readonly {
    readonly title: string;
    readonly mutants: readonly string[];
    readonly ms: number;
  }[];
  /** What fails without any mutant. */
  readonly failures: readonly string[];
}

export interface Judged {
  readonly kind: 'judged';
  /** The first test that fails, or what the file fails with while it is loaded; undefined when the mutant survives. */
  readonly failed: string | undefined;
}

/** What instrumented code has for its switches and counters, and {@link judge} for what modules keep. */
interface Switches {
  resets?: (() => void)[];
  activeMutant?: string;
  mutantCoverage?: { static: Record<string, number>; perTest: Record<string, Record<string, number>> };
}
const global = globalThis as { __stryker__?: Switches };
global.__stryker__ = { resets: [] };
const switches = global.__stryker__;

const loaded = new Map<string, DeclaredTest[]>();

async function load(file: string): Promise<DeclaredTest[]> {
  const known = loaded.get(file);
  if (known !== undefined) return known;
  await import(join(TREE, file.replace(/\.ts$/, '.js')));
  const tests = takeDeclared();
  loaded.set(file, tests);
  return tests;
}

async function cover(file: string): Promise<Covered> {
  const takeReached = () => {
    const reached = Object.keys(switches.mutantCoverage?.static ?? {});
    // The instrumented code keeps the object itself.
    for (const id of reached) delete switches.mutantCoverage?.static[id];
    return reached;
  };
  const declared = await load(file);
  const loading = takeReached();
  const tests: Covered['tests'][number][] = [];
  const failures: string[] = [];
  for (const test of declared) {
    const startMs = performance.now();
    await runTest(test).catch((error: Error) => failures.push(`${test.title}: ${error.message}`));
    tests.push({ title: test.title, mutants: takeReached(), ms: performance.now() - startMs });
  }
  return { kind: 'covered', loading, tests, failures };
}

async function judge(mutant: string, file: string, titles: readonly string[] | undefined): Promise<Judged> {
  for (const reset of switches.resets ?? []) reset();
  switches.activeMutant = mutant;
  const declared = await load(file).catch((error: Error) => error);
  if (declared instanceof Error) return { kind: 'judged', failed: declared.message };
  for (const test of declared.filter(({ title }) => titles?.includes(title) ?? true)) {
    const failed = await runTest(test).then(
      () => false,
      () => true,
    );
    if (failed) return { kind: 'judged', failed: test.title };
  }
  return { kind: 'judged', failed: undefined };
}

process.on('message', async (order: Order) => {
  const answer =
    order.kind === 'cover' ? await cover(order.file) : await judge(order.mutant, order.file, order.titles);
  process.send?.(answer);
});
