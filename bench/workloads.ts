// What is sent, and how often the authorization server and the API may be asked for it.
import type { Tokens } from './load.js';
import { asksApi, PATHS, type Row, type WorkloadName } from './rows.js';

export interface Workload {
  readonly name: WorkloadName;
  readonly title: string;
  readonly path: string;
  /** @param round  from 0 on; every round of `miss` needs tokens that were never sent */
  tokens(round: number): Tokens;
  /** Whether all tokens are sent once before anything is measured. */
  readonly isFilled: boolean;
}

export const MANY_TOKENS = 100_000;
/** More than any round sends; numbers of tokens have eight digits. */
const ENDLESS = 100_000_000;
/** How long records live: the settings' defaults, with which a configuration of the reader's may run; our rows keep more. */
const CACHE_TTL_SEC = 300;
const NEGATIVE_CACHE_TTL_SEC = 5;

// A common length, so that requests are equally long in all workloads.
const HOT: Tokens = { prefix: 'opaque-token-of-the-benchmark-one-', first: 0, count: 1 };
const MANY: Tokens = { prefix: 'opaque-token-of-the-benchmark-fix-', first: 0, count: MANY_TOKENS };
// Its own, since a record remembers one policy: that of the location at which its token was first seen.
const OF_POLICY: Tokens = { prefix: 'opaque-token-of-the-benchmark-pol-', first: 0, count: 1 };
const DENIED: Tokens = { prefix: 'opaque-token-of-the-benchmark-bad-', first: 0, count: 1 };

export const WORKLOADS: readonly Workload[] = [
  { name: 'hot', title: 'one hot token', path: PATHS.active, tokens: () => HOT, isFilled: false },
  {
    name: 'policy',
    title: 'one hot token, scopes and audience required',
    path: PATHS.policy,
    tokens: () => OF_POLICY,
    isFilled: false,
  },
  {
    name: 'many',
    title: `${MANY_TOKENS.toLocaleString('en-US')} tokens in turn, all cached`,
    path: PATHS.active,
    tokens: () => MANY,
    isFilled: true,
  },
  { name: 'denied', title: 'one inactive token', path: PATHS.denied, tokens: () => DENIED, isFilled: false },
  {
    name: 'miss',
    title: 'a new token each time',
    path: PATHS.active,
    tokens: (round) => ({
      prefix: `opaque-token-of-the-benchmark-${String(round).padStart(3, '0')}-`,
      first: 0,
      count: ENDLESS,
    }),
    isFilled: false,
  },
];

/** Bounds, both inclusive. */
export interface Range {
  readonly least: number;
  readonly most: number;
}

/** What is known of a run of the load when it has ended. */
export interface Run {
  readonly requests: number;
  readonly connections: number;
  readonly seconds: number;
}

const NONE: Range = { least: 0, most: 0 };

/** Questions to the authorization server that the load may have caused. */
export function expectedIntrospections(row: Row, workload: WorkloadName, run: Run): Range {
  if (!row.introspects) return NONE;
  switch (workload) {
    case 'hot':
    case 'policy':
      return { least: 0, most: timesEnded(run, CACHE_TTL_SEC) };
    case 'denied':
      return { least: 0, most: timesEnded(run, NEGATIVE_CACHE_TTL_SEC) };
    case 'many':
      return NONE;
    case 'miss':
      return onePerRequest(run);
  }
}

/** Requests to the API that the load may have caused. */
export function expectedApiRequests(row: Row, workload: WorkloadName, run: Run): Range {
  return isRefused(row, workload) || !asksApi(row) ? NONE : onePerRequest(run);
}

/** Whether the row answers 401. */
export function isRefused(row: Row, workload: WorkloadName): boolean {
  return row.introspects && workload === 'denied';
}

/** When wrk stops, each connection can have a request under way that it does not count. */
function onePerRequest({ requests, connections }: Run): Range {
  return { least: requests, most: requests + connections };
}

/** How often a record can end during a run, at most. */
function timesEnded({ seconds }: Run, ttlSec: number): number {
  return Math.floor(seconds / ttlSec) + 1;
}
