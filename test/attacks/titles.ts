// Which tests name which attacks: found in the sources of the tests, so that a test that is moved or renamed is found again.
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import {
  type CallExpression,
  type ForOfStatement,
  type Literal,
  type Node,
  type Property,
  parse,
  type TemplateLiteral,
  type VariableDeclarator,
} from 'acorn';
import { ancestor, full, simple } from 'acorn-walk';
import { transformSync } from 'esbuild';

/** S57, but neither S256, which names an algorithm, nor x5t#S256. */
const NUMBER = /(?<![#\w])S(?!256\b)(\d{1,3})(?!\w)/g;
const SOURCES = ['.conf', '.js', '.md', '.mjs', '.sh', '.template', '.ts'];
/** What is generated or fetched, and so is not read. */
const NOT_READ = ['build', 'dist', 'node_modules', 'results'];

/** The test of what is here: the numbers in it are examples. */
const EXAMPLES = '/attacks.test.ts';

/** A test that names attacks. */
export interface Title {
  /** Path in the repository. */
  readonly file: string;
  /** What the source says, with `…` for what is filled in when the test runs. */
  readonly text: string;
  /** What is filled in, or is a case within the test, as far as it names a number. */
  readonly cases: readonly string[];
}

/** The numbers that a text names, each once. */
export function numbersIn(text: string): number[] {
  return [...new Set(Array.from(text.matchAll(NUMBER), (match) => Number(match[1])))];
}

/** What a test file says of attacks. */
export interface TitlesOfFile {
  readonly titles: readonly Omit<Title, 'file'>[];
  /** Texts that name a number and belong to no test. */
  readonly lost: readonly string[];
}

/**
 * The cases of a test are in its own source, in the table of the loop around it, or in a constant that either of them names.
 * A table may serve many tests: a case belongs to those with a title that it fills in, if there are any.
 */
export function titlesIn(source: string): TitlesOfFile {
  const tree = treeOf(source);
  const constants = constantsOf(tree);
  const tests = testsIn(tree).map(({ text, test, tables }) => ({
    text,
    cases: [...new Set(reachedFrom([test, ...tables], constants).flatMap(numberedTextsIn))],
  }));
  const named = new Set(tests.map(({ text }) => text));
  const fillingIn = new Set(tests.filter(({ text }) => text.includes('…')).flatMap(({ cases }) => cases));
  const titles = tests.map(({ text, cases }) => ({
    text,
    cases: cases.filter((one) => !named.has(one) && (text.includes('…') || !fillingIn.has(one))),
  }));
  const seen = new Set(tests.flatMap(({ text, cases }) => [text, ...cases]));
  return {
    titles: titles.filter(({ text, cases }) => numbersIn(text).length + cases.length > 0),
    lost: numberedTextsIn(tree).filter((text) => !seen.has(text)),
  };
}

/** Every test of a file, whether it names a number or not. Its cases are the texts of the table that fills its title in. */
export function everyTitleIn(source: string): Omit<Title, 'file'>[] {
  const tree = treeOf(source);
  const constants = constantsOf(tree);
  return testsIn(tree).map(({ text, tables }) => ({
    text,
    cases: text.includes('…') ? reachedFrom([...tables], constants).flatMap(textsIn) : [],
  }));
}

function treeOf(source: string): Node {
  const { code } = transformSync(source, { loader: 'ts', format: 'esm' });
  return parse(code, { ecmaVersion: 'latest', sourceType: 'module' });
}

interface TestCall {
  /** Its title, with `…` for what is filled in. */
  readonly text: string;
  readonly test: CallExpression;
  /** What the loops around it go through. */
  readonly tables: readonly Node[];
}

function testsIn(tree: Node): TestCall[] {
  const tests: TestCall[] = [];
  ancestor(tree, {
    CallExpression(node, _state, ancestors) {
      const title = node.arguments[0];
      if (title === undefined || !isTest(node)) return;
      const loops = ancestors.filter((around) => around.type === 'ForOfStatement');
      const tables = loops.map((loop) => (loop as ForOfStatement).right);
      tests.push({ text: textOf(title) ?? '…', test: node, tables });
    },
  });
  return tests;
}

/** `test(...)`, `test.serial(...)`, `gatewayTest(...)`. */
function isTest({ callee }: CallExpression): boolean {
  const isSerial =
    callee.type === 'MemberExpression' &&
    callee.property.type === 'Identifier' &&
    callee.property.name === 'serial';
  const called = isSerial ? callee.object : callee;
  return called.type === 'Identifier' && /^(test|[a-z]+Test)$/.test(called.name);
}

function constantsOf(tree: Node): Map<string, Node> {
  const constants = new Map<string, Node>();
  simple(tree, {
    VariableDeclarator: ({ id, init }: VariableDeclarator) => {
      if (id.type === 'Identifier' && init) constants.set(id.name, init);
    },
  });
  return constants;
}

/** The roots, and the constants that they name, directly or through others. */
function reachedFrom(roots: Node[], constants: Map<string, Node>): Node[] {
  const reached = new Set(roots);
  for (const node of reached) {
    full(node, (part) => {
      const constant =
        part.type === 'Identifier' ? constants.get((part as Node & { name: string }).name) : undefined;
      if (constant !== undefined) reached.add(constant);
    });
  }
  return [...reached];
}

function numberedTextsIn(tree: Node): string[] {
  return textsIn(tree).filter((text) => numbersIn(text).length > 0);
}

function textsIn(tree: Node): string[] {
  const texts: string[] = [];
  full(tree, (node) => {
    const text = node.type === 'Property' ? textOf((node as Property).key) : textOf(node);
    if (text !== undefined) texts.push(text);
  });
  return texts;
}

function textOf(node: Node): string | undefined {
  if (node.type === 'Literal') {
    const { value } = node as Literal;
    return typeof value === 'string' ? value : undefined;
  }
  if (node.type !== 'TemplateLiteral') return undefined;
  return (node as TemplateLiteral).quasis.map(({ value }) => value.cooked).join('…');
}

/** @param repository its path, with a slash at the end */
export function findTitles(repository: string): { titles: Title[]; lost: string[] } {
  const files = sourcesBelow(repository, 'test').filter(
    (file) => file.endsWith('.test.ts') && !file.endsWith(EXAMPLES),
  );
  const found = files.map((file) => ({ file, ...titlesIn(readFileSync(repository + file, 'utf8')) }));
  return {
    titles: found.flatMap(({ file, titles }) => titles.map((title) => ({ file, ...title }))),
    lost: found.flatMap(({ file, lost }) => lost.map((text) => `${file}: ${text}`)),
  };
}

/** Every file of the repository that names a number, wherever: titles, comments, documentation. */
export function findMentions(repository: string): { file: string; numbers: number[] }[] {
  return sourcesBelow(repository, '')
    .map((file) => ({ file, numbers: numbersIn(readFileSync(repository + file, 'utf8')) }))
    .filter(({ numbers }) => numbers.length > 0);
}

function sourcesBelow(repository: string, folder: string): string[] {
  return readdirSync(repository + folder, { withFileTypes: true })
    .filter(({ name }) => !name.startsWith('.') && !NOT_READ.includes(name))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return sourcesBelow(repository, path);
      return SOURCES.includes(extname(entry.name)) ? [path] : [];
    });
}
