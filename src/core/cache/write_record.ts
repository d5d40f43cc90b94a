// Writes what is stored for an active token; its layout: record.ts.

import { PolicyDefault } from '../settings/lines.js';
import type { NoPolicy, PolicyText } from '../settings/request_text.js';
import { NEVER_SEC } from '../token/claims.js';
import { tenDigits } from './epoch.js';
import { At, type StoredRecord } from './record.js';

/** When a record and its token end, epoch seconds. */
export interface RecordTimes {
  /** The record is void from here on, whatever the dictionary's own timer says (S64, S78). */
  readonly expiresAtSec: number;
  readonly storedAtSec: number;
  /** 0 for none. */
  readonly notBeforeSec: number;
  /** `exp` of the token, or the end of the record where the reply forbids stale answers; undefined for neither. */
  readonly usableUntilSec: number | undefined;
}

/**
 * @param jwt three base64url parts
 * @param grants see token/policy.ts
 * @param metPolicy the policy that the token meets, as nginx joins it; '' when it met none
 */
export function encodeRecord(
  times: RecordTimes,
  jwt: string,
  grants: string,
  metPolicy: PolicyText | NoPolicy | '',
): StoredRecord {
  const usableUntilSec = times.usableUntilSec === undefined ? NEVER_SEC : times.usableUntilSec;
  const grantsStart = At.policy + metPolicy.length;
  const head =
    tenDigits(readyUntilSec(times)) +
    tenDigits(times.expiresAtSec) +
    tenDigits(times.notBeforeSec) +
    tenDigits(times.storedAtSec) +
    tenDigits(usableUntilSec) +
    String(100000 + grantsStart).slice(1) +
    String(100000 + grantsStart + grants.length).slice(1);
  return `${head}${metPolicy}${grants}Bearer ${jwt}` as StoredRecord;
}

/**
 * Whether both engines of njs count the characters of a text alike, so that the places in a record hold in both: njs counts
 * code points, QuickJS what JavaScript counts.
 */
export function isCountedAlike(text: string): boolean {
  return Buffer.from(text).length === text.length || hasNoSurrogate(text);
}

function hasNoSurrogate(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0xd7ff && (code < 0xe000 || code > 0xffff)) {
      return false;
    }
  }
  return true;
}

/** Until when a location with the default TTL and skew takes the record: what the other times say, in one. */
function readyUntilSec(times: RecordTimes): number {
  return times.notBeforeSec > times.storedAtSec + PolicyDefault.clockSkewSec
    ? 0
    : Math.min(times.expiresAtSec, times.storedAtSec + PolicyDefault.cacheTtlSec);
}
