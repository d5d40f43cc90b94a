// What is stored for a rejected token: `eeeeeeeeeessssssssss<reason>`, when the record ends and when it was stored, as epoch
// seconds in ten digits.
import type { DenialReason } from '../answer/reasons.js';
import { tenDigits } from './epoch.js';

const TIME_DIGITS = 10;

/** Whether the authorization server's answer, not this location's policy, is what rejects the token. */
export function isRemembered(reason: DenialReason): boolean {
  return (
    reason === 'token_inactive' ||
    reason === 'token_expired' ||
    reason === 'token_sender_constrained' ||
    reason === 'token_not_sender_constrained' ||
    reason === 'token_type_mismatch' ||
    reason === 'token_type_unsupported' ||
    reason === 'token_subject_missing' ||
    reason === 'token_signature_invalid' ||
    reason === 'token_claims_invalid'
  );
}

export function encodeDenial(expiresAtSec: number, storedAtSec: number, reason: DenialReason): string {
  return tenDigits(expiresAtSec) + tenDigits(storedAtSec) + reason;
}

/**
 * Why the token is rejected; undefined when the record is void at `nowSec`, or older than this location takes one.
 * @param ttlSec of this location; another one with a longer one may have stored the record
 */
export function reasonOf(record: string, ttlSec: number, nowSec: number): DenialReason | undefined {
  const expiresAtSec = Number(record.slice(0, TIME_DIGITS));
  const storedAtSec = Number(record.slice(TIME_DIGITS, 2 * TIME_DIGITS));
  const isTaken = nowSec < Math.min(expiresAtSec, storedAtSec + ttlSec);
  return isTaken ? (record.slice(2 * TIME_DIGITS) as DenialReason) : undefined;
}
