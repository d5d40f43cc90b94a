import { readFileSync } from 'node:fs';
import test from 'ava';
import { ATTACK_GROUPS, type AttackGroup, WITHOUT_TEST } from '../attacks/list.js';
import { buildPage, findProblems } from '../attacks/page.js';
import { findMentions, findTitles, numbersIn, type Title, titlesIn } from '../attacks/titles.js';
import { REPOSITORY } from '../support/pages.js';

/** To be lowered with each attack that gets its first test. It never grows. */
const MOST_WITHOUT_TEST = 0;

const TITLES = findTitles(REPOSITORY);

test('every attack has a test or a reason why it does not apply, and every number that is named is on the list', (t) => {
  t.deepEqual(findProblems(ATTACK_GROUPS, WITHOUT_TEST, TITLES, findMentions(REPOSITORY)), []);
});

test('attacks without a test become fewer, never more', (t) => {
  t.is(WITHOUT_TEST.length, MOST_WITHOUT_TEST);
});

test('numbers go up without a gap, so that the next one is known', (t) => {
  const numbers = ATTACK_GROUPS.flatMap(({ attacks }) => attacks.map(([number]) => number));
  t.deepEqual(
    numbers.toSorted((a, b) => a - b),
    numbers.map((_number, i) => i + 1),
  );
});

test('docs/attacks.md is what `npm run docs` writes', (t) => {
  const page = readFileSync(`${REPOSITORY}docs/attacks.md`, 'utf8');
  t.is(page, buildPage(ATTACK_GROUPS, TITLES), 'run `npm run docs`');
});

const NUMBERS: [sentence: string, text: string, numbers: number[]][] = [
  ['several, each once', 'refused (RFC 6750 §2.1, S5, S6, S5)', [5, 6]],
  ['the ends of a range', 'nothing is stored (S26-S44)', [26, 44]],
  ['no hash of an algorithm', 'x5t#S256, S256, ES256, PS5', []],
  ['no other word that begins so', 'S57a S1234 _S3', []],
];

for (const [sentence, text, numbers] of NUMBERS) {
  test(`numbersIn: ${sentence}`, (t) => t.deepEqual(numbersIn(text), numbers));
}

const SOURCES: [sentence: string, source: string, titles: string[]][] = [
  ['a title', "test('closed (S1)', (t: Test) => t.pass());", ['closed (S1)']],
  ['a title that is filled in', `test(\`[\${name}] \${what}: closed (S1)\`, run);`, ['[…] …: closed (S1)']],
  ['a case of a table', "const CASES: [string, number][] = [['open (S1)', 2], ['shut', 3]];", ['open (S1)']],
  ['a case that is a key', "const CASES = { 'open (S1)': 1 };", ['open (S1)']],
  ['no comment', '// closed (S1)', []],
];

for (const [sentence, source, titles] of SOURCES) {
  test(`titlesIn: ${sentence}`, (t) => t.deepEqual(titlesIn(source), titles));
}

const HELD: Title = { file: 'test/a.test.ts', text: 'closed (S1)' };
const MENTION = { file: 'src/a.ts', numbers: [2] };

const PROBLEMS: [
  sentence: string,
  attacks: AttackGroup['attacks'],
  without: number[],
  titles: Title[],
  problem: string,
][] = [
  ['an attack without a test', [[1, 'a']], [], [], 'no title of a test names S1'],
  ['one that does not apply, with a test', [[1, 'a', 'b']], [], [HELD], 'S1 has a test and does not apply'],
  ['one that has got its test', [[1, 'a']], [1], [HELD], 'S1 has a test: take it off WITHOUT_TEST'],
  ['one that is excused twice', [[1, 'a', 'b']], [1], [], 'S1 does not apply and lacks a test'],
  [
    'a number given twice',
    [
      [1, 'a'],
      [1, 'b'],
    ],
    [],
    [HELD],
    'S1 is listed twice',
  ],
];

for (const [sentence, attacks, without, titles, problem] of PROBLEMS) {
  test(`findProblems: names ${sentence}`, (t) =>
    t.deepEqual(findProblems([{ title: 'A', attacks }], without, titles, []), [problem]));
}

test('findProblems: names a number that is not on the list, wherever it stands', (t) => {
  t.deepEqual(findProblems([], [], [], [MENTION]), ['src/a.ts names S2, which is not on the list']);
});

test('buildPage: a title is shown as it is written, and means nothing in Markdown', (t) => {
  const titles = [{ file: 'test/a.test.ts', text: '`<b>` *x* __proto__ a_b [c]\n (S1)' }];
  const page = buildPage([{ title: 'A', attacks: [[1, 'one']] }], titles);
  t.true(page.includes('  - \\`\\<b\\>\\` \\*x\\* \\_\\_proto\\_\\_ a_b \\[c\\] (S1)\n'), page);
});

test('buildPage: says of each attack by what it is held, or why by nothing', (t) => {
  const attacks: AttackGroup['attacks'] = [
    [1, 'one'],
    [2, 'two', 'it does not.'],
    [3, 'three'],
  ];
  const page = buildPage([{ title: 'A', attacks }], [HELD, HELD]);
  const items = `## A

### S1

one

- \`test/a.test.ts\`
  - closed (S1)

### S2

two

Not applicable: it does not.

### S3

three

No test yet.
`;
  t.true(page.endsWith(items), page);
  t.true(page.includes('Of 3 attacks, 1 are held by tests, 1 do not apply here, and 1 has no test yet.'));
});
