// Whether the limits of the location that introspects fit the script's own: nginx/introspection_limits.conf.
import { checkWhole } from './checks.js';

/**
 * @param limit `$phantom_introspection_limit` as the location has set it: the seconds that one introspection takes at most
 * @param timeoutSec `$phantom_token_introspection_timeout`: until then nobody else asks about the token
 * @returns what is wrong and what to do about it; '' for nothing
 */
export function findLimitProblem(limit: string, timeoutSec: number): string {
  if (limit === '') {
    return 'include introspection_limits.conf, with its line `set $phantom_introspection_limit`, above introspection.conf in this location';
  }
  if (limit === String(timeoutSec)) {
    return ''; // the shipped values: a check costs 12,000 instructions
  }
  const problem = checkWhole(limit, 1, 60, 'seconds');
  if (problem !== undefined) {
    return `$phantom_introspection_limit ${problem}: see introspection_limits.conf`;
  }
  return Number(limit) <= timeoutSec
    ? ''
    : `$phantom_token_introspection_timeout is ${timeoutSec}, less than $phantom_introspection_limit of this location, which is ${limit}: set $phantom_token_introspection_timeout to ${limit}, or lower the timeouts and the limit in introspection_limits.conf`;
}
