// docs/attacks.md from the list of attacks and the titles of the tests.
import type { Attack, AttackGroup } from './list.js';
import { numbersIn, type Title } from './titles.js';

/** What the list and the titles do not agree on; empty when all is well. */
export function findProblems(
  groups: readonly AttackGroup[],
  withoutTest: readonly number[],
  titles: readonly Title[],
  mentions: readonly { file: string; numbers: readonly number[] }[],
): string[] {
  const attacks = groups.flatMap((group) => group.attacks);
  const known = attacks.map(([number]) => number);
  const tested = new Set(titles.flatMap(({ text }) => numbersIn(text)));
  return [
    ...attacks.flatMap((attack) => problemsOf(attack, tested.has(attack[0]), withoutTest)),
    ...known.filter((number, i) => known.indexOf(number) !== i).map((number) => `S${number} is listed twice`),
    ...mentions.flatMap(({ file, numbers }) =>
      numbers
        .filter((number) => !known.includes(number))
        .map((number) => `${file} names S${number}, which is not on the list`),
    ),
  ];
}

function problemsOf([number, , notApplicable]: Attack, isTested: boolean, withoutTest: readonly number[]) {
  const isExcused = withoutTest.includes(number);
  const problems: string[] = [];
  if (isTested && notApplicable !== undefined) problems.push(`S${number} has a test and does not apply`);
  if (isTested && isExcused) problems.push(`S${number} has a test: take it off WITHOUT_TEST`);
  if (isExcused && notApplicable !== undefined) problems.push(`S${number} does not apply and lacks a test`);
  if (!isTested && !isExcused && notApplicable === undefined)
    problems.push(`no title of a test names S${number}`);
  return problems;
}

/** The whole page. */
export function buildPage(groups: readonly AttackGroup[], titles: readonly Title[]): string {
  const sections = groups.map(
    ({ title, attacks }) => `## ${title}\n\n${attacks.map((attack) => itemOf(attack, titles)).join('\n')}`,
  );
  return `${introduction(groups, titles)}\n${sections.join('\n')}`;
}

function introduction(groups: readonly AttackGroup[], titles: readonly Title[]): string {
  const attacks = groups.flatMap((group) => group.attacks);
  const notApplicable = attacks.filter(([, , reason]) => reason !== undefined).length;
  const held = attacks.filter(([number]) => titlesOf(number, titles).length > 0).length;
  return `# Attacks and the tests that hold them

<!-- Written by \`npm run docs\` from test/attacks/list.ts and the titles of the tests. Do not edit. -->

For a reviewer: every attack and fault that the gateway was examined for, what must hold, and by which tests it does. The
numbers are those in titles and comments. [security.md](security.md) has the same from the other side: the promise, the rules,
what is not protected.

Of ${attacks.length} attacks, ${held} are held by tests, ${notApplicable} do not apply here, and ${attacks.length - held - notApplicable} ${attacks.length - held - notApplicable === 1 ? 'has' : 'have'} no test yet. Below a
sentence stand the titles of its tests, or the names of the cases in them; \`…\` is filled in when the test runs. Tests in
\`test/nginx/\` run on real nginx, in five set-ups each: both modes, both engines of njs, and the oldest version.
\`npm test\` runs all of them, and fails when this page is not what they say.
`;
}

function titlesOf(number: number, titles: readonly Title[]): Title[] {
  return titles.filter(({ text }) => numbersIn(text).includes(number));
}

function itemOf([number, sentence, notApplicable]: Attack, titles: readonly Title[]): string {
  return `### S${number}\n\n${sentence}\n\n${notApplicable === undefined ? testsOf(titlesOf(number, titles)) : `Not applicable: ${notApplicable}\n`}`;
}

function testsOf(titles: readonly Title[]): string {
  if (titles.length === 0) return 'No test yet.\n';
  const files = [...new Set(titles.map(({ file }) => file))];
  const lists = files.map((file) => {
    const texts = new Set(titles.filter((title) => title.file === file).map(({ text }) => text));
    return `- \`${file}\`\n${Array.from(texts, (text) => `  - ${escapeMarkdown(text)}\n`).join('')}`;
  });
  return lists.join('');
}

/** As text, whatever a title holds that means something in Markdown. */
function escapeMarkdown(title: string): string {
  return title
    .replace(/[\\`*<>[\]|]/g, '\\$&')
    .replace(/(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g, '\\_')
    .replace(/\s+/g, ' ')
    .trim();
}
