// What the image does with requests, signals and users.
import test from 'ava';
import { newCertificateAuthority } from '../support/certificates.js';
import { type ContainerOptions, docker, JWT, SECRET } from '../support/container.js';
import { call, imageTest } from '../support/image_test.js';
import {
  jwt,
  type ScriptedAnswer,
  type ScriptedServer,
  startScriptedServer,
} from '../support/scripted_server.js';

const ca = await newCertificateAuthority();
const tls: ScriptedServer = await startScriptedServer({ tls: await ca.issue('secure.test') });
tls.reply(jwt(JWT));
test.after.always('the TLS server is stopped', () => tls.close());

const SECURE_URL = `https://secure.test:${tls.port}`;
const SECURE: ContainerOptions = {
  hosts: { 'secure.test': '127.0.0.1', 'other.test': '127.0.0.1' },
  files: { '/run/ca.pem': ca.cert },
};

imageTest(
  'a token is replaced by the JWT after one introspection, over connections that are kept open',
  {},
  async (t, g) => {
    for (const token of ['opaque-1', 'opaque-1', 'opaque-2']) t.is((await call(g.url, token)).status, 200);

    t.is(g.as.requests.length, 2);
    t.is(g.as.connections, 1);
    const [asked] = g.as.requests;
    t.is(asked?.path, '/introspect');
    t.is(asked?.form.token, 'opaque-1');
    t.is(asked?.headers.host, `127.0.0.1:${g.as.port}`);
    t.is(asked?.headers.authorization, `Basic ${Buffer.from(`gateway-client:${SECRET}`).toString('base64')}`);

    t.is(g.upstream.requests.length, 3);
    const [received] = g.upstream.requests;
    t.is(received?.url, '/orders/1?a=b');
    t.is(received?.headers.authorization, `Bearer ${JWT}`);
    t.is(received?.headers.host, `127.0.0.1:${g.upstream.port}`);
    t.is(received?.headers['x-forwarded-for'], '127.0.0.1');
    t.is(received?.httpVersion, '1.1');
  },
);

imageTest(
  'without a token 401, without a required scope 403, and neither request reaches the API',
  { env: { REQUIRED_SCOPES: 'read write' } },
  async (t, g) => {
    const anonymous = await call(g.url);
    t.is(anonymous.status, 401);
    t.is(anonymous.challenge, 'Bearer realm="api", scope="read write"');
    const reader = await call(g.url, 'opaque-1');
    t.is(reader.status, 403);
    t.is(reader.challenge, 'Bearer realm="api", error="insufficient_scope", scope="read write"');
    t.is(g.upstream.requests.length, 0);
    const logs = await g.logs();
    t.regex(logs, /" 401 .* reason=token_missing /);
    t.regex(logs, /" 403 .* reason=scope_insufficient /);
  },
);

for (const [variable, value] of [
  ['AUDIENCE', 'https://api.example.com'],
  ['ISSUER', 'https://login.example.com/'],
] as const) {
  imageTest(`a token of another ${variable}: 401`, { env: { [variable]: value } }, async (t, g) => {
    t.is((await call(g.url, 'opaque-1')).status, 401);
    t.is(g.as.requests.length, 1);
    t.is(g.upstream.requests.length, 0);
  });
}

for (const [user, title] of [
  [undefined, '101, the image says'],
  ['12345:54321', 'one that the image does not know'],
] as const) {
  imageTest(
    `it runs as another user than root (${title}), on a read-only root file system`,
    user === undefined ? {} : { user },
    async (t, g) => {
      t.is((await call(g.url, 'opaque-1')).status, 200);
      t.is((await g.exec('id', '-u')).trim(), user?.split(':')[0] ?? '101');
      await t.throwsAsync(g.exec('touch', '/etc/nginx/x'), { message: /Read-only file system/ });
    },
  );
}

imageTest(
  'it logs although stdout is a pipe to another program',
  {
    entrypoint: [
      '/bin/sh',
      '-c',
      "/bin/sh /opt/phantom_token/entrypoint.sh nginx -e stderr -g 'daemon off;' 2>&1 | cat",
    ],
  },
  async (t, g) => {
    t.is((await call(g.url)).status, 401);
    await g.waitForLog(/GET \/orders\/1\?a=b HTTP\/1.1" 401 .*reason=token_missing/);
    t.pass();
  },
);

imageTest(
  'the secret is not in the configuration, the log, the process list or the description of the container',
  {},
  async (t, g) => {
    t.is((await call(g.url, 'opaque-1')).status, 200);
    const places = {
      configuration: await g.exec('nginx', '-T'),
      processes: await g.exec('sh', '-c', 'cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ'),
      written: await g.exec('sh', '-c', 'find /tmp -type f -exec cat {} +'),
      description: (await docker('inspect', g.id)).output,
      log: await g.logs(),
    };
    const encoded = Buffer.from(`gateway-client:${SECRET}`).toString('base64');
    for (const [place, text] of Object.entries(places)) {
      t.true(text.length > 100, `${place} is empty`);
      for (const mark of [SECRET, encoded, 'opaque-1', 'eyJ'])
        t.false(text.includes(mark), `${mark} is in ${place}`);
    }
  },
);

imageTest('HUP reloads: requests are still served, and cached tokens stay cached', {}, async (t, g) => {
  t.is((await call(g.url, 'opaque-1')).status, 200);
  t.true((await docker('kill', '--signal', 'HUP', g.id)).ok);
  await g.waitForLog(
    /reconfiguring[\s\S]*start worker process \d+[\s\S]*worker process \d+ exited with code 0/,
  );
  t.is((await call(g.url, 'opaque-1')).status, 200);
  t.is(g.as.requests.length, 1);
});

imageTest('docker stop lets running requests end', {}, async (t, g) => {
  let answer = (_: ScriptedAnswer) => {};
  g.as.reply(() => new Promise<ScriptedAnswer>((resolve) => (answer = resolve)));
  const running = call(g.url, 'opaque-1');
  await g.as.waitForRequests(1);
  const stopped = docker('stop', '-t', '20', g.id);
  await g.waitForLog(/gracefully shutting down/);
  answer(jwt(JWT));
  t.is((await running).status, 200);
  t.true((await stopped).ok);
  t.is((await docker('inspect', '--format', '{{.State.ExitCode}}', g.id)).output.trim(), '0');
});

imageTest(
  'it becomes healthy while the authorization server and the API are down',
  {
    until: 'healthy',
    env: { INTROSPECTION_URL: 'https://login.test/introspect', UPSTREAM_URL: 'http://127.0.0.1:1' },
  },
  async (t, g) => {
    t.is((await call(g.url)).status, 401);
  },
);

imageTest('health and metrics are on a port of their own, and nothing else is', {}, async (t, g) => {
  t.is((await call(g.url, 'opaque-1')).status, 200);
  t.is((await call(g.managementUrl, undefined, '/health')).body, 'ok\n');
  const metrics = await call(g.managementUrl, undefined, '/metrics');
  t.regex(metrics.body, /phantom_token_requests_total\{cache_status="MISS"\} 1\n/);
  t.notRegex(metrics.body, /opaque-|eyJ|gateway-client/);
  t.is((await call(g.managementUrl, 'opaque-1', '/orders')).status, 404);
  for (const path of ['/health', '/metrics', '/_phantom_token_introspect'])
    t.not((await call(g.url, undefined, path)).status, 200);
  t.is(g.upstream.requests.length, 1);
});

imageTest(
  'there are as many workers as WORKER_PROCESSES says',
  { env: { WORKER_PROCESSES: '3' } },
  async (t, g) => {
    await g.waitForLog(/(start worker process \d+[\s\S]*){3}/);
    t.is((await g.exec('ps')).match(/nginx: worker/g)?.length, 3);
  },
);

imageTest(
  'an authorization server with a certificate of a private CA is asked, under its own name, when INTROSPECTION_CA_FILE names the CA',
  {
    ...SECURE,
    env: { INTROSPECTION_URL: `${SECURE_URL}/introspect`, INTROSPECTION_CA_FILE: '/run/ca.pem' },
  },
  async (t, g) => {
    t.is((await call(g.url, 'opaque-private')).status, 200);
    const asked = tls.requests.find(({ form }) => form.token === 'opaque-private');
    t.is(asked?.headers.host, `secure.test:${tls.port}`);
  },
);

imageTest(
  'an authorization server with a certificate of an unknown CA: 502, the token is not sent',
  { ...SECURE, env: { INTROSPECTION_URL: `${SECURE_URL}/introspect` } },
  async (t, g) => {
    t.is((await call(g.url, 'opaque-unknown')).status, 502);
    t.false(tls.requests.some(({ form }) => form.token === 'opaque-unknown'));
    t.regex(await g.logs(), /upstream SSL certificate verify error/);
  },
);

imageTest(
  'an authorization server with the certificate of another server: 502, the token is not sent',
  {
    ...SECURE,
    env: {
      INTROSPECTION_URL: `https://other.test:${tls.port}/introspect`,
      INTROSPECTION_CA_FILE: '/run/ca.pem',
    },
  },
  async (t, g) => {
    t.is((await call(g.url, 'opaque-misdirected')).status, 502);
    t.false(tls.requests.some(({ form }) => form.token === 'opaque-misdirected'));
    t.regex(await g.logs(), /upstream SSL certificate does not match "other.test"/);
  },
);

imageTest(
  'the certificate of an https API is verified with UPSTREAM_CA_FILE',
  { ...SECURE, env: { UPSTREAM_URL: SECURE_URL, UPSTREAM_CA_FILE: '/run/ca.pem' } },
  async (t, g) => {
    t.is((await call(g.url, 'opaque-1', '/verified')).status, 200);
    const received = tls.requests.find(({ path }) => path === '/verified');
    t.is(received?.headers.authorization, `Bearer ${JWT}`);
    t.is(received?.headers.host, `secure.test:${tls.port}`);
  },
);

imageTest(
  'an https API with a certificate of an unknown CA: 502, the JWT is not sent',
  { ...SECURE, env: { UPSTREAM_URL: SECURE_URL } },
  async (t, g) => {
    t.is((await call(g.url, 'opaque-1', '/unverified')).status, 502);
    t.false(tls.requests.some(({ path }) => path === '/unverified'));
  },
);
