// The fault matrix itself: its cells, its subset, its oracle and its page.
import { readFileSync } from 'node:fs';
import test from 'ava';
import { type Cell, subsetOf, triplesOf, valuesOf, wholeMatrix } from '../faults/cells.js';
import { EXCEPTIONS, isExplained, sortViolations } from '../faults/exceptions.js';
import type { Answer } from '../faults/gateway.js';
import { judgeCell, type RuleName, type Traces, type Violation } from '../faults/oracle.js';
import { buildPage } from '../faults/page.js';
import { readResults } from '../faults/results.js';
import { findInLogs } from '../faults/run.js';
import type { Step } from '../faults/run_cell.js';
import { FAULTS, type Meaning } from '../faults/table.js';
import { makeJwt } from '../support/jwt.js';
import { REPOSITORY } from '../support/pages.js';

const each = (names: readonly string[]) => [...new Set(names)].toSorted();
const whole = wholeMatrix();
const kept = await readResults();

test('every fault has a name of its own, by which an exception and the page mean it', (t) => {
  t.is(new Set(FAULTS.map(({ name }) => name)).size, FAULTS.length);
});

test('the subset has every fault with every runtime, mode, endpoint and state, and every three of these values together', (t) => {
  const subset = subsetOf(whole.cells);
  const pairsOf = (cells: readonly Cell[]) =>
    each(cells.flatMap((cell) => valuesOf(cell).map((value) => `${cell.fault.name} | ${value}`)));
  t.deepEqual(pairsOf(subset), pairsOf(whole.cells));
  t.deepEqual(each(subset.flatMap(triplesOf)), each(whole.cells.flatMap(triplesOf)));
  t.true(subset.length < whole.cells.length / 20);
});

test('docs/faults.md is what `npm run test:faults` writes, of a run of the matrix as it is now', (t) => {
  t.is(readFileSync(`${REPOSITORY}docs/faults.md`, 'utf8'), buildPage(kept), 'npm run test:faults -- --page');
  t.is(kept.of, whole.cells.length);
  t.deepEqual(Object.keys(kept.outcomes).toSorted(), FAULTS.map(({ name }) => name).toSorted());
});

test('every exception names faults that exist, and has occurred in the last whole run', (t) => {
  const names = FAULTS.map(({ name }) => name);
  for (const { name, faults } of EXCEPTIONS) {
    t.deepEqual(
      faults.filter((fault) => !names.includes(fault)),
      [],
      name,
    );
    t.true((kept.exceptions[name] ?? 0) > 0, name);
  }
});

// The oracle

const JWT = makeJwt({ sub: 'own' });
const OTHER_JWT = makeJwt({ sub: 'other' });

function cellWith(means: Meaning, changes: Partial<Cell> = {}): Cell {
  const [cell] = whole.cells.filter(
    ({ fault, mode, state }) => fault.means === means && mode === 'access' && state === 'cold',
  );
  return { ...(cell as Cell), ...changes };
}

const answered = (status: number, headers: Record<string, string> = {}, body = ''): Answer => ({
  kind: 'answer',
  status,
  headers: {
    ...(status >= 400 && { 'cache-control': 'no-store' }),
    ...(status === 401 && { 'www-authenticate': 'Bearer' }),
    ...(status === 503 && { 'retry-after': '1' }),
    ...headers,
  },
  body,
});

const stepWith = (expects: Step['expects'], answer: Answer, changes: Partial<Step> = {}): Step => ({
  expects,
  path: '/access/c0/0',
  token: 'opaque-own',
  answer,
  askedBefore: 0,
  askedAfter: expects === 'hit' || expects === 'suspended' ? 0 : 1,
  ...changes,
});

const atApi = (authorization = `Bearer ${JWT}`) => ({ text: authorization, authorization });

function tracesWith(step: Step, cacheStatus: string, changes: Partial<Traces> = {}): Traces {
  const isGranted = step.answer.kind === 'answer' && step.answer.status === 200;
  const log = { status: 0, cacheStatus, reason: '' };
  return { reachedApi: isGranted ? [atApi()] : [], log, errors: [], jwt: JWT, ...changes };
}

function rulesBroken(
  cell: Cell,
  step: Step,
  cacheStatus = 'MISS',
  traces: Partial<Traces> = {},
  questions?: number,
): RuleName[] {
  const played = { cell, steps: [step], questionsWhileJoined: questions };
  return judgeCell(played, () => tracesWith(step, cacheStatus, traces)).map(({ rule }) => rule);
}

const WELL: [sentence: string, means: Meaning, step: Step, cacheStatus: string][] = [
  ['a neighbour is granted', 'outage', stepWith('granted', answered(200)), 'MISS'],
  ['a neighbour is served from the cache', 'outage', stepWith('hit', answered(200)), 'HIT'],
  ['a fault: 502', 'outage', stepWith('faulty', answered(502)), 'MISS'],
  ['a fault: 503 with Retry-After', 'outage', stepWith('faulty', answered(503)), 'MISS'],
  ['a stale record in an outage', 'outage', stepWith('stale', answered(200)), 'STALE'],
  ['a stale record for a broken answer', 'broken', stepWith('stale', answered(200)), 'STALE'],
  ['none for it', 'broken', stepWith('stale', answered(502)), 'MISS'],
  ['none for an answer that says nothing', 'unusable', stepWith('stale', answered(502)), 'MISS'],
  ['an inactive token: 401', 'inactive', stepWith('faulty', answered(401)), 'MISS'],
  ['an active token in an odd answer: 200', 'active', stepWith('faulty', answered(200)), 'MISS'],
  ['the same: 502', 'active', stepWith('faulty', answered(502)), 'MISS'],
  ['suspended: 503', 'outage', stepWith('suspended', answered(503)), 'MISS'],
  ['granted again', 'outage', stepWith('again', answered(200)), 'MISS'],
  ['still rejected', 'inactive', stepWith('again', answered(401)), 'NEGATIVE'],
];

for (const [sentence, means, step, cacheStatus] of WELL) {
  test(`the oracle accepts: ${sentence}`, (t) => {
    t.deepEqual(rulesBroken(cellWith(means), step, cacheStatus), []);
  });
}

const ILL: [sentence: string, rule: RuleName, means: Meaning, step: Step, cacheStatus: string][] = [
  ['a neighbour is refused', 'neighbours', 'outage', stepWith('granted', answered(502)), 'MISS'],
  ["a neighbour's record is gone", 'neighbours', 'outage', stepWith('hit', answered(200)), 'MISS'],
  [
    'a neighbour is asked about again',
    'neighbours',
    'outage',
    stepWith('hit', answered(200), { askedAfter: 1 }),
    'HIT',
  ],
  ['a fault: 200', 'status', 'outage', stepWith('faulty', answered(200)), 'MISS'],
  ['a fault: 401', 'status', 'outage', stepWith('faulty', answered(401)), 'MISS'],
  ['a fault: 500', 'status', 'outage', stepWith('faulty', answered(500)), 'MISS'],
  ['an inactive token: 200', 'status', 'inactive', stepWith('faulty', answered(200)), 'MISS'],
  ['an inactive token: 502', 'status', 'inactive', stepWith('faulty', answered(502)), 'MISS'],
  ['an active token in an odd answer: 401', 'status', 'active', stepWith('faulty', answered(401)), 'MISS'],
  ['a record where none has ended', 'status', 'active', stepWith('faulty', answered(200)), 'STALE'],
  ['no stale record in an outage', 'stale', 'outage', stepWith('stale', answered(502)), 'MISS'],
  ['a stale record for 401', 'stale', 'unusable', stepWith('stale', answered(200)), 'STALE'],
  ['a stale record for an inactive token', 'stale', 'inactive', stepWith('stale', answered(200)), 'STALE'],
  ['the fault is remembered', 'forgotten', 'outage', stepWith('again', answered(401)), 'NEGATIVE'],
  ['suspended: 502', 'suspended', 'outage', stepWith('suspended', answered(502)), 'MISS'],
  [
    'suspended, and asked all the same',
    'suspended',
    'outage',
    stepWith('suspended', answered(503), { askedAfter: 1 }),
    'MISS',
  ],
  ['no answer', 'answered', 'outage', stepWith('faulty', { kind: 'ended' }), ''],
  ['no answer in time', 'bounded', 'outage', stepWith('faulty', { kind: 'late' }), ''],
  [
    '401 without a challenge',
    'challenge',
    'inactive',
    stepWith('faulty', { kind: 'answer', status: 401, headers: { 'cache-control': 'no-store' }, body: '' }),
    'MISS',
  ],
  [
    '503 without Retry-After',
    'challenge',
    'outage',
    stepWith('faulty', { kind: 'answer', status: 503, headers: { 'cache-control': 'no-store' }, body: '' }),
    'MISS',
  ],
  [
    '502 with a challenge',
    'challenge',
    'outage',
    stepWith('faulty', answered(502, { 'www-authenticate': 'Bearer' })),
    'MISS',
  ],
  [
    'a refusal that may be stored',
    'challenge',
    'outage',
    stepWith('faulty', answered(502, { 'cache-control': 'max-age=9' })),
    'MISS',
  ],
  [
    'an opaque token in an answer',
    'opaque',
    'outage',
    stepWith('faulty', answered(502, {}, 'opaque-own')),
    'MISS',
  ],
  [
    'the JWT of somebody else in an answer',
    'jwt',
    'outage',
    stepWith('faulty', answered(502, { x: OTHER_JWT })),
    'MISS',
  ],
];

for (const [sentence, rule, means, step, cacheStatus] of ILL) {
  test(`the oracle finds: ${sentence}`, (t) => {
    t.deepEqual(rulesBroken(cellWith(means), step, cacheStatus), [rule]);
  });
}

const REFUSED = stepWith('faulty', answered(502));
const GRANTED = stepWith('granted', answered(200));
const TRACES: [sentence: string, rules: RuleName[], step: Step, traces: Partial<Traces>][] = [
  ['a request that was refused is at the API', ['api'], REFUSED, { reachedApi: [atApi()] }],
  ['a request that was granted is not', ['api'], GRANTED, { reachedApi: [] }],
  ['it is there twice', ['api'], GRANTED, { reachedApi: [atApi(), atApi()] }],
  ["it has the client's token", ['opaque', 'api'], GRANTED, { reachedApi: [atApi('Bearer opaque-own')] }],
  [
    'it has the JWT of somebody else',
    ['jwt', 'api'],
    GRANTED,
    { reachedApi: [atApi(`Bearer ${OTHER_JWT}`)] },
  ],
  ['a line of the log has a JWT', ['log'], REFUSED, { errors: [`[error] ${JWT}`] }],
];

for (const [sentence, rules, step, traces] of TRACES) {
  test(`the oracle finds: ${sentence}`, (t) => {
    t.deepEqual(rulesBroken(cellWith('outage'), step, 'MISS', traces), rules);
  });
}

test('the oracle finds: what is handed out for the API is not the JWT of the token', (t) => {
  const forwardAuth = cellWith('active', { mode: 'forward auth' });
  const nothing = { reachedApi: [] };
  t.deepEqual(rulesBroken(forwardAuth, GRANTED, 'MISS', nothing), ['api']);
  const handedOut = stepWith('granted', answered(200, { authorization: `Bearer ${JWT}` }));
  t.deepEqual(rulesBroken(forwardAuth, handedOut, 'MISS', nothing), []);
  const cache = cellWith('active', { mode: 'introspection cache' });
  t.deepEqual(rulesBroken(cache, GRANTED, 'MISS', nothing), ['api']);
  t.deepEqual(rulesBroken(cache, stepWith('granted', answered(200, {}, JWT)), 'MISS', nothing), []);
});

test('the oracle finds: two of several requests with one token ask', (t) => {
  t.deepEqual(rulesBroken(cellWith('outage'), REFUSED, 'MISS', {}, 2), ['once']);
  t.deepEqual(rulesBroken(cellWith('outage'), REFUSED, 'MISS', {}, 1), []);
});

const LOGS: [
  sentence: string,
  rules: RuleName[],
  errorLog: string[],
  paths: string[],
  workerCount: number,
][] = [
  [
    'nothing',
    [],
    ['[error] 1#1: *1 recv() failed, request: "GET /access/c0/0 HTTP/1.1"'],
    ['/access/c0/0'],
    1,
  ],
  ['a worker that died', ['worker', 'worker'], ['[alert] worker process 7 exited on signal 11'], [], 2],
  ['an alert', ['worker'], ['[alert] zero size buf in output'], [], 1],
  ['a token in a line of no request', ['log'], ['[error] js: opaque-own'], [], 1],
  ['a token in the access log', ['log'], [], ['/access/opaque-own'], 1],
];

for (const [sentence, rules, errorLog, paths, workerCount] of LOGS) {
  test(`in the logs of a run is found: ${sentence}`, (t) => {
    const line = { status: 200, cacheStatus: 'MISS', reason: '' };
    const accessLog = new Map(paths.map((path) => [path, line]));
    t.deepEqual(
      findInLogs({ errorLog, accessLog, workerCount }).map(({ rule }) => rule),
      rules,
    );
  });
}

test('an exception explains its rule at its faults alone, and is gone when no cell shows it', (t) => {
  const exception = EXCEPTIONS[0] as (typeof EXCEPTIONS)[number];
  const covered = whole.cells.filter(
    (cell) => exception.faults.includes(cell.fault.name) && exception.covers(cell),
  );
  const violation: Violation = { rule: exception.rule, cell: covered[0] as Cell, detail: '' };
  t.true(isExplained(violation));
  t.false(isExplained({ ...violation, rule: 'api' }));
  t.false(isExplained({ ...violation, cell: cellWith('outage') }));
  t.deepEqual(sortViolations(covered, [violation]).gone, []);
  t.deepEqual(sortViolations(covered, []).gone, [exception]);
  t.deepEqual(sortViolations([], []).gone, []);
});
