// The fifth stage: of all requests that want the same answer one asks, and the others wait for it.
import type { Finding } from '../core/answer/outcome.js';
import { flightName, isLosable, leaseMs } from '../core/introspection/flight.js';
import { isAbsoluteUrl, type Settings } from '../core/settings/settings.js';
import { takeLead } from '../edge/flights.js';
import { noteNoRoom } from '../edge/introspection_notes.js';
import { readConnection, readProtocol } from '../edge/request.js';
import { ask, findSuspension } from './ask.js';
import type { Flight, Question } from './handover.js';
import { leadFlight } from './lead.js';
import { waitFor } from './wait.js';

/** One introspection for all who ask the same. */
export function askOnce(
  r: NginxHTTPRequest,
  question: Question,
  settings: Settings,
): Finding | Promise<Finding> {
  const suspension = findSuspension(question, settings);
  if (suspension !== undefined) {
    return suspension;
  }
  if (settings.cacheTtlSec === 0) {
    return ask(r, question, settings, undefined);
  }
  const flight = flightOf(r, question, settings);
  const lead = takeLead(flight.name, flight.leaseMs, flight.connection);
  switch (lead.kind) {
    case 'lead':
      return leadFlight(r, question, settings, lead.flight);
    case 'no_room':
      noteNoRoom(r);
      return ask(r, question, settings, undefined);
    case 'taken':
      return waitFor(r, question, settings, flight);
  }
}

function flightOf(r: NginxHTTPRequest, question: Question, settings: Settings): Flight {
  const canBeLost = isLosable(readProtocol(r), isAbsoluteUrl(settings.introspectionEndpoint));
  return {
    name: flightName(question.key, question.clientText),
    canBeLost,
    connection: readConnection(r),
    leaseMs: leaseMs(canBeLost, settings.introspectionTimeoutSec),
  };
}
