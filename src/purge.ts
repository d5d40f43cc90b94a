// `js_content phantom_token.purge;`: ends a token at once, for all workers (RFC 7662 §4, S62).
import { isB64Token } from './core/bearer.js';
import { cacheKey, canonicalLookup, isAddressBound } from './core/cache_key.js';
import { parseTokenForm } from './core/form.js';
import { takeApart } from './core/location.js';
import { type PurgeSettings, parsePurgeSettings } from './core/settings.js';
import { readFormBody, readRequest, readRest, variablesOf } from './edge/request.js';
import { deleteRecord, findZoneProblem, markPurged } from './edge/shared_cache.js';

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
  const variables = variablesOf(r);
  const request = readRequest(variables, 'access');
  const texts = takeApart(request, readRest(r, 'access'));
  const settings = parsePurgeSettings(texts.settings);
  const problem = settings.kind === 'misconfiguration' ? settings.problem : findPurgeProblem(texts.lookup);
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
  const canonical = canonicalLookup(texts.lookup, token);
  r.return(endToken(cacheKey(canonical), settings));
}

/** A 204 must not mislead: a purge that reaches the records of one address only is none. */
function findPurgeProblem(lookup: string): string | undefined {
  return isAddressBound(lookup)
    ? 'purge needs a server_name, or $phantom_token_partition here and in the protected server'
    : findZoneProblem();
}

/** First the mark, then the record: an introspection on its way looks for the mark after it has stored its record. */
function endToken(key: string, settings: PurgeSettings): number {
  const marked = markPurged(key, settings.markTtlSec);
  deleteRecord(key);
  return marked === 'stored' ? 204 : 503;
}
