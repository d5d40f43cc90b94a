// The first stage of a request: what the cache alone decides. What this file imports is what every request pays for; the
// stages after it are created only when a request first needs them (scripts/cut.ts). It holds no rule of its own:
// rules are in core, nginx is in edge.

import { meetsPolicy } from '../core/cache/judge.js';
import { cacheKey } from '../core/cache/key.js';
import { authorizationOf, isFresh, isReady, isStoredUnder, type StoredRecord } from '../core/cache/record.js';
import type { Mode } from '../core/settings/njs_version.js';
import {
  isOn,
  isOnWithoutPolicy,
  lookupAfter,
  NoPolicy,
  type PolicyText,
} from '../core/settings/request_text.js';
import { grantTo } from '../edge/answer_grant.js';
import { readFineClockSec } from '../edge/clock.js';
import { failOnBug } from '../edge/fail.js';
import { grant } from '../edge/grant.js';
import { readRecord } from '../edge/records.js';
import { readPolicy, readRequest, variablesOf } from '../edge/request_text.js';
import { handleNotGranted } from './rejected.js';
import { handleOtherWay } from './ways_in.js';

/** `js_access phantom_token.access;` */
export function access(r: NginxHTTPRequest): Promise<void> | undefined {
  // 500 unless something below decides otherwise: a handler that ends without a decision would let the request through.
  r.return(500);
  return handle(r, 'access');
}

/**
 * `js_content phantom_token.authorize;` in the location that auth_request names, or that another proxy or gateway asks
 * (ways_in.ts). nginx starts it at 500.
 */
export function authorize(r: NginxHTTPRequest): Promise<void> | undefined {
  return handle(r, 'auth_request');
}

/**
 * A token that the cache grants is answered without a promise, which would double the cost.
 * @param isAsked in the modes in which another one asks; left out in the others, which pay for each argument
 */
function handle(r: NginxHTTPRequest, mode: Mode, isAsked?: true): Promise<void> | undefined {
  try {
    const variables = variablesOf(r);
    const request = readRequest(variables, mode);
    const hasNoPolicy = isOnWithoutPolicy(request);
    if (!hasNoPolicy && !isOn(request)) {
      return handleOtherWay(r, mode, request, handle);
    }
    const policy = hasNoPolicy ? NoPolicy.text : readPolicy(variables, request);
    // No grammar is needed here: only tokens that passed it were ever stored.
    const lookup = lookupAfter(request, policy);
    const key = cacheKey(lookup);
    const record = readRecord(key);
    const nowSec = readFineClockSec();
    if (record === undefined || !grantsAtOnce(record, hasNoPolicy, policy, nowSec)) {
      return handleNotGranted(r, mode, { request, policy, lookup, key, record });
    }
    if (isAsked) {
      grantTo(r, variables, mode, authorizationOf(record), 'HIT', record);
    } else {
      grant(r, variables, mode, authorizationOf(record), 'HIT');
    }
  } catch (e) {
    failOnBug(r, mode, e);
  }
  return undefined;
}

/**
 * Whether a record grants with no further check: no policy and its times are good; stored under this very policy and not
 * ended; or held against the policy now. If not, later stages find out why.
 * @inline
 */
function grantsAtOnce(
  record: StoredRecord,
  hasNoPolicy: boolean,
  policy: PolicyText | NoPolicy,
  nowSec: number,
): boolean {
  return hasNoPolicy
    ? isReady(record, nowSec)
    : isStoredUnder(record, policy)
      ? isFresh(record, nowSec)
      : meetsPolicy(record, policy as PolicyText, nowSec);
}
