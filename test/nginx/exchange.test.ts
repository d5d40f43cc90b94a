// The main task: the client sends an opaque token, the API gets the JWT, the authorization server is asked once.
import test from 'ava';
import { gatewayTest, introspectionLocation, protectedRoot } from '../support/gateway.js';
import { makeJwt } from '../support/jwt.js';
import { jwt } from '../support/scripted_server.js';
import { SETUPS } from '../support/setups.js';

const JWT = makeJwt({ sub: 'alice', scope: 'read', exp: 4102444800 });

test('five set-ups are there: both modes, both engines, the oldest njs', (t) => {
  const names = SETUPS.map((setup) => `${setup.mode} ${setup.engine} ${setup.zones}`);
  t.deepEqual(names, [
    'access njs zones.conf',
    'access qjs zones.conf',
    'auth_request njs zones.conf',
    'auth_request qjs zones.conf',
    'auth_request njs zones_njs_0.8.conf',
  ]);
});

gatewayTest(
  'the upstream receives the JWT instead of the opaque token, and the rest of the request unchanged (S107, S116)',
  async (t, g) => {
    g.as.reply(jwt(JWT));
    const answer = await g.send('/a%20b/..%2f?q=%00&x=1', {
      token: 'opaque-1',
      headers: { 'X-Custom': 'a, b', Cookie: 'c=d', Range: 'bytes=0-1' },
    });
    t.is(answer.status, 200);
    t.is(g.upstream.requests.length, 1);
    const received = g.upstream.requests[0];
    t.is(received?.url, '/a%20b/..%2f?q=%00&x=1');
    t.is(received?.headers.authorization, `Bearer ${JWT}`);
    t.is(received?.headers['x-custom'], 'a, b');
    t.is(received?.headers.cookie, 'c=d');
    t.is(received?.headers.range, 'bytes=0-1');
    t.notRegex(JSON.stringify(received?.rawHeaders), /opaque-/);
  },
);

gatewayTest('the second request is a hit: one introspection, the same JWT (RFC 7662 §2.2)', async (t, g) => {
  g.as.reply(jwt(JWT));
  t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
  t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
  t.is(g.as.requests.length, 1);
  t.deepEqual(
    g.upstream.requests.map((received) => received.headers.authorization),
    [`Bearer ${JWT}`, `Bearer ${JWT}`],
  );
  t.deepEqual(await g.accessLog(), ['200 "MISS" ""', '200 "HIT" ""']);
});

gatewayTest('another token is another record', async (t, g) => {
  const other = makeJwt({ sub: 'bob', exp: 4102444800 });
  g.as.reply((request) => jwt(request.form.token === 'opaque-1' ? JWT : other));
  await g.send('/', { token: 'opaque-1' });
  await g.send('/', { token: 'opaque-2' });
  await g.send('/', { token: 'opaque-1' });
  t.is(g.as.requests.length, 2);
  t.deepEqual(
    g.upstream.requests.map((received) => received.headers.authorization),
    [`Bearer ${JWT}`, `Bearer ${other}`, `Bearer ${JWT}`],
  );
});

gatewayTest('every spelling of the scheme finds the same record (RFC 9110 §11.1, S2)', async (t, g) => {
  g.as.reply(jwt(JWT));
  for (const authorization of [
    'bearer opaque-1',
    'Bearer opaque-1',
    'BEARER    opaque-1',
    'bearer  opaque-1',
  ]) {
    t.is((await g.send('/', { headers: { authorization } })).status, 200, authorization);
  }
  t.is(g.as.requests.length, 1);
  t.deepEqual(
    g.upstream.requests.map((received) => received.headers.authorization),
    Array(4).fill(`Bearer ${JWT}`),
  );
});

gatewayTest(
  'the authorization server gets the token in a form body, our credentials and nothing of the client, not even its Host (RFC 7662 §2.1, S16, S17, S18, S19, S21)',
  async (t, g) => {
    g.as.reply(jwt(JWT));
    await g.send('/path?secret=query', {
      token: 'opaque-a+b/c~d==',
      method: 'POST',
      body: 'client body',
      headers: {
        'Content-Type': 'text/plain',
        Cookie: 'session=1',
        Range: 'bytes=0-1',
        'If-None-Match': '"x"',
        'Accept-Encoding': 'gzip',
        'X-Forwarded-For': '1.2.3.4',
        'Proxy-Authorization': 'Basic x',
      },
    });
    t.is(g.as.requests.length, 1);
    const asked = g.as.requests[0];
    t.is(asked?.head.split('\r\n')[0], 'POST /introspect HTTP/1.1');
    t.is(asked?.body.toString(), 'token=opaque-a%2Bb%2Fc%7Ed%3D%3D&token_type_hint=access_token');
    t.deepEqual(asked?.headers, {
      host: `127.0.0.1:${g.as.port}`,
      accept: 'application/jwt',
      'accept-encoding': 'identity',
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': '61',
      authorization: 'Basic Z2F0ZXdheS1jbGllbnQ6Z2F0ZXdheS1zZWNyZXQ=',
    });
    t.is(g.upstream.requests[0]?.body.toString(), 'client body');
  },
);

gatewayTest(
  'two locations with one endpoint share the record, and each applies its own scope to it (S57)',
  {
    server: (words) => `
      location /read {
        set $phantom_token on;
        set $phantom_token_introspection_endpoint /introspect;
        set $phantom_token_required_scopes read;
        ${words.protect}
        proxy_pass ${words.upstreamUrl};
      }
      location /write {
        set $phantom_token on;
        set $phantom_token_introspection_endpoint /introspect;
        set $phantom_token_required_scopes "read write";
        ${words.protect}
        proxy_pass ${words.upstreamUrl};
      }
      ${introspectionLocation(words)}`,
  },
  async (t, g) => {
    g.as.reply(jwt(JWT));
    t.is((await g.send('/read', { token: 'opaque-1' })).status, 200);
    t.is((await g.send('/write', { token: 'opaque-1' })).status, 403);
    t.is((await g.send('/read', { token: 'opaque-1' })).status, 200);
    t.is(g.as.requests.length, 1);
    t.is(g.upstream.requests.length, 2);
    t.deepEqual(await g.accessLog(), ['200 "MISS" ""', '403 "HIT" "scope_insufficient"', '200 "HIT" ""']);
  },
);

gatewayTest(
  'two endpoints never share a record (S58)',
  {
    server: (words) => `
      location /a {
        set $phantom_token on;
        set $phantom_token_introspection_endpoint /introspect_a;
        ${words.protect}
        proxy_pass ${words.upstreamUrl};
      }
      location /b {
        set $phantom_token on;
        set $phantom_token_introspection_endpoint /introspect_b;
        ${words.protect}
        proxy_pass ${words.upstreamUrl};
      }
      ${introspectionLocation(words, '/introspect_a')}
      ${introspectionLocation(words, '/introspect_b')}`,
  },
  async (t, g) => {
    g.as.reply(jwt(JWT));
    for (const path of ['/a', '/b', '/a', '/b']) {
      t.is((await g.send(path, { token: 'opaque-1' })).status, 200);
    }
    t.is(g.as.requests.length, 2);
  },
);

/** The one difference of the second server; all else is the same, also the location's name. */
const OTHER_SERVERS: [
  what: string,
  listen: 'listen' | 'otherPort' | 'otherHost',
  serverName: string,
  otherName: string,
][] = [
  ['name', 'listen', 'gateway.test', 'other.test'],
  ['port', 'otherPort', 'gateway.test', 'gateway.test'],
  ['address, where servers have no name', 'otherHost', '""', '""'],
  ['address, where servers are named _', 'otherHost', '_', '_'],
];

for (const [what, listen, serverName, otherName] of OTHER_SERVERS) {
  gatewayTest(
    `two servers that differ only in their ${what} never share a record (S58)`,
    {
      serverName,
      http: (words) => `
      server {
        listen ${words[listen]};
        server_name ${otherName};
        ${words.mode === 'auth_request' ? `include ${words.snippets}/auth_request/server.conf;` : ''}
        ${protectedRoot(words)}
        location = /introspect { ${words.introspection} proxy_pass ${words.introspectionUrl}_of_other_server; }
      }`,
    },
    async (t, g) => {
      g.as.reply(jwt(JWT));
      const other = {
        token: 'opaque-1',
        url: `http://${g.words[listen]}`,
        headers: { host: otherName.replace('""', 'x') },
      };
      await g.send('/', { token: 'opaque-1', headers: { host: 'gateway.test' } });
      await g.send('/', other);
      await g.send('/', other);
      t.deepEqual(
        g.as.requests.map((asked) => asked.path),
        ['/introspect', '/introspect_of_other_server'],
      );
    },
  );
}

gatewayTest('all workers share the records', { workers: 2 }, async (t, g) => {
  g.as.reply(jwt(JWT));
  await g.send('/', { token: 'opaque-1' });
  await Promise.all(
    Array.from({ length: 40 }, () => g.send('/', { token: 'opaque-1', headers: { connection: 'close' } })),
  );
  t.is(g.as.requests.length, 1);
  t.is(g.upstream.requests.length, 41);
});

gatewayTest(
  '$phantom_jwt is the bare JWT on a miss and on a hit, for headers of any name',
  {
    server: (words) => `
      location / {
        set $phantom_token on;
        set $phantom_token_introspection_endpoint /introspect;
        ${words.protect}
        proxy_set_header X-Jwt $phantom_jwt;
        proxy_pass ${words.upstreamUrl};
      }
      location /off {
        set $phantom_token off;
        ${words.protect}
        proxy_set_header X-Jwt "[$phantom_jwt]";
        proxy_pass ${words.upstreamUrl};
      }
      ${introspectionLocation(words)}`,
  },
  async (t, g) => {
    g.as.reply(jwt(JWT));
    await g.send('/', { token: 'opaque-1' });
    await g.send('/', { token: 'opaque-1' });
    await g.send('/off', { token: 'opaque-1' });
    t.deepEqual(
      g.upstream.requests.map((received) => received.headers['x-jwt']),
      [JWT, JWT, '[]'],
    );
  },
);

/** Looks like a JWT, and the client made it. */
const FORGED = `x.${Buffer.from('{"sub":"admin"}').toString('base64url')}.x`;

gatewayTest(
  'a token that a location with `off` let through does not count as a JWT in another location (S93)',
  {
    server: (words) => `
      location /off { set $phantom_token off; ${words.protect} proxy_pass ${words.upstreamUrl}; }
      location /after {
        set $phantom_token on;
        set $phantom_token_introspection_endpoint /introspect;
        ${words.protect}
        return 200 "[$phantom_jwt] [$phantom_token_subject]";
      }
      ${introspectionLocation(words)}`,
  },
  async (t, g) => {
    g.upstream.answer = () => ({ headers: { 'x-accel-redirect': '/after' } });
    const answer = await g.send('/off', { token: FORGED });
    t.is(answer.body, '[] []');
    t.is(g.upstream.requests[0]?.headers.authorization, `Bearer ${FORGED}`);
    t.deepEqual(await g.accessLog(), ['200 "BYPASS" ""']);
  },
);
