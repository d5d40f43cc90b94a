import test from 'ava';
import { buildDenial } from '../../../src/core/answer/challenge.js';
import { denied } from '../../../src/core/answer/outcome.js';
import type { DenialReason } from '../../../src/core/answer/reasons.js';
import type { Settings } from '../../../src/core/settings/settings.js';
import { settingsWith } from '../../support/settings.js';

const UNAUTHORIZED_BODY =
  '{"code":"unauthorized_request","message":"Access denied due to missing, invalid or expired credentials"}';
const SCOPE_BODY =
  '{"code":"insufficient_scope","message":"The access token does not grant the scope that this request needs"}';

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
  token_subject_missing: [401, 'Bearer realm="api", error="invalid_token"', UNAUTHORIZED_BODY],
  token_signature_invalid: [401, 'Bearer realm="api", error="invalid_token"', UNAUTHORIZED_BODY],
  token_key_unknown: [401, 'Bearer realm="api", error="invalid_token"', UNAUTHORIZED_BODY],
  token_claims_invalid: [401, 'Bearer realm="api", error="invalid_token"', UNAUTHORIZED_BODY],
  token_purged: [401, 'Bearer realm="api", error="invalid_token"', UNAUTHORIZED_BODY],
  issuer_mismatch: [401, 'Bearer realm="api", error="invalid_token"', UNAUTHORIZED_BODY],
  audience_mismatch: [401, 'Bearer realm="api", error="invalid_token"', UNAUTHORIZED_BODY],
  scope_insufficient: [403, 'Bearer realm="api", error="insufficient_scope"', SCOPE_BODY],
  token_not_sender_constrained: [401, 'Bearer realm="api", error="invalid_token"', UNAUTHORIZED_BODY],
  dpop_scheme_required: [401, 'Bearer realm="api", error="invalid_token"', UNAUTHORIZED_BODY],
  dpop_token_unbound: [401, 'Bearer realm="api", error="invalid_token"', UNAUTHORIZED_BODY],
  dpop_proof_missing: [401, 'Bearer realm="api", error="invalid_token"', UNAUTHORIZED_BODY],
  dpop_proof_repeated: [401, 'Bearer realm="api", error="invalid_token"', UNAUTHORIZED_BODY],
  dpop_proof_malformed: [401, 'Bearer realm="api", error="invalid_token"', UNAUTHORIZED_BODY],
  dpop_type_mismatch: [401, 'Bearer realm="api", error="invalid_token"', UNAUTHORIZED_BODY],
  dpop_algorithm_unsupported: [401, 'Bearer realm="api", error="invalid_token"', UNAUTHORIZED_BODY],
  dpop_key_invalid: [401, 'Bearer realm="api", error="invalid_token"', UNAUTHORIZED_BODY],
  dpop_signature_invalid: [401, 'Bearer realm="api", error="invalid_token"', UNAUTHORIZED_BODY],
  dpop_method_mismatch: [401, 'Bearer realm="api", error="invalid_token"', UNAUTHORIZED_BODY],
  dpop_uri_mismatch: [401, 'Bearer realm="api", error="invalid_token"', UNAUTHORIZED_BODY],
  dpop_nonce_required: [401, 'Bearer realm="api", error="invalid_token"', UNAUTHORIZED_BODY],
  dpop_time_mismatch: [401, 'Bearer realm="api", error="invalid_token"', UNAUTHORIZED_BODY],
  dpop_proof_replayed: [401, 'Bearer realm="api", error="invalid_token"', UNAUTHORIZED_BODY],
  dpop_token_mismatch: [401, 'Bearer realm="api", error="invalid_token"', UNAUTHORIZED_BODY],
  dpop_key_mismatch: [401, 'Bearer realm="api", error="invalid_token"', UNAUTHORIZED_BODY],
  certificate_missing: [401, 'Bearer realm="api", error="invalid_token"', UNAUTHORIZED_BODY],
  certificate_mismatch: [401, 'Bearer realm="api", error="invalid_token"', UNAUTHORIZED_BODY],
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
    [
      'a missing scope is named also when it is the only one required (RFC 6750 §3.1)',
      'scope_insufficient',
      { requiredScopes: ['read'] },
      'Bearer realm="api", error="insufficient_scope", scope="read"',
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

test('buildDenial: resource_metadata stands in the challenge where it is set (RFC 9728 §5.1)', (t) => {
  const settings = settingsWith({ resourceMetadata: 'https://api.example.com/md' });
  t.is(
    buildDenial(denied('token_missing', ''), settings).challenge,
    'Bearer realm="api", resource_metadata="https://api.example.com/md"',
  );
});
