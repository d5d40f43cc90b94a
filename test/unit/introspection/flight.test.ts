import test from 'ava';
import { type UnavailableReason, unavailableReasons } from '../../../src/core/answer/reasons.js';
import { notAnswered } from '../../../src/core/answer/unavailable.js';
import type { CacheKey } from '../../../src/core/cache/key.js';
import {
  flightName,
  formatAsking,
  isLosable,
  isShared,
  leaseMs,
} from '../../../src/core/introspection/flight.js';

const LEADER = '4815162342';

test('formatAsking: names the leader, so that waiting requests know whose answer to use (S70)', (t) => {
  t.is(formatAsking(LEADER), 'asking 4815162342');
});

const OWN_REASON: UnavailableReason = 'misconfigured';

for (const reason of unavailableReasons()) {
  const isOwn = reason === OWN_REASON;
  test(`isShared: ${reason} is ${isOwn ? 'of the leader’s own location: the others ask for themselves' : 'for all waiting requests, so that they do not ask a failing server again'} (S67, S70)`, (t) =>
    t.is(isShared(notAnswered(reason, '')), !isOwn));
}

const KEY = 'UUGpu7DZ-0_8bQzVfk3PaQxM1dYx0Zt9sLhWn5cRrEo' as CacheKey;

test('flightName: requests with the same record and client settings have the same name', (t) => {
  t.is(flightName(KEY, 'id\nsecret'), flightName(KEY, 'id\nsecret'));
  t.regex(flightName(KEY, 'id\nsecret'), /^[\w-]{43}$/);
});

test('flightName: another record or other client settings give another name: a failure of another secret is not shared', (t) => {
  const names = [
    flightName(KEY, 'id\nsecret'),
    flightName(KEY, 'id\nother'),
    flightName(KEY, 'other\nsecret'),
    flightName(`${KEY.slice(0, -1)}A` as CacheKey, 'id\nsecret'),
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

test('flightName: without client settings the key of the record is the name: a digest is spared', (t) => {
  t.is<string, string>(flightName(KEY, ''), KEY);
});
