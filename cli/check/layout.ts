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
    const location = { block, own: block.block, server, outer, inner };
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
  return directives.filter(({ name }) => names.includes(name));
}

/** With those inside `if` blocks. */
export function withConditional(directives: Directives): Directive[] {
  return directives.flatMap((directive) =>
    directive.name === 'if' ? [directive, ...(directive.block ?? [])] : [directive],
  );
}

/** The modifier, `` for a prefix, and the path, name or pattern. */
export function matchOf({ block }: Location): { modifier: string; path: string } {
  const words = /^(=|~\*|~|\^~)?\s*([\s\S]*)$/.exec(block.args.join(' '));
  return { modifier: words?.[1] ?? '', path: words?.[2] ?? '' };
}

/** The location that nginx takes for a path. Patterns that JavaScript does not know match nothing. */
export function findLocation(server: Server, path: string): Location | undefined {
  return path.startsWith('@')
    ? server.allLocations.find((location) => matchOf(location).path === path)
    : findAmong(server.locations, path);
}

function findAmong(locations: readonly Location[], path: string): Location | undefined {
  const matches = locations.map((location) => ({ location, ...matchOf(location) }));
  const exact = matches.find((match) => match.modifier === '=' && match.path === path);
  if (exact !== undefined) return exact.location;
  const [longest] = matches
    .filter((match) => (match.modifier === '' || match.modifier === '^~') && path.startsWith(match.path))
    .sort((a, b) => b.path.length - a.path.length);
  const nested = longest && findAmong(longest.location.inner, path);
  if (nested !== undefined || longest?.modifier === '^~') return nested ?? longest?.location;
  const byPattern = matches.find(({ modifier, path: pattern }) => matchesPattern(modifier, pattern, path));
  return byPattern?.location ?? longest?.location;
}

function matchesPattern(modifier: string, pattern: string, path: string): boolean {
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
