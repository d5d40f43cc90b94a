// What opens a protected location, or answers in its place.
import type { Directive } from '../../nginx_conf/directive.js';
import { type Finding, found } from '../finding.js';
import {
  type Configuration,
  type Directives,
  findLocation,
  inForce,
  type Location,
  levelsOf,
  named,
  nameOf,
  passOf,
  type Server,
  withConditional,
} from '../layout.js';
import {
  inheritedLine,
  isOwnCall,
  modeOf,
  type ProtectedLocation,
  protectedLocations,
  protectLine,
  serverLine,
} from '../protection.js';
import { assignmentsIn } from '../settings_in_force.js';

/** `$phantom_token on` where no protect.conf acts on it. */
export function checkInclude(server: Server): Finding[] {
  const inLocations = server.allLocations.flatMap((location) =>
    inheritedLine(location) === undefined && protectLine(location.own) === undefined
      ? switchesOn(location.own).map((at) =>
          found('include_missing', at, `${nameOf(location)} has no protect.conf`),
        )
      : [],
  );
  // The locations of a part may be in another file.
  const isUnused = server.isWhole && protectedLocations(server.allLocations).length === 0;
  const inServer = isUnused && protectLine(server.own) === undefined ? switchesOn(server.own) : [];
  return [
    ...inServer.map((at) => found('include_missing', at, 'No location of this server has protect.conf')),
    ...inLocations,
  ];
}

function switchesOn(own: Directives): Directive[] {
  return assignmentsIn(own)
    .filter(({ variable, value }) => variable === 'phantom_token' && value.toLowerCase() !== 'off')
    .map(({ at }) => at);
}

/** protect.conf where it protects no location. */
export function checkLevel({ own, servers }: Configuration): Finding[] {
  const levels: [what: string, directives: Directives][] = [
    ['http', own],
    ...servers.map((server): [string, Directives] => ['the server', server.own]),
    ...servers
      .flatMap(({ allLocations }) => allLocations)
      .flatMap((location) => named(location.own, 'if', 'limit_except'))
      .map(({ name, block = [] }): [string, Directives] => [`\`${name}\``, block]),
  ];
  return levels.flatMap(([what, directives]) => {
    const line = protectLine(directives);
    return line === undefined ? [] : [found('protect_level', line, `protect.conf is included in ${what}`)];
  });
}

/** A nested location or limit_except in a protected one. */
export function checkNested(location: Location): Finding[] {
  const { own, outer, block } = location;
  const limits = modeOf(location) === undefined ? [] : named(own, 'limit_except');
  const inLimits = limits.map((limit) =>
    found('nested_without_include', limit, '`limit_except` is in a protected location'),
  );
  const off = linesThatSwitchOff(location);
  const isLost =
    outer !== undefined && inheritedLine(outer) !== undefined && inheritedLine(location) !== undefined;
  // `return` answers before access control, and subrequests are not checked.
  const isExempt = named(own, 'return').length > 0 || isOwnCall(location);
  const nested =
    isLost && !isExempt && protectLine(own) === undefined
      ? [found('nested_without_include', block, `${nameOf(location)} has no protect.conf of its own`)]
      : [];
  return [
    ...off.map((at) =>
      found('protection_off', at, `\`${at.name} ${at.args[0] || '""'};\` in ${nameOf(location)}`),
    ),
    ...nested,
    ...inLimits,
  ];
}

/** Those that end the protection which the location has or would inherit. */
function linesThatSwitchOff({ own, outer }: Location): Directives {
  const isGuarded =
    protectLine(own) !== undefined || (outer !== undefined && inheritedLine(outer) !== undefined);
  return isGuarded ? named(own, 'js_access', 'auth_request').filter(isOffWord) : [];
}

function isOffWord({ args }: Directive): boolean {
  return args[0] === '' || args[0] === 'off';
}

/** What the rewrite module answers or decides, which is before access control. */
export function checkAnswers(location: ProtectedLocation): Finding[] {
  return [...checkReturns(location), ...checkRewrites(location)];
}

function checkReturns({ own }: ProtectedLocation): Finding[] {
  const unconditional = named(own, 'return').filter((at) => at.shippedBy === undefined && !isRefusal(at));
  const conditional = named(own, 'if')
    .flatMap(({ block = [] }) => named(block, 'return'))
    .filter((at) => at.shippedBy === undefined && !isRefusal(at) && !isEmptyOrElsewhere(at));
  return [...unconditional, ...conditional].map((at) =>
    found('answers_before_check', at, `\`return ${at.args[0]}\` is in a protected location`),
  );
}

/** nginx takes a text without a status for the target of a redirect. */
function statusOf({ args }: Directive): number {
  return /^\d+$/.test(args[0] ?? '') ? Number(args[0]) : 302;
}

function isRefusal(at: Directive): boolean {
  return statusOf(at) >= 400;
}

/** In an `if`: an own answer to a preflight, or a redirect, shows nothing of the API. */
function isEmptyOrElsewhere(at: Directive): boolean {
  const status = statusOf(at);
  return (status === 204 && at.args.length === 1) || (status >= 300 && status < 400);
}

function checkRewrites(location: ProtectedLocation): Finding[] {
  return named(withConditional(location.own), 'rewrite').flatMap((at) => {
    const [, replacement = '', flag] = at.args;
    const isInternal = (flag === 'last' || flag === undefined) && !/^(https?:|\$scheme)/.test(replacement);
    const path = /^[^$?]*/.exec(replacement)?.[0] ?? '';
    const target = isInternal && path.startsWith('/') ? findLocation(location.server, path) : undefined;
    return target !== undefined && isOpenPass(target)
      ? [
          found(
            'rewrite_to_unprotected',
            at,
            `\`rewrite\` leads to ${nameOf(target)}, which has no protect.conf`,
          ),
        ]
      : [];
  });
}

/** Whether requests go through it to an upstream without any check, and no other finding says so. */
export function isOpenPass(location: Location): boolean {
  return (
    passOf(location) !== undefined &&
    inheritedLine(location) === undefined &&
    linesThatSwitchOff(location).length === 0 &&
    !hasOtherAccess(location)
  );
}

/** Access control that is not the gateway's, or the words by which a location says that it is public. */
function hasOtherAccess(location: Location): boolean {
  const levels = levelsOf(location);
  const isDenied = inForce(levels, 'deny', 'allow').some(
    ({ name, args }) => name === 'deny' && args[0] === 'all',
  );
  const isAsked = ['auth_basic', 'auth_request', 'auth_jwt', 'js_access'].some((name) =>
    inForce(levels, name).some((directive) => !isOffWord(directive)),
  );
  return isDenied || isAsked || isDeclaredPublic(location);
}

const HEADER_LINES = /^(proxy|grpc)_set_header$/;
const PARAMETER_LINES = /^(fastcgi|uwsgi|scgi)_param$/;

/** The API gets no Authorization there. */
export function isDeclaredPublic(location: Location): boolean {
  const names = ['proxy_set_header', 'grpc_set_header', 'fastcgi_param', 'uwsgi_param', 'scgi_param'];
  return names.some((name) =>
    inForce(levelsOf(location), name).some((at) => isAuthorization(at) && at.args[1] === ''),
  );
}

/** Whether the line gives the API an Authorization header. */
export function isAuthorization({ name, args }: Directive): boolean {
  const [header = ''] = args;
  return HEADER_LINES.test(name)
    ? header.toLowerCase() === 'authorization'
    : PARAMETER_LINES.test(name) && header === 'HTTP_AUTHORIZATION';
}

/** The rules of auth_request mode for the server. */
export function checkServerConf(server: Server): Finding[] {
  const first = protectedLocations(server.allLocations).find(({ mode }) => mode === 'auth_request');
  if (first === undefined) return [];
  const line = serverLine(server.own);
  if (line === undefined) {
    if (!server.isWhole) return [];
    return [found('server_conf_missing', first.line, 'The server has no auth_request/server.conf')];
  }
  const above = server.own.slice(0, server.own.indexOf(line));
  return named(above, 'rewrite', 'if', 'return', 'break').map((at) =>
    found('server_conf_not_first', at, `\`${at.name}\` is above auth_request/server.conf`),
  );
}

export function checkSatisfy(location: ProtectedLocation): Finding[] {
  const [satisfy] = inForce(levelsOf(location), 'satisfy');
  return location.mode === 'auth_request' && satisfy?.args[0] === 'any'
    ? [found('satisfy_any', satisfy, `\`satisfy any\` is in force in ${nameOf(location)}`)]
    : [];
}
