// One introspection for all requests that ask the same: who shares one, and after how long the request that
// asks counts as lost. How long the others wait: waiting.ts.
import type { Unavailable } from '../answer/outcome.js';
import { type CacheKey, digest } from '../cache/key.js';

export function formatAsking(leader: string): string {
  return `asking ${leader}`;
}

/**
 * Under which name those who may share an introspection meet: same record and same client settings, so that nobody gets
 * the failure of another one's credentials.
 * @param clientText the client settings, '' for none; their id is part of the key
 * @returns 43 characters of base64url
 */
export function flightName(key: CacheKey, clientText: string): string {
  const question = `${key}\n${clientText}`;
  return clientText === '' ? key : digest(question);
}

/** How long nobody else takes over from a leader that can be lost. */
const LOSABLE_LEASE_MS = 1000;

/**
 * Whether a request that asks can be lost: when a client resets its HTTP/2 or HTTP/3 stream, nginx abandons the handler that
 * waits for a subrequest. A handler of HTTP/1, and fetch, go on to their end.
 * @param protocol `$server_protocol`
 * @param isUrl whether the endpoint is an absolute URL
 */
export function isLosable(protocol: string, isUrl: boolean): boolean {
  return !isUrl && !protocol.startsWith('HTTP/1');
}

/** After how many milliseconds a leader that has said nothing counts as lost, and another one asks. */
export function leaseMs(canBeLost: boolean, introspectionTimeoutSec: number): number {
  return canBeLost ? LOSABLE_LEASE_MS : introspectionTimeoutSec * 1000;
}

/**
 * Whether those who wait get a leader's failure as theirs: not when it is a mistake of the leader's own location. That the
 * server refuses the gateway's credentials is shared, because {@link flightName} holds the client settings.
 */
export function isShared(failure: Unavailable): boolean {
  return failure.reason !== 'misconfigured';
}
