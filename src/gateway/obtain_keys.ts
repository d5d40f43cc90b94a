// The authorization server's keys: from shared memory, and fetched anew by one request for all.
import type { Unavailable } from '../core/answer/outcome.js';
import { notAnsweredYet } from '../core/answer/unavailable.js';
import { isLosable, leaseMs } from '../core/introspection/flight.js';
import { maxWaitMs } from '../core/introspection/waiting.js';
import { isAbsoluteUrl, type Settings } from '../core/settings/settings.js';
import type { Jws } from '../core/signature/jws.js';
import { chooseKeys, isFreshKeySet, isUsedWhileFetched, type KeptKeySet } from '../core/signature/key_set.js';
import type { PublicKey } from '../core/signature/public_key.js';
import { readClockMs, readClockSec } from '../edge/clock.js';
import { noteFailure } from '../edge/fail.js';
import { fetchKeySet } from '../edge/fetch_key_set.js';
import { type Led, land, takeLead } from '../edge/flights.js';
import { proveClientIsThere } from '../edge/introspect.js';
import { readConnection, readProtocol } from '../edge/request.js';
import {
  keepKeySet,
  keySetName,
  mayFetchAlone,
  noteFetch,
  readFetchFailure,
  readKeySet,
  wasFetchedLately,
} from '../edge/server_keys.js';
import { awaitLeader, failFlight } from '../edge/waiting.js';
import type { Question } from './handover.js';

/** Those that the JWT may be signed with; none when its key is unknown. */
export interface ChosenKeys {
  readonly kind: 'keys';
  readonly chosen: readonly PublicKey[];
}

/**
 * A fetch is tried when the key is unknown, or the set has aged; at most once in 30 seconds, by one request for all. While none
 * succeeds, the old set is used for up to a day.
 */
export async function obtainKeys(
  r: NginxHTTPRequest,
  jws: Jws,
  question: Question,
  jwks: string,
  settings: Settings,
): Promise<ChosenKeys | Unavailable> {
  const name = keySetName(question.endpoint, jwks);
  const canBeLost = isLosable(readProtocol(r), isAbsoluteUrl(jwks));
  const forMs = leaseMs(canBeLost, settings.introspectionTimeoutSec);
  // Requests that cannot be lost do not wait for those that can: clients who reset their streams would hold them up.
  const flightName = canBeLost ? `${name}:losable` : name;
  const connection = readConnection(r);
  const sinceMs = readClockMs();
  const wait = {
    sinceMs,
    untilMs: sinceMs + maxWaitMs(settings.introspectionTimeoutSec),
    maxWaiting: settings.maxWaiting,
  };
  for (;;) {
    const kept = readKeySet(name);
    const chosen = chooseFrom(kept, jws);
    const isUsable = chosen.length > 0;
    if (wasFetchedLately(name)) {
      const failure = isUsable ? undefined : readFetchFailure(name);
      return failure === undefined ? { kind: 'keys', chosen } : failure;
    }
    const nowSec = readClockSec();
    if (isUsable && isFreshKeySet(kept as KeptKeySet, nowSec)) {
      return { kind: 'keys', chosen };
    }
    // With a key at hand nobody waits: one fetches, and the others go on with the old set, but not for long.
    const mayGoOn = isUsable && isUsedWhileFetched(kept as KeptKeySet, nowSec);
    const boarding = mayGoOn
      ? takeLead(flightName, forMs, connection)
      : await awaitLeader(flightName, forMs, connection, wait);
    switch (boarding.kind) {
      case 'lead':
        return fetchFor(r, jws, name, jwks, chosen, boarding.flight);
      case 'no_room':
        return fetchFor(r, jws, name, jwks, chosen, undefined);
      case 'taken':
        return { kind: 'keys', chosen };
      case 'failed':
        return boarding.failure;
      case 'queue_full':
      case 'timeout':
        return notAnsweredYet('jwks_unavailable', 'waited for another request that fetches the keys', '1');
    }
    // Landed: the keys are there, or the request that fetched them was lost with its client. Then one that has waited and is still
    // there fetches by itself, one in a second: new requests that are lost as well must not keep it from that.
    if (canBeLost && !wasFetchedLately(name)) {
      await proveClientIsThere(r, jwks);
      if (mayFetchAlone(name)) {
        return fetchFor(r, jws, name, jwks, chosen, undefined);
      }
    }
  }
}

async function fetchFor(
  r: NginxHTTPRequest,
  jws: Jws,
  name: string,
  jwks: string,
  chosen: readonly PublicKey[],
  flight: Led | undefined,
): Promise<ChosenKeys | Unavailable> {
  const fetched = await fetchKeySet(r, jwks);
  if (fetched.kind === 'unavailable') {
    noteFetch(name, fetched.reason);
    if (flight !== undefined) {
      failFlight(flight, fetched);
    }
    return chosen.length > 0 ? { kind: 'keys', chosen } : fetched;
  }
  const written = keepKeySet(name, fetched);
  noteFetch(name, written === 'stored' ? '' : 'jwks_unavailable');
  if (written !== 'stored') {
    noteFailure(
      r,
      notAnsweredYet('jwks_unavailable', 'phantom_token_state has no room for the keys', ''),
      jwks,
    );
  }
  if (flight !== undefined) {
    land(flight);
  }
  return { kind: 'keys', chosen: chooseFrom(fetched, jws) };
}

function chooseFrom(set: KeptKeySet | undefined, jws: Jws): PublicKey[] {
  return set === undefined ? [] : chooseKeys(set.keys, jws.kid, jws.alg);
}
