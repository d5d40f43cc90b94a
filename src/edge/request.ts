// Reads what nginx knows of the request.
import type { Mode } from '../core/njs_version.js';
import { isPreflight } from '../core/preflight.js';

/** One request as texts that nginx joined: see nginx/http.conf. */
export interface RequestFacts {
  /** All settings of the location, one a line: core/settings.ts. */
  readonly settings: string;
  /** Server, endpoint, what else forms the answer, and credential, one a line: core/cache_key.ts. */
  readonly lookup: string;
}

/**
 * What is read is used up: after an internal redirect, a location that inherited js_access or auth_request but set
 * nothing must not be decided by the settings of the one before.
 * In auth_request mode the texts were made in the protected location before the subrequest: nginx runs the
 * server's own `set` lines again in every subrequest, so there the variables may have lost the location's values.
 */
export function readRequest(r: NginxHTTPRequest, mode: Mode): RequestFacts {
  const v = r.variables;
  if (mode === 'access') {
    const live = { settings: text(v.phantom_settings), lookup: text(v.phantom_lookup) };
    v.phantom_here = '';
    return live;
  }
  const kept = { settings: text(v.phantom_kept_settings), lookup: text(v.phantom_kept_lookup) };
  v.phantom_kept_settings = '';
  return kept;
}

/** The client settings of the location, one a line: core/client_settings.ts. */
export function readClientLines(r: NginxHTTPRequest, mode: Mode): string {
  const v = r.variables;
  return text(mode === 'access' ? v.phantom_client : v.phantom_kept_client);
}

/** The client's own Authorization header; '' for none. */
export function readAuthorization(r: NginxHTTPRequest): string {
  return text(r.variables.http_authorization);
}

/** Whether the client sent a CORS preflight. Its method is a variable: an auth_request subrequest is always GET. */
export function readsAsPreflight(r: NginxHTTPRequest): boolean {
  const v = r.variables;
  return isPreflight(text(v.request_method), text(v.http_origin), text(v.http_access_control_request_method));
}

/** The request's body; '' when nginx had to put it into a file, which no token needs. */
export function readFormBody(r: NginxHTTPRequest): string {
  try {
    return text(r.requestText);
  } catch (_inFile) {
    return '';
  }
}

function text(value: string | undefined): string {
  return value === undefined ? '' : value;
}
