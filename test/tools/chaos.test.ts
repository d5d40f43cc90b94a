// The oracle of `npm run test:chaos` on made-up logs: what it lets pass, and that it finds each fault that is planted.
import { readFileSync } from 'node:fs';
import test from 'ava';
import { writeParts } from '../../bench/readme_text.js';
import { BROKEN_SCRIPTS } from '../chaos/broken_scripts.js';
import { newDice } from '../chaos/dice.js';
import { readErrorLog } from '../chaos/error_log.js';
import type { Event, Proof, Protocol, Way } from '../chaos/events.js';
import { newGatewayClock } from '../chaos/gateway_clock.js';
import { newJudge } from '../chaos/judge.js';
import { LIMITS } from '../chaos/nginx_conf.js';
import { pageParts } from '../chaos/page.js';
import { PAGE, readResults } from '../chaos/results.js';
import { isBeyond, LIMITS_PER_HOUR, type Series, trendOf } from '../chaos/soak.js';

const START_MS = 1_800_000_000_000;
const FAR_MS = 60_000;
const JWT = `${Buffer.from('{"kid":"key-0"}').toString('base64url')}.e30.c2ln`;

interface Use {
  readonly token?: string;
  readonly way?: Way;
  readonly protocol?: Protocol;
  readonly proof?: Proof;
  readonly jti?: string;
  readonly jwt?: string;
  readonly leaks?: boolean;
}

/** A log that is written line by line; times are milliseconds from its beginning. */
function newLog() {
  const judge = newJudge(LIMITS);
  let requests = 0;
  let questions = 0;
  const note = (event: Event) => judge.note(event);
  const at = (ms: number) => START_MS + ms;
  const log = {
    note,
    at,
    counts: judge.counts,
    rules: () => judge.findings.map(({ rule }) => rule),
    issue(ms: number, { token = 't', expMs = FAR_MS, isBound = false } = {}) {
      note({ kind: 'issued', atMs: at(ms), token, expMs: at(expMs), isBound });
    },
    answer(
      ms: number,
      verdict: 'active' | 'inactive' | 'failure',
      { token = 't', way = 'plain' as Way, jwt = JWT } = {},
    ) {
      const question = ++questions;
      note({ kind: 'asked', atMs: at(ms), question, token, way });
      note({ kind: 'told', atMs: at(ms), question, verdict, jwt: verdict === 'active' ? jwt : '' });
      note({ kind: 'heard', atMs: at(ms), question, isWhole: true });
    },
    send(ms: number, { token = 't', way = 'plain', protocol = 'h1', proof = 'none', jti = '' }: Use = {}) {
      const request = ++requests;
      note({ kind: 'sent', atMs: at(ms), request, token, way, protocol, proof, jti });
      return request;
    },
    reach(ms: number, request: number, { jwt = JWT, leaks = false }: Use = {}) {
      note({ kind: 'reached', atMs: at(ms), request, authorization: `Bearer ${jwt}`, leaks });
    },
    /** A request that passes: sent, at the API and answered, each a millisecond later. */
    pass(ms: number, use: Use = {}) {
      const request = log.send(ms, use);
      log.reach(ms + 1, request, use);
      note({ kind: 'answered', atMs: at(ms + 2), request, status: 200, names: request });
      return request;
    },
    refuse(ms: number, status: number, use: Use = {}) {
      const request = log.send(ms, use);
      note({ kind: 'answered', atMs: at(ms + 1), request, status, names: undefined });
    },
    /** A good token that was just introspected. */
    begin(way: Way = 'plain') {
      log.issue(0);
      log.answer(10, 'active', { way });
      return log;
    },
    fault(fromMs: number, toMs: number) {
      note({ kind: 'fault_began', atMs: at(fromMs), fault: 'server_down' });
      note({ kind: 'fault_ended', atMs: at(toMs), fault: 'server_down' });
    },
    stepClock(ms: number, aheadMs: number) {
      note({ kind: 'clock_set', sinceMs: at(ms), atMs: at(ms + 1), aheadMs });
    },
  };
  return log;
}

test('judge: an ordinary log has no finding, so that every finding says something', (t) => {
  const log = newLog().begin();
  log.pass(20);
  log.pass(4900);
  log.answer(5100, 'active');
  log.pass(5110);
  log.refuse(5200, 401, { token: 'unknown' });
  log.answer(5200, 'inactive', { token: 'unknown' });
  t.deepEqual(log.rules(), []);
  t.is(log.counts.requests, 4);
  t.is(log.counts.passed, 3);
});

test('judge: a request that passes without an active answer is found', (t) => {
  const log = newLog();
  log.issue(0);
  log.pass(20);
  t.deepEqual(log.rules(), ['wrong_jwt', 'no_active_answer']);
});

test('judge: an active answer at another location is none here, as each location has records of its own', (t) => {
  const log = newLog().begin('stale');
  log.pass(20, { way: 'plain' });
  t.deepEqual(log.rules(), ['no_active_answer']);
});

test('judge: a record that is used beyond its TTL is found, but not a request that was sent before its end and took long', (t) => {
  const log = newLog().begin();
  const late = log.send(4900);
  log.reach(9000, late);
  t.deepEqual(log.rules(), []);
  log.pass(5100);
  t.deepEqual(log.rules(), ['no_active_answer']);
});

test('judge: a stale record is taken where it is allowed and the server fails, found when nothing fails, and found beyond its time', (t) => {
  const log = newLog().begin('stale');
  log.pass(6000, { way: 'stale' });
  t.deepEqual(log.rules(), ['stale_without_failure']);
  log.fault(7000, 8000);
  log.pass(9000, { way: 'stale' });
  t.is(log.rules().length, 1);
  log.pass(11_100, { way: 'stale' });
  t.deepEqual(log.rules(), ['stale_without_failure', 'no_active_answer']);
});

test('judge: a request that is sent after exp is found; one that was sent right before it is not', (t) => {
  const log = newLog();
  log.issue(0, { expMs: 2000 });
  log.answer(10, 'active');
  log.reach(2500, log.send(1999));
  t.deepEqual(log.rules(), []);
  log.pass(2000);
  t.deepEqual(log.rules(), ['expired']);
});

test("judge: exp is judged by the gateway's clock, which may be behind; when it is ahead, the token ends earlier", (t) => {
  const behind = newLog();
  behind.issue(0, { expMs: 2000 });
  behind.answer(10, 'active');
  behind.stepClock(100, -30_000);
  behind.pass(3000);
  t.deepEqual(behind.rules(), []);

  const ahead = newLog().begin();
  ahead.stepClock(100, 70_000);
  ahead.pass(200);
  t.deepEqual(ahead.rules(), ['expired']);
});

test("judge: the life of a record is judged by the gateway's clock: a step back prolongs it by as much and no more", (t) => {
  const log = newLog().begin();
  log.stepClock(100, -30_000);
  log.pass(30_000);
  t.deepEqual(log.rules(), []);
  log.pass(35_200);
  t.deepEqual(log.rules(), ['no_active_answer']);
});

test('judge: a purged token that passes is found, but not a request that was sent before the purge was answered', (t) => {
  const log = newLog().begin();
  const underWay = log.send(29);
  log.note({ kind: 'purging', atMs: log.at(25), token: 't' });
  log.note({ kind: 'purged', atMs: log.at(30), sentMs: log.at(25), token: 't', status: 200 });
  log.reach(40, underWay);
  t.deepEqual(log.rules(), []);
  log.pass(31);
  t.deepEqual(log.rules(), ['purged']);
});

test('judge: an answer after a purge lets no request pass while its mark lasts, and does when the mark was lost with its zone', (t) => {
  const purgedLog = () => {
    const log = newLog().begin();
    log.note({ kind: 'purging', atMs: log.at(25), token: 't' });
    log.note({ kind: 'purged', atMs: log.at(30), sentMs: log.at(25), token: 't', status: 200 });
    return log;
  };
  const marked = purgedLog();
  marked.answer(1000, 'active');
  marked.pass(1010);
  t.deepEqual(marked.rules(), ['purged']);

  const lost = purgedLog();
  lost.note({ kind: 'zones_lost', atMs: lost.at(800) });
  lost.note({ kind: 'zones_settled', atMs: lost.at(900) });
  lost.answer(1000, 'active');
  lost.pass(1010);
  t.deepEqual(lost.rules(), []);
});

test('judge: a JWT of another token at the API is found', (t) => {
  const log = newLog().begin();
  log.issue(0, { token: 'other' });
  log.answer(15, 'active', { token: 'other', jwt: `${JWT}-of-the-other` });
  log.pass(20, { jwt: `${JWT}-of-the-other` });
  t.deepEqual(log.rules(), ['wrong_jwt']);
});

test('judge: an opaque token at the API, a second arrival, and a request that nobody sent are found', (t) => {
  const log = newLog().begin();
  const request = log.pass(20, { leaks: true });
  log.reach(30, request);
  log.reach(40, 77);
  t.deepEqual(log.rules(), ['leaked', 'passed_twice', 'stranger']);
});

test('judge: a 200 with the answer to another request is found', (t) => {
  const log = newLog().begin();
  const request = log.send(20);
  log.reach(21, request);
  log.note({ kind: 'answered', atMs: log.at(22), request, status: 200, names: request + 1 });
  t.deepEqual(log.rules(), ['wrong_answer']);
});

test('judge: a bound token that passes without its proof, with a forged one or at another location is found', (t) => {
  const passes: Use[] = [
    { way: 'bound', proof: 'none' },
    { way: 'bound', proof: 'forged', jti: 'a' },
    { way: 'plain', proof: 'none' },
  ];
  for (const use of passes) {
    const log = newLog();
    log.issue(0, { isBound: true });
    log.answer(10, 'active', { way: use.way as Way });
    log.pass(20, use);
    t.deepEqual(log.rules(), ['unproven']);
  }
});

test('judge: a proof that lets a second request through is found, unless its zone was emptied in between', (t) => {
  const log = newLog();
  log.issue(0, { isBound: true });
  log.answer(10, 'active', { way: 'bound' });
  log.pass(20, { way: 'bound', proof: 'good', jti: 'a' });
  t.deepEqual(log.rules(), []);
  log.pass(30, { way: 'bound', proof: 'again', jti: 'a' });
  t.deepEqual(log.rules(), ['replayed']);
  log.note({ kind: 'zones_lost', atMs: log.at(40) });
  log.note({ kind: 'zones_settled', atMs: log.at(45) });
  log.pass(50, { way: 'bound', proof: 'again', jti: 'a' });
  t.is(log.rules().length, 1);
});

test('judge: where signatures are verified, a JWT of a key that was removed long ago is found; elsewhere nothing is verified', (t) => {
  const longAgoMs = LIMITS.keysMs + LIMITS.cacheTtlMs + LIMITS.slackMs;
  const log = newLog();
  log.issue(0, { expMs: 2 * longAgoMs });
  log.note({ kind: 'keys_changed', atMs: log.at(0), signing: 'key-2', removed: 'key-0' });
  for (const way of ['signed', 'plain'] as const) {
    log.answer(longAgoMs, 'active', { way });
    log.pass(longAgoMs - 10, { way });
  }
  t.deepEqual(log.rules(), []);
  for (const way of ['signed', 'plain'] as const) log.pass(longAgoMs + 10, { way });
  t.deepEqual(log.rules(), ['removed_key']);
});

test('judge: a good token that is refused is found; one that is revoked, purged, expired or without its proof is not', (t) => {
  const log = newLog().begin();
  log.issue(0, { token: 'short', expMs: 1000 });
  log.issue(0, { token: 'bound', isBound: true });
  log.refuse(1500, 401, { token: 'short' });
  log.refuse(1500, 401, { token: 'bound', way: 'bound' });
  log.refuse(1500, 401, { token: 'bound', way: 'plain' });
  t.deepEqual(log.rules(), []);
  log.refuse(1500, 401);
  t.deepEqual(log.rules(), ['refused']);
  log.note({ kind: 'revoked', atMs: log.at(1600), token: 't' });
  log.refuse(1700, 401);
  t.is(log.rules().length, 1);
});

test('judge: a good token may fail during a fault and a while later, and not after that', (t) => {
  const log = newLog().begin();
  log.fault(1000, 2000);
  log.refuse(1500, 503);
  log.refuse(5900, 502);
  t.deepEqual(log.rules(), []);
  log.refuse(6100, 502);
  t.deepEqual(log.rules(), ['failed']);
});

test('judge: while the machine stalls, a good token may fail; what passes is judged as ever', (t) => {
  const log = newLog().begin();
  log.note({ kind: 'stalled', sinceMs: log.at(1000), atMs: log.at(1300) });
  log.refuse(1400, 504);
  t.deepEqual(log.rules(), []);
  log.pass(5100);
  t.deepEqual(log.rules(), ['no_active_answer']);
});

test('judge: a 500 is found even during a fault, as no fault is a mistake of the configuration', (t) => {
  const log = newLog().begin();
  log.fault(1000, 2000);
  log.refuse(1500, 500);
  t.deepEqual(log.rules(), ['unexpected_status']);
});

test('judge: a question before the record ends is found', (t) => {
  const log = newLog().begin();
  log.answer(2900, 'active');
  t.deepEqual(log.rules(), ['asked_too_often']);
});

test('judge: a question after the end of the record, or of a rejection, is not found; one before the end of a rejection is', (t) => {
  const log = newLog().begin();
  log.answer(3100, 'active');
  log.answer(10, 'inactive', { token: 'unknown' });
  log.answer(1100, 'inactive', { token: 'unknown' });
  t.deepEqual(log.rules(), []);
  log.answer(1900, 'inactive', { token: 'unknown' });
  t.deepEqual(log.rules(), ['asked_too_often']);
});

test('judge: another question needs a reason of its own between the two, and each is counted', (t) => {
  const log = newLog().begin();
  log.note({ kind: 'worker_lost', atMs: log.at(100) });
  log.answer(200, 'failure');
  log.answer(300, 'active');
  log.note({ kind: 'zones_lost', atMs: log.at(340) });
  log.note({ kind: 'zones_settled', atMs: log.at(350) });
  log.answer(1400, 'active');
  t.deepEqual(log.rules(), []);
  t.like(log.counts.askedAgain, { worker_lost: 1, failure: 1, zones_lost: 1, reset_stream: 0 });
  log.answer(3000, 'active');
  t.deepEqual(log.rules(), ['asked_too_often']);
});

test('judge: an answer that the gateway did not await to its end is a reason to ask again; one that it got is none', (t) => {
  for (const isWhole of [false, true]) {
    const log = newLog();
    log.issue(0);
    log.note({ kind: 'asked', atMs: log.at(10), question: 100, token: 't', way: 'plain' });
    log.note({ kind: 'told', atMs: log.at(20), question: 100, verdict: 'active', jwt: JWT });
    log.note({ kind: 'heard', atMs: log.at(400), question: 100, isWhole });
    log.answer(430, 'active');
    t.deepEqual(log.rules(), isWhole ? ['asked_too_often'] : []);
  }
});

test('judge: a stream that is reset is a reason after a second, and not before', (t) => {
  const log = newLog();
  log.issue(0);
  const request = log.send(5, { protocol: 'h2' });
  log.answer(10, 'active');
  log.note({ kind: 'unanswered', atMs: log.at(20), request, cause: 'aborted' });
  log.answer(900, 'active');
  t.deepEqual(log.rules(), ['asked_too_often']);
  const later = newLog();
  later.issue(0);
  const reset = later.send(5, { protocol: 'h2' });
  later.answer(10, 'active');
  later.note({ kind: 'unanswered', atMs: later.at(20), request: reset, cause: 'aborted' });
  later.answer(1020, 'active');
  t.deepEqual(later.rules(), []);
});

test('gateway clock: during a step both times are possible', (t) => {
  const clock = newGatewayClock();
  clock.set({ kind: 'clock_set', sinceMs: 100, atMs: 150, aheadMs: 1000 });
  clock.set({ kind: 'clock_set', sinceMs: 300, atMs: 350, aheadMs: 0 });
  t.is(clock.leastMs(50, 50), 50);
  t.is(clock.leastMs(120, 120), 120);
  t.is(clock.mostMs(120, 120), 1120);
  t.is(clock.leastMs(200, 200), 1200);
  t.is(clock.leastMs(200, 320), 300);
  t.is(clock.mostMs(200, 400), 1350);
  t.true(clock.wasSet(140, 145));
  t.false(clock.wasSet(200, 250));
});

test('readErrorLog: a worker that ends by itself, an alert and a secret are found; what was done to workers is not', (t) => {
  const expected = [
    '2026/11/22 05:00:00 [alert] 1#1: worker process 10 exited on signal 9',
    '2026/11/22 05:00:00 [notice] 11#11: gracefully shutting down',
    '2026/11/22 05:00:00 [notice] 1#1: worker process 11 exited with code 0',
    '2026/11/22 05:00:00 [alert] 10#10: *5 open socket #7 left in connection 3',
    '2026/11/22 05:00:00 [error] 12#12: *6 connect() failed (111: Connection refused)',
  ];
  t.deepEqual(readErrorLog(expected.join('\n'), new Set([10]), ['opaque-']), []);
  const bad = [
    '2026/11/22 05:00:00 [alert] 1#1: worker process 12 exited on signal 11',
    '2026/11/22 05:00:00 [notice] 1#1: worker process 13 exited with code 0',
    '2026/11/22 05:00:00 [notice] 1#1: worker process 10 exited with code 2',
    '2026/11/22 05:00:00 [emerg] 1#1: bind() failed',
    '2026/11/22 05:00:00 [error] 12#12: *6 sent opaque-token',
  ];
  const rules = readErrorLog(bad.join('\n'), new Set([10]), ['opaque-']).map(({ rule }) => rule);
  t.deepEqual(rules, ['worker_died', 'unwell', 'worker_died', 'worker_died', 'unwell', 'secret_in_log']);
});

test('readErrorLog: a finding does not repeat the secret', (t) => {
  const [finding] = readErrorLog(`${'x'.repeat(60)}opaque-token`, new Set(), ['opaque-']);
  t.false(finding?.text.includes('opaque-'));
});

test('trendOf: a line that rises is beyond its limit, one that scatters is not, and the warm-up does not count', (t) => {
  const seriesOf = (value: (minute: number) => number): Series => ({
    measure: 'descriptors',
    of: 'worker 1',
    samples: Array.from({ length: 61 }, (_, minute) => ({ atMs: minute * 60_000, value: value(minute) })),
  });
  const limit = LIMITS_PER_HOUR.descriptors;
  const isFound = (value: (minute: number) => number) => {
    const trend = trendOf(seriesOf(value), 10 * 60_000);
    return trend !== undefined && isBeyond(trend);
  };
  t.true(isFound((minute) => (minute / 60) * 1.5 * limit));
  t.false(isFound((minute) => 20 + (minute % 2) * limit));
  t.false(isFound((minute) => Math.min(minute, 10) * limit));
});

test('trendOf: free space that falls is beyond its limit, and free space that rises is not', (t) => {
  const limit = LIMITS_PER_HOUR.free_kb;
  const trendFor = (perHour: number) =>
    trendOf(
      {
        measure: 'free_kb',
        of: 'phantom_token',
        samples: [0, 0.5, 1].map((hour) => ({ atMs: hour * 3600_000, value: 1000 + perHour * hour })),
      },
      0,
    );
  t.true(isBeyond(trendFor(-2 * limit) as NonNullable<ReturnType<typeof trendFor>>));
  t.false(isBeyond(trendFor(2 * limit) as NonNullable<ReturnType<typeof trendFor>>));
});

test('newDice: the same seed throws the same, and a part of a run does not depend on another part', (t) => {
  const thrown = (seed: string) => Array.from({ length: 20 }, newDice(seed).chance);
  t.deepEqual(thrown('a'), thrown('a'));
  t.notDeepEqual(thrown('a'), thrown('b'));
  const dice = newDice('a');
  const before = dice.fork('part').whole(0, 1e9);
  dice.chance();
  t.is(dice.fork('part').whole(0, 1e9), before);
  t.deepEqual(dice.shuffle([1, 2, 3, 4]).toSorted(), [1, 2, 3, 4]);
});

test('each broken script differs from the others, so that --break tries as many faults as it says', (t) => {
  t.is(new Set(BROKEN_SCRIPTS.map(({ script }) => script)).size, BROKEN_SCRIPTS.length);
});

test('docs/chaos.md is what `npm run test:chaos -- --page` writes', async (t) => {
  const page = readFileSync(PAGE, 'utf8');
  t.is(writeParts(page, pageParts(await readResults())), page);
});
