// `npm run test:chaos`: a gateway under load while everything around it fails, and what must hold meanwhile.
import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { describeMachine } from '../../bench/machine.js';
import { runProgram } from '../../bench/program.js';
import { resolveFaketime } from '../../runtime/faketime.mjs';
import { replaceOnce, SHIPPED_SCRIPT } from '../support/altered_script.js';
import { SETUPS, type Setup } from '../support/setups.js';
import { BROKEN_SCRIPTS, type BrokenScript } from './broken_scripts.js';
import { type BrokenResult, type ChaosResults, readResults, writePage, writeResults } from './results.js';
import { FAIL_OPEN, type Finding } from './rules.js';
import { type RunResult, runChaos } from './run.js';
import { isBeyond, runSoak, type SoakResult } from './soak.js';

const USAGE = `npm run test:chaos -- [--minutes N] [--seed S] [--setup WORDS] [--rate N] [--soak | --break NAME] [--keep] [--page]

  --minutes N    altogether, shared among the set-ups; default 5. With --soak: of all set-ups, at the same time
  --seed S       the same one gives the same tokens, clients and faults, though not the same timing
  --setup WORDS  only the set-ups whose name has these words: ${SETUPS.map(({ name }) => name).join(', ')}
  --rate N       requests a second, default 150; with --soak, of all set-ups together
  --soak         no faults but short failures of the server; memory, descriptors and zones must not grow
  --break NAME   runs a script with a fault, which has to be found within 3 minutes: all, ${BROKEN_SCRIPTS.map(({ name }) => name).join(', ')}
  --keep         writes the figures into test/chaos/results.json, and from there docs/chaos.md
  --page         only writes docs/chaos.md anew
`;

const BROKEN_MINUTES = 3;
/** Marks of purges are kept for five minutes. */
const WARM_UP_SHARE = 1 / 3;
const SAMPLE_MS = 5000;
const SHOWN_FINDINGS = 20;

interface Options {
  readonly minutes: number;
  readonly seed: string;
  readonly setups: readonly Setup[];
  readonly rate: number;
  readonly faketime: string | undefined;
  readonly command: string;
}

async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      minutes: { type: 'string', default: '5' },
      seed: { type: 'string', default: randomBytes(4).toString('hex') },
      setup: { type: 'string', default: '' },
      rate: { type: 'string', default: '150' },
      soak: { type: 'boolean', default: false },
      break: { type: 'string' },
      keep: { type: 'boolean', default: false },
      page: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const setups = SETUPS.filter(({ name }) => name.includes(values.setup));
  const [minutes, rate] = [Number(values.minutes), Number(values.rate)];
  const scripts = BROKEN_SCRIPTS.filter(({ name }) => values.break === 'all' || values.break === name);
  const isWrong = !(minutes > 0) || !(rate > 0) || setups.length === 0;
  if (values.help || isWrong || (values.break !== undefined && scripts.length === 0)) {
    console.error(USAGE);
    return values.help ? 0 : 2;
  }
  if (values.page) {
    await writePage();
    return 0;
  }
  const found = await resolveFaketime();
  const faketime = 'library' in found ? found.library : undefined;
  const given =
    values.seed !== undefined && args.includes('--seed') ? args : [...args, '--seed', values.seed];
  const shown = given.filter((arg) => arg !== '--keep');
  const command = ['npm run test:chaos --', ...shown].join(' ');
  const options: Options = { minutes, seed: values.seed, setups, rate, faketime, command };
  console.log(
    `seed ${values.seed}${faketime === undefined ? '; no libfaketime: the clock is not stepped' : ''}`,
  );
  const results = values.soak
    ? { soak: await soakAll(options) }
    : scripts.length > 0
      ? { broken: await breakAll(options, scripts) }
      : { chaos: await chaosAll(options) };
  if (values.keep) {
    await writeResults({ ...(await readResults()), ...results });
    await writePage();
  }
  return isGood(results) ? 0 : 1;
}

const NOT_ENOUGH = () => false;
const progress = (line: string) => console.error(`  ... ${line}`);

/** The shipped script, and the same as a later version of it: another text, another version in the metrics. */
function twoVersions(script: string): readonly [string, string] {
  return [script, replaceOnce(script, 'version: "0.1.0"', 'version: "0.1.0-next"')];
}

async function chaosAll(options: Options): Promise<NonNullable<ChaosResults['chaos']>> {
  const runs: RunResult[] = [];
  for (const setup of options.setups) {
    const endMs = Date.now() + (options.minutes * 60_000) / options.setups.length;
    const plan = {
      ...options,
      setup,
      endMs,
      requestsPerSec: options.rate,
      scripts: twoVersions(SHIPPED_SCRIPT),
    };
    const run = await runChaos({ ...plan, isEnough: NOT_ENOUGH, progress });
    report(run);
    runs.push(run);
  }
  return { ...(await conditionsOf(options)), runs };
}

async function conditionsOf({ command, rate }: Options) {
  const machine = await describeMachine({ modern: runtimeOf(true), legacy: runtimeOf(false) });
  return { date: new Date().toISOString(), command, machine, requestsPerSec: rate };
}

function runtimeOf(isModern: boolean) {
  return (SETUPS.find(({ runtime }) => runtime.engines.includes('qjs') === isModern) ?? (SETUPS[0] as Setup))
    .runtime;
}

/** Each with a fault of its own, until the oracle has found it. */
async function breakAll(options: Options, scripts: readonly BrokenScript[]): Promise<BrokenResult[]> {
  const results: BrokenResult[] = [];
  for (const { name, what, rules, script } of scripts) {
    const isOne = ({ rule }: Finding) => rules.includes(rule);
    const setup = options.setups[0] as Setup;
    const plan = {
      ...options,
      setup,
      endMs: Date.now() + BROKEN_MINUTES * 60_000,
      requestsPerSec: options.rate,
    };
    const isEnough = (findings: readonly Finding[]) => findings.some(isOne);
    const run = await runChaos({ ...plan, scripts: twoVersions(script), isEnough, progress });
    const found = run.findings.find(isOne);
    const rulesFound = [...new Set(run.findings.map(({ rule }) => rule))];
    results.push({ name, what, rules: rulesFound, isFound: found !== undefined, seconds: run.seconds });
    console.log(
      `${name}: ${found === undefined ? 'NOT FOUND' : `${found.rule}: ${found.text}`}, ${run.seconds} s`,
    );
  }
  return results;
}

async function soakAll(options: Options): Promise<NonNullable<ChaosResults['soak']>> {
  const { setups, minutes, rate } = options;
  const endMs = Date.now() + minutes * 60_000;
  const plan = {
    ...options,
    endMs,
    requestsPerSec: rate / setups.length,
    scripts: twoVersions(SHIPPED_SCRIPT),
  };
  const warmUpMs = WARM_UP_SHARE * minutes * 60_000;
  const one = (setup: Setup) =>
    runSoak({ ...plan, faketime: undefined, setup, progress, warmUpMs, sampleMs: SAMPLE_MS });
  const runs = await Promise.all(setups.map(one));
  for (const run of runs) reportSoak(run);
  return { ...(await conditionsOf(options)), runs };
}

function report({ setup, seconds, counts, faults, wedges, findings }: RunResult): void {
  const faultCount = Object.values(faults).reduce((sum, { times }) => sum + times, 0);
  console.log(
    `${setup}: ${seconds} s, ${counts.requests} requests, ${counts.passed} at the API, ${counts.questions} questions, ` +
      `${faultCount} faults, ${counts.stalls} stalls, ${wedges} zones left locked, ${findings.length} findings`,
  );
  console.log(
    `  answers ${JSON.stringify(counts.statuses)}, asked again ${JSON.stringify(counts.askedAgain)}`,
  );
  showFindings(findings);
}

function reportSoak({ setup, requests, trends, findings }: SoakResult): void {
  console.log(`${setup}: ${requests} requests, ${findings.length} findings`);
  for (const trend of trends) {
    const sign = isBeyond(trend) ? 'GROWS' : 'ok';
    console.log(
      `  ${trend.measure} ${trend.of}: mean ${trend.mean.toFixed(1)}, ${trend.perHour.toFixed(1)} an hour, ${sign}`,
    );
  }
  showFindings(findings);
}

function showFindings(findings: readonly Finding[]): void {
  for (const { rule, way, text, atMs } of findings.slice(0, SHOWN_FINDINGS)) {
    console.log(`  ${new Date(atMs).toISOString()} ${rule}${way === undefined ? '' : ` (${way})`}: ${text}`);
  }
}

function isGood({ chaos, soak, broken }: ChaosResults): boolean {
  const findings = [...(chaos?.runs ?? []), ...(soak?.runs ?? [])].flatMap((run) => run.findings);
  const open = findings.filter(({ rule }) => FAIL_OPEN.includes(rule));
  if (chaos !== undefined) console.log(`fail-open: ${open.length}`);
  const hasGrown = (soak?.runs ?? []).some(({ trends }) => trends.some(isBeyond));
  return findings.length === 0 && !hasGrown && (broken ?? []).every(({ isFound }) => isFound);
}

await runProgram(main);
