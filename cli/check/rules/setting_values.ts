// Values of settings: those that the script refuses, those that are missing, those that require nothing.
import { parseClientSettings } from '../../../src/core/settings/client_settings.js';
import { isAbsoluteUrl, parseSettings } from '../../../src/core/settings/settings.js';
import { parseSignatureSettings } from '../../../src/core/settings/signature_settings.js';
import { SETTINGS } from '../../../src/core/settings/table.js';
import type { Directive } from '../../nginx_conf/directive.js';
import { type Finding, found } from '../finding.js';
import { type Configuration, type Directives, nameOf } from '../layout.js';
import { locationTextsOf } from '../location_texts.js';
import { isProtectLine, type ProtectedLocation } from '../protection.js';
import {
  type Assignment,
  assignmentsIn,
  assignmentsOf,
  isOff,
  mapsIn,
  possibleValues,
  SETTING_NAMES,
  valuesOfMap,
  variableName,
} from '../settings_in_force.js';
import { findProblem } from '../value_problem.js';

const ROWS = new Map(SETTINGS.map((row) => [row.variable, row]));

/** Empty is the default, which is always good; where something is required, another rule says so. */
export function checkValues(configuration: Configuration): Finding[] {
  const levels = configuration.servers.flatMap(({ own, allLocations }) => [
    own,
    ...allLocations.map((location) => location.own),
  ]);
  const assigned = levels
    .flatMap((own) => assignmentsIn(own))
    .flatMap((assignment) => refusedValues(assignment.variable, possibleValues(assignment, configuration)));
  const mapped = mapsIn(configuration).flatMap((map) =>
    refusedValues(variableName(map.args[1] ?? ''), valuesOfMap(map)),
  );
  return [...assigned, ...mapped];
}

function refusedValues(variable: string, values: ReturnType<typeof possibleValues>): Finding[] {
  const row = ROWS.get(variable);
  if (row === undefined) return [];
  return values.flatMap(({ value, at }) => {
    const problem = value ? findProblem(row, value) : undefined;
    return problem === undefined ? [] : [found('setting_value', at, `$${variable} ${problem}`)];
  });
}

/** What the location lacks, or has twice over, by the script's own parsers. */
export function checkCompleteness(location: ProtectedLocation, isWhole: boolean): Finding[] {
  const { line } = location;
  const missing = findMissing(location, isWhole);
  if (missing !== undefined) return [found(missing, line, nameOf(location))];
  if (isOff(location)) return [];
  const problem = findContradiction(location);
  if (problem === undefined) return [];
  const at = placeOf(problem, location);
  return [found('settings_incomplete', at ?? line, `${nameOf(location)}: ${problem}`)];
}

/** The `set` line that the problem is about: of a variable that it names, or with a word that it names. */
function placeOf(problem: string, location: ProtectedLocation): Directive | undefined {
  const words = problem.split(/[^\w$]+/);
  const assignments = SETTING_NAMES.flatMap((variable) => assignmentsOf(location, variable));
  const byName = words.map((word) => assignments.findLast(({ variable }) => word === `$${variable}`));
  const byValue = words.map((word) => assignments.findLast(({ value }) => word === value));
  return [...byName, ...byValue].find((assignment) => assignment !== undefined)?.at;
}

/** A file that another one includes may have its defaults there. */
function findMissing(location: ProtectedLocation, isWhole: boolean) {
  if (!isWhole && !location.server.isWhole) return undefined;
  if (!isSet(location, 'phantom_token')) return 'switch_not_set';
  return isSet(location, 'phantom_token_introspection_endpoint') || isOff(location)
    ? undefined
    : 'endpoint_not_set';
}

/** Whether some line gives it a value. A map may leave out requests that are to be refused. */
function isSet(location: ProtectedLocation, variable: string): boolean {
  const isMapped = mapsIn(location.server.configuration).some(
    ({ args }) => variableName(args[1] ?? '') === variable,
  );
  return isMapped || assignmentsOf(location, variable).some(({ value }) => value !== '');
}

function findContradiction(location: ProtectedLocation): string | undefined {
  const texts = locationTextsOf(location);
  const settings = parseSettings(texts);
  // The endpoint is in a part of the configuration that is not here.
  if (settings.kind === 'misconfiguration') return undefined;
  const client = parseClientSettings(texts, isAbsoluteUrl(settings.introspectionEndpoint));
  if (client.kind === 'misconfiguration') return client.problem;
  const signatures = parseSignatureSettings(texts, settings);
  return signatures.kind === 'misconfiguration' ? signatures.problem : undefined;
}

const PROOFS = ['phantom_token_dpop_origin', 'phantom_token_caller_certificate'];

/** Bound tokens are taken, and nothing says how their clients prove themselves. For a gateway that asks, that one finds it out. */
export function checkSender(location: ProtectedLocation): Finding[] {
  if (location.mode === 'introspection' || isOff(location)) return [];
  const taken = assignmentsOf(location, 'phantom_token_sender_constraint').findLast(
    ({ value }) => value !== '' && value !== 'refuse',
  );
  return taken === undefined || PROOFS.some((variable) => isSet(location, variable))
    ? []
    : [found('sender_unprovable', taken.at, `${nameOf(location)} takes tokens that are bound to a key`)];
}

/** Whether DPoP proofs are noted as used here. */
export function takesDpop(location: ProtectedLocation): boolean {
  return isSet(location, 'phantom_token_sender_constraint') && isSet(location, 'phantom_token_dpop_origin');
}

/** Two lines for one setting; lines that have no effect. */
export function checkOrder(location: ProtectedLocation): Finding[] {
  return [...setTwice(location.own), ...setAfterBreak(location.own), ...setBelow(location)];
}

function setTwice(own: Directives): Finding[] {
  const seen = new Set<string>();
  return settingsIn(own).flatMap(({ variable, at, isConditional }) => {
    if (isConditional) return [];
    const isSecond = seen.has(variable);
    seen.add(variable);
    return isSecond ? [found('set_twice', at, `$${variable} is set twice in this location`)] : [];
  });
}

function setAfterBreak(own: Directives): Finding[] {
  const end = own.findIndex(
    ({ name, args }) =>
      name === 'break' || (name === 'rewrite' && args.at(-1) === 'break' && args.length === 3),
  );
  if (end === -1) return [];
  return settingsIn(own.slice(end)).map(({ variable, at }) =>
    found('set_after_break', at, `$${variable} is set below \`${own[end]?.name}\``),
  );
}

function setBelow({ own, mode }: ProtectedLocation): Finding[] {
  if (mode !== 'auth_request') return [];
  return settingsIn(own.slice(own.findIndex(isProtectLine))).map(({ variable, at }) =>
    found('set_below_protect', at, `$${variable} is set below protect.conf`),
  );
}

function settingsIn(own: Directives): Assignment[] {
  return assignmentsIn(own).filter(({ variable }) => SETTING_NAMES.includes(variable));
}

const REQUIREMENTS = ['phantom_token_required_scopes', 'phantom_token_audience', 'phantom_token_issuer'];

/** A map that requires something of some requests, and nothing of the others. */
export function checkRequirements(
  configuration: Configuration,
  locations: readonly ProtectedLocation[],
): Finding[] {
  const mapped = mapsIn(configuration)
    .filter(({ args }) => REQUIREMENTS.includes(variableName(args[1] ?? '')))
    .flatMap((map) => emptyRequirement(variableName(map.args[1] ?? ''), map, valuesOfMap(map)));
  const assigned = locations.flatMap((location) =>
    REQUIREMENTS.flatMap((variable) => assignmentsOf(location, variable)).flatMap((assignment) =>
      assignment.value.includes('$')
        ? emptyRequirement(assignment.variable, assignment.at, possibleValues(assignment, configuration))
        : [],
    ),
  );
  return [...mapped, ...assigned];
}

function emptyRequirement(
  variable: string,
  at: Directive,
  values: ReturnType<typeof possibleValues>,
): Finding[] {
  const empty = values.find(({ value }) => value === '');
  const isMixed = values.some(({ value }) => value !== '');
  return empty && isMixed
    ? [found('requirement_empty', empty.at ?? at, `$${variable} may be empty by its map`)]
    : [];
}

/** The credentials of the examples, which are no secret: gateway-secret. */
const EXAMPLE_SECRET = /:gateway-secret$/;

export function checkSecrets(levels: readonly Directives[]): Finding[] {
  return levels.flatMap((own) => [
    ...assignmentsIn(own)
      .filter(
        ({ variable, value }) =>
          variable === 'phantom_token_client_secret' && value !== '' && !value.includes('$'),
      )
      .map(({ at }) => found('secret_in_clear', at, '$phantom_token_client_secret is written in this file')),
    ...own
      .filter(isBasicSecret)
      .map((at) => found('secret_in_clear', at, 'The credentials are written in this file')),
  ]);
}

function isBasicSecret({ name, args }: Directive): boolean {
  const [header = '', value = ''] = args;
  const basic = /^Basic\s+([A-Za-z0-9+/=_-]+)$/i.exec(value)?.[1];
  const isAuthorization = name === 'proxy_set_header' && header.toLowerCase() === 'authorization';
  return (
    isAuthorization && basic !== undefined && !EXAMPLE_SECRET.test(Buffer.from(basic, 'base64').toString())
  );
}
