// Which declaration each name of a bundle stands for.
import { parse } from 'acorn';
import { analyze, type Reference, type Scope } from 'eslint-scope';
import esquery from 'esquery';
import type { CallExpression, Program } from 'estree';
import type MagicString from 'magic-string';

declare module 'estree' {
  /** acorn says where in the text each node stands. */
  interface BaseNodeWithoutComments {
    start: number;
    end: number;
  }
}

export type Module = ReturnType<typeof readModule>;

export function readModule(code: string) {
  const options = { ecmaVersion: 2022, sourceType: 'module' } as const;
  const program = parse(code, { ...options, locations: true, ranges: true }) as unknown as Program;
  const scopes = analyze(program, options);
  const topLevel = scopes.acquire(program, true) as Scope;
  const calls = esquery.query(program, 'CallExpression') as CallExpression[];
  const shorthands = esquery.query(program, 'ObjectExpression > Property[shorthand=true]');
  return {
    code,
    program,
    scopes,
    topLevel,
    callOf: new Map<object, CallExpression>(calls.map((call) => [call.callee, call])),
    /** Where members begin whose value is the variable of their name: `{ a }`. */
    shorthands: new Set(shorthands.map(({ start }) => start)),
  };
}

/** Writes an expression where a variable is used. */
export function replaceUse(
  edited: MagicString,
  { identifier: { name, start, end } }: Reference,
  expression: string,
  { shorthands }: Module,
): void {
  edited.update(start, end, shorthands.has(start) ? `${name}: ${expression}` : expression);
}
