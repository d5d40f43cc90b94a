// What is to change in the files of a configuration, directive by directive, before any text is touched.
import type { Directive } from '../nginx_conf/directive.js';
import { isOfModule } from './c_module.js';

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
  /** For a block: its first lines are this mark and the directive that nginx refuses. */
  guard?: string;
}

/**
 * No module has this directive, so nginx does not start with it. It stands in a location that is left to a person: with
 * only a comment there, nginx would start and the location could be open.
 */
export const GUARD = 'phantom_token_undecided';

const NOTHING: Edit = { top: [], marks: [] };

/** The edits of one file, by the place where the directive begins. */
export type FileEdits = Map<number, { directive: Directive; edit: Edit }>;

const DISAGREE =
  'this file is included in several places that need different lines here. Give each place a file of its own, or write the lines by hand';
const REFUSED = `${DISAGREE}. Until then nginx refuses the file`;
const GUARDED = `${DISAGREE}, and remove ${GUARD}: until then nginx refuses the file`;

/** All places of a line, by where it is in which file. */
type Places = ReadonlyMap<string, readonly Directive[]>;

/**
 * A file that is included twice is in the tree twice. Its text can only change in one way, so all its places have to agree.
 * Where those of a location do not, nothing in it changes, and nginx refuses it.
 */
export class Plan {
  private readonly edits = new Map<Directive, Edit>();
  private readonly left = new Set<Directive>();

  replace(directive: Directive, lines: readonly string[]): void {
    this.edits.set(directive, { ...this.editOf(directive), lines });
  }

  remove(directive: Directive): void {
    this.replace(directive, []);
  }

  /** As if nothing had been planned for it. */
  forget(directive: Directive): void {
    this.edits.delete(directive);
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

  /** Leaves a location to a person, whose lines from outside stay. @param text  as in leave */
  leaveWhole(location: Directive, text: string): void {
    this.leave(location, text);
    this.left.add(location);
  }

  /** The same, and nginx refuses the file until then. */
  guard(location: Directive, text: string): void {
    this.left.add(location);
    const known = guardIn(location);
    if (known !== undefined) this.leave(known, text);
    else this.edits.set(location, { ...this.editOf(location), guard: text });
  }

  editOf(directive: Directive): Edit {
    return this.edits.get(directive) ?? NOTHING;
  }

  /** The locations that do not get what they need: they still inherit the module's lines. */
  untranslated(tree: readonly Directive[]): Set<Directive> {
    const places = placesOf(tree);
    const locations = [...places.values()].filter((group) => this.isUndecided(group, places));
    return new Set([...this.left, ...locations.flat()]);
  }

  /** @param tree  the whole configuration */
  byFile(tree: readonly Directive[]): Map<string, FileEdits> {
    const files = new Map<string, FileEdits>();
    const places = placesOf(tree);
    const whole = this.editsOfUndecided(places);
    for (const [key, group] of places) {
      const [first] = group as [Directive];
      const edit = whole.get(key) ?? this.agreedEdit(group);
      if (edit === undefined) continue;
      const edits = files.get(first.file) ?? new Map();
      files.set(first.file, edits.set(first.head.begin, { directive: first, edit }));
    }
    return files;
  }

  private agreedEdit(group: readonly Directive[]): Edit | undefined {
    const edits = group.map((directive) => this.editOf(directive));
    if (edits.every((edit) => edit === NOTHING)) return undefined;
    const marks = this.marksOf(group);
    if (this.agree(group)) return { ...(edits[0] as Edit), marks };
    const text = group.some(isOfModule) ? REFUSED : DISAGREE;
    return { top: [], marks: [...marks, text] };
  }

  private agree(group: readonly Directive[]): boolean {
    return new Set(group.map((place) => JSON.stringify({ ...this.editOf(place), marks: [] }))).size === 1;
  }

  private marksOf(group: readonly Directive[]): string[] {
    return [...new Set(group.flatMap((place) => this.editOf(place).marks))];
  }

  /** Whether its places differ in its own first lines, or in what becomes of the module's lines in it. */
  private isUndecided(group: readonly Directive[], places: Places): boolean {
    const [location] = group as [Directive];
    if (location.name !== 'location') return false;
    const lines = (location.block ?? []).filter(isOfModule);
    return [group, ...lines.map((line) => places.get(keyOf(line)) ?? [])].some((one) => !this.agree(one));
  }

  private editsOfUndecided(places: Places): Map<string, Edit> {
    const edits = new Map<string, Edit>();
    for (const [key, group] of places) {
      if (!this.isUndecided(group, places)) continue;
      const [location] = group as [Directive];
      const lines = linesIn(location);
      for (const line of lines) {
        const marks = this.marksOf(places.get(keyOf(line)) ?? []);
        edits.set(keyOf(line), { top: [], marks });
      }
      const marks = this.marksOf(group);
      const refused = guardIn(location) ?? lines.find(isOfModule);
      edits.set(key, { top: [], marks, ...(refused === undefined && { guard: GUARDED }) });
      if (refused === undefined) continue;
      const known = edits.get(keyOf(refused)) as Edit;
      const text = refused.name === GUARD ? GUARDED : REFUSED;
      edits.set(keyOf(refused), { ...known, marks: [...known.marks, text] });
    }
    return edits;
  }
}

/** The lines of a location that are in its own file, without what is in nested locations. */
function linesIn(location: Directive): Directive[] {
  return (location.block ?? []).filter(
    ({ name, file, shippedBy }) => name !== 'location' && file === location.file && shippedBy === undefined,
  );
}

function guardIn(location: Directive): Directive | undefined {
  return linesIn(location).find(({ name }) => name === GUARD);
}

/** The same for all places of a line. */
export function keyOf({ head, file }: Directive): string {
  return `${head.begin} ${file}`;
}

/** All places of each line of a file of the user's. */
function placesOf(tree: readonly Directive[], places = new Map<string, Directive[]>()) {
  for (const directive of tree) {
    // What is in a file of the package stands for its include, which is not in the tree.
    const place = directive.shippedBy ?? directive;
    const key = keyOf(place);
    const known = places.get(key) ?? [];
    if (!known.includes(place)) places.set(key, [...known, place]);
    if (place.block !== undefined) placesOf(place.block, places);
  }
  return places;
}
