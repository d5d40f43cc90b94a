// nginx.conf of a run: five kinds of protected locations, as a user writes them, with times that are short enough for a run.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { httpDefaults, mainContext } from '../../runtime/nginx_process.js';
import type { Setup } from '../support/setups.js';
import { ORIGIN } from './clients.js';
import type { Limits, Way } from './events.js';
import { CLIENT_ID, CLIENT_SECRET } from './secrets.js';

const SNIPPETS = fileURLToPath(new URL('../../nginx', import.meta.url));
const LIMITS_CONF = readFileSync(`${SNIPPETS}/introspection_limits.conf`, 'utf8');

/** What the configuration says, and what follows from it. */
export const LIMITS: Limits = {
  cacheTtlMs: 4000,
  negativeTtlMs: 2000,
  staleMs: 6000,
  introspectionTimeoutMs: 3000,
  readTimeoutMs: 450,
  keysMs: 360_000,
  keysPauseMs: 30_000,
  slackMs: 1000,
  recoveryMs: 4000,
};

export const PORT = 8080;
/** Where the other nginx of forward auth asks. */
const AUTH_PORT = 8081;
const WORKERS = 2;
/** So few that a worker has them all after a minute, and that others are made and ended all the time. */
const KEPT_CONTEXTS = 4;

/** By which libfaketime is told what to do; nginx hands on no others to its workers. */
export const CLOCK_VARIABLES = [
  'FAKETIME_TIMESTAMP_FILE',
  'FAKETIME_NO_CACHE',
  'FAKETIME_DONT_FAKE_MONOTONIC',
  'FAKETIME_DISABLE_SHM',
];

export interface Place {
  readonly setup: Setup;
  readonly host: string;
  readonly server: { readonly host: string; readonly port: number };
  readonly api: { readonly host: string; readonly port: number };
  /** The texts of the script, between which a reload changes. */
  readonly scripts: readonly [string, string];
  /** libfaketime; undefined where the clock is not stepped. */
  readonly faketime: string | undefined;
}

/** @param grown  names of the zones that are larger than usual */
export function nginxConf(
  { setup, host, server, api, faketime }: Place,
  prefix: string,
  grown: ReadonlySet<string>,
): string {
  const isAccess = setup.mode === 'access';
  const folder = isAccess ? SNIPPETS : `${SNIPPETS}/auth_request`;
  const protect = `include ${folder}/protect.conf;`;
  const zones = readFileSync(`${SNIPPETS}/${setup.zones}`, 'utf8')
    .replace(/^# (js_shared_dict_zone zone=phantom_token_metrics)/m, '$1')
    .replace(/zone=(\w+):(\d+)m/g, (_, name, megabytes) => {
      return `zone=${name}:${Number(megabytes) + (grown.has(name) ? 1 : 0)}m`;
    });
  const way = (name: Way, settings = '') => `
    location /${name}/ {
      set $phantom_token on;
      set $phantom_token_introspection_parameters way=${name};
      ${settings}
      ${protect}
      proxy_set_header Connection "";
      proxy_pass http://api;
    }`;
  const ttl = `set $phantom_token_cache_ttl ${LIMITS.cacheTtlMs / 1000};`;
  const settings = `
    set $phantom_token_introspection_endpoint /introspect;
    set $phantom_token_negative_cache_ttl ${LIMITS.negativeTtlMs / 1000};
    set $phantom_token_introspection_timeout ${LIMITS.introspectionTimeoutMs / 1000};`;
  const introspection = `
    location = /introspect {
      ${LIMITS_CONF.replace(/(_timeout) \d+s;/g, '$1 700ms;')}
      set $phantom_introspection_limit 3;
      include ${SNIPPETS}/introspection.conf;
      proxy_set_header Authorization "Basic ${Buffer.from(`${CLIENT_ID}:${CLIENT_SECRET}`).toString('base64')}";
      proxy_pass http://login;
    }`;
  return `
${mainContext(setup.runtime, { workers: WORKERS })}
worker_shutdown_timeout 5s;
${faketime === undefined ? '' : CLOCK_VARIABLES.map((name) => `env ${name};`).join(' ')}
events { worker_connections 4096; }
http {
  ${httpDefaults()}
  ${setup.runtime.engines.length > 1 ? `js_engine ${setup.engine};` : ''}
  ${setup.engine === 'qjs' ? `js_context_reuse ${KEPT_CONTEXTS};` : ''}
  variables_hash_bucket_size 128;
  log_format chaos '$msec $pid $uri $status "$phantom_token_cache_status" "$phantom_token_reason" $request_time';
  access_log logs/access.log chaos;
  js_path ${prefix}/js;
  ${zones}
  include ${SNIPPETS}/http.conf;
  upstream api { server ${api.host}:${api.port}; keepalive 32; }
  upstream login { server ${server.host}:${server.port}; keepalive 16; }
  upstream gateway { server ${host}:${AUTH_PORT}; keepalive 16; }
  proxy_http_version 1.1;
  server {
    listen ${host}:${PORT};
    http2 on;
    server_name gateway.chaos;
    keepalive_requests 500;
    ${isAccess ? '' : `include ${folder}/server.conf;`}
    ${settings}
    # The default TTL, which a hit looks at in another way than at one that is set: here the server's max-age is what ends records.
    ${way('plain')}
    ${way('stale', `${ttl} set $phantom_token_stale_if_error ${LIMITS.staleMs / 1000};`)}
    ${way('signed', `${ttl} set $phantom_token_jwks /keys;`)}
    ${way('bound', `${ttl} set $phantom_token_sender_constraint verify; set $phantom_token_dpop_origin ${ORIGIN};`)}
    location /forward/ {
      auth_request /_gateway;
      auth_request_set $gateway_jwt $upstream_http_authorization;
      auth_request_set $gateway_status $upstream_status;
      error_page 401 = @gateway_401;
      error_page 500 = @gateway_5xx;
      proxy_set_header Authorization $gateway_jwt;
      proxy_set_header DPoP "";
      proxy_set_header Connection "";
      proxy_pass http://api;
    }
    location = /_gateway {
      internal;
      proxy_pass_request_body off;
      proxy_set_header Content-Length "";
      proxy_set_header Connection "";
      proxy_set_header X-Original-Method $request_method;
      proxy_set_header X-Original-URL ${ORIGIN}$request_uri;
      proxy_pass http://gateway/auth;
    }
    location @gateway_401 { return 401; }
    location @gateway_5xx {
      if ($gateway_status = 503) { return 503; }
      if ($gateway_status = 504) { return 504; }
      if ($gateway_status = 500) { return 500; }
      return 502;
    }
    ${introspection}
    location = /keys { include ${SNIPPETS}/jwks.conf; proxy_pass http://login; }
    location = /purge { js_content phantom_token.purge; }
    location = /metrics { access_log off; js_content phantom_token.metrics; }
  }
  server {
    listen ${host}:${AUTH_PORT};
    server_name gateway.chaos;
    access_log off;
    ${settings}
    location = /auth {
      set $phantom_token on;
      set $phantom_token_introspection_parameters way=forward;
      ${ttl}
      include ${SNIPPETS}/forward_auth.conf;
    }
    ${introspection}
  }
}`;
}
