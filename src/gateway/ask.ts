// The sixth stage: asks the authorization server about a token that the cache does not know.
import { countsForBreaker } from '../core/answer/failure_kind.js';
import type { Denial, Finding, Unavailable } from '../core/answer/outcome.js';
import { answeredTooLate, misconfigured, notAnsweredYet, withDetail } from '../core/answer/unavailable.js';
import { markTtlSecOf, maxIntrospectionSec } from '../core/cache/purge_mark.js';
import type { ActiveToken } from '../core/introspection/active_token.js';
import { interpretReply, type SignedResponse } from '../core/introspection/answer.js';
import type { ClientProof } from '../core/introspection/client_authentication.js';
import { isShared } from '../core/introspection/flight.js';
import { introspectionForm } from '../core/introspection/question.js';
import { type IntrospectionReply, isReply } from '../core/introspection/reply.js';
import type { ClientAuthMethod } from '../core/settings/client_settings.js';
import { hasClientSettings } from '../core/settings/location_texts.js';
import { isAbsoluteUrl, type Settings } from '../core/settings/settings.js';
import { noteAnswer, remainingSuspensionSec, waitBeforeAskingSec } from '../edge/breaker.js';
import { forgetProof, proveClient } from '../edge/client_credentials.js';
import { readClockMs, readClockSec } from '../edge/clock.js';
import { fetchReply } from '../edge/fetch.js';
import { type Led, land } from '../edge/flights.js';
import { askLocation, readReply } from '../edge/introspect.js';
import { noteIntrospection } from '../edge/introspection_notes.js';
import { noteReach } from '../edge/keyspaces.js';
import { wasSuspended } from '../edge/refused_count.js';
import { noteNoAnswer, noteResumed } from '../edge/suspension.js';
import { failFlight, release } from '../edge/waiting.js';
import type { Answered, Question } from './handover.js';
import { rememberActive, rememberDenial } from './remember.js';
import { vouch } from './vouch.js';

/** Why introspection is not even tried at this moment; undefined when it may be. Only looks: it reserves nothing. */
export function findSuspension(question: Question, settings: Settings): Unavailable | undefined {
  const waitSec = heedsBreaker(settings) ? remainingSuspensionSec(question.endpoint, question.key) : 0;
  return waitSec > 0 ? suspended(waitSec) : undefined;
}

/** With `breaker_failures 0` a location neither looks at the breaker that other locations share nor changes it. */
function heedsBreaker(settings: Settings): boolean {
  return settings.breakerFailures > 0;
}

function suspended(waitSec: number): Unavailable {
  return notAnsweredYet('introspection_suspended', 'too many failures in a row', String(waitSec));
}

/**
 * One introspection, if the client settings are whole and the breaker allows it.
 * @param flight that this request leads; undefined when it asks for itself alone
 */
export async function ask(
  r: NginxHTTPRequest,
  question: Question,
  settings: Settings,
  flight: Led | undefined,
): Promise<Finding> {
  try {
    const isUrl = isAbsoluteUrl(settings.introspectionEndpoint);
    const locationAuthenticates = !isUrl && !hasClientSettings(question.texts, question.clientText);
    const proof = locationAuthenticates ? NO_PROOF : await proveClient(question.texts, isUrl);
    if (proof.kind === 'misconfiguration') {
      return conclude(flight, notKept(misconfigured(proof.problem)));
    }
    const form = introspectionForm(question.token, proof.formFields, settings.introspectionParameters);
    noteReach(question.reach, markTtlSecOf(settings));
    // This may reserve the probe, for which all others wait: so when it gives 0, the question must be sent.
    const waitSec = heedsBreaker(settings) ? waitBeforeAskingSec(question.endpoint, question.key) : 0;
    if (waitSec > 0) {
      return conclude(flight, notKept(suspended(waitSec)));
    }
    r.variables.phantom_token_hash = question.key; // for the location that asks: which of several servers
    const askedMs = readClockMs();
    const endpoint = settings.introspectionEndpoint;
    const accept = settings.introspectionAccept;
    const answer = await (isUrl
      ? fetchReply(endpoint, form, accept, proof)
      : askLocation(r, endpoint, form, accept, proof));
    const reply = isReply(answer) ? answer : readReply(r, answer, settings);
    const heard = { reply, askedMs, tookMs: Math.max(0, readClockMs() - askedMs), nowSec: readClockSec() };
    const said = isTooLate(heard.tookMs, settings)
      ? answeredTooLate()
      : interpretReply(reply, settings, heard.nowSec, question.signatures);
    const isOpen =
      said.kind === 'signed_response' || (said.kind === 'active' && question.signatures !== undefined);
    const meant = isOpen ? await vouchInTime(r, question, said, heard, settings) : said;
    return conclude(flight, useAnswer(r, question, meant, heard, proof.method, settings));
  } catch (e) {
    if (flight !== undefined) {
      release(flight);
    }
    throw e;
  }
}

/** Where the introspection location authenticates in our place. */
const NO_PROOF: ClientProof = { kind: 'proof', method: 'none', authorization: '', formFields: '' };

/** Tells those who wait. */
function conclude(flight: Led | undefined, answered: Answered): Finding {
  if (flight !== undefined) {
    end(flight, answered);
  }
  return answered.outcome;
}

function end(flight: Led, answered: Answered): void {
  if (answered.isKept) {
    land(flight);
  } else if (answered.outcome.kind === 'unavailable' && isShared(answered.outcome)) {
    failFlight(flight, answered.outcome);
  } else {
    release(flight);
  }
}

/** What has come back, and when. */
interface Heard {
  readonly reply: IntrospectionReply;
  readonly askedMs: number;
  /** From question to answer. */
  readonly tookMs: number;
  readonly nowSec: number;
}

/** The mark of a purge that was made meanwhile may have ended: purge_mark.ts. */
function isTooLate(tookMs: number, settings: Settings): boolean {
  return tookMs > 1000 * maxIntrospectionSec(settings);
}

/** What the answer comes to when signatures have been verified and made: keys may have had to be fetched. */
async function vouchInTime(
  r: NginxHTTPRequest,
  question: Question,
  said: ActiveToken | SignedResponse,
  heard: Heard,
  settings: Settings,
): Promise<ActiveToken | Denial | Unavailable> {
  const meant = await vouch(r, question, said, heard.reply, settings, heard.nowSec);
  return isTooLate(readClockMs() - heard.askedMs, settings) ? answeredTooLate() : meant;
}

/** @param method by which the script authenticated */
function useAnswer(
  r: NginxHTTPRequest,
  question: Question,
  answer: ActiveToken | Denial | Unavailable,
  heard: Heard,
  method: ClientAuthMethod,
  settings: Settings,
): Answered {
  const nowSec = heard.nowSec;
  noteIntrospection(r, answer.kind === 'active' ? 'active' : answer.reason, heard.tookMs);
  if (heedsBreaker(settings)) {
    noteForBreaker(r, question, answer, settings);
  }
  switch (answer.kind) {
    case 'active':
      return rememberActive(r, question, answer, heard.reply, settings, nowSec);
    case 'denial':
      return rememberDenial(question.key, answer, settings, nowSec);
    case 'unavailable':
      if (answer.reason === 'introspection_unauthorized' && method === 'private_key_jwt') {
        forgetProof(question.texts, isAbsoluteUrl(settings.introspectionEndpoint));
      }
      return notKept(withCredentials(answer, method));
  }
}

function noteForBreaker(
  r: NginxHTTPRequest,
  question: Question,
  answer: ActiveToken | Denial | Unavailable,
  settings: Settings,
): void {
  if (answer.kind === 'unavailable' && countsForBreaker(answer.reason)) {
    noteNoAnswer(r, question.endpoint, question.key, settings);
    return;
  }
  if (answer.kind === 'unavailable' && answer.reason === 'misconfigured') {
    return; // nginx may have routed the question elsewhere
  }
  noteAnswer(question.endpoint);
  if (wasSuspended(question.endpoint)) {
    noteResumed(r, question.endpoint, settings);
  }
}

/** How the script authenticated, for the log; `none`: the introspection location may have done so. */
function withCredentials(failure: Unavailable, method: ClientAuthMethod): Unavailable {
  // The detail of a misconfiguration says all there is to correct.
  return failure.reason === 'misconfigured' ? failure : withDetail(failure, `credentials=${method}`);
}

function notKept(outcome: Finding): Answered {
  return { outcome, isKept: false };
}
