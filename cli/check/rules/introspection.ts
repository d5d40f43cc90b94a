// The way to the authorization server: the location that asks, or the URL.
import { isIP } from 'node:net';
import type { Directive } from '../../nginx_conf/directive.js';
import { type Finding, found } from '../finding.js';
import { findLocation, inForce, type Location, levelsOf, named, nameOf, passOf } from '../layout.js';
import { answersAs, isOwnCall, limitLine, type ProtectedLocation } from '../protection.js';
import { assignmentsOf, isOff, possibleValues } from '../settings_in_force.js';

/** What the two kinds of calls have in common. */
const CALLS = [
  { variable: 'phantom_token_introspection_endpoint', state: 'answered', file: 'introspection.conf' },
  { variable: 'phantom_token_jwks', state: 'keys_answered', file: 'jwks.conf' },
] as const;

export function checkEndpoints(location: ProtectedLocation): Finding[] {
  if (isOff(location)) return [];
  const { server } = location;
  return CALLS.flatMap((call) => {
    const values = assignmentsOf(location, call.variable).flatMap((assignment) =>
      possibleValues(assignment, server.configuration),
    );
    return values.flatMap(({ value, at }) => {
      if (value?.startsWith('/')) return checkPath(location, call, value, at);
      return value !== undefined && /^https?:/.test(value) ? checkUrl(location, value, at) : [];
    });
  });
}

function checkPath(location: Location, call: (typeof CALLS)[number], path: string, at: Directive): Finding[] {
  if (!location.server.isWhole) return [];
  const target = findLocation(location.server, path);
  if (target !== undefined && answersAs(target.own, call.state) !== undefined) return [];
  const isNamed = target !== undefined && target.path === path && target.block !== location.block;
  return isNamed
    ? [
        found(
          'endpoint_without_include',
          target.block,
          `${nameOf(target)} is an endpoint and has no ${call.file}`,
        ),
      ]
    : [found('endpoint_not_found', at, `No location for ${path}`)];
}

function checkUrl(location: Location, url: string, at: Directive): Finding[] {
  const host = /^https?:\/\/(\[[^\]]*\]|[^:/]*)/.exec(url)?.[1] ?? '';
  const levels = levelsOf(location);
  const missing = [];
  // A file that another one includes may have both in http.
  const { isWhole } = location.server.configuration;
  if (isWhole && !host.startsWith('[') && isIP(host) === 0 && inForce(levels, 'resolver').length === 0) {
    missing.push('resolver');
  }
  if (isWhole && url.startsWith('https:') && inForce(levels, 'js_fetch_trusted_certificate').length === 0) {
    missing.push('js_fetch_trusted_certificate');
  }
  const [verify] = inForce(levels, 'js_fetch_verify');
  return [
    ...(missing.length === 0
      ? []
      : [found('url_endpoint_incomplete', at, `The URL is fetched without ${missing.join(' and ')}`)]),
    ...(verify?.args[0] === 'off' && url.startsWith('https:')
      ? [found('endpoint_unverified', verify, '`js_fetch_verify off`', 'Remove the line.')]
      : []),
  ];
}

/** A location that includes introspection.conf or jwks.conf. */
export function checkOwnCall(location: Location): Finding[] {
  const { own, block } = location;
  if (!isOwnCall(location)) return [];
  const asked = answersAs(own, 'answered');
  const limits = limitLine(own);
  const isBounded = asked === undefined || (limits !== undefined && own.indexOf(limits) < own.indexOf(asked));
  const unverified = named(own, 'proxy_ssl_verify').filter(({ args }) => args[0] === 'off');
  return [
    ...(isBounded ? [] : [found('limits_missing', asked, nameOf(location))]),
    ...unverified.map((at) =>
      found('endpoint_unverified', at, `\`proxy_ssl_verify off\` in ${nameOf(location)}`),
    ),
    ...(passOf(location) === undefined
      ? [found('endpoint_without_proxy_pass', block, nameOf(location))]
      : []),
  ];
}
