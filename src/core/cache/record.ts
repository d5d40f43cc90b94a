// What is stored for an active token. The layout lets a hit find the header's value by two numbers and one slice:
//
//   rrrrrrrrrreeeeeeeeeennnnnnnnnnssssssssssxxxxxxxxxxgggggaaaaa<policy><grants>Bearer <jwt>
//
// r: ready until, e: expiry of the record, n: not before, s: stored, x: usable until, epoch seconds; g and a: where
// grants and `Bearer` start, in five digits, as nothing longer is stored (edge/stored_tokens.ts). The policy is that of the
// location that stored the record, if the token met it; the grants are those of token/policy.ts. They stand before the
// JWT, so that nothing searches through it.
//
// This file is what every hit pays for: a `+` in front of a text costs a third of Number().  What else reads a record: judge.ts; what writes it: write_record.ts.
import type { NoPolicy, PolicyText } from '../settings/request_text.js';

/** A record as it is stored. */
export type StoredRecord = string & { readonly is: 'record' };

/**
 * Where a field starts, and the one before it ends.
 * An enum, because its values stand in the bundle as they are: a hit pays for each constant.
 */
export enum At {
  readyUntil = 0,
  expiry = 10,
  notBefore = 20,
  stored = 30,
  usableUntil = 40,
  grantsStart = 50,
  authorizationStart = 55,
  policy = 60,
}

/**
 * Whether a location with the default TTL and skew takes the record with no further look at its times.
 * When not, it may be good all the same: judge.ts tells.
 * @inline
 */
export function isReady(record: StoredRecord, nowSec: number): boolean {
  return +record.slice(At.readyUntil, At.expiry) > nowSec;
}

/**
 * Whether a record has not reached its end.
 * @inline
 */
export function isFresh(record: StoredRecord, nowSec: number): boolean {
  return expiresAtOf(record) > nowSec;
}

/**
 * The end of a record, epoch seconds.
 * @inline
 */
export function expiresAtOf(record: StoredRecord): number {
  return +record.slice(At.expiry, At.notBefore);
}

/**
 * When the record was stored, epoch seconds.
 * @inline
 */
export function storedAtOf(record: StoredRecord): number {
  return +record.slice(At.stored, At.usableUntil);
}

/**
 * Whether the token met this very policy when the record was stored: what it grants has not changed since. Skew and TTL
 * are part of the policy, so {@link isFresh} is all that is left to ask.
 * @inline
 */
export function isStoredUnder(record: StoredRecord, policy: PolicyText | NoPolicy): boolean {
  return record.slice(At.policy, +record.slice(At.grantsStart, At.authorizationStart)) === policy;
}

/**
 * `Bearer <jwt>` of a record.
 * @inline
 */
export function authorizationOf(record: StoredRecord): string {
  return record.slice(+record.slice(At.authorizationStart, At.policy));
}
