// The shared dictionaries: what all workers know. What is in them: nginx/zones.conf.

/** Records of active tokens and client assertions; rejected tokens; flights; breakers and purges; used DPoP proofs. */
export type Zone =
  | 'phantom_token'
  | 'phantom_token_denied'
  | 'phantom_token_locks'
  | 'phantom_token_state'
  | 'phantom_token_proofs';

/** What became of a write. A full zone or too large a record is no error: the next request asks again. */
export type Written = 'stored' | 'full' | 'too_large';

export type Added = 'added' | 'exists' | 'full';

/** Some 24 days: under QuickJS a longer time would be taken modulo 2^32 (S47). */
const MAX_MS = 2147483647;

/** undefined when there is none. */
export function readEntry(zone: Zone, key: string): string | undefined {
  return dictionary(zone).get(key);
}

export function hasEntry(zone: Zone, key: string): boolean {
  return dictionary(zone).has(key);
}

/** Replaces what is there. @param ttlMs whole milliseconds, at least 1 */
export function writeEntry(zone: Zone, key: string, value: string, ttlMs: number): Written {
  try {
    dictionary(zone).set(key, value, Math.min(ttlMs, MAX_MS));
    return 'stored';
  } catch (e) {
    return fullOrThrow(e);
  }
}

/** Atomic across workers: of several that add an entry one succeeds. @param ttlMs as for {@link writeEntry} */
export function addEntry(zone: Zone, key: string, value: string, ttlMs: number): Added {
  try {
    return dictionary(zone).add(key, value, Math.min(ttlMs, MAX_MS)) ? 'added' : 'exists';
  } catch (e) {
    return fullOrThrow(e);
  }
}

/** Only where there is one; it then stays as long as the zone's `timeout` says. */
export function replaceEntry(zone: Zone, key: string, value: string): void {
  try {
    dictionary(zone).replace(key, value);
  } catch (e) {
    fullOrThrow(e);
  }
}

/** @returns whether there was one; of several that delete it, one gets true */
export function deleteEntry(zone: Zone, key: string): boolean {
  return dictionary(zone).delete(key) === true; // QuickJS: undefined for none
}

/** In bytes, in whole pages: the figure costs no walk through the zone. */
export function readFreeSpace(zone: Zone): number {
  return dictionary(zone).freeSpace();
}

/** Whether this is the first time in a minute, in any worker: for a log line that would else come with each request. */
export function isFirstInMinute(name: string): boolean {
  return addEntry('phantom_token_state', `log:${name}`, '', 60000) === 'added'; // in a zone that no client fills
}

function dictionary(zone: Zone): NgxSharedDict<string> {
  return ngx.shared[zone] as NgxSharedDict<string>;
}

function fullOrThrow(e: unknown): 'full' {
  if ((e as Error).name !== 'SharedMemoryError') {
    throw e;
  }
  return 'full';
}
