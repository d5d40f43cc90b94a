// The demo: what `npm start` does before anything is installed, and what its walk shows and checks.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import test, { type ExecutionContext } from 'ava';
import pLimit from 'p-limit';
import type { DemoOptions, ServerName } from '../../demo/command_line.mjs';
import { type Stops, startDemo } from '../../demo/start.js';
import { boundCommand } from '../../demo/walk_dpop.js';
import { freePort } from '../../runtime/nginx_process.js';
import { npmCommand } from '../../runtime/npm_command.mjs';
import { REPOSITORY } from '../support/pages.js';

const RUN_TIMEOUT_MS = 50_000;

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** AVA starts all tests of a file at once; this limits how many processes run at a time. */
const inTurn = pLimit(2);

function run(command: string[], cwd: string): Promise<Ended> {
  return inTurn(() => runToEnd(command, cwd));
}

async function runToEnd(command: string[], cwd: string): Promise<Ended> {
  const [program = '', ...args] = command;
  const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], timeout: RUN_TIMEOUT_MS });
  const output = Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = await once(child, 'close');
  const [stdout, stderr] = await output;
  return { code, stdout, stderr };
}

/** A checkout in which nothing is installed, with the files that `npm start` needs until set-up is done. */
async function freshCheckout(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'phantom-token-demo-'));
  t.teardown(() => rm(folder, { recursive: true }));
  for (const path of ['package.json', 'package-lock.json', 'demo', 'runtime', 'scripts']) {
    await cp(REPOSITORY + path, join(folder, path), { recursive: true });
  }
  return folder;
}

const IN_FRESH_CHECKOUT: [args: string[], code: number, stdout: RegExp, stderr: RegExp][] = [
  [['--help'], 0, /^Usage: npm start [\s\S]* --as-port N /, /^$/],
  [['--once', '--help'], 0, /^Usage: npm start /, /^$/],
  [['--onec'], 1, /^$/, /^Unknown option '--onec'[\s\S]*Usage: /],
  [['--port', '65536'], 1, /^$/, /^--port 65536: a port is a number from 0 to 65535\n[\s\S]*Usage: /],
  [['--server', 'xml'], 1, /^$/, /^--server xml: there are jwt, json, rfc9701\n[\s\S]*Usage: /],
  [['--as-port', ''], 1, /^$/, /^--as-port : a port is a number from 0 to 65535\n[\s\S]*Usage: /],
];

for (const [args, code, stdout, stderr] of IN_FRESH_CHECKOUT) {
  test(`npm start -- ${args.map((arg) => arg || "''").join(' ')}: answered at once in a fresh checkout, nothing is installed or fetched`, async (t) => {
    const folder = await freshCheckout(t);
    const before = await readdir(folder);
    const [npm, first] = npmCommand();
    const ended = await run([npm, ...first, 'start', '--silent', '--', ...args], folder);
    t.is(ended.code, code);
    t.regex(ended.stdout, stdout);
    // npm itself may warn about the user's settings.
    t.regex(ended.stderr.replace(/^npm warn .*\n/gm, ''), stderr);
    t.deepEqual(await readdir(folder), before);
  });
}

/** Runs the demo in its own process, as it prints and handles signals, and without the set-up, which writes dist/. */
function runModule(source: string): Promise<Ended> {
  return run([process.execPath, '--import=tsx', '--input-type=module', '--eval', source], REPOSITORY);
}

function runDemo(ports: DemoOptions['ports'], server: ServerName = 'jwt', dpop = false): Promise<Ended> {
  const options: DemoOptions = { once: true, dpop, server, ports };
  return runModule(`
    import { runDemo } from './demo/start.ts';
    process.exitCode = await runDemo(${JSON.stringify(options)});`);
}

const FREE_PORTS = { gateway: 0, authorizationServer: 0, api: 0 };

/** The steps by their numbers, from 1. */
function stepsOf(printed: string): string[] {
  return printed.split(/^\d+\. /m).slice(1);
}

/** What the second step shows of each server's answer, and of the JWT that the API got and has verified. */
const SHOWN: Record<ServerName, RegExp[]> = {
  jwt: [
    /answer +200 application\/jwt,/,
    /gateway +takes the JWT/,
    /header +\{"alg":"RS256","typ":"at\+jwt",/,
  ],
  json: [
    /answer +200 application\/json,[\s\S]* members +active: true\n/,
    /gateway +signs a JWT, since the answer has none/,
    /header +\{"typ":"at\+jwt","alg":"ES256",[\s\S]* sub: demo-client\n/,
  ],
  rfc9701: [
    /answer +200 application\/token-introspection\+jwt,[\s\S]* token_introspection\.active: true\n/,
    /gateway +verifies the answer with the authorization server's keys, and signs a JWT/,
    /header +\{"typ":"at\+jwt","alg":"ES256",[\s\S]* sub: demo-client\n/,
  ],
};

/** What each step answers, in the order of the steps. */
const ANSWERS = [
  undefined, // gets a token
  '200, cache MISS',
  '200, cache HIT',
  '401',
  '401',
  '200, cache HIT', // revoked at the authorization server
  '401', // purged
  '200, cache MISS',
  '502', // the authorization server is down
  '200, cache STALE',
  '200, cache MISS', // it is back
  undefined, // the keys
  '401', // the JWT in place of a token
  '401', // of the API: signed by another key
];
const DPOP_ANSWERS = [
  undefined, // gets a token that is bound to a key
  '200, cache MISS',
  '401', // the same proof again
  '401', // as Bearer
  '401', // a proof by another key
  '200, cache HIT', // the owner
];

function assertWalked(t: ExecutionContext, { code, stdout, stderr }: Ended, answers: unknown[]): string[] {
  t.is(stderr, '');
  t.is(code, 0, stdout);
  const steps = stepsOf(stdout);
  t.deepEqual(
    steps.map((step) => /^ {3}answer {5}(\d+(?:, cache \w+)?), in \d+\.\d ms/m.exec(step)?.[1]),
    answers,
  );
  for (const step of steps) t.regex(step, /^ {3}ok {9}/m);
  t.notRegex(stdout, /FAILED/);
  const tooLong = stdout.split('\n').filter((line) => line.length > 100);
  t.deepEqual(tooLong, []);
  return steps;
}

for (const server of ['jwt', 'json', 'rfc9701'] as const) {
  test(`--server ${server}: the walk passes and shows hit, refusal, revocation, purge, outage, stale and keys in 100 columns`, async (t) => {
    const steps = assertWalked(t, await runDemo(FREE_PORTS, server), ANSWERS);
    for (const shown of SHOWN[server]) t.regex(steps[1] ?? '', shown);
  });

  test(`--dpop --server ${server}: the walk also shows a bound token with its proof, replayed, as Bearer and with another key (RFC 9449)`, async (t) => {
    const steps = assertWalked(t, await runDemo(FREE_PORTS, server, true), [...ANSWERS, ...DPOP_ANSWERS]);
    const [shown = '', replayed = '', asBearer = ''] = steps.slice(ANSWERS.length + 1);
    t.regex(shown, /received Authorization: Bearer eyJ[\s\S]* cnf: \{"jkt":"[\w-]{43}"\}\n/);
    t.regex(replayed, /DPoP realm="api", error="invalid_dpop_proof"/);
    t.regex(asBearer, /Bearer realm="api", error="invalid_token"/);
  });
}

test('--dpop: the call with a bound token that is shown to try is short enough to read, and works as shown: 200, then 401 since its proof is used', async (t) => {
  const stops: Stops = [];
  t.teardown(async () => {
    for (const stop of stops.reverse()) await stop();
  });
  const options: DemoOptions = { once: true, dpop: true, server: 'jwt', ports: FREE_PORTS };
  const demo = await startDemo(options, stops, new AbortController().signal);
  const command = await boundCommand(demo, `${demo.nginx.prefix}/dpop_proof`);
  t.true(
    command.split('\n').every((line) => line.length <= 100),
    command,
  );
  for (const status of [200, 401]) {
    const { stdout } = await run(['sh', '-c', command], REPOSITORY);
    t.regex(stdout, new RegExp(`^HTTP/1.1 ${status} `));
  }
});

test('a walk without a gateway fails, and says what was expected in each step that needs it', async (t) => {
  const { code, stdout, stderr } = await runModule(`
    import { startApi } from './demo/api.ts';
    import { startAuthorizationServer } from './demo/authorization_server.ts';
    import { walk } from './demo/walk.ts';
    const authorizationServer = await startAuthorizationServer();
    const api = await startApi({ jwks: authorizationServer.publicJwks });
    const { issuer } = authorizationServer;
    const jwksUrl = new URL('/jwks', issuer);
    const demo = { gatewayUrl: api.url, authorizationServer, api, signer: issuer, jwksUrl };
    process.exitCode = (await walk(demo, new AbortController().signal)) ? 0 : 1;
    await api.close();
    await authorizationServer.close();`);
  t.is(stderr, '');
  t.is(code, 1);
  const steps = stepsOf(stdout);
  const passed = steps.flatMap((step, index) => (/^ {3}ok {9}/m.test(step) ? [index + 1] : []));
  // The token, and the call to the API itself.
  t.deepEqual(passed, [1, 14]);
  for (const step of steps.slice(1, 13)) t.regex(step, /^ {3}FAILED {5}.*: expected .*, got /m);
});

/** A port of 127.0.0.1 that stays taken until the test ends. */
async function takePort(t: ExecutionContext): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return (server.address() as AddressInfo).port;
}

test('one message names all ports that are taken, with options that work, and nothing is started', async (t) => {
  const [gateway, authorizationServer] = [await takePort(t), await takePort(t)];
  const { code, stdout, stderr } = await runDemo({ gateway, authorizationServer, api: 0 }, 'json', true);
  t.is(code, 1);
  t.is(stdout, '');
  t.is(
    stderr,
    `
Port ${gateway}, for the gateway, is taken.
Port ${authorizationServer}, for the authorization server, is taken.

This uses free ports: npm start -- --once --server json --dpop --port 0 --as-port 0 --api-port 0
`,
  );
});

test('a port that is given for two servers is found before anything starts', async (t) => {
  const port = await freePort();
  const { code, stdout, stderr } = await runDemo({ gateway: 0, authorizationServer: port, api: port });
  t.is(code, 1);
  t.is(stdout, '');
  t.regex(
    stderr,
    new RegExp(
      `^\nPort ${port}, for the API, is also the port of the authorization server\\.\n\nThis .* --port 0 --as-port ${port} --api-port 0\n$`,
    ),
  );
});
