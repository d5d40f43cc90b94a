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

/** Stores a record for `ttlSec` whole seconds, at least 1. A full zone is no error: the next request asks again. */
export function writeRecord(key: string, record: string, ttlSec: number): void {
  write(key, record, ttlSec);
}

// No cache key holds a colon.
const ASSERTION_PREFIX = 'assertion:';

/** The client assertion of that name; undefined when it has ended. */
export function readAssertion(name: string): string | undefined {
  return readRecord(ASSERTION_PREFIX + name);
}

export function writeAssertion(name: string, assertion: string, ttlSec: number): void {
  write(ASSERTION_PREFIX + name, assertion, ttlSec);
}

function write(key: string, value: string, ttlSec: number): void {
  const zone = ngx.shared.phantom_token as NgxSharedDict<string>;
  try {
    zone.set(key, value, ttlSec * 1000);
  } catch (e) {
    if ((e as Error).name !== 'SharedMemoryError') {
      throw e;
    }
  }
}
