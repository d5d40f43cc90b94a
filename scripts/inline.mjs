// A call costs a hit some 500 instructions, in either engine. So the small pure functions that a hit calls are written out
// where they are called. `@inline` in the docstring of a function marks it.
import { parse } from 'acorn';
import { simple } from 'acorn-walk';
import MagicString from 'magic-string';

/** @typedef {any} Node  of ESTree */

/**
 * The functions that a source marks.
 * @param {string} source  TypeScript
 * @returns {string[]}
 */
export function markedFunctions(source) {
  return Array.from(
    source.matchAll(/@inline\s*\*\/\s*(?:export )?function (\w+)/g),
    ([, name]) => name ?? '',
  );
}

/**
 * Writes functions out at each call, and removes them: those that are marked, and those that are called once. No name of the
 * bundle may be declared twice, not even in different functions: esbuild sees to that for whatever its top level declares.
 * @param {string} code  a bundle
 * @param {string[]} marked  functions of one `return`; pure, because arguments may come to be evaluated in another order
 * @returns {string}
 * @throws {Error} when a marked one is not of that form, or is used otherwise than by a call, or an argument would be
 *   evaluated twice
 */
export function inlineCalls(code, marked) {
  const inlined = marked.reduce((text, name) => inlineFunction(text, name, false), code);
  return functionsIn(inlined).reduce((text, name) => inlineFunction(text, name, true), inlined);
}

/** @param {string} code */
function functionsIn(code) {
  return Array.from(code.matchAll(/^function (\w+)/gm), ([, name]) => name ?? '');
}

/**
 * @param {string} code
 * @param {string} name
 * @param {boolean} isOptional  leave the code as it is unless there is one call, whose arguments are names and constants
 */
function inlineFunction(code, name, isOptional) {
  /** @type {Node} */
  const program = parse(code, { ecmaVersion: 'latest', sourceType: 'module' });
  const declaration = program.body.find((/** @type {Node} */ { id }) => id?.name === name);
  const [only, ...others] = declaration?.body?.body ?? [];
  const isOneReturn = only?.type === 'ReturnStatement' && only.argument && others.length === 0;
  /** @type {Node[]} */
  const calls = [];
  simple(program, { CallExpression: (call) => void (isNamed(call.callee, name) && calls.push(call)) });
  const isCalledOnly = calls.length === identifiersIn(program, name).length;
  if (isOptional && !(isOneReturn && isCalledOnly && calls.length === 1 && calls[0].arguments.every(isPlain)))
    return code;
  if (!isOneReturn) throw new Error(`${name} is no function of one return`);
  if (!isCalledOnly) throw new Error(`${name} is used without a call`);

  const edited = new MagicString(code);
  edited.remove(declaration.start, declaration.end);
  for (const call of calls)
    edited.update(call.start, call.end, writeOut(code, declaration, only.argument, call));
  return edited.toString();
}

/**
 * @param {string} code
 * @param {Node} declaration
 * @param {Node} value  what it returns
 * @param {Node} call
 */
function writeOut(code, { params }, value, call) {
  const written = new MagicString(code.slice(value.start, value.end));
  params.forEach((/** @type {Node} */ { name }, /** @type {number} */ i) => {
    const argument = call.arguments[i];
    const uses = identifiersIn(value, name);
    if (!isPlain(argument) && (argument === undefined || uses.length !== 1))
      throw new Error(`${code.slice(call.start, call.end)} would evaluate ${name} ${uses.length} times`);
    const text = code.slice(argument.start, argument.end);
    for (const { start, end } of uses)
      written.update(start - value.start, end - value.start, isPlain(argument) ? text : `(${text})`);
  });
  return `(${written})`;
}

/**
 * Every use of a variable; its declaration is none.
 * @param {Node} node
 * @param {string} name
 * @returns {Node[]}
 */
function identifiersIn(node, name) {
  /** @type {Node[]} */
  const found = [];
  simple(node, { Identifier: (inner) => void (isNamed(inner, name) && found.push(inner)) });
  return found;
}

/**
 * @param {Node} node
 * @param {string} name
 */
function isNamed(node, name) {
  return node.type === 'Identifier' && node.name === name;
}

/** @param {Node | undefined} node  an argument: a name, a constant, or a member of a name */
function isPlain(node) {
  return ['Identifier', 'Literal'].includes((node?.computed === false ? node.object : node)?.type);
}
