// An API that switches protocols, as for WebSocket (RFC 6455 §4.2.2), and sends back what it gets. No frames: nginx
// does not look into them.
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { closeServer, type RecordedRequest, recordRequest } from '../../runtime/local_http.js';

export interface EchoServer {
  readonly port: number;
  /** Oldest first: requests for an upgrade, and plain requests, which get 200. */
  readonly requests: RecordedRequest[];
  close(): Promise<void>;
}

/** @param url where to listen; default: a port of 127.0.0.1 */
export async function startEchoServer(url = 'http://127.0.0.1:0'): Promise<EchoServer> {
  const requests: RecordedRequest[] = [];
  const server = http.createServer(async (request, response) => {
    requests.push(await recordRequest(request));
    response.end('plain');
  });
  const sockets = new Set<{ destroy(): void }>();
  server.on('upgrade', async (request, socket) => {
    sockets.add(socket);
    requests.push(await recordRequest(request));
    socket.on('error', () => {}); // the other side may go away at any time
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhello',
    );
    socket.pipe(socket);
  });
  const { hostname, port } = new URL(url);
  server.listen(Number(port), hostname);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    async close() {
      for (const socket of sockets) socket.destroy(); // the server no longer knows them
      await closeServer(server);
    },
  };
}

/** The head of a request for an upgrade, with a token. */
export function upgradeRequest(path: string, token: string, protocol = 'websocket'): string {
  return [
    `GET ${path} HTTP/1.1`,
    'Host: gateway.test',
    `Authorization: Bearer ${token}`,
    'Connection: Upgrade',
    `Upgrade: ${protocol}`,
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    '\r\n',
  ].join('\r\n');
}
