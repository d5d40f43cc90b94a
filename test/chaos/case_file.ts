// What the oracle knows so far: tokens and their answers, requests, and what was done to the gateway. It only answers questions
// about that; what must hold is judged in judge_*.ts.
import type { FaultName, Issued, Limits, Purged, Sent, Way } from './events.js';
import { type GatewayClock, newGatewayClock } from './gateway_clock.js';
import type { Finding, ReasonToAsk, RuleName } from './rules.js';

export interface Counts {
  requests: number;
  passed: number;
  refused: number;
  failed: number;
  aborted: number;
  lost: number;
  questions: number;
  purges: number;
  /** How often the machine gave this process no CPU for a while. */
  stalls: number;
  /** Good tokens that were answered 200 while nothing was done to the gateway. */
  untroubled: number;
  readonly askedAgain: Record<ReasonToAsk, number>;
  readonly statuses: Record<string, number>;
}

export interface Question {
  readonly way: Way;
  readonly askedMs: number;
  toldMs: number;
  heardMs: number;
  isWhole: boolean;
  verdict: 'active' | 'inactive' | 'failure' | 'none';
  jwt: string;
}

export interface TokenHistory {
  issued: Issued | undefined;
  revokedMs: number;
  /** When the first purge was sent. */
  purgingMs: number;
  lastUsedMs: number;
  readonly purges: Purged[];
  readonly questions: Question[];
  /** Streams of HTTP/2 that clients have reset. */
  readonly resets: { readonly way: Way; readonly sentMs: number; readonly atMs: number }[];
}

export interface KnownRequest extends Sent {
  /** When it was at the API; 0 when it was not. */
  reachedMs: number;
  /** How it ended, for a finding. */
  end: string;
}

/** From the beginning of a fault to its end. */
interface Span {
  readonly beganMs: number;
  endedMs: number;
}

interface Trouble extends Span {
  readonly fault: FaultName | 'stalled';
}

export interface CaseFile {
  readonly limits: Limits;
  readonly clock: GatewayClock;
  readonly tokens: Map<string, TokenHistory>;
  readonly requests: Map<number, KnownRequest>;
  readonly questions: Map<number, Question>;
  /** When a proof has let a request through. */
  readonly proofsPassed: Map<string, number>;
  /** When a key was removed. */
  readonly removedKeys: Map<string, number>;
  readonly troubles: Trouble[];
  readonly losses: Span[];
  readonly workersLostMs: number[];
  keysChangedMs: number;
  prunedMs: number;
  readonly findings: Finding[];
  readonly counts: Counts;
}

/** Farther back nothing matters, but keys. */
const REMEMBERED_MS = 240_000;

export function newCaseFile(limits: Limits): CaseFile {
  return {
    limits,
    clock: newGatewayClock(),
    tokens: new Map(),
    requests: new Map(),
    questions: new Map(),
    proofsPassed: new Map(),
    removedKeys: new Map(),
    troubles: [],
    losses: [],
    workersLostMs: [],
    keysChangedMs: Number.NEGATIVE_INFINITY,
    prunedMs: 0,
    findings: [],
    counts: newCounts(),
  };
}

function newCounts(): Counts {
  return {
    requests: 0,
    passed: 0,
    refused: 0,
    failed: 0,
    aborted: 0,
    lost: 0,
    questions: 0,
    purges: 0,
    stalls: 0,
    untroubled: 0,
    askedAgain: {
      failure: 0,
      reset_stream: 0,
      worker_lost: 0,
      zones_lost: 0,
      purged: 0,
      clock: 0,
      keys: 0,
      stalled: 0,
    },
    statuses: {},
  };
}

export function find(file: CaseFile, rule: RuleName, atMs: number, way: Way | undefined, text: string): void {
  file.findings.push({ rule, atMs, text, ...(way && { way }) });
}

/** Begins a history where there is none. */
export function historyOf({ tokens }: CaseFile, token: string, atMs: number): TokenHistory {
  const history = tokens.get(token) ?? newHistory();
  tokens.set(token, history);
  history.lastUsedMs = atMs;
  return history;
}

function newHistory(): TokenHistory {
  return {
    issued: undefined,
    revokedMs: Number.POSITIVE_INFINITY,
    purgingMs: Number.POSITIVE_INFINITY,
    lastUsedMs: 0,
    purges: [],
    questions: [],
    resets: [],
  };
}

export function isWorkerLost({ workersLostMs }: CaseFile, fromMs: number, toMs: number): boolean {
  return workersLostMs.some((ms) => ms >= fromMs && ms <= toMs);
}

export function areZonesLost({ losses }: CaseFile, fromMs: number, toMs: number): boolean {
  return losses.some(({ beganMs, endedMs }) => beganMs <= toMs && endedMs >= fromMs);
}

/** @param afterwardsMs for which a fault that is over still counts */
export function isTroubled(
  { troubles, limits }: CaseFile,
  fromMs: number,
  toMs: number,
  afterwardsMs = limits.recoveryMs,
): boolean {
  return troubles.some(({ beganMs, endedMs }) => beganMs <= toMs && endedMs + afterwardsMs >= fromMs);
}

/** Keys are fetched once in a while: after a failure, or for a new key, JWTs cannot be verified until the next time. */
export function areKeysTroubled(file: CaseFile, fromMs: number, toMs: number): boolean {
  const afterwardsMs = file.limits.keysPauseMs + file.limits.recoveryMs;
  const isKeyNew = file.keysChangedMs <= toMs && file.keysChangedMs + afterwardsMs >= fromMs;
  return isKeyNew || isTroubled(file, fromMs, toMs, afterwardsMs);
}

/** Whether what was noted in the interval may have been noted late. */
export function isNotedLate({ troubles, limits }: CaseFile, fromMs: number, toMs: number): boolean {
  return troubles.some(
    ({ fault, beganMs, endedMs }) =>
      fault === 'stalled' && beganMs <= toMs && endedMs >= fromMs - limits.slackMs,
  );
}

/** Forgets what no rule looks at any more, from time to time. */
export function prune(file: CaseFile, nowMs: number): void {
  if (nowMs - file.prunedMs < REMEMBERED_MS / 8) return;
  file.prunedMs = nowMs;
  const { troubles, tokens, requests, questions, proofsPassed } = file;
  const sinceMs = nowMs - REMEMBERED_MS;
  const over = troubles.findIndex(({ endedMs }) => endedMs >= sinceMs);
  troubles.splice(0, over < 0 ? troubles.length : over);
  for (const [token, history] of tokens) {
    if (history.lastUsedMs < sinceMs) tokens.delete(token);
    while ((history.questions[0]?.askedMs ?? nowMs) < sinceMs) history.questions.shift();
  }
  for (const [request, { atMs }] of requests) if (atMs < sinceMs) requests.delete(request);
  for (const [question, { askedMs }] of questions) if (askedMs < sinceMs) questions.delete(question);
  for (const [jti, atMs] of proofsPassed) if (atMs < sinceMs) proofsPassed.delete(jti);
}
