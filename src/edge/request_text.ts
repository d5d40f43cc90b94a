// Reads the text of a request (core/settings/request_text.ts). This file is what every hit pays for; what else is read of a
// request: request.ts.
import type { Mode } from '../core/settings/njs_version.js';
import { findPolicy, isPolicyOf, type PolicyText, type RequestText } from '../core/settings/request_text.js';

/** Getting at them costs, so a hit does it once. */
export type Variables = NginxHTTPRequest['variables'];

/** @inline */
export function variablesOf(r: NginxHTTPRequest): Variables {
  return r.variables;
}

/**
 * What nginx says of the request.
 * It is used up: after an internal redirect, a location that inherited js_access or auth_request but set nothing must
 * not be decided by the settings of the one before. In auth_request mode it is emptied here; in the other modes the cache
 * status takes the place of `here` (grant.ts, refuse.ts).
 * @inline
 */
export function readRequest(v: Variables, mode: Mode): RequestText {
  return (mode === 'auth_request' ? takeKeptRequest(v) : v._phantom_request) as RequestText;
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
export function readPolicy(v: Variables, request: RequestText): PolicyText {
  const live = v._phantom_policy as string;
  return isPolicyOf(request, live) ? live : findPolicy(request);
}
