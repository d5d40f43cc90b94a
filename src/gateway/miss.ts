// The path of a request that the cache alone does not answer, from top to bottom.

import { denied, granted, type Outcome, unavailable } from '../core/answer/outcome.js';
import { cacheKey, canonicalLookup, credentialOf, endpointOf } from '../core/cache/key.js';
import { parseBearer } from '../core/request/bearer.js';
import { findUnsafeNjs, type Mode } from '../core/settings/njs_version.js';
import { isConfiguredHere, type RequestTexts, readSwitch, takeApart } from '../core/settings/request_text.js';
import { isAbsoluteUrl, parseSettings, type Settings } from '../core/settings/settings.js';
import { readAuthorization, readRest, readsAsPreflight, variablesOf } from '../edge/request.js';
import { fail, grant, respond } from '../edge/respond.js';
import { findZoneProblem } from '../edge/shared_cache.js';
import { countRefused } from '../edge/suspension.js';
import { askOnce } from './join.js';
import { decideKnown, standIn } from './known.js';

/** A location whose `$phantom_token` is not `on`: off, another spelling, a mistake, or no settings of its own. */
export function handleSwitch(r: NginxHTTPRequest, mode: Mode, request: string): Promise<void> | undefined {
  if (readSwitch(request) === 'off') {
    grant(r, variablesOf(r), mode, readAuthorization(r), 'BYPASS');
    return undefined;
  }
  return handleMiss(r, mode, request);
}

/** @param request see core/settings/request_text.ts */
export async function handleMiss(r: NginxHTTPRequest, mode: Mode, request: string): Promise<void> {
  try {
    const texts = takeApart(request, readRest(r, mode));
    const settings = parseSettings(isConfiguredHere(request), texts.settings);
    if (settings.kind === 'misconfiguration') {
      fail(r, mode, unavailable('misconfigured', settings.problem, ''), '');
      return;
    }
    const outcome = await decideMiss(r, mode, texts, settings);
    respond(r, mode, outcome, settings);
  } catch (e) {
    failOnBug(r, mode, e);
  }
}

/** The whole way: token, what the cache knows after all, one introspection for all who wait, a stale record in need. */
async function decideMiss(
  r: NginxHTTPRequest,
  mode: Mode,
  texts: RequestTexts,
  settings: Settings,
): Promise<Outcome> {
  const isUrl = isAbsoluteUrl(settings.introspectionEndpoint);
  const problem = findUnsafeNjs(njs.version_number, njs.engine, mode, isUrl) || findZoneProblem(r);
  if (problem !== undefined) {
    return unavailable('misconfigured', problem, '');
  }
  const credential = parseBearer(credentialOf(texts.lookup));
  if (credential.kind === 'refused') {
    return credential.reason === 'token_missing' ? decideNoToken(r, settings) : denied(credential.reason, '');
  }
  const canonical = canonicalLookup(texts.lookup, credential.token);
  const sought = { lookup: canonical, key: cacheKey(canonical) };
  const known = decideKnown(sought, settings, 'HIT', 'NEGATIVE');
  if (known !== undefined) {
    return known;
  }
  const question = {
    lookup: canonical,
    key: sought.key,
    token: credential.token,
    policy: texts.policy,
    clientLines: texts.client,
  };
  const asked = await askOnce(r, question, settings);
  const outcome =
    asked.kind === 'unavailable' && asked.isOutage ? standIn(r, asked, sought.key, settings) : asked;
  if (outcome.kind === 'unavailable' && outcome.reason === 'introspection_suspended') {
    countRefused(endpointOf(canonical));
  }
  return outcome;
}

function decideNoToken(r: NginxHTTPRequest, settings: Settings): Outcome {
  if (settings.preflight === 'authenticate' || !readsAsPreflight(r)) {
    return denied('token_missing', '');
  }
  return settings.preflight === 'pass' ? granted('', 'BYPASS') : { kind: 'preflight' };
}

/** Exceptions are bugs. Their text may quote a token, so only their kind is logged. */
export function failOnBug(r: NginxHTTPRequest, mode: Mode, e: unknown): void {
  const name = e instanceof Error ? e.name : typeof e;
  fail(r, mode, unavailable('internal_error', `exception=${name}`, ''), '');
}
