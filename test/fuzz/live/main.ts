// `npm run fuzz:live`: sends a running gateway what nobody thought of, for as long as it is told.
import { parseArgs } from 'node:util';
import { SETUPS } from '../../support/setups.js';
import { keepFuzzRun } from '../results.js';
import { type LiveGateway, startLiveGateway } from './gateway.js';
import type { Exchange } from './judge.js';
import { LIVE_KINDS, type LiveKind } from './kinds.js';
import { runBatch } from './run.js';

const KINDS = Object.keys(LIVE_KINDS) as LiveKind[];

const USAGE = `npm run fuzz:live -- [--minutes N] [--seed S] [--kind KIND] [--batches N] [--keep]

  --minutes N  how long it runs; default 1
  --seed S     a whole number; the same one gives the same cases. Default: another one each time
  --kind KIND  one of ${KINDS.join(', ')}
  --batches N  so many batches of each kind on each of the five set-ups, in place of minutes
  --keep       writes the count into test/fuzz/results.json, if all holds; npm run docs writes it into docs/security.md
`;

const CASES_OF_BATCH = 500;

interface Total {
  sent: number;
  atApi: number;
  atServer: number;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '1' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
      kind: { type: 'string' },
      batches: { type: 'string', default: '0' },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const kinds = KINDS.filter((kind) => values.kind === undefined || kind === values.kind);
  const [minutes, seed, batches] = [values.minutes, values.seed, values.batches].map(Number) as [
    number,
    number,
    number,
  ];
  const areNumbers = minutes > 0 && Number.isInteger(seed) && Number.isInteger(batches) && batches >= 0;
  if (values.help || kinds.length === 0 || !areNumbers) {
    console.error(USAGE);
    return values.help ? 0 : 2;
  }
  const endMs = Date.now() + 60_000 * minutes;
  const isOver = (round: number) => (batches > 0 ? round >= batches : round > 0 && Date.now() >= endMs);
  const sent = await runRounds(kinds, seed, isOver);
  if (sent === undefined) return 1;
  const command = `npm run fuzz:live -- --minutes ${minutes} --seed ${seed}`;
  if (values.keep)
    keepFuzzRun(
      'live',
      command,
      sent,
      SETUPS.map(({ name }) => name),
    );
  return 0;
}

/** In each round, one batch of each kind on each set-up. @returns connections in all; undefined when something does not hold */
async function runRounds(
  kinds: readonly LiveKind[],
  seed: number,
  isOver: (round: number) => boolean,
): Promise<number | undefined> {
  console.log(`seed ${seed}; ${SETUPS.map(({ name }) => name).join(', ')}`);
  const totals = new Map(kinds.map((kind): [string, Total] => [kind, { sent: 0, atApi: 0, atServer: 0 }]));
  let hasFailed = false;
  for (let round = 0; !hasFailed && !isOver(round); round++) {
    for (const setup of SETUPS) {
      const gateway = await startLiveGateway(setup);
      try {
        hasFailed = (await runKinds(gateway, kinds, seed + round, totals)) || hasFailed;
      } finally {
        await gateway.stop();
      }
    }
  }
  for (const [kind, { sent, atApi, atServer }] of totals) {
    console.log(
      `${kind.padEnd(8)} ${String(sent).padStart(8)} connections, ${atApi} requests at the API, ${atServer} questions`,
    );
  }
  const sent = [...totals.values()].reduce((sum, total) => sum + total.sent, 0);
  console.log(`${sent} connections in all`);
  return hasFailed ? undefined : sent;
}

/** @returns whether something does not hold */
async function runKinds(
  gateway: LiveGateway,
  kinds: readonly LiveKind[],
  seed: number,
  totals: ReadonlyMap<string, Total>,
): Promise<boolean> {
  let earlier: Exchange[] = [];
  for (const kind of kinds) {
    const batch = await runBatch(gateway, LIVE_KINDS[kind], seed, CASES_OF_BATCH, earlier);
    earlier = batch.exchanges;
    const total = totals.get(kind) as Total;
    total.sent += batch.sent;
    total.atApi += batch.atApi;
    total.atServer += batch.atServer;
    if (batch.failure !== undefined) {
      const repeat = `npm run fuzz:live -- --kind ${kind} --seed ${seed} --batches 1`;
      console.error(`\n${gateway.name}, ${kind}: ${batch.failure}\nrepeat: ${repeat}\n`);
      return true;
    }
  }
  return false;
}

process.exitCode = await main();
