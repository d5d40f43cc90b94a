// The faults of njs for which src/core/settings/njs_version.ts turns versions away or warns of them, each provoked by a
// script of its own.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { request } from 'undici';
import {
  freePort,
  httpDefaults,
  mainContext,
  NginxError,
  type NginxProcess,
  startNginx,
} from '../../runtime/nginx_process.js';
import type { NginxRuntime } from '../../runtime/nginx_runtime.mjs';
import type { Faults, Reading, Way } from './results.js';

const SCRIPT = `
async function failEarly(r) { throw new Error('early'); }
async function ask(r) {
  var reply = await r.subrequest('/slow');
  r.return(reply.status);
}
async function fetchText(r) {
  try {
    var reply = await ngx.fetch(r.variables.upstream + r.variables.arg_answer);
    var text = await reply.text();
    r.return(200, 'reads');
  } catch (e) {
    r.return(200, /timed out/.test(e.message) ? 'waits' : 'fails');
  }
}
var VALUE_BYTES = 3000;
function fill(r) {
  var value = 'x'.repeat(VALUE_BYTES);
  var zone = ngx.shared.full;
  zone.set('ended', value, 100);
  for (var i = 0; zone.freeSpace() > 0; i++) zone.set('key' + i, value, 3600000);
  r.return(204);
}
function addAgain(r) {
  ngx.shared.full.add('ended', 'x'.repeat(VALUE_BYTES), 100);
  r.return(204);
}
export default { failEarly, ask, fetchText, fill, addAgain };
`;

/** Ends what hangs because of a fault. */
const ANSWER_TIMEOUT_MS = 3000;
const SLOW_MS = 30;
const CLIENTS = 600;
const CLIENTS_AT_A_TIME = 10;
/** Clients hang up after 1 to so many milliseconds. */
const LATEST_HANG_UP_MS = 20;
/** Longer than the entry lives. */
const ENTRY_ENDS_MS = 200;
/** glibc fills freed memory with it, so that its use is seen: without it such a worker seldom crashes at once. */
const FREED_BYTE = '85';

type Engine = Way['engine'];

export async function probeFaults(runtime: NginxRuntime, engine: Engine): Promise<Faults> {
  process.env.MALLOC_PERTURB_ = FREED_BYTE;
  try {
    return {
      engine,
      opensOnEarlyFailure: await opensOnEarlyFailure(runtime, engine),
      crashesOnHangUp: await crashesOnHangUp(runtime, engine),
      crashesOnEviction: await crashesOnEviction(runtime, engine),
      fetch: await readingsOf(runtime, engine),
    };
  } finally {
    delete process.env.MALLOC_PERTURB_;
  }
}

interface Probe {
  readonly nginx: NginxProcess;
  readonly port: number;
  get(path: string): Promise<{ status: number; body: string }>;
}

async function withProbe<T>(
  runtime: NginxRuntime,
  engine: Engine,
  { http = '', server }: { http?: string; server: string },
  run: (probe: Probe) => Promise<T>,
): Promise<T> {
  const port = await freePort();
  const conf = (prefix: string) => `
${mainContext(runtime)}
events {}
http {
  ${httpDefaults()}
  ${runtime.engines.length > 1 ? `js_engine ${engine};` : ''}
  js_path ${prefix};
  js_import probe from probe.js;
  ${http}
  server {
    listen 127.0.0.1:${port};
    location = /granted { return 204; }
    ${server.replaceAll('PORT', String(port))}
  }
}`;
  const nginx = await startNginx({ runtime, conf, files: { 'probe.js': SCRIPT } });
  const get = async (path: string) => {
    const answer = await request(`http://127.0.0.1:${port}${path}`, {
      headersTimeout: ANSWER_TIMEOUT_MS,
      bodyTimeout: ANSWER_TIMEOUT_MS,
      reset: true,
    });
    return { status: answer.statusCode, body: await answer.body.text() };
  };
  try {
    return await run({ nginx, port, get });
  } finally {
    await nginx.stop();
  }
}

/** Whether js_access grants when its handler rejects before it waits for anything; undefined without js_access. */
async function opensOnEarlyFailure(runtime: NginxRuntime, engine: Engine): Promise<boolean | undefined> {
  const server = 'location = /early { js_access probe.failEarly; proxy_pass http://127.0.0.1:PORT/granted; }';
  try {
    return await withProbe(
      runtime,
      engine,
      { server },
      async ({ get }) => (await get('/early')).status === 204,
    );
  } catch (error) {
    if (error instanceof NginxError && error.message.includes('unknown directive "js_access"'))
      return undefined;
    throw error;
  }
}

/** How often a worker dies when clients hang up while r.subrequest() waits (nginx/njs#1077). */
async function crashesOnHangUp(runtime: NginxRuntime, engine: Engine): Promise<number> {
  const slow = await startServer(async (socket) => {
    await delay(SLOW_MS);
    socket.end('HTTP/1.1 204 No Content\r\n\r\n');
  });
  const server = `location = /ask { js_content probe.ask; } location = /slow { proxy_pass ${slow.url}; }`;
  try {
    return await withProbe(runtime, engine, { server }, async ({ nginx, port }) => {
      for (let first = 0; first < CLIENTS; first += CLIENTS_AT_A_TIME) {
        const clients = Array.from({ length: CLIENTS_AT_A_TIME }, (_, i) => hangUp(port, first + i));
        await Promise.all(clients);
      }
      await delay(SLOW_MS * 10); // the last subrequests end
      return deathsIn(await nginx.errorLog());
    });
  } finally {
    slow.close();
  }
}

async function hangUp(port: number, number: number): Promise<void> {
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.write('GET /ask HTTP/1.1\r\nHost: a\r\n\r\n');
  await delay(1 + (number % LATEST_HANG_UP_MS));
  socket.resetAndDestroy();
  await closed;
}

/** Whether a worker dies when an ended entry is added again to a full zone that evicts. */
async function crashesOnEviction(runtime: NginxRuntime, engine: Engine): Promise<boolean> {
  const http = 'js_shared_dict_zone zone=full:1m timeout=1h evict;';
  const server = 'location = /fill { js_content probe.fill; } location = /add { js_content probe.addAgain; }';
  return withProbe(runtime, engine, { http, server }, async ({ nginx, get }) => {
    await get('/fill');
    await delay(ENTRY_ENDS_MS);
    await get('/add').catch(() => {}); // no answer from a worker that dies
    await get('/granted').catch(() => {});
    return deathsIn(await nginx.errorLog()) > 0;
  });
}

function deathsIn(log: string): number {
  return [...log.matchAll(/exited on signal/g)].length;
}

/** Complete answers, after which the server keeps the connection open. */
const KEPT_OPEN = {
  length: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
  chunked: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
  empty204: 'HTTP/1.1 204 No Content\r\n\r\n',
};

async function readingsOf(runtime: NginxRuntime, engine: Engine): Promise<Faults['fetch']> {
  const upstream = await startServer((socket, path) => {
    socket.write(KEPT_OPEN[path.slice(1) as keyof typeof KEPT_OPEN]);
  });
  const server = `location = /fetch {
    set $upstream ${upstream.url}/;
    js_fetch_timeout 500ms;
    js_content probe.fetchText;
  }`;
  try {
    return await withProbe(runtime, engine, { server }, async ({ get }) => {
      const read = async (answer: string) => (await get(`/fetch?answer=${answer}`)).body as Reading;
      return {
        length: await read('length'),
        chunked: await read('chunked'),
        empty204: await read('empty204'),
      };
    });
  } finally {
    upstream.close();
  }
}

interface Upstream {
  readonly url: string;
  close(): void;
}

async function startServer(answer: (socket: Socket, path: string) => unknown): Promise<Upstream> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('data', (head) => answer(socket, String(head).split(' ')[1] ?? ''));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
