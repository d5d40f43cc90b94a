import test from 'ava';
import { buildDenial, buildUnavailable } from '../../../src/core/answer/challenge.js';
import {
  type DenialReason,
  denied,
  type Unavailable,
  type UnavailableReason,
  unavailable,
} from '../../../src/core/answer/outcome.js';
import type { Settings } from '../../../src/core/settings/settings.js';

const UNAUTHORIZED_BODY =
  '{"code":"unauthorized_request","message":"Access denied due to missing, invalid or expired credentials"}';
const SCOPE_BODY =
  '{"code":"insufficient_scope","message":"The access token does not grant the scope that this request needs"}';
const SERVER_ERROR_BODY = '{"code":"server_error","message":"Problem encountered processing the request"}';

function settingsWith(changes: Partial<Settings>): Settings {
  return {
    kind: 'settings',
    requiredScopes: [],
    audience: '',
    issuer: '',
    clockSkewSec: 60,
    introspectionEndpoint: '/introspect',
    realm: 'api',
    scopes: [],
    cacheTtlSec: 300,
    preflight: 'answer',
    jwtField: '',
    maxJwtLength: 65536,
    introspectionParameters: '',
    obeysCacheControl: true,
    negativeCacheTtlSec: 5,
    staleIfErrorSec: 0,
    introspectionTimeoutSec: 10,
    breakerFailures: 5,
    breakerDelaySec: 2,
    maxWaiting: 500,
    ...changes,
  };
}

// All reasons: the type check fails when one is missing here.
const DENIALS: Record<DenialReason, [status: number, challenge: string, body: string]> = {
  token_missing: [401, 'Bearer realm="api"', UNAUTHORIZED_BODY],
  token_malformed: [401, 'Bearer realm="api", error="invalid_token"', UNAUTHORIZED_BODY],
  token_inactive: [401, 'Bearer realm="api", error="invalid_token"', UNAUTHORIZED_BODY],
  token_expired: [401, 'Bearer realm="api", error="invalid_token"', UNAUTHORIZED_BODY],
  token_not_yet_valid: [401, 'Bearer realm="api", error="invalid_token"', UNAUTHORIZED_BODY],
  token_sender_constrained: [401, 'Bearer realm="api", error="invalid_token"', UNAUTHORIZED_BODY],
  token_type_mismatch: [401, 'Bearer realm="api", error="invalid_token"', UNAUTHORIZED_BODY],
  token_type_unsupported: [401, 'Bearer realm="api", error="invalid_token"', UNAUTHORIZED_BODY],
  token_purged: [401, 'Bearer realm="api", error="invalid_token"', UNAUTHORIZED_BODY],
  issuer_mismatch: [401, 'Bearer realm="api", error="invalid_token"', UNAUTHORIZED_BODY],
  audience_mismatch: [401, 'Bearer realm="api", error="invalid_token"', UNAUTHORIZED_BODY],
  scope_insufficient: [403, 'Bearer realm="api", error="insufficient_scope"', SCOPE_BODY],
};

for (const [reason, [status, challenge, body]] of Object.entries(DENIALS)) {
  test(`buildDenial: ${reason} is ${status} with ${challenge} (RFC 6750 §3, §3.1)`, (t) => {
    const refusal = buildDenial(denied(reason as DenialReason, 'MISS'), settingsWith({}));
    t.deepEqual(refusal, { status, challenge, retryAfter: '', body });
  });
}

const CHALLENGES: [sentence: string, reason: DenialReason, settings: Partial<Settings>, challenge: string][] =
  [
    [
      'the realm comes from the settings (RFC 9110 §11.5)',
      'token_missing',
      { realm: 'my api, v2' },
      'Bearer realm="my api, v2"',
    ],
    [
      'a missing token gets no error code, but the scopes (RFC 6750 §3.1, S11)',
      'token_missing',
      { scopes: ['read'] },
      'Bearer realm="api", scope="read"',
    ],
    [
      'an invalid token gets the error code before the scopes (RFC 6750 §3)',
      'token_inactive',
      { scopes: ['read', 'write'] },
      'Bearer realm="api", error="invalid_token", scope="read write"',
    ],
    [
      'the required scopes are named when no others are',
      'token_missing',
      { requiredScopes: ['read', 'write'] },
      'Bearer realm="api", scope="read write"',
    ],
    [
      'the scopes to name are used instead of the required ones',
      'token_expired',
      { scopes: ['openid'], requiredScopes: ['read'] },
      'Bearer realm="api", error="invalid_token", scope="openid"',
    ],
    [
      'a missing scope names what is required, never the other scopes (RFC 6750 §3.1)',
      'scope_insufficient',
      { realm: 'x', scopes: ['openid'], requiredScopes: ['read', 'write'] },
      'Bearer realm="x", error="insufficient_scope", scope="read write"',
    ],
  ];

for (const [sentence, reason, settings, challenge] of CHALLENGES) {
  test(`buildDenial: ${sentence}`, (t) =>
    t.is(buildDenial(denied(reason, ''), settingsWith(settings)).challenge, challenge));
}

test('buildDenial: each attribute is in the challenge at most once (RFC 6750 §3)', (t) => {
  for (const reason of Object.keys(DENIALS)) {
    const settings = settingsWith({ scopes: ['a'], requiredScopes: ['b'] });
    const { challenge } = buildDenial(denied(reason as DenialReason, ''), settings);
    const names = challenge.match(/[a-z]+(?==")/g) as string[];
    t.is(new Set(names).size, names.length, challenge);
  }
});

test('buildDenial: no answer shows what the cache did', (t) => {
  const settings = settingsWith({ requiredScopes: ['read'] });
  for (const reason of Object.keys(DENIALS) as DenialReason[]) {
    t.deepEqual(buildDenial(denied(reason, 'HIT'), settings), buildDenial(denied(reason, 'MISS'), settings));
  }
});

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
};

for (const [reason, status] of Object.entries(STATUSES)) {
  test(`buildUnavailable: ${reason} is ${status}, without a challenge: the token is not the cause (S23, S110)`, (t) => {
    const refusal = buildUnavailable(unavailable(reason as UnavailableReason, 'detail', 'MISS'));
    const retryAfter = status === 503 ? '1' : '';
    t.deepEqual(refusal, { status, challenge: '', retryAfter, body: SERVER_ERROR_BODY });
  });
}

test('buildUnavailable: the detail for the log is in no answer (S109)', (t) => {
  const refusal = buildUnavailable(unavailable('misconfigured', 'detail-for-the-log', ''));
  t.false(JSON.stringify(refusal).includes('detail-for-the-log'));
});

function overloaded(retryAfter: string, reason: UnavailableReason = 'introspection_overloaded'): Unavailable {
  return unavailable(reason, '', 'MISS', retryAfter);
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
