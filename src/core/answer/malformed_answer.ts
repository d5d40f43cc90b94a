// The answers of forward auth and of the introspection endpoint to what cannot be a question.
import { errorBody, type Refusal } from './refusal.js';

export function malformedUri(): Refusal {
  return malformed(400, 'X-Forwarded-Uri or X-Original-URL is not the URI of a request');
}

export function malformedQuestion(): Refusal {
  return malformed(400, 'The body must be a form of at most 16 kB with one field token');
}

export function otherMethod(): Refusal {
  return malformed(405, 'A question about a token is a POST request');
}

function malformed(status: number, message: string): Refusal {
  return { status, challenge: '', retryAfter: '', body: errorBody('invalid_request', message) };
}
