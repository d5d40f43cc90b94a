// Under the njs engine the top level of the script runs at every request, and each function there costs some 250
// instructions. So the bundle is cut by file: what index.ts imports stays at the top level, up to the files that begin a
// stage. Such a file, and what it alone imports, moves into a function that makes it when it is called first. QuickJS
// keeps what is made.
import { parse } from 'acorn';
import { simple } from 'acorn-walk';
import MagicString from 'magic-string';

/**
 * @typedef {any} Node  of ESTree
 * @typedef {{file: string, isImport: boolean, start: number, end: number, names: string[]}} Piece  a statement
 * @typedef {Record<string, {imports: {path: string}[]}>} Inputs  esbuild's metafile: what each file imports
 */

/**
 * Each stage is nested in the one before, so that it sees all that stands before it.
 * @param {string} code  a bundle, with the comments that esbuild puts above the code of each file
 * @param {Inputs} inputs
 * @param {string} entry  the file that nginx names
 * @param {(string | string[])[]} stages  files that begin a stage, in the order in which requests need them; several
 *   that begin one together
 * @returns {string}
 * @throws {Error} when a stage would be made at every request, or begins with a file that is not in the bundle
 */
export function cutIntoStages(code, inputs, entry, stages) {
  const roots = [entry, ...stages].map((files) => [files].flat());
  const names = roots.slice(1).map(([file = '']) => nameOf(file));
  const levels = levelsOf(inputs, roots);
  /** @type {Node} */
  const program = parse(code, { ecmaVersion: 'latest', sourceType: 'module' });
  const pieces = readPieces(code, program);
  const levelOf = (/** @type {Piece} */ { file, isImport }) => (isImport ? 0 : (levels.get(file) ?? 0));
  const declared = new Map(pieces.flatMap((piece) => piece.names.map((name) => [name, levelOf(piece)])));
  const edited = new MagicString(code);
  /** @type {Set<string>[]} */
  const given = roots.map(() => new Set());
  program.body.forEach((/** @type {Node} */ statement, /** @type {number} */ i) => {
    const from = levelOf(/** @type {Piece} */ (pieces[i]));
    simple(statement, {
      Identifier({ name, start }) {
        const to = declared.get(name) ?? 0;
        if (to <= from) return;
        if (!isInFunction(statement, start)) throw new Error(`${name} would be made at every request`);
        given[to]?.add(name);
        edited.appendLeft(
          start,
          names
            .slice(from, to)
            .map((stage) => `${stage}().`)
            .join(''),
        );
      },
    });
  });
  const textOf = (/** @type {number} */ level) =>
    writePieces(
      edited,
      pieces.filter((piece) => levelOf(piece) === level),
    );
  const nested = names.reduceRight((inner, stage, i) => {
    const next = names.slice(i + 1, i + 2);
    return writeStage(stage, textOf(i + 1) + inner, [...(given[i + 1] ?? []), ...next]);
  }, '');
  return `${code.slice(0, code.indexOf('\n') + 1)}${textOf(0)}${nested}`;
}

/**
 * The stage of each file: the first that reaches it.
 * @param {Inputs} inputs
 * @param {string[][]} roots  files that begin a stage, stage by stage
 */
function levelsOf(inputs, roots) {
  const levels = new Map(roots.flatMap((files, level) => files.map((file) => [file, level])));
  for (const [level, files] of roots.entries()) {
    const reached = [...files];
    for (const file of reached) {
      const input = inputs[file];
      if (!input) throw new Error(`the bundle has no ${file}`);
      for (const { path } of input.imports) {
        if (levels.has(path)) continue;
        levels.set(path, level);
        if (inputs[path]) reached.push(path);
      }
    }
  }
  return levels;
}

/**
 * @param {string} code
 * @param {Node} program
 * @returns {Piece[]} in the order of the bundle
 */
function readPieces(code, program) {
  let file = '';
  let end = 0;
  return program.body.map((/** @type {Node} */ statement) => {
    const headings = code.slice(end, statement.start).match(/(?<=^\/\/ )src\/\S+$/gm);
    file = headings?.at(-1) ?? file;
    end = statement.end;
    const ids =
      statement.declarations ?? statement.specifiers?.map((/** @type {Node} */ { local }) => ({ id: local }));
    const names = (ids ?? [statement]).map((/** @type {Node} */ { id }) => id?.name);
    return { file, isImport: statement.type === 'ImportDeclaration', start: statement.start, end, names };
  });
}

/**
 * @param {Node} statement
 * @param {number} at
 */
function isInFunction(statement, at) {
  /** @type {Node[]} */
  const around = [];
  simple(statement, { Function: (node) => void around.push(node) });
  return around.some(({ start, end }) => start <= at && at < end);
}

/**
 * @param {MagicString} edited
 * @param {Piece[]} pieces
 */
function writePieces(edited, pieces) {
  return pieces
    .map(({ file, start, end }, i) => {
      const heading = file === pieces[i - 1]?.file ? '' : `\n// ${file}\n`;
      return `${heading}${edited.slice(start, end)}\n`;
    })
    .join('');
}

/**
 * @param {string} name
 * @param {string} body
 * @param {string[]} given
 */
function writeStage(name, body, given) {
  const make = `make${name.charAt(0).toUpperCase()}${name.slice(1)}`;
  return `
var ${name}Made;
function ${name}() {
  return ${name}Made || (${name}Made = ${make}());
}
function ${make}() {
${body}
return { ${given.join(', ')} };
}
`;
}

/** @param {string} file  such as src/gateway/miss.ts: its stage is missStage */
function nameOf(file) {
  const words = file.replace(/^.*\/|\.ts$/g, '').split('_');
  return `${words.map((word, i) => (i === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1))).join('')}Stage`;
}
