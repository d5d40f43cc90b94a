// What njs 0.8.9 does not run and the bundler lets through, and what a request must not pay for: the top level of the
// script runs at every request under the njs engine, and what it keeps leaks from one request into the next under QuickJS.
import { parse } from 'acorn';
import { fullAncestor } from 'acorn-walk';
import esquery from 'esquery';

/**
 * @typedef {{line: number, reason: string}} Violation  line counts from 1
 * @typedef {any} Node  of ESTree
 */

const NJS_MODULE = '[source.value=/^(crypto|querystring|fs)$/]';
const NAMED = 'only a default export can be named in nginx.conf';

/** What is refused, as esquery selects it, and why. `{a.b}` stands for that member of the node. */
const REFUSED = Object.entries({
  'ArrayPattern, ObjectPattern': 'destructuring is not supported',
  AssignmentPattern: 'default parameters are not supported',
  'CallExpression[callee.name="BigInt"], Literal[bigint]': 'BigInt is not supported',
  'CatchClause[param=null]': 'catch without a parameter is not supported',
  ChainExpression: 'optional chaining is not supported',
  'ClassDeclaration, ClassExpression': 'classes are not supported',
  ForOfStatement: 'for-of is not supported',
  ':function[generator=true]': 'generators are not supported',
  'AssignmentExpression[operator=/^(\\?\\?|&&|\\|\\|)=$/]': 'the operator {operator} is not supported',
  ExportAllDeclaration: NAMED,
  'ExportNamedDeclaration:not([specifiers.length=1][specifiers.0.exported.name="default"])': NAMED,
  [`ImportDeclaration:not(${NJS_MODULE})`]: 'the module {source.value} does not exist in njs',
  [`ImportDeclaration${NJS_MODULE}:has(ImportSpecifier, ImportNamespaceSpecifier)`]:
    "only `import {source.value} from '{source.value}'` is supported: no named or namespace import",
  ImportExpression: 'import() is not supported',
  'Literal[regex.flags=/[sudvy]/]': 'the regex flags {regex.flags}: s, u, d, v and y are not supported',
  MetaProperty: '{meta.name}.{property.name} is not supported',
  'NewExpression[callee.name="RegExp"]':
    'new RegExp() is compiled at each call, or stands for a flag that is not supported',
  SpreadElement: 'spread is not supported',
  'Program > :not(FunctionDeclaration, VariableDeclaration, :matches(ImportDeclaration, ExportNamedDeclaration, ExportAllDeclaration, ExportDefaultDeclaration))':
    'a statement at the top level runs at every request',
  'Program > ExportDefaultDeclaration > CallExpression': 'a statement at the top level runs at every request',
}).map(([selector, reason]) => ({ selector: esquery.parse(selector), reason }));

/** At the top level a value may hold these alone: literals, what is made of them, and names, whose reading is free. */
const CONSTANT = esquery.parse(
  'Literal, Identifier, :function, :function *, ArrayExpression, ObjectExpression, Property[computed=false], BinaryExpression, UnaryExpression[operator=/^([-+!~]|void)$/], TemplateLiteral[expressions.length=0], TemplateElement, CallExpression[callee.object.name="Object"][callee.property.name="freeze"], MemberExpression[object.name="Object"][property.name="freeze"]',
);

/**
 * Everything in a bundle that njs 0.8.9 cannot run, or that would run at every request because it stands at the top level.
 * Does NOT look for missing functions of the library (Map, Array.prototype.at ...): the `lib` of src/tsconfig.json does.
 * @param {string} code  an ES module
 * @returns {Violation[]} in the order of the lines; empty when all is well
 */
export function findForbiddenSyntax(code) {
  /** @type {Node} */
  let program;
  try {
    program = parse(code, { ecmaVersion: 'latest', sourceType: 'module', locations: true });
  } catch (error) {
    const { message, loc } = /** @type {SyntaxError & {loc?: {line: number}}} */ (error);
    return [{ line: loc?.line ?? 1, reason: message }];
  }
  const refused = REFUSED.flatMap(({ selector, reason }) =>
    esquery.match(program, selector).map((node) => violation(node, fill(reason, node))),
  );
  const found = [findAwaits, findComputed, findKept, findLooseEnds].flatMap((find) => find(program));
  return [...refused, ...found].sort((a, b) => a.line - b.line);
}

/**
 * njs refuses "await in arguments", also deep inside of them, unless in a function of its own.
 * @param {Node} program
 */
function findAwaits(program) {
  return matches(program, 'AwaitExpression').flatMap(({ node, ancestors }) => {
    const inner = ancestors.slice(ancestors.findLastIndex(({ type }) => /Function/.test(type)) + 1);
    if (inner[0]?.type === 'Program') return [violation(node, 'top-level await is not supported')];
    const isArgument = inner.some((outer, i) => outer.arguments?.includes(inner[i + 1] ?? node));
    return isArgument
      ? [violation(node, 'await inside call arguments is not supported: assign it to a constant first')]
      : [];
  });
}

/** @param {Node} program */
function findComputed(program) {
  return matches(program, 'Program > VariableDeclaration > VariableDeclarator > .init').flatMap(
    ({ node }) => {
      const inside = [node, ...esquery.query(node, '*')];
      const isConstant = inside.every((/** @type {Node} */ inner) =>
        esquery.match(node, CONSTANT).includes(inner),
      );
      return isConstant
        ? []
        : [
            violation(
              node,
              'a value at the top level may only be made of literals: it is computed at every request',
            ),
          ];
    },
  );
}

/**
 * Under the njs engine `$` also matches before a line feed that ends the text, so it has to say that none follows.
 * @param {Node} program
 */
function findLooseEnds(program) {
  return esquery.query(program, 'Literal[regex]').flatMap((/** @type {Node} */ node) => {
    const outsideClasses = node.regex.pattern.replace(
      /\\.|\[(?:\\.|[^\]])*\]/g,
      (/** @type {string} */ part) => (part === '\\n' ? part : ''),
    );
    return /\$(?!\(\?!\\n\))/.test(outsideClasses)
      ? [violation(node, 'a pattern may not end in $ alone: njs lets a line feed follow; write $(?!\\n)')]
      : [];
  });
}

/**
 * A variable without a value may be declared at the top level and written once it is needed (a memo of a constant); one
 * with a value may not be written again. Does NOT see writes to members of an object.
 * @param {Node} program
 */
function findKept(program) {
  const constants = esquery
    .query(program, 'Program > VariableDeclaration > VariableDeclarator[init]')
    .map((/** @type {Node} */ { id }) => id.name);
  return matches(program, 'AssignmentExpression, UpdateExpression').flatMap(({ node, ancestors }) => {
    const name = (node.left ?? node.argument).name;
    return constants.includes(name) && !ancestors.some((outer) => declares(outer, name))
      ? [violation(node, `${name} keeps its value for later requests under QuickJS: make it local`)]
      : [];
  });
}

/**
 * Whether a function has a parameter or variable of that name.
 * @param {Node} node
 * @param {string} name
 */
function declares(node, name) {
  return (
    /Function/.test(node.type) &&
    esquery.query(
      node,
      `:function > Identifier.params[name="${name}"], VariableDeclarator[id.name="${name}"]`,
    ).length > 0
  );
}

/**
 * @param {Node} program
 * @param {string} selector
 * @returns {{node: Node, ancestors: Node[]}[]} ancestors: the program first
 */
function matches(program, selector) {
  const found = esquery.query(program, selector);
  /** @type {{node: Node, ancestors: Node[]}[]} */
  const result = [];
  fullAncestor(program, (/** @type {Node} */ node, _state, nodes) => {
    if (found.includes(node)) result.push({ node, ancestors: nodes.slice(0, -1) });
  });
  return result;
}

/**
 * @param {string} reason
 * @param {Node} node
 */
function fill(reason, node) {
  return reason.replace(/\{([\w.]+)\}/g, (_all, path) =>
    path.split('.').reduce((/** @type {any} */ value, /** @type {string} */ member) => value[member], node),
  );
}

/**
 * @param {Node} node
 * @param {string} reason
 * @returns {Violation}
 */
function violation(node, reason) {
  return { line: node.loc?.start.line ?? 0, reason };
}
