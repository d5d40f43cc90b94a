// Which values the settings have at a location, as far as the configuration tells.
import { SETTINGS } from '../../src/core/settings/table.js';
import type { Directive } from '../nginx_conf/directive.js';
import { type Configuration, type Directives, type Location, named } from './layout.js';

/** One `set` line of a variable. */
export interface Assignment {
  /** Without `$`, in small letters, as nginx keeps it. */
  readonly variable: string;
  readonly value: string;
  readonly at: Directive;
  /** Whether it is in an `if`, and what that asks. */
  readonly isConditional: boolean;
  readonly condition: string;
}

export const SETTING_NAMES: readonly string[] = SETTINGS.map(({ variable }) => variable);

/** The `set` lines of a level, in order. */
export function assignmentsIn(directives: Directives, condition = ''): Assignment[] {
  return directives.flatMap((at) => {
    if (at.name === 'if') return assignmentsIn(at.block ?? [], at.args.join(' ') || 'nothing');
    const [target = '', value = ''] = at.args;
    const isConditional = condition !== '';
    return at.name === 'set' ? [{ variable: variableName(target), value, at, isConditional, condition }] : [];
  });
}

/** nginx does not distinguish capital and small letters in names of variables. */
export function variableName(word: string): string {
  return word.replace(/^\$\{?|\}$/g, '').toLowerCase();
}

/** Those of a level by variable: each location asks for every setting of its server. */
const grouped = new WeakMap<Directives, Map<string, Assignment[]>>();

function assignmentsTo(variable: string, directives: Directives): Assignment[] {
  const byVariable = grouped.get(directives) ?? new Map<string, Assignment[]>();
  if (!grouped.has(directives)) {
    for (const assignment of assignmentsIn(directives)) {
      byVariable.set(assignment.variable, [...(byVariable.get(assignment.variable) ?? []), assignment]);
    }
    grouped.set(directives, byVariable);
  }
  return byVariable.get(variable) ?? [];
}

/** The `set` lines that can decide on a variable there: the last one that always runs, and those in an `if` after it. */
export function assignmentsOf(location: Location, variable: string): Assignment[] {
  const all = [...assignmentsTo(variable, location.server.own), ...assignmentsTo(variable, location.own)];
  const last = all.findLastIndex(({ isConditional }) => !isConditional);
  return all.slice(Math.max(last, 0));
}

/** A value that a variable can have, and the line that says so; undefined for what only a request tells. */
export interface PossibleValue {
  readonly value: string | undefined;
  readonly at: Directive;
}

/** Looks up maps, one deep. */
export function possibleValues({ value, at }: Assignment, configuration: Configuration): PossibleValue[] {
  if (!value.includes('$')) return [{ value, at }];
  const map = /^\$\{?\w+\}?$/.test(value) ? mapOf(configuration, variableName(value)) : undefined;
  return map === undefined ? [{ value: undefined, at }] : valuesOfMap(map);
}

export function mapsIn({ own }: Configuration): Directives {
  return named(own, 'map').filter(({ block, args }) => block !== undefined && args.length === 2);
}

function mapOf(configuration: Configuration, variable: string): Directive | undefined {
  return mapsIn(configuration).findLast(({ args }) => variableName(args[1] as string) === variable);
}

/** Words in a map that are no lines of it. */
const PARAMETERS = ['hostnames', 'volatile'];

export function valuesOfMap(map: Directive): PossibleValue[] {
  const lines = (map.block ?? []).filter(
    ({ name, args }) => !(PARAMETERS.includes(name) && args.length === 0),
  );
  const values = lines.map((at) => {
    const value = at.args[0] ?? '';
    return { value: value.includes('$') ? undefined : value, at };
  });
  return lines.some(({ name }) => name === 'default') ? values : [...values, { value: '', at: map }];
}

/** Whether requests there pass with their own Authorization. */
export function isOff(location: Location): boolean {
  const assignments = assignmentsOf(location, 'phantom_token');
  return assignments.length > 0 && assignments.every(({ value }) => value.toLowerCase() === 'off');
}
