/** `npm run bench:flight`: what a request costs the gateway while the API works, by row and number of connections. */
import { parseArgs } from 'node:util';
import { markdownTable } from 'markdown-table';
import { API_ANSWER_MS, startBackends } from './backends.js';
import { FLIGHT_CONNECTIONS, FLIGHT_ROWS, measureHeldBytes, measureInFlight } from './flight.js';
import { type Gateway, type GatewayOptions, startGateway } from './gateway.js';
import { JWT_LENGTH } from './jwt.js';
import { describeMachine, findRuntimes } from './machine.js';
import type { LoadPlan, Sample } from './measure.js';
import { planCpus, workerAffinity } from './processors.js';
import { BenchError, progress, runProgram } from './program.js';
import { compareFlight, type FlightResults, type FlightRow, RESULTS, writeResults } from './results.js';
import type { Row } from './rows.js';

const DEFAULT_ROUNDS = 3;
const ROUND_SEC = 2;
const ZONE_SIZE = '32m';

const USAGE = `Usage: npm run bench:flight -- [options]

  --rounds N       how often each cell is measured (${DEFAULT_ROUNDS})
  --out FILE       where the figures go (bench/results/flight.json)
  --help           show this text`;

async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      rounds: { type: 'string', default: String(DEFAULT_ROUNDS) },
      out: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  if (!/^[1-9]\d?$/.test(values.rounds)) throw new BenchError('--rounds is a whole number from 1 to 99');
  const command = ['npm run bench:flight', ...(args.length > 0 ? ['--', ...args] : [])].join(' ');
  const results = await run(Number(values.rounds), command);
  console.log(formatFlight(results));
  await writeResults(values.out ?? RESULTS.flight, results);
  return 0;
}

async function run(rounds: number, command: string): Promise<FlightResults> {
  const runtimes = await findRuntimes();
  const cpus = await planCpus();
  if (cpus === undefined) throw new BenchError('the gateway needs a CPU of its own; there is only one');
  const backends = await startBackends(runtimes.modern, workerAffinity(cpus.others));
  const options = { runtimes, backends, affinity: workerAffinity([cpus.gateway]), zoneSize: ZONE_SIZE };
  const plan = { backends, connections: 0, seconds: ROUND_SEC, cpus: cpus.others };
  try {
    const memory = await measureMemory(options);
    const loads: FlightRow['loads'][] = FLIGHT_ROWS.map(() => []);
    for (const connections of FLIGHT_CONNECTIONS) {
      const samples = await measureLoad(options, { ...plan, connections }, rounds);
      for (const [index, ofRow] of samples.entries()) {
        loads[index] = [...(loads[index] ?? []), { connections, samples: ofRow }];
      }
    }
    const rows = FLIGHT_ROWS.map(({ name, title, bare }, index) => ({
      name,
      title,
      bare,
      heldBytes: memory[index] as number,
      loads: loads[index] as FlightRow['loads'],
    }));
    const machine = await describeMachine(runtimes);
    const conditions = { date: new Date().toISOString(), command, machine, jwtLength: JWT_LENGTH };
    return { ...conditions, rounds, answerMs: API_ANSWER_MS, rows };
  } finally {
    await backends.stop();
  }
}

async function measureMemory(options: GatewayOptions): Promise<number[]> {
  const heldBytes: number[] = [];
  for (const row of FLIGHT_ROWS) {
    progress(`memory: ${row.title}`);
    const start = (backends: GatewayOptions['backends']) => startGateway(row, { ...options, backends });
    heldBytes.push(await measureHeldBytes(options.backends, start));
  }
  return heldBytes;
}

/** Round by round through all rows, so that noise meets all of them alike. @returns samples by row, in their order */
async function measureLoad(options: GatewayOptions, plan: LoadPlan, rounds: number): Promise<Sample[][]> {
  const samples = FLIGHT_ROWS.map((): Sample[] => []);
  for (let round = 0; round < rounds; round += 1) {
    progress(`${plan.connections} connections: round ${round + 1} of ${rounds}`);
    for (const [index, row] of FLIGHT_ROWS.entries()) {
      samples[index]?.push(await withGateway(row, options, (gateway) => measureInFlight(gateway, plan)));
    }
  }
  return samples;
}

async function withGateway<T>(
  row: Row,
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

function formatFlight({ rows }: FlightResults): string {
  const head = ['', 'kB each', ...FLIGHT_CONNECTIONS.map((count) => `${count}: CPU µs/req, × bare`)];
  const lines = compareFlight(rows).map(({ title, heldBytes, loads }) => [
    title.replaceAll('`', ''),
    (heldBytes / 1000).toFixed(1),
    ...loads.map(
      ({ cpuUs, cpuRatio }) =>
        `${cpuUs.median.toFixed(1)} ±${cpuUs.halfRange.toFixed(1)}, ${cpuRatio.median.toFixed(2)}`,
    ),
  ]);
  return markdownTable([head, ...lines], { align: ['l', ...head.slice(1).map(() => 'r')] });
}

await runProgram(main);
