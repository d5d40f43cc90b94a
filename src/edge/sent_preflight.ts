// Reads whether the client sent a CORS preflight.
import { isPreflight } from '../core/request/preflight.js';
import type { Mode } from '../core/settings/njs_version.js';
import { readOriginal } from './forwarded.js';

/** Its method is a variable, because an auth_request subrequest is always GET; where another proxy asks, that one tells it. */
export function readsAsPreflight(r: NginxHTTPRequest, mode: Mode): boolean {
  const v = r.variables;
  const origin = v.http_origin || '';
  const requestedMethod = v.http_access_control_request_method || '';
  if (mode !== 'forward_auth') {
    return isPreflight(v.request_method || '', origin, requestedMethod);
  }
  if (origin === '' || requestedMethod === '') {
    return false; // as nearly all requests: what follows costs more
  }
  const original = readOriginal(r, mode);
  return original !== undefined && isPreflight(original.method, origin, requestedMethod);
}
