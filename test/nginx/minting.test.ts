// JWTs that the gateway signs itself, where the authorization server answers plain JSON (RFC 9068).
import { generateKeyPairSync } from 'node:crypto';
import { rename, writeFile } from 'node:fs/promises';
import type { ExecutionContext } from 'ava';
import { calculateJwkThumbprint, createLocalJWKSet, type JWTPayload, jwtVerify } from 'jose';
import { type ConfigWords, type Gateway, gatewayTest, protectedRoot } from '../support/gateway.js';
import { makeJwt } from '../support/jwt.js';
import { json, jwt } from '../support/scripted_server.js';
import { newSigningKey } from '../support/signing_keys.js';

const ISSUER = 'https://gateway.test';
const END_SEC = 4102444800;
const ANSWER = { active: true, sub: 'u', client_id: 'c', scope: 'read', aud: ['api'], exp: END_SEC };

const pemOf = (key: ReturnType<typeof generateKeyPairSync>['privateKey']) =>
  (key as unknown as { export(options: object): string }).export({ type: 'pkcs8', format: 'pem' });
const es256 = await newSigningKey('ES256', 'one');
const ps256 = await newSigningKey('PS256', 'two');
const ed = generateKeyPairSync('ed25519');
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });

const FILES = {
  'ec.pem': pemOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey),
  'ec384.pem': pemOf(generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey),
  'rsa.pem': pemOf(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey),
  'jwk.json': JSON.stringify(es256.privateJwk),
  'two.pem': pemOf(generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey) + pemOf(rsa.privateKey),
  'set.json': JSON.stringify({ keys: [ps256.privateJwk, es256.publicJwk] }),
  'ed.pem': pemOf(ed.privateKey),
  'short.pem': pemOf(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey),
  'p521.pem': pemOf(generateKeyPairSync('ec', { namedCurve: 'P-521' }).privateKey),
  'secret.json': JSON.stringify({ keys: [{ kty: 'oct', k: 'Z2F0ZXdheS1zZWNyZXQ' }] }),
  'mixed.json': JSON.stringify({ keys: [es256.privateJwk, { kty: 'oct', k: 'Z2F0ZXdheS1zZWNyZXQ' }] }),
  'ed.json': JSON.stringify(ed.privateKey.export({ format: 'jwk' })),
  'public.json': JSON.stringify({ keys: [es256.publicJwk] }),
  'empty.json': '{"keys":[]}',
  'page.html': '<html>',
  'broken.json': '{"keys": [',
  'half.pem': `${pemOf(rsa.privateKey)}-----BEGIN PRIVATE KEY-----\nMIIB`,
  'other.json': JSON.stringify({ ...es256.privateJwk, d: ps256.privateJwk.d }),
};

/** The settings of a location that signs with that file. */
function minting(words: ConfigWords, keyFile: string, settings = ''): string {
  return `set $phantom_token_mint_key_file ${words.prefix}/${keyFile};
    set $phantom_token_mint_issuer ${ISSUER}; ${settings.includes('$phantom_token_mint ') ? '' : 'set $phantom_token_mint missing;'}
    ${settings}`;
}

function server(words: ConfigWords, keyFile: string, settings = ''): string {
  return `
    ${protectedRoot(words, minting(words, keyFile, settings))}
    location = /introspect { ${words.introspection} proxy_pass ${words.introspectionUrl}; }
    location = /jwks { set $phantom_token_mint_key_file ${words.prefix}/${keyFile}; js_content phantom_token.jwks; }`;
}

/** The Bearer token that the upstream received last. */
function received(g: Gateway): string {
  return String(g.upstream.requests.at(-1)?.headers.authorization).replace('Bearer ', '');
}

async function verify(g: Gateway, jwt = received(g)) {
  const keys = createLocalJWKSet(JSON.parse((await g.send('/jwks')).body));
  return jwtVerify(jwt, keys, { issuer: ISSUER, typ: 'at+jwt' });
}

/** What the gateway signs for an answer. */
async function claimsFor(
  t: ExecutionContext,
  g: Gateway,
  answer: Record<string, unknown>,
): Promise<JWTPayload> {
  g.as.reply(json(answer));
  t.is((await g.send('/', { token: `opaque-${g.as.requests.length}` })).status, 200);
  return (await verify(g)).payload;
}

for (const [file, alg, kid] of [
  ['ec.pem', 'ES256', undefined],
  ['ec384.pem', 'ES384', undefined],
  ['rsa.pem', 'RS256', undefined],
  ['jwk.json', 'ES256', 'one'],
  ['set.json', 'PS256', 'two'],
  ['two.pem', 'ES384', undefined],
] as const) {
  gatewayTest(
    `${file}: a JSON answer becomes a JWT signed ${alg}, which jose verifies with the published keys; a second request is a hit (RFC 9068 §2.1)`,
    { files: FILES, server: (words) => server(words, file) },
    async (t, g) => {
      g.as.reply(json(ANSWER));
      t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
      const first = received(g);
      t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
      t.is(received(g), first);
      t.is(g.as.requests.length, 1);
      const { protectedHeader } = await verify(g);
      const { keys } = JSON.parse((await g.send('/jwks')).body);
      const expected = kid ?? (await calculateJwkThumbprint(keys[0])); // RFC 7638
      t.deepEqual(protectedHeader, { typ: 'at+jwt', alg, kid: expected });
      t.deepEqual((await g.accessLog()).slice(0, 2), ['200 "MISS" ""', '200 "HIT" ""']);
    },
  );
}

gatewayTest(
  'the claims are those of RFC 9068 §2.2 and what the settings name: nothing else of the answer, and nothing of the token',
  {
    files: FILES,
    server: (words) =>
      server(words, 'ec.pem', 'set $phantom_token_mint_claims "tenant groups gone toString";'),
  },
  async (t, g) => {
    const claims = await claimsFor(t, g, {
      ...ANSWER,
      iss: 'https://as.example.com',
      token_type: 'Bearer',
      auth_time: 5,
      acr: 'high',
      amr: ['pwd'],
      tenant: 'a',
      groups: ['x', { y: 1 }],
      email: 'u@example.com',
      nbf: 1,
      username: 'Ulla',
    });
    const { iat, exp, jti, ...others } = claims;
    t.deepEqual(others, {
      iss: ISSUER,
      sub: 'u',
      client_id: 'c',
      scope: 'read',
      aud: 'api',
      auth_time: 5,
      acr: 'high',
      amr: ['pwd'],
      tenant: 'a',
      groups: ['x', { y: 1 }],
    });
    t.regex(jti ?? '', /^[0-9a-f]{32}$/);
    t.is((exp ?? 0) - (iat ?? 0), 600);
  },
);

gatewayTest(
  'for client credentials sub is the client; aud comes from the settings; exp never outlives the token (RFC 9068 §2.2)',
  { files: FILES, server: (words) => server(words, 'ec.pem', 'set $phantom_token_mint_audience "one two";') },
  async (t, g) => {
    const endSec = Math.floor(Date.now() / 1000) + 100;
    const claims = await claimsFor(t, g, { active: true, client_id: 'c', exp: endSec });
    t.like(claims, { sub: 'c', client_id: 'c', aud: ['one', 'two'], exp: endSec });
    const other = await claimsFor(t, g, { active: true, client_id: 'c', exp: endSec });
    t.not(other.jti, claims.jti);
  },
);

gatewayTest(
  "always: the gateway's JWT goes upstream in place of the server's own",
  { files: FILES, server: (words) => server(words, 'ec.pem', 'set $phantom_token_mint always;') },
  async (t, g) => {
    const own = makeJwt({ ...ANSWER, active: undefined });
    g.as.reply(jwt(own));
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
    t.not(received(g), own);
    t.like((await verify(g)).payload, { sub: 'u', aud: 'api' });
    g.as.reply(json({ ...ANSWER, sub: 'v', jwt: own }));
    t.is((await g.send('/', { token: 'opaque-2' })).status, 200);
    t.like((await verify(g)).payload, { sub: 'v' });
  },
);

gatewayTest(
  "missing: the server's own JWT goes upstream where there is one",
  { files: FILES, server: (words) => server(words, 'ec.pem') },
  async (t, g) => {
    const own = makeJwt({ exp: END_SEC });
    g.as.reply(json({ active: true, exp: END_SEC, jwt: own }));
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
    t.is(received(g), own);
  },
);

for (const [sentence, answer, reason] of [
  [
    'names neither sub nor client_id, as PingFederate answers for refresh tokens',
    { active: true },
    'token_subject_missing',
  ],
  ['has an empty sub', { active: true, sub: '', exp: END_SEC }, 'token_subject_missing'],
  [
    'says token_use refresh_token, as Hydra does',
    { ...ANSWER, token_use: 'refresh_token' },
    'token_type_mismatch',
  ],
  ['says token_type refresh_token', { ...ANSWER, token_type: 'refresh_token' }, 'token_type_mismatch'],
  ['says typ Refresh, as Keycloak does', { ...ANSWER, typ: 'Refresh' }, 'token_type_mismatch'],
  ['says typ ID, as Keycloak does', { ...ANSWER, typ: 'ID' }, 'token_type_mismatch'],
  ['says typ Offline, as Keycloak does', { ...ANSWER, typ: 'Offline' }, 'token_type_mismatch'],
  ['is bound to a key', { ...ANSWER, cnf: { jkt: 'x' } }, 'token_sender_constrained'],
] as const) {
  gatewayTest(
    `nothing is signed for an answer that ${sentence}: 401 ${reason}, remembered (S51)`,
    { files: FILES, server: (words) => server(words, 'ec.pem') },
    async (t, g) => {
      g.as.reply(json(answer));
      t.is((await g.send('/', { token: 'opaque-1' })).status, 401);
      t.is((await g.send('/', { token: 'opaque-1' })).status, 401);
      t.is(g.as.requests.length, 1);
      t.is(g.upstream.requests.length, 0);
      t.deepEqual(await g.accessLog(), [`401 "MISS" "${reason}"`, `401 "NEGATIVE" "${reason}"`]);
    },
  );
}

for (const [file, expected] of [
  ['none.pem', /there is no such file/],
  ['ed.pem', /key 1 is no RSA key and no EC key/],
  ['p521.pem', /key 1 is no RSA key and no EC key on P-256 or P-384/],
  ['short.pem', /2048 bits or more/],
  ['secret.json', /key 1 is neither RSA nor EC.*no oct/],
  ['mixed.json', /key 2 is neither RSA nor EC/],
  ['ed.json', /key 1 is neither RSA nor EC/],
  ['public.json', /holds no private key/],
  ['empty.json', /holds no private key/],
  ['page.html', /neither JSON nor a PKCS #8 PEM file/],
  ['broken.json', /no JWK and no JWK Set: not valid JSON/],
  ['half.pem', /neither JSON nor a PKCS #8 PEM file/],
  ['other.json', /does not sign/],
] as const) {
  gatewayTest(
    `${file} cannot sign: 500, and a line that names the file and what is wrong, never a key (S108)`,
    { files: FILES, server: (words) => server(words, file) },
    async (t, g) => {
      g.as.reply(json(ANSWER));
      t.is((await g.send('/', { token: 'opaque-1' })).status, 500);
      t.is(g.upstream.requests.length, 0);
      const log = await g.nginx.errorLog();
      t.regex(log, expected);
      t.regex(log, new RegExp(`misconfigured: \\$phantom_token_mint_key_file: ${g.words.prefix}/${file}`));
      for (const member of [es256.privateJwk.d, ps256.privateJwk.p]) t.false(log.includes(String(member)));
    },
  );
}

gatewayTest(
  'a key file that was replaced signs the next JWT without a reload; with both keys published nobody is refused',
  { files: FILES, server: (words) => server(words, 'set.json') },
  async (t, g) => {
    g.as.reply(json(ANSWER));
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
    const first = received(g);
    const next = `${g.nginx.prefix}/next.json`;
    await writeFile(next, JSON.stringify({ keys: [es256.privateJwk, ps256.privateJwk] }), { mode: 0o644 });
    await rename(next, `${g.nginx.prefix}/set.json`);
    t.is((await g.send('/', { token: 'opaque-2' })).status, 200);
    t.is((await verify(g)).protectedHeader.kid, 'one');
    t.is((await verify(g, first)).protectedHeader.kid, 'two');
  },
);

const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

for (const file of ['ec.pem', 'ec384.pem', 'rsa.pem', 'jwk.json', 'set.json', 'two.pem']) {
  gatewayTest(
    `the key set of ${file} has public members alone, with kid, use and alg (RFC 7517 §4)`,
    { files: FILES, server: (words) => server(words, file) },
    async (t, g) => {
      const answer = await g.send('/jwks');
      t.is(answer.status, 200);
      t.is(answer.headers['content-type'], 'application/jwk-set+json');
      t.is(answer.headers['cache-control'], 'public, max-age=300');
      const { keys } = JSON.parse(answer.body) as { keys: Record<string, string>[] };
      t.is(keys.length, file === 'set.json' || file === 'two.pem' ? 2 : 1);
      for (const key of keys) {
        t.deepEqual(
          Object.keys(key).filter((name) => PRIVATE_MEMBERS.includes(name)),
          [],
        );
        t.like(key, { use: 'sig' });
        t.truthy(key.kid);
        t.regex(key.alg ?? '', /^(ES256|ES384|RS256|PS256)$/);
      }
      const head = await g.send('/jwks', { method: 'HEAD' });
      t.like(head, { status: 200, body: '' });
      const post = await g.send('/jwks', { method: 'POST', body: 'x' });
      t.is(post.status, 405);
      t.is(post.headers.allow, 'GET, HEAD');
    },
  );
}

for (const file of ['secret.json', 'mixed.json', 'ed.json', 'none.pem', 'short.pem']) {
  gatewayTest(
    `the key set of ${file} is 500: a file is published whole or not at all`,
    { files: FILES, server: (words) => server(words, file) },
    async (t, g) => {
      const answer = await g.send('/jwks');
      t.is(answer.status, 500);
      t.is(answer.headers['cache-control'], 'no-store');
      t.is(answer.body, '{"code":"server_error","message":"Problem encountered processing the request"}');
    },
  );
}

const VARIANTS = {
  a: '',
  issuer: 'set $phantom_token_mint_issuer https://other.test;',
  audience: 'set $phantom_token_mint_audience other;',
  claims: 'set $phantom_token_mint_claims tenant;',
  mode: 'set $phantom_token_mint always;',
  ttl: 'set $phantom_token_mint_ttl 120;',
  accept: 'set $phantom_token_introspection_accept application/json;',
};

gatewayTest(
  'locations whose issuer, audience, claims, key file, mode, time or question differ never share a record (S58)',
  {
    files: FILES,
    server: (words) =>
      [
        ...Object.entries(VARIANTS).map(([name, settings]) => locationOf(words, name, 'ec.pem', settings)),
        locationOf(words, 'key', 'rsa.pem', ''),
        `location = /introspect { ${words.introspection} proxy_pass ${words.introspectionUrl}; }`,
      ].join('\n'),
  },
  async (t, g) => {
    g.as.reply(json({ ...ANSWER, tenant: 'x' }));
    const names = [...Object.keys(VARIANTS), 'key'];
    for (const name of names) t.is((await g.send(`/${name}`, { token: 'opaque-1' })).status, 200);
    t.is(g.as.requests.length, names.length);
    for (const name of names) t.is((await g.send(`/${name}`, { token: 'opaque-1' })).status, 200);
    t.is(g.as.requests.length, names.length);
  },
);

function locationOf(words: ConfigWords, name: string, keyFile: string, settings: string): string {
  return `location = /${name} {
    set $phantom_token on; set $phantom_token_introspection_endpoint /introspect;
    ${minting(words, keyFile, settings)}
    ${words.protect} proxy_pass ${words.upstreamUrl};
  }`;
}

gatewayTest(
  'a thousand minted JWTs verify with jose, and no two have the same jti (RFC 7519 §4.1.7)',
  { files: FILES, server: (words) => server(words, 'ec.pem'), isLoad: true },
  async (t, g) => {
    const keys = createLocalJWKSet(JSON.parse((await g.send('/jwks')).body));
    g.as.reply(json(ANSWER));
    for (let i = 0; i < 1000; i += 50) {
      const sent = Array.from({ length: 50 }, (_, j) => g.send('/', { token: `opaque-${i + j}` }));
      t.true((await Promise.all(sent)).every(({ status }) => status === 200));
    }
    const payloads = await Promise.all(
      g.upstream.requests.map(async ({ headers }) => {
        const { payload } = await jwtVerify(String(headers.authorization).slice(7), keys, { issuer: ISSUER });
        return payload;
      }),
    );
    t.is(new Set(payloads.map(({ jti }) => jti)).size, 1000);
  },
);
