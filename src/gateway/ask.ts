// Asking the authorization server: breaker, credentials, question, answer, what is remembered of it.

import {
  answeredTooLate,
  type Denial,
  denied,
  granted,
  isTransportFailure,
  type Outcome,
  type Unavailable,
  unavailable,
} from '../core/answer/outcome.js';
import { forbidsStale, freshnessSec } from '../core/cache/cache_control.js';
import { encodeDenial, isRemembered } from '../core/cache/denial_record.js';
import { endpointOf, keyspaceOf, purgeKey, reachOf } from '../core/cache/key.js';
import { markTtlSecOf, maxIntrospectionSec } from '../core/cache/listed_keyspace.js';
import { encodeRecord, isCountedAlike } from '../core/cache/record.js';
import { recordTtlSec } from '../core/cache/ttl.js';
import {
  type ActiveToken,
  type IntrospectionReply,
  interpretReply,
  introspectionForm,
} from '../core/introspection/answer.js';
import { type ClientAuthMethod, parseClientSettings } from '../core/settings/client_settings.js';
import { isAbsoluteUrl, type Settings } from '../core/settings/settings.js';
import { checkPolicy, encodeGrants } from '../core/token/policy.js';
import {
  noteAnswer,
  noteTransportFailure,
  remainingSuspensionSec,
  waitBeforeAskingSec,
} from '../edge/breaker.js';
import { forgetAssertion, proveClient } from '../edge/client_credentials.js';
import { readChance, readClockMs, readClockSec } from '../edge/clock.js';
import { introspect } from '../edge/introspect.js';
import { listKeyspace, noteReach } from '../edge/purge_reach.js';
import { noteIntrospection, noteUncached } from '../edge/respond.js';
import { deleteRecord, isPurged, writeDenial, writeRecord } from '../edge/shared_cache.js';
import { noteResumed, noteSuspended } from '../edge/suspension.js';

/** A token that nothing is known of. */
export interface Question {
  /** As it is stored: core/cache/key.ts. */
  readonly lookup: string;
  readonly key: string;
  readonly token: string;
  /** What the location asks of it, one setting a line. */
  readonly policy: string;
  /** The client settings, one a line. */
  readonly clientLines: string;
}

export interface Asked {
  readonly outcome: Outcome;
  /** Whether the cache knows the answer now. */
  readonly isKept: boolean;
}

/** Why introspection is not even tried at this moment; undefined when it may be. Takes nothing from anybody. */
export function findSuspension(question: Question, settings: Settings): Unavailable | undefined {
  const waitSec = heedsBreaker(settings)
    ? remainingSuspensionSec(endpointOf(question.lookup), question.key)
    : 0;
  return waitSec > 0 ? suspended(waitSec) : undefined;
}

/** A location with 0 neither looks at the breaker that its neighbours share nor touches it. */
function heedsBreaker(settings: Settings): boolean {
  return settings.breakerFailures > 0;
}

function suspended(waitSec: number): Unavailable {
  return unavailable('introspection_suspended', 'too many failures in a row', 'MISS', String(waitSec));
}

/** One introspection, if the client settings are whole and the breaker allows it. */
export async function ask(r: NginxHTTPRequest, question: Question, settings: Settings): Promise<Asked> {
  const client = parseClientSettings(question.clientLines, isAbsoluteUrl(settings.introspectionEndpoint));
  if (client.kind === 'misconfiguration') {
    return notKept(unavailable('misconfigured', client.problem, ''));
  }
  const proof = await proveClient(client, readClockSec());
  if (proof.kind === 'misconfiguration') {
    return notKept(unavailable('misconfigured', proof.problem, ''));
  }
  const form = introspectionForm(question.token, proof.formFields, settings.introspectionParameters);
  noteReach(reachOf(question.lookup), markTtlSecOf(settings));
  // From here on nothing returns before it has asked: this may be the probe, and nobody else asks until its answer.
  const waitSec = heedsBreaker(settings) ? waitBeforeAskingSec(endpointOf(question.lookup), question.key) : 0;
  if (waitSec > 0) {
    return notKept(suspended(waitSec));
  }
  const askedMs = readClockMs();
  const reply = await introspect(r, settings, form, proof);
  const nowSec = readClockSec();
  const tookMs = readClockMs() - askedMs;
  const answer =
    tookMs > 1000 * maxIntrospectionSec(settings)
      ? answeredTooLate()
      : interpretReply(reply, settings, nowSec);
  noteIntrospection(r, answer.kind === 'active' ? 'active' : answer.reason, tookMs);
  noteForBreaker(r, question, answer, settings);
  switch (answer.kind) {
    case 'active':
      return rememberActive(r, question, answer, reply, settings, nowSec);
    case 'denial':
      return rememberDenial(question.key, answer, settings, nowSec);
    case 'unavailable':
      if (answer.reason === 'introspection_unauthorized') {
        forgetAssertion(client);
      }
      return notKept(withCredentials(answer, client.authMethod));
  }
}

function noteForBreaker(
  r: NginxHTTPRequest,
  question: Question,
  answer: ActiveToken | Denial | Unavailable,
  settings: Settings,
): void {
  const isOfServer = answer.kind !== 'unavailable' || answer.reason !== 'misconfigured'; // nginx may route elsewhere
  if (!heedsBreaker(settings) || !isOfServer) {
    return;
  }
  const endpoint = endpointOf(question.lookup);
  if (answer.kind !== 'unavailable' || !isTransportFailure(answer.reason)) {
    noteAnswer(endpoint);
    noteResumed(r, endpoint, settings);
    return;
  }
  const breaker = noteTransportFailure(endpoint, question.key, settings);
  if (breaker.suspendedUntilMs > 0) {
    noteSuspended(r, endpoint, breaker, settings);
  }
}

function rememberActive(
  r: NginxHTTPRequest,
  question: Question,
  active: ActiveToken,
  reply: IntrospectionReply,
  settings: Settings,
  nowSec: number,
): Asked {
  const grants = encodeGrants(active.claims);
  const reason = checkPolicy(grants, active.claims.notBeforeSec, settings, nowSec);
  const ttlSec = ttlSecOf(active, reply, settings, nowSec);
  const forbids = settings.obeysCacheControl && forbidsStale(reply.cacheControl);
  const usableUntilSec = forbids ? nowSec + ttlSec : active.expiresAtSec;
  const times = {
    expiresAtSec: nowSec + ttlSec,
    storedAtSec: nowSec,
    notBeforeSec: active.claims.notBeforeSec,
    usableUntilSec,
  };
  const record = encodeRecord(times, active.jwt, grants, reason === undefined ? question.policy : '');
  const isStorable = ttlSec > 0 && isCountedAlike(question.policy + grants);
  const forSec = keptSec(ttlSec, usableUntilSec, settings, nowSec);
  // Before the record is written, so that no other request meets it; and after that, because a purge writes its mark before
  // it deletes the records, so that one of the two sees the other.
  const mark = purgeKey(question.lookup);
  const isKept = isStorable && !isPurged(mark) && store(r, question, record, forSec, settings, nowSec);
  if (isPurged(mark)) {
    deleteRecord(question.key);
    return { outcome: denied('token_purged', 'NEGATIVE'), isKept: true };
  }
  const outcome = reason === undefined ? granted(`Bearer ${active.jwt}`, 'MISS') : denied(reason, 'MISS');
  return { outcome, isKept };
}

function rememberDenial(key: string, denial: Denial, settings: Settings, nowSec: number): Asked {
  if (!isRemembered(denial.reason)) {
    return notKept(denial);
  }
  deleteRecord(key); // of a time when the token was active: nobody may fall back on it
  const expiresAtSec = nowSec + settings.negativeCacheTtlSec;
  const ttlMs = expiresAtSec * 1000 - readClockMs();
  if (ttlMs < 1) {
    return notKept(denial);
  }
  return {
    outcome: denial,
    isKept: writeDenial(key, encodeDenial(expiresAtSec, nowSec, denial.reason), ttlMs) === 'stored',
  };
}

/** How long the cache may answer for the authorization server, in seconds; 0 for not at all. */
function ttlSecOf(
  active: ActiveToken,
  reply: IntrospectionReply,
  settings: Settings,
  nowSec: number,
): number {
  const lifetimes = {
    freshnessSec: settings.obeysCacheControl ? freshnessSec(reply.cacheControl, reply.age) : undefined,
    expiresAtSec: active.expiresAtSec,
    cacheTtlSec: settings.cacheTtlSec,
  };
  return recordTtlSec(lifetimes, nowSec, readChance());
}

/** @returns whether the record is in the cache */
function store(
  r: NginxHTTPRequest,
  question: Question,
  record: string,
  forSec: number,
  settings: Settings,
  nowSec: number,
): boolean {
  const listed = listKeyspace(reachOf(question.lookup), {
    keyspace: keyspaceOf(question.lookup),
    markTtlSec: markTtlSecOf(settings),
    listedAtSec: nowSec,
  });
  const written = listed === 'stored' ? writeRecord(question.key, record, forSec) : listed;
  if (written !== 'stored') {
    noteUncached(r, written);
  }
  return written === 'stored';
}

/**
 * A record stays beyond its TTL when it may stand in for a failing server.
 * @param usableUntilSec the end of the token, or of the TTL where the reply forbids stale answers; undefined for neither
 */
function keptSec(
  ttlSec: number,
  usableUntilSec: number | undefined,
  settings: Settings,
  nowSec: number,
): number {
  const withStaleSec = ttlSec + settings.staleIfErrorSec;
  return usableUntilSec === undefined ? withStaleSec : Math.min(withStaleSec, usableUntilSec - nowSec);
}

/** How the script authenticated, for the log; `none`: the introspection location may have done so. */
function withCredentials(failure: Unavailable, method: ClientAuthMethod): Unavailable {
  if (failure.reason === 'misconfigured') {
    return failure; // the detail says all there is to correct
  }
  const detail = `${failure.detail} credentials=${method}`;
  return unavailable(failure.reason, detail, failure.cacheStatus, failure.retryAfter);
}

function notKept(outcome: Outcome): Asked {
  return { outcome, isKept: false };
}
