// What a purge answers: JSON for the operator who asked.
import { errorBody } from './refusal.js';

export interface PurgeAnswer {
  readonly status: 200 | 400 | 405 | 500 | 503;
  /** The header Allow; '' for none. */
  readonly allow: 'POST' | '';
  readonly body: string;
}

/** @param records how many held the token; 0 also for a token that was never seen */
export function purged(records: number): PurgeAnswer {
  return { status: 200, allow: '', body: JSON.stringify({ records }) };
}

export function refuseMethod(): PurgeAnswer {
  return { status: 405, allow: 'POST', body: errorBody('invalid_request', 'A purge is a POST request') };
}

export function refuseForm(): PurgeAnswer {
  const message = 'The body must be a form with one field token, which holds the token as clients send it';
  return { status: 400, allow: '', body: errorBody('invalid_request', message) };
}

/** @param problem names settings and files, no values */
export function refusePurge(problem: string): PurgeAnswer {
  return { status: 500, allow: '', body: errorBody('server_error', problem) };
}

export function refuseForRoom(): PurgeAnswer {
  const message = 'The token is not ended: the zone phantom_token_state is full: enlarge it in zones.conf';
  return { status: 503, allow: '', body: errorBody('server_error', message) };
}
