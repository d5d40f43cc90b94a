// The part of the fault matrix that runs with every change: see test/faults/, docs/faults.md and `npm run test:faults`.
import test from 'ava';
import pLimit from 'p-limit';
import { BREAKAGES } from '../faults/breakages.js';
import { type Cell, RUNTIMES, type State, subsetOf, wholeMatrix } from '../faults/cells.js';
import { isExplained, sortViolations } from '../faults/exceptions.js';
import type { RuleName } from '../faults/oracle.js';
import { columnOf, readResults } from '../faults/results.js';
import { type RunOptions, runCells } from '../faults/run.js';

/** Only ends a run that hangs: the tests wait for each other. */
const TIMEOUT_MS = 900_000;
const whole = wholeMatrix();
const subset = subsetOf(whole.cells);
const kept = await readResults();

/** One gateway at a time, since each has many requests at once. */
const alone = pLimit(1);
const run = (cells: readonly Cell[], options: RunOptions) => alone(() => runCells(cells, options));

for (const runtime of RUNTIMES) {
  test(`[${runtime}] every fault of the authorization server, in every mode, over every kind of endpoint and in every state of the cache: nothing is let through, nobody else is affected, as docs/faults.md says (S22, S23, S26-S28, S31, S33-S44, S53, S65, S67, S70, S108-S110)`, async (t) => {
    t.timeout(TIMEOUT_MS);
    const cells = subset.filter((cell) => cell.runtime === runtime);
    const { results, violations, unwell } = await run(cells, { isKnown: isExplained });
    const { unexplained, gone } = sortViolations(cells, violations);
    t.deepEqual(
      unexplained.map(({ rule, cell, detail }) => `${rule}: ${cell.fault.name}: ${detail}`),
      [],
    );
    t.deepEqual(unwell, []);
    t.deepEqual(
      gone.map(({ name }) => name),
      [],
      'an exception that no longer occurs has to leave the list',
    );
    t.deepEqual(
      results
        .filter(({ cell, outcome }) => !outcomesOf(cell).includes(withoutTime(outcome)))
        .map(({ cell, outcome }) => `${cell.fault.name}, ${cell.transport}, ${cell.state}: ${outcome}`),
      [],
      'docs/faults.md says something else',
    );
  });
}

function outcomesOf({ fault, transport, state }: Cell): string[] {
  return Object.keys(kept.outcomes[fault.name]?.[columnOf(transport, state)] ?? {}).map(withoutTime);
}

/** Which 5xx it is depends on the time as well: on a busy machine a timeout may end what else had ended with 502. */
function withoutTime(outcome: string): string {
  return outcome.replace(/^50[234]$/, '5xx');
}

/** Where a rule shows; the others show in every state. */
const STATES: Partial<Record<RuleName, State>> = { stale: 'stale', once: 'joined', suspended: 'suspended' };

for (const breakage of BREAKAGES) {
  test(`the matrix finds it when ${breakage.name}: ${breakage.rule}`, async (t) => {
    t.timeout(TIMEOUT_MS);
    const cells = whole.cells.filter(
      ({ fault, runtime, mode, state }) =>
        fault.name === breakage.fault &&
        runtime === 'njs 1.0.2' &&
        mode === 'access' &&
        state === (STATES[breakage.rule] ?? 'cold'),
    );
    const { violations, unwell } = await run(cells, { breakage });
    const { unexplained } = sortViolations(cells, violations);
    t.true([...unexplained, ...unwell].some(({ rule }) => rule === breakage.rule));
  });
}
