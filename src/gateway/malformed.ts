// Of the ways in of ways_in.ts: what has to be looked at before anything is looked up, and what is refused then.
import { malformedQuestion, malformedUri, otherMethod } from '../core/answer/malformed_answer.js';
import { denied, malformed } from '../core/answer/outcome.js';
import { isWellFormedUri } from '../core/request/original_request.js';
import { parseIntrospectionForm } from '../core/request/token_form.js';
import { isB64Token } from '../core/request/token_grammar.js';
import { readForwarded } from '../edge/forwarded.js';
import { refuse } from '../edge/refuse.js';
import type { Handle } from './handover.js';

/** Forward auth: a URI in which something has to be looked at. */
export function handleUnusualUri(r: NginxHTTPRequest, handle: Handle): Promise<void> | undefined {
  const headers = readForwarded(r);
  if (isWellFormedUri(headers.uri) && isWellFormedUri(headers.url)) {
    return handle(r, 'forward_auth', true);
  }
  refuse(r, 'forward_auth', malformedUri(), malformed());
  return undefined;
}

/** Introspection: another method, or a form that has to be read in full. */
export function handleUnusualQuestion(
  r: NginxHTTPRequest,
  form: string,
  handle: Handle,
): Promise<void> | undefined {
  if (r.method !== 'POST') {
    r.headersOut.Allow = 'POST';
    refuse(r, 'introspection', otherMethod(), malformed());
    return undefined;
  }
  const token = parseIntrospectionForm(form);
  if (token === undefined || !isB64Token(token)) {
    // A token that no client can present is not active; a form without a token is no question.
    const outcome = token === undefined ? malformed() : denied('token_malformed', '');
    refuse(r, 'introspection', malformedQuestion(), outcome);
    return undefined;
  }
  r.variables.phantom_token_input = token;
  return handle(r, 'introspection', true);
}
