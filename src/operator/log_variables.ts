// js_set variables that only cost something where nginx.conf uses them.
import { type JsonObject, parseJsonObject } from '../core/text/json.js';
import { isPlainText } from '../core/text/plain_text.js';
import { noteBug } from '../edge/fail.js';
import { jwt } from './jwt_variable.js';

/** `js_set $phantom_token_subject phantom_token.subject nocache;`: `sub` of the JWT; '' for none, and for a bug. */
export function subject(r: NginxHTTPRequest): string {
  try {
    return textClaim(readPayload(r), 'sub');
  } catch (e) {
    noteBug(r, e);
    return '';
  }
}

/** `js_set $phantom_token_client phantom_token.client nocache;`: `client_id` of the JWT (RFC 9068 §2.2), or `azp`; the same. */
export function client(r: NginxHTTPRequest): string {
  try {
    const payload = readPayload(r);
    return textClaim(payload, 'client_id') || textClaim(payload, 'azp');
  } catch (e) {
    noteBug(r, e);
    return '';
  }
}

function readPayload(r: NginxHTTPRequest): JsonObject {
  const payload = jwt(r).split('.')[1] || '';
  return parseJsonObject(Buffer.from(payload, 'base64url').toString()) || {};
}

/** Printable, so that it cannot imitate another field of the log; '' for everything else. */
function textClaim(payload: JsonObject, claim: string): string {
  const value = payload[claim];
  return typeof value === 'string' && isPlainText(value) ? value : '';
}
