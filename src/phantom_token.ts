// The path of a request, from top to bottom. It holds no rule of its own: rules are in core, nginx is in edge.
import { parseBearer } from './core/bearer.js';
import { cacheKey, canonicalLookup, credentialOf } from './core/cache_key.js';
import { findUnsafeNjs, type Mode } from './core/njs_version.js';
import { denied, granted, isOutage, type Outcome, unavailable } from './core/outcome.js';
import { checkPolicy } from './core/policy.js';
import { ageSecOf, authorizationOf, claimsOf, isFresh, notBeforeOf } from './core/record.js';
import {
  DEFAULT_CACHE_TTL_SEC,
  hasNoPolicy,
  isAbsoluteUrl,
  parsePolicy,
  parseSettings,
  readSwitch,
  type Settings,
} from './core/settings.js';
import { readClockSec } from './edge/clock.js';
import {
  type RequestFacts,
  readAuthorization,
  readClientLines,
  readRequest,
  readsAsPreflight,
} from './edge/request.js';
import { fail, grant, respond } from './edge/respond.js';
import { findZoneProblem, readRecord } from './edge/shared_cache.js';
import { askOnce } from './flight.js';
import { decideKnown, isYoungEnough, standIn } from './known.js';

/** `js_access phantom_token.access;` */
export function access(r: NginxHTTPRequest): Promise<void> | undefined {
  // Refused from here on; only a Grant lifts it. A handler that ends without a decision would let through.
  r.return(500);
  return handle(r, 'access');
}

/** `js_content phantom_token.authorize;` in the location that auth_request names. nginx starts it at 500. */
export function authorize(r: NginxHTTPRequest): Promise<void> | undefined {
  return handle(r, 'auth_request');
}

/** A hit is answered at once, without a promise: that costs less than half of an async function's call. */
function handle(r: NginxHTTPRequest, mode: Mode): Promise<void> | undefined {
  try {
    const request = readRequest(r, mode);
    const state = readSwitch(request.settings);
    if (state === 'off') {
      grant(r, mode, granted(readAuthorization(r), 'BYPASS'));
      return undefined;
    }
    // No grammar is needed here: only tokens that passed it were ever stored.
    const record = state === 'on' ? readRecord(cacheKey(request.lookup)) : undefined;
    if (record === undefined || !isGoodHere(record, request.settings, readClockSec())) {
      return handleMiss(r, mode, request);
    }
    grant(r, mode, granted(authorizationOf(record), 'HIT'));
  } catch (e) {
    failOnBug(r, mode, e);
  }
  return undefined;
}

/** Whether a record grants without more ado. If not, handleMiss finds out what there is to say. */
function isGoodHere(record: string, joinedSettings: string, nowSec: number): boolean {
  if (!isFresh(record, nowSec)) {
    return false;
  }
  if (hasNoPolicy(joinedSettings)) {
    return notBeforeOf(record) <= nowSec && ageSecOf(record, nowSec) < DEFAULT_CACHE_TTL_SEC;
  }
  const policy = parsePolicy(joinedSettings);
  return (
    policy !== undefined &&
    isYoungEnough(record, policy, nowSec) &&
    checkPolicy(claimsOf(record), policy, nowSec) === undefined
  );
}

async function handleMiss(r: NginxHTTPRequest, mode: Mode, request: RequestFacts): Promise<void> {
  try {
    const settings = parseSettings(request.settings);
    if (settings.kind === 'misconfiguration') {
      fail(r, mode, unavailable('misconfigured', settings.problem, ''));
      return;
    }
    const outcome = await decideMiss(r, mode, request.lookup, settings);
    respond(r, mode, outcome, settings);
  } catch (e) {
    failOnBug(r, mode, e);
  }
}

/** The whole way: token, what the cache knows after all, one introspection for all who wait, a stale record in need. */
async function decideMiss(
  r: NginxHTTPRequest,
  mode: Mode,
  lookup: string,
  settings: Settings,
): Promise<Outcome> {
  const isUrl = isAbsoluteUrl(settings.introspectionEndpoint);
  const problem = findUnsafeNjs(njs.version_number, mode, isUrl) || findZoneProblem();
  if (problem !== undefined) {
    return unavailable('misconfigured', problem, '');
  }
  const credential = parseBearer(credentialOf(lookup));
  if (credential.kind === 'refused') {
    return credential.reason === 'token_missing' ? decideNoToken(r, settings) : denied(credential.reason, '');
  }
  const canonical = canonicalLookup(lookup, credential.token);
  const key = cacheKey(canonical);
  const known = decideKnown(key, settings, 'HIT', 'NEGATIVE');
  if (known !== undefined) {
    return known;
  }
  const clientLines = readClientLines(r, mode);
  const question = { lookup: canonical, key, token: credential.token, clientLines };
  const outcome = await askOnce(r, question, settings);
  return outcome.kind === 'unavailable' && isOutage(outcome.reason)
    ? standIn(r, outcome, key, settings)
    : outcome;
}

function decideNoToken(r: NginxHTTPRequest, settings: Settings): Outcome {
  if (settings.preflight === 'authenticate' || !readsAsPreflight(r)) {
    return denied('token_missing', '');
  }
  return settings.preflight === 'pass' ? granted('', 'BYPASS') : { kind: 'preflight' };
}

/** Exceptions are bugs. Their text may quote a token, so only their kind is logged. */
function failOnBug(r: NginxHTTPRequest, mode: Mode, e: unknown): void {
  const name = e instanceof Error ? e.name : typeof e;
  fail(r, mode, unavailable('internal_error', `exception=${name}`, ''));
}
