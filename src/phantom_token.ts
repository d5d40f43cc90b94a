// The path of a request, from top to bottom. It holds no rule of its own: rules are in core, nginx is in edge.
import { parseBearer } from './core/bearer.js';
import { freshnessSec } from './core/cache_control.js';
import { cacheKey, canonicalLookup, credentialOf } from './core/cache_key.js';
import { parseClientSettings } from './core/client_settings.js';
import {
  type ActiveToken,
  type IntrospectionReply,
  interpretReply,
  introspectionForm,
} from './core/introspection.js';
import { findUnsafeNjs, type Mode } from './core/njs_version.js';
import { denied, granted, type Outcome, unavailable } from './core/outcome.js';
import { checkPolicy } from './core/policy.js';
import { ageSecOf, authorizationOf, claimsOf, encodeRecord, isFresh, notBeforeOf } from './core/record.js';
import { hasNoPolicy, isAbsoluteUrl, parseSettings, readSwitch, type Settings } from './core/settings.js';
import { recordTtlSec } from './core/ttl.js';
import { proveClient } from './edge/client_credentials.js';
import { introspect } from './edge/introspect.js';
import {
  type RequestFacts,
  readAuthorization,
  readClientLines,
  readClockSec,
  readRequest,
  readsAsPreflight,
} from './edge/request.js';
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
      grant(r, mode, granted(readAuthorization(r), 'BYPASS'));
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
    return handleHitWithPolicy(r, mode, request, record, nowSec);
  } catch (e) {
    failOnBug(r, mode, e);
    return undefined;
  }
}

function handleHitWithPolicy(
  r: NginxHTTPRequest,
  mode: Mode,
  request: RequestFacts,
  record: string,
  nowSec: number,
): Promise<void> | undefined {
  const settings = parseSettings(request.settings);
  if (settings.kind === 'misconfiguration') {
    fail(r, mode, unavailable('misconfigured', settings.problem, ''));
    return undefined;
  }
  if (!isYoungEnough(record, settings, nowSec)) {
    return handleMiss(r, mode, request);
  }
  respond(r, mode, decideRecord(record, settings, nowSec), settings);
  return undefined;
}

/** A location with a shorter TTL does not take the older record of another. */
function isYoungEnough(record: string, settings: Settings, nowSec: number): boolean {
  return ageSecOf(record, nowSec) < settings.cacheTtlSec;
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
  const record = canonical === lookup ? undefined : readRecord(key);
  const askedSec = readClockSec();
  if (record !== undefined && isFresh(record, askedSec) && isYoungEnough(record, settings, askedSec)) {
    return decideRecord(record, settings, askedSec);
  }

  const client = parseClientSettings(readClientLines(r, mode), isUrl);
  if (client.kind === 'misconfiguration') {
    return unavailable('misconfigured', client.problem, '');
  }
  const proof = await proveClient(client, askedSec);
  if (proof.kind === 'misconfiguration') {
    return unavailable('misconfigured', proof.problem, '');
  }
  const form = introspectionForm(credential.token, proof.formFields, settings.introspectionParameters);
  const reply = await introspect(r, settings.introspectionEndpoint, form, proof);
  const nowSec = readClockSec();
  const answer = interpretReply(reply, settings, nowSec);
  if (answer.kind !== 'active') {
    return answer;
  }
  store(key, answer, reply, settings, nowSec);
  const reason = checkPolicy(answer.claims, settings, nowSec);
  return reason === undefined ? granted(`Bearer ${answer.jwt}`, 'MISS') : denied(reason, 'MISS');
}

function decideNoToken(r: NginxHTTPRequest, settings: Settings): Outcome {
  if (settings.preflight === 'authenticate' || !readsAsPreflight(r)) {
    return denied('token_missing', '');
  }
  return settings.preflight === 'pass' ? granted('', 'BYPASS') : { kind: 'preflight' };
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
    writeRecord(key, encodeRecord(nowSec + ttlSec, nowSec, active.jwt, active.claims), ttlSec);
  }
}

/** Exceptions are bugs. Their text may quote a token, so only their kind is logged. */
function failOnBug(r: NginxHTTPRequest, mode: Mode, e: unknown): void {
  const name = e instanceof Error ? e.name : typeof e;
  fail(r, mode, unavailable('internal_error', `exception=${name}`, ''));
}
