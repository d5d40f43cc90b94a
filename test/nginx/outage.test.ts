// The authorization server fails: stale records and the circuit breaker (RFC 5861 §4, S24, S65).
import { type Gateway, type GatewayOptions, gatewayTest, protectedRoot } from '../support/gateway.js';
import { makeJwt } from '../support/jwt.js';
import {
  held,
  inactive204,
  jwt,
  reset,
  type ScriptedAnswer,
  silent,
  slow,
  status,
} from '../support/scripted_server.js';

const JWT = makeJwt({ scope: 'read', exp: 4102444800 });
const STALE =
  'set $phantom_token_cache_ttl 1; set $phantom_token_stale_if_error 60; set $phantom_token_breaker_failures 0;';

const OUTAGES: [title: string, answer: ScriptedAnswer][] = [
  ['resets', reset()],
  ['says 500', status(500)],
  ['says 503', status(503)],
];

for (const [title, outage] of OUTAGES) {
  gatewayTest(
    `the AS ${title}: a record past its TTL is served, STALE, and the log says so (S65)`,
    { settings: STALE },
    async (t, g) => {
      g.as.reply(jwt(JWT), outage);
      t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
      while (g.as.requests.length < 2) {
        t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
      }
      t.regex((await g.accessLog()).at(-1) ?? '', /^200 "STALE" ""$/);
      t.is(g.upstream.requests.at(-1)?.headers.authorization, `Bearer ${JWT}`);
      t.regex(await g.nginx.errorLog(), /\[warn\].*phantom_token: stale record served: introspection_/);
      t.true((await g.send('/', { token: 'opaque-unknown' })).status >= 502);
    },
  );
}

const NO_OUTAGES: [title: string, answer: ScriptedAnswer, expected: number][] = [
  ['429, which a client can cause (RFC 6585 §4)', status(429), 503],
  ['the token is inactive now', inactive204(), 401],
  ["the gateway's own secret is refused", status(401), 502],
  ['the answer is not understood', jwt('x'), 502],
];

for (const [title, answer, expected] of NO_OUTAGES) {
  gatewayTest(`${title}: no stale record is served`, { settings: STALE }, async (t, g) => {
    g.as.reply(jwt(JWT), answer);
    let last = await g.send('/', { token: 'opaque-1' });
    while (g.as.requests.length < 2) {
      t.is(last.status, 200);
      last = await g.send('/', { token: 'opaque-1' });
    }
    t.is(last.status, expected);
  });
}

const FORBIDDEN: [directive: string, section: string][] = [
  ['max-age=1, must-revalidate', '§5.2.2.2'],
  ['max-age=1, proxy-revalidate', '§5.2.2.8'],
  ['s-maxage=1', '§5.2.2.10'],
];

for (const [cacheControl, section] of FORBIDDEN) {
  gatewayTest(
    `"${cacheControl}" forbids a stale record, unless Cache-Control is ignored (RFC 9111 ${section})`,
    {
      server: (words) => `
        ${protectedRoot(words, STALE.replace('ttl 1;', 'ttl 300;'))}
        ${protectedRoot(words, `${STALE} set $phantom_token_cache_control ignore;`).replace('location /', 'location /ignore')}
        location = /introspect { ${words.introspection} proxy_pass ${words.introspectionUrl}; }`,
    },
    async (t, g) => {
      g.as.reply(jwt(JWT, { cacheControl }), reset());
      let last = await g.send('/', { token: 'opaque-1' });
      while (last.status === 200) {
        last = await g.send('/', { token: 'opaque-1' });
      }
      t.is(last.status, 502);
      t.false((await g.accessLog()).some((line) => line.includes('STALE')));

      const asked = g.as.requests.length;
      g.as.reply(jwt(JWT, { cacheControl }), reset());
      while (g.as.requests.length < asked + 2) {
        t.is((await g.send('/ignore', { token: 'opaque-2' })).status, 200);
      }
      t.regex((await g.accessLog()).at(-1) ?? '', /^200 "STALE" ""$/);
    },
  );
}

gatewayTest(
  'without $phantom_token_stale_if_error (the default) no stale record is served',
  { settings: 'set $phantom_token_cache_ttl 1;' },
  async (t, g) => {
    g.as.reply(jwt(JWT), reset());
    let last = await g.send('/', { token: 'opaque-1' });
    while (g.as.requests.length < 2) {
      last = await g.send('/', { token: 'opaque-1' });
    }
    t.is(last.status, 502);
  },
);

gatewayTest('a stale record ends with exp (RFC 7662 §4)', { settings: STALE }, async (t, g) => {
  const expSec = Math.floor(Date.now() / 1000) + 3;
  g.as.reply(jwt(makeJwt({ exp: expSec })), reset());
  let sentSec = Math.floor(Date.now() / 1000);
  let last = await g.send('/', { token: 'opaque-1' });
  while (last.status === 200) {
    t.true(sentSec < expSec, 'served after exp');
    sentSec = Math.floor(Date.now() / 1000);
    last = await g.send('/', { token: 'opaque-1' });
  }
  t.is(last.status, 502);
  t.true((await g.accessLog()).some((line) => line.includes('STALE')));
});

gatewayTest(
  'the policy of the location is checked on a stale record, too (S57)',
  {
    server: (words) => `
      ${protectedRoot(words, STALE)}
      ${protectedRoot(words, `${STALE} set $phantom_token_required_scopes admin;`).replace('location /', 'location /admin')}
      location = /introspect { ${words.introspection} proxy_pass ${words.introspectionUrl}; }`,
  },
  async (t, g) => {
    g.as.reply(jwt(JWT), reset());
    while (g.as.requests.length < 2) {
      await g.send('/', { token: 'opaque-1' });
    }
    t.is((await g.send('/admin', { token: 'opaque-1' })).status, 403);
    t.regex((await g.accessLog()).at(-1) ?? '', /^403 "STALE" "scope_insufficient"$/);
  },
);

/** Longer than a test may take. */
const BREAKER = 'set $phantom_token_breaker_failures 3; set $phantom_token_breaker_delay 60;';
const BRIEF_BREAKER = BREAKER.replace('delay 60', 'delay 1');

async function untilSuspended(g: Gateway): Promise<void> {
  for (let i = 0; i < 3; i++) {
    await g.send('/', { token: `opaque-${i}` });
  }
}

gatewayTest(
  'three failures in a row suspend introspection: 503 with Retry-After at once, hits are served, the AS is not asked',
  { workers: 2, settings: BREAKER },
  async (t, g) => {
    g.as.reply(jwt(JWT), reset());
    await g.send('/', { token: 'opaque-good' });
    await untilSuspended(g);
    t.is(g.as.requests.length, 4);
    for (let i = 0; i < 10; i++) {
      const answer = await g.send('/', { token: 'opaque-new', headers: { connection: 'close' } });
      t.is(answer.status, 503);
      t.true(Number(answer.headers['retry-after']) >= 1 && Number(answer.headers['retry-after']) <= 60);
    }
    t.is((await g.send('/', { token: 'opaque-good' })).status, 200);
    t.is(g.as.requests.length, 4);
    t.regex((await g.accessLog()).at(-2) ?? '', /^503 "MISS" "introspection_suspended"$/);
  },
);

gatewayTest(
  'any answer between two failures sets the count back to zero',
  { settings: BREAKER },
  async (t, g) => {
    g.as.reply(reset(), reset(), status(500), reset(), reset(), jwt(JWT));
    for (let i = 0; i < 5; i++) {
      await g.send('/', { token: `opaque-${i}` });
    }
    t.is((await g.send('/', { token: 'opaque-good' })).status, 200);
    t.is(g.as.requests.length, 6);
  },
);

gatewayTest('0 never suspends', { settings: 'set $phantom_token_breaker_failures 0;' }, async (t, g) => {
  g.as.reply(reset());
  for (let i = 0; i < 12; i++) {
    t.is((await g.send('/', { token: `opaque-${i}` })).status, 502);
  }
  t.is(g.as.requests.length, 12);
});

gatewayTest(
  'after the delay a probe asks; if it is answered, all may ask',
  { settings: BRIEF_BREAKER },
  async (t, g) => {
    const probe = held(jwt(JWT));
    g.as.reply(reset(), reset(), reset(), probe, jwt(JWT));
    await untilSuspended(g);
    const probes: ReturnType<typeof g.send>[] = [];
    while (g.as.requests.length < 4) {
      const sent = g.send('/', { token: `opaque-${probes.length + 10}` });
      probes.push(sent);
      await Promise.race([sent, g.as.waitForRequests(4)]);
    }
    probe.release();
    t.is((await probes.at(-1))?.status, 200);
    t.is((await g.send('/', { token: 'opaque-later' })).status, 200);
    t.is(g.as.requests.length, 5);
  },
);

const FAILED_PROBES = 3;

gatewayTest(
  'a failed probe suspends again: one probe a second, and the other requests are refused meanwhile',
  { settings: BRIEF_BREAKER },
  async (t, g) => {
    g.as.reply(reset());
    const startedMs = Date.now();
    await untilSuspended(g);
    while (g.as.requests.length < 3 + FAILED_PROBES) {
      const asked = g.as.requests.length;
      const { status: refused } = await g.send('/', { token: 'opaque-new' });
      t.is(refused, g.as.requests.length === asked ? 503 : 502);
    }
    t.true(FAILED_PROBES <= (Date.now() - startedMs) / 1000);
  },
);

const TWO_ENDPOINTS: GatewayOptions = {
  server: (words) => `
    ${protectedRoot(words, BREAKER)}
    ${protectedRoot(words, BREAKER).replace('location /', 'location /other').replace('/introspect;', '/introspect_other;')}
    location = /introspect { ${words.introspectionWithin(300)} proxy_pass ${words.introspectionUrl}; }
    location = /introspect_other { ${words.introspection} proxy_pass ${words.introspectionUrl}_other; }`,
};

gatewayTest(
  'each endpoint has its own breaker; a silent AS counts as failing',
  TWO_ENDPOINTS,
  async (t, g) => {
    g.as.reply((request) => (request.path.endsWith('_other') ? jwt(JWT) : silent()));
    await untilSuspended(g);
    t.is((await g.send('/', { token: 'opaque-new' })).status, 503);
    t.is((await g.send('/other', { token: 'opaque-new' })).status, 200);
  },
);

gatewayTest(
  'while introspection is suspended, stale records are served without asking',
  {
    settings: `${BREAKER} set $phantom_token_cache_ttl 1; set $phantom_token_stale_if_error 60;`,
  },
  async (t, g) => {
    g.as.reply(jwt(JWT), reset());
    await g.send('/', { token: 'opaque-good' });
    await untilSuspended(g);
    const asked = g.as.requests.length;
    let last = await g.send('/', { token: 'opaque-good' });
    while (!(await g.accessLog()).some((line) => line.includes('STALE'))) {
      t.is(last.status, 200);
      last = await g.send('/', { token: 'opaque-good' });
    }
    t.is(last.status, 200);
    t.is(g.as.requests.length, asked);
  },
);

gatewayTest(
  'a token that was rejected meanwhile is not served from its stale record',
  { settings: `${STALE} set $phantom_token_negative_cache_ttl 1;` },
  async (t, g) => {
    g.as.reply(jwt(JWT), inactive204(), reset());
    let last = await g.send('/', { token: 'opaque-1' });
    while (last.status === 200) {
      last = await g.send('/', { token: 'opaque-1' });
    }
    t.is(last.status, 401);
    while (last.status === 401) {
      last = await g.send('/', { token: 'opaque-1' });
    }
    t.is(last.status, 502);
  },
);

gatewayTest(
  'a rejection that one location receives applies to all locations with that endpoint',
  {
    server: (words) => `
      ${protectedRoot(words)}
      ${protectedRoot(words, 'set $phantom_token_cache_ttl 0;').replace('location /', 'location /fresh')}
      location = /introspect { ${words.introspection} proxy_pass ${words.introspectionUrl}; }`,
  },
  async (t, g) => {
    g.as.reply(jwt(JWT), inactive204());
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
    t.is((await g.send('/fresh', { token: 'opaque-1' })).status, 401);
    t.is((await g.send('/', { token: 'opaque-1' })).status, 401);
    t.is(g.as.requests.length, 2);
  },
);

gatewayTest(
  'where stale_if_error or the TTL is 0, no stale record of another location is served',
  {
    server: (words) => `
      ${protectedRoot(words)}
      ${protectedRoot(words, 'set $phantom_token_cache_ttl 0; set $phantom_token_stale_if_error 60;').replace('location /', 'location /fresh')}
      ${protectedRoot(words, 'set $phantom_token_cache_ttl 1;').replace('location /', 'location /short')}
      location = /introspect { ${words.introspection} proxy_pass ${words.introspectionUrl}; }`,
  },
  async (t, g) => {
    g.as.reply(jwt(JWT), reset());
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
    t.is((await g.send('/fresh', { token: 'opaque-1' })).status, 502);
    let last = await g.send('/short', { token: 'opaque-1' });
    while (last.status === 200) {
      last = await g.send('/short', { token: 'opaque-1' });
    }
    t.is(last.status, 502);
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
  },
);

const WITHOUT_BREAKER: GatewayOptions = {
  server: (words) => `
    ${protectedRoot(words, BREAKER)}
    ${protectedRoot(words, 'set $phantom_token_breaker_failures 0;').replace('location /', 'location /never')}
    location = /introspect { ${words.introspection} proxy_pass ${words.introspectionUrl}; }`,
};

for (const [what, answer, expected] of [
  ['failure', reset(), 502],
  ['answer', jwt(JWT), 200],
] as const) {
  gatewayTest(
    `the ${what} of a location with 0 failures does not change the breaker of the other locations`,
    WITHOUT_BREAKER,
    async (t, g) => {
      g.as.reply(reset(), reset(), answer, reset());
      await g.send('/', { token: 'opaque-0' });
      await g.send('/', { token: 'opaque-1' });
      t.is((await g.send('/never', { token: 'opaque-2' })).status, expected);
      t.is((await g.send('/', { token: 'opaque-3' })).status, 502);
      t.is((await g.send('/', { token: 'opaque-new' })).status, 503, 'three in a row');
      t.is(g.as.requests.length, 4);
    },
  );
}

for (const code of [502, 504]) {
  gatewayTest(
    `a ${code} from a load balancer in front of the AS counts as a failure; its other statuses do not`,
    { settings: BREAKER },
    async (t, g) => {
      g.as.reply(status(503), status(500), status(429), status(code));
      for (let i = 0; i < 6; i++) {
        t.true((await g.send('/', { token: `opaque-${i}` })).status >= 502);
      }
      t.is((await g.send('/', { token: 'opaque-new' })).status, 503);
      t.regex((await g.accessLog()).at(-1) ?? '', /^503 "MISS" "introspection_suspended"$/);
      t.is(g.as.requests.length, 6);
    },
  );
}

gatewayTest(
  'one token for which the AS fails is suspended alone: other tokens are introspected, and their answer sets the count back to zero',
  { settings: BREAKER },
  async (t, g) => {
    g.as.reply((request) => (request.form.token === 'opaque-odd' ? reset() : jwt(JWT)));
    for (let i = 0; i < 3; i++) {
      t.is((await g.send('/', { token: 'opaque-odd' })).status, 502);
    }
    const suspended = await g.send('/', { token: 'opaque-odd' });
    t.is(suspended.status, 503);
    t.true(Number(suspended.headers['retry-after']) >= 1);
    t.is(g.as.requests.length, 3);
    t.is((await g.send('/', { token: 'opaque-good' })).status, 200);
    t.is((await g.send('/', { token: 'opaque-odd' })).status, 502, 'asked again: an answer came meanwhile');
    t.is(g.as.requests.length, 5);
  },
);

gatewayTest(
  'failures in a row of two tokens suspend introspection for all',
  { settings: BREAKER },
  async (t, g) => {
    g.as.reply(reset());
    for (let i = 0; i < 3; i++) {
      await g.send('/', { token: 'opaque-odd' });
    }
    t.is((await g.send('/', { token: 'opaque-other' })).status, 502);
    t.is((await g.send('/', { token: 'opaque-new' })).status, 503);
    t.is((await g.send('/', { token: 'opaque-odd' })).status, 503);
    t.is(g.as.requests.length, 4);
  },
);

const PROBES = 5;

gatewayTest(
  'a probe without an answer counts as lost after a second, and the next request probes; the others are refused meanwhile',
  {
    server: (words) => `
      ${protectedRoot(words, BRIEF_BREAKER)}
      location = /introspect { ${words.introspectionWithin(30_000)} proxy_pass ${words.introspectionUrl}; }`,
  },
  async (t, g) => {
    const silence = held(reset());
    g.as.reply(reset(), reset(), reset(), silence);
    const startedMs = Date.now();
    await untilSuspended(g);
    const sent: Promise<number>[] = [];
    while (g.as.requests.length < 3 + PROBES) {
      const next = g.as.waitForRequests(g.as.requests.length + 1);
      const one = g.send('/', { token: `opaque-${sent.length + 10}` }).then((answer) => answer.status);
      sent.push(one);
      await Promise.race([one, next]);
    }
    t.true(PROBES <= (Date.now() - startedMs) / 1000, 'after a suspension of a second, one a second');
    silence.release();
    const statuses = await Promise.all(sent);
    t.is(statuses.filter((one) => one === 502).length, PROBES, `${statuses}`);
    t.true(statuses.every((one) => one === 502 || one === 503));
  },
);

const MISTAKES: [title: string, settings: string][] = [
  ['settings that give no method', 'set $phantom_token_client_auth private_key_jwt;'],
  [
    'a file that is not there',
    'set $phantom_token_client_auth client_secret_post; set $phantom_token_client_secret_file /nowhere/secret;',
  ],
];

for (const [title, settings] of MISTAKES) {
  gatewayTest(
    `a location with ${title} does not use up the probe of the other locations`,
    {
      server: (words) => `
        ${protectedRoot(words, `${BRIEF_BREAKER} set $phantom_token_client_id gateway-client; set $phantom_token_client_auth none;`)}
        ${protectedRoot(words, `${BRIEF_BREAKER} set $phantom_token_client_id gateway-client; ${settings}`).replace('location /', 'location /wrong')}
        location = /introspect { ${words.introspection} proxy_pass ${words.introspectionUrl}; }`,
    },
    async (t, g) => {
      g.as.reply(reset(), reset(), reset(), jwt(JWT));
      await untilSuspended(g);
      let wrong = await g.send('/wrong', { token: 'opaque-wrong' });
      while (wrong.status === 503) {
        wrong = await g.send('/wrong', { token: 'opaque-wrong' });
      }
      t.is(wrong.status, 500);
      t.is((await g.send('/', { token: 'opaque-good' })).status, 200, 'this one is the probe');
      t.is(g.as.requests.length, 4);
    },
  );
}

gatewayTest(
  'a location with 0 failures ignores the breaker of the other locations',
  WITHOUT_BREAKER,
  async (t, g) => {
    g.as.reply(reset());
    await untilSuspended(g);
    t.is((await g.send('/', { token: 'opaque-new' })).status, 503);
    t.is((await g.send('/never', { token: 'opaque-new' })).status, 502);
  },
);

gatewayTest(
  'an answer that comes after the mark of any purge has ended is not used: 504, nothing stored, no stale record (S62)',
  {
    server: (words) =>
      protectedRoot(words, 'set $phantom_token_introspection_timeout 1;') +
      `location = /introspect { ${words.introspectionWithin(30_000)} proxy_pass ${words.introspectionUrl}; }`,
  },
  async (t, g) => {
    g.as.reply(slow(2500, jwt(JWT)), jwt(JWT));
    t.is((await g.send('/', { token: 'opaque-1' })).status, 504);
    t.is(g.upstream.requests.length, 0);
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
    t.is(g.as.requests.length, 2);
    t.deepEqual(await g.accessLog(), ['504 "MISS" "introspection_timeout"', '200 "MISS" ""']);
  },
);
