/** `npm run simulate:tier`: gateways that share a tier, on this machine; how often they ask the authorization server. */
import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Agent, Pool } from 'undici';
import {
  type Cluster,
  GATEWAY_CONF,
  GATEWAY_TLS,
  startCluster,
  TIER_CA,
  TIER_CONF,
  type TierNode,
} from '../test/support/cluster.js';
import { type Backends, INTROSPECTION, startBackends } from './backends.js';
import { JWT_LENGTH } from './jwt.js';
import { describeMachine, findRuntimes, type Runtimes } from './machine.js';
import { cpuTimeNs, memoryOf } from './processors.js';
import { BenchError, progress, runProgram } from './program.js';
import { writeParts } from './readme_text.js';
import {
  RESULTS,
  readResults,
  type ScaleResults,
  type TierResults,
  type TierRound,
  type TierRoundName,
  writeResults,
} from './results.js';
import { TIER_PAGE, tierParts } from './tier_text.js';

const GATEWAYS = 8;
const NODES = 3;
const TOKENS = 10_000;
const FEW_TOKENS = 200;
const GATEWAY_COUNTS = [1, 2, 4, 8];
/** Of the client, to each gateway. */
const CONNECTIONS = 8;
/** The gateways of the tier keep a token for a second, so that each round is a question to the tier for each token. */
const GATEWAY_TTL_SEC = 1;
/** As gateway.conf has it: so long a gateway does not ask a node that it has found lost. */
const FAIL_TIMEOUT_SEC = 5;
const KEPT_CONNECTIONS = 1000;
const POLL_MS = 20;
const PAGE = new URL(`../${TIER_PAGE}`, import.meta.url);

const USAGE = `Usage: npm run simulate:tier -- [options]

  --tokens N   through each gateway (${TOKENS}); another number writes no files
  --help       show this text`;

async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      tokens: { type: 'string', default: String(TOKENS) },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const tokens = Number(values.tokens);
  if (!Number.isInteger(tokens) || tokens < 1 || tokens > TOKENS) {
    throw new BenchError(`--tokens is a whole number from 1 to ${TOKENS}`);
  }
  const results = await simulate(tokens);
  const scale = await readResults<ScaleResults>(RESULTS.scale);
  if (scale === undefined) throw new BenchError('bench/results/ lacks scale.json: run `npm run bench:scale`');
  const parts = tierParts(results, scale);
  console.log(Object.values(parts).join('\n\n'));
  if (tokens === TOKENS) {
    await writeResults(RESULTS.tier, results);
    await writeFile(PAGE, writeParts(await readFile(PAGE, 'utf8'), parts));
  }
  return 0;
}

async function simulate(tokens: number): Promise<TierResults> {
  const runtimes = await findRuntimes();
  const backends = await startBackends(runtimes.modern, '');
  try {
    const without = await withoutTier(runtimes, backends, tokens);
    const withTier = await throughTier(runtimes, backends, tokens);
    return {
      date: new Date().toISOString(),
      command: 'npm run simulate:tier',
      machine: await describeMachine(runtimes),
      jwtLength: JWT_LENGTH,
      gateways: GATEWAYS,
      nodes: NODES,
      tokens,
      byGateways: GATEWAY_COUNTS.map((gateways, i) => ({
        gateways,
        tokens: FEW_TOKENS,
        withoutTier: without.few[i] as number,
        withTier: withTier.few[i] as number,
      })),
      rounds: [...without.rounds, ...withTier.rounds],
      shares: withTier.shares,
      questionCpuUs: withTier.questionCpuUs,
      missCpuUs: withTier.missCpuUs,
      purge: { ms: withTier.purgeMs, gatewayTtlSec: GATEWAY_TTL_SEC },
      connectionBytes: withTier.connectionBytes,
    };
  } finally {
    await backends.stop();
  }
}

// The two fleets

/** Each gateway asks the authorization server itself, and keeps tokens for the default time. */
async function withoutTier(runtimes: Runtimes, backends: Backends, tokens: number) {
  const { port } = backends.authorizationServer;
  const gatewayConf = GATEWAY_CONF.replace(
    /upstream tier\.internal \{[^}]*\}/,
    `upstream login.example.com { server 127.0.0.1:${port}; keepalive 64; }`,
  )
    .replace('https://tier.internal/introspection', `http://login.example.com${INTROSPECTION.active}`)
    .replace('cache_ttl 30;', 'cache_ttl 300;');
  return withFleet(runtimes, backends, { gatewayConf, nodes: 0 }, async (fleet) => {
    const few = await countByGateways(fleet);
    return { few, rounds: [await countRound(fleet, 'without', tokens)] };
  });
}

async function throughTier(runtimes: Runtimes, backends: Backends, tokens: number) {
  const gatewayConf = GATEWAY_CONF.replace('cache_ttl 30;', `cache_ttl ${GATEWAY_TTL_SEC};`);
  const tierConf = () =>
    TIER_CONF.replace(
      'https://login.example.com/oauth/v2/oauth-introspect',
      `http://login.example.com${INTROSPECTION.active}`,
    )
      // Longer than the whole run, so that every question that is asked again is for a node that was lost.
      .replace('cache_ttl 300;', 'cache_ttl 3600;');
  return withFleet(runtimes, backends, { gatewayConf, nodes: NODES, tierConf }, async (fleet) => {
    const { nodes } = fleet.cluster;
    const lost = nodes[1] as TierNode;
    const few = await countByGateways(fleet);
    const before = await Promise.all(nodes.map(countQuestions));
    const cold = await measureCpu(fleet, () => countRound(fleet, 'cold', tokens));
    const after = await Promise.all(nodes.map(countQuestions));
    const shares = after.map((count, i) => (count - (before[i] as number)) / GATEWAYS);
    const again = await measureCpu(fleet, () => countRound(fleet, 'again', tokens));
    const questionCpuUs = again.cpuUs / again.round.requests;
    const { introspections, requests } = cold.round;
    const missCpuUs = (cold.cpuUs - (requests - introspections) * questionCpuUs) / introspections;
    await lost.kill();
    const killed = await countRound(fleet, 'killed', tokens);
    await lost.start();
    await delay((FAIL_TIMEOUT_SEC + 1) * 1000);
    const back = await countRound(fleet, 'back', tokens);
    const [reload] = await Promise.all([countRound(fleet, 'reload', tokens), reloadInTurn(nodes)]);
    const purgeMs = await measurePurge(fleet);
    const connectionBytes = await measureConnections(nodes[0] as TierNode);
    const rounds = [cold.round, again.round, killed, back, reload];
    return { few, rounds, shares, questionCpuUs, missCpuUs, purgeMs, connectionBytes };
  });
}

interface Fleet {
  readonly cluster: Cluster;
  readonly backends: Backends;
  /** One for each gateway. */
  readonly pools: readonly Pool[];
}

async function withFleet<T>(
  runtimes: Runtimes,
  backends: Backends,
  options: { gatewayConf: string; nodes: number; tierConf?: () => string },
  use: (fleet: Fleet) => Promise<T>,
): Promise<T> {
  progress(`starting ${GATEWAYS} gateways and ${options.nodes} nodes`);
  const cluster = await startCluster({
    ...options,
    setup: { runtime: runtimes.modern, engine: 'njs' },
    gateways: GATEWAYS,
    apiPort: backends.api.port,
    authorizationServerPort: backends.authorizationServer.port,
  });
  const pools = cluster.gateways.map((url) => new Pool(url, { connections: CONNECTIONS }));
  try {
    return await use({ cluster, backends, pools });
  } finally {
    await Promise.all(pools.map((pool) => pool.destroy()));
    await cluster.stop();
  }
}

async function reloadInTurn(nodes: readonly TierNode[]): Promise<void> {
  for (const { nginx } of nodes) {
    await delay(1000);
    await nginx?.reload();
  }
}

// Counts

/** Questions to the authorization server when few tokens come through more and more gateways, new tokens each time. */
async function countByGateways(fleet: Fleet): Promise<number[]> {
  const counts: number[] = [];
  for (const gateways of GATEWAY_COUNTS) {
    progress(`${FEW_TOKENS} tokens through ${gateways} gateways`);
    const before = await fleet.backends.authorizationServer.requestCount();
    const pools = fleet.pools.slice(0, gateways);
    const tokens = namedTokens(`few-${gateways}`, FEW_TOKENS);
    const failed = await Promise.all(pools.map((pool) => sendAll(pool, tokens)));
    if (sum(failed) > 0) throw new BenchError(`${sum(failed)} requests failed`);
    counts.push((await fleet.backends.authorizationServer.requestCount()) - before);
  }
  return counts;
}

/** Every token through every gateway, each of which begins elsewhere. */
async function countRound(fleet: Fleet, name: TierRoundName, count: number): Promise<TierRound> {
  progress(`${name}: ${count} tokens through ${GATEWAYS} gateways`);
  // What the gateways keep of the round before has ended.
  await delay((GATEWAY_TTL_SEC + 0.1) * 1000);
  const { api, authorizationServer } = fleet.backends;
  const [askedBefore, servedBefore] = [await authorizationServer.requestCount(), await api.requestCount()];
  const tokens = namedTokens('many', count);
  const failed = await Promise.all(
    fleet.pools.map((pool, i) => {
      const first = Math.floor((i * count) / GATEWAYS);
      return sendAll(pool, [...tokens.slice(first), ...tokens.slice(0, first)]);
    }),
  );
  const requests = GATEWAYS * count;
  const served = (await api.requestCount()) - servedBefore;
  if (served !== requests - sum(failed)) throw new BenchError(`${name}: the API was sent ${served} requests`);
  const introspections = (await authorizationServer.requestCount()) - askedBefore;
  return { name, requests, failed: sum(failed), introspections };
}

/** A round, and the CPU time of all nodes in it. */
async function measureCpu(fleet: Fleet, run: () => Promise<TierRound>) {
  const readUs = async () => {
    const pids = await Promise.all(fleet.cluster.nodes.map(workerPid));
    return sum(await Promise.all(pids.map(cpuTimeNs))) / 1000;
  };
  const before = await readUs();
  const round = await run();
  return { round, cpuUs: (await readUs()) - before };
}

async function workerPid({ nginx }: TierNode): Promise<number> {
  return (await nginx?.workerPids())?.at(-1) as number;
}

async function countQuestions({ nginx }: TierNode): Promise<number> {
  return ((await nginx?.accessLog()) ?? '').split('\n').filter((line) => line.includes('/introspection'))
    .length;
}

/** A token that every gateway has just stored is purged at all nodes. */
async function measurePurge({ cluster, pools }: Fleet): Promise<number> {
  progress('a purge');
  const token = 'opaque-token-purged-00000000';
  const failed = await Promise.all(pools.map((pool) => sendAll(pool, [token])));
  if (sum(failed) > 0) throw new BenchError(`${sum(failed)} requests failed`);
  for (const { managementUrl } of cluster.nodes) {
    const response = await fetch(`${managementUrl}/purge`, {
      method: 'POST',
      body: new URLSearchParams({ token }),
    });
    if (response.status !== 200) throw new BenchError(`a purge was answered ${response.status}`);
  }
  const purgedMs = performance.now();
  const refusedAfterMs = pools.map(async (pool) => {
    while ((await sendAll(pool, [token])) === 0) await delay(POLL_MS);
    return performance.now() - purgedMs;
  });
  return Math.max(...(await Promise.all(refusedAfterMs)));
}

/** What a node takes for connections of gateways that are kept. */
async function measureConnections(node: TierNode): Promise<number> {
  progress(`${KEPT_CONNECTIONS} connections to a node`);
  const pid = await workerPid(node);
  const { privateBytes } = await memoryOf(pid);
  const agents = Array.from(
    { length: KEPT_CONNECTIONS },
    () => new Agent({ connect: { ca: TIER_CA, servername: 'tier.internal', ...GATEWAY_TLS } }),
  );
  try {
    for (const agent of agents) {
      const { statusCode, body } = await agent.request({
        origin: node.url,
        path: '/introspection',
        method: 'POST',
        body: 'token=opaque-token-many-00000000',
      });
      await body.dump();
      if (statusCode !== 200) throw new BenchError(`a node answered ${statusCode}`);
    }
    return ((await memoryOf(pid)).privateBytes - privateBytes) / KEPT_CONNECTIONS;
  } finally {
    await Promise.all(agents.map((agent) => agent.destroy()));
  }
}

// The client

function namedTokens(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `opaque-token-${name}-${String(i).padStart(8, '0')}`);
}

/** @returns how many were answered with anything but 200 */
async function sendAll(pool: Pool, tokens: readonly string[]): Promise<number> {
  let next = 0;
  let failed = 0;
  const sendNext = async () => {
    for (let token = tokens[next++]; token !== undefined; token = tokens[next++]) {
      const { statusCode, body } = await pool.request({
        path: '/api/',
        method: 'GET',
        headers: { authorization: `Bearer ${token}` },
      });
      await body.dump();
      if (statusCode !== 200) failed += 1;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, sendNext));
  return failed;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

await runProgram(main);
