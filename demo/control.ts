/**
 * What the buttons of the demo's page need and no gateway has: a token, a revocation, the end and the return of the
 * authorization server, and the access log as it grows. Only for the demo: it authenticates nobody. It listens on
 * 127.0.0.1, behind the location /demo/ of demo/page.conf.
 */
import { type FileHandle, open } from 'node:fs/promises';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import { closeServer, listenLocally } from '../runtime/local_http.js';
import type { Api } from './api.js';
import type { AuthorizationServer } from './authorization_server.js';
import type { DemoState, Facts } from './page/demo_state.js';

export interface Control {
  readonly port: number;
  /** From now on, lines that are added to this file are sent to the page. */
  followLog(path: string): Promise<void>;
  /** The walk has ended: the buttons may be used. */
  openToAll(): void;
  close(): Promise<void>;
}

type Command = (body: Record<string, unknown>) => Promise<object>;

/** Where the page calls the API. */
const CALLED_LOCATION = 'location /watch/';
const LOOPBACK_NAMES = ['127.0.0.1', 'localhost'];
const LOOK_INTERVAL_MS = 150;
const LONGEST_BODY = 1000;
/** Of the log, for a page that is loaded later. */
const LINES_KEPT = 12;

export function readFacts(
  conf: string,
  { nginxVersion, njsVersion, server }: Pick<Facts, 'nginxVersion' | 'njsVersion' | 'server'>,
): Facts {
  const called = blockOf(conf, CALLED_LOCATION);
  return {
    nginxVersion,
    njsVersion,
    server,
    cacheTtlSec: secondsOf(called, 'cache_ttl'),
    staleSec: secondsOf(called, 'stale_if_error'),
    locations: {
      called,
      purge: blockOf(conf, 'location = /purge'),
      introspect: blockOf(conf, 'location = /introspect'),
    },
  };
}

/** From the head to the brace on a line of its own that is indented like it. */
function blockOf(conf: string, head: string): string {
  const [, margin = '', block] = new RegExp(`^( *)(${head} \\{\\n[^]*?\\n)\\1\\}$`, 'm').exec(conf) ?? [];
  if (block === undefined) throw new Error(`demo/nginx.conf has no ${head}`);
  return `${block.replaceAll(`\n${margin}`, '\n')}}`;
}

function secondsOf(block: string, setting: string): number {
  return Number(new RegExp(`\\$phantom_token_${setting} (\\d+);`).exec(block)?.[1]);
}

/** Starts the server on a free port. */
export async function startControl(
  facts: Facts,
  authorizationServer: AuthorizationServer,
  api: Api,
): Promise<Control> {
  const pages = new Set<ServerResponse>();
  const lastLines: string[] = [];
  let isReady = false;
  let isUp = true;
  let log: FileHandle | undefined;
  let sentState = '';

  const commands: Record<string, Command> = {
    async '/demo/token'() {
      return { token: await authorizationServer.issueToken({ scope: 'read' }) };
    },
    async '/demo/revoke'({ token }) {
      await authorizationServer.revokeToken(String(token));
      return {};
    },
    async '/demo/stop'() {
      if (isUp) await authorizationServer.goDown();
      isUp = false;
      return {};
    },
    async '/demo/start'() {
      if (!isUp) await authorizationServer.comeBack();
      isUp = true;
      return {};
    },
  };

  const server = http.createServer((request, response) => {
    answer(request, response).catch((error: Error) => answerJson(response, 500, { error: error.message }));
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, url = '' } = request;
    const command = commands[url];
    if (!isFromOwnPage(request)) answerJson(response, 403, { error: 'only for the page of this demo' });
    else if (method === 'GET' && url === '/demo/facts') answerJson(response, 200, facts);
    else if (method === 'GET' && url === '/demo/events') sendEvents(response);
    else if (method !== 'POST' || command === undefined)
      answerJson(response, 404, { error: 'no such command' });
    else if (!isReady) answerJson(response, 409, { error: 'the walk in the terminal still runs' });
    else answerJson(response, 200, await command(await readJson(request)));
  }

  function sendEvents(response: ServerResponse): void {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
    response.write(eventOf('state', readState()) + lastLines.map((line) => eventOf('log', line)).join(''));
    pages.add(response);
    response.on('close', () => pages.delete(response));
  }

  function readState(): DemoState {
    return {
      ready: isReady,
      authorizationServer: isUp ? 'up' : 'down',
      introspections: authorizationServer.introspections.length,
      apiRequests: api.requests.length,
    };
  }

  function send(event: string): void {
    for (const page of pages) page.write(event);
  }

  /** Sends what has changed since it looked last. */
  async function look(): Promise<void> {
    const state = eventOf('state', readState());
    if (state !== sentState) send(state);
    sentState = state;
    for (const line of await readNewLines(log)) {
      lastLines.push(line);
      send(eventOf('log', line));
    }
    lastLines.splice(0, lastLines.length - LINES_KEPT);
  }

  let looking: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    looking = looking.then(look).catch((error: Error) => console.error(`the demo's page: ${error.message}`));
  }, LOOK_INTERVAL_MS);
  const port = await listenLocally(server, 0);
  return {
    port,
    async followLog(path) {
      log = await open(path);
    },
    openToAll() {
      isReady = true;
    },
    async close() {
      clearInterval(timer);
      await looking;
      await log?.close();
      await closeServer(server);
    },
  };
}

/**
 * Whether no other site has sent it: a browser names the site in Origin with every POST, and a name that leads to
 * 127.0.0.1 for an attack (DNS rebinding) is in Host.
 */
function isFromOwnPage({ method, headers: { host = '', origin } }: IncomingMessage): boolean {
  if (!LOOPBACK_NAMES.includes(host.replace(/:\d+$/, ''))) return false;
  return method === 'GET' || origin === `http://${host}`;
}

async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  let text = '';
  for await (const chunk of request) {
    text += chunk;
    if (text.length > LONGEST_BODY) throw new Error('the body is too long');
  }
  return text === '' ? {} : JSON.parse(text);
}

/** Whole lines: nginx writes each with one call. */
async function readNewLines(log: FileHandle | undefined): Promise<string[]> {
  if (log === undefined) return [];
  const { buffer, bytesRead } = await log.read({ buffer: Buffer.alloc(64 * 1024) });
  return buffer.toString('utf8', 0, bytesRead).split('\n').filter(Boolean);
}

function eventOf(name: string, value: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(value)}\n\n`;
}

function answerJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
  response.end(`${JSON.stringify(value)}\n`);
}
