// Splits the text of a configuration file into words, `;`, `{` and `}` by nginx's own rules (ngx_conf_file.c).
import { Unreadable } from './unreadable.js';

export type Token = Place &
  (
    | /** text: without quotes, and with nginx's escapes replaced. */
    { kind: 'word'; text: string; line: number }
    | { kind: ';' | '{' | '}'; line: number }
  );

/** From the first character to the one after the last, counted from the beginning of the text. */
export interface Place {
  readonly begin: number;
  readonly end: number;
}

const SPACE = /[ \t\r\n]/;
/** Ends a word outside quotes. `}` and `#` do not: nginx takes them for part of the word. */
const WORD_END = /[ \t\r\n;{]/;

/** Yields the tokens of a file in order. @param file  its name, for messages */
export class Tokenizer {
  /** Those that were passed so far, each without its line break. */
  readonly comments: Place[] = [];
  private place = 0;
  private line = 1;

  constructor(
    private readonly text: string,
    private readonly file: string,
  ) {}

  /** @returns undefined at the end of the file */
  next(): Token | undefined {
    this.skipSpaceAndComments();
    const char = this.text[this.place];
    const { line, place: begin } = this;
    if (char === undefined) return undefined;
    if (char === ';' || char === '{' || char === '}') {
      this.place++;
      return { kind: char, line, begin, end: this.place };
    }
    const text = char === '"' || char === "'" ? this.readQuoted(char) : this.readBare();
    return { kind: 'word', text, line, begin, end: this.place };
  }

  /** After `{`: skips to the `}` that ends the block, as OpenResty does with Lua. */
  skipForeignBlock(): void {
    const { line } = this;
    let depth = 1;
    while (depth > 0) {
      const char = this.text[this.place];
      if (char === undefined) throw new Unreadable(`${this.file}:${line}: a block is not closed`);
      if (char === '{') depth++;
      if (char === '}') depth--;
      this.step();
    }
  }

  private step(): void {
    if (this.text[this.place] === '\n') this.line++;
    this.place++;
  }

  private skipSpaceAndComments(): void {
    for (;;) {
      const char = this.text[this.place];
      if (char === '#') {
        const end = this.text.indexOf('\n', this.place);
        const begin = this.place;
        this.place = end === -1 ? this.text.length : end;
        this.comments.push({ begin, end: this.place });
      } else if (char !== undefined && SPACE.test(char)) {
        this.step();
      } else {
        return;
      }
    }
  }

  /** A quotation mark begins a quoted word only where the word begins. */
  private readQuoted(mark: string): string {
    const { line } = this;
    this.place++;
    const begin = this.place;
    for (;;) {
      const char = this.text[this.place];
      if (char === undefined) throw new Unreadable(`${this.file}:${line}: a quoted text is not closed`);
      if (char === mark) break;
      if (char === '\\') this.step();
      this.step();
    }
    const word = unescaped(this.text.slice(begin, this.place));
    this.place++;
    const after = this.text[this.place];
    if (after !== undefined && !/[ \t\r\n;{)]/.test(after)) {
      throw new Unreadable(`${this.file}:${this.line}: '${after}' directly after a quoted text`);
    }
    return word;
  }

  private readBare(): string {
    const begin = this.place;
    for (;;) {
      const char = this.text[this.place];
      const isOfVariable = char === '{' && this.place > begin && this.text[this.place - 1] === '$';
      if (char === undefined || (WORD_END.test(char) && !isOfVariable)) break;
      if (char === '\\') this.step();
      this.step();
    }
    return unescaped(this.text.slice(begin, this.place));
  }
}

/** A backslash before any other character stays in the word. */
function unescaped(word: string): string {
  return word.includes('\\')
    ? word.replace(/\\([\\"'trn])/g, (_, char: string) => ESCAPED[char] ?? char)
    : word;
}

const ESCAPED: Record<string, string> = { t: '\t', r: '\r', n: '\n' };
