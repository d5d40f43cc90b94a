// What is compared: one row of the table for each gateway.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { INTROSPECTION } from './backends.js';
import { CERTIFICATE, ORIGIN } from './bound.js';
import { AUDIENCE, JWT, SCOPES, SIZED_JWT_LENGTHS } from './jwt.js';
import { type BenchAlgorithm, keySetOf, PRIVATE_KEYS } from './signatures.js';

const REPOSITORY = fileURLToPath(new URL('../', import.meta.url));
const SNIPPETS = `${REPOSITORY}nginx`;

export type WorkloadName = 'hot' | 'many' | 'miss' | 'denied' | 'policy';
export type RuntimeName = 'modern' | 'legacy';

/**
 * Who asks the row: a client that wants the API, one that proves to hold a key, another proxy that may pass a request on, or a
 * gateway that has a token.
 */
export type AskedBy = 'client' | 'key_holder' | 'proxy' | 'gateway';

/** Whether the API is asked for anything. */
export function asksApi(row: Pick<Row, 'askedBy'>): boolean {
  return row.askedBy === undefined || row.askedBy === 'key_holder';
}

/**
 * What the API finds in Authorization, or who asks in the answer: `jwt` is that of every row, `other` one of the row's own.
 */
export type Forwards = 'token' | 'jwt' | 'other';

/** Whether the API received what the row forwards. */
export function isForwarded(row: Row, token: string, received: string): boolean {
  switch (row.forwards) {
    case 'token':
      return received === `Bearer ${token}`;
    case 'jwt':
      return received === `Bearer ${JWT}`;
    case 'other':
      return /^Bearer eyJ[\w-]+\.[\w-]+\.[\w-]+$/.test(received) && received !== `Bearer ${JWT}`;
  }
}

export interface Row {
  /** As `--rows` takes it, and as results name it. */
  readonly name: string;
  readonly title: string;
  readonly runtime: RuntimeName;
  readonly workloads: readonly WorkloadName[];
  readonly forwards: Forwards;
  /** The row of the same nginx that does nothing but proxy; itself for that row. */
  readonly bare: string;
  /** Whether the gateway asks the authorization server, remembers answers, and refuses inactive tokens. */
  readonly introspects: boolean;
  /** Left out for a client. */
  readonly askedBy?: Exclude<AskedBy, 'client'>;
  /** A further module to load. */
  readonly modulePath?: string;
  /** Lines of http. */
  http(words: RowWords): string;
  /** Files beside nginx.conf: texts by path, or files to copy. */
  readonly files?: Record<string, string | URL>;
}

/** What a row's configuration is written with; `api` and `login.bench` are upstreams that it may name. */
export interface RowWords {
  readonly listen: string;
  /** Folder of the gateway's files. */
  readonly prefix: string;
  /** Size of the zone of active tokens, as nginx takes it. */
  readonly zoneSize: string;
}

/** Paths of the gateway: the token is introspected as active, inactive, held against a policy, active but slowly. */
export const PATHS = { active: '/', denied: '/denied/', policy: '/policy/', slow: '/slow/' } as const;

const PROXY = 'proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass http://api;';
const CLIENT = 'proxy_set_header Authorization "Basic Z2F0ZXdheS1jbGllbnQ6Z2F0ZXdheS1zZWNyZXQ=";';
/** How long a rejected token is remembered: however slow the machine, what is counted fits in. */
const REJECTED_SEC = 60;
const REMEMBERED = `set $phantom_token_negative_cache_ttl ${REJECTED_SEC};`;
const ALL: readonly WorkloadName[] = ['hot', 'many', 'miss', 'denied', 'policy'];
/** The whole herd of herd.ts. */
const HERD_WAITS = 'set $phantom_token_max_waiting 1000;';
const BUNDLE = new URL('../dist/phantom_token.js', import.meta.url);

type Engine = 'njs' | 'qjs';

const EMPTY_SCRIPT = 'function access(r) {}\nexport default { access };\n';
const EMPTY_IN_BUNDLE = `import phantom_token from 'phantom_token.js';\n${EMPTY_SCRIPT.replace('{ access }', '{ access, bundled: phantom_token.access }')}`;

export const ROWS: readonly Row[] = [
  bareRow('bare', 'bare `proxy_pass`', 'modern'),
  {
    name: 'floor',
    title: '`proxy_pass` with a constant JWT in Authorization',
    runtime: 'modern',
    workloads: ['hot'],
    forwards: 'jwt',
    bare: 'bare',
    introspects: false,
    http: (words) => server(words, `location / { proxy_set_header Authorization "Bearer ${JWT}"; ${PROXY} }`),
  },
  emptyRow('empty-njs', 'empty js_access handler, njs', 'njs', EMPTY_SCRIPT),
  emptyRow('empty-qjs', 'empty js_access handler, QuickJS', 'qjs', EMPTY_SCRIPT),
  emptyRow('empty-bundle-njs', 'empty handler in our bundle, njs', 'njs', EMPTY_IN_BUNDLE),
  emptyRow('empty-bundle-qjs', 'empty handler in our bundle, QuickJS', 'qjs', EMPTY_IN_BUNDLE),
  {
    name: 'stock',
    title: 'stock `auth_request` + `proxy_cache`',
    runtime: 'modern',
    workloads: ['hot', 'many', 'miss', 'denied'],
    forwards: 'jwt',
    bare: 'bare',
    introspects: true,
    http: stockHttp,
  },
  accessRow('access-njs', 'access mode, njs', 'njs'),
  accessRow('access-qjs', 'access mode, QuickJS', 'qjs'),
  authRequestRow('auth-request-njs', 'auth_request mode, njs', 'modern', 'njs'),
  authRequestRow('auth-request-qjs', 'auth_request mode, QuickJS', 'modern', 'qjs'),
  askedRow('forward-auth-njs', 'forward auth, njs', 'njs', 'proxy'),
  askedRow('forward-auth-qjs', 'forward auth, QuickJS', 'qjs', 'proxy'),
  askedRow('introspection-cache-njs', 'introspection cache, njs', 'njs', 'gateway'),
  askedRow('introspection-cache-qjs', 'introspection cache, QuickJS', 'qjs', 'gateway'),
  mintRow('mint-es256-njs', 'signs ES256, njs', 'njs', 'ES256'),
  mintRow('mint-es256-qjs', 'signs ES256, QuickJS', 'qjs', 'ES256'),
  mintRow('mint-rs256-njs', 'signs RS256, njs', 'njs', 'RS256'),
  mintRow('mint-rs256-qjs', 'signs RS256, QuickJS', 'qjs', 'RS256'),
  verifyRow('verify-es256-njs', 'verifies ES256, njs', 'njs', 'ES256'),
  verifyRow('verify-es256-qjs', 'verifies ES256, QuickJS', 'qjs', 'ES256'),
  verifyRow('verify-rs256-njs', 'verifies RS256, njs', 'njs', 'RS256'),
  verifyRow('verify-rs256-qjs', 'verifies RS256, QuickJS', 'qjs', 'RS256'),
  dpopRow('dpop-njs', 'token bound to a key, ES256 proof, njs', 'njs'),
  dpopRow('dpop-qjs', 'token bound to a key, ES256 proof, QuickJS', 'qjs'),
  mtlsRow('mtls-njs', 'token bound to a certificate, njs', 'njs'),
  mtlsRow('mtls-qjs', 'token bound to a certificate, QuickJS', 'qjs'),
  bareRow('bare-legacy', 'bare `proxy_pass`, old nginx', 'legacy'),
  authRequestRow('auth-request-legacy', 'auth_request mode, njs 0.8', 'legacy', undefined),
];

/** The row with another number of contexts that QuickJS keeps for later requests; 128 are njs's default. */
export function withContextReuse(row: Row, contexts: number): Row {
  return {
    ...row,
    name: `${row.name}-reuse-${contexts}`,
    title: `${row.title}, \`js_context_reuse ${contexts}\``,
    http: (words) => `js_context_reuse ${contexts};${row.http(words)}`,
  };
}

/**
 * A row of the reader's own.
 * @param config  lines of http with `{{listen}}` where a server listens; see bench/README.md
 */
export function customRow(config: string, modulePath: string | undefined): Row {
  return {
    name: 'custom',
    title: 'the given configuration',
    runtime: 'modern',
    workloads: ALL.filter((name) => isServedBy(config, name)),
    forwards: 'jwt',
    bare: 'bare',
    introspects: true,
    ...(modulePath !== undefined && { modulePath }),
    http: ({ listen, prefix }) => config.replaceAll('{{listen}}', listen).replaceAll('{{prefix}}', prefix),
  };
}

function isServedBy(config: string, workload: WorkloadName): boolean {
  return workload === 'denied' || workload === 'policy' ? config.includes(PATHS[workload]) : true;
}

function bareRow(name: string, title: string, runtime: RuntimeName): Row {
  return {
    name,
    title,
    runtime,
    workloads: ALL,
    forwards: 'token',
    bare: name,
    introspects: false,
    http: (words) => server(words, `location / { ${PROXY} }`),
  };
}

function emptyRow(name: string, title: string, engine: Engine, script: string): Row {
  return {
    name,
    title,
    runtime: 'modern',
    workloads: ['hot'],
    forwards: 'token',
    bare: 'bare',
    introspects: false,
    files: { 'js/empty.js': script, 'js/phantom_token.js': BUNDLE },
    http: (words) => `
  js_engine ${engine};
  js_path ${words.prefix}/js;
  js_import empty from empty.js;
  ${server(words, `location / { js_access empty.access; ${PROXY} }`)}`,
  };
}

function accessRow(name: string, title: string, engine: Engine): Row {
  return {
    ...ourRow(name, title, 'modern'),
    http: (words) => ourHttp(words, engine, 'zones.conf', '', `include ${SNIPPETS}/protect.conf;`),
  };
}

function authRequestRow(name: string, title: string, runtime: RuntimeName, engine: Engine | undefined): Row {
  const zones = runtime === 'legacy' ? 'zones_njs_0.8.conf' : 'zones.conf';
  const top = `include ${SNIPPETS}/auth_request/server.conf;`;
  return {
    ...ourRow(name, title, runtime),
    http: (words) => ourHttp(words, engine, zones, top, `include ${SNIPPETS}/auth_request/protect.conf;`),
  };
}

/** A location that others ask. */
function askedRow(name: string, title: string, engine: Engine, askedBy: 'proxy' | 'gateway'): Row {
  const file = askedBy === 'proxy' ? 'forward_auth.conf' : 'introspection_cache.conf';
  return {
    ...ourRow(name, title, 'modern'),
    workloads: ['hot', 'many'],
    askedBy,
    http: (words) => `
  js_engine ${engine};
  variables_hash_bucket_size 128;
  js_path ${REPOSITORY}dist;
  ${zonesOfSize('zones.conf', words.zoneSize)}
  include ${SNIPPETS}/http.conf;
  ${server(
    words,
    `location ${PATHS.active} {
      set $phantom_token on;
      set $phantom_token_introspection_endpoint /introspect;
      include ${SNIPPETS}/${file};
    }
    ${introspectionLocation('/introspect', INTROSPECTION.active)}`,
  )}`,
  };
}

/** Access mode; the authorization server answers JSON, and the gateway signs. */
function mintRow(name: string, title: string, engine: Engine, alg: BenchAlgorithm): Row {
  const settings = (prefix: string) => `
      set $phantom_token_mint missing;
      set $phantom_token_mint_key_file ${prefix}/mint.pem;
      set $phantom_token_mint_issuer https://gateway.bench;`;
  return {
    ...signatureRow(name, title, engine, INTROSPECTION.json, settings, ''),
    files: { 'mint.pem': PRIVATE_KEYS[alg] },
  };
}

/** Access mode; the gateway verifies the authorization server's JWT. */
function verifyRow(name: string, title: string, engine: Engine, alg: BenchAlgorithm): Row {
  const keys = `location = /keys { include ${SNIPPETS}/jwks.conf; return 200 '${keySetOf(alg)}'; }`;
  const settings = () => 'set $phantom_token_jwks /keys;';
  return signatureRow(name, title, engine, INTROSPECTION.signed(alg), settings, keys);
}

/** Access mode; the client proves each request with a key. */
function dpopRow(name: string, title: string, engine: Engine): Row {
  const settings = () => `
      set $phantom_token_sender_constraint verify;
      set $phantom_token_dpop_origin ${ORIGIN};`;
  return {
    ...signatureRow(name, title, engine, INTROSPECTION.bound('key'), settings, ''),
    workloads: ['hot'],
    askedBy: 'key_holder',
  };
}

/** Access mode; a TLS terminator in front has handed the client's certificate over. */
function mtlsRow(name: string, title: string, engine: Engine): Row {
  const settings = () => `
      set $phantom_token_sender_constraint verify;
      set $phantom_token_caller_certificate ${CERTIFICATE};`;
  return {
    ...signatureRow(name, title, engine, INTROSPECTION.bound('certificate'), settings, ''),
    workloads: ['hot'],
  };
}

function signatureRow(
  name: string,
  title: string,
  engine: Engine,
  remotePath: string,
  settings: (prefix: string) => string,
  locations: string,
): Row {
  return {
    ...ourRow(name, title, 'modern'),
    workloads: ['miss'],
    forwards: 'other',
    http: (words) => `
  js_engine ${engine};
  js_path ${REPOSITORY}dist;
  ${zonesOfSize('zones.conf', words.zoneSize)}
  include ${SNIPPETS}/http.conf;
  ${server(
    words,
    `${protectedLocation(PATHS.active, '/introspect', settings(words.prefix))}
    ${introspectionLocation('/introspect', remotePath)}
    ${locations}`,
  )}`,
  };
}

function ourRow(name: string, title: string, runtime: RuntimeName): Omit<Row, 'http'> {
  return {
    name,
    title,
    runtime,
    workloads: ALL,
    forwards: 'jwt',
    bare: runtime === 'legacy' ? 'bare-legacy' : 'bare',
    introspects: true,
  };
}

/** @param engine  undefined where nginx knows one engine only, and no directive */
function ourHttp(
  words: RowWords,
  engine: Engine | undefined,
  zones: string,
  serverTop: string,
  protect: string,
): string {
  const policy = `set $phantom_token_required_scopes "${SCOPES}"; set $phantom_token_audience "${AUDIENCE}";`;
  return `
  ${engine === undefined ? '' : `js_engine ${engine};`}
  variables_hash_bucket_size 128;
  js_path ${REPOSITORY}dist;
  ${zonesOfSize(zones, words.zoneSize)}
  include ${SNIPPETS}/http.conf;
  ${server(
    words,
    `${serverTop}
    ${protectedLocation(PATHS.active, '/introspect', '', protect)}
    ${protectedLocation(PATHS.policy, '/introspect', policy, protect)}
    ${protectedLocation(PATHS.denied, '/introspect_inactive', REMEMBERED, protect)}
    ${introspectionLocation('/introspect', INTROSPECTION.active)}
    ${protectedLocation(PATHS.slow, '/introspect_slowly', HERD_WAITS, protect)}
    ${introspectionLocation('/introspect_inactive', INTROSPECTION.inactive)}
    ${introspectionLocation('/introspect_slowly', INTROSPECTION.slow)}`,
  )}`;
}

/** Path of the scale row's figures, and those where a token stands for a JWT of that length. */
export const METRICS = '/metrics';
export const sizedPath = (length: number) => `/sized/${length}/`;

/**
 * Access mode on the default engine with as much memory as is wanted, for what depends on the number of tokens.
 * @param cacheTtlSec  how long records live
 */
export function scaleRow(cacheTtlSec: number): Row {
  const ttl = `set $phantom_token_cache_ttl ${cacheTtlSec};`;
  const sized = SIZED_JWT_LENGTHS.map(
    (length) => `
    ${protectedLocation(sizedPath(length), `/introspect_${length}`, '')}
    ${introspectionLocation(`/introspect_${length}`, INTROSPECTION.sized(length))}`,
  );
  return {
    ...ourRow('scale', 'access mode, njs', 'modern'),
    http: (words) => `
  variables_hash_bucket_size 128;
  js_path ${REPOSITORY}dist;
  ${zonesOfSize('zones.conf', words.zoneSize)}
  include ${SNIPPETS}/http.conf;
  ${server(
    words,
    `location = ${METRICS} { js_content phantom_token.metrics; }
    ${protectedLocation(PATHS.active, '/introspect', ttl)}
    ${introspectionLocation('/introspect', INTROSPECTION.active)}
    ${sized.join('')}`,
  )}`,
  };
}

/** A location as the README shows it. */
function protectedLocation(
  path: string,
  endpoint: string,
  settings: string,
  protect = `include ${SNIPPETS}/protect.conf;`,
): string {
  return `location ${path} {
      set $phantom_token on;
      set $phantom_token_introspection_endpoint ${endpoint};
      ${settings}
      ${protect}
      ${PROXY}
    }`;
}

/** The internal location that asks the authorization server, as the README shows it. */
function introspectionLocation(path: string, remotePath: string): string {
  return `location = ${path} {
      include ${SNIPPETS}/introspection_limits.conf;
      include ${SNIPPETS}/introspection.conf; ${CLIENT}
      proxy_pass http://login.bench${remotePath};
    }`;
}

/** The shipped zones file with room for the run's tokens, and for its proofs. */
function zonesOfSize(file: string, size: string): string {
  return readFileSync(`${SNIPPETS}/${file}`, 'utf8')
    .replace(/(zone=phantom_token):\w+/, `$1:${size}`)
    .replace(/(zone=phantom_token_proofs):\w+/, '$1:256m');
}

function server({ listen }: RowWords, lines: string): string {
  return `server {
    listen ${listen} backlog=4096;
    server_name gateway.bench;
    access_log off;
    keepalive_requests 1000000000;
    ${lines}
  }`;
}

/**
 * What one would build of stock nginx alone. Its limits are part of the row: the JWT has to come in a header, because
 * nginx cannot take a body into a variable; scopes and audience are not looked at; the cache is on disk, its key is
 * the token in clear, and one token is asked about once at a time (proxy_cache_lock).
 */
function stockHttp(words: RowWords): string {
  const location = (path: string, endpoint: string) => `
    location ${path} {
      auth_request ${endpoint};
      auth_request_set $jwt $upstream_http_x_jwt;
      proxy_set_header Authorization "Bearer $jwt";
      ${PROXY}
    }`;
  const introspection = (path: string, remotePath: string) => `
    location = ${path} {
      internal;
      proxy_cache tokens;
      proxy_cache_key "$uri $http_authorization";
      proxy_cache_lock on;
      proxy_cache_valid 401 ${REJECTED_SEC}s;
      proxy_pass_request_headers off;
      proxy_method POST;
      proxy_set_body "token=$bearer_token";
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Content-Type "application/x-www-form-urlencoded";
      ${CLIENT}
      proxy_pass http://login.bench${remotePath};
    }`;
  return `
  proxy_cache_path ${words.prefix}/cache levels=1:2 keys_zone=tokens:64m max_size=4g inactive=1h use_temp_path=off;
  map $http_authorization $bearer_token { default ""; "~*^Bearer +([A-Za-z0-9._~+/-]+=*)$" $1; }
  ${server(
    words,
    `${location('/', '/introspect')}
    ${location(PATHS.denied, '/introspect_inactive')}
    ${introspection('/introspect', INTROSPECTION.activeInHeader)}
    ${location(PATHS.slow, '/introspect_slowly')}
    ${introspection('/introspect_inactive', INTROSPECTION.inactiveInHeader)}
    ${introspection('/introspect_slowly', INTROSPECTION.slowInHeader)}`,
  )}`;
}
