// What nginx.conf may name: `js_access phantom_token.access;` and so on.
import { client, jwt, subject } from './log_variables.js';
import { metrics } from './metrics.js';
import { access, authorize } from './phantom_token.js';
import { purge } from './purge.js';

export default {
  access,
  authorize,
  // What these call is made when they are called: scripts/parts.mjs.
  purge: (r: NginxHTTPRequest) => purge(r),
  metrics: (r: NginxHTTPRequest) => metrics(r),
  jwt: (r: NginxHTTPRequest) => jwt(r),
  subject: (r: NginxHTTPRequest) => subject(r),
  client: (r: NginxHTTPRequest) => client(r),
};
