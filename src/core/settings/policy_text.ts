// The policy of a location as a hit has it: one text.
import { Lines } from './lines.js';
import { readPolicy } from './parse_policy.js';
import type { PolicyText } from './request_text.js';
import type { Policy } from './settings.js';

/**
 * @returns undefined for what parseSettings refuses: a value that is none, or one more line, after which each value would
 *   be read as that of another setting
 */
export function parsePolicy(text: PolicyText): Policy | undefined {
  const lines = text.split('\n');
  if (lines.length !== Lines.policy) {
    return undefined;
  }
  const findings = { problem: '' };
  const policy = readPolicy(findings, lines);
  return findings.problem === '' ? policy : undefined;
}
