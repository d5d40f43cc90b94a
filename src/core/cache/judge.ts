// What a record says at a location: the one evaluator, for hits and for misses (S57). A hit takes two short cuts past it,
// isReady and isStoredUnder of record.ts, where the verdict is known from the time at which the record was stored.
import type { DenialReason } from '../answer/reasons.js';
import { parsePolicy } from '../settings/policy_text.js';
import type { PolicyText } from '../settings/request_text.js';
import type { Policy } from '../settings/settings.js';
import { checkPolicy } from '../token/policy.js';
import { At, isFresh, type StoredRecord, storedAtOf } from './record.js';

/** What becomes of a request with that token. A reason: its token is refused here. */
export type Verdict = 'good' | DenialReason;

/** Whether a record grants at a location with this policy. False for a policy that parseSettings refuses. */
export function meetsPolicy(record: StoredRecord, policyText: PolicyText, nowSec: number): boolean {
  const policy = parsePolicy(policyText);
  return policy !== undefined && judgeRecord(record, policy, nowSec) === 'good';
}

/** `void`: the record may not be used here, or not any more. */
export function judgeRecord(record: StoredRecord, policy: Policy, nowSec: number): Verdict | 'void' {
  return isFresh(record, nowSec) && isYoungEnough(record, policy.cacheTtlSec, nowSec)
    ? judgeToken(record, policy, nowSec)
    : 'void';
}

/** As {@link judgeRecord}, whatever the age of the record. */
export function judgeToken(record: StoredRecord, policy: Policy, nowSec: number): Verdict {
  return checkPolicy(grantsOf(record), notBeforeOf(record), policy, nowSec) || 'good';
}

/**
 * A location with a shorter TTL does not take the older record of another; one with 0 takes none, also when the clock was
 * set back.
 */
function isYoungEnough(record: StoredRecord, cacheTtlSec: number, nowSec: number): boolean {
  return cacheTtlSec > 0 && nowSec - storedAtOf(record) < cacheTtlSec;
}

/** Epoch second before which the token is not valid yet; 0 for none. */
function notBeforeOf(record: StoredRecord): number {
  return Number(record.slice(At.notBefore, At.stored));
}

/** What the token grants: token/policy.ts. */
export function grantsOf(record: StoredRecord): string {
  return record.slice(
    Number(record.slice(At.grantsStart, At.authorizationStart)),
    Number(record.slice(At.authorizationStart, At.policy)),
  );
}
