import test from 'ava';
import { buildUnavailable } from '../../../src/core/answer/failure_answer.js';
import type { Unavailable } from '../../../src/core/answer/outcome.js';
import type { UnavailableReason } from '../../../src/core/answer/reasons.js';
import { misconfigured, notAnswered, notAnsweredYet } from '../../../src/core/answer/unavailable.js';

const SERVER_ERROR_BODY = '{"code":"server_error","message":"Problem encountered processing the request"}';

// All reasons: the type check fails when one is missing here.
const STATUSES: Record<UnavailableReason, number> = {
  misconfigured: 500,
  internal_error: 500,
  introspection_unreachable: 502,
  introspection_timeout: 504,
  introspection_rate_limited: 503,
  introspection_overloaded: 503,
  introspection_suspended: 503,
  introspection_queue_full: 503,
  introspection_server_error: 502,
  introspection_unauthorized: 502,
  introspection_status: 502,
  introspection_content_type: 502,
  introspection_truncated: 502,
  introspection_malformed: 502,
  introspection_invalid_claim: 502,
  introspection_response_jwt: 502,
  jwt_missing: 502,
  jwt_too_large: 502,
  jwt_signature_invalid: 502,
  jwt_key_unknown: 502,
  jwks_unavailable: 503,
  jwks_unusable: 502,
  introspection_response_invalid: 502,
  dpop_proofs_full: 503,
};

for (const [reason, status] of Object.entries(STATUSES)) {
  test(`buildUnavailable: ${reason} is ${status}, without a challenge: the token is not the cause (S23, S110)`, (t) => {
    const refusal = buildUnavailable(notAnswered(reason as UnavailableReason, 'detail'));
    const retryAfter = status === 503 ? '1' : '';
    t.deepEqual(refusal, { status, challenge: '', retryAfter, body: SERVER_ERROR_BODY });
  });
}

test('buildUnavailable: the detail for the log is in no answer (S109)', (t) => {
  const refusal = buildUnavailable(misconfigured('detail-for-the-log'));
  t.false(JSON.stringify(refusal).includes('detail-for-the-log'));
});

function overloaded(retryAfter: string, reason: UnavailableReason = 'introspection_overloaded'): Unavailable {
  return notAnsweredYet(reason, '', retryAfter);
}

const FIRST = 'Sun, 01 Nov 2026 00:00:00 GMT';
const DATE = 'Wed, 21 Oct 2026 07:28:00 GMT';
const RETRY_AFTER: [sentence: string, asked: string, retryAfter: string][] = [
  ['one second when the server names no time', '', '1'],
  ['seconds are passed on (RFC 9110 §10.2.3, S26)', '120', '120'],
  ['0 seconds are passed on (RFC 9110 §10.2.3)', '0', '0'],
  ['nine digits are passed on', '999999999', '999999999'],
  ['ten digits are not', '1000000000', '1'],
  ['a date is passed on (RFC 9110 §10.2.3)', DATE, DATE],
  ['a date on the first of a month is passed on', FIRST, FIRST],
  ['a negative number is not', '-1', '1'],
  ['a fraction is not passed on (RFC 9110 §10.2.3: digits only)', '1.5', '1'],
  ['a unit is not', '60s', '1'],
  ['a date without a time is not passed on (RFC 9110 §5.6.7)', 'Wed, 21 Oct 2026  GMT', '1'],
  ['a date without GMT is not passed on (RFC 9110 §5.6.7)', 'Wed, 21 Oct 2026 07:28:00', '1'],
  ['a date with a text before it is not passed on', `x ${DATE}`, '1'],
  ['a date with a text after it is not passed on', `${DATE} x`, '1'],
  ['seconds with a text before them are not passed on', 'x 5', '1'],
  ['two values are not', '5, 6', '1'],
  ['a value with a line break at the end is not passed on (S104)', '5\n', '1'],
  ['a value with a header after a line break is not passed on (S104)', '5\r\nSet-Cookie: a=b', '1'],
  ['any other text is not passed on (S104)', 'later', '1'],
];

for (const [sentence, asked, retryAfter] of RETRY_AFTER) {
  test(`buildUnavailable: Retry-After: ${sentence}`, (t) =>
    t.is(buildUnavailable(overloaded(asked)).retryAfter, retryAfter));
}

test('buildUnavailable: only 503 has Retry-After', (t) => {
  for (const [reason, status] of Object.entries(STATUSES)) {
    const refusal = buildUnavailable(overloaded('7', reason as UnavailableReason));
    t.is(refusal.retryAfter, status === 503 ? '7' : '', reason);
  }
});
