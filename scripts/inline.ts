// A call costs a hit some 500 instructions, in either engine. So the small pure functions that a hit calls are written
// out where they are called. `@inline` in the docstring of a function marks it.
import type { Variable } from 'eslint-scope';
import type { CallExpression, Node } from 'estree';
import MagicString from 'magic-string';
import { type Module, readModule, replaceUse } from './module_scope.js';

/** The functions that a TypeScript source marks. */
export function markedFunctions(source: string): string[] {
  const marks = source.matchAll(/@inline\s*\*\/\s*(?:export )?function (\w+)/g);
  return Array.from(marks, ([, name = '']) => name);
}

/**
 * Writes functions of one `return` out at each call, and removes them: those that are marked, and those that are called
 * once with names and constants. No name of the bundle may be declared twice, not even in different functions: esbuild
 * sees to that for whatever its top level declares.
 * @param marked  pure, because arguments may come to be evaluated in another order
 * @throws {Error} when a marked one is not of that form, or is used otherwise than by a call, or an argument would be
 *   evaluated twice
 */
export function inlineCalls(code: string, marked: string[]): string {
  let module = readModule(code);
  for (const name of new Set([...marked, ...module.topLevel.variables.map((variable) => variable.name)])) {
    const isMarked = marked.includes(name);
    const inlined = inlineFunction(module, name, isMarked);
    if (isMarked && 'problem' in inlined) throw new Error(inlined.problem);
    if ('text' in inlined) module = readModule(inlined.text);
  }
  return module.code;
}

type Result = { text: string } | { problem: string };

function inlineFunction(module: Module, name: string, isMarked: boolean): Result {
  const variable = module.topLevel.set.get(name);
  const simple = variable && readSimple(variable, module);
  if (!simple) return { problem: `${name} is no function of one return, or holds another function` };
  const calls = variable.references.flatMap(({ identifier }) => module.callOf.get(identifier) ?? []);
  if (calls.length < variable.references.length) return { problem: `${name} is used without a call` };
  if (!isMarked && calls.length !== 1) return { problem: `${name} is not called once` };

  const edited = new MagicString(module.code);
  edited.remove(simple.declaration.start, simple.declaration.end + '\n'.length);
  for (const call of calls) {
    const written = writeOut(module, call, simple, isMarked);
    if ('problem' in written) return written;
    edited.update(call.start, call.end, `(${written.text})`);
  }
  return { text: edited.toString() };
}

type Simple = NonNullable<ReturnType<typeof readSimple>>;

/** @returns undefined also for what holds another function: the names that this declares might be an argument's */
function readSimple({ defs: [definition] }: Variable, { scopes }: Module) {
  const declaration: Node | undefined = definition?.node;
  if (declaration?.type !== 'FunctionDeclaration' || declaration.async) return undefined;
  const [only, ...others] = declaration.body.body;
  if (only?.type !== 'ReturnStatement' || !only.argument || others.length > 0) return undefined;
  if (scopes.acquire(declaration)?.childScopes.length !== 0) return undefined;
  // The first is the function itself.
  const [, ...params] = scopes.getDeclaredVariables(declaration);
  const isPlainList = declaration.params.every(({ type }) => type === 'Identifier');
  return isPlainList ? { declaration, params, value: only.argument } : undefined;
}

/** @param mayMove  whether arguments may be evaluated in another order */
function writeOut(module: Module, call: CallExpression, { params, value }: Simple, mayMove: boolean): Result {
  const textOf = ({ start, end }: Node) => module.code.slice(start, end);
  const written = new MagicString(module.code);
  for (const [i, { name, references }] of params.entries()) {
    const argument = call.arguments[i];
    if (!argument) return { problem: `${textOf(call)} lacks an argument` };
    if (!isPlain(argument) && (references.length !== 1 || !mayMove))
      return { problem: `${textOf(call)} would evaluate ${name} ${references.length} times` };
    const inPlace = isPlain(argument) ? textOf(argument) : `(${textOf(argument)})`;
    for (const reference of references) replaceUse(written, reference, inPlace, module);
  }
  return { text: written.slice(value.start, value.end) };
}

/** Whether an argument is a name, a constant, or a member of a name. */
function isPlain(argument: Node): boolean {
  const node = argument.type === 'MemberExpression' && !argument.computed ? argument.object : argument;
  return node.type === 'Identifier' || node.type === 'Literal';
}
