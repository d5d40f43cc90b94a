// Rejected tokens are remembered for some seconds, in a zone of their own (S66-S69).
import { gatewayTest, introspectionLocation, protectedRoot } from '../support/gateway.js';
import { makeJwt } from '../support/jwt.js';
import { inactive204, jwt, reset, status } from '../support/scripted_server.js';

const JWT = makeJwt({ exp: 4102444800 });

gatewayTest(
  'a rejected token is introspected again after its seconds, and may be active then (S66)',
  { settings: 'set $phantom_token_negative_cache_ttl 2;' },
  async (t, g) => {
    g.as.reply(inactive204(), jwt(JWT));
    t.is((await g.send('/', { token: 'opaque-1' })).status, 401);
    t.is((await g.send('/', { token: 'opaque-1' })).status, 401);
    t.is(g.as.requests.length, 1);
    let answer = await g.send('/', { token: 'opaque-1' });
    while (answer.status === 401) {
      t.is(g.as.requests.length, 1);
      answer = await g.send('/', { token: 'opaque-1' });
    }
    t.is(answer.status, 200);
    t.is(g.as.requests.length, 2);
  },
);

gatewayTest(
  'a location uses a rejection only for its own seconds, even if another location remembers it longer (S66)',
  {
    server: (words) => `
      ${protectedRoot(words, 'set $phantom_token_negative_cache_ttl 60;')}
      ${protectedRoot(words, 'set $phantom_token_negative_cache_ttl 1;').replace('location /', 'location /short/')}
      ${introspectionLocation(words)}`,
  },
  async (t, g) => {
    g.as.reply(inactive204(), jwt(JWT));
    t.is((await g.send('/', { token: 'opaque-1' })).status, 401);
    let answer = await g.send('/short/', { token: 'opaque-1' });
    while (answer.status === 401) {
      t.is(g.as.requests.length, 1);
      answer = await g.send('/short/', { token: 'opaque-1' });
    }
    t.is(answer.status, 200);
    t.is(g.as.requests.length, 2);
  },
);

gatewayTest(
  'a TTL of 0 remembers nothing',
  { settings: 'set $phantom_token_negative_cache_ttl 0;' },
  async (t, g) => {
    g.as.reply(inactive204());
    await g.send('/', { token: 'opaque-1' });
    await g.send('/', { token: 'opaque-1' });
    t.is(g.as.requests.length, 2);
    t.deepEqual(await g.accessLog(), Array(2).fill('401 "MISS" "token_inactive"'));
  },
);

gatewayTest('every spelling of the scheme finds the rejection', async (t, g) => {
  g.as.reply(inactive204());
  for (const authorization of ['Bearer opaque-1', 'bearer   opaque-1']) {
    t.is((await g.send('/', { headers: { authorization } })).status, 401);
  }
  t.is(g.as.requests.length, 1);
});

gatewayTest(
  'a token that one location refuses by its policy is not rejected in other locations (S57)',
  {
    settings: 'set $phantom_token_required_scopes admin;',
  },
  async (t, g) => {
    g.as.reply(jwt(JWT));
    t.is((await g.send('/', { token: 'opaque-1' })).status, 403);
    t.is((await g.send('/', { token: 'opaque-1' })).status, 403);
    t.deepEqual(await g.accessLog(), ['403 "MISS" "scope_insufficient"', '403 "HIT" "scope_insufficient"']);
  },
);

gatewayTest(
  'a token that the AS does not introspect is 401 and remembered, so that no client can cause 502s at will (RFC 7009 §2.2.1)',
  async (t, g) => {
    g.as.reply(
      status(400, {
        headers: { 'content-type': 'application/json' },
        body: '{"error":"unsupported_token_type"}',
      }),
    );
    for (let i = 0; i < 2; i++) {
      const answer = await g.send('/', { token: 'opaque-1' });
      t.is(answer.status, 401);
      t.is(answer.headers['www-authenticate'], 'Bearer realm="api", error="invalid_token"');
    }
    t.is(g.as.requests.length, 1);
    t.is(g.upstream.requests.length, 0);
    t.deepEqual(await g.accessLog(), [
      '401 "MISS" "token_type_unsupported"',
      '401 "NEGATIVE" "token_type_unsupported"',
    ]);
  },
);

gatewayTest('a failure of the AS is never remembered as a rejection (S67)', async (t, g) => {
  g.as.reply(reset(), jwt(JWT));
  t.is((await g.send('/', { token: 'opaque-1' })).status, 502);
  t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
});

const GOOD = 20;
const ROUNDS = 10;
/** For each good request, ten with a random token; the tokens are numbered, so that nothing depends on chance. */
const FLOOD = 10;

/** The flood fills it, should rejections ever get into it: then njs 0.8, which does not evict, has no room for a good token. */
const SMALL_ZONE = (text: string) => text.replace('zone=phantom_token:32m', 'zone=phantom_token:64k');

gatewayTest(
  'a flood of random tokens at ten times the good traffic leaves every good token in the cache (S68)',
  { workers: 2, isLoad: true, zones: SMALL_ZONE },
  async (t, g) => {
    g.as.reply((request) => (request.form.token?.startsWith('opaque-good') ? jwt(JWT) : inactive204()));
    const good = Array.from({ length: GOOD }, (_, i) => `opaque-good-${i}`);
    const floodOf = (round: number) =>
      Array.from({ length: GOOD * FLOOD }, (_, i) => `opaque-bad-${round}-${i}`);
    const sendAll = (tokens: string[]) => Promise.all(tokens.map((token) => g.send('/', { token })));
    await sendAll(floodOf(0));
    await sendAll(floodOf(1));
    await sendAll(good);
    for (let round = 2; round < ROUNDS; round++) {
      const answers = await sendAll([...floodOf(round), ...good]);
      t.is(answers.filter((answer) => answer.status === 200).length, GOOD);
    }
    const lines = await g.accessLog();
    const served = lines.filter((line) => line.startsWith('200'));
    t.is(served.length, GOOD * (ROUNDS - 1));
    t.is(served.filter((line) => line.includes('"HIT"')).length, GOOD * (ROUNDS - 2));
  },
);

gatewayTest(
  'a rejected token that is sent all the time is introspected once in each period',
  { settings: 'set $phantom_token_negative_cache_ttl 1;' },
  async (t, g) => {
    g.as.reply(inactive204());
    const startedMs = Date.now();
    while (g.as.requests.length < 4) {
      t.is((await g.send('/', { token: 'opaque-1' })).status, 401);
    }
    // A record made at x.9 ends at (x + 1).0. So two may happen within little more than one second, but not four within two.
    t.true(Date.now() - startedMs > 2000);
    const log = await g.accessLog();
    t.deepEqual(
      log.filter(
        (line) => line !== '401 "MISS" "token_inactive"' && line !== '401 "NEGATIVE" "token_inactive"',
      ),
      [],
    );
    t.is(log.filter((line) => line.includes('MISS')).length, 4);
  },
);
