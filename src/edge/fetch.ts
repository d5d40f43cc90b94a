// Asks an authorization server that is named by a URL, with njs's fetch.
import type { ClientProof } from '../core/introspection/client_authentication.js';
import { readFetchFailure } from '../core/introspection/fetch_failure.js';
import type { IntrospectionReply } from '../core/introspection/reply.js';
import { joinHeader } from './introspect.js';

/** Whatever happens on the way is a status: 502 when the server cannot be reached, 504 when it does not answer in time. */
export async function fetchReply(
  url: string,
  form: string,
  accept: string,
  proof: ClientProof,
): Promise<IntrospectionReply> {
  const headers: Record<string, string> = {
    Accept: accept,
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
      kind: 'reply',
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
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 0);
  });
}

function failedReply(e: unknown): IntrospectionReply {
  const fault = readFetchFailure(e instanceof Error ? e.message : '', njs.version_number);
  return {
    kind: 'reply',
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
  return joinHeader(reply.headers.get(name));
}
