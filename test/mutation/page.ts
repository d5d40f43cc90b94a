// docs/mutation.md from what the last runs found and from the list of survivors.
import { markdownTable } from 'markdown-table';
import type { Listed, Standing } from './listed.js';
import { type FolderResult, type Results, scoreOf } from './results.js';
import { FOLDERS } from './sources.js';

export const PAGE = 'docs/mutation.md';

export function pageOf(results: Results, list: readonly Listed[]): string {
  return `# Mutation testing

<!-- Written by \`npm run docs\` from test/mutation/results.json and test/mutation/survivors.json. Do not edit. -->

For a reviewer who asks whether the tests would notice a mistake. A program makes small mistakes in the sources, one at a time:
a condition that is always true, a \`<\` in place of a \`<=\`, an empty text, a pattern without its end, a function that does
nothing. Each such mutant should make a test fail. One that does not survives: either nobody can tell it from the source, or a
test is missing.

${tableOf(results)}
${notRunIn(results)}
Score: of the mutants that were judged, the part that a test noticed. Tests that do not end within their time have noticed it
too. Where a sample was judged, its seed is given: the same seed chooses the same mutants of the same sources.

## What is mutated

[StrykerJS](https://stryker-mutator.io/docs/mutation-testing-elements/supported-mutators/) makes the mutants: all of its kinds,
texts and patterns too. A small driver in \`test/mutation/\` runs the tests, because Stryker has no runner for AVA, and because
nothing but nginx can judge what surrounds the rules.

- \`src/core\`: the rules. Every file that is in the script which nginx runs. Each mutant is judged by all unit tests that
  reach it, until one fails.
- \`src/gateway\`, \`src/edge\`, \`src/operator\`: what surrounds the rules. The mutants are made in \`dist/phantom_token.js\`,
  which is what nginx runs, and judged by the nginx tests that reach them, in one of the five set-ups: \`js_access\` with njs's
  own engine. A rule that the build writes out where it is called counts there once more.

Not mutated:

- files that \`npm run build\` writes (\`parse_*.ts\` and \`lines.ts\` in \`src/core/settings\`), and the tables that it writes
  them from: a change of either alone makes \`npm run check\` fail, and \`test/unit/settings/table.test.ts\` tests each row;
- types, and files that hold nothing else: they are not in the script;
- what the build adds to the script: the functions that make a stage.

Texts of log lines and of answers are mutated like everything else.

## Repeat it

| command | what it does |
|---|---|
| \`npm run test:mutation\` | \`src/core\`, all mutants |
| \`npm run test:mutation -- --folder src/gateway --sample 100 --seed 1\` | a hundred of another folder |
| \`npm run test:mutation -- --file claims\` | only the files whose path holds the word |
| \`npm run test:mutation -- --keep\` | the same, and writes the figures above |

It ends with 1 when a mutant survives that is not below, or when one below does not survive any more. A list of known survivors
that nobody compares would hide the next one.

## What survives

${list.length === 0 ? 'Nothing.\n' : survivorsOf(list)}`;
}

function tableOf(results: Results): string {
  const rows = Object.entries(results).map(([folder, result]) => rowOf(folder, result));
  return markdownTable([['folder', 'score', 'judged', 'survive', 'date', 'minutes'], ...rows]);
}

/** So that nobody takes a folder without a row for one without survivors. */
function notRunIn(results: Results): string {
  const folders = FOLDERS.filter((folder) => results[folder] === undefined).map((folder) => `\`${folder}\``);
  if (folders.length === 0) return '';
  return `
Not run yet: ${folders.join(', ')}. Each of their mutants takes nginx some seconds, and there are some 3,000 of them.
`;
}

function rowOf(folder: string, result: FolderResult): string[] {
  const { judged, made, seed, survived, date, minutes } = result;
  const part = seed === undefined ? 'all' : `sample, seed ${seed}, of`;
  return [
    `\`${folder}\``,
    `${scoreOf(result)} %`,
    seed === undefined ? `all ${judged}` : `${judged} (${part} ${made})`,
    String(survived),
    date,
    String(minutes),
  ];
}

const STANDINGS: [standing: Standing, sentence: string][] = [
  [
    'equivalent',
    'No test can tell these from the source: what the gateway answers, stores and sends is the same.',
  ],
  ['elsewhere', 'Tests that did not judge here can tell these.'],
  ['open', 'A test could tell these, and none does yet.'],
];

function survivorsOf(list: readonly Listed[]): string {
  return STANDINGS.map(([standing, sentence]) => {
    const own = list.filter((listed) => listed.standing === standing);
    return own.length === 0 ? '' : `${sentence}\n\n${filesOf(own)}`;
  })
    .filter((part) => part !== '')
    .join('\n');
}

function filesOf(list: readonly Listed[]): string {
  const files = [...new Set(list.map(({ file }) => file))].sort();
  return files
    .map((file) => {
      const ofFile = list.filter((listed) => listed.file === file);
      return `### ${file}\n\n${ofFile.map(itemOf).join('\n')}`;
    })
    .join('\n');
}

function itemOf({ reason, mutants }: Listed): string {
  const lines = mutants.map(([before, after, times = 1]) => {
    const count = times === 1 ? '' : ` (${times} times)`;
    return `  - ${codeOf(before)} → ${codeOf(after)}${count}`;
  });
  return `- ${reason}\n${lines.join('\n')}\n`;
}

/** In Markdown, whatever backticks it holds. */
function codeOf(text: string): string {
  return text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``;
}
