// The authorization server's keys: fetched by one request for all, kept while they cannot be fetched, and refused when they are none.
import http2 from 'node:http2';
import { setTimeout as delay } from 'node:timers/promises';
import { replaceOnce, runningScript, SHIPPED_SCRIPT } from '../support/altered_script.js';
import {
  type ConfigWords,
  type Gateway,
  gatewayTest,
  introspectionLocation,
  protectedRoot,
} from '../support/gateway.js';
import {
  closeBeforeAnswer,
  held,
  htmlPage,
  json,
  jwt,
  type ScriptedAnswer,
  silent,
  slow,
  status,
} from '../support/scripted_server.js';
import { keySetOf, newSigningKey } from '../support/signing_keys.js';

const key = await newSigningKey('ES256', 'first');
const next = await newSigningKey('ES256', 'next');
const SET = JSON.parse(keySetOf(key));
const JWT = await key.sign({ sub: 'u', exp: 4102444800 });

const originOf = (words: ConfigWords) => words.introspectionUrl.replace('/introspect', '');

function server(words: ConfigWords, jwks = '/keys', settings = ''): string {
  return `
    ${protectedRoot(words, `set $phantom_token_jwks ${jwks}; ${settings}`)}
    ${introspectionLocation(words)}
    location = /keys { include ${words.snippets}/jwks.conf; proxy_pass ${originOf(words)}/keys; }
    location = /elsewhere { return 200 '{"keys":[]}'; }`;
}

function answer(g: Gateway, keys: ScriptedAnswer, introspection: ScriptedAnswer = jwt(JWT)): void {
  g.as.reply(({ path }) => (path === '/keys' ? keys : introspection));
}

const fetches = (g: Gateway) => g.as.requests.filter(({ path }) => path === '/keys').length;

/** A script in which a set ages at once, and may be fetched again at once. */
const IMPATIENT = runningScript(
  replaceOnce(
    replaceOnce(SHIPPED_SCRIPT, 'var FRESH_SEC = 300;', 'var FRESH_SEC = 0;'),
    'var FETCH_PAUSE_MS = 3e4;',
    'var FETCH_PAUSE_MS = 1;',
  ),
);

gatewayTest(
  'requests with twenty new tokens and no keys yet: one fetches the keys for all (S70)',
  { server: (words) => server(words), isLoad: true },
  async (t, g) => {
    const keys = held(json(SET));
    answer(g, keys);
    const sent = Array.from({ length: 20 }, (_, i) => g.send('/', { token: `opaque-${i}` }));
    await g.as.waitForRequests(21);
    keys.release();
    const answers = await Promise.all(sent);
    t.deepEqual([...new Set(answers.map((got) => got.status))], [200]);
    t.is(fetches(g), 1);
  },
);

gatewayTest(
  'an aged set is fetched again, and a key that the server has removed verifies nothing more',
  { server: (words) => server(words, '/keys', 'set $phantom_token_cache_ttl 0;'), ...IMPATIENT },
  async (t, g) => {
    answer(g, json(SET));
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
    answer(g, json(JSON.parse(keySetOf(next))));
    t.is((await g.send('/', { token: 'opaque-1' })).status, 502);
    t.deepEqual((await g.accessLog()).at(-1), '502 "MISS" "jwt_key_unknown"');
    answer(g, json(JSON.parse(keySetOf(next, key))));
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
  },
);

gatewayTest(
  'a JWT with a kid that the gateway does not know: the keys are fetched at once, although the set is fresh, and it passes when its key is there',
  {
    server: (words) => server(words),
    ...runningScript(replaceOnce(SHIPPED_SCRIPT, 'var FETCH_PAUSE_MS = 3e4;', 'var FETCH_PAUSE_MS = 1;')),
  },
  async (t, g) => {
    answer(g, json(SET));
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
    t.is((await g.send('/', { token: 'opaque-2' })).status, 200);
    t.is(fetches(g), 1);
    const signed = await next.sign({ sub: 'u', exp: 4102444800 });
    answer(g, json(JSON.parse(keySetOf(key, next))), jwt(signed));
    t.is((await g.send('/', { token: 'opaque-3' })).status, 200);
    t.is(g.upstream.requests.at(-1)?.headers.authorization, `Bearer ${signed}`);
    t.is(fetches(g), 2);
  },
);

for (const [sentence, failing] of [
  ['does not answer', silent()],
  ['answers 503', status(503)],
  ['answers with a page', htmlPage()],
  ['closes the connection', closeBeforeAnswer()],
] as const) {
  gatewayTest(
    `keys stay in use while their place ${sentence}`,
    { server: (words) => server(words, '/keys', 'set $phantom_token_cache_ttl 0;'), ...IMPATIENT },
    async (t, g) => {
      answer(g, json(SET));
      t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
      answer(g, failing);
      t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
      t.is(fetches(g), 2);
    },
  );
}

const rsaKeys = (count: number) =>
  JSON.stringify({ keys: Array.from({ length: count }, () => ({ ...key.publicJwk })) });

for (const [sentence, keys, code, reason] of [
  ['404', status(404), 502, 'jwks_unusable'],
  [
    'a redirect, which is not followed',
    status(302, { headers: { Location: 'http://127.0.0.1:1/' } }),
    502,
    'jwks_unusable',
  ],
  ['a page', htmlPage(), 502, 'jwks_unusable'],
  ['a list', json([]), 502, 'jwks_unusable'],
  ['no key', json({ keys: [] }), 502, 'jwks_unusable'],
  [
    'a secret, with which a public key could be confused (RFC 8725 §2.1)',
    json({ keys: [{ kty: 'oct', k: 'AAAA', kid: 'first' }] }),
    502,
    'jwks_unusable',
  ],
  [
    'broken members',
    json({
      keys: [{ kty: 'EC', crv: 'P-256', x: 'AA', y: {} }, null, 1, 'x', { kty: 'RSA', n: 'AQAB', e: 'AQAB' }],
    }),
    502,
    'jwks_unusable',
  ],
  ['1,000 keys', jwt(rsaKeys(1000), { contentType: 'application/json' }), 502, 'jwks_unusable'],
  [
    'a set of 1 MB',
    jwt(JSON.stringify({ ...SET, padding: 'x'.repeat(1_000_000) }), { contentType: 'application/json' }),
    502,
    'jwks_unusable',
  ],
  ['503', status(503), 503, 'jwks_unavailable'],
  ['nothing', silent(), 503, 'jwks_unavailable'],
  ['a closed connection', closeBeforeAnswer(), 503, 'jwks_unavailable'],
] as const) {
  gatewayTest(
    `${sentence} in place of the keys is ${code}, one fetch for two tokens, and nothing goes upstream`,
    { server: (words) => server(words) },
    async (t, g) => {
      answer(g, keys);
      const first = await g.send('/', { token: 'opaque-1' });
      t.is(first.status, code);
      t.is(first.headers['retry-after'], code === 503 ? '1' : undefined);
      t.is((await g.send('/', { token: 'opaque-2' })).status, code);
      t.is(fetches(g), 1);
      t.is(g.upstream.requests.length, 0);
      t.deepEqual(await g.accessLog(), [`${code} "MISS" "${reason}"`, `${code} "MISS" "${reason}"`]);
    },
  );
}

gatewayTest(
  'keys by URL: fetched without a location',
  { server: (words) => server(words, `${originOf(words)}/keys`) },
  async (t, g) => {
    answer(g, json(SET));
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
    t.is((await g.send('/', { token: 'opaque-2' })).status, 200);
    t.is(fetches(g), 1);
    t.is(g.as.requests.find(({ path }) => path === '/keys')?.method, 'GET');
  },
);

gatewayTest(
  'a location without jwks.conf gives no keys: 502, and the log says so',
  { server: (words) => server(words, '/elsewhere') },
  async (t, g) => {
    answer(g, json(SET));
    t.is((await g.send('/', { token: 'opaque-1' })).status, 502);
    t.regex(await g.nginx.errorLog(), /jwks_unusable: .*no location that includes jwks\.conf/);
  },
);

gatewayTest(
  'the location of the keys is for the script alone: neither clients nor X-Accel-Redirect reach it (S85)',
  { server: (words) => server(words) },
  async (t, g) => {
    answer(g, json(SET));
    t.is((await g.send('/keys')).status, 404);
    t.is(fetches(g), 0);
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
    g.upstream.answer = () => ({ headers: { 'x-accel-redirect': '/keys' } });
    const redirected = await g.send('/', { token: 'opaque-1' });
    t.is(redirected.status, 404);
    t.notRegex(redirected.body, /kty/);
    t.is(fetches(g), 1, 'the script alone has fetched');
  },
);

const ISSUER = 'https://as.example.com';
const MIXED = `set $phantom_token_accept_jwt on; set $phantom_token_issuer ${ISSUER}; set $phantom_token_audience api;`;

gatewayTest(
  'HTTP/2 streams that are reset do not keep others from the keys: HTTP/1 has a fetch of its own, and whoever has waited fetches alone (S69)',
  { server: (words) => server(words, '/keys', MIXED), serverTop: 'http2 on;', isLoad: true },
  async (t, g) => {
    answer(g, slow(250, json(SET)), json({ active: false }));
    const flood = startFlood(g.url, await key.sign({ sub: 'u' }));
    try {
      const token = await key.sign({ iss: ISSUER, aud: 'api', sub: 'u', exp: 4102444800 });
      await flood.isRunning;
      t.is((await g.send('/', { token })).status, 200);
    } finally {
      await flood.stop();
    }
  },
);

gatewayTest(
  'a removed key is not kept in force by HTTP/2 streams that are reset while they fetch (S69)',
  {
    server: (words) => server(words, '/keys', `${MIXED} set $phantom_token_cache_ttl 0;`),
    serverTop: 'http2 on;',
    isLoad: true,
    ...runningScript(
      replaceOnce(
        replaceOnce(SHIPPED_SCRIPT, 'var FRESH_SEC = 300;', 'var FRESH_SEC = 1;'),
        'var WHILE_FETCHED_SEC = 60;',
        'var WHILE_FETCHED_SEC = 0;',
      ).replace('var FETCH_PAUSE_MS = 3e4;', 'var FETCH_PAUSE_MS = 500;'),
    ),
  },
  async (t, g) => {
    const claims = { iss: ISSUER, aud: 'api', sub: 'u', exp: 4102444800 };
    const token = await key.sign(claims);
    answer(g, json(SET), json({ active: false }));
    t.is((await g.send('/', { token })).status, 200);
    answer(g, slow(250, json(JSON.parse(keySetOf(next)))), json({ active: false }));
    const flood = startFlood(g.url, token);
    try {
      await flood.isRunning;
      await delay(1600); // the set has aged, and may be fetched
      t.is((await g.send('/', { token })).status, 401);
    } finally {
      await flood.stop();
    }
  },
);

const RESET_AFTER_MS = 40;
const PAUSE_MS = 4;
const STREAMS_OF_A_SESSION = 100;

/** HTTP/2 streams with JWTs that nobody knows, each of them reset while keys are fetched for it. */
function startFlood(url: string, token: string): { isRunning: Promise<void>; stop(): Promise<void> } {
  let isOn = true;
  let begin = () => {};
  const isRunning = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const ended = (async () => {
    for (let count = 0; isOn; ) {
      const session = http2.connect(url);
      session.on('error', () => {});
      for (let i = 0; isOn && i < STREAMS_OF_A_SESSION && !session.closed; i++, count++) {
        const junk = `${token.slice(0, -12)}${String(count).padStart(12, 'A')}`;
        const stream = session.request({ ':path': '/', authorization: `Bearer ${junk}` });
        stream.on('error', () => {});
        setTimeout(() => stream.close(http2.constants.NGHTTP2_CANCEL), RESET_AFTER_MS);
        if (count === 10) begin();
        await delay(PAUSE_MS);
      }
      setTimeout(() => session.destroy(), 2 * RESET_AFTER_MS);
    }
  })();
  return {
    isRunning,
    async stop() {
      isOn = false;
      await ended;
    },
  };
}
