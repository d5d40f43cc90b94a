// Which locations the gateway protects, and which files of the package a level has; told by the lines of these files, so
// that a copy under another name counts as well.
import type { Mode } from '../../src/core/settings/njs_version.js';
import type { Directive } from '../nginx_conf/directive.js';
import { type Configuration, type Directives, type Location, levelsOf, named } from './layout.js';

const ACCESS = 'phantom_token.access';
const AUTH_REQUEST = '/_phantom_token_authorize';
/** What forward_auth.conf and introspection_cache.conf say that they are. */
const WAY = '$_phantom_kept_request';
const WAYS: readonly string[] = ['forward_auth', 'introspection'] satisfies Mode[];

/** The line by which protect.conf calls the script; in place of it, that of the other ways in. */
export function protectLine(own: Directives): Directive | undefined {
  return own.find(isProtectLine);
}

export function isProtectLine({ name, args }: Directive): boolean {
  return (
    (name === 'js_access' && args[0] === ACCESS) ||
    (name === 'auth_request' && args[0] === AUTH_REQUEST) ||
    (name === 'set' && args[0] === WAY && WAYS.includes(args[1] ?? ''))
  );
}

/** In which mode the location's own include protects it; undefined without one. */
export function modeOf(location: Location): Mode | undefined {
  const line = protectLine(location.own);
  switch (line?.name) {
    case undefined:
      return undefined;
    case 'js_access':
      return 'access';
    case 'auth_request':
      return 'auth_request';
    default:
      return line?.args[1] as Mode;
  }
}

/** The access control that is in force: the location's own, or inherited. */
export function inheritedLine(location: Location): Directive | undefined {
  for (const level of levelsOf(location)) {
    const found = named(level, 'js_access', 'auth_request');
    if (found.length > 0) return found.find(isProtectLine);
  }
  return undefined;
}

/** A location with an include of its own. */
export interface ProtectedLocation extends Location {
  readonly mode: Mode;
  readonly line: Directive;
}

export function protectedLocations(locations: readonly Location[]): ProtectedLocation[] {
  return locations.flatMap((location) => {
    const line = protectLine(location.own);
    const mode = modeOf(location);
    return line === undefined || mode === undefined ? [] : [{ ...location, line, mode }];
  });
}

export function isUsed({ servers }: Configuration): boolean {
  return servers.some(({ allLocations }) => protectedLocations(allLocations).length > 0);
}

/** introspection.conf answers `answered`, jwks.conf `keys_answered`. */
export function answersAs(own: Directives, state: 'answered' | 'keys_answered'): Directive | undefined {
  return own.find(
    ({ name, args }) => name === 'set' && args[0] === '$_phantom_introspection' && args[1] === state,
  );
}

/** The location of an introspection, or of the authorization server's keys. */
export function isOwnCall({ own }: Location): boolean {
  return answersAs(own, 'answered') !== undefined || answersAs(own, 'keys_answered') !== undefined;
}

/** The line of introspection_limits.conf. */
export function limitLine(own: Directives): Directive | undefined {
  return own.find(({ name, args }) => name === 'set' && args[0] === '$phantom_introspection_limit');
}

/** The line of auth_request/server.conf. */
export function serverLine(own: Directives): Directive | undefined {
  return own.find(({ name, args }) => name === 'set' && args[0] === '$_phantom_server');
}
