// Reads what nginx knows of the request.
import { findPolicy, isPolicyOf } from '../core/location.js';
import type { Mode } from '../core/njs_version.js';
import { isPreflight } from '../core/preflight.js';

/**
 * What nginx says of the request, as one text: core/location.ts.
 * What is read is used up: after an internal redirect, a location that inherited js_access or auth_request but set
 * nothing must not be decided by the settings of the one before.
 * In auth_request mode the texts were made in the protected location before the subrequest: nginx runs the
 * server's own `set` lines again in every subrequest, so there the variables may have lost the location's values.
 */
export function readRequest(r: NginxHTTPRequest, mode: Mode): string {
  const v = r.variables;
  if (mode === 'access') {
    const live = v.phantom_request;
    v.phantom_here = '';
    return live as string;
  }
  const kept = v.phantom_kept_request;
  v.phantom_kept_request = '';
  return kept as string;
}

/**
 * The five lines of policy in a request's text: core/location.ts. nginx has them on their own, which spares a search;
 * in auth_request mode those may be the server's (see {@link readRequest}), and then the text is right.
 */
export function readPolicy(r: NginxHTTPRequest, request: string): string {
  const live = r.variables.phantom_policy as string;
  return isPolicyOf(request, live) ? live : findPolicy(request);
}

/** The settings that are not in the request's text: settingTextsOf of core/location.ts. */
export function readRest(r: NginxHTTPRequest, mode: Mode): string {
  const v = r.variables;
  return text(mode === 'access' ? v.phantom_rest : v.phantom_kept_rest);
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
