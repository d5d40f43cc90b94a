// An absolute URL as endpoint: njs's fetch sends the request, and no introspection location is needed.
import test from 'ava';
import { newCertificateAuthority } from '../support/certificates.js';
import { startDnsServer } from '../support/dns_server.js';
import { type ConfigWords, type GatewayOptions, gatewayTest } from '../support/gateway.js';
import { makeJwt } from '../support/jwt.js';
import * as reply from '../support/scripted_server.js';
import { isBefore } from '../support/setup.js';

const JWT = makeJwt({ scope: 'read', exp: 4102444800 });

const ca = await newCertificateAuthority();
const otherCa = await newCertificateAuthority();
const tls = await reply.startScriptedServer({ tls: await ca.issue('as.test') });
const dns = await startDnsServer('as.test');
tls.reply(reply.jwt(JWT));
test.after.always('the servers are stopped', () => Promise.all([tls.close(), dns.close()]));

const CREDENTIALS =
  'set $phantom_token_client_id gateway-client; set $phantom_token_client_secret gateway-secret;';

function protectedBy(words: ConfigWords, url: string, settings = CREDENTIALS): string {
  return `
    js_fetch_timeout 1s;
    location / {
      set $phantom_token on;
      set $phantom_token_introspection_endpoint ${url};
      ${settings}
      ${words.protect}
      proxy_pass ${words.upstreamUrl};
    }`;
}

const OVER_HTTP: GatewayOptions = { server: (words) => protectedBy(words, words.introspectionUrl) };

gatewayTest('the exchange over a URL: one call, then hits', OVER_HTTP, async (t, g) => {
  g.as.reply(reply.jwt(JWT));
  for (let i = 0; i < 2; i++) {
    const answer = await g.send('/', {
      token: 'opaque-1',
      method: 'POST',
      body: 'client body',
      headers: { cookie: 'a=b' },
    });
    t.is(answer.status, 200);
  }
  t.is(g.as.requests.length, 1);
  const asked = g.as.requests[0];
  t.is(`${asked?.method} ${asked?.path}`, 'POST /introspect');
  t.deepEqual(asked?.form, { token: 'opaque-1', token_type_hint: 'access_token' });
  t.is(asked?.headers.authorization, 'Basic Z2F0ZXdheS1jbGllbnQ6Z2F0ZXdheS1zZWNyZXQ=');
  t.is(asked?.headers.accept, 'application/jwt');
  t.is(asked?.headers['content-type'], 'application/x-www-form-urlencoded');
  t.is(asked?.headers.cookie, undefined);
  t.deepEqual(
    g.upstream.requests.map((received) => [received.headers.authorization, received.body.toString()]),
    Array(2).fill([`Bearer ${JWT}`, 'client body']),
  );
  t.deepEqual(await g.accessLog(), ['200 "MISS" ""', '200 "HIT" ""']);
});

gatewayTest('a JWT of 64 kB comes over a URL as well', OVER_HTTP, async (t, g) => {
  const large = makeJwt({ exp: 4102444800 }, { bytes: 65536 });
  g.as.reply(reply.jwt(large));
  t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
  t.is(g.upstream.requests[0]?.headers.authorization, `Bearer ${large}`);
});

const FAULTS: [title: string, answer: reply.ScriptedAnswer, status: number, reason: string][] = [
  ['is silent: js_fetch_timeout ends it (S44)', reply.silent(), 504, 'introspection_timeout'],
  ['resets', reply.reset(), 502, 'introspection_unreachable'],
  ['closes before it answers', reply.closeBeforeAnswer(), 502, 'introspection_unreachable'],
  ['is cut inside the body (S36)', reply.truncated(reply.jwt(JWT), 100), 502, 'introspection_unreachable'],
  ['answers over 1 MB', reply.jwt('x'.repeat(1100000)), 502, 'introspection_unreachable'],
  ['says 401 (S23)', reply.status(401), 502, 'introspection_unauthorized'],
  ['says 503', reply.status(503, { headers: { 'retry-after': '9' } }), 503, 'introspection_overloaded'],
  [
    'redirects: not followed (S41)',
    reply.status(302, { headers: { location: '/x' } }),
    502,
    'introspection_status',
  ],
  ['answers a page', reply.htmlPage(), 502, 'introspection_content_type'],
  ['says inactive', reply.inactive204(), 401, 'token_inactive'],
];

for (const [title, answer, status, reason] of FAULTS) {
  gatewayTest(`AS at a URL ${title}: ${status} ${reason}`, OVER_HTTP, async (t, g) => {
    g.as.reply(answer);
    const refused = await g.send('/', { token: 'opaque-1' });
    t.is(refused.status, status);
    t.is(refused.headers['retry-after'], status === 503 ? '9' : undefined);
    t.is(g.upstream.requests.length, 0);
    t.deepEqual(await g.accessLog(), [`${status} "MISS" "${reason}"`]);
  });
}

/** Like a server that ignores `Connection: close`. */
function keptOpen(answer: reply.ScriptedAnswer): reply.ScriptedAnswer {
  return {
    async deliver(connection) {
      await answer.deliver(connection);
      return reply.silent().deliver(connection);
    },
  };
}

gatewayTest(
  'AS at a URL answers and keeps the connection open: a newer njs serves it; before 0.9.2 it waits for the timeout, and the log says what else a timeout means, and what to do',
  OVER_HTTP,
  async (t, g) => {
    g.as.reply(keptOpen(reply.jwt(JWT)));
    const answer = await g.send('/', { token: 'opaque-1' });
    if (isBefore(g.setup, '0.9.2')) {
      t.is(answer.status, 504);
      t.is(g.upstream.requests.length, 0);
      t.regex(
        await g.nginx.errorLog(),
        /introspection_timeout: .*failure="[^"]*, or a connection that the server keeps open, [^"]*" [^:]*: no answer in time: [^:]*; if it keeps the connection to a URL open, [^:]*, use an internal location as endpoint, or njs 1\.0\.2 or newer \(server=/,
      );
    } else {
      t.is(answer.status, 200);
      t.is(g.upstream.requests[0]?.headers.authorization, `Bearer ${JWT}`);
    }
  },
);

gatewayTest(
  'AS at a URL refuses the connection: 502, and the log says so',
  { server: (words) => protectedBy(words, `${words.refusedUrl}/introspect`) },
  async (t, g) => {
    t.is((await g.send('/', { token: 'opaque-1' })).status, 502);
    t.regex(await g.nginx.errorLog(), /introspection_unreachable: .*failure="cannot connect/);
  },
);

function overTls(trusted: string, lines = `resolver 127.0.0.1:${dns.port} ipv6=off;`): GatewayOptions {
  return {
    files: { 'ca.pem': trusted },
    server: (words) => `
      js_fetch_trusted_certificate ${words.prefix}/ca.pem;
      ${lines}
      ${protectedBy(words, `https://as.test:${tls.port}/introspect`)}`,
  };
}

gatewayTest(
  'https by name: the certificate is verified against the CA that the operator trusts (S22)',
  overTls(ca.cert),
  async (t, g) => {
    t.is((await g.send('/', { token: 'opaque-tls' })).status, 200);
    t.is(g.upstream.requests[0]?.headers.authorization, `Bearer ${JWT}`);
  },
);

gatewayTest(
  'a certificate of another CA: 502, the log names js_fetch_trusted_certificate (S22)',
  overTls(otherCa.cert),
  async (t, g) => {
    t.is((await g.send('/', { token: 'opaque-untrusted' })).status, 502);
    t.is(tls.requests.filter((asked) => asked.form.token === 'opaque-untrusted').length, 0);
    t.regex(await g.nginx.errorLog(), /failure=".*js_fetch_trusted_certificate/);
  },
);

gatewayTest(
  'a host name without a resolver: 502, the log names the directive',
  overTls(ca.cert, ''),
  async (t, g) => {
    t.is((await g.send('/', { token: 'opaque-1' })).status, 502);
    t.regex(await g.nginx.errorLog(), /failure="a host name needs the resolver directive"/);
  },
);

gatewayTest(
  'an https URL at which nobody listens: 502 for each request, and the worker does not crash',
  {
    files: { 'ca.pem': ca.cert },
    server: (words) => `
      js_fetch_trusted_certificate ${words.prefix}/ca.pem;
      ${protectedBy(words, `${words.refusedUrl.replace('http:', 'https:')}/introspect`, `${CREDENTIALS} set $phantom_token_breaker_failures 0;`)}`,
  },
  async (t, g) => {
    for (let i = 0; i < 30; i++) {
      t.is((await g.send('/', { token: `opaque-${i}` })).status, 502);
    }
    t.deepEqual(await g.accessLog(), Array(30).fill('502 "MISS" "introspection_unreachable"'));
  },
);

const MISTAKES: [title: string, url: string, settings: string, says: string][] = [
  ['no credentials', 'http://127.0.0.1:1/i', '', '$phantom_token_client_id'],
  ['another scheme', 'ftp://127.0.0.1/i', CREDENTIALS, '$phantom_token_introspection_endpoint'],
  ['a password in the URL', 'http://a:b@127.0.0.1/i', CREDENTIALS, '$phantom_token_introspection_endpoint'],
  [
    'a query in the URL (S17)',
    'http://127.0.0.1/i?a=b',
    CREDENTIALS,
    '$phantom_token_introspection_endpoint',
  ],
];

for (const [title, url, settings, says] of MISTAKES) {
  gatewayTest(
    `${title}: 500, the log names ${says} (S101)`,
    { server: (words) => protectedBy(words, url, settings) },
    async (t, g) => {
      t.is((await g.send('/', { token: 'opaque-1' })).status, 500);
      t.is(g.upstream.requests.length, 0);
      t.true((await g.nginx.errorLog()).includes(`phantom_token: misconfigured: ${says}`));
    },
  );
}

/** More than twice the setting, from which on an answer does not count. */
const TOO_LATE_MS = 2100;

gatewayTest(
  'an answer that came too late to count allows no stale record: it may have said that the token is inactive (RFC 5861 §4, S65)',
  {
    server: (words) =>
      protectedBy(
        words,
        words.introspectionUrl,
        `${CREDENTIALS} set $phantom_token_introspection_timeout 1; set $phantom_token_cache_ttl 1; set $phantom_token_stale_if_error 600;`,
      ).replace('js_fetch_timeout 1s', 'js_fetch_timeout 30s'),
  },
  async (t, g) => {
    g.as.reply(reply.jwt(JWT), reply.slow(TOO_LATE_MS, reply.inactive204()));
    let last = await g.send('/', { token: 'opaque-1' });
    while (g.as.requests.length < 2) {
      t.is(last.status, 200);
      last = await g.send('/', { token: 'opaque-1' });
    }
    t.is(last.status, 504);
    t.is((await g.accessLog()).at(-1), '504 "MISS" "introspection_timeout"');
    t.regex(await g.nginx.errorLog(), /introspection_timeout: the answer came too late to count/);
  },
);

gatewayTest(
  'a URL and a location never share a record (S58)',
  {
    server: (words) => `
      ${protectedBy(words, words.introspectionUrl)}
      location /other {
        set $phantom_token on;
        set $phantom_token_introspection_endpoint /introspect;
        ${words.protect}
        proxy_pass ${words.upstreamUrl};
      }
      location = /introspect { ${words.introspection} proxy_pass ${words.introspectionUrl}; }`,
  },
  async (t, g) => {
    g.as.reply(reply.jwt(JWT));
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
    // njs 0.9.5 to 0.9.9 is turned away at a location: nothing is looked up.
    const isServed = isBefore(g.setup, '0.9.5') || !isBefore(g.setup, '1.0.0');
    t.is((await g.send('/other', { token: 'opaque-1' })).status, isServed ? 200 : 500);
    t.is(g.as.requests.length, isServed ? 2 : 1);
  },
);
