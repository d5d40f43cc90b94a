// Starts nginx/examples/cluster: nodes of a tier, and gateways in front of it, each an nginx of its own. The files are as they
// are shown, except for what depends on the machine: paths, addresses, the name server.
import { readFileSync } from 'node:fs';
import { httpDefaults, mainContext, type NginxProcess, startNginx } from '../../runtime/nginx_process.js';
import { newCertificateAuthority } from './certificates.js';
import { type DnsServer, type ServiceNode, startServiceDns } from './dns_server.js';
import { nextHost } from './hosts.js';
import type { Setup } from './setups.js';

const REPOSITORY = new URL('../../', import.meta.url);
const FOLDER = new URL('nginx/examples/cluster/', REPOSITORY);

export const GATEWAY_CONF = readFileSync(new URL('gateway.conf', FOLDER), 'utf8');
export const TIER_CONF = readFileSync(new URL('tier.conf', FOLDER), 'utf8');

/** As the two files have them. */
const SERVICE = 'tier.default.svc.cluster.local';
const PORT_NAME = 'introspection';
const TIER_PORT = 8443;
const GATEWAY_PORT = 8080;
const MANAGEMENT_PORT = 8091;

/** Issues what the gateways and the nodes show each other, and the test's authorization server. */
const authority = await newCertificateAuthority();
const strangers = await newCertificateAuthority();
const [tier, gateway, login] = await Promise.all(
  ['tier.internal', 'gateway', 'login.example.com'].map((name) => authority.issue(name)),
);

/** For the authorization server: nodes trust it under the name login.example.com. */
export const LOGIN_TLS = login as NonNullable<typeof login>;
export const TIER_CA = authority.cert;
/** Of a gateway, for a client of the test. */
export const GATEWAY_TLS = gateway as NonNullable<typeof gateway>;
/** The same name, of a CA that the nodes do not know. */
export const STRANGER_TLS = await strangers.issue('gateway');

const SECRETS = {
  'secrets/tier.crt': tier?.cert as string,
  'secrets/tier.key': tier?.key as string,
  'secrets/gateway.crt': GATEWAY_TLS.cert,
  'secrets/gateway.key': GATEWAY_TLS.key,
  'secrets/tier_ca.crt': authority.cert,
  'secrets/gateways_ca.crt': authority.cert,
  'secrets/strangers_ca.crt': strangers.cert,
  'ca.crt': authority.cert,
};

export interface ClusterOptions {
  readonly setup: Pick<Setup, 'runtime' | 'engine'>;
  readonly gateways: number;
  readonly nodes: number;
  readonly apiPort: number;
  readonly authorizationServerPort: number;
  /** gateway.conf, edited, also so that it asks no tier; default: as it is. */
  readonly gatewayConf?: string;
  /** tier.conf, edited for the node of that number; default: as it is. */
  readonly tierConf?: (node: number) => string;
}

export interface TierNode {
  readonly number: number;
  readonly address: string;
  /** Undefined while it does not run. */
  nginx: NginxProcess | undefined;
  /** Where gateways ask, by its address. */
  readonly url: string;
  readonly managementUrl: string;
  start(): Promise<void>;
  /** Without a warning, as a machine is lost: no connection is closed in order, and memory is gone. */
  kill(): Promise<void>;
}

export interface Cluster {
  /** URLs. */
  readonly gateways: readonly string[];
  readonly gatewayProcesses: readonly NginxProcess[];
  readonly nodes: readonly TierNode[];
  /** What the name server knows; a test may take nodes away and give them other addresses. */
  service: readonly ServiceNode[];
  stop(): Promise<void>;
}

export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const nodes = Array.from({ length: options.nodes }, (_, i) => newNode(i, nextHost(), options));
  const service = nodes.map(({ number, address }) => ({ name: `tier-${number}`, address }));
  const gatewayProcesses: NginxProcess[] = [];
  const cluster = {
    gateways: [] as string[],
    gatewayProcesses,
    nodes,
    service: service as readonly ServiceNode[],
    async stop() {
      await Promise.all(
        [...gatewayProcesses, ...nodes.map(({ nginx }) => nginx)].map((nginx) => nginx?.stop()),
      );
      await dns.close();
    },
  };
  const dns: DnsServer = await startServiceDns(SERVICE, PORT_NAME, TIER_PORT, () => cluster.service);
  try {
    await Promise.all(nodes.map((node) => node.start()));
    for (let i = 0; i < options.gateways; i += 1) {
      const host = nextHost();
      gatewayProcesses.push(await startGateway(host, dns.port, nodes, options));
      cluster.gateways.push(`http://${host}:${GATEWAY_PORT}`);
    }
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

function newNode(number: number, address: string, options: ClusterOptions): TierNode {
  const node: TierNode = {
    number,
    address,
    nginx: undefined,
    url: `https://${address}:${TIER_PORT}`,
    managementUrl: `http://${address}:${MANAGEMENT_PORT}`,
    async start() {
      node.nginx = await startNginx({
        runtime: options.setup.runtime,
        conf: (prefix) => tierConf(prefix, number, address, options),
        files: FILES,
      });
    },
    async kill() {
      const { nginx } = node;
      if (nginx === undefined) return;
      node.nginx = undefined;
      for (const pid of [nginx.pid, ...(await nginx.workerPids())]) kill(pid);
      await nginx.stop();
    },
  };
  return node;
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // A worker of before a reload has ended.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

const FILES = {
  ...SECRETS,
  phantom_token: new URL('nginx/', REPOSITORY),
  'phantom_token/phantom_token.js': new URL('dist/phantom_token.js', REPOSITORY),
};

function tierConf(prefix: string, number: number, host: string, options: ClusterOptions): string {
  const conf = options.tierConf?.(number) ?? TIER_CONF;
  return fitConf(conf, prefix, options, [
    [`listen ${TIER_PORT} ssl;`, `listen ${host}:${TIER_PORT} ssl;`],
    [`listen ${MANAGEMENT_PORT};`, `listen ${host}:${MANAGEMENT_PORT};`],
    ['server login.example.com:443;', `server 127.0.0.1:${options.authorizationServerPort};`],
  ]);
}

function startGateway(
  host: string,
  dnsPort: number,
  nodes: readonly TierNode[],
  options: ClusterOptions,
): Promise<NginxProcess> {
  const conf = options.gatewayConf ?? GATEWAY_CONF;
  const addresses = nodes.map(({ address }) => address);
  const upstream: Change[] = conf.includes(' resolve')
    ? [[/resolver [\d.]+ valid=5s;/, `resolver 127.0.0.1:${dnsPort} valid=1s ipv6=off;`]]
    : [[/10\.0\.0\.\d(?=:8443)/, (_: string) => addresses.shift() ?? '127.0.0.1']];
  return startNginx({
    runtime: options.setup.runtime,
    conf: (prefix) =>
      fitConf(conf, prefix, options, [
        ...(conf.includes('tier.internal') ? upstream : []),
        [`listen ${GATEWAY_PORT};`, `listen ${host}:${GATEWAY_PORT};`],
        ['127.0.0.1:8082', `127.0.0.1:${options.apiPort}`],
      ]),
    files: FILES,
  });
}

type Change = [from: string | RegExp, to: string | ((found: string) => string)];

/** @throws when there is nothing to change: then the files have changed and this one must follow */
function fitConf(conf: string, prefix: string, { setup }: ClusterOptions, own: Change[]): string {
  const engine = setup.runtime.engines.length > 1 ? `js_engine ${setup.engine};` : '';
  const changes: Change[] = [
    [/load_module [^;]+;/, mainContext(setup.runtime)],
    ['/etc/nginx/phantom_token', `${prefix}/phantom_token`],
    ['/run/secrets', `${prefix}/secrets`],
    ['http {', `http { ${engine} ${httpDefaults()}`],
    ...own,
  ];
  const fitted = changes.reduce((text, [from, to]) => {
    const changed = text.replaceAll(
      typeof from === 'string' ? from : new RegExp(from, 'g'),
      typeof to === 'string' ? () => to : to,
    );
    if (changed === text) throw new Error(`the configuration has no ${from}`);
    return changed;
  }, conf);
  return fitted.replaceAll('/etc/ssl/certs/ca-certificates.crt', `${prefix}/ca.crt`);
}
