// The snippets of deploy/kubernetes for NGINX Ingress Controller and NGINX Gateway Fabric, unchanged, in the surroundings that
// these write. The folder /etc/phantom_token is made by the page's own commands and the volume of the manifests.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { request } from 'undici';
import { parse } from 'yaml';
import { codeBlocks } from '../support/code_blocks.js';
import {
  CONTROLLER_SCRIPT,
  type Extra,
  gatewayFabric,
  ingressController,
  type Snippets,
} from '../support/ingress_context.js';
import { makeJwt } from '../support/jwt.js';
import { DEPLOY, objectsIn, pathWithKubernetesTools, problemsOf } from '../support/kubernetes.js';
import { REPOSITORY, readPages } from '../support/pages.js';
import { jwt } from '../support/scripted_server.js';
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

  for (const [what, extra] of [
    [
      'a rewrite above the snippet, as nginx.org/rewrite-target writes it, ends the `set` lines',
      { aboveSnippet: 'rewrite ^/api/(.*)$ /$1 break;' },
    ],
  ] as readonly (readonly [string, Extra])[]) {
    test(`[${setup.name}] NGINX Ingress Controller: ${what}: nothing passes`, async (t) => {
      const config = ingressController(await snippetsOfIngress(), extra);
      await runInController(t, setup, await partsOfIngressController(), config, (g, api) =>
        assertClosed(t, g, api),
      );
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
