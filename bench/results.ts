// The files in bench/results/: each measurement, none left out, and where it was made.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { interquartileRange, median } from 'simple-statistics';
import type { HerdSample } from './herd.js';
import type { Machine } from './machine.js';
import type { Sample } from './measure.js';
import type { Memory } from './processors.js';
import type { WorkloadName } from './rows.js';

/** Under which conditions a file was made. */
export interface Conditions {
  /** ISO 8601, UTC. */
  readonly date: string;
  readonly command: string;
  readonly machine: Machine;
  readonly jwtLength: number;
}

export interface SpeedResults extends Conditions {
  readonly rounds: number;
  readonly seconds: number;
  readonly connections: number;
  readonly rows: readonly RowResult[];
}

export interface RowResult {
  readonly name: string;
  readonly title: string;
  /** Name of the row that the others are compared with. */
  readonly bare: string;
  /** Of the worker when all rounds were over. */
  readonly memory: Memory;
  /** One sample for each round, in their order; no workload that the row does not serve. */
  readonly samples: Partial<Record<WorkloadName, readonly Sample[]>>;
}

export interface ScaleResults extends Conditions {
  readonly memory: MemoryResult;
  readonly herd: readonly HerdResult[];
  readonly workers: readonly WorkerResult[];
  readonly hits: readonly HitResult[];
  readonly purges: readonly PurgeResult[];
}

/** What cached tokens take in the zone as it is shipped. */
export interface MemoryResult {
  /** Free when nothing is in it: less than its size, because nginx keeps its own lists there. */
  readonly emptyZoneBytes: number;
  readonly tokens: readonly { readonly jwtLength: number; readonly bytesPerToken: number }[];
}

export interface FlightResults extends Conditions {
  readonly rounds: number;
  /** How long the API took to answer. */
  readonly answerMs: number;
  readonly rows: readonly FlightRow[];
}

/** A row while many requests wait for the API. */
export interface FlightRow {
  readonly name: string;
  readonly title: string;
  /** Name of the row that it is compared with. */
  readonly bare: string;
  /** What the worker takes for each further request in flight. */
  readonly heldBytes: number;
  readonly loads: readonly { readonly connections: number; readonly samples: readonly Sample[] }[];
}

export interface RevocationResults extends Omit<Conditions, 'jwtLength'> {
  /** What chose the moments at which tokens were ended. */
  readonly seed: string;
  readonly tries: number;
  readonly workers: number;
  readonly rows: readonly RevocationRow[];
}

/** One figure of one case in one set-up. */
export interface RevocationRow {
  readonly name: string;
  readonly figure: string;
  readonly setup: string;
  readonly title: string;
  /** What a record and a key set could live in this run; 0 where only requests under way can come after the end. */
  readonly limitMs: number;
  /** Of each try: from the end of the token to the last request that passed; 0 when none passed after it. */
  readonly delaysMs: readonly number[];
  /** Of all clients of one token together: how finely the last one is known. */
  readonly requestsPerSec: number;
}

/** What `npm run simulate:tier` counted. */
export interface TierResults extends Conditions {
  readonly gateways: number;
  readonly nodes: number;
  readonly tokens: number;
  /** Few tokens, all at the same moment through so many gateways. */
  readonly byGateways: readonly {
    readonly gateways: number;
    readonly tokens: number;
    /** Questions to the authorization server. */
    readonly withoutTier: number;
    readonly withTier: number;
  }[];
  /** Every token through every gateway, in this order. */
  readonly rounds: readonly TierRound[];
  /** Tokens of each node when all run. */
  readonly shares: readonly number[];
  /** CPU time of a node for a question that it answers from memory. */
  readonly questionCpuUs: number;
  /** The same for a question for which it asks the authorization server. */
  readonly missCpuUs: number;
  /** From a purge at all nodes until the last gateway refused the token, and how long the gateways keep one. */
  readonly purge: { readonly ms: number; readonly gatewayTtlSec: number };
  /** Private memory of a node for a kept connection of a gateway. */
  readonly connectionBytes: number;
}

export type TierRoundName = 'without' | 'cold' | 'again' | 'killed' | 'back' | 'reload';

export interface TierRound {
  readonly name: TierRoundName;
  readonly requests: number;
  /** Answered with anything but 200. */
  readonly failed: number;
  /** Questions to the authorization server. */
  readonly introspections: number;
}

export interface HerdResult {
  readonly name: string;
  readonly title: string;
  readonly clients: number;
  /** How long the authorization server took to answer. */
  readonly answerMs: number;
  readonly samples: readonly HerdSample[];
}

export interface WorkerResult {
  readonly workers: number;
  /** Whether the gateway shared its CPUs with nobody. */
  readonly hasOwnCpus: boolean;
  readonly samples: readonly Sample[];
}

/** Hits on all of so many records in turn. */
export interface HitResult {
  readonly records: number;
  readonly samples: readonly Sample[];
}

/** The request that makes njs free so many ended records, beside a usual miss. */
export interface PurgeResult {
  readonly records: number;
  readonly zoneMb: number;
  readonly requestMs: number;
  readonly usualMs: number;
}

/** A median, and half the range between the quartiles. */
export interface Spread {
  readonly median: number;
  readonly halfRange: number;
}

export function spreadOf(values: readonly number[]): Spread {
  return { median: median([...values]), halfRange: interquartileRange([...values]) / 2 };
}

/** CPU time beside that of the bare row. */
export interface ComparedCpu {
  readonly cpuUs: Spread;
  /** Against the bare row of the same round, and then the median of rounds: what drifts, drifts in both. */
  readonly addedCpuUs: Spread;
  readonly cpuRatio: Spread;
}

export interface Cell extends ComparedCpu {
  readonly requestsPerSec: Spread;
  readonly busy: Spread;
  readonly p50Us: Spread;
  readonly p99Us: Spread;
  readonly p999Us: Spread;
  /** Paired like those of the CPU time. */
  readonly requestsRatio: Spread;
}

/** @param bare  samples of the bare row, of the same rounds */
export function compareCpu(samples: readonly Sample[], bare: readonly Sample[]): ComparedCpu {
  return {
    cpuUs: spreadOf(samples.map(({ cpuUs }) => cpuUs)),
    addedCpuUs: pairedSpread(samples, bare, (sample, bareSample) => sample.cpuUs - bareSample.cpuUs),
    cpuRatio: pairedSpread(samples, bare, (sample, bareSample) => sample.cpuUs / bareSample.cpuUs),
  };
}

function pairedSpread(
  samples: readonly Sample[],
  bare: readonly Sample[],
  compare: (sample: Sample, bareSample: Sample) => number,
): Spread {
  return spreadOf(samples.map((sample, round) => compare(sample, bare[round] as Sample)));
}

/** @returns undefined when the row or its bare row was not measured under that workload */
export function cellOf(results: SpeedResults, row: RowResult, workload: WorkloadName): Cell | undefined {
  const samples = row.samples[workload];
  const bare = results.rows.find(({ name }) => name === row.bare)?.samples[workload];
  if (samples === undefined || bare === undefined) return undefined;
  const spread = (read: (sample: Sample) => number) => spreadOf(samples.map(read));
  return {
    ...compareCpu(samples, bare),
    requestsPerSec: spread((sample) => sample.requestsPerSec),
    busy: spread((sample) => sample.busy),
    p50Us: spread((sample) => sample.p50Us),
    p99Us: spread((sample) => sample.p99Us),
    p999Us: spread((sample) => sample.p999Us),
    requestsRatio: pairedSpread(
      samples,
      bare,
      (sample, bareSample) => sample.requestsPerSec / bareSample.requestsPerSec,
    ),
  };
}

export interface ComparedFlight {
  readonly title: string;
  readonly isBare: boolean;
  readonly heldBytes: number;
  readonly loads: readonly ({ readonly connections: number } & ComparedCpu)[];
}

/** Each row beside its bare row, load by load. */
export function compareFlight(rows: readonly FlightRow[]): ComparedFlight[] {
  return rows.map(({ name, title, bare, heldBytes, loads }) => {
    const bareLoads = rows.find((row) => row.name === bare)?.loads ?? [];
    return {
      title,
      isBare: name === bare,
      heldBytes,
      loads: loads.map(({ connections, samples }, index) => ({
        connections,
        ...compareCpu(samples, bareLoads[index]?.samples ?? []),
      })),
    };
  });
}

export async function writeResults(file: string | URL, results: object): Promise<void> {
  await mkdir(dirname(typeof file === 'string' ? file : fileURLToPath(file)), { recursive: true });
  await writeFile(file, `${JSON.stringify(results, toSixDigits, 1)}\n`);
}

/** More would only be noise. Whole numbers stay as they are. */
function toSixDigits(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value;
}

export const RESULTS = {
  speed: new URL('results/speed.json', import.meta.url),
  scale: new URL('results/scale.json', import.meta.url),
  flight: new URL('results/flight.json', import.meta.url),
  revocation: new URL('results/revocation.json', import.meta.url),
  tier: new URL('results/tier.json', import.meta.url),
  instructions: new URL('instructions.json', import.meta.url),
} as const;

/** @returns undefined when there is no such file */
export async function readResults<T>(file: URL): Promise<T | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as T);
}
