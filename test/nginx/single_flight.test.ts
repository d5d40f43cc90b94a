// One introspection for all requests with the same token, in all workers (S70-S72).
import { once } from 'node:events';
import http2 from 'node:http2';
import { Agent } from 'undici';
import {
  type Answer,
  type ConfigWords,
  type Gateway,
  type GatewayOptions,
  gatewayTest,
  introspectionLocation,
  protectedRoot,
} from '../support/gateway.js';
import { makeJwt } from '../support/jwt.js';
import { connectRaw } from '../support/raw_client.js';
import {
  held,
  inactive204,
  jwt,
  type ScriptedAnswer,
  silent,
  slow,
  status,
} from '../support/scripted_server.js';

const JWT = makeJwt({ exp: 4102444800 });
const CLIENTS = 1000;
const WAITING = 20;

function sendMany(g: Gateway, count: number, token = 'opaque-1'): Promise<Answer[]> {
  return Promise.all(Array.from({ length: count }, () => g.send('/', { token })));
}

/** No time of the gateway's own ends before the test does, however busy the machine is. */
const PATIENT = 'set $phantom_token_introspection_timeout 60;';

function patientServer(words: ConfigWords, settings = ''): string {
  return `
    ${protectedRoot(words, `${PATIENT} ${settings}`)}
    location = /introspect { ${words.introspectionWithin(59_000)} proxy_pass ${words.introspectionUrl}; }`;
}

gatewayTest(
  `${CLIENTS} clients with one cold token and 2 workers: one introspection (S70)`,
  {
    workers: 2,
    isLoad: true,
    server: (words) => patientServer(words, `set $phantom_token_max_waiting ${CLIENTS};`),
  },
  async (t, g) => {
    g.as.reply(slow(300, jwt(JWT)));
    const cold = await sendMany(g, CLIENTS);
    t.deepEqual(new Set(cold.map((answer) => answer.status)), new Set([200]));
    t.is(g.as.requests.length, 1);
    t.is(g.upstream.requests.length, CLIENTS);
    t.true(g.upstream.requests.every((received) => received.headers.authorization === `Bearer ${JWT}`));
  },
);

gatewayTest(
  'at the expiry of a hot token: one introspection more (S70)',
  { workers: 2, isLoad: true, server: patientServer },
  async (t, g) => {
    g.as.reply(jwt(JWT, { cacheControl: 'max-age=1' }), slow(300, jwt(JWT)));
    let answers: Answer[] = [];
    while (g.as.requests.length < 2) {
      answers = await sendMany(g, 100);
    }
    t.deepEqual(new Set(answers.map((answer) => answer.status)), new Set([200]));
    t.is(g.as.requests.length, 2);
  },
);

gatewayTest(
  'those who come while one asks are served with its answer, and nobody else asks (S70)',
  { server: patientServer },
  async (t, g) => {
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
  },
);

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

function ping(session: http2.ClientHttp2Session): Promise<number> {
  return new Promise((resolve, reject) =>
    session.ping((error, durationMs) => (error === null ? resolve(durationMs) : reject(error))),
  );
}

/** One request over HTTP/2, by a session of its own: it can be reset, and answered. */
function sendHttp2(g: Gateway, token = 'opaque-1') {
  const session = http2.connect(g.url);
  const stream = session.request({ ':path': '/', authorization: `Bearer ${token}` });
  const status = new Promise<number | 'reset'>((resolve) => {
    stream.on('response', (headers) => resolve(headers[':status'] ?? 0));
    stream.on('error', () => {});
    stream.on('close', () => resolve('reset'));
  });
  stream.on('close', () => session.close());
  stream.resume();
  return {
    status,
    /** Resolves when nginx has read the request. */
    async arrived() {
      if (session.connecting) await once(session, 'connect');
      // The first ping may be sent before the request: HTTP/2 libraries put pings first. The second one follows it.
      await ping(session);
      await ping(session);
    },
    reset: () => stream.close(http2.constants.NGHTTP2_CANCEL),
  };
}

// Whoever waited for a lost leader's whole time would wait longer than a test may take.
const HTTP2: GatewayOptions = { serverTop: 'http2 on;', server: (words) => patientServer(words) };

gatewayTest(
  'the leader is lost when its HTTP/2 stream is reset: one of those who wait takes over soon, not all (S72)',
  HTTP2,
  async (t, g) => {
    t.timeout(45_000, 'they waited for the whole introspection timeout');
    g.as.reply(held(jwt(JWT)), jwt(JWT));
    const leader = sendHttp2(g);
    await g.as.waitForRequests(1);
    const others = sendMany(g, WAITING);
    leader.reset();
    const statuses = (await others).map((answer) => answer.status);
    t.deepEqual(new Set(statuses), new Set([200]));
    t.is(g.as.requests.length, 2);
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
    t.is(g.as.requests.length, 2);
  },
);

gatewayTest(
  'clients that have gone do not take over one after the other: of all who wait a living one asks (S72)',
  HTTP2,
  async (t, g) => {
    t.timeout(45_000, 'those who have gone took over');
    const answer = held(jwt(JWT));
    g.as.reply(answer, jwt(JWT));
    const gone = Array.from({ length: 20 }, () => sendHttp2(g));
    await Promise.all(gone.map((client) => client.arrived()));
    await g.as.waitForRequests(1);
    const living = [sendHttp2(g), sendHttp2(g)];
    const others = g.send('/', { token: 'opaque-1' });
    for (const client of gone) client.reset();
    t.is((await others).status, 200);
    t.is(g.as.requests.length, 2, 'one took over');
    for (const client of living) client.reset();
    answer.release();
  },
);

gatewayTest(
  'lost leaders, one after the other, cost one question a second at most (S72)',
  HTTP2,
  async (t, g) => {
    const questions = 3;
    const answers = Array.from({ length: questions }, () => held(jwt(JWT)));
    g.as.reply(answers[0] as ScriptedAnswer, ...answers.slice(1), jwt(JWT));
    const startedMs = Date.now();
    const attackers = Array.from({ length: questions }, () => sendHttp2(g));
    for (let asked = 1; asked < questions; asked += 1) {
      await g.as.waitForRequests(asked + 1);
      t.true(asked <= (Date.now() - startedMs) / 1000, `${asked} took over`);
    }
    for (const attacker of attackers) attacker.reset();
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
    t.is(g.as.requests.length, questions + 1);
  },
);

gatewayTest(
  'a leader that was only slow serves all who wait, also those for the one that took over (S72)',
  HTTP2,
  async (t, g) => {
    const slowAnswer = held(jwt(JWT));
    const never = held(jwt(JWT));
    g.as.reply(slowAnswer, never);
    const leader = sendHttp2(g);
    await g.as.waitForRequests(1);
    const others = Array.from({ length: 5 }, () => sendHttp2(g));
    await g.as.waitForRequests(2); // one of the five; nothing answers it
    slowAnswer.release();
    t.is(await leader.status, 200);
    const first = await Promise.race(others.map((other) => other.status));
    t.is(first, 200);
    const late = g.send('/', { token: 'opaque-1' });
    t.is((await late).status, 200);
    never.release();
    t.deepEqual(new Set(await Promise.all(others.map((other) => other.status))), new Set([200]));
  },
);

gatewayTest(
  'over HTTP/1.1 nobody takes over from a leader whose client has gone: it asks to the end (S72)',
  { server: patientServer },
  async (t, g) => {
    const answer = held(jwt(JWT));
    g.as.reply(answer);
    const leader = await connectRaw(g.url);
    leader.write('GET / HTTP/1.1\r\nHost: gateway.test\r\nAuthorization: Bearer opaque-1\r\n\r\n');
    await g.as.waitForRequests(1);
    leader.destroy();
    const others = sendMany(g, WAITING);
    answer.release();
    t.deepEqual(new Set((await others).map((one) => one.status)), new Set([200]));
    t.is(g.as.requests.length, 1);
  },
);

const GONE = 50;

gatewayTest(
  'HTTP/2 clients that have gone cost one question a second while their time to wait lasts, not one each',
  {
    serverTop: 'http2 on;',
    isLoad: true,
    server: (words) => `
      ${protectedRoot(words, 'set $phantom_token_introspection_timeout 2;')}
      location = /introspect { ${words.introspectionWithin(59_000)} proxy_pass ${words.introspectionUrl}; }
      location = /open { return 204; }`,
  },
  async (t, g) => {
    g.as.reply(silent());
    const startedMs = Date.now();
    const clients = Array.from({ length: GONE }, () => sendHttp2(g));
    await g.as.waitForRequests(1);
    await Promise.all(clients.map((client) => client.arrived()));
    for (const client of clients) client.reset();
    let answered = 0;
    while (answered + g.as.requests.length < GONE) {
      await g.send('/open');
      answered = (await g.accessLog()).filter((line) => !line.startsWith('204')).length;
    }
    const taken = g.as.requests.length - 1;
    t.true(taken <= (Date.now() - startedMs) / 1000, `${taken} took over`);
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
  'a wait ends: whoever has waited one and a half times $phantom_token_introspection_timeout gets 504 and asks nobody',
  {
    server: (words) => `
      ${protectedRoot(words, 'set $phantom_token_introspection_timeout 1; set $phantom_token_stale_if_error 60;')}
      location = /introspect { ${words.introspectionWithin(59_000)} proxy_pass ${words.introspectionUrl}; }`,
  },
  async (t, g) => {
    const unanswered = held(jwt(JWT));
    g.as.reply(unanswered);
    const leader = g.send('/', { token: 'opaque-1' });
    await g.as.waitForRequests(1);
    const others = Array.from({ length: WAITING }, () => g.send('/', { token: 'opaque-1' }));
    t.is((await Promise.race(others)).status, 504);
    unanswered.release();
    await Promise.all([leader, ...others]);
    const lines = await g.accessLog();
    t.true(lines.includes('504 "JOINED" "introspection_timeout"'), `${lines}`);
    t.true(
      lines.every((line) => line.startsWith('200 ') || line.startsWith('504 ')),
      `${lines}`,
    );
    const asking = lines.filter((line) => line.includes('"MISS"'));
    t.is(g.as.requests.length, asking.length, 'no question of one that is JOINED');
  },
);

gatewayTest(
  'clients that bring a wait to nothing keep no stale record alive: nobody said that the AS fails (RFC 5861 §4, S65)',
  {
    server: (words) => `
      ${protectedRoot(words, 'set $phantom_token_introspection_timeout 1; set $phantom_token_cache_ttl 1; set $phantom_token_stale_if_error 600;')}
      location = /introspect { ${words.introspectionWithin(59_000)} proxy_pass ${words.introspectionUrl}; }`,
  },
  async (t, g) => {
    const unanswered = held(inactive204());
    g.as.reply(jwt(JWT), unanswered);
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
    const sent: Promise<Answer>[] = [];
    while (g.as.requests.length < 2) {
      const asked = g.as.waitForRequests(2);
      const one = g.send('/', { token: 'opaque-1' });
      sent.push(one);
      await Promise.race([one, asked]);
    }
    const waiting = Array.from({ length: 5 }, () => g.send('/', { token: 'opaque-1' }));
    t.is((await Promise.race(waiting)).status, 504);
    unanswered.release();
    await Promise.all(sent);
    t.true((await Promise.all(waiting)).every((answer) => answer.status === 504 || answer.status === 401));
    t.false((await g.accessLog()).some((line) => line.includes('STALE')));
  },
);

gatewayTest(
  'beyond $phantom_token_max_waiting: 503 with Retry-After at once, nothing asked; those who wait are served',
  { server: (words) => patientServer(words, 'set $phantom_token_max_waiting 3;') },
  async (t, g) => {
    const answer = held(jwt(JWT));
    g.as.reply(answer);
    const leader = g.send('/', { token: 'opaque-1' });
    await g.as.waitForRequests(1);
    const others = Array.from({ length: 5 }, () => g.send('/', { token: 'opaque-1' }));
    const early: Answer[] = [];
    await new Promise<void>((resolve) => {
      for (const other of others) {
        other.then((one) => {
          early.push(one);
          if (early.length === 2) resolve();
        });
      }
    });
    for (const refused of early) {
      t.is(refused.status, 503);
      t.is(refused.headers['retry-after'], '1');
    }
    answer.release();
    const statuses = (await Promise.all([leader, ...others])).map((one) => one.status).sort();
    t.deepEqual(statuses, [200, 200, 200, 200, 503, 503]);
    t.is(g.as.requests.length, 1);
    const refusals = (await g.accessLog()).filter((line) => line.startsWith('503'));
    t.deepEqual(refusals, Array(2).fill('503 "MISS" "introspection_queue_full"'));
  },
);

/** Sends one more than may wait at `/`. @returns the others, once that one is refused: then all of them wait */
async function sendWaiting(g: Gateway, maxWaiting: number): Promise<Promise<Answer>[]> {
  const sent = Array.from({ length: maxWaiting + 1 }, () => g.send('/', { token: 'opaque-1' }));
  const refused = await Promise.race(sent.map(async (one) => ({ one, status: (await one).status })));
  if (refused.status !== 503) throw new Error(`${refused.status} before all of them wait`);
  return sent.filter((one) => one !== refused.one);
}

gatewayTest(
  "a mistake of the leader's own location is not that of those who wait: they ask, and are served",
  {
    server: (words) => `
    ${protectedRoot(words, `${PATIENT} set $phantom_token_max_waiting 1;`)}
    ${protectedRoot(words, PATIENT.replace('60', '59')).replace('location /', 'location /hasty')}
    location = /introspect {
      ${words.introspectionWithin(59_000)}
      set $phantom_introspection_limit 60;
      proxy_pass ${words.introspectionUrl};
    }`,
  },
  async (t, g) => {
    const answer = held(jwt(JWT));
    g.as.reply(answer, jwt(JWT));
    const leader = g.send('/hasty', { token: 'opaque-1' });
    await g.as.waitForRequests(1);
    const [other] = await sendWaiting(g, 1);
    answer.release();
    t.is((await leader).status, 500);
    t.is((await other)?.status, 200);
    t.is(g.as.requests.length, 2);
    t.deepEqual(
      g.upstream.requests.map(({ headers }) => headers.authorization),
      [`Bearer ${JWT}`],
    );
  },
);

gatewayTest(
  'a JWT that is too large: one question for all who wait, who share the limit',
  {
    server: (words) =>
      patientServer(
        words,
        `set $phantom_token_max_jwt_length 10; set $phantom_token_max_waiting ${WAITING};`,
      ),
  },
  async (t, g) => {
    const answer = held(jwt(JWT));
    g.as.reply(answer);
    const leader = g.send('/', { token: 'opaque-1' });
    await g.as.waitForRequests(1);
    const others = await sendWaiting(g, WAITING);
    answer.release();
    t.is((await leader).status, 502);
    t.deepEqual(new Set((await Promise.all(others)).map((one) => one.status)), new Set([502]));
    t.is(g.as.requests.length, 1);
    t.is(g.upstream.requests.length, 0);
    const joined = (await g.accessLog()).filter((line) => line === '502 "JOINED" "jwt_too_large"');
    t.is(joined.length, WAITING);
  },
);

gatewayTest(
  "a failure of the leader's own secret is not that of those with another one (S23)",
  {
    server: (words) => `
    ${protectedRoot(words, postBy('gateway-secret'))}
    ${protectedRoot(words, postBy('gateway-secret-of-old')).replace('location /', 'location /old')}
    ${introspectionLocation(words)}`,
  },
  async (t, g) => {
    const refusal = held(status(401));
    g.as.reply((request) => (request.form.client_secret === 'gateway-secret' ? jwt(JWT) : refusal));
    const leader = g.send('/old', { token: 'opaque-1' });
    await g.as.waitForRequests(1);
    const sameSecret = g.send('/old', { token: 'opaque-1' });
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200, 'it did not wait for the other secret');
    refusal.release();
    t.is((await leader).status, 502);
    t.true([200, 502].includes((await sameSecret).status));
    t.is(g.as.requests.length, 2);
  },
);

function postBy(secret: string): string {
  return `set $phantom_token_client_id gateway-client; set $phantom_token_client_auth client_secret_post;
    set $phantom_token_client_secret ${secret};`;
}

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
    await once(session, 'connect');
    await ping(session);
    await ping(session);
    for (const stream of streams) stream.close(http2.constants.NGHTTP2_CANCEL);
    await ping(session);
    answer.release();
    t.is((await leader).status, 401);
    session.close();
    const page = (await g.send('/metrics')).body;
    t.true(page.includes('phantom_token_refusals_total{reason="internal_error"} 0'));
  },
);

const TOKENS = 300;

gatewayTest(
  'a full locks zone costs questions and no request; one line a minute names the zone',
  {
    zones: (text) => text.replace('zone=phantom_token_locks:8m', 'zone=phantom_token_locks:32k'),
    isLoad: true,
    server: patientServer,
  },
  async (t, g) => {
    const answer = held(jwt(JWT));
    g.as.reply(answer);
    const sent = Array.from({ length: TOKENS }, (_, i) => g.send('/', { token: `opaque-${i}` }));
    await g.as.waitForRequests(TOKENS);
    const again = Array.from({ length: TOKENS }, (_, i) => g.send('/', { token: `opaque-${i}` }));
    await g.as.waitForRequests(TOKENS + 1); // of those without a lock each asks
    answer.release();
    const statuses = (await Promise.all([...sent, ...again])).map((one) => one.status);
    t.deepEqual(new Set(statuses), new Set([200]));
    const log = await g.nginx.errorLog();
    const lines = log.split('\n').filter((line) => /\[warn\].* phantom_token: /.test(line));
    t.is(lines.length, 1, `${lines}`);
    t.true(lines[0]?.includes('the zone phantom_token_locks is full'));
  },
);
