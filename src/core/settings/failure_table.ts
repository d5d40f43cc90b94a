// The rows of the table of settings (table.ts) that say how long the gateway waits for an introspection, and what it does
// when there is no answer.
import { type SettingRow, whole } from './setting_row.js';

export const FAILURE_SETTINGS: readonly SettingRow[] = [
  {
    variable: 'phantom_token_introspection_timeout',
    field: 'introspectionTimeoutSec',
    text: 'rest',
    value: whole(10, 1, 60, 'seconds'),
    comment: '10 (seconds)',
    meaning:
      'seconds after which a request whose introspection was lost no longer delays the others with its token; they wait at most one and a half times as long. Below the limit in [`introspection_limits.conf`](authorization_servers/README.md#slow-servers-large-answers), the answer is 500; keep it above `js_fetch_timeout`',
  },
  {
    variable: 'phantom_token_breaker_failures',
    field: 'breakerFailures',
    text: 'rest',
    value: whole(5, 0, 1000, 'failures'),
    comment: '5 (in a row); 0 for never',
    meaning:
      '[failures in a row](operations.md#when-the-authorization-server-fails) after which introspection at this endpoint is suspended; `0` for never',
  },
  {
    variable: 'phantom_token_breaker_delay',
    field: 'breakerDelaySec',
    text: 'rest',
    value: whole(2, 0, 3600, 'seconds'),
    comment: '2 (seconds)',
    meaning: 'seconds of suspension; then one probe at a time',
  },
  {
    variable: 'phantom_token_max_waiting',
    field: 'maxWaiting',
    text: 'rest',
    value: whole(500, 1, 100000, 'requests'),
    comment: '500 (requests that wait for one introspection)',
    meaning: 'requests that may wait for one introspection; further ones get 503',
  },
];
