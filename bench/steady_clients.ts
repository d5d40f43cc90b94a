// Clients that send one request after the other, each over a connection of its own, to an API that answers when a request
// reached it.
import { Client } from 'undici';
import { BenchError } from './program.js';

export interface Request {
  readonly path: string;
  readonly token: string;
}

/** What became of a request. All times are epoch milliseconds. */
export interface Sent {
  /** Number of the client. */
  readonly client: number;
  readonly sentMs: number;
  readonly status: number;
  /** When it reached the API; undefined when it was refused. */
  readonly passedMs: number | undefined;
}

export interface SteadyClients {
  readonly count: number;
  /** Each client sends until `isOver`; `note` is told of every request. */
  keepSending(
    requestOf: (client: number) => Request,
    note: (sent: Sent) => void,
    isOver: () => boolean,
  ): Promise<void>;
  /** Requests answered so far. */
  readonly answered: number;
  /** Process ids of the workers that have answered. */
  readonly workers: ReadonlySet<string>;
  close(): Promise<void>;
}

/** The line of nginx.conf that tells the clients which worker has answered. */
export const NAME_WORKER = 'add_header X-Worker $pid always;';

export function openSteadyClients(url: string, count: number): SteadyClients {
  const clients = Array.from({ length: count }, () => new Client(url));
  const workers = new Set<string>();
  let answered = 0;

  const sendOne = async (client: number, { path, token }: Request): Promise<Sent> => {
    const sentMs = Date.now();
    const headers = { authorization: `Bearer ${token}` };
    const answer = await (clients[client] as Client).request({ path, method: 'GET', headers });
    workers.add(String(answer.headers['x-worker']));
    const body = await answer.body.text();
    answered += 1;
    const status = answer.statusCode;
    return { client, sentMs, status, passedMs: status === 200 ? readApiTime(body) : undefined };
  };

  return {
    count,
    workers,
    get answered() {
      return answered;
    },
    async keepSending(requestOf, note, isOver) {
      const keepOneSending = async (client: number) => {
        while (!isOver()) note(await sendOne(client, requestOf(client)));
      };
      await Promise.all(clients.map((_, client) => keepOneSending(client)));
    },
    async close() {
      await Promise.all(clients.map((client) => client.destroy()));
    },
  };
}

/** @param body  nginx's `$msec`: epoch seconds, three digits after the point */
function readApiTime(body: string): number {
  if (!/^\d{10}\.\d{3}$/.test(body)) throw new BenchError(`the API answered ${body.slice(0, 80)}`);
  return Math.round(Number(body) * 1000);
}
