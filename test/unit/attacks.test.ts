import { readFileSync } from 'node:fs';
import test from 'ava';
import { ATTACK_GROUPS, type AttackGroup, WITHOUT_TEST } from '../attacks/list.js';
import { buildPage, findProblems } from '../attacks/page.js';
import {
  findMentions,
  findTitles,
  numbersIn,
  type Title,
  type TitlesOfFile,
  titlesIn,
} from '../attacks/titles.js';
import { REPOSITORY } from '../support/pages.js';

/** To be lowered with each attack that gets its first test. It never grows. */
const MOST_WITHOUT_TEST = 0;

const FOUND = findTitles(REPOSITORY);

test('every attack has a test or a reason why it does not apply, and every number that is named is on the list', (t) => {
  t.deepEqual(findProblems(ATTACK_GROUPS, WITHOUT_TEST, FOUND, findMentions(REPOSITORY)), []);
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
  t.is(page, buildPage(ATTACK_GROUPS, FOUND.titles), 'run `npm run docs`');
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

const SOURCES: [sentence: string, source: string, titles: TitlesOfFile['titles'], lost?: string[]][] = [
  [
    'a title, types or not',
    "gatewayTest('closed (S1)', (t: Test) => t.pass());",
    [{ text: 'closed (S1)', cases: [] }],
  ],
  [
    'the title of a test that runs alone',
    "test.serial('closed (S1)', run); test.after('stopped', run);",
    [{ text: 'closed (S1)', cases: [] }],
  ],
  [
    'a title that is filled in',
    `for (const name of NAMES) test(\`[\${name}] closed (S1)\`, run);`,
    [{ text: '[…] closed (S1)', cases: [] }],
  ],
  [
    'the cases of the table around the test',
    `const CASES: [string, number][] = [['a (S1)', 2], ['b', 3]];
     for (const [what] of CASES) test(\`\${what}: closed\`, run);`,
    [{ text: '…: closed', cases: ['a (S1)'] }],
  ],
  [
    'the cases of a table that is made of another',
    `const CASES = [['a (S1)']]; const MORE = CASES.concat([['b (S2)']]);
     for (const [what] of MORE) test(what, run);`,
    [{ text: '…', cases: ['b (S2)', 'a (S1)'] }],
  ],
  [
    'the cases that a test goes through, keys too',
    "const CASES = { 'a (S1)': 1 }; test('closed (S2)', () => check(CASES));",
    [{ text: 'closed (S2)', cases: ['a (S1)'] }],
  ],
  [
    'a case where it fills a title in, and not in another test of the same table',
    `const CASES = ['a (S1)']; for (const what of CASES) test(\`\${what}: closed\`, run);
     test('all of them (S2)', () => check(CASES));`,
    [
      { text: '…: closed', cases: ['a (S1)'] },
      { text: 'all of them (S2)', cases: [] },
    ],
  ],
  ['what belongs to no test', "const CASES = ['a (S1)']; test('closed', run);", [], ['a (S1)']],
  ['no comment', "// closed (S1)\ntest('closed', run);", []],
];

for (const [sentence, source, titles, lost = []] of SOURCES) {
  test(`titlesIn: ${sentence}`, (t) => t.deepEqual(titlesIn(source), { titles, lost }));
}

const HELD: Title = { file: 'test/a.test.ts', text: 'closed (S1)', cases: [] };
const OF_CASE: Title = { file: 'test/a.test.ts', text: '…: closed', cases: ['a (S1)', 'b (S2)'] };

const PROBLEMS: [
  sentence: string,
  attacks: AttackGroup['attacks'],
  without: number[],
  titles: Title[],
  problems: string[],
][] = [
  ['no attack that a title names', [[1, 'a']], [], [HELD], []],
  ['no attack that a case names', [[1, 'a']], [], [OF_CASE], []],
  ['no attack that does not apply', [[1, 'a', 'b']], [], [], []],
  ['an attack without a test', [[1, 'a']], [], [], ['no title of a test names S1']],
  ['one that does not apply, with a test', [[1, 'a', 'b']], [], [HELD], ['S1 has a test and does not apply']],
  ['one that has got its test', [[1, 'a']], [1], [HELD], ['S1 has a test: take it off WITHOUT_TEST']],
  ['one that is excused twice', [[1, 'a', 'b']], [1], [], ['S1 does not apply and lacks a test']],
  [
    'a number that is given twice',
    [
      [1, 'a'],
      [1, 'b'],
    ],
    [],
    [HELD],
    ['S1 is listed twice'],
  ],
];

for (const [sentence, attacks, without, titles, problems] of PROBLEMS) {
  test(`findProblems: names ${sentence}`, (t) =>
    t.deepEqual(findProblems([{ title: 'A', attacks }], without, { titles, lost: [] }, []), problems));
}

test('findProblems: names a number that is not on the list, wherever it stands, and one that belongs to no test', (t) => {
  const found = { titles: [], lost: ['test/a.test.ts: a (S2)'] };
  t.deepEqual(findProblems([], [], found, [{ file: 'src/a.ts', numbers: [2] }]), [
    'this belongs to no test: test/a.test.ts: a (S2)',
    'src/a.ts names S2, which is not on the list',
  ]);
});

test('buildPage: a title is shown as it is written, and means nothing in Markdown', (t) => {
  const titles = [{ ...HELD, text: '`<b>` *x* __proto__ a_b [c]\n (S1)' }];
  const page = buildPage([{ title: 'A', attacks: [[1, 'one']] }], titles);
  t.true(page.includes('  - \\`\\<b\\>\\` \\*x\\* \\_\\_proto\\_\\_ a_b \\[c\\] (S1)\n'), page);
});

test('buildPage: says of each attack by what it is held, or why by nothing', (t) => {
  const attacks: AttackGroup['attacks'] = [
    [1, 'one'],
    [3, 'three', 'it does not.'],
    [4, 'four'],
  ];
  const page = buildPage([{ title: 'A', attacks }], [HELD, OF_CASE, { ...HELD, file: 'test/b.test.ts' }]);
  const items = `## A

### S1

one

- \`test/a.test.ts\`
  - closed (S1)
  - …: closed
    - a (S1)
- \`test/b.test.ts\`
  - closed (S1)

### S3

three

Not applicable: it does not.

### S4

four

No test yet.
`;
  t.true(page.endsWith(items), page);
  t.true(page.includes('Attacks: 3. Held by tests: 1. Not applicable here: 1. Without a test yet: 1.\n'));
});
