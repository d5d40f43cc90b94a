// The location that calls the authorization server: it becomes one that includes introspection.conf.

import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { type Configuration, inForce, type Location, levelsOf, named } from '../check/layout.js';
import { isOwnCall } from '../check/protection.js';
import { type Directive, parseDirectives } from '../nginx_conf/directive.js';
import { SNIPPETS } from '../shipped_files.js';
import { inForceAt, isOfModule } from './c_module.js';
import { GUARD } from './plan.js';
import { standOf, type Work } from './protected.js';

const INCLUDES = [
  'include phantom_token/introspection_limits.conf;',
  'include phantom_token/introspection.conf;',
];

/** What becomes of a line of the location. */
type Verdict =
  | { kind: 'keep' }
  /** comment: why, said once for all lines with the same. */
  | { kind: 'drop'; comment?: string }
  /** text: what a person has to decide. */
  | { kind: 'leave'; text: string };

const KEEP: Verdict = { kind: 'keep' };
const DROP: Verdict = { kind: 'drop' };

/** @param endpoint  as the module's lines name the location */
export function planIntrospection(location: Location, endpoint: string, name: string, work: Work): void {
  const { plan, texts } = work;
  const { block, own } = location;
  if (isOwnCall(location)) return;
  if (location.path !== endpoint || location.modifier.startsWith('~')) {
    const text = `this location answers the introspection endpoint ${endpoint}, and other paths too. Write a location of its own for it, with phantom_token/introspection_limits.conf, phantom_token/introspection.conf and proxy_pass`;
    // For clients the module protects it, and here nothing would.
    if (standOf(location) === 'none') plan.leave(block, text);
    else plan.guard(block, `${text}. Then write the lines of a protected location here, and remove ${GUARD}`);
    return;
  }
  if (!endpoint.startsWith('/')) {
    const { begin, end } = block.head;
    plan.setHead(block, renamed((texts.get(block.file) ?? '').slice(begin, end), endpoint, name));
  }
  const ours = linesOfInclude();
  const comments = new Set<string>();
  let hasPlace = false;
  for (const line of own.filter(({ shippedBy }) => shippedBy === undefined)) {
    const verdict = isOfModule(line) ? DROP : verdictOn(line, location, ours);
    if (verdict.kind === 'leave') plan.leave(line, verdict.text);
    if (verdict.kind !== 'drop') continue;
    const isFirst = line === own[0] && line.file === block.file;
    const comment =
      verdict.comment !== undefined && !comments.has(verdict.comment) ? [`# ${verdict.comment}`] : [];
    for (const text of comment) comments.add(text.slice(2));
    plan.replace(line, [...(isFirst ? INCLUDES : []), ...comment]);
    hasPlace ||= isFirst;
  }
  if (!hasPlace) plan.addAtTop(block, INCLUDES);
  planCertificate(location, work);
}

/** The words of the block, with what is between them as it was. */
function renamed(head: string, endpoint: string, name: string): string {
  const place = head.indexOf(endpoint, 'location'.length);
  const before = head.slice(0, place).replace(/(?:(?:\^~|=)\s*)?["']?$/, '');
  const after = head.slice(place + endpoint.length).replace(/^["']/, '');
  return `${before}= ${name}${after}`;
}

const CACHE =
  'No proxy_cache: the gateway keeps tokens in shared memory, hashed, at most $phantom_token_cache_ttl seconds.';
const SIZES = 'The sizes of buffers are in introspection_limits.conf.';

function verdictOn(
  line: Directive,
  location: Location,
  included: ReadonlyMap<string, readonly string[]>,
): Verdict {
  const { name, args } = line;
  if (name === 'internal') return DROP;
  if (name === 'proxy_set_header') return verdictOnHeader(line, location);
  if (/^proxy_(cache(_\w+)?|no_cache)$/.test(name)) return { kind: 'drop', comment: CACHE };
  if (name === 'error_page')
    return leave(
      'introspection.conf keeps the answers of the authorization server from pages of errors. Remove the line',
    );
  if (name === 'proxy_ignore_headers') return verdictOnIgnored(args);
  if (name === 'proxy_pass') return verdictOnPass(line, location);
  const ours = included.get(name);
  if (ours === undefined) return KEEP;
  if (ours.join(' ') === args.join(' ')) return DROP;
  if (/buffer/.test(name)) return { kind: 'drop', comment: SIZES };
  return LEFT[name] === undefined ? DROP : leave(LEFT[name]);
}

function leave(text: string): Verdict {
  return { kind: 'leave', text };
}

const TIMES =
  'times and tries are in introspection_limits.conf, and nginx refuses a second line. Edit them there if it must be another one, and remove this line';

/** Where another value than ours was meant to do something. */
const LEFT: Record<string, string> = {
  proxy_connect_timeout: TIMES,
  proxy_send_timeout: TIMES,
  proxy_read_timeout: TIMES,
  proxy_next_upstream: TIMES,
  proxy_next_upstream_tries: TIMES,
  proxy_next_upstream_timeout: TIMES,
  proxy_ssl_verify:
    'introspection.conf verifies the certificate of the authorization server. Remove this line and name its CA: proxy_ssl_trusted_certificate FILE;',
  proxy_ssl_server_name:
    'introspection.conf sends the name of the server (SNI), and nginx refuses a second line. Remove this line',
  proxy_set_body:
    'the gateway writes the body. For further form fields set $phantom_token_introspection_parameters in the protected locations, and remove this line',
  proxy_method: 'the gateway asks with POST. Remove this line',
  proxy_pass_request_headers:
    'the authorization server gets no header of the client any more. Name those that it needs with proxy_set_header, and remove this line',
};

function verdictOnHeader({ args }: Directive, location: Location): Verdict {
  const [header = '', value = ''] = args;
  switch (header.toLowerCase()) {
    case 'accept':
      return /^application\/jwt$/i.test(value)
        ? DROP
        : leave(
            'set $phantom_token_introspection_accept in the protected locations in place of this line, and remove it',
          );
    case 'content-type':
    case 'content-length':
    case 'connection':
    case 'accept-encoding':
      return DROP;
    case 'authorization':
      return inForceAt(location).credential === undefined && !/\$http_authorization/.test(value)
        ? KEEP
        : leave(
            'the gateway has one way to authenticate. Keep this line or $phantom_token_client_id, not both',
          );
    default:
      return KEEP;
  }
}

/** Ours ignores what could control nginx; the rest had an effect on the cache only. */
function verdictOnIgnored(args: readonly string[]): Verdict {
  return args.some((word) => /^(cache-control|expires)$/i.test(word))
    ? leave(
        'to keep tokens longer than the Cache-Control of the authorization server says, set $phantom_token_cache_control ignore and $phantom_token_cache_ttl in the protected locations; remove this line',
      )
    : DROP;
}

/** nginx verifies for the name in proxy_pass. */
function verdictOnPass({ args }: Directive, location: Location): Verdict {
  const host = /^https:\/\/(\[[^\]]*\]|[^/:$]+)/.exec(args[0] ?? '')?.[1];
  if (host === undefined || inForce(levelsOf(location), 'proxy_ssl_name').length > 0) return KEEP;
  const isAddress = isIP(host.replace(/[[\]]/g, '')) !== 0;
  return isAddress || isOtherName(host, location.server.configuration)
    ? leave(
        `the certificate of the authorization server is verified now, for the name ${host}. Unless it names that, add proxy_ssl_name with the name in the certificate`,
      )
    : KEEP;
}

/** An upstream whose servers are named otherwise. */
function isOtherName(name: string, { own }: Configuration): boolean {
  const upstream = named(own, 'upstream').find(({ args }) => args[0] === name);
  const servers = named(upstream?.block ?? [], 'server');
  return servers.length > 0 && servers.every(({ args }) => args[0]?.replace(/:\d+$/, '') !== name);
}

const CA = '/etc/ssl/certs/ca-certificates.crt';

function planCertificate(location: Location, { plan, texts }: Work): void {
  const pass = named(location.own, 'proxy_pass')[0];
  if (pass === undefined || !/^(https:|\$)/.test(pass.args[0] ?? '')) return;
  if (inForce(levelsOf(location), 'proxy_ssl_trusted_certificate').length > 0) return;
  const source = (texts.get(pass.file) ?? '').slice(pass.head.begin, pass.head.end);
  plan.replace(pass, [
    '# The certificate of the authorization server is verified here. If its CA is your own, name that.',
    `proxy_ssl_trusted_certificate ${CA};`,
    source,
  ]);
}

/** The lines that nginx takes only once, by name, with our values. */
function linesOfInclude(): Map<string, readonly string[]> {
  const lines = ['introspection_limits.conf', 'introspection.conf'].flatMap((file) =>
    parseDirectives(readFileSync(join(SNIPPETS, file), 'utf8'), file),
  );
  return new Map(
    lines.filter(({ name }) => !TAKEN_SEVERAL_TIMES.includes(name)).map(({ name, args }) => [name, args]),
  );
}

const TAKEN_SEVERAL_TIMES = ['proxy_set_header', 'set', 'if', 'error_page', 'proxy_ignore_headers'];
