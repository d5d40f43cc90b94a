// Runs wrk. Its script is load.lua, the same for every row, so that all rows see the same client.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { requestText } from './request.js';
import type { AskedBy } from './rows.js';

const SCRIPT = fileURLToPath(new URL('load.lua', import.meta.url));
/** wrk is killed when it runs so much longer than it should. */
const GRACE_MS = 20_000;
const CHECK_INTERVAL_MS = 100;

/** Which tokens are sent: `prefix` and a number of eight digits, `count` numbers from `first` on, in a cycle. */
export interface Tokens {
  readonly prefix: string;
  readonly first: number;
  readonly count: number;
}

export interface Load {
  readonly url: string;
  readonly path: string;
  /** Default: a client. */
  readonly askedBy?: AskedBy;
  readonly tokens: Tokens;
  /** Each is sent once; none where no request needs one. */
  readonly proofs?: readonly string[];
  readonly connections: number;
  readonly seconds: number;
  /** Ends the run before its time, once it holds. */
  readonly isEnough?: () => Promise<boolean>;
  /** CPUs that wrk may use. */
  readonly cpus: readonly number[];
}

/** What wrk saw. Latencies are those of a closed loop: each connection sends its next request after an answer. */
export interface LoadResult {
  readonly requests: number;
  readonly durationUs: number;
  /** Connections refused or broken, and answers that did not come. */
  readonly failedConnections: number;
  /** Answers with a status of 400 or more. */
  readonly failedAnswers: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
}

/** @throws when wrk fails */
export async function runLoad(load: Load): Promise<LoadResult> {
  const { proofs = [] } = load;
  if (proofs.length === 0) return runWrk(load, []);
  const folder = await mkdtemp(join(tmpdir(), 'phantom-token-proofs-'));
  try {
    const file = join(folder, 'proofs');
    await writeFile(file, proofs.map((proof) => `${proof}\n`).join(''));
    return await runWrk(load, [file]);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function runWrk(load: Load, proofFile: string[]): Promise<LoadResult> {
  const { tokens, seconds } = load;
  const words = requestText(load.askedBy ?? 'client', load.path, tokenOf(tokens).length);
  const args = ['--cpu-list', load.cpus.join(','), 'wrk', '--latency', '--timeout', '10s'];
  args.push('--threads', '1', '--connections', String(load.connections), '--duration', `${seconds}s`);
  args.push('--script', SCRIPT, load.url, '--', words.before, words.after, tokens.prefix);
  args.push(String(tokens.first), String(tokens.count), ...proofFile);
  const timeout = seconds * 1000 + GRACE_MS;
  const wrk = spawn('taskset', args, { stdio: ['ignore', 'pipe', 'pipe'], timeout, killSignal: 'SIGKILL' });
  const ended = once(wrk, 'close');
  const kill = () => wrk.kill('SIGKILL');
  process.once('exit', kill);
  const output = Promise.all([text(wrk.stdout), text(wrk.stderr)]);
  if (load.isEnough !== undefined) await stopWhen(load.isEnough, ended, () => wrk.kill('SIGINT'));
  await ended;
  process.off('exit', kill);
  const [out, errors] = await output;
  const line = out.split('\n').find((candidate) => candidate.startsWith('{'));
  if (line === undefined) throw new Error(`wrk has no result:\n${out}${errors}`);
  return JSON.parse(line);
}

async function stopWhen(
  isEnough: () => Promise<boolean>,
  ended: Promise<unknown>,
  stop: () => void,
): Promise<void> {
  let isOver = false;
  const over = ended.then(() => {
    isOver = true;
  });
  while (!isOver && !(await isEnough())) await Promise.race([over, delay(CHECK_INTERVAL_MS)]);
  if (!isOver) stop();
}

/** The token that is sent after `sent` others. */
export function tokenOf({ prefix, first, count }: Tokens, sent = 0): string {
  return prefix + String(first + (sent % count)).padStart(8, '0');
}
