// An HTTP/1.1 client on a raw socket: requests in any pieces and order, answers one by one, interim ones too.
import { once } from 'node:events';
import { connect } from 'node:net';

export interface RawAnswer {
  readonly status: number;
  /** By lower-case name; for a repeated field, the last value. */
  readonly headers: Record<string, string>;
  readonly body: string;
}

export interface RawClient {
  write(data: string | Buffer): void;
  /** The next answer, also a 1xx. Rejects when the connection ends before, or nothing comes for 10 seconds. */
  next(): Promise<RawAnswer>;
  /** The next bytes as text, outside of any answer: those after a 101. */
  bytes(count: number): Promise<string>;
  /** Closes the connection without sending anything. */
  destroy(): void;
}

const ANSWER_TIMEOUT_MS = 30_000;

/** @param url has the host and port to connect to */
export async function connectRaw(url: string): Promise<RawClient> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  await once(socket, 'connect');
  let received = Buffer.alloc(0);
  let ended = false;
  let wake = () => {};
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    wake();
  });
  socket.on('error', () => {}); // 'close' follows
  socket.once('close', () => {
    ended = true;
    wake();
  });

  const take = async <T>(parse: (bytes: Buffer) => { value: T; bytes: number } | undefined): Promise<T> => {
    const limit = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
    limit.addEventListener('abort', () => wake());
    for (;;) {
      const parsed = parse(received);
      if (parsed !== undefined) {
        received = received.subarray(parsed.bytes);
        return parsed.value;
      }
      if (ended || limit.aborted) {
        throw new Error(`${ended ? 'the connection ended' : 'nothing more came'} after: ${received}`);
      }
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return {
    write: (data) => void socket.write(data),
    next: () => take(parseAnswer),
    bytes: (count) =>
      take((bytes) =>
        bytes.length < count ? undefined : { value: bytes.toString('latin1', 0, count), bytes: count },
      ),
    destroy: () => socket.destroy(),
  };
}

/** Finds the end of the messages that nginx makes for HTTP/1.1, except answers to HEAD. */
function parseAnswer(received: Buffer): { value: RawAnswer; bytes: number } | undefined {
  const headEnd = received.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const [statusLine = '', ...lines] = received.toString('latin1', 0, headEnd).split('\r\n');
  const status = Number(statusLine.split(' ')[1]);
  const headers = Object.fromEntries(lines.map(parseHeaderLine));
  const bodyAt = headEnd + 4;
  const isBodiless = status < 200 || status === 204 || status === 304;
  const body = isBodiless ? { text: '', bytes: 0 } : parseBody(received.subarray(bodyAt), headers);
  return body && { value: { status, headers, body: body.text }, bytes: bodyAt + body.bytes };
}

function parseHeaderLine(line: string): [name: string, value: string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}

function parseBody(
  bytes: Buffer,
  headers: Record<string, string>,
): { text: string; bytes: number } | undefined {
  if (headers['transfer-encoding'] === 'chunked') return parseChunks(bytes);
  const length = Number(headers['content-length']);
  if (Number.isNaN(length)) throw new Error(`an answer without an end: ${JSON.stringify(headers)}`);
  return bytes.length < length ? undefined : { text: bytes.toString('latin1', 0, length), bytes: length };
}

function parseChunks(bytes: Buffer): { text: string; bytes: number } | undefined {
  let text = '';
  for (let at = 0; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    const next = lineEnd + 2 + size + 2;
    if (bytes.length < next) return undefined;
    if (size === 0) return { text, bytes: next };
    text += bytes.toString('latin1', lineEnd + 2, lineEnd + 2 + size);
    at = next;
  }
}
