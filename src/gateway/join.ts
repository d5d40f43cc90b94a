// One introspection for all requests with the same token.

import { type Outcome, type Unavailable, unavailable, waitedInVain } from '../core/answer/outcome.js';
import { flightName, isLosable, isShared, leaseMs } from '../core/introspection/flight.js';
import { isAbsoluteUrl, type Settings } from '../core/settings/settings.js';
import { readClockMs } from '../edge/clock.js';
import { proveClientIsThere } from '../edge/introspect.js';
import { readProtocol } from '../edge/request.js';
import { noteNoRoom } from '../edge/respond.js';
import { board, failFlight, land, release } from '../edge/single_flight.js';
import { type Asked, ask, findSuspension, type Question } from './ask.js';
import { decideKnown } from './known.js';

/** Of all requests with one token one asks; the others wait for its answer. */
export async function askOnce(r: NginxHTTPRequest, question: Question, settings: Settings): Promise<Outcome> {
  if (settings.cacheTtlSec === 0) {
    return findSuspension(question, settings) || askAlone(r, question, settings);
  }
  const name = flightName(question.key, question.clientLines);
  const canBeLost = isLosable(readProtocol(r), isAbsoluteUrl(settings.introspectionEndpoint));
  const ownLeaseMs = leaseMs(canBeLost, settings.introspectionTimeoutSec);
  const sinceMs = readClockMs();
  // Its leader's time and, when that one is lost, some for a successor.
  const untilMs = sinceMs + 1500 * settings.introspectionTimeoutSec;
  const wait = { sinceMs, untilMs, maxWaiting: settings.maxWaiting };
  for (;;) {
    const suspension = findSuspension(question, settings);
    if (suspension !== undefined) {
      return suspension;
    }
    const boarding = await board(name, ownLeaseMs, wait);
    switch (boarding.kind) {
      case 'lead':
        return leadFlight(r, question, settings, name, boarding.leader);
      case 'no_room':
        noteNoRoom(r);
        return askAlone(r, question, settings);
      case 'alone':
        return askAlone(r, question, settings);
      case 'failed':
        return boarding.failure;
      case 'queue_full':
        return queueFull(settings);
      case 'timeout':
        return waitedInVain();
      case 'landed': {
        const known = decideKnown(question, settings, 'JOINED', 'JOINED');
        if (known !== undefined) {
          return known;
        }
        // The leader is lost. Its successor must not be one that waits on without a client, and would be lost as well.
        if (canBeLost) {
          await proveClientIsThere(r, settings.introspectionEndpoint);
        }
      }
    }
  }
}

async function askAlone(r: NginxHTTPRequest, question: Question, settings: Settings): Promise<Outcome> {
  const asked = await ask(r, question, settings);
  return asked.outcome;
}

function queueFull(settings: Settings): Unavailable {
  const detail = `${settings.maxWaiting} requests wait for one introspection`;
  return unavailable('introspection_queue_full', detail, 'MISS', '1');
}

async function leadFlight(
  r: NginxHTTPRequest,
  question: Question,
  settings: Settings,
  name: string,
  leader: string,
): Promise<Outcome> {
  const known = decideKnown(question, settings, 'JOINED', 'JOINED'); // a flight may have landed just before
  if (known !== undefined) {
    land(name, leader);
    return known;
  }
  let asked: Asked;
  try {
    asked = await ask(r, question, settings);
  } catch (e) {
    release(name, leader);
    throw e;
  }
  if (asked.isKept) {
    land(name, leader);
  } else if (asked.outcome.kind === 'unavailable' && isShared(asked.outcome)) {
    failFlight(name, leader, asked.outcome);
  } else {
    release(name, leader);
  }
  return asked.outcome;
}
