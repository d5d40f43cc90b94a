// A call costs a hit some 500 instructions, in either engine. So the small pure functions that a hit calls are written
// out where they are called: sources stay in small pieces, and the bundle pays for none.
import { parse } from 'acorn';
import { fullAncestor } from 'acorn-walk';
import { isLocal } from './njs_top_level.mjs';

/**
 * @typedef {import('acorn').AnyNode} AnyNode
 * @typedef {import('acorn').Expression} Expression
 */

/**
 * @typedef {object} Small
 * @property {string[]} parameters
 * @property {Expression} value  what it returns
 */

/**
 * Writes functions out at each call, and removes them.
 * @param {string} code  a bundle
 * @param {string[]} names  functions of one `return`; pure, because arguments may come to be evaluated in another order
 * @returns {string}
 * @throws {Error} when one is not of that form, or is used otherwise than by a call, or an argument would be evaluated
 *   twice, or a name would come to mean another thing
 */
export function inlineCalls(code, names) {
  return names.reduce(inlineFunction, code);
}

/**
 * @param {string} code
 * @param {string} name
 */
function inlineFunction(code, name) {
  const program = parse(code, { ecmaVersion: 'latest', sourceType: 'module' });
  const declaration = program.body.find(
    (statement) => statement.type === 'FunctionDeclaration' && statement.id?.name === name,
  );
  const small = declaration && readSmall(declaration);
  if (!small) throw new Error(`${name} is no function of one return`);

  const calls = findCalls(program, name, small);
  const edits = calls.map((call) => ({
    start: call.start,
    end: call.end,
    text: writeOut(code, small, call),
  }));
  edits.push({ start: declaration.start, end: declaration.end, text: '' });
  return edit(code, edits);
}

/**
 * @param {AnyNode} node
 * @returns {Small | undefined}
 */
function readSmall(node) {
  if (node.type !== 'FunctionDeclaration' || node.async || node.generator) return undefined;
  const [only, ...others] = node.body.body;
  if (only?.type !== 'ReturnStatement' || !only.argument || others.length > 0) return undefined;
  const parameters = node.params.flatMap((param) => (param.type === 'Identifier' ? [param.name] : []));
  return parameters.length === node.params.length ? { parameters, value: only.argument } : undefined;
}

/**
 * @param {import('acorn').Program} program
 * @param {string} name
 * @param {Small} small
 */
function findCalls(program, name, small) {
  /** @type {import('acorn').CallExpression[]} */
  const calls = [];
  const free = namesIn(small.value).filter((used) => !small.parameters.includes(used.name));
  fullAncestor(program, (raw, _state, nodes) => {
    const node = /** @type {AnyNode} */ (raw);
    const ancestors = /** @type {AnyNode[]} */ (nodes);
    if (node.type !== 'Identifier' || node.name !== name || isLocal(name, ancestors)) return;
    if (ancestors.at(-2)?.type === 'FunctionDeclaration') return; // its own name
    const call = ancestors.at(-2);
    if (call?.type !== 'CallExpression' || call.callee !== node)
      throw new Error(`${name} is used without a call`);
    if (call.arguments.length !== small.parameters.length) throw new Error(`${name} lacks an argument`);
    if (free.some((used) => isLocal(used.name, ancestors)))
      throw new Error(`${name} would read another variable`);
    calls.push(call);
  });
  return calls;
}

/**
 * @param {string} code
 * @param {Small} small
 * @param {import('acorn').CallExpression} call
 */
function writeOut(code, { parameters, value }, call) {
  const edits = parameters.flatMap((parameter, i) => {
    const argument = /** @type {AnyNode} */ (call.arguments[i]);
    const uses = namesIn(value).filter(({ name }) => name === parameter);
    const isPlain = argument.type === 'Identifier' || argument.type === 'Literal';
    if (!isPlain && uses.length !== 1)
      throw new Error(`${code.slice(call.start, call.end)} needs its argument twice`);
    const text = code.slice(argument.start, argument.end);
    return uses.map(({ start, end }) => ({ start, end, text: isPlain ? text : `(${text})` }));
  });
  const shifted = edits.map(({ start, end, text }) => ({
    start: start - value.start,
    end: end - value.start,
    text,
  }));
  return `(${edit(code.slice(value.start, value.end), shifted)})`;
}

/**
 * @param {AnyNode} node
 * @returns {import('acorn').Identifier[]} variables, not members
 */
function namesIn(node) {
  /** @type {import('acorn').Identifier[]} */
  const found = [];
  fullAncestor(node, (inner) => {
    if (inner.type === 'Identifier') found.push(/** @type {import('acorn').Identifier} */ (inner));
  });
  return found;
}

/**
 * @param {string} text
 * @param {{start: number, end: number, text: string}[]} edits  that do not overlap
 */
function edit(text, edits) {
  let result = '';
  let done = 0;
  for (const change of edits.toSorted((a, b) => a.start - b.start)) {
    if (change.start < done) throw new Error('one call to write out stands in another');
    result += text.slice(done, change.start) + change.text;
    done = change.end;
  }
  return result + text.slice(done);
}
