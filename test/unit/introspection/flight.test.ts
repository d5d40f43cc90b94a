import test from 'ava';
import { type UnavailableReason, unavailable, unavailableReasons } from '../../../src/core/answer/outcome.js';
import {
  type FlightState,
  flightName,
  formatAsking,
  formatFailure,
  formatReleased,
  isLosable,
  isShared,
  leaseMs,
  parseFailure,
  parseFlight,
  stepMs,
} from '../../../src/core/introspection/flight.js';

const LEADER = '4815162342';
const DETAIL = 'as for the request waited for';

test('formatAsking: names the leader, so that waiting requests know whose answer to use (S70)', (t) => {
  t.is(formatAsking(LEADER), 'asking 4815162342');
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

const OWN_REASON: UnavailableReason = 'misconfigured';

for (const reason of unavailableReasons()) {
  const isOwn = reason === OWN_REASON;
  test(`isShared: ${reason} is ${isOwn ? 'of the leader’s own location: the others ask for themselves' : 'for all waiting requests, so that they do not ask a failing server again'} (S67, S70)`, (t) =>
    t.is(isShared(unavailable(reason, '', 'MISS')), !isOwn));

  test(`formatFailure, parseFailure: the waiting requests fail like their leader: ${reason} (S70)`, (t) => {
    const text = formatFailure(unavailable(reason, 'status=500', 'MISS'));
    t.is(text, `${reason} `);
    t.deepEqual(parseFailure(text), unavailable(reason, DETAIL, 'JOINED'));
  });
}

const RETRY_AFTER: [sentence: string, retryAfter: string][] = [
  ['seconds', '30'],
  ['0 seconds', '0'],
  ['a date, which holds spaces', 'Wed, 21 Oct 2026 07:28:00 GMT'],
  ['any other text is passed to challenge.ts', ' later  or never'],
];

for (const [sentence, retryAfter] of RETRY_AFTER) {
  test(`parseFailure: the waiting requests get the server’s Retry-After, too: ${sentence} (RFC 9110 §10.2.3, S26)`, (t) => {
    const failure = unavailable('introspection_overloaded', 'status=429', 'MISS', retryAfter);
    const text = formatFailure(failure);
    t.is(text, `introspection_overloaded ${retryAfter}`);
    t.deepEqual(parseFailure(text), unavailable('introspection_overloaded', DETAIL, 'JOINED', retryAfter));
  });
}

test('parseFailure: a leader that stored nothing did not fail', (t) => {
  t.is(parseFailure(undefined), undefined);
});

test('formatFailure: leaves out the detail, which only the leader logs (S108)', (t) => {
  const failure = unavailable('introspection_status', 'endpoint=/introspect', 'MISS');
  t.false(formatFailure(failure).includes('endpoint'));
});

const KEY = 'UUGpu7DZ-0_8bQzVfk3PaQxM1dYx0Zt9sLhWn5cRrEo';

test('flightName: requests with the same record and client settings have the same name', (t) => {
  t.is(flightName(KEY, 'id\nsecret'), flightName(KEY, 'id\nsecret'));
  t.regex(flightName(KEY, 'id\nsecret'), /^[\w-]{43}$/);
});

test('flightName: another record or other client settings give another name: a failure of another secret is not shared', (t) => {
  const names = [
    flightName(KEY, 'id\nsecret'),
    flightName(KEY, 'id\nother'),
    flightName(KEY, 'other\nsecret'),
    flightName(`${KEY.slice(0, -1)}A`, 'id\nsecret'),
  ];
  t.is(new Set(names).size, names.length);
});

const LEASES: [sentence: string, protocol: string, isUrl: boolean, expectedMs: number][] = [
  ['HTTP/1.1 finishes its introspection', 'HTTP/1.1', false, 5000],
  ['HTTP/1.0 does', 'HTTP/1.0', false, 5000],
  ['HTTP/2 may be reset', 'HTTP/2.0', false, 1000],
  ['HTTP/3 may be reset', 'HTTP/3.0', false, 1000],
  ['fetch survives a reset', 'HTTP/2.0', true, 5000],
  ['fetch over HTTP/3 does', 'HTTP/3.0', true, 5000],
  ['an unknown protocol may be lost', '', false, 1000],
];

for (const [sentence, protocol, isUrl, expectedMs] of LEASES) {
  test(`isLosable, leaseMs: ${sentence} (S72)`, (t) =>
    t.is(leaseMs(isLosable(protocol, isUrl), 5), expectedMs));
}

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
