// A gateway for one test: the real nginx with the shipped snippets, a scripted authorization server behind it
// and an upstream that records. Stopped, and its logs searched for secrets, when the test ends.
import { once } from 'node:events';
import { readFileSync, watch } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import anyTest, { type ExecutionContext } from 'ava';
import pLimit from 'p-limit';
import { type Dispatcher, request } from 'undici';
import { httpDefaults, mainContext, type NginxProcess, startNginx } from '../../runtime/nginx_process.js';
import { nextHost } from './hosts.js';
import { type ScriptedServer, startScriptedServer } from './scripted_server.js';
import { SECRET_MARKS } from './secret_marks.js';
import { engineLine, modeFiles, type Setup } from './setup.js';
import { SETUPS } from './setups.js';
import { startUpstream, type Upstream } from './upstream.js';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const SNIPPETS = `${REPOSITORY}nginx`;
const LIMITS_CONF = readFileSync(`${SNIPPETS}/introspection_limits.conf`, 'utf8');

export { SECRET_MARKS };

/** `gateway-client:gateway-secret` in base64, as nginx.conf holds it. */
const BASIC_CREDENTIALS = 'Z2F0ZXdheS1jbGllbnQ6Z2F0ZXdheS1zZWNyZXQ=';

/** The parts for a test's configuration. */
export interface ConfigWords {
  /** `include` line of the mode's protect.conf. */
  readonly protect: string;
  /**
   * `include` lines of introspection_limits.conf and introspection.conf with the gateway's credentials. The limit is one
   * second, so that a test may set `$phantom_token_introspection_timeout` to one second too.
   */
  readonly introspection: string;
  /** The same with each of its timeouts set to so many milliseconds. */
  introspectionWithin(timeoutMs: number): string;
  /** Lines by which a protected location names its endpoint, as the set-up has it. */
  readonly endpoint: string;
  /** The authorization server's introspection endpoint. */
  readonly introspectionUrl: string;
  /** An address on which nothing listens. */
  readonly refusedUrl: string;
  readonly upstreamUrl: string;
  readonly mode: Setup['mode'];
  readonly nginxVersion: string;
  readonly snippets: string;
  /** Folder of the gateway's files. */
  readonly prefix: string;
  /** Address and port of the gateway's server; its name is gateway.test. */
  readonly listen: string;
  /** The same address with another port, and another address with the same port: for further servers. */
  readonly otherPort: string;
  readonly otherHost: string;
}

export interface GatewayOptions {
  /** Lines for the default protected location `/`, before its protect.conf. */
  readonly settings?: string;
  /** Replaces the default protected location and `location = /introspect`. */
  readonly server?: (words: ConfigWords) => string;
  /** Further lines of the server, before its locations. */
  readonly serverTop?: string;
  /** Further servers, or other lines of http. */
  readonly http?: (words: ConfigWords) => string;
  /** Changes the text of the set-up's zones file. */
  readonly zones?: (text: string) => string;
  /** Further files in the gateway's folder: path and text. */
  readonly files?: Record<string, string>;
  /** Replaces the line that includes http.conf. */
  readonly httpConf?: (words: ConfigWords) => string;
  /** Default gateway.test. */
  readonly serverName?: string;
  readonly listenParameters?: string;
  /** Run one gateway at a time, because the test loads the machine. */
  readonly isLoad?: boolean;
  readonly workers?: number;
  readonly errorLogLevel?: 'info' | 'notice';
}

export interface Gateway {
  readonly setup: Setup;
  readonly url: string;
  readonly words: ConfigWords;
  readonly nginx: NginxProcess;
  readonly as: ScriptedServer;
  readonly upstream: Upstream;
  /** One request; the body is read to its end. */
  send(path: string, options?: SendOptions): Promise<Answer>;
  /** A line for each request sent so far: `status "cache_status" "reason"`. */
  accessLog(): Promise<string[]>;
}

export interface SendOptions {
  readonly token?: string;
  readonly method?: string;
  readonly headers?: Record<string, string | string[]>;
  readonly body?: Dispatcher.DispatchOptions['body'];
  /** Default: the gateway's. */
  readonly url?: string;
  /** Default: one for all requests of the process. */
  readonly dispatcher?: Dispatcher;
}

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: string;
}

/** AVA starts all tests of a file at once; this limits how many gateways run at a time. */
const inTurn = pLimit(8);
const alone = pLimit(1);

type Run = (t: ExecutionContext, gateway: Gateway) => Promise<void>;

/** Declares the test once for each of the five set-ups. */
export function gatewayTest(title: string, run: Run): void;
export function gatewayTest(title: string, options: GatewayOptions, run: Run): void;
export function gatewayTest(title: string, first: GatewayOptions | Run, second?: Run): void {
  const options = typeof first === 'function' ? {} : first;
  const run = (second ?? first) as Run;
  for (const setup of SETUPS) {
    anyTest(`[${setup.name}] ${title}`, (t) =>
      (options.isLoad ? alone : inTurn)(() => runOnGateway(t, setup, options, run)),
    );
  }
}

async function runOnGateway(
  t: ExecutionContext,
  setup: Setup,
  options: GatewayOptions,
  run: Run,
): Promise<void> {
  const as = await startScriptedServer();
  const upstream = await startUpstream();
  const prefix = await mkdtemp(join(tmpdir(), 'phantom-token-test-'));
  const words = configWords(setup, as, upstream, prefix);
  try {
    const conf = gatewayConf(setup, options, words);
    const nginx = await startNginx({ runtime: setup.runtime, conf, prefix, files: options.files ?? {} });
    try {
      await run(t, newGateway(setup, nginx, as, upstream, words));
      await assertCleanLogs(t, nginx);
    } catch (error) {
      t.log(await nginx.errorLog());
      throw error;
    } finally {
      await nginx.stop();
    }
  } finally {
    await as.close();
    await upstream.close();
    await rm(prefix, { recursive: true });
  }
}

/** Only ends requests that hang; it does not test speed. */
const LOG_TIMEOUT_MS = 30_000;
/** The gateway's port; nothing listens on another port of its address. */
const PORT = 8080;
const OTHER_PORT = 8081;
const REFUSED_PORT = 8082;

function gatewayConf(setup: Setup, options: GatewayOptions, words: ConfigWords): string {
  const server = options.server ?? ((w: ConfigWords) => defaultServer(w, options.settings ?? ''));
  return `
${mainContext(setup.runtime, { workers: options.workers ?? 1, errorLogLevel: options.errorLogLevel ?? 'info' })}
events { worker_connections 2048; }
http {
  ${httpDefaults()}
  ${engineLine(setup)}
  log_format phantom '$status "$phantom_token_cache_status" "$phantom_token_reason"';
  access_log logs/phantom.log phantom;
  js_path ${REPOSITORY}dist;
  ${zonesLines(setup, options)}
  ${options.httpConf?.(words) ?? `include ${SNIPPETS}/http.conf;`}
  ${options.http?.(words) ?? ''}
  server {
    listen ${words.listen} ${options.listenParameters ?? ''};
    server_name ${options.serverName ?? 'gateway.test'};
    ${modeFiles(setup.mode).server}
    ${REMEMBERED}
    ${options.serverTop ?? ''}
    ${server(words)}
  }
}`;
}

/** By default, a rejection lasts longer than every test, also on a slow machine. */
const REMEMBERED = 'set $phantom_token_negative_cache_ttl 60;';

function zonesLines(setup: Setup, { zones }: GatewayOptions): string {
  const file = `${SNIPPETS}/${setup.zones}`;
  return zones === undefined ? `include ${file};` : zones(readFileSync(file, 'utf8'));
}

function configWords(setup: Setup, as: ScriptedServer, upstream: Upstream, prefix: string): ConfigWords {
  const host = nextHost();
  const introspection = `
    set $phantom_introspection_limit 1;
    include ${SNIPPETS}/introspection.conf;
    proxy_set_header Authorization "Basic ${BASIC_CREDENTIALS}";`;
  return {
    protect: modeFiles(setup.mode).protect,
    introspection: `include ${SNIPPETS}/introspection_limits.conf; ${introspection}`,
    introspectionWithin: (timeoutMs) =>
      LIMITS_CONF.replace(/(_timeout) \d+s;/g, `$1 ${timeoutMs}ms;`) + introspection,
    endpoint: endpointLines(setup, `${as.url}/introspect`),
    introspectionUrl: `${as.url}/introspect`,
    refusedUrl: `http://${host}:${REFUSED_PORT}`,
    upstreamUrl: upstream.url,
    mode: setup.mode,
    nginxVersion: setup.runtime.nginxVersion,
    snippets: SNIPPETS,
    prefix,
    listen: `${host}:${PORT}`,
    otherPort: `${host}:${OTHER_PORT}`,
    otherHost: `${nextHost()}:${PORT}`,
  };
}

function defaultServer(words: ConfigWords, settings: string): string {
  return protectedRoot(words, settings) + introspectionLocation(words);
}

/** A protected `location /`, as a user writes it. */
export function protectedRoot(words: ConfigWords, settings = ''): string {
  return `
    location / {
      set $phantom_token on;
      ${words.endpoint}
      ${settings}
      ${words.protect}
      proxy_pass ${words.upstreamUrl};
    }`;
}

/** A URL with the same credentials and the same limit as the location `/introspect`. */
function endpointLines({ endpoint }: Setup, url: string): string {
  return endpoint === 'location'
    ? 'set $phantom_token_introspection_endpoint /introspect;'
    : `js_fetch_timeout 1s;
      set $phantom_token_introspection_endpoint ${url};
      set $phantom_token_client_id gateway-client;
      set $phantom_token_client_secret gateway-secret;`;
}

/** `location = /introspect` as a user writes it. */
export function introspectionLocation(words: ConfigWords, path = '/introspect'): string {
  return `location = ${path} { ${words.introspection} proxy_pass ${words.introspectionUrl}; }`;
}

function newGateway(
  setup: Setup,
  nginx: NginxProcess,
  as: ScriptedServer,
  upstream: Upstream,
  words: ConfigWords,
): Gateway {
  const url = `http://${words.listen}`;
  let sent = 0;
  return {
    setup,
    nginx,
    as,
    upstream,
    url,
    words,
    async send(path, options = {}) {
      sent += 1;
      return send(options.url ?? url, path, options);
    },
    accessLog: () => readLines(`${nginx.prefix}/logs/phantom.log`, sent),
  };
}

async function send(url: string, path: string, options: SendOptions): Promise<Answer> {
  const headers = {
    ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
    ...options.headers,
  };
  const response = await request(`${url}${path}`, {
    method: (options.method ?? 'GET') as Dispatcher.HttpMethod,
    headers,
    body: options.body ?? null,
    ...(options.dispatcher && { dispatcher: options.dispatcher }),
  });
  return { status: response.statusCode, headers: response.headers, body: await response.body.text() };
}

/** Waits until the file has that many lines: nginx logs a request after it has answered. */
async function readLines(file: string, count: number): Promise<string[]> {
  const signal = AbortSignal.timeout(LOG_TIMEOUT_MS);
  const watcher = watch(file);
  try {
    for (;;) {
      const changed = once(watcher, 'change', { signal });
      changed.catch(() => {}); // not awaited when the lines are there
      const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '');
      if (lines.length >= count) return lines;
      await changed;
    }
  } finally {
    watcher.close();
  }
}

/** Tests kill workers themselves, by signal 9. */
const UNWELL = /\[emerg\]|\[alert\](?!.*exited on signal 9$)/m;

/** No token, JWT or secret in any log (S61, S108). */
export async function assertCleanLogs(t: ExecutionContext, nginx: NginxProcess): Promise<void> {
  const access = await readFile(`${nginx.prefix}/logs/phantom.log`, 'utf8');
  const logs = access + (await nginx.errorLog());
  for (const mark of SECRET_MARKS) {
    t.notRegex(logs, mark, 'a log holds a secret');
  }
  t.notRegex(logs, UNWELL, 'nginx is unwell');
}
