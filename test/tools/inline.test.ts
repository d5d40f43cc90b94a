import test from 'ava';
import { inlineCalls } from '../../scripts/inline.mjs';

const ADD = 'function add(a, b) {\n  return a + b;\n}\n';

/** What a program leaves in `result`. */
function resultOf(code: string): unknown {
  return new Function(`let result;\n${code}\nreturn result;`)();
}

const WRITTEN_OUT: [sentence: string, code: string, names: string[], expected: string][] = [
  [
    'names and literals stand in place of parameters',
    `${ADD}const x = 1;\nresult = add(x, 2);`,
    ['add'],
    '\nconst x = 1;\nresult = (x + 2);',
  ],
  [
    'an expression comes in parentheses',
    `${ADD}result = add(1 - 2, 3);`,
    ['add'],
    '\nresult = ((1 - 2) + 3);',
  ],
  [
    'the whole is in parentheses, whatever stands beside it',
    `${ADD}result = 2 * add(3, 4);`,
    ['add'],
    '\nresult = 2 * (3 + 4);',
  ],
  [
    'one function may call another',
    `${ADD}function twice(x) {\n  return add(x, x);\n}\nresult = twice(4);`,
    ['add', 'twice'],
    '\n\nresult = (4 + 4);',
  ],
  [
    'the order of the names does not matter',
    `${ADD}function twice(x) {\n  return add(x, x);\n}\nresult = twice(4);`,
    ['twice', 'add'],
    '\n\nresult = ((4 + 4));',
  ],
  [
    'members and strings of the same name are left alone',
    'function at(a) {\n  return a.at + "a";\n}\nconst o = { at: 1 };\nresult = at(o);',
    ['at'],
    '\nconst o = { at: 1 };\nresult = (o.at + "a");',
  ],
  [
    'a local variable of the same name is left alone',
    `${ADD}function other(add) {\n  return add(1);\n}\nresult = other((x) => x);`,
    ['add'],
    '\nfunction other(add) {\n  return add(1);\n}\nresult = other((x) => x);',
  ],
];

for (const [sentence, code, names, expected] of WRITTEN_OUT) {
  test(`inlineCalls: ${sentence}, and the program does what it did`, (t) => {
    const written = inlineCalls(code, names);
    t.is(written, expected);
    t.is(resultOf(written), resultOf(code));
  });
}

const REFUSED: [sentence: string, code: string, problem: RegExp][] = [
  ['an unknown function', 'function other() {}', /add is no function of one return/],
  ['more than one statement', 'function add(a) {\n  a++;\n  return a;\n}', /no function of one return/],
  ['nothing returned', 'function add(a) {\n  return;\n}', /no function of one return/],
  ['an asynchronous one', 'async function add(a) {\n  return a;\n}', /no function of one return/],
  ['a parameter with a default', 'function add(a = 1) {\n  return a;\n}', /no function of one return/],
  ['one that is handed on instead of called', `${ADD}result = [1].map(add);`, /add is used without a call/],
  ['a call that lacks an argument', `${ADD}result = add(1);`, /add lacks an argument/],
  [
    'an argument that would be computed twice',
    'function add(a) {\n  return a + a;\n}\nresult = add(f());',
    /needs its argument twice/,
  ],
  [
    'an argument that would not be computed at all',
    'function add(a) {\n  return 1;\n}\nresult = add(f());',
    /needs its argument twice/,
  ],
  [
    'a name that means another variable where it is called',
    'const base = 1;\nfunction add(a) {\n  return a + base;\n}\nfunction other(base) {\n  return add(1);\n}',
    /add would read another variable/,
  ],
];

for (const [sentence, code, problem] of REFUSED) {
  test(`inlineCalls: refuses ${sentence}`, (t) => {
    t.throws(() => inlineCalls(code, ['add']), { message: problem });
  });
}
