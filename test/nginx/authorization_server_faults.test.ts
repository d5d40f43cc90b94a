// When the authorization server fails, the gateway answers 502, 503 or 504, never 401, and it never lets the request
// through. Nothing of the failure is stored (S23, S26-S44, S67, S110).
import { gzipSync } from 'node:zlib';
import type { ExecutionContext } from 'ava';
import {
  type Answer,
  type Gateway,
  type GatewayOptions,
  gatewayTest,
  protectedRoot,
} from '../support/gateway.js';
import { makeJwt } from '../support/jwt.js';
import type { ScriptedAnswer } from '../support/scripted_server.js';
import * as reply from '../support/scripted_server.js';

const JWT = makeJwt({ scope: 'read', exp: 4102444800 }, { alg: 'RS256' });
const BODY = '{"code":"server_error","message":"Problem encountered processing the request"}';

function assertUnavailable(t: ExecutionContext, g: Gateway, answer: Answer, status: number): void {
  t.is(answer.status, status);
  t.is(answer.headers['www-authenticate'], undefined);
  t.is(answer.headers['cache-control'], 'no-store');
  t.is(answer.headers['content-type'], 'application/json');
  t.is(answer.body, BODY);
  t.is(g.upstream.requests.length, 0);
}

const CREDENTIALS =
  'set $phantom_token_client_id gateway-client; set $phantom_token_client_secret gateway-secret;';
const INTERNAL_PAGE = 'location = /internal { internal; default_type application/jwt; return 200 x; }';
const INTERNAL_JWT = `location = /internal { internal; default_type application/jwt; return 200 ${JWT}; }`;

interface Fault {
  readonly title: string;
  readonly answer: ScriptedAnswer;
  readonly status: number;
  readonly reason: string;
  readonly serverTop?: string;
}

const FAULTS: Fault[] = [
  {
    title: 'resets the connection (S44)',
    answer: reply.reset(),
    status: 502,
    reason: 'introspection_unreachable',
  },
  {
    title: 'closes before it answers (S44)',
    answer: reply.closeBeforeAnswer(),
    status: 502,
    reason: 'introspection_unreachable',
  },
  {
    title: 'says 401: our own credentials are wrong (RFC 7662 §2.3, S23)',
    answer: reply.status(401),
    status: 502,
    reason: 'introspection_unauthorized',
  },
  { title: 'says 403', answer: reply.status(403), status: 502, reason: 'introspection_unauthorized' },
  { title: 'says 400', answer: reply.status(400), status: 502, reason: 'introspection_status' },
  { title: 'says 404', answer: reply.status(404), status: 502, reason: 'introspection_status' },
  { title: 'says 500', answer: reply.status(500), status: 502, reason: 'introspection_server_error' },
  { title: 'says 502', answer: reply.status(502), status: 502, reason: 'introspection_unreachable' },
  { title: 'says 504', answer: reply.status(504), status: 504, reason: 'introspection_timeout' },
  {
    title: 'redirects (S41)',
    answer: reply.status(302, { headers: { location: '/login' } }),
    status: 502,
    reason: 'introspection_status',
  },
  {
    title: 'answers a JWT with status 201',
    answer: reply.status(201, { headers: { 'content-type': 'application/jwt' }, body: JWT }),
    status: 502,
    reason: 'introspection_status',
  },
  {
    title: 'answers an HTML page with 200 (S33)',
    answer: reply.wrongContentType('text/html', '<html>login</html>'),
    status: 502,
    reason: 'introspection_content_type',
  },
  {
    title: 'answers a JWT as text/plain',
    answer: reply.wrongContentType('text/plain', JWT),
    status: 502,
    reason: 'introspection_content_type',
  },
  {
    title: 'answers an empty body with 200 (S34)',
    answer: reply.jwt(''),
    status: 502,
    reason: 'introspection_malformed',
  },
  {
    title: 'answers no JWT as application/jwt',
    answer: reply.jwt('not a jwt'),
    status: 502,
    reason: 'introspection_malformed',
  },
  {
    title: 'answers a JWT without signature (RFC 8725 §3.1, S53)',
    answer: reply.jwt(`${Buffer.from('{"alg":"none"}').toString('base64url')}.e30.`),
    status: 502,
    reason: 'introspection_malformed',
  },
  {
    title: 'breaks a line in the JWT (S103)',
    answer: reply.jwt(`${JWT}\r\nX-Injected: 1`),
    status: 502,
    reason: 'introspection_malformed',
  },
  {
    title: 'is cut inside the announced body (S36)',
    answer: reply.truncated(reply.jwt(JWT), 100),
    status: 502,
    reason: 'introspection_truncated',
  },
  {
    title: "is cut in the JWT's signature inside a chunk (S37)",
    answer: reply.truncatedChunked(reply.jwt(JWT), JWT.length - 20),
    status: 502,
    reason: 'introspection_malformed',
  },
  {
    title: 'is reset inside the body',
    answer: reply.resetMidBody(reply.jwt(JWT), 100),
    status: 502,
    reason: 'introspection_truncated',
  },
  {
    title: 'compresses although it was asked not to (S35)',
    answer: reply.status(200, {
      headers: { 'content-type': 'application/jwt', 'content-encoding': 'gzip' },
      body: gzipSync(JWT),
    }),
    status: 502,
    reason: 'introspection_malformed',
  },
  {
    title: 'answers an RFC 9701 response as application/jwt (S54)',
    answer: reply.jwt(makeJwt({ token_introspection: { active: true }, exp: 4102444800 })),
    status: 502,
    reason: 'introspection_response_jwt',
  },
  {
    title: 'answers active without a JWT',
    answer: reply.json({ active: true }),
    status: 502,
    reason: 'jwt_missing',
  },
  {
    title: 'answers "active":"true" (S27)',
    answer: reply.json({ active: 'true' }),
    status: 502,
    reason: 'introspection_malformed',
  },
  {
    title: 'answers without active (RFC 7662 §2.2, S28)',
    answer: reply.json({ scope: 'read' }),
    status: 502,
    reason: 'introspection_malformed',
  },
  {
    title: 'answers a JSON list (S28)',
    answer: reply.json([{ active: false }]),
    status: 502,
    reason: 'introspection_malformed',
  },
  {
    title: 'answers broken JSON (S32)',
    answer: reply.wrongContentType('application/json', '{"active":false'),
    status: 502,
    reason: 'introspection_malformed',
  },
  {
    title: 'names an exp that is no number (S47)',
    answer: reply.jwt(makeJwt({ exp: '4102444800' })),
    status: 502,
    reason: 'introspection_invalid_claim',
  },
  {
    title: 'answers a JWT over 64 kB',
    answer: reply.jwt(makeJwt({ exp: 4102444800 }, { bytes: 70000 })),
    status: 502,
    reason: 'jwt_too_large',
  },
  {
    title: 'sends X-Accel-Redirect to an internal location (S42)',
    answer: reply.jwt('x', { headers: { 'x-accel-redirect': '/internal' } }),
    status: 502,
    reason: 'introspection_malformed',
    serverTop: INTERNAL_JWT,
  },
  {
    title: 'is not there, and the server has an error_page 502 =200',
    answer: reply.reset(),
    status: 502,
    reason: 'introspection_unreachable',
    serverTop: `error_page 502 =200 /internal; ${INTERNAL_PAGE}`,
  },
];

for (const { title, answer, status, reason, serverTop = '' } of FAULTS) {
  gatewayTest(
    `AS ${title}: ${status} ${reason}, asked again next time (S67, S109, S110)`,
    { serverTop },
    async (t, g) => {
      g.as.reply(answer);
      assertUnavailable(t, g, await g.send('/', { token: 'opaque-1' }), status);
      assertUnavailable(t, g, await g.send('/', { token: 'opaque-1' }), status);
      t.deepEqual(await g.accessLog(), Array(2).fill(`${status} "MISS" "${reason}"`));
      const errors = (await g.nginx.errorLog())
        .split('\n')
        .filter((line) => line.includes('phantom_token: '));
      t.is(errors.length, 2);
      t.regex(errors[0] ?? '', new RegExp(`\\[error\\].*phantom_token: ${reason}: .*status=\\d+`));
      g.as.reply(reply.jwt(JWT));
      t.is((await g.send('/', { token: 'opaque-1' })).status, 200, 'the fault was not remembered');
    },
  );
}

gatewayTest(
  'AS refuses the connection: 502 (S44)',
  {
    server: (words) => `
      ${protectedRoot(words)}
      location = /introspect { ${words.introspection} proxy_pass ${words.refusedUrl}; }`,
  },
  async (t, g) => {
    assertUnavailable(t, g, await g.send('/', { token: 'opaque-1' }), 502);
    t.deepEqual(await g.accessLog(), ['502 "MISS" "introspection_unreachable"']);
  },
);

gatewayTest(
  'AS is silent: 504 after the timeouts of the introspection location (S44)',
  {
    server: (words) => `
      ${protectedRoot(words)}
      location = /introspect { ${words.introspectionWithin(300)} proxy_pass ${words.introspectionUrl}; }`,
  },
  async (t, g) => {
    g.as.reply(reply.silent());
    assertUnavailable(t, g, await g.send('/', { token: 'opaque-1' }), 504);
    t.deepEqual(await g.accessLog(), ['504 "MISS" "introspection_timeout"']);
  },
);

gatewayTest('AS is slow but answers: served', async (t, g) => {
  g.as.reply(reply.slow(1000, reply.jwt(JWT)));
  t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
});

for (const [status, asked, sent, reason] of [
  [503, '7', '7', 'introspection_overloaded'],
  [429, '30', '30', 'introspection_rate_limited'],
  [503, 'Wed, 21 Oct 2026 07:28:00 GMT', 'Wed, 21 Oct 2026 07:28:00 GMT', 'introspection_overloaded'],
  [503, '', '1', 'introspection_overloaded'],
  [429, 'soon"', '1', 'introspection_rate_limited'],
] as const) {
  gatewayTest(
    `AS says ${status} with Retry-After "${asked}": 503, Retry-After ${sent} (S26)`,
    async (t, g) => {
      g.as.reply(reply.status(status, { headers: asked === '' ? {} : { 'retry-after': asked } }));
      const answer = await g.send('/', { token: 'opaque-1' });
      assertUnavailable(t, g, answer, 503);
      t.is(answer.headers['retry-after'], sent);
      t.deepEqual(await g.accessLog(), [`503 "MISS" "${reason}"`]);
    },
  );
}

gatewayTest('hits are served while the AS is down', async (t, g) => {
  g.as.reply(reply.jwt(JWT));
  t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
  g.as.reply(reply.reset());
  t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
  t.is((await g.send('/', { token: 'opaque-2' })).status, 502);
});

gatewayTest(
  'an inherited error_page 401 =200 opens nothing (S88, ingress-nginx CVE-2026-24513)',
  { serverTop: 'error_page 401 403 500 502 =200 /public; location = /public { return 200 public; }' },
  async (t, g) => {
    g.as.reply(reply.inactive204());
    const answer = await g.send('/', { token: 'opaque-1' });
    t.is(answer.status, 401);
    t.is(g.upstream.requests.length, 0);
  },
);

/** The introspection location asks an upstream{} of these servers. */
function throughUpstream(lines: (port: string) => string): GatewayOptions {
  return {
    http: (words) => `upstream as { ${lines(new URL(words.introspectionUrl).host)} }`,
    server: (words) => `
      ${protectedRoot(words)}
      location = /introspect { ${words.introspection} proxy_pass http://as/introspect; }`,
  };
}

gatewayTest(
  'when three servers reset the connection, two are tried: at most one retry (S24)',
  throughUpstream((host) => `server ${host}; server ${host}; server ${host};`),
  async (t, g) => {
    g.as.reply(reply.reset());
    assertUnavailable(t, g, await g.send('/', { token: 'opaque-1' }), 502);
    t.is(g.as.requests.length, 2);
  },
);

gatewayTest(
  'a kept connection that the AS closes during the introspection is replaced, and the client does not notice (S25)',
  throughUpstream((host) => `server ${host}; keepalive 2;`),
  async (t, g) => {
    g.as.reply(reply.jwt(JWT), reply.closeBeforeAnswer(), reply.jwt(JWT));
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
    t.is((await g.send('/', { token: 'opaque-2' })).status, 200);
    t.is(g.as.requests.length, 3);
    t.is(g.as.connections, 2);
  },
);

gatewayTest(
  'answers with a status are not retried: 500 and 503 cause one call (S24)',
  throughUpstream((host) => `server ${host}; server ${host};`),
  async (t, g) => {
    g.as.reply(reply.status(500), reply.status(503));
    t.is((await g.send('/', { token: 'opaque-1' })).status, 502);
    t.is((await g.send('/', { token: 'opaque-1' })).status, 503);
    t.is(g.as.requests.length, 2);
  },
);

/** Three parts with dots, like a JWT, but without the mark that the search of the logs looks for. */
const FIRST_LINE = 'header.payload.signature';
const HEADLESS = `HTTP/1.1 200 OK\r\nContent-Type: application/jwt\r\n${FIRST_LINE} \r\n`;

gatewayTest(
  "AS leaves out the empty line before the body: 502, and nginx's log line quotes the body's first line, as docs/security.md says (S108)",
  async (t, g) => {
    g.as.reply(reply.raw(HEADLESS));
    assertUnavailable(t, g, await g.send('/', { token: 'opaque-1' }), 502);
    t.deepEqual(await g.accessLog(), ['502 "MISS" "introspection_unreachable"']);
    const lines = (await g.nginx.errorLog()).split('\n').filter((line) => line.includes(FIRST_LINE));
    t.is(lines.length, 1);
    t.regex(lines[0] ?? '', /\[error\].* upstream sent invalid header: "header\.payload\.signature/);
  },
);

gatewayTest(
  'the same with an error_log of the introspection location: the line is in the log of the request, as docs/security.md says (S108)',
  {
    server: (words) => `
      ${protectedRoot(words)}
      location = /introspect {
        ${words.introspection}
        error_log ${words.prefix}/logs/own.log crit;
        proxy_pass ${words.introspectionUrl};
      }`,
  },
  async (t, g) => {
    g.as.reply(reply.raw(HEADLESS));
    assertUnavailable(t, g, await g.send('/', { token: 'opaque-1' }), 502);
    t.true((await g.nginx.errorLog()).includes(FIRST_LINE));
  },
);

gatewayTest(
  'AS at a URL does the same: no log line quotes it (S108)',
  {
    server: (words) =>
      protectedRoot(words, CREDENTIALS).replace('/introspect;', `${words.introspectionUrl};`),
  },
  async (t, g) => {
    g.as.reply(reply.raw(HEADLESS));
    assertUnavailable(t, g, await g.send('/', { token: 'opaque-1' }), 502);
    t.false((await g.nginx.errorLog()).includes(FIRST_LINE));
  },
);
