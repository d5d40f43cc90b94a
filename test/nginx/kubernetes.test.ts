// The snippets of deploy/kubernetes for NGINX Ingress Controller and NGINX Gateway Fabric, unchanged, in the surroundings that
// these write. The folder /etc/phantom_token is made by the page's own commands and the volume of the manifests.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { Agent, Client, request } from 'undici';
import { parse } from 'yaml';
import { httpDefaults, mainContext, type NginxProcess, startNginx } from '../../runtime/nginx_process.js';
import { newCertificateAuthority } from '../support/certificates.js';
import { codeBlocks } from '../support/code_blocks.js';
import { nextHost } from '../support/hosts.js';
import {
  CONTROLLER_SCRIPT,
  gatewayFabric,
  ingressController,
  type Snippets,
} from '../support/ingress_context.js';
import { makeJwt } from '../support/jwt.js';
import {
  DEPLOY,
  objectsIn,
  pathWithKubernetesTools,
  problemsOf,
  renderChart,
} from '../support/kubernetes.js';
import { REPOSITORY, readPages } from '../support/pages.js';
import { jwt, type ScriptedServer, startScriptedServer } from '../support/scripted_server.js';
import { SETUPS, type Setup } from '../support/setups.js';
import { runShown, type ShownGateway } from '../support/shown_config.js';
import { startUpstream, type Upstream } from '../support/upstream.js';

const JWT = makeJwt({ scope: 'read', exp: 4102444800 });
const PAGE = readPages().get('docs/kubernetes.md') ?? '';
const SECRET = 'gateway-secret';

const INGRESS = `${DEPLOY}nginx_ingress_controller/ingress.yaml`;
const INGRESS_VALUES = `${DEPLOY}nginx_ingress_controller/values.yaml`;
const FILTER = `${DEPLOY}nginx_gateway_fabric/snippets_filter.yaml`;
const PROXY = `${DEPLOY}nginx_gateway_fabric/nginx_proxy.yaml`;
const ROUTE = `${DEPLOY}nginx_gateway_fabric/route.yaml`;

interface Volume {
  readonly name: string;
  readonly projected?: {
    readonly sources: readonly {
      readonly configMap: {
        readonly name: string;
        readonly items?: readonly { readonly key: string; readonly path: string }[];
      };
    }[];
  };
}
interface PodParts {
  readonly volumes: readonly Volume[];
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
}

const read = async (path: string) => parse(await readFile(path, 'utf8'));

async function partsOfIngressController(): Promise<PodParts & { http: string }> {
  const { controller } = await read(INGRESS_VALUES);
  return { ...controller, http: controller.config.entries['http-snippets'] };
}

async function partsOfGatewayFabric(): Promise<PodParts> {
  const { pod, container } = (await read(PROXY)).spec.kubernetes.deployment;
  return { volumes: pod.volumes, volumeMounts: container.volumeMounts };
}

async function snippetsOfIngress(): Promise<Snippets> {
  const { annotations } = (await read(INGRESS)).metadata;
  return {
    http: (await partsOfIngressController()).http,
    server: annotations['nginx.org/server-snippets'],
    location: annotations['nginx.org/location-snippets'],
  };
}

async function snippetsOfFilter(): Promise<Snippets> {
  const { snippets } = (await read(FILTER)).spec as { snippets: { context: string; value: string }[] };
  const snippetOf = (context: string) => snippets.find((snippet) => snippet.context === context)?.value ?? '';
  return {
    http: snippetOf('http'),
    server: snippetOf('http.server'),
    location: snippetOf('http.server.location'),
  };
}

/** The ConfigMaps that the page's commands make, by name. */
async function runCommands(): Promise<Map<string, Record<string, string>>> {
  const [commands = ''] = codeBlocks(PAGE, 'sh').filter((block) =>
    block.includes('create configmap phantom-token '),
  );
  const folder = await mkdtemp(join(tmpdir(), 'phantom-token-configmap-'));
  try {
    await writeFile(join(folder, 'client_secret'), SECRET);
    const here = commands
      .replace('npx njs-phantom-token', `${process.execPath} ${REPOSITORY}dist/cli.js`)
      .replaceAll(/^kubectl (.*)$/gm, 'kubectl $1 --dry-run=client --output yaml && echo ---')
      .replace(/^(.* init .*)$/m, '$1 >/dev/null');
    const { stdout } = await promisify(execFile)('sh', ['-ec', here], {
      cwd: folder,
      env: { ...process.env, PATH: pathWithKubernetesTools() },
      timeout: 30_000,
    });
    const objects = objectsIn(stdout);
    return new Map(objects.map(({ metadata, data = {}, kind }) => [`${kind} ${metadata.name}`, data]));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Lays out the projected volume as the kubelet does, with the zones file of the set-up where njs is older. */
async function layOut(folder: string, { volumes }: PodParts, setup: Setup): Promise<void> {
  const maps = await runCommands();
  const sources = volumes.find(({ name }) => name === 'phantom-token')?.projected?.sources ?? [];
  for (const { configMap } of sources) {
    const data = maps.get(`ConfigMap ${configMap.name}`) ?? {};
    const items = configMap.items ?? Object.keys(data).map((key) => ({ key, path: key }));
    for (const { key, path } of items) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), data[key] as string);
    }
  }
  await writeFile(join(folder, 'zones.conf'), await readFile(`${REPOSITORY}nginx/${setup.zones}`));
}

type Run = (g: ShownGateway, api: Upstream) => Promise<void>;

async function runInController(
  t: ExecutionContext,
  setup: Setup,
  parts: PodParts,
  config: string,
  run: Run,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'phantom-token-mounted-'));
  const api = await startUpstream();
  try {
    await layOut(folder, parts, setup);
    const secrets = parts.volumeMounts.find(({ name }) => name === 'phantom-token-secret')?.mountPath ?? '';
    const mount = parts.volumeMounts.find(({ name }) => name === 'phantom-token')?.mountPath ?? '';
    const shown = {
      setup,
      apiPort: api.port,
      folder,
      config: config.replaceAll(mount, folder).replaceAll(secrets, '/run/secrets'),
      files: { client_secret: SECRET, 'controller.js': CONTROLLER_SCRIPT, 'matches.json': '{"1_0": []}' },
    };
    await runShown(t, shown, (g) => run(g, api));
  } finally {
    await api.close();
    await rm(folder, { recursive: true });
  }
}

async function call({ url }: ShownGateway, headers: Record<string, string> = {}): Promise<number> {
  const response = await request(`${url}/api/orders?a=1`, {
    headers: { host: 'api.example.com', ...headers },
  });
  await response.body.dump();
  return response.statusCode;
}

async function assertExchanges(t: ExecutionContext, g: ShownGateway, api: Upstream): Promise<void> {
  g.as().reply(jwt(JWT));
  t.is(await call(g), 401);
  for (const _ of ['miss', 'hit']) t.is(await call(g, { authorization: 'Bearer opaque-1' }), 200);
  t.is(api.requests.length, 2);
  t.deepEqual(
    api.requests.map(({ url, headers }) => [url, headers.authorization, headers.host]),
    Array(2).fill(['/api/orders?a=1', `Bearer ${JWT}`, 'api.example.com']),
  );
  t.is(g.as().requests.length, 1);
  const credentials = Buffer.from(`gateway-client:${SECRET}`).toString('base64');
  t.is(g.as().requests[0]?.headers.authorization, `Basic ${credentials}`);
}

async function assertClosed(t: ExecutionContext, g: ShownGateway, api: Upstream): Promise<void> {
  g.as().reply(jwt(JWT));
  t.true((await call(g)) >= 401);
  t.is(await call(g, { authorization: 'Bearer opaque-1' }), 500);
  t.is(api.requests.length, 0);
}

for (const setup of SETUPS.filter(({ mode }) => mode === 'auth_request')) {
  test(`[${setup.name}] the snippets of an Ingress exchange the token in what NGINX Ingress Controller writes, without a warning`, async (t) => {
    const config = ingressController(await snippetsOfIngress());
    await runInController(t, setup, await partsOfIngressController(), config, (g, api) =>
      assertExchanges(t, g, api),
    );
  });

  test(`[${setup.name}] NGINX Ingress Controller: a rewrite above the snippet, as nginx.org/rewrite-target writes it, ends the \`set\` lines: nothing passes`, async (t) => {
    const extra = { aboveSnippet: 'rewrite ^/api/(.*)$ /$1 break;' };
    const config = ingressController(await snippetsOfIngress(), extra);
    await runInController(t, setup, await partsOfIngressController(), config, (g, api) =>
      assertClosed(t, g, api),
    );
  });

  test(`[${setup.name}] NGINX Ingress Controller: the error pages of a gRPC service stand above the snippet: refused all the same, without a challenge`, async (t) => {
    const snippets = await snippetsOfIngress();
    const pages = [401, 403, 500].map((status) => `location @grpcerror${status} { return ${status} "\\n"; }`);
    const config = ingressController(
      { ...snippets, server: `${snippets.server}\n${pages.join('\n')}` },
      {
        aboveSnippet: [401, 403, 500].map((status) => `error_page ${status} @grpcerror${status};`).join(' '),
      },
    );
    await runInController(t, setup, await partsOfIngressController(), config, async (g, api) => {
      const refused = await request(`${g.url}/api/`, { headers: { host: 'api.example.com' } });
      t.is(refused.statusCode, 401);
      t.is(refused.headers['www-authenticate'], undefined);
      t.is(api.requests.length, 0);
      await assertExchanges(t, g, api);
    });
  });

  for (const second of ['auth_request /other;', 'proxy_intercept_errors on;']) {
    test(`[${setup.name}] NGINX Ingress Controller: nginx refuses a location that has \`${second}\` as well`, async (t) => {
      const config = ingressController(await snippetsOfIngress(), { belowAll: second });
      const run = runInController(t, setup, await partsOfIngressController(), config, async () => {});
      const error = await t.throwsAsync(run);
      t.regex(error?.message ?? '', /directive is duplicate/);
    });
  }

  test(`[${setup.name}] NGINX Ingress Controller: without the server snippet nothing passes`, async (t) => {
    const snippets = await snippetsOfIngress();
    const server = snippets.server.replace(/^include .*server\.conf;$/m, '');
    t.not(server, snippets.server);
    const config = ingressController({ ...snippets, server });
    await runInController(t, setup, await partsOfIngressController(), config, async (g, api) => {
      g.as().reply(jwt(JWT));
      t.is(await call(g, { authorization: 'Bearer opaque-1' }), 500);
      t.is(api.requests.length, 0);
    });
  });

  for (const matches of ['path', 'headers'] as const) {
    test(`[${setup.name}] the SnippetsFilter exchanges the token in what NGINX Gateway Fabric writes for a match by ${matches}, without a warning`, async (t) => {
      const config = gatewayFabric(await snippetsOfFilter(), matches);
      await runInController(t, setup, await partsOfGatewayFabric(), config, (g, api) =>
        assertExchanges(t, g, api),
      );
    });
  }

  test(`[${setup.name}] NGINX Gateway Fabric: a rewrite of the route stands below the snippet, and the token is exchanged as ever`, async (t) => {
    const config = gatewayFabric(await snippetsOfFilter(), 'path', {
      belowAll: 'rewrite ^ $request_uri; rewrite ^/api/(.*)$ /api/orders?a=1 break;',
    });
    await runInController(t, setup, await partsOfGatewayFabric(), config, (g, api) =>
      assertExchanges(t, g, api),
    );
  });

  test(`[${setup.name}] NGINX Gateway Fabric: a mirrored request has the JWT too, since its location has the snippet, and a refused one is not mirrored`, async (t) => {
    const snippets = await snippetsOfFilter();
    const mirror = `location = /_mirror { internal; ${snippets.location} proxy_pass http://127.0.0.1:8082/mirrored; }`;
    const config = gatewayFabric({ ...snippets, server: `${snippets.server}\n${mirror}` }, 'path', {
      belowAll: 'mirror /_mirror;',
    });
    await runInController(t, setup, await partsOfGatewayFabric(), config, async (g, api) => {
      g.as().reply(jwt(JWT));
      // nginx reads the next request of a connection when the mirrored one has ended.
      const connection = new Client(g.url);
      const statuses = [];
      for (const token of [undefined, 'Bearer opaque-1', undefined]) {
        const headers = { host: 'api.example.com', ...(token !== undefined && { authorization: token }) };
        const { statusCode, body } = await connection.request({
          method: 'GET',
          path: '/api/orders?a=1',
          headers,
        });
        await body.dump();
        statuses.push(statusCode);
      }
      await connection.close();
      t.deepEqual(statuses, [401, 200, 401]);
      t.is(api.requests.length, 2);
      const sent = new Map(api.requests.map(({ url, headers }) => [url, headers.authorization]));
      t.is(sent.get('/api/orders?a=1'), `Bearer ${JWT}`);
      t.is(sent.get('/mirrored?a=1'), `Bearer ${JWT}`);
    });
  });
}

test('both controllers mount the same files and get the same snippets: the page has one explanation for both', async (t) => {
  t.deepEqual(await snippetsOfIngress(), await snippetsOfFilter());
  const { volumes, volumeMounts } = await partsOfIngressController();
  t.deepEqual(await partsOfGatewayFabric(), { volumes, volumeMounts });
});

test('the Kubernetes API takes Ingress, HTTPRoute and the volumes', async (t) => {
  const { volumes, volumeMounts } = await partsOfIngressController();
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'controller' },
    spec: { containers: [{ name: 'nginx', image: 'nginx', volumeMounts }], volumes },
  };
  const route = objectsIn(await readFile(ROUTE, 'utf8'));
  const ingress = objectsIn(await readFile(INGRESS, 'utf8'));
  t.deepEqual(await problemsOf([...ingress, ...route, pod]), []);
});

test('the route has the filter that the file beside it defines', async (t) => {
  const { spec } = await read(ROUTE);
  const filter = await read(FILTER);
  for (const { filters } of spec.rules) {
    t.deepEqual(filters[0].extensionRef, {
      group: filter.apiVersion.split('/')[0],
      kind: filter.kind,
      name: filter.metadata.name,
    });
  }
});

test("the page's commands make a ConfigMap that is small enough for Kubernetes, and for kubectl apply", async (t) => {
  const maps = await runCommands();
  const sizes = [...maps.values()].map((data) => JSON.stringify(data).length);
  // An annotation with the whole object may have 256 KiB.
  t.true(Math.max(...sizes) < 256 * 1024, String(sizes));
  t.is(Buffer.from(maps.get('Secret phantom-token')?.client_secret ?? '', 'base64').toString(), SECRET);
});

// The chart's tier

const MODERN = SETUPS.filter(
  ({ runtime }) => runtime === SETUPS[0]?.runtime && runtime.engines.includes('njs'),
);

interface Tier {
  readonly gateways: readonly NginxProcess[];
  readonly urls: readonly string[];
  readonly tierHost: string;
  readonly as: ScriptedServer;
  readonly api: Upstream;
}

type Change = readonly [from: string, to: string];

/** As shown, except for what depends on the machine: each change must find its text. */
async function fitted(
  t: ExecutionContext,
  file: string,
  setup: Setup,
  changes: readonly Change[],
): Promise<string> {
  let text = await readFile(`${DEPLOY}tier/${file}`, 'utf8');
  const paths = /^ *(pid|error_log|worker_processes|\w+_temp_path|access_log \/dev).*\n/gm;
  const common: Change[] = [
    ['load_module modules/ngx_http_js_module.so;', mainContext(setup.runtime)],
    ['http {', `http {\n js_engine ${setup.engine};\n${httpDefaults()}`],
  ];
  text = text.replace(paths, '');
  for (const [from, to] of [...common, ...changes]) {
    t.true(text.includes(from), `${file} has no ${from}`);
    text = text.replaceAll(from, () => to);
  }
  return text;
}

const FOLDER = {
  phantom_token: new URL('../../nginx/', import.meta.url),
  'phantom_token/phantom_token.js': new URL('../../dist/phantom_token.js', import.meta.url),
};

/** Two gateways and a pod of the tier. Names that the cluster's name server answers are replaced by addresses. */
async function withTier(
  t: ExecutionContext,
  setup: Setup,
  run: (tier: Tier) => Promise<void>,
): Promise<void> {
  const [ca, as, api] = [await newCertificateAuthority(), await startScriptedServer(), await startUpstream()];
  const started: NginxProcess[] = [];
  const filesOf = async (name: string) => {
    const { cert, key } = await ca.issue(name);
    return { ...FOLDER, 'tls.crt': cert, 'tls.key': key, 'ca.crt': ca.cert, client_secret: SECRET };
  };
  const start = async (file: string, name: string, host: string, changes: Change[]) => {
    const folder = file === 'tier.conf' ? '/run/secrets/tier' : '/run/secrets/gateway';
    const conf = await fitted(t, file, setup, [
      ...changes,
      ['listen 8090;', `listen ${host}:8090;`],
      ['/etc/nginx/phantom_token', '@prefix@/phantom_token'],
      [folder, '@prefix@'],
    ]);
    const nginx = await startNginx({
      runtime: setup.runtime,
      conf: (prefix) => conf.replaceAll('@prefix@', prefix),
      files: await filesOf(name),
    });
    started.push(nginx);
    return nginx;
  };
  try {
    const tierHost = nextHost();
    await start('tier.conf', 'tier.internal', tierHost, [
      ['listen 8443 ssl;', `listen ${tierHost}:8443 ssl;`],
      ['server login.example.com:443;', `server 127.0.0.1:${as.port};`],
      ['https://login.example.com', 'http://login.example.com'],
      ['/etc/ssl/certs/ca-certificates.crt', '@prefix@/ca.crt'],
    ]);
    const hosts = [nextHost(), nextHost()];
    const gateways = [];
    for (const host of hosts) {
      const changes: Change[] = [
        ['listen 8080;', `listen ${host}:8080;`],
        ['resolver 10.96.0.10 valid=5s;', ''],
        ['gateway-tier.default.svc.cluster.local service=introspection resolve', `${tierHost}:8443`],
        ['api.default.svc.cluster.local:8082', `127.0.0.1:${api.port}`],
      ];
      gateways.push(await start('gateway.conf', 'gateway', host, changes));
    }
    await run({ gateways, urls: hosts.map((host) => `http://${host}:8080`), tierHost, as, api });
    for (const nginx of started) t.notRegex(await nginx.errorLog(), /\[(warn|emerg|alert)\]|gateway-secret/);
  } catch (error) {
    for (const nginx of started) t.log(await nginx.errorLog());
    throw error;
  } finally {
    for (const nginx of started) await nginx.stop();
    await as.close();
    await api.close();
  }
}

for (const setup of MODERN.filter(({ mode }) => mode === 'access')) {
  test(`[${setup.name}] the configurations of the tier: gateways ask it by mutual TLS, and it asks once for all of them`, async (t) => {
    await withTier(t, setup, async ({ urls, tierHost, as, api }) => {
      as.reply(jwt(JWT));
      for (const url of urls) {
        const served = await request(`${url}/orders`, { headers: { authorization: 'Bearer opaque-1' } });
        t.is(served.statusCode, 200, await served.body.text());
      }
      t.is((await request(`${urls[0]}/orders`)).statusCode, 401);
      t.deepEqual(
        api.requests.map(({ headers }) => headers.authorization),
        [`Bearer ${JWT}`, `Bearer ${JWT}`],
      );
      t.is(as.requests.length, 1);
      const credentials = Buffer.from(`gateway-client:${SECRET}`).toString('base64');
      t.is(as.requests[0]?.headers.authorization, `Basic ${credentials}`);
      const nobody = new Agent({ connect: { rejectUnauthorized: false } });
      const question = { method: 'POST' as const, body: 'token=opaque-1', dispatcher: nobody };
      const refused = await request(`https://${tierHost}:8443/introspection`, question);
      t.is(refused.statusCode, 400);
      t.notRegex(await refused.body.text(), /eyJ/);
      await nobody.close();
      for (const path of ['/health', '/metrics']) {
        t.is((await request(`http://${tierHost}:8090${path}`)).statusCode, 200, path);
      }
      // 127.0.0.0/8 is also this test; a pod's other addresses are refused.
      const purge = {
        method: 'POST' as const,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      };
      const purged = await request(`http://${tierHost}:8090/purge`, { ...purge, body: 'token=opaque-1' });
      t.is(purged.statusCode, 200);
      t.regex(await purged.body.text(), /"records":1/);
    });
  });
}

test('the names and ports in the configurations of the tier are those of the objects that the chart makes', async (t) => {
  const objects = await renderChart(
    '--set',
    'image.repository=njs-phantom-token,tier.enabled=true',
    '--set-file',
    `nginxConf=${DEPLOY}tier/gateway.conf,tier.nginxConf=${DEPLOY}tier/tier.conf`,
  );
  t.deepEqual(await problemsOf(objects), []);
  const service = objects.find(
    ({ kind, metadata }) => kind === 'Service' && metadata.name === 'gateway-tier',
  );
  t.like(service?.spec, { clusterIP: 'None', ports: [{ name: 'introspection', port: 8443 }] });
  const gateway = await readFile(`${DEPLOY}tier/gateway.conf`, 'utf8');
  t.true(
    gateway.includes(
      `server ${service?.metadata.name}.default.svc.cluster.local service=introspection resolve`,
    ),
  );
  for (const name of ['gateway', 'tier']) {
    const mounts = JSON.stringify(objects.map(({ spec }) => spec));
    t.true(mounts.includes(`/run/secrets/${name}`));
    const conf = await readFile(`${DEPLOY}tier/${name}.conf`, 'utf8');
    const others = conf.match(/\/run\/secrets\/(\w+)/g)?.filter((path) => path !== `/run/secrets/${name}`);
    t.deepEqual(others, []);
  }
});
