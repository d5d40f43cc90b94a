// A thousand clients with one token that nobody has seen: how often is the authorization server asked?
import { type Backends, SLOW_ANSWER_MS } from './backends.js';
import type { Gateway } from './gateway.js';
import { BenchError } from './program.js';
import { PATHS } from './rows.js';
import { openSequentialClient, type SequentialClient } from './sequential_client.js';

export const HERD_CLIENTS = 1000;

export interface HerdSample {
  readonly introspections: number;
  /** From the moment when all clients send to the answer; the authorization server takes {@link SLOW_ANSWER_MS}. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** @param token  never sent before @throws {BenchError} when a client is not served */
export async function measureHerd(gateway: Gateway, backends: Backends, token: string): Promise<HerdSample> {
  const request = {
    url: gateway.url,
    path: PATHS.slow,
    tokenAt: () => token,
    expectedStatus: 200,
  };
  const clients: SequentialClient[] = [];
  try {
    // All are connected before one sends.
    while (clients.length < HERD_CLIENTS) clients.push(await openSequentialClient(request));
    const before = await backends.authorizationServer.requestCount();
    const startMs = performance.now();
    const latenciesMs = await Promise.all(clients.map((client) => answeredAfterMs(client, startMs)));
    const introspections = (await backends.authorizationServer.requestCount()) - before;
    latenciesMs.sort((a, b) => a - b);
    const at = (share: number) => latenciesMs[Math.ceil(share * HERD_CLIENTS) - 1] as number;
    return { introspections, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
  } catch (error) {
    throw new BenchError(`${gateway.row.name}, herd: ${(error as Error).message}`);
  } finally {
    for (const client of clients) client.close();
  }
}

async function answeredAfterMs(client: SequentialClient, startMs: number): Promise<number> {
  await client.send(1);
  return performance.now() - startMs;
}
