// docs/attacks.md from the list of attacks and the titles of the tests.
import type { Attack, AttackGroup } from './list.js';
import { numbersIn, type Title } from './titles.js';

/** What the list, the tests and the rest of the repository do not agree on; empty when all is well. */
export function findProblems(
  groups: readonly AttackGroup[],
  withoutTest: readonly number[],
  { titles, lost }: { titles: readonly Title[]; lost: readonly string[] },
  mentions: readonly { file: string; numbers: readonly number[] }[],
): string[] {
  const attacks = groups.flatMap((group) => group.attacks);
  const known = attacks.map(([number]) => number);
  return [
    ...attacks.flatMap((attack) => problemsOf(attack, titles, withoutTest)),
    ...known.filter((number, i) => known.indexOf(number) !== i).map((number) => `S${number} is listed twice`),
    ...lost.map((text) => `this belongs to no test: ${text}`),
    ...mentions.flatMap(({ file, numbers }) =>
      numbers
        .filter((number) => !known.includes(number))
        .map((number) => `${file} names S${number}, which is not on the list`),
    ),
  ];
}

function problemsOf(
  [number, , notApplicable]: Attack,
  titles: readonly Title[],
  withoutTest: readonly number[],
): string[] {
  const isTested = titles.some((title) => isAbout(number, title));
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
  return `# Attacks and the tests that hold them

<!-- Written by \`npm run docs\` from test/attacks/list.ts and the titles of the tests. Do not edit. -->

For a reviewer: every attack and fault that the gateway was examined for, what must hold, and by which tests it does. The
numbers are those in titles and comments. [security.md](security.md) has the same from the other side: the promise, the rules,
what is not protected.

${countOf(groups, titles)}

Below a sentence stand the titles of its tests, with \`…\` for what is filled in when they run; below a title the cases that are
about the attack, where not all of them are. Tests in \`test/nginx/\` run on real nginx, in five set-ups each: both modes, both
engines of njs, and the oldest version. \`npm test\` runs all of them, and fails when this page is not what they say.
`;
}

function countOf(groups: readonly AttackGroup[], titles: readonly Title[]): string {
  const attacks = groups.flatMap((group) => group.attacks);
  const notApplicable = attacks.filter(([, , reason]) => reason !== undefined).length;
  const held = attacks.filter(([number]) => titles.some((title) => isAbout(number, title))).length;
  const withoutTest = attacks.length - held - notApplicable;
  const missing = withoutTest === 0 ? '' : ` Without a test yet: ${withoutTest}.`;
  return `Attacks: ${attacks.length}. Held by tests: ${held}. Not applicable here: ${notApplicable}.${missing}`;
}

function isAbout(number: number, { text, cases }: Title): boolean {
  return [text, ...cases].some((one) => numbersIn(one).includes(number));
}

function itemOf([number, sentence, notApplicable]: Attack, titles: readonly Title[]): string {
  const below = notApplicable === undefined ? testsOf(number, titles) : `Not applicable: ${notApplicable}\n`;
  return `### S${number}\n\n${sentence}\n\n${below}`;
}

function testsOf(number: number, titles: readonly Title[]): string {
  const own = titles.filter((title) => isAbout(number, title));
  if (own.length === 0) return 'No test yet.\n';
  const files = [...new Set(own.map(({ file }) => file))];
  return files.map((file) => `- \`${file}\`\n${linesOf(number, own, file)}`).join('');
}

function linesOf(number: number, titles: readonly Title[], file: string): string {
  const lines = titles
    .filter((title) => title.file === file)
    .flatMap(({ text, cases }) => [
      `  - ${escapeMarkdown(text)}\n`,
      ...cases
        .filter((one) => numbersIn(one).includes(number))
        .map((one) => `    - ${escapeMarkdown(one)}\n`),
    ]);
  return lines.join('');
}

/** As text, whatever a title holds that means something in Markdown. */
function escapeMarkdown(title: string): string {
  return title
    .replace(/[\\`*<>[\]|]/g, '\\$&')
    .replace(/(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g, '\\_')
    .replace(/\s+/g, ' ')
    .trim();
}
