// A call costs a hit some 500 instructions, in either engine. So the small pure functions that a hit calls are written out
// where they are called. `@inline` in the docstring of a function marks it.
import { parse } from 'acorn';
import { full, simple } from 'acorn-walk';
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
  const value = returnedBy(declaration);
  /** @type {Node[]} */
  const calls = [];
  simple(program, { CallExpression: (call) => void (isNamed(call.callee, name) && calls.push(call)) });
  const isCalledOnly = calls.length === identifiersIn(program, name).length;
  const isLeftAlone =
    !value || !isCalledOnly || calls.length !== 1 || !isSimple(calls[0], declaration, value);
  if (isOptional && isLeftAlone) return code;
  if (!value) throw new Error(`${name} is no function of one return`);
  if (!isCalledOnly) throw new Error(`${name} is used without a call`);

  const edited = new MagicString(code);
  edited.remove(declaration.start, declaration.end);
  for (const call of calls) edited.update(call.start, call.end, writeOut(code, declaration, value, call));
  return edited.toString();
}

/**
 * What a function of one `return` gives; undefined for every other one.
 * @param {Node | undefined} declaration
 * @returns {Node | undefined}
 */
function returnedBy(declaration) {
  if (declaration?.type !== 'FunctionDeclaration' || declaration.async || declaration.generator)
    return undefined;
  const [only, ...others] = declaration.body.body;
  const isPlainList = declaration.params.every((/** @type {Node} */ { type }) => type === 'Identifier');
  return isPlainList && only?.type === 'ReturnStatement' && others.length === 0 ? only.argument : undefined;
}

/**
 * @param {Node} call
 * @param {Node} declaration
 * @param {Node} value  what it returns
 */
function isSimple(call, { params }, value) {
  return (
    call.arguments.length === params.length &&
    call.arguments.every(isPlain) &&
    !call.arguments.some((/** @type {Node} */ argument) => isCaptured(argument, value))
  );
}

/**
 * Whether a function within the value declares a name that the argument uses.
 * @param {Node} argument
 * @param {Node} value
 */
function isCaptured(argument, value) {
  return declaredIn(value).some((name) => identifiersIn(argument, name).length > 0);
}

/**
 * @param {string} code
 * @param {Node} declaration
 * @param {Node} value  what it returns
 * @param {Node} call
 */
function writeOut(code, { params }, value, call) {
  const callText = code.slice(call.start, call.end);
  if (call.arguments.length !== params.length) throw new Error(`${callText} lacks an argument`);
  const written = new MagicString(code.slice(value.start, value.end));
  params.forEach((/** @type {Node} */ { name }, /** @type {number} */ i) => {
    const argument = call.arguments[i];
    const uses = identifiersIn(value, name);
    if (!isPlain(argument) && uses.length !== 1)
      throw new Error(`${callText} would evaluate ${name} ${uses.length} times`);
    if (isCaptured(argument, value)) throw new Error(`${callText} would read another variable`);
    const text = code.slice(argument.start, argument.end);
    for (const { start, end, isShorthand } of uses) {
      const inPlace = isPlain(argument) ? text : `(${text})`;
      written.update(start - value.start, end - value.start, isShorthand ? `${name}: ${inPlace}` : inPlace);
    }
  });
  return `(${written})`;
}

/**
 * The names that functions within an expression declare.
 * @param {Node} node
 * @returns {string[]}
 */
function declaredIn(node) {
  /** @type {string[]} */
  const names = [];
  full(
    node,
    (inner, _state, type) =>
      void (type === 'VariablePattern' && names.push(/** @type {Node} */ (inner).name)),
  );
  return names;
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
  /** @type {Set<number>} */
  const shorthands = new Set();
  simple(node, {
    Property: (property) => void (property.shorthand && shorthands.add(property.start)),
    Identifier: (inner) => void (isNamed(inner, name) && found.push(inner)),
  });
  return found.map(({ start, end }) => ({ start, end, isShorthand: shorthands.has(start) }));
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
