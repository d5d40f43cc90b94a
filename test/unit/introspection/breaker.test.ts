import test from 'ava';
import {
  afterFailure,
  type Breaker,
  type BreakerSettings,
  type BreakerState,
  formatBreaker,
  holdsFor,
  isOfOneToken,
  parseBreaker,
  stateOf,
  suspendedSec,
  tokenOf,
} from '../../../src/core/introspection/breaker.js';

const NOW_MS = 1_700_000_000_500;
const ODD = 'UUGpu7DZ-0_';
const OTHER = '9bKd3fE7hJk';
const CLOSED: Breaker = { failures: 0, suspendedUntilMs: 0, token: '*' };
const SETTINGS: BreakerSettings = { breakerFailures: 5, breakerDelaySec: 2 };

const STORED: [sentence: string, text: string, breaker: Breaker][] = [
  ['the first failure', `1 0 ${ODD}`, { failures: 1, suspendedUntilMs: 0, token: ODD }],
  ['many failures', '12 0 *', { failures: 12, suspendedUntilMs: 0, token: '*' }],
  ['a suspension', '5 1700000000500 *', { failures: 5, suspendedUntilMs: NOW_MS, token: '*' }],
  ['the first failure suspends', `1 1 ${ODD}`, { failures: 1, suspendedUntilMs: 1, token: ODD }],
];

for (const [sentence, text, breaker] of STORED) {
  test(`formatBreaker, parseBreaker: what one worker stores another one reads: ${sentence}`, (t) => {
    t.is(formatBreaker(breaker), text);
    t.deepEqual(parseBreaker(text), breaker);
  });
}

const NOT_STORED: [sentence: string, text: string | undefined][] = [
  ['nothing', undefined],
  ['an empty text', ''],
  ['a breaker without failures', '0 0'],
  ['a suspension without failures', '0 1700000000500'],
  ['negative failures', '-1 0'],
  ['a negative time', '5 -1'],
  ['a number alone', '5'],
  ['words', 'five now'],
  ['a word instead of the time', '5 now'],
  ['a word instead of the failures', 'five 0'],
];

test('parseBreaker: a text of an older script, without a token, applies to all tokens', (t) => {
  t.deepEqual(parseBreaker('5 1700000000500'), { failures: 5, suspendedUntilMs: NOW_MS, token: '*' });
});

test('formatBreaker: is one short text, with any number of failing tokens', (t) => {
  const breaker = { failures: 999_999, suspendedUntilMs: NOW_MS, token: ODD };
  t.true(formatBreaker(breaker).length <= 40);
});

for (const [sentence, text] of NOT_STORED) {
  test(`parseBreaker: ${sentence} is closed: a text that is not understood suspends nobody (S77)`, (t) =>
    t.deepEqual(parseBreaker(text), CLOSED));
}

const STATES: [sentence: string, suspendedUntilMs: number, state: BreakerState][] = [
  ['without a suspension', 0, 'closed'],
  ['long before its end', NOW_MS + 60_000, 'open'],
  ['a millisecond before its end', NOW_MS + 1, 'open'],
  ['at its end', NOW_MS, 'half_open'],
  ['a millisecond after its end', NOW_MS - 1, 'half_open'],
  ['as long as probes are made', NOW_MS - 14_999, 'half_open'],
  [
    'when no probe has brought an answer for a long time: their streams may have been reset',
    NOW_MS - 15_000,
    'closed',
  ],
];

for (const [sentence, suspendedUntilMs, state] of STATES) {
  test(`stateOf: ${state} ${sentence} (S69)`, (t) =>
    t.is(stateOf({ failures: 5, suspendedUntilMs, token: '*' }, NOW_MS), state));
}

const FAILURES: [
  sentence: string,
  failures: number,
  suspendedUntilMs: number,
  settings: Partial<BreakerSettings>,
  after: Omit<Breaker, 'token'>,
][] = [
  ['the first is counted', 0, 0, {}, { failures: 1, suspendedUntilMs: 0 }],
  ['the failure before the last does not suspend', 3, 0, {}, { failures: 4, suspendedUntilMs: 0 }],
  ['the last failure suspends, from now on', 4, 0, {}, { failures: 5, suspendedUntilMs: NOW_MS + 2000 }],
  [
    'a failed probe suspends again, and is counted',
    5,
    NOW_MS - 1,
    {},
    { failures: 6, suspendedUntilMs: NOW_MS + 2000 },
  ],
  [
    'a failure that was under way while others suspended counts from when it ended',
    5,
    NOW_MS + 1500,
    {},
    { failures: 6, suspendedUntilMs: NOW_MS + 2000 },
  ],
  [
    'one failure is enough if one is set',
    0,
    0,
    { breakerFailures: 1 },
    { failures: 1, suspendedUntilMs: NOW_MS + 2000 },
  ],
  [
    'the delay is in seconds',
    4,
    0,
    { breakerDelaySec: 3600 },
    { failures: 5, suspendedUntilMs: NOW_MS + 3_600_000 },
  ],
  [
    'a delay of 0 ends at once: one probe at a time from now on',
    4,
    0,
    { breakerDelaySec: 0 },
    { failures: 5, suspendedUntilMs: NOW_MS },
  ],
  [
    'a location that allows more failures does not suspend',
    5,
    NOW_MS - 1,
    { breakerFailures: 10 },
    { failures: 6, suspendedUntilMs: NOW_MS - 1 },
  ],
  [
    'a location that allows more failures does not end the suspension of other locations',
    5,
    NOW_MS + 1000,
    { breakerFailures: 10 },
    { failures: 6, suspendedUntilMs: NOW_MS + 1000 },
  ],
];

for (const [sentence, failures, suspendedUntilMs, settings, after] of FAILURES) {
  test(`afterFailure: ${sentence} (S24, S69)`, (t) =>
    t.deepEqual(
      afterFailure({ failures, suspendedUntilMs, token: '*' }, OTHER, { ...SETTINGS, ...settings }, NOW_MS),
      { ...after, token: failures === 0 ? OTHER : '*' },
    ));
}

const ROWS: [sentence: string, tokens: string[], token: string][] = [
  ['one failure is of its token', [ODD], ODD],
  ['five failures of one token are of that token', [ODD, ODD, ODD, ODD, ODD], ODD],
  ['with a second token they are of all tokens', [ODD, ODD, ODD, ODD, OTHER], '*'],
  ['with a second token in the middle they are of all tokens', [ODD, OTHER, ODD, ODD, ODD], '*'],
  ['they remain of all tokens until an answer', [ODD, OTHER, OTHER, OTHER, OTHER, OTHER, OTHER], '*'],
];

for (const [sentence, tokens, token] of ROWS) {
  test(`afterFailure: to which tokens the failures belong: ${sentence} (S69)`, (t) => {
    const last = tokens.reduce(
      (breaker, failed) => parseBreaker(formatBreaker(afterFailure(breaker, failed, SETTINGS, NOW_MS))),
      CLOSED,
    );
    t.is(last.token, token);
    t.is(last.failures, tokens.length);
  });
}

test('holdsFor: failures of one token suspend only that token: it does not stop the others (S69)', (t) => {
  const breaker = { failures: 5, suspendedUntilMs: NOW_MS + 1, token: ODD };
  t.true(holdsFor(breaker, ODD));
  t.false(holdsFor(breaker, OTHER));
});

test('holdsFor: failures of two tokens suspend all, also tokens that never failed', (t) => {
  const breaker = { failures: 5, suspendedUntilMs: NOW_MS + 1, token: '*' };
  t.true(holdsFor(breaker, ODD));
  t.true(holdsFor(breaker, OTHER));
});

test('tokenOf: the beginning of a key, which is never "all" and has no space', (t) => {
  t.is(tokenOf('UUGpu7DZ-0_8bQzVfk3PaQxM1dYx0Zt9sLhWn5cRrEo'), ODD);
});

test('afterFailure: exactly this number of failures in a row suspends', (t) => {
  let breaker = parseBreaker(undefined);
  const states: BreakerState[] = [];
  for (let i = 0; i < 5; i++) {
    breaker = parseBreaker(formatBreaker(afterFailure(breaker, ODD, SETTINGS, NOW_MS)));
    states.push(stateOf(breaker, NOW_MS));
  }
  t.deepEqual(states, ['closed', 'closed', 'closed', 'closed', 'open']);
  t.is(stateOf(breaker, NOW_MS + 1999), 'open');
  t.is(stateOf(breaker, NOW_MS + 2000), 'half_open');
});

const WAITS: [sentence: string, leftMs: number, waitSec: number][] = [
  ['whole seconds', 2000, 2],
  ['a millisecond more is the next second', 2001, 3],
  ['a millisecond less is the same second', 1999, 2],
  ['a second', 1000, 1],
  ['less than a second is 1', 1, 1],
  ['a suspension that has just ended: 1, because with 0 the client would retry at once', 0, 1],
  ['one that ended long ago', -60_000, 1],
];

for (const [sentence, leftMs, waitSec] of WAITS) {
  test(`suspendedSec: Retry-After is in whole seconds: ${sentence} (RFC 9110 §10.2.3)`, (t) =>
    t.is(suspendedSec({ failures: 5, suspendedUntilMs: NOW_MS + leftMs, token: '*' }, NOW_MS), waitSec));
}

test('isOfOneToken: only while one token alone has failed in the row', (t) => {
  t.true(isOfOneToken({ ...CLOSED, failures: 1, token: ODD }));
  t.false(isOfOneToken({ ...CLOSED, failures: 2 }));
});

test('stateOf: closed while nothing was suspended, whatever the clock says (S78)', (t) => {
  for (const nowMs of [0, 1, 14_999, NOW_MS]) t.is(stateOf(CLOSED, nowMs), 'closed');
});
