// Calls the authorization server: through nginx's own proxy, or with njs's fetch.

import type { IntrospectionReply } from '../core/introspection/answer.js';
import type { ClientProof } from '../core/introspection/client_authentication.js';
import { readFetchFailure } from '../core/introspection/fetch_failure.js';
import { findLimitProblem } from '../core/settings/introspection_limit.js';
import { isAbsoluteUrl, type Settings } from '../core/settings/settings.js';

/**
 * POSTs the form to the settings' endpoint: the path of an internal location, or an absolute URL. Whatever happens on
 * the way is a status: 502 when the server cannot be reached, 504 when it does not answer in time.
 */
export function introspect(
  r: NginxHTTPRequest,
  settings: Settings,
  form: string,
  proof: ClientProof,
): Promise<IntrospectionReply> {
  return isAbsoluteUrl(settings.introspectionEndpoint)
    ? fetchReply(settings.introspectionEndpoint, form, proof)
    : askLocation(r, settings, form, proof);
}

/**
 * The form goes by a variable and proxy_set_body: a body that njs makes is lost when nginx tries a second connection.
 * A body is given all the same, because without one nginx would send the client's own (S19).
 */
async function askLocation(
  r: NginxHTTPRequest,
  settings: Settings,
  form: string,
  proof: ClientProof,
): Promise<IntrospectionReply> {
  const v = r.variables;
  v._phantom_introspection = 'asked';
  v.phantom_introspection_limit = ''; // another location may have set it for an earlier question of this request
  v._phantom_form = form;
  v._phantom_client_authorization = proof.authorization;
  const reply = await r.subrequest(settings.introspectionEndpoint, { method: 'POST', body: '' });
  const isIntrospection = v._phantom_introspection === 'answered'; // introspection.conf says so
  v._phantom_introspection = '';
  v._phantom_form = '';
  v._phantom_client_authorization = '';
  const headers = reply.headersOut;
  const bytes = reply.responseBuffer;
  return {
    isIntrospection,
    limitProblem: findLimitProblem(text(v.phantom_introspection_limit), settings.introspectionTimeoutSec),
    failure: '',
    status: reply.status,
    contentType: text(headers['Content-Type']),
    contentLength: text(headers['Content-Length']),
    cacheControl: text(headers['Cache-Control']),
    age: text(headers.Age),
    retryAfter: text(headers['Retry-After']),
    // Not responseText as well: read after responseBuffer it leaks under QuickJS, and the worker aborts when it exits.
    body: bytes === undefined ? '' : bytes.toString(),
    bodyBytes: bytes === undefined ? 0 : bytes.length,
  };
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

async function fetchReply(url: string, form: string, proof: ClientProof): Promise<IntrospectionReply> {
  const headers: Record<string, string> = {
    Accept: 'application/jwt',
    'Accept-Encoding': 'identity',
    'Content-Type': 'application/x-www-form-urlencoded',
  };
  if (proof.authorization !== '') {
    headers.Authorization = proof.authorization;
  }
  await nextTurn();
  try {
    const reply = await ngx.fetch(url, { method: 'POST', headers: headers as never, body: form });
    const body = await reply.text();
    return {
      isIntrospection: true,
      limitProblem: '', // what limits a fetch cannot be read
      failure: '',
      status: reply.status,
      contentType: header(reply, 'Content-Type'),
      contentLength: header(reply, 'Content-Length'),
      cacheControl: header(reply, 'Cache-Control'),
      age: header(reply, 'Age'),
      retryAfter: header(reply, 'Retry-After'),
      body,
      bodyBytes: Buffer.byteLength(body),
    };
  } catch (e) {
    return failedReply(e);
  }
}

/**
 * In js_access, a fetch that fails before the handler has waited once makes nginx run the access phase again, and the
 * worker may crash (njs 1.0.2, https to a closed port).
 */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 0);
  });
}

function failedReply(e: unknown): IntrospectionReply {
  const fault = readFetchFailure(e instanceof Error ? e.message : '', njs.version_number);
  return {
    isIntrospection: true,
    limitProblem: '',
    failure: fault.failure,
    status: fault.status,
    contentType: '',
    contentLength: '',
    cacheControl: '',
    age: '',
    retryAfter: '',
    body: '',
    bodyBytes: 0,
  };
}

function header(reply: Response, name: string): string {
  return text(reply.headers.get(name));
}

function text(value: string | string[] | undefined | null): string {
  if (value === undefined || value === null) {
    return '';
  }
  return Array.isArray(value) ? value.join(', ') : value;
}
