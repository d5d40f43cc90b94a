// The record of a token that is bound to a key: `00000000000000000000<jkt><x5t><record>`, each thumbprint in 43 characters, spaces
// for none.
//
// Where a record has its times, this one has zeros. So whoever does not know of bindings takes it for one that has ended: the
// short cuts of a hit, judge.ts, stale.ts.
import type { Binding } from '../sender/binding.js';
import type { StoredRecord } from './record.js';

const BOUND_MARK = '00000000000000000000';

/** Where a part starts, and the one before it ends. */
enum BoundAt {
  jkt = 20,
  x5t = 63,
  record = 106,
}

/** @param record that the token would have if it were not bound */
export function encodeBoundRecord(binding: Binding, record: StoredRecord): StoredRecord {
  const jkt = binding.jkt.padEnd(BoundAt.x5t - BoundAt.jkt);
  const x5t = binding.x5t.padEnd(BoundAt.record - BoundAt.x5t);
  return `${BOUND_MARK}${jkt}${x5t}${record}` as StoredRecord;
}

/**
 * Whether it is such a record. The record of an unbound token has an end.
 * @inline
 */
export function isBoundRecord(record: StoredRecord): boolean {
  return record.startsWith(BOUND_MARK);
}

/** @param record for which {@link isBoundRecord} */
export function bindingOf(record: StoredRecord): Binding {
  return {
    jkt: record.slice(BoundAt.jkt, BoundAt.x5t).trim(),
    x5t: record.slice(BoundAt.x5t, BoundAt.record).trim(),
  };
}

/** What is known of the token beside its binding. @param record for which {@link isBoundRecord} */
export function unboundPartOf(record: StoredRecord): StoredRecord {
  return record.slice(BoundAt.record) as StoredRecord;
}
