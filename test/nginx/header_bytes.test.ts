// Bytes in the Authorization header that no HTTP library sends.
import { gatewayTest } from '../support/gateway.js';
import { makeJwt } from '../support/jwt.js';
import { connectRaw } from '../support/raw_client.js';
import { jwt } from '../support/scripted_server.js';

const JWT = makeJwt({ exp: 4102444800 });

gatewayTest(
  'a header line that ends with one carriage return too many holds the same token (S9)',
  async (t, g) => {
    g.as.reply(jwt(JWT));
    for (const end of ['\r\n', '\r\r\n']) {
      const client = await connectRaw(g.url);
      client.write(
        `GET / HTTP/1.1\r\nHost: gateway.test\r\nAuthorization: Bearer opaque-1${end}Connection: close\r\n\r\n`,
      );
      t.is((await client.next()).status, 200);
      client.destroy();
    }
    t.deepEqual(
      g.as.requests.map(({ form }) => form.token),
      ['opaque-1'],
    );
  },
);

const BROKEN_LINES: [title: string, value: string][] = [
  ['a NUL', 'Bearer opaque-1\0'],
  ['a carriage return inside', 'Bearer opaque-1\rX-A: b'],
  ['a folded line', 'Bearer\r\n opaque-1'],
];

for (const [title, value] of BROKEN_LINES) {
  gatewayTest(
    `an Authorization header with ${title}: 400 by nginx, nobody asked (S8)`,
    // nginx itself writes a header that it refuses to the log at info level
    { errorLogLevel: 'notice' },
    async (t, g) => {
      g.as.reply(jwt(JWT));
      const client = await connectRaw(g.url);
      client.write(`GET / HTTP/1.1\r\nHost: gateway.test\r\nAuthorization: ${value}\r\n\r\n`);
      t.is((await client.next()).status, 400);
      client.destroy();
      t.is(g.as.requests.length, 0);
      t.is(g.upstream.requests.length, 0);
    },
  );
}

gatewayTest('control characters in the token: 401, nobody asked (S8)', async (t, g) => {
  g.as.reply(jwt(JWT));
  for (const character of ['\x01', '\x7F']) {
    const client = await connectRaw(g.url);
    client.write(
      `GET / HTTP/1.1\r\nHost: gateway.test\r\nAuthorization: Bearer opaque-${character}1\r\n\r\n`,
    );
    t.is((await client.next()).status, 401);
    client.destroy();
  }
  t.is(g.as.requests.length, 0);
});
