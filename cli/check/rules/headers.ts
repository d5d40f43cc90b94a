// Lines that nginx inherits all together or not at all, and lines that undo those of protect.conf.
import type { Directive } from '../../nginx_conf/directive.js';
import { type Finding, found } from '../finding.js';
import {
  type Directives,
  findLocation,
  inForce,
  levelsOf,
  named,
  nameOf,
  passOf,
  type Server,
} from '../layout.js';
import { isProtectLine, type ProtectedLocation } from '../protection.js';
import { isOff } from '../settings_in_force.js';
import { isAuthorization, isOpenPass } from './access.js';

/** A second Authorization beside the one of protect.conf. An empty one is not sent. */
export function checkAuthorization(location: ProtectedLocation): Finding[] {
  const lines = location.own.filter(isAuthorization);
  const ours = new Set(lines.filter(({ shippedBy }) => shippedBy !== undefined));
  // protect.conf may have been copied into the file: then the first line of each name is its own.
  for (const { name } of lines) {
    const same = lines.filter((line) => line.name === name);
    const own = same.find(({ args }) => args[1] === '$phantom_token_authorization');
    if (own !== undefined && !same.some((line) => ours.has(line))) ours.add(own);
  }
  return lines
    .filter((line) => !ours.has(line) && line.args[1] !== '')
    .map((at) =>
      found('authorization_overridden', at, `\`${at.name} ${at.args[0]}\` is beside protect.conf`),
    );
}

/** The lines of each protocol, and the one for a list of headers. */
const LINES_OF: Record<string, string> = {
  proxy_pass: 'proxy_set_header',
  grpc_pass: 'grpc_set_header',
  fastcgi_pass: 'fastcgi_param',
  uwsgi_pass: 'uwsgi_param',
  scgi_pass: 'scgi_param',
};

export function checkLostHeaders(location: ProtectedLocation): Finding[] {
  const name = LINES_OF[passOf(location)?.name ?? ''];
  if (name === undefined) return [];
  const [own = [], ...outer] = levelsOf(location);
  const kept = headersIn(named(own, name));
  const outside = inForce(outer, name).filter(
    ({ shippedBy, args }) => shippedBy === undefined && args[1] !== '',
  );
  const lost = headersIn(outside).filter((header) => !kept.includes(header) && header !== 'authorization');
  return lost.length === 0
    ? []
    : [found('headers_lost', location.line, `${nameOf(location)} loses the ${name} of ${lost.join(', ')}`)];
}

function headersIn(lines: Directives): string[] {
  return lines.map(({ args }) => (args[0] ?? '').toLowerCase());
}

const REFUSALS = ['401', '403', '500'];

/** An error_page that turns a refusal into another answer. */
export function checkErrorPages(location: ProtectedLocation): Finding[] {
  return location.mode === 'auth_request' ? pagesAboveInclude(location) : refusalsWithAnotherStatus(location);
}

function refusalsWithAnotherStatus(location: ProtectedLocation): Finding[] {
  return inForce(levelsOf(location), 'error_page')
    .filter((page) => statusesOf(page).some((status) => status === '401' || status === '403'))
    .filter((page) => answersWell(page) || leadsToOpenPass(page, location.server))
    .map((page) => found('error_page_opens', page, `\`${textOf(page)}\` is in force in ${nameOf(location)}`));
}

function leadsToOpenPass({ args }: Directive, server: Server): boolean {
  const path = args.at(-1) ?? '';
  const target = path.includes('$') ? undefined : findLocation(server, path);
  return target !== undefined && isOpenPass(target);
}

/** nginx takes the first line for a status, so that those below the include do nothing. */
function pagesAboveInclude({ own }: ProtectedLocation): Finding[] {
  const above = own.slice(0, own.findIndex(isProtectLine));
  return named(above, 'error_page')
    .filter((page) => statusesOf(page).some((status) => REFUSALS.includes(status)))
    .map((page) => found('error_page_opens', page, `\`${textOf(page)}\` is above protect.conf`));
}

function statusesOf({ args }: Directive): string[] {
  return args.filter((word) => /^\d{3}$/.test(word));
}

/** `=200`; a redirect to a login page is no success. */
function answersWell({ args }: Directive): boolean {
  return args.some((word) => /^=2\d\d$/.test(word));
}

function textOf({ name, args }: Directive): string {
  return [name, ...args].join(' ');
}

const CACHES = ['proxy_cache', 'fastcgi_cache', 'uwsgi_cache', 'scgi_cache'];
/** What differs between users. */
const OF_USER =
  /\$\{?(http_authorization|phantom_jwt|phantom_token_authorization|phantom_token_subject|phantom_token_input)\b/;

export function checkCaches(location: ProtectedLocation): Finding[] {
  if (isOff(location)) return [];
  const levels = levelsOf(location);
  return CACHES.flatMap((name) => {
    const [cache] = inForce(levels, name);
    if (cache === undefined || cache.args[0] === 'off') return [];
    const [key] = inForce(levels, `${name}_key`);
    return key !== undefined && OF_USER.test(key.args.join(' '))
      ? []
      : [found('cache_shared', cache, `\`${name}\` is in force in ${nameOf(location)}`)];
  });
}
