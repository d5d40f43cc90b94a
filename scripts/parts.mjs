// Under the njs engine the top level of the script runs at every request, and each function there costs some 500
// instructions. So the bundle is cut into parts: what a cached token needs stays at the top level; everything else
// moves, as it is, into functions that make it when it is called. QuickJS keeps what is made.
import { parse } from 'acorn';
import { fullAncestor } from 'acorn-walk';
import { isLocal } from './njs_top_level.mjs';

/**
 * @typedef {import('acorn').AnyNode} AnyNode
 */

/**
 * @typedef {object} Part
 * @property {string} name  of the function that gives the part, in the bundle
 * @property {string} comment  one line: who needs it
 * @property {string[]} entries  its functions that earlier parts call
 */

/**
 * @typedef {object} Use  where a piece names what the top level declares
 * @property {string} name
 * @property {number} start
 * @property {boolean} isCall  or another reading inside a function, so that it happens only when that is called
 */

/**
 * @typedef {object} Piece  one statement of the top level
 * @property {'import' | 'declaration' | 'export'} kind
 * @property {string} file  the source that it comes from
 * @property {number} start
 * @property {string} text
 * @property {string[]} names  what it declares
 * @property {Use[]} uses
 */

/**
 * Moves declarations into parts. Each is nested in the one before, so that it sees all that stands before it.
 * @param {string} code  a bundle: imports, functions, constants, one export
 * @param {Part[]} parts  the least needed last
 * @returns {string}
 * @throws {Error} when an entry is missing, or named outside all functions, or when nothing uses a piece
 */
export function cutIntoParts(code, parts) {
  const pieces = readPieces(code);
  const entries = parts.flatMap((part) => part.entries);
  const missing = entries.filter((entry) => !pieces.some(({ names }) => names.includes(entry)));
  if (missing.length > 0) throw new Error(`the bundle has no ${missing.join(', ')}`);

  const fixed = pieces.filter(({ kind }) => kind !== 'declaration');
  const levels = divide(pieces, [fixed.flatMap(usedNames), ...parts.map((part) => part.entries)], entries);
  const texts = levels.map((level, i) => writePieces(level, parts.slice(i)));
  const inner = parts.reduceRight(
    (nested, part, i) => writePart(part, parts[i + 1], texts[i + 1] + nested),
    '',
  );
  const imports = fixed.filter(({ kind }) => kind === 'import');
  const exported = fixed.filter(({ kind }) => kind === 'export');
  const head = code.slice(0, code.indexOf('\n') + 1);
  return `${head}${writePieces(imports, parts)}${texts[0]}${inner}${writePieces(exported, parts)}`;
}

/**
 * What each level needs and none before it has.
 * @param {Piece[]} pieces
 * @param {string[][]} roots  of each level
 * @param {string[]} entries  where the search ends: a part of its own has them
 * @returns {Piece[][]}
 */
function divide(pieces, roots, entries) {
  let left = pieces.filter(({ kind }) => kind === 'declaration');
  const levels = roots.map((names) => {
    const taken = reach(left, names, entries);
    left = left.filter((piece) => !taken.includes(piece));
    return taken;
  });
  if (left.length > 0) throw new Error(`nothing uses ${left.flatMap(({ names }) => names).join(', ')}`);
  return levels;
}

/**
 * @param {Piece[]} pieces
 * @param {string[]} roots
 * @param {string[]} entries
 * @returns {Piece[]} in the order of the bundle
 */
function reach(pieces, roots, entries) {
  const reached = new Set(pieces.filter(({ names }) => names.some((name) => roots.includes(name))));
  for (const piece of reached) {
    for (const name of usedNames(piece)) {
      const used = pieces.find(({ names }) => names.includes(name));
      if (used && !entries.includes(name)) reached.add(used);
    }
  }
  return pieces.filter((piece) => reached.has(piece));
}

/** @param {Piece} piece */
function usedNames({ uses }) {
  return uses.map(({ name }) => name);
}

/**
 * @param {string} code
 * @returns {Piece[]}
 */
function readPieces(code) {
  const { body } = parse(code, { ecmaVersion: 'latest', sourceType: 'module' });
  const known = new Set(body.flatMap(declaredNames));
  let file = '';
  return body.map((statement, i) => {
    const gap = code.slice(body[i - 1]?.end ?? 0, statement.start);
    file = /^\/\/ (src\/\S+)$/m.exec(gap)?.[1] ?? file;
    return {
      kind: kindOf(statement),
      file,
      start: statement.start,
      text: code.slice(statement.start, statement.end),
      names: declaredNames(statement),
      uses: usesOf(statement).filter(({ name }) => known.has(name)),
    };
  });
}

/**
 * @param {AnyNode} statement
 * @returns {Piece['kind']}
 */
function kindOf(statement) {
  if (statement.type === 'ImportDeclaration') return 'import';
  return statement.type === 'ExportNamedDeclaration' ? 'export' : 'declaration';
}

/**
 * @param {AnyNode} statement
 * @returns {string[]}
 */
function declaredNames(statement) {
  switch (statement.type) {
    case 'FunctionDeclaration':
      return statement.id ? [statement.id.name] : [];
    case 'VariableDeclaration':
      return statement.declarations.flatMap(({ id }) => (id.type === 'Identifier' ? [id.name] : []));
    case 'ImportDeclaration':
      return statement.specifiers.map(({ local }) => local.name);
    default:
      return [];
  }
}

/**
 * @param {AnyNode} statement
 * @returns {Use[]}
 */
function usesOf(statement) {
  /** @type {Use[]} */
  const uses = [];
  if (statement.type === 'ExportNamedDeclaration')
    return statement.specifiers.flatMap(({ local }) =>
      local.type === 'Identifier' ? [{ name: local.name, start: local.start, isCall: false }] : [],
    );
  fullAncestor(statement, (raw, _state, nodes) => {
    const node = /** @type {AnyNode} */ (raw);
    const ancestors = /** @type {AnyNode[]} */ (nodes);
    if (node.type !== 'Identifier' || isLocal(node.name, ancestors)) return;
    const isCall = ancestors.slice(0, -1).some(({ type }) => type.includes('Function'));
    uses.push({ name: node.name, start: node.start, isCall });
  });
  return uses;
}

/**
 * @param {Piece[]} pieces
 * @param {Part[]} parts  those that come after these pieces
 */
function writePieces(pieces, parts) {
  let file = '';
  return pieces
    .map((piece) => {
      const heading = piece.file === file ? '' : `\n// ${piece.file}\n`;
      file = piece.file;
      return `${heading}${writePiece(piece, parts)}\n`;
    })
    .join('');
}

/**
 * Names an entry of a later part by the functions that give the parts: `entry` becomes `part().entry`.
 * @param {Piece} piece
 * @param {Part[]} parts
 */
function writePiece(piece, parts) {
  let text = '';
  let done = 0;
  for (const { name, start, isCall } of piece.uses.toSorted((a, b) => a.start - b.start)) {
    const depth = parts.findIndex(({ entries }) => entries.includes(name));
    if (depth < 0) continue;
    if (!isCall) throw new Error(`${name} is used where it would be made at every request`);
    const at = start - piece.start;
    const givers = parts.slice(0, depth + 1).map((part) => `${part.name}().`);
    text += piece.text.slice(done, at) + givers.join('');
    done = at;
  }
  return text + piece.text.slice(done);
}

/**
 * @param {Part} part
 * @param {Part | undefined} next
 * @param {string} body
 */
function writePart({ name, comment, entries }, next, body) {
  const given = next ? [...entries, next.name] : entries;
  const made = `${name}Made`;
  const make = `make${name.charAt(0).toUpperCase()}${name.slice(1)}`;
  return `
// ${comment}
var ${made};
function ${name}() {
  return ${made} || (${made} = ${make}());
}
function ${make}() {
${body}
return { ${given.join(', ')} };
}
`;
}
