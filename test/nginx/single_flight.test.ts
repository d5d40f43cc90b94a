// One introspection for all requests with the same token, in all workers (S70-S72).
import http2 from 'node:http2';
import { Agent } from 'undici';
import {
  type Answer,
  type Gateway,
  gatewayTest,
  introspectionLocation,
  protectedRoot,
} from '../support/gateway.js';
import { makeJwt } from '../support/jwt.js';
import { held, inactive204, jwt, slow, status } from '../support/scripted_server.js';

const JWT = makeJwt({ exp: 4102444800 });
const CLIENTS = 1000;
const WAITING = 20;

function sendMany(g: Gateway, count: number, token = 'opaque-1'): Promise<Answer[]> {
  return Promise.all(Array.from({ length: count }, () => g.send('/', { token })));
}

gatewayTest(
  `${CLIENTS} clients with one cold token and 2 workers: one introspection; at its expiry one more (S70)`,
  { workers: 2, isLoad: true, settings: 'set $phantom_token_cache_ttl 30;' },
  async (t, g) => {
    g.as.reply(slow(300, jwt(JWT, { cacheControl: 'max-age=3' })));
    const cold = await sendMany(g, CLIENTS);
    t.deepEqual(new Set(cold.map((answer) => answer.status)), new Set([200]));
    t.is(g.as.requests.length, 1);
    t.is(g.upstream.requests.length, CLIENTS);
    t.true(g.upstream.requests.every((received) => received.headers.authorization === `Bearer ${JWT}`));
    let answers = cold;
    while (g.as.requests.length < 2) {
      answers = await sendMany(g, 100);
    }
    t.deepEqual(new Set(answers.map((answer) => answer.status)), new Set([200]));
    t.is(g.as.requests.length, 2);
  },
);

gatewayTest('those who wait are JOINED, and see each its own policy', async (t, g) => {
  const answer = held(jwt(JWT));
  g.as.reply(answer);
  const first = g.send('/', { token: 'opaque-1' });
  await g.as.waitForRequests(1);
  const others = sendMany(g, 3);
  answer.release();
  t.deepEqual(
    [await first, ...(await others)].map((one) => one.status),
    [200, 200, 200, 200],
  );
  t.is(g.as.requests.length, 1);
  const lines = await g.accessLog();
  t.deepEqual(lines.filter((line) => line.includes('MISS')).length, 1);
  t.true(lines.every((line) => /^200 "(MISS|JOINED|HIT)" ""$/.test(line)));
});

gatewayTest('a rejected token is one introspection for all who wait', async (t, g) => {
  g.as.reply(slow(200, inactive204()));
  const answers = await sendMany(g, WAITING);
  t.deepEqual(new Set(answers.map((answer) => answer.status)), new Set([401]));
  t.is(g.as.requests.length, 1);
});

gatewayTest(
  'a failure is one introspection for all who wait; whoever comes later asks anew',
  async (t, g) => {
    g.as.reply(slow(200, status(503, { headers: { 'retry-after': '7' } })), jwt(JWT));
    const answers = await sendMany(g, WAITING);
    t.deepEqual(
      new Set(answers.map((answer) => `${answer.status} ${answer.headers['retry-after']}`)),
      new Set(['503 7']),
    );
    t.is(g.as.requests.length, 1);
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
    t.is(g.as.requests.length, 2);
  },
);

gatewayTest('an answer that may not be stored releases those who wait, all at once', async (t, g) => {
  const first = held(jwt(JWT, { cacheControl: 'no-store' }));
  const rest = held(jwt(JWT, { cacheControl: 'no-store' }));
  g.as.reply(first, rest);
  const leader = g.send('/', { token: 'opaque-1' });
  await g.as.waitForRequests(1);
  const others = sendMany(g, WAITING);
  first.release();
  t.is((await leader).status, 200);
  await g.as.waitForRequests(1 + WAITING); // none of them waits for another
  rest.release();
  t.deepEqual(new Set((await others).map((answer) => answer.status)), new Set([200]));
  t.is(g.as.requests.length, 1 + WAITING);
});

gatewayTest(
  'the leader is lost when its HTTP/2 stream is reset: one of those who wait takes over, not all (S72)',
  { serverTop: 'http2 on;', settings: 'set $phantom_token_introspection_timeout 1;' },
  async (t, g) => {
    const lost = held(jwt(JWT));
    g.as.reply(lost, slow(100, jwt(JWT)));
    const session = http2.connect(g.url);
    const stream = session.request({ ':path': '/', authorization: 'Bearer opaque-1' });
    stream.on('error', () => {});
    await g.as.waitForRequests(1);
    const others = sendMany(g, WAITING);
    stream.close(http2.constants.NGHTTP2_CANCEL);
    const statuses = (await others).map((answer) => answer.status);
    session.close();
    t.true(
      statuses.every((one) => one === 200 || one === 504),
      `${statuses}`,
    );
    t.true(statuses.includes(200));
    t.is(g.as.requests.length, 2);
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
    t.is(g.as.requests.length, 2);
  },
);

gatewayTest(
  "a worker is killed while it asks: its own connections are lost, the other worker's requests are served (S72, S120)",
  {
    workers: 2,
    isLoad: true,
    listenParameters: 'reuseport',
    server: (words) => `
      ${protectedRoot(words, 'set $phantom_token_introspection_timeout 2;')}
      location = /introspect {
        ${words.introspection}
        proxy_set_header X-Worker $pid;
        proxy_pass ${words.introspectionUrl};
      }`,
  },
  async (t, g) => {
    g.as.reply(held(jwt(JWT)), jwt(JWT));
    const agents = Array.from({ length: 40 }, () => new Agent({ connections: 1 }));
    const sent = agents.map((dispatcher) =>
      g.send('/', { token: 'opaque-1', dispatcher }).then(
        (answer) => answer.status,
        () => 'lost' as const,
      ),
    );
    await g.as.waitForRequests(1);
    process.kill(Number(g.as.requests[0]?.headers['x-worker']), 'SIGKILL');
    const ends = await Promise.all(sent);
    await Promise.all(agents.map((agent) => agent.destroy()));
    t.true(ends.includes(200), `${ends}`);
    t.true(ends.includes('lost'), `${ends}`);
    t.true(
      ends.every((end) => end === 200 || end === 'lost'),
      `${ends}`,
    );
    t.is(g.as.requests.length, 2, 'one took over');
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
    t.is(g.as.requests.length, 2);
  },
);

gatewayTest(
  'a wait ends: whoever has waited one and a half times $phantom_token_introspection_timeout asks for itself',
  { settings: 'set $phantom_token_introspection_timeout 1;' },
  async (t, g) => {
    const silent = held(jwt(JWT));
    g.as.reply(silent);
    const leader = g.send('/', { token: 'opaque-1' });
    await g.as.waitForRequests(1);
    const others = [g.send('/', { token: 'opaque-1' }), g.send('/', { token: 'opaque-1' })];
    await g.as.waitForRequests(3); // a successor of the leader, then the one who waited for both
    silent.release();
    const ends = await Promise.all([leader, ...others]);
    t.deepEqual(
      ends.map((answer) => answer.status),
      [200, 200, 200],
    );
  },
);

gatewayTest(
  "a failure of the leader's own settings is not that of those who wait",
  {
    server: (words) => `
    ${protectedRoot(words)}
    ${protectedRoot(words, 'set $phantom_token_max_jwt_length 10;').replace('location /', 'location /narrow')}
    ${introspectionLocation(words)}`,
  },
  async (t, g) => {
    const answer = held(jwt(JWT));
    g.as.reply(answer, jwt(JWT));
    const leader = g.send('/narrow', { token: 'opaque-1' });
    await g.as.waitForRequests(1);
    const other = g.send('/', { token: 'opaque-1' });
    answer.release();
    t.is((await leader).status, 502);
    t.is((await other).status, 200);
  },
);

gatewayTest(
  'those who wait for a failing flight fail with it, also when another one has begun meanwhile',
  { isLoad: true },
  async (t, g) => {
    g.as.reply(slow(300, status(500)));
    let isOver = false;
    const waiting = sendMany(g, 50).finally(() => {
      isOver = true;
    });
    await g.as.waitForRequests(1);
    const later: Promise<Answer>[] = [];
    while (!isOver) {
      later.push(g.send('/', { token: 'opaque-1' }));
      await Promise.race([waiting, g.as.waitForRequests(2)]);
      if (g.as.requests.length >= 2) break;
    }
    t.deepEqual(new Set((await waiting).map((answer) => answer.status)), new Set([502]));
    t.true(g.as.requests.length <= 2, 'none of them asked anew');
    await Promise.all(later);
  },
);

gatewayTest(
  'HTTP/2 clients that leave while they wait cause no alert, and count as no bug',
  {
    serverTop: 'http2 on;',
    http: () => 'js_shared_dict_zone zone=phantom_token_metrics:64k type=number;',
    server: (words) => `
      ${protectedRoot(words)} ${introspectionLocation(words)}
      location = /metrics { js_content phantom_token.metrics; }`,
  },
  async (t, g) => {
    const answer = held(inactive204());
    g.as.reply(answer);
    const leader = g.send('/', { token: 'opaque-1' });
    await g.as.waitForRequests(1);
    const session = http2.connect(g.url);
    const streams = Array.from({ length: 5 }, () =>
      session.request({ ':path': '/', authorization: 'Bearer opaque-1' }),
    );
    for (const stream of streams) stream.on('error', () => {});
    await new Promise((resolve) => session.ping((_error, duration) => resolve(duration)));
    for (const stream of streams) stream.close(http2.constants.NGHTTP2_CANCEL);
    await new Promise((resolve) => session.ping((_error, duration) => resolve(duration)));
    answer.release();
    t.is((await leader).status, 401);
    session.close();
    const page = (await g.send('/metrics')).body;
    t.true(page.includes('phantom_token_refusals_total{reason="internal_error"} 0'));
  },
);
