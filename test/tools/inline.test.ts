import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { inlineCalls, markedFunctions } from '../../scripts/inline.js';

const ADD = 'function add(a, b) {\n  return a + b;\n}\n';

/** What a program leaves in `result`. */
function resultOf(code: string): unknown {
  return new Function(`let result;\n${code}\nreturn result;`)();
}

/** Written out, `one` would be the parameter of the inner function. */
const CAPTURING =
  'function lacks(all, some) {\n  return some.filter((one) => !all.includes(one));\n}\nfunction use(some) {\n  const one = [2];\n  return lacks(one, some);\n}\nresult = use([2, 3]).length;';

const WRITTEN_OUT: [sentence: string, code: string, names: string[], expected: string][] = [
  [
    'names and literals stand in place of parameters',
    `${ADD}const x = 1;\nresult = add(x, 2);`,
    ['add'],
    'const x = 1;\nresult = (x + 2);',
  ],
  ['an expression comes in parentheses', `${ADD}result = add(1 - 2, 3);`, ['add'], 'result = ((1 - 2) + 3);'],
  [
    'the whole is in parentheses, whatever stands beside it',
    `${ADD}result = 2 * add(3, 4);`,
    ['add'],
    'result = 2 * (3 + 4);',
  ],
  [
    'one function may call another',
    `${ADD}function twice(x) {\n  return add(x, x);\n}\nresult = twice(4);`,
    ['add', 'twice'],
    'result = (4 + 4);',
  ],
  [
    'the order of the names does not matter',
    `${ADD}function twice(x) {\n  return add(x, x);\n}\nresult = twice(4);`,
    ['twice', 'add'],
    'result = ((4 + 4));',
  ],
  [
    'members and strings of the same name are left alone',
    'function at(a) {\n  return a.at + "a";\n}\nconst o = { at: 1 };\nresult = at(o);',
    ['at'],
    'const o = { at: 1 };\nresult = (o.at + "a");',
  ],
  [
    'a member of a name is written out as often as it is needed: to read it changes nothing',
    'function twice(x) {\n  return x + x;\n}\nconst o = { at: 1 };\nresult = twice(o.at);',
    ['twice'],
    'const o = { at: 1 };\nresult = (o.at + o.at);',
  ],
  [
    'a member that is named after a parameter keeps its name',
    'function make(a) {\n  return { a };\n}\nconst x = 1;\nresult = make(x).a;',
    [],
    'const x = 1;\nresult = ({ a: x }).a;',
  ],
  [
    'a function that holds another, which might declare a name of the argument, is left alone',
    CAPTURING,
    [],
    CAPTURING,
  ],
];

for (const [sentence, code, names, expected] of WRITTEN_OUT) {
  test(`inlineCalls: ${sentence}, and the program does what it did`, (t) => {
    const written = inlineCalls(code, names);
    t.is(written, expected);
    t.is(resultOf(written), resultOf(code));
  });
}

/** None is marked. */
const ONCE: [sentence: string, code: string, expected: string][] = [
  [
    'written out where it is called once, with names and constants',
    `${ADD}const x = 1;\nresult = add(x, 2);`,
    'const x = 1;\nresult = (x + 2);',
  ],
  [
    'written out with a member of a name',
    `${ADD}const o = { x: 1 };\nresult = add(o.x, 2);`,
    'const o = { x: 1 };\nresult = (o.x + 2);',
  ],
  [
    'written out where it takes nothing',
    'function one() {\n  return 1;\n}\nresult = one();',
    'result = (1);',
  ],
];

for (const [sentence, code, expected] of ONCE) {
  test(`inlineCalls: a function of one return that is not marked is ${sentence}, and the program does what it did`, (t) => {
    const written = inlineCalls(code, []);
    t.is(written, expected);
    t.is(resultOf(written), resultOf(code));
  });
}

const LEFT_ALONE: [sentence: string, code: string][] = [
  ['called twice', `${ADD}result = add(1, 2) + add(3, 4);`],
  ['not called', `${ADD}result = 1;`],
  ['called with what is computed', `${ADD}const o = [1];\nresult = add(o[0], 2);`],
  ['called with what another call gives', `${ADD}result = add(Number("1"), 2);`],
  ['handed on, too', `${ADD}result = [1].map(add)[0] + add(1, 2);`],
  ['called by itself, too', 'function f(n) {\n  return n > 0 ? f(n - 1) : n;\n}\nresult = f(1);'],
  ['more than one statement', 'function f(a) {\n  a++;\n  return a;\n}\nresult = f(1);'],
  ['asynchronous', 'async function f(a) {\n  return a;\n}\nresult = typeof f(1).then;'],
  [
    'declared within another',
    'const g = () => {\n  function f(a) {\n    return a;\n  }\n  return f(1);\n};\nresult = g();',
  ],
];

for (const [sentence, code] of LEFT_ALONE) {
  test(`inlineCalls: a function that is not marked is left as it is when it is ${sentence}`, (t) =>
    t.is(inlineCalls(code, []), code));
}

const REFUSED: [sentence: string, code: string, problem: RegExp][] = [
  ['an unknown function', 'function other() {}', /add is no function of one return/],
  ['more than one statement', 'function add(a) {\n  a++;\n  return a;\n}', /no function of one return/],
  ['nothing returned', 'function add(a) {\n  return;\n}', /no function of one return/],
  ['one that is handed on instead of called', `${ADD}result = [1].map(add);`, /add is used without a call/],
  [
    'one that holds another function, which might declare a name of the argument',
    CAPTURING.replaceAll('lacks', 'add'),
    /add is no function of one return, or holds another/,
  ],
  ['a call that lacks an argument', `${ADD}result = add(1);`, /add\(1\) lacks an argument/],
  [
    'an argument that would be computed twice',
    'function add(a) {\n  return a + a;\n}\nresult = add(f());',
    /add\(f\(\)\) would evaluate a 2 times/,
  ],
  [
    'an argument that would not be computed at all',
    'function add(a) {\n  return 1;\n}\nresult = add(f());',
    /add\(f\(\)\) would evaluate a 0 times/,
  ],
];

for (const [sentence, code, problem] of REFUSED) {
  test(`inlineCalls: refuses ${sentence}`, (t) => {
    t.throws(() => inlineCalls(code, ['add']), { message: problem });
  });
}

const SOURCES: [sentence: string, source: string, names: string[]][] = [
  ['a docstring of one line', '/** @inline */\nfunction one() {}', ['one']],
  ['an exported function', '/** @inline */\nexport function one() {}', ['one']],
  [
    'the last line of a longer docstring',
    '/**\n * Whether.\n * @param text of it\n * @inline\n */\nexport function one(text: string) {}',
    ['one'],
  ],
  [
    'only the function below it',
    '/** @inline */\nfunction one() {}\n\n/** Not. */\nfunction two() {}\n\n/** @inline */\nfunction three() {}',
    ['one', 'three'],
  ],
  ['nothing in a comment of another kind', '// @inline\nfunction one() {}', []],
];

for (const [sentence, source, names] of SOURCES) {
  test(`markedFunctions: @inline marks ${sentence}`, (t) => t.deepEqual(markedFunctions(source), names));
}

test('src: each @inline in a source marks a function, and each of them is written out in the bundle', (t) => {
  const folder = fileURLToPath(new URL('../../src/', import.meta.url));
  const dist = readFileSync(new URL('../../dist/phantom_token.js', import.meta.url), 'utf8');
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => readFileSync(folder + path, 'utf8'));
  const marked = sources.flatMap(markedFunctions);
  t.is(marked.length, sources.join('').split(/^\s*(?:\/\*)?\* ?@inline\b/m).length - 1);
  t.true(marked.length > 10);
  t.deepEqual(
    marked.filter((name) => dist.includes(`function ${name}(`)),
    [],
  );
});
