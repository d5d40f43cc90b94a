// What the error log says about a 5xx: what happened, what to do, where; and when a suspension begins and ends.
import { truncate } from 'node:fs/promises';
import { adviceTable } from '../../src/core/answer/failure_line.js';
import type { UnavailableReason } from '../../src/core/answer/reasons.js';
import {
  assertCleanLogs,
  type ConfigWords,
  type Gateway,
  gatewayTest,
  introspectionLocation,
  protectedRoot,
} from '../support/gateway.js';
import { makeJwt } from '../support/jwt.js';
import { held, json, jwt, reset, type ScriptedAnswer, status } from '../support/scripted_server.js';

const JWT = makeJwt({ exp: 4102444800 });
const WHERE = '(server=gateway.test:8080 endpoint=/introspect)';

/** The gateway's own lines at level error or warn. */
async function linesOf(g: Gateway): Promise<string[]> {
  const lines = (await g.nginx.errorLog()).split('\n');
  return lines.filter((line) => /\[(error|warn)\].*phantom_token: /.test(line));
}

const FAULTS: [answer: ScriptedAnswer, reason: UnavailableReason][] = [
  [reset(), 'introspection_unreachable'],
  [status(504), 'introspection_timeout'],
  [status(503), 'introspection_overloaded'],
  [status(500), 'introspection_server_error'],
  [status(401), 'introspection_unauthorized'],
  [status(403), 'introspection_unauthorized'],
  [status(404), 'introspection_status'],
  [status(200, { headers: { 'content-type': 'text/html' } }), 'introspection_content_type'],
  [jwt('x'), 'introspection_malformed'],
  [jwt(makeJwt({ exp: 'soon' })), 'introspection_invalid_claim'],
  [json({ active: true }), 'jwt_missing'],
  [jwt(makeJwt({}, { bytes: 70000 })), 'jwt_too_large'],
];

gatewayTest(
  'the line of a 5xx says what arrived, what to do, and at which server and endpoint',
  async (t, g) => {
    for (const [answer, reason] of FAULTS) {
      g.as.reply(answer);
      t.true((await g.send('/', { token: 'opaque-1' })).status >= 502, reason);
      const line = (await linesOf(g)).at(-1) ?? '';
      t.true(line.includes(` phantom_token: ${reason}: `), line);
      t.true(line.includes(`: ${adviceTable()[reason]} ${WHERE}`), line);
    }
    t.is((await linesOf(g)).length, FAULTS.length);
  },
);

gatewayTest(
  'the search with which each test ends finds a token, a JWT or a secret in a log (S61, S108)',
  {
    server: (words) => `
      ${protectedRoot(words)} ${introspectionLocation(words)}
      location /file/ { root ${words.prefix}/none; }`,
  },
  async (t, g) => {
    for (const name of [
      'opaque-1',
      JWT,
      'gateway-secret',
      'Basic%20Z2F0ZXdheS1jbGllbnQ6Z2F0ZXdheS1zZWNyZXQ=',
    ]) {
      t.is((await g.send(`/file/${name}`)).status, 404);
      const search = await t.try((attempt) => assertCleanLogs(attempt, g.nginx));
      search.discard();
      t.false(search.passed, name);
      await truncate(`${g.nginx.prefix}/logs/error.log`);
    }
  },
);

/** The introspection location without credentials of its own. */
function withoutCredentials(words: ConfigWords, settings: string): string {
  return `
    ${protectedRoot(words, settings)}
    location = /introspect {
      include ${words.snippets}/introspection_limits.conf;
      include ${words.snippets}/introspection.conf;
      proxy_pass ${words.introspectionUrl};
    }`;
}

const ID_AND_SECRET =
  'set $phantom_token_client_id gateway-client; set $phantom_token_client_secret gateway-secret;';
const METHODS: [sentence: string, settings: string, logged: string][] = [
  ['nothing is set, so the gateway sent none', '', 'none'],
  ['id and secret', ID_AND_SECRET, 'client_secret_basic'],
  [
    'id and secret in the form',
    `${ID_AND_SECRET} set $phantom_token_client_auth client_secret_post;`,
    'client_secret_post',
  ],
];

for (const [sentence, settings, logged] of METHODS) {
  gatewayTest(
    `the authorization server refuses the gateway: the log says so, and credentials=${logged}: ${sentence}`,
    { server: (words) => withoutCredentials(words, settings) },
    async (t, g) => {
      g.as.reply(status(401));
      t.is((await g.send('/', { token: 'opaque-1' })).status, 502);
      const [line = ''] = await linesOf(g);
      t.true(
        line.includes(` credentials=${logged}: the authorization server refused the gateway's own id`),
        line,
      );
    },
  );
}

gatewayTest(
  'the log names a server without a name by its address, and a mistake in the settings by the beginning of the path (S17)',
  { serverName: '""', settings: 'set $phantom_token_cache_ttl 5m;' },
  async (t, g) => {
    t.is((await g.send('/orders/unseen?unseen=1', { token: 'opaque-1' })).status, 500);
    const [line = ''] = await linesOf(g);
    t.true(line.endsWith(` (server=${g.words.listen} path=/orders/...)`), line);
  },
);

/** Longer than a test may take. */
const BREAKER = 'set $phantom_token_breaker_failures 2; set $phantom_token_breaker_delay 60;';
const REFUSED = 3;

gatewayTest(
  'a suspension is logged when it begins and when it ends, with the number of refused requests, and not at each request',
  {
    server: (words) => `
      ${protectedRoot(words, `${BREAKER} set $phantom_token_introspection_timeout 60;`)}
      location = /introspect { ${words.introspectionWithin(59_000)} proxy_pass ${words.introspectionUrl}; }`,
  },
  async (t, g) => {
    const answer = held(jwt(JWT));
    g.as.reply(answer, reset(), reset(), jwt(JWT));
    const underWay = g.send('/', { token: 'opaque-0' });
    await g.as.waitForRequests(1);
    t.is((await g.send('/', { token: 'opaque-1' })).status, 502);
    t.is((await g.send('/', { token: 'opaque-2' })).status, 502);
    for (let i = 0; i < REFUSED; i++) t.is((await g.send('/', { token: 'opaque-new' })).status, 503);
    t.is(g.as.requests.length, 3);
    answer.release();
    t.is((await underWay).status, 200);
    const lines = await linesOf(g);
    t.is(lines.length, 4);
    t.regex(lines[0] ?? '', / introspection_unreachable: /);
    t.true(lines.some((line) => line.includes(' introspection suspended: failures=2 delay=60s: ')));
    const resumed = `introspection resumed: refused=${REFUSED}: the authorization server answers again ${WHERE}`;
    t.true(lines.at(-1)?.includes(resumed), lines.at(-1));
    t.is((await g.send('/', { token: 'opaque-other' })).status, 200);
    t.is((await linesOf(g)).length, 4, 'an end is told once');
  },
);

gatewayTest(
  'failed probes prolong a suspension: no further line in the same minute except that of the probe itself',
  { settings: BREAKER.replace('delay 60', 'delay 1') },
  async (t, g) => {
    g.as.reply(reset());
    for (let sent = 0; g.as.requests.length < 4; sent += 1) {
      t.true((await g.send('/', { token: `opaque-${sent % 2}` })).status >= 502);
    }
    const lines = await linesOf(g);
    t.is(lines.filter((line) => line.includes(' introspection suspended: ')).length, 1);
    t.is(lines.filter((line) => line.includes(' introspection_unreachable: ')).length, 4);
    t.is(lines.length, 5);
  },
);

gatewayTest(
  'when the AS fails for one token only, that token alone is suspended: one line says so, and other tokens are introspected',
  { settings: BREAKER },
  async (t, g) => {
    g.as.reply((request) => (request.form.token === 'opaque-odd' ? reset() : jwt(JWT)));
    for (let i = 0; i < 4; i++) {
      t.is((await g.send('/', { token: 'opaque-odd' })).status, i < 2 ? 502 : 503);
    }
    const lines = await linesOf(g);
    t.is(
      lines.filter((line) => line.includes(' introspection suspended for one token: failures=2: ')).length,
      1,
    );
    t.is(lines.length, 3);
    t.is((await g.send('/', { token: 'opaque-other' })).status, 200);
    t.is(g.as.requests.length, 3);
  },
);

gatewayTest(
  'stale records served during a suspension are not logged each',
  {
    settings: `${BREAKER} set $phantom_token_cache_ttl 1; set $phantom_token_stale_if_error 60;`,
  },
  async (t, g) => {
    g.as.reply(jwt(JWT), reset());
    t.is((await g.send('/', { token: 'opaque-good' })).status, 200);
    await g.send('/', { token: 'opaque-1' });
    await g.send('/', { token: 'opaque-2' });
    while (!(await g.accessLog()).some((line) => line.includes('STALE'))) {
      t.is((await g.send('/', { token: 'opaque-good' })).status, 200);
    }
    t.is((await g.send('/', { token: 'opaque-good' })).status, 200);
    t.is((await linesOf(g)).length, 3, 'two failures, one suspension');
  },
);
