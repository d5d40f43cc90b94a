// A configuration file as a tree of directives.
import { type Place, Tokenizer } from './tokens.js';
import { Unreadable } from './unreadable.js';

export interface Directive {
  readonly name: string;
  readonly args: readonly string[];
  /** What is between its braces; undefined when it ends with `;`. The lines of a `map` are directives, too. */
  readonly block: Directive[] | undefined;
  readonly file: string;
  readonly line: number;
  /** From its first word to its `;` or `{`, both included. */
  readonly head: Place;
  /** The include that brought it in, when it is in a file of this package: there the user can change something. */
  readonly shippedBy: Directive | undefined;
}

/** More than anybody writes, and few enough for recursion. */
const MOST_LEVELS = 100;

/**
 * @param file  its name, for messages and findings
 * @param shippedBy  as in Directive
 */
export function parseDirectives(text: string, file: string, shippedBy?: Directive): Directive[] {
  const tokens = new Tokenizer(text, file);
  const top: Directive[] = [];
  /** The blocks that are open, from the outermost. */
  const open: { directives: Directive[]; line: number }[] = [{ directives: top, line: 1 }];
  let words: string[] = [];
  let begin = { line: 1, place: 0 };
  for (let token = tokens.next(); token !== undefined; token = tokens.next()) {
    const { kind, line } = token;
    if (kind === 'word') {
      if (words.length === 0) begin = { line, place: token.begin };
      words.push(token.text);
      continue;
    }
    if (kind === '}') {
      if (words.length > 0 || open.length === 1) throw new Unreadable(`${file}:${line}: unexpected '}'`);
      open.pop();
      continue;
    }
    const [name, ...args] = words;
    if (name === undefined) throw new Unreadable(`${file}:${line}: unexpected '${kind}'`);
    const block: Directive[] | undefined = kind === '{' ? [] : undefined;
    const head = { begin: begin.place, end: token.end };
    open.at(-1)?.directives.push({ name, args, block, file, line: begin.line, head, shippedBy });
    words = [];
    if (block === undefined) continue;
    if (name.endsWith('_by_lua_block')) tokens.skipForeignBlock();
    else open.push({ directives: block, line: begin.line });
    if (open.length > MOST_LEVELS) throw new Unreadable(`${file}:${line}: blocks are nested too deeply`);
  }
  if (words.length > 0)
    throw new Unreadable(`${file}:${begin.line}: '${shorten(words[0])}' does not end with ';'`);
  const unclosed = open.at(-1);
  if (open.length > 1) throw new Unreadable(`${file}:${unclosed?.line}: the block is not closed with '}'`);
  return top;
}

function shorten(word = ''): string {
  return word.replace(/\s+/g, ' ').slice(0, 40);
}
