// The caller's request reaches the upstream as it came, whatever was asked of the authorization server meanwhile.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { watch } from 'node:fs';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import http2 from 'node:http2';
import { Readable } from 'node:stream';
import { startEchoServer, upgradeRequest } from '../support/echo_server.js';
import {
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
  type ScriptedRequest,
} from '../support/scripted_server.js';

const JWT = makeJwt({ exp: 4102444800 });
/** So long a test waits for what a right gateway does at once. */
const EVENT_TIMEOUT_MS = 30_000;
const MEGABYTE = Buffer.alloc(1 << 20, 'abcdefghijklmnopqrstuvwxyz');

/** The protected location proxies to a server that the test starts on `otherPort`, in place of the recorder. */
function throughOther(settings: string): GatewayOptions {
  return {
    http: (words) => `upstream other { server ${words.otherPort}; }`,
    server: (words) =>
      protectedRoot({ ...words, upstreamUrl: 'http://other' }, settings) + introspectionLocation(words),
  };
}

function sha256(data: Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}

gatewayTest('a body of 1 MB arrives byte for byte, on a miss and on a hit', async (t, g) => {
  g.as.reply(jwt(JWT));
  for (const _ of ['miss', 'hit']) {
    t.is((await g.send('/', { token: 'opaque-1', method: 'POST', body: MEGABYTE })).status, 200);
  }
  t.deepEqual(
    g.upstream.requests.map(({ method, body }) => [method, sha256(body)]),
    Array(2).fill(['POST', sha256(MEGABYTE)]),
  );
  t.is(g.as.requests.length, 1);
});

gatewayTest('a chunked body arrives byte for byte', async (t, g) => {
  g.as.reply(jwt(JWT));
  const chunks = Array.from({ length: 50 }, (_, i) => Buffer.alloc(1000 + i, i));
  const answer = await g.send('/', { token: 'opaque-1', method: 'PUT', body: Readable.from(chunks) });
  t.is(answer.status, 200);
  t.is(sha256(g.upstream.requests[0]?.body ?? Buffer.alloc(0)), sha256(Buffer.concat(chunks)));
});

gatewayTest('HEAD stays HEAD and has no body', async (t, g) => {
  g.as.reply(jwt(JWT));
  for (const _ of ['miss', 'hit']) {
    const answer = await g.send('/', { token: 'opaque-1', method: 'HEAD' });
    t.is(answer.status, 200);
    t.is(answer.body, '');
  }
  t.deepEqual(
    g.upstream.requests.map((received) => received.method),
    ['HEAD', 'HEAD'],
  );
  t.is(g.as.requests[0]?.head.split(' ')[0], 'POST');
});

gatewayTest(
  '100 headers and one of 7 kB arrive, each once, none of the introspection among them',
  async (t, g) => {
    g.as.reply(jwt(JWT));
    const headers: Record<string, string> = { 'x-large': 'l'.repeat(7000) };
    for (let i = 0; i < 100; i++) {
      headers[`x-header-${i}`] = `value ${i}`;
    }
    t.is((await g.send('/', { token: 'opaque-1', headers })).status, 200);
    const received = g.upstream.requests[0]?.headers ?? {};
    for (const [name, value] of Object.entries(headers)) {
      t.is(received[name], value);
    }
    t.is(received.accept, undefined);
    t.is(received['content-type'], undefined);
  },
);

gatewayTest('a JWT of 30 kB arrives whole, on a miss and on a hit', async (t, g) => {
  const large = makeJwt({ exp: 4102444800 }, { bytes: 30000 });
  g.as.reply(jwt(large));
  for (const _ of ['miss', 'hit']) {
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
  }
  t.deepEqual(
    g.upstream.requests.map((received) => received.headers.authorization === `Bearer ${large}`),
    [true, true],
  );
  t.is(g.as.requests.length, 1);
});

gatewayTest('a JWT of 64 kB, the largest, arrives whole', async (t, g) => {
  const large = makeJwt({ exp: 4102444800 }, { bytes: 65536 });
  t.is(large.length, 65536);
  g.as.reply(jwt(large));
  t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
  t.is(g.upstream.requests[0]?.headers.authorization, `Bearer ${large}`);
});

gatewayTest('HTTP/2: the exchange and the refusal are the same', { serverTop: 'http2 on;' }, async (t, g) => {
  g.as.reply(jwt(JWT));
  const session = http2.connect(g.url);
  try {
    const posted = await exchangeOverHttp2(
      session,
      { ':method': 'POST', authorization: 'Bearer opaque-1' },
      MEGABYTE,
    );
    t.is(posted.status, 200);
    t.is(sha256(g.upstream.requests[0]?.body ?? Buffer.alloc(0)), sha256(MEGABYTE));
    t.is(g.upstream.requests[0]?.headers.authorization, `Bearer ${JWT}`);
    const refused = await exchangeOverHttp2(session, { ':method': 'GET' });
    t.is(refused.status, 401);
    t.is(refused.challenge, 'Bearer realm="api"');
    t.is(g.upstream.requests.length, 1);
  } finally {
    session.close();
  }
});

gatewayTest(
  "$request_body in the access log is the client's, not the introspection form, on a miss and on a hit (S19, S108)",
  {
    http: () => "log_format body '$request_body';",
    serverTop: 'access_log logs/body.log body; access_log logs/phantom.log phantom;',
  },
  async (t, g) => {
    g.as.reply(jwt(JWT));
    for (const body of ['body of the miss', 'body of the hit']) {
      t.is((await g.send('/', { token: 'opaque-1', method: 'POST', body })).status, 200);
    }
    t.deepEqual(await g.accessLog(), ['200 "MISS" ""', '200 "HIT" ""']);
    t.is(await readFile(`${g.nginx.prefix}/logs/body.log`, 'utf8'), 'body of the miss\nbody of the hit\n');
  },
);

gatewayTest(
  'a Content-Length over client_max_body_size is 413, and nobody is asked',
  { serverTop: 'client_max_body_size 1k;' },
  async (t, g) => {
    g.as.reply(jwt(JWT));
    const answer = await g.send('/', { token: 'opaque-1', method: 'POST', body: Buffer.alloc(1025) });
    t.is(answer.status, 413);
    t.is(g.as.requests.length, 0);
    t.is(g.upstream.requests.length, 0);
  },
);

gatewayTest(
  'a chunked body over client_max_body_size: 401 for a bad token, 413 for a good one, nothing for the upstream',
  { serverTop: 'client_max_body_size 1k;' },
  async (t, g) => {
    g.as.reply(activeIf('opaque-good'));
    const postChunked = async (token: string) => {
      const body = Readable.from([Buffer.alloc(1000), Buffer.alloc(1000)]);
      return (await g.send('/', { token, method: 'POST', body })).status;
    };
    t.is(await postChunked('opaque-bad'), 401);
    t.is(await postChunked('opaque-good'), 413);
    t.is(g.as.requests.length, 2);
    t.is(g.upstream.requests.length, 0);
  },
);

gatewayTest(
  'Expect: 100-continue with a good token: the body is asked for and arrives (RFC 9110 §10.1.1)',
  async (t, g) => {
    g.as.reply(jwt(JWT));
    const client = await connectRaw(g.url);
    for (const _ of ['miss', 'hit']) {
      client.write(postHead('/', 'opaque-1', 11, 'Expect: 100-continue'));
      t.is((await client.next()).status, 100);
      client.write('client body');
      t.is((await client.next()).status, 200);
    }
    client.destroy();
    t.deepEqual(
      g.upstream.requests.map(({ body }) => body.toString()),
      ['client body', 'client body'],
    );
    t.is(g.as.requests.length, 1);
  },
);

gatewayTest(
  'Expect: 100-continue with a bad token: 401 without waiting for the body, and the upstream gets nothing',
  async (t, g) => {
    g.as.reply(inactive204());
    const client = await connectRaw(g.url);
    client.write(postHead('/', 'opaque-1', 11, 'Expect: 100-continue'));
    let answer = await client.next();
    // Right before an answer that has a body nginx says 100, and does not wait for what follows.
    if (answer.status === 100) answer = await client.next();
    t.is(answer.status, 401);
    t.is(answer.headers['www-authenticate'], 'Bearer realm="api", error="invalid_token"');
    client.destroy();
    t.is(g.as.requests.length, 1);
    t.is(g.upstream.requests.length, 0);
  },
);

gatewayTest(
  'proxy_request_buffering off: the upstream has the first piece of a body before the client has sent the last',
  throughOther('proxy_request_buffering off; proxy_http_version 1.1;'),
  async (t, g) => {
    g.as.reply(jwt(JWT));
    const upstream = http.createServer();
    const { hostname, port } = new URL(`http://${g.words.otherPort}`);
    upstream.listen(Number(port), hostname);
    await once(upstream, 'listening');
    const client = await connectRaw(g.url);
    try {
      for (const _ of ['miss', 'hit']) {
        const signal = AbortSignal.timeout(EVENT_TIMEOUT_MS);
        const arrived = once(upstream, 'request', { signal }) as Promise<
          [http.IncomingMessage, http.ServerResponse]
        >;
        client.write(`${postHead('/', 'opaque-1', 10)}first`);
        const [request, response] = await arrived;
        const [firstPiece] = await once(request, 'data', { signal });
        t.is(String(firstPiece), 'first');
        client.write(' last');
        const [lastPiece] = await once(request, 'data', { signal });
        t.is(String(lastPiece), ' last');
        response.end('done');
        t.is((await client.next()).body, 'done');
        t.is(request.headers.authorization, `Bearer ${JWT}`);
      }
    } finally {
      client.destroy();
      upstream.close();
      upstream.closeAllConnections();
    }
    t.is(g.as.requests.length, 1);
  },
);

gatewayTest(
  'a WebSocket upgrade is passed on with the JWT, and bytes go both ways (RFC 6455 §4.2.2)',
  throughOther(`
    proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection upgrade;`),
  async (t, g) => {
    g.as.reply(activeIf('opaque-good'));
    const upstream = await startEchoServer(`http://${g.words.otherPort}`);
    try {
      for (const _ of ['miss', 'hit']) {
        const client = await connectRaw(g.url);
        client.write(upgradeRequest('/', 'opaque-good'));
        t.is((await client.next()).status, 101);
        t.is(await client.bytes(5), 'hello'); // the upstream speaks first
        client.write('ping');
        t.is(await client.bytes(4), 'ping');
        client.destroy();
      }
      const refused = await connectRaw(g.url);
      refused.write(upgradeRequest('/', 'opaque-bad'));
      t.is((await refused.next()).status, 401);
      refused.destroy();
      t.deepEqual(
        upstream.requests.map(({ headers }) => [headers.upgrade, headers.authorization]),
        Array(2).fill(['websocket', `Bearer ${JWT}`]),
      );
    } finally {
      await upstream.close();
    }
    t.is(g.as.requests.length, 2);
  },
);

gatewayTest(
  'pipelined requests are answered in their order, and each has its own body (RFC 9112 §9.3.2)',
  async (t, g) => {
    g.as.reply(jwt(JWT));
    g.upstream.answer = ({ method, url, body }) => ({ body: `${method} ${url} ${body}` });
    const client = await connectRaw(g.url);
    client.write(
      `${postHead('/1', 'opaque-1', 11)}client body${getHead('/2', 'opaque-1')}${getHead('/3', 'opaque-2')}`,
    );
    const answers = [await client.next(), await client.next(), await client.next()];
    client.destroy();
    t.deepEqual(
      answers.map(({ status, body }) => `${status} ${body}`),
      ['200 POST /1 client body', '200 GET /2 ', '200 GET /3 '],
    );
    t.is(g.as.requests.length, 2);
  },
);

gatewayTest(
  'a refused request amid pipelined ones: its body is no request, and the next one is answered (RFC 9112 §9.3.2)',
  async (t, g) => {
    g.as.reply(activeIf('opaque-good'));
    g.upstream.answer = ({ method, url, body }) => ({ body: `${method} ${url} ${body}` });
    const client = await connectRaw(g.url);
    const smuggled = getHead('/smuggled', 'opaque-good');
    client.write(
      getHead('/1', 'opaque-good') +
        postHead('/2', 'opaque-bad', smuggled.length) +
        smuggled +
        getHead('/3', 'opaque-good'),
    );
    const answers = [await client.next(), await client.next(), await client.next()];
    client.destroy();
    t.deepEqual(
      answers.map(({ status }) => status),
      [200, 401, 200],
    );
    t.deepEqual(
      g.upstream.requests.map(({ url }) => url),
      ['/1', '/3'],
    );
    t.is(g.as.requests.length, 2);
  },
);

gatewayTest(
  'HTTP/2: streams of one connection are decided each by its own token, and one that waits holds up none (S82)',
  { serverTop: 'http2 on;' },
  async (t, g) => {
    const waiting = held(jwt(JWT));
    g.as.reply((request) =>
      request.form.token === 'opaque-slow' ? waiting : activeIf('opaque-good')(request),
    );
    const session = http2.connect(g.url);
    try {
      const slow = exchangeOverHttp2(session, { ':path': '/slow', authorization: 'Bearer opaque-slow' });
      await g.as.waitForRequests(1);
      const others = await Promise.all(
        ['good', 'bad', 'good', 'bad', 'good', 'bad'].map((word, i) =>
          exchangeOverHttp2(
            session,
            { ':method': 'POST', ':path': `/${i}`, authorization: `Bearer opaque-${word}` },
            Buffer.from(`body ${i}`),
          ),
        ),
      );
      t.deepEqual(
        others.map(({ status }) => status),
        [200, 401, 200, 401, 200, 401],
      );
      t.deepEqual(g.upstream.requests.map(({ url, body }) => `${url} ${body}`).sort(), [
        '/0 body 0',
        '/2 body 2',
        '/4 body 4',
      ]);
      waiting.release();
      t.is((await slow).status, 200);
      t.is(g.upstream.requests.at(-1)?.url, '/slow');
    } finally {
      session.close();
    }
  },
);

gatewayTest(
  'HTTP/1: the answer for a client that hung up is kept, so its next request is a hit (S114)',
  async (t, g) => {
    const waiting = held(jwt(JWT));
    g.as.reply(waiting);
    const client = await connectRaw(g.url);
    client.write(getHead('/', 'opaque-1'));
    await g.as.waitForRequests(1);
    client.destroy();
    waiting.release();
    await untilLogged(g, /^499 /m);
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
    t.is(g.as.requests.length, 1);
    t.is(g.upstream.requests.length, 1);
    await untilLogged(g, /^200 "HIT" ""$/m);
  },
);

gatewayTest(
  'HTTP/2: a stream that is reset during the introspection costs the connection nothing: the next one is served (S114)',
  { serverTop: 'http2 on;' },
  async (t, g) => {
    g.as.reply(held(jwt(JWT)), jwt(JWT));
    const session = http2.connect(g.url);
    try {
      const reset = session.request({ ':path': '/', authorization: 'Bearer opaque-1' });
      await g.as.waitForRequests(1);
      reset.close(http2.constants.NGHTTP2_CANCEL);
      await once(reset, 'close');
      const answer = await exchangeOverHttp2(session, { ':path': '/', authorization: 'Bearer opaque-1' });
      t.is(answer.status, 200);
    } finally {
      session.close();
    }
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
    t.is(g.as.requests.length, 2);
    t.is(g.upstream.requests.length, 2);
  },
);

gatewayTest('every method passes as it came, those that nginx does not know too (S99)', async (t, g) => {
  g.as.reply(jwt(JWT));
  const methods = ['OPTIONS', 'HEAD', 'DELETE', 'PATCH', 'PROPFIND', 'PURGE', 'REPORT', 'M-SEARCH'];
  for (const method of methods) {
    t.is((await g.send('/', { token: 'opaque-1', method })).status, 200, method);
  }
  t.deepEqual(
    g.upstream.requests.map(({ method }) => method),
    methods,
  );
  t.is(g.as.requests.length, 1);
});

gatewayTest('repeated headers arrive as often as they came, one with an empty value too', async (t, g) => {
  g.as.reply(jwt(JWT));
  const headers = { 'x-repeated': ['a', 'b, c', ''], 'x-empty': '', cookie: ['d=1', 'e=2'] };
  for (const _ of ['miss', 'hit']) {
    t.is((await g.send('/', { token: 'opaque-1', headers })).status, 200);
  }
  for (const { rawHeaders } of g.upstream.requests) {
    const valuesOf = (name: string) =>
      rawHeaders.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);
    t.deepEqual(valuesOf('x-repeated'), ['a', 'b, c', '']);
    t.deepEqual(valuesOf('x-empty'), ['']);
    t.deepEqual(valuesOf('cookie'), ['d=1', 'e=2']);
    t.deepEqual(valuesOf('authorization'), [`Bearer ${JWT}`]);
  }
  t.is(g.as.requests.length, 1);
});

function getHead(path: string, token: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: gateway.test\r\nAuthorization: Bearer ${token}\r\n\r\n`;
}

/** The body has to follow. */
function postHead(path: string, token: string, bodyBytes: number, ...lines: string[]): string {
  return [
    `POST ${path} HTTP/1.1`,
    'Host: gateway.test',
    `Authorization: Bearer ${token}`,
    `Content-Length: ${bodyBytes}`,
    ...lines,
    '\r\n',
  ].join('\r\n');
}

/** Waits for a line of the access log: nginx writes it when all that belongs to the request has ended. */
async function untilLogged(g: Gateway, line: RegExp): Promise<void> {
  const file = `${g.nginx.prefix}/logs/phantom.log`;
  const watcher = watch(file);
  const signal = AbortSignal.timeout(EVENT_TIMEOUT_MS);
  try {
    for (;;) {
      const changed = once(watcher, 'change', { signal });
      changed.catch(() => {}); // not awaited when the line is there
      if (line.test(await readFile(file, 'utf8'))) return;
      await changed;
    }
  } finally {
    watcher.close();
  }
}

/** Only that token is active. */
function activeIf(token: string): (request: ScriptedRequest) => ScriptedAnswer {
  return (request) => (request.form.token === token ? jwt(JWT) : inactive204());
}

interface Http2Answer {
  readonly status: number;
  readonly challenge: string | string[] | undefined;
}

async function exchangeOverHttp2(
  session: http2.ClientHttp2Session,
  headers: http2.OutgoingHttpHeaders,
  body?: Buffer,
): Promise<Http2Answer> {
  const stream = session.request({ ':path': '/', ...headers });
  stream.end(body);
  const [answer] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders];
  stream.resume();
  await once(stream, 'end');
  return { status: Number(answer[':status']), challenge: answer['www-authenticate'] };
}

gatewayTest(
  'a location may allow larger bodies than its server',
  { serverTop: 'client_max_body_size 1k;', settings: 'client_max_body_size 1m;' },
  async (t, g) => {
    g.as.reply(jwt(JWT));
    const answer = await g.send('/', { token: 'opaque-1', method: 'POST', body: Buffer.alloc(2000) });
    t.is(answer.status, 200);
    t.is(g.upstream.requests[0]?.body.length, 2000);
  },
);

gatewayTest(
  'client_max_body_size does not measure the introspection form',
  { serverTop: 'client_max_body_size 10;' },
  async (t, g) => {
    g.as.reply(jwt(JWT));
    t.is((await g.send('/', { token: 'opaque-1', method: 'POST', body: 'short' })).status, 200);
    t.is(g.upstream.requests[0]?.body.toString(), 'short');
  },
);
