// `npm run fuzz`: tries inputs that nobody thought of, for as long as it is told.
import { parseArgs } from 'node:util';
import { type Engine, startEngines, stopAll } from './engines.js';
import { keepFuzzRun } from './results.js';
import { type Round, runTarget } from './run.js';
import type { Target } from './target.js';
import { TARGETS } from './targets/index.js';

const USAGE = `npm run fuzz -- [--minutes N] [--seed S] [--target NAME] [--runs N] [--node-only] [--keep]

  --minutes N    how long it runs; default 1
  --seed S       a whole number; the same one gives the same inputs. Default: another one each time
  --target NAME  one of ${TARGETS.map(({ name }) => name).join(', ')}
  --runs N       one round of so many inputs for each target, in place of minutes
  --node-only    does not compare with the engines of njs
  --keep         writes the counts into test/fuzz/results.json, if all holds; npm run docs writes them into docs/security.md
`;

/** Inputs of one target before the next one has its turn. */
const RUNS_OF_ROUND = 2000;

interface Total {
  tried: number;
  accepted: number;
  compared: number;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '1' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
      target: { type: 'string' },
      runs: { type: 'string' },
      'node-only': { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const targets = TARGETS.filter(({ name }) => values.target === undefined || name === values.target);
  const minutes = Number(values.minutes);
  const seed = Number(values.seed);
  const runs = Number(values.runs ?? RUNS_OF_ROUND);
  const areNumbers = minutes > 0 && Number.isInteger(seed) && Number.isInteger(runs) && runs > 0;
  if (values.help || targets.length === 0 || !areNumbers) {
    console.error(USAGE);
    return values.help ? 0 : 2;
  }
  const engines = values['node-only'] ? [] : await startEngines();
  try {
    const endMs = values.runs === undefined ? Date.now() + 60_000 * minutes : 0;
    const tried = await runRounds(targets, seed, runs, endMs, engines);
    if (tried === undefined) return 1;
    if (values.keep) keep(tried, seed, minutes, engines);
    return 0;
  } finally {
    await stopAll(engines);
  }
}

function keep(tried: number, seed: number, minutes: number, engines: readonly Engine[]): void {
  const isNodeOnly = engines.length === 0;
  const command = `npm run fuzz -- --minutes ${minutes} --seed ${seed}${isNodeOnly ? ' --node-only' : ''}`;
  const names = engines.map(({ name }) => name);
  keepFuzzRun(isNodeOnly ? 'node' : 'engines', command, tried, names);
}

/**
 * @param endMs when no further round begins; the first one runs always
 * @returns how many inputs were tried; undefined when something does not hold
 */
async function runRounds(
  targets: readonly Target[],
  seed: number,
  runs: number,
  endMs: number,
  engines: readonly Engine[],
): Promise<number | undefined> {
  const names = engines.map(({ name }) => name);
  console.log(`seed ${seed}; Node ${process.versions.node}${names.map((name) => `, ${name}`).join('')}`);
  const totals = new Map(targets.map(({ name }) => [name, { tried: 0, accepted: 0, compared: 0 }]));
  let hasFailed = false;
  for (let round = 0; !hasFailed && (round === 0 || Date.now() < endMs); round++) {
    for (const target of targets) {
      const result = await runTarget(target, seed + round, runs, engines);
      add(totals.get(target.name) as Total, result);
      if (result.failure !== undefined) {
        hasFailed = true;
        const repeat = `npm run fuzz -- --target ${target.name} --seed ${seed + round} --runs ${runs}`;
        console.error(`\n${target.name}: ${result.failure}\nrepeat: ${repeat}\n`);
      }
      if (round > 0 && Date.now() >= endMs) break;
    }
  }
  const tried = report(totals, engines.length);
  return hasFailed ? undefined : tried;
}

function add(total: Total, round: Round): void {
  total.tried += round.tried;
  total.accepted += round.accepted;
  total.compared += round.compared;
}

/** @returns how many were tried in all */
function report(totals: ReadonlyMap<string, Total>, engines: number): number {
  for (const [name, { tried, accepted }] of totals) {
    console.log(`${name.padEnd(20)} ${String(tried).padStart(9)} inputs, ${accepted} accepted`);
  }
  const all = [...totals.values()];
  const sum = (read: (total: Total) => number) => all.reduce((count, total) => count + read(total), 0);
  const compared = engines === 0 ? 0 : sum((total) => total.compared);
  const tried = sum((total) => total.tried);
  console.log(`${tried} inputs in Node, ${compared} of them compared with ${engines} engines of njs`);
  return tried;
}

process.exitCode = await main();
