import test from 'ava';
import { type DenialReason, denialReasons } from '../../../src/core/answer/reasons.js';
import { encodeDenial, isRemembered, reasonOf } from '../../../src/core/cache/denial_record.js';

const EXPIRES_AT_SEC = 1_700_000_000;

// All reasons: the type check fails when one is missing here.
const REMEMBERED: Record<DenialReason, [isKept: boolean, why: string]> = {
  token_inactive: [true, 'the server said so (RFC 7662 §2.2)'],
  token_expired: [true, 'it will not come back (RFC 7519 §4.1.4)'],
  token_sender_constrained: [true, 'it stays bound to its key (RFC 7800 §3.1)'],
  token_not_sender_constrained: [true, 'it stays unbound, and its location is part of its key (S57)'],
  token_type_mismatch: [true, 'it stays another kind of token (S51)'],
  token_type_unsupported: [true, 'the server will not introspect it later either (RFC 7009 §2.2.1)'],
  token_subject_missing: [true, 'the server names nobody whom a JWT could be about (S51)'],
  token_signature_invalid: [true, 'a known key did not sign it, and never will (RFC 8725 §3.3)'],
  token_claims_invalid: [true, 'what it says is signed, and stays (RFC 9068 §4)'],
  token_key_unknown: [false, 'its key may be published at any moment'],
  token_missing: [false, 'there is no token'],
  token_malformed: [false, 'nobody was asked (S6)'],
  token_purged: [false, 'the purge marks it itself, for longer (S62)'],
  token_not_yet_valid: [false, 'the token becomes valid later, and the skew is the location’s (S48)'],
  issuer_mismatch: [false, 'another location may require another one (S57)'],
  audience_mismatch: [false, 'another location may require another one (S57)'],
  scope_insufficient: [false, 'another location may require another one (S57)'],
  dpop_scheme_required: [false, 'how a token was presented says nothing about the token (S124)'],
  dpop_token_unbound: [false, 'how a token was presented says nothing about the token (S124)'],
  dpop_proof_missing: [false, 'how a token was presented says nothing about the token (S124)'],
  dpop_proof_repeated: [false, 'how a token was presented says nothing about the token (S124)'],
  dpop_proof_malformed: [false, 'how a token was presented says nothing about the token (S124)'],
  dpop_type_mismatch: [false, 'how a token was presented says nothing about the token (S124)'],
  dpop_algorithm_unsupported: [false, 'how a token was presented says nothing about the token (S124)'],
  dpop_key_invalid: [false, 'how a token was presented says nothing about the token (S124)'],
  dpop_signature_invalid: [false, 'how a token was presented says nothing about the token (S124)'],
  dpop_method_mismatch: [false, 'how a token was presented says nothing about the token (S124)'],
  dpop_uri_mismatch: [false, 'how a token was presented says nothing about the token (S124)'],
  dpop_nonce_required: [false, 'how a token was presented says nothing about the token (S124)'],
  dpop_time_mismatch: [false, 'how a token was presented says nothing about the token (S124)'],
  dpop_proof_replayed: [false, 'how a token was presented says nothing about the token (S124)'],
  dpop_token_mismatch: [false, 'how a token was presented says nothing about the token (S124)'],
  dpop_key_mismatch: [false, 'how a token was presented says nothing about the token (S124)'],
  certificate_missing: [false, 'how a token was presented says nothing about the token (S124)'],
  certificate_mismatch: [false, 'how a token was presented says nothing about the token (S124)'],
};

for (const [reason, [isKept, why]] of Object.entries(REMEMBERED)) {
  test(`isRemembered: ${reason} is ${isKept ? '' : 'not '}kept: ${why}`, (t) =>
    t.is(isRemembered(reason as DenialReason), isKept));
}

const LAYOUTS: [
  sentence: string,
  expiresAtSec: number,
  storedAtSec: number,
  reason: DenialReason,
  record: string,
][] = [
  [
    'twice ten digits and the reason',
    EXPIRES_AT_SEC,
    EXPIRES_AT_SEC - 5,
    'token_inactive',
    '17000000001699999995token_inactive',
  ],
  ['times of fewer digits get leading zeros', 2, 1, 'token_purged', '00000000020000000001token_purged'],
  [
    'the last second of ten digits',
    9999999999,
    9999999999,
    'token_expired',
    '99999999999999999999token_expired',
  ],
];

for (const [sentence, expiresAtSec, storedAtSec, reason, record] of LAYOUTS) {
  test(`encodeDenial: ${sentence}`, (t) => t.is(encodeDenial(expiresAtSec, storedAtSec, reason), record));
}

/** Stored for sixty seconds. */
function denialOf(reason: DenialReason): string {
  return encodeDenial(EXPIRES_AT_SEC, EXPIRES_AT_SEC - 60, reason);
}

for (const reason of denialReasons()) {
  test(`reasonOf: returns why the token was rejected: ${reason}`, (t) =>
    t.is(reasonOf(denialOf(reason), 60, EXPIRES_AT_SEC - 1), reason));
}

const FRESHNESS: [sentence: string, ttlSec: number, nowSec: number, isFresh: boolean][] = [
  ['long before its expiry', 60, EXPIRES_AT_SEC - 50, true],
  ['one second before its expiry', 60, EXPIRES_AT_SEC - 1, true],
  ['at its expiry', 60, EXPIRES_AT_SEC, false],
  ['after its expiry, even if the dictionary still has it', 60, EXPIRES_AT_SEC + 1, false],
  ['at its expiry, even if the location would use it longer', 3600, EXPIRES_AT_SEC, false],
  ['within the shorter time of this location', 5, EXPIRES_AT_SEC - 56, true],
  ['at the end of the shorter time of this location', 5, EXPIRES_AT_SEC - 55, false],
  ['at a location that remembers no rejection', 0, EXPIRES_AT_SEC - 60, false],
];

for (const [sentence, ttlSec, nowSec, isFresh] of FRESHNESS) {
  test(`reasonOf: a rejection ${isFresh ? 'holds' : 'is void'} ${sentence} (S64, S66, S78)`, (t) =>
    t.is(reasonOf(denialOf('token_inactive'), ttlSec, nowSec), isFresh ? 'token_inactive' : undefined));
}

test('reasonOf: a small expiry with leading zeros is compared as a number', (t) => {
  const record = encodeDenial(100, 40, 'token_purged');
  t.is(reasonOf(record, 60, 99), 'token_purged');
  t.is(reasonOf(record, 60, 100), undefined);
});

for (const record of [
  '',
  'token_inactive',
  'undefined',
  '17000000token_inactive',
  '1700000000token_inactive',
]) {
  test(`reasonOf: a text that is not a record of this layout rejects nobody: ${JSON.stringify(record)} (S77)`, (t) =>
    t.is(reasonOf(record, 60, 0), undefined));
}
