// One cell of the table, once: the load on one gateway, what it took, and whether it was what the row claims.
import type { Backends } from './backends.js';
import { proofFor } from './bound.js';
import type { Gateway } from './gateway.js';
import { type Load, type LoadResult, runLoad, type Tokens, tokenOf } from './load.js';
import { cpuTimeNs } from './processors.js';
import { BenchError } from './program.js';
import { sendOne } from './request.js';
import { asksApi, isForwarded } from './rows.js';
import {
  expectedApiRequests,
  expectedIntrospections,
  isRefused,
  type Range,
  type Run,
  type Workload,
} from './workloads.js';

/** One run of the load. */
export interface Sample {
  readonly requestsPerSec: number;
  /** CPU time of the gateway's workers for each request. */
  readonly cpuUs: number;
  /** Share of the time that the workers ran, 0 to 1 for each of them; well below 1 the load was too weak. */
  readonly busy: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  readonly introspections: number;
}

export interface LoadPlan {
  readonly backends: Backends;
  readonly connections: number;
  readonly seconds: number;
  /** Ends a run before its time, once it holds. */
  readonly isEnough?: () => Promise<boolean>;
  /** CPUs of the load. */
  readonly cpus: readonly number[];
}

/** @throws {BenchError} when an answer, or the number of questions asked, is not what the row claims */
export async function measure(
  gateway: Gateway,
  workload: Workload,
  round: number,
  plan: LoadPlan,
): Promise<Sample> {
  const tokens = workload.tokens(round);
  await checkAnswer(gateway, workload, tokens, 'before');
  const countsBefore = await readCounts(plan.backends);
  const proofs = gateway.row.askedBy === 'key_holder' ? proofsFor(workload.path, tokens, plan) : [];
  const cpuBefore = await cpuTimeOf(gateway);
  const result = await runLoad({ ...plan, ...targetOf(gateway, workload.path), tokens, proofs });
  const cpuNs = (await cpuTimeOf(gateway)) - cpuBefore;
  // Its answer comes after those of the requests that wrk left under way.
  await checkAnswer(gateway, workload, tokens, 'after');
  const countsAfter = await readCounts(plan.backends);

  const { row } = gateway;
  const run: Run = { ...plan, requests: result.requests };
  const isMiss = workload.name === 'miss' && row.introspects;
  const introspections = countsAfter.introspections - countsBefore.introspections - (isMiss ? 1 : 0);
  const apiRequests =
    countsAfter.api - countsBefore.api - (isRefused(row, workload.name) || !asksApi(row) ? 0 : 1);
  const where = `${row.name}, ${workload.name}`;
  checkLoad(where, result, isRefused(row, workload.name) ? result.requests : 0);
  if (workload.name === 'many' && row.introspects && introspections > 0) {
    throw new BenchError(`${where}: records ended during the run: use fewer --rounds, or --rows`);
  }
  checkCount(`${where}: introspections`, introspections, expectedIntrospections(row, workload.name, run));
  checkCount(`${where}: requests to the API`, apiRequests, expectedApiRequests(row, workload.name, run));
  return {
    requestsPerSec: result.requests / (result.durationUs / 1e6),
    cpuUs: cpuNs / 1000 / result.requests,
    busy: cpuNs / 1000 / result.durationUs / gateway.workerPids.length,
    p50Us: result.p50Us,
    p99Us: result.p99Us,
    p999Us: result.p999Us,
    introspections,
  };
}

/** More than a gateway can verify in that time. When they end all the same, wrk is answered 401 and the run fails. */
const MOST_PROOFS_PER_SEC = 12_000;

/** Made before the run, since making them takes as long as verifying them. */
function proofsFor(path: string, tokens: Tokens, { seconds }: LoadPlan): string[] {
  return Array.from({ length: seconds * MOST_PROOFS_PER_SEC }, () => proofFor(path, tokenOf(tokens)));
}

/**
 * Sends tokens that are new until the authorization server was asked about each of them.
 * @returns for how long, in seconds
 * @throws {BenchError} when one was asked about twice, or time is up
 */
export async function fill(gateway: Gateway, path: string, tokens: Tokens, plan: LoadPlan): Promise<number> {
  const { authorizationServer } = plan.backends;
  const before = await authorizationServer.requestCount();
  const asked = async () => (await authorizationServer.requestCount()) - before;
  const result = await runLoad({
    ...plan,
    ...targetOf(gateway, path),
    tokens,
    seconds: MAX_FILL_SEC,
    isEnough: async () => (await asked()) >= tokens.count,
  });
  const where = `${gateway.row.name}, filling`;
  checkLoad(where, result, 0);
  checkCount(`${where}: introspections`, await asked(), { least: tokens.count, most: tokens.count });
  return result.durationUs / 1e6;
}

/** What the load asks, and as who. */
function targetOf({ url, row }: Gateway, path: string): Pick<Load, 'url' | 'path' | 'askedBy'> {
  return { url, path, askedBy: row.askedBy ?? 'client' };
}

const MAX_FILL_SEC = 900;

async function cpuTimeOf({ workerPids }: Gateway): Promise<number> {
  const times = await Promise.all(workerPids.map(cpuTimeNs));
  return times.reduce((sum, time) => sum + time, 0);
}

async function readCounts({ api, authorizationServer }: Backends) {
  return { api: await api.requestCount(), introspections: await authorizationServer.requestCount() };
}

/** One request beside the load: its status, and what the API received. */
async function checkAnswer(
  { url, row }: Gateway,
  workload: Workload,
  tokens: Tokens,
  when: 'before' | 'after',
): Promise<void> {
  const token = workload.name === 'miss' ? `${tokens.prefix}${when}` : tokenOf(tokens);
  const { status, received } = await sendOne(row, url, workload.path, token);
  const expectedStatus = isRefused(row, workload.name) ? 401 : 200;
  const isRight = status === expectedStatus && (expectedStatus !== 200 || isForwarded(row, token, received));
  if (!isRight) {
    throw new BenchError(
      `${row.name}, ${workload.name}: a request ${when} the load was answered ${status}, ` +
        `expected ${expectedStatus} and a ${row.forwards} for the API, which received: ${received.slice(0, 200)}`,
    );
  }
}

function checkLoad(where: string, result: LoadResult, expectedFailures: number): void {
  if (result.failedConnections > 0 || result.failedAnswers !== expectedFailures || result.requests === 0) {
    throw new BenchError(`${where}: not every answer is what it should be: ${JSON.stringify(result)}`);
  }
}

function checkCount(what: string, count: number, { least, most }: Range): void {
  if (count < least || count > most) {
    throw new BenchError(`${what}: ${count}, expected ${least} to ${most}`);
  }
}
