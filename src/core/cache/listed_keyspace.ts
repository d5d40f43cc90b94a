// What a purge knows of one keyspace (lookup.ts): `<listed at> <TTL of a mark> <keyspace>`, epoch seconds and seconds.

import type { Keyspace } from './lookup.js';

export interface ListedKeyspace {
  /** All of a lookup but the token. */
  readonly keyspace: Keyspace;
  /**
   * As markTtlSecOf of purge_mark.ts says for its location. Of several locations, and of all settings since the list was
   * made, the longest: records of that time may still be there.
   */
  readonly markTtlSec: number;
  readonly listedAtSec: number;
}

/** The list outlives every record: a dictionary keeps an entry for 24.8 days at most, and a record 23 (edge/stored_tokens.ts). */
const RELISTED_SEC = 86400;

export function formatListed(listed: ListedKeyspace): string {
  return `${listed.listedAtSec} ${listed.markTtlSec} ${listed.keyspace}`;
}

/** @param text what {@link formatListed} made */
export function parseListed(text: string): ListedKeyspace {
  const first = text.indexOf(' ');
  const second = text.indexOf(' ', first + 1);
  return {
    listedAtSec: Number(text.slice(0, first)),
    markTtlSec: Number(text.slice(first + 1, second)),
    keyspace: text.slice(second + 1) as Keyspace,
  };
}

/** Whether an entry says enough: it is young, and counts with records that are kept as long. */
export function isListedFor(listed: ListedKeyspace, markTtlSec: number, nowSec: number): boolean {
  const ageSec = nowSec - listed.listedAtSec;
  return listed.markTtlSec >= markTtlSec && ageSec >= 0 && ageSec < RELISTED_SEC;
}
