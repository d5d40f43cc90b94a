// Ending a token at once (S62): in all workers, even if it was never seen or is being introspected.
import {
  type ConfigWords,
  type Gateway,
  type GatewayOptions,
  gatewayTest,
  introspectionLocation,
  protectedRoot,
} from '../support/gateway.js';
import { makeJwt } from '../support/jwt.js';
import { held, inactive204, jwt } from '../support/scripted_server.js';

const JWT = makeJwt({ exp: 4102444800 });
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

function purgeLocation(lines = ''): string {
  return `
    location = /purge {
      allow 127.0.0.0/8;
      deny all;
      set $phantom_token_introspection_endpoint /introspect;
      ${lines}
      js_content phantom_token.purge;
    }`;
}

const PURGING: GatewayOptions = {
  workers: 2,
  server: (words: ConfigWords) => protectedRoot(words) + introspectionLocation(words) + purgeLocation(),
};

function purge(g: Gateway, body: string, url = g.url) {
  return g.send('/purge', { method: 'POST', body, headers: { ...FORM, connection: 'close' }, url });
}

gatewayTest(
  'a purged token is rejected at once, in all workers, and the AS is not asked (S62)',
  PURGING,
  async (t, g) => {
    g.as.reply(jwt(JWT));
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
    t.is((await purge(g, 'token=opaque-1')).status, 200);
    for (let i = 0; i < 10; i++) {
      t.is((await g.send('/', { token: 'opaque-1', headers: { connection: 'close' } })).status, 401);
    }
    t.is(g.as.requests.length, 1);
    t.is((await g.accessLog()).at(-1), '401 "NEGATIVE" "token_purged"');
    t.is((await g.send('/', { token: 'opaque-2' })).status, 200, 'no other token is touched');
  },
);

gatewayTest('purging is idempotent, and holds for a token that was never seen', PURGING, async (t, g) => {
  g.as.reply(jwt(JWT));
  t.is((await g.send('/', { token: 'opaque-2' })).status, 200);
  for (let i = 0; i < 2; i++) {
    const answer = await purge(g, 'token=opaque-1&token_type_hint=access_token');
    t.is(answer.status, 200);
    t.is(answer.headers['content-type'], 'application/json');
    t.is(answer.headers['cache-control'], 'no-store');
    t.is(answer.body, '{"records":0}');
  }
  t.is((await g.send('/', { token: 'opaque-1' })).status, 401);
  t.is((await g.send('/', { headers: { authorization: 'bearer   opaque-1' } })).status, 401);
  t.is(g.as.requests.length, 1);
});

gatewayTest(
  'a purge before any protected location has asked is refused: a wrong server, endpoint or partition looks the same (S62)',
  PURGING,
  async (t, g) => {
    const answer = await purge(g, 'token=opaque-1');
    t.is(answer.status, 500);
    t.regex(answer.body, /"code":"server_error".*no protected location of this server has asked/);
    t.regex(await g.nginx.errorLog(), /phantom_token: misconfigured: no protected location of this server/);
  },
);

/** Two servers of one name, one with two ports, and locations with other cache keys than the purge location. */
const FAR: GatewayOptions = {
  server: (words) => `
    listen ${words.otherPort};
    ${protectedRoot(words)}
    location /other_client/ {
      set $phantom_token on;
      set $phantom_token_introspection_endpoint /introspect;
      set $phantom_token_client_id gateway-2;
      set $phantom_token_client_auth none;
      set $phantom_token_introspection_parameters resource=a;
      set $phantom_token_jwt_field jwt;
      set $phantom_token_max_jwt_length 5000;
      set $phantom_token_cache_control ignore;
      ${words.protect}
      proxy_pass ${words.upstreamUrl};
    }
    ${introspectionLocation(words)}
    ${purgeLocation()}`,
};

gatewayTest(
  'a purge ends every record of the token: of the other port, and under another client id, form, JWT field or limit (S62)',
  FAR,
  async (t, g) => {
    g.as.reply(jwt(JWT));
    const otherPort = `http://${g.words.otherPort}`;
    const ways = [
      { path: '/', url: g.url },
      { path: '/', url: otherPort },
      { path: '/other_client/', url: g.url },
      { path: '/other_client/', url: otherPort },
    ];
    for (const { path, url } of ways) t.is((await g.send(path, { token: 'opaque-1', url })).status, 200);
    t.is(g.as.requests.length, 4, 'each location has a record of its own');
    const answer = await purge(g, 'token=opaque-1');
    t.is(answer.status, 200);
    t.is(answer.body, '{"records":4}');
    for (const { path, url } of ways) t.is((await g.send(path, { token: 'opaque-1', url })).status, 401);
    t.is(g.as.requests.length, 4);
    t.is(g.upstream.requests.length, 4);
    t.is((await purge(g, 'token=opaque-1', otherPort)).body, '{"records":0}');
  },
);

gatewayTest(
  'a purged token stays refused for as long as any location could have kept it, stale time included (S62)',
  {
    server: (words) =>
      protectedRoot(
        words,
        'set $phantom_token_cache_ttl 1; set $phantom_token_stale_if_error 3000; set $phantom_token_introspection_timeout 1;',
      ) +
      introspectionLocation(words) +
      purgeLocation('set $phantom_token_cache_ttl 0; set $phantom_token_introspection_timeout 1;'),
  },
  async (t, g) => {
    g.as.reply(jwt(JWT));
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
    t.is((await purge(g, 'token=opaque-1')).body, '{"records":1}');
    // With the purge location's own settings the mark would end after two seconds.
    const untilMs = Date.now() + 2500;
    while (Date.now() < untilMs) t.is((await g.send('/', { token: 'opaque-1' })).status, 401);
    t.is(g.as.requests.length, 1);
  },
);

gatewayTest('an introspection under way does not bring a purged token back', PURGING, async (t, g) => {
  const answer = held(jwt(JWT));
  g.as.reply(answer);
  const first = g.send('/', { token: 'opaque-1' });
  await g.as.waitForRequests(1);
  t.is((await purge(g, 'token=opaque-1')).status, 200);
  answer.release();
  t.is((await first).status, 401);
  t.is((await g.send('/', { token: 'opaque-1' })).status, 401);
  t.is(g.as.requests.length, 1);
  t.is(g.upstream.requests.length, 0);
});

/** The number of keyspaces that a purge looks into: src/edge/keyspaces.ts. */
const MAX_KEYSPACES = 256;

gatewayTest(
  'no record is kept where a purge would not find it: a token with one combination too many is served uncached, and counted (S62)',
  {
    http: () => 'js_shared_dict_zone zone=phantom_token_metrics:64k type=number;',
    server: (words) =>
      protectedRoot(words, 'set $phantom_token_introspection_parameters tenant=$arg_tenant;') +
      introspectionLocation(words) +
      purgeLocation() +
      'location = /metrics { js_content phantom_token.metrics; }',
  },
  async (t, g) => {
    g.as.reply(jwt(JWT));
    const statusOf = async (tenant: number) =>
      (await g.send(`/?tenant=${tenant}`, { token: `opaque-${tenant}` })).status;
    const last = MAX_KEYSPACES;
    const beyond = MAX_KEYSPACES + 1;
    for (let tenant = 1; tenant <= beyond; tenant++) t.is(await statusOf(tenant), 200);
    t.is(g.as.requests.length, beyond);
    t.is(g.as.requests.at(-1)?.form.tenant, String(beyond));

    t.is(await statusOf(last), 200);
    t.is(g.as.requests.length, beyond, 'the last with a place is kept');
    t.is(await statusOf(beyond), 200);
    t.is(g.as.requests.length, beyond + 1, 'the one beyond is not');
    const page = (await g.send('/metrics')).body;
    t.true(page.includes('phantom_token_uncached_total{cause="too_many"} 2\n'), page);
    t.regex(
      await g.nginx.errorLog(),
      /\[warn\].*phantom_token: .* over 256 combinations of client id, form fields/,
    );

    t.is((await purge(g, `token=opaque-${last}`)).body, '{"records":1}');
    t.is(await statusOf(last), 401);
    t.is((await purge(g, `token=opaque-${beyond}`)).body, '{"records":0}');
    t.is(await statusOf(beyond), 401);
    t.is(g.as.requests.length, beyond + 1);
  },
);

/** A hundred tokens fill this zone; the shipped size would need thousands. */
function smallZones(text: string): string {
  return text.replace('zone=phantom_token:32m', 'zone=phantom_token:128k');
}

gatewayTest(
  'a flood of new tokens does not remove the mark of a purge, or the list by which a purge finds records (S62, S73, S75)',
  { ...PURGING, zones: smallZones },
  async (t, g) => {
    g.as.reply(jwt(makeJwt({ exp: 4102444800 }, { bytes: 3000 })));
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
    t.is((await purge(g, 'token=opaque-1')).status, 200);
    for (let i = 2; i < 102; i++) t.is((await g.send('/', { token: `opaque-${i}` })).status, 200);
    t.is((await g.send('/', { token: 'opaque-1' })).status, 401);
    t.is(g.as.requests.length, 101);
    t.is((await purge(g, 'token=opaque-1')).body, '{"records":0}', 'the reach is still known');
  },
);

gatewayTest(
  'the rejection lasts as long as a record could, $phantom_token_cache_ttl, and then ends',
  {
    server: (words) =>
      protectedRoot(words, 'set $phantom_token_cache_ttl 2; set $phantom_token_introspection_timeout 1;') +
      introspectionLocation(words) +
      purgeLocation('set $phantom_token_cache_ttl 2; set $phantom_token_introspection_timeout 1;'),
  },
  async (t, g) => {
    g.as.reply(jwt(JWT));
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
    t.is((await purge(g, 'token=opaque-1')).status, 200);
    t.is((await g.send('/', { token: 'opaque-1' })).status, 401);
    let answer = await g.send('/', { token: 'opaque-1' });
    while (answer.status === 401) {
      t.is(g.as.requests.length, 1);
      answer = await g.send('/', { token: 'opaque-1' });
    }
    t.is(answer.status, 200);
    t.is(g.as.requests.length, 2);
  },
);

gatewayTest('a token in form encoding is decoded', PURGING, async (t, g) => {
  g.as.reply(jwt(JWT));
  t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
  t.is((await purge(g, 'token=opaque-a%2Bb%2F%3D%3D')).status, 200);
  t.is((await g.send('/', { token: 'opaque-a+b/==' })).status, 401);
});

const BAD_BODIES: Record<string, string> = {
  'no body': '',
  'no token': 'a=b',
  'an empty token': 'token=',
  'two tokens': 'token=opaque-1&token=opaque-2',
  'no token by the grammar': 'token=opaque%201',
  'broken encoding': 'token=%zz',
  JSON: '{"token":"opaque-1"}',
  'far too much': `token=opaque-${'x'.repeat(100000)}`,
};

gatewayTest('a body that names no token: 400', PURGING, async (t, g) => {
  g.as.reply(jwt(JWT));
  t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
  for (const [what, body] of Object.entries(BAD_BODIES)) {
    const answer = await purge(g, body);
    t.is(answer.status, 400, what);
    t.regex(answer.body, /"code":"invalid_request".*one field token/);
  }
});

gatewayTest('another method: 405 and Allow (RFC 9110 §15.5.6)', PURGING, async (t, g) => {
  for (const method of ['GET', 'PUT', 'DELETE', 'HEAD']) {
    const answer = await g.send('/purge?token=opaque-1', { method });
    t.is(answer.status, 405, method);
    t.is(answer.headers.allow, 'POST');
    if (method !== 'HEAD') t.regex(answer.body, /A purge is a POST request/);
  }
});

gatewayTest(
  'a purge location without an endpoint: 500, and the log names the variable (S101)',
  {
    server: (words) =>
      protectedRoot(words) + introspectionLocation(words) + purgeLocation().replace(/set [^;]+;/, ''),
  },
  async (t, g) => {
    t.is((await purge(g, 'token=opaque-1')).status, 500);
    t.regex(
      await g.nginx.errorLog(),
      /phantom_token: misconfigured: \$phantom_token_introspection_endpoint /,
    );
  },
);

gatewayTest(
  'a management server on another port purges the records of this server, when both set the same partition',
  {
    serverTop: 'set $phantom_token_partition api;',
    http: (words) =>
      `server { listen ${words.otherPort}; set $phantom_token_partition api; ${purgeLocation()} }`,
  },
  async (t, g) => {
    g.as.reply(jwt(JWT));
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
    t.is((await purge(g, 'token=opaque-1', `http://${g.words.otherPort}`)).status, 200);
    t.is((await g.send('/', { token: 'opaque-1' })).status, 401);
  },
);

gatewayTest(
  'two servers with the same partition share their records',
  {
    serverTop: 'set $phantom_token_partition api;',
    http: (words) => `
      server {
        ${words.mode === 'auth_request' ? `include ${words.snippets}/auth_request/server.conf;` : ''}
        listen ${words.otherPort};
        set $phantom_token_partition api;
        ${protectedRoot(words)}
        ${introspectionLocation(words)}
      }`,
  },
  async (t, g) => {
    g.as.reply(jwt(JWT));
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
    t.is((await g.send('/', { token: 'opaque-1', url: `http://${g.words.otherPort}` })).status, 200);
    t.is(g.as.requests.length, 1);
  },
);

for (const serverName of ['""', '_']) {
  gatewayTest(
    `a purge in a server named ${serverName}, whose addresses have records of their own: 500 instead of a misleading 200`,
    {
      serverName,
      server: (words) => protectedRoot(words) + introspectionLocation(words) + purgeLocation(),
    },
    async (t, g) => {
      t.is((await purge(g, 'token=opaque-1')).status, 500);
      t.regex(await g.nginx.errorLog(), /purge needs a server_name, or \$phantom_token_partition/);
    },
  );
}

gatewayTest(
  'a purge at one address of a server reaches the records of all its addresses',
  {
    server: (words) => `
      listen ${words.otherHost};
      ${protectedRoot(words)} ${introspectionLocation(words)} ${purgeLocation()}`,
  },
  async (t, g) => {
    g.as.reply(jwt(JWT));
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
    t.is((await purge(g, 'token=opaque-1', `http://${g.words.otherHost}`)).status, 200);
    t.is((await g.send('/', { token: 'opaque-1' })).status, 401);
  },
);

gatewayTest(
  'a purge also ends a token whose introspection takes longer than the TTL, even with TTL 0',
  {
    server: (words) =>
      protectedRoot(words, 'set $phantom_token_cache_ttl 0;') +
      introspectionLocation(words) +
      purgeLocation('set $phantom_token_cache_ttl 0;'),
  },
  async (t, g) => {
    const answer = held(jwt(JWT));
    g.as.reply(answer);
    const first = g.send('/', { token: 'opaque-1' });
    await g.as.waitForRequests(1);
    t.is((await purge(g, 'token=opaque-1')).status, 200);
    answer.release();
    t.is((await first).status, 401);
    t.is(g.upstream.requests.length, 0);
  },
);

gatewayTest(
  'rejected tokens add no keyspace: a client without a valid token cannot fill the list that a purge looks into (S62)',
  {
    server: (words) =>
      protectedRoot(words, 'set $phantom_token_introspection_parameters resource=$arg_r;') +
      introspectionLocation(words) +
      purgeLocation(),
  },
  async (t, g) => {
    g.as.reply((request) => (request.form.token === 'opaque-good' ? jwt(JWT) : inactive204()));
    for (let i = 0; i < 260; i++) t.is((await g.send(`/?r=${i}`, { token: `opaque-${i}` })).status, 401);
    t.is((await g.send('/?r=new', { token: 'opaque-good' })).status, 200);
    t.is((await g.send('/?r=new', { token: 'opaque-good' })).status, 200);
    t.is(g.as.requests.length, 261, 'the good token is cached');
    t.is((await purge(g, 'token=opaque-good')).body, '{"records":1}');
    t.is((await g.send('/?r=new', { token: 'opaque-good' })).status, 401);
  },
);

gatewayTest(
  'a purge also ends a token whose introspection takes longer than any record lasts, with any timeout of the purge location (S62)',
  {
    server: (words) =>
      protectedRoot(words, 'set $phantom_token_cache_ttl 1; set $phantom_token_introspection_timeout 60;') +
      introspectionLocation(words).replace(words.introspection, words.introspectionWithin(30_000)) +
      purgeLocation('set $phantom_token_cache_ttl 1; set $phantom_token_introspection_timeout 1;'),
  },
  async (t, g) => {
    const answer = held(jwt(JWT));
    g.as.reply(answer);
    const first = g.send('/', { token: 'opaque-1' });
    await g.as.waitForRequests(1);
    t.is((await purge(g, 'token=opaque-1')).status, 200);
    // With the purge location's own settings the mark would end after two seconds.
    const untilMs = Date.now() + 2500;
    while (Date.now() < untilMs) await g.send('/purge', { method: 'GET' });
    answer.release();
    t.is((await first).status, 401);
    t.is(g.upstream.requests.length, 0);
  },
);
