/** What the HTTP servers of the demo and the tests share: they listen on 127.0.0.1, unless told, and record requests. */
import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** nginx keeps idle connections for 60 seconds; a server that closes them earlier races with a request. */
export const KEEP_ALIVE_MS = 75_000;

/** One header field as it was sent. */
export type HeaderPair = [name: string, value: string];

export interface RecordedRequest {
  method: string;
  url: string;
  httpVersion: string;
  /** In the order of arrival, a repeated field as often as it came. */
  rawHeaders: HeaderPair[];
  headers: IncomingHttpHeaders;
  body: Buffer;
  trailers: NodeJS.Dict<string>;
}

/** Where servers listen unless told otherwise: nobody else can reach them. */
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

/** Ends the open connections too. */
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

/** Node's flat list of names and values, in pairs. */
export function headerPairs(rawHeaders: readonly string[]): HeaderPair[] {
  const pairs: HeaderPair[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    pairs.push([rawHeaders[i] as string, rawHeaders[i + 1] as string]);
  }
  return pairs;
}
