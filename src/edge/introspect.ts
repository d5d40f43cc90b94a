// Calls the authorization server through nginx's own proxy.
import type { IntrospectionReply } from '../core/introspection.js';

/**
 * POSTs the form to the internal location. Whatever happens on the way is a status: nginx answers 502 when it
 * cannot connect and 504 when the location's timeouts run out.
 * @param form the whole body; it must be given, else nginx sends the client's own body (S19)
 */
export async function introspect(
  r: NginxHTTPRequest,
  location: string,
  form: string,
): Promise<IntrospectionReply> {
  const v = r.variables;
  v.phantom_introspection = 'asked';
  const reply = await r.subrequest(location, { method: 'POST', body: form });
  const isIntrospection = v.phantom_introspection === 'answered'; // introspection.conf says so
  v.phantom_introspection = '';
  const headers = reply.headersOut;
  const bytes = reply.responseBuffer;
  return {
    isIntrospection,
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

function text(value: string | string[] | undefined): string {
  if (value === undefined) {
    return '';
  }
  return Array.isArray(value) ? value.join(', ') : value;
}
