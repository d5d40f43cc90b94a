// Reads what nginx knows of the request, beside its text (request_text.ts).
import { isPreflight } from '../core/request/preflight.js';
import type { RestText } from '../core/settings/location_texts.js';
import type { Mode } from '../core/settings/njs_version.js';

/** The settings that are not in the request's text. */
export function readRest(r: NginxHTTPRequest, mode: Mode): RestText {
  const v = r.variables;
  return ((mode === 'access' ? v._phantom_rest : v._phantom_kept_rest) || '') as RestText;
}

/** The client's own Authorization header; '' for none. */
export function readAuthorization(r: NginxHTTPRequest): string {
  return r.variables.http_authorization || '';
}

/** `$server_protocol`, such as `HTTP/1.1`; the subrequest of auth_request has its main request's. */
export function readProtocol(r: NginxHTTPRequest): string {
  return r.variables.server_protocol || '';
}

/**
 * `$connection`, the number that nginx gives to a connection, of all workers.
 * @inline
 */
export function readConnection(r: NginxHTTPRequest): string {
  return r.variables.connection || '';
}

/** Whether the client sent a CORS preflight. Its method is a variable: an auth_request subrequest is always GET. */
export function readsAsPreflight(r: NginxHTTPRequest): boolean {
  const v = r.variables;
  return isPreflight(v.request_method || '', v.http_origin || '', v.http_access_control_request_method || '');
}

/** The request's body; '' when nginx had to put it into a file, which no token needs. */
export function readFormBody(r: NginxHTTPRequest): string {
  try {
    return r.requestText || '';
  } catch (_inFile) {
    return '';
  }
}
