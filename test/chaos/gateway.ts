// The gateway of a run: two workers of the real nginx with the shipped snippets, and everything that can be done to it.
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { chmod, mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type NginxProcess, startNginx } from '../../runtime/nginx_process.js';
import type { Setup } from '../support/setups.js';
import type { Dice } from './dice.js';
import { CLOCK_VARIABLES, nginxConf, type Place, PORT } from './nginx_conf.js';
import { childrenOf, identify, isAlive, kill, spins } from './processes.js';

const ZONE_SIZES = [
  'phantom_token',
  'phantom_token_denied',
  'phantom_token_locks',
  'phantom_token_state',
  'phantom_token_proofs',
];

export interface ChaosGateway {
  readonly url: string;
  readonly setup: Setup;
  /** Of the workers that run now. */
  workers(): Promise<number[]>;
  reload(change?: 'script' | 'zone'): Promise<void>;
  /** Stops it, however it goes, and starts it again. */
  restart(): Promise<void>;
  /** By how much its clock is ahead. @returns the moments between which the change took effect */
  setClock(aheadMs: number): { readonly sinceMs: number; readonly atMs: number };
  /** What all its error logs hold so far, and the access log. */
  logs(): Promise<{ readonly error: string; readonly access: string }>;
  /** Workers that were killed or told to end. */
  readonly ended: Set<number>;
  /** Kills a worker; the signal is noted as ours. */
  end(pid: number, signal: 'SIGKILL' | 'SIGTERM'): void;
  /** Whether a worker turns on the spot: it never waits for an event. */
  isSpinning(): Promise<boolean>;
  stop(): Promise<void>;
}

export async function startChaosGateway(place: Place, dice: Dice): Promise<ChaosGateway> {
  const prefix = await mkdtemp(join(tmpdir(), 'phantom-token-chaos-'));
  // After a signal nothing else runs; nginx is ended by runtime/nginx_process.ts.
  const removePrefix = () => rmSync(prefix, { recursive: true, force: true });
  process.once('exit', removePrefix);
  const clockFile = join(prefix, 'clock');
  let script = 0;
  const grown = new Set<string>();
  const ended = new Set<number>();
  let earlierErrors = '';

  const conf = () => nginxConf(place, prefix, grown);
  const files = () => ({
    'js/phantom_token.js': place.scripts[script] as string,
    clock: '+0\n',
  });
  const start = async () => {
    const runtime = { ...place.setup.runtime, binary: await binaryOf(place, prefix, clockFile) };
    return startNginx({ runtime, conf: conf(), files: files(), prefix });
  };

  let nginx: NginxProcess;
  try {
    nginx = await start();
  } catch (error) {
    removePrefix();
    throw error;
  }

  const workers = () => childrenOf(nginx.pid);

  /** A worker that waits for a lock obeys no signal but 9, and outlives its master when that is killed. */
  const stopWhatRuns = async () => {
    const areStuck = await spins(await workers());
    if (areStuck) kill(nginx.pid, 'SIGTERM'); // so that it starts no others in place of those that are killed
    const last = await Promise.all((await workers()).map(identify));
    for (const { pid } of last) ended.add(pid);
    if (areStuck) for (const { pid } of last) kill(pid, 'SIGKILL');
    await nginx.stop();
    for (const worker of last) if (await isAlive(worker)) kill(worker.pid, 'SIGKILL');
  };

  return {
    url: `http://${place.host}:${PORT}`,
    setup: place.setup,
    ended,
    workers,
    async reload(change) {
      if (change === 'script') {
        script = 1 - script;
        writeFileSync(join(prefix, 'js/phantom_token.js'), place.scripts[script] as string);
      }
      if (change === 'zone') {
        const zone = dice.pick(ZONE_SIZES);
        if (!grown.delete(zone)) grown.add(zone);
        await nginx.writeConf(conf());
      }
      // The master may start a new worker while it reads the signal; then all of them leave.
      for (const pid of await workers()) ended.add(pid);
      await nginx.reload();
    },
    async restart() {
      await stopWhatRuns();
      earlierErrors += await nginx.errorLog();
      nginx = await start();
    },
    setClock(aheadMs) {
      const sinceMs = Date.now();
      // In one step: libfaketime ends a process that reads half a file.
      writeFileSync(`${clockFile}.next`, `${aheadMs < 0 ? '-' : '+'}${Math.abs(aheadMs) / 1000}\n`);
      renameSync(`${clockFile}.next`, clockFile);
      return { sinceMs, atMs: Date.now() + CLOCK_READ_MS };
    },
    logs: async () => ({
      error: earlierErrors + (await nginx.errorLog()),
      access: await readFile(join(prefix, 'logs/access.log'), 'utf8').catch(() => ''),
    }),
    end(pid, signal) {
      ended.add(pid);
      kill(pid, signal);
    },
    isSpinning: async () => spins(await workers()),
    async stop() {
      await stopWhatRuns();
      process.off('exit', removePrefix);
      removePrefix();
    },
  };
}

/** A worker that has read the file just before may use what it has read for so long. */
const CLOCK_READ_MS = 50;

/** nginx, or a script beside its files that starts it with a clock that a file sets. */
async function binaryOf({ setup, faketime }: Place, prefix: string, clockFile: string): Promise<string> {
  const { binary } = setup.runtime;
  if (faketime === undefined) return binary;
  const path = join(prefix, 'nginx_with_clock');
  writeFileSync(path, withClock(binary, faketime, clockFile));
  await chmod(path, 0o755);
  return path;
}

/** Debian's nginx is started by a script that names its loader, which takes the library as an option. */
function withClock(binary: string, faketime: string, clockFile: string): string {
  const [file, ...flags] = CLOCK_VARIABLES;
  const exports = [`export ${file}='${clockFile}'`, ...flags.map((name) => `export ${name}=1`)].join('\n');
  const text = readFileSync(binary);
  const isScript = text.subarray(0, 2).toString() === '#!';
  if (!isScript) return `#!/bin/sh\n${exports}\nexport LD_PRELOAD='${faketime}'\nexec '${binary}' "$@"\n`;
  return text
    .toString()
    .replace(/^self=.*$/m, `self='${binary}'\n${exports}`)
    .replace('--library-path', `--preload '${faketime}' --library-path`);
}
