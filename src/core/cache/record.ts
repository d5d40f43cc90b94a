// What is stored for an active token. The layout lets a hit find the header's value by two numbers and one slice:
//
//   rrrrrrrrrreeeeeeeeeennnnnnnnnnssssssssssxxxxxxxxxxgggggaaaaa<policy><grants>Bearer <jwt>
//
// r: ready until, e: expiry of the record, n: not before, s: stored, x: usable until, epoch seconds; g and a: where
// grants and `Bearer` start, in five digits, as nothing longer is stored (edge/shared_cache.ts). The policy is that of the
// location that stored the record, if the token met it; the grants are those of policy.ts. They stand before the JWT, so
// that nothing searches through it.
import { DEFAULT_CACHE_TTL_SEC, DEFAULT_CLOCK_SKEW_SEC } from '../settings/settings.js';

/**
 * Where a field starts, and the one before it ends.
 * An enum, because its values stand in the bundle as they are: a hit pays for each constant.
 */
enum At {
  readyUntil = 0,
  expiry = 10,
  notBefore = 20,
  stored = 30,
  usableUntil = 40,
  grantsStart = 50,
  authorizationStart = 55,
  policy = 60,
}
const NEVER_SEC = 9999999999;

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
 * @param grants see policy.ts
 * @param metPolicy the policy that the token meets, as nginx joins it; '' when it met none
 */
export function encodeRecord(times: RecordTimes, jwt: string, grants: string, metPolicy: string): string {
  const usableUntilSec = times.usableUntilSec === undefined ? NEVER_SEC : times.usableUntilSec;
  const head =
    digits(readyUntilSec(times), 10) +
    digits(times.expiresAtSec, 10) +
    digits(times.notBeforeSec, 10) +
    digits(times.storedAtSec, 10) +
    digits(usableUntilSec, 10) +
    digits(At.policy + metPolicy.length, 5) +
    digits(At.policy + metPolicy.length + grants.length, 5);
  return `${head}${metPolicy}${grants}Bearer ${jwt}`;
}

/**
 * Whether both engines of njs count the characters of a text alike, so that the places in a record hold in both: njs counts
 * code points, QuickJS what JavaScript counts.
 */
export function isCountedAlike(text: string): boolean {
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
  return times.notBeforeSec > times.storedAtSec + DEFAULT_CLOCK_SKEW_SEC
    ? 0
    : Math.min(times.expiresAtSec, times.storedAtSec + DEFAULT_CACHE_TTL_SEC);
}

/**
 * Whether a location with the default TTL and skew takes the record with no further look at its times.
 * When not, it may be good all the same: {@link isFresh}, {@link notBeforeOf} and {@link ageSecOf} tell.
 */
export function isReady(record: string, nowSec: number): boolean {
  return Number(record.slice(At.readyUntil, At.expiry)) > nowSec;
}

/** Whether a record may be used at `nowSec`. */
export function isFresh(record: string, nowSec: number): boolean {
  return Number(record.slice(At.expiry, At.notBefore)) > nowSec;
}

/** Epoch second before which the token is not valid yet; 0 for none. */
export function notBeforeOf(record: string): number {
  return Number(record.slice(At.notBefore, At.stored));
}

/** Seconds since the record was stored. */
export function ageSecOf(record: string, nowSec: number): number {
  return nowSec - Number(record.slice(At.stored, At.usableUntil));
}

/** How long this location takes a record, in seconds. */
export interface RecordLimits {
  readonly cacheTtlSec: number;
  /** 0: never beyond the record's end. */
  readonly staleIfErrorSec: number;
}

/** Whether a record past its end, for this location, may stand in while the authorization server fails; never beyond `exp`. */
export function isStale(record: string, limits: RecordLimits, nowSec: number): boolean {
  const storedAtSec = Number(record.slice(At.stored, At.usableUntil));
  const usableUntilSec = Number(record.slice(At.usableUntil, At.grantsStart));
  const recordEndSec = Math.min(
    Number(record.slice(At.expiry, At.notBefore)),
    storedAtSec + limits.cacheTtlSec,
  );
  const isWanted = limits.staleIfErrorSec > 0 && limits.cacheTtlSec > 0;
  return isWanted && nowSec < Math.min(recordEndSec + limits.staleIfErrorSec, usableUntilSec);
}

/** `Bearer <jwt>` of a record. */
export function authorizationOf(record: string): string {
  return record.slice(Number(record.slice(At.authorizationStart, At.policy)));
}

/** What the token grants: policy.ts. */
export function grantsOf(record: string): string {
  return record.slice(
    Number(record.slice(At.grantsStart, At.authorizationStart)),
    Number(record.slice(At.authorizationStart, At.policy)),
  );
}

/**
 * Whether the token met this very policy when the record was stored: what it grants has not changed since. Skew and TTL
 * are part of the policy, so {@link isFresh} is all that is left to ask.
 */
export function isStoredUnder(record: string, policy: string): boolean {
  return record.slice(At.policy, Number(record.slice(At.grantsStart, At.authorizationStart))) === policy;
}

function digits(value: number, width: number): string {
  return String(value).padStart(width, '0');
}
