// Answers a CORS preflight in place of the API.
import { requestsSeries } from '../core/answer/series.js';
import type { Mode } from '../core/settings/njs_version.js';
import { count } from './count.js';

/** 204, with whatever headers the operator adds to this location. */
export function answerPreflight(r: NginxHTTPRequest, mode: Mode): void {
  const v = r.variables;
  v.phantom_token_authorization = '';
  v._phantom_state = 'BYPASS';
  count(requestsSeries('BYPASS'), 1);
  if (mode !== 'auth_request') {
    r.return(204);
  } else {
    v._phantom_status = '204';
    r.return(401, ''); // auth_request takes 204 for a permission: see answerThroughErrorPage of refuse.ts
  }
}
