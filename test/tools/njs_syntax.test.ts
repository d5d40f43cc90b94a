import test from 'ava';
import { BuildError } from '../../scripts/bundle.js';
import { bundleForNjs } from '../../scripts/njs_syntax.js';

/** The whole of a source becomes a bundle, also what it does not use. */
async function bundleText(contents: string): Promise<string> {
  return (await bundleForNjs({ stdin: { contents, sourcefile: 'source.js' }, treeShaking: false })).text;
}

const insideFunction = (code: string) => `async function f(a, b) {\n${code}\n}`;

/** Each is written into the body of an async function, on line 2. The reasons that begin with that line are of esbuild. */
const REFUSED_ANYWHERE: [code: string, reason: RegExp][] = [
  ['a(...b);', /spread is not supported/],
  ['new a(...b);', /spread is not supported/],
  ['a = [...b];', /^source\.js:2: .* array spread/],
  ['a = { ...b };', /a value at the top level.* var __defProp/s],
  ['a(await b);', /await inside call arguments/],
  ['new a(await b);', /await inside call arguments/],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: code under test
  ['a(`${await b}`);', /await inside call arguments/],
  ['a({ b: [await b] });', /await inside call arguments/],
  ['a((await b).c);', /await inside call arguments/],
  ['a(async () => { b(await c); });', /await inside call arguments/],
  ['a = /b/s;', /new RegExp\(\)/],
  ['a = /b/u;', /new RegExp\(\)/],
  ['a = /b/d;', /new RegExp\(\)/],
  ['a = /b/v;', /new RegExp\(\)/],
  ['a = /b/gy;', /new RegExp\(\)/],
  ['a = new RegExp("b");', /new RegExp\(\)/],
  ['a = /b$/;', /the \$ that ends a pattern/],
  ['a = /b$|c/;', /the \$ that ends a pattern/],
  ['a = /[^$\\]]$(?!\\n)|c\\\\$/;', /the \$ that ends a pattern/],
  ['a = 10n;', /^source\.js:2: Big integer/],
  ['a = BigInt(10);', /BigInt is not supported/],
  ['a = import("crypto");', /a value at the top level.* var __create/s],
  ['a = import("b");', /^source\.js:2: Could not resolve/],
  ['a = import.meta;', /^source\.js:2: .*import\.meta/],
  ['a = new.target;', /^source\.js:2: .*new\.target/],
  ['a = class {};', /^source\.js:2: .*class syntax/],
  ['class B {}', /^source\.js:2: .*class syntax/],
  ['function* g() {}', /^source\.js:2: .*generator/],
  ['a = function* () {};', /^source\.js:2: .*generator/],
  ['a = { async *b() {} };', /^source\.js:2: .*generator/],
  ['for (const c of a) b(c);', /^source\.js:2: .*for-of/],
  ['for await (const c of a) b(c);', /^source\.js:2: .*for-of/],
  ['const { c } = a;', /^source\.js:2: .*destructuring/],
  ['const [c] = a;', /^source\.js:2: .*destructuring/],
  ['[a, b] = c;', /^source\.js:2: .*destructuring/],
  ['({ a, b } = c);', /^source\.js:2: .*destructuring/],
  ['a = ({ c }) => c;', /^source\.js:2: .*destructuring/],
  ['a = (c = 1) => c;', /^source\.js:2: .*default arguments/],
];

for (const [code, reason] of REFUSED_ANYWHERE) {
  test(`bundleForNjs: refuses ${code} (S122)`, async (t) => {
    await t.throwsAsync(bundleText(insideFunction(code)), { instanceOf: BuildError, message: reason });
  });
}

const WRITTEN_OTHERWISE: [code: string, written: string][] = [
  ['try { a(); } catch { b(); }', 'catch (e) {'],
  ['a?.b;', 'a == null ? void 0 : a.b;'],
  ['a?.();', 'a == null ? void 0 : a();'],
  ['a ??= b;', 'a ?? (a = b);'],
  ['a ||= b;', 'a || (a = b);'],
  ['a &&= b;', 'a && (a = b);'],
];

for (const [code, written] of WRITTEN_OTHERWISE) {
  test(`bundleForNjs: writes ${code} in words that njs has (S122)`, async (t) => {
    const text = await bundleText(insideFunction(code));
    t.true(text.includes(written), text);
  });
}

const REFUSED_AT_TOP_LEVEL: [code: string, reason: RegExp][] = [
  ["import { createHash } from 'crypto';", /no named or namespace import/],
  ["import * as crypto from 'crypto';", /no named or namespace import/],
  ["import crypto, { createHash } from 'crypto';", /no named or namespace import/],
  ["import zlib from 'zlib';", /^source\.js:1: Could not resolve "zlib"/],
  ['function f() {}\nexport { f };', /only a default export/],
  ['export function f() {}', /only a default export/],
  ["export * from 'crypto';", /only a default export/],
  ['f();', /a statement at the top level/],
  ['if (1) { var a; }', /a statement at the top level/],
  ['var a = f();', /a value at the top level/],
  ['var a = new Foo();', /a value at the top level/],
  ['var a = RegExp("b");', /a value at the top level/],
  ['var a = b.c;', /a value at the top level/],
  ['var a = b ? f() : 1;', /a value at the top level/],
  ['var a = [1, f()];', /a value at the top level/],
  ['var a = { b: { c: f() } };', /a value at the top level/],
  ['var a = { [f()]: 1 };', /a value at the top level/],
  ['var a = Object.create(null);', /a value at the top level/],
  ['var a = Object.freeze(f());', /a value at the top level/],
  ['var a = (function () {})();', /a value at the top level/],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: code under test
  ['var a = `${b}`;', /a value at the top level/],
  ['export default f();', /a value at the top level/],
  ['await 1;', /^source\.js:1: Top-level await/],
  ['var a = 0;\nfunction f() { a++; }', /keeps its value/],
  ['var a = 0;\nfunction f(b) { for (a in b) f(); }', /keeps its value/],
  ['var a = "";\nfunction f(b) { return () => { a = b; }; }', /keeps its value/],
];

for (const [code, reason] of REFUSED_AT_TOP_LEVEL) {
  test(`bundleForNjs: refuses ${code.replaceAll('\n', ' ')} at the top level`, async (t) => {
    await t.throwsAsync(bundleText(code), { instanceOf: BuildError, message: reason });
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
  'a = /^[$]\\$|b$(?!\\n)/;',
  'a = b ?? 1;',
  'a = b ** 2;',
  'for (const key in a) b(key);',
  'for (let i = 0; i < a; i += 1) b(i);',
  'a = { b, ["c"]: 1, get d() { return 1; }, async e() {} };',
];

for (const code of ALLOWED) {
  test(`bundleForNjs: allows ${code}`, (t) => t.notThrowsAsync(bundleText(insideFunction(code))));
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
  test(`bundleForNjs: allows ${code.replaceAll('\n', ' ')} at the top level`, (t) =>
    t.notThrowsAsync(bundleText(code)));
}

test('bundleForNjs: names the line of text that is no JavaScript', async (t) => {
  await t.throwsAsync(bundleText('var a = 1;\nvar = 2;'), { message: /^source\.js:2: Expected identifier/ });
});

test('bundleForNjs: shows every line that is refused, once, in the order of the lines', async (t) => {
  const error = await t.throwsAsync(
    bundleText('f(1);\nvar b = [f(), g()];\nfunction f(a) {\n  g(...a);\n}\nf(2);'),
  );
  const shown = Array.from(error.message.matchAll(/^ {4}(.*)$/gm), ([, line]) => line);
  t.deepEqual(shown, ['f(1);', 'var b = [f(), g()];', 'g(...a);', 'f(2);']);
});
