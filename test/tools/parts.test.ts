import { readFileSync } from 'node:fs';
import { type AnyNode, parse } from 'acorn';
import { full } from 'acorn-walk';
import test from 'ava';
import { cutIntoParts } from '../../scripts/parts.mjs';

const DIST = readFileSync(new URL('../../dist/phantom_token.js', import.meta.url), 'utf8');

/** Each of them costs every request some 500 instructions under the njs engine: a hit must need it. */
const FUNCTIONS_OF_A_HIT = [
  'countRequest',
  'readFirstRecord',
  'firstKey',
  'takeKeptRequest',
  'readPolicy',
  'grant',
  'access',
  'authorize',
  'handle',
  'policyPart',
  'makePolicyPart',
];
/** What nginx.conf may name beside access and authorize: an arrow each, which calls a part. */
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
const MISS_PART = { name: 'missPart', comment: 'For a miss.', entries: ['miss'] };
const REPORT_PART = { name: 'reportPart', comment: 'For a report.', entries: ['report'] };

/** A bundle of these statements, which all are of one file. */
function bundleOf(statements: string): string {
  return `// banner\n\n// src/index.ts\n${statements}\nexport { index_default as default };\n`;
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

/** What stands directly in the function that makes a part, wherever that is nested. */
function declaredInPart(code: string, make: string): string[] {
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

test('cutIntoParts: what a hit needs stays at the top level, and nothing else does', (t) => {
  const cut = cutIntoParts(BUNDLE, [MISS_PART, REPORT_PART]);
  t.deepEqual(declaredIn(statementsOf(cut)), [
    'PREFIX',
    'keyOf',
    'hit',
    'index_default',
    'missPartMade',
    'missPart',
    'makeMissPart',
  ]);
});

test('cutIntoParts: a part holds what it needs, in the order of the bundle, and the part that follows', (t) => {
  const cut = cutIntoParts(BUNDLE, [MISS_PART, REPORT_PART]);
  t.deepEqual(declaredInPart(cut, 'makeMissPart'), [
    'TRIES',
    'MORE_TRIES',
    'ask',
    'miss',
    'reportPartMade',
    'reportPart',
    'makeReportPart',
  ]);
  t.deepEqual(declaredInPart(cut, 'makeReportPart'), ['report', 'heading']);
});

test('cutIntoParts: a declaration that two parts need stands in the earlier one, which the later one sees', (t) => {
  const cut = cutIntoParts(BUNDLE, [REPORT_PART, MISS_PART]);
  t.deepEqual(declaredInPart(cut, 'makeReportPart'), [
    'TRIES',
    'ask',
    'report',
    'heading',
    'missPartMade',
    'missPart',
    'makeMissPart',
  ]);
  t.deepEqual(declaredInPart(cut, 'makeMissPart'), ['MORE_TRIES', 'miss']);
});

test('cutIntoParts: an entry is called through its part, from wherever that is not seen', (t) => {
  const cut = cutIntoParts(BUNDLE, [MISS_PART, REPORT_PART]);
  t.true(cut.includes('keyOf(text) : missPart().miss(text);'));
  t.true(cut.includes('report: (text) => missPart().reportPart().report(text)'));
  t.true(cut.includes('"report" ? reportPart().report(text) : ask(text, MORE_TRIES);'));
});

test('cutIntoParts: a later part names an entry of an earlier one as it is: it stands within', (t) => {
  const cut = cutIntoParts(BUNDLE, [REPORT_PART, MISS_PART]);
  t.true(cut.includes('"report" ? report(text) : ask(text, MORE_TRIES);'));
});

for (const parts of [
  [],
  [MISS_PART],
  [REPORT_PART],
  [MISS_PART, REPORT_PART],
  [REPORT_PART, MISS_PART],
  [{ ...MISS_PART, entries: ['miss', 'report'] }],
]) {
  const names = parts.map(({ entries }) => entries.join('+')).join(', ') || 'none';
  test(`cutIntoParts: the bundle that is cut does what it did before: ${names}`, async (t) => {
    const whole = await run(BUNDLE);
    const cut = await run(cutIntoParts(BUNDLE, parts));
    t.deepEqual(Object.keys(cut), Object.keys(whole));
    for (const name of Object.keys(whole)) {
      for (const text of ['known', 'report', 'other', 'other']) {
        t.is(cut[name]?.(text), whole[name]?.(text), `${name} ${text}`);
      }
    }
  });
}

test('cutIntoParts: the first line stays first, then come imports, and the export comes last', (t) => {
  const cut = cutIntoParts(BUNDLE, [MISS_PART, REPORT_PART]);
  const kinds = statementsOf(cut).map(({ type }) => type);
  t.true(cut.startsWith('// banner\n'));
  t.is(kinds.indexOf('ImportDeclaration'), 0);
  t.is(kinds.lastIndexOf('ImportDeclaration'), 0);
  t.is(kinds.indexOf('ExportNamedDeclaration'), kinds.length - 1);
});

test('cutIntoParts: an import stays on top also when only a part needs it', async (t) => {
  const code = `// banner\nimport a from "crypto";\nimport b from "fs";\nfunction entry() { return typeof b; }\nvar index_default = { f: () => entry() };\nexport { index_default as default };\n`;
  const cut = cutIntoParts(code, [{ name: 'part', comment: '', entries: ['entry'] }]);
  t.deepEqual(
    statementsOf(cut)
      .slice(0, 2)
      .map(({ type }) => type),
    ['ImportDeclaration', 'ImportDeclaration'],
  );
  t.is((await run(cut)).f?.(), 'object');
});

test('cutIntoParts: every group of declarations names its source, and every part who needs it', (t) => {
  const cut = cutIntoParts(BUNDLE, [MISS_PART, REPORT_PART]);
  t.deepEqual(
    Array.from(cut.matchAll(/^\/\/ .*$/gm), ([line]) => line),
    [
      '// banner',
      '// src/key.ts',
      '// src/key.ts',
      '// src/hit.ts',
      '// src/index.ts',
      '// For a miss.',
      '// src/gateway/ask.ts',
      '// src/gateway/miss.ts',
      '// For a report.',
      '// src/report.ts',
      '// src/index.ts',
    ],
  );
});

const PART = { name: 'part', comment: 'For a test.', entries: ['entry'] };
const ENTRY = 'function entry(a) { return "entry " + a; }';

test('cutIntoParts: a part is made once, so that QuickJS keeps what it made', async (t) => {
  const code = bundleOf(
    `${ENTRY}\nfunction give() { return entry; }\nvar index_default = { isSame: () => give() === give() };`,
  );
  t.true((await run(code)).isSame?.());
  t.true((await run(cutIntoParts(code, [PART]))).isSame?.());
});

test('cutIntoParts: a part is not made before it is called, so that a hit does not pay for it', async (t) => {
  const code = bundleOf(
    `var MARK = Object.defineProperty(globalThis, "phantomPartIsMade", { value: true });\nfunction entry() { return MARK; }\nvar index_default = { f: () => entry() !== undefined, isMade: () => "phantomPartIsMade" in globalThis };`,
  );
  const cut = await run(cutIntoParts(code, [PART]));
  t.false(cut.isMade?.());
  t.true(cut.f?.());
  t.true(cut.isMade?.());
});

/** In each an entry's name stands for something else, too. */
const SHADOWS: [sentence: string, functions: string, expected: string][] = [
  ['a parameter', 'function f(entry) { return entry + 1; }', '11'],
  ['a parameter of an arrow function', 'function f(a) { return ((entry) => entry + 1)(a); }', '11'],
  ['a parameter of a function around', 'function f(entry) { return (() => entry + 1)(); }', '11'],
  ['a variable', 'function f(a) { const entry = a; return entry + 1; }', '11'],
  ['a variable within a block', 'function f(a) { for (let entry = a; ; ) { return entry + 1; } }', '11'],
  ['a member', 'function f(a) { return { entry: a }.entry + 1; }', '11'],
  ['a method', 'function f(a) { return { entry() { return a + 1; } }.entry(); }', '11'],
  ['a text', 'function f(a) { return a ? "entry" : 0; }', 'entry'],
];

for (const [sentence, functions, expected] of SHADOWS) {
  test(`cutIntoParts: ${sentence} of an entry's name is left alone`, async (t) => {
    const code = bundleOf(
      `${ENTRY}\n${functions}\nvar index_default = { f: (a) => f(a), g: (a) => entry(a) };`,
    );
    const cut = cutIntoParts(code, [PART]);
    t.true(cut.includes(functions));
    const { f, g } = await run(cut);
    t.is(String(f?.(10)), expected);
    t.is(g?.(10), 'entry 10');
  });
}

test("cutIntoParts: a name that only starts or ends with an entry's is left alone", (t) => {
  const code = bundleOf(
    `${ENTRY}\nfunction entry2() { return 2; }\nfunction reentry() { return entry2(); }\nvar index_default = { f: () => reentry() + entry(1) };`,
  );
  const cut = cutIntoParts(code, [PART]);
  t.true(cut.includes('f: () => reentry() + part().entry(1)'));
  t.true(cut.includes('function reentry() { return entry2(); }'));
});

/** Uses of an entry, as often and wherever a function has them; `do` is read in another order than it is written. */
const USES: [code: string, cut: string][] = [
  ['return entry(entry(a));', 'return part().entry(part().entry(a));'],
  ['return [a].map(entry)[0];', 'return [a].map(part().entry)[0];'],
  [
    'do { a = entry(a); } while (entry(a) === "entry "); return a;',
    'do { a = part().entry(a); } while (part().entry(a) === "entry "); return a;',
  ],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: code under test
  ['return `${entry(a)} entry`;', 'return `${part().entry(a)} entry`;'],
  ['const g = () => entry(a); return g();', 'const g = () => part().entry(a); return g();'],
  ['return { entry: entry(a) }.entry;', 'return { entry: part().entry(a) }.entry;'],
];

for (const [body, expected] of USES) {
  test(`cutIntoParts: finds every use of an entry: ${body}`, async (t) => {
    const code = bundleOf(`${ENTRY}\nfunction f(a) { ${body} }\nvar index_default = { f };`);
    const cut = cutIntoParts(code, [PART]);
    t.true(cut.includes(`function f(a) { ${expected} }`));
    t.is((await run(cut)).f?.(1), (await run(code)).f?.(1));
  });
}

test('cutIntoParts: an entry that calls itself does so without its part', (t) => {
  const code = bundleOf(
    'function entry(a) { return a > 0 ? entry(a - 1) : a; }\nvar index_default = { f: () => entry(1) };',
  );
  t.true(cutIntoParts(code, [PART]).includes('{ return a > 0 ? entry(a - 1) : a; }'));
});

test('cutIntoParts: of three parts the last is reached through the two before it', async (t) => {
  const code = bundleOf(
    `function one() { return "1" + two(); }\nfunction two() { return "2" + three(); }\nfunction three() { return "3"; }\nvar index_default = { one: () => one(), two: () => two(), three: () => three() };`,
  );
  const cut = cutIntoParts(
    code,
    ['one', 'two', 'three'].map((name) => ({ name: `${name}Part`, comment: '', entries: [name] })),
  );
  t.true(cut.includes('three: () => onePart().twoPart().threePart().three()'));
  t.true(cut.includes('{ return "1" + twoPart().two(); }'));
  const { one, two, three } = await run(cut);
  t.deepEqual([one?.(), two?.(), three?.()], ['123', '23', '3']);
});

const EXPORT = 'var index_default = { f: () => entry(1) };';
const AT_EVERY_REQUEST = /^entry is used where it would be made at every request$/;

const REFUSED: [sentence: string, code: string, message: RegExp][] = [
  [
    'an entry that the bundle does not have',
    bundleOf('var index_default = {};'),
    /^the bundle has no entry$/,
  ],
  [
    'an entry that is only local',
    bundleOf('function f(entry) { return entry; }\nvar index_default = { f };'),
    /^the bundle has no entry$/,
  ],
  [
    'an entry that is a member of the export itself',
    bundleOf(`${ENTRY}\nvar index_default = { entry };`),
    AT_EVERY_REQUEST,
  ],
  [
    'an entry that a constant names',
    bundleOf(`${ENTRY}\nvar A = entry;\nvar index_default = { f: () => A };`),
    AT_EVERY_REQUEST,
  ],
  [
    'an entry that is called at the top level',
    bundleOf(`${ENTRY}\nvar A = entry(1);\nvar index_default = { f: () => A };`),
    AT_EVERY_REQUEST,
  ],
  ['an entry that is exported', `// banner\n${ENTRY}\nexport { entry as default };\n`, AT_EVERY_REQUEST],
  [
    'a declaration that nothing uses',
    bundleOf(`${ENTRY}\nfunction idle() {}\n${EXPORT}`),
    /^nothing uses idle$/,
  ],
  [
    'declarations that only use each other: all are named',
    bundleOf(`${ENTRY}\nfunction idle() { return LEFT; }\nvar LEFT = () => idle();\n${EXPORT}`),
    /^nothing uses idle, LEFT$/,
  ],
  [
    'a declaration whose name is only local elsewhere',
    bundleOf(
      `${ENTRY}\nfunction idle() {}\nfunction f(idle) { return idle; }\nvar index_default = { f, g: () => entry(1) };`,
    ),
    /^nothing uses idle$/,
  ],
  [
    'a statement at the top level, which runs at every request',
    bundleOf(`${ENTRY}\nf();\n${EXPORT}`),
    /^nothing uses /,
  ],
];

for (const [sentence, code, message] of REFUSED) {
  test(`cutIntoParts: refuses ${sentence}`, (t) => {
    t.throws(() => cutIntoParts(code, [PART]), { message });
  });
}

test('cutIntoParts: refuses several missing entries in one message', (t) => {
  const parts = [
    { ...PART, entries: ['one', 'entry'] },
    { name: 'other', comment: '', entries: ['two'] },
  ];
  t.throws(() => cutIntoParts(bundleOf(`${ENTRY}\n${EXPORT}`), parts), {
    message: /^the bundle has no one, two$/,
  });
});

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
    'policyPartMade',
    'records',
    'wasCalled',
  ]);
});

test('dist/phantom_token.js: the parts are nested in the order in which a request needs them', (t) => {
  t.true(declaredIn(statementsOf(DIST)).includes('makePolicyPart'));
  t.true(declaredInPart(DIST, 'makePolicyPart').includes('makeTimesPart'));
  t.true(declaredInPart(DIST, 'makeTimesPart').includes('makeMissPart'));
});
