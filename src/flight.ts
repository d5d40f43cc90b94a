// One introspection for all requests with the same token.
import { type Asked, ask, findSuspension, type Question } from './ask.js';
import { isShared } from './core/flight.js';
import type { Outcome } from './core/outcome.js';
import type { Settings } from './core/settings.js';
import { readClockMs } from './edge/clock.js';
import { board, failFlight, land, release } from './edge/single_flight.js';
import { decideKnown } from './known.js';

const ALONE = { kind: 'alone' } as const;

/** Of all requests with one token one asks; the others wait for its answer. */
export async function askOnce(r: NginxHTTPRequest, question: Question, settings: Settings): Promise<Outcome> {
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
        const known = decideKnown(question, settings, 'JOINED', 'JOINED');
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
  const known = decideKnown(question, settings, 'JOINED', 'JOINED'); // a flight may have landed just before
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
