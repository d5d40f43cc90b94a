// The fourth stage: a token that is neither granted at once nor known as rejected. What can be decided without the
// authorization server is decided here, without a promise; only a question goes on to join.ts.
import { denied, type Finding, granted } from '../core/answer/outcome.js';
import { misconfigured } from '../core/answer/unavailable.js';
import { cacheKey } from '../core/cache/key.js';
import {
  CANONICAL_SCHEME,
  credentialOf,
  endpointOf,
  keyspaceOf,
  lookupIn,
  purgeKey,
  reachOf,
} from '../core/cache/lookup.js';
import { type BearerCredential, parseBearer } from '../core/request/bearer.js';
import { isDpopScheme, parseDpop } from '../core/sender/dpop_credential.js';
import {
  BROKEN_TEXTS,
  findLookup,
  isConfiguredHere,
  isOff,
  NOT_HERE,
} from '../core/settings/location_texts.js';
import type { Mode } from '../core/settings/njs_version.js';
import { type ParsedLocation, parseLocation } from '../core/settings/parsed_location.js';
import { findPolicy, type RequestText } from '../core/settings/request_text.js';
import { isAbsoluteUrl, type Settings } from '../core/settings/settings.js';
import { grantTo } from '../edge/answer_grant.js';
import { findZoneProblem } from '../edge/declared_zones.js';
import { fail, failOnBug } from '../edge/fail.js';
import { readOriginal } from '../edge/forwarded.js';
import { isPurged } from '../edge/known_tokens.js';
import { findUnsafeNjsHere } from '../edge/njs_version.js';
import { readAuthorization, readRest } from '../edge/request.js';
import { variablesOf } from '../edge/request_text.js';
import { readCallerCertificate } from '../edge/sender.js';
import { readsAsPreflight } from '../edge/sent_preflight.js';
import type { FirstLook, Presented, Question } from './handover.js';
import { askOnce } from './join.js';
import { decideKnown } from './known.js';
import { decidePresented, isJwtAccepted } from './presented.js';
import { respondTo } from './respond.js';
import { standIn } from './stale.js';

/** A location whose `$phantom_token` is not `on`: off, another spelling, a mistake, or no settings of its own. */
export function handleNotOn(
  r: NginxHTTPRequest,
  mode: Mode,
  request: RequestText,
): Promise<void> | undefined {
  if (isOff(request)) {
    if (mode === 'introspection') {
      fail(r, mode, misconfigured(OFF_FOR_GATEWAYS), '');
      return undefined;
    }
    grantTo(r, variablesOf(r), mode, readAuthorization(r), 'BYPASS', undefined);
    return undefined;
  }
  const lookup = findLookup(request);
  const policy = findPolicy(request);
  return handleMiss(r, mode, { request, policy, lookup, key: cacheKey(lookup), record: undefined }, false);
}

/** There is no client whose own Authorization could go on. */
const OFF_FOR_GATEWAYS = '$phantom_token must be on where introspection_cache.conf is included';

/** @param isUnknown whether the cache has just been seen to have nothing under the key */
export function handleMiss(
  r: NginxHTTPRequest,
  mode: Mode,
  first: FirstLook,
  isUnknown: boolean,
): Promise<void> | undefined {
  const authorization = credentialOf(first.lookup);
  const location = parseLocation(first.request, readRest(r, mode), authorization);
  if (location === undefined) {
    fail(r, mode, misconfigured(isConfiguredHere(first.request) ? BROKEN_TEXTS : NOT_HERE), '');
    return undefined;
  }
  const settings = location.settings;
  if (settings.kind === 'misconfiguration') {
    fail(r, mode, misconfigured(settings.problem), '');
    return undefined;
  }
  const decided = decide(r, mode, first, isUnknown, authorization, location, settings);
  const presented =
    settings.sender === undefined
      ? { authorization, certificate: '', original: undefined }
      : { authorization, certificate: readCallerCertificate(r, mode), original: readOriginal(r, mode) };
  return decided.kind === 'question'
    ? askAndRespond(r, mode, decided, presented, settings)
    : respondTo(r, mode, decided, presented, settings);
}

/** Decides from the token and the cache; gives the question when only the authorization server can tell. */
function decide(
  r: NginxHTTPRequest,
  mode: Mode,
  first: FirstLook,
  isUnknown: boolean,
  authorization: string,
  location: ParsedLocation,
  settings: Settings,
): Finding | Question {
  const isUrl = isAbsoluteUrl(settings.introspectionEndpoint);
  const problem = findUnsafeNjsHere(mode, isUrl) || findZoneProblem(r);
  if (problem !== undefined) {
    return misconfigured(problem);
  }
  const credential = readCredential(authorization, settings);
  if (credential.kind === 'refused') {
    return credential.reason === 'token_missing'
      ? decideNoToken(r, mode, settings)
      : denied(credential.reason, '');
  }
  const token = credential.token;
  const isCanonical = authorization === CANONICAL_SCHEME + token;
  const lookup = isCanonical ? first.lookup : lookupIn(keyspaceOf(first.lookup), token);
  const key = isCanonical ? first.key : cacheKey(lookup);
  const known = isUnknown && isCanonical ? undefined : decideKnown(key, settings, 'HIT', 'NEGATIVE');
  if (known !== undefined) {
    return known;
  }
  const endpoint = endpointOf(lookup);
  const reach = reachOf(endpoint);
  const markKey = purgeKey(reach, token);
  if (isPurged(markKey)) {
    return denied('token_purged', 'NEGATIVE');
  }
  return {
    kind: 'question',
    token,
    lookup,
    key,
    endpoint,
    reach,
    markKey,
    policy: first.policy,
    texts: location.texts,
    clientText: location.clientText,
    signatures: location.signatures,
  };
}

/** A location that refuses bound tokens does not know the scheme DPoP. */
function readCredential(authorization: string, settings: Settings): BearerCredential {
  return settings.sender !== undefined && isDpopScheme(authorization)
    ? parseDpop(authorization)
    : parseBearer(authorization);
}

function decideNoToken(r: NginxHTTPRequest, mode: Mode, settings: Settings): Finding {
  if (settings.preflight === 'authenticate' || !readsAsPreflight(r, mode)) {
    return denied('token_missing', '');
  }
  return settings.preflight === 'pass' ? granted('', 'BYPASS', undefined) : { kind: 'preflight' };
}

async function askAndRespond(
  r: NginxHTTPRequest,
  mode: Mode,
  question: Question,
  presented: Presented,
  settings: Settings,
): Promise<void> {
  try {
    const answered = await (question.signatures !== undefined &&
    isJwtAccepted(question.token, question.signatures)
      ? decidePresented(r, question, settings)
      : askOnce(r, question, settings));
    const finding = answered.kind === 'unavailable' ? standIn(r, answered, question, settings) : answered;
    return respondTo(r, mode, finding, presented, settings);
  } catch (e) {
    failOnBug(r, mode, e);
  }
}
