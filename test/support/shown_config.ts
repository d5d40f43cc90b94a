// Runs a configuration that the documentation shows, unchanged except for what depends on the machine:
// paths of files, ports, and the authorization servers, which are replaced by scripted ones.
import { rootCertificates } from 'node:tls';
import type { ExecutionContext } from 'ava';
import pLimit from 'p-limit';
import { request } from 'undici';
import { httpDefaults, mainContext, type NginxProcess, startNginx } from '../../runtime/nginx_process.js';
import { codeBlocks } from './code_blocks.js';
import { SECRET_MARKS } from './gateway.js';
import { nextHost } from './hosts.js';
import { makeJwt } from './jwt.js';
import { readPages } from './pages.js';
import { jwt, type ScriptedServer, startScriptedServer } from './scripted_server.js';
import type { Setup } from './setups.js';
import { startUpstream } from './upstream.js';

const REPOSITORY = new URL('../../', import.meta.url);

export interface ShownConfig {
  /** The whole nginx.conf. */
  readonly config: string;
  readonly setup: Setup;
  /** The port of the test's API, which replaces the one at 127.0.0.1:8082. */
  readonly apiPort: number;
  /** The folder of script and snippets that the configuration names; default: made as the README says. */
  readonly folder?: string;
  /** Files beside nginx.conf, by name. */
  readonly files?: Record<string, string>;
  /** Loopback address of the gateway; default: one that no other test uses. */
  readonly host?: string;
  /** URLs of servers that the test has started itself, by their name in the configuration: in place of scripted ones. */
  readonly urls?: Record<string, string>;
  /** Changes the configuration after it was adapted to the machine. */
  readonly edit?: (config: string) => string;
}

export interface ShownGateway {
  /** URL of the server that listens on 8080. */
  readonly url: string;
  /** URL of the server that listens on 8090, if there is one. */
  readonly managementUrl: string;
  /** The scripted authorization server; `host` is its name in the configuration, needed if there are several. */
  as(host?: string): ScriptedServer;
  readonly nginx: NginxProcess;
}

/**
 * The one complete configuration of the set-up's mode in the README and the pages of docs, except docs/docker.md, which
 * test/image tests, and docs/check.md, whose configurations are wrong on purpose.
 */
export function configOf(setup: Setup): string {
  const folder = setup.mode === 'access' ? 'phantom_token' : 'phantom_token/auth_request';
  const configs = [...readPages()]
    .filter(([page]) => !['docs/docker.md', 'docs/check.md'].includes(page))
    .flatMap(([, text]) => codeBlocks(text, 'nginx'))
    .filter((text) => text.includes('http {') && text.includes(`include ${folder}/protect.conf;`));
  if (configs.length !== 1) throw new Error(`${configs.length} configurations are in ${setup.mode} mode`);
  return configs[0] as string;
}

/** AVA starts all tests of a file at once; this limits how many gateways run at a time. */
const inTurn = pLimit(8);

type Run = (gateway: ShownGateway) => Promise<void>;

/** Starts the gateway, calls `run`, and fails when nginx warned of something or logged a secret. */
export function runShown(t: ExecutionContext, shown: ShownConfig, run: Run): Promise<void> {
  return inTurn(() => runOnGateway(t, shown, run));
}

async function runOnGateway(t: ExecutionContext, shown: ShownConfig, run: Run): Promise<void> {
  const { host = nextHost(), urls = {} } = shown;
  const servers = await startAuthorizationServers(withUrls(shown.config, urls));
  try {
    const nginx = await startNginx({
      runtime: shown.setup.runtime,
      conf: (prefix) => fitToMachine(t, shown, prefix, host, servers),
      files: layout(shown),
    });
    try {
      await run({
        url: `http://${host}:8080`,
        managementUrl: `http://${host}:8090`,
        nginx,
        as: (name) => findServer(servers, name),
      });
      const logs = (await nginx.errorLog()) + (await nginx.accessLog());
      for (const mark of [...SECRET_MARKS, /\[(warn|emerg|alert)\]/]) t.notRegex(logs, mark);
    } catch (error) {
      t.log(await nginx.errorLog());
      throw error;
    } finally {
      await nginx.stop();
    }
  } finally {
    for (const server of servers.values()) await server.close();
  }
}

const JWT = makeJwt({ scope: 'read', exp: 4102444800 });

/** Fails unless `/api/` gives the API the JWT in place of a token, and refuses a request without one. */
export async function assertProtects(
  t: ExecutionContext,
  shown: Omit<ShownConfig, 'apiPort'>,
): Promise<void> {
  const api = await startUpstream();
  try {
    await runShown(t, { ...shown, apiPort: api.port }, async ({ url, as }) => {
      as().reply(jwt(JWT));
      const served = await request(`${url}/api/`, { headers: { authorization: 'Bearer opaque-1' } });
      t.is(served.statusCode, 200);
      t.is(api.requests[0]?.headers.authorization, `Bearer ${JWT}`);
      const refused = await request(`${url}/api/`);
      t.is(refused.statusCode, 401);
      t.is(refused.headers['www-authenticate'], 'Bearer realm="api", scope="read"');
      t.is(api.requests.length, 1);
    });
  } finally {
    await api.close();
  }
}

/**
 * The same configuration in auth_request mode: the lines that docs/auth_request.md says to change.
 * A configuration that is already in this mode stays unchanged.
 */
export function inModeOf(t: ExecutionContext, setup: Setup, config: string): string {
  if (setup.mode === 'access' || config.includes('auth_request/protect.conf')) return config;
  const zones: Change = [
    'include phantom_token/zones.conf;',
    `include phantom_token/${setup.zones};`,
    'may stay',
  ];
  if (!config.includes('phantom_token/protect.conf;')) return change(t, config, [zones]);
  const auth = 'include phantom_token/auth_request';
  const changes: Change[] = [
    zones,
    ['include phantom_token/protect.conf;', `${auth}/protect.conf;`],
    ['listen 8080;', `listen 8080; ${auth}/server.conf;`],
  ];
  return change(t, config, changes);
}

/** Settings that hold an identifier: it may look like a URL, but nothing connects to it. */
const IDENTIFIERS = /set \$phantom_token_(?:\w+_)?(?:issuer|audience) [^;]+;|X-Original-URL [^;]+;/g;

/** Also in identifiers, by which clients compare where they are. */
function withUrls(config: string, urls: Record<string, string>): string {
  return Object.entries(urls).reduce((text, [name, url]) => text.replaceAll(`https://${name}`, url), config);
}

/** One scripted server for each name in the configuration. */
async function startAuthorizationServers(config: string): Promise<Map<string, ScriptedServer>> {
  const addresses = config.replace(IDENTIFIERS, '');
  const names = new Set(
    [...addresses.matchAll(/https:\/\/(?!127\.)([\w.-]+)/g)].map((match) => match[1] ?? ''),
  );
  const servers = new Map<string, ScriptedServer>();
  for (const name of names) servers.set(name, await startScriptedServer());
  return servers;
}

function findServer(servers: Map<string, ScriptedServer>, name: string | undefined): ScriptedServer {
  const found = name === undefined && servers.size === 1 ? [...servers.values()][0] : servers.get(name ?? '');
  if (found === undefined) {
    throw new Error(`which authorization server? The configuration has ${[...servers.keys()].join(', ')}`);
  }
  return found;
}

function layout({ folder, files = {} }: ShownConfig): Record<string, string | URL> {
  return {
    ...(folder === undefined && FOLDER_OF_README),
    'ca.crt': rootCertificates[0] as string,
    ...files,
  };
}

/** The folder as the README's first step makes it. */
const FOLDER_OF_README = {
  phantom_token: new URL('nginx/', REPOSITORY),
  'phantom_token/phantom_token.js': new URL('dist/phantom_token.js', REPOSITORY),
};

function fitToMachine(
  t: ExecutionContext,
  { config, setup, apiPort, folder, urls = {}, edit = (text) => text }: ShownConfig,
  prefix: string,
  host: string,
  servers: Map<string, ScriptedServer>,
): string {
  const engine = setup.runtime.engines.length > 1 ? `js_engine ${setup.engine};` : '';
  const placeOfFolder: Change[] =
    folder === undefined ? [['/etc/nginx/phantom_token', `${prefix}/phantom_token`]] : [];
  const changes: Change[] = [
    [/load_module [^;]+;/, mainContext(setup.runtime)],
    ...placeOfFolder,
    ['/etc/ssl/certs/ca-certificates.crt', `${prefix}/ca.crt`],
    ['/run/secrets', prefix, 'may stay'],
    ['/var/log/nginx', 'logs', 'may stay'],
    ['listen 8080;', `listen ${host}:8080;`],
    [/listen 8090(?=[ ;])/, `listen ${host}:8090`, 'may stay'],
    ['127.0.0.1:8090', `${host}:8090`, 'may stay'],
    ['127.0.0.1:8082', `127.0.0.1:${apiPort}`],
    ['http {', `http { ${engine} ${httpDefaults()}`],
  ];
  const named = withUrls(config, urls);
  const fitted = change(t, named, changes.concat([...servers].flatMap(serverChanges(named))));
  t.notRegex(
    fitted.replace(/#.*/g, '').replace(IDENTIFIERS, ''), // comments may name other machines
    /https:(?!\/\/127\.)|:443\b|\/etc\//,
    'the configuration names something that is not on this machine',
  );
  return edit(fitted);
}

/** An upstream block of that name keeps its name, and gets another address. */
function serverChanges(config: string): (entry: [string, ScriptedServer]) => Change[] {
  return ([name, { port, url }]) => {
    const inUpstream = new RegExp(`server ${name}:\\d+`);
    return inUpstream.test(config)
      ? [
          [inUpstream, `server 127.0.0.1:${port}`],
          [new RegExp(`(?<!(?:issuer|audience) )https://${name}`), `http://${name}`],
        ]
      : [[`https://${name}`, url]];
  };
}

type Change = [from: string | RegExp, to: string, unchanged?: 'may stay'];

/** Fails when there is nothing to change: then the documentation has changed and this file must follow. */
function change(t: ExecutionContext, config: string, changes: Change[]): string {
  let text = config;
  for (const [from, to, unchanged] of changes) {
    const pattern = typeof from === 'string' ? from : new RegExp(from, 'g');
    const changed = text.replaceAll(pattern, () => to);
    if (unchanged === undefined) t.not(changed, text, `the configuration has no ${from}`);
    text = changed;
  }
  return text;
}
