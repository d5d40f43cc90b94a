// A gateway under light, steady load for a long time: what each worker and each zone takes, measured again and again.
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { linearRegression, max, mean, median, min } from 'simple-statistics';
import { request } from 'undici';
import { listDescriptors } from './processes.js';
import type { Finding } from './rules.js';
import { openWorld, type RunPlan, type World } from './run.js';

export interface SoakPlan extends Omit<RunPlan, 'isEnough'> {
  /** What comes before is not part of the fitted lines. */
  readonly warmUpMs: number;
  readonly sampleMs: number;
}

export interface Sample {
  readonly atMs: number;
  readonly value: number;
}

export type Measure = 'memory_kb' | 'descriptors' | 'entries' | 'free_kb';

export interface Series {
  readonly measure: Measure;
  /** The worker's number, or the zone's name. */
  readonly of: string;
  readonly samples: readonly Sample[];
}

export interface Trend {
  readonly measure: Measure;
  readonly of: string;
  readonly samples: number;
  readonly least: number;
  readonly mean: number;
  readonly most: number;
  /** The slope of the line that is fitted. */
  readonly perHour: number;
  /** Beyond it the run fails. */
  readonly limitPerHour: number;
  /** Medians of each twentieth of the whole run, the warm-up too. */
  readonly course: readonly number[];
}

export interface SoakResult {
  readonly setup: string;
  readonly seed: string;
  readonly seconds: number;
  readonly warmUpSec: number;
  readonly requests: number;
  readonly passed: number;
  readonly questions: number;
  readonly outages: number;
  readonly trends: readonly Trend[];
  readonly findings: readonly Finding[];
}

/** By how much a fitted line may rise in an hour; free space may fall by it. */
export const LIMITS_PER_HOUR: Readonly<Record<Measure, number>> = {
  memory_kb: 2048,
  descriptors: 20,
  entries: 150,
  free_kb: 64,
};

export const MEASURE_TEXTS: Readonly<Record<Measure, string>> = {
  memory_kb: 'memory of its own of a worker (RssAnon), kB',
  descriptors: 'descriptors of a worker',
  entries: 'entries of a zone',
  free_kb: 'free space of a zone, kB',
};

/** The line that fits the samples after the warm-up; undefined when there are too few for one. */
export function trendOf({ measure, of, samples }: Series, fromMs: number): Trend | undefined {
  const used = samples.filter(({ atMs }) => atMs >= fromMs);
  if (used.length < 3) return undefined;
  const line = linearRegression(used.map(({ atMs, value }) => [(atMs - fromMs) / 3600_000, value]));
  const values = used.map(({ value }) => value);
  return {
    measure,
    of,
    samples: used.length,
    least: min(values),
    mean: mean(values),
    most: max(values),
    perHour: line.m,
    limitPerHour: LIMITS_PER_HOUR[measure],
    course: courseOf(samples.map(({ value }) => value)),
  };
}

function courseOf(values: readonly number[]): number[] {
  const size = Math.ceil(values.length / COURSE_PARTS);
  const starts = Array.from({ length: Math.ceil(values.length / size) }, (_, part) => part * size);
  return starts.map((start) => Math.round(median(values.slice(start, start + size))));
}

export function isBeyond({ measure, perHour, limitPerHour }: Trend): boolean {
  return (measure === 'free_kb' ? -perHour : perHour) > limitPerHour;
}

const COURSE_PARTS = 20;
const FILLING = 5;
const FILLING_MS = 20_000;
/** Gentle: cached tokens, and stale ones where they are allowed, bridge most of it. */
const OUTAGE_EVERY_MS = 45_000;
const OUTAGE_MS = 1500;

export async function runSoak(plan: SoakPlan): Promise<SoakResult> {
  const startedMs = Date.now();
  const world = await openWorld(plan);
  const series = new Map<string, Series & { samples: Sample[] }>();
  const add = (measure: Measure, of: string, value: number) => {
    const name = `${measure} ${of}`;
    const found = series.get(name) ?? { measure, of, samples: [] };
    series.set(name, found);
    found.samples.push({ atMs: Date.now(), value });
  };
  let outages = 0;
  const findings: Finding[] = [];
  const over = new AbortController();
  try {
    await fill(world, plan.requestsPerSec);
    const flapping = flap(world, over.signal, () => {
      outages += 1;
    });
    while (Date.now() < plan.endMs) {
      await measure(world, add).catch((error) => {
        findings.push({
          rule: 'not_back',
          atMs: Date.now(),
          text: `nothing could be measured: ${error.message}`,
        });
      });
      await delay(plan.sampleMs);
    }
    over.abort();
    await flapping;
  } finally {
    findings.push(...(await world.stop()));
  }
  const fromMs = startedMs + plan.warmUpMs;
  const { counts } = world.judge;
  return {
    setup: plan.setup.name,
    seed: plan.seed,
    seconds: Math.round((Date.now() - startedMs) / 1000),
    warmUpSec: Math.round(plan.warmUpMs / 1000),
    requests: counts.requests,
    passed: counts.passed,
    questions: counts.questions,
    outages,
    trends: [...series.values()].flatMap((one) => trendOf(one, fromMs) ?? []),
    findings: [...world.judge.findings, ...findings],
  };
}

/**
 * A worker keeps the memory of its busiest moment, most of all on QuickJS. So that moment comes first: else each busier one
 * would look like growth.
 */
async function fill({ clients, server, note }: World, requestsPerSec: number): Promise<void> {
  note({ kind: 'fault_began', atMs: Date.now(), fault: 'server_slow' });
  await server.become('slow');
  clients.start(FILLING * requestsPerSec);
  await delay(FILLING_MS);
  clients.start(requestsPerSec);
  await server.become('well');
  note({ kind: 'fault_ended', atMs: Date.now(), fault: 'server_slow' });
}

async function flap({ server, dice, note }: World, signal: AbortSignal, onOutage: () => void): Promise<void> {
  for (;;) {
    await delay(OUTAGE_EVERY_MS, undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    const [condition, fault] = dice.pick([
      ['down', 'server_down'],
      ['errors', 'server_errors'],
      ['slow', 'server_slow'],
    ] as const);
    onOutage();
    note({ kind: 'fault_began', atMs: Date.now(), fault });
    await server.become(condition);
    await delay(OUTAGE_MS);
    await server.become('well');
    note({ kind: 'fault_ended', atMs: Date.now(), fault });
  }
}

async function measure(
  world: World,
  add: (measure: Measure, of: string, value: number) => void,
): Promise<void> {
  const { gateway } = world;
  const pids = await gateway.workers();
  for (const [index, pid] of pids.entries()) {
    add('memory_kb', `worker ${index + 1}`, await ownMemoryKb(pid));
    add('descriptors', `worker ${index + 1}`, await listDescriptors(pid));
  }
  for (const { name, zone, value } of await readZones(gateway.url)) {
    if (name === 'entries') add('entries', zone, value);
    if (name === 'free_bytes') add('free_kb', zone, value / 1024);
  }
}

/** Without what is shared: the zones are measured for themselves. */
async function ownMemoryKb(pid: number): Promise<number> {
  const [, kilobytes] = /^RssAnon:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes);
}

/** From the gateway's own page for Prometheus. */
async function readZones(url: string): Promise<{ name: string; zone: string; value: number }[]> {
  const answer = await request(`${url}/metrics`, { signal: AbortSignal.timeout(10_000) });
  const page = await answer.body.text();
  const lines = page.matchAll(/^phantom_token_zone_(entries|free_bytes)\{zone="(\w+)"\} (\d+)$/gm);
  return [...lines].map(([, name = '', zone = '', value]) => ({ name, zone, value: Number(value) }));
}
