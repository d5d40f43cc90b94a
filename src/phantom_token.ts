// The path of a request, from top to bottom. It holds no rule of its own: rules are in core, nginx is in edge.
import { type Asked, ask, findSuspension, type Question } from './ask.js';
import { parseBearer } from './core/bearer.js';
import { cacheKey, canonicalLookup, credentialOf } from './core/cache_key.js';
import { reasonOf } from './core/denial_record.js';
import { isShared } from './core/flight.js';
import { findUnsafeNjs, type Mode } from './core/njs_version.js';
import {
  type CacheStatus,
  denied,
  granted,
  isOutage,
  type Outcome,
  type Unavailable,
  unavailable,
} from './core/outcome.js';
import { checkPolicy } from './core/policy.js';
import { ageSecOf, authorizationOf, claimsOf, isFresh, isStale, notBeforeOf } from './core/record.js';
import {
  DEFAULT_CACHE_TTL_SEC,
  hasNoPolicy,
  isAbsoluteUrl,
  type Policy,
  parsePolicy,
  parseSettings,
  readSwitch,
  type Settings,
} from './core/settings.js';
import { readClockMs, readClockSec } from './edge/clock.js';
import {
  type RequestFacts,
  readAuthorization,
  readClientLines,
  readRequest,
  readsAsPreflight,
} from './edge/request.js';
import { fail, grant, noteStale, respond } from './edge/respond.js';
import { findZoneProblem, isPurged, readDenial, readRecord } from './edge/shared_cache.js';
import { board, failFlight, land, release } from './edge/single_flight.js';

const ALONE = { kind: 'alone' } as const;

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

/** A location with a shorter TTL does not take the older record of another. */
function isYoungEnough(record: string, policy: Policy, nowSec: number): boolean {
  return ageSecOf(record, nowSec) < policy.cacheTtlSec;
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

/** What the cache knows of a token, under whatever spelling the client sent it; undefined when nothing. */
function decideKnown(
  key: string,
  settings: Settings,
  ifActive: CacheStatus,
  ifRejected: CacheStatus,
): Outcome | undefined {
  const nowSec = readClockSec();
  const record = readRecord(key);
  if (record !== undefined && isFresh(record, nowSec) && isYoungEnough(record, settings, nowSec)) {
    return decideRecord(record, settings, nowSec, ifActive);
  }
  if (isPurged(key)) {
    return denied('token_purged', ifRejected);
  }
  const denial = settings.negativeCacheTtlSec > 0 ? readDenial(key) : undefined;
  const reason = denial === undefined ? undefined : reasonOf(denial, nowSec);
  return reason === undefined ? undefined : denied(reason, ifRejected);
}

function decideRecord(record: string, settings: Settings, nowSec: number, cacheStatus: CacheStatus): Outcome {
  const reason = checkPolicy(claimsOf(record), settings, nowSec);
  return reason === undefined ? granted(authorizationOf(record), cacheStatus) : denied(reason, cacheStatus);
}

/** Of all requests with one token one asks; the others wait for its answer. */
async function askOnce(r: NginxHTTPRequest, question: Question, settings: Settings): Promise<Outcome> {
  const leaseMs = settings.introspectionTimeoutSec * 1000;
  const untilMs = readClockMs() + 1.5 * leaseMs; // its leader's time and, when that one is lost, some for a successor
  for (;;) {
    const suspension = findSuspension(question, settings);
    if (suspension !== undefined) {
      return suspension;
    }
    const boarding = settings.cacheTtlSec > 0 ? await board(question.key, untilMs, leaseMs) : ALONE;
    switch (boarding.kind) {
      case 'lead':
        return leadFlight(r, question, settings, boarding.leader);
      case 'timeout':
      case 'alone': {
        const asked = await ask(r, question, settings);
        return asked.outcome;
      }
      case 'failed':
        return boarding.failure;
      case 'landed': {
        const known = decideKnown(question.key, settings, 'JOINED', 'JOINED');
        if (known !== undefined) {
          return known;
        }
      }
    }
  }
}

async function leadFlight(
  r: NginxHTTPRequest,
  question: Question,
  settings: Settings,
  leader: string,
): Promise<Outcome> {
  const key = question.key;
  const known = decideKnown(key, settings, 'JOINED', 'JOINED'); // a flight may have landed just before
  if (known !== undefined) {
    land(key, leader);
    return known;
  }
  let asked: Asked;
  try {
    asked = await ask(r, question, settings);
  } catch (e) {
    release(key, leader);
    throw e;
  }
  if (asked.isKept) {
    land(key, leader);
  } else if (asked.outcome.kind === 'unavailable' && isShared(asked.outcome)) {
    failFlight(key, leader, asked.outcome);
  } else {
    release(key, leader);
  }
  return asked.outcome;
}

/** While the authorization server fails, a record past its TTL, but not past its token, may stand in. */
function standIn(r: NginxHTTPRequest, outage: Unavailable, key: string, settings: Settings): Outcome {
  const nowSec = readClockSec();
  const record = readRecord(key);
  if (record === undefined || !isStale(record, settings, nowSec)) {
    return outage;
  }
  noteStale(r, outage);
  return decideRecord(record, settings, nowSec, 'STALE');
}

/** Exceptions are bugs. Their text may quote a token, so only their kind is logged. */
function failOnBug(r: NginxHTTPRequest, mode: Mode, e: unknown): void {
  const name = e instanceof Error ? e.name : typeof e;
  fail(r, mode, unavailable('internal_error', `exception=${name}`, ''));
}
