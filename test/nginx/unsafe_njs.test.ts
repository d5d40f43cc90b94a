// The script on a version of njs that it must not work on. nginx tells the script its version by njs.version_number.
import { replaceOnce, runningScript, SHIPPED_SCRIPT } from '../support/altered_script.js';
import {
  type GatewayOptions,
  gatewayTest,
  introspectionLocation,
  protectedRoot,
} from '../support/gateway.js';
import { makeJwt } from '../support/jwt.js';
import { jwt } from '../support/scripted_server.js';

const JWT = makeJwt({ exp: 4102444800 });
const CREDENTIALS =
  'set $phantom_token_client_id gateway-client; set $phantom_token_client_secret gateway-secret;';

/** A gateway that takes its njs for this version, with a location as endpoint at `/` and a URL at `/url`. */
function onNjs(version: string): GatewayOptions {
  return {
    ...runningScript(SHIPPED_SCRIPT.replaceAll('njs.version_number', version)),
    server: (words) => `
      ${protectedRoot(words)}
      ${protectedRoot(words, CREDENTIALS)
        .replace('location /', 'location /url')
        .replace('/introspect;', `${words.introspectionUrl};`)}
      ${introspectionLocation(words)}`,
  };
}

gatewayTest(
  'js_access of njs 1.0.0, which lets through what fails early: 500 for every token, nobody is asked (njs CHANGES 1.0.1)',
  onNjs('0x010000'),
  async (t, g) => {
    g.as.reply(jwt(JWT));
    const isAccess = g.setup.mode === 'access';
    t.is((await g.send('/', { token: 'opaque-1' })).status, isAccess ? 500 : 200);
    t.is(g.as.requests.length, isAccess ? 0 : 1);
    t.is((await g.nginx.errorLog()).includes('misconfigured: js_access needs njs 1.0.1'), isAccess);
  },
);

gatewayTest(
  'njs 0.9.5, which crashes when a client hangs up during a subrequest: 500 with a location, served with a URL in auth_request mode (nginx/njs#1077, S115)',
  {
    ...onNjs('0x000905'),
    zones: (text) => text.replace('with_evict', 'without_evict').replaceAll(' evict;', ';'),
  },
  async (t, g) => {
    g.as.reply(jwt(JWT));
    t.is((await g.send('/', { token: 'opaque-1' })).status, 500);
    t.is(g.as.requests.length, 0);
    t.regex(await g.nginx.errorLog(), /misconfigured: (js_access needs|njs 0\.9\.5 to 0\.9\.9 crash)/);
    t.is((await g.send('/url', { token: 'opaque-1' })).status, g.setup.mode === 'access' ? 500 : 200);
  },
);

gatewayTest(
  'QuickJS of njs 0.9.0, which cannot fetch: 500 with a URL, served with a location in auth_request mode (njs CHANGES 0.9.1)',
  {
    ...onNjs('0x000900'),
    zones: (text) => text.replace('with_evict', 'without_evict').replaceAll(' evict;', ';'),
  },
  async (t, g) => {
    g.as.reply(jwt(JWT));
    const isQuickJs = g.setup.engine === 'qjs';
    const isAccess = g.setup.mode === 'access';
    t.is((await g.send('/url', { token: 'opaque-1' })).status, isQuickJs || isAccess ? 500 : 200);
    t.is((await g.send('/', { token: 'opaque-1' })).status, isAccess ? 500 : 200);
    t.is((await g.nginx.errorLog()).includes('QuickJS of njs below 0.9.1'), isQuickJs && !isAccess);
  },
);

gatewayTest(
  'zones that evict on njs 0.9.6, where they crash workers: 500, and nothing is written (S79)',
  { ...onNjs('0x000906'), zones: (text) => text.replace('without_evict', 'with_evict') },
  async (t, g) => {
    g.as.reply(jwt(JWT));
    const url = g.setup.mode === 'access' ? '/' : '/url';
    t.is((await g.send(url, { token: 'opaque-1' })).status, 500);
    t.is(g.as.requests.length, 0);
    const says = g.setup.mode === 'access' ? 'js_access needs njs 1.0.1' : 'include zones_njs_0.8.conf';
    t.true((await g.nginx.errorLog()).includes(says));
  },
);

gatewayTest(
  'a cached token in an unusual spelling is 500 as well, where this njs is not safe',
  runningScript(
    replaceOnce(
      SHIPPED_SCRIPT,
      'findUnsafeNjs(njs.version_number, njs.engine, mode, isUrl)',
      '(r.headersIn["X-Unsafe"] ? "unsafe" : undefined)',
    ),
  ),
  async (t, g) => {
    g.as.reply(jwt(makeJwt({ exp: 4102444800 })));
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
    const headers = { authorization: 'bearer opaque-1', 'x-unsafe': '1' };
    t.is((await g.send('/', { headers })).status, 500);
  },
);
