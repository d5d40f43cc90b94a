import test from 'ava';
import { allowsStale } from '../../../src/core/answer/failure_kind.js';
import { unavailableReasons } from '../../../src/core/answer/reasons.js';
import {
  answeredTooLate,
  bug,
  failedWithLeader,
  misconfigured,
  notAnswered,
  notAnsweredYet,
  waitedInVain,
  withDetail,
} from '../../../src/core/answer/unavailable.js';

for (const reason of unavailableReasons()) {
  test(`notAnswered: ${reason} is Unavailable with a detail for the log, and without Retry-After`, (t) => {
    t.deepEqual(notAnswered(reason, 'status=500'), {
      kind: 'unavailable',
      reason,
      detail: 'status=500',
      retryAfter: '',
      cacheStatus: 'MISS',
      isOutage: allowsStale(reason),
    });
  });
}

test("notAnsweredYet: keeps the server's Retry-After, also when it is empty (S26)", (t) => {
  t.is(notAnsweredYet('introspection_overloaded', '', '30').retryAfter, '30');
  t.is(notAnsweredYet('introspection_overloaded', '', '').retryAfter, '');
});

test('waitedInVain: a wait without an answer is a timeout, and no outage: clients that reset their streams can cause it', (t) => {
  t.deepEqual(waitedInVain(), {
    kind: 'unavailable',
    reason: 'introspection_timeout',
    detail: "waited for another request's introspection",
    retryAfter: '',
    cacheStatus: 'JOINED',
    isOutage: false,
  });
});

test('answeredTooLate: a timeout, and no outage: the late answer may have said that the token is inactive', (t) => {
  const outcome = answeredTooLate();
  t.is(outcome.reason, 'introspection_timeout');
  t.is(outcome.cacheStatus, 'MISS');
  t.false(outcome.isOutage);
});

test('misconfigured, bug: nothing was looked up, and no stale record is served: the mistake is ours', (t) => {
  for (const failure of [misconfigured('$x must be a y'), bug('TypeError')]) {
    t.is(failure.cacheStatus, '');
    t.false(failure.isOutage);
  }
  t.is(misconfigured('$x must be a y').detail, '$x must be a y');
  t.is(bug('TypeError').detail, 'exception=TypeError');
});

test('failedWithLeader: says where the answer came from, and keeps the Retry-After of the leader (S26, S70)', (t) => {
  t.deepEqual(failedWithLeader('introspection_overloaded', '30', true), {
    kind: 'unavailable',
    reason: 'introspection_overloaded',
    detail: 'as for the request waited for',
    retryAfter: '30',
    cacheStatus: 'JOINED',
    isOutage: true,
  });
});

test('failedWithLeader: the leader says whether it was an outage: the reason alone does not (RFC 5861 §4, S65)', (t) => {
  t.true(failedWithLeader('introspection_timeout', '', true).isOutage);
  t.false(failedWithLeader('introspection_timeout', '', false).isOutage);
});

test('withDetail: adds to what the log says and changes nothing else', (t) => {
  const failure = notAnsweredYet('introspection_overloaded', 'status=503', '30');
  t.deepEqual(withDetail(failure, 'credentials=none'), { ...failure, detail: 'status=503 credentials=none' });
});

for (const failure of [answeredTooLate(), waitedInVain()]) {
  test(`withDetail: what is no outage does not become one: ${failure.detail} (RFC 5861 §4, S65)`, (t) =>
    t.false(withDetail(failure, 'credentials=none').isOutage));
}

test('bug: an exception is a reason of its own, and no time to come again is named', (t) => {
  t.like(bug('TypeError'), { kind: 'unavailable', reason: 'internal_error', retryAfter: '' });
});

test('answeredTooLate: says so in the log, and names no time to come again', (t) => {
  t.like(answeredTooLate(), {
    kind: 'unavailable',
    detail: 'the answer came too late to count',
    retryAfter: '',
  });
});
