// Reads what nginx knows of the request.
import type { Mode } from '../core/njs_version.js';

/** One request as two texts that nginx joined: see nginx/http.conf. */
export interface RequestFacts {
  /** All settings of the location, one a line: core/settings.ts. */
  readonly settings: string;
  /** Partition, introspection endpoint and Authorization header, one a line: core/cache_key.ts. */
  readonly lookup: string;
}

/**
 * In auth_request mode the texts were made in the protected location before the subrequest: nginx runs the
 * server's own `set` lines again in every subrequest, so there the variables may have lost the location's values.
 */
export function readRequest(r: NginxHTTPRequest, mode: Mode): RequestFacts {
  const v = r.variables;
  return mode === 'access'
    ? { settings: text(v.phantom_settings), lookup: text(v.phantom_lookup) }
    : { settings: text(v.phantom_kept_settings), lookup: text(v.phantom_kept_lookup) };
}

/** Epoch seconds, whole. */
export function readClockSec(): number {
  return Math.floor(Date.now() / 1000);
}

function text(value: string | undefined): string {
  return value === undefined ? '' : value;
}
