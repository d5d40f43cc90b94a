import { readFileSync } from 'node:fs';
import { type AnyNode, parse } from 'acorn';
import { full } from 'acorn-walk';
import test from 'ava';
import { cutIntoStages } from '../../scripts/cut.js';

const DIST = readFileSync(new URL('../../dist/phantom_token.js', import.meta.url), 'utf8');

/** Each of them costs every request some 250 instructions under the njs engine: a hit must need it. */
const FUNCTIONS_OF_A_HIT = [
  'access',
  'authorize',
  'count',
  'firstDigest',
  'grant',
  'handle',
  'hasZone',
  'judgeStage',
  'jwt', // $phantom_jwt: some configurations use it for every request
  'makeJudgeStage',
  'readFirstRecord',
  'readPolicy2', // esbuild tells it apart from that of settings/parse_policy.ts
  'takeKeptRequest',
];
/** What nginx.conf may name beside access and authorize: an arrow each, which calls a stage. */
const ARROWS_OF_THE_EXPORT = 5;

/** As esbuild writes one: a first line about the package, imports, the files one after the other, one export. */
const BUNDLE = `// banner

// src/key.ts
import crypto from "crypto";

// src/key.ts
var PREFIX = "key ";
function keyOf(text) {
  return PREFIX + crypto.createHash("sha256").update(text).digest("hex");
}

// src/gateway/ask.ts
var TRIES = 2;
var MORE_TRIES = TRIES + 1;
function ask(text, tries) {
  return keyOf(text) + tries;
}

// src/report.ts
function report(text) {
  return ask(text, TRIES) + heading(text);
}
function heading(text) {
  return "# " + text;
}

// src/gateway/miss.ts
function miss(text) {
  return text === "report" ? report(text) : ask(text, MORE_TRIES);
}

// src/hit.ts
function hit(text) {
  return text === "known" ? keyOf(text) : miss(text);
}

// src/index.ts
var index_default = {
  hit,
  report: (text) => report(text)
};
export {
  index_default as default
};
`;
const ENTRY_FILE = 'src/index.ts';
/** As esbuild tells which file imports which. */
const INPUTS = inputsOf({
  [ENTRY_FILE]: ['src/hit.ts', 'src/report.ts'],
  'src/hit.ts': ['src/key.ts', 'src/gateway/miss.ts'],
  'src/gateway/miss.ts': ['src/gateway/ask.ts', 'src/report.ts'],
  'src/report.ts': ['src/gateway/ask.ts'],
  'src/gateway/ask.ts': ['src/key.ts'],
  'src/key.ts': [],
});
const MISS = 'src/gateway/miss.ts';
const REPORT = 'src/report.ts';

function inputsOf(imports: Record<string, string[]>) {
  return Object.fromEntries(
    Object.entries(imports).map(([file, paths]) => [file, { imports: paths.map((path) => ({ path })) }]),
  );
}

function cut(stages: string[]): string {
  return cutIntoStages(BUNDLE, INPUTS, ENTRY_FILE, onPath(stages));
}

/** Each file begins a stage on the path. */
function onPath(files: readonly string[]) {
  return files.map((file) => ({ files: [file] }));
}

function statementsOf(code: string): AnyNode[] {
  return parse(code, { ecmaVersion: 'latest', sourceType: 'module' }).body;
}

function declaredIn(statements: readonly AnyNode[]): string[] {
  return statements.flatMap((statement) => {
    if (statement.type === 'FunctionDeclaration') {
      return statement.id === null ? [] : [statement.id.name];
    }
    return statement.type === 'VariableDeclaration'
      ? statement.declarations.flatMap(({ id }) => (id.type === 'Identifier' ? [id.name] : []))
      : [];
  });
}

/** What stands directly in the function that makes a stage, wherever that is nested. */
function declaredInStage(code: string, make: string): string[] {
  let found: string[] = [];
  full(parse(code, { ecmaVersion: 'latest', sourceType: 'module' }), (raw) => {
    const node = raw as AnyNode;
    if (node.type === 'FunctionDeclaration' && node.id?.name === make) {
      found = declaredIn(node.body.body);
    }
  });
  return found;
}

async function run(code: string): Promise<Record<string, (...args: unknown[]) => unknown>> {
  const module = await import(`data:text/javascript,${encodeURIComponent(code)}`);
  return module.default;
}

test('cutIntoStages: what index.ts imports stays at the top level, up to the files that begin a stage', (t) => {
  t.deepEqual(declaredIn(statementsOf(cut([MISS, REPORT]))), [
    'PREFIX',
    'keyOf',
    'hit',
    'index_default',
    'missStageMade',
    'missStage',
    'makeMissStage',
  ]);
});

test('cutIntoStages: a stage holds its file and what that alone imports, in the order of the bundle, and the stage that follows', (t) => {
  const code = cut([MISS, REPORT]);
  t.deepEqual(declaredInStage(code, 'makeMissStage'), [
    'TRIES',
    'MORE_TRIES',
    'ask',
    'miss',
    'reportStageMade',
    'reportStage',
    'makeReportStage',
  ]);
  t.deepEqual(declaredInStage(code, 'makeReportStage'), ['report', 'heading']);
});

test('cutIntoStages: a file that two stages import stands in the earlier one, which the later one sees', (t) => {
  const code = cut([REPORT, MISS]);
  t.deepEqual(declaredInStage(code, 'makeReportStage'), [
    'TRIES',
    'MORE_TRIES',
    'ask',
    'report',
    'heading',
    'missStageMade',
    'missStage',
    'makeMissStage',
  ]);
  t.deepEqual(declaredInStage(code, 'makeMissStage'), ['miss']);
});

test('cutIntoStages: a function is called through its stage, from wherever that is not seen', (t) => {
  const code = cut([MISS, REPORT]);
  t.true(code.includes('keyOf(text) : missStage().miss(text);'));
  t.true(code.includes('report: (text) => missStage().reportStage().report(text)'));
  t.true(code.includes('"report" ? reportStage().report(text) : ask(text, MORE_TRIES);'));
});

test('cutIntoStages: a later stage names a function of an earlier one as it is: it stands within', (t) => {
  t.true(cut([REPORT, MISS]).includes('"report" ? report(text) : ask(text, MORE_TRIES);'));
});

test('cutIntoStages: a stage gives what others name and the stage that follows, and nothing else', (t) => {
  const given = Array.from(cut([MISS, REPORT]).matchAll(/^return \{ (.*) \};$/gm), ([, names]) => names);
  t.deepEqual(given, ['report', 'reportStage, miss']);
});

for (const stages of [[], [MISS], [REPORT], [MISS, REPORT], [REPORT, MISS]]) {
  test(`cutIntoStages: the bundle that is cut does what it did before: ${stages.join(', ') || 'none'}`, async (t) => {
    const whole = await run(BUNDLE);
    const parted = await run(cut(stages));
    t.deepEqual(Object.keys(parted), Object.keys(whole));
    for (const name of Object.keys(whole)) {
      for (const text of ['known', 'report', 'other', 'other']) {
        t.is(parted[name]?.(text), whole[name]?.(text), `${name} ${text}`);
      }
    }
  });
}

test('cutIntoStages: the first line stays first, then come imports, then the export, then the stages', (t) => {
  const code = cut([MISS, REPORT]);
  const kinds = statementsOf(code).map(({ type }) => type);
  t.true(code.startsWith('// banner\n'));
  t.is(kinds.indexOf('ImportDeclaration'), 0);
  t.is(kinds.lastIndexOf('ImportDeclaration'), 0);
  t.deepEqual(kinds.slice(kinds.indexOf('ExportNamedDeclaration') + 1), [
    'VariableDeclaration',
    'FunctionDeclaration',
    'FunctionDeclaration',
  ]);
});

test('cutIntoStages: every group of declarations names its source', (t) => {
  t.deepEqual(
    Array.from(cut([MISS, REPORT]).matchAll(/^\/\/ .*$/gm), ([line]) => line),
    [
      '// banner',
      '// src/key.ts',
      '// src/hit.ts',
      '// src/index.ts',
      '// src/gateway/ask.ts',
      '// src/gateway/miss.ts',
      '// src/report.ts',
    ],
  );
});

const ENTRY = 'function entry(a) { return "entry " + a; }';
const STAGE = 'src/stage.ts';
const WITH_STAGE = inputsOf({ [ENTRY_FILE]: [STAGE], [STAGE]: [] });

/** A bundle of two files, of which one begins a stage. */
function bundleOf(ofStage: string, ofIndex: string): string {
  return `// banner\n\n// ${STAGE}\n${ofStage}\n\n// ${ENTRY_FILE}\n${ofIndex}\nexport { index_default as default };\n`;
}

function cutStage(code: string): string {
  return cutIntoStages(code, WITH_STAGE, ENTRY_FILE, onPath([STAGE]));
}

test('cutIntoStages: an import stays on top, also that of a stage, and whoever needs it sees it without the stage', async (t) => {
  const code = bundleOf(
    'import a from "crypto";\nimport b from "fs";\nfunction entry() { return typeof b; }',
    'var index_default = { f: () => entry(), g: () => typeof a };',
  );
  const parted = cutStage(code);
  t.deepEqual(
    statementsOf(parted)
      .slice(0, 2)
      .map(({ type }) => type),
    ['ImportDeclaration', 'ImportDeclaration'],
  );
  t.true(parted.includes('g: () => typeof a'));
  t.is((await run(parted)).f?.(), 'object');
});

test('cutIntoStages: a stage is made once, so that QuickJS keeps what it made', async (t) => {
  const code = bundleOf(
    ENTRY,
    'function give() { return entry; }\nvar index_default = { isSame: () => give() === give() };',
  );
  t.true((await run(code)).isSame?.());
  t.true((await run(cutStage(code))).isSame?.());
});

test('cutIntoStages: a stage is not made before it is called, so that a hit does not pay for it', async (t) => {
  const code = bundleOf(
    'var MARK = Object.defineProperty(globalThis, "phantomStageIsMade", { value: true });\nfunction entry() { return MARK; }',
    'var index_default = { f: () => entry() !== undefined, isMade: () => "phantomStageIsMade" in globalThis };',
  );
  const parted = await run(cutStage(code));
  t.false(parted.isMade?.());
  t.true(parted.f?.());
  t.true(parted.isMade?.());
});

/** In each the name of the stage's function stands for something else. */
const OTHER_MEANINGS: [sentence: string, functions: string, expected: string][] = [
  ['a member', 'function f(a) { return { entry: a }.entry + 1; }', '11'],
  ['a method', 'function f(a) { return { entry() { return a + 1; } }.entry(); }', '11'],
  ['a text', 'function f(a) { return a ? "entry" : 0; }', 'entry'],
  ['a parameter', 'function f(entry) { return entry + 1; }', '11'],
];

for (const [sentence, functions, expected] of OTHER_MEANINGS) {
  test(`cutIntoStages: ${sentence} of a function's name is left alone`, async (t) => {
    const code = bundleOf(ENTRY, `${functions}\nvar index_default = { f: (a) => f(a), g: (a) => entry(a) };`);
    const parted = cutStage(code);
    t.true(parted.includes(functions));
    const { f, g } = await run(parted);
    t.is(String(f?.(10)), expected);
    t.is(g?.(10), 'entry 10');
  });
}

test("cutIntoStages: a name that only starts or ends with a function's is left alone", (t) => {
  const parted = cutStage(
    bundleOf(
      ENTRY,
      'function entry2() { return 2; }\nfunction reentry() { return entry2(); }\nvar index_default = { f: () => reentry() + entry(1) };',
    ),
  );
  t.true(parted.includes('f: () => reentry() + stageStage().entry(1)'));
  t.true(parted.includes('function reentry() { return entry2(); }'));
});

/** Uses of a stage's function, as often and wherever a function has them; `do` is read in another order than it is written. */
const USES: [code: string, cut: string][] = [
  ['return entry(entry(a));', 'return stageStage().entry(stageStage().entry(a));'],
  ['return [a].map(entry)[0];', 'return [a].map(stageStage().entry)[0];'],
  [
    'do { a = entry(a); } while (entry(a) === "entry "); return a;',
    'do { a = stageStage().entry(a); } while (stageStage().entry(a) === "entry "); return a;',
  ],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: code under test
  ['return `${entry(a)} entry`;', 'return `${stageStage().entry(a)} entry`;'],
  ['const g = () => entry(a); return g();', 'const g = () => stageStage().entry(a); return g();'],
  ['return { entry: entry(a) }.entry;', 'return { entry: stageStage().entry(a) }.entry;'],
  ['return { entry }.entry(a);', 'return { entry: stageStage().entry }.entry(a);'],
];

for (const [body, expected] of USES) {
  test(`cutIntoStages: finds every use of a function: ${body}`, async (t) => {
    const code = bundleOf(ENTRY, `function f(a) { ${body} }\nvar index_default = { f };`);
    const parted = cutStage(code);
    t.true(parted.includes(`function f(a) { ${expected} }`));
    t.is((await run(parted)).f?.(1), (await run(code)).f?.(1));
  });
}

test('cutIntoStages: a function that calls itself does so without its stage', (t) => {
  const code = bundleOf(
    'function entry(a) { return a > 0 ? entry(a - 1) : a; }',
    'var index_default = { f: () => entry(1) };',
  );
  t.true(cutStage(code).includes('{ return a > 0 ? entry(a - 1) : a; }'));
});

test('cutIntoStages: of three stages the last is reached through the two before it', async (t) => {
  const code = `// banner

// src/one.ts
function one() { return "1" + two(); }

// src/two.ts
function two() { return "2" + three(); }

// src/the_third.ts
function three() { return "3"; }

// ${ENTRY_FILE}
var index_default = { one: () => one(), two: () => two(), three: () => three() };
export { index_default as default };
`;
  const stages = ['src/one.ts', 'src/two.ts', 'src/the_third.ts'];
  const ofStages = Object.fromEntries(stages.map((file) => [file, []]));
  const parted = cutIntoStages(
    code,
    inputsOf({ [ENTRY_FILE]: stages, ...ofStages }),
    ENTRY_FILE,
    onPath(stages),
  );
  t.true(parted.includes('three: () => oneStage().twoStage().theThirdStage().three()'));
  t.true(parted.includes('{ return "1" + twoStage().two(); }'));
  const { one, two, three } = await run(parted);
  t.deepEqual([one?.(), two?.(), three?.()], ['123', '23', '3']);
});

const AT_EVERY_REQUEST: [sentence: string, ofIndex: string][] = [
  ['a member of the export itself', 'var index_default = { entry };'],
  ['what a constant names', 'var A = entry;\nvar index_default = { f: () => A };'],
  ['called at the top level', 'var A = entry(1);\nvar index_default = { f: () => A };'],
];

for (const [sentence, ofIndex] of AT_EVERY_REQUEST) {
  test(`cutIntoStages: refuses a function of a stage that is ${sentence}: its stage would be made at every request`, (t) => {
    t.throws(() => cutStage(bundleOf(ENTRY, ofIndex)), { message: /^entry would be made at every request$/ });
  });
}

test('dist/phantom_token.js: the top level has the functions that a hit needs, and no other: each costs every request', (t) => {
  const functions = statementsOf(DIST).filter(({ type }) => type === 'FunctionDeclaration');
  t.deepEqual(declaredIn(functions).toSorted(), FUNCTIONS_OF_A_HIT.toSorted());
});

test('dist/phantom_token.js: beside them the top level makes only the arrows of the export', (t) => {
  let made = 0;
  for (const statement of statementsOf(DIST)) {
    if (statement.type === 'VariableDeclaration') {
      full(statement, ({ type }) => {
        made += type.includes('Function') ? 1 : 0;
      });
    }
  }
  t.is(made, ARROWS_OF_THE_EXPORT);
});

test('dist/phantom_token.js: the top level has the variables that a hit needs, and no other', (t) => {
  const variables = statementsOf(DIST).filter(({ type }) => type === 'VariableDeclaration');
  t.deepEqual(declaredIn(variables).toSorted(), [
    'begun',
    'index_default',
    'isOff',
    'judgeStageMade',
    'records',
    'wasCalled',
  ]);
});

test('dist/phantom_token.js: the stages are nested in the order in which a request needs them', (t) => {
  t.true(declaredIn(statementsOf(DIST)).includes('makeJudgeStage'));
  t.true(declaredInStage(DIST, 'makeJudgeStage').includes('makeWaysInStage'));
  t.true(declaredInStage(DIST, 'makeJudgeStage').includes('makeRejectedStage'));
  t.true(declaredInStage(DIST, 'makeRejectedStage').includes('makeUndecidedStage'));
  t.true(declaredInStage(DIST, 'makeUndecidedStage').includes('makeMissStage'));
  t.true(declaredInStage(DIST, 'makeMissStage').includes('makeJoinStage'));
});

test('dist/phantom_token.js: no stage is empty: a file of that name, which begins it, is in the bundle', (t) => {
  const makers = Array.from(DIST.matchAll(/^function (make\w+Stage)\(/gm), ([, name]) => name as string);
  t.true(makers.length > 5);
  const empty = makers.filter((make) =>
    declaredInStage(DIST, make).every((name) => /Stage(Made)?$/.test(name)),
  );
  t.deepEqual(empty, []);
});

test('dist/phantom_token.js: a rejected token, which anybody can send, needs neither the settings of a question nor what asks', (t) => {
  const before = ['makeJudgeStage', 'makeRejectedStage'].flatMap((make) => declaredInStage(DIST, make));
  t.true(before.includes('refuseRejected'));
  for (const name of ['parseSettings', 'checkEndpoint', 'parseBearer', 'askOnce']) {
    t.true(DIST.includes(`function ${name}(`), name);
    t.false(before.includes(name), name);
  }
});

test('cutIntoStages: several files can begin a stage together: QuickJS keeps the text of each function around a function', (t) => {
  const stages = ['src/a.ts', 'src/b.ts'];
  const code = `// banner

// src/a.ts
function a() { return "a"; }

// src/b.ts
function b() { return "b" + a(); }

// ${ENTRY_FILE}
var index_default = { a: () => a(), b: () => b() };
export { index_default as default };
`;
  const parted = cutIntoStages(
    code,
    inputsOf({ [ENTRY_FILE]: stages, 'src/a.ts': [], 'src/b.ts': [] }),
    ENTRY_FILE,
    [{ files: stages }],
  );
  t.true(parted.includes('a: () => aStage().a(), b: () => aStage().b()'));
  t.true(parted.includes('function b() { return "b" + a(); }'));
});

test('cutIntoStages: refuses a stage that begins with a file that is not in the bundle', (t) => {
  t.throws(() => cutIntoStages('', inputsOf({ [ENTRY_FILE]: [] }), ENTRY_FILE, onPath(['src/renamed.ts'])), {
    message: 'the bundle has no src/renamed.ts',
  });
});

test('cutIntoStages: a stage beside the path is made without those after it, and they without it', async (t) => {
  const code = `// banner

// src/shared.ts
function shared() { return "s"; }

// src/two.ts
function two() { return "2" + shared(); }

// src/beside.ts
function beside() { return "b" + shared(); }

// src/one.ts
function one(isBeside) { return "1" + (isBeside ? beside() : two()); }

// ${ENTRY_FILE}
var index_default = { one: (isBeside) => one(isBeside), two: () => two(), beside: () => beside() };
export { index_default as default };
`;
  const inputs = inputsOf({
    [ENTRY_FILE]: ['src/one.ts'],
    'src/one.ts': ['src/two.ts', 'src/beside.ts'],
    'src/two.ts': ['src/shared.ts'],
    'src/beside.ts': ['src/shared.ts'],
    'src/shared.ts': [],
  });
  const within = 'src/one.ts';
  const stages = [
    { files: ['src/one.ts'] },
    { files: ['src/shared.ts'], within },
    { files: ['src/two.ts'] },
    { files: ['src/beside.ts'], within },
  ];
  const parted = cutIntoStages(code, inputs, ENTRY_FILE, stages);
  t.true(parted.includes('(isBeside ? besideStage().beside() : twoStage().two())'));
  t.true(parted.includes('beside: () => oneStage().besideStage().beside()'));
  t.true(parted.includes('return "b" + sharedStage().shared();'));
  const { one } = await run(parted);
  t.deepEqual([one?.(true as never), one?.(false as never)], ['1bs', '12s']);
  const nowhere = [{ files: ['src/two.ts'], within: 'src/none.ts' }];
  t.throws(() => cutIntoStages(code, inputs, ENTRY_FILE, nowhere), {
    message: 'no stage before it begins with src/none.ts',
  });
});
