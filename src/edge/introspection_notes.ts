// What is told of an introspection: a variable, figures, and lines of the error log when something has no room.
import { introspectionsSeries, uncachedSeries } from '../core/answer/series.js';
import { count, mayCount } from './count.js';
import { countDuration } from './counters.js';
import { isFirstInMinute } from './zones.js';

/** @param result `active`, or a reason code. The variable has seconds with milliseconds, as $upstream_response_time. */
export function noteIntrospection(r: NginxHTTPRequest, result: string, tookMs: number): void {
  r.variables.phantom_token_introspection_time = `${Math.floor(tookMs / 1000)}.${String(1000 + (tookMs % 1000)).slice(1)}`;
  if (mayCount()) {
    count(introspectionsSeries(result), 1);
    countDuration(tookMs);
  }
}

/** Why an active token was not stored. */
export type Uncached = 'full' | 'too_large' | 'too_many';

/** An active token could not be stored. One line a minute: it happens again with each request. */
export function noteUncached(r: NginxHTTPRequest, cause: Uncached): void {
  count(uncachedSeries(cause), 1);
  if (isFirstInMinute(cause)) {
    r.warn(`phantom_token: tokens are served uncached: ${adviceFor(cause)}`);
  }
}

function adviceFor(cause: Uncached): string {
  switch (cause) {
    case 'full':
      return 'the zone phantom_token is full: enlarge it in zones.conf';
    case 'too_large':
      return 'a record is over 64 kB';
    case 'too_many':
      return 'over 256 combinations of client id, form fields and the like at one endpoint: give each tenant a $phantom_token_partition';
  }
}

/** There was no room for a lock, so requests with one new token ask each for themselves. One line a minute. */
export function noteNoRoom(r: NginxHTTPRequest): void {
  if (isFirstInMinute('locks')) {
    r.warn(
      'phantom_token: requests with one token each ask the authorization server: the zone phantom_token_locks is full: enlarge it in zones.conf',
    );
  }
}
