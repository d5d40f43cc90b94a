// Reads one setting from its line, which is not empty: the default needs no check, and parse_settings.ts knows it.
import { splitScopes } from '../token/scope.js';
import { checkScopes, checkWhole, checkWord } from './checks.js';

/** What is wrong with the settings of a location. */
export interface Findings {
  /** The first mistake: names the variable and what is wrong with it, never its value; '' for none. */
  problem: string;
}

/** @param check of checks.ts */
export function readChecked(
  findings: Findings,
  variable: string,
  line: string,
  check: (value: string) => string | undefined,
): string {
  note(findings, variable, check(line));
  return line;
}

/** A whole number; both bounds belong to it. */
export function readWhole(
  findings: Findings,
  variable: string,
  line: string,
  least: number,
  most: number,
  unit: string,
): number {
  note(findings, variable, checkWhole(line, least, most, unit));
  return Number(line);
}

/** @param words separated by spaces */
export function readWord(findings: Findings, variable: string, line: string, words: string): string {
  note(findings, variable, checkWord(line, words));
  return line;
}

export function readScopes(findings: Findings, variable: string, line: string): readonly string[] {
  note(findings, variable, checkScopes(line));
  return splitScopes(line);
}

function note(findings: Findings, variable: string, problem: string | undefined): void {
  if (problem !== undefined && findings.problem === '') {
    findings.problem = `$${variable} ${problem}`;
  }
}
