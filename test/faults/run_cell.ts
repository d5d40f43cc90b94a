// Plays a cell: which requests are sent in which state of the cache, and what each of them saw. It judges nothing.
import { setTimeout as delay } from 'node:timers/promises';
import { endedBy, held, reset, type ScriptedAnswer } from '../support/scripted_server.js';
import { type Cell, isHttps, isUrl } from './cells.js';
import { type Answer, type Choice, type FaultGateway, pathIn } from './gateway.js';
import { AS_NAME, type FaultyServer, type FaultyServers, jwtOf } from './servers.js';

/**
 * What a request has to meet.
 * - `granted`: its token is active, and the server answers well.
 * - `hit`: the same, from the cache.
 * - `faulty`: the server is faulty.
 * - `reset`: the server resets the connection, whatever the cell's fault is.
 * - `stale`: the same, and there is a record that has ended.
 * - `suspended`: the server is not asked.
 * - `again`: its token met the fault before, and now the server answers well.
 */
export type Expectation = 'granted' | 'hit' | 'faulty' | 'reset' | 'stale' | 'suspended' | 'again';

/** What a request saw. */
export interface Step {
  readonly expects: Expectation;
  readonly path: string;
  readonly token: string;
  readonly answer: Answer;
  /** How often the server was asked about the token before and after. */
  readonly askedBefore: number;
  readonly askedAfter: number;
}

export interface Played {
  readonly cell: Cell;
  readonly steps: readonly Step[];
  /** Of several requests at once with one token: how many questions the server had when the last one had come. */
  readonly questionsWhileJoined: number | undefined;
}

/** Records of one second end within two by the clock. */
const ENDED_MS = 2100;
const JOINING = 2;
const FAILURES = 2;
/** Until a suspension of a second has ended, also on a slow machine. */
const ATTEMPTS = 30;
const SUSPENDED_POLL_MS = 500;

/** Runs a part of a cell in which it does not wait, when its turn comes. */
export type Busy = <T>(part: () => Promise<T>) => Promise<T>;

export async function playCell(
  cell: Cell,
  gateway: FaultGateway,
  servers: FaultyServers,
  busy: Busy,
): Promise<Played> {
  const stage = await newStage(cell, gateway, servers, busy);
  try {
    const questionsWhileJoined = await PLAYS[cell.state](stage);
    return { cell, steps: stage.steps, questionsWhileJoined };
  } finally {
    await stage.close();
  }
}

interface Stage {
  readonly id: string;
  readonly busy: Busy;
  readonly steps: Step[];
  readonly servers: FaultyServers;
  readonly gateway: FaultGateway;
  /** @param name of the token in the cell */
  send(name: string, expects: Expectation, options?: Partial<Choice>): Promise<Step>;
  token(name: string): string;
  /** From now on the server is faulty for these tokens; where the fault is one of the connection, for all. */
  breakFor(names: readonly string[]): Promise<void>;
  /** The same by a reset, whatever the cell's fault is. */
  resetFor(names: readonly string[]): Promise<void>;
  /** The same, and the answer waits for the function that this gives. Undefined where no token is known when the fault comes. */
  hold(name: string): (() => void) | undefined;
  heal(): Promise<void>;
  close(): Promise<void>;
}

async function newStage(
  cell: Cell,
  gateway: FaultGateway,
  servers: FaultyServers,
  busy: Busy,
): Promise<Stage> {
  const { fault } = cell;
  const own = fault.at === 'connection' ? await servers.startOwn(isHttps(cell.transport)) : undefined;
  const place = placeOf(cell, own, servers);
  const steps: Step[] = [];
  const broken = new Set<string>();
  let sent = 0;
  let healing = new AbortController();
  const token = (name: string) => `opaque-${cell.id}-${name}`;
  const say = (name: string, answer: ScriptedAnswer) => {
    broken.add(name);
    servers.answer(token(name), endedBy(answer, healing.signal));
  };
  return {
    id: cell.id,
    busy,
    steps,
    servers,
    gateway,
    token,
    async send(name, expects, options = {}) {
      const asked = token(name);
      const path = `${cell.id}/${sent++}-${expects}-${name}`;
      const askedBefore = servers.questions(asked);
      const answer = await gateway.send({
        mode: cell.mode,
        token: asked,
        partition: cell.id,
        ...place,
        ...options,
        path,
      });
      const step: Step = {
        expects,
        path: pathIn(cell.mode, path),
        token: asked,
        answer,
        askedBefore,
        askedAfter: servers.questions(asked),
      };
      steps.push(step);
      return step;
    },
    async breakFor(names) {
      if (fault.at === 'connection') await own?.meet(fault.meets(servers.badCertificates));
      else for (const name of names) say(name, fault.answer(jwtOf(token(name))));
    },
    async resetFor(names) {
      await own?.meet({ kind: 'played', answer: reset() });
      for (const name of names) say(name, reset());
    },
    hold(name) {
      if (fault.at === 'connection') return undefined;
      const answer = held(fault.answer(jwtOf(token(name))));
      say(name, answer);
      return answer.release;
    },
    async heal() {
      for (const name of broken) servers.answer(token(name), undefined);
      await own?.meet(undefined);
      healing.abort();
      healing = new AbortController();
    },
    async close() {
      healing.abort();
      await own?.close();
    },
  };
}

function placeOf(
  cell: Cell,
  own: FaultyServer | undefined,
  servers: FaultyServers,
): Pick<Choice, 'endpoint' | 'authority'> {
  const https = isHttps(cell.transport);
  const port = own?.port ?? (https ? servers.httpsPort : servers.httpPort);
  const shared = https ? 'as_https' : 'as_http';
  return {
    endpoint: isUrl(cell.transport)
      ? `${https ? `https://${AS_NAME}` : `http://${servers.host}`}:${port}/introspect`
      : `/introspect_${https ? 'https' : 'http'}`,
    authority: own === undefined ? shared : `${servers.host}:${port}`,
  };
}

type Play = (stage: Stage) => Promise<number | undefined>;

const PLAYS: Record<Cell['state'], Play> = {
  cold: (stage) =>
    stage.busy(async () => {
      await stage.send('neighbour', 'granted');
      await stage.breakFor(['subject']);
      await Promise.all([stage.send('subject', 'faulty'), stage.send('neighbour', 'hit')]);
      await seeHealed(stage, 'subject');
      return undefined;
    }),

  /** Another token meets the fault meanwhile. */
  hit: (stage) =>
    stage.busy(async () => {
      await stage.send('subject', 'granted');
      await stage.breakFor(['other']);
      await Promise.all([stage.send('other', 'faulty'), stage.send('subject', 'hit')]);
      await seeHealed(stage, 'other');
      return undefined;
    }),

  async stale(stage) {
    const stale = { ttlSec: 1, staleSec: 600 };
    await stage.busy(async () => {
      await stage.send('neighbour', 'granted');
      await stage.send('subject', 'granted', stale);
      await stage.breakFor(['subject']);
    });
    await delay(ENDED_MS);
    await stage.busy(async () => {
      await Promise.all([stage.send('subject', 'stale', stale), stage.send('neighbour', 'hit')]);
      await seeHealed(stage, 'subject');
    });
    return undefined;
  },

  /** Several requests with one token at once. */
  joined: (stage) =>
    stage.busy(async () => {
      await stage.send('neighbour', 'granted');
      await stage.breakFor(['subject']);
      const release = stage.hold('subject');
      const asked = stage.servers.nextQuestion(stage.token('subject'));
      const first = stage.send('subject', 'faulty');
      if (release !== undefined) await Promise.race([asked, first]);
      const others = Array.from({ length: JOINING }, () => stage.send('subject', 'faulty'));
      await stage.send('neighbour', 'hit');
      await stage.gateway.settle();
      const questions = release && stage.servers.questions(stage.token('subject'));
      release?.();
      await Promise.all([first, ...others]);
      await seeHealed(stage, 'subject');
      return questions;
    }),

  /** Introspection is suspended; then the one request that may ask meets the fault. */
  async suspended(stage) {
    const long = { breakerFailures: FAILURES, breakerDelaySec: 3600 };
    const short = { breakerFailures: FAILURES, breakerDelaySec: 1, partition: `${stage.id}-short` };
    await stage.busy(async () => {
      await stage.send('neighbour', 'granted', long);
      await suspend(stage, 'long', long);
      await stage.send('subject', 'suspended', long);
      await stage.send('neighbour', 'hit', long);
      await stage.heal();
      await suspend(stage, 'short', short);
      await stage.breakFor(['probe']);
    });
    await untilNotSuspended(stage, 'probe', 'faulty', short);
    await stage.heal();
    await untilNotSuspended(stage, 'healed', 'granted', short);
    return undefined;
  },
};

/** Everybody is served, and what the token met is forgotten. */
async function seeHealed(stage: Stage, name: string): Promise<void> {
  await stage.heal();
  await stage.send('healed', 'granted');
  await stage.send(name, 'again');
}

/** As many failures in a row as it takes, of different tokens. */
async function suspend(stage: Stage, label: string, options: Partial<Choice>): Promise<void> {
  const names = Array.from({ length: FAILURES }, (_, i) => `${label}${i}`);
  await stage.resetFor(names);
  for (const name of names) await stage.send(name, 'reset', options);
}

/** Sends requests until one is not refused because introspection is suspended. */
async function untilNotSuspended(
  stage: Stage,
  name: string,
  expects: Expectation,
  options: Partial<Choice>,
): Promise<void> {
  for (let i = 0; i < ATTEMPTS; i++) {
    const step = await stage.busy(() => stage.send(name, expects, options));
    if (!isSuspended(step)) return;
    stage.steps.splice(stage.steps.indexOf(step), 1, { ...step, expects: 'suspended' });
    await delay(SUSPENDED_POLL_MS);
  }
  await stage.busy(() => stage.send(name, expects, options));
}

function isSuspended({ answer, askedBefore, askedAfter }: Step): boolean {
  return answer.kind === 'answer' && answer.status === 503 && askedAfter === askedBefore;
}
