// Purge and metrics are for operators only, and the introspection endpoint for gateways.
import type { Directive } from '../../nginx_conf/directive.js';
import { type Finding, found } from '../finding.js';
import {
  type Configuration,
  inForce,
  type Location,
  levelsOf,
  named,
  nameOf,
  passOf,
  type Server,
} from '../layout.js';
import { type ProtectedLocation, protectedLocations } from '../protection.js';

const FOR_OPERATORS = ['phantom_token.purge', 'phantom_token.metrics'];

export function checkOperators({ servers }: Configuration): Finding[] {
  return servers.flatMap((server) =>
    server.allLocations.flatMap((location) =>
      named(location.own, 'js_content')
        .filter(({ args }) => FOR_OPERATORS.includes(args[0] ?? ''))
        .filter(() => !isRestricted(location) && !isApart(server, servers))
        .map((at) => found('operator_open', at, `\`${at.args[0]}\` is open to everybody`)),
    ),
  );
}

/** Behind an address of this machine nobody else asks. */
export function checkIntrospectionCache(location: ProtectedLocation): Finding[] {
  const listens = named(location.server.own, 'listen');
  const isLocalOnly = listens.length > 0 && listens.every(isLocal);
  return location.mode !== 'introspection' || isRestricted(location) || isLocalOnly
    ? []
    : [found('introspection_open', location.line, `${nameOf(location)} is open to everybody`)];
}

function isRestricted(location: Location): boolean {
  const levels = levelsOf(location);
  const isDenied = inForce(levels, 'allow', 'deny').some(
    ({ name, args }) => name === 'deny' && args[0] === 'all',
  );
  const isAsked = ['auth_basic', 'auth_request', 'auth_jwt', 'js_access'].some((name) =>
    inForce(levels, name).some(({ args }) => args[0] !== 'off' && args[0] !== ''),
  );
  const needsCertificate = inForce(levels, 'ssl_verify_client').some(({ args }) => args[0] === 'on');
  const isInternal = named(location.own, 'internal').length > 0;
  return isDenied || isAsked || needsCertificate || isInternal;
}

/** Whether the server listens for this machine only, or on ports where no other server passes requests on. */
function isApart(server: Server, servers: readonly Server[]): boolean {
  const listens = named(server.own, 'listen');
  if (listens.length > 0 && listens.every(isLocal)) return true;
  if (listens.length === 0 || isForClients(server)) return false;
  const ports = new Set(
    servers.filter(isForClients).flatMap((other) => named(other.own, 'listen').map(portOf)),
  );
  return listens.every((listen) => !ports.has(portOf(listen)));
}

function isForClients({ allLocations }: Server): boolean {
  return (
    protectedLocations(allLocations).length > 0 ||
    allLocations.some((location) => passOf(location) !== undefined)
  );
}

function isLocal({ args }: Directive): boolean {
  return /^(127\.|localhost(:|$)|\[::1\]|unix:)/.test(args[0] ?? '');
}

function portOf({ args }: Directive): string {
  return /^(?:.*:)?(\d+)$/.exec(args[0] ?? '')?.[1] ?? '80';
}
