// Requests that wait for the API, many at a time: what each of them costs the gateway, in memory and CPU time.
import { setTimeout as delay } from 'node:timers/promises';
import { API_ANSWER_MS, type Backend, type Backends, LATE_PATH } from './backends.js';
import type { Gateway } from './gateway.js';
import { type HeldApi, startHeldApi } from './held_api.js';
import { runLoad } from './load.js';
import { type LoadPlan, measure, type Sample } from './measure.js';
import { memoryOf } from './processors.js';
import { BenchError } from './program.js';
import { PATHS, ROWS, type Row, withContextReuse } from './rows.js';
import { openSequentialClient, type SequentialClient } from './sequential_client.js';
import type { Workload } from './workloads.js';

export const FLIGHT_CONNECTIONS = [64, 512, 2048] as const;
const MOST_CONNECTIONS = Math.max(...FLIGHT_CONNECTIONS);

/** Of the rows that are not here, each does what one of these does, with another header or policy. */
const ROW_NAMES = [
  'bare',
  'stock',
  'empty-njs',
  'empty-bundle-njs',
  'access-njs',
  'auth-request-njs',
  'empty-qjs',
  'empty-bundle-qjs',
  'access-qjs',
  'auth-request-qjs',
  'bare-legacy',
  'auth-request-legacy',
];

export const FLIGHT_ROWS: readonly Row[] = ROW_NAMES.flatMap((name) => {
  const row = ROWS.find((candidate) => candidate.name === name) as Row;
  return name === 'access-qjs' ? [row, withContextReuse(row, MOST_CONNECTIONS)] : [row];
});

/** One token, which is cached, and an API that lets every connection wait. */
const WORKLOAD: Workload = {
  name: 'hot',
  title: 'in flight',
  path: LATE_PATH,
  tokens: () => ({ prefix: 'opaque-token-of-the-benchmark-fly-', first: 0, count: 1 }),
  isFilled: false,
};
const TOKEN = `${WORKLOAD.tokens(0).prefix}00000000`;
/** For each connection: until then the contexts that an engine keeps are made. */
const WARM_UP_ROUND_TRIPS = 3;
/** For each connection: what is under way when a run ends was paid for and is not counted, so it must be a small part. */
const COUNTED_ROUND_TRIPS = 8;
/** Ends what hangs. */
const MOST_SEC = 120;

/** @param gateway  one that nobody has used: a worker keeps the contexts and the memory of its busiest moment */
export async function measureInFlight(gateway: Gateway, plan: LoadPlan): Promise<Sample> {
  const warmUp = await planUntil(plan, WARM_UP_ROUND_TRIPS, 0);
  await runLoad({ ...warmUp, url: gateway.url, path: WORKLOAD.path, tokens: WORKLOAD.tokens(0) });
  await becomesQuiet(plan.backends.api);
  return measure(gateway, WORKLOAD, 0, await planUntil(plan, COUNTED_ROUND_TRIPS, plan.seconds));
}

/** The gateway goes on with requests whose clients have left. */
async function becomesQuiet(api: Backend): Promise<void> {
  for (let before = -1, count = 0; count !== before; ) {
    before = count;
    await delay(2 * API_ANSWER_MS);
    count = await api.requestCount();
  }
}

/** The load until the API has received so many requests for each connection, and that time is over. */
async function planUntil(plan: LoadPlan, roundTrips: number, leastSec: number): Promise<LoadPlan> {
  const { api } = plan.backends;
  const enough = (await api.requestCount()) + roundTrips * plan.connections;
  const startMs = performance.now();
  return {
    ...plan,
    seconds: MOST_SEC,
    isEnough: async () =>
      performance.now() - startMs >= leastSec * 1000 && (await api.requestCount()) >= enough,
  };
}

/** The first ones find room in what the start of nginx has left free. */
const FIRST_REQUESTS = 256;
const COUNTED_REQUESTS = 512;

/**
 * What the worker takes for each further request in flight, in bytes.
 * @param start  starts a gateway that nobody has used, in front of these backends
 * @throws {BenchError} when a client is not served
 */
export async function measureHeldBytes(
  { authorizationServer }: Backends,
  start: (backends: Backends) => Promise<Gateway>,
): Promise<number> {
  const api = await startHeldApi();
  try {
    const gateway = await start({ authorizationServer, api, stop: api.stop });
    try {
      return await heldBytes(gateway, api);
    } catch (error) {
      throw new BenchError(`${gateway.row.name}, held requests: ${(error as Error).message}`);
    } finally {
      await gateway.stop();
    }
  } finally {
    await api.stop();
  }
}

async function heldBytes({ url, workerPids: [pid = 0] }: Gateway, api: HeldApi): Promise<number> {
  const request = {
    url,
    path: PATHS.active,
    tokenAt: () => TOKEN,
    expectedStatus: 200,
  };
  const clients: SequentialClient[] = [];
  const answers: Promise<void>[] = [];
  const bytesWithHeld = async (count: number) => {
    while (clients.length < count) {
      const client = await openSequentialClient(request);
      clients.push(client);
      answers.push(client.send(1));
    }
    // An answer that comes now is a refusal, which ends the measurement with its error.
    await Promise.race([api.holds(count), ...answers]);
    return (await memoryOf(pid)).privateBytes;
  };
  const first = await openSequentialClient(request);
  try {
    // The token is cached before any request is held.
    await first.send(1);
    api.hold();
    const few = await bytesWithHeld(FIRST_REQUESTS);
    const many = await bytesWithHeld(FIRST_REQUESTS + COUNTED_REQUESTS);
    api.release();
    await Promise.all(answers);
    return (many - few) / COUNTED_REQUESTS;
  } finally {
    for (const client of [first, ...clients]) client.close();
  }
}
