// The image's variables for JWTs that the gateway signs, and for the keys with which it verifies those of others.
import { generateKeyPairSync } from 'node:crypto';
import test from 'ava';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { request } from 'undici';
import { newCertificateAuthority } from '../support/certificates.js';
import type { Gateway } from '../support/container.js';
import { call, imageTest } from '../support/image_test.js';
import { json, jwt, type ScriptedAnswer, startScriptedServer } from '../support/scripted_server.js';
import { keySetOf, newSigningKey } from '../support/signing_keys.js';

const KEY_PATH = '/run/secrets/mint_key.pem';
const JWKS_PATH = '/.well-known/jwks.json';
const GATEWAY_ISSUER = 'https://gateway.test';
const ISSUER = 'https://login.test';

const serverKey = await newSigningKey('ES256', 'key-1');
const KEYS = json(JSON.parse(keySetOf(serverKey)));
const CLAIMS = { iss: ISSUER, aud: 'api', sub: 'alice', scope: 'read', exp: 4102444800 };

const ca = await newCertificateAuthority();
const keyServer = await startScriptedServer({ tls: await ca.issue('keys.test') });
keyServer.reply(KEYS);
test.after.always('the server of the keys is stopped', () => keyServer.close());

function newKeyFile(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
}

const MINTING = {
  env: {
    INTROSPECTION_ACCEPT: 'application/json',
    MINT: 'missing',
    MINT_KEY_FILE: KEY_PATH,
    MINT_ISSUER: GATEWAY_ISSUER,
    MINT_AUDIENCE: 'https://a.test https://b.test',
    MINT_CLAIMS: 'tenant roles',
    MINT_TTL: '120',
  },
  files: { [KEY_PATH]: newKeyFile() },
};
const ANSWER = { active: true, sub: 'alice', client_id: 'app', scope: 'read', exp: 4102444800, tenant: 't' };

function sentToApi(g: Gateway): string {
  const [, sent = ''] = g.upstream.requests.at(-1)?.headers.authorization?.split(' ') ?? [];
  return sent;
}

imageTest(
  'MINT: a JSON answer becomes a JWT with these claims, which jose verifies with the published keys (RFC 9068)',
  MINTING,
  async (t, g) => {
    g.as.reply(json({ ...ANSWER, email: 'alice@example.com' }));
    for (let i = 0; i < 2; i++) t.is((await call(g.url, 'opaque-1')).status, 200);
    t.is(g.as.requests.length, 1);
    t.is(g.as.requests[0]?.headers.accept, 'application/json');
    const keys = createRemoteJWKSet(new URL(JWKS_PATH, g.url));
    const { payload } = await jwtVerify(sentToApi(g), keys, { issuer: GATEWAY_ISSUER, typ: 'at+jwt' });
    const { iat = 0, exp, jti, ...rest } = payload;
    t.is(exp, iat + 120);
    t.truthy(jti);
    t.deepEqual(rest, {
      iss: GATEWAY_ISSUER,
      sub: 'alice',
      client_id: 'app',
      scope: 'read',
      aud: ['https://a.test', 'https://b.test'],
      tenant: 't',
    });
    t.regex(await g.logs(), /signs JWTs: missing, as https:\/\/gateway\.test for https:\/\/a\.test https/);
  },
);

imageTest(
  'MINT: the published set has the public members alone, and the key is nowhere but in its file (RFC 7517 §9.2)',
  MINTING,
  async (t, g) => {
    g.as.reply(json(ANSWER));
    t.is((await call(g.url, 'opaque-1')).status, 200);
    const { statusCode, headers, body } = await request(g.url + JWKS_PATH);
    t.is(statusCode, 200);
    t.is(headers['content-type'], 'application/jwk-set+json');
    const { keys } = (await body.json()) as { keys: object[] };
    t.deepEqual(
      keys.map((key) => Object.keys(key).toSorted()),
      [['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']],
    );
    const [, base64 = ''] = MINTING.files[KEY_PATH]?.split('\n') ?? [];
    for (const text of [await g.logs(), await g.exec('sh', '-c', 'find /tmp -type f -exec cat {} +')])
      t.false(text.includes(base64));
    t.is(g.upstream.requests.length, 1);
  },
);

imageTest(
  'MINT=always: the JWT of the authorization server is not sent',
  {
    ...MINTING,
    env: { ...MINTING.env, MINT: 'always' },
  },
  async (t, g) => {
    g.as.reply(json({ ...ANSWER, jwt: await serverKey.sign(CLAIMS) }));
    t.is((await call(g.url, 'opaque-1')).status, 200);
    const keys = createRemoteJWKSet(new URL(JWKS_PATH, g.url));
    t.is((await jwtVerify(sentToApi(g), keys)).payload.iss, GATEWAY_ISSUER);
  },
);

imageTest(
  'MINT: a purge ends a token for which the gateway has signed a JWT',
  {
    ...MINTING,
    env: { ...MINTING.env, PURGE_ALLOW: '127.0.0.1', JWT_FIELD: 'jwt', INTROSPECTION_PARAMETERS: 'a=b' },
  },
  async (t, g) => {
    g.as.reply(json(ANSWER));
    t.is((await call(g.url, 'opaque-1')).status, 200);
    const { body } = await request(`${g.managementUrl}/purge`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'token=opaque-1',
    });
    t.is(await body.text(), '{"records":1}');
    t.is((await call(g.url, 'opaque-1')).status, 401);
    t.is(g.as.requests.length, 1);
  },
);

imageTest(
  `without MINT an active token without a JWT is 502, and ${JWKS_PATH} is the API's, for which a token is needed`,
  {},
  async (t, g) => {
    g.as.reply(json(ANSWER));
    t.is((await call(g.url, 'opaque-1')).status, 502);
    t.is((await call(g.url, undefined, JWKS_PATH)).status, 401);
  },
);

for (const [cacheControl, questions] of [
  [undefined, 2],
  ['ignore', 1],
] as const) {
  imageTest(
    `CACHE_CONTROL=${cacheControl ?? ''}: two requests whose answers say no-store are ${questions === 1 ? 'one question' : 'two questions'}`,
    { ...MINTING, env: { ...MINTING.env, ...(cacheControl && { CACHE_CONTROL: cacheControl }) } },
    async (t, g) => {
      g.as.reply(json(ANSWER, { headers: { 'Cache-Control': 'no-store' } }));
      for (let i = 0; i < 2; i++) t.is((await call(g.url, 'opaque-1')).status, 200);
      t.is(g.as.requests.length, questions);
    },
  );
}

const KEY_SERVER = {
  hosts: { 'keys.test': '127.0.0.1' },
  files: { ...MINTING.files, '/run/ca.pem': ca.cert },
};
const JWKS = { JWKS_URL: `https://keys.test:${keyServer.port}/jwks`, INTROSPECTION_CA_FILE: '/run/ca.pem' };

const RESPONSE_TYPE = 'application/token-introspection+jwt';

async function signedResponse(): Promise<ScriptedAnswer> {
  const claims = { iss: ISSUER, aud: 'gateway-client', iat: 1000, token_introspection: ANSWER };
  return jwt(await serverKey.sign(claims, { typ: 'token-introspection+jwt' }), {
    contentType: RESPONSE_TYPE,
  });
}

imageTest(
  'JWKS_URL: a signed response is verified with keys from an https server of a private CA, under its own name (RFC 9701)',
  {
    ...KEY_SERVER,
    env: { ...MINTING.env, ...JWKS, INTROSPECTION_ACCEPT: RESPONSE_TYPE, ISSUER },
  },
  async (t, g) => {
    g.as.reply(await signedResponse());
    t.is((await call(g.url, 'opaque-1')).status, 200, await g.logs());
    t.is(g.as.requests[0]?.headers.accept, RESPONSE_TYPE);
    const keys = createRemoteJWKSet(new URL(JWKS_PATH, g.url));
    t.is((await jwtVerify(sentToApi(g), keys)).payload.iss, GATEWAY_ISSUER);
    const asked = keyServer.requests.find(({ path }) => path === '/jwks');
    t.is(asked?.headers.host, `keys.test:${keyServer.port}`);
    t.is(asked?.headers.authorization, undefined);
  },
);

imageTest(
  'JWKS_URL: with a certificate of an unknown CA no keys are fetched, and the answer is 503',
  { ...KEY_SERVER, env: { JWKS_URL: JWKS.JWKS_URL } },
  async (t, g) => {
    g.as.reply(jwt(await serverKey.sign(CLAIMS)));
    t.is((await call(g.url, 'opaque-1')).status, 503);
    t.is(g.upstream.requests.length, 0);
    t.regex(await g.logs(), /upstream SSL certificate verify error/);
  },
);

imageTest(
  'ACCEPT_JWT: a JWT of the client is verified and forwarded without introspection; one by another key is 401 (RFC 9068 §4)',
  { ...KEY_SERVER, env: { ...JWKS, ACCEPT_JWT: 'on', ISSUER, AUDIENCE: 'api' } },
  async (t, g) => {
    const presented = await serverKey.sign(CLAIMS);
    t.is((await call(g.url, presented)).status, 200);
    t.is(sentToApi(g), presented);
    const forger = await newSigningKey('ES256', 'key-1');
    t.is((await call(g.url, await forger.sign(CLAIMS))).status, 401);
    t.is(g.as.requests.length, 0);
    t.is(g.upstream.requests.length, 1);
  },
);
