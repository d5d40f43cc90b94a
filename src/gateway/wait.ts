// Waits for another request's introspection, and asks when there is no answer to share.
import type { Finding, Unavailable } from '../core/answer/outcome.js';
import { notAnsweredYet, waitedInVain } from '../core/answer/unavailable.js';
import { maxWaitMs } from '../core/introspection/waiting.js';
import type { Settings } from '../core/settings/settings.js';
import { readClockMs } from '../edge/clock.js';
import { proveClientIsThere } from '../edge/introspect.js';
import { noteNoRoom } from '../edge/introspection_notes.js';
import { awaitLeader, type Wait } from '../edge/waiting.js';
import { ask, findSuspension } from './ask.js';
import type { Flight, Question } from './handover.js';
import { leadFlight, recall } from './lead.js';

export async function waitFor(
  r: NginxHTTPRequest,
  question: Question,
  settings: Settings,
  flight: Flight,
): Promise<Finding> {
  const wait = waitOf(settings);
  for (;;) {
    const boarding = await awaitLeader(flight.name, flight.leaseMs, flight.connection, wait);
    switch (boarding.kind) {
      case 'lead':
        return leadFlight(r, question, settings, boarding.flight);
      case 'no_room':
        noteNoRoom(r);
        return ask(r, question, settings, undefined);
      case 'alone':
        return ask(r, question, settings, undefined);
      case 'failed':
        return boarding.failure;
      case 'queue_full':
        return queueFull(settings);
      case 'timeout':
        return waitedInVain();
      case 'landed': {
        const known = recall(question, settings);
        if (known !== undefined) {
          return known;
        }
        // The leader is lost. Its successor must not be a request whose client has gone, and which would be lost as well.
        if (flight.canBeLost) {
          await proveClientIsThere(r, settings.introspectionEndpoint);
        }
      }
    }
    const suspension = findSuspension(question, settings);
    if (suspension !== undefined) {
      return suspension;
    }
  }
}

function waitOf(settings: Settings): Wait {
  const sinceMs = readClockMs();
  const untilMs = sinceMs + maxWaitMs(settings.introspectionTimeoutSec);
  return { sinceMs, untilMs, maxWaiting: settings.maxWaiting };
}

function queueFull(settings: Settings): Unavailable {
  const detail = `${settings.maxWaiting} requests wait for one introspection`;
  return notAnsweredYet('introspection_queue_full', detail, '1');
}
