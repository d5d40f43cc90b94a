// The path of a request, from top to bottom. It holds no rule of its own: rules are in core, nginx is in edge.
import { cacheKey } from '../core/cache/key.js';
import { authorizationOf, isFresh, isReady, isStoredUnder } from '../core/cache/record.js';
import type { Mode } from '../core/settings/njs_version.js';
import { hasNoPolicy, isOn, lookupOf, PolicyText } from '../core/settings/request_text.js';
import { readFineClockSec } from '../edge/clock.js';
import { readPolicy, readRequest, variablesOf } from '../edge/request.js';
import { grant } from '../edge/respond.js';
import { readRecord } from '../edge/shared_cache.js';
import { meetsPolicy } from './known.js';
import { failOnBug, handleMiss, handleSwitch } from './miss.js';

/** `js_access phantom_token.access;` */
export function access(r: NginxHTTPRequest): Promise<void> | undefined {
  // Refused from here on; only a grant lifts it. A handler that ends without a decision would let through.
  r.return(500);
  return handle(r, 'access');
}

/** `js_content phantom_token.authorize;` in the location that auth_request names. nginx starts it at 500. */
export function authorize(r: NginxHTTPRequest): Promise<void> | undefined {
  return handle(r, 'auth_request');
}

/** A token that the cache knows is answered at once and without a promise: that costs less than half. */
function handle(r: NginxHTTPRequest, mode: Mode): Promise<void> | undefined {
  try {
    const variables = variablesOf(r);
    const request = readRequest(variables, mode);
    const isOpen = hasNoPolicy(request);
    if (!isOpen && !isOn(request)) {
      return handleSwitch(r, mode, request);
    }
    const policy = isOpen ? PolicyText.none : readPolicy(variables, request);
    // No grammar is needed here: only tokens that passed it were ever stored.
    const lookup = lookupOf(request, policy);
    const key = cacheKey(lookup);
    const record = readRecord(key);
    const nowSec = readFineClockSec();
    if (record === undefined || !isGoodHere(record, policy, nowSec)) {
      return handleMiss(r, mode, request);
    }
    grant(r, variables, mode, authorizationOf(record), 'HIT');
  } catch (e) {
    failOnBug(r, mode, e);
  }
  return undefined;
}

/** Whether a record grants without more ado. If not, handleMiss finds out what there is to say. */
function isGoodHere(record: string, policy: string, nowSec: number): boolean {
  return policy === PolicyText.none
    ? isReady(record, nowSec)
    : isStoredUnder(record, policy)
      ? isFresh(record, nowSec)
      : meetsPolicy(record, policy, nowSec);
}
