import { readFileSync } from 'node:fs';
import test from 'ava';
import { compareWithList, type Listed, readList } from '../mutation/listed.js';
import { applyMutant, instrument, type Mutant } from '../mutation/mutants.js';
import { PAGE, pageOf } from '../mutation/page.js';
import { readResults, scoreOf } from '../mutation/results.js';
import { judgeRules } from '../mutation/rules.js';
import { instrumentScript } from '../mutation/script.js';
import { RULES, SCRIPT_FOLDERS } from '../mutation/sources.js';
import type { Verdict } from '../mutation/verdict.js';
import { REPOSITORY } from '../support/pages.js';

const TINY = {
  file: 'src/core/text/tiny.ts',
  text: `export function isAdult(age: number): boolean {
  return age >= 18;
}

export function sumTo(last: number): number {
  let sum = 0;
  for (let i = 1; i <= last; i++) sum += i;
  return sum;
}

let kept: string | undefined;
export function firstOf(text: string): string {
  kept = kept || text;
  return kept;
}

const GREETING = 'hello';
export function greet(): string {
  return GREETING;
}

export function forgotten(): string {
  return 'nobody calls it';
}
`,
};
const TINY_TEST = {
  file: 'test/unit/text/tiny.test.ts',
  text: `import test from 'ava';
import { firstOf, greet, isAdult, sumTo } from '../../../src/core/text/tiny.js';

test('isAdult: at 30, and not at 17', (t) => {
  t.true(isAdult(30));
  t.false(isAdult(17));
});
test('sumTo', (t) => t.is(sumTo(3), 6));
test('firstOf: keeps the first text', (t) => {
  t.is(firstOf('a'), 'a');
  t.is(firstOf('b'), 'a');
});
test('greet', (t) => t.is(greet(), 'hello'));
`,
};

test('judgeRules: tells mutants apart that a test notices, that none notices, that no test reaches, and that never end', async (t) => {
  const verdicts = await judgeRules(await instrument([TINY]), {
    folder: `${REPOSITORY}build/mutation/tiny`,
    testFiles: [TINY_TEST.file],
    added: [TINY_TEST],
    jobs: 1,
    leastTimeoutMs: 1000,
    tell: () => {},
  });
  const statusOf = (before: string, after: string) =>
    verdicts.find(({ mutant }) => mutant.before === before && mutant.after === after)?.status;
  t.is(statusOf('return age >= 18;', 'return age < 18;'), 'killed');
  t.is(statusOf('return age >= 18;', 'return true;'), 'killed');
  t.is(statusOf('return age >= 18;', 'return age > 18;'), 'survived', 'nobody is 18 in the test');
  t.is(statusOf("return 'nobody calls it';", 'return "";'), 'uncovered');
  const loop = 'for (let i = 1; i <= last; i++) sum += i;';
  t.is(statusOf(loop, loop.replace('i++', 'i--')), 'timeout');
  t.is(
    statusOf("const GREETING = 'hello';", 'const GREETING = "";'),
    'killed',
    'computed while the file is loaded',
  );
  t.is(statusOf('kept = kept || text;', 'kept = kept && text;'), 'killed');
  t.is(
    verdicts.filter(({ mutant, status }) => mutant.before === 'kept = kept || text;' && status === 'survived')
      .length,
    0,
    'what one mutant has kept is not there for the next',
  );
});

test('instrument: a mutant says what it changes, and applied to its source changes that alone', async (t) => {
  const { mutants } = await instrument([TINY]);
  const bound = mutants.find(({ after }) => after === 'return age > 18;') as Mutant;
  t.like(bound, { file: TINY.file, line: 2, before: 'return age >= 18;' });
  t.is(applyMutant(TINY.text, bound), TINY.text.replace('>=', '>'));
});

test('instrumentScript: each mutant of the script belongs to a source of the folders, and none to what the build adds', async (t) => {
  const { mutants } = await instrumentScript(SCRIPT_FOLDERS.map((folder) => `${folder}/`));
  t.true(mutants.length > 2000);
  t.deepEqual([...new Set(mutants.map(({ file }) => file.split('/').slice(0, 2).join('/')))].sort(), [
    'src/edge',
    'src/gateway',
    'src/operator',
  ]);
  t.false(mutants.some(({ before }) => /StageMade|^function \w+Stage\(/.test(before)));
});

function verdictOf(status: Verdict['status'], before: string, after: string): Verdict {
  const mutant = {
    file: 'src/core/a.ts',
    before,
    after,
    line: 1,
    id: '0',
    mutator: '',
    start: 0,
    end: 0,
    replacement: '',
  };
  return { mutant, status };
}

const LIST: Listed[] = [
  {
    file: 'src/core/a.ts',
    standing: 'equivalent',
    reason: 'a short cut',
    mutants: [
      ['a', 'b'],
      ['c', 'd', 2],
    ],
  },
];
const WHOLE = [
  verdictOf('survived', 'a', 'b'),
  verdictOf('survived', 'c', 'd'),
  verdictOf('survived', 'c', 'd'),
  verdictOf('killed', 'c', 'd'),
  verdictOf('timeout', 'e', 'f'),
];

test('compareWithList: what survives is the list: nothing to say', (t) => {
  t.deepEqual(
    compareWithList(WHOLE, LIST, () => true),
    { unknown: [], gone: [] },
  );
});

test('compareWithList: a survivor that is not listed, or is there once more than it is listed, is named', (t) => {
  const more = [verdictOf('uncovered', 'g', 'h'), verdictOf('survived', 'c', 'd')];
  t.deepEqual(
    compareWithList([...WHOLE, ...more], LIST, () => true),
    { unknown: more, gone: [] },
  );
});

test('compareWithList: a listed mutant that is killed, or is no longer made, is named, so that the list stays true', (t) => {
  const killed = [verdictOf('killed', 'a', 'b'), ...WHOLE.slice(1)];
  t.deepEqual(compareWithList(killed, LIST, () => true).gone, ['src/core/a.ts\na\nb']);
  t.deepEqual(compareWithList(WHOLE.slice(1), LIST, () => true).gone, ['src/core/a.ts\na\nb']);
});

test('compareWithList: a run of some mutants says nothing of the others', (t) => {
  t.deepEqual(
    compareWithList(WHOLE.slice(1, 2), LIST, () => false),
    { unknown: [], gone: [] },
  );
  t.deepEqual(compareWithList([verdictOf('killed', 'a', 'b')], LIST, () => false).gone, [
    'src/core/a.ts\na\nb',
  ]);
});

test('the list of survivors: each mutant once, with a reason', (t) => {
  const keys = readList().flatMap(({ file, mutants }) =>
    mutants.map(([before, after]) => `${file}\n${before}\n${after}`),
  );
  t.is(new Set(keys).size, keys.length);
  t.true(readList().every(({ reason }) => reason.length > 10));
});

test('the rules: 95 % of the mutants or more are noticed, in a run of all of them', (t) => {
  const result = readResults()[RULES];
  if (result === undefined) return t.fail();
  t.is(result.seed, undefined);
  t.is(result.judged, result.made);
  return t.true(Number(scoreOf(result)) >= 95);
});

test(`${PAGE} is what \`npm run docs\` writes`, (t) => {
  t.is(readFileSync(REPOSITORY + PAGE, 'utf8'), pageOf(readResults(), readList()), 'run `npm run docs`');
});
