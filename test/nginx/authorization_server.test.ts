// The whole exchange with a real authorization server: opaque tokens by client_credentials, Curity's answers to
// introspection, JWTs whose signature the API verifies.
import test from 'ava';
import { type ApiAnswer, startApi } from '../../demo/api.js';
import { type AuthorizationServer, startAuthorizationServer } from '../../demo/authorization_server.js';
import { type ConfigWords, gatewayTest } from '../support/gateway.js';

const as = await startAuthorizationServer();
const large = await startAuthorizationServer({ extraClaims: { padding: 'x'.repeat(22000) } });
const api = await startApi({ jwks: { keys: [...as.publicJwks.keys, ...large.publicJwks.keys] } });

test.after.always('the servers are stopped', async () => {
  await Promise.all([as.close(), large.close(), api.close()]);
});

function introspections(token: string): number {
  return [...as.introspections, ...large.introspections].filter((call) => call.form.token === token).length;
}

function protectedApi(words: ConfigWords, server: typeof as, settings = ''): string {
  return `
    location /api/ {
      set $phantom_token on;
      set $phantom_token_introspection_endpoint /introspect;
      ${settings}
      ${words.protect}
      proxy_pass ${api.url};
    }
    location = /introspect {
      ${words.introspection}
      proxy_pass ${server.url}${server.introspectionPath};
    }`;
}

gatewayTest(
  'an opaque token becomes a JWT that the API verifies; the second call is a hit',
  { server: (words) => protectedApi(words, as, 'set $phantom_token_required_scopes "read write";') },
  async (t, g) => {
    const token = await as.issueToken();
    for (let i = 0; i < 2; i++) {
      const answer = await g.send('/api/hello', { token });
      t.is(answer.status, 200);
      const received = JSON.parse(answer.body) as ApiAnswer;
      t.is(received.jwt.claims.iss, as.issuer);
      t.is(received.jwt.claims.scope, 'read write');
      t.false(received.authorization.includes(token));
    }
    t.is(introspections(token), 1);
    t.deepEqual(await g.accessLog(), ['200 "MISS" ""', '200 "HIT" ""']);
    t.false((await g.nginx.errorLog()).includes(token));
  },
);

gatewayTest(
  'a revoked token, an unknown token and one with too few scopes are refused (RFC 7662 §2.2, RFC 7009)',
  { server: (words) => protectedApi(words, as, 'set $phantom_token_required_scopes write;') },
  async (t, g) => {
    const revoked = await as.issueToken();
    await as.revokeToken(revoked);
    t.is((await g.send('/api/', { token: revoked })).status, 401);
    t.is((await g.send('/api/', { token: 'opaque-unknown' })).status, 401);
    t.is((await g.send('/api/', { token: await as.issueToken({ scope: 'read' }) })).status, 403);
    t.deepEqual(await g.accessLog(), [
      '401 "MISS" "token_inactive"',
      '401 "MISS" "token_inactive"',
      '403 "MISS" "scope_insufficient"',
    ]);
  },
);

gatewayTest(
  'a signed JWT of 30 kB arrives whole and is verified',
  { server: (words) => protectedApi(words, large) },
  async (t, g) => {
    const token = await large.issueToken();
    for (let i = 0; i < 2; i++) {
      const answer = await g.send('/api/', { token });
      t.is(answer.status, 200);
      t.true((JSON.parse(answer.body) as ApiAnswer).authorization.length > 30000);
    }
    t.is(introspections(token), 1);
  },
);

gatewayTest(
  "the gateway's own secret is wrong: 502 and an operator's error line, not the client's 401 (RFC 7662 §2.3, S23)",
  {
    server: (words) =>
      protectedApi(
        { ...words, introspection: words.introspection.replace(/Basic [^"]+/, 'Basic d3Jvbmc6d3Jvbmc=') },
        as,
      ),
  },
  async (t, g) => {
    t.is((await g.send('/api/', { token: await as.issueToken() })).status, 502);
    t.deepEqual(await g.accessLog(), ['502 "MISS" "introspection_unauthorized"']);
  },
);

/** The JWT for a new token, as the gateway gets it. */
async function issueJwt(server: AuthorizationServer): Promise<string> {
  const { id, secret } = server.gatewayClient;
  const answer = await fetch(server.url + server.introspectionPath, {
    method: 'POST',
    headers: {
      Accept: 'application/jwt',
      Authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
    },
    body: new URLSearchParams({ token: await server.issueToken() }),
  });
  return answer.text();
}

test("the demo's API fetches the keys again after a restart of its authorization server, and still accepts no other keys", async (t) => {
  let server = await startAuthorizationServer();
  const { port } = server;
  const fetching = await startApi({ jwks: new URL('/jwks', server.url), issuer: server.issuer });
  const call = async (jwt: string) => {
    const { status } = await fetch(fetching.url, { headers: { Authorization: `Bearer ${jwt}` } });
    return status;
  };
  try {
    t.is(await call(await issueJwt(server)), 200);
    await server.close();
    server = await startAuthorizationServer({ port });
    t.is(await call(await issueJwt(server)), 200);
    t.is(await call(await issueJwt(as)), 401);
  } finally {
    await server.close();
    await fetching.close();
  }
});
