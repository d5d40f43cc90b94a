// Reads the request about which another proxy asks (forward auth).
import {
  type ForwardedHeaders,
  type OriginalRequest,
  readOriginalRequest,
} from '../core/request/original_request.js';
import type { Mode } from '../core/settings/njs_version.js';

export function readForwarded(r: NginxHTTPRequest): ForwardedHeaders {
  const v = r.variables;
  return {
    method: v.http_x_forwarded_method || '',
    originalMethod: v.http_x_original_method || '',
    proto: v.http_x_forwarded_proto || '',
    host: v.http_x_forwarded_host || '',
    uri: v.http_x_forwarded_uri || '',
    url: v.http_x_original_url || '',
  };
}

/**
 * The client's request: method, path and query as the client sent them. Variables, because an auth_request subrequest is always
 * GET.
 * @returns undefined where another proxy tells it, and contradicts itself
 */
export function readOriginal(r: NginxHTTPRequest, mode: Mode): OriginalRequest | undefined {
  const v = r.variables;
  const own = { method: v.request_method || '', uri: v.request_uri || '' };
  return mode === 'forward_auth'
    ? readOriginalRequest(own, readForwarded(r))
    : { method: own.method, uri: own.uri, origin: '' };
}
