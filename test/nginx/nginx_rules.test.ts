// How nginx's own rules apply to the gateway's lines, as the README, docs/nginx_rules.md and docs/auth_request.md
// describe it. Some of these rules are not desirable; when a test fails here, a page has to change.
import { once } from 'node:events';
import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import test from 'ava';
import { startFastcgiUpstream } from '../support/fastcgi_upstream.js';
import { type ConfigWords, type Gateway, gatewayTest, introspectionLocation } from '../support/gateway.js';
import { makeJwt } from '../support/jwt.js';
import { pathsReadInTwoWays } from '../support/pages.js';
import { connectRaw } from '../support/raw_client.js';
import { startScgiUpstream } from '../support/scgi_upstream.js';
import { closeBeforeAnswer, inactive204, jwt, type Reply } from '../support/scripted_server.js';
import { startUwsgiUpstream } from '../support/uwsgi_upstream.js';

/** An application of each protocol, for all gateways of this file, which their param GATEWAY tells apart. */
const APPLICATIONS = [
  { protocol: 'fastcgi', api: await startFastcgiUpstream() },
  { protocol: 'uwsgi', api: await startUwsgiUpstream() },
  { protocol: 'scgi', api: await startScgiUpstream() },
];

/** By the address of the gateway. */
const grpcHeaders = new Map<string, [string, string][]>();
const grpcServer = http2.createServer();
grpcServer.on(
  'stream',
  (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders, _flags: number, raw: string[]) => {
    const pairs = raw.flatMap<[string, string]>((name, i) => (i % 2 === 0 ? [[name, raw[i + 1] ?? '']] : []));
    grpcHeaders.set(String(headers['x-gateway']), pairs);
    stream.respond({ ':status': 200 });
    stream.end();
  },
);
grpcServer.listen(0, '127.0.0.1');
await once(grpcServer, 'listening');
const grpcPort = (grpcServer.address() as AddressInfo).port;

const ENDPOINT = 'set $phantom_token_introspection_endpoint /introspect;';
const ON = `set $phantom_token on; ${ENDPOINT}`;

/** Two tokens are active: `opaque-read`, with the scope read, and `opaque-refund`, with read and refund. */
const reply: Reply = ({ form }) => {
  const scope = { 'opaque-read': 'read', 'opaque-refund': 'read refund' }[form.token ?? ''];
  return scope === undefined ? inactive204() : jwt(makeJwt({ scope, sub: form.token, exp: 4102444800 }));
};

function proxied(words: ConfigWords, path: string, lines = ''): string {
  return `location ${path} { ${lines} proxy_pass ${words.upstreamUrl}; }`;
}

function protectedBy(words: ConfigWords, path: string, settings = '', lines = ''): string {
  return proxied(words, path, `${ON} ${settings} ${words.protect} ${lines}`);
}

async function statusesOf(g: Gateway, path: string, tokens: (string | undefined)[]): Promise<number[]> {
  const statuses: number[] = [];
  for (const token of tokens) {
    statuses.push((await g.send(path, { ...(token !== undefined && { token }) })).status);
  }
  return statuses;
}

// What the include protects

gatewayTest(
  '`set $phantom_token on` protects nothing without the include, neither in a server nor in a location (S84)',
  {
    serverTop: ON,
    server: (words) => proxied(words, '/') + proxied(words, '/own/', ON) + introspectionLocation(words),
  },
  async (t, g) => {
    t.deepEqual(await statusesOf(g, '/', [undefined, 'opaque-bad']), [200, 200]);
    t.deepEqual(await statusesOf(g, '/own/', [undefined, 'opaque-bad']), [200, 200]);
    t.is(g.as.requests.length, 0);
  },
);

gatewayTest(
  'the target of try_files, error_page or X-Accel-Redirect is open without an include of its own, and closed with one',
  {
    server: (words) =>
      ['open', 'closed']
        .map(
          (target) => `
            location /files/${target}/ { try_files /none /${target}; }
            location /failing/${target}/ { error_page 404 = /${target}; return 404; }
            ${proxied(words, `/redirecting/${target}/`)}`,
        )
        .join('') +
      proxied(words, '= /open') +
      protectedBy(words, '= /closed') +
      introspectionLocation(words),
  },
  async (t, g) => {
    for (const [target, status] of [
      ['open', 200],
      ['closed', 401],
    ] as const) {
      g.upstream.answer = ({ url }) =>
        url.startsWith('/redirecting/') ? { headers: { 'x-accel-redirect': `/${target}` } } : {};
      for (const from of ['files', 'failing', 'redirecting']) {
        t.is((await g.send(`/${from}/${target}/`)).status, status, `${from}, ${target}`);
      }
    }
  },
);

gatewayTest(
  '`return` and `rewrite` run before access control: what they answer needs no token (S83)',
  {
    server: (words) =>
      protectedBy(words, '/return', '', 'return 200 everybody;') +
      protectedBy(words, '/rewrite', '', 'rewrite ^ /elsewhere permanent;') +
      introspectionLocation(words),
  },
  async (t, g) => {
    const answer = await g.send('/return');
    t.is(answer.status, 200);
    t.is(answer.body, 'everybody');
    t.is((await g.send('/rewrite')).status, 301);
  },
);

gatewayTest(
  'a subrequest of SSI or mirror is not checked: it reaches the API without Authorization, although the location has the include (S91)',
  {
    server: (words) => `
      location /page { ssi on; default_type text/html; return 200 '<!--#include virtual="/api/ssi" -->'; }
      ${proxied(words, '/mirrored', 'mirror /api/mirror;')}
      ${protectedBy(words, '/api/')}
      ${introspectionLocation(words)}`,
  },
  async (t, g) => {
    const mirrored = new Promise<void>((resolve) => {
      g.upstream.answer = ({ url }) => {
        if (url === '/api/mirror') resolve();
        return { body: `answer to ${url}` };
      };
    });
    t.is((await g.send('/page', { token: 'opaque-bad' })).body, 'answer to /api/ssi');
    t.is((await g.send('/mirrored', { token: 'opaque-bad' })).status, 200);
    await mirrored;
    for (const { headers } of g.upstream.requests.filter(({ url }) => url.startsWith('/api/'))) {
      t.is(headers.authorization, undefined);
    }
    t.is(g.as.requests.length, 0);
  },
);

// error_page in a protected location

const PREFLIGHT = {
  method: 'OPTIONS',
  headers: { origin: 'https://app.test', 'access-control-request-method': 'POST' },
};

/** A location with this `error_page` above the include, and one with it below. Its target requires no token. */
function withErrorPage(words: ConfigWords, errorPage: string): string {
  return (
    protectedBy(words, '/above/', errorPage) +
    protectedBy(words, '/below/', '', errorPage) +
    proxied(words, '@unprotected') +
    proxied(words, '= /unprotected') +
    'location = /page { return 200 page; }' +
    introspectionLocation(words)
  );
}

for (const errorPage of ['error_page 401 = @unprotected;', 'error_page 401 =200 /unprotected;']) {
  gatewayTest(
    `${errorPage} above the include opens the API in auth_request mode (S87, S88); below it, and in access mode, it does nothing`,
    { server: (words) => withErrorPage(words, errorPage) },
    async (t, g) => {
      g.as.reply(reply);
      const isAccess = g.setup.mode === 'access';
      const tokens = [undefined, 'opaque-bad'];
      t.deepEqual(await statusesOf(g, '/below/', tokens), [401, 401]);
      t.is(g.upstream.requests.length, 0);
      t.deepEqual(await statusesOf(g, '/above/', tokens), isAccess ? [401, 401] : [200, 200]);
      t.is(g.upstream.requests.length, isAccess ? 0 : 2);
    },
  );
}

gatewayTest(
  "an error_page for 401 and 500 above the include replaces the gateway's answers in auth_request mode: no challenge, no preflight, 500 for each 5xx; below it, and in access mode, it does nothing",
  { server: (words) => withErrorPage(words, 'error_page 401 500 /page;') },
  async (t, g) => {
    g.as.reply(closeBeforeAnswer());
    for (const place of ['/above/', '/below/']) {
      const isOwn = g.setup.mode === 'access' || place === '/below/';
      const refused = await g.send(place);
      t.is(refused.status, 401);
      t.is(refused.headers['www-authenticate'], isOwn ? 'Bearer realm="api"' : undefined, place);
      t.is(refused.body === 'page', !isOwn, place);
      t.is((await g.send(place, PREFLIGHT)).status, isOwn ? 204 : 401, place);
      t.is((await g.send(place, { token: 'opaque-bad' })).status, isOwn ? 502 : 500, place);
    }
    t.is(g.upstream.requests.length, 0);
  },
);

// The order of things

gatewayTest(
  'a denied address gets 401, or 403 after an introspection, in access mode, and 403 in auth_request mode; with `if` 403 at once; never with JSON',
  {
    http: () => 'geo $is_refused { default 1; 10.0.0.0/8 0; }',
    server: (words) =>
      protectedBy(words, '/deny', '', 'deny all;') +
      protectedBy(words, '/if', '', 'if ($is_refused) { return 403; }') +
      introspectionLocation(words),
  },
  async (t, g) => {
    g.as.reply(reply);
    const tokens = [undefined, 'opaque-bad', 'opaque-read'];
    t.deepEqual(await statusesOf(g, '/if', tokens), [403, 403, 403]);
    t.is(g.as.requests.length, 0);
    const isAccess = g.setup.mode === 'access';
    t.deepEqual(await statusesOf(g, '/deny', tokens), isAccess ? [401, 401, 403] : [403, 403, 403]);
    t.is(g.as.requests.length, isAccess ? 2 : 0);
    const { body, headers } = await g.send('/deny', { token: 'opaque-read' });
    t.regex(body, isAccess ? /^<html>/ : /^$/, "nginx's own 403 has none of the gateway's bodies");
    t.is(headers['www-authenticate'], undefined);
    t.is(g.upstream.requests.length, 0);
  },
);

gatewayTest(
  '`satisfy any`: in access mode token and address are both needed; in auth_request mode an allowed address needs no token (S90)',
  {
    server: (words) =>
      protectedBy(words, '/allow', 'set $phantom_token_required_scopes read;', 'satisfy any; allow all;') +
      protectedBy(words, '/deny', '', 'satisfy any; deny all;') +
      proxied(words, '/wrong', `${words.protect} satisfy any; allow all;`) +
      introspectionLocation(words),
  },
  async (t, g) => {
    g.as.reply(reply);
    const tokens = [undefined, 'opaque-bad', 'opaque-read'];
    const isAccess = g.setup.mode === 'access';
    t.deepEqual(await statusesOf(g, '/allow', tokens), isAccess ? [401, 401, 200] : [200, 200, 200]);
    t.is(g.as.requests.length, isAccess ? 2 : 0, 'where the address is enough, no token is exchanged');
    t.is(g.upstream.requests.at(-1)?.headers.authorization === undefined, !isAccess);
    t.deepEqual(await statusesOf(g, '/deny', tokens), isAccess ? [401, 401, 403] : [401, 401, 200]);
    t.deepEqual(await statusesOf(g, '/wrong', tokens), isAccess ? [500, 500, 500] : [200, 200, 200]);
    t.notRegex(JSON.stringify(g.upstream.requests), /opaque-/);
  },
);

gatewayTest(
  '`satisfy any` with auth_basic: in auth_request mode whoever has the password needs no token, and the API gets no Authorization',
  {
    files: { passwords: 'alice:{PLAIN}wonderland\n' },
    server: (words) =>
      protectedBy(
        words,
        '/',
        '',
        `satisfy any; auth_basic staff; auth_basic_user_file ${words.prefix}/passwords;`,
      ) + introspectionLocation(words),
  },
  async (t, g) => {
    const headers = { authorization: `Basic ${Buffer.from('alice:wonderland').toString('base64')}` };
    t.is((await g.send('/', { headers })).status, g.setup.mode === 'access' ? 401 : 200);
    t.deepEqual(
      g.upstream.requests.map((received) => received.headers.authorization),
      g.setup.mode === 'access' ? [] : [undefined],
    );
    t.is(g.as.requests.length, 0);
  },
);

gatewayTest(
  'a server whose own `return` is above server.conf answers auth_request with it, and is open; with the `return` below, it is closed',
  {
    http: (words) => {
      const answersAll = 'if ($uri !~ ^/api/) { return 204; }';
      const include =
        words.mode === 'auth_request' ? `include ${words.snippets}/auth_request/server.conf;` : '';
      const location = protectedBy(words, '/api/') + introspectionLocation(words);
      return `
        server { listen ${words.otherPort}; ${answersAll} ${include} ${location} }
        server { listen ${words.otherHost}; ${include} ${answersAll} ${location} }`;
    },
  },
  async (t, g) => {
    const isAccess = g.setup.mode === 'access';
    const above = await g.send('/api/', { url: `http://${g.words.otherPort}` });
    t.is(above.status, isAccess ? 401 : 200);
    t.is((await g.send('/api/', { url: `http://${g.words.otherHost}` })).status, 401);
    t.is(g.upstream.requests.length, isAccess ? 0 : 1);
  },
);

gatewayTest(
  "a variable that a server and a location set has the server's value after an introspection in access mode; a `map` keeps its own",
  {
    http: () => 'map $uri $mapped { default other; ~^/api/ location; }',
    serverTop: 'set $own server;',
    server: (words) =>
      protectedBy(
        words,
        '/api/',
        'set $own location;',
        'proxy_set_header X-Own $own; proxy_set_header X-Mapped $mapped;',
      ) + introspectionLocation(words),
  },
  async (t, g) => {
    g.as.reply(reply);
    t.deepEqual(await statusesOf(g, '/api/', ['opaque-read', 'opaque-read']), [200, 200]);
    t.deepEqual(
      g.upstream.requests.map(({ headers }) => headers['x-own']),
      [g.setup.mode === 'access' ? 'server' : 'location', 'location'],
    );
    t.deepEqual(
      g.upstream.requests.map(({ headers }) => headers['x-mapped']),
      ['location', 'location'],
    );
  },
);

gatewayTest(
  'a redirected request keeps the settings of the location before if the next location has no `set` for them',
  {
    server: (words) => `
      location /rewrite { set $phantom_token off; rewrite ^ /next last; }
      location /named { set $phantom_token off; try_files /none @next; }
      location /failing { set $phantom_token off; error_page 404 = @next; return 404; }
      location /rewrite_weak { set $phantom_token_required_scopes read; rewrite ^ /strong last; }
      ${proxied(words, '= /next', `${ENDPOINT} ${words.protect}`)}
      ${proxied(words, '@next', `${ENDPOINT} ${words.protect}`)}
      ${protectedBy(words, '= /strong', 'set $phantom_token_required_scopes admin;')}
      ${protectedBy(words, '= /weak')}
      location /rewrite_to_weak { set $phantom_token_required_scopes admin; rewrite ^ /weak last; }
      ${introspectionLocation(words)}`,
  },
  async (t, g) => {
    g.as.reply(reply);
    t.is((await g.send('/next')).status, 500);
    for (const path of ['/rewrite', '/named', '/failing']) {
      t.is((await g.send(path)).status, 200, `${path}: off went along`);
    }
    t.deepEqual(await statusesOf(g, '/rewrite_weak', ['opaque-read']), [403]);
    t.deepEqual(await statusesOf(g, '/rewrite_to_weak', ['opaque-read']), [403]);
    t.deepEqual(await statusesOf(g, '/weak', ['opaque-read']), [200]);
  },
);

gatewayTest(
  "after an error_page with a path, and after X-Accel-Redirect, a setting that the next location does not set has the server's value",
  {
    serverTop: `${ON} set $phantom_token_required_scopes admin;`,
    server: (words) => `
      location /failing { set $phantom_token off; error_page 404 = /next; return 404; }
      ${proxied(words, '/redirecting', `set $phantom_token off; ${words.protect}`)}
      ${proxied(words, '= /next', words.protect)}
      ${introspectionLocation(words)}`,
  },
  async (t, g) => {
    g.as.reply(reply);
    g.upstream.answer = ({ url }) =>
      url === '/redirecting' ? { headers: { 'x-accel-redirect': '/next' } } : {};
    for (const path of ['/failing', '/redirecting']) {
      t.deepEqual(await statusesOf(g, path, [undefined, 'opaque-read']), [401, 403], path);
    }
  },
);

gatewayTest(
  'an empty setting requires nothing: a map without a default opens the API, one with a default does not',
  {
    http: () => `
      map $request_method $open_scopes { POST admin; }
      map $request_method $closed_scopes { GET read; default admin; }`,
    server: (words) =>
      protectedBy(words, '/open', 'set $phantom_token_required_scopes $open_scopes;') +
      protectedBy(words, '/closed', 'set $phantom_token_required_scopes $closed_scopes;') +
      introspectionLocation(words),
  },
  async (t, g) => {
    g.as.reply(reply);
    const statusOf = async (path: string) =>
      (await g.send(path, { method: 'DELETE', token: 'opaque-read' })).status;
    t.is(await statusOf('/open'), 200);
    t.is(await statusOf('/closed'), 403);
  },
);

gatewayTest(
  'of two `set` lines for a setting the last one counts, also an `off`, and nginx says nothing',
  {
    server: (words) =>
      protectedBy(words, '/off', 'set $phantom_token off;') +
      protectedBy(
        words,
        '/weak',
        'set $phantom_token_required_scopes admin; set $phantom_token_required_scopes read;',
      ) +
      protectedBy(
        words,
        '/strong',
        'set $phantom_token_required_scopes read; set $phantom_token_required_scopes admin;',
      ) +
      introspectionLocation(words),
  },
  async (t, g) => {
    g.as.reply(reply);
    t.is((await g.send('/off')).status, 200);
    t.is((await g.send('/weak', { token: 'opaque-read' })).status, 200);
    t.is((await g.send('/strong', { token: 'opaque-read' })).status, 403);
    t.notRegex(await g.nginx.errorLog(), /\[warn\].*phantom_token/);
  },
);

for (const [place, file] of [
  ['below', (snippets: string, map: string) => `include ${snippets}/http.conf; ${map}`],
  ['above', (snippets: string, map: string) => `${map} include ${snippets}/http.conf;`],
] as const) {
  gatewayTest(
    `a map whose target is a setting ${place} the include of http.conf ${place === 'below' ? 'decides' : 'is lost, and opens the API'}`,
    {
      httpConf: (words) => file(words.snippets, 'map $uri $phantom_token_required_scopes { default admin; }'),
    },
    async (t, g) => {
      g.as.reply(reply);
      t.is((await g.send('/', { token: 'opaque-read' })).status, place === 'below' ? 403 : 200);
    },
  );
}

// What the API or a cache does with a request

/** The first column of the table in docs/nginx_rules.md. */
const PATHS = pathsReadInTwoWays();

test('the table of paths has the spellings that have been used to bypass gateways', (t) => {
  for (const part of [';', '..;', '%2e%2e;', '%5c', '%25', 'Refunds']) {
    t.true(
      PATHS.some((path) => path.includes(part)),
      part,
    );
  }
});

gatewayTest(
  'each path of the table passes with the scopes of the outer location, as the client wrote it (S97)',
  {
    server: (words) => `
      location /orders/ {
        ${ON} set $phantom_token_required_scopes read; ${words.protect} proxy_pass ${words.upstreamUrl};
        ${protectedBy(words, '/orders/refunds/', 'set $phantom_token_required_scopes "read refund";')}
      }
      ${introspectionLocation(words)}`,
  },
  async (t, g) => {
    g.as.reply(reply);
    t.is((await g.send('/orders/refunds/1', { token: 'opaque-read' })).status, 403);
    for (const path of PATHS) {
      const client = await connectRaw(g.url); // sends the path as it is
      client.write(
        `GET ${path} HTTP/1.1\r\nHost: gateway.test\r\nAuthorization: Bearer opaque-read\r\nConnection: close\r\n\r\n`,
      );
      t.is((await client.next()).status, 200, path);
      client.destroy();
    }
    t.deepEqual(
      g.upstream.requests.map(({ url }) => url),
      PATHS,
    );
  },
);

gatewayTest(
  "proxy_cache in a protected location gives one user's answer to the next, who also needs a good token (S102)",
  {
    http: (words) => `proxy_cache_path ${words.prefix}/cache keys_zone=answers:1m;`,
    server: (words) =>
      protectedBy(words, '/', '', 'proxy_cache answers; proxy_cache_valid 200 1m;') +
      introspectionLocation(words),
  },
  async (t, g) => {
    g.as.reply(reply);
    g.upstream.answer = () => ({ body: `answer ${g.upstream.requests.length}` });
    t.is((await g.send('/account', { token: 'opaque-read' })).body, 'answer 1');
    t.is((await g.send('/account', { token: 'opaque-refund' })).body, 'answer 1');
    t.is(g.upstream.requests.length, 1);
    t.deepEqual(await statusesOf(g, '/account', [undefined, 'opaque-bad']), [401, 401]);
  },
);

test.after.always('the applications are stopped', () =>
  Promise.all(APPLICATIONS.map(({ api }) => api.close())),
);

for (const { protocol, api } of APPLICATIONS) {
  const passed = (words: ConfigWords, path: string, lines: string) => `
    location ${path} {
      ${ON} ${words.protect} ${lines}
      ${protocol}_param GATEWAY ${words.listen};
      ${protocol}_pass 127.0.0.1:${api.port};
    }`;
  /** What the application got of this gateway, in order. */
  const valuesOf = (g: Gateway, name: string) =>
    api.requests
      .filter(({ params }) => params.some(([one, value]) => one === 'GATEWAY' && value === g.words.listen))
      .map(({ params }) => params.filter(([one]) => one === name).map(([, value]) => value.slice(0, 13)));

  gatewayTest(
    `a second ${protocol}_param HTTP_AUTHORIZATION beside the include is sent as well, with the opaque token; without it the application gets the JWT alone (S107)`,
    {
      server: (words) =>
        passed(words, '/once', '') +
        passed(words, '/twice', `${protocol}_param HTTP_AUTHORIZATION $http_authorization;`) +
        introspectionLocation(words),
    },
    async (t, g) => {
      g.as.reply(reply);
      t.deepEqual(await statusesOf(g, '/once', ['opaque-read']), [200]);
      t.deepEqual(await statusesOf(g, '/twice', ['opaque-read']), [200]);
      t.deepEqual(valuesOf(g, 'HTTP_AUTHORIZATION'), [['Bearer eyJhbG'], ['Bearer eyJhbG', 'Bearer opaque']]);
    },
  );

  gatewayTest(
    `${protocol}_cache in a protected location gives one user's answer to the next, who also needs a good token (S102)`,
    {
      http: (words) => `${protocol}_cache_path ${words.prefix}/cache keys_zone=answers:1m;`,
      server: (words) =>
        passed(
          words,
          '/',
          `${protocol}_cache answers; ${protocol}_cache_key $request_uri; ${protocol}_cache_valid 200 1m;`,
        ) + introspectionLocation(words),
    },
    async (t, g) => {
      g.as.reply(reply);
      t.deepEqual(
        await statusesOf(g, '/account', ['opaque-read', 'opaque-refund', undefined]),
        [200, 200, 401],
      );
      t.is(valuesOf(g, 'GATEWAY').length, 1);
    },
  );
}

gatewayTest(
  'a second proxy_set_header Authorization beside the include is sent as well, with the opaque token (S107)',
  {
    server: (words) =>
      protectedBy(words, '/', '', 'proxy_set_header Authorization $http_authorization;') +
      introspectionLocation(words),
  },
  async (t, g) => {
    g.as.reply(reply);
    t.deepEqual(await statusesOf(g, '/', ['opaque-read']), [200]);
    t.deepEqual(authorizationsIn(g.upstream.requests[0]?.rawHeaders ?? []), [
      'Bearer eyJhbG',
      'Bearer opaque',
    ]);
  },
);

function authorizationsIn(headers: readonly (readonly [string, string])[]): string[] {
  return headers
    .filter(([name]) => name.toLowerCase() === 'authorization')
    .map(([, value]) => value.slice(0, 13));
}

test.after.always('the gRPC server is stopped', () => {
  grpcServer.close();
});

gatewayTest(
  'a second grpc_set_header Authorization beside the include is sent as well, with the opaque token (S107)',
  {
    server: (words) => `
      location / {
        ${ON} ${words.protect}
        grpc_set_header X-Gateway ${words.listen};
        grpc_set_header Authorization $http_authorization;
        grpc_pass grpc://127.0.0.1:${grpcPort};
      }
      ${introspectionLocation(words)}`,
  },
  async (t, g) => {
    g.as.reply(reply);
    t.deepEqual(await statusesOf(g, '/', ['opaque-read']), [200]);
    t.deepEqual(authorizationsIn(grpcHeaders.get(g.words.listen) ?? []), ['Bearer eyJhbG', 'Bearer opaque']);
  },
);
