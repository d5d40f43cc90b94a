// The answers of a scripted server, right and wrong ones, by name.
import type { Socket } from 'node:net';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { makeJwt } from './jwt.js';

/** What an answer is played on. */
export interface Connection {
  readonly socket: Socket;
  /** Ends the connection by RST, under TLS as well. */
  reset(): void;
  /** Aborted when either side has closed the connection. */
  readonly closed: AbortSignal;
}

export interface ScriptedAnswer {
  /** Plays the answer; says whether the connection serves another request. Never rejects for a client that left. */
  deliver(connection: Connection): Promise<'keep' | 'close'>;
}

export type Headers = Record<string, string | string[]>;

/** An answer that is one whole HTTP message, so that others can send it in another way. */
export interface MessageAnswer extends ScriptedAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
}

export interface MessageOptions {
  status?: number;
  /** `Cache-Control`; none unless given. */
  cacheControl?: string;
  contentType?: string;
  /** Further headers; one of the same name replaces. */
  headers?: Headers;
}

/** 200 with a JWT, as at Curity. */
export function jwt(text: string, options: MessageOptions = {}): MessageAnswer {
  return message(text, { contentType: 'application/jwt', ...options });
}

/** 200 with the value as JSON (RFC 7662 §2.2). */
export function json(value: unknown, options: MessageOptions = {}): MessageAnswer {
  return message(JSON.stringify(value), { contentType: 'application/json', ...options });
}

/** How Curity says that a token is not active to those that asked for a JWT. */
export function inactive204(): MessageAnswer {
  return message('', { status: 204 });
}

export interface StatusOptions {
  headers?: Headers;
  body?: string | Buffer;
}

export function status(code: number, { headers = {}, body = '' }: StatusOptions = {}): MessageAnswer {
  return message(body, { status: code, headers });
}

/** 200 with a page, as a proxy or a login form in between would send. */
export function htmlPage(options: MessageOptions = {}): MessageAnswer {
  return message('<!DOCTYPE html>\n<title>Sign in</title>\n', {
    contentType: 'text/html; charset=utf-8',
    ...options,
  });
}

/** 200 with a body under a type that does not suit it; `contentType` empty for none at all. */
export function wrongContentType(contentType: string, text: string): MessageAnswer {
  return message(text, contentType === '' ? {} : { contentType });
}

/** 200 with a well-formed JWT of that length. */
export function oversized(bytes: number, options: MessageOptions = {}): MessageAnswer {
  return jwt(makeJwt({ sub: 'alice', exp: 4102444800 }, { bytes }), options);
}

function message(body: string | Buffer, options: MessageOptions): MessageAnswer {
  const { status = 200, cacheControl, contentType } = options;
  const headers: Headers = {
    ...(contentType !== undefined && { 'Content-Type': contentType }),
    ...(cacheControl !== undefined && { 'Cache-Control': cacheControl }),
    ...options.headers,
  };
  const answer = { status, headers, body: Buffer.from(body) };
  return {
    ...answer,
    deliver: (connection) => sendWhole(connection, encodeMessage(answer)),
  };
}

/** The same body in chunks, without Content-Length. */
export function chunked(answer: MessageAnswer, chunkBytes = 1024): ScriptedAnswer {
  return {
    deliver: (connection) =>
      sendWhole(
        connection,
        Buffer.concat([chunkedHead(answer), chunks(answer.body, chunkBytes), LAST_CHUNK]),
      ),
  };
}

/** Takes the request and never answers. */
export function silent(): ScriptedAnswer {
  return {
    async deliver({ closed }) {
      if (!closed.aborted) await new Promise((resolve) => closed.addEventListener('abort', resolve));
      return 'close';
    },
  };
}

/** Takes the request and closes the connection in good order. */
export function closeBeforeAnswer(): ScriptedAnswer {
  return { deliver: async () => 'close' };
}

/** Takes the request and resets the connection (RST). */
export function reset(): ScriptedAnswer {
  return {
    async deliver(connection) {
      connection.reset();
      return 'close';
    },
  };
}

/** A reset drops what the client has not read yet, and the client is to see the beginning. */
const UNREAD_MS = 50;

/** Resets the connection when that much of the body is sent. */
export function resetMidBody(answer: MessageAnswer, bodyBytes = 1): ScriptedAnswer {
  return {
    async deliver(connection) {
      await write(connection, encodeMessage(answer, bodyBytes));
      await pause(connection, UNREAD_MS);
      connection.reset();
      return 'close';
    },
  };
}

/** The answer after a delay. */
export function slow(delayMs: number, answer: ScriptedAnswer): ScriptedAnswer {
  return {
    async deliver(connection) {
      await pause(connection, delayMs);
      return answer.deliver(connection);
    },
  };
}

/** The answer in pieces of so many bytes, with a pause before each but the first. */
export function dripped(answer: MessageAnswer, pieceBytes: number, pauseMs: number): ScriptedAnswer {
  return {
    async deliver(connection) {
      const bytes = encodeMessage(answer);
      for (let start = 0; start < bytes.length && !connection.closed.aborted; start += pieceBytes) {
        if (start > 0) await pause(connection, pauseMs);
        await write(connection, bytes.subarray(start, start + pieceBytes));
      }
      return 'keep';
    },
  };
}

/** The head of the answer, and then chunks of its body, again and again, until nginx has had enough. */
export function endlessChunks(answer: MessageAnswer): ScriptedAnswer {
  return {
    async deliver(connection) {
      await write(connection, chunkedHead(answer));
      while (!connection.closed.aborted) {
        await write(connection, chunks(answer.body));
        await nextTurn();
      }
      return 'close';
    },
  };
}

/** Content-Length of the whole body, `bodyBytes` of it, and the end of the connection. */
export function truncated(answer: MessageAnswer, bodyBytes: number): ScriptedAnswer {
  return {
    async deliver(connection) {
      await write(connection, encodeMessage(answer, bodyBytes));
      return 'close';
    },
  };
}

/** A chunk with `bodyBytes` of the body, no last chunk, and the end of the connection. */
export function truncatedChunked(answer: MessageAnswer, bodyBytes: number): ScriptedAnswer {
  return {
    async deliver(connection) {
      await write(
        connection,
        Buffer.concat([chunkedHead(answer), chunks(answer.body.subarray(0, bodyBytes))]),
      );
      return 'close';
    },
  };
}

/** How a connection ends when something else than an HTTP message was sent on it. */
export type Ending = 'close' | 'reset' | 'silence' | 'keep';

/** Any bytes in place of an HTTP message, and the end of the connection. */
export function raw(bytes: Buffer | string, ending: Ending = 'close'): ScriptedAnswer {
  return {
    async deliver(connection) {
      await write(connection, Buffer.from(bytes));
      if (ending === 'keep') return 'keep';
      if (ending === 'silence') return silent().deliver(connection);
      if (ending === 'reset') {
        await pause(connection, UNREAD_MS);
        connection.reset();
      }
      return 'close';
    },
  };
}

/** The head, and then these bytes again and again, with a pause before each, until the client has had enough. */
export function endless(head: string, bytes: string, pauseMs = 0): ScriptedAnswer {
  return {
    async deliver(connection) {
      await write(connection, Buffer.from(head));
      while (!connection.closed.aborted) {
        await (pauseMs === 0 ? nextTurn() : pause(connection, pauseMs));
        await write(connection, Buffer.from(bytes));
      }
      return 'close';
    },
  };
}

/** The answer, unless the signal comes before its end: then the connection ends at once. */
export function endedBy(answer: ScriptedAnswer, signal: AbortSignal): ScriptedAnswer {
  return {
    async deliver(connection) {
      const end = () => connection.socket.destroy();
      signal.addEventListener('abort', end);
      try {
        return await answer.deliver(connection);
      } finally {
        signal.removeEventListener('abort', end);
      }
    },
  };
}

export interface HeldAnswer extends ScriptedAnswer {
  /** Lets the waiting requests have their answer, and all later ones. */
  release(): void;
}

/** The answer when `release` is called. */
export function held(answer: ScriptedAnswer): HeldAnswer {
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  return {
    release,
    async deliver(connection) {
      await Promise.race([released, silent().deliver(connection)]);
      return answer.deliver(connection);
    },
  };
}

const LAST_CHUNK = Buffer.from('0\r\n\r\n');

function chunkedHead(answer: MessageAnswer): Buffer {
  return encodeHead(answer.status, { ...answer.headers, 'Transfer-Encoding': 'chunked' });
}

function chunks(body: Buffer, chunkBytes = Math.max(1, body.length)): Buffer {
  const parts: Buffer[] = [];
  for (let start = 0; start < body.length; start += chunkBytes) {
    const chunk = body.subarray(start, start + chunkBytes);
    parts.push(Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n'));
  }
  return Buffer.concat(parts);
}

interface Message {
  status: number;
  headers: Headers;
  body: Buffer;
}

/** With the length of the whole body, whatever part of it follows. */
function encodeMessage({ status, headers, body }: Message, bodyBytes = body.length): Buffer {
  const names = Object.keys(headers).map((name) => name.toLowerCase());
  const hasLength = names.includes('content-length') || status === 204 || status === 304;
  const length: Headers = hasLength ? {} : { 'Content-Length': String(body.length) };
  return Buffer.concat([encodeHead(status, { ...headers, ...length }), body.subarray(0, bodyBytes)]);
}

function encodeHead(status: number, headers: Headers): Buffer {
  const lines = Object.entries(headers).flatMap(([name, values]) =>
    [values].flat().map((value) => `${name}: ${value}\r\n`),
  );
  return Buffer.from(`HTTP/1.1 ${status} Scripted\r\n${lines.join('')}\r\n`, 'latin1');
}

async function sendWhole(connection: Connection, bytes: Buffer): Promise<'keep'> {
  await write(connection, bytes);
  return 'keep';
}

/** Resolves when the bytes are with the system, or the connection is closed. */
async function write({ socket, closed }: Connection, bytes: Buffer): Promise<void> {
  if (closed.aborted) return;
  await new Promise((resolve) => socket.write(bytes, resolve));
}

async function pause({ closed }: Connection, durationMs: number): Promise<void> {
  await delay(durationMs, undefined, { signal: closed }).catch(() => {});
}
