// JWTs of the authorization server whose signature the gateway verifies, and JWTs that clients present (RFC 8725, RFC 9068 §4).
import { createHmac } from 'node:crypto';
import test from 'ava';
import { type CryptoKey, decodeJwt, exportSPKI, importJWK } from 'jose';
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
/** Where a forged header has keys fetched from: those that the forged JWT is signed with. */
const elsewhere = await startScriptedServer();
elsewhere.reply(json(JSON.parse(keySetOf(stranger))));

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

/** Accepts JWTs of clients. */
const MIXED = `set $phantom_token_accept_jwt on; set $phantom_token_issuer ${ISSUER}; set $phantom_token_audience api;`;

const b64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const good = await first.sign(CLAIMS);
const [goodHeader, goodPayload, goodSignature] = good.split('.') as [string, string, string];
const rsaPem = (await exportSPKI((await importJWK(first.publicJwk, 'RS256')) as CryptoKey)).trim();
const hs256 = (header: object) => {
  const input = `${b64(header)}.${goodPayload}`;
  return `${input}.${createHmac('sha256', rsaPem).update(input).digest('base64url')}`;
};
const embedded = async (name: string, value: unknown) => stranger.sign(CLAIMS, { [name]: value } as never);

/** What RFC 8725 §2 and §3 tell of, presented by a client. */
const FORGERIES: [sentence: string, token: string, reason: string][] = [
  ['alg none (§2.1)', `${b64({ alg: 'none', typ: 'at+jwt' })}.${goodPayload}.AA`, 'token_signature_invalid'],
  [
    'alg None (§2.1)',
    `${b64({ alg: 'None', typ: 'at+jwt', kid: first.kid })}.${goodPayload}.${goodSignature}`,
    'token_signature_invalid',
  ],
  [
    'the public key as the secret of HS256 (§2.1)',
    hs256({ alg: 'HS256', typ: 'at+jwt', kid: first.kid }),
    'token_signature_invalid',
  ],
  [
    'another alg than the key (§3.1)',
    `${b64({ alg: 'PS256', typ: 'at+jwt', kid: first.kid })}.${goodPayload}.${goodSignature}`,
    'token_key_unknown',
  ],
  [
    'an EC alg with the kid of an RSA key (§3.1)',
    `${b64({ alg: 'ES256', typ: 'at+jwt', kid: first.kid })}.${goodPayload}.${Buffer.alloc(64, 1).toString('base64url')}`,
    'token_key_unknown',
  ],
  [
    'a key of the header itself, jwk (§3.10)',
    await embedded('jwk', stranger.publicJwk),
    'token_signature_invalid',
  ],
  ['a key to fetch, jku (§3.10)', await embedded('jku', `${elsewhere.url}/keys`), 'token_signature_invalid'],
  [
    'a certificate to fetch, x5u (§3.10)',
    await embedded('x5u', `${elsewhere.url}/cert`),
    'token_signature_invalid',
  ],
  [
    'an extension, crit (RFC 7515 §4.1.11)',
    `${b64({ alg: 'RS256', typ: 'at+jwt', kid: first.kid, crit: ['exp'], exp: 1 })}.${goodPayload}.${goodSignature}`,
    'token_signature_invalid',
  ],
  [
    'b64 false (RFC 7797 §6)',
    `${b64({ alg: 'RS256', typ: 'at+jwt', kid: first.kid, b64: false, crit: ['b64'] })}.${goodPayload}.${goodSignature}`,
    'token_signature_invalid',
  ],
  [
    'a changed payload (§3.2)',
    `${goodHeader}.${b64({ ...CLAIMS, sub: 'admin' })}.${goodSignature}`,
    'token_signature_invalid',
  ],
  [
    'a signature of zeros',
    `${goodHeader}.${goodPayload}.${Buffer.alloc(256).toString('base64url')}`,
    'token_signature_invalid',
  ],
  ['a short signature', `${goodHeader}.${goodPayload}.AAAA`, 'token_signature_invalid'],
  [
    'a kid with a path (§3.10)',
    await stranger.sign(CLAIMS, { kid: '../../etc/passwd' }),
    'token_key_unknown',
  ],
  ['no typ (§3.11)', await first.sign(CLAIMS, { typ: undefined as never }), 'token_type_mismatch'],
  [
    'the typ of a logout token (§3.11)',
    await first.sign(CLAIMS, { typ: 'logout+jwt' }),
    'token_type_mismatch',
  ],
  [
    'the typ of an RFC 9701 response (§2.8)',
    await first.sign(
      { ...CLAIMS, token_introspection: { active: true } },
      { typ: 'token-introspection+jwt' },
    ),
    'token_type_mismatch',
  ],
  [
    'an ID token by its nonce (§2.8)',
    await first.sign({ ...CLAIMS, nonce: 'n' }, { typ: 'JWT' }),
    'token_type_mismatch',
  ],
  [
    'a Keycloak ID token (§2.8)',
    await first.sign({ ...CLAIMS, typ: 'ID' }, { typ: 'JWT' }),
    'token_type_mismatch',
  ],
  ['another issuer (§3.8)', await first.sign({ ...CLAIMS, iss: 'https://evil.example' }), 'issuer_mismatch'],
  ['no issuer (§3.8)', await first.sign({ ...CLAIMS, iss: undefined }), 'issuer_mismatch'],
  ['another audience (§3.9)', await first.sign({ ...CLAIMS, aud: 'other' }), 'audience_mismatch'],
  ['no audience (§3.9)', await first.sign({ ...CLAIMS, aud: undefined }), 'audience_mismatch'],
  ['no exp (RFC 9068 §2.2)', await first.sign({ ...CLAIMS, exp: undefined }), 'token_claims_invalid'],
  [
    'exp as a text',
    await first.sign({ ...CLAIMS, exp: '4102444800' as never }).catch(() => ''),
    'token_claims_invalid',
  ],
  ['nbf in a hundred years', await first.sign({ ...CLAIMS, nbf: 4102444000 }), 'token_not_yet_valid'],
  [
    'a key that it is bound to (RFC 9449 §6.1)',
    await first.sign({ ...CLAIMS, cnf: { jkt: 'x' } }),
    'token_sender_constrained',
  ],
];

/** Members of an RFC 9701 response that make it somebody else's, or none. */
const RESPONSE = { iss: ISSUER, aud: 'gateway-client', iat: 1000 };
const SAID = { active: true, sub: 'u', client_id: 'c', exp: 4102444800 };
const TYP = { typ: 'token-introspection+jwt' };
const RESPONSES: [sentence: string, response: string, reason: string][] = [
  [
    'another issuer',
    await first.sign({ ...RESPONSE, iss: 'https://other.example', token_introspection: SAID }, TYP),
    'introspection_response_invalid',
  ],
  [
    'another audience',
    await first.sign({ ...RESPONSE, aud: 'other', token_introspection: SAID }, TYP),
    'introspection_response_invalid',
  ],
  [
    'no iat',
    await first.sign({ ...RESPONSE, iat: undefined, token_introspection: SAID }, TYP),
    'introspection_response_invalid',
  ],
  ['no answer', await first.sign(RESPONSE, TYP), 'introspection_response_invalid'],
  [
    'a list as answer',
    await first.sign({ ...RESPONSE, token_introspection: [SAID] }, TYP),
    'introspection_response_invalid',
  ],
  [
    'the typ of an access token',
    await first.sign({ ...RESPONSE, token_introspection: SAID }),
    'introspection_response_invalid',
  ],
  [
    'a forged signature',
    await stranger.sign({ ...RESPONSE, token_introspection: SAID }, TYP),
    'jwt_signature_invalid',
  ],
  ['an unknown key', await unknown.sign({ ...RESPONSE, token_introspection: SAID }, TYP), 'jwt_key_unknown'],
  ['five parts, being encrypted', 'eyJhbGciOiJSU0EtT0FFUCJ9.AA.AA.AA.AA', 'introspection_malformed'],
];

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
  'an unknown kid, again and again and in two workers, has the keys fetched once in 30 seconds at most, and is 502',
  { server: (words) => server(words), workers: 2 },
  async (t, g) => {
    answer(g, jwt(await first.sign(CLAIMS)));
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
    answer(g, jwt(await unknown.sign(CLAIMS)));
    for (let i = 2; i < 12; i++) {
      const headers = { connection: 'close' }; // so that both workers get some
      t.is((await g.send('/', { token: `opaque-${i}`, headers })).status, 502);
    }
    t.is(keyFetches(g).length, 1);
    t.is(introspections(g).length, 11);
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

gatewayTest(
  'a thousand JWTs made by jose, of all algorithms, verify here',
  { server: (words) => server(words, MIXED), isLoad: true },
  async (t, g) => {
    answer(g, json({ active: false }));
    for (let i = 0; i < 1000; i += 50) {
      const tokens = await Promise.all(
        Array.from({ length: 50 }, (_, j) => {
          const key = KEYS[(i + j) % KEYS.length] as (typeof KEYS)[0];
          return key.sign({ ...CLAIMS, jti: String(i + j) });
        }),
      );
      const answers = await Promise.all(tokens.map((token) => g.send('/', { token })));
      t.true(answers.every(({ status }) => status === 200));
    }
    t.is(introspections(g).length, 0);
    t.is(keyFetches(g).length, 1);
  },
);

for (const [sentence, token, reason] of FORGERIES.filter(([, forged]) => forged !== '')) {
  gatewayTest(
    `a JWT that a client presents with ${sentence} is 401, is not introspected and reaches nobody (RFC 8725)`,
    { server: (words) => server(words, MIXED) },
    async (t, g) => {
      answer(g, json({ active: true }));
      t.is((await g.send('/', { token })).status, 401);
      t.is(introspections(g).length, 0);
      t.is(elsewhere.connections, 0);
      t.is(g.upstream.requests.length, 0);
      t.deepEqual(await g.accessLog(), [`401 "MISS" "${reason}"`]);
    },
  );
}

gatewayTest(
  'without accept_jwt a JWT of the server is introspected like any token',
  { server: (words) => server(words) },
  async (t, g) => {
    answer(g, json({ active: false }));
    t.is((await g.send('/', { token: good })).status, 401);
    t.is(introspections(g).length, 1);
  },
);

gatewayTest(
  'text with two dots that is no JWS is an opaque token, and introspected',
  { server: (words) => server(words, MIXED) },
  async (t, g) => {
    answer(g, json({ active: false }));
    t.is((await g.send('/', { token: 'opaque.with.dots' })).status, 401);
    t.is((await g.send('/', { token: `${b64({ typ: 'x' })}.opaque.x` })).status, 401);
    t.is(introspections(g).length, 2);
  },
);

const ASKS_SIGNED = `set $phantom_token_introspection_accept application/token-introspection+jwt;
  set $phantom_token_issuer ${ISSUER}; set $phantom_token_client_id gateway-client; set $phantom_token_client_auth none;`;

for (const [sentence, response, reason] of RESPONSES) {
  gatewayTest(
    `an RFC 9701 response with ${sentence} is 502 ${reason}, and nothing goes upstream (RFC 9701 §5, §8)`,
    { server: (words) => server(words, ASKS_SIGNED) },
    async (t, g) => {
      answer(g, jwt(response, { contentType: 'application/token-introspection+jwt' }));
      t.is((await g.send('/', { token: 'opaque-1' })).status, 502);
      t.is(g.upstream.requests.length, 0);
      t.deepEqual(await g.accessLog(), [`502 "MISS" "${reason}"`]);
    },
  );
}

gatewayTest(
  'where only a signed answer is asked for, an unsigned one is no permission; that a token is inactive, it may say (RFC 9701 §8)',
  { server: (words) => server(words, ASKS_SIGNED) },
  async (t, g) => {
    answer(g, json({ ...SAID, iss: ISSUER }));
    t.is((await g.send('/', { token: 'opaque-1' })).status, 502);
    answer(g, jwt(good));
    t.is((await g.send('/', { token: 'opaque-2' })).status, 502);
    answer(g, json({ active: false }));
    t.is((await g.send('/', { token: 'opaque-3' })).status, 401);
    t.is(g.upstream.requests.length, 0);
    t.is((await g.accessLog())[0], '502 "MISS" "introspection_response_invalid"');
  },
);

gatewayTest(
  'in place of a verified JWT the gateway signs what that JWT says, not the JSON beside it (RFC 8725 §3.10)',
  {
    files: { 'key.json': JSON.stringify(unknown.privateJwk) },
    server: (words) =>
      server(
        words,
        `set $phantom_token_mint always; set $phantom_token_mint_key_file ${words.prefix}/key.json;
         set $phantom_token_mint_issuer https://gateway.test;`,
      ),
  },
  async (t, g) => {
    answer(g, json({ ...SAID, sub: 'admin', scope: 'admin', jwt: good }));
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
    const sent = String(g.upstream.requests.at(-1)?.headers.authorization).slice('Bearer '.length);
    t.like(decodeJwt(sent), { iss: 'https://gateway.test', sub: 'u', scope: 'read' });
  },
);

gatewayTest(
  'an inactive RFC 9701 response is 401; one without keys to verify it is 502 (S54)',
  {
    server: (words) =>
      server(words, ASKS_SIGNED) + protectedRoot(words).replace('location /', 'location /without_keys'),
  },
  async (t, g) => {
    const inactive = await first.sign({ ...RESPONSE, token_introspection: { active: false } }, TYP);
    answer(g, jwt(inactive, { contentType: 'application/token-introspection+jwt' }));
    t.is((await g.send('/', { token: 'opaque-1' })).status, 401);
    t.is((await g.send('/without_keys', { token: 'opaque-2' })).status, 502);
    t.deepEqual(await g.accessLog(), [
      '401 "MISS" "token_inactive"',
      '502 "MISS" "introspection_response_jwt"',
    ]);
  },
);

test.after.always('the servers are stopped', () => Promise.all([tlsServer.close(), elsewhere.close()]));

function overTls(words: ConfigWords, path: string): string {
  return `proxy_pass ${tlsServer.url}${path}; proxy_ssl_trusted_certificate ${words.prefix}/ca.pem; proxy_ssl_name as.test;`;
}
