// The lines of a location that the C module protects, and of the nested ones, which inherit less here.

import {
  findLocation,
  inForce,
  type Location,
  levelsOf,
  named,
  nameOf,
  passOf,
  type Server,
  withConditional,
} from '../check/layout.js';
import { isOwnCall, protectLine } from '../check/protection.js';
import { isAuthorization } from '../check/rules/access.js';
import type { Directive } from '../nginx_conf/directive.js';
import {
  type InForce,
  inForceAt,
  isOfModule,
  isSwitch,
  problemOf,
  type Setting,
  settingOf,
} from './c_module.js';
import type { Plan } from './plan.js';

export interface Work {
  readonly plan: Plan;
  /** Of the files, by name. */
  readonly texts: ReadonlyMap<string, string>;
  /** The name that an endpoint's location has here. */
  nameOfEndpoint(server: Server, endpoint: string): string;
}

/** How the gateway stands in a location: `off` where requests pass with their own Authorization. */
type Stand = 'on' | 'off' | 'none';

/** Where the module is on without an endpoint, it only warns and lets every request pass. */
export function isOpenByMistake(location: Location): boolean {
  const { isOn, endpoint } = inForceAt(location);
  return isOn === true && endpoint === undefined;
}

export function standOf(location: Location): Stand {
  const { isOn, endpoint } = inForceAt(location);
  const { isWhole } = location.server.configuration;
  if (endpoint !== undefined && (isOn ?? !isWhole)) return 'on';
  const hasOuter = location.outer !== undefined && standOf(location.outer) !== 'none';
  const isSwitchedOff = endpoint !== undefined && location.own.some(isSwitch);
  return hasOuter || isSwitchedOff ? 'off' : 'none';
}

/** Answers by itself before any access control, here and with the module. */
function onlyReturns(location: Location): boolean {
  const { own } = location;
  const [first] = named(own, 'return');
  if (first === undefined || passOf(location) !== undefined) return false;
  // After these the `return` may not run, and files are served.
  return named(withConditional(own.slice(0, own.indexOf(first))), 'rewrite', 'break').length === 0;
}

/** @param location  none of the authorization server */
export function planLocation(location: Location, work: Work): void {
  const { plan } = work;
  // A line that an earlier run left to a person is still left to one.
  if (protectLine(location.own) !== undefined || isOwnCall(location)) return;
  const lines = location.own.filter(isOfModule);
  const left = lines.filter((line) => leaveIfUnclear(line, plan));
  const clear = lines.filter((line) => !left.includes(line));
  const stand = standOf(location);
  if (stand === 'off' && onlyReturns(location)) {
    for (const line of clear) plan.remove(line);
    return;
  }
  if (stand === 'none' || (lines.length === 0 && onlyReturns(location))) {
    planUnprotected(location, clear, plan);
    return;
  }
  const values = inForceAt(location);
  if (values.isOn === undefined && stand === 'on') plan.leave(location.block, SWITCH_ELSEWHERE);
  placeLines(location, clear, left, settingLines(stand, values, location, work), work);
  if (stand === 'on') planTarget(location, work);
  planAuthorization(location, stand, work);
  planSatisfy(location, plan);
  if (stand === 'on') planShown(inForce(levelsOf(location), 'add_header'), plan);
  if (stand === 'on') planShown(inForce(levelsOf(location), 'add_trailer'), plan);
}

const SWITCH_ELSEWHERE =
  'whether phantom_token is on here is said in another file. It is taken to be on: set $phantom_token off if it is not';

function leaveIfUnclear(line: Directive, plan: Plan): boolean {
  const problem = problemOf(line);
  if (problem !== undefined) plan.leave(line, problem);
  return problem !== undefined;
}

function planUnprotected(location: Location, lines: Directive[], plan: Plan): void {
  if (isOpenByMistake(location) && !location.server.configuration.isWhole) {
    plan.leaveWhole(location.block, ENDPOINT_ELSEWHERE);
    return;
  }
  const [first, ...others] = lines;
  for (const line of others) plan.remove(line);
  if (first !== undefined) plan.replace(first, [NOT_PROTECTED]);
  if (isOpenByMistake(location) && !onlyReturns(location) && sourcesOf(location).length === 0) {
    plan.leave(
      location.block,
      'phantom_token is on here, but no phantom_token_introspection_endpoint is: the module checks no token, and neither does the gateway. Include phantom_token/protect.conf below its set lines if it shall be protected',
    );
  }
}

const ENDPOINT_ELSEWHERE =
  'phantom_token is on here, and the endpoint is said in another file, if anywhere. Migrate nginx.conf, which includes this file: until then the lines of the module stay';

const NOT_PROTECTED =
  '# Not protected: requests pass as they are, since there is no include of protect.conf.';

type Lines = Partial<Record<Setting, string[]>>;

/** The `set` lines by what they say. */
function settingLines(stand: Stand, values: InForce, { server }: Location, work: Work): Lines {
  const { endpoint, realm, scopes, credential } = values;
  const lines: Lines = { switch: [`set $phantom_token ${stand};`] };
  if (endpoint !== undefined) {
    const name = work.nameOfEndpoint(server, endpoint);
    lines.endpoint = [`set $phantom_token_introspection_endpoint ${name};`];
  }
  if (realm !== undefined && !isUnclear(realm)) lines.realm = [`set $phantom_token_realm ${quoted(realm)};`];
  if (scopes !== undefined && scopes !== '' && !isUnclear(scopes))
    lines.scopes = [`set $phantom_token_scopes ${quoted(scopes)};`];
  if (credential !== undefined) {
    const [id, secret] = credential;
    lines.credential = [
      `set $phantom_token_client_id ${quoted(id)};`,
      `set $phantom_token_client_secret ${quoted(secret)};`,
    ];
  }
  return lines;
}

/** Left to a person where the line is. */
function isUnclear(value: string): boolean {
  return value.includes('$') || value === '';
}

function quoted(value: string): string {
  return `"${value.replace(/["\\]/g, '\\$&')}"`;
}

const ORDER: readonly Setting[] = ['switch', 'endpoint', 'realm', 'scopes', 'credential'];

/** nginx runs these in their order; after them a `set` may not run any more. */
const MAY_END_SETTING = ['rewrite', 'if', 'break', 'return'];

function placeLines(
  location: Location,
  clear: Directive[],
  left: Directive[],
  settings: Lines,
  work: Work,
): void {
  const { plan } = work;
  const { block, own } = location;
  const said = new Set(clear.map(settingOf));
  // A value that a person has to write has no line of ours.
  for (const line of left) delete settings[settingOf(line)];
  const last = lastLine(clear, block);
  const include = ['include phantom_token/protect.conf;', ...repeatedHeaders(location, work)];
  const mayNotRun =
    last === undefined || named(own.slice(0, own.indexOf(last)), ...MAY_END_SETTING).length > 0;
  if (mayNotRun) {
    for (const line of clear) plan.remove(line);
    plan.addAtTop(block, [...ORDER.flatMap((setting) => settings[setting] ?? []), ...include]);
    return;
  }
  const missing = ORDER.filter((setting) => !said.has(setting)).flatMap((setting) => settings[setting] ?? []);
  const isInBlock = last.file === block.file;
  const written = new Set<Setting>();
  for (const line of clear) {
    const setting = settingOf(line);
    const lines = written.has(setting) ? [] : (settings[setting] ?? []);
    written.add(setting);
    const below = line === last ? (isInBlock ? [...missing, ...include] : include.slice(0, 1)) : [];
    plan.replace(line, [...lines, ...below]);
  }
  if (!isInBlock) plan.addAtTop(block, [...missing, ...include.slice(1)]);
}

/** Where the include goes. A file that several locations include gets it itself, so that it is the same for all. */
function lastLine(lines: Directive[], block: Directive): Directive | undefined {
  return lines.findLast(({ file }) => file !== block.file) ?? lines.at(-1);
}

/** The lines that a location inherits only if it has none itself, and protect.conf has one of each. */
const HEADER_LINES: Record<string, string> = {
  proxy_pass: 'proxy_set_header',
  grpc_pass: 'grpc_set_header',
  fastcgi_pass: 'fastcgi_param',
  uwsgi_pass: 'uwsgi_param',
  scgi_pass: 'scgi_param',
};

function repeatedHeaders(location: Location, work: Work): string[] {
  const name = HEADER_LINES[passOf(location)?.name ?? ''];
  const [own = [], ...outer] = levelsOf(location);
  if (name === undefined || named(own, name).length > 0) return [];
  const inherited = inForce(outer, name).filter(({ shippedBy }) => shippedBy === undefined);
  const others = inherited.filter((line) => !isAuthorization(line));
  for (const line of inherited.filter(isAuthorization)) {
    if (!isClients(line))
      work.plan.leave(location.block, `${SECOND_AUTHORIZATION} (${line.name} at line ${line.line})`);
  }
  if (others.length === 0) return [];
  const comment = `# Repeated from outside: a location with a ${name} inherits none, and protect.conf has one.`;
  return [comment, ...others.map((line) => withJwt(sourceOf(line, work)))];
}

/** As it is in the file, on one line. */
function sourceOf({ file, head }: Directive, { texts }: Work): string {
  const source = (texts.get(file) ?? '').slice(head.begin, head.end);
  return source.includes('\n') ? source.replace(/\s#[^\n]*\n/g, '\n').replace(/\s*\n\s*/g, ' ') : source;
}

/** The module writes the JWT into the request itself; here the request keeps the client's header. */
const CLIENTS_HEADER = /\$http_authorization\b|\$\{http_authorization\}/g;

function withJwt(source: string): string {
  return source.replace(CLIENTS_HEADER, '$phantom_token_authorization');
}

function isClients({ args }: Directive): boolean {
  return args[1]?.replace(CLIENTS_HEADER, '') === '' && args[1] !== '';
}

/** @param lines  that show the header to somebody else than the API */
export function planShown(lines: readonly Directive[], plan: Plan): void {
  for (const line of lines) {
    const isMarked = plan.editOf(line).marks.includes(CLIENTS_TOKEN);
    if (!isMarked && line.args.some((word) => word.search(CLIENTS_HEADER) !== -1))
      plan.leave(line, CLIENTS_TOKEN);
  }
}

const CLIENTS_TOKEN =
  '$http_authorization was the JWT here, and is now the token that the client sent, with which anybody can call the API. Write $phantom_jwt for the JWT, or nothing';

const SECOND_AUTHORIZATION =
  'protect.conf sends Authorization with the JWT, and this one would be sent as well or have no effect. Decide which one the API shall get';

function planAuthorization({ own }: Location, stand: Stand, work: Work): void {
  const names = Object.values(HEADER_LINES);
  for (const line of own.filter(({ name, shippedBy }) => names.includes(name) && shippedBy === undefined)) {
    if (isAuthorization(line)) {
      if (isClients(line)) work.plan.replace(line, [`# ${line.name} Authorization is in protect.conf.`]);
      else work.plan.leave(line, SECOND_AUTHORIZATION);
    } else if (stand === 'on' && line.args[1]?.match(CLIENTS_HEADER)) {
      work.plan.replace(line, [withJwt(sourceOf(line, work))]);
    }
  }
}

function planSatisfy(location: Location, plan: Plan): void {
  const [satisfy] = inForce(levelsOf(location), 'satisfy');
  if (satisfy?.args[0] === 'any' && satisfy.shippedBy === undefined) {
    plan.leave(
      satisfy,
      `in ${nameOf(location)} the gateway requires a token also from clients that pass allow or auth_basic: it knows no \`satisfy any\``,
    );
  }
}

/**
 * The location to which `try_files` hands requests that have passed the check: there the module's JWT is still in the
 * request, while the gateway has to decide again.
 */
function planTarget(location: Location, work: Work): void {
  const target = targetOf(location);
  if (target === undefined || !isBareTarget(target)) return;
  const sources = sourcesOf(target);
  const settings = (from: Location) => settingLines(standOf(from), inForceAt(from), from, work);
  const kinds = new Set(sources.map((source) => JSON.stringify([standOf(source), settings(source)])));
  if (kinds.size > 1) {
    if (sources[0]?.block === location.block) work.plan.leave(target.block, TARGET_OF_SEVERAL);
    return;
  }
  if (sources[0]?.block !== location.block) return;
  placeLines(target, [], [], settings(location), work);
  planAuthorization(target, 'on', work);
}

/** The locations whose requests come to it after the check, or without one where the module is off. */
function sourcesOf(target: Location): Location[] {
  return target.path.startsWith('@')
    ? target.server.allLocations.filter((other) => targetOf(other)?.block === target.block)
    : [];
}

const TARGET_OF_SEVERAL =
  'requests come here from locations with different settings. With the module they had the JWT; write the set lines and include phantom_token/protect.conf, or give each its own target';

function targetOf({ own, server }: Location): Location | undefined {
  const path = named(own, 'try_files')[0]?.args.at(-1) ?? '';
  return path.startsWith('@') ? findLocation(server, path) : undefined;
}

function isBareTarget(target: Location): boolean {
  return (
    passOf(target) !== undefined &&
    standOf(target) === 'none' &&
    protectLine(target.own) === undefined &&
    !target.own.some(isOfModule)
  );
}
