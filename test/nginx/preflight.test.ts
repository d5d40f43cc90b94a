// CORS preflights have no token; other OPTIONS requests are treated like all requests (S98).
import { gatewayTest, introspectionLocation, protectedRoot } from '../support/gateway.js';
import { makeJwt } from '../support/jwt.js';
import { inactive204, jwt } from '../support/scripted_server.js';

const PREFLIGHT = {
  method: 'OPTIONS',
  headers: { origin: 'https://app.test', 'access-control-request-method': 'POST' },
};
const CORS =
  'add_header Access-Control-Allow-Origin https://app.test; add_header Access-Control-Allow-Methods POST;';

gatewayTest(
  'a preflight is answered with 204 and the headers that the server adds; nobody is asked',
  { serverTop: CORS },
  async (t, g) => {
    const answer = await g.send('/api', PREFLIGHT);
    t.is(answer.status, 204);
    t.is(answer.body, '');
    t.is(answer.headers['access-control-allow-origin'], 'https://app.test');
    t.is(answer.headers['access-control-allow-methods'], 'POST');
    t.is(answer.headers['www-authenticate'], undefined);
    t.is(g.as.requests.length, 0);
    t.is(g.upstream.requests.length, 0);
    t.deepEqual(await g.accessLog(), ['204 "BYPASS" ""']);
  },
);

gatewayTest(
  'in access mode `add_header ... always` is sent with a refusal, in auth_request mode not; the answer to a preflight has only those of the location or of the server',
  {
    serverTop: 'add_header Access-Control-Allow-Origin https://app.test always;',
    server: (words) =>
      protectedRoot(words) +
      protectedRoot(words, 'add_header X-Own own always;').replace('location /', 'location /own') +
      introspectionLocation(words),
  },
  async (t, g) => {
    const isAccess = g.setup.mode === 'access';
    const refused = await g.send('/');
    t.is(refused.status, 401);
    t.is(refused.headers['access-control-allow-origin'], isAccess ? 'https://app.test' : undefined);
    t.is((await g.send('/own')).headers['x-own'], isAccess ? 'own' : undefined);
    const preflight = await g.send('/own', PREFLIGHT);
    t.is(preflight.status, 204);
    t.is(preflight.headers['x-own'], isAccess ? 'own' : undefined);
    t.is(preflight.headers['access-control-allow-origin'], isAccess ? undefined : 'https://app.test');
  },
);

gatewayTest(
  'pass: the preflight goes upstream without an Authorization header, also where the client sent one (S106)',
  { settings: 'set $phantom_token_preflight pass;' },
  async (t, g) => {
    t.is(
      (await g.send('/api', { ...PREFLIGHT, headers: { ...PREFLIGHT.headers, authorization: 'Basic abc' } }))
        .status,
      200,
    );
    t.is(g.upstream.requests[0]?.method, 'OPTIONS');
    t.is(g.upstream.requests[0]?.headers.authorization, undefined);
    t.is(g.upstream.requests[0]?.headers.origin, 'https://app.test');
  },
);

gatewayTest(
  'authenticate: a preflight is treated like every request',
  { settings: 'set $phantom_token_preflight authenticate;' },
  async (t, g) => {
    t.is((await g.send('/api', PREFLIGHT)).status, 401);
    t.is(g.upstream.requests.length, 0);
  },
);

for (const missing of ['origin', 'access-control-request-method'] as const) {
  for (const preflight of ['answer', 'pass'] as const) {
    gatewayTest(
      `OPTIONS without ${missing} is no preflight: 401 with $phantom_token_preflight ${preflight} (S98)`,
      { settings: `set $phantom_token_preflight ${preflight};` },
      async (t, g) => {
        const { [missing]: _, ...headers } = PREFLIGHT.headers;
        t.is((await g.send('/api', { method: 'OPTIONS', headers })).status, 401);
        t.is(g.upstream.requests.length, 0);
      },
    );
  }
}

for (const method of ['GET', 'POST', 'HEAD']) {
  gatewayTest(`${method} with the headers of a preflight is not a preflight (S98, S100)`, async (t, g) => {
    t.is((await g.send('/api', { ...PREFLIGHT, method })).status, 401);
    t.is(g.upstream.requests.length, 0);
  });
}

gatewayTest('a preflight with a token is authenticated: browsers send none', async (t, g) => {
  g.as.reply(inactive204(), jwt(makeJwt({ exp: 4102444800 })));
  t.is((await g.send('/api', { ...PREFLIGHT, token: 'opaque-1' })).status, 401);
  t.is((await g.send('/api', { ...PREFLIGHT, token: 'opaque-2' })).status, 200);
  t.is(g.as.requests.length, 2);
});
