// The gateway of the matrix: one nginx in which every request names its own partition, endpoint and settings, so that thousands of
// cells run beside each other without meeting.
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Agent, type Dispatcher, request } from 'undici';
import { httpDefaults, mainContext, type NginxProcess, startNginx } from '../../runtime/nginx_process.js';
import { type NginxRuntime, resolveNginx } from '../../runtime/nginx_runtime.mjs';
import { nextHost } from '../support/hosts.js';
import { startUpstream, type UpstreamRequest } from '../support/upstream.js';
import type { Mode, Runtime } from './cells.js';
import { AS_NAME, type FaultyServers } from './servers.js';
import { STEP_TIMEOUT_MS } from './table.js';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const SNIPPETS = `${REPOSITORY}nginx`;

/** How long others wait for a lost introspection: one and a half times this. All other times are shorter. */
const INTROSPECTION_TIMEOUT_SEC = 5;
/** What no answer may take longer than: twice the longest time that is configured. Without them, nginx's own is a minute. */
export const LIMIT_MS = 2 * 1.5 * 1000 * INTROSPECTION_TIMEOUT_SEC;

/** Replaces a part of what runs, to see that the matrix finds it. */
export interface Breakage {
  readonly script?: (text: string) => string;
  readonly conf?: (text: string) => string;
}

/** What a request of the matrix chooses for itself. */
export interface Choice {
  readonly mode: Mode;
  /** Unique: the logs name it. */
  readonly path: string;
  readonly token: string;
  readonly partition: string;
  /** A location or a URL. */
  readonly endpoint: string;
  /** Where the locations ask: a port, or an upstream. */
  readonly authority: string;
  readonly ttlSec?: number;
  readonly staleSec?: number;
  readonly breakerFailures?: number;
  readonly breakerDelaySec?: number;
}

export type Answer =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string;
    }
  /** The connection ended without an answer, or nothing came within {@link LIMIT_MS}. */
  | { readonly kind: 'ended' }
  | { readonly kind: 'late' };

/** A line of the access log. */
export interface LogLine {
  readonly status: number;
  readonly cacheStatus: string;
  readonly reason: string;
}

export interface FaultGateway {
  readonly runtime: Runtime;
  send(choice: Choice): Promise<Answer>;
  /** Resolves when nginx has read everything that was sent to it before. */
  settle(): Promise<void>;
  /** What reached the API under a path. */
  reachedApi(path: string): readonly UpstreamRequest[];
  /** Paths at the API that no request of the matrix has. */
  reachedElsewhere(): readonly string[];
  /** Stops nginx, so that all lines are written. */
  stop(): Promise<StoppedGateway>;
}

export interface StoppedGateway {
  readonly accessLog: ReadonlyMap<string, LogLine>;
  readonly errorLog: readonly string[];
  readonly workerCount: number;
}

interface Setup {
  readonly nginx: NginxRuntime;
  readonly engine: 'njs' | 'qjs';
  readonly zones: string;
}

async function setupOf(runtime: Runtime): Promise<Setup> {
  const name = runtime === 'njs 0.8.9' ? 'legacy' : 'modern';
  const nginx = await resolveNginx(name, { fetch: false });
  if ('problem' in nginx) throw new Error(`${nginx.problem}: ${nginx.advice}`);
  return {
    nginx,
    engine: runtime.startsWith('QuickJS') ? 'qjs' : 'njs',
    zones: name === 'legacy' ? 'zones_njs_0.8.conf' : 'zones.conf',
  };
}

export async function versionsOf(runtime: Runtime): Promise<string> {
  const { nginx } = await setupOf(runtime);
  return `nginx ${nginx.nginxVersion} with njs ${nginx.njsVersion}`;
}

const AUTH_REQUEST_PORT = 8081;
const PORT = 8080;

export async function startFaultGateway(
  runtime: Runtime,
  servers: FaultyServers,
  breakage: Breakage = {},
): Promise<FaultGateway> {
  const setup = await setupOf(runtime);
  const host = nextHost();
  const upstream = await startUpstream();
  const reached = new Map<string, UpstreamRequest[]>();
  const sent = new Set<string>();
  upstream.answer = (received) => {
    reached.set(received.url, [...(reached.get(received.url) ?? []), received]);
    return { body: 'api' };
  };
  const prefix = await mkdtemp(join(tmpdir(), 'phantom-token-faults-'));
  const script = readFileSync(`${REPOSITORY}dist/phantom_token.js`, 'utf8');
  const conf = gatewayConf(setup, host, upstream.url, servers, prefix);
  const nginx = await startNginx({
    runtime: setup.nginx,
    prefix,
    conf: breakage.conf?.(conf) ?? conf,
    files: {
      'ca.pem': servers.trusted,
      'script/phantom_token.js': breakage.script?.(script) ?? script,
    },
  });
  const dispatcher = new Agent({ connections: null, keepAliveTimeout: 30_000 });
  return {
    runtime,
    send(choice) {
      sent.add(pathIn(choice.mode, choice.path));
      return send(host, choice, dispatcher);
    },
    async settle() {
      const { body } = await request(`http://${host}:${PORT}/settle`, { dispatcher });
      await body.dump();
    },
    reachedApi: (path) => reached.get(path) ?? [],
    reachedElsewhere: () => [...reached.keys()].filter((path) => !sent.has(path)),
    async stop() {
      await dispatcher.destroy();
      const workerCount = (await nginx.workerPids()).length;
      await nginx.stop();
      await upstream.close();
      const stopped = { ...(await readLogs(nginx)), workerCount };
      await rm(prefix, { recursive: true });
      return stopped;
    },
  };
}

async function readLogs(nginx: NginxProcess): Promise<Pick<StoppedGateway, 'accessLog' | 'errorLog'>> {
  const lines = (await readFile(`${nginx.prefix}/logs/faults.log`, 'utf8')).split('\n');
  const accessLog = new Map<string, LogLine>();
  for (const line of lines) {
    const [path = '', status = '', cacheStatus = '', reason = ''] = line.split(' ');
    accessLog.set(path, { status: Number(status), cacheStatus, reason });
  }
  return { accessLog, errorLog: (await nginx.errorLog()).split('\n') };
}

function gatewayConf(
  setup: Setup,
  host: string,
  upstreamUrl: string,
  servers: FaultyServers,
  prefix: string,
): string {
  const zones = readFileSync(`${SNIPPETS}/${setup.zones}`, 'utf8').replace(/:\d+m( timeout)/g, ':64m$1');
  return `
${mainContext(setup.nginx, { errorLogLevel: 'info' })}
events { worker_connections 8192; }
http {
  ${httpDefaults()}
  ${setup.nginx.engines.length > 1 ? `js_engine ${setup.engine};` : ''}
  log_format faults '$request_uri $status $phantom_token_cache_status $phantom_token_reason';
  access_log logs/faults.log faults;
  keepalive_requests 1000000;
  js_path ${prefix}/script;
  ${zones}
  include ${SNIPPETS}/http.conf;
  resolver 127.0.0.1:${servers.dnsPort} ipv6=off;
  js_fetch_trusted_certificate ${prefix}/ca.pem;
  js_fetch_timeout ${STEP_TIMEOUT_MS}ms;
  upstream as_http { server ${servers.host}:${servers.httpPort}; keepalive 16; }
  upstream as_https { server ${servers.host}:${servers.httpsPort}; keepalive 16; }
  server {
    listen ${host}:${PORT};
    server_name gateway.test;
    location = /settle { return 204; }
    location = /open { proxy_pass ${upstreamUrl}; }
    ${protectedLocation('forward auth', `include ${SNIPPETS}/forward_auth.conf;`)}
    ${protectedLocation('introspection cache', `include ${SNIPPETS}/introspection_cache.conf;`)}
    ${
      setup.nginx.njsVersion.startsWith('0.')
        ? ''
        : protectedLocation('access', `include ${SNIPPETS}/protect.conf; proxy_pass ${upstreamUrl};`)
    }
    ${introspectionLocations(prefix)}
  }
  server {
    include ${SNIPPETS}/auth_request/server.conf;
    listen ${host}:${AUTH_REQUEST_PORT};
    server_name gateway.test;
    ${protectedLocation(
      'auth_request',
      `include ${SNIPPETS}/auth_request/protect.conf; proxy_pass ${upstreamUrl};`,
    )}
    ${introspectionLocations(prefix)}
  }
}`;
}

const locationOf = (mode: Mode) => `/${mode.replace(' ', '_')}/`;

function protectedLocation(mode: Mode, lines: string): string {
  return `
    location ${locationOf(mode)} {
      set $phantom_token on;
      set $phantom_token_introspection_endpoint $http_x_endpoint;
      set $phantom_token_partition $http_x_partition;
      set $phantom_token_cache_ttl $http_x_ttl;
      set $phantom_token_stale_if_error $http_x_stale;
      set $phantom_token_negative_cache_ttl 60;
      set $phantom_token_breaker_failures $http_x_breaker_failures;
      set $phantom_token_breaker_delay $http_x_breaker_delay;
      set $phantom_token_introspection_timeout ${INTROSPECTION_TIMEOUT_SEC};
      set $phantom_token_client_id gateway-client;
      set $phantom_token_client_secret gateway-secret;
      ${lines}
    }`;
}

function introspectionLocations(prefix: string): string {
  const limits = readFileSync(`${SNIPPETS}/introspection_limits.conf`, 'utf8').replace(
    /(_timeout) \d+s;/g,
    `$1 ${STEP_TIMEOUT_MS}ms;`,
  );
  // nginx wants a CA wherever proxy_pass has a variable, over http as well.
  const lines = `
      ${limits}
      set $phantom_introspection_limit ${INTROSPECTION_TIMEOUT_SEC};
      include ${SNIPPETS}/introspection.conf;
      proxy_ssl_trusted_certificate ${prefix}/ca.pem;`;
  return `
    location = /introspect_http { ${lines} proxy_pass http://$http_x_authority/introspect; }
    location = /introspect_https {
      ${lines}
      proxy_ssl_name ${AS_NAME};
      proxy_pass https://$http_x_authority/introspect;
    }`;
}

/** The path under which a request of a mode is logged. */
export const pathIn = (mode: Mode, path: string) => locationOf(mode) + path;

async function send(host: string, choice: Choice, dispatcher: Dispatcher): Promise<Answer> {
  const { mode, token } = choice;
  const port = mode === 'auth_request' ? AUTH_REQUEST_PORT : PORT;
  const isQuestion = mode === 'introspection cache';
  const limit = AbortSignal.timeout(LIMIT_MS);
  try {
    const response = await request(`http://${host}:${port}${pathIn(mode, choice.path)}`, {
      method: isQuestion ? 'POST' : 'GET',
      headers: {
        ...(isQuestion
          ? { 'content-type': 'application/x-www-form-urlencoded' }
          : { authorization: `Bearer ${token}` }),
        'x-partition': choice.partition,
        'x-endpoint': choice.endpoint,
        'x-authority': choice.authority,
        'x-ttl': String(choice.ttlSec ?? 300),
        'x-stale': String(choice.staleSec ?? 0),
        'x-breaker-failures': String(choice.breakerFailures ?? 20),
        'x-breaker-delay': String(choice.breakerDelaySec ?? 60),
      },
      body: isQuestion ? `token=${token}` : null,
      dispatcher,
      signal: limit,
    });
    const body = await response.body.text();
    return { kind: 'answer', status: response.statusCode, headers: flat(response.headers), body };
  } catch {
    return { kind: limit.aborted ? 'late' : 'ended' };
  }
}

function flat(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, [value].flat().join(', ')]),
  );
}
