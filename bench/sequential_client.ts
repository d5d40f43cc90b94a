// One connection, one request after the other, all of the same length: what is counted does not depend on time.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { proofLine, requestText } from './request.js';
import type { AskedBy } from './rows.js';

export interface SequentialClient {
  /** Sends `count` requests; rejects when an answer has another status or the connection ends. */
  send(count: number): Promise<void>;
  close(): void;
}

export interface SequentialRequest {
  readonly url: string;
  /** Default: a client. */
  readonly askedBy?: AskedBy;
  readonly path: string;
  readonly tokenAt: (sent: number) => string;
  readonly expectedStatus: number;
}

export async function openSequentialClient(request: SequentialRequest): Promise<SequentialClient> {
  const { hostname, port } = new URL(request.url);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  await once(socket, 'connect');
  const { askedBy = 'client' } = request;
  const { before, after } = requestText(askedBy, request.path, request.tokenAt(0).length);
  let sent = 0;
  return {
    async send(count) {
      for (const end = sent + count; sent < end; sent += 1) {
        const token = request.tokenAt(sent);
        const text = `${before}${token}${proofLine(askedBy, request.path, token)}${after}`;
        await exchange(socket, text, request.expectedStatus);
      }
    },
    close: () => socket.destroy(),
  };
}

function exchange(socket: Socket, request: string, expectedStatus: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let received = '';
    const finish = (error?: Error) => {
      socket.off('data', onData).off('close', onClose).off('error', finish);
      if (error === undefined) resolve();
      else reject(error);
    };
    const onClose = () => finish(new Error(`the connection was closed after: ${received}`));
    const onData = (chunk: Buffer) => {
      received += chunk.toString('latin1');
      const length = answerLength(received);
      if (length === undefined || received.length < length) return;
      const isExpected = received.startsWith(`HTTP/1.1 ${expectedStatus} `) && received.length === length;
      finish(isExpected ? undefined : new Error(`unexpected answer: ${received}`));
    };
    socket.on('data', onData).on('close', onClose).on('error', finish);
    socket.write(request);
  });
}

/** @returns undefined while the head is not complete */
function answerLength(received: string): number | undefined {
  const headEnd = received.indexOf('\r\n\r\n');
  if (headEnd === -1) return undefined;
  const [, bodyLength] = /\r\ncontent-length: (\d+)/i.exec(received.slice(0, headEnd)) ?? [];
  return headEnd + 4 + Number(bodyLength ?? 0);
}
