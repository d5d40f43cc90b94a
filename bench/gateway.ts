// A running gateway: one nginx for each row, with one worker on a CPU of its own.
import { setTimeout as delay } from 'node:timers/promises';
import {
  freePort,
  httpDefaults,
  mainContext,
  type NginxBinary,
  type NginxProcess,
  startNginx,
} from '../runtime/nginx_process.js';
import type { Backends } from './backends.js';
import { BenchError } from './program.js';
import type { Row, RuntimeName } from './rows.js';

export interface Gateway {
  readonly row: Row;
  readonly url: string;
  /** Folder of its files. */
  readonly prefix: string;
  readonly workerPids: readonly number[];
  stop(): Promise<void>;
}

export interface GatewayOptions {
  readonly runtimes: Readonly<Record<RuntimeName, NginxBinary>>;
  readonly backends: Backends;
  /** The line `worker_cpu_affinity ...;`, or empty. */
  readonly affinity: string;
  /** Of the zone of active tokens, as nginx takes it. */
  readonly zoneSize: string;
  /** Default 1. */
  readonly workers?: number;
}

const START_TIMEOUT_MS = 60_000;
const POLL_MS = 10;

/** As a good configuration has them: without kept connections each request would open one. */
const UPSTREAM_KEEPALIVE = 'keepalive 4096; keepalive_requests 1000000000; keepalive_time 10h;';

export async function startGateway(row: Row, options: GatewayOptions): Promise<Gateway> {
  const port = await freePort();
  const listen = `127.0.0.1:${port}`;
  const runtime = options.runtimes[row.runtime];
  const workers = options.workers ?? 1;
  const conf = (prefix: string) => `
${mainContext(runtime, { workers })}
${row.modulePath === undefined ? '' : `load_module "${row.modulePath}";`}
${options.affinity}
events { worker_connections 16384; }
http {
  ${httpDefaults()}
  upstream api { server 127.0.0.1:${options.backends.api.port}; ${UPSTREAM_KEEPALIVE} }
  upstream login.bench { server 127.0.0.1:${options.backends.authorizationServer.port}; ${UPSTREAM_KEEPALIVE} }
  ${row.http({ listen, prefix, zoneSize: options.zoneSize })}
}`;
  const nginx = await startNginx({ runtime, conf, files: row.files ?? {} });
  return {
    row,
    url: `http://${listen}`,
    prefix: nginx.prefix,
    workerPids: await allWorkerPids(nginx, workers),
    stop: () => nginx.stop(),
  };
}

/** nginx counts as started with its first worker; the CPU time of each is wanted. */
async function allWorkerPids(nginx: NginxProcess, workers: number): Promise<number[]> {
  for (let waitedMs = 0; waitedMs < START_TIMEOUT_MS; waitedMs += POLL_MS) {
    const pids = await nginx.workerPids();
    if (pids.length >= workers) return pids;
    await delay(POLL_MS);
  }
  await nginx.stop();
  throw new BenchError(`nginx did not start ${workers} workers`);
}
