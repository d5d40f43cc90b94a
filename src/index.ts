// What nginx.conf may name: `js_access phantom_token.access;` and so on.
import { access, authorize, jwt } from './phantom_token.js';

export default { access, authorize, jwt };
