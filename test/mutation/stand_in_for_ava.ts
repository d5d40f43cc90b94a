// What a unit test of src/core imports in place of AVA while mutants are judged: the same calls, in this process. AVA starts a
// process for each file of tests, which would take hours for all mutants.
import assert from 'node:assert/strict';

type Body = (t: Assertions) => unknown;

export interface DeclaredTest {
  readonly title: string;
  readonly body: Body;
}

let declared: DeclaredTest[] = [];

/** The tests that were declared since the last call. */
export function takeDeclared(): DeclaredTest[] {
  const taken = declared;
  declared = [];
  return taken;
}

export default function test(title: string, body: Body): void {
  declared.push({ title, body });
}

/** @throws when the test fails */
export async function runTest({ body }: DeclaredTest): Promise<void> {
  const t = new Assertions();
  await body(t);
  assert.ok(t.count > 0, 'no assertion was made');
}

/** Those of AVA's assertions that the unit tests use; another one is a TypeError before any mutant is judged. */
class Assertions {
  count = 0;

  pass(): void {
    this.count += 1;
  }

  fail(message?: string): never {
    assert.fail(message);
  }

  is(actual: unknown, expected: unknown): void {
    this.count += 1;
    assert.strictEqual(actual, expected);
  }

  not(actual: unknown, expected: unknown): void {
    this.count += 1;
    assert.notStrictEqual(actual, expected);
  }

  true(actual: unknown): void {
    this.is(actual, true);
  }

  false(actual: unknown): void {
    this.is(actual, false);
  }

  deepEqual(actual: unknown, expected: unknown): void {
    this.count += 1;
    assert.deepStrictEqual(actual, expected);
  }

  like(actual: unknown, selector: unknown): void {
    this.count += 1;
    assert.deepStrictEqual(selected(actual, selector), selector);
  }

  regex(text: string, pattern: RegExp): void {
    this.count += 1;
    assert.match(text, pattern);
  }

  notRegex(text: string, pattern: RegExp): void {
    this.count += 1;
    assert.doesNotMatch(text, pattern);
  }

  throws(act: () => unknown, expected: { message: string | RegExp }): void {
    this.count += 1;
    assert.throws(act, expected);
  }

  log(): void {}
}

/** The members of `actual` that the selector names, at each depth. */
function selected(actual: unknown, selector: unknown): unknown {
  if (!isObject(actual) || !isObject(selector) || Array.isArray(actual) !== Array.isArray(selector))
    return actual;
  if (Array.isArray(selector) && (actual as unknown as unknown[]).length !== selector.length) return actual;
  const members = Object.keys(selector).map((name) => [name, selected(actual[name], selector[name])]);
  return Array.isArray(selector) ? members.map(([, value]) => value) : Object.fromEntries(members);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
