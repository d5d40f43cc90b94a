import test from 'ava';
import { findLimitProblem } from '../../../src/core/settings/introspection_limit.js';

for (const [limit, timeoutSec] of [
  ['8', 10],
  ['8', 8],
  ['1', 1],
  ['60', 60],
] as const) {
  test(`findLimitProblem: ${limit} seconds fit ${timeoutSec}`, (t) =>
    t.is(findLimitProblem(limit, timeoutSec), ''));
}

test('findLimitProblem: a location without introspection_limits.conf is told to include it, and where to', (t) =>
  t.is(
    findLimitProblem('', 10),
    'include introspection_limits.conf, with its line `set $phantom_introspection_limit`, above introspection.conf in this location',
  ));

for (const limit of ['0', '-1', '8s', '8.5', '61', '080', 'secret', '8\n']) {
  test(`findLimitProblem: ${JSON.stringify(limit)} is no limit, and is not repeated in the log`, (t) => {
    const problem = findLimitProblem(limit, 60);
    t.regex(problem, /^\$phantom_introspection_limit must be a whole number of seconds from 1 to 60/);
    t.false(problem.includes('secret'));
  });
}

test('findLimitProblem: for an introspection that may take longer than its lock, names both numbers and what to set', (t) => {
  const problem = findLimitProblem('24', 10);
  t.regex(
    problem,
    /^\$phantom_token_introspection_timeout is 10, less than .* of this location, which is 24:/,
  );
  t.regex(problem, /set \$phantom_token_introspection_timeout to 24, or lower /);
});
