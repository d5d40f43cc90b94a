// Configurations that a reasonable person writes, and that must not open what they seem to protect.
import { once } from 'node:events';
import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import test from 'ava';
import { httpDefaults, mainContext, NginxError, startNginx } from '../../runtime/nginx_process.js';
import { startFastcgiUpstream } from '../support/fastcgi_upstream.js';
import {
  type ConfigWords,
  type GatewayOptions,
  gatewayTest,
  introspectionLocation,
  protectedRoot,
} from '../support/gateway.js';
import { nextHost } from '../support/hosts.js';
import { makeJwt } from '../support/jwt.js';
import { closeBeforeAnswer, inactive204, jwt, oversized } from '../support/scripted_server.js';
import { SETUPS, type Setup } from '../support/setups.js';
import { startUwsgiUpstream } from '../support/uwsgi_upstream.js';

/** Each answers with its status and `served`. */
const REFUSING_APIS = await Promise.all(
  [401, 403, 500].map(async (status) => ({
    status,
    fastcgi: await startFastcgiUpstream(`${status} Own`),
    uwsgi: await startUwsgiUpstream(`${status} Own`),
    grpc: await startRefusingGrpc(status),
  })),
);
test.after.always('the APIs are stopped', () =>
  Promise.all(
    REFUSING_APIS.flatMap(({ fastcgi, uwsgi, grpc }) => [fastcgi, uwsgi, grpc]).map((api) => api.close()),
  ),
);

async function startRefusingGrpc(status: number): Promise<{ port: number; close(): Promise<void> }> {
  const server = http2.createServer();
  server.on('stream', (stream) => {
    stream.respond({ ':status': status });
    stream.end('served');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

const JWT = makeJwt({ scope: 'read', exp: 4102444800 });
const ON = 'set $phantom_token on; set $phantom_token_introspection_endpoint /introspect;';

interface Bypass {
  readonly title: string;
  readonly path: string;
  readonly method?: string;
  /** A good token is served there, and is in the cache from then on. Default `/`. */
  readonly warmUp?: string;
  /** False where access mode serves nobody: 500. */
  readonly isServedByAccess?: false;
  /** Undefined for none. Default: the good token, which has the scope read. */
  readonly tokens?: readonly (string | undefined)[];
  readonly top?: string;
  readonly locations: (words: ConfigWords) => string;
  /** What is not a clean refusal, in either mode. */
  readonly statuses: readonly number[];
}

const BYPASSES: Bypass[] = [
  {
    title: 'limit_except inside a protected location, with a server that is off',
    path: '/api/x',
    method: 'POST',
    tokens: [undefined],
    top: 'set $phantom_token off;',
    locations: (words) =>
      `location /api/ { ${ON} ${words.protect} limit_except GET { deny 10.0.0.0/8; } proxy_pass ${words.upstreamUrl}; }`,
    statuses: [500],
  },
  {
    title: 'limit_except inside a location that requires more than its server',
    path: '/api/x',
    method: 'POST',
    top: ON,
    locations: (words) =>
      `location /api/ { set $phantom_token_required_scopes admin; ${words.protect} limit_except GET { deny 10.0.0.0/8; } proxy_pass ${words.upstreamUrl}; }`,
    statuses: [500],
  },
  {
    title: 'a nested location without the include, with a server that is off (S84)',
    path: '/api/n/x',
    top: 'set $phantom_token off;',
    locations: (words) =>
      `location /api/ { ${ON} ${words.protect} proxy_pass ${words.upstreamUrl}; location /api/n/ { proxy_pass ${words.upstreamUrl}; } }`,
    statuses: [500],
  },
  {
    title: 'a nested location without the include, in a location that requires more than its server (S84)',
    path: '/api/n/x',
    top: ON,
    locations: (words) =>
      `location /api/ { set $phantom_token_required_scopes admin; ${words.protect} proxy_pass ${words.upstreamUrl}; location /api/n/ { proxy_pass ${words.upstreamUrl}; } }`,
    statuses: [500],
  },
  {
    title: 'a nested location with settings and headers of its own, but without the include',
    path: '/api/n/x',
    locations: (words) =>
      `location /api/ { ${ON} ${words.protect} proxy_pass ${words.upstreamUrl}; location /api/n/ { ${ON} proxy_set_header X-A b; proxy_pass ${words.upstreamUrl}; } }`,
    statuses: [500],
  },
  {
    title: 'a rewrite that breaks off the settings',
    path: '/api/x',
    locations: (words) =>
      `location /api/ { ${ON} rewrite ^/api/(.*)$ /$1 break; set $phantom_token_required_scopes admin; ${words.protect} proxy_pass ${words.upstreamUrl}; }`,
    statuses: [500],
  },
  {
    title: 'a line break in a setting that comes from the path, to imitate "no policy" (S57)',
    path: '/tenant/%0A%0A%0A%0A%0Aacme/x',
    locations: (words) =>
      `location ~ ^/tenant/(?<tenant>[^/]+)/ { ${ON} set $phantom_token_audience $tenant; ${words.protect} proxy_pass ${words.upstreamUrl}; }`,
    statuses: [500],
  },
  {
    title: 'line breaks in a setting that comes from the path, to push the audience out of the policy (S57)',
    path: '/scope/read%0A%0A%0A%0A/x',
    locations: (words) =>
      `location ~ ^/scope/(?<wanted>[^/]+)/ { ${ON} set $phantom_token_required_scopes $wanted; set $phantom_token_audience other; ${words.protect} proxy_pass ${words.upstreamUrl}; }`,
    statuses: [500],
  },
  ...[
    ['an SPA fallback of the server', 'rewrite ^/(?!api/|introspect|index) /index.html last;'],
    ['an `if` of the server that answers 204', 'if ($uri !~ ^/(api|introspect)) { return 204; }'],
    [
      'an error_page of the server that turns failures into 200',
      'error_page 401 403 404 413 500 502 =200 /public; location = /public { return 200 public; }',
    ],
    [
      'proxy_intercept_errors of the server',
      'proxy_intercept_errors on; error_page 401 =200 /public; location = /public { return 200 public; }',
    ],
  ].map(([title = '', top = '']) => ({
    title,
    path: '/api/x?key=1',
    warmUp: '/api/x?key=1', // whatever the server answers elsewhere
    tokens: [undefined, 'opaque-bad'],
    top,
    locations: (words: ConfigWords) =>
      `location /api/ { ${ON} ${words.protect} proxy_pass ${words.upstreamUrl}; }`,
    statuses: [401],
  })),
  {
    title: 'an `if` of the server on an argument, which answers the question of access mode as well',
    path: '/api/x?key=1',
    warmUp: '/api/x?key=1',
    isServedByAccess: false,
    tokens: [undefined, 'opaque-bad'],
    top: 'if ($arg_key = "") { return 204; }',
    locations: (words: ConfigWords) =>
      `location /api/ { ${ON} ${words.protect} proxy_pass ${words.upstreamUrl}; }`,
    statuses: [401, 500],
  },
];

function optionsOf({ top = '', locations }: Bypass): GatewayOptions {
  return {
    serverTop: top,
    server: (words) => `
      location / { ${ON} ${words.protect} proxy_pass ${words.upstreamUrl}; }
      ${locations(words)}
      ${introspectionLocation(words)}`,
  };
}

for (const bypass of BYPASSES) {
  gatewayTest(`${bypass.title}: closed`, optionsOf(bypass), async (t, g) => {
    g.as.reply(({ form }) => (form.token === 'opaque-1' ? jwt(JWT) : inactive204()));
    // The token is in the cache, so that a hit cannot slip by either.
    const isServed = g.setup.mode === 'auth_request' || bypass.isServedByAccess !== false;
    const warmUp = await g.send(bypass.warmUp ?? '/', { token: 'opaque-1' });
    t.is(warmUp.status, isServed ? 200 : 500);
    t.is(g.upstream.requests.length, isServed ? 1 : 0);
    for (const token of bypass.tokens ?? ['opaque-1']) {
      const method = bypass.method ?? 'GET';
      const answer = await g.send(bypass.path, { method, ...(token !== undefined && { token }) });
      t.true(bypass.statuses.includes(answer.status), `${token}: ${answer.status}`);
    }
    t.is(g.upstream.requests.length, isServed ? 1 : 0);
  });
}

gatewayTest(
  'a partition with line breaks, which comes from the path, makes no record that passes for the rest of a policy: closed (S57, S59)',
  {
    server: (words) => `
      location ~ ^/tenant/(?<tenant>[^/]+)/ {
        ${ON}
        set $phantom_token_partition $tenant;
        ${words.protect}
        proxy_pass ${words.upstreamUrl};
      }
      location ~ ^/audience/(?<wanted>[^/]+)/ {
        ${ON}
        set $phantom_token_audience $wanted;
        set $phantom_token_issuer other;
        set $phantom_token_partition own;
        ${words.protect}
        proxy_pass ${words.upstreamUrl};
      }
      ${introspectionLocation(words)}`,
  },
  async (t, g) => {
    g.as.reply(jwt(JWT));
    t.is((await g.send('/tenant/other%0A%0A%0Aown/x', { token: 'opaque-1' })).status, 500);
    t.is((await g.send('/audience/%0A%0A%0A/x', { token: 'opaque-1' })).status, 500);
    t.is(g.upstream.requests.length, 0);
  },
);

gatewayTest(
  'X-Accel-Redirect from a location that is off into one that only inherits access control: closed (S92)',
  {
    server: (words) => `
      location /off { set $phantom_token off; ${words.protect} proxy_pass ${words.upstreamUrl}; }
      location /api/ {
        ${ON}
        ${words.protect}
        proxy_pass ${words.upstreamUrl};
        location /api/n/ { proxy_pass ${words.upstreamUrl}; }
      }
      ${introspectionLocation(words)}`,
  },
  async (t, g) => {
    g.upstream.answer = () => ({ headers: { 'x-accel-redirect': '/api/n/x' } });
    t.is((await g.send('/off')).status, 500);
    t.is(g.upstream.requests.length, 1);
  },
);

gatewayTest(
  'a server of auth_request mode without server.conf is closed, whatever else it answers',
  {
    http: (words) => `
      server {
        listen ${words.otherPort};
        ${protectedRoot(words)}
        ${words.mode === 'access' ? introspectionLocation(words) : ''}
        location = /_phantom_token_authorize { return 204; }
        location @phantom_token_401 { return 401; }
        location @phantom_token_403 { return 403; }
        location @phantom_token_500 { return 500; }
      }`,
  },
  async (t, g) => {
    const answer = await g.send('/', { url: `http://${g.words.otherPort}` });
    t.is(answer.status, g.setup.mode === 'access' ? 401 : 500);
    t.is(g.upstream.requests.length, 0);
  },
);

gatewayTest(
  "the question to a silent server does not go to the server's error page, which may proxy (S107)",
  {
    serverTop: 'error_page 502 503 504 = @maintenance;',
    server: (words) => `
      ${protectedRoot(words)}
      location @maintenance { proxy_pass ${words.upstreamUrl}; }
      ${introspectionLocation(words)}`,
  },
  async (t, g) => {
    g.as.reply(closeBeforeAnswer());
    t.is((await g.send('/', { token: 'opaque-1' })).status, 502);
    t.is(g.upstream.requests.length, 0);
  },
);

gatewayTest(
  "an upstream cannot use the gateway's credentials by X-Accel-Redirect to the introspection location (S95)",
  async (t, g) => {
    g.as.reply(jwt(JWT));
    g.upstream.answer = () => ({ headers: { 'x-accel-redirect': '/introspect' } });
    const answer = await g.send('/', { token: 'opaque-1', method: 'POST', body: 'token=opaque-2' });
    t.is(answer.status, 404);
    t.notRegex(answer.body, /eyJ/);
    t.is(g.as.requests.length, 1);
  },
);

gatewayTest(
  "an API's own 401, 403 and 500 pass through as they are, also where the server intercepts errors",
  { serverTop: 'proxy_intercept_errors on;' },
  async (t, g) => {
    g.as.reply(jwt(JWT));
    for (const status of [401, 403, 500]) {
      g.upstream.answer = () => ({ status, headers: { 'x-own': 'yes' }, body: `own ${status}` });
      const answer = await g.send('/', { token: 'opaque-1' });
      t.is(answer.status, status);
      t.is(answer.body, `own ${status}`);
      t.is(answer.headers['x-own'], 'yes');
    }
  },
);

for (const { status, fastcgi, uwsgi, grpc } of REFUSING_APIS) {
  gatewayTest(
    `a ${status} of a FastCGI, uwsgi or gRPC API passes through as it is, also where the server intercepts errors`,
    {
      serverTop: 'fastcgi_intercept_errors on; uwsgi_intercept_errors on; grpc_intercept_errors on;',
      server: (words) => `
        location /fastcgi { ${ON} ${words.protect} fastcgi_pass 127.0.0.1:${fastcgi.port}; }
        location /uwsgi { ${ON} ${words.protect} uwsgi_pass 127.0.0.1:${uwsgi.port}; }
        location /grpc { ${ON} ${words.protect} grpc_pass grpc://127.0.0.1:${grpc.port}; }
        ${introspectionLocation(words)}`,
    },
    async (t, g) => {
      g.as.reply(jwt(JWT));
      for (const path of ['/fastcgi', '/uwsgi', '/grpc']) {
        const answer = await g.send(path, { token: 'opaque-1' });
        t.is(answer.status, status, path);
        t.is(answer.body, 'served', path);
      }
    },
  );
}

gatewayTest(
  'a location with the TTL 0 asks each time, and one with a shorter TTL takes no older record, whoever stored it',
  {
    server: (words) => `
      ${protectedRoot(words, 'set $phantom_token_cache_ttl 300;')}
      location /fresh { ${ON} set $phantom_token_cache_ttl 0; ${words.protect} proxy_pass ${words.upstreamUrl}; }
      ${introspectionLocation(words)}`,
  },
  async (t, g) => {
    g.as.reply(jwt(JWT));
    await g.send('/', { token: 'opaque-1' });
    t.is((await g.send('/fresh', { token: 'opaque-1' })).status, 200);
    t.is((await g.send('/fresh', { headers: { authorization: 'bearer  opaque-1' } })).status, 200);
    t.is(g.as.requests.length, 3);
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
    t.is(g.as.requests.length, 3);
  },
);

for (const bytes of [300000, 2000000]) {
  gatewayTest(
    `an answer of ${bytes} bytes ends the request at once, and opens nothing (S38)`,
    async (t, g) => {
      g.as.reply(oversized(bytes), jwt(JWT));
      await t.throwsAsync(g.send('/', { token: 'opaque-1' }), { message: /other side closed/ });
      t.is(g.upstream.requests.length, 0);
      t.is((await g.send('/', { token: 'opaque-2' })).status, 200);
    },
  );
}

gatewayTest(
  'a control character in an audience that comes from the path is refused on a hit as on a miss (S52, S57)',
  {
    http: () => 'map $uri $of_path { "~^/audience/(?<audience>.*)$" $audience; }',
    server: (words) => `
      location /audience/ { ${ON} set $phantom_token_audience $of_path; ${words.protect} proxy_pass ${words.upstreamUrl}; }
      ${protectedRoot(words)}
      ${introspectionLocation(words)}`,
  },
  async (t, g) => {
    g.as.reply(jwt(makeJwt({ aud: ['a', 'b'], exp: 4102444800 })));
    const path = '/audience/a%0Cb'; // a form feed, which separates two audiences in a record
    t.is((await g.send(path, { token: 'opaque-1' })).status, 500, 'a miss');
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
    t.is((await g.send(path, { token: 'opaque-1' })).status, 500, 'a hit');
    t.is((await g.send('/audience/a', { token: 'opaque-1' })).status, 200);
    t.is(g.upstream.requests.length, 2);
  },
);

/** A whole configuration whose protect.conf is at server level, or in a location. */
function confWithProtect({ runtime, mode, zones }: Setup, place: 'server' | 'location'): string {
  const snippets = new URL('../../nginx/', import.meta.url).pathname;
  const folder = mode === 'access' ? snippets : `${snippets}auth_request/`;
  const protect = `${ON} include ${folder}protect.conf;`;
  return `
    ${mainContext(runtime)}
    events {}
    http {
      ${httpDefaults()}
      js_path ${snippets}../dist;
      include ${snippets}${zones};
      include ${snippets}http.conf;
      server {
        listen ${nextHost()}:8080;
        ${mode === 'auth_request' ? `include ${folder}server.conf;` : ''}
        ${place === 'server' ? protect : ''}
        location / {
          ${place === 'location' ? protect : ''}
          proxy_set_header X-Own own;
          return 204;
        }
      }
    }`;
}

for (const setup of SETUPS) {
  test(`[${setup.name}] protect.conf in a server, whose locations would send the opaque token on with one proxy_set_header of their own: nginx does not start (S107)`, async (t) => {
    const { runtime } = setup;
    const error = await t.throwsAsync(startNginx({ runtime, conf: confWithProtect(setup, 'server') }), {
      instanceOf: NginxError,
    });
    const directive = setup.mode === 'access' ? 'js_access' : 'expires';
    t.regex(error.message, new RegExp(`"${directive}" directive is not allowed here in \\S*protect\\.conf:`));
    const nginx = await startNginx({ runtime, conf: confWithProtect(setup, 'location') });
    await nginx.stop();
  });
}

gatewayTest(
  'what makes nginx refuse protect.conf in a server changes no answer: `expires` of the server, and what the API says, stay',
  { serverTop: 'expires 1h;' },
  async (t, g) => {
    g.as.reply(jwt(JWT));
    g.upstream.answer = () => ({ headers: { etag: '"1"' } });
    const answer = await g.send('/', { token: 'opaque-1' });
    t.is(answer.status, 200);
    t.is(answer.headers['cache-control'], 'max-age=3600');
    t.is(answer.headers.etag, '"1"');
    t.not(answer.headers.expires, undefined);
  },
);

gatewayTest(
  "the same where no `expires` stands: the API's own Expires and Cache-Control pass, and none is added",
  async (t, g) => {
    g.as.reply(jwt(JWT));
    g.upstream.answer = () => ({
      headers: { expires: 'Thu, 01 Dec 1994 16:00:00 GMT', 'cache-control': 'private' },
    });
    const given = await g.send('/', { token: 'opaque-1' });
    t.is(given.headers.expires, 'Thu, 01 Dec 1994 16:00:00 GMT');
    t.is(given.headers['cache-control'], 'private');
    g.upstream.answer = () => ({});
    const none = await g.send('/', { token: 'opaque-1' });
    t.is(none.headers.expires, undefined);
    t.is(none.headers['cache-control'], undefined);
  },
);

for (const state of ['asked', 'checking', 'answered']) {
  gatewayTest(
    `a subrequest of the script's own that is sent to a protected location goes no further: ${state} (S92)`,
    { serverTop: `set $_phantom_introspection ${state};` },
    async (t, g) => {
      g.as.reply(jwt(JWT));
      t.is((await g.send('/', { token: 'opaque-1' })).status, 404);
      t.is(g.upstream.requests.length, 0);
    },
  );
}
