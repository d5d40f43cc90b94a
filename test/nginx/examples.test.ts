// Every file in nginx/examples runs, unchanged and in the other mode, and does what it is meant to show.
import { readdirSync, readFileSync } from 'node:fs';
import http2 from 'node:http2';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { Agent, type Dispatcher, request } from 'undici';
import { newCertificateAuthority } from '../support/certificates.js';
import { startEchoServer, upgradeRequest } from '../support/echo_server.js';
import { startFastcgiUpstream } from '../support/fastcgi_upstream.js';
import { makeJwt } from '../support/jwt.js';
import { pathsReadInTwoWays } from '../support/pages.js';
import type { ParamsUpstream } from '../support/params_upstream.js';
import { connectRaw } from '../support/raw_client.js';
import {
  inactive204,
  jwt,
  type ScriptedAnswer,
  type ScriptedRequest,
  status,
} from '../support/scripted_server.js';
import { SETUPS } from '../support/setups.js';
import { inModeOf, runShown, type ShownGateway } from '../support/shown_config.js';
import { startUpstream, type Upstream } from '../support/upstream.js';
import { startUwsgiUpstream } from '../support/uwsgi_upstream.js';

const authority = await newCertificateAuthority();
const tierCertificate = await authority.issue('tier.internal');
const gatewayCertificate = await authority.issue('gateway');
const FOLDER = fileURLToPath(new URL('../../nginx/examples/', import.meta.url));
const JWT = makeJwt({ scope: 'read', exp: 4102444800 });
const CHALLENGE = 'Bearer realm="api", scope="read"';

/** The test's server in place of the API of an example. */
interface Api {
  readonly port: number;
  close(): Promise<void>;
}

interface Example<A extends Api> {
  /** In nginx/examples. */
  readonly file: string;
  readonly startApi: () => Promise<A>;
  /** Files beside nginx.conf, by name. */
  readonly files?: Record<string, string>;
  /** Changes the example, to show what a line of it is for. */
  readonly edit?: (config: string) => string;
}

type Run<A extends Api> = (t: ExecutionContext, gateway: ShownGateway, api: A) => Promise<void>;

const tested = new Set<string>();

/** Declares the test once for each set-up; in auth_request mode with the lines of that mode. */
function exampleTest<A extends Api>(title: string, example: Example<A>, run: Run<A>): void {
  const { file, startApi, files = {}, edit = (config: string) => config } = example;
  tested.add(file);
  const config = edit(readFileSync(FOLDER + file, 'utf8'));
  const needsAuthRequest = config.includes('auth_request/protect.conf');
  for (const setup of SETUPS.filter(({ mode }) => mode === 'auth_request' || !needsAuthRequest)) {
    test(`[${setup.name}] ${file}: ${title}`, async (t) => {
      const api = await startApi();
      try {
        const shown = { config: inModeOf(t, setup, config), setup, apiPort: api.port, files };
        await runShown(t, shown, (gateway) => run(t, gateway, api));
      } finally {
        await api.close();
      }
    });
  }
}

interface SendOptions {
  readonly token?: string;
  readonly host?: string;
  readonly headers?: Record<string, string>;
  readonly method?: Dispatcher.HttpMethod;
  readonly body?: string;
}

interface Answer {
  readonly status: number;
  readonly challenge: string | string[] | undefined;
}

async function send({ url }: ShownGateway, path: string, options: SendOptions = {}): Promise<Answer> {
  const { token, host, headers, method = 'GET', body = null } = options;
  const response = await request(url + path, {
    method,
    body,
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(host !== undefined && { host }),
      ...headers,
    },
  });
  await response.body.dump();
  return { status: response.statusCode, challenge: response.headers['www-authenticate'] };
}

/** The tokens that have a scope here are active. */
function scopesOf(scopes: Record<string, string>): (asked: ScriptedRequest) => ScriptedAnswer {
  return ({ form }) => {
    const scope = scopes[form.token ?? ''];
    return scope === undefined ? inactive204() : jwt(makeJwt({ scope, sub: form.token, exp: 4102444800 }));
  };
}

function authorizationsAt(upstream: Upstream): (string | undefined)[] {
  return upstream.requests.map((received) => received.headers.authorization);
}

/** Several configurations that run together, and the test of them. */
const TESTED_ELSEWHERE = ['cluster']; // cluster.test.ts

test('each file in nginx/examples has a test here, and each folder one of its own', (t) => {
  t.deepEqual([...tested, ...TESTED_ELSEWHERE].sort(), readdirSync(FOLDER).sort());
});

test("no example logs into a folder of nginx's prefix: Debian's package has no such folder, and nginx would not start", (t) => {
  const files = readdirSync(FOLDER, { recursive: true }).map(String);
  for (const file of files.filter((name) => name.endsWith('.conf'))) {
    const logs = [...readFileSync(FOLDER + file, 'utf8').matchAll(/^\s*(?:access|error)_log (\S+)/gm)];
    t.deepEqual(
      logs.map(([, path = '']) => path).filter((path) => !path.startsWith('/')),
      [],
      file,
    );
  }
});

// gRPC

interface GrpcCall {
  readonly headers: http2.IncomingHttpHeaders;
  readonly message: string;
}

/** Answers each call with its own message and the status in the trailers, as gRPC does. */
async function startGrpcApi(): Promise<Api & { calls: GrpcCall[] }> {
  const calls: GrpcCall[] = [];
  const sessions = new Set<http2.ServerHttp2Session>();
  const server = http2.createServer();
  server.on('session', (session) => sessions.add(session));
  server.on('stream', async (stream, headers) => {
    const message = await readText(stream);
    calls.push({ headers, message });
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(message);
  });
  const port = await new Promise<number>((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
  );
  return {
    port,
    calls,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const session of sessions) session.destroy();
      await closed;
    },
  };
}

async function readText(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString('latin1');
}

interface GrpcAnswer {
  readonly status: number | undefined;
  readonly message: string;
  readonly grpcStatus: string | string[] | undefined;
}

async function callGrpc(
  session: http2.ClientHttp2Session,
  token: string,
  message: string,
): Promise<GrpcAnswer> {
  const stream = session.request({
    ':method': 'POST',
    ':path': '/shop.Orders/List',
    'content-type': 'application/grpc',
    te: 'trailers',
    authorization: `Bearer ${token}`,
  });
  let status: number | undefined;
  let grpcStatus: string | string[] | undefined;
  stream.on('response', (headers) => {
    status = headers[':status'];
  });
  stream.on('trailers', (headers) => {
    grpcStatus = headers['grpc-status'] as string;
  });
  stream.end(message, 'latin1');
  return { message: await readText(stream), status, grpcStatus };
}

/** Not compressed, five bytes. */
const GRPC_MESSAGE = '\x00\x00\x00\x00\x05hello';

exampleTest(
  'the call arrives with the JWT, message and trailers untouched, and never with the opaque token (S107)',
  { file: 'grpc.conf', startApi: startGrpcApi },
  async (t, g, api) => {
    g.as().reply(scopesOf({ 'opaque-1': 'read', 'opaque-weak': 'other' }));
    const session = http2.connect(g.url);
    try {
      for (const _ of ['miss', 'hit']) {
        const answer = await callGrpc(session, 'opaque-1', GRPC_MESSAGE);
        t.deepEqual(answer, { status: 200, message: GRPC_MESSAGE, grpcStatus: '0' });
      }
      t.is((await callGrpc(session, 'opaque-unknown', GRPC_MESSAGE)).status, 401);
      t.is((await callGrpc(session, 'opaque-weak', GRPC_MESSAGE)).status, 403);
    } finally {
      session.close();
    }
    t.deepEqual(
      api.calls.map(({ message }) => message),
      [GRPC_MESSAGE, GRPC_MESSAGE],
    );
    for (const { headers } of api.calls) {
      t.regex(headers.authorization ?? '', /^Bearer eyJ/);
      t.notRegex(JSON.stringify(headers), /opaque-/);
    }
    t.is(g.as().requests.length, 3);
  },
);

// FastCGI and uwsgi

/** The lines of nginx's own fastcgi_params and uwsgi_params that these tests look at. */
function standardParams(directive: string): string {
  return ['QUERY_STRING', 'REQUEST_METHOD', 'CONTENT_TYPE', 'CONTENT_LENGTH', 'REQUEST_URI']
    .map((name) => `${directive} ${name} $${name.toLowerCase()};\n`)
    .join('');
}

const CGI_LIKE: { directive: string; example: Example<ParamsUpstream> }[] = [
  {
    directive: 'fastcgi_param',
    example: {
      file: 'fastcgi.conf',
      startApi: startFastcgiUpstream,
      files: { fastcgi_params: standardParams('fastcgi_param') },
    },
  },
  {
    directive: 'uwsgi_param',
    example: {
      file: 'uwsgi.conf',
      startApi: startUwsgiUpstream,
      files: { uwsgi_params: standardParams('uwsgi_param') },
    },
  },
];

function valuesOf(api: ParamsUpstream, name: string): string[][] {
  return api.requests.map(({ params }) => params.filter(([key]) => key === name).map(([, value]) => value));
}

for (const { directive, example } of CGI_LIKE) {
  exampleTest(
    'HTTP_AUTHORIZATION is there once and holds the JWT; the opaque token is in no param (S107)',
    example,
    async (t, g, api) => {
      g.as().reply(jwt(JWT));
      for (const _ of ['miss', 'hit']) {
        const answer = await send(g, '/api/orders?x=1', {
          token: 'opaque-1',
          method: 'POST',
          body: 'client body',
          headers: { 'x-custom': 'custom' },
        });
        t.is(answer.status, 200);
      }
      t.deepEqual(valuesOf(api, 'HTTP_AUTHORIZATION'), [[`Bearer ${JWT}`], [`Bearer ${JWT}`]]);
      for (const { params, body } of api.requests) {
        t.notRegex(JSON.stringify(params), /opaque-/);
        t.is(body.toString(), 'client body');
        const received = Object.fromEntries(params);
        t.is(received.REQUEST_METHOD, 'POST');
        t.is(received.REQUEST_URI, '/api/orders?x=1');
        t.is(received.HTTP_X_CUSTOM, 'custom');
      }
      t.is(g.as().requests.length, 1);
      t.deepEqual(await send(g, '/api/'), { status: 401, challenge: CHALLENGE });
      t.is(api.requests.length, 2);
    },
  );

  exampleTest(
    'a second param of that name is sent as well, as the comment says',
    {
      ...example,
      edit: (config) =>
        config.replace('_params;', `_params; ${directive} HTTP_AUTHORIZATION $http_authorization;`),
    },
    async (t, g, api) => {
      g.as().reply(jwt(JWT));
      await send(g, '/api/', { token: 'opaque-1' });
      t.deepEqual(valuesOf(api, 'HTTP_AUTHORIZATION'), [[`Bearer ${JWT}`, 'Bearer opaque-1']]);
    },
  );
}

// Tenants and servers

exampleTest(
  'each host asks its own authorization server, and neither accepts a token of the other (S58)',
  { file: 'tenants.conf', startApi: startUpstream },
  async (t, g, api) => {
    const alpha = g.as('login.example.com');
    const bravo = g.as('login.example.net');
    alpha.reply(scopesOf({ 'opaque-alpha': 'read' }));
    bravo.reply(scopesOf({ 'opaque-bravo': 'read' }));
    const statusAt = async (host: string, token: string) => (await send(g, '/api/', { host, token })).status;

    t.is(await statusAt('alpha.example.com', 'opaque-alpha'), 200);
    t.is(await statusAt('bravo.example.com', 'opaque-alpha'), 401);
    t.is(await statusAt('bravo.example.com', 'opaque-bravo'), 200);
    t.is(await statusAt('alpha.example.com', 'opaque-bravo'), 401);
    t.is(await statusAt('ALPHA.example.com:8080', 'opaque-alpha'), 200);
    t.deepEqual(
      [alpha, bravo].map(({ requests }) => requests.map(({ form }) => form.token)),
      [
        ['opaque-alpha', 'opaque-bravo'],
        ['opaque-alpha', 'opaque-bravo'],
      ],
    );
    t.deepEqual(
      api.requests.map(({ headers }) => headers.host),
      ['alpha.example.com', 'bravo.example.com', 'alpha.example.com'],
    );
  },
);

exampleTest(
  'a host that is not in the map is closed, with any token (S101)',
  { file: 'tenants.conf', startApi: startUpstream },
  async (t, g, api) => {
    for (const host of [
      'login.example.com',
      'charlie.example.com',
      'alpha.example.com.evil.test',
      'xalpha.example.com',
    ]) {
      t.is((await send(g, '/api/', { host, token: 'opaque-alpha' })).status, 500, host);
    }
    t.is(api.requests.length, 0);
    t.is(g.as('login.example.com').requests.length + g.as('login.example.net').requests.length, 0);
  },
);

exampleTest(
  'two servers with one location name ask two authorization servers and share no record (S58)',
  { file: 'two_servers.conf', startApi: startUpstream },
  async (t, g, api) => {
    const shop = g.as('login.example.com');
    const partner = g.as('login.example.net');
    shop.reply(scopesOf({ 'opaque-shop': 'read' }));
    partner.reply(scopesOf({ 'opaque-partner': 'read' }));
    const statusAt = async (host: string, token: string) => (await send(g, '/api/', { host, token })).status;

    t.is(await statusAt('shop.example.com', 'opaque-shop'), 200);
    t.is(await statusAt('partner.example.com', 'opaque-shop'), 401);
    t.is(await statusAt('partner.example.com', 'opaque-partner'), 200);
    t.is(await statusAt('shop.example.com', 'opaque-partner'), 401);
    t.is(await statusAt('shop.example.com', 'opaque-shop'), 200);
    t.is(shop.requests.length, 2);
    t.is(partner.requests.length, 2);
    t.is(api.requests.length, 3);
  },
);

// Defaults

exampleTest(
  'a location uses the settings of its server and overrides them, and its nested location requires more',
  { file: 'defaults.conf', startApi: startUpstream },
  async (t, g, api) => {
    g.as().reply(
      scopesOf({ 'opaque-r': 'read', 'opaque-rw': 'read write', 'opaque-rwr': 'read write refund' }),
    );
    const statuses: Record<string, number[]> = {};
    for (const path of ['/api/', '/orders/', '/orders/refunds/']) {
      statuses[path] = [];
      for (const token of ['opaque-r', 'opaque-rw', 'opaque-rwr']) {
        statuses[path]?.push((await send(g, path, { token })).status);
      }
    }
    t.deepEqual(statuses, {
      '/api/': [200, 200, 200],
      '/orders/': [403, 200, 200],
      '/orders/refunds/': [403, 403, 200],
    });
    t.is(g.as().requests.length, 3);
    t.is(api.requests.length, 6);
    t.is((await send(g, '/orders/refunds/')).challenge, 'Bearer realm="api", scope="read write refund"');
  },
);

exampleTest(
  'the public location needs no token and removes one; the location with `off` passes the header unchanged',
  { file: 'defaults.conf', startApi: startUpstream },
  async (t, g, api) => {
    t.is((await send(g, '/health')).status, 200);
    t.is((await send(g, '/health', { token: 'opaque-1' })).status, 200);
    t.is((await send(g, '/legacy/', { headers: { authorization: 'Basic abc' } })).status, 200);
    t.is((await send(g, '/legacy/')).status, 200);
    t.deepEqual(authorizationsAt(api), [undefined, undefined, 'Basic abc', undefined]);
    t.is(g.as().requests.length, 0);
  },
);

function withoutPathGuard(config: string): string {
  return config.replace(/if \(\$plain_path = 0\) \{\s*return 400;\s*\}/, '');
}

/** undici would change the path. */
async function sendRaw(g: ShownGateway, path: string, token: string): Promise<number> {
  const client = await connectRaw(g.url);
  const host = new URL(g.url).host;
  client.write(
    `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`,
  );
  const { status } = await client.next();
  client.destroy();
  return status;
}

const AMBIGUOUS_PATHS = [
  ...pathsReadInTwoWays(),
  '/orders/x%5c..%5crefunds/1',
  '/orders/x/%252e%252e/refunds/1',
  '/orders/refunds%3bx/1',
  '/orders/refunds%20/1',
  '/orders/x/%ef%bc%8e%ef%bc%8e/refunds/1',
  '/orders/x/.../refunds/1',
  '/orders//refunds/1',
];

exampleTest(
  'a path that an API may read in another way than nginx is refused, or needs the scopes of what it may mean (S97)',
  { file: 'defaults.conf', startApi: startUpstream },
  async (t, g, api) => {
    g.as().reply(scopesOf({ 'opaque-weak': 'read write', 'opaque-strong': 'read write refund' }));
    for (const path of AMBIGUOUS_PATHS) {
      const status = await sendRaw(g, path, 'opaque-weak');
      t.true(status === 400 || status === 403, `${path}: ${status}`);
    }
    t.is(api.requests.length, 0);
    t.is(await sendRaw(g, '/orders/REFUNDS/1', 'opaque-strong'), 200);
    for (const path of ['/orders/', '/orders/A-1_2~3/file.txt?a=%2e%2e;/b//c', '/health']) {
      t.is(await sendRaw(g, path, 'opaque-weak'), 200, path);
    }
  },
);

exampleTest(
  'without the `if` on the path, the API gets paths that it may read as paths that need more scopes',
  { file: 'defaults.conf', startApi: startUpstream, edit: withoutPathGuard },
  async (t, g, api) => {
    g.as().reply(scopesOf({ 'opaque-weak': 'read write' }));
    const passed: string[] = [];
    for (const path of pathsReadInTwoWays()) {
      if ((await sendRaw(g, path, 'opaque-weak')) === 200) passed.push(path);
    }
    t.true(passed.length >= 4);
    t.deepEqual(
      api.requests.map(({ url }) => url),
      passed,
    );
  },
);

// WebSocket

exampleTest(
  'a request with a good token is upgraded and bytes go both ways; one with a bad token gets 401 and does not reach the API',
  { file: 'websocket.conf', startApi: startEchoServer },
  async (t, g, api) => {
    g.as().reply(scopesOf({ 'opaque-1': 'read' }));
    for (const _ of ['miss', 'hit']) {
      const client = await connectRaw(g.url);
      client.write(upgradeRequest('/api/live', 'opaque-1'));
      t.is((await client.next()).status, 101);
      t.is(await client.bytes(5), 'hello');
      client.write('ping');
      t.is(await client.bytes(4), 'ping');
      client.destroy();
    }
    const refused = await connectRaw(g.url);
    refused.write(upgradeRequest('/api/live', 'opaque-2'));
    t.is((await refused.next()).status, 401);
    refused.destroy();
    t.is(api.requests.length, 2);
    t.is(api.requests[0]?.headers.upgrade, 'websocket');
    t.regex(api.requests[0]?.headers.authorization ?? '', /^Bearer eyJ/);
    t.is(g.as().requests.length, 2);
  },
);

exampleTest(
  'other protocols are not upgraded: an API that would answer 101 gets a plain request, so no unchecked connection passes the gateway',
  { file: 'websocket.conf', startApi: startEchoServer },
  async (t, g, api) => {
    g.as().reply(jwt(JWT));
    for (const protocol of ['h2c', 'h2c, websocket', 'websocket, h2c', 'TLS/1.0', 'websocket/13']) {
      const client = await connectRaw(g.url);
      client.write(upgradeRequest('/api/live', 'opaque-1', protocol));
      const answer = await client.next();
      client.destroy();
      t.is(answer.status, 200, protocol);
      t.is(answer.body, 'plain');
      const received = api.requests.at(-1)?.headers ?? {};
      t.is(received.upgrade, undefined, protocol);
      t.notRegex(received.connection ?? '', /upgrade/i);
    }
    t.is(api.requests.length, 5);
  },
);

exampleTest(
  'the name of the protocol is accepted in capital or small letters (RFC 9110 §7.8), and sent in small letters',
  { file: 'websocket.conf', startApi: startEchoServer },
  async (t, g, api) => {
    g.as().reply(jwt(JWT));
    const client = await connectRaw(g.url);
    client.write(upgradeRequest('/api/live', 'opaque-1', 'WebSocket'));
    t.is((await client.next()).status, 101);
    client.destroy();
    t.is(api.requests[0]?.headers.upgrade, 'websocket');
  },
);

exampleTest(
  'a plain request in the same location is proxied without Upgrade and Connection: upgrade',
  { file: 'websocket.conf', startApi: startEchoServer },
  async (t, g, api) => {
    g.as().reply(jwt(JWT));
    t.is((await send(g, '/api/', { token: 'opaque-1' })).status, 200);
    t.is(api.requests[0]?.headers.upgrade, undefined);
    t.not(api.requests[0]?.headers.connection, 'upgrade');
  },
);

// auth_request mode

exampleTest(
  'introspections share one connection, and the authorization server sees its own name as Host',
  { file: 'auth_request.conf', startApi: startUpstream },
  async (t, g, api) => {
    g.as().reply(jwt(JWT));
    for (const token of ['opaque-1', 'opaque-2', 'opaque-3', 'opaque-1']) {
      t.is((await send(g, '/api/', { token })).status, 200);
    }
    t.deepEqual(
      g.as().requests.map(({ headers }) => headers.host),
      Array(3).fill('login.example.com'),
    );
    t.is(g.as().connections, 1);
    t.deepEqual(authorizationsAt(api), Array(4).fill(`Bearer ${JWT}`));
    t.deepEqual(await send(g, '/api/'), { status: 401, challenge: CHALLENGE });
    t.is(api.requests.length, 4);
  },
);

// MCP: mcp.test.ts has real clients and servers

exampleTest(
  'the challenge names the document, which is there without a token and names the location and the authorization server (RFC 9728 §3, §5.1)',
  { file: 'mcp.conf', startApi: startUpstream },
  async (t, g, api) => {
    const { status, challenge } = await send(g, '/mcp', { method: 'POST', body: '{}' });
    t.is(status, 401);
    const named = /^Bearer realm="api", scope="read", resource_metadata="([^"]+)"$/.exec(
      String(challenge),
    )?.[1];
    const response = await request(g.url + new URL(named ?? '').pathname);
    t.is(response.statusCode, 200);
    t.is(response.headers['content-type'], 'application/json');
    const { resource, authorization_servers: servers } = (await response.body.json()) as Record<
      string,
      string
    >;
    t.is(new URL(resource ?? '').pathname, '/mcp');
    t.is(servers?.length, 1);
    t.is(api.requests.length, 0);
  },
);

// Operations

/** The file with the zone of the metrics, as docs/operations.md has it: its last line uncommented. */
function withMetricsZone(file: string): string {
  const text = readFileSync(`${FOLDER}../${file}`, 'utf8');
  const uncommented = text.replace(/# (js_shared_dict_zone zone=phantom_token_metrics:.*;\n)$/, '$1');
  if (uncommented === text) throw new Error(`the last line of ${file} is not the zone of the metrics`);
  return uncommented;
}

const METRICS_ZONE = Object.fromEntries(
  ['zones.conf', 'zones_njs_0.8.conf'].map((file) => [`phantom_token/${file}`, withMetricsZone(file)]),
);

exampleTest(
  'a purge on the management port ends a token on the API, metrics count it, and the log says why and whose it was',
  { file: 'operations.conf', startApi: startUpstream, files: METRICS_ZONE },
  async (t, g, api) => {
    g.as().reply(jwt(makeJwt({ sub: 'alice', client_id: 'app', scope: 'read', exp: 4102444800 })));
    t.is((await send(g, '/api/', { token: 'opaque-1' })).status, 200);
    const purged = await request(`${g.managementUrl}/purge`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'token=opaque-1',
    });
    t.is(purged.statusCode, 200);
    t.is((await send(g, '/api/', { token: 'opaque-1' })).status, 401);
    t.is(api.requests.length, 1);
    t.is(g.as().requests.length, 1);
    const page = await (await request(`${g.managementUrl}/metrics`)).body.text();
    t.true(page.includes('phantom_token_requests_total{cache_status="MISS"} 1\n'));
    t.true(page.includes('phantom_token_refusals_total{reason="token_purged"} 1\n'));
    const log = await g.nginx.accessLog();
    t.regex(log, /200 .* cache=MISS reason= introspection=\d\.\d{3} sub="alice" client="app"/);
    t.regex(log, /401 .* cache=NEGATIVE reason=token_purged /);
  },
);

// Forward auth

exampleTest(
  'the nginx that asks passes a request on with the JWT and its body, and gives the client what the gateway refuses with',
  { file: 'forward_auth.conf', startApi: startUpstream },
  async (t, gateway, api) => {
    gateway.as().reply((asked) => {
      switch (asked.form.token) {
        case 'opaque-503':
          return status(503, { headers: { 'Retry-After': '7' } });
        case 'opaque-502':
          return status(500);
        default:
          return scopesOf({ 'opaque-1': 'read', 'opaque-2': 'write' })(asked);
      }
    });
    const path = '/api/orders?page=2';
    t.is((await send(gateway, path, { token: 'opaque-1' })).status, 200);
    const body = 'x'.repeat(10_000);
    t.is((await send(gateway, path, { token: 'opaque-1', method: 'POST', body })).status, 200);
    t.is(gateway.as().requests.length, 1);
    t.is(api.requests.length, 2);
    t.true(authorizationsAt(api).every((authorization) => authorization?.startsWith('Bearer eyJ')));
    t.is(api.requests[1]?.body.length, body.length);

    t.deepEqual(await send(gateway, path), { status: 401, challenge: CHALLENGE });
    const invalid = 'Bearer realm="api", error="invalid_token", scope="read"';
    t.deepEqual(await send(gateway, path, { token: 'opaque-3' }), { status: 401, challenge: invalid });
    const insufficient = 'Bearer realm="api", error="insufficient_scope", scope="read"';
    t.deepEqual(await send(gateway, path, { token: 'opaque-2' }), { status: 403, challenge: insufficient });
    t.is((await send(gateway, path, { token: 'opaque-502' })).status, 502);
    const overloaded = await request(`${gateway.url}${path}`, {
      headers: { authorization: 'Bearer opaque-503' },
    });
    t.is(overloaded.statusCode, 503);
    t.is(overloaded.headers['retry-after'], '7');
    await overloaded.body.dump();
    t.is((await send(gateway, '/api/a/../b%2f..%2fc', { token: 'opaque-1' })).status, 400);
    t.is(api.requests.length, 2);
  },
);

exampleTest(
  "a preflight is told by the client's method, and no header of the client's tells anything (S98, S100)",
  { file: 'forward_auth.conf', startApi: startUpstream },
  async (t, gateway, api) => {
    const preflight = { origin: 'https://app.test', 'access-control-request-method': 'PUT' };
    t.is((await send(gateway, '/api/', { method: 'OPTIONS', headers: preflight })).status, 200);
    t.deepEqual(authorizationsAt(api), [undefined]);
    for (const header of ['x-forwarded-method', 'x-original-method']) {
      const headers = { ...preflight, [header]: 'OPTIONS' };
      t.is((await send(gateway, '/api/', { method: 'DELETE', headers })).status, 401, header);
    }
    t.is(api.requests.length, 1);
  },
);

// The introspection cache

const TIER_FILES = {
  'tier.crt': tierCertificate.cert,
  'tier.key': tierCertificate.key,
  'gateway.crt': gatewayCertificate.cert,
  'gateway.key': gatewayCertificate.key,
  'gateways_ca.crt': authority.cert,
};

exampleTest(
  'a gateway asks the cache over mutual TLS, and the cache the authorization server, once; whoever has no certificate gets nothing',
  { file: 'introspection_cache.conf', startApi: startUpstream, files: TIER_FILES },
  async (t, gateway, api) => {
    gateway.as().reply(jwt(JWT));
    t.is((await send(gateway, '/api/', { token: 'opaque-1' })).status, 200);
    t.deepEqual(authorizationsAt(api), [`Bearer ${JWT}`]);
    t.is(gateway.as().requests.length, 1);

    const ask = (certificate: object) =>
      request(`${gateway.managementUrl.replace('http:', 'https:')}/introspection`, {
        method: 'POST',
        body: 'token=opaque-1',
        dispatcher: new Agent({
          connect: { ca: authority.cert, servername: 'tier.internal', ...certificate },
        }),
      });
    const known = await ask(gatewayCertificate);
    t.is(known.statusCode, 200);
    t.is(await known.body.text(), JWT);
    const refused = await ask({});
    t.is(refused.statusCode, 400);
    t.notRegex(await refused.body.text(), /eyJ/);
    t.is(gateway.as().requests.length, 1);
  },
);
