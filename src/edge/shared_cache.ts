// The shared dictionaries: what all workers know.

import { replacementsSeries } from '../core/answer/metrics.js';
import { isEvictUnsafe } from '../core/settings/njs_version.js';
import { count } from './counters.js';

/** Records of active tokens and client assertions; rejected tokens; flights; breakers and purges. See nginx/zones.conf. */
export type Zone = 'phantom_token' | 'phantom_token_denied' | 'phantom_token_locks' | 'phantom_token_state';

/** What became of a write. A full zone or too large a record is no error: the next request asks again. */
export type Written = 'stored' | 'full' | 'too_large';

export type Added = 'added' | 'exists' | 'full';

/** Larger records would cost a zone many small ones (S74); they are served uncached. In characters. */
const MAX_RECORD_LENGTH = 65536;
/** Some 24 days: under QuickJS a longer time would be taken modulo 2^32 (S47). */
const MAX_MS = 2147483647;
// No cache key holds a colon.
const ASSERTION_PREFIX = 'assertion:';
const PURGED_PREFIX = 'purged:';

/** A record ends before the list of its keyspace does (purge_reach.ts): after 23 days at most. */
const MAX_RECORD_MS = 1987200000;
const LISTED_PREFIX = 'keyspace:';

/** What is wrong with zones.conf, or undefined. */
export function findZoneProblem(r: NginxHTTPRequest): string | undefined {
  if (isEvictUnsafe(njs.version_number, r.variables.phantom_zones)) {
    return EVICTS;
  }
  const missing = ALL_ZONES.filter((zone) => !isDeclared(zone));
  return missing.length === 0
    ? undefined
    : `the js_shared_dict_zone ${missing.join(', ')} is not declared: include zones.conf at http level, or add its line to your own zones.conf`;
}

const EVICTS =
  'below njs 0.9.7 a zone with evict crashes workers: include zones_njs_0.8.conf in place of zones.conf; a zones file of your own needs the js_var line of that file, and no evict';

/** The record under `key`; undefined when there is none, or no zone. Does NOT check its expiry: core/cache/record.ts does. */
export function readRecord(key: string): string | undefined {
  return records === undefined ? readFirstRecord(key) : (records.get(key) as string | undefined);
}

/** QuickJS keeps the zone for later requests: it is the same until the configuration changes. */
let records: NgxSharedDict | undefined;

function readFirstRecord(key: string): string | undefined {
  records = ngx.shared.phantom_token;
  return records === undefined ? undefined : (records.get(key) as string | undefined);
}

/** @param ttlSec whole seconds, at least 1 */
export function writeRecord(key: string, record: string, ttlSec: number): Written {
  return record.length > MAX_RECORD_LENGTH
    ? 'too_large'
    : writeAndCount('phantom_token', key, record, Math.min(ttlSec * 1000, MAX_RECORD_MS));
}

/** @returns whether there was one */
export function deleteRecord(key: string): boolean {
  return dictionary('phantom_token').delete(key) === true;
}

/** One place in the list of keyspaces: purge_reach.ts; undefined when it is free. */
export function readListed(name: string): string | undefined {
  const key = LISTED_PREFIX + name;
  return readRecord(key);
}

/** Takes a place, atomically across workers. */
export function addListed(name: string, listed: string): Added {
  return add('phantom_token', LISTED_PREFIX + name, listed, MAX_MS);
}

export function writeListed(name: string, listed: string): Written {
  return write('phantom_token', LISTED_PREFIX + name, listed, MAX_MS);
}

/** Why the token under `key` is rejected; undefined when nothing is known. See core/cache/denial_record.ts. */
export function readDenial(key: string): string | undefined {
  return dictionary('phantom_token_denied').get(key);
}

/** Replaces what is there. @param ttlMs whole milliseconds, at least 1: ends with the record itself, not after it */
export function writeDenial(key: string, denial: string, ttlMs: number): Written {
  return writeAndCount('phantom_token_denied', key, denial, ttlMs);
}

/** @param ttlSec at least 1 */
export function markPurged(key: string, ttlSec: number): Written {
  return write('phantom_token_state', PURGED_PREFIX + key, '', ttlSec * 1000);
}

/** Whether a token was purged and its mark lives on. */
export function isPurged(key: string): boolean {
  return dictionary('phantom_token_state').has(PURGED_PREFIX + key);
}

/** The client assertion of that name; undefined when it has ended. */
export function readAssertion(name: string): string | undefined {
  const key = ASSERTION_PREFIX + name;
  return readRecord(key);
}

export function writeAssertion(name: string, assertion: string, ttlSec: number): void {
  write('phantom_token', ASSERTION_PREFIX + name, assertion, ttlSec * 1000);
}

export function deleteAssertion(name: string): void {
  deleteRecord(ASSERTION_PREFIX + name);
}

export function readLock(name: string): string | undefined {
  return dictionary('phantom_token_locks').get(name);
}

/** Atomic across workers: of several that add a lock one succeeds. */
export function addLock(name: string, state: string, ttlMs: number): Added {
  return add('phantom_token_locks', name, state, ttlMs);
}

export function writeLock(name: string, state: string, ttlMs: number): void {
  write('phantom_token_locks', name, state, ttlMs);
}

export function deleteLock(name: string): void {
  dictionary('phantom_token_locks').delete(name);
}

/** Of an endpoint's breaker; undefined when there is none. */
export function readState(name: string): string | undefined {
  return dictionary('phantom_token_state').get(name);
}

/** As {@link addLock}. */
export function addState(name: string, state: string, ttlMs: number): Added {
  return add('phantom_token_state', name, state, ttlMs);
}

export function writeState(name: string, state: string, ttlMs: number): void {
  write('phantom_token_state', name, state, ttlMs);
}

/** Only where there is one; it then stays as long as the zone's `timeout` says. */
export function replaceState(name: string, state: string): void {
  try {
    dictionary('phantom_token_state').replace(name, state);
  } catch (e) {
    fullOrThrow(e);
  }
}

/** @returns whether there was one; of several that delete it, one gets true */
export function deleteState(name: string): boolean {
  return dictionary('phantom_token_state').delete(name) === true; // QuickJS: undefined for none
}

/** Figures of one zone; `entries` is -1 where njs cannot count them safely. */
export interface ZoneFigures {
  readonly name: string;
  readonly capacityBytes: number;
  readonly freeBytes: number;
  readonly entries: number;
}

export function readZones(): ZoneFigures[] {
  const names: string[] = [];
  return names
    .concat(ALL_ZONES, 'phantom_token_metrics')
    .filter(isDeclared)
    .map((name) => {
      const zone = ngx.shared[name] as NgxSharedDict;
      // Below njs 0.9.7 size() changes the dictionary under a lock for reading only (nginx/njs#1036).
      const entries = njs.version_number < 0x000907 ? -1 : zone.size();
      return { name, capacityBytes: zone.capacity, freeBytes: zone.freeSpace(), entries };
    });
}

const ALL_ZONES: readonly Zone[] = [
  'phantom_token',
  'phantom_token_denied',
  'phantom_token_locks',
  'phantom_token_state',
];

function isDeclared(zone: string): boolean {
  return ngx.shared[zone] !== undefined;
}

/** Whether this is the first time in a minute, in any worker: for a log line that would else come with each request. */
export function isFirstInMinute(name: string): boolean {
  return addState(`log:${name}`, '', 60000) === 'added'; // in a zone that no client fills
}

function dictionary(zone: Zone): NgxSharedDict<string> {
  return ngx.shared[zone] as NgxSharedDict<string>;
}

/**
 * njs does not tell what it evicts. But it evicts only when no free page can take the value, and then the value takes the
 * room of others. The number of free pages costs no walk through the zone.
 */
function writeAndCount(zone: Zone, key: string, value: string, ttlMs: number): Written {
  const isTight = dictionary(zone).freeSpace() < value.length;
  const written = write(zone, key, value, ttlMs);
  if (isTight && written === 'stored') {
    count(replacementsSeries(zone));
  }
  return written;
}

function write(zone: Zone, key: string, value: string, ttlMs: number): Written {
  try {
    dictionary(zone).set(key, value, Math.min(ttlMs, MAX_MS));
    return 'stored';
  } catch (e) {
    return fullOrThrow(e);
  }
}

function add(zone: Zone, key: string, value: string, ttlMs: number): Added {
  try {
    return dictionary(zone).add(key, value, Math.min(ttlMs, MAX_MS)) ? 'added' : 'exists';
  } catch (e) {
    return fullOrThrow(e);
  }
}

function fullOrThrow(e: unknown): 'full' {
  if ((e as Error).name !== 'SharedMemoryError') {
    throw e;
  }
  return 'full';
}
