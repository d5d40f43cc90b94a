/** `npm run bench:scale`: what the number of tokens, their length, of workers and of clients changes. */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { markdownTable } from 'markdown-table';
import { median } from 'simple-statistics';
import { type Backends, SLOW_ANSWER_MS, startBackends } from './backends.js';
import { type Gateway, type GatewayOptions, startGateway } from './gateway.js';
import { HERD_CLIENTS, type HerdSample, measureHerd } from './herd.js';
import { JWT_LENGTH, SIZED_JWT_LENGTHS } from './jwt.js';
import type { Tokens } from './load.js';
import { describeMachine, findRuntimes, type Runtimes } from './machine.js';
import { fill, type LoadPlan, measure, type Sample } from './measure.js';
import { allowedCpus, type CpuPlan, planCpus, workerAffinity } from './processors.js';
import { BenchError, progress, runProgram } from './program.js';
import {
  type HerdResult,
  type HitResult,
  type MemoryResult,
  type PurgeResult,
  RESULTS,
  type ScaleResults,
  spreadOf,
  type WorkerResult,
  writeResults,
} from './results.js';
import { METRICS, PATHS, ROWS, scaleRow, sizedPath, withContextReuse } from './rows.js';
import type { Workload } from './workloads.js';

const RECORDS = [1, 1000, 100_000, 1_000_000];
const PARTS = ['memory', 'herd', 'workers', 'records'] as const;
const ROUNDS = 5;
const ROUND_SEC = 2;
const CONNECTIONS = 32;
/** Of JWT_LENGTH, its record and the zone's own share. */
const RECORD_BYTES = 2400;
/** Below that an expired record is gone before it can be measured. */
const LEAST_PURGED = 100_000;
/** Of all lengths together they fit into the zone as it is shipped. */
const SIZED_TOKENS = 1000;
const SHIPPED_ZONE = '32m';
const WORKER_RECORDS = 1000;
/** For the rounds, and for whatever else happens between the filling and the last hit. */
const REST_SEC = 45;
/** Records must outlive a filling that takes so many times as long as the one before let expect. */
const FILL_RESERVE = 1.5;
/** Of the first filling, which is to be beaten. */
const SLOWEST_FILL_PER_SEC = 1000;

const USAGE = `Usage: npm run bench:scale -- [options]

  --parts A,B      these only: ${PARTS.join(', ')}
  --records A,B    numbers of records (${RECORDS.join(',')}); a million takes 2.4 GB of memory
  --out FILE       where the figures go; a whole run without it writes bench/results/scale.json
  --help           show this text`;

interface Context {
  readonly runtimes: Runtimes;
  readonly backends: Backends;
  readonly cpus: CpuPlan;
  readonly plan: LoadPlan;
}

async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      parts: { type: 'string', default: PARTS.join(',') },
      records: { type: 'string', default: RECORDS.join(',') },
      out: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const parts = values.parts.split(',');
  const records = values.records.split(',').map(Number);
  const unknown = parts.filter((part) => !(PARTS as readonly string[]).includes(part));
  if (unknown.length > 0) throw new BenchError(`--parts: there is no ${unknown.join(', ')}`);
  if (!records.every((count) => Number.isInteger(count) && count >= 1 && count <= 10_000_000)) {
    throw new BenchError('--records are whole numbers from 1 to 10,000,000');
  }
  const command = ['npm run bench:scale', ...(args.length > 0 ? ['--', ...args] : [])].join(' ');
  const results = await run(parts, records, command);
  console.log(formatResults(results));
  const isWhole = args.length === 0;
  if (isWhole || values.out !== undefined) await writeResults(values.out ?? RESULTS.scale, results);
  return 0;
}

async function run(parts: string[], records: number[], command: string): Promise<ScaleResults> {
  const runtimes = await findRuntimes();
  const cpus = await planCpus();
  if (cpus === undefined) throw new BenchError('the gateway needs a CPU of its own; there is only one');
  const backends = await startBackends(runtimes.modern, workerAffinity(cpus.others));
  const plan = { backends, connections: CONNECTIONS, seconds: ROUND_SEC, cpus: cpus.others };
  const context: Context = { runtimes, backends, cpus, plan };
  try {
    const isWanted = (part: (typeof PARTS)[number]) => parts.includes(part);
    const memory = isWanted('memory') ? await measureMemory(context) : { emptyZoneBytes: 0, tokens: [] };
    const herd = isWanted('herd') ? await measureHerds(context) : [];
    const workers = isWanted('workers') ? await measureWorkers(context) : [];
    const { hits, purges } = isWanted('records')
      ? await measureRecords(context, records)
      : { hits: [], purges: [] };
    const machine = await describeMachine(runtimes);
    const conditions = { date: new Date().toISOString(), command, machine, jwtLength: JWT_LENGTH };
    return { ...conditions, memory, herd, workers, hits, purges };
  } finally {
    await backends.stop();
  }
}

function gatewayOptions({ runtimes, backends, cpus }: Context, zoneSize: string): GatewayOptions {
  return { runtimes, backends, affinity: workerAffinity([cpus.gateway]), zoneSize };
}

async function withGateway<T>(
  row: Parameters<typeof startGateway>[0],
  options: GatewayOptions,
  use: (gateway: Gateway) => Promise<T>,
): Promise<T> {
  const gateway = await startGateway(row, options);
  try {
    return await use(gateway);
  } finally {
    await gateway.stop();
  }
}

function tokensNamed(name: string, count: number): Tokens {
  return { prefix: `opaque-token-of-the-benchmark-${name}-`, first: 0, count };
}

/** What a token takes in the zone, by the length of its JWT: the free bytes of the zone before and after. */
function measureMemory(context: Context): Promise<MemoryResult> {
  return withGateway(scaleRow(3600), gatewayOptions(context, SHIPPED_ZONE), async (gateway) => {
    const emptyZoneBytes = await freeZoneBytes(gateway);
    const tokens: MemoryResult['tokens'][number][] = [];
    for (const jwtLength of SIZED_JWT_LENGTHS) {
      progress(`memory of ${SIZED_TOKENS} tokens with JWTs of ${jwtLength} bytes`);
      const before = await freeZoneBytes(gateway);
      const sized = tokensNamed(`m${jwtLength}`, SIZED_TOKENS);
      await fill(gateway, sizedPath(jwtLength), sized, context.plan);
      const bytesPerToken = (before - (await freeZoneBytes(gateway))) / SIZED_TOKENS;
      tokens.push({ jwtLength, bytesPerToken });
    }
    return { emptyZoneBytes, tokens };
  });
}

async function freeZoneBytes({ url }: Gateway): Promise<number> {
  const metrics = await (await fetch(`${url}${METRICS}`)).text();
  return Number(/^phantom_token_zone_free_bytes\{zone="phantom_token"\} (\d+)$/m.exec(metrics)?.[1]);
}

/** Every row that asks, and QuickJS with a context for each of the herd. */
const HERD_ROWS = ROWS.filter(({ introspects }) => introspects).flatMap((row) =>
  row.name === 'access-qjs' ? [row, withContextReuse(row, HERD_CLIENTS)] : [row],
);

/** Each row in turn; ours must ask once. */
async function measureHerds(context: Context): Promise<HerdResult[]> {
  const results: HerdResult[] = [];
  for (const row of HERD_ROWS) {
    progress(`herd: ${HERD_CLIENTS} clients, one unknown token, ${row.title}`);
    const samples = await withGateway(row, gatewayOptions(context, SHIPPED_ZONE), async (gateway) => {
      const all: HerdSample[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        all.push(await measureHerd(gateway, context.backends, `opaque-token-of-the-herd-${round}`));
      }
      return all;
    });
    const asked = Math.max(...samples.map(({ introspections }) => introspections));
    if (asked !== 1 && row.name !== 'stock') {
      throw new BenchError(`${row.name}, herd: ${asked} introspections, expected 1`);
    }
    results.push({
      name: row.name,
      title: row.title,
      clients: HERD_CLIENTS,
      answerMs: SLOW_ANSWER_MS,
      samples,
    });
  }
  return results;
}

/** One worker and two, round by round in turn. With fewer than four CPUs the load takes its share of them. */
async function measureWorkers(context: Context): Promise<WorkerResult[]> {
  const all = await allowedCpus();
  const isApart = all.length >= 4;
  const gatewayCpus = isApart ? all.slice(-2) : all;
  const loadCpus = isApart ? all.slice(0, -2) : all;
  const plan = { ...context.plan, cpus: loadCpus };
  const workload = hits(tokensNamed('workers', WORKER_RECORDS));
  const samples: Record<1 | 2, Sample[]> = { 1: [], 2: [] };
  // Each worker may use each of the CPUs: nginx itself decides who takes a connection.
  const options = (workers: 1 | 2) => ({
    ...gatewayOptions(context, SHIPPED_ZONE),
    affinity: workerAffinity(workers === 1 ? gatewayCpus.slice(-1) : gatewayCpus),
    workers,
  });
  await withGateway(scaleRow(3600), options(1), (one) =>
    withGateway(scaleRow(3600), options(2), async (two) => {
      for (const gateway of [one, two]) await fill(gateway, workload.path, workload.tokens(0), plan);
      for (let round = 0; round < ROUNDS; round += 1) {
        progress(`workers: round ${round + 1} of ${ROUNDS}`);
        samples[1].push(await measure(one, workload, round, plan));
        samples[2].push(await measure(two, workload, round, plan));
      }
    }),
  );
  return ([1, 2] as const).map((workers) => ({ workers, hasOwnCpus: isApart, samples: samples[workers] }));
}

/** Hits among so many records, and then the one request that finds all of them ended. */
async function measureRecords(
  context: Context,
  counts: number[],
): Promise<{ hits: HitResult[]; purges: PurgeResult[] }> {
  const hitResults: HitResult[] = [];
  const purges: PurgeResult[] = [];
  let fillPerSec = SLOWEST_FILL_PER_SEC;
  for (const records of counts) {
    const ttlSec = Math.ceil((FILL_RESERVE * records) / fillPerSec) + REST_SEC;
    const zoneMb = 32 + Math.ceil((records * RECORD_BYTES) / 2 ** 20);
    await withGateway(scaleRow(ttlSec), gatewayOptions(context, `${zoneMb}m`), async (gateway) => {
      progress(`records: filling ${records}`);
      const workload = hits(tokensNamed('records', records));
      const fillSec = await fill(gateway, workload.path, workload.tokens(0), context.plan);
      const filledAtMs = Date.now();
      if (records >= LEAST_PURGED) fillPerSec = records / fillSec;
      const samples: Sample[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        progress(`records: ${records}, round ${round + 1} of ${ROUNDS}`);
        samples.push(await measure(gateway, workload, round, context.plan));
      }
      hitResults.push({ records, samples });
      if (records >= LEAST_PURGED) {
        progress(`records: waiting for the end of ${records}`);
        await delay(filledAtMs + (ttlSec + 1) * 1000 - Date.now());
        purges.push({ records, zoneMb, ...(await measurePurge(gateway)) });
      }
    });
  }
  return { hits: hitResults, purges };
}

function hits(tokens: Tokens): Workload {
  return { name: 'many', title: 'hits', path: PATHS.active, tokens: () => tokens, isFilled: true };
}

const USUAL_MISSES = 51;

/** The first new record after many have ended: njs frees all of them in that one call. */
async function measurePurge(gateway: Gateway): Promise<Pick<PurgeResult, 'requestMs' | 'usualMs'>> {
  const requestMs = await missMs(gateway, 'first-after-all-have-ended');
  const usual: number[] = [];
  while (usual.length < USUAL_MISSES) usual.push(await missMs(gateway, `later-${usual.length}`));
  return { requestMs, usualMs: median(usual) };
}

async function missMs({ url }: Gateway, token: string): Promise<number> {
  const startMs = performance.now();
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  await response.text();
  if (response.status !== 200) throw new BenchError(`scale: a miss was answered ${response.status}`);
  return performance.now() - startMs;
}

function formatResults({ memory, herd, workers, hits: hitResults, purges }: ScaleResults): string {
  const medianOf = (samples: readonly Sample[], read: (sample: Sample) => number) => {
    const { median: middle, halfRange } = spreadOf(samples.map(read));
    return `${middle.toFixed(1)} ±${halfRange.toFixed(1)}`;
  };
  const herdMedian = (samples: readonly HerdSample[], read: (sample: HerdSample) => number) =>
    median(samples.map(read)).toFixed(0);
  const tables = [
    [
      ['JWT, bytes', 'zone, bytes for each token'],
      ...memory.tokens.map((m) => [String(m.jwtLength), m.bytesPerToken.toFixed(0)]),
    ],
    [
      ['herd', 'introspections', 'p50 ms', 'p99 ms', 'last ms'],
      ...herd.map(({ title, samples }) => [
        title,
        String(Math.max(...samples.map(({ introspections }) => introspections))),
        herdMedian(samples, ({ p50Ms }) => p50Ms),
        herdMedian(samples, ({ p99Ms }) => p99Ms),
        herdMedian(samples, ({ maxMs }) => maxMs),
      ]),
    ],
    [
      ['workers', 'req/s', 'CPU µs/req'],
      ...workers.map(({ workers: count, samples }) => [
        String(count),
        medianOf(samples, ({ requestsPerSec }) => requestsPerSec),
        medianOf(samples, ({ cpuUs }) => cpuUs),
      ]),
    ],
    [
      ['records', 'CPU µs/req'],
      ...hitResults.map(({ records, samples }) => [String(records), medianOf(samples, ({ cpuUs }) => cpuUs)]),
    ],
    [
      ['ended records', 'zone MB', 'first miss ms', 'usual miss ms'],
      ...purges.map((p) => [
        String(p.records),
        String(p.zoneMb),
        p.requestMs.toFixed(1),
        p.usualMs.toFixed(1),
      ]),
    ],
  ];
  return tables
    .filter((lines) => lines.length > 1)
    .map((lines) => markdownTable(lines))
    .join('\n\n');
}

await runProgram(main);
