// The path of a request, from top to bottom. It holds no rule of its own: rules are in core, nginx is in edge.
import { parseBearer } from './core/bearer.js';
import { freshnessSec } from './core/cache_control.js';
import { cacheKey, canonicalLookup, credentialOf } from './core/cache_key.js';
import {
  type ActiveToken,
  type IntrospectionReply,
  interpretReply,
  introspectionForm,
} from './core/introspection.js';
import { findUnsafeNjs, type Mode } from './core/njs_version.js';
import { denied, granted, type Outcome, unavailable } from './core/outcome.js';
import { checkPolicy } from './core/policy.js';
import { authorizationOf, claimsOf, encodeRecord, isFresh, notBeforeOf } from './core/record.js';
import { hasNoPolicy, parseSettings, readSwitch, type Settings } from './core/settings.js';
import { recordTtlSec } from './core/ttl.js';
import { introspect } from './edge/introspect.js';
import { type RequestFacts, readClockSec, readRequest } from './edge/request.js';
import { fail, grant, respond } from './edge/respond.js';
import { findZoneProblem, readRecord, writeRecord } from './edge/shared_cache.js';

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

/** `js_set $phantom_jwt phantom_token.jwt nocache;`: the bare JWT, empty when there is none. */
export function jwt(r: NginxHTTPRequest): string {
  const v = r.variables;
  const authorization = v.phantom_token_authorization;
  const isOurs = authorization !== undefined && v.phantom_token_cache_status !== 'BYPASS';
  return isOurs ? authorization.slice('Bearer '.length) : '';
}

/** A hit is answered at once, without a promise: that costs less than half of an async function's call. */
function handle(r: NginxHTTPRequest, mode: Mode): Promise<void> | undefined {
  try {
    const request = readRequest(r, mode);
    const state = readSwitch(request.settings);
    if (state === 'off') {
      grant(r, mode, granted(credentialOf(request.lookup), 'BYPASS'));
      return undefined;
    }
    const nowSec = readClockSec();
    // No grammar is needed here: only tokens that passed it were ever stored.
    const record = state === 'on' ? readRecord(cacheKey(request.lookup)) : undefined;
    if (record === undefined || !isFresh(record, nowSec)) {
      return handleMiss(r, mode, request);
    }
    if (hasNoPolicy(request.settings) && notBeforeOf(record) <= nowSec) {
      grant(r, mode, granted(authorizationOf(record), 'HIT'));
      return undefined;
    }
    handleHitWithPolicy(r, mode, request, record, nowSec);
  } catch (e) {
    failOnBug(r, mode, e);
  }
  return undefined;
}

function handleHitWithPolicy(
  r: NginxHTTPRequest,
  mode: Mode,
  request: RequestFacts,
  record: string,
  nowSec: number,
): void {
  const settings = parseSettings(request.settings);
  if (settings.kind === 'misconfiguration') {
    fail(r, mode, unavailable('misconfigured', settings.problem, ''));
    return;
  }
  respond(r, mode, decideRecord(record, settings, nowSec), settings);
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

/** The whole way: token, other spellings of it, introspection, cache, policy. */
async function decideMiss(
  r: NginxHTTPRequest,
  mode: Mode,
  lookup: string,
  settings: Settings,
): Promise<Outcome> {
  const problem = findUnsafeNjs(njs.version_number, mode) || findZoneProblem();
  if (problem !== undefined) {
    return unavailable('misconfigured', problem, '');
  }
  const credential = parseBearer(credentialOf(lookup));
  if (credential.kind === 'refused') {
    return denied(credential.reason, '');
  }
  const canonical = canonicalLookup(lookup, credential.token);
  const key = cacheKey(canonical);
  const record = canonical === lookup ? undefined : readRecord(key);
  if (record !== undefined && isFresh(record, readClockSec())) {
    return decideRecord(record, settings, readClockSec());
  }

  const reply = await introspect(r, settings.introspectionEndpoint, introspectionForm(credential.token));
  const nowSec = readClockSec();
  const answer = interpretReply(reply, nowSec);
  if (answer.kind !== 'active') {
    return answer;
  }
  store(key, answer, reply, settings, nowSec);
  const reason = checkPolicy(answer.claims, settings, nowSec);
  return reason === undefined ? granted(`Bearer ${answer.jwt}`, 'MISS') : denied(reason, 'MISS');
}

function decideRecord(record: string, settings: Settings, nowSec: number): Outcome {
  const reason = checkPolicy(claimsOf(record), settings, nowSec);
  return reason === undefined ? granted(authorizationOf(record), 'HIT') : denied(reason, 'HIT');
}

function store(
  key: string,
  active: ActiveToken,
  reply: IntrospectionReply,
  settings: Settings,
  nowSec: number,
): void {
  const lifetimes = {
    freshnessSec: freshnessSec(reply.cacheControl, reply.age),
    expiresAtSec: active.expiresAtSec,
    cacheTtlSec: settings.cacheTtlSec,
  };
  const ttlSec = recordTtlSec(lifetimes, nowSec);
  if (ttlSec > 0) {
    writeRecord(key, encodeRecord(nowSec + ttlSec, active.jwt, active.claims), ttlSec);
  }
}

/** Exceptions are bugs. Their text may quote a token, so only their kind is logged. */
function failOnBug(r: NginxHTTPRequest, mode: Mode, e: unknown): void {
  const name = e instanceof Error ? e.name : typeof e;
  fail(r, mode, unavailable('internal_error', `exception=${name}`, ''));
}
