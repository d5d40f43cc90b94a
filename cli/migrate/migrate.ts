// From the directives of Curity's C module to the lines of this package: what each file has to be changed to.
import { check } from '../check/check.js';
import {
  allLocations,
  type Configuration,
  findLocation,
  inForce,
  type Location,
  layOut,
  named,
  nameOf,
  type Server,
} from '../check/layout.js';
import { isOwnCall } from '../check/protection.js';
import { type Directive, parseDirectives } from '../nginx_conf/directive.js';
import { readConfiguration } from '../nginx_conf/read.js';
import type { Source } from '../nginx_conf/sources.js';
import { inForceAt, inForceIn, isOfModule, isSwitch, loadsModule, problemOf } from './c_module.js';
import { editText } from './edit_text.js';
import { hasHttpLines, planCaches, planHttp, planModule } from './http_lines.js';
import { planIntrospection } from './introspection.js';
import { type Left, marksIn } from './marks.js';
import { keyOf, Plan } from './plan.js';
import { planLocation, planShown, standOf, type Work } from './protected.js';

export interface MigratedFile {
  readonly file: string;
  readonly before: string;
  readonly after: string;
}

export type MigrateOutcome =
  /** files: only those that change. */
  | { kind: 'migrated'; files: MigratedFile[]; left: Left[] }
  /** problem is one line, without a full stop. */
  | { kind: 'unreadable'; problem: string };

/**
 * @param source  read once
 * @param folder  where the script will be
 */
export async function migrate(source: Source, folder: string): Promise<MigrateOutcome> {
  const texts = new Map<string, string>();
  const outcome = await readConfiguration(() => recording(source, texts));
  if (outcome.kind === 'unreadable') return outcome;
  const before = new Map(texts);
  const after = hasModule(outcome.directives)
    ? await translated(outcome.directives, source, before, folder)
    : before;
  const files = [...before]
    .filter(([file, text]) => after.get(file) !== text)
    .map(([file, text]) => ({ file, before: text, after: after.get(file) as string }));
  return { kind: 'migrated', files, left: [...after].flatMap(([file, text]) => marksIn(text, file)) };
}

async function translated(
  top: readonly Directive[],
  source: Source,
  texts: ReadonlyMap<string, string>,
  folder: string,
): Promise<Map<string, string>> {
  const plan = planWhole(top, source.main, texts, folder);
  return withFindingsMarked(source, applied(plan, top, texts));
}

/** Keeps the texts that were read. */
function recording(source: Source, texts: Map<string, string>): Source {
  return {
    ...source,
    read(file) {
      const text = texts.get(file) ?? source.read(file);
      if (text !== undefined) texts.set(file, text);
      return text;
    },
  };
}

function applied(
  plan: Plan,
  tree: readonly Directive[],
  texts: ReadonlyMap<string, string>,
): Map<string, string> {
  const edited = new Map(texts);
  for (const [file, edits] of plan.byFile(tree)) edited.set(file, editText(texts.get(file) ?? '', edits));
  return edited;
}

/** The new texts are read and checked as any configuration is; a person has to look at what is found. */
async function withFindingsMarked(source: Source, texts: Map<string, string>): Promise<Map<string, string>> {
  const outcome = await readConfiguration(() => recording(source, texts));
  if (outcome.kind === 'unreadable') throw new Error(`the migrated configuration: ${outcome.problem}`);
  const plan = new Plan();
  const marked = [...texts].flatMap(([file, text]) => marksIn(text, file));
  for (const finding of check(outcome.directives, { njsVersion: undefined })) {
    if (finding.level !== 'error' && finding.code !== 'unprotected_target') continue;
    if (marked.some(({ file, subject }) => file === finding.file && subject === finding.line)) continue;
    const place = findAt(outcome.directives, finding.file, finding.line);
    if (place !== undefined) plan.leave(place, `${finding.code}: ${finding.text.replace(/\.$/, '')}`);
  }
  return applied(plan, outcome.directives, texts);
}

function findAt(tree: readonly Directive[], file: string, line: number): Directive | undefined {
  for (const directive of tree) {
    // What is in a file of the package is found at its include.
    const at = directive.shippedBy ?? directive;
    if (at.file === file && at.line === line) return at;
    const inside = findAt(directive.block ?? [], file, line);
    if (inside !== undefined) return inside;
  }
  return undefined;
}

function planWhole(
  top: readonly Directive[],
  main: string,
  texts: ReadonlyMap<string, string>,
  folder: string,
): Plan {
  const plan = new Plan();
  const configuration = layOut(top);
  const endpoints = endpointsOf(configuration);
  const asked = endpoints.map(({ location }) => location);
  const work: Work = { plan, texts, nameOfEndpoint };
  for (const { location, endpoint } of endpoints) {
    planIntrospection(location, endpoint, nameOfEndpoint(location.server, endpoint), work);
  }
  const askedBlocks = new Set(asked.map(({ block }) => block));
  const others = allLocations(configuration).filter(({ block }) => !askedBlocks.has(block));
  for (const location of others) planLocation(location, work);
  planOuterLines(configuration, top, plan);
  planCaches(configuration, asked, plan);
  if (configuration.isWhole) planModule(top, includesModules(texts.get(main) ?? '', main), plan);
  if (endpoints.length > 0 || others.some((location) => standOf(location) !== 'none')) {
    if (!hasHttpLines(configuration)) planShown(named(configuration.own, 'log_format'), plan);
    planHttp(top, configuration, folder, plan);
  }
  return plan;
}

function hasModule(tree: readonly Directive[]): boolean {
  return tree.some((line) => isOfModule(line) || loadsModule(line) || hasModule(line.block ?? []));
}

/** Debian has a file for each package of a module, which the main file includes. */
function includesModules(text: string, main: string): boolean {
  return parseDirectives(text, main).some(
    ({ name, args }) => name === 'include' && /(^|\/)modules-enabled\//.test(args[0] ?? ''),
  );
}

interface Endpoint {
  readonly location: Location;
  readonly endpoint: string;
}

/** The locations that answer introspections, each once. */
function endpointsOf({ servers }: Configuration): Endpoint[] {
  const asked = servers.flatMap((server) => {
    const byBlock = new Map<Directive, Endpoint>();
    for (const { endpoint } of server.allLocations.map(inForceAt)) {
      const location = endpoint === undefined ? undefined : findLocation(server, endpoint);
      if (location !== undefined && endpoint !== undefined && !isProtectedItself(location))
        byBlock.set(location.block, { location, endpoint });
    }
    return [...byBlock.values()];
  });
  return [...asked, ...alsoIncluded(servers, asked)];
}

/** The same lines in servers that ask another one, or nobody: no client reaches them there. */
function alsoIncluded(servers: readonly Server[], asked: readonly Endpoint[]): Endpoint[] {
  const blocks = new Set(asked.map(({ location }) => location.block));
  const byLine = new Map(asked.map((endpoint) => [keyOf(endpoint.location.block), endpoint]));
  return servers
    .flatMap(({ allLocations }) => allLocations)
    .flatMap((location) => {
      const known = byLine.get(keyOf(location.block));
      const isHidden = location.path === known?.endpoint && named(location.own, 'internal').length > 0;
      return known === undefined || blocks.has(location.block) || !isHidden
        ? []
        : [{ location, endpoint: known.endpoint }];
    });
}

/** An endpoint without a location of its own leads to one that clients call: the check says so. */
function isProtectedItself(location: Location): boolean {
  return location.own.some(isOfModule) && standOf(location) === 'on';
}

/** The module takes `curity` for a location's name; here a name begins with `/`, which a client's path may, too. */
function nameOfEndpoint(server: Server, endpoint: string): string {
  if (endpoint.startsWith('/')) return endpoint;
  // An earlier run may have left other lines.
  const known = server.allLocations.find(
    (location) => isOwnCall(location) && [`/${endpoint}`, `/_${endpoint}`].includes(location.path),
  );
  if (known !== undefined) return known.path;
  const isTaken = server.allLocations.some(
    ({ path, modifier }) => !modifier.startsWith('~') && path.startsWith(`/${endpoint}`),
  );
  return isTaken ? `/_${endpoint}` : `/${endpoint}`;
}

/**
 * Lines of http and servers: each location has its own ones now. The lines stay around a location that has not. A file with
 * lines that stay may be included in further locations, which are then without theirs: so this is done until no level is
 * added.
 */
function planOuterLines({ own, servers }: Configuration, top: readonly Directive[], plan: Plan): void {
  const reasons = new Map<Server, string>();
  let known = -1;
  while (reasons.size > known) {
    known = reasons.size;
    planLevel(own, [...reasons.values()][0], plan);
    for (const server of servers) planLevel(server.own, reasons.get(server), plan);
    const untranslated = plan.untranslated(top);
    for (const server of servers) {
      const reason = reasons.get(server) ?? reasonToKeep(server, untranslated);
      if (reason !== undefined) reasons.set(server, reason);
    }
  }
}

function reasonToKeep(server: Server, untranslated: ReadonlySet<Directive>): string | undefined {
  const location = server.allLocations.find(({ block }) => untranslated.has(block));
  if (location !== undefined)
    return `${nameOf(location)} inherits this, and is left to you. Remove the lines of the module here when you have written those of that location; until then nginx refuses the file`;
  const { isOn, endpoint } = inForceIn(server);
  return isOn === true && endpoint !== undefined && servesFilesItself(server)
    ? 'the module also protects the files of root that no location takes, and nothing here can. Write location / { ... } with the lines of a protected location, and remove those of the module here; until then nginx refuses the file'
    : undefined;
}

function servesFilesItself({ own, configuration, locations }: Server): boolean {
  return (
    inForce([own, configuration.own], 'root').length > 0 &&
    named(own, 'return').length === 0 &&
    !locations.some(({ modifier, path }) => path === '/' && (modifier === '' || modifier === '^~'))
  );
}

/** @param reason  to leave its lines to a person */
function planLevel(level: readonly Directive[], reason: string | undefined, plan: Plan): void {
  const lines = level.filter(isOfModule);
  for (const line of lines) plan.forget(line);
  const unclear = lines.filter((line) => problemOf(line) !== undefined);
  for (const line of unclear) plan.leave(line, problemOf(line) as string);
  const [first] = lines;
  if (reason !== undefined) {
    if (first !== undefined) plan.leave(first, reason);
    return;
  }
  const said = new Set<string>();
  for (const line of lines.filter((one) => !unclear.includes(one))) {
    const isOff = isSwitch(line) && line.args[0]?.toLowerCase() === 'off';
    const comment = isOff ? OFF_OUTSIDE : IN_LOCATIONS;
    // Once in each file: the file may also be included where the others are not.
    const key = `${comment}${line.file}`;
    plan.replace(line, said.has(key) ? [] : [comment]);
    said.add(key);
  }
}

const IN_LOCATIONS = '# What the C module inherited from here is in each protected location now.';
const OFF_OUTSIDE = '# A location is protected only by an include of protect.conf in it.';
