// `js_content phantom_token.purge;`: ends a token at once, for all workers (RFC 7662 §4, S62).
import { isB64Token } from './core/bearer.js';
import { cacheKey, canonicalLookup } from './core/cache_key.js';
import { encodeDenial } from './core/denial_record.js';
import { parseTokenForm } from './core/form.js';
import { type PurgeSettings, parsePurgeSettings } from './core/settings.js';
import { readClockSec } from './edge/clock.js';
import { readFormBody, readRequest } from './edge/request.js';
import { deleteRecord, findZoneProblem, writeDenial } from './edge/shared_cache.js';

/**
 * POST with `token=` in a form body: 204, also for a token that was never seen. 405 for another method, 400 for another
 * body, 500 for a mistake in the location, 503 when the token cannot be marked as rejected.
 * Does NOT ask who calls: the operator restricts the location.
 */
export function purge(r: NginxHTTPRequest): void {
  r.headersOut['Cache-Control'] = 'no-store';
  if (r.method !== 'POST') {
    r.headersOut.Allow = 'POST';
    r.return(405);
    return;
  }
  const request = readRequest(r, 'access');
  const settings = parsePurgeSettings(request.settings);
  const problem = settings.kind === 'misconfiguration' ? settings.problem : findZoneProblem();
  if (settings.kind === 'misconfiguration' || problem !== undefined) {
    r.error(`phantom_token: misconfigured: ${problem}`);
    r.return(500);
    return;
  }
  const token = parseTokenForm(readFormBody(r));
  if (token === undefined || !isB64Token(token)) {
    r.return(400);
    return;
  }
  r.return(endToken(cacheKey(canonicalLookup(request.lookup, token)), settings));
}

/** First the mark, then the record: an introspection on its way looks for the mark after it has stored its record. */
function endToken(key: string, settings: PurgeSettings): number {
  const ttlSec = settings.cacheTtlSec;
  const mark = encodeDenial(readClockSec() + ttlSec, 'token_purged');
  const isMarked = ttlSec === 0 || writeDenial(key, mark, ttlSec) === 'stored';
  deleteRecord(key);
  return isMarked ? 204 : 503;
}
