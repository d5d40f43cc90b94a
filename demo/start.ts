/** The demo: an authorization server, an API and the gateway between them on this machine, and a walk. */
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { access, readFile } from 'node:fs/promises';
import http, { type Server } from 'node:http';
import { closeServer, listenLocally } from '../runtime/local_http.js';
import {
  freePort,
  type NginxBinary,
  NginxError,
  type NginxProcess,
  startNginx,
} from '../runtime/nginx_process.js';
import { moduleAndUser, resolveNginx } from '../runtime/nginx_runtime.mjs';
import { startApi } from './api.js';
import { type AuthorizationServer, RESOURCE, startAuthorizationServer } from './authorization_server.js';
import {
  DEFAULT_PORTS,
  DEFAULT_SERVER,
  type DemoOptions,
  PORT_OPTIONS,
  type Ports,
  type Role,
  type ServerName,
} from './command_line.mjs';
import { type Control, readFacts, startControl } from './control.js';
import { type Demo, walk } from './walk.js';
import { boundCommand, dpopSteps } from './walk_dpop.js';

const SCRIPT = new URL('../dist/phantom_token.js', import.meta.url);

/** The further lines of the gateway's configuration for each authorization server. */
const SERVER_CONFS: Record<ServerName, string[]> = {
  jwt: [],
  json: ['server_json.conf'],
  rfc9701: ['server_rfc9701.conf'],
};
const DPOP_CONF = 'server_dpop.conf';
const ANSWERS: Record<ServerName, string> = {
  jwt: 'with the JWT',
  json: 'with JSON',
  rfc9701: 'by RFC 9701',
};

const ROLES = Object.keys(DEFAULT_PORTS) as Role[];
const NAMES: Record<Role, string> = {
  gateway: 'the gateway',
  authorizationServer: 'the authorization server',
  api: 'the API',
};

/** A problem that the user can solve; printed without a stack. */
class DemoProblem extends Error {}

/** Stops what was started; called in the opposite order. */
export type Stops = (() => Promise<void>)[];

export interface StartedDemo extends Demo {
  nginx: NginxProcess;
  control: Control;
}

/**
 * Starts the three servers, runs the walk, and stops the servers after the walk or at Ctrl-C.
 * @returns the exit code: 0 when every step succeeded, 130 after an interruption, else 1
 */
export async function runDemo(options: DemoOptions): Promise<number> {
  const interruption = interruptionSignal();
  const stops: Stops = [];
  try {
    const demo = await startDemo(options, stops, interruption);
    const passed = await walk(demo, interruption, options.dpop ? dpopSteps() : []);
    demo.control.openToAll();
    if (!passed) await showErrorLog(demo.nginx);
    if (!options.once) await invite(demo, options.dpop, interruption);
    return passed ? 0 : 1;
  } catch (error) {
    if (interruption.aborted) return 130;
    if (!(error instanceof DemoProblem || error instanceof NginxError)) throw error;
    console.error(`\n${error.message}`);
    return 1;
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

/** Aborted by Ctrl-C and similar signals. The handlers stay, because npm sends a second signal. */
function interruptionSignal(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => controller.abort());
  }
  return controller.signal;
}

/**
 * Starts the three servers and the page.
 * @param stops gets what stops them, also if the start fails
 */
export async function startDemo(
  options: DemoOptions,
  stops: Stops,
  interruption: AbortSignal,
): Promise<StartedDemo> {
  const { ports, server } = options;
  const runtime = await resolveNginx('modern', { fetch: false });
  if ('problem' in runtime) throw new DemoProblem(`${runtime.problem}\n${runtime.advice}.`);
  await access(SCRIPT).catch(() => {
    throw new DemoProblem('dist/phantom_token.js does not exist. Build it: npm run build');
  });
  await checkPorts(options);
  console.log(`njs-phantom-token on nginx ${runtime.nginxVersion} with njs ${runtime.njsVersion}\n`);

  const authorizationServer = await startAuthorizationServer({
    port: ports.authorizationServer,
    answers: server,
  });
  stops.push(authorizationServer.close);
  interruption.throwIfAborted();

  const gatewayPort = ports.gateway || (await freePort());
  const gatewayUrl = `http://127.0.0.1:${gatewayPort}`;
  // Who signs what the API receives has its keys at /jwks.
  const signingRole = server === 'jwt' ? 'authorizationServer' : 'gateway';
  const signer = signingRole === 'gateway' ? gatewayUrl : authorizationServer.issuer;
  const jwksUrl = new URL('/jwks', signer);
  const api = await startApi({
    port: ports.api,
    jwks: jwksUrl,
    issuer: signer,
    audience: RESOURCE,
    typ: 'at+jwt',
  });
  stops.push(api.close);
  interruption.throwIfAborted();

  const chosen = { gateway: gatewayPort, authorizationServer: authorizationServer.port, api: api.port };
  const facts = readFacts(await readConf('nginx.conf'), { ...runtime, server });
  const control = await startControl(facts, authorizationServer, api);
  stops.push(control.close);
  const further = [...SERVER_CONFS[server], ...(options.dpop ? [DPOP_CONF] : [])];
  const nginx = await startGateway(runtime, further, chosen, control.port);
  // The page's connection for events ends first; nginx would wait for it.
  stops.splice(-1, 0, nginx.stop);
  interruption.throwIfAborted();
  await control.followLog(`${nginx.prefix}/logs/access.log`);

  if (!options.once) {
    console.log(`  Open ${gatewayUrl}/ in a browser. Its buttons work as soon as this walk has ended.\n`);
  }
  const confs = ['nginx.conf', ...further].map((name) => `demo/${name}`);
  const gateway = `  gateway               ${gatewayUrl}   nginx: `;
  console.log(gateway + confs.join(`,\n${' '.repeat(gateway.length)}`));
  const answers = `answers introspections ${ANSWERS[server]}`;
  console.log(`  authorization server  ${authorizationServer.url}   opaque tokens; ${answers}`);
  console.log(`  API                   ${api.url}   takes JWTs that ${NAMES[signingRole]} signed`);
  console.log('\nTimes are measured by the client, and include the time of the API.');
  return { gatewayUrl, authorizationServer, api, nginx, control, signer, jwksUrl };
}

/**
 * Tries the ports before anything starts, so that one message names all ports that cannot be used.
 * @throws {DemoProblem} which also names options that work
 */
async function checkPorts({ ports, server: answers, once, dpop }: DemoOptions): Promise<void> {
  const held: Server[] = [];
  const problems: string[] = [];
  const options = once ? ['--once'] : [];
  if (answers !== DEFAULT_SERVER) options.push(`--server ${answers}`);
  if (dpop) options.push('--dpop');
  for (const role of ROLES) {
    const server = http.createServer();
    const problem = await listenLocally(server, ports[role]).then(() => undefined, portProblem);
    if (problem === undefined) {
      held.push(server); // kept until all ports are tried
      if (ports[role] !== DEFAULT_PORTS[role]) options.push(`${PORT_OPTIONS[role]} ${ports[role]}`);
    } else {
      const other = ROLES.slice(0, ROLES.indexOf(role)).find((before) => ports[before] === ports[role]);
      const reason = other === undefined ? problem : `is also the port of ${NAMES[other]}`;
      problems.push(`Port ${ports[role]}, for ${NAMES[role]}, ${reason}.`);
      options.push(`${PORT_OPTIONS[role]} 0`);
    }
  }
  await Promise.all(held.map(closeServer));
  if (problems.length === 0) return;
  throw new DemoProblem(`${problems.join('\n')}\n\nThis uses free ports: npm start -- ${options.join(' ')}`);
}

/** What is wrong with the port; rethrows any other error. */
function portProblem(error: NodeJS.ErrnoException): string {
  if (error.code === 'EADDRINUSE') return 'is taken';
  if (error.code === 'EACCES') return 'may not be used by you';
  throw error;
}

/** @param confs names of files that nginx.conf includes, beside those of the page */
async function startGateway(
  runtime: NginxBinary,
  confs: string[],
  ports: Ports,
  controlPort: number,
): Promise<NginxProcess> {
  const [conf, ...further] = await Promise.all(
    ['nginx.conf', 'page.conf', ...confs].map(async (name) => ({ name, text: await readConf(name) })),
  );
  const fitted = (text: string) => (prefix: string) =>
    fitToMachine(text.replace('127.0.0.1:8083', `127.0.0.1:${controlPort}`), runtime, ports, prefix);
  return startNginx({
    runtime,
    conf: fitted(conf?.text ?? ''),
    files: {
      phantom_token: new URL('../nginx/', import.meta.url),
      'phantom_token/phantom_token.js': SCRIPT,
      page: new URL('page/', import.meta.url),
      'secrets/gateway_client_secret.txt': new URL('gateway_client_secret.txt', import.meta.url),
      'secrets/mint_key.pem': newMintKey(),
      ...Object.fromEntries(further.map(({ name, text }) => [name, fitted(text)])),
    },
  });
}

function readConf(name: string): Promise<string> {
  return readFile(new URL(name, import.meta.url), 'utf8');
}

/** The text with the path of this machine's njs module, with the folder of the secrets, and with these ports. */
function fitToMachine(text: string, runtime: NginxBinary, ports: Ports, prefix: string): string {
  const portOf = new Map(ROLES.map((role) => [DEFAULT_PORTS[role], ports[role]]));
  return text
    .replace(/^load_module .*$/m, () => moduleAndUser(runtime))
    .replaceAll('/run/secrets/', () => `${prefix}/secrets/`)
    .replace(/127\.0\.0\.1:(\d+)/g, (_match, port) => `127.0.0.1:${portOf.get(Number(port)) ?? port}`);
}

/** A key for ES256, as `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256` writes it. */
function newMintKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
}

/** Shows what to try, and waits for the end. */
async function invite(demo: StartedDemo, dpop: boolean, interruption: AbortSignal): Promise<void> {
  const { gatewayUrl, authorizationServer, jwksUrl, nginx } = demo;
  const token = await authorizationServer.issueToken({ scope: 'read' });
  console.log(`
Watch it in a browser: ${gatewayUrl}/

Or try it here (this token lives 5 minutes):

  curl -i ${gatewayUrl}/api/hello \\
    -H 'Authorization: Bearer ${token}'

End the token at the gateway, as an operator:

  curl -i ${gatewayUrl}/purge --data-urlencode token=${token}

Get another token. With scope=write the gateway answers 403, since /api/ requires read:

  ${tokenCommand(authorizationServer)}
${dpop ? await inviteBound(demo) : ''}
The keys with which the API verifies the JWTs:

  curl -s ${jwksUrl}

The access log names the cache status and the reason of each refusal:

  tail -f ${nginx.prefix}/logs/access.log

Ctrl-C stops everything.`);
  if (!interruption.aborted) await once(interruption, 'abort');
  console.log('\nStopping.');
}

async function inviteBound(demo: StartedDemo): Promise<string> {
  return `
A token that is bound to a key, with a proof in a file. It works once, within a minute; then the proof is used:

  ${await boundCommand(demo, `${demo.nginx.prefix}/dpop_proof`)}
`;
}

function tokenCommand({ url, tokenPath, demoClient }: AuthorizationServer): string {
  return [
    `curl -s ${url}${tokenPath} -u ${demoClient.id}:${demoClient.secret}`,
    '    -d grant_type=client_credentials -d scope=read',
  ].join(' \\\n');
}

async function showErrorLog(nginx: NginxProcess): Promise<void> {
  const lines = (await nginx.errorLog()).split('\n');
  const failures = lines.filter((line) => /\[(warn|error|crit|alert|emerg)\]/.test(line)).slice(-10);
  console.log(`\nnginx's error log:\n${failures.join('\n') || '(nothing above notice)'}`);
}
