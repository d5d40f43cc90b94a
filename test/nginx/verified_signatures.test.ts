// JWTs of the authorization server whose signature the gateway verifies, and JWTs that clients present (RFC 8725, RFC 9068 §4).
import test from 'ava';
import { newCertificateAuthority } from '../support/certificates.js';
import {
  type ConfigWords,
  type Gateway,
  gatewayTest,
  introspectionLocation,
  protectedRoot,
} from '../support/gateway.js';
import {
  json,
  jwt,
  type ScriptedAnswer,
  type ScriptedRequest,
  startScriptedServer,
} from '../support/scripted_server.js';
import { keySetOf, newSigningKey } from '../support/signing_keys.js';

const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'];
const KEYS = await Promise.all(ALGORITHMS.map((alg) => newSigningKey(alg, `key-${alg}`)));
const [first] = KEYS as [(typeof KEYS)[0]];
const stranger = await newSigningKey('RS256', first.kid);
const unknown = await newSigningKey('ES256', 'another');
const authority = await newCertificateAuthority();
const tlsServer = await startScriptedServer({ tls: await authority.issue('as.test') });
const forger = await newSigningKey('ES256', 'key-ES256');

const ISSUER = 'https://as.example.com';
const CLAIMS = { iss: ISSUER, aud: 'api', sub: 'u', exp: 4102444800, scope: 'read' };

/** A location that verifies what the server signs, and that of the keys. */
function server(words: ConfigWords, settings = ''): string {
  const origin = words.introspectionUrl.replace('/introspect', '');
  return `
    ${protectedRoot(words, `set $phantom_token_jwks /keys; ${settings}`)}
    ${introspectionLocation(words)}
    location = /keys { include ${words.snippets}/jwks.conf; proxy_pass ${origin}/keys; }`;
}

/** The server answers both. */
function answer(
  g: Gateway,
  introspection: ScriptedAnswer,
  keys: ScriptedAnswer = json(JSON.parse(keySetOf(...KEYS))),
): void {
  g.as.reply((request: ScriptedRequest) => (request.path === '/keys' ? keys : introspection));
}

const keyFetches = (g: Gateway) => g.as.requests.filter(({ path }) => path === '/keys');
const introspections = (g: Gateway) => g.as.requests.filter(({ path }) => path === '/introspect');

gatewayTest(
  "every algorithm of the closed list verifies, with the server's keys fetched once (RFC 7518 §3.1)",
  { server: (words) => server(words) },
  async (t, g) => {
    for (const key of KEYS) {
      const signed = await key.sign(CLAIMS);
      answer(g, jwt(signed));
      const { status } = await g.send('/', { token: `opaque-${key.alg}` });
      t.is(status, 200, key.alg);
      t.is(g.upstream.requests.at(-1)?.headers.authorization, `Bearer ${signed}`);
    }
    t.is(keyFetches(g).length, 1);
    t.like(keyFetches(g)[0], { method: 'GET' });
    t.is(keyFetches(g)[0]?.headers.authorization, undefined);
  },
);

gatewayTest(
  'a JWT with a bad signature is 502, not 401: the server or somebody between is wrong, not the client (S53)',
  { server: (words) => server(words) },
  async (t, g) => {
    answer(g, jwt(await stranger.sign(CLAIMS)));
    t.is((await g.send('/', { token: 'opaque-1' })).status, 502);
    t.is(g.upstream.requests.length, 0);
    t.deepEqual(await g.accessLog(), ['502 "MISS" "jwt_signature_invalid"']);
  },
);

gatewayTest(
  'an unknown kid fetches the keys again, at most once in 30 seconds, and is then 502',
  { server: (words) => server(words) },
  async (t, g) => {
    answer(g, jwt(await first.sign(CLAIMS)));
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
    answer(g, jwt(await unknown.sign(CLAIMS)));
    t.is((await g.send('/', { token: 'opaque-2' })).status, 502);
    t.is((await g.send('/', { token: 'opaque-3' })).status, 502);
    t.is(keyFetches(g).length, 1);
    t.deepEqual((await g.accessLog()).at(-1), '502 "MISS" "jwt_key_unknown"');
  },
);

gatewayTest(
  'mixed traffic: a JWT that the client presents is verified and forwarded without introspection, and cached (RFC 9068 §4)',
  {
    server: (words) =>
      server(
        words,
        `set $phantom_token_accept_jwt on; set $phantom_token_issuer ${ISSUER}; set $phantom_token_audience api;`,
      ),
  },
  async (t, g) => {
    answer(g, json({ active: false }));
    const signed = await first.sign(CLAIMS);
    t.is((await g.send('/', { token: signed })).status, 200);
    t.is(g.upstream.requests.at(-1)?.headers.authorization, `Bearer ${signed}`);
    t.is((await g.send('/', { token: signed })).status, 200);
    t.is(introspections(g).length, 0);
    t.is((await g.send('/', { token: 'opaque-1' })).status, 401);
    t.is(introspections(g).length, 1);
    t.is((await g.send('/', { token: await stranger.sign(CLAIMS) })).status, 401);
    t.is((await g.send('/', { token: await unknown.sign(CLAIMS) })).status, 401);
    t.is((await g.send('/', { token: await first.sign({ ...CLAIMS, aud: 'other' }) })).status, 401);
    t.is((await g.send('/', { token: await first.sign({ ...CLAIMS, exp: 1000 }) })).status, 401);
    t.is(
      (await g.send('/', { token: await first.sign({ ...CLAIMS, nonce: 'n' }, { typ: 'JWT' }) })).status,
      401,
    );
    t.is(introspections(g).length, 1);
    t.deepEqual(await g.accessLog(), [
      '200 "MISS" ""',
      '200 "HIT" ""',
      '401 "MISS" "token_inactive"',
      '401 "MISS" "token_signature_invalid"',
      '401 "MISS" "token_key_unknown"',
      '401 "MISS" "audience_mismatch"',
      '401 "MISS" "token_expired"',
      '401 "MISS" "token_type_mismatch"',
    ]);
  },
);

gatewayTest(
  "an RFC 9701 response is verified, its answer used, and the gateway's own JWT goes upstream, never the response (S54)",
  {
    files: { 'key.json': JSON.stringify(unknown.privateJwk) },
    server: (words) =>
      server(
        words,
        `set $phantom_token_introspection_accept application/token-introspection+jwt;
         set $phantom_token_issuer ${ISSUER}; set $phantom_token_client_id gateway-client; set $phantom_token_client_auth none;
         set $phantom_token_mint missing; set $phantom_token_mint_key_file ${words.prefix}/key.json;
         set $phantom_token_mint_issuer https://gateway.test;`,
      ),
  },
  async (t, g) => {
    const response = await first.sign(
      {
        iss: ISSUER,
        aud: 'gateway-client',
        iat: 1000,
        token_introspection: { active: true, sub: 'u', client_id: 'c', aud: 'api', exp: 4102444800 },
      },
      { typ: 'token-introspection+jwt' },
    );
    answer(g, jwt(response, { contentType: 'application/token-introspection+jwt' }));
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
    t.is(introspections(g)[0]?.headers.accept, 'application/token-introspection+jwt');
    t.not(g.upstream.requests.at(-1)?.headers.authorization, `Bearer ${response}`);
    t.deepEqual(await g.accessLog(), ['200 "MISS" ""']);
  },
);

gatewayTest(
  'a forged EC signature leaves no error behind that a later TLS connection would log as an alert',
  {
    files: { 'ca.pem': authority.cert },
    server: (words) => `
      ${protectedRoot(words, 'set $phantom_token_jwks /keys;')}
      location = /introspect { ${words.introspection} ${overTls(words, '/introspect')} }
      location = /keys { include ${words.snippets}/jwks.conf; ${overTls(words, '/keys')} }`,
  },
  async (t, g) => {
    const forged = await forger.sign(CLAIMS);
    tlsServer.reply(({ path }) => (path === '/keys' ? json(JSON.parse(keySetOf(...KEYS))) : jwt(forged)));
    for (const token of ['opaque-1', 'opaque-2', 'opaque-3']) {
      t.is((await g.send('/', { token })).status, 502);
    }
    t.deepEqual((await g.accessLog()).at(-1), '502 "MISS" "jwt_signature_invalid"');
  },
);

test.after.always('the TLS server is stopped', () => tlsServer.close());

function overTls(words: ConfigWords, path: string): string {
  return `proxy_pass ${tlsServer.url}${path}; proxy_ssl_trusted_certificate ${words.prefix}/ca.pem; proxy_ssl_name as.test;`;
}
