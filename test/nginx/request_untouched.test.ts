// The caller's request reaches the upstream as it came, whatever was asked of the authorization server meanwhile.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import http2 from 'node:http2';
import { Readable } from 'node:stream';
import { gatewayTest } from '../support/gateway.js';
import { makeJwt } from '../support/jwt.js';
import { jwt } from '../support/scripted_server.js';

const JWT = makeJwt({ exp: 4102444800 });
const MEGABYTE = Buffer.alloc(1 << 20, 'abcdefghijklmnopqrstuvwxyz');

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
