// What each variable does to requests. How its value is checked is in variables.test.ts.
import { chmod, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { request } from 'undici';
import { inTurn, JWT, SECRET, startContainer } from '../support/container.js';
import { startEchoServer, upgradeRequest } from '../support/echo_server.js';
import { call, imageTest, onGateway } from '../support/image_test.js';
import { makeJwt } from '../support/jwt.js';
import { connectRaw } from '../support/raw_client.js';
import { json, jwt, slow, status } from '../support/scripted_server.js';

const TEN_MINUTES_SEC = 600;
const MEBIBYTE = 1024 * 1024;

/** Sends a request with exactly this path. */
async function callRaw(url: string, path: string, headers: string[] = []) {
  const client = await connectRaw(url);
  client.write([`GET ${path} HTTP/1.1`, 'Host: gateway.test', ...headers, '\r\n'].join('\r\n'));
  const answer = await client.next();
  client.destroy();
  return answer;
}

async function send(url: string, bytes: number): Promise<number> {
  const headers = { authorization: 'Bearer opaque-1' };
  const { statusCode, body } = await request(url, { method: 'POST', headers, body: Buffer.alloc(bytes) });
  await body.dump();
  return statusCode;
}

imageTest('MAX_BODY_SIZE: a larger request is 413, and does not reach the API', {}, async (t, g) => {
  t.is(await send(g.url, MEBIBYTE), 200);
  t.is(await send(g.url, MEBIBYTE + 1), 413);
  t.is(g.upstream.requests.length, 1);
});

imageTest('MAX_BODY_SIZE=2m allows two mebibytes', { env: { MAX_BODY_SIZE: '2m' } }, async (t, g) => {
  t.is(await send(g.url, 2 * MEBIBYTE), 200);
  t.is(g.upstream.requests[0]?.body.length, 2 * MEBIBYTE);
  t.is(await send(g.url, 2 * MEBIBYTE + 1), 413);
});

imageTest('CACHE_TTL=0: each request is introspected', { env: { CACHE_TTL: '0' } }, async (t, g) => {
  for (let i = 0; i < 2; i++) t.is((await call(g.url, 'opaque-1')).status, 200);
  t.is(g.as.requests.length, 2);
});

imageTest(
  'STALE_IF_ERROR: a token whose record has ended is served while the authorization server fails (RFC 5861 §4)',
  { env: { STALE_IF_ERROR: '3600' } },
  async (t, g) => {
    g.as.reply(jwt(JWT, { headers: { 'Cache-Control': 'max-age=1' } }), status(500));
    while (g.as.requests.length < 2) t.is((await call(g.url, 'opaque-1')).status, 200);
    t.is((await call(g.url, 'opaque-1')).status, 200);
    t.is((await call(g.url, 'opaque-2')).status, 502);
  },
);

imageTest(
  'JWT_FIELD and INTROSPECTION_PARAMETERS: an authorization server with other field names is asked and understood',
  { env: { JWT_FIELD: 'signed.token', INTROSPECTION_PARAMETERS: 'required_claims=sub%20scope&a=b' } },
  async (t, g) => {
    g.as.reply(json({ active: true, 'signed.token': JWT }));
    t.is((await call(g.url, 'opaque-1')).status, 200);
    t.is(g.as.requests[0]?.form.required_claims, 'sub scope');
    t.is(g.as.requests[0]?.form.a, 'b');
    t.is(g.upstream.requests[0]?.headers.authorization, `Bearer ${JWT}`);
  },
);

for (const [clockSkewSec, expected] of [
  [undefined, 401],
  [2 * TEN_MINUTES_SEC, 200],
] as const) {
  imageTest(
    `CLOCK_SKEW=${clockSkewSec ?? ''}: a token that is valid in ten minutes is ${expected} (RFC 7519 §4.1.5)`,
    { env: clockSkewSec === undefined ? {} : { CLOCK_SKEW: String(clockSkewSec) } },
    async (t, g) => {
      const nbf = Math.floor(Date.now() / 1000) + TEN_MINUTES_SEC;
      g.as.reply(jwt(makeJwt({ nbf, exp: nbf + TEN_MINUTES_SEC })));
      t.is((await call(g.url, 'opaque-1')).status, expected);
    },
  );
}

const PUBLIC = { env: { PUBLIC_PATHS: '/health /docs/ /.well-known/jwks.json' } };
const OPEN = [
  '/health',
  '/health?a=/..;/orders',
  '/docs/',
  '/docs/a.html',
  '/docs/a/b-1/c_2/~d/',
  '/docs/a..b',
  '/.well-known/jwks.json',
];
/** nginx reads some of these as a public path; an API that resolves or decodes more than nginx reads others as one. */
const CLOSED = [
  '/',
  '/healthz',
  '/health/',
  '/Health',
  '/health;x',
  '/health%3F',
  '/health#x',
  '/%68ealth',
  '//health',
  '/./health',
  '/orders/../health',
  '/orders/..%2fhealth',
  '/docs',
  '/docs/../orders',
  '/docs/..;/orders',
  '/docs/.;/orders',
  '/docs/%2e%2e/docs/x',
  '/docs/%2e%2e;/orders',
  '/docs/..%5corders',
  '/docs/..\\orders',
  '/docs/%252e%252e%252forders',
  '/docs//orders',
  '/docs/./x',
  '/docs/.hidden',
  '/docs/a;b',
  '/xwell-known/jwks.json',
  '/.well-known/jwksxjson',
];

imageTest(
  'PUBLIC_PATHS: these paths pass without a token, and a token that a client sends is removed',
  PUBLIC,
  async (t, g) => {
    for (const path of OPEN) {
      t.is((await callRaw(g.url, path, ['Authorization: Bearer opaque-1'])).status, 200, path);
      t.is((await callRaw(g.url, path)).status, 200, path);
    }
    t.is(g.as.requests.length, 0);
    t.deepEqual(
      g.upstream.requests.map(({ url }) => url),
      OPEN.flatMap((path) => [path, path]),
    );
    for (const { headers } of g.upstream.requests) {
      t.is(headers.authorization, undefined);
      t.is(headers.host, `127.0.0.1:${g.upstream.port}`);
    }
  },
);

imageTest(
  'PUBLIC_PATHS: a request with a body passes with its own method, and the API answers it',
  PUBLIC,
  async (t, g) => {
    g.upstream.answer = () => ({ status: 503, body: 'from the API' });
    const { statusCode, body } = await request(`${g.url}/docs/`, {
      method: 'PUT',
      body: 'x'.repeat(MEBIBYTE),
    });
    t.is(statusCode, 503);
    t.is(await body.text(), 'from the API');
    t.is(g.upstream.requests[0]?.method, 'PUT');
    t.is(g.upstream.requests[0]?.body.length, MEBIBYTE);
  },
);

imageTest('PUBLIC_PATHS: a path written in any other way needs a token', PUBLIC, async (t, g) => {
  for (const path of CLOSED) {
    const { status: refused } = await callRaw(g.url, path);
    t.true(refused === 401 || refused === 400, `${path}: ${refused}`);
  }
  t.is(g.upstream.requests.length, 0);
});

const CLAIMS = [
  'Authorization: Bearer opaque-1',
  'X-Forwarded-For: 192.0.2.7',
  'X-Forwarded-Proto: https',
  'X-Forwarded-Host: shop.example.com',
  'Forwarded: for=192.0.2.7;proto=https',
];

imageTest(
  "a client's own headers about where it came from are replaced: by default nobody is trusted",
  {},
  async (t, g) => {
    // The second looks like the text with which the configuration marks a proxy's value.
    for (const headers of [CLAIMS, [CLAIMS[0] as string, 'X-Forwarded-Host: yes evil.example.com']]) {
      t.is((await callRaw(g.url, '/', headers)).status, 200);
      const received = g.upstream.requests.at(-1)?.headers;
      t.is(received?.['x-forwarded-for'], '127.0.0.1');
      t.is(received?.['x-forwarded-proto'], 'http');
      t.is(received?.['x-forwarded-host'], 'gateway.test');
      t.is(received?.forwarded, undefined);
    }
  },
);

imageTest(
  'TRUSTED_PROXIES: the headers of these proxies pass, and their address is added',
  { env: { TRUSTED_PROXIES: '10.0.0.0/8 127.0.0.1' } },
  async (t, g) => {
    t.is((await callRaw(g.url, '/', CLAIMS)).status, 200);
    const received = g.upstream.requests[0]?.headers;
    t.is(received?.['x-forwarded-for'], '192.0.2.7, 127.0.0.1');
    t.is(received?.['x-forwarded-proto'], 'https');
    t.is(received?.['x-forwarded-host'], 'shop.example.com');
    t.is(received?.forwarded, 'for=192.0.2.7;proto=https');

    t.is((await callRaw(g.url, '/', CLAIMS.slice(0, 1))).status, 200);
    const silent = g.upstream.requests[1]?.headers;
    t.is(silent?.['x-forwarded-for'], '127.0.0.1');
    t.is(silent?.['x-forwarded-proto'], 'http');
    t.is(silent?.['x-forwarded-host'], 'gateway.test');
  },
);

async function purge(managementUrl: string, token: string) {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const { statusCode, body } = await request(`${managementUrl}/purge`, {
    method: 'POST',
    headers,
    body: `token=${token}`,
  });
  return { status: statusCode, body: await body.text() };
}

imageTest(
  'PURGE_ALLOW: these addresses may end a token at once, with any settings in its cache key',
  {
    env: {
      PURGE_ALLOW: '10.0.0.0/8 127.0.0.1',
      JWT_FIELD: 'jwt',
      INTROSPECTION_PARAMETERS: 'a=b',
      CACHE_TTL: '600',
      STALE_IF_ERROR: '60',
      REQUIRED_SCOPES: 'read',
    },
  },
  async (t, g) => {
    g.as.reply(json({ active: true, scope: 'read', jwt: JWT }));
    for (const token of ['opaque-1', 'opaque-2']) t.is((await call(g.url, token)).status, 200);
    t.deepEqual(await purge(g.managementUrl, 'opaque-1'), { status: 200, body: '{"records":1}' });
    t.is((await call(g.url, 'opaque-1')).status, 401);
    t.is((await call(g.url, 'opaque-2')).status, 200);
    t.is(g.as.requests.length, 2);
    await g.waitForLog(/"POST \/purge HTTP\/1\.1" 200 /);
  },
);

for (const [title, env] of [
  ['without PURGE_ALLOW nobody', {}],
  ['an address that PURGE_ALLOW does not name never', { PURGE_ALLOW: '10.0.0.0/8 ::1' }],
] as const) {
  imageTest(`${title} ends a token; nor does the port for the clients`, { env }, async (t, g) => {
    t.is((await call(g.url, 'opaque-1')).status, 200);
    t.is((await purge(g.managementUrl, 'opaque-1')).status, 403);
    t.is((await purge(g.url, 'opaque-1')).status, 401);
    t.is((await call(g.url, 'opaque-1')).status, 200);
    t.is(g.as.requests.length, 1);
  });
}

for (const [websocket, upgrade, passed] of [
  ['on', 'websocket', 'websocket'],
  ['on', 'WebSocket', 'websocket'],
  ['on', 'h2c', undefined],
  ['on', 'websocket, h2c', undefined],
  ['off', 'websocket', undefined],
] as const) {
  test(`WEBSOCKET=${websocket}: "Upgrade: ${upgrade}" ${passed ? 'reaches' : 'does not reach'} the API (RFC 9110 §7.8)`, (t) =>
    inTurn(async () => {
      const api = await startEchoServer();
      t.teardown(api.close);
      const options = { env: { WEBSOCKET: websocket, UPSTREAM_URL: `http://127.0.0.1:${api.port}` } };
      await onGateway(t, options, async (_, g) => {
        const client = await connectRaw(g.url);
        client.write(
          upgradeRequest('/live', 'opaque-1').replace('Upgrade: websocket', `Upgrade: ${upgrade}`),
        );
        const answer = await client.next();
        t.is(answer.status, passed ? 101 : 200);
        if (passed) {
          t.is(await client.bytes(5), 'hello');
          client.write('ping');
          t.is(await client.bytes(4), 'ping');
        }
        client.destroy();
        t.is(api.requests[0]?.headers.upgrade, passed);
        t.is(api.requests[0]?.headers.authorization, `Bearer ${JWT}`);
      });
    }));
}

// Of five seconds, one is left for the answer; of the default, four.
for (const [introspectionTimeoutSec, expected, upstreamRequests] of [
  ['5', 504, 0],
  [undefined, 200, 1],
] as const) {
  imageTest(
    `INTROSPECTION_TIMEOUT=${introspectionTimeoutSec ?? ''}: an authorization server that says nothing for two and a half seconds is ${expected}`,
    {
      env: introspectionTimeoutSec === undefined ? {} : { INTROSPECTION_TIMEOUT: introspectionTimeoutSec },
    },
    async (t, g) => {
      g.as.reply(slow(2500, jwt(JWT)));
      t.is((await call(g.url, 'opaque-1')).status, expected);
      t.is(g.upstream.requests.length, upstreamRequests);
    },
  );
}

imageTest(
  'INTROSPECTION_TIMEOUT: the gateway waits for an answer that takes longer than the default four seconds',
  { env: { INTROSPECTION_TIMEOUT: '60' } },
  async (t, g) => {
    g.as.reply(slow(4500, jwt(JWT)));
    t.is((await call(g.url, 'opaque-1')).status, 200);
    t.is(g.as.requests.length, 1);
  },
);

imageTest(
  'UPSTREAM_READ_TIMEOUT: an API that is silent for this time is 504',
  { env: { UPSTREAM_READ_TIMEOUT: '1' } },
  async (t, g) => {
    g.upstream.answer = () => new Promise(() => {});
    t.is((await call(g.url, 'opaque-1')).status, 504);
    t.is(g.upstream.requests.length, 1);
  },
);

test('a secret that is moved into a mounted folder is used at once; one that is mounted as a file is not replaced', (t) =>
  inTurn(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'phantom-token-secret-'));
    t.teardown(() => rm(folder, { recursive: true }));
    await chmod(folder, 0o755);
    const secret = join(folder, 'client_secret');
    await writeFile(secret, SECRET, { mode: 0o644 });
    const options = {
      folders: { '/run/folder': folder, '/run/file': secret },
      env: { CLIENT_SECRET_FILE: '/run/folder/client_secret' },
    };
    await onGateway(t, options, async (_, g) => {
      const variables = { ...g.variables, CLIENT_SECRET_FILE: '/run/file' };
      const other = await startContainer({ ...options, env: variables });
      t.teardown(other.stop);
      const secretSentBy = async (url: string, token: string) => {
        t.is((await call(url, token)).status, 200);
        const [, encoded = ''] = g.as.requests.at(-1)?.headers.authorization?.split(' ') ?? [];
        return Buffer.from(encoded, 'base64').toString().split(':')[1];
      };
      t.is(await secretSentBy(g.url, 'opaque-1'), SECRET);
      await writeFile(`${secret}.new`, 'rotated', { mode: 0o644 });
      await rename(`${secret}.new`, secret);
      t.is(await secretSentBy(g.url, 'opaque-2'), 'rotated');
      t.is(await secretSentBy(other.url, 'opaque-3'), SECRET);
    });
  }));
