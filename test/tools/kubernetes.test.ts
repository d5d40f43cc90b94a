// deploy/kubernetes: what Helm and kubectl make of it is what the Kubernetes API takes, and means what docs/kubernetes.md says.
// Its nginx configurations are loaded in test/nginx/kubernetes.test.ts.
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import ava from 'ava';
import { codeBlocks } from '../support/code_blocks.js';
import {
  DEPLOY,
  type KubernetesObject,
  objectsIn,
  pathWithKubernetesTools,
  problemsOf,
  renderChart,
  renderFolder,
  runHelm,
  withFile,
} from '../support/kubernetes.js';
import { REPOSITORY } from '../support/pages.js';

/** One after the other: each starts Helm or the compiler. */
const test = ava.serial;

const NEEDED = {
  'image.repository': 'registry.example.com/njs-phantom-token',
  'config.INTROSPECTION_URL': 'https://login.example.com/oauth/v2/oauth-introspect',
  'config.CLIENT_ID': 'gateway-client',
  'config.UPSTREAM_URL': 'http://api:8082',
};
const LIKE_PLAIN = { ...NEEDED, 'config.REQUIRED_SCOPES': 'read', 'networkPolicy.api.app': 'api' };
const CONF =
  'events {}\nhttp { server { listen 8080; location / { return 200 "{{ not a template }}"; } } }\n';

function valueArgs(values: Record<string, string>): string[] {
  return Object.entries(values).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
}

interface PodSpec {
  readonly automountServiceAccountToken: boolean;
  readonly enableServiceLinks: boolean;
  readonly securityContext: Record<string, unknown>;
  readonly containers: readonly {
    readonly securityContext: Record<string, unknown>;
    readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
    readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
  }[];
  readonly volumes: readonly Record<string, unknown>[];
}
type Labels = Record<string, string>;
interface Workload {
  readonly selector: { readonly matchLabels: Labels };
  readonly template: {
    readonly metadata: { readonly labels: Labels; readonly annotations: Labels };
    readonly spec: PodSpec;
  };
}

function find(objects: readonly KubernetesObject[], kind: string, name = 'gateway'): KubernetesObject {
  const found = objects.filter((object) => object.kind === kind && object.metadata.name === name);
  if (found.length !== 1) throw new Error(`${found.length} objects are ${kind} ${name}`);
  return found[0] as KubernetesObject;
}

function workload(objects: readonly KubernetesObject[], kind = 'Deployment', name = 'gateway'): Workload {
  return find(objects, kind, name).spec as Workload;
}

for (const [what, values] of [
  ['with the values that it needs', {}],
  [
    'that signs JWTs',
    {
      'config.MINT': 'missing',
      'config.MINT_KEY_FILE': '/run/secrets/gateway/mint_key.pem',
      'config.MINT_TTL': '300',
    },
  ],
  ['with a policy for the API', { 'networkPolicy.api.app': 'api' }],
  ['without policies', { 'networkPolicy.enabled': 'false' }],
  [
    'for some clients only',
    { 'networkPolicy.clients[0].podSelector.matchLabels.app': 'web', 'service.type': 'LoadBalancer' },
  ],
  ['with a password for the registry', { 'image.pullSecrets[0].name': 'registry', 'image.tag': 'v1' }],
] as const) {
  test(`the chart ${what} passes helm lint, and the Kubernetes API takes what it renders`, async (t) => {
    const args = valueArgs({ ...NEEDED, ...values });
    const lint = await runHelm('lint', '--strict', `${DEPLOY}chart`, ...args);
    t.true(lint.ok, lint.output);
    t.deepEqual(await problemsOf(await renderChart(...args)), []);
  });
}

test('the chart with nginx.conf files of your own mounts them unchanged, and sets no variable', async (t) => {
  await withFile(CONF, async (path) => {
    const objects = await renderChart(
      ...valueArgs({ 'image.repository': 'njs-phantom-token', 'tier.enabled': 'true' }),
      '--set-file',
      `nginxConf=${path}`,
      '--set-file',
      `tier.nginxConf=${path}`,
    );
    t.deepEqual(await problemsOf(objects), []);
    for (const name of ['gateway-nginx', 'gateway-tier-nginx']) {
      t.is(find(objects, 'ConfigMap', name).data?.['nginx.conf'], CONF);
    }
    t.false(JSON.stringify(objects).includes('envFrom'));
  });
});

test('a field that the API does not have is found, and so is a value of another type', async (t) => {
  const objects = await renderChart(...valueArgs(NEEDED));
  const misspelt = structuredClone(find(objects, 'PodDisruptionBudget')) as { spec: Record<string, unknown> };
  misspelt.spec.maxUnavailabel = 1;
  t.regex((await problemsOf([misspelt as KubernetesObject])).join('\n'), /maxUnavailabel/);
  const mistyped = structuredClone(find(objects, 'Service')) as { spec: { ports: { port: unknown }[] } };
  (mistyped.spec.ports[0] as { port: unknown }).port = 'eighty';
  t.regex((await problemsOf([mistyped as unknown as KubernetesObject])).join('\n'), /port must be integer/);
});

test('the plain manifests are the objects that the chart makes of the same values', async (t) => {
  const plain = await renderFolder(`${DEPLOY}plain`);
  t.deepEqual(await problemsOf(plain), []);
  t.deepEqual(comparable(plain), comparable(await renderChart(...valueArgs(LIKE_PLAIN))));
});

/** Without what only one of the tools adds: Helm's labels and checksum, the hash in a name that kubectl generates. */
function comparable(objects: readonly KubernetesObject[]): unknown[] {
  const texts = objects.map((object) =>
    JSON.stringify(object, (key, value) =>
      [
        'app.kubernetes.io/version',
        'app.kubernetes.io/managed-by',
        'helm.sh/chart',
        'checksum/config',
      ].includes(key)
        ? undefined
        : typeof value === 'string'
          ? value.replace(/^gateway-config-\w{10}$/, 'gateway-config')
          : value,
    ),
  );
  const name = ({ kind, metadata }: KubernetesObject) => `${kind} ${metadata.name}`;
  return texts
    .map((text) => JSON.parse(text) as KubernetesObject)
    .sort((a, b) => (name(a).replace(/-\w{10}$/, '') < name(b).replace(/-\w{10}$/, '') ? -1 : 1));
}

for (const [missing, expected] of [
  ['image.repository', /image\.repository is missing/],
  ['config.INTROSPECTION_URL', /config\.INTROSPECTION_URL is missing/],
  ['config.CLIENT_ID', /config\.CLIENT_ID is missing/],
  ['config.UPSTREAM_URL', /config\.UPSTREAM_URL is missing/],
] as const) {
  test(`the chart without ${missing} is not rendered, and Helm says what is missing`, async (t) => {
    const values: Record<string, string> = { ...NEEDED };
    delete values[missing];
    const { ok, output } = await runHelm('template', `${DEPLOY}chart`, ...valueArgs(values));
    t.false(ok);
    t.regex(output, expected);
  });
}

for (const [what, value] of [
  ['a misspelt variable', 'config.REQUIRED_SCOPE=read'],
  ['a port of another number, which Service and probes would not know', 'config.LISTEN_PORT=8081'],
  ['a misspelt value', 'networkpolicy.enabled=false'],
  ['a tier without a configuration', 'tier.enabled=true'],
] as const) {
  test(`the chart refuses ${what}, before anything is installed`, async (t) => {
    const args = [...valueArgs(NEEDED), '--set', value];
    const { ok, output } = await runHelm('template', `${DEPLOY}chart`, ...args);
    t.false(ok);
    const name = value.replace(/=.*/, '').split('.').at(-1) === 'enabled' ? '' : value.split(/[.=]/)[1];
    t.true(output.includes(name ?? ''), output);
  });
}

test("the chart's variables are those of the image, except the two ports", (t) => {
  const page = readFileSync(`${REPOSITORY}docs/docker.md`, 'utf8');
  const table = (page.split('<!-- variables')[1] as string).split('\n\n')[0] as string;
  const names = [...table.matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, name = '']) => name);
  const schema = JSON.parse(readFileSync(`${DEPLOY}chart/values.schema.json`, 'utf8'));
  t.deepEqual(
    schema.properties.config.propertyNames.enum,
    names.filter((name) => !['LISTEN_PORT', 'MANAGEMENT_PORT'].includes(name)).sort(),
  );
});

test("the chart's version is the package's", (t) => {
  const { version } = JSON.parse(readFileSync(`${REPOSITORY}package.json`, 'utf8'));
  const chart = readFileSync(`${DEPLOY}chart/Chart.yaml`, 'utf8');
  t.regex(chart, new RegExp(`^version: ${version}$`, 'm'));
  t.regex(chart, new RegExp(`^appVersion: "${version}"$`, 'm'));
});

/** Both parts, from the chart. */
async function renderBoth(values: Record<string, string> = {}): Promise<KubernetesObject[]> {
  return withFile(CONF, (path) =>
    renderChart(
      ...valueArgs({ ...LIKE_PLAIN, 'tier.enabled': 'true', ...values }),
      '--set-file',
      `tier.nginxConf=${path}`,
    ),
  );
}

test("every pod has what the Pod Security Standard 'restricted' asks, and may write to /tmp alone", async (t) => {
  const objects = await renderBoth();
  for (const { template } of [workload(objects), workload(objects, 'StatefulSet', 'gateway-tier')]) {
    const { securityContext, containers, automountServiceAccountToken } = template.spec;
    t.like(securityContext, {
      runAsNonRoot: true,
      runAsUser: 101,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    t.false(automountServiceAccountToken);
    for (const container of containers) {
      t.deepEqual(container.securityContext, {
        readOnlyRootFilesystem: true,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
      });
      const writable = container.volumeMounts.filter((mount) => !('readOnly' in mount));
      t.deepEqual(writable, [{ name: 'tmp', mountPath: '/tmp' }]);
    }
  }
});

test('the rights of the pods are those with which test/image runs the container of docs/docker.md', async (t) => {
  const page = readFileSync(`${REPOSITORY}docs/docker.md`, 'utf8');
  const shown = objectsIn(codeBlocks(page, 'yaml').join('---\n'));
  const rightsOf = (pods: Workload) => pods.template.spec.containers[0]?.securityContext;
  t.deepEqual(rightsOf(workload(await renderBoth())), rightsOf(workload(shown)));
  t.deepEqual(await problemsOf(shown), []);
});

test('no object holds a secret: they are files of a Secret that the chart does not make', async (t) => {
  const objects = await renderBoth();
  t.deepEqual(
    objects.filter(({ kind }) => kind === 'Secret'),
    [],
  );
  const volumeOf = (pods: Workload) => pods.template.spec.volumes.find((volume) => 'secret' in volume);
  t.deepEqual(volumeOf(workload(objects)), {
    name: 'secrets',
    secret: { secretName: 'gateway', defaultMode: 0o440 },
  });
  t.deepEqual(volumeOf(workload(objects, 'StatefulSet', 'gateway-tier')), {
    name: 'secrets',
    secret: { secretName: 'gateway-tier', defaultMode: 0o440 },
  });
});

test('Service, budget and policies of a part select its pods, and those of no other part', async (t) => {
  const objects = await renderBoth();
  const pods = {
    gateway: workload(objects).template.metadata.labels,
    tier: workload(objects, 'StatefulSet', 'gateway-tier').template.metadata.labels,
  };
  const selects = (selector: Labels, labels: Labels) =>
    Object.keys(selector).length > 0 &&
    Object.entries(selector).every(([name, value]) => labels[name] === value);
  for (const [part, other, name] of [
    ['gateway', 'tier', 'gateway'],
    ['tier', 'gateway', 'gateway-tier'],
  ] as const) {
    const kind = part === 'gateway' ? 'Deployment' : 'StatefulSet';
    for (const selector of [
      workload(objects, kind, name).selector.matchLabels,
      (find(objects, 'Service', name).spec as { selector: Labels }).selector,
      (find(objects, 'PodDisruptionBudget', name).spec as Workload).selector.matchLabels,
      (find(objects, 'NetworkPolicy', name).spec as { podSelector: { matchLabels: Labels } }).podSelector
        .matchLabels,
    ]) {
      t.true(selects(selector, pods[part]), `${part}: ${JSON.stringify(selector)}`);
      t.false(selects(selector, pods[other]), `${part}: ${JSON.stringify(selector)}`);
    }
  }
});

interface Policy {
  readonly podSelector: { readonly matchLabels: Labels };
  readonly ingress: readonly { readonly ports?: unknown; readonly from?: readonly unknown[] }[];
}

test('with a policy for the API, its pods take connections of the gateway alone; the tier takes those of gateways alone', async (t) => {
  const objects = await renderBoth();
  const gateways = { podSelector: { matchLabels: workload(objects).selector.matchLabels } };
  const api = find(objects, 'NetworkPolicy', 'gateway-api').spec as Policy;
  t.deepEqual(api.podSelector.matchLabels, { app: 'api' });
  t.deepEqual(api.ingress, [{ from: [gateways] }]);
  const tier = find(objects, 'NetworkPolicy', 'gateway-tier').spec as Policy;
  t.deepEqual(tier.ingress[0], { ports: [{ protocol: 'TCP', port: 'introspection' }], from: [gateways] });
  const others = await renderBoth({ 'tier.clients[0].namespaceSelector.matchLabels.team': 'shop' });
  const named = find(others, 'NetworkPolicy', 'gateway-tier').spec as Policy;
  t.deepEqual(named.ingress[0]?.from, [gateways, { namespaceSelector: { matchLabels: { team: 'shop' } } }]);
  t.deepEqual(await problemsOf(others), []);
});

test('the management port is in no Service, so that purge and metrics are reached at a pod alone', async (t) => {
  const services = (await renderBoth()).filter(({ kind }) => kind === 'Service');
  t.is(services.length, 2);
  t.false(JSON.stringify(services).includes('management'));
});

test('changed variables restart the pods: the template has their checksum', async (t) => {
  const checksum = async (scopes: string) => {
    const objects = await renderChart(...valueArgs({ ...NEEDED, 'config.REQUIRED_SCOPES': scopes }));
    return workload(objects).template.metadata.annotations['checksum/config'];
  };
  t.not(await checksum('read'), await checksum('write'));
  t.is(await checksum('read'), await checksum('read'));
});

test('the ports of the objects are those on which the image listens by default', async (t) => {
  const page = readFileSync(`${REPOSITORY}docs/docker.md`, 'utf8');
  const ports = workload(await renderBoth()).template.spec.containers[0]?.ports;
  t.deepEqual(ports, [
    { name: 'http', containerPort: 8080 },
    { name: 'management', containerPort: 8090 },
  ]);
  t.regex(page, /`LISTEN_PORT` \| `8080`/);
  t.regex(page, /`MANAGEMENT_PORT` \| `8090`/);
});

// docs/kubernetes.md

const PAGE = readFileSync(`${REPOSITORY}docs/kubernetes.md`, 'utf8');
const COMMANDS = codeBlocks(PAGE, 'sh');
/** Blocks that other tests run, or that need a cluster: words of each. */
const RUN_ELSEWHERE = [
  'create configmap phantom-token ', // test/nginx/kubernetes.test.ts
  'kubectl exec', // needs pods; test/image runs the same command in a container
];

/** Blocks in a list are indented. */
function unindented(block: string): string {
  const [margin = ''] = /^ */.exec(block) ?? [];
  return block.replaceAll(new RegExp(`^${margin}`, 'gm'), '');
}

function blockWith(text: string): string {
  const found = COMMANDS.filter((block) => block.includes(text));
  if (found.length !== 1) throw new Error(`${found.length} blocks hold ${text}`);
  return unindented(found[0] as string);
}

/** Runs the page's commands without a cluster, in a folder that looks like a clone and has the secret. */
async function shell(commands: string): Promise<KubernetesObject[]> {
  const folder = await mkdtemp(join(tmpdir(), 'phantom-token-kubernetes-'));
  try {
    await symlink(`${REPOSITORY}deploy`, join(folder, 'deploy'));
    await mkdir(join(folder, 'secrets'));
    await writeFile(join(folder, 'secrets/client_secret'), 'gateway-secret');
    for (const part of ['gateway', 'tier']) {
      await mkdir(join(folder, part));
      for (const file of ['tls.crt', 'tls.key', 'ca.crt']) await writeFile(join(folder, part, file), file);
    }
    const env = { ...process.env, PATH: pathWithKubernetesTools() };
    const { stdout } = await promisify(execFile)('sh', ['-ec', commands], {
      cwd: folder,
      env,
      timeout: 30_000,
    });
    return objectsIn(stdout);
  } finally {
    await rm(folder, { recursive: true });
  }
}

const DRY_RUN = '--dry-run=client --output=yaml && echo ---';

test("the page's first commands make the Secret that the pods mount, and the objects of the plain manifests", async (t) => {
  const commands = blockWith('helm install')
    .replace(/^(kubectl create .*)$/m, `$1 ${DRY_RUN}`)
    .replace('helm install', 'helm template');
  const [secret, ...objects] = await shell(commands);
  t.is(secret?.metadata.name, 'gateway');
  t.deepEqual(Object.keys(secret?.data ?? {}), ['client_secret']);
  t.deepEqual(comparable(objects), comparable(await renderFolder(`${DEPLOY}plain`)));
});

test("the page's commands without Helm make the same Secret, and apply the folder of the plain manifests", async (t) => {
  const commands = blockWith('apply -k')
    .replace(/^(kubectl create .*)$/m, `$1 ${DRY_RUN}`)
    .replace('kubectl apply -k', 'kubectl kustomize');
  const [secret, ...objects] = await shell(commands);
  t.deepEqual(Object.keys(secret?.data ?? {}), ['client_secret']);
  t.is(objects.length, 7);
});

test("the page's commands for a tier make its two Secrets, with the files that the configurations name, and its objects", async (t) => {
  const commands = blockWith('helm upgrade')
    .replaceAll(/^(kubectl create (?:.*\\\n)*.*)$/gm, `$1 ${DRY_RUN}`)
    .replace('helm upgrade --install gateway', 'helm template gateway');
  const [gateway, tier, ...objects] = await shell(commands);
  for (const [secret, name] of [
    [gateway, 'gateway'],
    [tier, 'tier'],
  ] as const) {
    const conf = readFileSync(`${DEPLOY}tier/${name}.conf`, 'utf8');
    const named = [...conf.matchAll(new RegExp(`/run/secrets/${name}/([\\w.]+)`, 'g'))].map(
      ([, file = '']) => file,
    );
    t.deepEqual(Object.keys(secret?.data ?? {}).sort(), named.sort());
  }
  t.deepEqual(
    [gateway?.metadata.name, tier?.metadata.name].map((name) =>
      JSON.stringify(objects).includes(`"secretName":"${name}"`),
    ),
    [true, true],
  );
  t.deepEqual(await problemsOf(objects), []);
});

test("the page's command for a new secret writes the Secret that kubectl then applies", async (t) => {
  const [secret] = await shell(blockWith('kubectl apply -f -').replace('kubectl apply -f -', 'cat'));
  t.is(Buffer.from(secret?.data?.client_secret ?? '', 'base64').toString(), 'gateway-secret');
});

test('every block of the page is commands that a test runs, or is listed with the place that runs it', (t) => {
  const languages = [...PAGE.matchAll(/^ *```(\w+)$/gm)].map(([, language]) => language);
  t.deepEqual([...new Set(languages)], ['sh']);
  const run = ['helm install', 'helm upgrade', 'apply -k', 'kubectl apply -f -'].map(blockWith);
  const others = COMMANDS.map(unindented).filter((block) => !run.includes(block));
  t.is(others.length, RUN_ELSEWHERE.length);
  for (const block of others)
    t.true(
      RUN_ELSEWHERE.some((words) => block.includes(words)),
      block,
    );
});

test('every file of YAML in deploy/kubernetes is rendered or read by a test', (t) => {
  const files = readdirSync(DEPLOY, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.yaml'),
  );
  const covered =
    /^(chart|plain)\/|^nginx_ingress_controller\/(ingress|values)\.yaml$|^nginx_gateway_fabric\/(nginx_proxy|route|snippets_filter)\.yaml$/;
  t.deepEqual(
    files.filter((file) => !covered.test(file)),
    [],
  );
});
