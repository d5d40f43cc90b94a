// `js_content phantom_token.purge;`: ends a token at once, for all workers (RFC 7662 §4, S62).
import {
  type PurgeAnswer,
  purged,
  refuseForm,
  refuseForRoom,
  refuseMethod,
  refusePurge,
} from '../core/answer/purge_answer.js';
import { misconfigured } from '../core/answer/unavailable.js';
import { cacheKey } from '../core/cache/key.js';
import { endpointOf, isAddressBound, lookupIn, purgeKey, type Reach, reachOf } from '../core/cache/lookup.js';
import { longestMarkTtlSec, markTtlSecOf } from '../core/cache/purge_mark.js';
import { parseTokenForm } from '../core/request/token_form.js';
import { isB64Token } from '../core/request/token_grammar.js';
import { BROKEN_TEXTS, findLookup, takeApart } from '../core/settings/location_texts.js';
import type { Lookup } from '../core/settings/request_text.js';
import { type Misconfiguration, misconfiguration, parseOwnSettings } from '../core/settings/settings.js';
import { endOf, spellingsOf } from '../core/token/spellings.js';
import { readClockSec } from '../edge/clock.js';
import { findZoneProblem } from '../edge/declared_zones.js';
import { noteBug, noteFailure } from '../edge/fail.js';
import { readFormBody } from '../edge/form_body.js';
import { readAskingTtlSec, readKeyspaces } from '../edge/keyspaces.js';
import { readRest } from '../edge/request.js';
import { readRequest, variablesOf } from '../edge/request_text.js';
import { deleteRecord, markPurged } from '../edge/stored_tokens.js';

/**
 * POST with `token=` in a form body: 200 and `{"records": n}`, how many records held it; 0 also for a token that was never
 * seen, which is refused from now on all the same. 405 for another method, 400 for another body, 500 where it is not
 * certain that the purge reaches every record, 503 when the token cannot be marked as ended.
 * Does NOT ask who calls: the operator restricts the location.
 */
export function purge(r: NginxHTTPRequest): void {
  const answer = answerPurge(r);
  r.headersOut['Cache-Control'] = 'no-store';
  r.headersOut['Content-Type'] = 'application/json';
  if (answer.allow !== '') {
    r.headersOut.Allow = answer.allow;
  }
  r.return(answer.status, answer.body);
}

function answerPurge(r: NginxHTTPRequest): PurgeAnswer {
  try {
    return decidePurge(r);
  } catch (e) {
    noteBug(r, e);
    return refusePurge(NOT_CERTAIN);
  }
}

const NOT_CERTAIN = 'Problem encountered processing the request: it is not certain that the token is ended';

function decidePurge(r: NginxHTTPRequest): PurgeAnswer {
  if (r.method !== 'POST') {
    return refuseMethod();
  }
  const scope = findScope(r);
  if (scope.kind === 'misconfiguration') {
    noteFailure(r, misconfigured(scope.problem), '');
    return refusePurge(scope.problem);
  }
  const token = parseTokenForm(readFormBody(r));
  return token === undefined || !isB64Token(token) ? refuseForm() : endToken(scope, token);
}

/** Where the records are that this location may end. */
interface PurgeScope {
  readonly kind: 'scope';
  readonly reach: Reach;
  /** By the settings of this location, and of those that ask at this moment. */
  readonly markTtlSec: number;
}

/** A 200 must not mislead: nothing is promised where other records of the token may be. */
function findScope(r: NginxHTTPRequest): PurgeScope | Misconfiguration {
  const request = readRequest(variablesOf(r), 'access');
  const texts = takeApart(request, readRest(r, 'access'));
  const settings = texts === undefined ? misconfiguration(BROKEN_TEXTS) : parseOwnSettings(texts);
  if (settings.kind === 'misconfiguration') {
    return settings;
  }
  const endpoint = endpointOf(findLookup(request));
  const problem = isAddressBound(endpoint) ? NAMELESS : findZoneProblem(r);
  if (problem !== undefined) {
    return misconfiguration(problem);
  }
  const reach = reachOf(endpoint);
  const askingTtlSec = readAskingTtlSec(reach);
  return askingTtlSec === 0 && readKeyspaces(reach).length === 0
    ? misconfiguration(UNKNOWN)
    : { kind: 'scope', reach, markTtlSec: Math.max(markTtlSecOf(settings), askingTtlSec) };
}

const NAMELESS = 'purge needs a server_name, or $phantom_token_partition here and in the protected server';
const UNKNOWN =
  'no protected location of this server has asked $phantom_token_introspection_endpoint since nginx was started, so that nothing of it is cached; or this is the wrong place: a purge needs the endpoint, and the server or the $phantom_token_partition, of the protected location';

/**
 * First the mark, then the records: an introspection on its way lists its keyspace, stores its record and then looks for the
 * mark. So what is not among the keyspaces that are read after the mark was made will find it.
 */
function endToken(scope: PurgeScope, token: string): PurgeAnswer {
  const markKey = purgeKey(scope.reach, token);
  // A JWT that is accepted without introspection has to be refused until it ends.
  const markTtlSec = Math.max(scope.markTtlSec, (endOf(token) || 0) - readClockSec());
  if (markPurged(markKey, markTtlSec) !== 'stored') {
    return refuseForRoom();
  }
  const keyspaces = readKeyspaces(scope.reach);
  let ended = 0;
  spellingsOf(token).forEach((spelling) => {
    ended += keyspaces.filter((listed) => endRecord(lookupIn(listed.keyspace, spelling))).length;
  });
  return markPurged(markKey, longestMarkTtlSec(markTtlSec, keyspaces)) === 'stored'
    ? purged(ended)
    : refuseForRoom();
}

/** @returns whether there was one */
function endRecord(lookup: Lookup): boolean {
  return deleteRecord(cacheKey(lookup));
}
