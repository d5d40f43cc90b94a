// The syntax that njs 0.8.9 does not run and the bundler lets through, and what a request must not pay for.
import { parse } from 'acorn';
import { fullAncestor } from 'acorn-walk';
import { findTopLevelWork } from './njs_top_level.mjs';

/**
 * @typedef {import('acorn').AnyNode} AnyNode
 * @typedef {{line: number, reason: string}} Violation  line counts from 1
 * @typedef {(node: any, ancestors: AnyNode[]) => string | false | undefined} Rule  the reason, if it is
 *   violated; the node is of the type that the rule is listed under
 */

const NJS_MODULES = ['crypto', 'querystring', 'fs'];
const UNSUPPORTED_REGEX_FLAGS = /[sudvy]/;

/** @type {Record<string, Rule>} */
const RULES = {
  ArrayPattern: () => 'destructuring is not supported',
  ObjectPattern: () => 'destructuring is not supported',
  AssignmentPattern: () => 'default parameters are not supported',
  AwaitExpression: checkAwait,
  CallExpression: (node) => isNamed(node.callee, 'BigInt') && 'BigInt is not supported',
  CatchClause: (node) => node.param === null && 'catch without a parameter is not supported',
  ChainExpression: () => 'optional chaining is not supported',
  ClassDeclaration: () => 'classes are not supported',
  ClassExpression: () => 'classes are not supported',
  ForOfStatement: () => 'for-of is not supported',
  FunctionDeclaration: (node) => node.generator && 'generators are not supported',
  FunctionExpression: (node) => node.generator && 'generators are not supported',
  AssignmentExpression: (node) =>
    ['??=', '&&=', '||='].includes(node.operator) && `the operator ${node.operator} is not supported`,
  ExportAllDeclaration: () => 'only a default export can be named in nginx.conf',
  ExportNamedDeclaration: (node) =>
    !exportsDefaultOnly(node) && 'only a default export can be named in nginx.conf',
  ImportDeclaration: checkImport,
  ImportExpression: () => 'import() is not supported',
  Literal: checkLiteral,
  MetaProperty: (node) => `${node.meta.name}.${node.property.name} is not supported`,
  NewExpression: (node) =>
    isNamed(node.callee, 'RegExp') &&
    'new RegExp() is compiled at each call, or stands for a flag that is not supported',
  SpreadElement: () => 'spread is not supported',
};

/**
 * Everything in a bundle that njs 0.8.9 cannot run, or that would run at every request because it stands
 * at the top level. Does NOT look for missing functions of the library (Map, Array.prototype.at ...): the
 * `lib` of src/tsconfig.json does.
 * @param {string} code  an ES module
 * @returns {Violation[]} in the order of the lines; empty when all is well
 */
export function findForbiddenSyntax(code) {
  /** @type {import('acorn').Program} */
  let program;
  try {
    program = parse(code, { ecmaVersion: 'latest', sourceType: 'module', locations: true });
  } catch (error) {
    return [describeSyntaxError(error)];
  }
  const violations = findTopLevelWork(program);
  fullAncestor(program, (node, _state, ancestors) => {
    const reason = RULES[node.type]?.(node, /** @type {AnyNode[]} */ (ancestors));
    if (reason) violations.push({ line: node.loc?.start.line ?? 0, reason });
  });
  return violations.sort((a, b) => a.line - b.line);
}

/**
 * "await in arguments not supported": also deep inside of them, unless in a function of its own.
 * @type {Rule}
 */
function checkAwait(node, ancestors) {
  /** @type {AnyNode} */
  let inner = node;
  for (const outer of ancestors.slice(0, -1).reverse()) {
    if (isFunction(outer)) return undefined;
    const isCall = outer.type === 'CallExpression' || outer.type === 'NewExpression';
    if (isCall && outer.callee !== inner)
      return 'await inside call arguments is not supported: assign it to a constant first';
    inner = outer;
  }
  return 'top-level await is not supported';
}

/** @type {Rule} */
function checkImport(node) {
  const source = node.source.value;
  if (!NJS_MODULES.includes(source)) return `the module ${source} does not exist in njs`;
  /** @type {{type: string}[]} */
  const specifiers = node.specifiers;
  const onlyDefault = specifiers.every((specifier) => specifier.type === 'ImportDefaultSpecifier');
  return (
    !onlyDefault && `only \`import ${source} from '${source}'\` is supported: no named or namespace import`
  );
}

/** @type {Rule} */
function checkLiteral(node) {
  if (typeof node.bigint === 'string') return 'BigInt is not supported';
  const flag = UNSUPPORTED_REGEX_FLAGS.exec(node.regex?.flags ?? '')?.[0];
  return flag && `the regex flag ${flag} is not supported`;
}

/** @param {import('acorn').ExportNamedDeclaration} node */
function exportsDefaultOnly(node) {
  return (
    node.source == null &&
    node.specifiers.length === 1 &&
    node.specifiers.every(({ exported }) => isNamed(exported, 'default'))
  );
}

/** @param {AnyNode} node */
function isFunction({ type }) {
  return (
    type === 'FunctionDeclaration' || type === 'FunctionExpression' || type === 'ArrowFunctionExpression'
  );
}

/**
 * @param {AnyNode} node
 * @param {string} name
 */
function isNamed(node, name) {
  return node.type === 'Identifier' && node.name === name;
}

/**
 * @param {unknown} error  of the parser
 * @returns {Violation}
 */
function describeSyntaxError(error) {
  const { message, loc } = /** @type {SyntaxError & {loc?: {line: number}}} */ (error);
  return { line: loc?.line ?? 1, reason: message };
}
