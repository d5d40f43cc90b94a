// The table of docs/security.md that says how hard the gateway was tried, from the kept results of the runs.
import { markdownTable } from 'markdown-table';
import type { ChaosResults } from '../chaos/results.js';
import type { Results as FaultResults } from '../faults/results.js';
import type { FuzzKind, FuzzRun } from '../fuzz/results.js';
import { type Results as MutationResults, scoreOf } from '../mutation/results.js';
import type { Results as NjsResults } from '../njs_versions/results.js';

export interface Evidence {
  readonly attacks: number;
  readonly faults: FaultResults;
  readonly mutation: MutationResults;
  readonly fuzz: Readonly<Partial<Record<FuzzKind, FuzzRun>>>;
  readonly chaos: ChaosResults;
  readonly njs: NjsResults;
}

type Row = readonly [what: string, found: string, repeat: string];

export function evidenceTable(evidence: Evidence): string {
  const rows = [
    attacksRow(evidence.attacks),
    faultsRow(evidence.faults),
    ...Object.entries(evidence.mutation).map(([folder, result]) => mutationRow(folder, result)),
    ...LEFT_OUT.filter((folder) => evidence.mutation[folder] === undefined).map(notMutatedRow),
    ...fuzzRows(evidence.fuzz),
    ...chaosRows(evidence.chaos),
    njsRow(evidence.njs),
  ];
  return markdownTable([['what was tried', 'how often, and what came of it', 'repeat it'], ...rows], {
    alignDelimiters: false,
  });
}

function attacksRow(count: number): Row {
  return [
    'every attack that we know of, one by one: [attacks.md](attacks.md)',
    `${count} attacks, each with its tests or the reason why it does not apply`,
    '`npm test`',
  ];
}

function faultsRow({ cells, of, requests, exceptions, date }: FaultResults): Row {
  const explained = Object.values(exceptions).reduce((sum, count) => sum + count, 0);
  const part = cells === of ? grouped(cells) : `${grouped(cells)} of ${grouped(of)}`;
  return [
    'faults of the authorization server, in all combinations of mode, endpoint, engine and state of the cache: [faults.md](faults.md)',
    `${part} cells, ${grouped(requests)} requests: none let through without a valid token, none unexplained; ${grouped(explained)} cells are listed exceptions (${date})`,
    '`npm run test:faults`',
  ];
}

function mutationRow(folder: string, result: MutationResults[string]): Row {
  const { judged, made, survived, seed, date } = result;
  const part = judged === made ? `all ${grouped(made)}` : `${grouped(judged)} of ${grouped(made)}`;
  const choice = seed === undefined ? '' : ` --sample ${judged} --seed ${seed}`;
  const words = folder === 'src/core' ? '' : ` -- --folder ${folder}${choice}`;
  return [
    `small mistakes in the sources, in \`${folder}\`: [mutation.md](mutation.md)`,
    `the tests notice ${scoreOf(result)} % of ${part}; the ${survived} others are listed with reasons (${date})`,
    `\`npm run test:mutation${words}\``,
  ];
}

const LEFT_OUT = ['src/gateway', 'src/edge', 'src/operator'];

function notMutatedRow(folder: string): Row {
  return [`the same in \`${folder}\``, 'not yet', `\`npm run test:mutation -- --folder ${folder}\``];
}

const FUZZED: Readonly<Record<FuzzKind, string>> = {
  node: 'inputs that nobody thought of, to every rule',
  engines: 'the same, compared with each engine of njs',
  live: 'requests over HTTP/1 and HTTP/2, and answers of the server, that are nearly right, to running gateways',
};

function fuzzRows(runs: Evidence['fuzz']): Row[] {
  return (Object.keys(FUZZED) as FuzzKind[]).flatMap((kind) => {
    const run = runs[kind];
    if (run === undefined) return [];
    const unit = kind === 'live' ? 'connections' : 'inputs';
    return [
      [FUZZED[kind], `${grouped(run.tried)} ${unit}: all holds (${run.date})`, `\`${run.command}\``] as const,
    ];
  });
}

function chaosRows({ chaos, soak }: ChaosResults): Row[] {
  const rows: Row[] = [];
  if (chaos !== undefined) {
    const { runs } = chaos;
    const sum = (read: (run: (typeof runs)[number]) => number) =>
      grouped(runs.reduce((count, run) => count + read(run), 0));
    const faults = sum((run) => Object.values(run.faults).reduce((count, { times }) => count + times, 0));
    rows.push([
      'workers killed, reloads, zones changed, the clock stepped, the server failing, under load: [chaos.md](chaos.md)',
      `${sum((run) => run.counts.requests)} requests, ${faults} disturbances: ${sum((run) => run.findings.length)} findings (${dayOf(chaos.date)})`,
      `\`${chaos.command}\``,
    ]);
  }
  if (soak !== undefined) {
    const minutes = Math.round(Math.max(...soak.runs.map(({ seconds }) => seconds)) / 60);
    const requests = soak.runs.reduce((count, run) => count + run.requests, 0);
    const findings = soak.runs.reduce((count, run) => count + run.findings.length, 0);
    rows.push([
      'the same load for long, and what grows meanwhile: [chaos.md](chaos.md#soak)',
      `${grouped(requests)} requests in ${minutes} minutes: ${findings} findings (${dayOf(soak.date)})`,
      `\`${soak.command}\``,
    ]);
  }
  return rows;
}

function njsRow({ rows, date }: NjsResults): Row {
  const versions = new Set(rows.map(({ njs }) => njs)).size;
  return [
    'versions of njs: [njs_versions.md](njs_versions.md)',
    `${versions} versions, without 1.0.1 as it was released: where one is too old or not safe, nginx does not start or the answer is 500 (${date})`,
    '`npm run test:njs -- --source DIR`',
  ];
}

function dayOf(date: string): string {
  return date.slice(0, 10);
}

function grouped(count: number): string {
  return count.toLocaleString('en-US');
}
