// Reads what nginx knows of the request.
import { type Place, readPathHead } from '../core/answer/failure_line.js';
import { isPreflight } from '../core/request/preflight.js';
import type { Mode } from '../core/settings/njs_version.js';
import { findPolicy, isPolicyOf } from '../core/settings/request_text.js';

/** Getting at them costs, so a hit does it once. */
export type Variables = NginxHTTPRequest['variables'];

export function variablesOf(r: NginxHTTPRequest): Variables {
  return r.variables;
}

/**
 * What nginx says of the request, as one text: core/settings/request_text.ts.
 * It is used up: after an internal redirect, a location that inherited js_access or auth_request but set nothing must
 * not be decided by the settings of the one before. In access mode the cache status takes the place of `here`
 * (respond.ts), in auth_request mode it is emptied here.
 */
export function readRequest(v: Variables, mode: Mode): string {
  return (mode === 'access' ? v._phantom_request : takeKeptRequest(v)) as string;
}

/**
 * Made in the protected location before the subrequest: nginx runs the server's own `set` lines again in every
 * subrequest, so there the variables may have lost the location's values.
 */
function takeKeptRequest(v: Variables): string | undefined {
  const kept = v._phantom_kept_request;
  v._phantom_kept_request = '';
  return kept;
}

/**
 * The five lines of policy in a request's text. nginx has them on their own, which spares a search; in auth_request
 * mode those may be the server's (see {@link takeKeptRequest}), and then the text is right.
 */
export function readPolicy(v: Variables, request: string): string {
  const live = v._phantom_policy as string;
  return isPolicyOf(request, live) ? live : findPolicy(request);
}

/** The settings that are not in the request's text: takeApart of core/settings/request_text.ts. */
export function readRest(r: NginxHTTPRequest, mode: Mode): string {
  const v = r.variables;
  return text(mode === 'access' ? v._phantom_rest : v._phantom_kept_rest);
}

/** The client's own Authorization header; '' for none. */
export function readAuthorization(r: NginxHTTPRequest): string {
  return text(r.variables.http_authorization);
}

/** `$server_protocol`, such as `HTTP/1.1`; the subrequest of auth_request has its main request's. */
export function readProtocol(r: NginxHTTPRequest): string {
  return text(r.variables.server_protocol);
}

/** Whether the client sent a CORS preflight. Its method is a variable: an auth_request subrequest is always GET. */
export function readsAsPreflight(r: NginxHTTPRequest): boolean {
  const v = r.variables;
  return isPreflight(text(v.request_method), text(v.http_origin), text(v.http_access_control_request_method));
}

/** @param endpoint of the location's settings; '' while it is not known */
export function readPlace(r: NginxHTTPRequest, endpoint: string): Place {
  const v = r.variables;
  return {
    serverName: text(v.server_name),
    serverAddress: text(v.server_addr),
    serverPort: text(v.server_port),
    endpoint,
    pathHead: readPathHead(text(v.request_uri), text(v.phantom_token_input)),
  };
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
