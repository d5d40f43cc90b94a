// The proxies of docs/forward_auth.md, each with the configuration that the page shows, in front of an API and beside the gateway.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { request } from 'undici';
import { parse } from 'yaml';
import { freePort } from '../../runtime/nginx_process.js';
import { resolveProxies } from '../../runtime/other_proxies.mjs';
import { codeBlocks } from '../support/code_blocks.js';
import { type Gateway, gatewayTest, introspectionLocation } from '../support/gateway.js';
import { makeJwt } from '../support/jwt.js';
import { readPages } from '../support/pages.js';
import { inactive204, jwt, status } from '../support/scripted_server.js';

const proxies = await resolveProxies();
if ('problem' in proxies) throw new Error(`${proxies.problem}: ${proxies.advice}`);

const PAGE = readPages().get('docs/forward_auth.md') ?? '';
const JWT = makeJwt({ scope: 'read', exp: 4102444800 });
const BODY_401 =
  '{"code":"unauthorized_request","message":"Access denied due to missing, invalid or expired credentials"}';
const START_TIMEOUT_MS = 30_000;

/** The one block in that language. */
function blockOf(language: string): string {
  const [block = '', ...others] = codeBlocks(PAGE, language);
  if (block === '' || others.length > 0)
    throw new Error(`docs/forward_auth.md: not one block of ${language}`);
  return block;
}

interface Proxy {
  readonly name: string;
  readonly command: string;
  args(folder: string): string[];
  /** As the page shows them. */
  readonly files: Record<string, string>;
}

const PROXIES: Proxy[] = [
  {
    name: 'Caddy',
    command: proxies.caddy,
    args: (folder) => ['run', '--adapter', 'caddyfile', '--config', join(folder, 'Caddyfile')],
    files: { Caddyfile: blockOf('caddyfile') },
  },
  {
    name: 'HAProxy',
    command: proxies.haproxy,
    args: () => ['-db', '-f', 'haproxy.cfg'],
    files: { 'haproxy.cfg': blockOf('haproxy'), 'phantom_token.lua': blockOf('lua') },
  },
];

/** The addresses of the page, as they are in this test; Caddy has an administration port, and certificates, of its own. */
function adapt(t: ExecutionContext, text: string, g: Gateway, port: number): string {
  const apiHost = new URL(g.words.upstreamUrl).host;
  const changes: [from: string | RegExp, to: string][] = [
    ['127.0.0.1:8090', g.words.listen],
    ['127.0.0.1:8082', apiHost],
    [/^:8080 \{/m, `{\n\tadmin off\n\tauto_https off\n}\nhttp://:${port} {`],
    ['bind :8080', `bind 127.0.0.1:${port}`],
  ];
  const fitted = changes.reduce((changed, [from, to]) => changed.replace(from, to), text);
  t.notRegex(fitted, /127\.0\.0\.1:80(8|9)\d|^(bind )?:8080/m);
  return fitted;
}

async function runProxy(
  t: ExecutionContext,
  proxy: Proxy,
  g: Gateway,
  run: (url: string) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'phantom-token-proxy-'));
  const port = await freePort();
  let child: ChildProcess | undefined;
  try {
    for (const [name, text] of Object.entries(proxy.files)) {
      await writeFile(join(folder, name), adapt(t, text, g, port));
    }
    child = spawn(proxy.command, proxy.args(folder), {
      cwd: folder,
      env: { ...process.env, HOME: folder, XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let words = '';
    child.stdout?.on('data', (chunk) => {
      words += chunk;
    });
    child.stderr?.on('data', (chunk) => {
      words += chunk;
    });
    await untilItListens(child, port, () => words);
    await run(`http://127.0.0.1:${port}`);
  } finally {
    if (child !== undefined && child.exitCode === null) {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
    await rm(folder, { recursive: true });
  }
}

/** Neither proxy says in a way that both share when it accepts connections. */
async function untilItListens(child: ChildProcess, port: number, words: () => string): Promise<void> {
  const deadlineMs = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    const answer = await request(`http://127.0.0.1:${port}/`).catch(() => undefined);
    await answer?.body.dump();
    if (answer !== undefined) return;
    if (child.exitCode !== null || Date.now() > deadlineMs) throw new Error(words());
  }
}

const withForwardAuth = {
  server: (words: Parameters<typeof introspectionLocation>[0]) => `
    location = /auth {
      set $phantom_token on;
      set $phantom_token_introspection_endpoint /introspect;
      set $phantom_token_required_scopes "read";
      set $phantom_token_breaker_failures 0;
      add_header Access-Control-Allow-Origin https://app.test;
      include ${words.snippets}/forward_auth.conf;
    }
    ${introspectionLocation(words)}`,
};

for (const proxy of PROXIES) {
  gatewayTest(
    `${proxy.name}, as docs/forward_auth.md shows it: the API gets the JWT and the body; a refusal reaches the client with status, challenge and body`,
    withForwardAuth,
    async (t, g) => {
      g.as.reply(({ form }) => {
        switch (form.token) {
          case 'opaque-1':
            return jwt(JWT);
          case 'opaque-503':
            return status(503, { headers: { 'Retry-After': '7' } });
          default:
            return inactive204();
        }
      });
      await runProxy(t, proxy, g, async (url) => {
        g.upstream.requests.length = 0;
        const send = async (token: string | undefined, options: Parameters<typeof request>[1] = {}) => {
          const headers = {
            ...(token !== undefined && { authorization: `Bearer ${token}` }),
            ...(options?.headers as Record<string, string>),
          };
          const {
            statusCode,
            headers: answered,
            body,
          } = await request(`${url}/orders?page=2`, {
            ...options,
            headers,
          });
          return { status: statusCode, headers: answered, body: await body.text() };
        };

        t.is((await send('opaque-1')).status, 200);
        t.is(g.upstream.requests.at(-1)?.headers.authorization, `Bearer ${JWT}`);
        t.is(g.upstream.requests.at(-1)?.url, '/orders?page=2');
        const body = 'x'.repeat(100_000);
        t.is((await send('opaque-1', { method: 'POST', body, headers: { dpop: 'a' } })).status, 200);
        t.is(g.upstream.requests.at(-1)?.method, 'POST');
        t.is(g.upstream.requests.at(-1)?.body.length, body.length);
        t.is(g.upstream.requests.at(-1)?.headers.dpop, undefined);
        t.is(g.as.requests.length, 1);
        t.is(g.upstream.requests.length, 2);

        const refused = await send('opaque-2');
        t.is(refused.status, 401);
        t.is(refused.headers['www-authenticate'], 'Bearer realm="api", error="invalid_token", scope="read"');
        t.is(refused.body, BODY_401);
        const overloaded = await send('opaque-503');
        t.is(overloaded.status, 503);
        t.is(overloaded.headers['retry-after'], '7');
        t.is((await send(undefined)).status, 401);
        t.is(g.upstream.requests.length, 2);
      });
    },
  );

  gatewayTest(
    `${proxy.name}: a preflight, told by the client's method, is answered without the API, and headers of the client's tell nothing (S98, S100)`,
    withForwardAuth,
    async (t, g) => {
      await runProxy(t, proxy, g, async (url) => {
        g.upstream.requests.length = 0;
        const preflight = { origin: 'https://app.test', 'access-control-request-method': 'PUT' };
        const answer = await request(`${url}/orders`, { method: 'OPTIONS', headers: preflight });
        await answer.body.dump();
        t.is(answer.statusCode, 204);
        t.is(answer.headers['access-control-allow-origin'], 'https://app.test');
        t.is(g.upstream.requests.length, 0);
        for (const forged of ['x-forwarded-method', 'x-original-method']) {
          const headers = { ...preflight, [forged]: 'OPTIONS' };
          const { statusCode, body } = await request(`${url}/orders`, { method: 'DELETE', headers });
          await body.dump();
          t.is(statusCode, 401, forged);
        }
        t.is(g.upstream.requests.length, 0);
        t.is(g.as.requests.length, 0);
      });
    },
  );
}

test('docs/forward_auth.md: what is shown for Traefik and Envoy is YAML, and hands the JWT on', (t) => {
  const [traefik, envoy, ...others] = codeBlocks(PAGE, 'yaml').map((text) => parse(text));
  t.deepEqual(others, []);
  t.deepEqual(traefik.http.middlewares['phantom-token'].forwardAuth.authResponseHeaders, ['Authorization']);
  const { http_service: service, failure_mode_allow: opens } = envoy.http_filters[0].typed_config;
  t.is(opens, false);
  t.deepEqual(service.authorization_response.allowed_upstream_headers.patterns, [{ exact: 'authorization' }]);
});
