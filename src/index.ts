// What nginx.conf may name: `js_access phantom_token.access;` and so on.
import { client, jwt, subject } from './log_variables.js';
import { metrics } from './metrics.js';
import { access, authorize } from './phantom_token.js';
import { purge } from './purge.js';

export default { access, authorize, purge, metrics, jwt, subject, client };
