// What is done to a gateway and its authorization server while clients use them.
import { setTimeout as delay } from 'node:timers/promises';
import type { ChaosServer, Condition } from './authorization_server.js';
import type { Dice } from './dice.js';
import type { Event, FaultName } from './events.js';
import type { ChaosGateway } from './gateway.js';

export interface Stage {
  readonly gateway: ChaosGateway;
  readonly server: ChaosServer;
  readonly dice: Dice;
  note(event: Event): void;
}

/** Brings it about and takes it back; what remains is that service comes back. */
export const PERFORM: Readonly<Record<FaultName, (stage: Stage) => Promise<void>>> = {
  kill_worker: (stage) => endWorkers(stage, 'SIGKILL', 1),
  kill_all_workers: (stage) => endWorkers(stage, 'SIGKILL', Number.POSITIVE_INFINITY),
  terminate_worker: (stage) => endWorkers(stage, 'SIGTERM', 1),
  reload: (stage) => reload(stage),
  reload_other_script: (stage) => reload(stage, 'script'),
  async resize_zone(stage) {
    stage.note({ kind: 'zones_lost', atMs: Date.now() });
    await reload(stage, 'zone');
    stage.note({ kind: 'zones_settled', atMs: Date.now() });
  },
  restart,
  server_down: (stage) => misbehave(stage, 'down'),
  server_slow: (stage) => misbehave(stage, 'slow'),
  server_errors: (stage) => misbehave(stage, 'errors'),
  server_wrong: (stage) => misbehave(stage, 'wrong'),
  server_cut: (stage) => misbehave(stage, 'cut'),
  async rotate_keys({ server }) {
    server.rotateKeys();
  },
  clock_ahead: (stage) => stepClock(stage, 1),
  clock_behind: (stage) => stepClock(stage, -1),
};

/** The sentences of docs/chaos.md. */
export const FAULT_TEXTS: Readonly<Record<FaultName, string>> = {
  kill_worker: 'one of the two workers gets SIGKILL',
  kill_all_workers: 'both workers get SIGKILL',
  terminate_worker: 'one worker gets SIGTERM, which drops its requests',
  reload: 'SIGHUP; the old workers are awaited',
  reload_other_script:
    'SIGHUP after `phantom_token.js` was replaced by a script of another version, and back the next time',
  resize_zone:
    'SIGHUP after one of the five zones was made larger by 1 MB, or smaller again; its entries are lost',
  restart: 'nginx is stopped and started',
  server_down: 'the authorization server listens no more, its connections end',
  server_slow: 'each answer takes up to 1.4 s, twice what the gateway waits for a byte',
  server_errors: '500, 502, 503, 504 and 429 nine times in ten',
  server_wrong:
    'HTML, half JSON, `"active":"true"`, an empty JWT and, where signatures are verified, a JWT of a forger, nine times in ten',
  server_cut: 'answers are cut and the connection is reset, nine times in ten',
  rotate_keys: 'the server signs with a new key at once, and ceases to publish the last but one',
  clock_ahead: "the gateway's clock jumps ahead by up to two minutes, and back after some seconds",
  clock_behind: "the gateway's clock jumps back by up to two minutes, and ahead again after some seconds",
};

const SHORTEST_MS = 1500;
const LONGEST_MS = 4000;
/** A worker is killed while the server misbehaves, when it has the most under way. */
const KILLED_MEANWHILE_CHANCE = 0.3;
const MOST_CLOCK_SEC = 120;
/** Beyond worker_shutdown_timeout. */
const OLD_WORKERS_TIMEOUT_MS = 9000;
const POLL_MS = 50;

const someTimeMs = (dice: Dice) => SHORTEST_MS + dice.chance() * (LONGEST_MS - SHORTEST_MS);

async function endWorkers(
  { gateway, dice, note }: Stage,
  signal: 'SIGKILL' | 'SIGTERM',
  count: number,
): Promise<void> {
  const chosen = dice.shuffle(await gateway.workers()).slice(0, count);
  note({ kind: 'worker_lost', atMs: Date.now() });
  for (const pid of chosen) gateway.end(pid, signal);
}

async function reload({ gateway, note }: Stage, change?: 'script' | 'zone'): Promise<void> {
  const before = await gateway.workers();
  await gateway.reload(change);
  const untilMs = Date.now() + OLD_WORKERS_TIMEOUT_MS;
  const areOldLeft = async () => (await gateway.workers()).some((pid) => before.includes(pid));
  while (Date.now() < untilMs && (await areOldLeft())) await delay(POLL_MS);
  // worker_shutdown_timeout closes what an old worker still has.
  note({ kind: 'worker_lost', atMs: Date.now() });
}

async function restart({ gateway, note }: Stage): Promise<void> {
  note({ kind: 'zones_lost', atMs: Date.now() });
  await gateway.restart();
  note({ kind: 'zones_settled', atMs: Date.now() });
}

async function misbehave(stage: Stage, condition: Condition): Promise<void> {
  const { server, dice } = stage;
  await server.become(condition);
  const isKilledMeanwhile = dice.chance() < KILLED_MEANWHILE_CHANCE;
  await delay(someTimeMs(dice));
  if (isKilledMeanwhile) {
    await endWorkers(stage, 'SIGKILL', 1);
    await delay(someTimeMs(dice) / 2);
  }
  await server.become('well');
}

async function stepClock({ gateway, dice, note }: Stage, sign: 1 | -1): Promise<void> {
  const set = (aheadMs: number) => note({ kind: 'clock_set', aheadMs, ...gateway.setClock(aheadMs) });
  set(sign * 1000 * dice.whole(2, MOST_CLOCK_SEC));
  await delay(someTimeMs(dice));
  set(0);
}
