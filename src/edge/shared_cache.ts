// Records in nginx's shared memory, seen by all workers. Times become milliseconds here and nowhere else.

/** What is wrong with zones.conf, or undefined. */
export function findZoneProblem(): string | undefined {
  return ngx.shared.phantom_token === undefined
    ? 'js_shared_dict_zone phantom_token is not declared: include zones.conf at http level'
    : undefined;
}

/** The record under `key`; undefined when there is none, or no zone. Does NOT check its expiry: core/record.ts does. */
export function readRecord(key: string): string | undefined {
  const zone = ngx.shared.phantom_token;
  return zone === undefined ? undefined : (zone.get(key) as string | undefined);
}

/**
 * Stores a record for `ttlSec` whole seconds, at least 1. A full zone is no error: the next request asks again.
 */
export function writeRecord(key: string, record: string, ttlSec: number): void {
  const zone = ngx.shared.phantom_token as NgxSharedDict<string>;
  try {
    zone.set(key, record, ttlSec * 1000);
  } catch (e) {
    if ((e as Error).name !== 'SharedMemoryError') {
      throw e;
    }
  }
}
