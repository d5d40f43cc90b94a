/** Shared by the HTTP servers of the demo and the tests: they listen on 127.0.0.1 by default and record requests. */
import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** nginx keeps idle connections for 60 seconds. A server that closes them earlier may do so when a request comes. */
export const KEEP_ALIVE_MS = 75_000;

/** One header field as it was sent. */
export type HeaderPair = [name: string, value: string];

export interface RecordedRequest {
  method: string;
  url: string;
  httpVersion: string;
  /** In the order of arrival; a repeated field is listed each time. */
  rawHeaders: HeaderPair[];
  headers: IncomingHttpHeaders;
  body: Buffer;
  trailers: NodeJS.Dict<string>;
}

/** The default address of servers: other machines cannot reach it. */
export const LOOPBACK = '127.0.0.1';

/**
 * @param port 0 lets the system choose
 * @returns the port; rejects with the system's error (`code: 'EADDRINUSE'`) when it is taken
 */
export async function listenLocally(server: Server, port: number, host: string = LOOPBACK): Promise<number> {
  server.listen(port, host);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** Closes the open connections too. */
export async function closeServer(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
}

/** Reads the request to its end. Rejects when the client goes away before. */
export async function recordRequest(request: IncomingMessage): Promise<RecordedRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return {
    method: request.method ?? '',
    url: request.url ?? '',
    httpVersion: request.httpVersion,
    rawHeaders: headerPairs(request.rawHeaders),
    headers: request.headers,
    body: Buffer.concat(chunks),
    trailers: request.trailers,
  };
}

/** Makes pairs of Node's flat list of names and values. */
export function headerPairs(rawHeaders: readonly string[]): HeaderPair[] {
  const pairs: HeaderPair[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    pairs.push([rawHeaders[i] as string, rawHeaders[i + 1] as string]);
  }
  return pairs;
}
