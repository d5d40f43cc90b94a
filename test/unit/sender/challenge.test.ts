import test from 'ava';
import { buildDenial } from '../../../src/core/answer/challenge.js';
import { denied } from '../../../src/core/answer/outcome.js';
import type { DenialReason } from '../../../src/core/answer/reasons.js';
import { buildSenderDenial } from '../../../src/core/sender/challenge.js';
import type { SenderSettings } from '../../../src/core/settings/sender_settings.js';
import { settingsWith } from '../../support/settings.js';

const SENDER: SenderSettings = {
  kind: 'sender_settings',
  constraint: 'verify',
  dpopOrigin: 'https://api.example.com',
  dpopMaxAgeSec: 60,
  dpopNonce: 'off',
};
const REQUIRED = { ...SENDER, constraint: 'require' } as const;
const MTLS = { ...SENDER, dpopOrigin: '' };
const ALGS = 'algs="ES256 ES384 RS256 PS256"';

const CHALLENGES: [
  sentence: string,
  reason: DenialReason,
  sender: SenderSettings,
  isDpop: boolean,
  challenge: string,
  other: string | undefined,
][] = [
  [
    'no token: both schemes, and no error (RFC 9449 §7.1)',
    'token_missing',
    SENDER,
    false,
    'Bearer realm="api"',
    `DPoP realm="api", ${ALGS}`,
  ],
  [
    'a bad token: the error stands in the challenge of its scheme',
    'token_inactive',
    SENDER,
    false,
    'Bearer realm="api", error="invalid_token"',
    `DPoP realm="api", ${ALGS}`,
  ],
  [
    'a bound token as Bearer',
    'dpop_scheme_required',
    SENDER,
    false,
    'Bearer realm="api", error="invalid_token"',
    `DPoP realm="api", ${ALGS}`,
  ],
  [
    'a bad token as DPoP',
    'token_inactive',
    SENDER,
    true,
    'Bearer realm="api"',
    `DPoP realm="api", error="invalid_token", ${ALGS}`,
  ],
  [
    'an unbound token as DPoP',
    'dpop_token_unbound',
    SENDER,
    true,
    'Bearer realm="api"',
    `DPoP realm="api", error="invalid_token", ${ALGS}`,
  ],
  [
    'a bad proof',
    'dpop_uri_mismatch',
    SENDER,
    true,
    'Bearer realm="api"',
    `DPoP realm="api", error="invalid_dpop_proof", ${ALGS}`,
  ],
  [
    'where bound tokens are required, DPoP alone',
    'dpop_scheme_required',
    REQUIRED,
    false,
    `DPoP realm="api", error="invalid_token", ${ALGS}`,
    undefined,
  ],
  [
    'a nonce is asked for (RFC 9449 §9)',
    'dpop_nonce_required',
    REQUIRED,
    true,
    `DPoP realm="api", error="use_dpop_nonce", ${ALGS}`,
    undefined,
  ],
  [
    'without DPoP, Bearer alone: that is how tokens come that are bound to a certificate (RFC 8705 §3)',
    'certificate_mismatch',
    { ...MTLS, constraint: 'require' },
    false,
    'Bearer realm="api", error="invalid_token"',
    undefined,
  ],
];

for (const [sentence, reason, sender, isDpop, challenge, other] of CHALLENGES) {
  test(`buildSenderDenial: ${sentence}`, (t) => {
    const refusal = buildSenderDenial(denied(reason, ''), settingsWith({}), sender, isDpop, undefined);
    t.like(refusal, { status: 401, challenge, otherChallenge: other, dpopNonce: undefined });
  });
}

test('buildSenderDenial: scopes and resource_metadata stand in both challenges (RFC 6750 §3, RFC 9728 §5.1)', (t) => {
  const settings = settingsWith({ scopes: ['read'], resourceMetadata: 'https://api.example.com/md' });
  const refusal = buildSenderDenial(denied('token_missing', ''), settings, SENDER, false, 'n');
  const both = 'scope="read"';
  t.is(refusal.challenge, `Bearer realm="api", ${both}, resource_metadata="https://api.example.com/md"`);
  t.is(
    refusal.otherChallenge,
    `DPoP realm="api", ${both}, ${ALGS}, resource_metadata="https://api.example.com/md"`,
  );
  t.is(refusal.dpopNonce, 'n');
});

test('buildSenderDenial: a missing scope is 403, and the required ones are named (RFC 6750 §3.1)', (t) => {
  const settings = settingsWith({ scopes: ['read'], requiredScopes: ['write'] });
  const refusal = buildSenderDenial(denied('scope_insufficient', ''), settings, REQUIRED, true, '');
  t.is(refusal.status, 403);
  t.is(refusal.challenge, `DPoP realm="api", error="insufficient_scope", scope="write", ${ALGS}`);
});

test('buildSenderDenial: where no scopes are set for the challenge, it names the required ones (RFC 6750 §3)', (t) => {
  const settings = settingsWith({ requiredScopes: ['read', 'write'] });
  const { challenge } = buildSenderDenial(denied('token_missing', ''), settings, MTLS, false, undefined);
  t.is(challenge, 'Bearer realm="api", scope="read write"');
});

for (const reason of ['token_inactive', 'scope_insufficient'] as const) {
  test(`buildSenderDenial: ${reason}: the body is the same as where bound tokens are not taken, and nothing says to come back later`, (t) => {
    const plain = buildDenial(denied(reason, ''), settingsWith({}));
    const { body, retryAfter } = buildSenderDenial(denied(reason, ''), settingsWith({}), SENDER, false, '');
    t.is(body, plain.body);
    t.is(retryAfter, plain.retryAfter);
  });
}
