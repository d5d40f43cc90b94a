// The image's variables for tokens that are bound to a key of their client.
import { createHash, X509Certificate } from 'node:crypto';
import { request } from 'undici';
import { newCertificateAuthority } from '../support/certificates.js';
import { newDpopClient } from '../support/dpop.js';
import { call, imageTest } from '../support/image_test.js';
import { makeJwt } from '../support/jwt.js';
import { jwt } from '../support/scripted_server.js';

const ORIGIN = 'https://api.test';
const PATH = '/orders/1';
const TOKEN = 'opaque-1';
const METADATA = `${ORIGIN}/.well-known/oauth-protected-resource`;

const client = await newDpopClient();
const BY_KEY = jwt(makeJwt({ cnf: { jkt: client.jkt }, exp: 4102444800 }));
const prove = (claims = {}) => client.prove({ token: TOKEN, url: ORIGIN + PATH }, claims);

const ca = await newCertificateAuthority();
const { raw } = new X509Certificate((await ca.issue('client.test')).cert);
const BY_CERTIFICATE = jwt(
  makeJwt({ cnf: { 'x5t#S256': createHash('sha256').update(raw).digest('base64url') }, exp: 4102444800 }),
);
const CERTIFICATE = { 'client-cert': `:${raw.toString('base64')}:` };

async function ask(url: string, scheme: string, headers: Record<string, string>) {
  const answer = await request(url + PATH, { headers: { authorization: `${scheme} ${TOKEN}`, ...headers } });
  await answer.body.dump();
  return { status: answer.statusCode, nonce: String(answer.headers['dpop-nonce']) };
}

const DPOP = { SENDER_CONSTRAINT: 'verify', DPOP_ORIGIN: ORIGIN };

imageTest(
  'SENDER_CONSTRAINT=verify: a bound token passes with its proof, and not as Bearer; the API gets the JWT and no proof (RFC 9449 §7)',
  { env: DPOP },
  async (t, g) => {
    g.as.reply(BY_KEY);
    t.is((await ask(g.url, 'Bearer', {})).status, 401);
    for (let i = 0; i < 2; i++) t.is((await ask(g.url, 'DPoP', { dpop: await prove() })).status, 200);
    t.is(g.as.requests.length, 1);
    for (const { headers } of g.upstream.requests) {
      t.regex(headers.authorization ?? '', /^Bearer eyJ/);
      t.is(headers.dpop, undefined);
    }
    t.regex(await g.logs(), /tokens bound to a key: verify; DPoP: https:\/\/api\.test; certificate: no/);
  },
);

imageTest('without SENDER_CONSTRAINT a bound token is refused, with its proof as well', {}, async (t, g) => {
  g.as.reply(BY_KEY);
  t.is((await ask(g.url, 'DPoP', { dpop: await prove() })).status, 401);
  t.is((await ask(g.url, 'Bearer', {})).status, 401);
});

imageTest(
  'SENDER_CONSTRAINT=require: an unbound token is refused',
  { env: { ...DPOP, SENDER_CONSTRAINT: 'require' } },
  async (t, g) => {
    t.is((await call(g.url, TOKEN)).status, 401);
    t.is(g.as.requests.length, 1);
  },
);

imageTest(
  'DPOP_MAX_AGE: a proof of ten minutes ago is taken where it may be that old',
  { env: { ...DPOP, DPOP_MAX_AGE: '3600' } },
  async (t, g) => {
    g.as.reply(BY_KEY);
    const iat = Math.floor(Date.now() / 1000) - 600;
    t.is((await ask(g.url, 'DPoP', { dpop: await prove({ iat }) })).status, 200);
    t.is((await ask(g.url, 'DPoP', { dpop: await prove({ iat: iat - 3600 }) })).status, 401);
  },
);

imageTest(
  'DPOP_NONCE=on: a proof needs the nonce of the refusal (RFC 9449 §9)',
  { env: { ...DPOP, DPOP_NONCE: 'on' } },
  async (t, g) => {
    g.as.reply(BY_KEY);
    const { status, nonce } = await ask(g.url, 'DPoP', { dpop: await prove() });
    t.is(status, 401);
    t.is((await ask(g.url, 'DPoP', { dpop: await prove({ nonce }) })).status, 200);
  },
);

const HEADER = { SENDER_CONSTRAINT: 'require', CALLER_CERTIFICATE_HEADER: 'Client-Cert' };

imageTest(
  'CALLER_CERTIFICATE_HEADER: the certificate that a trusted proxy names is checked, and goes on to the API (RFC 9440)',
  { env: { ...HEADER, TRUSTED_PROXIES: '127.0.0.1' } },
  async (t, g) => {
    g.as.reply(BY_CERTIFICATE);
    t.is((await ask(g.url, 'Bearer', {})).status, 401);
    t.is((await ask(g.url, 'Bearer', CERTIFICATE)).status, 200);
    t.is(g.upstream.requests[0]?.headers['client-cert'], CERTIFICATE['client-cert']);
  },
);

imageTest(
  'CALLER_CERTIFICATE_HEADER: nobody else can name a certificate, neither to the gateway nor to the API (RFC 9440 §4)',
  { env: { ...HEADER, TRUSTED_PROXIES: '10.0.0.0/8', PUBLIC_PATHS: PATH } },
  async (t, g) => {
    g.as.reply(BY_CERTIFICATE);
    t.is((await ask(`${g.url}/api`, 'Bearer', CERTIFICATE)).status, 401);
    t.is((await ask(g.url, 'Bearer', CERTIFICATE)).status, 200, 'a public path');
    t.is(g.upstream.requests.length, 1);
    t.is(g.upstream.requests[0]?.headers['client-cert'], undefined);
  },
);

imageTest(
  'a public path gets neither the token nor its proof',
  { env: { ...DPOP, PUBLIC_PATHS: PATH } },
  async (t, g) => {
    t.is((await ask(g.url, 'DPoP', { dpop: await prove() })).status, 200);
    t.is(g.upstream.requests[0]?.headers.authorization, undefined);
    t.is(g.upstream.requests[0]?.headers.dpop, undefined);
  },
);

imageTest(
  'RESOURCE_METADATA: each challenge names the document (RFC 9728 §5.1)',
  { env: { RESOURCE_METADATA: METADATA } },
  async (t, g) => {
    t.is((await call(g.url)).challenge, `Bearer realm="api", resource_metadata="${METADATA}"`);
  },
);

imageTest(
  'a purge ends a bound token, also with a new proof',
  { env: { ...DPOP, PURGE_ALLOW: '127.0.0.1' } },
  async (t, g) => {
    g.as.reply(BY_KEY);
    t.is((await ask(g.url, 'DPoP', { dpop: await prove() })).status, 200);
    const purged = await request(`${g.managementUrl}/purge`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: `token=${TOKEN}`,
    });
    t.is(await purged.body.text(), '{"records":1}');
    t.is((await ask(g.url, 'DPoP', { dpop: await prove() })).status, 401);
    t.is(g.as.requests.length, 1);
  },
);
