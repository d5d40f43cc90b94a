// The shipped script in which the function that a request's header X-Failing names throws an exception.
import { functionsOf, SHIPPED_SCRIPT } from './altered_script.js';

export const FUNCTIONS = functionsOf(SHIPPED_SCRIPT);
export const FUNCTION_NAMES = FUNCTIONS.map(({ name }) => name);

/** What nginx.conf calls: with a request that has to be decided, from an operator's location, for a variable. */
const ENTRIES = ['access', 'authorize', 'purge', 'metrics', 'jwks', 'subject', 'client'];

/** Whoever fails like that ends the refusal too, and njs refuses by itself, and logs the exception with its text. */
export const ENDS_THE_REFUSAL = new RegExp(
  `failOnBug|noteFailure|quoted-by-(${ENTRIES.join('|')}|\\w*(Part|Stage))\\.`,
);

/** What every `catch` for bugs calls. */
const REFUSALS = /\b(failOnBug|noteBug)\(/;

/**
 * The exception has a text of its own: `quoted-by-NAME.` It is the function's first act, or the first one that it guards, where it
 * is one of those that catch bugs.
 */
export const FAILING_SCRIPT = failingScript();

function failingScript(): string {
  const changes = FUNCTIONS.map(({ name, at, guarded, parameters }) => {
    const failsAt = REFUSALS.test(guarded?.handler ?? '') ? (guarded?.at ?? at) : at;
    const failure = `if (globalThis.failing === '${name}') throw new TypeError('quoted-by-${name}.');`;
    const entry = `globalThis.failing = ${parameters[0]}.headersIn['X-Failing'];`;
    return ENTRIES.includes(name) ? { at: failsAt, text: entry + failure } : { at: failsAt, text: failure };
  });
  let script = SHIPPED_SCRIPT;
  for (const { at, text } of changes.toSorted((a, b) => b.at - a.at)) {
    script = script.slice(0, at) + text + script.slice(at);
  }
  return script;
}
