// Whether an older answer may be used while the authorization server fails (RFC 5861 §4).
import { At, type StoredRecord, storedAtOf } from './record.js';

/** How long this location takes a record, in seconds. */
export interface RecordLimits {
  readonly cacheTtlSec: number;
  /** 0: never beyond the record's end. */
  readonly staleIfErrorSec: number;
}

/** Whether a record past its end, for this location, may stand in while the authorization server fails; never beyond `exp`. */
export function mayStandIn(record: StoredRecord, limits: RecordLimits, nowSec: number): boolean {
  const usableUntilSec = Number(record.slice(At.usableUntil, At.grantsStart));
  const recordEndSec = Math.min(
    Number(record.slice(At.expiry, At.notBefore)),
    storedAtOf(record) + limits.cacheTtlSec,
  );
  const isWanted = limits.staleIfErrorSec > 0 && limits.cacheTtlSec > 0;
  return isWanted && nowSec < Math.min(recordEndSec + limits.staleIfErrorSec, usableUntilSec);
}
