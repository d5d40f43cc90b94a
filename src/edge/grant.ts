// Lets a request through. This file is what every hit pays for; how a request is refused: refuse.ts.
import type { CacheStatus } from '../core/answer/reasons.js';
import { requestsSeries } from '../core/answer/series.js';
import type { Mode } from '../core/settings/njs_version.js';
import { count, mayCount } from './count.js';
import type { Variables } from './request_text.js';

/**
 * Everything before this refuses. In the modes in which another one asks, answer_grant.ts says the rest.
 * @param authorization of the request that goes upstream; '' for none
 */
export function grant(
  r: NginxHTTPRequest,
  v: Variables,
  mode: Mode,
  authorization: string,
  cacheStatus: CacheStatus,
): void {
  v.phantom_token_authorization = authorization;
  v._phantom_state = cacheStatus;
  if (mayCount()) {
    count(requestsSeries(cacheStatus), 1);
  }
  if (mode === 'access') {
    r.decline();
  } else if (mode === 'auth_request') {
    r.return(204);
  }
}
