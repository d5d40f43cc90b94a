// The top level of the script runs at every request under the njs engine, and what it keeps leaks from one
// request into the next under QuickJS: only declarations and constants may stand there.
import { fullAncestor } from 'acorn-walk';

/**
 * @typedef {import('acorn').AnyNode} AnyNode
 * @typedef {import('./njs_syntax.mjs').Violation} Violation
 */

const CONSTANT_OPERATORS = ['-', '+', '!', '~', 'void'];

/**
 * What runs or changes at the top level. A variable without a value may be declared there, and be written
 * once it is needed (a memo of a constant); one with a value may not be written again. The bundler turns
 * `const` into `var`, so both are read the same. Does NOT see writes to members of an object.
 * @param {import('acorn').Program} program  parsed with `locations`
 * @returns {Violation[]}
 */
export function findTopLevelWork(program) {
  /** @type {Violation[]} */
  const violations = [];
  const constants = new Set();
  for (const statement of program.body) {
    if (statement.type !== 'VariableDeclaration') {
      if (!isDeclaration(statement))
        violations.push(violation(statement, 'a statement at the top level runs at every request'));
      continue;
    }
    for (const { id, init } of statement.declarations) {
      if (id.type === 'Identifier' && init) constants.add(id.name);
      if (init && !isConstant(init)) {
        violations.push(
          violation(
            init,
            'a value at the top level may only be made of literals: it is computed at every request',
          ),
        );
      }
    }
  }
  return [...violations, ...findWrites(program, constants)];
}

/** @param {AnyNode} statement */
function isDeclaration(statement) {
  switch (statement.type) {
    case 'FunctionDeclaration':
    case 'ImportDeclaration':
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
      return true;
    case 'ExportDefaultDeclaration':
      return statement.declaration.type === 'FunctionDeclaration' || isConstant(statement.declaration);
    default:
      return false;
  }
}

/**
 * Literals, what is made of them, and names: reading a name costs nothing.
 * @param {AnyNode | null} node
 * @returns {boolean}
 */
function isConstant(node) {
  switch (node?.type) {
    case 'Literal':
    case 'Identifier':
    case 'ArrowFunctionExpression':
    case 'FunctionExpression':
      return true;
    case 'TemplateLiteral':
      return node.expressions.length === 0;
    case 'UnaryExpression':
      return CONSTANT_OPERATORS.includes(node.operator) && isConstant(node.argument);
    case 'BinaryExpression':
      return isConstant(node.left) && isConstant(node.right);
    case 'ArrayExpression':
      return node.elements.every(isConstant);
    case 'ObjectExpression':
      return node.properties.every(
        (property) => property.type === 'Property' && !property.computed && isConstant(property.value),
      );
    case 'CallExpression':
      return isObjectFreeze(node.callee) && node.arguments.every(isConstant);
    default:
      return false;
  }
}

/** @param {AnyNode} callee */
function isObjectFreeze(callee) {
  return (
    callee.type === 'MemberExpression' &&
    callee.object.type === 'Identifier' &&
    callee.object.name === 'Object' &&
    callee.property.type === 'Identifier' &&
    callee.property.name === 'freeze'
  );
}

/**
 * @param {import('acorn').Program} program
 * @param {Set<string>} constants
 * @returns {Violation[]}
 */
function findWrites(program, constants) {
  /** @type {Violation[]} */
  const violations = [];
  fullAncestor(program, (raw, _state, ancestors) => {
    const target = writtenName(/** @type {AnyNode} */ (raw));
    if (target === undefined || !constants.has(target)) return;
    if (isLocal(target, /** @type {AnyNode[]} */ (ancestors))) return;
    violations.push(
      violation(
        /** @type {AnyNode} */ (raw),
        `${target} keeps its value for later requests under QuickJS: make it local`,
      ),
    );
  });
  return violations;
}

/**
 * @param {AnyNode} node
 * @returns {string | undefined} undefined when the node writes no variable, or a member of an object
 */
function writtenName(node) {
  const target =
    node.type === 'AssignmentExpression'
      ? node.left
      : node.type === 'UpdateExpression'
        ? node.argument
        : undefined;
  return target?.type === 'Identifier' ? target.name : undefined;
}

/**
 * Whether a function around the place declares the name itself, anywhere in it.
 * @param {string} name
 * @param {AnyNode[]} ancestors
 */
export function isLocal(name, ancestors) {
  let found = false;
  /** @param {import('acorn').Node} pattern */
  const look = (pattern) => {
    const { type, name: declared } = /** @type {{type: string, name?: string}} */ (
      /** @type {unknown} */ (pattern)
    );
    found ||= type === 'Identifier' && declared === name;
  };
  for (const outer of ancestors) {
    if (
      outer.type !== 'FunctionDeclaration' &&
      outer.type !== 'FunctionExpression' &&
      outer.type !== 'ArrowFunctionExpression'
    )
      continue;
    for (const parameter of outer.params) look(parameter);
    fullAncestor(outer.body, (inner) => {
      if (inner.type === 'VariableDeclarator')
        look(/** @type {import('acorn').VariableDeclarator} */ (inner).id);
    });
  }
  return found;
}

/**
 * @param {AnyNode} node
 * @param {string} reason
 * @returns {Violation}
 */
function violation(node, reason) {
  return { line: node.loc?.start.line ?? 0, reason };
}
