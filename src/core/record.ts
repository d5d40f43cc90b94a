// What is stored for an active token. The layout lets a hit without policy find the header's value by two
// slices and no parsing:
//
//   eeeeeeeeeennnnnnnnnnssssssssssxxxxxxxxxxBearer <jwt>\n<scope>\n<issuer>\n<audience>\n<audience>...
//
// e: expiry of the record, n: not before, s: stored, x: expiry of the token; epoch seconds in ten digits. JWT and claims hold no line break: see jwt.ts, claims.ts.
import type { TokenClaims } from './claims.js';

const TIME_DIGITS = 10;
const NOT_BEFORE_END = 2 * TIME_DIGITS;
const STORED_END = 3 * TIME_DIGITS;
const AUTHORIZATION_START = 4 * TIME_DIGITS;
const NEVER_SEC = 9999999999;

/** When a record and its token end, epoch seconds. */
export interface RecordTimes {
  /** The record is void from here on, whatever the dictionary's own timer says (S64, S78). */
  readonly expiresAtSec: number;
  readonly storedAtSec: number;
  /** `exp` of the token; undefined when it names none. */
  readonly tokenExpiresAtSec: number | undefined;
}

/** @param jwt three base64url parts */
export function encodeRecord(times: RecordTimes, jwt: string, claims: TokenClaims): string {
  const tokenEndSec = times.tokenExpiresAtSec === undefined ? NEVER_SEC : times.tokenExpiresAtSec;
  const digits =
    tenDigits(times.expiresAtSec) +
    tenDigits(claims.notBeforeSec) +
    tenDigits(times.storedAtSec) +
    tenDigits(tokenEndSec);
  const lines = [claims.scope, claims.issuer].concat(claims.audience);
  return `${digits}Bearer ${jwt}\n${lines.join('\n')}`;
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
  return nowSec - Number(record.slice(NOT_BEFORE_END, STORED_END));
}

/** How long this location takes a record, in seconds. */
export interface RecordLimits {
  readonly cacheTtlSec: number;
  /** 0: never beyond the record's end. */
  readonly staleIfErrorSec: number;
}

/** Whether a record past its end, for this location, may stand in while the authorization server fails; never beyond `exp`. */
export function isStale(record: string, limits: RecordLimits, nowSec: number): boolean {
  const storedAtSec = Number(record.slice(NOT_BEFORE_END, STORED_END));
  const tokenEndSec = Number(record.slice(STORED_END, AUTHORIZATION_START));
  const recordEndSec = Math.min(Number(record.slice(0, TIME_DIGITS)), storedAtSec + limits.cacheTtlSec);
  const isWanted = limits.staleIfErrorSec > 0 && limits.cacheTtlSec > 0;
  return isWanted && nowSec < Math.min(recordEndSec + limits.staleIfErrorSec, tokenEndSec);
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
