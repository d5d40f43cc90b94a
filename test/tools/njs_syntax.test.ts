import test from 'ava';
import { findForbiddenSyntax } from '../../scripts/njs_syntax.mjs';

const reasonsOf = (code: string) => findForbiddenSyntax(code).map(({ reason }) => reason);
const insideFunction = (code: string) => `async function f(a, b) {\n${code}\n}`;

/** Each is written into the body of an async function, on line 2. */
const REFUSED_ANYWHERE: [code: string, reason: RegExp][] = [
  ['a(...b);', /^spread/],
  ['new a(...b);', /^spread/],
  ['a = [...b];', /^spread/],
  ['a = { ...b };', /^spread/],
  ['a(await b);', /^await inside call arguments/],
  ['new a(await b);', /^await inside call arguments/],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: code under test
  ['a(`${await b}`);', /^await inside call arguments/],
  ['a({ b: [await b] });', /^await inside call arguments/],
  ['a((await b).c);', /^await inside call arguments/],
  ['a = /b/s;', /^the regex flags g?s:/],
  ['a = /b/u;', /^the regex flags g?u:/],
  ['a = /b/d;', /^the regex flags g?d:/],
  ['a = /b/v;', /^the regex flags g?v:/],
  ['a = /b/gy;', /^the regex flags g?y:/],
  ['a = new RegExp("b");', /^new RegExp/],
  ['a = 10n;', /^BigInt/],
  ['a = BigInt(10);', /^BigInt/],
  ['a = import("b");', /^import\(\)/],
  ['a = import.meta;', /^import\.meta/],
  ['a = new.target;', /^new\.target/],
  ['a = class {};', /^classes/],
  ['class B {}', /^classes/],
  ['function* g() {}', /^generators/],
  ['a = function* () {};', /^generators/],
  ['a = { async *b() {} };', /^generators/],
  ['for (const c of a) b(c);', /^for-of/],
  ['for await (const c of a) b(c);', /^for-of/],
  ['const { c } = a;', /^destructuring/],
  ['const [c] = a;', /^destructuring/],
  ['[a, b] = c;', /^destructuring/],
  ['({ a, b } = c);', /^destructuring/],
  ['a = ({ c }) => c;', /^destructuring/],
  ['a = (c = 1) => c;', /^default parameters/],
  ['try { a(); } catch { b(); }', /^catch without/],
  ['a?.b;', /^optional chaining/],
  ['a?.();', /^optional chaining/],
  ['a ??= b;', /^the operator \?\?=/],
  ['a ||= b;', /^the operator \|\|=/],
  ['a &&= b;', /^the operator &&=/],
];

for (const [code, reason] of REFUSED_ANYWHERE) {
  test(`findForbiddenSyntax: refuses ${code} (S122)`, (t) => {
    const violations = findForbiddenSyntax(insideFunction(code));
    t.is(violations.length, 1, JSON.stringify(violations));
    t.is(violations[0]?.line, 2);
    t.regex(violations[0]?.reason ?? '', reason);
  });
}

const REFUSED_AT_TOP_LEVEL: [code: string, reason: RegExp][] = [
  ["import { createHash } from 'crypto';", /no named or namespace import/],
  ["import * as crypto from 'crypto';", /no named or namespace import/],
  ["import crypto, { createHash } from 'crypto';", /no named or namespace import/],
  ["import zlib from 'zlib';", /^the module zlib does not exist/],
  ['function f() {}\nexport { f };', /^only a default export/],
  ['export function f() {}', /^only a default export/],
  ["export * from 'crypto';", /^only a default export/],
  ['f();', /^a statement at the top level/],
  ['if (1) { var a; }', /^a statement at the top level/],
  ['var a = f();', /^a value at the top level/],
  ['var a = new Foo();', /^a value at the top level/],
  ['var a = RegExp("b");', /^a value at the top level/],
  ['var a = b.c;', /^a value at the top level/],
  ['var a = b ? f() : 1;', /^a value at the top level/],
  ['var a = [1, f()];', /^a value at the top level/],
  ['var a = { b: { c: f() } };', /^a value at the top level/],
  ['var a = { [f()]: 1 };', /^a value at the top level/],
  ['var a = Object.create(null);', /^a value at the top level/],
  ['var a = Object.freeze(f());', /^a value at the top level/],
  ['var a = (function () {})();', /^a value at the top level/],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: code under test
  ['var a = `${b}`;', /^a value at the top level/],
  ['export default f();', /^a statement at the top level/],
  ['await 1;', /^top-level await|^a statement/],
  ['var a = 0;\nfunction f() { a++; }', /^a keeps its value/],
  ['var a = "";\nfunction f(b) { return () => { a = b; }; }', /^a keeps its value/],
];

for (const [code, reason] of REFUSED_AT_TOP_LEVEL) {
  test(`findForbiddenSyntax: refuses ${code.replaceAll('\n', ' ')} at the top level`, (t) => {
    const reasons = reasonsOf(code);
    t.true(reasons.length > 0);
    for (const found of reasons) t.regex(found, reason);
  });
}

const ALLOWED = [
  'const c = await b; a(c);',
  '(await a)();',
  '(await a).b(c);',
  'a(async () => { await b; });',
  'a = [await b];',
  'a = (...rest) => rest;',
  'try { a(); } catch (_error) { b(); }',
  'a = /b/gim;',
  'a = b ?? 1;',
  'a = b ** 2;',
  'for (const key in a) b(key);',
  'for (let i = 0; i < a; i += 1) b(i);',
  'a = { b, ["c"]: 1, get d() { return 1; }, async e() {} };',
];

for (const code of ALLOWED) {
  test(`findForbiddenSyntax: allows ${code}`, (t) => t.deepEqual(reasonsOf(insideFunction(code)), []));
}

const ALLOWED_AT_TOP_LEVEL = [
  "import crypto from 'crypto';",
  'async function f() {}',
  'var a = "b", c = -1, d = /e/i, f = null, g = `h`, i = void 0;',
  'var a = 60 * 1e3;',
  'var a = [1, ["b"], { c: /d/ }];',
  'var a = Object.freeze({ b: [1, 2], parse });\nfunction parse() {}',
  'var f = (a) => a;',
  'var a = {};\nexport { a as default };',
  'var memo;\nfunction f() { if (memo === undefined) memo = make(); return memo; }\nfunction make() {}',
  'var a = 0;\nfunction f(a) { a = 1; }',
  'var a = 0;\nfunction f() { let a = 0; return () => { a += 1; }; }',
];

for (const code of ALLOWED_AT_TOP_LEVEL) {
  test(`findForbiddenSyntax: allows ${code.replaceAll('\n', ' ')} at the top level`, (t) =>
    t.deepEqual(reasonsOf(code), []));
}

test('findForbiddenSyntax: reports text that is no JavaScript with its line', (t) => {
  const [violation] = findForbiddenSyntax('var a = 1;\nvar = 2;');
  t.is(violation?.line, 2);
});

test('findForbiddenSyntax: reports all violations in the order of the lines', (t) => {
  const lines = findForbiddenSyntax('f();\nfunction f(a) {\n  g(...a);\n}\nf();').map(({ line }) => line);
  t.deepEqual(lines, [1, 3, 5]);
});
