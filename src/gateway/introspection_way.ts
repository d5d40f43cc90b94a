// A gateway asks about a token (RFC 7662 §2.1). From here on it is handled as if a client had presented that token.
import { usualToken } from '../core/request/usual_question.js';
import { readFormBody } from '../edge/form_body.js';
import type { Handle } from './handover.js';
import { handleUnusualQuestion } from './malformed.js';

/** Does NOT ask who asks: nginx decides who may call the location. */
export function enterIntrospection(r: NginxHTTPRequest, handle: Handle): Promise<void> | undefined {
  const form = readFormBody(r);
  const token = r.method === 'POST' ? usualToken(form) : '';
  if (token === '') {
    return handleUnusualQuestion(r, form, handle);
  }
  r.variables.phantom_token_input = token;
  return handle(r, 'introspection', true);
}
