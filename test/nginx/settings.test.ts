// Settings: an operator's mistake gives 500 and one error line that names the variable, never an open location or a stack trace.
import { readFileSync } from 'node:fs';
import { SETTINGS } from '../../src/core/settings/table.js';
import { gatewayTest, introspectionLocation, protectedRoot } from '../support/gateway.js';
import { makeJwt } from '../support/jwt.js';
import { readPages, sectionOf } from '../support/pages.js';
import { jwt } from '../support/scripted_server.js';
import { findProblem } from '../support/setting_checks.js';

const ZONES_THAT_EVICT = readFileSync(new URL('../../nginx/zones.conf', import.meta.url), 'utf8');
const JWT = makeJwt({ scope: 'read', exp: 4102444800 });
const BODY = '{"code":"server_error","message":"Problem encountered processing the request"}';

/** Settings of a location, without the default ones. */
const MISTAKES: [title: string, settings: string, variable: string][] = [
  ['$phantom_token not set', '', '$phantom_token '],
  ['$phantom_token empty', 'set $phantom_token "";', '$phantom_token '],
  ['$phantom_token neither on nor off', 'set $phantom_token yes;', '$phantom_token '],
  ['no endpoint', 'set $phantom_token on;', '$phantom_token_introspection_endpoint '],
  [
    'an endpoint that is no path',
    'set $phantom_token on; set $phantom_token_introspection_endpoint introspect;',
    '$phantom_token_introspection_endpoint ',
  ],
  [
    'an endpoint with arguments (S17)',
    'set $phantom_token on; set $phantom_token_introspection_endpoint /introspect?a=b;',
    '$phantom_token_introspection_endpoint ',
  ],
  [
    'a quote in the realm (S104)',
    `set $phantom_token on; set $phantom_token_introspection_endpoint /introspect; set $phantom_token_realm 'a"b';`,
    '$phantom_token_realm ',
  ],
  [
    'a quote in the scopes',
    `set $phantom_token on; set $phantom_token_introspection_endpoint /introspect; set $phantom_token_scopes 'a"b';`,
    '$phantom_token_scopes ',
  ],
  [
    'a comma between required scopes with a quote',
    `set $phantom_token on; set $phantom_token_introspection_endpoint /introspect; set $phantom_token_required_scopes 'a","b';`,
    '$phantom_token_required_scopes ',
  ],
  [
    'scopes of spaces alone, which would ask for nothing',
    `set $phantom_token on; set $phantom_token_introspection_endpoint /introspect; set $phantom_token_required_scopes ' ';`,
    '$phantom_token_required_scopes ',
  ],
  [
    'a unit in the TTL',
    'set $phantom_token on; set $phantom_token_introspection_endpoint /introspect; set $phantom_token_cache_ttl 5m;',
    '$phantom_token_cache_ttl ',
  ],
  [
    'a negative TTL',
    'set $phantom_token on; set $phantom_token_introspection_endpoint /introspect; set $phantom_token_cache_ttl -1;',
    '$phantom_token_cache_ttl ',
  ],
  [
    'a skew that is no number',
    'set $phantom_token on; set $phantom_token_introspection_endpoint /introspect; set $phantom_token_clock_skew 1e3;',
    '$phantom_token_clock_skew ',
  ],
];

for (const [title, settings, variable] of MISTAKES) {
  gatewayTest(
    `${title}: 500 at the first request, the log names ${variable}(S101)`,
    {
      server: (words) => `
        location / { ${settings} ${words.protect} proxy_pass ${words.upstreamUrl}; }
        ${introspectionLocation(words)}`,
    },
    async (t, g) => {
      g.as.reply(jwt(JWT));
      const answer = await g.send('/', { token: 'opaque-1' });
      t.is(answer.status, 500);
      t.is(answer.body, BODY);
      t.is(answer.headers['cache-control'], 'no-store');
      t.is(g.upstream.requests.length, 0);
      t.is(g.as.requests.length, 0);
      t.deepEqual(await g.accessLog(), ['500 "" "misconfigured"']);
      const lines = (await g.nginx.errorLog()).split('\n').filter((line) => line.includes('js: '));
      const errors = lines.filter((line) => line.includes('[error]'));
      t.is(errors.length, 1);
      t.true(errors[0]?.includes(`phantom_token: misconfigured: ${variable}`));
    },
  );
}

gatewayTest(
  'settings below the include: in auth_request mode none of them is seen, 500, and the log says to set them above; in access mode the order does not matter',
  {
    server: (words) => `
      location / {
        ${words.protect}
        set $phantom_token on;
        set $phantom_token_introspection_endpoint /introspect;
        proxy_pass ${words.upstreamUrl};
      }
      ${introspectionLocation(words)}`,
  },
  async (t, g) => {
    g.as.reply(jwt(JWT));
    const isAccess = g.setup.mode === 'access';
    t.is((await g.send('/', { token: 'opaque-1' })).status, isAccess ? 200 : 500);
    t.is(g.upstream.requests.length, isAccess ? 1 : 0);
    const advice =
      'misconfigured: $phantom_token is not set in this location: set it to on or off above the include of protect.conf';
    t.is((await g.nginx.errorLog()).includes(advice), !isAccess);
  },
);

const WRONG_LOCATIONS: [title: string, endpoint: string][] = [
  ['is taken by the protected location itself', '/nowhere'],
  ['is taken by a location that is not for introspection', '/public'],
];

for (const [title, endpoint] of WRONG_LOCATIONS) {
  gatewayTest(
    `an endpoint that ${title}: 500, its answer is not used and the token does not reach the upstream`,
    {
      server: (words) => `
        ${protectedRoot(words).replace('/introspect;', `${endpoint};`)}
        location /public { default_type application/jwt; return 200 ${JWT}; }`,
    },
    async (t, g) => {
      const answer = await g.send('/', { token: 'opaque-1' });
      t.is(answer.status, 500);
      t.is(g.upstream.requests.length, 0);
      t.deepEqual(await g.accessLog(), ['500 "" "misconfigured"']);
      const log = await g.nginx.errorLog();
      t.regex(log, /misconfigured: .*\$phantom_token_introspection_endpoint .*introspection\.conf/);
    },
  );
}

gatewayTest(
  '$phantom_token off passes the request with its own Authorization header and asks nobody',
  {
    server: (words) => `
      location / { set $phantom_token off; ${words.protect} proxy_pass ${words.upstreamUrl}; }`,
  },
  async (t, g) => {
    t.is((await g.send('/', { headers: { authorization: 'Basic abc' } })).status, 200);
    t.is((await g.send('/')).status, 200);
    t.deepEqual(
      g.upstream.requests.map((received) => received.headers.authorization),
      ['Basic abc', undefined],
    );
    t.is(g.as.requests.length, 0);
    t.deepEqual(await g.accessLog(), ['200 "BYPASS" ""', '200 "BYPASS" ""']);
  },
);

gatewayTest(
  'a nested location without settings of its own is closed: nginx does not inherit set (S84)',
  {
    server: (words) => `
      location /api/ {
        set $phantom_token on;
        set $phantom_token_introspection_endpoint /introspect;
        ${words.protect}
        proxy_pass ${words.upstreamUrl};
        location /api/nested/ { proxy_pass ${words.upstreamUrl}; }
      }
      ${introspectionLocation(words)}`,
  },
  async (t, g) => {
    g.as.reply(jwt(JWT));
    t.is((await g.send('/api/', { token: 'opaque-1' })).status, 200);
    t.is((await g.send('/api/nested/', { token: 'opaque-1' })).status, 500);
    t.is(g.upstream.requests.length, 1);
  },
);

gatewayTest(
  "a location overrides its server's defaults, although nginx runs the server's set lines again in each subrequest",
  {
    serverTop: `
      set $phantom_token off;
      set $phantom_token_introspection_endpoint /nowhere;
      set $phantom_token_realm server;
      set $phantom_token_required_scopes read;
      set $phantom_token_cache_ttl 0;`,
    server: (words) => `
      location /write {
        set $phantom_token on;
        set $phantom_token_introspection_endpoint /introspect;
        set $phantom_token_realm location;
        set $phantom_token_required_scopes "read write";
        set $phantom_token_cache_ttl 60;
        ${words.protect}
        proxy_pass ${words.upstreamUrl};
      }
      location /read {
        set $phantom_token on;
        set $phantom_token_introspection_endpoint /introspect;
        set $phantom_token_cache_ttl 60;
        ${words.protect}
        proxy_pass ${words.upstreamUrl};
      }
      ${introspectionLocation(words)}`,
  },
  async (t, g) => {
    g.as.reply(jwt(JWT));
    for (let i = 0; i < 2; i++) {
      const answer = await g.send('/write', { token: 'opaque-1' });
      t.is(answer.status, 403);
      t.is(
        answer.headers['www-authenticate'],
        'Bearer realm="location", error="insufficient_scope", scope="read write"',
      );
    }
    t.is((await g.send('/read', { token: 'opaque-1' })).status, 200);
    t.is((await g.send('/read')).headers['www-authenticate'], 'Bearer realm="server", scope="read"');
    t.is(g.as.requests.length, 1);
    t.is(g.upstream.requests.length, 1);
  },
);

gatewayTest(
  'a location that rewrites into another is decided by the settings of the other (S92)',
  {
    server: (words) => `
      location /a {
        set $phantom_token on;
        set $phantom_token_introspection_endpoint /introspect;
        rewrite ^ /b last;
      }
      location /b {
        set $phantom_token on;
        set $phantom_token_introspection_endpoint /introspect;
        set $phantom_token_required_scopes write;
        ${words.protect}
        proxy_pass ${words.upstreamUrl};
      }
      ${introspectionLocation(words)}`,
  },
  async (t, g) => {
    g.as.reply(jwt(JWT));
    t.is((await g.send('/a', { token: 'opaque-1' })).status, 403);
    t.is(g.upstream.requests.length, 0);
  },
);

gatewayTest(
  'an internal redirect from one protected location to another looks the token up for the second (S58, S93)',
  {
    server: (words) => `
      location /a {
        set $phantom_token on;
        set $phantom_token_introspection_endpoint /introspect_a;
        ${words.protect}
        proxy_pass ${words.upstreamUrl};
      }
      location /b {
        internal;
        set $phantom_token on;
        set $phantom_token_introspection_endpoint /introspect_b;
        ${words.protect}
        proxy_pass ${words.upstreamUrl};
      }
      ${introspectionLocation(words, '/introspect_a')}
      location = /introspect_b { ${words.introspection} proxy_pass ${words.introspectionUrl}_b; }`,
  },
  async (t, g) => {
    const other = makeJwt({ sub: 'of b', exp: 4102444800 });
    g.as.reply((request) => jwt(request.head.startsWith('POST /introspect_b') ? other : JWT));
    g.upstream.answer = (received) =>
      received.headers.authorization === `Bearer ${JWT}` ? { headers: { 'x-accel-redirect': '/b' } } : {};
    for (let i = 0; i < 2; i++) {
      t.is((await g.send('/a', { token: 'opaque-1' })).status, 200);
    }
    t.deepEqual(
      g.upstream.requests.map((received) => received.headers.authorization),
      [`Bearer ${JWT}`, `Bearer ${other}`, `Bearer ${JWT}`, `Bearer ${other}`],
    );
    t.is(g.as.requests.length, 2);
  },
);

gatewayTest('a request from outside to the introspection location is not answered (S94)', async (t, g) => {
  t.is((await g.send('/introspect', { token: 'opaque-1', method: 'POST', body: 'token=x' })).status, 404);
  t.is(g.as.requests.length, 0);
});

gatewayTest(
  'below njs 0.9.7 zones that evict are refused before anything is written, because they crash workers (S73, S79)',
  { zones: () => ZONES_THAT_EVICT },
  async (t, g) => {
    g.as.reply(jwt(JWT));
    const isOld = g.setup.zones !== 'zones.conf';
    t.is((await g.send('/', { token: 'opaque-1' })).status, isOld ? 500 : 200);
    t.is(g.as.requests.length, isOld ? 0 : 1);
    if (isOld) t.regex(await g.nginx.errorLog(), /misconfigured: .*include zones_njs_0\.8\.conf/);
  },
);

gatewayTest(
  'a zone that is not declared: 500, and the log names it and what to do',
  { zones: (text) => text.replace(/^js_shared_dict_zone zone=phantom_token_state:.*$/m, '') },
  async (t, g) => {
    t.is((await g.send('/', { token: 'opaque-1' })).status, 500);
    t.regex(
      await g.nginx.errorLog(),
      /misconfigured: .*phantom_token_state is not declared: include zones\.conf/,
    );
    t.is(g.as.requests.length, 0);
  },
);

/** A value that the script refuses, for each setting that it reads. */
const WRONG_VALUES = SETTINGS.filter(({ text }) => text !== 'nginx').map((row) => {
  const value = ['wrong', 'a"b', '\u0001'].find((candidate) => findProblem(row, candidate) !== undefined);
  if (value === undefined) throw new Error(`${row.variable} takes every value`);
  return { variable: row.variable, value };
});

/** Read only where something is verified or signed. */
const NEEDS_MINT = SETTINGS.filter(({ text }) => text === 'signatures').map(({ variable }) => variable);
const MINTING = `set $phantom_token_mint missing; set $phantom_token_mint_key_file /none;
  set $phantom_token_mint_issuer https://gateway.test;`;

gatewayTest(
  'a mistake is 500 for a cached token where docs/settings.md says so, and for every other token in any case',
  {
    server: (words) => `
      ${protectedRoot(words)}
      ${WRONG_VALUES.map(
        ({ variable, value }) => `
          location /${variable} {
            set $phantom_token on;
            set $phantom_token_introspection_endpoint /introspect;
            ${NEEDS_MINT.includes(variable) ? MINTING : ''}
            set $${variable} '${value}';
            ${words.protect}
            proxy_pass ${words.upstreamUrl};
          }`,
      ).join('')}
      ${introspectionLocation(words)}`,
  },
  async (t, g) => {
    g.as.reply(jwt(JWT));
    t.is((await g.send('/', { token: 'opaque-cached' })).status, 200);
    const refused: string[] = [];
    for (const { variable } of WRONG_VALUES) {
      t.is((await g.send(`/${variable}`, { token: 'opaque-new' })).status, 500, variable);
      if ((await g.send(`/${variable}`, { token: 'opaque-cached' })).status === 500) refused.push(variable);
    }
    const section = sectionOf(readPages().get('docs/settings.md') ?? '', '## Mistakes');
    const named = [...section.matchAll(/`\$(\w+)`/g)].map(([, name = '']) => name);
    // A partition accepts any text except a line break: test/nginx/bypass.test.ts.
    t.deepEqual(refused.toSorted(), named.filter((name) => name !== 'phantom_token_partition').toSorted());
    t.is(g.as.requests.length, 1);
  },
);

gatewayTest(
  'an nginx.conf with a variables_hash_bucket_size of its own loads http.conf',
  { http: () => 'variables_hash_bucket_size 256;' },
  async (t, g) => {
    g.as.reply(jwt(JWT));
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
    t.notRegex(await g.nginx.errorLog(), /variables_hash/);
  },
);

gatewayTest('without it nginx warns as the page says, and starts', async (t, g) => {
  g.as.reply(jwt(JWT));
  t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
  const page = readPages().get('docs/operations.md') ?? '';
  t.true(page.includes('`could not build optimal variables_hash`'));
  t.regex(await g.nginx.errorLog(), /\[warn\].* could not build optimal variables_hash/);
});

gatewayTest(
  'the log says of a nested location without protect.conf that it does not include it, in both modes (S84)',
  {
    server: (w) => `
      ${protectedRoot(w).replace(/}\s*$/, `location /in { proxy_pass ${w.upstreamUrl}; } }`)}
      ${introspectionLocation(w)}`,
  },
  async (t, g) => {
    t.is((await g.send('/in', { token: 'opaque-1' })).status, 500);
    t.regex(await g.nginx.errorLog(), /does not include protect\.conf itself/);
  },
);
