// What a page claims, and the tests that hold it: comments in its Markdown name them, or say why there is no test.
import type { Title } from '../attacks/titles.js';

/** A bullet, a row or a paragraph. */
export interface Claim {
  /** Of the page, from 1. */
  readonly line: number;
  readonly text: string;
  readonly comments: readonly string[];
}

/** The titles of a test file; undefined where there is no such file. */
export type TitlesOf = (file: string) => readonly Omit<Title, 'file'>[] | undefined;

const GENERATED = /<!-- (\S+):begin -->.*?<!-- \1:end -->/gs;
const COMMENT = /<!--\s*(.*?)\s*-->/gs;
const TEST_FILE = /test\/[\w/]+\.test\.ts/g;
const REASON = /^no test: \S/;
const BELOW_A_HEADER = /^\|[ :|-]+\|$/;

/** Every block of a page but headings, headers of tables and what is generated. */
export function claimsIn(page: string): Claim[] {
  const lines = page.replace(GENERATED, (part) => part.replace(/[^\n]/g, '')).split('\n');
  const blocks: { line: number; source: string }[] = [];
  let isOpen = false;
  lines.forEach((line, i) => {
    const isRow = line.startsWith('|');
    const isHeader = BELOW_A_HEADER.test(line) || (isRow && BELOW_A_HEADER.test(lines[i + 1] ?? ''));
    if (line.trim() === '' || line.startsWith('#') || isHeader) {
      isOpen = false;
    } else if (isOpen && !isRow && !line.startsWith('- ')) {
      const block = blocks.at(-1) as (typeof blocks)[0];
      block.source += `\n${line}`;
    } else {
      blocks.push({ line: i + 1, source: line });
      isOpen = !isRow;
    }
  });
  return blocks.map(({ line, source }) => ({
    line,
    text: source.replace(COMMENT, '').trim(),
    comments: Array.from(source.matchAll(COMMENT), ([, comment = '']) => comment),
  }));
}

/** What keeps the comments of a claim from naming what holds it; empty when all is well. */
export function problemsOf({ line, text, comments }: Claim, titlesOf: TitlesOf): string[] {
  const at = `line ${line}:`;
  if (text === '') return [`${at} comments that belong to no text`];
  if (comments.length === 0)
    return [`${at} neither a test nor a reason why there is none: ${text.split('\n')[0]}`];
  const shown = [...new Set(text.match(TEST_FILE))];
  return [
    ...comments.flatMap((comment) => problemsOfComment(comment, titlesOf)),
    ...shown
      .filter((file) => !comments.some((comment) => comment.startsWith(`${file}: `)))
      .map((file) => `no comment names a title of ${file}`),
  ].map((problem) => `${at} ${problem}`);
}

function problemsOfComment(comment: string, titlesOf: TitlesOf): string[] {
  if (REASON.test(comment)) return [];
  const [, file, part] = /^(test\/\S+\.test\.ts): (.+)$/s.exec(comment) ?? [];
  if (file === undefined || part === undefined) {
    return [`neither "FILE: TITLE" nor "no test: REASON": ${comment}`];
  }
  const titles = titlesOf(file);
  if (titles === undefined) return [`there is no ${file}`];
  const found = titles.filter((title) => [title.text, ...title.cases].some((one) => one.includes(part)));
  if (found.length === 1) return [];
  return [`${found.length === 0 ? 'no title' : 'more than one title'} of ${file} has: ${part}`];
}
