// Sends batches of cases to a gateway, many at a time, and finds the smallest case of a batch that shows a fault.
import fc from 'fast-check';
import pLimit from 'p-limit';
import type { LiveCase } from './case.js';
import type { LiveGateway } from './gateway.js';
import { type Exchange, findLiveFault, type ReceivedRequest } from './judge.js';

const AT_A_TIME = 128;

export interface Batch {
  readonly sent: number;
  /** Requests that reached the API, and questions to the authorization server. */
  readonly atApi: number;
  readonly atServer: number;
  readonly failure: string | undefined;
}

/** The same seed and count give the same cases. */
export async function runBatch(
  gateway: LiveGateway,
  cases: fc.Arbitrary<LiveCase>,
  seed: number,
  count: number,
  earlier: readonly Exchange[],
): Promise<Batch & { exchanges: Exchange[] }> {
  const lives = oneOfEach(fc.sample(cases, { seed, numRuns: count }));
  const { fault, exchanges, atApi, atServer } = await play(gateway, lives, earlier);
  const failure = fault === '' ? undefined : await shrink(gateway, cases, seed, count, fault);
  return { sent: lives.length, atApi, atServer, failure, exchanges };
}

/** The authorization server has one answer for a token. */
function oneOfEach(lives: readonly LiveCase[]): LiveCase[] {
  const known = new Set<string>();
  return lives.filter(({ token, answer }) => answer === undefined || (!known.has(token) && known.add(token)));
}

async function play(gateway: LiveGateway, lives: readonly LiveCase[], earlier: readonly Exchange[]) {
  for (const { token, answer } of lives) if (answer !== undefined) gateway.answers.set(token, answer);
  const limit = pLimit(AT_A_TIME);
  const exchanges = await Promise.all(
    lives.map((live) =>
      limit(async (): Promise<Exchange> => ({ live, received: await gateway.send(live.request) })),
    ),
  );
  const api = taken(gateway.api.requests);
  const as = taken(gateway.as.requests.map((request) => ({ ...request, url: request.path })));
  gateway.as.requests.length = 0;
  const accessLines = await gateway.newAccessLines();
  const errorLines = await gateway.newErrorLines();
  const fault = findLiveFault({ exchanges, earlier, api, as, accessLines, errorLines });
  return { fault, exchanges, atApi: api.length, atServer: as.length };
}

interface Recorded extends Omit<ReceivedRequest, 'body'> {
  readonly body: Buffer;
}

function taken(recorded: Recorded[]): ReceivedRequest[] {
  return recorded.splice(0).map(({ method, url, rawHeaders, body }) => ({
    method,
    url,
    rawHeaders,
    body: body.toString('latin1'),
  }));
}

/** The cases of the batch once more, one by one; a fault that needs several of them is told as it was seen. */
async function shrink(
  gateway: LiveGateway,
  cases: fc.Arbitrary<LiveCase>,
  seed: number,
  count: number,
  seen: string,
): Promise<string> {
  const alone = await fc.check(
    fc.asyncProperty(cases, async (live) => {
      const { fault } = await play(gateway, [live], []);
      if (fault !== '') throw new Error(fault);
    }),
    { seed, numRuns: count, interruptAfterTimeLimit: 60_000 },
  );
  const smallest = alone.counterexample?.[0];
  return smallest === undefined || alone.errorInstance === null
    ? `${seen}\n(with several requests at a time)`
    : `${(alone.errorInstance as Error).message}\ncase: ${JSON.stringify(smallest)}`;
}
