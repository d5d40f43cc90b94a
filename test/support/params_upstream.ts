// Shared by the FastCGI and the uwsgi application of the tests: a listener on raw sockets that records requests.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { HeaderPair } from '../../runtime/local_http.js';

/** A request of either protocol: the CGI variables (RFC 3875) and a body. */
export interface ParamsRequest {
  /** In the order of arrival; a repeated name is listed each time. */
  readonly params: HeaderPair[];
  readonly body: Buffer;
}

export interface ParamsUpstream {
  readonly port: number;
  /** Oldest first, each from the moment its body had arrived. */
  readonly requests: ParamsRequest[];
  /** Ends all connections. */
  close(): Promise<void>;
}

/**
 * Starts a recorder on a port of 127.0.0.1, one request for each connection.
 * @param take gets all bytes so far; returns undefined while the request is not complete
 */
export async function startParamsUpstream(
  take: (received: Buffer) => { request: ParamsRequest; answer: Buffer } | undefined,
): Promise<ParamsUpstream> {
  const requests: ParamsRequest[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    let received = Buffer.alloc(0);
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => {}); // nginx may go away at any time
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      const taken = take(received);
      if (taken === undefined) return;
      requests.push(taken.request);
      socket.end(taken.answer);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
