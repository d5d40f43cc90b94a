// Under the njs engine the top level of the script runs at every request, and each function there costs some 250
// instructions. So the bundle is cut by file: what index.ts imports stays at the top level, up to the files that begin
// a stage. Such a file, and what it alone imports, moves into a function that makes it when it is called first.
// QuickJS keeps what is made.
import { basename } from 'node:path';
import { camelCase } from 'change-case';
import MagicString from 'magic-string';
import type { Stage } from '../src/stages.js';
import { readModule, replaceUse } from './module_scope.js';

/** Of esbuild's metafile: what each file imports. */
type Inputs = Readonly<Record<string, { imports: { path: string }[] }>>;

/**
 * Each stage is nested in another one, so that it sees all that stands before it.
 * @param code  a bundle, with the comments that esbuild puts above the code of each file
 * @param entry  the file that nginx names
 * @param stages  in the order in which requests need them: a file that two stages import belongs to the first
 * @throws {Error} when a stage would be made at every request, or begins with a file that is not in the bundle
 */
export function cutIntoStages(code: string, inputs: Inputs, entry: string, stages: readonly Stage[]): string {
  const all = [{ files: [entry] }, ...stages];
  const roots = all.map(({ files }) => files);
  const ways = waysTo(all);
  const names = roots.map(([file = '']) => camelCase(`${basename(file, '.ts')}_stage`));
  const module = readModule(code);
  const pieces = readPieces(code, levelsOf(inputs, roots));
  const levelAt = (at: number) => pieces.find(({ start, end }) => start <= at && at < end)?.level ?? 0;
  const edited = new MagicString(code);
  /** What the function of each stage gives: names that are used before it, and the stage that follows. */
  const given = roots.map(
    (_, level) => new Set(childrenOf(level, ways).map((child) => names[child] as string)),
  );
  for (const { name, defs, references } of module.topLevel.variables) {
    const to = defs[0]?.type === 'ImportBinding' ? 0 : levelAt(defs[0]?.name.start ?? 0);
    for (const reference of references) {
      const from = levelAt(reference.identifier.start);
      const way = (ways[to] as number[]).filter((level) => !ways[from]?.includes(level));
      if (way.length === 0) continue;
      if (reference.from.variableScope === module.topLevel)
        throw new Error(`${name} would be made at every request`);
      given[to]?.add(name);
      const path = way.map((level) => `${names[level]}().`);
      replaceUse(edited, reference, `${path.join('')}${name}`, module);
    }
  }

  // Only the top level may have imports, also when a stage alone needs them.
  const imports = module.program.body.filter(({ type }) => type === 'ImportDeclaration');
  for (const { start, end } of imports) edited.remove(start, end + '\n'.length);
  const textFrom = (level: number): string => {
    // Of a file whose imports and functions all went elsewhere, one line is left: its heading.
    const own = pieces
      .filter((piece) => piece.level === level)
      .map(({ start, end }) => edited.slice(start, end).trim())
      .filter((text) => text.includes('\n'));
    const nested = childrenOf(level, ways).map((child) =>
      writeStage(names[child] as string, textFrom(child), given[child]),
    );
    return own.map((text) => `\n${text}\n`).join('') + nested.join('');
  };
  const importText = imports.map(({ start, end }) => `${code.slice(start, end)}\n`).join('');
  return code.slice(0, code.indexOf('\n') + 1) + importText + textFrom(0);
}

/** For each stage the stages around it, from the top level to itself. */
function waysTo(stages: readonly Stage[]): number[][] {
  const ways: number[][] = [];
  let lastOnPath: number[] = [];
  for (const [level, { within }] of stages.entries()) {
    const around =
      within === undefined ? lastOnPath : ways[stages.findIndex(({ files }) => files[0] === within)];
    if (!around) throw new Error(`no stage before it begins with ${within}`);
    ways.push([...around, level]);
    if (within === undefined) lastOnPath = ways[level] as number[];
  }
  return ways;
}

/** The stages that are nested in one directly. */
function childrenOf(level: number, ways: number[][]): number[] {
  return ways.flatMap((way, child) => (way.at(-2) === level ? [child] : []));
}

/** The stage of each file: the first that reaches it. */
function levelsOf(inputs: Inputs, roots: (readonly string[])[]): Map<string, number> {
  const levels = new Map(roots.flatMap((files, level) => files.map((file) => [file, level])));
  for (const [level, files] of roots.entries()) {
    const reached = [...files];
    for (const file of reached) {
      const input = inputs[file];
      if (!input) throw new Error(`the bundle has no ${file}`);
      const found = input.imports
        .map(({ path }) => path)
        .filter((path) => path in inputs && !levels.has(path));
      for (const path of found) levels.set(path, level);
      reached.push(...found);
    }
  }
  return levels;
}

/** The code of each file, from the comment above it. */
function readPieces(code: string, levels: Map<string, number>) {
  const headings = Array.from(code.matchAll(/^\/\/ (src\/\S+)$/gm));
  return headings.map(({ index, 1: file = '' }, i) => {
    return { level: levels.get(file) ?? 0, start: index, end: headings[i + 1]?.index ?? code.length };
  });
}

function writeStage(name: string, body: string, given: Iterable<string> = []): string {
  const make = camelCase(`make_${name}`);
  return `
var ${name}Made;
function ${name}() {
  return ${name}Made || (${name}Made = ${make}());
}
function ${make}() {
${body}
return { ${[...given].join(', ')} };
}
`;
}
