// Answers of the authorization server that are meant to keep the gateway busy, or to be read in two ways.
import { type ConfigWords, type GatewayOptions, gatewayTest, protectedRoot } from '../support/gateway.js';
import { makeJwt } from '../support/jwt.js';
import {
  dripped,
  endlessChunks,
  jwt,
  type MessageAnswer,
  raw,
  wrongContentType,
} from '../support/scripted_server.js';

const JWT = makeJwt({ exp: 4102444800 });
const CREDENTIALS =
  'set $phantom_token_client_id gateway-client; set $phantom_token_client_secret gateway-secret;';

function overUrl(timeoutMs: number): GatewayOptions {
  return {
    server: (words) => `
      js_fetch_timeout ${timeoutMs}ms;
      ${protectedRoot(words, CREDENTIALS).replace('/introspect;', `${words.introspectionUrl};`)}`,
  };
}

const NO_TIME = 60_000;

gatewayTest(
  'chunks without end to a location: the connection ends at the limit of the size, and others are served (S38, S40)',
  async (t, g) => {
    g.as.reply(endlessChunks(jwt('x'.repeat(16384))), jwt(JWT));
    await t.throwsAsync(g.send('/', { token: 'opaque-1' }), { message: /other side closed/ });
    t.is((await g.send('/', { token: 'opaque-2' })).status, 200);
    t.is(g.upstream.requests.length, 1);
    t.is((await g.nginx.workerPids()).length, 1);
  },
);

gatewayTest(
  'chunks without end to a URL: 502 at the limit of the size, and others are served (S40)',
  overUrl(NO_TIME),
  async (t, g) => {
    g.as.reply(endlessChunks(jwt('x'.repeat(65536))), jwt(JWT));
    t.is((await g.send('/', { token: 'opaque-1' })).status, 502);
    t.is((await g.send('/', { token: 'opaque-2' })).status, 200);
    t.is(g.upstream.requests.length, 1);
    t.is((await g.nginx.workerPids()).length, 1);
  },
);

/** Nine pieces, a third of the timeout between two: more than twice the timeout in all. */
const TIMEOUT_MS = 600;
function drip(answer: MessageAnswer) {
  const bytes = answer.body.length + 200;
  return dripped(answer, Math.ceil(bytes / 9), TIMEOUT_MS / 3);
}

function patientLocation(words: ConfigWords): string {
  return `
    ${protectedRoot(words)}
    location = /introspect { ${words.introspectionWithin(TIMEOUT_MS)} proxy_pass ${words.introspectionUrl}; }`;
}

gatewayTest(
  'an answer that drips into a location, each piece in time, counts when it is whole, as docs/security.md says, and not before (S43)',
  { server: patientLocation },
  async (t, g) => {
    g.as.reply(drip(jwt(JWT)), drip(jwt(JWT.slice(0, -8))));
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
    t.is(g.upstream.requests[0]?.headers.authorization, `Bearer ${JWT}`);
    t.is((await g.send('/', { token: 'opaque-2' })).status, 502);
    t.is(g.upstream.requests.length, 1);
  },
);

gatewayTest(
  'an answer that drips to a URL, each piece in time, ends with the time for all of it: 504 (S43, S44)',
  overUrl(TIMEOUT_MS),
  async (t, g) => {
    g.as.reply(drip(jwt(JWT)));
    t.is((await g.send('/', { token: 'opaque-1' })).status, 504);
    t.is(g.upstream.requests.length, 0);
  },
);

const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: application/jwt\r\n';
const CHUNKED = `${JWT.length.toString(16)}\r\n${JWT}\r\n0\r\n\r\n`;
const TWO_ENDS: Record<string, string> = {
  'two lengths that differ': `${HEAD}Content-Length: ${JWT.length}\r\nContent-Length: 5\r\n\r\n${JWT}`,
  'two lengths that are equal': `${HEAD}Content-Length: ${JWT.length}\r\nContent-Length: ${JWT.length}\r\n\r\n${JWT}`,
  'a length and chunks': `${HEAD}Content-Length: ${JWT.length}\r\nTransfer-Encoding: chunked\r\n\r\n${CHUNKED}`,
};

for (const [title, answer] of Object.entries(TWO_ENDS)) {
  gatewayTest(`an answer with ${title} is none: 502, and it is not remembered (S39)`, async (t, g) => {
    g.as.reply(raw(answer), jwt(JWT));
    t.is((await g.send('/', { token: 'opaque-1' })).status, 502);
    t.is(g.upstream.requests.length, 0);
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
  });
}

for (const depth of [40, 1000, 100_000]) {
  gatewayTest(`JSON that is ${depth} lists deep: 502, and the worker lives (S31)`, async (t, g) => {
    const deep = `{"active":true,"a":${'['.repeat(depth)}${']'.repeat(depth)}}`;
    g.as.reply(wrongContentType('application/json', deep), jwt(JWT));
    t.is((await g.send('/', { token: 'opaque-1' })).status, 502);
    t.is(g.upstream.requests.length, 0);
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
    t.is((await g.nginx.workerPids()).length, 1);
  });
}
