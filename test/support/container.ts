// Containers of the image that test/image/run.mjs built, started by testcontainers. They share the network of this
// machine unless a test gives them one, so that they reach the scripted servers on 127.0.0.1.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import pLimit from 'p-limit';
import { GenericContainer, type StartedNetwork, Wait } from 'testcontainers';
import { type CommandResult, runCommand } from '../../runtime/run_command.mjs';
import { makeJwt } from './jwt.js';
import { jwt, type ScriptedServer, startScriptedServer } from './scripted_server.js';
import { startUpstream, type Upstream } from './upstream.js';

export const IMAGE = requireVariable('PHANTOM_TOKEN_IMAGE');
/** `name=value`: test/image/run.mjs uses it to find what a test left. */
export const LABEL = requireVariable('PHANTOM_TOKEN_TEST_LABEL');
const COMMAND_TIMEOUT_MS = 60_000;
/** Part of every secret, so that a search finds it where it must not be. */
export const SECRET = 'gateway-secret-of-the-image';
export const SECRET_PATH = '/run/secrets/client_secret';
export const JWT = makeJwt({ scope: 'read', exp: 4102444800 });

/** AVA starts all tests of a file at once; this limits how many use containers at a time. */
export const inTurn = pLimit(4);

export interface ContainerOptions {
  /** The image's variables, without their prefix; they add to or replace those of {@link startGateway}. */
  readonly env?: Record<string, string>;
  /** Files by their path in the container, mounted read-only; the secret's file is always among them. */
  readonly files?: Record<string, string>;
  /** Folders of this machine by their path in the container, mounted read-only. */
  readonly folders?: Record<string, string>;
  readonly user?: string;
  readonly entrypoint?: string[];
  /** Addresses by name; each is an entry of /etc/hosts. */
  readonly hosts?: Record<string, string>;
  /** A network to use instead of this machine's, and the container's names in it. */
  readonly network?: { readonly in: StartedNetwork; readonly names: string[] };
  /** The log line that shows that it is up; default: that nginx has started a worker. */
  readonly until?: RegExp | 'healthy';
}

export interface Container {
  readonly id: string;
  readonly url: string;
  /** Only in the network of this machine. */
  readonly managementUrl: string;
  /** In the network that it was given. */
  readonly address: string;
  /** stdout and stderr so far. */
  logs(): Promise<string>;
  /** Resolves when the log matches. */
  waitForLog(pattern: RegExp): Promise<void>;
  /** What a command prints in the container; rejects when it fails. */
  exec(...command: string[]): Promise<string>;
  stop(): Promise<void>;
}

/** With a read-only root file system and /tmp, for which testcontainers has no option. */
class ReadOnlyContainer extends GenericContainer {
  constructor(image: string) {
    super(image);
    this.hostConfig.ReadonlyRootfs = true;
    this.withTmpFs({ '/tmp': 'rw,noexec,nosuid' });
  }
}

/** Below the ports that Linux gives to connections, so that none takes the port before the container is up. */
const PORTS = { first: 12_000, count: 20_000, forEachProcess: 331 };
let nextPort = process.pid * PORTS.forEachProcess;

/** A port on which nothing listens; a different one at each call. */
export async function portForContainer(): Promise<number> {
  for (;;) {
    const port = PORTS.first + (nextPort++ % PORTS.count);
    const server = createServer().listen(port);
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}

/** Runs a docker command to its end, whether it succeeds or fails. */
export function docker(...args: string[]): Promise<CommandResult> {
  return runCommand('docker', args, { timeoutMs: COMMAND_TIMEOUT_MS });
}

/** Options for `docker run`. */
export const LABEL_OPTIONS = ['--label', LABEL];

/** Starts a container with these variables and no others. */
export async function startContainer(options: ContainerOptions = {}): Promise<Container> {
  const folder = await mkdtemp(join(tmpdir(), 'phantom-token-image-'));
  const [port, managementPort] = [await portForContainer(), await portForContainer()];
  const ports = options.network
    ? {}
    : { LISTEN_PORT: String(port), MANAGEMENT_PORT: String(managementPort), WORKER_PROCESSES: '1' };
  const started = await configure(options, folder)
    .then((container) => container.withEnvironment(withPrefix({ ...ports, ...options.env })).start())
    .catch(async (error) => {
      await rm(folder, { recursive: true });
      throw error;
    });
  const network = options.network?.in.getName();
  return {
    id: started.getId(),
    url: options.network
      ? `http://${started.getHost()}:${started.getMappedPort(8080)}`
      : `http://127.0.0.1:${port}`,
    managementUrl: `http://127.0.0.1:${managementPort}`,
    address: network === undefined ? '' : started.getIpAddress(network),
    logs: async () => (await docker('logs', started.getId())).output,
    waitForLog: (pattern) => waitForLog(started.getId(), pattern),
    exec: async (...command) => {
      const { exitCode, output } = await started.exec(command);
      if (exitCode !== 0) throw new Error(`${command.join(' ')} ended with ${exitCode}: ${output}`);
      return output;
    },
    async stop() {
      await started.stop({ timeout: 1000 });
      await rm(folder, { recursive: true });
    },
  };
}

async function configure(options: ContainerOptions, folder: string): Promise<GenericContainer> {
  const [label = '', value = ''] = LABEL.split('=');
  const until = options.until ?? /start worker process \d+/;
  const container = new ReadOnlyContainer(IMAGE)
    .withLabels({ [label]: value })
    .withBindMounts([
      ...(await mountFiles(folder, { [SECRET_PATH]: `${SECRET}\n`, ...options.files })),
      ...Object.entries(options.folders ?? {}).map(([target, source]) => readOnly(source, target)),
    ])
    .withExtraHosts(Object.entries(options.hosts ?? {}).map(([host, ipAddress]) => ({ host, ipAddress })))
    .withWaitStrategy(until === 'healthy' ? Wait.forHealthCheck() : Wait.forLogMessage(until))
    .withStartupTimeout(COMMAND_TIMEOUT_MS);
  if (options.user !== undefined) container.withUser(options.user);
  if (options.entrypoint !== undefined) container.withEntrypoint(options.entrypoint);
  if (options.network === undefined) return container.withNetworkMode('host');
  return container
    .withNetwork(options.network.in)
    .withNetworkAliases(...options.network.names)
    .withExposedPorts(8080);
}

/** Readable by every user, with any umask. */
async function mountFiles(folder: string, files: Record<string, string>) {
  const mounts: ReturnType<typeof readOnly>[] = [];
  for (const [index, [target, text]] of Object.entries(files).entries()) {
    await mkdir(join(folder, String(index)));
    const source = join(folder, String(index), basename(target));
    await writeFile(source, text, { mode: 0o644 });
    mounts.push(readOnly(source, target));
  }
  return mounts;
}

function readOnly(source: string, target: string) {
  return { source, target, mode: 'ro' as const };
}

/** Resolves when the log of the container, from its beginning, matches; rejects when it ends or takes too long. */
export async function waitForLog(id: string, pattern: RegExp): Promise<void> {
  const follow = spawn('docker', ['logs', '--follow', id], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: COMMAND_TIMEOUT_MS,
  });
  let text = '';
  const matched = new Promise<void>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      text += chunk;
      if (pattern.test(text)) resolve();
    };
    follow.stdout.on('data', read);
    follow.stderr.on('data', read);
    follow.once('error', reject);
    follow.once('close', () => reject(new Error(`the log has no ${pattern}:\n${text}`)));
  });
  try {
    await matched;
  } finally {
    follow.kill();
  }
}

export interface Gateway extends Container {
  /** The variables with which it was started, without their prefix. */
  readonly variables: Record<string, string>;
  readonly as: ScriptedServer;
  readonly upstream: Upstream;
}

/** A gateway between a scripted authorization server, which answers with {@link JWT}, and an upstream that records. */
export async function startGateway(options: ContainerOptions = {}): Promise<Gateway> {
  const as = await startScriptedServer();
  const upstream = await startUpstream();
  as.reply(jwt(JWT));
  const closeServers = async () => {
    await as.close();
    await upstream.close();
  };
  try {
    const variables = { ...gatewayVariables(as.url, upstream.url), ...options.env };
    const container = await startContainer({ ...options, env: variables });
    const stop = async () => {
      await container.stop();
      await closeServers();
    };
    return { ...container, variables, as, upstream, stop };
  } catch (error) {
    await closeServers();
    throw error;
  }
}

/** The image's variables with their prefix. */
export function withPrefix(variables: Record<string, string>): Record<string, string> {
  const entries = Object.entries(variables).map(([name, value]) => [`PHANTOM_TOKEN_${name}`, value]);
  return Object.fromEntries(entries);
}

/** The required variables, without their prefix. */
export function gatewayVariables(asUrl: string, upstreamUrl: string): Record<string, string> {
  return {
    INTROSPECTION_URL: `${asUrl}/introspect`,
    CLIENT_ID: 'gateway-client',
    CLIENT_SECRET_FILE: SECRET_PATH,
    UPSTREAM_URL: upstreamUrl,
  };
}

function requireVariable(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run these tests by \`npm run test:image\``);
  return value;
}
