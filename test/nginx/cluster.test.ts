// nginx/examples/cluster: gateways that ask a tier. Both files run as they are shown, each gateway and each node as an nginx of
// its own; docs/scaling.md has the figures of a larger run.
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import pLimit from 'p-limit';
import { Agent, request } from 'undici';
import {
  type Cluster,
  type ClusterOptions,
  GATEWAY_CONF,
  GATEWAY_TLS,
  LOGIN_TLS,
  STRANGER_TLS,
  startCluster,
  TIER_CA,
  TIER_CONF,
  type TierNode,
} from '../support/cluster.js';
import { codeBlocks } from '../support/code_blocks.js';
import { SECRET_MARKS } from '../support/gateway.js';
import { makeJwt } from '../support/jwt.js';
import { REPOSITORY, readPages } from '../support/pages.js';
import {
  inactive204,
  jwt,
  type ScriptedServer,
  silent,
  startScriptedServer,
} from '../support/scripted_server.js';
import { SETUPS, type Setup } from '../support/setups.js';
import { inModeOf } from '../support/shown_config.js';
import { startUpstream, type Upstream } from '../support/upstream.js';

const JWT = makeJwt({ scope: 'read', exp: 4102444800 });
const LIMITS = readFileSync(`${REPOSITORY}nginx/introspection_limits.conf`, 'utf8');
const NODES = 3;
/** For one of three nodes, 30 tokens leave a share of none once in 60,000 runs. */
const TOKENS = Array.from({ length: 30 }, (_, i) => `opaque-${i}`);

interface Fleet extends Cluster {
  readonly as: ScriptedServer;
  readonly api: Upstream;
  /** Number of the node that asked the AS, by token; of the questions from `from` on. */
  askedBy(from?: number): Map<string, number>;
  /** Status at a gateway. */
  send(gateway: number, token: string): Promise<number>;
}

interface FleetOptions extends Partial<Pick<ClusterOptions, 'gateways' | 'nodes'>> {
  readonly editGateway?: (conf: string) => string;
  readonly editNode?: (conf: string, node: number) => string;
  /** Default: the address of each node, as docs/scaling.md has them, which every nginx can read. */
  readonly upstream?: 'addresses' | 'service';
}

type Run = (t: ExecutionContext, fleet: Fleet) => Promise<void>;

/** AVA starts all tests of a file at once, and each of these has up to six nginx. */
const inTurn = pLimit(3);

function clusterTest(title: string, options: FleetOptions, run: Run): void {
  const setups = SETUPS.filter((setup) => options.upstream !== 'service' || !isOld(setup));
  for (const setup of setups) {
    test(`[${setup.name}] ${title}`, (t) => inTurn(() => runFleet(t, setup, options, run)));
  }
}

/** `server ... resolve` came with nginx 1.27.3, keepalive_min_timeout with 1.27.4. */
function isOld({ runtime }: Setup): boolean {
  return runtime.nginxVersion.startsWith('1.26.');
}

async function runFleet(t: ExecutionContext, setup: Setup, options: FleetOptions, run: Run): Promise<void> {
  const { editGateway = (conf) => conf, editNode = (conf) => conf, gateways = 2, nodes = NODES } = options;
  const as = await startScriptedServer({ tls: LOGIN_TLS });
  const api = await startUpstream();
  const shown = options.upstream === 'service' ? GATEWAY_CONF : withAddresses(GATEWAY_CONF);
  const nodeConf = isOld(setup) ? TIER_CONF.replace(/ *keepalive_min_timeout .*\n/, '') : TIER_CONF;
  as.reply(jwt(JWT));
  try {
    const cluster = await startCluster({
      setup,
      gateways,
      nodes,
      apiPort: api.port,
      authorizationServerPort: as.port,
      gatewayConf: editGateway(inModeOf(t, setup, patient(shown))),
      tierConf: (node) => editNode(signed(patient(inModeOf(t, setup, nodeConf)), node), node),
    });
    try {
      const fleet = Object.assign(cluster, { as, api, ...newQuestions(cluster, as) });
      await run(t, fleet);
      for (const nginx of [...cluster.gatewayProcesses, ...cluster.nodes.map((node) => node.nginx)]) {
        const log = ((await nginx?.errorLog()) ?? '').replace(EXPECTED_WARNINGS, '');
        for (const mark of [...SECRET_MARKS, /\[(warn|emerg|alert)\]/]) t.notRegex(log, mark);
        for (const mark of SECRET_MARKS) t.notRegex((await nginx?.accessLog()) ?? '', mark);
      }
    } catch (error) {
      for (const { nginx } of cluster.nodes) t.log(await nginx?.errorLog());
      throw error;
    } finally {
      await cluster.stop();
    }
  } finally {
    await as.close();
    await api.close();
  }
}

/** nginx's lines for a node that is lost, and for a certificate whose CA only bears the name of the right one. */
const EXPECTED_WARNINGS = /^.*(?:upstream server temporarily disabled|ignoring stale global SSL error).*\n/gm;

const UPSTREAM = /^ {4}upstream tier\.internal \{\n[^}]*\n {4}\}\n/m;

/** The upstream that docs/scaling.md shows for machines with fixed addresses, in place of the one with a headless Service. */
function withAddresses(conf: string): string {
  const blocks = codeBlocks(readPages().get('docs/scaling.md') ?? '', 'nginx');
  const block = blocks.find((text) => text.startsWith('upstream tier.internal {'));
  if (block === undefined || !UPSTREAM.test(conf)) throw new Error('there is no upstream to replace');
  return conf.replace(UPSTREAM, () => block);
}

/** On a busy machine a TLS handshake may take more than a second. That must not look like a node that is lost. */
function patient(conf: string): string {
  return conf
    .replace('include phantom_token/introspection_limits.conf;', LIMITS)
    .replace('proxy_connect_timeout 1s;', 'proxy_connect_timeout 9s;');
}

/** The node says to the AS which it is. */
function signed(conf: string, node: number): string {
  return conf.replace('proxy_set_header Authorization', `proxy_set_header X-Node ${node}; $&`);
}

function newQuestions(cluster: Cluster, as: ScriptedServer): Pick<Fleet, 'askedBy' | 'send'> {
  return {
    askedBy: (from = 0) =>
      new Map(
        as.requests.slice(from).map(({ form, headers }) => [form.token ?? '', Number(headers['x-node'])]),
      ),
    async send(gateway, token) {
      const response = await request(`${cluster.gateways[gateway]}/api/`, {
        headers: { authorization: `Bearer ${token}` },
      });
      await response.body.dump();
      return response.statusCode;
    },
  };
}

/** How many gateways have asked the node: lines of its access log. */
async function questionsAt({ nginx }: TierNode): Promise<number> {
  return ((await nginx?.accessLog()) ?? '').split('\n').filter((line) => line.includes('POST /introspection'))
    .length;
}

/** The gateways keep nothing, so that each request is a question to the tier. */
const WITHOUT_GATEWAY_CACHE = {
  editGateway: (conf: string) =>
    conf.replace('cache_ttl 30;', 'cache_ttl 0;').replaceAll('fail_timeout=5s', 'fail_timeout=1s'),
};

async function sendAll(t: ExecutionContext, fleet: Fleet, gateway: number): Promise<void> {
  for (const token of TOKENS) t.is(await fleet.send(gateway, token), 200);
}

function shareOf(nodes: Map<string, number>, number: number): string[] {
  return TOKENS.filter((token) => nodes.get(token) === number);
}

clusterTest(
  'the AS is asked once for each token, through how many gateways it ever comes, and all at the same moment: each token has a node, and each node a share',
  { gateways: 3 },
  async (t, fleet) => {
    // In another order at each, or asking the nodes in turn would look the same.
    const all = fleet.gateways.flatMap((_, gateway) =>
      [...TOKENS.slice(gateway), ...TOKENS.slice(0, gateway)].map((token) => fleet.send(gateway, token)),
    );
    t.deepEqual(new Set(await Promise.all(all)), new Set([200]));
    t.is(fleet.as.requests.length, TOKENS.length);
    t.is(fleet.askedBy().size, TOKENS.length);
    t.deepEqual([...new Set(fleet.askedBy().values())].toSorted(), [0, 1, 2]);
    for (const node of fleet.nodes) {
      t.is(await questionsAt(node), 3 * shareOf(fleet.askedBy(), node.number).length);
    }
    const authorizations = fleet.api.requests.map(({ headers }) => headers.authorization);
    t.deepEqual(new Set(authorizations), new Set([`Bearer ${JWT}`]));
    t.is(authorizations.length, 3 * TOKENS.length);

    for (const [gateway] of fleet.gateways.entries()) await sendAll(t, fleet, gateway);
    t.is(fleet.as.requests.length, TOKENS.length);
  },
);

clusterTest(
  'a connection to a node is kept and used again: a gateway shakes hands with each node once',
  {
    ...WITHOUT_GATEWAY_CACHE,
    gateways: 1,
    editNode: (conf) =>
      conf.replace('upstream', 'log_format id $connection; access_log logs/connections.log id; upstream'),
  },
  async (t, fleet) => {
    await sendAll(t, fleet, 0);
    for (const { nginx } of fleet.nodes) {
      const log = await readFile(join(nginx?.prefix ?? '', 'logs/connections.log'), 'utf8');
      t.is(new Set(log.trim().split('\n')).size, 1);
    }
  },
);

clusterTest(
  'a node that is lost moves only its share, and no request fails by it; one that comes back takes its share again, and only that',
  WITHOUT_GATEWAY_CACHE,
  async (t, fleet) => {
    await sendAll(t, fleet, 0);
    const before = fleet.askedBy();
    const lost = fleet.nodes[1] as TierNode;
    const share = shareOf(before, lost.number);

    await lost.kill();
    for (const [gateway] of fleet.gateways.entries()) await sendAll(t, fleet, gateway);
    const meanwhile = fleet.askedBy(TOKENS.length);
    t.deepEqual([...meanwhile.keys()].toSorted(), share.toSorted());
    t.false([...meanwhile.values()].includes(lost.number));
    t.is(fleet.as.requests.length, TOKENS.length + share.length);

    await lost.start();
    // A gateway tries a lost node again after fail_timeout.
    const back = () => shareOf(fleet.askedBy(TOKENS.length + share.length), lost.number);
    while (back().length < share.length) await sendAll(t, fleet, 0);
    t.deepEqual(back(), share);
    t.is(fleet.as.requests.length, TOKENS.length + 2 * share.length);
  },
);

clusterTest(
  'a reload of one node after the other asks nothing again: records outlive it',
  WITHOUT_GATEWAY_CACHE,
  async (t, fleet) => {
    await sendAll(t, fleet, 0);
    for (const { nginx } of fleet.nodes) {
      await nginx?.reload();
      await sendAll(t, fleet, 0);
    }
    t.is(fleet.as.requests.length, TOKENS.length);
  },
);

clusterTest(
  'after a reload, the old workers serve the connections that gateways keep, so that no question is lost on them (nginx 1.27.4)',
  {
    ...WITHOUT_GATEWAY_CACHE,
    gateways: 1,
    upstream: 'service',
    editNode: (conf) =>
      conf
        .replace('upstream', "log_format id '$pid $connection'; access_log logs/connections.log id; upstream")
        .replace('keepalive_min_timeout 5s;', 'keepalive_min_timeout 30s;'),
  },
  async (t, fleet) => {
    await known(fleet, [0, 1, 2]);
    for (const { nginx } of fleet.nodes) {
      await sendAll(t, fleet, 0);
      const connections = async () =>
        (await readFile(join(nginx?.prefix ?? '', 'logs/connections.log'), 'utf8')).trim().split('\n');
      const before = await connections();
      await nginx?.reload();
      await sendAll(t, fleet, 0);
      t.is((await connections())[before.length], before.at(-1));
    }
  },
);

clusterTest(
  'a headless Service is followed: a node that leaves it moves only its share, and one of the same name with another address takes that share',
  { ...WITHOUT_GATEWAY_CACHE, gateways: 1, nodes: NODES + 1, upstream: 'service' },
  async (t, fleet) => {
    const [first, second, third, spare] = fleet.service as [Entry, Entry, Entry, Entry];
    fleet.service = [first, second, third];
    await known(fleet, [0, 1, 2]);
    await sendAll(t, fleet, 0);
    const before = fleet.askedBy();
    const share = shareOf(before, 1);

    fleet.service = [first, third];
    let from = fleet.as.requests.length;
    while (fleet.askedBy(from).size < share.length) await sendAll(t, fleet, 0);
    t.deepEqual([...fleet.askedBy(from).keys()].toSorted(), share.toSorted());
    t.false([...fleet.askedBy(from).values()].includes(1));

    fleet.service = [first, { name: second.name, address: spare.address }, third];
    from = fleet.as.requests.length;
    while (fleet.askedBy(from).size < share.length) await sendAll(t, fleet, 0);
    t.deepEqual(shareOf(fleet.askedBy(from), 3), share);
    t.is(fleet.as.requests.length, from + share.length);
  },
);

type Entry = Cluster['service'][number];

/** Until the gateway asks these nodes and no other: nginx starts before the name server has answered. */
async function known(fleet: Fleet, numbers: number[]): Promise<void> {
  let round = 0;
  const asked = (from: number) => [...new Set(fleet.askedBy(from).values())].toSorted();
  for (let from = 0; JSON.stringify(asked(from)) !== JSON.stringify(numbers); round += 1) {
    from = fleet.as.requests.length;
    for (const token of TOKENS) await fleet.send(0, `${token}-round-${round}`);
  }
}

clusterTest(
  'without `service` the nodes of a headless Service have one name, and are asked in turn: each asks the AS for the same token',
  {
    gateways: 1,
    upstream: 'service',
    editGateway: (conf) =>
      WITHOUT_GATEWAY_CACHE.editGateway(conf).replace('.local service=introspection', '.local:8443'),
  },
  async (t, fleet) => {
    await known(fleet, [0, 1, 2]);
    const from = fleet.as.requests.length;
    for (let i = 0; i < 3; i += 1) t.is(await fleet.send(0, 'opaque-turn'), 200);
    t.is(fleet.as.requests.length, from + 3);
  },
);

// Who may ask

async function ask(node: TierNode | undefined, certificate: object, token = 'opaque-1') {
  const response = await request(`${node?.url}/introspection`, {
    method: 'POST',
    body: `token=${token}`,
    dispatcher: new Agent({ connect: { ca: TIER_CA, servername: 'tier.internal', ...certificate } }),
  });
  return { status: response.statusCode, body: await response.body.text() };
}

clusterTest(
  'a node answers gateways, by their certificates: a stranger without one, or with one of another CA, gets 400 and no JWT, of a token that is known as well',
  { gateways: 1 },
  async (t, fleet) => {
    t.is(await fleet.send(0, 'opaque-1'), 200);
    const node = fleet.nodes[fleet.askedBy().get('opaque-1') as number];
    t.deepEqual(await ask(node, GATEWAY_TLS), { status: 200, body: JWT });
    for (const certificate of [{}, STRANGER_TLS]) {
      const answer = await ask(node, certificate);
      t.is(answer.status, 400);
      t.notRegex(answer.body, /eyJ/);
    }
    t.is(fleet.as.requests.length, 1);
  },
);

for (const [what, from, to] of [
  ['is of another CA', 'tier_ca.crt', 'strangers_ca.crt'],
  ['has another name', 'proxy_ssl_trusted', 'proxy_ssl_name other.internal; proxy_ssl_trusted'],
] as const) {
  clusterTest(
    `a gateway sends no token to a node whose certificate ${what} than it expects: 502, and nobody is asked`,
    { gateways: 1, editGateway: (conf) => conf.replace(from, to) },
    async (t, fleet) => {
      t.is(await fleet.send(0, 'opaque-1'), 502);
      t.is(fleet.as.requests.length, 0);
      for (const node of fleet.nodes) t.is(await questionsAt(node), 0);
    },
  );
}

// Ends and outages

async function purge(node: TierNode, token: string): Promise<number> {
  const response = await request(`${node.managementUrl}/purge`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: `token=${token}`,
  });
  await response.body.dump();
  return response.statusCode;
}

clusterTest(
  "a purge at the nodes ends a token at every gateway when that gateway's own record ends; the AS is not asked again",
  { editGateway: (conf) => conf.replace('cache_ttl 30;', 'cache_ttl 1;') },
  async (t, fleet) => {
    for (const [gateway] of fleet.gateways.entries()) await sendAll(t, fleet, gateway);
    for (const node of fleet.nodes) t.is(await purge(node, 'opaque-1'), 200);
    for (const [gateway] of fleet.gateways.entries()) {
      let status = 200;
      while (status === 200) status = await fleet.send(gateway, 'opaque-1');
      t.is(status, 401);
    }
    t.is(await fleet.send(0, 'opaque-2'), 200);
    t.is(fleet.as.requests.length, TOKENS.length);
  },
);

clusterTest(
  'a node that nobody has asked yet refuses a purge with 500: it cannot know that it is asked under this name',
  { gateways: 1 },
  async (t, fleet) => {
    t.is(await purge(fleet.nodes[0] as TierNode, 'opaque-1'), 500);
  },
);

clusterTest(
  'a rejected token is rejected at every gateway, and the AS is asked once',
  { gateways: 3 },
  async (t, fleet) => {
    fleet.as.reply(inactive204());
    for (const [gateway] of fleet.gateways.entries()) t.is(await fleet.send(gateway, 'opaque-1'), 401);
    t.is(fleet.as.requests.length, 1);
  },
);

clusterTest(
  'an AS that does not answer is 504, and makes no node look lost: afterwards each token has the node that it had before',
  {
    ...WITHOUT_GATEWAY_CACHE,
    gateways: 1,
    editNode: (conf) =>
      conf
        .replace('proxy_read_timeout 4s;', 'proxy_read_timeout 1s;')
        .replaceAll('cache_ttl 300;', 'cache_ttl 0; set $phantom_token_breaker_failures 0;'),
  },
  async (t, fleet) => {
    await sendAll(t, fleet, 0);
    const before = fleet.askedBy();
    fleet.as.reply(silent());
    const unanswered = TOKENS.slice(0, 4).map((token) => fleet.send(0, token));
    t.deepEqual(await Promise.all(unanswered), [504, 504, 504, 504]);
    fleet.as.reply(jwt(JWT));
    const from = fleet.as.requests.length;
    await sendAll(t, fleet, 0);
    t.deepEqual(fleet.askedBy(from), before);
  },
);

test('a gateway waits longer for a node than the node may take for the AS, as gateway.conf says', (t) => {
  const [, readSec] = /proxy_read_timeout (\d+)s;/.exec(GATEWAY_CONF) ?? [];
  const [, limitSec] = /\$phantom_introspection_limit (\d+);/.exec(LIMITS) ?? [];
  t.true(Number(readSec) > Number(limitSec));
});

clusterTest(
  'when all nodes are lost, a gateway serves what it has, and answers other tokens 502, not 401: an outage rejects no token (S23)',
  { gateways: 1 },
  async (t, fleet) => {
    t.is(await fleet.send(0, 'opaque-1'), 200);
    for (const node of fleet.nodes) await node.kill();
    t.is(await fleet.send(0, 'opaque-1'), 200);
    t.is(await fleet.send(0, 'opaque-2'), 502);
    t.is(fleet.as.requests.length, 1);
  },
);
