// Asks the authorization server through nginx's own proxy: a subrequest to the location that introspects.
import type { ClientProof } from '../core/introspection/client_authentication.js';
import type { IntrospectionReply } from '../core/introspection/reply.js';
import { findLimitProblem } from '../core/settings/introspection_limit.js';
import type { Settings } from '../core/settings/settings.js';

/**
 * POSTs the form. It goes by a variable and proxy_set_body: a body that njs makes is lost when nginx tries a second
 * connection. A body is given all the same, because without one nginx would send the client's own (S19).
 */
export function askLocation(
  r: NginxHTTPRequest,
  location: string,
  form: string,
  accept: string,
  proof: ClientProof,
): Promise<NginxHTTPRequest> {
  const v = r.variables;
  v._phantom_introspection = 'asked';
  v.phantom_introspection_limit = ''; // another location may have set it for an earlier question of this request
  v._phantom_form = form;
  v._phantom_accept = accept;
  v._phantom_client_authorization = proof.authorization;
  return r.subrequest(location, { method: 'POST', body: '' });
}

/**
 * The answer to {@link askLocation}. Whatever happened on the way is a status: 502 when the server cannot be reached, 504
 * when it does not answer in time.
 */
export function readReply(
  r: NginxHTTPRequest,
  answer: NginxHTTPRequest,
  settings: Settings,
): IntrospectionReply {
  const v = r.variables;
  const isIntrospection = v._phantom_introspection === 'answered'; // introspection.conf says so
  v._phantom_introspection = '';
  v._phantom_form = '';
  v._phantom_client_authorization = '';
  const headers = answer.headersOut;
  const bytes = answer.responseBuffer;
  return {
    kind: 'reply',
    isIntrospection,
    limitProblem: findLimitProblem(v.phantom_introspection_limit || '', settings.introspectionTimeoutSec),
    failure: '',
    status: answer.status,
    contentType: joinHeader(headers['Content-Type']),
    contentLength: joinHeader(headers['Content-Length']),
    cacheControl: joinHeader(headers['Cache-Control']),
    age: joinHeader(headers.Age),
    retryAfter: joinHeader(headers['Retry-After']),
    // Not responseText under QuickJS: read after responseBuffer it leaks there, and the worker aborts when it exits.
    // Under the njs engine a Buffer is read character by character, which costs eight times as much as responseText.
    body: njs.engine === 'QuickJS' ? textOf(bytes) : answer.responseText || '',
    bodyBytes: bytes === undefined ? 0 : bytes.length,
  };
}

function textOf(bytes: Buffer | undefined): string {
  return bytes === undefined ? '' : bytes.toString();
}

/** A header's value, several joined by commas; '' for none. */
export function joinHeader(value: string | string[] | undefined | null): string {
  if (typeof value === 'string') {
    return value;
  }
  return value ? value.join(', ') : '';
}

/**
 * Ends only while the client is there: when it has reset its HTTP/2 or HTTP/3 stream, nginx abandons a handler at its next
 * subrequest, and nothing of this request runs any more. The introspection location answers 404 at once, without asking,
 * because `$_phantom_introspection` does not say `asked`.
 */
export async function proveClientIsThere(r: NginxHTTPRequest, location: string): Promise<void> {
  const v = r.variables;
  v._phantom_introspection = 'checking'; // a protected location, if the endpoint names one by mistake, refuses it
  await r.subrequest(location, { method: 'POST', body: '' });
  v._phantom_introspection = '';
}
