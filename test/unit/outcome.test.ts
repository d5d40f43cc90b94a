import test from 'ava';
import {
  type DenialReason,
  denied,
  granted,
  type UnavailableReason,
  unavailable,
} from '../../src/core/outcome.js';

// The codes of $phantom_token_reason, which access logs hold: the type check fails when one goes, comes or is renamed.
const DENIALS: Record<DenialReason, true> = {
  token_missing: true,
  token_malformed: true,
  token_inactive: true,
  token_expired: true,
  token_not_yet_valid: true,
  token_sender_constrained: true,
  token_type_mismatch: true,
  issuer_mismatch: true,
  audience_mismatch: true,
  scope_insufficient: true,
};

const FAILURES: Record<UnavailableReason, true> = {
  misconfigured: true,
  internal_error: true,
  introspection_unreachable: true,
  introspection_timeout: true,
  introspection_overloaded: true,
  introspection_unauthorized: true,
  introspection_status: true,
  introspection_content_type: true,
  introspection_truncated: true,
  introspection_malformed: true,
  introspection_invalid_claim: true,
  introspection_response_jwt: true,
  jwt_missing: true,
  jwt_too_large: true,
};

test('granted: is a Grant of the whole header value', (t) => {
  t.deepEqual(granted('Bearer a.b.c', 'HIT'), {
    kind: 'grant',
    authorization: 'Bearer a.b.c',
    cacheStatus: 'HIT',
  });
});

test('granted: may have no header value, as a preflight that is passed on', (t) => {
  t.deepEqual(granted('', 'BYPASS'), { kind: 'grant', authorization: '', cacheStatus: 'BYPASS' });
});

for (const reason of Object.keys(DENIALS) as DenialReason[]) {
  test(`denied: ${reason} is a Denial with its reason`, (t) => {
    t.deepEqual(denied(reason, 'MISS'), { kind: 'denial', reason, cacheStatus: 'MISS' });
  });
}

for (const reason of Object.keys(FAILURES) as UnavailableReason[]) {
  test(`unavailable: ${reason} is Unavailable with a detail for the log; the server asked for no time`, (t) => {
    t.deepEqual(unavailable(reason, 'status=500', 'MISS'), {
      kind: 'unavailable',
      reason,
      detail: 'status=500',
      retryAfter: '',
      cacheStatus: 'MISS',
    });
  });
}

test('denied, unavailable: keep where the answer came from: empty when nothing was looked up', (t) => {
  t.is(denied('token_missing', '').cacheStatus, '');
  t.is(denied('scope_insufficient', 'HIT').cacheStatus, 'HIT');
  t.is(unavailable('misconfigured', '', '').cacheStatus, '');
});
