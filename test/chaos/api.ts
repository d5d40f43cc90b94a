// The API of a run: answers with the number of the request, and notes what has reached it.
import { createServer, type IncomingMessage } from 'node:http';
import { closeServer, listenLocally } from '../../runtime/local_http.js';
import type { Event } from './events.js';
import { SECRETS } from './secrets.js';

export interface ChaosApi {
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

export async function startApi(host: string, note: (event: Event) => void): Promise<ChaosApi> {
  const server = createServer((request, response) => {
    const number = numberOf(request);
    note({
      kind: 'reached',
      atMs: Date.now(),
      request: number,
      authorization: request.headers.authorization ?? '',
      leaks: leaks(request),
    });
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ request: number }));
  });
  server.keepAliveTimeout = 0;
  const port = await listenLocally(server, 0, host);
  return { host, port, close: () => closeServer(server) };
}

/** The last part of the path. */
function numberOf({ url = '' }: IncomingMessage): number | undefined {
  const [, digits] = /\/(\d+)$/.exec(url) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/** The JWT is what the API is to get; nothing else of these. */
function leaks({ url = '', rawHeaders, headers }: IncomingMessage): boolean {
  const text = `${url}\n${rawHeaders.join('\n')}`;
  return SECRETS.some((secret) => text.includes(secret)) || headers.dpop !== undefined;
}
