// A zones file of the operator's own, in which a line is missing.
import {
  type GatewayOptions,
  gatewayTest,
  introspectionLocation,
  protectedRoot,
} from '../support/gateway.js';
import { makeJwt } from '../support/jwt.js';
import { jwt } from '../support/scripted_server.js';

const JWT = makeJwt({ exp: 4102444800 });
const ZONES = ['phantom_token', 'phantom_token_denied', 'phantom_token_locks', 'phantom_token_state'];

/** With a location where no policy is looked at on a hit, and one where it is. */
function without(zone: string): GatewayOptions {
  return {
    zones: (text) => text.replace(new RegExp(`^js_shared_dict_zone zone=${zone}:.*$`, 'm'), ''),
    server: (words) => `
      ${protectedRoot(words)}
      ${protectedRoot(words, 'set $phantom_token_required_scopes read;').replace('location /', 'location /scope')}
      ${introspectionLocation(words)}`,
  };
}

for (const zone of ZONES) {
  gatewayTest(
    `without the zone ${zone}: 500 for every request, the log names it and what to do, nobody is asked (S101)`,
    without(zone),
    async (t, g) => {
      g.as.reply(jwt(JWT));
      for (const path of ['/', '/scope']) {
        t.is((await g.send(path, { token: 'opaque-1' })).status, 500);
        t.is((await g.send(path, { token: 'opaque=malformed' })).status, 500);
        t.is((await g.send(path)).status, 500);
      }
      t.is(g.as.requests.length, 0);
      t.is(g.upstream.requests.length, 0);
      t.deepEqual(new Set(await g.accessLog()), new Set(['500 "" "misconfigured"']));
      const says = `the js_shared_dict_zone ${zone} is not declared: include zones.conf at http level`;
      t.true((await g.nginx.errorLog()).includes(says));
    },
  );
}
