// The server behind the gateway, for tests: it verifies nothing and records every request as it came.
import http from 'node:http';
import {
  closeServer,
  KEEP_ALIVE_MS,
  listenLocally,
  type RecordedRequest,
  recordRequest,
} from '../../runtime/local_http.js';

export type UpstreamRequest = RecordedRequest;

export interface UpstreamAnswer {
  status?: number;
  headers?: Record<string, string | string[]>;
  body?: string | Buffer;
}

export interface Upstream {
  readonly port: number;
  readonly url: string;
  /** Oldest first, without requests whose client left before their end. */
  readonly requests: UpstreamRequest[];
  /** Answers the next requests; may be replaced at any time. */
  answer: (request: UpstreamRequest) => UpstreamAnswer | Promise<UpstreamAnswer>;
  close(): Promise<void>;
}

const DEFAULT_ANSWER: UpstreamAnswer = {
  headers: { 'Content-Type': 'application/json' },
  body: '{"upstream":"ok"}',
};

/** Starts a recorder on a port of 127.0.0.1 that accepts headers of up to 256 kB. */
export async function startUpstream(): Promise<Upstream> {
  const server = http.createServer({ keepAliveTimeout: KEEP_ALIVE_MS, maxHeaderSize: 256 * 1024 });
  const port = await listenLocally(server, 0);
  const upstream: Upstream = {
    port,
    url: `http://127.0.0.1:${port}`,
    requests: [],
    answer: () => DEFAULT_ANSWER,
    close: () => closeServer(server),
  };
  server.on('request', async (request, response) => {
    const recorded = await recordRequest(request).catch(() => undefined);
    if (recorded === undefined) return;
    upstream.requests.push(recorded);
    const { status = 200, headers = {}, body = '' } = await upstream.answer(recorded);
    response.writeHead(status, headers);
    response.end(body);
  });
  return upstream;
}
