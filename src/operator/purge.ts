// `js_content phantom_token.purge;`: ends a token at once, for all workers (RFC 7662 §4, S62).

import { unavailable } from '../core/answer/outcome.js';
import {
  type PurgeAnswer,
  purged,
  refuseForm,
  refuseForRoom,
  refuseMethod,
  refusePurge,
} from '../core/answer/purge_answer.js';
import { cacheKey, canonicalLookup, isAddressBound, purgeKey, reachOf } from '../core/cache/key.js';
import { longestMarkTtlSec } from '../core/cache/listed_keyspace.js';
import { isB64Token } from '../core/request/bearer.js';
import { takeApart } from '../core/settings/request_text.js';
import { type Misconfiguration, misconfiguration, parsePurgeSettings } from '../core/settings/settings.js';
import { parseTokenForm } from '../core/text/form.js';
import { readAskingTtlSec, readKeyspaces } from '../edge/purge_reach.js';
import { readFormBody, readRequest, readRest, variablesOf } from '../edge/request.js';
import { noteFailure } from '../edge/respond.js';
import { deleteRecord, findZoneProblem, markPurged } from '../edge/shared_cache.js';

/**
 * POST with `token=` in a form body: 200 and `{"records": n}`, how many records held it; 0 also for a token that was never
 * seen, which is refused from now on all the same. 405 for another method, 400 for another body, 500 where it is not
 * certain that the purge reaches every record, 503 when the token cannot be marked as ended.
 * Does NOT ask who calls: the operator restricts the location.
 */
export function purge(r: NginxHTTPRequest): void {
  const answer = decidePurge(r);
  r.headersOut['Cache-Control'] = 'no-store';
  r.headersOut['Content-Type'] = 'application/json';
  if (answer.status === 405) {
    r.headersOut.Allow = 'POST';
  }
  r.return(answer.status, answer.body);
}

function decidePurge(r: NginxHTTPRequest): PurgeAnswer {
  if (r.method !== 'POST') {
    return refuseMethod();
  }
  const reach = findReach(r);
  if (reach.kind === 'misconfiguration') {
    noteFailure(r, unavailable('misconfigured', reach.problem, ''), '');
    return refusePurge(reach.problem);
  }
  const token = parseTokenForm(readFormBody(r));
  return token === undefined || !isB64Token(token) ? refuseForm() : endToken(reach, token);
}

/** Where the records are that this location may end. */
interface Reach {
  readonly kind: 'reach';
  readonly lookup: string;
  /** By the settings of this location, and of those that ask at this moment. */
  readonly markTtlSec: number;
}

/** A 200 must not mislead: nothing is promised where other records of the token may be. */
function findReach(r: NginxHTTPRequest): Reach | Misconfiguration {
  const variables = variablesOf(r);
  const request = readRequest(variables, 'access');
  const texts = takeApart(request, readRest(r, 'access'));
  const settings = parsePurgeSettings(texts.settings);
  if (settings.kind === 'misconfiguration') {
    return settings;
  }
  const problem = isAddressBound(texts.lookup) ? NAMELESS : findZoneProblem(r);
  if (problem !== undefined) {
    return misconfiguration(problem);
  }
  const name = reachOf(texts.lookup);
  const askingTtlSec = readAskingTtlSec(name);
  return askingTtlSec === 0 && readKeyspaces(name).length === 0
    ? misconfiguration(UNKNOWN)
    : { kind: 'reach', lookup: texts.lookup, markTtlSec: Math.max(settings.markTtlSec, askingTtlSec) };
}

const NAMELESS = 'purge needs a server_name, or $phantom_token_partition here and in the protected server';
const UNKNOWN =
  'no protected location of this server has asked $phantom_token_introspection_endpoint since nginx was started, so that nothing of it is cached; or this is the wrong place: a purge needs the endpoint, and the server or the $phantom_token_partition, of the protected location';

/**
 * First the mark, then the records: an introspection on its way lists its keyspace, stores its record and then looks for the
 * mark. So what is not among the keyspaces that are read after the mark was made will find it.
 */
function endToken(reach: Reach, token: string): PurgeAnswer {
  const lookup = canonicalLookup(reach.lookup, token);
  if (!mark(lookup, reach.markTtlSec)) {
    return refuseForRoom();
  }
  const keyspaces = readKeyspaces(reachOf(lookup));
  const ended = keyspaces.filter((listed) => endRecord(listed.keyspace + token));
  return mark(lookup, longestMarkTtlSec(reach.markTtlSec, keyspaces))
    ? purged(ended.length)
    : refuseForRoom();
}

function mark(lookup: string, ttlSec: number): boolean {
  return markPurged(purgeKey(lookup), ttlSec) === 'stored';
}

/** @returns whether there was one */
function endRecord(lookup: string): boolean {
  return deleteRecord(cacheKey(lookup));
}
