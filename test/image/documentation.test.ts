// What docs/docker.md shows is what runs. Its table of variables: test/unit/image_variables.test.ts.
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { request } from 'undici';
import { parse } from 'yaml';
import { newCertificateAuthority } from '../support/certificates.js';
import { codeBlocks } from '../support/code_blocks.js';
import {
  docker,
  IMAGE,
  JWT,
  LABEL,
  LABEL_OPTIONS,
  portForContainer,
  SECRET,
  waitForLog,
} from '../support/container.js';
import { newDpopClient } from '../support/dpop.js';
import { makeJwt } from '../support/jwt.js';
import { json, jwt, type ScriptedServer, startScriptedServer } from '../support/scripted_server.js';
import { startUpstream, type Upstream } from '../support/upstream.js';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const PAGE = await readFile(join(REPOSITORY, 'docs/docker.md'), 'utf8');
const COMMANDS = codeBlocks(PAGE, 'sh');
const COMMAND_TIMEOUT_MS = 80_000;
const WORKING = /start worker process \d+/;

test('every code block of the page is in a test of this file', (t) => {
  const languages = [...PAGE.matchAll(/^```(\w+)$/gm)].map(([, language]) => language);
  t.deepEqual(languages.toSorted(), ['nginx', 'sh', 'sh', 'sh', 'sh', 'sh', 'sh', 'sh', 'sh', 'sh', 'yaml']);
});

interface Servers {
  /** Replaces the addresses in a text of the page by those of this machine. */
  fit(text: string): string;
  readonly options: string[];
  readonly url: string;
  readonly healthUrl: string;
  readonly folder: string;
  readonly as: ScriptedServer;
  readonly upstream: Upstream;
}

/** Makes a folder with the secret, and servers in place of login.example.com and the API. */
async function withServers(run: (servers: Servers) => Promise<void>): Promise<void> {
  const as = await startScriptedServer();
  const upstream = await startUpstream();
  const folder = await mkdtemp(join(tmpdir(), 'phantom-token-docs-'));
  const [port, managementPort] = [await portForContainer(), await portForContainer()];
  as.reply(jwt(JWT));
  try {
    await mkdir(join(folder, 'secrets'), { mode: 0o755 });
    await writeFile(join(folder, 'secrets/client_secret'), SECRET, { mode: 0o644 });
    await run({
      fit: (text) =>
        text
          .replaceAll('server login.example.com:443', `server 127.0.0.1:${as.port}`)
          .replaceAll(
            'https://login.example.com',
            text.includes('upstream login') ? 'http://login.example.com' : as.url,
          )
          .replaceAll(/https:\/\/api\.example\.com|http:\/\/api:8082/g, upstream.url)
          .replaceAll('listen 8080', `listen ${port}`)
          .replaceAll('listen 8090', `listen ${managementPort}`),
      options: [
        '--network=host',
        `--env=PHANTOM_TOKEN_LISTEN_PORT=${port}`,
        `--env=PHANTOM_TOKEN_MANAGEMENT_PORT=${managementPort}`,
        ...LABEL_OPTIONS,
      ],
      url: `http://127.0.0.1:${port}`,
      healthUrl: `http://127.0.0.1:${managementPort}/health`,
      folder,
      as,
      upstream,
    });
  } finally {
    await as.close();
    await upstream.close();
    await rm(folder, { recursive: true });
  }
}

async function assertServes(t: ExecutionContext, servers: Servers): Promise<void> {
  const { url, healthUrl, as, upstream } = servers;
  const served = await request(`${url}/api/`, { headers: { authorization: 'Bearer opaque-1' } });
  t.is(served.statusCode, 200, await served.body.text());
  t.is((await request(`${url}/api/`)).statusCode, 401);
  t.is((await request(healthUrl)).statusCode, 200);
  t.is(as.requests.at(-1)?.path, '/oauth/v2/oauth-introspect');
  const credentials = Buffer.from(`gateway-client:${SECRET}`).toString('base64');
  t.is(as.requests.at(-1)?.headers.authorization, `Basic ${credentials}`);
  t.is(upstream.requests.at(-1)?.headers.authorization, `Bearer ${JWT}`);
}

async function shell(script: string, cwd: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
  const options = { cwd, env: { ...process.env, ...env }, timeout: COMMAND_TIMEOUT_MS };
  const { stdout } = await promisify(execFile)('sh', ['-ec', script], options);
  return stdout;
}

/** Runs the commands without building the image. The container gets no name, and its id is the output. */
async function startShown(t: ExecutionContext, servers: Servers, commands: string): Promise<string> {
  const run = commands.replace(/^docker build .*\n/, '');
  const start = ['docker run --detach', ...servers.options].join(' ');
  const fitted = servers
    .fit(run)
    .replace('docker run --name gateway --publish 8080:8080', start)
    .replace(/ njs-phantom-token\n$/, ` ${IMAGE}\n`);
  t.true(fitted.startsWith(start) && fitted.endsWith(`${IMAGE}\n`), fitted);
  const id = (await shell(fitted, servers.folder)).trim();
  await waitForLog(id, WORKING);
  return id;
}

function blockWith(blocks: string[], text: string): string {
  const found = blocks.filter((block) => block.includes(text));
  if (found.length !== 1) throw new Error(`${found.length} blocks hold ${text}`);
  return found[0] as string;
}

test('the first command runs a gateway', async (t) => {
  await withServers(async (servers) => {
    const commands = blockWith(COMMANDS, 'docker build');
    t.true(commands.startsWith('docker build --tag njs-phantom-token .\ndocker run '));
    const id = await startShown(t, servers, commands);
    await assertServes(t, servers);
    await docker('stop', id);
  });
});

test('the command for tokens that are bound to a key runs a gateway that takes them with a proof alone, and unbound ones', async (t) => {
  await withServers(async (servers) => {
    const id = await startShown(t, servers, blockWith(COMMANDS, 'SENDER_CONSTRAINT'));
    await assertServes(t, servers);
    const client = await newDpopClient();
    servers.as.reply(jwt(makeJwt({ cnf: { jkt: client.jkt }, exp: 4102444800 })));
    // The origin of the page is fitted to this machine like every other address.
    const dpop = await client.prove({
      token: 'opaque-2',
      url: `${servers.fit('https://api.example.com')}/api/`,
    });
    const ask = async (headers: Record<string, string>) => {
      const { statusCode, body } = await request(`${servers.url}/api/`, { headers });
      await body.dump();
      return statusCode;
    };
    t.is(await ask({ authorization: 'Bearer opaque-2' }), 401);
    t.is(await ask({ authorization: 'DPoP opaque-2', dpop }), 200);
    t.is(await ask({ authorization: 'DPoP opaque-2', dpop }), 401);
    await docker('stop', id);
  });
});

test('the command for JWTs that the gateway signs runs a gateway whose JWTs verify with its published keys', async (t) => {
  await withServers(async (servers) => {
    const [makeKey = '', ...run] = blockWith(COMMANDS, 'openssl').split('\n');
    await shell(makeKey, servers.folder);
    await chmod(join(servers.folder, 'secrets/mint_key.pem'), 0o644);
    servers.as.reply(json({ active: true, client_id: 'demo', exp: 4102444800 }));
    const id = await startShown(t, servers, run.join('\n'));
    const served = await request(`${servers.url}/api/`, { headers: { authorization: 'Bearer opaque-1' } });
    t.is(served.statusCode, 200, await served.body.text());
    t.is(servers.as.requests.at(-1)?.headers.accept, 'application/json');
    const [, sent = ''] = servers.upstream.requests.at(-1)?.headers.authorization?.split(' ') ?? [];
    const keys = createRemoteJWKSet(new URL('/.well-known/jwks.json', servers.url));
    const expected = { issuer: 'https://gateway.example.com', audience: servers.upstream.url, typ: 'at+jwt' };
    t.is((await jwtVerify(sent, keys, expected)).payload.sub, 'demo');
    await docker('stop', id);
  });
});

test('a mounted nginx.conf is used as it is, and no variable is required', async (t) => {
  await withServers(async (servers) => {
    const conf = servers.fit(blockWith(codeBlocks(PAGE, 'nginx'), 'http {'));
    await writeFile(join(servers.folder, 'nginx.conf'), conf, { mode: 0o644 });
    const id = await startShown(t, servers, blockWith(COMMANDS, '/nginx.conf:/etc/nginx/nginx.conf'));
    await assertServes(t, servers);
    t.regex((await docker('logs', id)).output, /nginx\.conf is yours: it is used as it is/);
    await docker('stop', id);
  });
});

test('the nginx.conf of the page sends no JWT to an API whose certificate it cannot verify', async (t) => {
  const ca = await newCertificateAuthority();
  const api = await startScriptedServer({ tls: await ca.issue('api.test') });
  api.reply(jwt('answered'));
  const written = blockWith(codeBlocks(PAGE, 'nginx'), 'http {').replace(
    'https://api.example.com',
    `https://api.test:${api.port}`,
  );
  /** The status of the answer when these certificates are trusted. */
  const callWith = async (servers: Servers, certificates: string) => {
    const conf = servers.fit(written.replace('/etc/ssl/certs/ca-certificates.crt', certificates));
    await writeFile(join(servers.folder, 'nginx.conf'), conf, { mode: 0o644 });
    await writeFile(join(servers.folder, 'secrets/ca.pem'), ca.cert, { mode: 0o644 });
    const known = { ...servers, options: [...servers.options, '--add-host=api.test:127.0.0.1'] };
    const id = await startShown(t, known, blockWith(COMMANDS, '/nginx.conf:/etc/nginx/nginx.conf'));
    const answer = await request(`${servers.url}/api/`, { headers: { authorization: 'Bearer opaque-1' } });
    await answer.body.dump();
    await docker('stop', id);
    return answer.statusCode;
  };
  try {
    await withServers(async (servers) => {
      t.is(await callWith(servers, '/etc/ssl/certs/ca-certificates.crt'), 502);
      t.is(api.requests.length, 0);
    });
    await withServers(async (servers) => {
      t.is(await callWith(servers, '/run/secrets/ca.pem'), 200);
      t.is(api.requests[0]?.headers.authorization, `Bearer ${JWT}`);
    });
  } finally {
    await api.close();
  }
});

test('the purge command ends a token', async (t) => {
  await withServers(async (servers) => {
    const allowed = {
      ...servers,
      options: [...servers.options, '--env=PHANTOM_TOKEN_PURGE_ALLOW=127.0.0.1'],
    };
    const id = await startShown(t, allowed, blockWith(COMMANDS, 'docker build'));
    await assertServes(t, servers);
    const port = new URL(servers.healthUrl).port;
    const command = blockWith(COMMANDS, '/purge')
      .replace('docker exec gateway', `docker exec ${id}`)
      .replace(':8090/', `:${port}/`);
    await shell(command, servers.folder, { TOKEN: 'opaque-1' });
    const ended = await request(`${servers.url}/api/`, { headers: { authorization: 'Bearer opaque-1' } });
    t.is(ended.statusCode, 401);
    await docker('stop', id);
  });
});

interface Deployment {
  spec: {
    template: { spec: { containers: { securityContext: object; env: Variable[]; volumeMounts: Mount[] }[] } };
  };
}
type Variable = { name: string; value: string };
type Mount = { name: string; mountPath: string };

test('the container runs with the rights that the Deployment gives it', async (t) => {
  const { spec } = parse(blockWith(codeBlocks(PAGE, 'yaml'), 'Deployment')) as Deployment;
  const [container] = spec.template.spec.containers;
  t.deepEqual(container?.securityContext, {
    readOnlyRootFilesystem: true,
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
  });
  const mounts = new Map(container?.volumeMounts.map(({ name, mountPath }) => [name, mountPath]));
  t.deepEqual([...mounts.keys()], ['tmp', 'client-secret']);
  await withServers(async (servers) => {
    const variables = container?.env.map(({ name, value }) => `--env=${name}=${servers.fit(value)}`) ?? [];
    const rights = ['--read-only', '--security-opt=no-new-privileges:true', '--cap-drop=ALL'];
    const folders = [
      `--tmpfs=${mounts.get('tmp')}`,
      `--volume=${join(servers.folder, 'secrets')}:${mounts.get('client-secret')}:ro`,
    ];
    const command = ['run', '--detach', ...servers.options, ...rights, ...folders, ...variables, IMAGE];
    const { ok, output } = await docker(...command);
    t.true(ok, output);
    await waitForLog(output.trim(), WORKING);
    await assertServes(t, servers);
    await docker('stop', output.trim());
  });
});

test('the demo of docker-compose.yml answers the curl commands of the page', async (t) => {
  const ports = {
    GATEWAY_PORT: String(await portForContainer()),
    AUTHORIZATION_SERVER_PORT: String(await portForContainer()),
  };
  const folder = await mkdtemp(join(tmpdir(), 'phantom-token-compose-'));
  // Names of their own, so that the image under test keeps its name.
  const images = { gateway: `${IMAGE}-gateway`, demo: `${IMAGE}-demo` };
  const compose = await readFile(join(REPOSITORY, 'docker-compose.yml'), 'utf8');
  const file = join(REPOSITORY, 'docker-compose.yml');
  await writeFile(join(folder, 'override.yml'), override(images));
  const env = {
    ...ports,
    COMPOSE_FILE: `${file}:${join(folder, 'override.yml')}`,
    COMPOSE_PROJECT_NAME: `phantom-token-${process.pid}`,
  };
  const run = (text: string) =>
    shell(
      blockWith(COMMANDS, text)
        .replaceAll(':8080/', `:${ports.GATEWAY_PORT}/`)
        .replaceAll(':8081/', `:${ports.AUTHORIZATION_SERVER_PORT}/`),
      REPOSITORY,
      env,
    );
  t.false(compose.includes('0.0.0.0'));
  try {
    await run('docker compose up');
    const served = await run('client_credentials');
    const [token = ''] = served.split('\n');
    t.regex(token, /^[\w-]{40,}$/);
    t.regex(served, /^HTTP\/1\.1 200 OK\r$/m);
    t.regex(served, /"authorization":"Bearer eyJ/);
    t.false(served.slice(token.length).includes(token));
    const refused = await run('docker compose logs gateway');
    t.regex(refused, /^HTTP\/1\.1 401 Unauthorized\r$/m);
    t.regex(refused, /WWW-Authenticate: Bearer realm="api", scope="read"/);
    t.regex(refused, /200 .*cache=MISS[\s\S]*401 .*reason=token_missing/);
    await assertPublishedLocally(t, env);
    t.is(await namelessImages(env.COMPOSE_PROJECT_NAME), '', 'an image lost its name to a second build');
  } catch (error) {
    t.log(await shell('docker compose logs', REPOSITORY, env).catch(() => 'no logs'));
    throw error;
  } finally {
    await run('docker compose down');
    await docker('image', 'rm', '--force', ...Object.values(images));
    await rm(folder, { recursive: true });
  }
});

/** Image names that no other run uses, and the label that finds images which lost their name. */
function override({ gateway, demo }: { gateway: string; demo: string }): string {
  const build = { labels: [LABEL] };
  const services = {
    gateway: { image: gateway, build },
    'authorization-server': { image: demo, build },
    api: { image: demo },
  };
  return JSON.stringify({ services });
}

/** The ids of the images that Compose built and that have no name. */
async function namelessImages(project: string): Promise<string> {
  const built = `label=com.docker.compose.project=${project}`;
  const { output } = await docker('image', 'ls', '--quiet', '--filter', 'dangling=true', '--filter', built);
  return output.trim();
}

async function assertPublishedLocally(t: ExecutionContext, env: NodeJS.ProcessEnv): Promise<void> {
  const ids = (await shell('docker compose ps --quiet', REPOSITORY, env)).trim().split('\n');
  t.is(ids.length, 3);
  const published = (await docker('inspect', '--format', '{{json .NetworkSettings.Ports}}', ...ids)).output;
  const addresses = [...published.matchAll(/"HostIp":"([^"]*)"/g)].map(([, address]) => address);
  t.deepEqual(addresses, ['127.0.0.1', '127.0.0.1']);
}
