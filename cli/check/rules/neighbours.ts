// Other ways to the API than through a protected location, and other ways to read a path. All are warnings: a location may
// be open on purpose.
import type { Directive } from '../../nginx_conf/directive.js';
import { type Finding, found } from '../finding.js';
import {
  type Configuration,
  findLocation,
  hasUri,
  inForce,
  type Location,
  levelsOf,
  named,
  nameOf,
  passOf,
  type Server,
  upstreamOf,
  withConditional,
} from '../layout.js';
import { isOwnCall, type ProtectedLocation, protectedLocations } from '../protection.js';
import { assignmentsOf, isOff, mapsIn, variableName } from '../settings_in_force.js';
import { isOpenPass } from './access.js';

export function checkNeighbours(server: Server): Finding[] {
  const guarded = protectedLocations(server.allLocations);
  if (guarded.length === 0) return [];
  const upstreams = new Set(guarded.flatMap((location) => upstreamsOf(location)));
  const targets = new Set(guarded.flatMap((location) => targetsOf(location)).map(({ block }) => block));
  return server.allLocations.flatMap((location) => {
    if (!isOpenPass(location) || isOwnCall(location)) return [];
    const isSame = upstreamsOf(location).some((name) => upstreams.has(name));
    const isTarget = targets.has(location.block) || (isSame && named(location.own, 'internal').length > 0);
    if (isTarget)
      return [found('unprotected_target', location.block, `${nameOf(location)} has no protect.conf`)];
    return isSame
      ? [found('unprotected_neighbour', location.block, `${nameOf(location)} has no protect.conf`)]
      : [];
  });
}

function upstreamsOf(location: Location): string[] {
  const pass = passOf(location);
  return pass === undefined ? [] : [upstreamOf(pass)];
}

/** Where `try_files` and `error_page` send requests of the location. */
function targetsOf(location: Location): Location[] {
  const pages = inForce(levelsOf(location), 'error_page').map(({ args }) => args.at(-1));
  const last = named(location.own, 'try_files').map(({ args }) => args.at(-1));
  return [...pages, ...last].flatMap((path = '') => {
    const isPath = path.startsWith('@') || path.startsWith('/');
    const target = isPath && !path.includes('$') ? findLocation(location.server, path) : undefined;
    return target === undefined ? [] : [target];
  });
}

/** A named location is only reached from other locations, with the values of their `set` lines. */
export function checkNamed(location: ProtectedLocation): Finding[] {
  const hasSwitch =
    assignmentsOf({ ...location, server: { ...location.server, own: [] } }, 'phantom_token').length > 0;
  return location.path.startsWith('@') && !hasSwitch
    ? [found('target_keeps_settings', location.line, `${nameOf(location)} does not set $phantom_token`)]
    : [];
}

/** `mirror` sends a copy of each request; SSI calls whatever a page names. */
export function checkSubrequests(location: ProtectedLocation): Finding[] {
  const levels = levelsOf(location);
  const mirrors = inForce(levels, 'mirror').filter(({ args: [path = ''] }) => {
    const target = path.startsWith('/') ? findLocation(location.server, path) : undefined;
    return (
      target !== undefined &&
      passOf(target) !== undefined &&
      passOf(location) !== undefined &&
      isSameUpstream(target, location)
    );
  });
  const includes = inForce(levels, 'ssi').filter(({ args }) => args[0] === 'on');
  return [...mirrors, ...includes].map((at) =>
    found('subrequest_unchecked', at, `\`${at.name} ${at.args[0]}\` is in force in ${nameOf(location)}`),
  );
}

function isSameUpstream(a: Location, b: Location): boolean {
  return upstreamsOf(a).some((name) => upstreamsOf(b).includes(name));
}

/** What a location requires, as its lines say it. */
function requirementsOf(location: ProtectedLocation): string {
  const requirements = ['phantom_token_required_scopes', 'phantom_token_audience'];
  return requirements
    .map((variable) =>
      assignmentsOf(location, variable).map(({ value }) => value.split(' ').sort().join(' ')),
    )
    .join('\n');
}

/** Locations that require different things of the same upstream, while the path goes on as the client wrote it. */
export function checkPaths(server: Server): Finding[] {
  if (refusesPaths(server)) return [];
  const raw = protectedLocations(server.allLocations).filter((location) => {
    const pass = passOf(location);
    return pass !== undefined && !hasUri(pass) && !isOff(location) && !location.path.startsWith('@');
  });
  /** The first location of each upstream. */
  const firsts = new Map<string, ProtectedLocation>();
  for (const location of raw) {
    for (const upstream of upstreamsOf(location)) {
      const first = firsts.get(upstream) ?? location;
      firsts.set(upstream, first);
      if (requirementsOf(first) !== requirementsOf(location)) return [differentScopes(first, location)];
    }
  }
  return [];
}

function differentScopes(first: Location, other: Location): Finding {
  const subject = `${nameOf(first)} and ${nameOf(other)} require different things of one API`;
  return found('scopes_by_path', other.block, subject);
}

/** An `if` of the server that answers 4xx by the path as the client wrote it. */
function refusesPaths({ own, configuration }: Server): boolean {
  const byPath = mapsIn(configuration)
    .filter(({ args }) => /\$\{?request_uri\b/.test(args[0] ?? ''))
    .map(({ args }) => variableName(args[1] ?? ''));
  return named(own, 'if').some(({ args, block = [] }) => {
    const condition = args.join(' ').toLowerCase();
    const isByPath = ['request_uri', ...byPath].some((variable) =>
      new RegExp(`\\$\\{?${variable}\\b`).test(condition),
    );
    return isByPath && named(block, 'return').some(({ args: [status] }) => /^4\d\d$/.test(status ?? ''));
  });
}

/** Names that nobody deploys with: RFC 2606. */
const RESERVED = /(^|\.)(example(\.(com|net|org))?|test|invalid|localhost)$/;

/** Upstreams of the introspection and of the protected locations. */
export function checkUpstreams(configuration: Configuration): Finding[] {
  const all = configuration.servers.flatMap(({ allLocations }) => allLocations);
  const used = new Set([...protectedLocations(all), ...all.filter(isOwnCall)].flatMap(upstreamsOf));
  return named(configuration.own, 'upstream')
    .filter(({ args, block }) => block !== undefined && used.has(args[0] ?? ''))
    .flatMap(({ block = [] }) => {
      const hasResolver = inForce([block, configuration.own], 'resolver').length > 0;
      return named(block, 'server').flatMap((at) => unresolved(at, hasResolver));
    });
}

function unresolved(at: Directive, hasResolver: boolean): Finding[] {
  const [address = '', ...words] = at.args;
  const host = address.replace(/:\d+$/, '');
  const isName = /^[A-Za-z0-9_.-]*[A-Za-z][A-Za-z0-9_.-]*$/.test(host);
  if (!isName || words.includes('resolve') || (RESERVED.test(host) && !hasResolver)) return [];
  return [found('upstream_not_resolved', at, `${host} is looked up once`)];
}

/** With the lines in `if` blocks, where secrets may stand as well. */
export function levelsIn({ own, servers }: Configuration): Directive[][] {
  const levels = [
    own,
    ...servers.flatMap((server) => [server.own, ...server.allLocations.map((location) => location.own)]),
  ];
  return levels.map(withConditional);
}
