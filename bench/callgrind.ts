// nginx under valgrind's callgrind, which counts the instructions that a worker runs, and simulates a CPU's caches.
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { runCommand } from '../runtime/run_command.mjs';
import { cpuTimeNs, isWaiting } from './processors.js';
import { BenchError } from './program.js';

/** Long enough for a machine that other work slows down: this ends what hangs, and judges nothing. */
const TIMEOUT_MS = 120_000;
const POLL_MS = 5;

/**
 * Size in bytes, ways and line length of each simulated cache; without them callgrind takes those of the machine.
 * The first level is that of most server CPUs. A hit finds all it needs in a last level of 1 MB, in every row; in 256 kB
 * it does not, so that size tells how much memory a request touches.
 */
export const CACHES = '--I1=32768,8,64 --D1=32768,8,64 --LL=262144,8,64';

/** What user space has done. */
export interface Events {
  readonly instructions: number;
  /** Of instructions and data alike. */
  readonly firstLevelMisses: number;
  readonly lastLevelMisses: number;
}

export interface Callgrind {
  /** A program that starts `binary` under callgrind; it takes nginx's own arguments. */
  wrap(binary: string): Promise<string>;
  /** Events of the process since this was last asked of it, or since its start. */
  countSince(pid: number): Promise<Events>;
  remove(): Promise<void>;
}

export async function newCallgrind(): Promise<Callgrind> {
  const folder = await mkdtemp(join(tmpdir(), 'phantom-token-callgrind-'));
  const dumps = new Map<number, number>();
  let wrappers = 0;
  return {
    async wrap(binary) {
      wrappers += 1;
      const wrapper = join(folder, `nginx-${wrappers}`);
      await writeFile(wrapper, wrapperScript(binary, folder));
      await chmod(wrapper, 0o755);
      return wrapper;
    },
    async countSince(pid) {
      const number = (dumps.get(pid) ?? 0) + 1;
      dumps.set(pid, number);
      await becomesIdle(pid);
      // A worker reopens its logs at this signal, by the function that callgrind was told to write its counts at.
      process.kill(pid, 'SIGUSR1');
      return readDump(join(folder, `counts.${pid}.${number}`));
    },
    remove: () => rm(folder, { recursive: true }),
  };
}

/** An empty environment: its size and its settings of the C library would be part of what is counted. */
function wrapperScript(binary: string, folder: string): string {
  return `#!/bin/sh
exec env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin valgrind --quiet --tool=callgrind --trace-children=yes \\
  --cache-sim=yes ${CACHES} \\
  --dump-before=ngx_reopen_files --callgrind-out-file='${folder}/counts.%p' '${binary}' "$@"
`;
}

/** nginx looks at what signals have set, and then waits for events: one that comes in between is lost on it for long. */
async function becomesIdle(pid: number): Promise<void> {
  const deadlineMs = Date.now() + TIMEOUT_MS;
  let before = -1;
  while (Date.now() < deadlineMs) {
    const ranNs = await cpuTimeNs(pid);
    if (ranNs === before && (await isWaiting(pid))) return;
    before = ranNs;
    await delay(POLL_MS);
  }
  throw new BenchError('the worker does not become idle');
}

async function readDump(file: string): Promise<Events> {
  const deadlineMs = Date.now() + TIMEOUT_MS;
  while (Date.now() < deadlineMs) {
    const events = eventsOf(await readFile(file, 'utf8').catch(() => ''));
    if (events !== undefined) return events;
    await delay(POLL_MS);
  }
  throw new BenchError('callgrind wrote no counts: does this nginx export its functions (-Wl,-E)?');
}

/** @returns undefined while the dump is not written to its end */
export function eventsOf(dump: string): Events | undefined {
  // The last line; the count of this part alone comes before it.
  if (!/^totals: [\d ]+$/m.test(dump)) return undefined;
  const names = wordsOf(dump, 'events');
  const counts = wordsOf(dump, 'summary');
  // Zeros at the end of a line of counts are left out.
  const sumOf = (...wanted: string[]) =>
    wanted.reduce((sum, name) => sum + Number(counts[names.indexOf(name)] ?? 0), 0);
  return {
    instructions: sumOf('Ir'),
    firstLevelMisses: sumOf('I1mr', 'D1mr', 'D1mw'),
    lastLevelMisses: sumOf('ILmr', 'DLmr', 'DLmw'),
  };
}

function wordsOf(dump: string, key: string): string[] {
  return new RegExp(`^${key}: (.*)$`, 'm').exec(dump)?.[1]?.trim().split(' ') ?? [];
}

export async function valgrindVersion(): Promise<string> {
  const { output } = await runCommand('valgrind', ['--version']);
  return output.trim().replace('valgrind-', '');
}
