// Puts edits into the text of a file, so that what they do not touch stays as it is: comments, indentation, line ends.
import type { Directive } from '../nginx_conf/directive.js';
import { type Place, Tokenizer } from '../nginx_conf/tokens.js';
import { asMark } from './marks.js';
import { type Edit, type FileEdits, GUARD } from './plan.js';

/** A piece of the text, and what takes its place. */
interface Change extends Place {
  readonly by: string;
}

export function editText(text: string, edits: FileEdits): string {
  const changes = [...edits.values()].flatMap(({ directive, edit }) => changesOf(text, directive, edit));
  let edited = '';
  let place = 0;
  for (const { begin, end, by } of changes.sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    edited += text.slice(place, begin) + by;
    place = Math.max(place, end);
  }
  return withoutEmptied(edited + text.slice(place));
}

/** Stands where words were removed. No configuration has this character. */
const GONE = '\0';

/** Without the lines and the spaces at their ends that only the removed words had needed. */
function withoutEmptied(text: string): string {
  return text
    .replace(/^[ \t]*(?:\0[ \t]*)+\r?\n/gm, '')
    .replace(/[ \t]+(?:\0[ \t]*)+(?=\r?$)/gm, '')
    .replaceAll(GONE, '');
}

function changesOf(text: string, directive: Directive, edit: Edit): Change[] {
  const { begin, end } = directive.head;
  return [
    ...marksAbove(text, directive, edit.marks),
    ...(edit.head === undefined ? [] : [{ begin, end, by: edit.head }]),
    ...(edit.lines === undefined ? [] : inPlace(text, directive, edit.lines)),
    ...(edit.top.length === 0 ? [] : [firstLines(text, directive, edit.top)]),
    ...(edit.guard === undefined
      ? []
      : [firstLines(text, directive, guardLines(text, directive, edit.guard))]),
  ];
}

/** A mark of an earlier run is not repeated. */
function marksAbove(text: string, { head }: Directive, marks: readonly string[]): Change[] {
  const { indent, isFirst, lineBegin } = lineOf(text, head);
  const newline = newlineOf(text);
  let above = text.slice(0, lineBegin);
  const lines: string[] = [];
  for (const mark of marks.map((words) => asMark(words, indent, newline)).reverse()) {
    if (above.endsWith(mark)) above = above.slice(0, -mark.length);
    else lines.unshift(mark);
  }
  if (lines.length === 0) return [];
  const place = isFirst ? lineBegin : head.begin;
  const by = isFirst ? lines.join('') : `${newline}${lines.join('')}${indent}`;
  return [{ begin: place, end: place, by }];
}

function inPlace(text: string, directive: Directive, lines: readonly string[]): Change[] {
  const { begin, end } = directive.head;
  const { indent, isFirst, lineBegin } = lineOf(text, directive.head);
  const newline = newlineOf(text);
  const kept = [...commentsInside(text, directive.head), ...lines];
  const rest = restOfLine(text, end);
  const [first, ...others] = kept;
  if (!isFirst || (rest.text !== '' && !isComment(rest.text))) {
    return [amongOthers(text, directive.head, kept, `${newline}${indent}`)];
  }
  if (first === undefined) {
    return [
      rest.text === '' ? { begin: lineBegin, end: rest.next, by: '' } : { begin, end: rest.begin, by: '' },
    ];
  }
  const below = others.map((line) => `${newline}${indent}${line}`).join('');
  return [
    { begin, end: rest.text === '' ? rest.end : end, by: first },
    { begin: rest.end, end: rest.end, by: below },
  ];
}

/** Other words are on its line. A comment needs lines of its own there. */
function amongOthers(text: string, place: Place, lines: readonly string[], newLine: string): Change {
  const { begin, end } = place;
  if (lines.length > 0 && !lines.some(isComment)) return { begin, end, by: lines.join(' ') };
  const spaces = /^[ \t]*/.exec(text.slice(end))?.[0].length ?? 0;
  if (lines.length === 0) return { begin, end: end + spaces, by: GONE };
  const above = lineOf(text, place).isFirst ? '' : `${GONE}${newLine}`;
  return isComment(lines.at(-1) ?? '')
    ? { begin, end: end + spaces, by: `${above}${lines.join(newLine)}${newLine}` }
    : { begin, end, by: `${above}${lines.join(newLine)}` };
}

function isComment(line: string): boolean {
  return line.startsWith('#');
}

function firstLines(text: string, block: Directive, lines: readonly string[]): Change {
  const { end } = block.head;
  const newline = newlineOf(text);
  const rest = restOfLine(text, end);
  if (rest.text !== '' && !isComment(rest.text) && !lines.some(isComment)) {
    return { begin: end, end, by: ` ${lines.join(' ')}` };
  }
  const inner = indentIn(text, block);
  const isAlone = rest.text === '' || isComment(rest.text);
  const by = lines.map((line) => `${newline}${inner}${line}`).join('');
  return isAlone
    ? { begin: rest.end, end: rest.end, by }
    : { begin: end, end: rest.begin, by: `${by}${newline}${inner}` };
}

function guardLines(text: string, block: Directive, mark: string): string[] {
  const inner = indentIn(text, block);
  const comment = asMark(mark, inner, '\n').trimEnd().split('\n');
  return [...comment.map((line) => line.slice(inner.length)), `${GUARD};`];
}

/** That of the first directive that begins a line of the block. */
function indentIn(text: string, block: Directive): string {
  const first = block.block?.find(({ file, head }) => file === block.file && lineOf(text, head).isFirst);
  if (first !== undefined) return lineOf(text, first.head).indent;
  const { indent } = lineOf(text, block.head);
  return `${indent}${indent.includes('\t') ? '\t' : '    '}`;
}

function lineOf(text: string, { begin }: Place) {
  const lineBegin = text.lastIndexOf('\n', begin - 1) + 1;
  const before = text.slice(lineBegin, begin);
  const indent = /^[ \t]*/.exec(before)?.[0] ?? '';
  return { lineBegin, indent, isFirst: indent === before };
}

/** What follows up to the line break: `begin` is after the spaces, `end` before the break, `next` after it. */
function restOfLine(text: string, from: number) {
  const feed = text.indexOf('\n', from);
  const next = feed === -1 ? text.length : feed + 1;
  const end = feed === -1 ? text.length : text[feed - 1] === '\r' ? feed - 1 : feed;
  const rest = text.slice(from, Math.max(from, end));
  const begin = from + (/^[ \t]*/.exec(rest)?.[0].length ?? 0);
  return { text: rest.trim(), begin, end: Math.max(from, end), next };
}

/** Those between the words of a directive that takes several lines. */
function commentsInside(text: string, { begin, end }: Place): string[] {
  const part = text.slice(begin, end);
  const tokens = new Tokenizer(part, '');
  while (tokens.next() !== undefined);
  return tokens.comments.map((comment) => part.slice(comment.begin, comment.end).trimEnd());
}

export function newlineOf(text: string): string {
  return text.includes('\r\n') ? '\r\n' : '\n';
}
