// Configurations with directives of Curity's C module, migrated: on a real nginx they answer as the module documents,
// except for the differences that docs/migrate.md names. test/package/migrate.test.ts compares the texts.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { request } from 'undici';
import { migrate } from '../../cli/migrate/migrate.js';
import { diskSource, textSource } from '../../cli/nginx_conf/sources.js';
import { makeJwt } from '../support/jwt.js';
import { REPOSITORY } from '../support/pages.js';
import { inactive204, jwt, type ScriptedServer, status } from '../support/scripted_server.js';
import { SETUPS } from '../support/setups.js';
import { runShown, type ShownGateway } from '../support/shown_config.js';
import { startUpstream, type Upstream } from '../support/upstream.js';

const JWT = makeJwt({ scope: 'read', exp: 4102444800 });
const FORM = 'application/x-www-form-urlencoded';
const BASIC = 'Basic Z2F0ZXdheS1jbGllbnQ6Z2F0ZXdheS1zZWNyZXQ=';
/** The module has JSON for every refusal. */
const UNAUTHORIZED = {
  code: 'unauthorized_request',
  message: 'Access denied due to missing, invalid or expired credentials',
};
const SERVER_ERROR = { code: 'server_error', message: 'Problem encountered processing the request' };

interface Run {
  readonly g: ShownGateway;
  readonly api: Upstream;
}

const CASES = join(REPOSITORY, 'test/package/migrate');

async function migratedText(name: string): Promise<string> {
  const file = join(CASES, name, 'before/nginx.conf');
  const outcome = await migrate(diskSource(file), '/etc/nginx/phantom_token');
  if (outcome.kind === 'unreadable') throw new Error(outcome.problem);
  return outcome.files.find((migrated) => migrated.file === file)?.after ?? readFileSync(file, 'utf8');
}

/** Declares the test for each set-up of access mode. */
function migratedTest(
  name: string,
  title: string,
  body: (t: ExecutionContext, run: Run) => Promise<void>,
): void {
  for (const setup of SETUPS.filter(({ mode }) => mode === 'access')) {
    test(`[${setup.name}] ${name}: ${title}`, async (t) => {
      const api = await startUpstream();
      try {
        const shown = { config: await migratedText(name), setup, apiPort: api.port };
        await runShown(t, shown, (g) => body(t, { g, api }));
      } finally {
        await api.close();
      }
    });
  }
}

interface Sent {
  readonly path: string;
  /** The name of the server; needed where there are several. */
  readonly host?: string;
  readonly method?: 'GET' | 'HEAD' | 'OPTIONS';
  readonly authorization?: string;
  readonly headers?: Record<string, string>;
}

async function send({ g }: Run, { path, host, method = 'GET', authorization, headers = {} }: Sent) {
  const answer = await request(g.url + path, {
    method,
    headers: { ...headers, ...(host && { host }), ...(authorization && { authorization }) },
  });
  return {
    status: answer.statusCode,
    challenge: answer.headers['www-authenticate'],
    type: answer.headers['content-type'],
    body: await answer.body.text(),
  };
}

interface Place {
  readonly path: string;
  readonly host?: string;
  /** Of the authorization server, where there are several. */
  readonly as?: string;
  /** As the README of the module shows it. */
  readonly challenge: string;
  readonly credentials?: string;
}

let tokens = 0;

/** A token that was never used, so that it is introspected. */
function newToken(): string {
  tokens += 1;
  return `Bearer opaque-${tokens}`;
}

/** What the module's README and code say of a protected location. */
async function assertAnswersAsModule(t: ExecutionContext, run: Run, place: Place): Promise<void> {
  const server = run.g.as(place.as);
  await assertRefuses(t, run, place);
  await assertExchanges(t, run, place, server);
  await assertPassesOutages(t, run, place, server);
}

async function assertRefuses(t: ExecutionContext, run: Run, { path, host, challenge }: Place): Promise<void> {
  const at = { path, ...(host && { host }) };
  const received = run.api.requests.length;
  for (const authorization of [undefined, 'Basic dTpw']) {
    const refused = await send(run, { ...at, ...(authorization && { authorization }) });
    t.is(refused.status, 401, path);
    t.is(refused.challenge, challenge);
    t.is(refused.type, 'application/json');
    t.deepEqual(JSON.parse(refused.body), UNAUTHORIZED);
  }
  const head = await send(run, { ...at, method: 'HEAD' });
  t.deepEqual([head.status, head.challenge, head.body], [401, challenge, '']);
  const headers = { origin: 'https://app.example.com', 'access-control-request-method': 'GET' };
  t.is((await send(run, { ...at, method: 'OPTIONS', headers })).status, 204);
  // A difference: the module answers 204 to every OPTIONS.
  t.is((await send(run, { ...at, method: 'OPTIONS' })).status, 401);
  t.is(run.api.requests.length, received);
}

async function assertExchanges(
  t: ExecutionContext,
  run: Run,
  { path, host, challenge, credentials = BASIC }: Place,
  server: ScriptedServer,
): Promise<void> {
  const at = { path, ...(host && { host }) };
  server.reply(jwt(JWT));
  const authorization = newToken();
  t.is((await send(run, { ...at, authorization })).status, 200);
  t.is(run.api.requests.at(-1)?.headers.authorization, `Bearer ${JWT}`);
  const asked = server.requests.at(-1);
  t.is(asked?.method, 'POST');
  // A difference: the hint of RFC 7662 §2.1.
  t.is(asked?.body.toString(), `${authorization.replace('Bearer ', 'token=')}&token_type_hint=access_token`);
  t.like(asked?.headers, { accept: 'application/jwt', 'content-type': FORM, authorization: credentials });
  // With proxy_cache or without: the gateway keeps what it was told.
  const count = server.requests.length;
  t.is((await send(run, { ...at, authorization })).status, 200);
  t.is(server.requests.length, count);

  server.reply(inactive204());
  const rejected = await send(run, { ...at, authorization: newToken() });
  t.is(rejected.status, 401);
  // A difference: the error code of RFC 6750.
  t.is(rejected.challenge, challenge.replace(/realm="[^"]*"/, '$&, error="invalid_token"'));
  t.deepEqual(JSON.parse(rejected.body), UNAUTHORIZED);
}

/** What the module answers when the authorization server fails, by the status of its answer. */
const OUTAGES = [
  [503, 503],
  [500, 502],
  [401, 502],
  [403, 502],
] as const;

async function assertPassesOutages(
  t: ExecutionContext,
  run: Run,
  { path, host }: Place,
  server: ScriptedServer,
): Promise<void> {
  for (const [answer, expected] of OUTAGES) {
    server.reply(status(answer));
    const failed = await send(run, { path, ...(host && { host }), authorization: newToken() });
    t.is(failed.status, expected);
    t.is(failed.challenge, undefined);
    t.deepEqual(JSON.parse(failed.body), SERVER_ERROR);
    server.reply(jwt(JWT)); // so that the circuit breaker stays closed
    await send(run, { path, ...(host && { host }), authorization: newToken() });
  }
}

const THREE = 'scope="scope_a scope_b scope_c"';

for (const name of ['cached', 'crlf']) {
  migratedTest(name, "the README's configuration with realm, scopes and cache", async (t, run) => {
    await assertAnswersAsModule(t, run, { path: '/api', challenge: `Bearer realm="myGoodAPI", ${THREE}` });
    t.is(run.api.requests.at(-1)?.url, '/v1');
    t.is(run.g.as().requests[0]?.path, '/oauth/v2/oauth-introspect');
  });

  migratedTest(name, 'a client does not reach the introspection location', async (t, run) => {
    t.is((await send(run, { path: '/curity', authorization: newToken() })).status, 404);
    t.is(run.g.as().requests.length, 0);
  });
}

migratedTest('cacheless', 'the lines of buffers are not needed, other headers go on', async (t, run) => {
  await assertAnswersAsModule(t, run, { path: '/api/', challenge: 'Bearer realm="api"' });
  t.is(run.g.as().requests[0]?.headers['x-gateway'], 'edge-1');
  const long = makeJwt({ scope: 'a'.repeat(6000), exp: 4102444800 });
  run.g.as().reply(jwt(long));
  t.is((await send(run, { path: '/api/', host: 'api.example.com', authorization: newToken() })).status, 200);
  t.is(run.api.requests.at(-1)?.headers.authorization, `Bearer ${long}`);
  t.is(run.api.requests.at(-1)?.headers.host, 'api.example.com');
});

migratedTest('inherited', 'what locations inherit from http, server and each other', async (t, run) => {
  const orders = 'Bearer realm="orders"';
  await assertAnswersAsModule(t, run, { path: '/orders/1', challenge: orders });
  await assertAnswersAsModule(t, run, { path: '/orders/archive/1', challenge: orders });
  t.regex(run.api.requests.at(-1)?.headers['x-request-id'] as string, /^[0-9a-f]{32}$/);
  await assertAnswersAsModule(t, run, { path: '/orders/refunds/1', challenge: `${orders}, scope="refund"` });
  const { headers } = run.api.requests.at(-1) ?? {};
  t.like(headers, { 'x-area': 'refunds', 'x-client-header': `Bearer ${JWT}`, 'x-request-id': undefined });
});

migratedTest(
  'inherited',
  'phantom_token off: the request passes with what the client sent',
  async (t, run) => {
    for (const path of ['/orders/legacy/1', '/public/1']) {
      for (const authorization of ['Bearer opaque', 'Basic dTpw']) {
        t.is((await send(run, { path, authorization })).status, 200);
        t.is(run.api.requests.at(-1)?.headers.authorization, authorization);
        t.regex(run.api.requests.at(-1)?.headers['x-request-id'] as string, /^[0-9a-f]{32}$/);
      }
      t.is((await send(run, { path })).status, 200);
      t.is(run.api.requests.at(-1)?.headers.authorization, undefined);
      t.is((await send(run, { path, method: 'OPTIONS' })).status, 200);
    }
    t.is((await send(run, { path: '/orders/health' })).body, 'up\n');
    t.is(run.g.as().requests.length, 0);
  },
);

migratedTest(
  'two_servers',
  'each server asks its own authorization server, as its own client',
  async (t, run) => {
    const a = {
      host: 'a.example.com',
      as: 'login.a.example.com',
      credentials: 'Basic dGVuYW50LWE6c2VjcmV0LWE=',
    };
    const b = {
      host: 'b.example.com',
      as: 'login.b.example.com',
      credentials: 'Basic dGVuYW50LWI6c2VjcmV0LWI=',
    };
    await assertAnswersAsModule(t, run, { ...a, path: '/', challenge: 'Bearer realm="tenant-a"' });
    await assertAnswersAsModule(t, run, { ...b, path: '/', challenge: 'Bearer realm="tenant-b"' });
    await assertAnswersAsModule(t, run, { ...b, path: '/curity/1', challenge: 'Bearer realm="api"' });
  },
);

migratedTest(
  'scopes',
  'phantom_token_scope and _scopes are named in the challenge, not enforced',
  async (t, run) => {
    await assertAnswersAsModule(t, run, { path: '/list/1', challenge: `Bearer realm="api", ${THREE}` });
    await assertAnswersAsModule(t, run, {
      path: '/list/nested/1',
      challenge: `Bearer realm="api", ${THREE}`,
    });
    await assertAnswersAsModule(t, run, {
      path: '/both/1',
      challenge: 'Bearer realm="My API", scope="read write"',
    });
    await assertAnswersAsModule(t, run, { path: '/plain/1', challenge: 'Bearer realm="api"' });
  },
);

migratedTest('odd_comments', 'comments and several directives on a line change nothing', async (t, run) => {
  const challenge = 'Bearer realm="a # b; {c}", scope="read write"';
  await assertAnswersAsModule(t, run, { path: '/api/v0/x', challenge });
  t.is(run.api.requests.at(-1)?.url, '/api/v1/x');
  await assertAnswersAsModule(t, run, { path: '/short/', challenge: 'Bearer realm="api"' });
});

migratedTest('try_files', 'the JWT reaches the API where try_files leads to it', async (t, run) => {
  await assertAnswersAsModule(t, run, { path: '/app/x', challenge: 'Bearer realm="app"' });
  t.is(run.api.requests.at(-1)?.headers['x-forwarded-for'], '127.0.0.1');
});

migratedTest('version_1', 'the credential of version 1 of the module', async (t, run) => {
  await assertAnswersAsModule(t, run, { path: '/api/', challenge: 'Bearer realm="api"' });
});

const SHARED = `# configuration file /nginx.conf:
load_module modules/ngx_curity_http_phantom_token_module.so;
events {}
http {
    proxy_ssl_trusted_certificate /etc/ssl/certs/ca-certificates.crt;
    phantom_token on;
    phantom_token_introspection_endpoint curity;
    server { listen 8080; include locations.conf; location /own/ { proxy_pass http://127.0.0.1:8082; } }
    server { listen 8090; phantom_token_realm other; include locations.conf; }
}
# configuration file /locations.conf:
location /api/ { proxy_pass http://127.0.0.1:8082; }
location curity { internal; proxy_pass http://127.0.0.1:8443/introspect; }
`;

for (const setup of SETUPS.filter(({ mode }) => mode === 'access')) {
  test(`[${setup.name}] a location that is left to a person: nginx does not start, neither with the lines around it nor without`, async (t) => {
    const outcome = await migrate(textSource(SHARED), '/etc/nginx/phantom_token');
    if (outcome.kind === 'unreadable') throw new Error(outcome.problem);
    const [config = '', locations = ''] = outcome.files.map(({ after }) => after);
    const withoutLines = config.replace(/^( *|.*; )phantom_token\w* [^;]*;/gm, '$1');
    for (const [text, directive] of [
      [config, 'phantom_token'],
      [withoutLines, 'phantom_token_undecided'],
    ] as const) {
      const shown = { config: text, setup, apiPort: 1, files: { 'locations.conf': locations } };
      await t.throwsAsync(
        runShown(t, shown, async () => {}),
        { message: new RegExp(`unknown directive "${directive}"`) },
      );
    }
  });
}
