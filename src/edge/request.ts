// Reads what nginx knows of the request, beside its text (request_text.ts).
import type { RestText } from '../core/settings/location_texts.js';
import type { Mode } from '../core/settings/njs_version.js';

/** The settings that are not in the request's text. */
export function readRest(r: NginxHTTPRequest, mode: Mode): RestText {
  const v = r.variables;
  return ((mode === 'auth_request' ? v._phantom_kept_rest : v._phantom_rest) || '') as RestText;
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
