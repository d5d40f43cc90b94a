// Tokens that are bound to a client's certificate (RFC 8705 §3), at a location that verifies them.
import { createHash, X509Certificate } from 'node:crypto';
import { Agent } from 'undici';
import { newCertificateAuthority } from '../support/certificates.js';
import { newDpopClient } from '../support/dpop.js';
import { type ConfigWords, type Gateway, gatewayTest, introspectionLocation } from '../support/gateway.js';
import { makeJwt } from '../support/jwt.js';
import { jwt } from '../support/scripted_server.js';

const authority = await newCertificateAuthority();
const gatewayCertificate = await authority.issue('gateway.test');
const owner = await authority.issue('owner.example.com');
const thief = await authority.issue('thief.example.com');
const der = (pem: string) => new X509Certificate(pem).raw;
const X5T = createHash('sha256').update(der(owner.cert)).digest('base64url');
const TOKEN = 'opaque-1';
const FILES = { 'gateway.pem': gatewayCertificate.cert, 'gateway.key': gatewayCertificate.key };

const boundTo = (cnf: object) => jwt(makeJwt({ cnf, exp: 4102444800 }));

/** A server of its own that ends TLS, and asks for certificates of whatever CA: the token is bound to the certificate itself. */
function tlsServer(words: ConfigWords, certificate: string): string {
  return `server {
    listen ${words.otherPort} ssl;
    server_name gateway.test;
    ssl_certificate ${words.prefix}/gateway.pem;
    ssl_certificate_key ${words.prefix}/gateway.key;
    ssl_verify_client optional_no_ca;
    ${words.mode === 'auth_request' ? `include ${words.snippets}/auth_request/server.conf;` : ''}
    location / {
      set $phantom_token on;
      set $phantom_token_introspection_endpoint /introspect;
      set $phantom_token_sender_constraint require;
      set $phantom_token_caller_certificate ${certificate};
      ${words.protect}
      proxy_pass ${words.upstreamUrl};
    }
    ${introspectionLocation(words)}
  }`;
}

async function sendOverTls(g: Gateway, by?: { cert: string; key: string }): Promise<number> {
  const dispatcher = new Agent({ connect: { ca: authority.cert, servername: 'gateway.test', ...by } });
  const url = `https://${g.words.otherPort}`;
  const { status } = await g.send('/', { url, token: TOKEN, dispatcher });
  await dispatcher.close();
  return status;
}

for (const certificate of ['$ssl_client_raw_cert', '$ssl_client_escaped_cert']) {
  gatewayTest(
    `a token that is bound to a certificate passes with that certificate alone, at a miss and at hits: ${certificate} (RFC 8705 §3, S127)`,
    { files: FILES, http: (words) => tlsServer(words, certificate) },
    async (t, g) => {
      g.as.reply(boundTo({ 'x5t#S256': X5T }));
      t.is(await sendOverTls(g, thief), 401);
      t.is(await sendOverTls(g, owner), 200);
      t.is(await sendOverTls(g), 401);
      t.is(await sendOverTls(g, thief), 401);
      t.is(await sendOverTls(g, owner), 200);
      t.deepEqual(await g.accessLog(), [
        '401 "MISS" "certificate_mismatch"',
        '200 "HIT" ""',
        '401 "HIT" "certificate_missing"',
        '401 "HIT" "certificate_mismatch"',
        '200 "HIT" ""',
      ]);
      t.is(g.as.requests.length, 1);
    },
  );
}

gatewayTest(
  'a token that is bound to a certificate alone comes as Bearer: as DPoP it is refused, also with its certificate (RFC 8705 §3, S127)',
  { files: FILES, http: (words) => tlsServer(words, '$ssl_client_raw_cert') },
  async (t, g) => {
    g.as.reply(boundTo({ 'x5t#S256': X5T }));
    const dispatcher = new Agent({ connect: { ca: authority.cert, servername: 'gateway.test', ...owner } });
    const url = `https://${g.words.otherPort}`;
    const client = await newDpopClient();
    const proof = await client.prove({ token: TOKEN, url: 'https://api.example.com/' });
    for (let i = 0; i < 2; i++) {
      const headers = { authorization: `DPoP ${TOKEN}`, dpop: proof };
      t.is((await g.send('/', { url, headers, dispatcher })).status, 401);
    }
    await dispatcher.close();
    t.deepEqual(await g.accessLog(), ['401 "MISS" "dpop_token_unbound"', '401 "HIT" "dpop_token_unbound"']);
    t.is(g.upstream.requests.length, 0);
  },
);

/** As docs/sender_constrained.md shows: the header of that peer alone counts. */
function behindTerminator(peer: string): string {
  return `
    geo $is_terminator { default 0; ${peer} 1; }
    map $is_terminator $caller_certificate { 1 $http_client_cert; }`;
}

const SETTINGS =
  'set $phantom_token_sender_constraint verify; set $phantom_token_caller_certificate $caller_certificate;';
const headers = { 'client-cert': `:${der(owner.cert).toString('base64')}:` };

gatewayTest(
  'behind a TLS terminator, the certificate is in its header (RFC 9440)',
  { settings: SETTINGS, http: () => behindTerminator('127.0.0.0/8') },
  async (t, g) => {
    g.as.reply(boundTo({ 'x5t#S256': X5T }));
    t.is((await g.send('/', { token: TOKEN, headers })).status, 200);
    t.is((await g.send('/', { token: TOKEN })).status, 401);
    const forged = { 'client-cert': `:${der(thief.cert).toString('base64')}:` };
    t.is((await g.send('/', { token: TOKEN, headers: forged })).status, 401);
  },
);

gatewayTest(
  'another peer cannot send that header (RFC 9440 §4, S127)',
  { settings: SETTINGS, http: () => behindTerminator('192.0.2.1') },
  async (t, g) => {
    g.as.reply(boundTo({ 'x5t#S256': X5T }));
    t.is((await g.send('/', { token: TOKEN, headers })).status, 401);
    t.deepEqual(await g.accessLog(), ['401 "MISS" "certificate_missing"']);
  },
);

gatewayTest(
  'what holds no certificate is a mistake of the configuration: 500, and the log names the variable (S101)',
  { settings: 'set $phantom_token_sender_constraint verify; set $phantom_token_caller_certificate text;' },
  async (t, g) => {
    g.as.reply(boundTo({ 'x5t#S256': X5T }));
    t.is((await g.send('/', { token: TOKEN })).status, 500);
    t.regex(await g.nginx.errorLog(), /\$phantom_token_caller_certificate holds no certificate/);
  },
);

gatewayTest(
  "the location's certificate counts, also where its server sets another one (S127)",
  {
    serverTop: 'set $phantom_token_caller_certificate $http_of_server;',
    settings:
      'set $phantom_token_sender_constraint verify; set $phantom_token_caller_certificate $http_of_location;',
  },
  async (t, g) => {
    g.as.reply(boundTo({ 'x5t#S256': X5T }));
    const certificate = headers['client-cert'];
    const send = (name: string) => g.send('/', { token: TOKEN, headers: { [name]: certificate } });
    t.is((await send('of-location')).status, 200);
    t.is((await send('of-server')).status, 401);
  },
);

gatewayTest(
  'a token that is bound to a key and to a certificate has to meet both (S124, S127)',
  {
    settings: `set $phantom_token_sender_constraint require; set $phantom_token_dpop_origin https://api.example.com;
      set $phantom_token_caller_certificate $http_client_cert;`,
  },
  async (t, g) => {
    const client = await newDpopClient();
    g.as.reply(boundTo({ jkt: client.jkt, 'x5t#S256': X5T }));
    const prove = () => client.prove({ token: TOKEN, url: 'https://api.example.com/' });
    const send = (further: Record<string, string>, scheme = 'DPoP') =>
      g.send('/', { headers: { authorization: `${scheme} ${TOKEN}`, ...further } });
    t.is((await send({ dpop: await prove(), ...headers })).status, 200);
    t.is((await send({ dpop: await prove() })).status, 401);
    t.is((await send(headers)).status, 401);
    t.is((await send(headers, 'Bearer')).status, 401);
    t.deepEqual((await g.accessLog()).slice(1), [
      '401 "HIT" "certificate_missing"',
      '401 "HIT" "dpop_proof_missing"',
      '401 "HIT" "dpop_scheme_required"',
    ]);
  },
);
