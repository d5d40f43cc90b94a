// Versions of njs on which a way of working is not safe. An old njs is an operator's error, found out here
// and not by a crash.

/**
 * How nginx calls the script: for a request that goes on to the API (`access`, `auth_request`), for another proxy that asks
 * whether it may pass one on (`forward_auth`), or for a gateway that asks about a token (`introspection`).
 */
export type Mode = 'access' | 'auth_request' | 'forward_auth' | 'introspection';

/**
 * @param version njs.version_number: 0x010002 for 1.0.2
 * @param engine njs.engine; undefined where njs has one engine only
 * @param isUrl whether the endpoint is fetched by njs and not asked through a subrequest
 * @returns what to do about it, or undefined when this njs serves.
 * - js_access lets a request through when its handler fails early, before njs 1.0.1 (njs CHANGES 1.0.1, Security).
 * - r.subrequest() touches freed memory when the client hangs up, in njs 0.9.5 to 0.9.9 (nginx/njs#1077).
 * - QuickJS has no ngx.fetch() before njs 0.9.1 (njs CHANGES 0.9.1).
 * Below 0.8.6, and on 0.9.7, which has no module "crypto", nginx refuses the configuration.
 */
export function findUnsafeNjs(
  version: number,
  engine: string | undefined,
  mode: Mode,
  isUrl: boolean,
): string | undefined {
  if (mode === 'access' && version < 0x010001) {
    return 'js_access needs njs 1.0.1 or newer: use auth_request mode or a newer njs';
  }
  if (!isUrl && version >= 0x000905 && version <= 0x000909) {
    return 'njs 0.9.5 to 0.9.9 crash in subrequests when a client hangs up: use an absolute URL as endpoint, or njs 1.0.1 or newer';
  }
  if (isUrl && engine === 'QuickJS' && version < 0x000901) {
    return 'QuickJS of njs below 0.9.1 cannot fetch a URL: use an internal location as endpoint, js_engine njs, or njs 1.0.1 or newer';
  }
  return undefined;
}

/**
 * Whether zones must not evict here: below njs 0.9.7 an update in a full zone with `evict` frees memory twice, the worker
 * dies with the zone locked, and the next ones wait for ever; a reload does not help.
 */
export function isEvictUnsafe(version: number): boolean {
  return version < 0x000907;
}

/**
 * Whether ngx.fetch() may wait for the end of the connection although the answer is complete: below njs 0.9.2 on every
 * answer, from then to 1.0.1 on chunked ones and on a 204 without a length (docs/njs_versions.md).
 */
export function awaitsClose(version: number): boolean {
  return version < 0x010002;
}
