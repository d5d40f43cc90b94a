// One gateway under load, with what is done to it, until the time is up.
import { setTimeout as delay } from 'node:timers/promises';
import { request } from 'undici';
import { nextHost } from '../support/hosts.js';
import type { Setup } from '../support/setups.js';
import { type ChaosApi, startApi } from './api.js';
import { type ChaosServer, startAuthorizationServer } from './authorization_server.js';
import type { Counts } from './case_file.js';
import { type Clients, openClients } from './clients.js';
import { type Dice, newDice } from './dice.js';
import { readErrorLog } from './error_log.js';
import { type Event, FAULTS, type FaultName } from './events.js';
import { PERFORM } from './faults.js';
import { type ChaosGateway, startChaosGateway } from './gateway.js';
import { type Judge, newJudge } from './judge.js';
import { LIMITS } from './nginx_conf.js';
import type { Finding } from './rules.js';
import { SECRETS_OF_LOGS } from './secrets.js';
import { type ChaosToken, newTokens, type Tokens } from './tokens.js';

export interface RunPlan {
  readonly setup: Setup;
  readonly seed: string;
  readonly endMs: number;
  readonly requestsPerSec: number;
  readonly scripts: readonly [string, string];
  readonly faketime: string | undefined;
  /** Whether to end at once when this has been found. */
  isEnough(findings: readonly Finding[]): boolean;
  progress(line: string): void;
}

export interface FaultCounts {
  times: number;
  /** From the end of the fault to the third new token in a row that was exchanged. */
  readonly backMs: number[];
}

export interface RunResult {
  readonly setup: string;
  readonly seed: string;
  readonly seconds: number;
  readonly counts: Counts;
  readonly faults: Partial<Record<FaultName, FaultCounts>>;
  /** How often a killed worker has left a zone locked, which is documented. */
  readonly wedges: number;
  readonly findings: readonly Finding[];
}

/** What both kinds of runs have around their gateway. */
export interface World {
  readonly tokens: Tokens;
  readonly server: ChaosServer;
  readonly api: ChaosApi;
  readonly gateway: ChaosGateway;
  readonly clients: Clients;
  readonly judge: Judge;
  readonly dice: Dice;
  note(event: Event): void;
  /** Ends everything, in the order in which nobody misses what is gone. @returns what the logs hold that they must not */
  stop(): Promise<Finding[]>;
}

export type WorldPlan = Pick<RunPlan, 'setup' | 'seed' | 'scripts' | 'faketime'>;

const TOKENS_IN_USE = 60;
const RENEW_MS = 200;
const WATCH_MS = 25;
/** The gateway waits 700 ms for the server, and the server takes 25 by itself. */
const STALL_MS = 250;
const PURGE_TIMEOUT_MS = 5000;
const BACK_TIMEOUT_MS = 20_000;
const PROBE_TIMEOUT_MS = 4000;
const PROBE_PAUSE_MS = 50;
const PROBES = ['plain', 'bound', 'plain'] as const;
/** Longer than requests may still fail after a fault, so that some are judged in full. */
const QUIET_MS = [4500, 8000] as const;

export async function openWorld({ setup, seed, scripts, faketime }: WorldPlan): Promise<World> {
  const dice = newDice(`${seed} ${setup.name}`);
  const judge = newJudge(LIMITS);
  const { note } = judge;
  const tokens = await newTokens(dice.fork('tokens'), TOKENS_IN_USE, note);
  const server = await startAuthorizationServer(nextHost(), tokens, dice.fork('server'), note);
  const api = await startApi(nextHost(), note);
  const closeServers = async () => {
    await server.close();
    await api.close();
  };
  let gateway: ChaosGateway;
  try {
    const place = { setup, host: nextHost(), server, api, scripts, faketime };
    gateway = await startChaosGateway(place, dice.fork('gateway'));
  } catch (error) {
    await closeServers();
    throw error;
  }
  const clients = openClients(gateway.url, tokens, dice.fork('clients'), 1, note);
  const renewal = setInterval(() => {
    for (const token of tokens.renew()) endToken(token, gateway.url, note).catch(() => {});
  }, RENEW_MS);
  const stopWatching = watchStalls(note);
  return {
    tokens,
    server,
    api,
    gateway,
    clients,
    judge,
    dice,
    note,
    async stop() {
      clearInterval(renewal);
      stopWatching();
      await clients.stop();
      const { error, access } = await gateway.logs();
      await gateway.stop();
      await closeServers();
      return [
        ...readErrorLog(error, gateway.ended, SECRETS_OF_LOGS),
        ...readErrorLog(access, gateway.ended, SECRETS_OF_LOGS),
      ].map((finding) => ({ ...finding, atMs: Date.now() }));
    },
  };
}

/** Notes when this process was not run in time. @returns what ends that */
function watchStalls(note: (event: Event) => void): () => void {
  let lastMs = Date.now();
  const timer = setInterval(() => {
    const atMs = Date.now();
    if (atMs - lastMs > WATCH_MS + STALL_MS) note({ kind: 'stalled', sinceMs: lastMs, atMs });
    lastMs = atMs;
  }, WATCH_MS);
  return () => clearInterval(timer);
}

/** In the way that the token's life was to end. */
async function endToken(token: ChaosToken, url: string, note: (event: Event) => void): Promise<void> {
  const { text, end } = token;
  if (end === 'is_revoked' || end === 'is_purged_and_revoked') {
    token.isRevoked = true;
    note({ kind: 'revoked', atMs: Date.now(), token: text });
  }
  if (end !== 'is_purged' && end !== 'is_purged_and_revoked') return;
  const sentMs = Date.now();
  note({ kind: 'purging', atMs: sentMs, token: text });
  const answer = await request(`${url}/purge`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ token: text }).toString(),
    signal: AbortSignal.timeout(PURGE_TIMEOUT_MS),
  });
  await answer.body.dump();
  note({ kind: 'purged', atMs: Date.now(), sentMs, token: text, status: answer.statusCode });
}

export async function runChaos(plan: RunPlan): Promise<RunResult> {
  const startedMs = Date.now();
  const world = await openWorld(plan);
  const { judge, clients, dice, note } = world;
  const faults: Partial<Record<FaultName, FaultCounts>> = {};
  const ofRun: Finding[] = [];
  const all = () => [...judge.findings, ...ofRun];
  let wedges = 0;
  const isOver = () => Date.now() >= plan.endMs || plan.isEnough(all());
  const usable = FAULTS.filter((fault) => plan.faketime !== undefined || !fault.startsWith('clock'));

  const inject = async (fault: FaultName) => {
    plan.progress(`${plan.setup.name}: ${fault}`);
    note({ kind: 'fault_began', atMs: Date.now(), fault });
    await PERFORM[fault]({ gateway: world.gateway, server: world.server, dice, note });
    const count = faults[fault] ?? { times: 0, backMs: [] };
    faults[fault] = count;
    count.times += 1;
    const backMs = await awaitService(clients);
    if (backMs !== undefined) count.backMs.push(backMs);
    else await bringBack(fault);
    note({ kind: 'fault_ended', atMs: Date.now(), fault });
  };

  const bringBack = async (fault: FaultName) => {
    // Whoever was killed may have held the lock of a zone; docs/security.md says that only a restart helps.
    const isWedged = await world.gateway.isSpinning();
    if (isWedged) wedges += 1;
    else ofRun.push({ rule: 'not_back', atMs: Date.now(), text: `after ${fault}` });
    plan.progress(
      isWedged ? 'a zone stayed locked: restarting nginx' : 'service is not back: restarting nginx',
    );
    note({ kind: 'fault_began', atMs: Date.now(), fault: 'restart' });
    await PERFORM.restart({ gateway: world.gateway, server: world.server, dice, note });
    const backMs = await awaitService(clients);
    if (backMs === undefined) ofRun.push({ rule: 'not_back', atMs: Date.now(), text: 'after a restart' });
    note({ kind: 'fault_ended', atMs: Date.now(), fault: 'restart' });
  };

  let ofLogs: Finding[] = [];
  try {
    clients.start(plan.requestsPerSec);
    let bag: FaultName[] = [];
    while (!isOver()) {
      await delay(dice.whole(...QUIET_MS));
      if (isOver()) break;
      if (bag.length === 0) bag = dice.shuffle(usable);
      await inject(bag.pop() as FaultName);
    }
  } finally {
    ofLogs = await world.stop();
  }
  return {
    setup: plan.setup.name,
    seed: plan.seed,
    seconds: Math.round((Date.now() - startedMs) / 1000),
    counts: judge.counts,
    faults,
    wedges,
    findings: [...all(), ...ofLogs],
  };
}

/** @returns after how long new tokens are exchanged again; undefined when they are not within the limit */
async function awaitService(clients: Clients): Promise<number | undefined> {
  const sinceMs = Date.now();
  let inARow = 0;
  while (inARow < PROBES.length) {
    if (Date.now() - sinceMs > BACK_TIMEOUT_MS) return undefined;
    const isGranted = await clients.probe(PROBES[inARow] as (typeof PROBES)[number], PROBE_TIMEOUT_MS);
    inARow = isGranted ? inARow + 1 : 0;
    if (!isGranted) await delay(PROBE_PAUSE_MS);
  }
  return Date.now() - sinceMs;
}
