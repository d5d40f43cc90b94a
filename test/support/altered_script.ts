// The shipped script with a change, in place of the shipped one: what it does on an njs or in a state that no test can bring
// about from outside.
import { readFileSync } from 'node:fs';
import { type AnonymousFunctionDeclaration, type FunctionDeclaration, parse } from 'acorn';
import { simple } from 'acorn-walk';
import type { GatewayOptions } from './gateway.js';

const REPOSITORY = new URL('../../', import.meta.url);
const IMPORT = 'js_import phantom_token from phantom_token.js;';

/** The text of `dist/phantom_token.js`. */
export const SHIPPED_SCRIPT = readFileSync(new URL('dist/phantom_token.js', REPOSITORY), 'utf8');

/** A gateway that runs this script. */
export function runningScript(script: string): Pick<GatewayOptions, 'files' | 'httpConf'> {
  const http = readFileSync(new URL('nginx/http.conf', REPOSITORY), 'utf8');
  return {
    files: { 'altered.js': script },
    httpConf: ({ prefix }) => replaceOnce(http, IMPORT, `js_import phantom_token from ${prefix}/altered.js;`),
  };
}

/** @throws when `part` is not there exactly once: the change would be none, or more than it says */
export function replaceOnce(text: string, part: string, by: string): string {
  const pieces = text.split(part);
  if (pieces.length !== 2) throw new Error(`${part}: ${pieces.length - 1} times`);
  return pieces.join(by);
}

export interface ScriptFunction {
  readonly name: string;
  /** Of the first character in its braces. */
  readonly at: number;
  /** The same of the `try` that it holds, and the source of its `catch`; undefined when it has none of its own. */
  readonly guarded: { readonly at: number; readonly handler: string } | undefined;
  readonly parameters: readonly string[];
}

/** Every function of the script that has a name, as it is declared. */
export function functionsOf(script: string): ScriptFunction[] {
  const found: ScriptFunction[] = [];
  const add = (node: FunctionDeclaration | AnonymousFunctionDeclaration) => {
    const parameters = node.params.map((param) => (param.type === 'Identifier' ? param.name : ''));
    const own = node.body.body.find((statement) => statement.type === 'TryStatement');
    const guarded = own?.handler && {
      at: own.block.start + 1,
      handler: script.slice(own.handler.start, own.handler.end),
    };
    found.push({
      name: node.id?.name ?? '',
      at: node.body.start + 1,
      guarded: guarded ?? undefined,
      parameters,
    });
  };
  simple(parse(script, { ecmaVersion: 'latest', sourceType: 'module' }), { FunctionDeclaration: add });
  return found.filter(({ name }) => name !== '').toSorted((a, b) => a.at - b.at);
}
