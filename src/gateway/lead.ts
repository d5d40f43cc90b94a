// A request that asks for all, unless the answer has come meanwhile.
import { denied, type Finding } from '../core/answer/outcome.js';
import type { Settings } from '../core/settings/settings.js';
import { type Led, land } from '../edge/flights.js';
import { isPurged } from '../edge/known_tokens.js';
import { ask } from './ask.js';
import type { Question } from './handover.js';
import { decideKnown } from './known.js';

/** What another request has learnt meanwhile. */
export function recall(question: Question, settings: Settings): Finding | undefined {
  return (
    decideKnown(question.key, settings, 'JOINED', 'JOINED') ||
    (isPurged(question.markKey) ? denied('token_purged', 'JOINED') : undefined)
  );
}

export function leadFlight(
  r: NginxHTTPRequest,
  question: Question,
  settings: Settings,
  flight: Led,
): Finding | Promise<Finding> {
  const known = recall(question, settings); // a flight may have landed just before
  if (known === undefined) {
    return ask(r, question, settings, flight);
  }
  land(flight);
  return known;
}
