// What is stored for an active token. The layout lets a hit without policy find the header's value by two
// slices and no parsing:
//
//   eeeeeeeeeennnnnnnnnnssssssssssBearer <jwt>\n<scope>\n<issuer>\n<audience>\n<audience>...
//
// e: expiry, n: not before, s: stored; epoch seconds in ten digits. JWT and claims hold no line break: see jwt.ts, claims.ts.
import type { TokenClaims } from './claims.js';

const TIME_DIGITS = 10;
const NOT_BEFORE_END = 2 * TIME_DIGITS;
const AUTHORIZATION_START = 3 * TIME_DIGITS;

/**
 * @param expiresAtSec epoch second from which the record is void, whatever the dictionary's own timer says (S64, S78)
 * @param jwt three base64url parts
 */
export function encodeRecord(
  expiresAtSec: number,
  storedAtSec: number,
  jwt: string,
  claims: TokenClaims,
): string {
  const times = tenDigits(expiresAtSec) + tenDigits(claims.notBeforeSec) + tenDigits(storedAtSec);
  const lines = [claims.scope, claims.issuer].concat(claims.audience);
  return `${times}Bearer ${jwt}\n${lines.join('\n')}`;
}

/** Whether a record may be used at `nowSec`. */
export function isFresh(record: string, nowSec: number): boolean {
  return Number(record.slice(0, TIME_DIGITS)) > nowSec;
}

/** Epoch second before which the token is not valid yet; 0 for none. */
export function notBeforeOf(record: string): number {
  return Number(record.slice(TIME_DIGITS, NOT_BEFORE_END));
}

/** Seconds since the record was stored. */
export function ageSecOf(record: string, nowSec: number): number {
  return nowSec - Number(record.slice(NOT_BEFORE_END, AUTHORIZATION_START));
}

/** `Bearer <jwt>` of a record. */
export function authorizationOf(record: string): string {
  return record.slice(AUTHORIZATION_START, record.indexOf('\n'));
}

/** The claims of a record, for the policy. */
export function claimsOf(record: string): TokenClaims {
  const lines = record.slice(record.indexOf('\n') + 1).split('\n');
  return {
    notBeforeSec: notBeforeOf(record),
    scope: lines[0] as string,
    issuer: lines[1] as string,
    audience: lines.slice(2),
  };
}

function tenDigits(epochSec: number): string {
  return String(epochSec).padStart(TIME_DIGITS, '0');
}
