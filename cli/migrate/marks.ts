// The comments that mark what is left to a person. What is left is read from them, so that a second run says the same
// until somebody has decided and removed the mark.

const BEGIN = '# njs-phantom-token migrate: ';
const CONTINUED = '#     ';
const WIDTH = 118;

export interface Left {
  readonly file: string;
  readonly line: number;
  readonly text: string;
  /** The line below: what the mark is about. */
  readonly subject: number;
}

/** @returns whole lines */
export function asMark(text: string, indent: string, newline: string): string {
  const lines: string[] = [];
  let line = indent + BEGIN;
  let isEmpty = true;
  for (const word of text.split(' ')) {
    if (!isEmpty && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = indent + CONTINUED + word;
    } else {
      line += isEmpty ? word : ` ${word}`;
    }
    isEmpty = false;
  }
  return [...lines, line].map((whole) => whole + newline).join('');
}

export function marksIn(text: string, file: string): Left[] {
  const left: Left[] = [];
  const lines = text.split(/\r?\n/);
  for (let i = 0; i < lines.length; i++) {
    const begin = lines[i]?.trimStart() ?? '';
    if (!begin.startsWith(BEGIN)) continue;
    const words = [begin.slice(BEGIN.length)];
    const line = i + 1;
    while (lines[i + 1]?.trimStart().startsWith(CONTINUED)) {
      i++;
      words.push((lines[i] as string).trimStart().slice(CONTINUED.length));
    }
    left.push({ file, line, text: words.join(' '), subject: i + 2 });
  }
  return left;
}
