// What is stored for a rejected token: `eeeeeeeeee<reason>`, its expiry as an epoch second in ten digits.
import type { DenialReason } from './outcome.js';

const TIME_DIGITS = 10;

/** Whether the authorization server's answer, not this location's policy, is what rejects the token. */
export function isRemembered(reason: DenialReason): boolean {
  return (
    reason === 'token_inactive' ||
    reason === 'token_expired' ||
    reason === 'token_sender_constrained' ||
    reason === 'token_type_mismatch'
  );
}

export function encodeDenial(expiresAtSec: number, reason: DenialReason): string {
  return String(expiresAtSec).padStart(TIME_DIGITS, '0') + reason;
}

/** Why the token is rejected; undefined when the record is void at `nowSec`. */
export function reasonOf(record: string, nowSec: number): DenialReason | undefined {
  const isFresh = Number(record.slice(0, TIME_DIGITS)) > nowSec;
  return isFresh ? (record.slice(TIME_DIGITS) as DenialReason) : undefined;
}
