// A server on raw sockets that answers as the test says, also in ways that no HTTP library would.
import { once, setMaxListeners } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { type Connection, type ScriptedAnswer, status } from './answers.js';

export * from './answers.js';

/** One request, read to its end. */
export interface ScriptedRequest {
  /** Request line and header lines as they came, without the empty line. */
  head: string;
  method: string;
  path: string;
  httpVersion: string;
  rawHeaders: [name: string, value: string][];
  /** By lower-case name; a repeated field joined by `, `. */
  headers: Record<string, string>;
  body: Buffer;
  /** The body as a form; of a repeated field the last value. */
  form: Record<string, string>;
}

export type Reply = ScriptedAnswer | ((request: ScriptedRequest) => ScriptedAnswer | Promise<ScriptedAnswer>);

export interface ScriptedServer {
  readonly port: number;
  readonly url: string;
  /** Oldest first, each from the moment its body had arrived. */
  readonly requests: ScriptedRequest[];
  /** How many connections were accepted so far. */
  readonly connections: number;
  /** The next requests get these answers, one each; all further ones the last. Until the first call: 500. */
  reply(...replies: [Reply, ...Reply[]]): void;
  /** What further connections meet before any request is read; undefined: requests are read. */
  meet(fault: ConnectionFault | undefined): void;
  /** Resolves when that many requests have arrived in all. */
  waitForRequests(count: number): Promise<void>;
  /** Ends all connections, also those that wait for an answer. */
  close(): Promise<void>;
}

/** A fault of the connection itself. */
export type ConnectionFault =
  | { readonly kind: 'played'; readonly answer: ScriptedAnswer; readonly isBeforeTls?: boolean }
  | { readonly kind: 'certificate'; readonly tls: TlsOptions };

export interface ScriptedServerOptions {
  readonly tls?: TlsOptions;
  /** Default: 127.0.0.1. */
  readonly host?: string;
  /** Default: the system chooses. */
  readonly port?: number;
}

/** Starts a scripted server; with `tls`, under TLS. */
export async function startScriptedServer(options: ScriptedServerOptions = {}): Promise<ScriptedServer> {
  const { tls, host = '127.0.0.1' } = options;
  const script = newScript();
  const sockets = new Set<Socket>();
  let connections = 0;
  let fault: ConnectionFault | undefined;
  const play = async (connection: Connection) => {
    connection.socket.on('error', () => {}); // a client may go away at any time; 'close' follows
    if (fault?.kind !== 'played') return serveConnection(connection, script);
    if ((await fault.answer.deliver(connection)) === 'close') connection.socket.end();
  };
  const serve = (socket: Socket, carrier: Socket) => {
    connections += 1;
    play(connectionOn(socket, carrier));
  };
  const carriers = new Map<number | undefined, Socket>();
  const tlsServer =
    tls &&
    createTlsServer(tls, (socket) => serve(socket, carriers.get(socket.remotePort) ?? socket)).on(
      'tlsClientError',
      () => {}, // the client does not like what it got
    );
  const server = createServer({ noDelay: true }, (carrier) => {
    const port = carrier.remotePort;
    sockets.add(carrier);
    carriers.set(port, carrier);
    carrier.once('close', () => {
      sockets.delete(carrier);
      if (carriers.get(port) === carrier) carriers.delete(port);
    });
    const isBeforeTls = fault?.kind === 'played' && fault.isBeforeTls;
    if (tlsServer === undefined || isBeforeTls) serve(carrier, carrier);
    else tlsServer.emit('connection', carrier);
  });
  server.listen(options.port ?? 0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  return {
    port,
    url: `${tls ? 'https' : 'http'}://${host}:${port}`,
    requests: script.requests,
    get connections() {
      return connections;
    },
    reply: script.reply,
    meet(next) {
      fault = next;
      if (tls) tlsServer?.setSecureContext(next?.kind === 'certificate' ? next.tls : tls);
    },
    waitForRequests: script.waitForRequests,
    close: () => closeAll(server, sockets),
  };
}

function connectionOn(socket: Socket, carrier: Socket): Connection {
  const closing = new AbortController();
  setMaxListeners(0, closing.signal); // one for each answer that waits
  socket.once('close', () => closing.abort());
  return { socket, closed: closing.signal, reset: () => void carrier.resetAndDestroy() };
}

async function closeAll(server: Server, sockets: Set<Socket>): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  for (const socket of sockets) socket.destroy();
  await closed;
}

interface Script {
  requests: ScriptedRequest[];
  reply(...replies: [Reply, ...Reply[]]): void;
  waitForRequests(count: number): Promise<void>;
  /** Records the request and tells what it gets. */
  next(request: ScriptedRequest): Promise<ScriptedAnswer>;
}

function newScript(): Script {
  const requests: ScriptedRequest[] = [];
  const waiting: { count: number; resolve: () => void }[] = [];
  let queue: Reply[] = [];
  let last: Reply = status(500, { body: 'no reply was scripted\n' });
  return {
    requests,
    reply(...replies) {
      queue = replies.slice(0, -1);
      last = replies.at(-1) as Reply;
    },
    waitForRequests: (count) =>
      new Promise((resolve) => {
        if (requests.length >= count) resolve();
        else waiting.push({ count, resolve });
      }),
    async next(request) {
      requests.push(request);
      for (const { count, resolve } of waiting) if (requests.length >= count) resolve();
      const reply = queue.shift() ?? last;
      return typeof reply === 'function' ? reply(request) : reply;
    },
  };
}

async function serveConnection(connection: Connection, script: Script): Promise<void> {
  const { socket } = connection;
  const reader = newRequestReader(socket);
  socket.once('close', () => reader.end());
  for (;;) {
    const request = await reader.next();
    if (request === undefined) break;
    const answer = await script.next(request).catch(() => status(500, { body: 'the reply threw\n' }));
    const outcome = await answer.deliver(connection);
    if (outcome === 'close' || !wantsKeepAlive(request)) break;
  }
  socket.end();
}

function wantsKeepAlive({ httpVersion, headers }: ScriptedRequest): boolean {
  const connection = headers.connection?.toLowerCase() ?? '';
  return httpVersion === '1.0' ? connection === 'keep-alive' : connection !== 'close';
}

interface RequestReader {
  /** Resolves with undefined when the connection has ended. */
  next(): Promise<ScriptedRequest | undefined>;
  end(): void;
}

function newRequestReader(socket: Socket): RequestReader {
  let received = Buffer.alloc(0);
  let ended = false;
  let wake = () => {};
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    wake();
  });
  return {
    async next() {
      while (!ended) {
        const parsed = parseRequest(received);
        if (parsed !== undefined) {
          received = received.subarray(parsed.bytes);
          return parsed.request;
        }
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return undefined;
    },
    end() {
      ended = true;
      wake();
    },
  };
}

/** @returns undefined while the request is not complete */
function parseRequest(received: Buffer): { request: ScriptedRequest; bytes: number } | undefined {
  const headEnd = received.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const head = received.toString('latin1', 0, headEnd);
  const [requestLine = '', ...headerLines] = head.split('\r\n');
  const rawHeaders = headerLines.map(parseHeaderLine);
  const headers = joinHeaders(rawHeaders);
  const bodyStart = headEnd + 4;
  const body = parseBody(received.subarray(bodyStart), headers);
  if (body === undefined) return undefined;
  const [method = '', path = '', version = ''] = requestLine.split(' ');
  const request: ScriptedRequest = {
    head,
    method,
    path,
    httpVersion: version.replace('HTTP/', ''),
    rawHeaders,
    headers,
    body: body.content,
    form: Object.fromEntries(new URLSearchParams(body.content.toString())),
  };
  return { request, bytes: bodyStart + body.bytes };
}

function parseHeaderLine(line: string): [name: string, value: string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon), line.slice(colon + 1).trim()];
}

function joinHeaders(pairs: [name: string, value: string][]): Record<string, string> {
  const headers = new Map<string, string>();
  for (const [name, value] of pairs) {
    const key = name.toLowerCase();
    const before = headers.get(key);
    headers.set(key, before === undefined ? value : `${before}, ${value}`);
  }
  return Object.fromEntries(headers);
}

/** @returns the body and how many bytes it took; undefined while it is not complete */
function parseBody(
  received: Buffer,
  headers: Record<string, string>,
): { content: Buffer; bytes: number } | undefined {
  if (headers['transfer-encoding'] === 'chunked') return parseChunks(received);
  const length = Number(headers['content-length'] ?? 0);
  return received.length < length ? undefined : { content: received.subarray(0, length), bytes: length };
}

/** Without trailers, which no client here sends. */
function parseChunks(received: Buffer): { content: Buffer; bytes: number } | undefined {
  const parts: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = received.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(received.toString('latin1', at, lineEnd), 16);
    const next = lineEnd + 2 + size + 2;
    if (received.length < next) return undefined;
    if (size === 0) return { content: Buffer.concat(parts), bytes: next };
    parts.push(received.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = next;
  }
}
