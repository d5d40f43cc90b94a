// What a tree of directives means to nginx: servers, locations, which location answers a path, what a level inherits.
import type { Directive } from '../nginx_conf/directive.js';

export type Directives = readonly Directive[];

export interface Configuration {
  readonly own: Directives;
  /** Whether this is all of http, and not a file that another one includes: only then is something known to be absent. */
  readonly isWhole: boolean;
  readonly servers: readonly Server[];
}

export interface Server {
  readonly configuration: Configuration;
  readonly own: Directives;
  /** Whether all locations of the server are known. */
  readonly isWhole: boolean;
  /** Those that are in no other location. */
  readonly locations: readonly Location[];
  /** With the nested ones. */
  readonly allLocations: readonly Location[];
}

export interface Location {
  readonly block: Directive;
  readonly own: Directives;
  /** `=`, `~`, `~*`, `^~`, or `` for a prefix. */
  readonly modifier: string;
  /** Path, `@name` or pattern. */
  readonly path: string;
  readonly server: Server;
  readonly outer: Location | undefined;
  readonly inner: readonly Location[];
}

/** @param top  of the file that was read first */
export function layOut(top: Directives): Configuration {
  const http = top.filter(({ name }) => name === 'http');
  const own = http.length === 0 ? top : http.flatMap(({ block = [] }) => block);
  const servers: Server[] = [];
  const configuration = { own, isWhole: http.length > 0, servers };
  const blocks = own.filter(({ name, block }) => name === 'server' && block !== undefined);
  for (const { block = [] } of blocks) servers.push(layOutServer(block, configuration, true));
  // A file with lines of a server only.
  if (http.length === 0 && blocks.length === 0)
    servers.push(layOutServer(own, { ...configuration, own: [] }, false));
  return configuration;
}

function layOutServer(own: Directives, configuration: Configuration, isWhole: boolean): Server {
  const locations: Location[] = [];
  const allLocations: Location[] = [];
  const server = { configuration, own, isWhole, locations, allLocations };
  locations.push(...layOutLocations(own, server, undefined, allLocations));
  return server;
}

function layOutLocations(
  own: Directives,
  server: Server,
  outer: Location | undefined,
  all: Location[],
): Location[] {
  const locations: Location[] = [];
  for (const block of own) {
    if (block.name !== 'location' || block.block === undefined) continue;
    const inner: Location[] = [];
    const location = { block, own: block.block, ...readMatch(block), server, outer, inner };
    all.push(location);
    locations.push(location);
    inner.push(...layOutLocations(location.own, server, location, all));
  }
  return locations;
}

export function allLocations({ servers }: Configuration): Location[] {
  return servers.flatMap((server) => server.allLocations);
}

/** `location /api/`, as the file has it. */
export function nameOf({ block }: Location): string {
  return `location ${block.args.join(' ')}`;
}

/** The location itself, those around it, the server, http. */
export function levelsOf(location: Location): Directives[] {
  const { server, outer } = location;
  return [location.own, ...(outer === undefined ? [server.own, server.configuration.own] : levelsOf(outer))];
}

/** All or nothing: the directives of these names at the innermost level that has one. */
export function inForce(levels: readonly Directives[], ...names: string[]): Directives {
  for (const level of levels) {
    const found = named(level, ...names);
    if (found.length > 0) return found;
  }
  return [];
}

export function named(directives: Directives, ...names: string[]): Directives {
  const byName = groupedByName(directives);
  const [first = [], ...others] = names.map((name) => byName.get(name) ?? []);
  return others.every((group) => group.length === 0)
    ? first
    : directives.filter(({ name }) => names.includes(name));
}

/** A server may have thousands of lines, and each of its locations asks for some of them. */
const groups = new WeakMap<Directives, Map<string, Directive[]>>();

function groupedByName(directives: Directives): Map<string, Directive[]> {
  const known = groups.get(directives);
  if (known !== undefined) return known;
  const byName = new Map<string, Directive[]>();
  for (const directive of directives) {
    const group = byName.get(directive.name);
    if (group === undefined) byName.set(directive.name, [directive]);
    else group.push(directive);
  }
  groups.set(directives, byName);
  return byName;
}

/** With those inside `if` blocks. */
export function withConditional(directives: Directives): Directive[] {
  return directives.flatMap((directive) =>
    directive.name === 'if' ? [directive, ...(directive.block ?? [])] : [directive],
  );
}

/** nginx takes `=/path` for `= /path`. */
function readMatch({ args }: Directive): { modifier: string; path: string } {
  const words = /^(=|~\*|~|\^~)?\s*([\s\S]*)$/.exec(args.join(' '));
  return { modifier: words?.[1] ?? '', path: words?.[2] ?? '' };
}

/** The location that nginx takes for a path. Patterns that JavaScript does not know match nothing. */
export function findLocation(server: Server, path: string): Location | undefined {
  return path.startsWith('@')
    ? server.allLocations.find((location) => location.path === path)
    : findAmong(server.locations, path);
}

function findAmong(locations: readonly Location[], path: string): Location | undefined {
  const exact = locations.find((location) => location.modifier === '=' && location.path === path);
  if (exact !== undefined) return exact;
  const longest = findLongestPrefix(locations, path);
  const nested = longest && findAmong(longest.inner, path);
  if (nested !== undefined || longest?.modifier === '^~') return nested ?? longest;
  return locations.find((location) => matchesPattern(location, path)) ?? longest;
}

function findLongestPrefix(locations: readonly Location[], path: string): Location | undefined {
  let longest: Location | undefined;
  for (const location of locations) {
    const isPrefix = location.modifier === '' || location.modifier === '^~';
    const isLonger = longest === undefined || location.path.length > longest.path.length;
    if (isPrefix && isLonger && path.startsWith(location.path)) longest = location;
  }
  return longest;
}

function matchesPattern({ modifier, path: pattern }: Location, path: string): boolean {
  if (!modifier.startsWith('~')) return false;
  try {
    return new RegExp(pattern, modifier === '~*' ? 'i' : '').test(path);
  } catch {
    return false;
  }
}

const PASSES = ['proxy_pass', 'grpc_pass', 'fastcgi_pass', 'uwsgi_pass', 'scgi_pass'];

/** The directive that sends a location's requests to an upstream; nested locations do not inherit it. */
export function passOf({ own }: Location): Directive | undefined {
  const inLimits = named(own, 'limit_except').flatMap(({ block = [] }) => block);
  return [...withConditional(own), ...inLimits].find(({ name }) => PASSES.includes(name));
}

/** Name of the upstream, or host and port; as written when it has variables. */
export function upstreamOf({ args }: Directive): string {
  return (args[0] ?? '').replace(/^\w+:\/\//, '').replace(/^([^/]+)\/.*$/, '$1');
}

/** `unix:` sockets have slashes; a URI after the upstream follows a single one. */
export function hasUri({ args }: Directive): boolean {
  return /^\w+:\/\/(?!unix:)[^/]+\//.test(args[0] ?? '');
}
