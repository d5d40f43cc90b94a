// What those who wait for one introspection are given of its answer: each what its own location allows.
import { once } from 'node:events';
import http2 from 'node:http2';
import { type Gateway, gatewayTest, protectedRoot } from '../support/gateway.js';
import { makeJwt } from '../support/jwt.js';
import { held, jwt } from '../support/scripted_server.js';

const POLICIES: [path: string, settings: string, end: string][] = [
  ['/open', '', '200 "JOINED" ""'],
  ['/read', 'set $phantom_token_required_scopes read;', '200 "JOINED" ""'],
  ['/here', 'set $phantom_token_audience api; set $phantom_token_issuer as;', '200 "JOINED" ""'],
  ['/write', 'set $phantom_token_required_scopes "read write";', '403 "JOINED" "scope_insufficient"'],
  ['/audience', 'set $phantom_token_audience other;', '401 "JOINED" "audience_mismatch"'],
  ['/issuer', 'set $phantom_token_issuer other;', '401 "JOINED" "issuer_mismatch"'],
  ['/skew', 'set $phantom_token_clock_skew 0;', '401 "JOINED" "token_not_yet_valid"'],
];

/** Sends a request to each path. Returns their statuses to come, once nginx has read all of them, so that they wait. */
async function sendTogether(g: Gateway, paths: string[], token: string) {
  const session = http2.connect(g.url);
  await once(session, 'connect');
  const streams = paths.map((path) => session.request({ ':path': path, authorization: `Bearer ${token}` }));
  const statuses = streams.map(async (stream) => {
    const [headers] = await once(stream.resume(), 'response');
    return headers[':status'] as number;
  });
  // A ping may be sent before the requests: HTTP/2 libraries put pings first. The second one follows them.
  await ping(session);
  await ping(session);
  return { statuses: Promise.all(statuses).finally(() => session.close()) };
}

function ping(session: http2.ClientHttp2Session): Promise<number> {
  return new Promise((resolve, reject) =>
    session.ping((error, durationMs) => (error === null ? resolve(durationMs) : reject(error))),
  );
}

gatewayTest(
  'each of those who wait is decided by the policy of its own location, and none by that of the one who asks (S50, S57)',
  {
    serverTop: 'http2 on;',
    server: (words) => `
      ${protectedRoot(words)}
      ${POLICIES.map(([path, settings]) =>
        protectedRoot(words, `set $phantom_token_introspection_timeout 60; ${settings}`).replace(
          'location /',
          `location ${path}`,
        ),
      ).join('')}
      location = /introspect { ${words.introspectionWithin(59_000)} proxy_pass ${words.introspectionUrl}; }`,
  },
  async (t, g) => {
    const nbf = Math.floor(Date.now() / 1000) + 50;
    const token = makeJwt({ scope: 'read', aud: 'api', iss: 'as', nbf, exp: 4102444800 });
    const answer = held(jwt(token));
    g.as.reply(answer);
    const leader = g.send('/', { token: 'opaque-1' });
    await g.as.waitForRequests(1);
    const others = await sendTogether(
      g,
      POLICIES.map(([path]) => path),
      'opaque-1',
    );
    answer.release();
    t.is((await leader).status, 200);
    t.deepEqual(
      await others.statuses,
      POLICIES.map(([, , end]) => Number(end.slice(0, 3))),
    );
    const passing = POLICIES.filter(([, , end]) => end.startsWith('200'));
    t.is(g.upstream.requests.length, 1 + passing.length);
    t.is(g.as.requests.length, 1);
    await g.nginx.stop(); // writes what is left of the log
    t.deepEqual(
      (await g.accessLog()).toSorted(),
      ['200 "MISS" ""', ...POLICIES.map(([, , end]) => end)].toSorted(),
    );
  },
);
