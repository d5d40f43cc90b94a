// The one oracle of the matrix: what must hold of every request of every cell. It is pure: it gets what was seen.
import { SECRET_MARKS } from '../support/secret_marks.js';
import type { Cell } from './cells.js';
import type { Answer, LogLine } from './gateway.js';
import type { Played, Step } from './run_cell.js';
import type { Meaning } from './table.js';

export const RULES = {
  status:
    'the status fits what the server said: 5xx for a fault, 401 for an inactive token, 200 for an active one',
  answered: 'every request has an answer',
  bounded: 'the answer comes within the times that are configured',
  challenge: '401 has a challenge, 503 has Retry-After, 5xx has no challenge, and no refusal may be stored',
  api: 'the API gets a request once when it is granted, with the JWT of its own token, and else not at all',
  opaque: 'no opaque token is in what reaches the API, or in an answer',
  jwt: 'no JWT but that of the own token is in what reaches the API, or in an answer',
  stale:
    'a record that has ended is used only while the server fails, and no answer says that the token is inactive',
  neighbours:
    'another token of the same endpoint is served from the cache meanwhile, and by the server afterwards',
  forgotten:
    'nothing of the fault is remembered: the same token is granted as soon as the server answers well',
  once: 'of several requests with one token, one asks while the others wait',
  suspended: 'while introspection is suspended, the server is not asked, and the answer is 503 at once',
  log: 'no token, JWT or secret is in a log',
  worker: 'no worker ends, and nginx logs no alert',
} as const;

export type RuleName = keyof typeof RULES;

export interface Violation {
  readonly rule: RuleName;
  readonly cell: Cell;
  /** What was expected and seen. */
  readonly detail: string;
}

/** What a step left behind. */
export interface Traces {
  /** Requests that reached the API: head and body, and its Authorization header. */
  readonly reachedApi: readonly { readonly text: string; readonly authorization: string | undefined }[];
  readonly log: LogLine | undefined;
  /** Lines of the error log that name the request. */
  readonly errors: readonly string[];
  readonly jwt: string;
}

type Finding = readonly [rule: RuleName, detail: string];

export function judgeCell(played: Played, tracesOf: (step: Step) => Traces): Violation[] {
  const { cell, steps, questionsWhileJoined } = played;
  const findings = steps.flatMap((step) =>
    judgeStep(step, cell, tracesOf(step)).map(([rule, detail]): Finding => [rule, `${step.path}: ${detail}`]),
  );
  if (questionsWhileJoined !== undefined && questionsWhileJoined !== 1) {
    findings.push(['once', `${questionsWhileJoined} questions`]);
  }
  return findings.map(([rule, detail]) => ({ rule, cell, detail }));
}

function judgeStep(step: Step, cell: Cell, traces: Traces): Finding[] {
  const { answer } = step;
  const findings = [...judgeSecrets(answer, traces), ...judgeLog(traces)];
  if (answer.kind === 'ended') findings.push(['answered', 'the connection ended']);
  if (answer.kind === 'late') findings.push(['bounded', 'nothing came']);
  const isGranted = answer.kind === 'answer' && answer.status === 200;
  findings.push(...judgeApi(isGranted, answer, cell, traces));
  if (answer.kind !== 'answer') return findings;
  findings.push(...judgeChallenge(answer.status, answer.headers, cell));
  const cacheStatus = traces.log?.cacheStatus ?? '';
  const verdict = judgeStatus(step, cell, refusalOf(answer.status, cell), cacheStatus);
  if (verdict !== undefined) {
    const seen = `${answer.status} ${cacheStatus} ${traces.log?.reason ?? ''}`;
    findings.push([verdict, `expected ${step.expects}, saw ${seen}, for ${cell.fault.means}`]);
  }
  return findings;
}

type Outcome = 'granted' | 'rejected' | 'unavailable' | 'other';

/** The introspection cache answers 204 where others get 401. */
function refusalOf(status: number, { mode }: Cell): Outcome {
  if (status === 200) return 'granted';
  if (status === (mode === 'introspection cache' ? 204 : 401)) return 'rejected';
  return status >= 502 && status <= 504 ? 'unavailable' : 'other';
}

const FAULTY: Record<Meaning, readonly Outcome[]> = {
  outage: ['unavailable'],
  broken: ['unavailable'],
  unusable: ['unavailable'],
  inactive: ['rejected'],
  active: ['granted', 'unavailable'],
};

/** @returns the rule that does not hold */
function judgeStatus(step: Step, cell: Cell, outcome: Outcome, cacheStatus: string): RuleName | undefined {
  const { means } = cell.fault;
  const wasAsked = step.askedAfter > step.askedBefore;
  switch (step.expects) {
    case 'granted':
      return outcome === 'granted' ? undefined : 'neighbours';
    case 'hit':
      return outcome === 'granted' && cacheStatus === 'HIT' && !wasAsked ? undefined : 'neighbours';
    case 'faulty':
      return FAULTY[means].includes(outcome) && cacheStatus !== 'STALE' ? undefined : 'status';
    case 'reset':
      return outcome === 'unavailable' ? undefined : 'status';
    case 'stale':
      return judgeStale(means, outcome, cacheStatus);
    case 'suspended':
      return outcome === 'unavailable' && statusOf(step.answer) === 503 && !wasAsked
        ? undefined
        : 'suspended';
    case 'again':
      if (means === 'inactive') return outcome === 'rejected' ? undefined : 'status';
      return outcome === 'granted' && cacheStatus !== 'STALE' ? undefined : 'forgotten';
  }
}

function statusOf(answer: Answer): number | undefined {
  return answer.kind === 'answer' ? answer.status : undefined;
}

function judgeStale(means: Meaning, outcome: Outcome, cacheStatus: string): RuleName | undefined {
  const isStale = outcome === 'granted' && cacheStatus === 'STALE';
  switch (means) {
    case 'outage':
      return isStale ? undefined : 'stale';
    case 'broken':
    case 'active':
      return isStale || FAULTY[means].includes(outcome) ? undefined : 'stale';
    case 'unusable':
    case 'inactive':
      return FAULTY[means].includes(outcome) ? undefined : 'stale';
  }
}

function judgeChallenge(
  status: number,
  headers: Readonly<Record<string, string>>,
  { mode }: Cell,
): Finding[] {
  const findings: Finding[] = [];
  const challenge = headers['www-authenticate'];
  if (status === 401 && challenge === undefined) findings.push(['challenge', '401 without a challenge']);
  if (status !== 401 && challenge !== undefined) findings.push(['challenge', `${status} with a challenge`]);
  if (status === 503 && !/^\d+$/.test(headers['retry-after'] ?? '')) {
    findings.push(['challenge', `503 with Retry-After "${headers['retry-after']}"`]);
  }
  const mayBeStored = headers['cache-control'] !== 'no-store';
  const isRefusal = status >= 400 || (status === 204 && mode === 'introspection cache');
  if (isRefusal && mayBeStored) findings.push(['challenge', `${status} may be stored`]);
  return findings;
}

/** In forward auth and for the introspection cache, the answer is what is handed on to the API. */
function judgeApi(isGranted: boolean, answer: Answer, { mode }: Cell, traces: Traces): Finding[] {
  const { jwt, reachedApi } = traces;
  const isHandedOut = mode === 'forward auth' || mode === 'introspection cache';
  const expectedAtApi = isGranted && !isHandedOut ? [`Bearer ${jwt}`] : [];
  const atApi = reachedApi.map(({ authorization }) => authorization);
  const findings: Finding[] =
    atApi.length === expectedAtApi.length && atApi.every((one, i) => one === expectedAtApi[i])
      ? []
      : [['api', `${atApi.length} requests at the API`]];
  if (answer.kind === 'answer' && mode === 'forward auth') {
    const expected = isGranted ? `Bearer ${jwt}` : undefined;
    if (answer.headers.authorization !== expected)
      findings.push(['api', 'another Authorization is handed out']);
  }
  if (answer.kind === 'answer' && mode === 'introspection cache' && isGranted && answer.body !== jwt) {
    findings.push(['api', 'another JWT is handed out']);
  }
  return findings;
}

const JWT = /eyJ[\w-]*\.[\w-]+\.[\w-]*/g;

function judgeSecrets(answer: Answer, { reachedApi, jwt }: Traces): Finding[] {
  const answered = answer.kind === 'answer' ? [JSON.stringify(answer.headers) + answer.body] : [];
  const texts = [...reachedApi.map(({ text }) => text), ...answered];
  const findings: Finding[] = [];
  if (texts.some((text) => text.includes('opaque-'))) findings.push(['opaque', 'an opaque token']);
  if (texts.some((text) => (text.match(JWT) ?? []).some((one) => one !== jwt))) {
    findings.push(['jwt', 'the JWT of somebody else']);
  }
  return findings;
}

function judgeLog({ errors }: Traces): Finding[] {
  return errors
    .filter((line) => SECRET_MARKS.some((mark) => mark.test(line)))
    .map((line) => ['log', line.replace(/(eyJ|opaque-)[^\s"]*/g, '$1…').slice(0, 300)]);
}
