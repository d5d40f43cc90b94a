// Fetches the authorization server's JWK Set, from an internal location or a URL.
import type { Unavailable } from '../core/answer/outcome.js';
import { notAnswered, notAnsweredYet } from '../core/answer/unavailable.js';
import { readFetchFailure } from '../core/introspection/fetch_failure.js';
import { isAbsoluteUrl } from '../core/settings/settings.js';
import { type KeptKeySet, parseKeySet } from '../core/signature/key_set.js';
import { readClockSec } from './clock.js';
import { nextTurn } from './fetch.js';
import { joinHeader } from './introspect.js';

/** What arrived. */
interface KeySetReply {
  readonly status: number;
  readonly contentLength: string;
  readonly body: string;
  readonly bodyBytes: number;
  /** In our own words; '' for nothing. */
  readonly failure: string;
}

const ACCEPT = 'application/jwk-set+json, application/json';

export async function fetchKeySet(
  r: NginxHTTPRequest,
  jwks: string,
): Promise<(KeptKeySet & { readonly kind: 'key_set' }) | Unavailable> {
  const reply = await (isAbsoluteUrl(jwks) ? fetchUrl(jwks) : fetchLocation(r, jwks));
  const failure = reply.failure === '' ? '' : ` failure="${reply.failure}"`;
  const arrived = `jwks=${jwks} status=${reply.status} bytes=${reply.bodyBytes}${failure}`;
  if (reply.status === 429 || reply.status >= 500) {
    return notAnsweredYet('jwks_unavailable', arrived, '');
  }
  if (reply.status !== 200) {
    return notAnswered('jwks_unusable', arrived);
  }
  if (reply.contentLength !== '' && reply.contentLength !== String(reply.bodyBytes)) {
    return notAnsweredYet('jwks_unavailable', `${arrived} failure="cut short"`, '');
  }
  const keys = parseKeySet(reply.body);
  return typeof keys === 'string'
    ? notAnswered('jwks_unusable', `${arrived} problem="${keys}"`)
    : { kind: 'key_set', keys, fetchedAtSec: readClockSec() };
}

/** The location's state keeps everybody else out of it: nginx/jwks.conf. */
async function fetchLocation(r: NginxHTTPRequest, location: string): Promise<KeySetReply> {
  const v = r.variables;
  v._phantom_introspection = 'keys';
  const answer = await r.subrequest(location, { method: 'GET' });
  const isKeys = v._phantom_introspection === 'keys_answered';
  v._phantom_introspection = '';
  const bytes = answer.responseBuffer;
  return {
    status: isKeys ? answer.status : 404,
    contentLength: joinHeader(answer.headersOut['Content-Length']),
    body: bytes === undefined ? '' : bytes.toString(),
    bodyBytes: bytes === undefined ? 0 : bytes.length,
    failure: isKeys ? '' : MISROUTED,
  };
}

const MISROUTED = 'no location that includes jwks.conf';

async function fetchUrl(url: string): Promise<KeySetReply> {
  await nextTurn();
  try {
    const reply = await ngx.fetch(url, {
      headers: { Accept: ACCEPT, 'Accept-Encoding': 'identity' } as never,
    });
    const body = await reply.text();
    return {
      status: reply.status,
      contentLength: joinHeader(reply.headers.get('Content-Length')),
      body,
      bodyBytes: Buffer.byteLength(body),
      failure: '',
    };
  } catch (e) {
    const fault = readFetchFailure(e instanceof Error ? e.message : '', njs.version_number);
    return { status: fault.status, contentLength: '', body: '', bodyBytes: 0, failure: fault.failure };
  }
}
