// Where the token comes from: the Authorization header, or a variable of the operator's choice.
import { gatewayTest, introspectionLocation } from '../support/gateway.js';
import { makeJwt } from '../support/jwt.js';
import { jwt } from '../support/scripted_server.js';

const JWT = makeJwt({ exp: 4102444800 });
// nginx itself logs a header with an underscore at level info.
const QUIET = { errorLogLevel: 'notice' } as const;
const FROM_COOKIE = { settings: 'set $phantom_token_input $cookie_at;' };

gatewayTest(
  'a token in a cookie is exchanged like one in the header, and shares its record',
  FROM_COOKIE,
  async (t, g) => {
    g.as.reply(jwt(JWT));
    t.is((await g.send('/', { headers: { cookie: 'at=opaque-1' } })).status, 200);
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
    t.is(g.as.requests.length, 1);
    t.is(g.as.requests[0]?.form.token, 'opaque-1');
    t.deepEqual(
      g.upstream.requests.map((received) => received.headers.authorization),
      [`Bearer ${JWT}`, `Bearer ${JWT}`],
    );
  },
);

gatewayTest(
  'the variable is used instead of the header, with any scheme in the header',
  FROM_COOKIE,
  async (t, g) => {
    g.as.reply(jwt(JWT));
    const headers = { cookie: 'at=opaque-1', authorization: 'Basic abc' };
    t.is((await g.send('/', { headers })).status, 200);
    t.is(g.as.requests[0]?.form.token, 'opaque-1');
    t.is(g.upstream.requests[0]?.headers.authorization, `Bearer ${JWT}`);
  },
);

gatewayTest('with an empty variable the header is used', FROM_COOKIE, async (t, g) => {
  g.as.reply(jwt(JWT));
  t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
  t.is((await g.send('/')).status, 401);
  t.deepEqual(await g.accessLog(), ['200 "MISS" ""', '401 "" "token_missing"']);
});

gatewayTest(
  'the grammar is the same: what is no token is refused without asking (RFC 6750 §2.1, S6)',
  FROM_COOKIE,
  async (t, g) => {
    for (const cookie of [
      'at=opaque-1,x',
      'at=Bearer opaque-1',
      'at=opaque-\xff',
      `at=opaque-${'x'.repeat(4096)}`,
    ]) {
      const answer = await g.send('/', { headers: { cookie } });
      t.is(answer.status, 401, cookie);
      t.is(answer.headers['www-authenticate'], 'Bearer realm="api", error="invalid_token"');
    }
    t.is(g.as.requests.length, 0);
  },
);

gatewayTest(
  '`off` passes the header to the upstream, also where a variable holds a token',
  {
    server: (words) => `
      location / {
        set $phantom_token off;
        set $phantom_token_input $cookie_at;
        ${words.protect}
        proxy_pass ${words.upstreamUrl};
      }
      ${introspectionLocation(words)}`,
  },
  async (t, g) => {
    t.is((await g.send('/', { headers: { cookie: 'at=opaque-1', authorization: 'Basic abc' } })).status, 200);
    t.is(g.upstream.requests[0]?.headers.authorization, 'Basic abc');
  },
);

gatewayTest('a client cannot set a variable of the gateway with a header (S13)', QUIET, async (t, g) => {
  const headers = {
    phantom_token_input: 'opaque-1',
    'phantom-token-input': 'opaque-1',
    Authorization_: 'Bearer opaque-1',
  };
  t.is((await g.send('/', { headers })).status, 401);
  t.is(g.as.requests.length, 0);
});
