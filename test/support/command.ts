// The command of the package as a process, in a folder of its own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import test, { type ExecutionContext } from 'ava';
import pLimit from 'p-limit';
import { REPOSITORY } from './pages.js';

const COMMAND = join(REPOSITORY, 'dist/cli.js');
/** A process that does not end by itself has no exit code. */
const RUN_TIMEOUT_MS = 20_000;

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Place {
  readonly folder: string;
  run(args: string[], input?: string | Buffer): Promise<Ended>;
}

/** An empty PATH: neither nginx nor anything else is found. */
async function run(args: string[], cwd: string, input: string | Buffer = ''): Promise<Ended> {
  const child = spawn(process.execPath, [COMMAND, ...args], {
    cwd,
    env: { PATH: '' },
    timeout: RUN_TIMEOUT_MS,
  });
  child.stdin.on('error', () => {}); // it may end before it has read everything
  child.stdin.end(input);
  const output = Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = await once(child, 'close');
  const [stdout, stderr] = await output;
  return { code, stdout, stderr };
}

/** AVA starts all tests of a file at once; this limits how many run at a time. */
const inTurn = pLimit(4);

/** Declares a test in a folder of its own with these files. */
export function commandTest(
  title: string,
  files: Record<string, string | Buffer>,
  body: (t: ExecutionContext, place: Place) => Promise<void>,
): void {
  test(title, (t) =>
    inTurn(async () => {
      const folder = await mkdtemp(join(tmpdir(), 'phantom-token-command-'));
      t.teardown(() => rm(folder, { recursive: true }));
      for (const [name, content] of Object.entries(files)) {
        await mkdir(dirname(join(folder, name)), { recursive: true });
        await writeFile(join(folder, name), content);
      }
      await body(t, { folder, run: (args, input) => run(args, folder, input) });
    }),
  );
}
