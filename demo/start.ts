/** `npm start`: an authorization server, an API and the gateway between them on this machine, and a walk. */
import { once } from 'node:events';
import { access, readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { moduleAndUser, resolveNginx } from '../scripts/nginx_runtime.mjs';
import { startApi } from './api.js';
import { type AuthorizationServer, startAuthorizationServer } from './authorization_server.js';
import { freePort, type NginxBinary, NginxError, type NginxProcess, startNginx } from './nginx_process.js';
import { type Demo, walk } from './walk.js';

/** As demo/nginx.conf has them. */
const DEFAULT_PORTS = { gateway: 8080, authorizationServer: 8081, api: 8082 };

const SCRIPT = new URL('../dist/phantom_token.js', import.meta.url);

type Role = keyof typeof DEFAULT_PORTS;
type Ports = Record<Role, number>;

const ROLES: Record<Role, { name: string; option: string }> = {
  gateway: { name: 'the gateway', option: '--port' },
  authorizationServer: { name: 'the authorization server', option: '--as-port' },
  api: { name: 'the API', option: '--api-port' },
};

const USAGE = `Usage: npm start -- [options]

  --once          end after the walk; exit code 1 when a step went wrong
  --port N        port of the gateway (${DEFAULT_PORTS.gateway})
  --as-port N     port of the authorization server (${DEFAULT_PORTS.authorizationServer})
  --api-port N    port of the API (${DEFAULT_PORTS.api})
  --help          show this text

Port 0 takes any that is free.`;

interface DemoOptions {
  once: boolean;
  ports: Ports;
}

/** Something that the reader of the message can change; printed without a stack. */
class DemoProblem extends Error {}

/** What was started, to be stopped in the opposite order. */
type Stops = (() => Promise<void>)[];

interface StartedDemo extends Demo {
  nginx: NginxProcess;
}

async function main(args: string[]): Promise<number> {
  const interruption = interruptionSignal();
  const stops: Stops = [];
  try {
    const options = readOptions(args);
    if (options === 'help') {
      console.log(USAGE);
      return 0;
    }
    const demo = await startDemo(options.ports, stops, interruption);
    const passed = await walk(demo, interruption);
    if (!passed) await showErrorLog(demo.nginx);
    if (!options.once) await invite(demo, interruption);
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

/** Aborted by Ctrl-C and its kind; the handlers stay, because npm sends a second signal. */
function interruptionSignal(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => controller.abort());
  }
  return controller.signal;
}

function readOptions(args: string[]): DemoOptions | 'help' {
  const values = parseOptions(args);
  if (values.help) return 'help';
  return {
    once: values.once,
    ports: {
      gateway: readPort('--port', values.port),
      authorizationServer: readPort('--as-port', values['as-port']),
      api: readPort('--api-port', values['api-port']),
    },
  };
}

function parseOptions(args: string[]) {
  try {
    const { values } = parseArgs({
      args,
      options: {
        once: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
        port: { type: 'string', default: String(DEFAULT_PORTS.gateway) },
        'as-port': { type: 'string', default: String(DEFAULT_PORTS.authorizationServer) },
        'api-port': { type: 'string', default: String(DEFAULT_PORTS.api) },
      },
    });
    return values;
  } catch (error) {
    throw new DemoProblem(`${(error as Error).message}\n\n${USAGE}`);
  }
}

function readPort(option: string, text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65535) return Number(text);
  throw new DemoProblem(`${option} ${text}: a port is a number from 0 to 65535`);
}

async function startDemo(ports: Ports, stops: Stops, interruption: AbortSignal): Promise<StartedDemo> {
  const runtime = await resolveNginx('modern', { fetch: false });
  if ('problem' in runtime) throw new DemoProblem(`${runtime.problem}\n${runtime.advice}.`);
  await access(SCRIPT).catch(() => {
    throw new DemoProblem('dist/phantom_token.js is not there. Build it: npm run build');
  });
  console.log(`njs-phantom-token on nginx ${runtime.nginxVersion} with njs ${runtime.njsVersion}\n`);

  const authorizationServer = await startRole('authorizationServer', ports, () =>
    startAuthorizationServer({ port: ports.authorizationServer }),
  );
  stops.push(authorizationServer.close);
  interruption.throwIfAborted();

  const { issuer, publicJwks: jwks } = authorizationServer;
  const api = await startRole('api', ports, () => startApi({ port: ports.api, jwks, issuer }));
  stops.push(api.close);
  interruption.throwIfAborted();

  const gatewayPort = ports.gateway || (await freePort());
  const conf = await gatewayConf(runtime, {
    gateway: gatewayPort,
    authorizationServer: authorizationServer.port,
    api: api.port,
  });
  const nginx = await startRole('gateway', ports, () => startGateway(runtime, conf));
  stops.push(nginx.stop);
  interruption.throwIfAborted();

  const gatewayUrl = `http://127.0.0.1:${gatewayPort}`;
  console.log(`  gateway               ${gatewayUrl}   nginx with demo/nginx.conf`);
  console.log(`  authorization server  ${authorizationServer.url}   issues opaque tokens, introspects them`);
  console.log(`  API                   ${api.url}   takes JWTs and nothing else`);
  return { gatewayUrl, authorizationServer, api, nginx };
}

/** Starts one server; a port that cannot be had becomes a problem that names the way out. */
async function startRole<T>(role: Role, ports: Ports, start: () => Promise<T>): Promise<T> {
  const { name, option } = ROLES[role];
  try {
    return await start();
  } catch (error) {
    const reason = portProblem(error);
    if (reason === undefined) throw error;
    throw new DemoProblem(
      `Port ${ports[role]}, for ${name}, ${reason}. Choose another: npm start -- ${option} N`,
    );
  }
}

/** @returns undefined when the error is no matter of the port */
function portProblem(error: unknown): string | undefined {
  if (error instanceof NginxError) return error.takenPort === undefined ? undefined : 'is taken';
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE') return 'is taken';
  return code === 'EACCES' ? 'may not be used by you' : undefined;
}

/** demo/nginx.conf with the true place of the njs module, and with these ports. */
async function gatewayConf(runtime: NginxBinary, ports: Ports): Promise<string> {
  const text = await readFile(new URL('nginx.conf', import.meta.url), 'utf8');
  const portOf = new Map((Object.keys(ports) as Role[]).map((role) => [DEFAULT_PORTS[role], ports[role]]));
  return text
    .replace(/^load_module .*$/m, () => moduleAndUser(runtime))
    .replace(/127\.0\.0\.1:(\d+)/g, (_match, port) => `127.0.0.1:${portOf.get(Number(port)) ?? port}`);
}

function startGateway(runtime: NginxBinary, conf: string): Promise<NginxProcess> {
  return startNginx({
    runtime,
    conf,
    files: {
      phantom_token: new URL('../nginx/', import.meta.url),
      'phantom_token/phantom_token.js': SCRIPT,
    },
  });
}

/** Shows what to try, and waits for the end. */
async function invite(demo: StartedDemo, interruption: AbortSignal): Promise<void> {
  const { gatewayUrl, authorizationServer, nginx } = demo;
  const token = await authorizationServer.issueToken({ scope: 'read' });
  console.log(`
Try it (this token lives 5 minutes):

  curl -i ${gatewayUrl}/api/hello -H 'Authorization: Bearer ${token}'

Another token; with scope=write the gateway answers 403, since /api/ requires read:

  ${tokenCommand(authorizationServer)}

The access log names the cache status and the reason of each refusal:

  tail -f ${nginx.prefix}/logs/access.log

Ctrl-C stops everything.`);
  if (!interruption.aborted) await once(interruption, 'abort');
  console.log('\nStopping.');
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

process.exitCode = await main(process.argv.slice(2));
