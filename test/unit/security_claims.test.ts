import { existsSync, readFileSync } from 'node:fs';
import test from 'ava';
import { everyTitleIn, type Title } from '../attacks/titles.js';
import { type Claim, claimsIn, problemsOf } from '../support/claims.js';
import { REPOSITORY } from '../support/pages.js';

const PAGE = 'docs/security.md';

const known = new Map<string, Omit<Title, 'file'>[] | undefined>();

function titlesOf(file: string): Omit<Title, 'file'>[] | undefined {
  const path = REPOSITORY + file;
  if (!known.has(file)) {
    known.set(file, existsSync(path) ? everyTitleIn(readFileSync(path, 'utf8')) : undefined);
  }
  return known.get(file);
}

test(`${PAGE}: beside each claim stands a test that is there, or the reason why no test can hold it`, (t) => {
  const claims = claimsIn(readFileSync(REPOSITORY + PAGE, 'utf8'));
  t.true(claims.length > 50, 'the page is read');
  t.deepEqual(
    claims.flatMap((claim) => problemsOf(claim, titlesOf)),
    [],
  );
});

const BLOCKS: [sentence: string, page: string, claims: Omit<Claim, 'line'>[]][] = [
  [
    'a paragraph of several lines, with its comments',
    'One,\ntwo.\n<!-- a -->\n<!-- b -->',
    [{ text: 'One,\ntwo.', comments: ['a', 'b'] }],
  ],
  [
    'each bullet, up to the next one',
    '- one\n  more\n  <!-- a -->\n- two',
    [
      { text: '- one\n  more', comments: ['a'] },
      { text: '- two', comments: [] },
    ],
  ],
  [
    'each row of a table, but no header',
    '| A | B |\n|---|---|\n| c | d <!-- a --> |\n| e | f |',
    [
      { text: '| c | d  |', comments: ['a'] },
      { text: '| e | f |', comments: [] },
    ],
  ],
  ['no heading', '# One\n## Two\nThree.', [{ text: 'Three.', comments: [] }]],
  ['nothing that is generated', '<!-- x:begin -->\n| a | b |\n\nText.\n<!-- x:end -->', []],
  [
    'what stands below something generated',
    '<!-- x:begin -->\na\n<!-- x:end -->\n\nText.',
    [{ text: 'Text.', comments: [] }],
  ],
];

for (const [sentence, page, claims] of BLOCKS) {
  test(`claimsIn: sees ${sentence}`, (t) =>
    t.deepEqual(
      claimsIn(page).map(({ text, comments }) => ({ text, comments })),
      claims,
    ));
}

test('claimsIn: gives the line at which a block begins, also below something generated', (t) => {
  const page = '# A\n\n<!-- x:begin -->\na\n<!-- x:end -->\n\none\ntwo\n\nthree\n';
  t.deepEqual(
    claimsIn(page).map(({ line }) => line),
    [7, 10],
  );
});

const TITLES = [
  { text: 'a token is refused', cases: [] },
  { text: 'another token is refused', cases: [] },
  { text: '…: closed', cases: ['a line break'] },
];
const titlesOfExample = (file: string) => (file === 'test/a.test.ts' ? TITLES : undefined);

const COMMENTS: [sentence: string, text: string, comments: string[], problems: string[]][] = [
  ['a title', 'A.', ['test/a.test.ts: another token is refused'], []],
  ['a part that only one title has', 'A.', ['test/a.test.ts: another token'], []],
  ['a case that fills a title in', 'A.', ['test/a.test.ts: a line break'], []],
  ['a reason', 'A.', ['no test: advice'], []],
  ['nothing', 'A.', [], ['line 1: neither a test nor a reason why there is none: A.']],
  ['no reason', 'A.', ['no test:'], ['line 1: neither "FILE: TITLE" nor "no test: REASON": no test:']],
  ['something else', 'A.', ['note'], ['line 1: neither "FILE: TITLE" nor "no test: REASON": note']],
  ['a file that is not there', 'A.', ['test/b.test.ts: a token'], ['line 1: there is no test/b.test.ts']],
  [
    'a title that is not there',
    'A.',
    ['test/a.test.ts: a token is served'],
    ['line 1: no title of test/a.test.ts has: a token is served'],
  ],
  [
    'a part that two titles have',
    'A.',
    ['test/a.test.ts: token is refused'],
    ['line 1: more than one title of test/a.test.ts has: token is refused'],
  ],
  [
    'another file than the one that the reader sees',
    'A (`test/b.test.ts`).',
    ['test/a.test.ts: a token is refused'],
    ['line 1: no comment names a title of test/b.test.ts'],
  ],
  ['no text beside them', '', ['no test: advice'], ['line 1: comments that belong to no text']],
];

for (const [sentence, text, comments, problems] of COMMENTS) {
  test(`problemsOf: comments that name ${sentence}`, (t) =>
    t.deepEqual(problemsOf({ line: 1, text, comments }, titlesOfExample), problems));
}

test('everyTitleIn: has the tests without a number too, and all texts that fill a title in, but none of a test itself', (t) => {
  const source = `
    const CASES = [['a', 1], ['b', 2]];
    for (const [what] of CASES) gatewayTest(\`\${what}: closed\`, () => send('no case'));
    test('one', () => send('no case'));`;
  t.deepEqual(everyTitleIn(source), [
    { text: '…: closed', cases: ['a', 'b'] },
    { text: 'one', cases: [] },
  ]);
});
