/**
 * `npm run bench:instructions`: instructions and simulated cache misses for each request, which are the same on a busy
 * machine.
 */
import { parseArgs } from 'node:util';
import { markdownTable } from 'markdown-table';
import pLimit from 'p-limit';
import { median } from 'simple-statistics';
import { type Backends, startBackends } from './backends.js';
import { CACHES, type Callgrind, type Events, newCallgrind, valgrindVersion } from './callgrind.js';
import { type Gateway, startGateway } from './gateway.js';
import { findGrowth, type InstructionFile, type InstructionVersions, MEASURES } from './instruction_check.js';
import { tokenOf } from './load.js';
import { findRuntimes, type Runtimes } from './machine.js';
import { allowedCpus } from './processors.js';
import { BenchError, runProgram } from './program.js';
import { RESULTS, readResults, writeResults } from './results.js';
import { ROWS, type Row } from './rows.js';
import { openSequentialClient, type SequentialClient } from './sequential_client.js';
import { isRefused, WORKLOADS } from './workloads.js';

const USAGE = `Usage: npm run bench:instructions -- [options]

  --check      compare with bench/instructions.json and write nothing; exit code 1 when a row has grown
  --help       show this text`;

/**
 * So that what happens now and then (the clock's second, QuickJS's collector) is in each window about equally often.
 * What leaves more to collect needs fewer requests for that, and each takes long.
 */
const WINDOW_REQUESTS = { hot: 400, policy: 400, denied: 100, miss: 100 } as const;
type CountedWorkload = keyof typeof WINDOW_REQUESTS;
const COUNTED_WORKLOADS = Object.keys(WINDOW_REQUESTS) as CountedWorkload[];
/** Of a window, before anything is counted: pools and caches fill, connections open. */
const WARM_UP_PART = 0.5;
const WINDOWS = 3;
/** A record may end meanwhile, and a window with a question does not count. */
const WINDOW_ATTEMPTS = 12;
/** Holds every token that is counted as a miss. */
const ZONE_SIZE = '8m';

async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { check: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const runtimes = await findRuntimes();
  const measured = await countAll(runtimes);
  const kept = await readResults<InstructionFile>(RESULTS.instructions);
  console.log(formatCounts(measured, kept));
  if (!values.check) {
    await writeResults(RESULTS.instructions, measured);
    console.log('written: bench/instructions.json');
    return 0;
  }
  if (kept === undefined) throw new BenchError('there is no bench/instructions.json: run it without --check');
  const { rule, problems } = findGrowth(measured, kept);
  console.log(rule);
  for (const problem of problems) console.error(problem);
  return problems.length === 0 ? 0 : 1;
}

type EventsByName = Record<string, Events>;

async function countAll(runtimes: Runtimes): Promise<InstructionFile> {
  const callgrind = await newCallgrind();
  const inTurn = pLimit((await allowedCpus()).length);
  try {
    const wrapped = {
      modern: { ...runtimes.modern, binary: await callgrind.wrap(runtimes.modern.binary) },
      legacy: { ...runtimes.legacy, binary: await callgrind.wrap(runtimes.legacy.binary) },
    };
    const counts = await Promise.all(
      ROWS.map((row) => inTurn(() => countRow(row, wrapped, runtimes.modern, callgrind))),
    );
    const all: EventsByName = Object.assign({}, ...counts);
    const pick = (event: keyof Events) =>
      Object.fromEntries(Object.entries(all).map(([name, events]) => [name, events[event]]));
    return {
      versions: await readVersions(runtimes),
      instructions: pick('instructions'),
      cacheMisses: { firstLevel: pick('firstLevelMisses'), lastLevel: pick('lastLevelMisses') },
    };
  } finally {
    await callgrind.remove();
  }
}

async function countRow(
  row: Row,
  wrapped: Runtimes,
  backendRuntime: Runtimes['modern'],
  callgrind: Callgrind,
): Promise<EventsByName> {
  // Backends of its own: how often they were asked is known of this row alone.
  const backends = await startBackends(backendRuntime, '');
  try {
    const gateway = await startGateway(row, {
      runtimes: wrapped,
      backends,
      affinity: '',
      zoneSize: ZONE_SIZE,
    });
    try {
      const counts: EventsByName = {};
      for (const name of COUNTED_WORKLOADS.filter((workload) => isCounted(row, workload))) {
        counts[`${row.name} ${name}`] = await countWorkload(gateway, name, backends, callgrind);
      }
      return counts;
    } finally {
      await gateway.stop();
    }
  } finally {
    await backends.stop();
  }
}

/** A row that does not introspect does the same for every token. */
function isCounted(row: Row, workload: CountedWorkload): boolean {
  return row.workloads.includes(workload) && (row.introspects || workload === 'hot');
}

async function countWorkload(
  gateway: Gateway,
  name: CountedWorkload,
  backends: Backends,
  callgrind: Callgrind,
): Promise<Events> {
  const workload = WORKLOADS.find((candidate) => candidate.name === name) as (typeof WORKLOADS)[number];
  const tokens = workload.tokens(0);
  const requests = WINDOW_REQUESTS[name];
  const window: Window = { requests, introspections: name === 'miss' ? requests : 0 };
  const client = await openSequentialClient({
    url: gateway.url,
    askedBy: gateway.row.askedBy ?? 'client',
    path: workload.path,
    tokenAt: (sent) => tokenOf(tokens, sent),
    expectedStatus: isRefused(gateway.row, name) ? 401 : 200,
  });
  try {
    await client.send(requests * WARM_UP_PART);
    const windows: Events[] = [];
    for (let attempt = 0; attempt < WINDOW_ATTEMPTS && windows.length < WINDOWS; attempt += 1) {
      const events = await countWindow(gateway, client, backends, callgrind, window);
      if (events !== undefined) windows.push(events);
    }
    if (windows.length < WINDOWS)
      throw new BenchError(
        `${gateway.row.name}, ${name}: the authorization server is not asked ${window.introspections} times in a window`,
      );
    const middle = (event: keyof Events) =>
      Math.round(median(windows.map((events) => events[event])) / requests);
    return {
      instructions: middle('instructions'),
      firstLevelMisses: middle('firstLevelMisses'),
      lastLevelMisses: middle('lastLevelMisses'),
    };
  } finally {
    client.close();
  }
}

interface Window {
  readonly requests: number;
  /** Questions to the authorization server that belong to it. */
  readonly introspections: number;
}

/** @returns undefined when the authorization server was asked more or less often: a record has ended meanwhile */
async function countWindow(
  { workerPids: [pid = 0] }: Gateway,
  client: SequentialClient,
  { authorizationServer }: Backends,
  callgrind: Callgrind,
  { requests, introspections }: Window,
): Promise<Events | undefined> {
  const askedBefore = await authorizationServer.requestCount();
  await callgrind.countSince(pid);
  await client.send(requests);
  const events = await callgrind.countSince(pid);
  return (await authorizationServer.requestCount()) === askedBefore + introspections ? events : undefined;
}

async function readVersions({ modern, legacy }: Runtimes): Promise<InstructionVersions> {
  return {
    architecture: process.arch,
    valgrind: await valgrindVersion(),
    modern: `nginx ${modern.nginxVersion} njs ${modern.njsVersion}`,
    legacy: `nginx ${legacy.nginxVersion} njs ${legacy.njsVersion}`,
    caches: CACHES,
  };
}

function formatCounts(measured: InstructionFile, kept: InstructionFile | undefined): string {
  const head = ['', ...MEASURES.flatMap(({ title }) => [title, ''])];
  const lines = Object.keys(measured.instructions).map((name) => [
    name,
    ...MEASURES.flatMap(({ countsOf }) => {
      const now = countsOf(measured)[name] as number;
      return [String(now), kept === undefined ? '' : changeOf(now, countsOf(kept)[name])];
    }),
  ]);
  return markdownTable([head, ...lines], { align: ['l', ...MEASURES.flatMap(() => ['r', 'r'])] });
}

function changeOf(now: number, before: number | undefined): string {
  return before === undefined || before === 0 ? '' : `${((now / before - 1) * 100).toFixed(1)} %`;
}

await runProgram(main);
