/** `npm run bench:instructions`: instructions for each request, which are the same on a busy machine. */
import { parseArgs } from 'node:util';
import pLimit from 'p-limit';
import { median } from 'simple-statistics';
import { type Backends, startBackends } from './backends.js';
import { type Callgrind, newCallgrind, valgrindVersion } from './callgrind.js';
import { type Gateway, startGateway } from './gateway.js';
import {
  findGrowth,
  type InstructionCounts,
  type InstructionFile,
  type InstructionVersions,
} from './instruction_check.js';
import { tokenOf } from './load.js';
import { findRuntimes, type Runtimes } from './machine.js';
import { allowedCpus } from './processors.js';
import { BenchError, runProgram } from './program.js';
import { RESULTS, readResults, writeResults } from './results.js';
import { ROWS, type Row, type WorkloadName } from './rows.js';
import { openSequentialClient, type SequentialClient } from './sequential_client.js';
import { isRefused, WORKLOADS } from './workloads.js';

const USAGE = `Usage: npm run bench:instructions -- [options]

  --check      compare with bench/instructions.json and write nothing; exit code 1 when a row has grown
  --help       show this text`;

const COUNTED_WORKLOADS: readonly WorkloadName[] = ['hot', 'policy', 'denied', 'miss'];
/** Requests before anything is counted: pools and caches fill, connections open. */
const WARM_UP_REQUESTS = 200;
/** So that what happens now and then (the clock's second, QuickJS's collector) is in each window about equally often. */
const WINDOW_REQUESTS = 400;
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
    return {
      versions: await readVersions(runtimes),
      instructions: Object.assign({}, ...counts) as InstructionCounts,
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
): Promise<InstructionCounts> {
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
      const counts: InstructionCounts = {};
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
function isCounted(row: Row, workload: WorkloadName): boolean {
  return row.workloads.includes(workload) && (row.introspects || workload === 'hot');
}

async function countWorkload(
  gateway: Gateway,
  name: WorkloadName,
  backends: Backends,
  callgrind: Callgrind,
): Promise<number> {
  const workload = WORKLOADS.find((candidate) => candidate.name === name) as (typeof WORKLOADS)[number];
  const tokens = workload.tokens(0);
  const introspections = name === 'miss' ? WINDOW_REQUESTS : 0;
  const client = await openSequentialClient({
    url: gateway.url,
    path: workload.path,
    tokenAt: (sent) => tokenOf(tokens, sent),
    expectedStatus: isRefused(gateway.row, name) ? 401 : 200,
  });
  try {
    await client.send(WARM_UP_REQUESTS);
    const counts: number[] = [];
    for (let attempt = 0; attempt < WINDOW_ATTEMPTS && counts.length < WINDOWS; attempt += 1) {
      const count = await countWindow(gateway, client, backends, callgrind, introspections);
      if (count !== undefined) counts.push(count);
    }
    if (counts.length < WINDOWS)
      throw new BenchError(
        `${gateway.row.name}, ${name}: the authorization server is not asked ${introspections} times in a window`,
      );
    return Math.round(median(counts));
  } finally {
    client.close();
  }
}

/**
 * @param introspections questions to the authorization server that belong to the window
 * @returns undefined when it was asked more or less often: a record has ended meanwhile
 */
async function countWindow(
  { workerPids: [pid = 0] }: Gateway,
  client: SequentialClient,
  { authorizationServer }: Backends,
  callgrind: Callgrind,
  introspections: number,
): Promise<number | undefined> {
  const askedBefore = await authorizationServer.requestCount();
  await callgrind.countSince(pid);
  await client.send(WINDOW_REQUESTS);
  const instructions = await callgrind.countSince(pid);
  return (await authorizationServer.requestCount()) === askedBefore + introspections
    ? instructions / WINDOW_REQUESTS
    : undefined;
}

async function readVersions({ modern, legacy }: Runtimes): Promise<InstructionVersions> {
  return {
    architecture: process.arch,
    valgrind: await valgrindVersion(),
    modern: `nginx ${modern.nginxVersion} njs ${modern.njsVersion}`,
    legacy: `nginx ${legacy.nginxVersion} njs ${legacy.njsVersion}`,
  };
}

function formatCounts({ instructions }: InstructionFile, kept: InstructionFile | undefined): string {
  return Object.entries(instructions)
    .map(([name, count]) => {
      const before = kept?.instructions[name];
      const change = before === undefined ? '' : ` ${((count / before - 1) * 100).toFixed(1).padStart(6)} %`;
      return `${name.padEnd(28)} ${String(count).padStart(7)}${change}`;
    })
    .join('\n');
}

await runProgram(main);
