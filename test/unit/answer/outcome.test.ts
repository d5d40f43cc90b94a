import test from 'ava';
import {
  answeredTooLate,
  type CacheStatus,
  cacheStatuses,
  type DenialReason,
  denialReasons,
  denied,
  granted,
  isTransportFailure,
  type UnavailableReason,
  unavailable,
  unavailableReasons,
  waitedInVain,
} from '../../../src/core/answer/outcome.js';

// The codes of $phantom_token_reason, which access logs hold: the type check fails when one goes, comes or is renamed.
const DENIALS: Record<DenialReason, true> = {
  token_missing: true,
  token_malformed: true,
  token_inactive: true,
  token_expired: true,
  token_not_yet_valid: true,
  token_sender_constrained: true,
  token_type_mismatch: true,
  token_type_unsupported: true,
  token_purged: true,
  issuer_mismatch: true,
  audience_mismatch: true,
  scope_insufficient: true,
};

/** `none`: no answer came; `outage`: the server answered that it cannot; `other`: the server is not down. */
type Failing = 'none' | 'outage' | 'other';

const FAILURES: Record<UnavailableReason, Failing> = {
  misconfigured: 'other',
  internal_error: 'other',
  introspection_unreachable: 'none',
  introspection_timeout: 'none',
  introspection_rate_limited: 'other',
  introspection_overloaded: 'outage',
  introspection_suspended: 'outage',
  introspection_queue_full: 'other',
  introspection_server_error: 'outage',
  introspection_unauthorized: 'other',
  introspection_status: 'other',
  introspection_content_type: 'other',
  introspection_truncated: 'other',
  introspection_malformed: 'other',
  introspection_invalid_claim: 'other',
  introspection_response_jwt: 'other',
  jwt_missing: 'other',
  jwt_too_large: 'other',
};

// The values of $phantom_token_cache_status, which access logs hold.
const CACHE_STATUSES: Record<CacheStatus, true> = {
  '': true,
  HIT: true,
  MISS: true,
  JOINED: true,
  NEGATIVE: true,
  STALE: true,
  BYPASS: true,
};

const LISTS: [name: string, listed: readonly string[], codes: string[]][] = [
  ['denialReasons', denialReasons(), Object.keys(DENIALS)],
  ['unavailableReasons', unavailableReasons(), Object.keys(FAILURES)],
  ['cacheStatuses', cacheStatuses(), Object.keys(CACHE_STATUSES)],
];

for (const [name, listed, codes] of LISTS) {
  test(`${name}: lists every code once, so that metrics also show codes that never occurred`, (t) =>
    t.deepEqual(listed.toSorted(), codes.toSorted()));
}

test('denialReasons, unavailableReasons: share no code, so that one label can hold both', (t) => {
  const both: string[] = [...denialReasons(), ...unavailableReasons()];
  t.is(new Set(both).size, both.length);
});

test('denialReasons, unavailableReasons: a code is one word of lower-case letters, safe in a log and in a label', (t) => {
  for (const reason of [...denialReasons(), ...unavailableReasons()]) {
    t.regex(reason, /^[a-z]+(_[a-z]+)*$/);
  }
});

test('granted: is a Grant of the whole header value', (t) => {
  t.deepEqual(granted('Bearer a.b.c', 'HIT'), {
    kind: 'grant',
    authorization: 'Bearer a.b.c',
    cacheStatus: 'HIT',
  });
});

test('granted: may have no header value, for a preflight that is passed on', (t) => {
  t.deepEqual(granted('', 'BYPASS'), { kind: 'grant', authorization: '', cacheStatus: 'BYPASS' });
});

for (const reason of Object.keys(DENIALS) as DenialReason[]) {
  test(`denied: ${reason} is a Denial with its reason`, (t) => {
    t.deepEqual(denied(reason, 'MISS'), { kind: 'denial', reason, cacheStatus: 'MISS' });
  });
}

for (const reason of Object.keys(FAILURES) as UnavailableReason[]) {
  test(`unavailable: ${reason} is Unavailable with a detail for the log, and without Retry-After`, (t) => {
    t.deepEqual(unavailable(reason, 'status=500', 'MISS'), {
      kind: 'unavailable',
      reason,
      detail: 'status=500',
      retryAfter: '',
      cacheStatus: 'MISS',
      isOutage: FAILURES[reason] !== 'other',
    });
  });
}

test("unavailable: keeps the server's Retry-After, also when it is empty (S26)", (t) => {
  t.is(unavailable('introspection_overloaded', '', 'MISS', '30').retryAfter, '30');
  t.is(unavailable('introspection_overloaded', '', 'MISS', '').retryAfter, '');
});

test('denied, unavailable: keep where the answer came from: empty when nothing was looked up', (t) => {
  t.is(denied('token_missing', '').cacheStatus, '');
  t.is(denied('scope_insufficient', 'HIT').cacheStatus, 'HIT');
  t.is(unavailable('misconfigured', '', '').cacheStatus, '');
});

for (const [reason, failing] of Object.entries(FAILURES) as [UnavailableReason, Failing][]) {
  test(`isTransportFailure: ${reason} ${failing === 'none' ? 'counts for the breaker: no answer came' : 'does not count for the breaker: something answered, or nothing was asked'} (S69)`, (t) =>
    t.is(isTransportFailure(reason), failing === 'none'));

  test(`unavailable: ${reason} ${failing === 'other' ? 'is no outage, so no stale record is served: the server is up, or the gateway or a client caused it' : 'is an outage: a stale record may be served'} (RFC 5861 §4, S65)`, (t) =>
    t.is(unavailable(reason, '', 'MISS').isOutage, failing !== 'other'));
}

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
