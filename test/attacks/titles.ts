// Which tests name which attacks: found in the sources of the tests, so that a test that is moved or renamed is found again.
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { type Literal, type Property, parse, type TemplateLiteral } from 'acorn';
import { simple } from 'acorn-walk';
import { transformSync } from 'esbuild';

/** S57, but neither S256, which names an algorithm, nor x5t#S256. */
const NUMBER = /(?<![#\w])S(?!256\b)(\d{1,3})(?!\w)/g;
const SOURCES = ['.conf', '.js', '.md', '.mjs', '.sh', '.template', '.ts'];
/** What is generated or fetched, and so is not read. */
const NOT_READ = ['build', 'dist', 'node_modules', 'results'];

/** The test of what is here: the numbers in it are examples. */
const EXAMPLES = '/attacks.test.ts';

export interface Title {
  /** Path in the repository. */
  readonly file: string;
  /** What the source says, with `…` for what is filled in when the test runs. */
  readonly text: string;
}

/** The numbers that a text names, each once. */
export function numbersIn(text: string): number[] {
  return [...new Set(Array.from(text.matchAll(NUMBER), (match) => Number(match[1])))];
}

/** Titles of a test file, and the names of cases that titles are made of, as far as they name a number. */
export function titlesIn(source: string): string[] {
  const { code } = transformSync(source, { loader: 'ts', format: 'esm' });
  const texts: string[] = [];
  simple(parse(code, { ecmaVersion: 'latest', sourceType: 'module' }), {
    Literal: (node) => texts.push(String((node as Literal).value)),
    Property: (node) => texts.push(keyOf(node as Property)),
    TemplateLiteral: (node) =>
      texts.push((node as TemplateLiteral).quasis.map(({ value }) => value.cooked).join('…')),
  });
  return texts.filter((text) => numbersIn(text).length > 0);
}

/** The name of a case that is a key; '' for all other keys. */
function keyOf({ key }: Property): string {
  return key.type === 'Literal' ? String(key.value) : '';
}

/** @param repository its path, with a slash at the end */
export function findTitles(repository: string): Title[] {
  return sourcesBelow(repository, 'test')
    .filter((file) => file.endsWith('.test.ts') && !file.endsWith(EXAMPLES))
    .flatMap((file) => titlesIn(readFileSync(repository + file, 'utf8')).map((text) => ({ file, text })));
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
