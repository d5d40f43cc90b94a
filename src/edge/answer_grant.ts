// Answers what is granted where no request goes on to the API from here: another proxy has asked, or a gateway.
import { activeAnswer } from '../core/answer/json_answer.js';
import type { CacheStatus } from '../core/answer/reasons.js';
import { expiresAtOf, type StoredRecord, storedAtOf } from '../core/cache/record.js';
import { wantsJson } from '../core/request/accept.js';
import { PolicyDefault } from '../core/settings/lines.js';
import type { Mode } from '../core/settings/njs_version.js';
import { readFineClockSec } from './clock.js';
import { grant } from './grant.js';
import type { Variables } from './request_text.js';

/**
 * Grants in whatever mode.
 * @param authorization for the API; '' for none
 * @param record what the cache has of the token; undefined for nothing
 */
export function grantTo(
  r: NginxHTTPRequest,
  v: Variables,
  mode: Mode,
  authorization: string,
  cacheStatus: CacheStatus,
  record: StoredRecord | undefined,
): void {
  grant(r, v, mode, authorization, cacheStatus);
  const headers = r.headersOut;
  if (mode === 'forward_auth') {
    headers['Cache-Control'] = 'no-store';
    if (authorization !== '') {
      headers.Authorization = authorization;
    }
    r.return(200, '');
  } else if (mode === 'introspection') {
    const jwt = authorization.slice('Bearer '.length);
    const leftSec = record === undefined ? 0 : secondsLeft(record, ttlSecOf(v));
    const accept = v.http_accept || '';
    const isJson = accept !== 'application/jwt' && wantsJson(accept); // the usual word first: that costs less
    headers['Content-Type'] = isJson ? 'application/json' : 'application/jwt';
    headers['Cache-Control'] = leftSec < 1 ? 'no-store' : `max-age=${leftSec}`;
    r.return(200, isJson ? activeAnswer(jwt) : jwt);
  }
}

/** For how long this location would answer by the record; below 1 when it would not. */
function secondsLeft(record: StoredRecord, ttlSec: number): number {
  return Math.floor(Math.min(expiresAtOf(record), storedAtOf(record) + ttlSec) - readFineClockSec());
}

function ttlSecOf(v: Variables): number {
  return +(v.phantom_token_cache_ttl || PolicyDefault.cacheTtlSec);
}
