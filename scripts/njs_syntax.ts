// What njs 0.8.9 does not run, and what a request must not pay for: the top level of the script runs at every request
// under the njs engine, and what it keeps leaks from one request into the next under QuickJS.
import type { BuildOptions } from 'esbuild';
import esquery from 'esquery';
import { BuildError, bundle } from './bundle.js';
import { readModule } from './module_scope.js';

// An allow-list over ES5: what nobody has tried on njs 0.8.9 stops the build, or esbuild writes it in other words.
const SYNTAX_OF_NJS =
  'arrow async-await const-and-let exponent-operator nullish-coalescing object-accessors object-extensions regexp-lookbehind-assertions regexp-named-capture-groups rest-argument template-literal unicode-escapes';

const VALUE = 'Program > VariableDeclaration > VariableDeclarator > .init';
/** At the top level a value may hold these alone: literals, what is made of them, and names, whose reading is free. */
const CONSTANT =
  ':matches(Literal, Identifier, :function, :function *, ArrayExpression, ObjectExpression, Property[computed=false], BinaryExpression, UnaryExpression[operator=/^([-+!~]|void)$/], TemplateLiteral[expressions.length=0], TemplateElement, CallExpression[callee.object.name="Object"][callee.property.name="freeze"], MemberExpression[object.name="Object"][property.name="freeze"])';
/** Escapes, classes and other characters, then a `$` that does not say that no line feed follows. */
const LOOSE_END = /^(\\.|\[(\\.|[^\]])*\]|[^\\[$]|\$(?=\(\?!\\n\)))*\$(?!\(\?!\\n\))/.source;

/** What esbuild lets through, as esquery selects it, and why it is refused. */
const REFUSED: [selector: string, reason: string][] = [
  ['SpreadElement', 'spread is not supported'],
  ['CallExpression[callee.name="BigInt"]', 'BigInt is not supported'],
  [
    'NewExpression[callee.name="RegExp"]',
    'new RegExp() is compiled at each call, or stands for a flag that is not supported',
  ],
  [
    `Literal[regex.pattern=/${LOOSE_END}/]`,
    'njs lets a line feed follow the $ that ends a pattern: write $(?!\\n)',
  ],
  [
    'ImportSpecifier, ImportNamespaceSpecifier',
    "only `import fs from 'fs'` is supported: no named or namespace import",
  ],
  [
    'ExportAllDeclaration, ExportSpecifier:not([exported.name="default"])',
    'only a default export can be named in nginx.conf',
  ],
  ['Program > :not([type=/Declaration$/])', 'a statement at the top level runs at every request'],
  [
    `${VALUE}:not(${CONSTANT}), ${VALUE} :not(${CONSTANT})`,
    'a value at the top level may only be made of literals: it is computed at every request',
  ],
  [
    // An await in a function of its own is none of the call.
    ':matches(CallExpression, NewExpression) > .arguments:has(AwaitExpression:not(:function AwaitExpression))',
    'await inside call arguments is not supported: assign it to a constant first',
  ],
];
/** A variable without a value may be written once it is needed: a memo of a constant. */
const KEPT = 'this variable keeps its value for later requests under QuickJS: make it local';

/**
 * Bundles what nginx is to run. Does NOT look for missing functions of the library (Map, Array.prototype.at ...): the
 * `lib` of src/tsconfig.json does.
 * @throws {BuildError} naming each line that njs 0.8.9 cannot run, or that would run at every request
 */
export async function bundleForNjs(options: BuildOptions): ReturnType<typeof bundle> {
  const result = await bundle({
    ...options,
    platform: 'neutral',
    target: 'es5',
    supported: Object.fromEntries(SYNTAX_OF_NJS.split(' ').map((feature) => [feature, true])),
    external: ['crypto', 'querystring', 'fs'],
  });
  const problems = new Set(findForbiddenSyntax(result.text));
  if (problems.size > 0) throw new BuildError([...problems].join('\n'));
  return result;
}

/** Does NOT see writes to members of an object that is kept. */
function findForbiddenSyntax(code: string): string[] {
  const { program, topLevel } = readModule(code);
  const refused = REFUSED.flatMap(([selector, reason]) =>
    esquery.query(program, selector).map(({ loc }) => ({ line: loc?.start.line ?? 0, reason })),
  );
  const kept = topLevel.variables
    .filter(({ defs }) => defs.some(({ type, node }) => type === 'Variable' && node.init))
    .flatMap(({ references }) => references.filter((reference) => reference.isWrite() && !reference.init))
    .map(({ identifier }) => ({ line: identifier.loc?.start.line ?? 0, reason: KEPT }));
  const lines = code.split('\n');
  return [...refused, ...kept]
    .sort((a, b) => a.line - b.line)
    .map(({ line, reason }) => `the bundle would need this line: ${reason}\n    ${lines[line - 1]?.trim()}`);
}
