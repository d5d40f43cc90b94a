import test from 'ava';
import { unavailableReasons } from '../../../src/core/answer/reasons.js';
import {
  answeredTooLate,
  failedWithLeader,
  notAnswered,
  notAnsweredYet,
  withDetail,
} from '../../../src/core/answer/unavailable.js';
import { formatAsking } from '../../../src/core/introspection/flight.js';
import {
  type FlightState,
  formatFailure,
  formatReleased,
  maxWaitMs,
  parseFailure,
  parseFlight,
  stepMs,
} from '../../../src/core/introspection/waiting.js';

const LEADER = '4815162342';

test('parseFlight: reads what a leader writes', (t) => {
  t.deepEqual(parseFlight(formatAsking(LEADER)), { kind: 'asking', leader: LEADER });
});

test('formatReleased: names no leader: each request asks for itself', (t) => {
  t.is(formatReleased(), 'released');
  t.deepEqual(parseFlight(formatReleased()), { kind: 'released' });
});

const STATES: [sentence: string, text: string | undefined, state: FlightState][] = [
  ['no lock, or one that has expired (S72)', undefined, { kind: 'none' }],
  ['an empty lock', '', { kind: 'none' }],
  ['a word of another script', 'landed 1', { kind: 'none' }],
  ['a word that only starts the same', 'askingly 1', { kind: 'none' }],
  ['a word in another case', 'Asking 1', { kind: 'none' }],
  ['a word that is not the first', '1 asking', { kind: 'none' }],
  ['asking, without a name', 'asking', { kind: 'asking', leader: '' }],
  ['released, by any request', 'released 1', { kind: 'released' }],
];

for (const [sentence, text, state] of STATES) {
  test(`parseFlight: ${state.kind}: ${sentence}`, (t) => t.deepEqual(parseFlight(text), state));
}

for (const reason of unavailableReasons()) {
  test(`formatFailure, parseFailure: the waiting requests fail like their leader: ${reason} (S70)`, (t) => {
    const failure = notAnswered(reason, 'status=500');
    const text = formatFailure(failure);
    t.is(text, `${failure.isOutage ? 'outage' : 'no_outage'} ${reason} `);
    t.deepEqual(parseFailure(text), failedWithLeader(reason, '', failure.isOutage));
  });
}

const RETRY_AFTER: [sentence: string, retryAfter: string][] = [
  ['seconds', '30'],
  ['0 seconds', '0'],
  ['a date, which holds spaces', 'Wed, 21 Oct 2026 07:28:00 GMT'],
  ['any other text is passed to failure_answer.ts', ' later  or never'],
];

for (const [sentence, retryAfter] of RETRY_AFTER) {
  test(`parseFailure: the waiting requests get the server’s Retry-After, too: ${sentence} (RFC 9110 §10.2.3, S26)`, (t) => {
    const failure = notAnsweredYet('introspection_overloaded', 'status=429', retryAfter);
    const text = formatFailure(failure);
    t.is(text, `outage introspection_overloaded ${retryAfter}`);
    t.deepEqual(parseFailure(text), failedWithLeader('introspection_overloaded', retryAfter, true));
  });
}

test('parseFailure: those who wait for an answer that came too late get no stale record either (RFC 5861 §4, S65)', (t) => {
  const failure = withDetail(answeredTooLate(), 'credentials=none');
  const parsed = parseFailure(formatFailure(failure));
  t.is(parsed?.reason, failure.reason);
  t.false(parsed?.isOutage);
});

test('parseFailure: a leader that stored nothing did not fail', (t) => {
  t.is(parseFailure(undefined), undefined);
});

test('formatFailure: leaves out the detail, which only the leader logs (S108)', (t) => {
  const failure = notAnswered('introspection_status', 'endpoint=/introspect');
  t.false(formatFailure(failure).includes('endpoint'));
});

test('stepMs: steps grow by 1.3 from 10 to 200 ms: some 45 in 7.5 seconds, not 750', (t) => {
  const steps: number[] = [];
  for (let waitedMs = 0; waitedMs < 7500; waitedMs += steps.at(-1) as number) {
    steps.push(stepMs(waitedMs));
  }
  t.deepEqual(steps.slice(0, 12), [10, 13, 17, 22, 29, 37, 48, 63, 82, 106, 138, 180]);
  t.deepEqual(new Set(steps.slice(12)), new Set([200]));
  t.is(steps.length, 46);
});

test('stepMs: with a clock that was set back or far ahead the steps stay within their bounds', (t) => {
  t.is(stepMs(-3_600_000), 10);
  t.is(stepMs(3_600_000), 200);
});

test('maxWaitMs: one and a half times what an introspection may take: a lost leader has a successor (S72)', (t) => {
  t.is(maxWaitMs(10), 15_000);
  t.is(maxWaitMs(1), 1500);
});
