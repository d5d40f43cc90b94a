// What is to change in the files of a configuration, directive by directive, before any text is touched.
import type { Directive } from '../nginx_conf/directive.js';

/** What becomes of one directive. Lines are without indentation and line break. */
export interface Edit {
  /** These take its place, none removes it; undefined: it stays. */
  lines?: readonly string[];
  /** For a block: in place of its words and the `{`. */
  head?: string;
  /** For a block: its first lines. */
  top: readonly string[];
  /** For a person to decide, in front of it. */
  marks: readonly string[];
}

const NOTHING: Edit = { top: [], marks: [] };

/** The edits of one file, by the place where the directive begins. */
export type FileEdits = Map<number, { directive: Directive; edit: Edit }>;

const DISAGREE =
  'this file is included in several places that need different lines here. Give each place a file of its own, or write the lines by hand';

/**
 * A file that is included twice is in the tree twice. Its text can only change in one way, so all its places have to agree.
 */
export class Plan {
  private readonly edits = new Map<Directive, Edit>();

  replace(directive: Directive, lines: readonly string[]): void {
    this.edits.set(directive, { ...this.editOf(directive), lines });
  }

  remove(directive: Directive): void {
    this.replace(directive, []);
  }

  setHead(block: Directive, head: string): void {
    this.edits.set(block, { ...this.editOf(block), head });
  }

  addAtTop(block: Directive, lines: readonly string[]): void {
    const edit = this.editOf(block);
    this.edits.set(block, { ...edit, top: [...edit.top, ...lines] });
  }

  /** @param text  what a person has to decide, without a full stop */
  leave(directive: Directive, text: string): void {
    const edit = this.editOf(directive);
    this.edits.set(directive, { ...edit, marks: [...edit.marks, text] });
  }

  editOf(directive: Directive): Edit {
    return this.edits.get(directive) ?? NOTHING;
  }

  /** @param tree  the whole configuration */
  byFile(tree: readonly Directive[]): Map<string, FileEdits> {
    const files = new Map<string, FileEdits>();
    for (const places of placesOf(tree).values()) {
      const [first] = places as [Directive];
      const edit = this.agreedEdit(places);
      if (edit === undefined) continue;
      const edits = files.get(first.file) ?? new Map();
      files.set(first.file, edits.set(first.head.begin, { directive: first, edit }));
    }
    return files;
  }

  private agreedEdit(places: readonly Directive[]): Edit | undefined {
    const edits = places.map((directive) => this.editOf(directive));
    if (edits.every((edit) => edit === NOTHING)) return undefined;
    const marks = edits.flatMap((edit) => edit.marks);
    const kinds = new Set(edits.map((edit) => JSON.stringify({ ...edit, marks: [] })));
    return kinds.size === 1
      ? { ...(edits[0] as Edit), marks: [...new Set(marks)] }
      : { top: [], marks: [...new Set([...marks, DISAGREE])] };
  }
}

/** All places of each line of a file of the user's. */
function placesOf(tree: readonly Directive[], places = new Map<string, Directive[]>()) {
  for (const directive of tree) {
    // What is in a file of the package stands for its include, which is not in the tree.
    const place = directive.shippedBy ?? directive;
    const key = `${place.head.begin} ${place.file}`;
    const known = places.get(key) ?? [];
    if (!known.includes(place)) places.set(key, [...known, place]);
    if (place.block !== undefined) placesOf(place.block, places);
  }
  return places;
}
