/** `npm run bench`: what the gateway adds to a request, beside what nginx can do without it. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Backends, startBackends } from './backends.js';
import { type Gateway, startGateway } from './gateway.js';
import { JWT_LENGTH } from './jwt.js';
import { describeMachine, findRuntimes, type Runtimes } from './machine.js';
import { fill, type LoadPlan, measure, type Sample } from './measure.js';
import { type CpuPlan, memoryOf, planCpus, workerAffinity } from './processors.js';
import { BenchError, progress, runProgram } from './program.js';
import { RESULTS, type RowResult, type SpeedResults, writeResults } from './results.js';
import { customRow, ROWS, type Row, type WorkloadName } from './rows.js';
import { formatTables } from './tables.js';
import { WORKLOADS, type Workload } from './workloads.js';

const DEFAULTS = { rounds: 5, seconds: 2 };
const CONNECTIONS = 32;
/** Room for the tokens of `many` and for those of some rounds of `miss`; pages that are not used cost nothing. */
const ZONE_SIZE = '512m';

const USAGE = `Usage: npm run bench -- [options]

  --rounds N             how often each cell is measured (${DEFAULTS.rounds})
  --seconds N            for how long, each time (${DEFAULTS.seconds})
  --rows A,B             these rows only, and the bare ones: ${ROWS.map(({ name }) => name).join(', ')}
  --workloads A,B        these only: ${WORKLOADS.map(({ name }) => name).join(', ')}
  --config FILE          a further row: lines of http, see bench/README.md
  --nginx-module FILE    a module that this row loads
  --out FILE             where the figures go; a whole run without it writes bench/results/speed.json
  --help                 show this text`;

interface Options {
  readonly rounds: number;
  readonly seconds: number;
  readonly rows: readonly Row[];
  readonly workloads: readonly Workload[];
  readonly out: string | URL | undefined;
  readonly command: string;
}

async function main(args: string[]): Promise<number> {
  const options = await readOptions(args);
  if (options === 'help') {
    console.log(USAGE);
    return 0;
  }
  const results = await run(options);
  console.log(`\n${formatTables(results)}`);
  if (options.out !== undefined) {
    await writeResults(options.out, results);
    console.log(`\nwritten: ${options.out instanceof URL ? 'bench/results/speed.json' : options.out}`);
  }
  return 0;
}

async function readOptions(args: string[]): Promise<Options | 'help'> {
  const { values } = parseArgs({
    args,
    options: {
      rounds: { type: 'string', default: String(DEFAULTS.rounds) },
      seconds: { type: 'string', default: String(DEFAULTS.seconds) },
      rows: { type: 'string' },
      workloads: { type: 'string' },
      config: { type: 'string' },
      'nginx-module': { type: 'string' },
      out: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const custom =
    values.config === undefined
      ? []
      : [
          customRow(
            await readFile(values.config, 'utf8'),
            values['nginx-module'] && resolve(values['nginx-module']),
          ),
        ];
  const isWhole = values.rows === undefined && values.workloads === undefined && custom.length === 0;
  return {
    rounds: readCount('rounds', values.rounds),
    seconds: readCount('seconds', values.seconds),
    rows: withBareRows(pick('rows', values.rows, ROWS)).concat(custom),
    workloads: pick('workloads', values.workloads, WORKLOADS),
    out: values.out ?? (isWhole ? RESULTS.speed : undefined),
    command: ['npm run bench', ...(args.length > 0 ? ['--', ...args] : [])].join(' '),
  };
}

function readCount(name: string, text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new BenchError(`--${name} is a whole number from 1 to 9999`);
  return Number(text);
}

function pick<T extends { name: string }>(option: string, list: string | undefined, from: readonly T[]): T[] {
  if (list === undefined) return [...from];
  const names = list.split(',');
  const unknown = names.filter((name) => !from.some((entry) => entry.name === name));
  if (unknown.length > 0) throw new BenchError(`--${option}: there is no ${unknown.join(', ')}`);
  return from.filter(({ name }) => names.includes(name));
}

/** Every row is compared with the bare one of its nginx. */
function withBareRows(rows: readonly Row[]): Row[] {
  const names = ['bare', ...rows.flatMap(({ name, bare }) => [name, bare])];
  return ROWS.filter(({ name }) => names.includes(name));
}

async function run(options: Options): Promise<SpeedResults> {
  const runtimes = await findRuntimes();
  const cpus = await planCpus();
  if (cpus === undefined) throw new BenchError('the gateway needs a CPU of its own; there is only one');
  const backends = await startBackends(runtimes.modern, workerAffinity(cpus.others));
  const gateways: Gateway[] = [];
  try {
    for (const row of options.rows) gateways.push(await start(row, runtimes, backends, cpus));
    const plan = { backends, connections: CONNECTIONS, seconds: options.seconds, cpus: cpus.others };
    const rows = await measureAll(gateways, options, plan);
    return {
      date: new Date().toISOString(),
      command: options.command,
      machine: await describeMachine(runtimes),
      jwtLength: JWT_LENGTH,
      rounds: options.rounds,
      seconds: options.seconds,
      connections: CONNECTIONS,
      rows,
    };
  } finally {
    for (const gateway of gateways) await gateway.stop();
    await backends.stop();
  }
}

function start(row: Row, runtimes: Runtimes, backends: Backends, cpus: CpuPlan): Promise<Gateway> {
  return startGateway(row, {
    runtimes,
    backends,
    affinity: workerAffinity([cpus.gateway]),
    zoneSize: ZONE_SIZE,
  });
}

type Samples = Partial<Record<WorkloadName, Sample[]>>;

/** Workload by workload; within one, round by round through all rows, so that noise meets all of them alike. */
async function measureAll(gateways: Gateway[], options: Options, plan: LoadPlan): Promise<RowResult[]> {
  const samples = new Map<Gateway, Samples>(gateways.map((gateway) => [gateway, {}]));
  for (const workload of options.workloads) {
    const taking = gateways.filter(({ row }) => row.workloads.includes(workload.name));
    if (workload.isFilled) {
      progress(`${workload.title}: filling`);
      for (const gateway of taking.filter(({ row }) => row.introspects)) {
        await fill(gateway, workload.path, workload.tokens(0), plan);
      }
    }
    for (let round = 0; round < options.rounds; round += 1) {
      progress(`${workload.title}: round ${round + 1} of ${options.rounds}`);
      for (const gateway of taking) {
        const sample = await measure(gateway, workload, round, plan);
        const ofRow = samples.get(gateway) as Samples;
        ofRow[workload.name] = [...(ofRow[workload.name] ?? []), sample];
      }
    }
  }
  return Promise.all(gateways.map((gateway) => resultOf(gateway, samples.get(gateway) ?? {})));
}

async function resultOf({ row, workerPids }: Gateway, samples: Samples): Promise<RowResult> {
  const memory = await memoryOf(workerPids[0] as number);
  return { name: row.name, title: row.title, bare: row.bare, memory, samples };
}

await runProgram(main);
