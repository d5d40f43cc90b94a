// An API that answers nobody until it is told to: as many requests are in flight as have arrived, for as long as wanted.
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Backend } from './backends.js';

export interface HeldApi extends Backend {
  /** From now on requests are held; before, each is answered at once. */
  hold(): void;
  /** Resolves when so many are held. */
  holds(count: number): Promise<void>;
  /** Answers all that are held. */
  release(): void;
}

export async function startHeldApi(): Promise<HeldApi> {
  const held: ServerResponse[] = [];
  let isHolding = false;
  let requests = 0;
  const server = createServer((_request, response) => {
    requests += 1;
    if (!isHolding) {
      response.end('ok\n');
      return;
    }
    held.push(response);
    server.emit('held');
  });
  // A gateway keeps its connections, and none of them may end just when it is used again.
  server.keepAliveTimeout = 0;
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 });
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    requestCount: async () => requests,
    hold() {
      isHolding = true;
    },
    async holds(count) {
      while (held.length < count) await once(server, 'held');
    },
    release() {
      for (const response of held.splice(0)) response.end('ok\n');
    },
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
