// What nginx.conf may name: `js_access phantom_token.access;` and so on.

import { access, authorize } from './gateway/hit.js';
import { jwks } from './operator/jwks.js';
import { jwt } from './operator/jwt_variable.js';
import { client, subject } from './operator/log_variables.js';
import { metrics } from './operator/metrics.js';
import { purge } from './operator/purge.js';

export default {
  access,
  authorize,
  jwt,
  // What these call is made when they are called: scripts/cut.ts.
  purge: (r: NginxHTTPRequest) => purge(r),
  metrics: (r: NginxHTTPRequest) => metrics(r),
  jwks: (r: NginxHTTPRequest) => jwks(r),
  subject: (r: NginxHTTPRequest) => subject(r),
  client: (r: NginxHTTPRequest) => client(r),
};
