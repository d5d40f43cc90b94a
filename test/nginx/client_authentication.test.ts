// How the gateway authenticates at the authorization server (RFC 7662 §2.1), with every common method.
import { generateKeyPairSync, type KeyPairKeyObjectResult } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import test, { type ExecutionContext } from 'ava';
import { importSPKI, jwtVerify } from 'jose';
import { newCertificateAuthority } from '../support/certificates.js';
import { type ConfigWords, type Gateway, gatewayTest, protectedRoot } from '../support/gateway.js';
import { makeJwt } from '../support/jwt.js';
import { jwt, startScriptedServer } from '../support/scripted_server.js';

const JWT = makeJwt({ exp: 4102444800 });
const ca = await newCertificateAuthority();
const otherCa = await newCertificateAuthority();
const serverCertificate = await ca.issue('as.test');
const clientCertificate = await ca.issue('gateway');
const tlsServer = await startScriptedServer({
  tls: { ...serverCertificate, ca: ca.cert, requestCert: true, rejectUnauthorized: true },
});
tlsServer.reply(jwt(JWT));

const ODD_ID = 'gateway client:ä';
const ODD_SECRET = 'p+w/%&= "ß~!';
// RFC 6749 §2.3.1: both are form-encoded, joined and encoded in base64.
const BASIC = `Basic ${Buffer.from('gateway+client%3A%C3%A4:p%2Bw%2F%25%26%3D+%22%C3%9F%7E%21').toString('base64')}`;

/** The introspection location without credentials of its own. */
function server(words: ConfigWords, settings: string): string {
  return `
    ${protectedRoot(words, settings)}
    location = /introspect {
      include ${words.snippets}/introspection_limits.conf;
      include ${words.snippets}/introspection.conf;
      proxy_pass ${words.introspectionUrl};
    }`;
}

async function assertExchange(t: ExecutionContext, g: Gateway, token = 'opaque-1'): Promise<void> {
  g.as.reply(jwt(JWT));
  t.is((await g.send('/', { token })).status, 200);
}

gatewayTest(
  'client_secret_basic: id and secret are form-encoded first (RFC 6749 §2.3.1)',
  {
    server: (words) =>
      server(
        words,
        `set $phantom_token_client_id "${ODD_ID}"; set $phantom_token_client_secret '${ODD_SECRET}';`,
      ),
  },
  async (t, g) => {
    await assertExchange(t, g);
    t.is(g.as.requests[0]?.headers.authorization, BASIC);
    t.deepEqual(g.as.requests[0]?.form, { token: 'opaque-1', token_type_hint: 'access_token' });
    t.is(g.upstream.requests[0]?.headers.authorization, `Bearer ${JWT}`);
  },
);

gatewayTest(
  'client_secret_post: id and secret are form fields (RFC 6749 §2.3.1)',
  {
    server: (words) =>
      server(
        words,
        `set $phantom_token_client_auth client_secret_post;
         set $phantom_token_client_id "${ODD_ID}"; set $phantom_token_client_secret '${ODD_SECRET}';`,
      ),
  },
  async (t, g) => {
    await assertExchange(t, g);
    t.is(g.as.requests[0]?.headers.authorization, undefined);
    t.deepEqual(g.as.requests[0]?.form, {
      token: 'opaque-1',
      token_type_hint: 'access_token',
      client_id: ODD_ID,
      client_secret: ODD_SECRET,
    });
  },
);

gatewayTest(
  'the secret is read from a file at each introspection: a rotation needs no reload',
  {
    files: { secret: 'gateway-secret\n' },
    server: (words) =>
      server(
        words,
        `set $phantom_token_client_id gateway-client; set $phantom_token_client_secret_file ${words.prefix}/secret;`,
      ),
  },
  async (t, g) => {
    await assertExchange(t, g);
    await writeFile(`${g.nginx.prefix}/secret`, 'opaque-rotated');
    await assertExchange(t, g, 'opaque-2');
    t.deepEqual(
      g.as.requests.map((asked) => decodeBasic(asked.headers.authorization)),
      ['gateway-client:gateway-secret', 'gateway-client:opaque-rotated'],
    );
  },
);

gatewayTest(
  "the introspection location's own Authorization header is enough (as with the C module)",
  async (t, g) => {
    await assertExchange(t, g);
    t.is(decodeBasic(g.as.requests[0]?.headers.authorization), 'gateway-client:gateway-secret');
  },
);

gatewayTest(
  'further form fields are sent as the operator writes them (WSO2: required_claims)',
  { settings: 'set $phantom_token_introspection_parameters "required_claims=a%20b&x=1";' },
  async (t, g) => {
    await assertExchange(t, g);
    t.deepEqual(g.as.requests[0]?.form, {
      token: 'opaque-1',
      token_type_hint: 'access_token',
      required_claims: 'a b',
      x: '1',
    });
  },
);

gatewayTest(
  'with a client certificate the id is sent in the form if the operator sets it (RFC 8705 §2)',
  {
    server: (words) =>
      server(words, 'set $phantom_token_client_auth none; set $phantom_token_client_id gateway-client;'),
  },
  async (t, g) => {
    await assertExchange(t, g);
    t.is(g.as.requests[0]?.headers.authorization, undefined);
    t.deepEqual(g.as.requests[0]?.form, {
      token: 'opaque-1',
      token_type_hint: 'access_token',
      client_id: 'gateway-client',
    });
  },
);

function decodeBasic(authorization: string | undefined): string {
  return Buffer.from(authorization?.replace('Basic ', '') ?? '', 'base64').toString();
}

function toPem({ publicKey, privateKey }: KeyPairKeyObjectResult): { publicKey: string; privateKey: string } {
  return {
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

const RSA = toPem(generateKeyPairSync('rsa', { modulusLength: 2048 }));
const EC = toPem(generateKeyPairSync('ec', { namedCurve: 'P-256' }));
const KEYS = { RS256: RSA, PS256: RSA, ES256: EC };
const ISSUER = 'https://as.test';

function keySettings(words: ConfigWords, algorithm: string, more = ''): string {
  return `
    set $phantom_token_client_auth private_key_jwt;
    set $phantom_token_client_id gateway-client;
    set $phantom_token_client_key_file ${words.prefix}/key.pem;
    set $phantom_token_client_key_algorithm ${algorithm};
    set $phantom_token_client_key_id key-1;
    set $phantom_token_client_assertion_audience ${ISSUER};
    ${more}`;
}

for (const algorithm of ['RS256', 'PS256', 'ES256'] as const) {
  const { publicKey, privateKey } = KEYS[algorithm];
  gatewayTest(
    `private_key_jwt with ${algorithm}: a signed assertion (RFC 7523 §2.2, §3), used again until shortly before its end`,
    { files: { 'key.pem': privateKey }, server: (words) => server(words, keySettings(words, algorithm)) },
    async (t, g) => {
      await assertExchange(t, g, 'opaque-1');
      await assertExchange(t, g, 'opaque-2');
      const [first, second] = g.as.requests;
      t.is(first?.headers.authorization, undefined);
      t.is(first?.form.client_id, 'gateway-client');
      t.is(first?.form.client_assertion_type, 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer');
      const key = await importSPKI(publicKey, algorithm);
      const assertion = first?.form.client_assertion ?? '';
      const verified = await jwtVerify(assertion, key, {
        issuer: 'gateway-client',
        subject: 'gateway-client',
        audience: ISSUER,
      });
      t.deepEqual(verified.protectedHeader, { alg: algorithm, typ: 'JWT', kid: 'key-1' });
      t.regex(String(verified.payload.jti), /^[0-9a-f]{32}$/);
      const { iat = 0, exp = 0 } = verified.payload;
      t.is(exp - iat, 65);
      t.is(second?.form.client_assertion, assertion);
    },
  );
}

gatewayTest(
  'private_key_jwt: a new assertion each time for a server that accepts each only once (jti, RFC 7523 §3)',
  {
    files: { 'key.pem': EC.privateKey },
    server: (words) =>
      server(words, keySettings(words, 'ES256', 'set $phantom_token_client_assertion_ttl 0;')),
  },
  async (t, g) => {
    await assertExchange(t, g, 'opaque-1');
    await assertExchange(t, g, 'opaque-2');
    const [first, second] = g.as.requests.map((asked) => decodeClaims(asked.form.client_assertion));
    t.not(first?.jti, second?.jti);
    t.is(Number(first?.exp) - Number(first?.iat), 60);
  },
);

function decodeClaims(assertion = ''): Record<string, unknown> {
  return JSON.parse(Buffer.from(assertion.split('.')[1] ?? '', 'base64url').toString());
}

const MISTAKES: [title: string, settings: (words: ConfigWords) => string, says: string][] = [
  ['an id without a secret', () => 'set $phantom_token_client_id x;', '$phantom_token_client_secret'],
  [
    'a secret and a file',
    () =>
      'set $phantom_token_client_id x; set $phantom_token_client_secret y; set $phantom_token_client_secret_file /y;',
    '$phantom_token_client_secret_file',
  ],
  [
    'a secret file that is not there',
    (words) => `set $phantom_token_client_id x; set $phantom_token_client_secret_file ${words.prefix}/none;`,
    "/none cannot be read by uid UID, as which nginx's workers run: there is no such file",
  ],
  [
    'a secret file that is a folder',
    (words) => `set $phantom_token_client_id x; set $phantom_token_client_secret_file ${words.prefix}/logs;`,
    "/logs cannot be read by uid UID, as which nginx's workers run: it is no regular file",
  ],
  [
    'a key file that is not there',
    (words) => keySettings(words, 'RS256').replace('key.pem', 'none'),
    "/none cannot be read by uid UID, as which nginx's workers run: there is no such file",
  ],
  [
    'a secret file without an id, which would send no credentials without any message',
    (words) => `set $phantom_token_client_secret_file ${words.prefix}/key.pem;`,
    '$phantom_token_client_id',
  ],
  [
    'a secret, with the method none',
    () => 'set $phantom_token_client_auth none; set $phantom_token_client_secret gateway-secret;',
    '$phantom_token_client_secret is set, and $phantom_token_client_auth is none',
  ],
  [
    'a secret, with a method that uses a key',
    (words) => keySettings(words, 'ES256', 'set $phantom_token_client_secret gateway-secret;'),
    '$phantom_token_client_secret is set, and $phantom_token_client_auth is private_key_jwt',
  ],
  [
    'a key, and no method that uses it',
    (words) => keySettings(words, 'ES256', 'set $phantom_token_client_auth "";'),
    '$phantom_token_client_key_file is set, and $phantom_token_client_auth is client_secret_basic',
  ],
  [
    'a secret file that is empty',
    (words) => `set $phantom_token_client_id x; set $phantom_token_client_secret_file ${words.prefix}/empty;`,
    '/empty is empty',
  ],
  [
    'a method without an id',
    () => 'set $phantom_token_client_auth client_secret_post;',
    '$phantom_token_client_id',
  ],
  ['an unknown method', () => 'set $phantom_token_client_auth magic;', '$phantom_token_client_auth'],
  [
    'no key file',
    (words) => keySettings(words, 'RS256').replace(/set \$phantom_token_client_key_file [^;]+;/, ''),
    '$phantom_token_client_key_file',
  ],
  [
    'no audience',
    (words) =>
      keySettings(words, 'RS256').replace(/set \$phantom_token_client_assertion_audience [^;]+;/, ''),
    '$phantom_token_client_assertion_audience',
  ],
  [
    'a key that is no PKCS #8',
    (words) => keySettings(words, 'RS256').replace('key.pem', 'empty'),
    '/empty holds no PKCS #8 key',
  ],
  ['an EC key for RS256', (words) => keySettings(words, 'RS256'), '/key.pem holds no key for RS256'],
  [
    'EdDSA, with which njs cannot sign',
    (words) => keySettings(words, 'EdDSA'),
    '$phantom_token_client_key_algorithm',
  ],
  [
    'a form field named token',
    () => 'set $phantom_token_introspection_parameters "a=b&token=x";',
    '$phantom_token_introspection_parameters',
  ],
];

for (const [title, settings, says] of MISTAKES) {
  gatewayTest(
    `${title}: 500, the log names ${says}, the AS is not asked (S101)`,
    { files: { 'key.pem': EC.privateKey, empty: '' }, server: (words) => server(words, settings(words)) },
    async (t, g) => {
      t.is((await g.send('/', { token: 'opaque-1' })).status, 500);
      t.is(g.as.requests.length, 0);
      t.is(g.upstream.requests.length, 0);
      const errors = (await g.nginx.errorLog())
        .split('\n')
        .filter((line) => line.includes('[error]') && line.includes('js: '));
      t.is(errors.length, 1);
      t.true(errors[0]?.includes('phantom_token: misconfigured: '));
      t.true(errors[0]?.includes(says.replace('UID', String(process.geteuid?.()))), errors[0]);
    },
  );
}

test.after.always('the TLS server is stopped', () => tlsServer.close());

function tlsLocation(words: ConfigWords, lines: string): string {
  return `
    ${protectedRoot(words)}
    location = /introspect {
      include ${words.snippets}/introspection_limits.conf;
      include ${words.snippets}/introspection.conf;
      proxy_ssl_trusted_certificate ${words.prefix}/ca.pem;
      proxy_ssl_name as.test;
      ${lines}
      proxy_pass ${tlsServer.url};
    }`;
}

gatewayTest(
  'a client certificate authenticates the gateway (RFC 8705 §2), and the certificate of the server is verified (S22)',
  {
    files: { 'ca.pem': ca.cert, 'client.pem': clientCertificate.cert, 'client.key': clientCertificate.key },
    server: (words) =>
      tlsLocation(
        words,
        `proxy_ssl_certificate ${words.prefix}/client.pem; proxy_ssl_certificate_key ${words.prefix}/client.key;`,
      ),
  },
  async (t, g) => {
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
    t.is(g.upstream.requests[0]?.headers.authorization, `Bearer ${JWT}`);
  },
);

gatewayTest(
  'without the client certificate: 502',
  { files: { 'ca.pem': ca.cert }, server: (words) => tlsLocation(words, '') },
  async (t, g) => {
    t.is((await g.send('/', { token: 'opaque-1' })).status, 502);
    t.is(g.upstream.requests.length, 0);
  },
);

gatewayTest(
  'a certificate with the name of another server: 502, the token is not sent (S22)',
  {
    files: { 'ca.pem': ca.cert, 'client.pem': clientCertificate.cert, 'client.key': clientCertificate.key },
    server: (words) =>
      tlsLocation(
        words,
        `proxy_ssl_certificate ${words.prefix}/client.pem; proxy_ssl_certificate_key ${words.prefix}/client.key;`,
      ).replace('proxy_ssl_name as.test', 'proxy_ssl_name other.test'),
  },
  async (t, g) => {
    t.is((await g.send('/', { token: 'opaque-misdirected' })).status, 502);
    t.is(tlsServer.requests.filter((asked) => asked.form.token === 'opaque-misdirected').length, 0);
  },
);

gatewayTest(
  'a certificate of another CA: 502, the token is not sent (S22)',
  {
    files: {
      'ca.pem': otherCa.cert,
      'client.pem': clientCertificate.cert,
      'client.key': clientCertificate.key,
    },
    server: (words) =>
      tlsLocation(
        words,
        `proxy_ssl_certificate ${words.prefix}/client.pem; proxy_ssl_certificate_key ${words.prefix}/client.key;`,
      ),
  },
  async (t, g) => {
    t.is((await g.send('/', { token: 'opaque-mistrusted' })).status, 502);
    t.is(tlsServer.requests.filter((asked) => asked.form.token === 'opaque-mistrusted').length, 0);
    t.is(g.upstream.requests.length, 0);
  },
);
