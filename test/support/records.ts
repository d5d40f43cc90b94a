// Records of the cache, as the unit tests write them.
import type { StoredRecord } from '../../src/core/cache/record.js';
import { encodeRecord, type RecordTimes } from '../../src/core/cache/write_record.js';
import type { PolicyText } from '../../src/core/settings/request_text.js';
import type { TokenClaims } from '../../src/core/token/claims.js';
import { encodeGrants } from '../../src/core/token/policy.js';

export const STORED_AT_SEC = 1_699_999_700;
export const EXPIRES_AT_SEC = 1_700_000_000;
const TOKEN_EXPIRES_AT_SEC = 1_700_003_600;
export const JWT = 'e30.e30.c2ln';
/** As nginx joins it: required scopes, audience, issuer, clock skew, cache TTL. */
export const POLICY = 'read\napi\n\n\n10' as PolicyText;

export function grantsWith(changes: Partial<TokenClaims>): string {
  return encodeGrants({ notBeforeSec: 0, scope: '', issuer: '', audience: [], ...changes });
}

/** Stored for 300 seconds, of a token that lives for an hour more. */
export function timesWith(changes: Partial<RecordTimes>): RecordTimes {
  return {
    expiresAtSec: EXPIRES_AT_SEC,
    storedAtSec: STORED_AT_SEC,
    notBeforeSec: 0,
    usableUntilSec: TOKEN_EXPIRES_AT_SEC,
    ...changes,
  };
}

/** What it grants and the policy that it met do not matter. */
export function recordWith(times: Partial<RecordTimes>): StoredRecord {
  return encodeRecord(timesWith(times), JWT, grantsWith({ scope: 'read' }), POLICY);
}
