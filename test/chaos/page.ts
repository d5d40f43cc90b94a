// What docs/chaos.md says of the last run of each kind, written from test/chaos/results.json.
import { markdownTable } from 'markdown-table';
import { max, median } from 'simple-statistics';
import type { Parts } from '../../bench/readme_text.js';
import { machineText } from '../../bench/results_text.js';
import { FAULTS, type FaultName } from './events.js';
import { FAULT_TEXTS } from './faults.js';
import type { ChaosResults } from './results.js';
import { FAIL_OPEN, REASONS_TO_ASK, type ReasonToAsk, RULES, type RuleName } from './rules.js';
import type { RunResult } from './run.js';
import { LIMITS_PER_HOUR, MEASURE_TEXTS, type Measure, type SoakResult, type Trend } from './soak.js';

type Chaos = ChaosResults['chaos'];

const NONE = 'Nothing was kept so far.';

export function pageParts({ chaos, soak, broken }: ChaosResults): Parts {
  return {
    'chaos:faults': faultsText(chaos?.runs ?? []),
    'chaos:rules': rulesText(chaos?.runs ?? []),
    'chaos:runs': chaos === undefined ? NONE : runsText(chaos),
    'chaos:questions': questionsText(chaos?.runs ?? []),
    'chaos:broken': broken === undefined ? NONE : brokenText(broken),
    'chaos:soak': soak === undefined ? NONE : soakText(soak),
  };
}

function faultsText(runs: readonly RunResult[]): string {
  const lines = FAULTS.map((fault) => {
    const backMs = backMsOf(runs, fault);
    const times = sumOf(runs, ({ faults }) => faults[fault]?.times ?? 0);
    const back = backMs.length === 0 ? '' : `${grouped(median(backMs))}, **${grouped(max(backMs))}**`;
    return [`\`${fault}\``, FAULT_TEXTS[fault], grouped(times), back];
  });
  return table([
    ['fault', 'what is done', 'times', 'ms until service was back: median, **maximum**'],
    ...lines,
  ]);
}

function backMsOf(runs: readonly RunResult[], fault: FaultName): number[] {
  return runs.flatMap(({ faults }) => faults[fault]?.backMs ?? []);
}

function rulesText(runs: readonly RunResult[]): string {
  const lines = (Object.keys(RULES) as RuleName[]).map((rule) => {
    const found = sumOf(runs, ({ findings }) => findings.filter((finding) => finding.rule === rule).length);
    return [`\`${rule}\``, RULES[rule], FAIL_OPEN.includes(rule) ? 'yes' : '', grouped(found)];
  });
  return table([['rule', 'what must hold', 'a breach is fail-open', 'found'], ...lines]);
}

function runsText({ runs, command, machine, date, requestsPerSec }: NonNullable<Chaos>): string {
  const head = [
    '',
    'seconds',
    'requests',
    'at the API',
    '401',
    '5xx',
    'left by the client',
    'connection lost',
    'purges',
    'questions',
    'faults',
    'stalls',
    'zones left locked',
    'findings',
  ];
  const lines = runs.map((run) => [run.setup, ...figuresOf([run])]);
  const total = ['**together**', ...figuresOf(runs).map((figure) => `**${figure}**`)];
  const open = sumOf(runs, ({ findings }) => findings.filter(({ rule }) => FAIL_OPEN.includes(rule)).length);
  return [
    `**Fail-open: ${open}.** \`${command}\`, ${requestsPerSec} requests a second. ${machineText({ machine, date })}`,
    table([head, ...lines, total]),
  ].join('\n\n');
}

function figuresOf(runs: readonly RunResult[]): string[] {
  const counted = (read: (run: RunResult) => number) => grouped(sumOf(runs, read));
  return [
    counted(({ seconds }) => seconds),
    counted(({ counts }) => counts.requests),
    counted(({ counts }) => counts.passed),
    counted(({ counts }) => counts.refused),
    counted(({ counts }) => counts.failed),
    counted(({ counts }) => counts.aborted),
    counted(({ counts }) => counts.lost),
    counted(({ counts }) => counts.purges),
    counted(({ counts }) => counts.questions),
    counted(({ faults }) => Object.values(faults).reduce((sum, { times }) => sum + times, 0)),
    counted(({ counts }) => counts.stalls),
    counted(({ wedges }) => wedges),
    counted(({ findings }) => findings.length),
  ];
}

function questionsText(runs: readonly RunResult[]): string {
  const lines = (Object.keys(REASONS_TO_ASK) as ReasonToAsk[]).map((reason) => [
    REASONS_TO_ASK[reason],
    grouped(sumOf(runs, ({ counts }) => counts.askedAgain[reason])),
  ]);
  return table([['reason', 'questions'], ...lines]);
}

function brokenText(broken: NonNullable<ChaosResults['broken']>): string {
  const lines = broken.map(({ name, what, rules, isFound, seconds }) => [
    `\`${name}\``,
    what,
    isFound ? `yes, after ${seconds} s` : '**no**',
    rules.map((rule) => `\`${rule}\``).join(', '),
  ]);
  return table([['`--break`', 'what is broken in the script', 'found', 'by the rules'], ...lines]);
}

function soakText({
  runs,
  command,
  machine,
  date,
  requestsPerSec,
}: NonNullable<ChaosResults['soak']>): string {
  const head = ['an hour adds', 'limit', ...runs.map(({ setup }) => setup)];
  const rows = trendNames(runs).map(({ measure, of }) => [
    `${MEASURE_TEXTS[measure]}${of === '' ? '' : `: \`${of}\``}`,
    measure === 'free_kb' ? `−${LIMITS_PER_HOUR[measure]}` : `+${grouped(LIMITS_PER_HOUR[measure])}`,
    ...runs.map((run) => trendCell(run, measure, of)),
  ]);
  const counted = (read: (run: SoakResult) => number) => runs.map((run) => grouped(read(run)));
  const ofRuns = [
    ['requests', '', ...counted(({ requests }) => requests)],
    ['at the API', '', ...counted(({ passed }) => passed)],
    ['questions', '', ...counted(({ questions }) => questions)],
    ['short failures of the server', '', ...counted(({ outages }) => outages)],
    ['findings', '', ...counted(({ findings }) => findings.length)],
  ];
  const [first] = runs;
  const minutes = Math.round((first?.seconds ?? 0) / 60);
  const warmUp = Math.round((first?.warmUpSec ?? 0) / 60);
  return [
    `\`${command}\`: all set-ups at the same time for ${minutes} minutes, ${requestsPerSec} requests a second together; the lines are fitted to what was measured every 5 seconds after the first ${warmUp} minutes. ${machineText({ machine, date })}`,
    table([head, ...rows, ...ofRuns]),
    'Each cell: the slope of the line, and in parentheses the mean. Of the two workers the one that grows faster.',
  ].join('\n\n');
}

/** Workers together, each zone for itself. */
function trendNames(runs: readonly SoakResult[]): { measure: Measure; of: string }[] {
  const names = new Map<string, { measure: Measure; of: string }>();
  for (const { measure, of } of runs.flatMap(({ trends }) => trends)) {
    const shown = of.startsWith('worker') ? '' : of;
    names.set(`${measure} ${shown}`, { measure, of: shown });
  }
  return [...names.values()].toSorted((a, b) => MEASURES.indexOf(a.measure) - MEASURES.indexOf(b.measure));
}

const MEASURES = Object.keys(MEASURE_TEXTS) as Measure[];

function trendCell({ trends }: SoakResult, measure: Measure, of: string): string {
  const found = trends.filter((trend) => trend.measure === measure && (of === '' || trend.of === of));
  const worst = found.toSorted((a, b) => growthOf(b) - growthOf(a))[0];
  if (worst === undefined) return '';
  return `${signed(worst.perHour)} (${grouped(Math.round(worst.mean))})`;
}

function growthOf({ measure, perHour }: Trend): number {
  return measure === 'free_kb' ? -perHour : perHour;
}

function signed(value: number): string {
  const text = Math.abs(value).toFixed(1);
  if (text === '0.0') return '0';
  return value < 0 ? `−${text}` : `+${text}`;
}

function sumOf(runs: readonly RunResult[], read: (run: RunResult) => number): number {
  return runs.reduce((sum, run) => sum + read(run), 0);
}

function table(rows: string[][]): string {
  return markdownTable(rows, { alignDelimiters: false });
}

function grouped(value: number): string {
  return value.toLocaleString('en-US');
}
