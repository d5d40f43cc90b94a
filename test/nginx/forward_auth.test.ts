// Forward auth: another proxy asks whether it may pass a request on, and gets the JWT for the API in the answer.

import { newDpopClient } from '../support/dpop.js';
import {
  type Answer,
  type ConfigWords,
  type Gateway,
  gatewayTest,
  introspectionLocation,
  type SendOptions,
} from '../support/gateway.js';
import { makeJwt } from '../support/jwt.js';
import { connectRaw } from '../support/raw_client.js';
import { held, inactive204, jwt, type ScriptedAnswer, status } from '../support/scripted_server.js';

const client = await newDpopClient();
const JWT = makeJwt({ scope: 'read', sub: 'alice', exp: 4102444800 });
const BODY_401 =
  '{"code":"unauthorized_request","message":"Access denied due to missing, invalid or expired credentials"}';
const BODY_403 =
  '{"code":"insufficient_scope","message":"The access token does not grant the scope that this request needs"}';
const BODY_5XX = '{"code":"server_error","message":"Problem encountered processing the request"}';
const AUTH = '/auth';

/** A location for forward auth, as a user writes it. */
const forwardAuth = (words: ConfigWords, settings = '', path = AUTH) => `
    location = ${path} {
      set $phantom_token on;
      set $phantom_token_introspection_endpoint /introspect;
      ${settings}
      include ${words.snippets}/forward_auth.conf;
    }`;

const withSettings =
  (settings = '') =>
  (words: ConfigWords) =>
    forwardAuth(words, settings) + introspectionLocation(words);

/** What a proxy sends of its client's request. */
const asked = (method: string, uri: string) => ({
  'x-forwarded-method': method,
  'x-forwarded-proto': 'https',
  'x-forwarded-host': 'api.example.com',
  'x-forwarded-uri': uri,
});

const ask = (g: Gateway, options: SendOptions = {}): Promise<Answer> =>
  g.send(AUTH, { ...options, headers: { ...asked('GET', '/orders?page=2'), ...options.headers } });

gatewayTest(
  'an active token: 200, the JWT in Authorization, no body, and not to be stored, at the miss and at hits; the AS is asked once',
  { server: withSettings() },
  async (t, g) => {
    g.as.reply(jwt(JWT));
    for (const cacheStatus of ['MISS', 'HIT', 'HIT']) {
      const answer = await ask(g, { token: 'opaque-1' });
      t.is(answer.status, 200);
      t.is(answer.headers.authorization, `Bearer ${JWT}`);
      t.is(answer.headers['cache-control'], 'no-store');
      t.is(answer.body, '');
      t.is((await g.accessLog()).at(-1), `200 "${cacheStatus}" ""`);
    }
    t.is(g.as.requests.length, 1);
    t.is(g.as.requests[0]?.form.token, 'opaque-1');
    t.is(g.as.requests[0]?.headers['x-forwarded-uri'], undefined);
    t.is(g.upstream.requests.length, 0);
  },
);

gatewayTest(
  'GET, HEAD, POST, OPTIONS and the like are answered alike, since the method is that of the proxy; a body is ignored',
  { server: withSettings() },
  async (t, g) => {
    g.as.reply(jwt(JWT));
    for (const method of ['GET', 'HEAD', 'POST', 'OPTIONS', 'PUT', 'DELETE', 'PATCH']) {
      const answer = await g.send(AUTH, { method, token: 'opaque-1' });
      t.is(answer.status, 200, method);
      t.is(answer.headers.authorization, `Bearer ${JWT}`, method);
      t.is((await g.send(AUTH, { method })).status, 401, method);
    }
    for (const body of ['token=opaque-2', 'x'.repeat(2_000_000)]) {
      const answer = await g.send(AUTH, { method: 'POST', token: 'opaque-1', body });
      t.is(answer.status, 200);
      t.is(answer.headers.authorization, `Bearer ${JWT}`);
    }
    t.is(g.as.requests.length, 1);
  },
);

gatewayTest(
  'where a body is announced and never sent, nginx closes the connection: a proxy that forgets to leave Content-Length out gets no permission',
  { server: withSettings() },
  async (t, g) => {
    const raw = await connectRaw(g.url);
    raw.write(`POST ${AUTH} HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 5\r\n\r\n`);
    await t.throwsAsync(raw.next(), { message: /^the connection ended/ });
    t.is(g.as.requests.length, 0);
  },
);

const REFUSALS: [sentence: string, reply: ScriptedAnswer, token: string, expected: object, line: string][] = [
  [
    'no token',
    status(500),
    '',
    { status: 401, challenge: 'Bearer realm="api", scope="read"', retryAfter: undefined, body: BODY_401 },
    '401 "" "token_missing"',
  ],
  [
    'an inactive token',
    inactive204(),
    'opaque-1',
    {
      status: 401,
      challenge: 'Bearer realm="api", error="invalid_token", scope="read"',
      retryAfter: undefined,
      body: BODY_401,
    },
    '401 "MISS" "token_inactive"',
  ],
  [
    'a token that lacks a scope',
    jwt(makeJwt({ exp: 4102444800 })),
    'opaque-1',
    {
      status: 403,
      challenge: 'Bearer realm="api", error="insufficient_scope", scope="read"',
      retryAfter: undefined,
      body: BODY_403,
    },
    '403 "MISS" "scope_insufficient"',
  ],
  [
    'an authorization server that fails',
    status(500),
    'opaque-1',
    { status: 502, challenge: undefined, retryAfter: undefined, body: BODY_5XX },
    '502 "MISS" "introspection_server_error"',
  ],
  [
    'an authorization server that is overloaded',
    status(503, { headers: { 'Retry-After': '7' } }),
    'opaque-1',
    { status: 503, challenge: undefined, retryAfter: '7', body: BODY_5XX },
    '503 "MISS" "introspection_overloaded"',
  ],
];

for (const [sentence, reply, token, expected, line] of REFUSALS) {
  gatewayTest(
    `${sentence}: the refusal of docs/answers.md, with its status, challenge, Retry-After and body, and no Authorization`,
    { server: withSettings('set $phantom_token_required_scopes read;') },
    async (t, g) => {
      g.as.reply(reply);
      const { headers, body, ...answer } = await ask(g, token === '' ? {} : { token });
      t.deepEqual(
        {
          status: answer.status,
          challenge: headers['www-authenticate'],
          retryAfter: headers['retry-after'],
          body,
        },
        expected,
      );
      t.is(headers.authorization, undefined);
      t.is(headers['cache-control'], 'no-store');
      t.is(headers['content-type'], 'application/json');
      t.is(g.as.requests.length, token === '' ? 0 : 1);
      t.deepEqual(await g.accessLog(), [line]);
    },
  );
}

gatewayTest(
  'an error_page of the server does not turn a refusal into a permission (S88)',
  {
    serverTop: 'error_page 401 403 =200 /welcome; error_page 500 502 =200 /welcome;',
    server: (words) =>
      `${withSettings()(words)}
       location = /welcome { return 200 welcome; }
       location = /closed { deny all; set $phantom_token on; include ${words.snippets}/forward_auth.conf; }`,
  },
  async (t, g) => {
    t.is((await ask(g)).status, 401);
    t.is((await ask(g, { token: 'opaque-1' })).status, 502);
    t.is((await g.send('/closed')).status, 403);
  },
);

gatewayTest(
  'a mistake in the settings is 500, and $phantom_token off hands the client its own Authorization back, for the proxy to pass on',
  {
    server: (words) =>
      forwardAuth(words, 'set $phantom_token_cache_ttl soon;', '/wrong') +
      forwardAuth(words, 'set $phantom_token "";', '/unset') +
      forwardAuth(words, 'set $phantom_token_introspection_endpoint /nowhere;', '/astray') +
      forwardAuth(words, 'set $phantom_token off;', '/off'),
  },
  async (t, g) => {
    for (const path of ['/wrong', '/unset', '/astray']) {
      const answer = await g.send(path, { token: 'opaque-1' });
      t.is(answer.status, 500, path);
      t.is(answer.headers.authorization, undefined, path);
    }
    const off = await g.send('/off', { headers: { authorization: 'Basic abc' } });
    t.is(off.status, 200);
    t.is(off.headers.authorization, 'Basic abc');
    t.is((await g.send('/off')).headers.authorization, undefined);
    t.is(g.as.requests.length, 0);
  },
);

gatewayTest(
  'records, policy and purge are those of every other location of the server: a token is asked about once for all of them',
  {
    server: (words) =>
      forwardAuth(words, 'set $phantom_token_required_scopes write;') +
      introspectionLocation(words) +
      `location /api {
        set $phantom_token on;
        set $phantom_token_introspection_endpoint /introspect;
        ${words.protect}
        proxy_pass ${words.upstreamUrl};
      }
      location = /purge {
        set $phantom_token_introspection_endpoint /introspect;
        js_content phantom_token.purge;
      }`,
  },
  async (t, g) => {
    g.as.reply(jwt(JWT));
    t.is((await g.send('/api', { token: 'opaque-1' })).status, 200);
    t.is((await ask(g, { token: 'opaque-1' })).status, 403);
    t.is((await g.accessLog()).at(-1), '403 "HIT" "scope_insufficient"');
    t.is((await g.send('/purge', { method: 'POST', body: 'token=opaque-1' })).body, '{"records":1}');
    t.is((await ask(g, { token: 'opaque-1' })).status, 401);
    t.is((await g.accessLog()).at(-1), '401 "NEGATIVE" "token_purged"');
    t.is(g.as.requests.length, 1);
  },
);

gatewayTest(
  '100 proxies that ask about one new token at once: the AS is asked once',
  { server: withSettings(), isLoad: true },
  async (t, g) => {
    const answer = held(jwt(JWT));
    g.as.reply(answer);
    const all = Array.from({ length: 100 }, () => ask(g, { token: 'opaque-1' }));
    await g.as.waitForRequests(1);
    answer.release();
    for (const { status, headers } of await Promise.all(all)) {
      t.is(status, 200);
      t.is(headers.authorization, `Bearer ${JWT}`);
    }
    t.is(g.as.requests.length, 1);
  },
);

// The original request

const PREFLIGHT = { origin: 'https://app.test', 'access-control-request-method': 'PUT' };

gatewayTest(
  'a preflight is told by the original method, however the proxy tells it: 204 without Authorization, and nobody is asked',
  { server: withSettings('add_header Access-Control-Allow-Origin https://app.test;') },
  async (t, g) => {
    const ways: [method: string, headers: Record<string, string>][] = [
      ['GET', asked('OPTIONS', '/orders')],
      ['OPTIONS', asked('OPTIONS', '/orders')],
      ['HEAD', { 'x-original-method': 'OPTIONS', 'x-original-url': 'https://api.example.com/orders' }],
      [
        'GET',
        { ...asked('OPTIONS', '/orders'), 'x-original-method': 'OPTIONS', 'x-original-url': '/orders' },
      ],
      ['GET', { ...asked('OPTIONS', '/o'), 'x-original-url': 'https://API.example.com:443/o' }],
      ['GET', { 'x-forwarded-method': 'OPTIONS' }],
      ['OPTIONS', {}],
    ];
    for (const [method, headers] of ways) {
      const answer = await g.send(AUTH, { method, headers: { ...PREFLIGHT, ...headers } });
      t.is(answer.status, 204, JSON.stringify([method, headers]));
      t.is(answer.headers.authorization, undefined);
      t.is(answer.headers['access-control-allow-origin'], 'https://app.test');
    }
    t.is(g.as.requests.length, 0);
  },
);

const NO_PREFLIGHT: [sentence: string, method: string, headers: Record<string, string | string[]>][] = [
  ['another original method', 'GET', asked('GET', '/orders')],
  ['a method in lower case, which is another one', 'GET', asked('options', '/orders')],
  ['no word of the original method, and a proxy that asks by GET', 'GET', {}],
  [
    'two original methods that differ',
    'GET',
    { ...asked('OPTIONS', '/orders'), 'x-original-method': 'DELETE' },
  ],
  ['the same header twice', 'GET', { 'x-forwarded-method': ['OPTIONS', 'DELETE'] }],
  ['two original URIs that differ', 'GET', { ...asked('OPTIONS', '/orders'), 'x-original-url': '/admin' }],
  [
    'two original hosts that differ',
    'GET',
    { ...asked('OPTIONS', '/orders'), 'x-original-url': 'https://other.example.com/orders' },
  ],
  ['an original method beside a request of another one', 'POST', asked('OPTIONS', '/orders')],
  ['an OPTIONS request said to be another one', 'OPTIONS', asked('DELETE', '/orders')],
];

for (const [sentence, method, headers] of NO_PREFLIGHT) {
  for (const preflight of ['answer', 'pass']) {
    gatewayTest(
      `${sentence}: no preflight, so that no header of a client's loosens anything: 401 with $phantom_token_preflight ${preflight} (S98, S100)`,
      { server: withSettings(`set $phantom_token_preflight ${preflight};`) },
      async (t, g) => {
        const answer = await g.send(AUTH, { method, headers: { ...PREFLIGHT, ...headers } });
        t.is(answer.status, 401);
        t.is(g.as.requests.length, 0);
        t.deepEqual(await g.accessLog(), ['401 "" "token_missing"']);
      },
    );
  }
}

gatewayTest(
  'pass: 200 without Authorization, so that the proxy passes the preflight on; authenticate: 401',
  {
    server: (words) =>
      forwardAuth(words, 'set $phantom_token_preflight pass;', '/pass') +
      forwardAuth(words, 'set $phantom_token_preflight authenticate;', '/authenticate'),
  },
  async (t, g) => {
    const headers = { ...PREFLIGHT, ...asked('OPTIONS', '/orders') };
    const passed = await g.send('/pass', { headers: { ...headers, authorization: 'Basic abc' } });
    t.is(passed.status, 200);
    t.is(passed.headers.authorization, undefined);
    t.is((await g.send('/authenticate', { headers })).status, 401);
  },
);

/** What no client asks for, and what it would be hidden behind. */
const MALFORMED: [sentence: string, header: 'x-forwarded-uri' | 'x-original-url', value: string][] = [
  ['an escaped line break', 'x-forwarded-uri', '/orders%0d%0aX-Admin:%201'],
  ['an escaped line feed', 'x-original-url', 'https://api.example.com/orders%0A'],
  ['an escaped NUL', 'x-forwarded-uri', '/orders%00'],
  ['a space', 'x-forwarded-uri', '/orders HTTP/1.1'],
  ['a tab', 'x-original-url', '/orders\tx'],
  ['dot segments', 'x-forwarded-uri', '/public/../admin'],
  ['dot segments in a URL', 'x-original-url', 'https://api.example.com/public/../admin'],
  ['escaped dots', 'x-forwarded-uri', '/public/%2e%2E/admin'],
  ['an escaped slash behind dots', 'x-forwarded-uri', '/public/..%2fadmin'],
  ['dot segments at the end', 'x-forwarded-uri', '/public/..'],
  ['an escape of a path that is none', 'x-forwarded-uri', 'orders%2F'],
];

for (const [sentence, header, value] of MALFORMED) {
  gatewayTest(
    `${sentence} in ${header} (${JSON.stringify(value)}): 400, nothing looked up and nothing asked`,
    { server: withSettings() },
    async (t, g) => {
      g.as.reply(jwt(JWT));
      const headers = { [header]: value, 'x-forwarded-method': 'GET' };
      const answer = await g.send(AUTH, { token: 'opaque-1', headers });
      t.is(answer.status, 400);
      t.is(
        answer.body,
        '{"code":"invalid_request","message":"X-Forwarded-Uri or X-Original-URL is not the URI of a request"}',
      );
      t.is(answer.headers['cache-control'], 'no-store');
      t.is(answer.headers.authorization, undefined);
      t.is(g.as.requests.length, 0);
      t.deepEqual(await g.accessLog(), ['400 "" "request_malformed"']);
    },
  );
}

gatewayTest(
  'what clients do send is no reason to refuse: dots and escapes in names, and anything in the query',
  { server: withSettings() },
  async (t, g) => {
    g.as.reply(jwt(JWT));
    const uris = [
      '/.well-known/x',
      '/a..b/...',
      '/caf%C3%A9/a%20b',
      '/x?file=../y&text=a%0Ab',
      '/',
      '/?%0d%0a',
    ];
    for (const uri of uris) {
      t.is((await ask(g, { token: 'opaque-1', headers: asked('GET', uri) })).status, 200, uri);
      const url = `https://api.example.com${uri}`;
      t.is((await g.send(AUTH, { token: 'opaque-1', headers: { 'x-original-url': url } })).status, 200, url);
    }
    t.is(g.as.requests.length, 1);
  },
);

gatewayTest(
  '100 headers of 8 kB, a header with a line break and two Authorization headers: 400 by nginx, nobody asked (S1)',
  // nginx itself logs both values at level info
  { server: withSettings(), errorLogLevel: 'notice' },
  async (t, g) => {
    g.as.reply(jwt(JWT));
    const many = Array.from({ length: 100 }, (_, i) => [`x-padding-${i}`, 'x'.repeat(8000)]);
    t.is((await ask(g, { token: 'opaque-1', headers: Object.fromEntries(many) })).status, 400);
    const twice = { authorization: ['Bearer opaque-1', 'Bearer opaque-2'] };
    t.is((await ask(g, { headers: twice })).status, 400);
    const raw = await connectRaw(g.url);
    raw.write(
      `GET ${AUTH} HTTP/1.1\r\nHost: gateway.test\r\nAuthorization: Bearer opaque-1\r\nX-Forwarded-Uri: /a\r\n b\r\n\r\n`,
    );
    t.is((await raw.next()).status, 400);
    raw.destroy();
    t.is(g.as.requests.length, 0);
  },
);

// Tokens that are bound to a key

const TOKEN = 'opaque-1';
const DPOP =
  'set $phantom_token_sender_constraint verify; set $phantom_token_dpop_origin https://api.example.com;';
const BOUND = jwt(makeJwt({ cnf: { jkt: client.jkt }, exp: 4102444800 }));

const prove = (method: string, path: string) =>
  client.prove({ token: TOKEN, method, url: `https://api.example.com${path}` });

gatewayTest(
  "a DPoP proof is held against the original method and URI, not against the proxy's own request (RFC 9449 §4.3)",
  { server: withSettings(DPOP) },
  async (t, g) => {
    g.as.reply(BOUND);
    const send = async (proof: string, headers: Record<string, string>, method = 'GET') =>
      (
        await g.send(AUTH, {
          method,
          headers: { authorization: `DPoP ${TOKEN}`, dpop: proof, ...headers },
        })
      ).status;
    t.is(await send(await prove('PUT', '/orders/1'), asked('PUT', '/orders/1?x=y')), 200);
    const url = { 'x-original-method': 'PUT', 'x-original-url': 'https://api.example.com/orders/1?x=y' };
    t.is(await send(await prove('PUT', '/orders/1'), url), 200);
    t.is(await send(await prove('PUT', '/orders/1'), asked('PUT', '/orders/1'), 'PUT'), 200);
    t.is(await send(await prove('GET', '/auth'), {}), 200);

    t.is(await send(await prove('GET', '/orders/1'), asked('PUT', '/orders/1')), 401);
    t.is((await g.accessLog()).at(-1), '401 "HIT" "dpop_method_mismatch"');
    const elsewhere: [proof: string, headers: Record<string, string>, method?: string][] = [
      [await prove('GET', '/auth'), asked('GET', '/orders/1')],
      [await prove('PUT', '/orders/1'), { ...url, 'x-forwarded-uri': '/orders/2' }],
      [await prove('PUT', '/orders/1'), { ...url, 'x-forwarded-method': 'DELETE' }],
      [await prove('PUT', '/orders/1'), url, 'POST'],
      [await prove('PUT', '/orders/1'), { ...asked('PUT', '/orders/1'), 'x-forwarded-host': 'other.test' }],
      [await prove('PUT', '/orders/1'), { ...asked('PUT', '/orders/1'), 'x-forwarded-proto': 'http' }],
      [await prove('GET', '/orders/1'), { 'x-forwarded-uri': '/orders/1' }],
      [await prove('PUT', '/auth'), { 'x-forwarded-method': 'PUT' }],
    ];
    for (const [proof, headers, method] of elsewhere) {
      t.is(await send(proof, headers, method), 401, JSON.stringify(headers));
      t.is((await g.accessLog()).at(-1), '401 "HIT" "dpop_uri_mismatch"', JSON.stringify(headers));
    }
    t.is(g.as.requests.length, 1);
  },
);
