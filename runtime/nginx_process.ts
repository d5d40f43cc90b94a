/**
 * Starts an nginx in a folder of its own for the demo, the tests and the benchmark, and stops it again.
 * It reads the error log to see what nginx does, so every configuration needs `error_log logs/error.log`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type FSWatcher, watch } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { moduleAndUser } from './nginx_runtime.mjs';

const START_TIMEOUT_MS = 60_000;
const RELOAD_TIMEOUT_MS = 60_000;
/** After SIGQUIT, which lets running requests end. */
const GRACEFUL_STOP_TIMEOUT_MS = 2000;
/** After SIGTERM; nginx itself kills workers that do not end within a second. */
const FAST_STOP_TIMEOUT_MS = 3000;
const SIGNAL_INTERVAL_MS = 200;
const LAST_WORDS_TIMEOUT_MS = 1000;
/** The log is also read at this interval, in case a file event is lost. */
const MISSED_EVENT_CHECK_MS = 250;

/** The part of `resolveNginx`'s answer (runtime/nginx_runtime.mjs) that is needed to run it. */
export interface NginxBinary {
  readonly binary: string;
  /** Undefined when njs is built into the binary. */
  readonly modulePath: string | undefined;
}

export interface NginxOptions {
  runtime: NginxBinary;
  /** The whole nginx.conf, or a function that writes it for a prefix; it must have `daemon off;`. */
  conf: string | ((prefix: string) => string);
  /** The folder to run in, which is kept. Default: a temporary folder, which `stop` removes. */
  prefix?: string;
  /**
   * Further files by their path in the prefix: the text, a function that writes it for a prefix, or the file or folder
   * (file: URL) to copy.
   */
  files?: Record<string, string | URL | ((prefix: string) => string)>;
  /** Keeps a temporary prefix after `stop`, so that it can be inspected. */
  keepPrefix?: boolean;
}

export interface NginxProcess {
  /** Process id of the master. */
  readonly pid: number;
  readonly prefix: string;
  /** Process ids of all workers started so far, in the order of their start. */
  workerPids(): Promise<number[]>;
  errorLog(): Promise<string>;
  /** The text of `logs/access.log`, which {@link httpDefaults} sets; empty when there is none. */
  accessLog(): Promise<string>;
  /** Writes another configuration, which `reload` applies. */
  writeConf(conf: string): Promise<void>;
  /**
   * SIGHUP. Resolves when the new workers run and no old one accepts connections.
   * Needs `error_log` at level notice or below. Rejects when nginx refuses the configuration.
   */
  reload(): Promise<void>;
  /** SIGQUIT, then SIGTERM, then SIGKILL, each after a time limit. May be called again. */
  stop(): Promise<void>;
}

/** nginx did not start or reload; the message has nginx's own text. */
export class NginxError extends Error {
  override name = 'NginxError';
}

/**
 * Starts nginx and waits until it listens.
 * @throws {NginxError} with nginx's message when it exits, or does not start in time
 */
export async function startNginx(options: NginxOptions): Promise<NginxProcess> {
  const prefix = options.prefix ?? (await mkdtemp(join(tmpdir(), 'phantom-token-nginx-')));
  const removePrefix = async () => {
    if (options.prefix === undefined && !options.keepPrefix)
      await rm(prefix, { recursive: true, force: true });
  };
  try {
    await layOutPrefix(prefix, options);
    const running = await runNginx(options.runtime.binary, prefix);
    return newNginxProcess(running, prefix, removePrefix);
  } catch (error) {
    await removePrefix();
    throw error;
  }
}

/** A port of 127.0.0.1 that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

export interface MainContextOptions {
  /** `worker_processes`; default 1. */
  workers?: number;
  /** Default notice, the highest level that logs the start of workers. */
  errorLogLevel?: 'debug' | 'info' | 'notice';
}

/** The lines of the main context: the njs module, no daemon, the pid file, the workers, the error log. */
export function mainContext(
  runtime: NginxBinary,
  { workers = 1, errorLogLevel = 'notice' }: MainContextOptions = {},
): string {
  return [
    moduleAndUser(runtime),
    'daemon off;',
    'pid nginx.pid;',
    `worker_processes ${workers};`,
    `error_log logs/error.log ${errorLogLevel};`,
  ].join('\n');
}

/** The lines of http that keep every file of nginx in the prefix. */
export function httpDefaults(): string {
  return [
    'client_body_temp_path tmp/client_body;',
    'proxy_temp_path tmp/proxy;',
    'fastcgi_temp_path tmp/fastcgi;',
    'uwsgi_temp_path tmp/uwsgi;',
    'scgi_temp_path tmp/scgi;',
    'access_log logs/access.log;',
  ].join('\n');
}

async function layOutPrefix(prefix: string, { conf, files = {} }: NginxOptions): Promise<void> {
  await mkdir(join(prefix, 'tmp'), { recursive: true });
  await mkdir(join(prefix, 'logs'), { recursive: true });
  for (const [path, content] of Object.entries(files)) {
    const target = join(prefix, path);
    await mkdir(dirname(target), { recursive: true });
    if (content instanceof URL) await cp(content, target, { recursive: true });
    else await writeFile(target, typeof content === 'function' ? content(prefix) : content);
  }
  await writeFile(join(prefix, 'nginx.conf'), typeof conf === 'function' ? conf(prefix) : conf);
  // Emptied, so that every line in it is written by this nginx. It must exist to be watched.
  await writeFile(join(prefix, 'logs/error.log'), '');
}

interface RunningNginx {
  child: ChildProcess;
  pid: number;
  /** Resolves when the master process has ended. */
  ended: Promise<unknown>;
}

async function runNginx(binary: string, prefix: string): Promise<RunningNginx> {
  const child = spawn(binary, ['-p', prefix, '-c', 'nginx.conf', '-e', join(prefix, 'logs/error.log')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  // nginx writes to stderr only at its start. Later lines are read and dropped, so that the pipe never fills.
  let startupText = '';
  child.stderr?.on('data', (chunk) => {
    if (startupText.length < 20_000) startupText += chunk;
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const outputEnded = new Promise((resolve) => child.once('close', resolve));
  await once(child, 'spawn').catch((error) => {
    throw new NginxError(`${binary} cannot be started: ${error.message}`);
  });
  const running = { child, pid: child.pid as number, ended };
  endWithParent(child);

  const started = () => isListening(prefix);
  const outcome = await waitForLog(prefix, started, START_TIMEOUT_MS, ended);
  if (outcome === 'seen') return running;
  if (outcome === 'timeout') await stopProcess(running);
  await endsWithin(outputEnded, LAST_WORDS_TIMEOUT_MS);
  throw startError(outcome, startupText, await readErrorLog(prefix));
}

const runningChildren = new Set<ChildProcess>();

/** Ends nginx when the program ends without having called `stop`. */
function endWithParent(child: ChildProcess): void {
  if (!process.listeners('exit').includes(terminateChildren)) process.on('exit', terminateChildren);
  runningChildren.add(child);
  child.once('exit', () => runningChildren.delete(child));
}

function terminateChildren(): void {
  for (const child of runningChildren) child.kill('SIGTERM');
}

/** Whether nginx accepts connections and signals: it ignores a signal that comes before its first worker starts. */
async function isListening(prefix: string): Promise<boolean> {
  return startedWorkers(await readErrorLog(prefix)).length > 0;
}

type WaitOutcome = 'seen' | 'ended' | 'timeout';

/** Checks whenever nginx writes to its log or its prefix, until the check succeeds, nginx ends or the time is up. */
async function waitForLog(
  prefix: string,
  check: () => Promise<boolean>,
  timeoutMs: number,
  ended: Promise<unknown>,
): Promise<WaitOutcome> {
  const changes = watchChanges([prefix, join(prefix, 'logs/error.log')]);
  const over = new AbortController();
  const limit = Promise.race([
    ended.then((): WaitOutcome => 'ended'),
    delay(timeoutMs, 'timeout' as WaitOutcome, { signal: over.signal }),
  ]);
  limit.catch(() => {}); // rejected by the abort below
  try {
    for (;;) {
      const change = changes.next();
      if (await check()) return 'seen';
      const outcome = await Promise.race([limit, change]);
      if (outcome !== undefined) return (await check()) ? 'seen' : outcome;
    }
  } finally {
    over.abort();
    changes.close();
  }
}

/** `next` resolves at the next change of one of the files, or after {@link MISSED_EVENT_CHECK_MS}. */
function watchChanges(paths: string[]): { next(): Promise<undefined>; close(): void } {
  let wake = () => {};
  const watchers: FSWatcher[] = [];
  const timer = setInterval(() => wake(), MISSED_EVENT_CHECK_MS);
  for (const path of paths) {
    try {
      // The system may have no watches left. Then only the timer checks.
      watchers.push(watch(path, () => wake()).on('error', () => {}));
    } catch {}
  }
  return {
    next: () =>
      new Promise((resolve) => {
        wake = () => resolve(undefined);
      }),
    close() {
      clearInterval(timer);
      for (const watcher of watchers) watcher.close();
    },
  };
}

function startError(outcome: WaitOutcome, startupText: string, log: string): NginxError {
  const taken = /bind\(\) to (\S+):(\d+) failed \(\d+: Address already in use\)/.exec(startupText + log);
  if (taken) {
    const [, host, port] = taken;
    return new NginxError(`nginx cannot listen on ${host}:${port}: the port is taken`);
  }
  const words = failureLines(startupText) || failureLines(log) || startupText.trim() || log.trim();
  const what = outcome === 'ended' ? 'nginx ended at its start' : 'nginx did not start in time';
  return new NginxError(`${what}:\n${words || '(no message)'}`);
}

/** The lines of level emerg, without repetitions. */
function failureLines(log: string): string {
  const lines = log.split('\n').filter((line) => line.includes('[emerg]'));
  const texts = lines.map((line) => line.replace(/^.*?\[emerg\] (\d+#\d+: )?/, '[emerg] '));
  return [...new Set(texts)].join('\n');
}

function readErrorLog(prefix: string): Promise<string> {
  return readFile(join(prefix, 'logs/error.log'), 'utf8');
}

/** Process ids of the workers, in the order of their start. */
function startedWorkers(log: string): string[] {
  return [...log.matchAll(/: start worker process (\d+)$/gm)].map(([, pid]) => pid as string);
}

function newNginxProcess(
  running: RunningNginx,
  prefix: string,
  removePrefix: () => Promise<void>,
): NginxProcess {
  let stopping: Promise<void> | undefined;
  return {
    pid: running.pid,
    prefix,
    workerPids: async () => startedWorkers(await readErrorLog(prefix)).map(Number),
    errorLog: () => readErrorLog(prefix),
    accessLog: () => readFile(join(prefix, 'logs/access.log'), 'utf8').catch(() => ''),
    writeConf: (conf) => writeFile(join(prefix, 'nginx.conf'), conf),
    reload: () => reload(running, prefix),
    stop() {
      stopping ??= stopProcess(running).then(removePrefix);
      return stopping;
    },
  };
}

async function reload(running: RunningNginx, prefix: string): Promise<void> {
  const logBefore = await readErrorLog(prefix);
  const oldWorkers = startedWorkers(logBefore);
  running.child.kill('SIGHUP');

  let failure = '';
  const done = async () => {
    const since = (await readErrorLog(prefix)).slice(logBefore.length);
    failure = failureLines(since);
    return failure !== '' || isReloaded(since, logBefore, oldWorkers);
  };
  const outcome = await waitForLog(prefix, done, RELOAD_TIMEOUT_MS, running.ended);
  if (failure !== '') throw new NginxError(`nginx did not reload:\n${failure}`);
  if (outcome === 'ended') throw new NginxError('nginx ended at the reload');
  if (outcome === 'timeout') throw new NginxError('no reload in the error log; is its level notice?');
}

// It is not enough that new workers run: for a moment the old ones still accept connections with the old configuration.
function isReloaded(since: string, before: string, oldWorkers: string[]): boolean {
  const reconfigured = since.search(/#\d+: reconfiguring$/m);
  if (reconfigured < 0 || startedWorkers(since.slice(reconfigured)).length === 0) return false;
  // Right after the start, some workers appear in the log only after the reload was requested.
  const old = [...oldWorkers, ...startedWorkers(since.slice(0, reconfigured))];
  return old.every((pid) => hasLeft(before + since, pid));
}

function hasLeft(log: string, pid: string): boolean {
  return (
    log.includes(`] ${pid}#${pid}: gracefully shutting down`) || log.includes(`worker process ${pid} exited`)
  );
}

async function stopProcess({ child, ended }: RunningNginx): Promise<void> {
  const steps: [signal: NodeJS.Signals, timeoutMs: number][] = [
    ['SIGQUIT', GRACEFUL_STOP_TIMEOUT_MS],
    ['SIGTERM', FAST_STOP_TIMEOUT_MS],
  ];
  for (const [signal, timeoutMs] of steps) {
    // Sent again, because an nginx that has just started may ignore the first signal.
    for (let waitedMs = 0; waitedMs < timeoutMs; waitedMs += SIGNAL_INTERVAL_MS) {
      child.kill(signal);
      if (await endsWithin(ended, SIGNAL_INTERVAL_MS)) return;
    }
  }
  child.kill('SIGKILL');
  await ended;
}

async function endsWithin(ended: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  const over = new AbortController();
  const inTime = ended.then(() => true);
  const late = delay(timeoutMs, false, { signal: over.signal }).catch(() => false);
  const result = await Promise.race([inTime, late]);
  over.abort();
  return result;
}
