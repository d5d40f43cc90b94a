/** `npm run measure:revocation`: how long after a token was ended the last request passes, by what ended it. */
import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { markdownTable } from 'markdown-table';
import pLimit from 'p-limit';
import { max, median, sum } from 'simple-statistics';
import { startBackend } from './backends.js';
import { type Gateway, startGateway } from './gateway.js';
import { describeMachine, findRuntimes, type Runtimes } from './machine.js';
import { BenchError, progress, runProgram } from './program.js';
import { RESULTS, type RevocationResults, type RevocationRow, writeResults } from './results.js';
import {
  CASES,
  type Delays,
  type RevocationCase,
  type RevocationSetup,
  revocationRow,
  SETUPS,
} from './revocation_cases.js';
import { type RevocationServer, startRevocationServer } from './revocation_server.js';
import { openSteadyClients, type SteadyClients } from './steady_clients.js';

const DEFAULT_TRIES = 1000;
const WORKERS = 2;
const ZONE_SIZE = '32m';
/** Answers with the time, epoch seconds and milliseconds: when a request reached the API. */
const API = 'location / { return 200 "$msec"; }';

const USAGE = `Usage: npm run measure:revocation -- [options]

  --tries N        of each case in each set-up (${DEFAULT_TRIES})
  --cases A,B      these only: ${CASES.map(({ name }) => name).join(', ')}
  --seed TEXT      chooses the moments at which tokens are ended (random; it is printed)
  --out FILE       where the figures go; a whole run without it writes bench/results/revocation.json
  --help           show this text`;

interface Plan {
  readonly tries: number;
  readonly cases: readonly RevocationCase[];
  readonly seed: string;
}

async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      tries: { type: 'string', default: String(DEFAULT_TRIES) },
      cases: { type: 'string' },
      seed: { type: 'string', default: randomBytes(4).toString('hex') },
      out: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  if (!/^[1-9]\d{0,4}$/.test(values.tries)) throw new BenchError('--tries is a whole number from 1 to 99999');
  const plan = { tries: Number(values.tries), cases: casesNamed(values.cases), seed: values.seed };
  progress(`seed ${plan.seed}`);
  const given = args.some((arg) => arg.startsWith('--seed')) ? args : [...args, '--seed', plan.seed];
  const command = ['npm run measure:revocation --', ...given].join(' ');
  const results = await run(plan, command);
  console.log(formatResults(results));
  const isWhole = plan.tries === DEFAULT_TRIES && values.cases === undefined;
  if (isWhole || values.out !== undefined) await writeResults(values.out ?? RESULTS.revocation, results);
  return 0;
}

function casesNamed(list: string | undefined): readonly RevocationCase[] {
  if (list === undefined) return CASES;
  return list.split(',').map((name) => {
    const found = CASES.find((candidate) => candidate.name === name);
    if (found === undefined) throw new BenchError(`--cases: there is no ${name}`);
    return found;
  });
}

async function run(plan: Plan, command: string): Promise<RevocationResults> {
  const runtimes = await findRuntimes();
  const rows: RevocationRow[] = [];
  for (const found of plan.cases) {
    for (const setup of found.setups ?? SETUPS) {
      progress(`${found.name}, ${setup.title}`);
      const { delays, requestsPerSec } = await measureCase(found, setup, plan, runtimes);
      for (const { name: figure, limitMs } of found.figures) {
        const delaysMs = delays.map((ofTry) => ofTry[figure] as number);
        const { name, title } = setup;
        rows.push({ name: found.name, figure, setup: name, title, limitMs, delaysMs, requestsPerSec });
      }
    }
  }
  const machine = await describeMachine(runtimes);
  const { tries, seed } = plan;
  return { date: new Date().toISOString(), command, machine, seed, tries, workers: WORKERS, rows };
}

interface Measured {
  readonly delays: readonly Delays[];
  readonly requestsPerSec: number;
}

async function measureCase(
  found: RevocationCase,
  setup: RevocationSetup,
  plan: Plan,
  runtimes: Runtimes,
): Promise<Measured> {
  const server = await startRevocationServer();
  try {
    const api = await startBackend(runtimes.modern, '', API, {});
    try {
      const backends = { api, authorizationServer: server, stop: async () => {} };
      const options = { runtimes, backends, affinity: '', zoneSize: ZONE_SIZE, workers: WORKERS };
      const gateway = await startGateway(revocationRow(found, setup), options);
      try {
        return await makeTries(found, gateway, server, plan);
      } finally {
        await gateway.stop();
      }
    } finally {
      await api.stop();
    }
  } finally {
    await server.stop();
  }
}

/** Each lane makes one try after the other, with clients of its own. */
async function makeTries(
  found: RevocationCase,
  { url, prefix, workerPids }: Gateway,
  server: RevocationServer,
  { tries, seed }: Plan,
): Promise<Measured> {
  const lanes = Array.from({ length: found.lanes }, () => openSteadyClients(url, found.clients));
  const free = lanes.map((clients, lane) => ({ clients, lane }));
  const inTurn = pLimit(found.lanes);
  const makeTry = async (index: number) => {
    const taken = free.pop() as (typeof free)[number];
    const delays = await found.attempt({ url, prefix, server, index, seed, ...taken });
    free.push(taken);
    return delays;
  };
  try {
    const indexes = Array.from({ length: tries }, (_, index) => index);
    const sinceMs = performance.now();
    const delays = await Promise.all(indexes.map((index) => inTurn(makeTry, index)));
    const tookSec = (performance.now() - sinceMs) / 1000;
    checkWorkers(lanes, workerPids, found.name);
    const answered = sum(lanes.map((clients) => clients.answered));
    return { delays, requestsPerSec: answered / tookSec / found.lanes };
  } finally {
    await Promise.all(lanes.map((clients) => clients.close()));
  }
}

/** What one worker has stored or ended must hold in the other: so each must have answered. */
function checkWorkers(lanes: readonly SteadyClients[], pids: readonly number[], where: string): void {
  const answered = new Set(lanes.flatMap(({ workers }) => [...workers]));
  const silent = pids.filter((pid) => !answered.has(String(pid)));
  if (silent.length > 0) throw new BenchError(`${where}: a worker got no request; try again`);
}

function formatResults({ rows }: RevocationResults): string {
  const lines = rows.map(({ name, figure, title, delaysMs }) => [
    `${name}, ${figure}`,
    title,
    String(median([...delaysMs])),
    String(max([...delaysMs])),
  ]);
  return markdownTable([['', '', 'median ms', 'maximum ms'], ...lines], { align: ['l', 'l', 'r', 'r'] });
}

await runProgram(main);
