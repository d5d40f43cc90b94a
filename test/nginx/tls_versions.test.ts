// An authorization server that speaks TLS 1.3 only.
import test from 'ava';
import { newCertificateAuthority } from '../support/certificates.js';
import { startDnsServer } from '../support/dns_server.js';
import { type GatewayOptions, gatewayTest, protectedRoot } from '../support/gateway.js';
import { makeJwt } from '../support/jwt.js';
import { readPages } from '../support/pages.js';
import { jwt, startScriptedServer } from '../support/scripted_server.js';

const JWT = makeJwt({ exp: 4102444800 });
const ca = await newCertificateAuthority();
const server = await startScriptedServer({ tls: { ...(await ca.issue('as.test')), minVersion: 'TLSv1.3' } });
const dns = await startDnsServer('as.test');
server.reply(jwt(JWT));
test.after.always('the servers are stopped', () => Promise.all([server.close(), dns.close()]));

const CREDENTIALS =
  'set $phantom_token_client_id gateway-client; set $phantom_token_client_secret gateway-secret;';

function overUrl(lines: string): GatewayOptions {
  return {
    files: { 'ca.pem': ca.cert },
    server: (words) => `
      js_fetch_trusted_certificate ${words.prefix}/ca.pem;
      resolver 127.0.0.1:${dns.port} ipv6=off;
      ${lines}
      ${protectedRoot(words, CREDENTIALS).replace('/introspect;', `https://as.test:${server.port}/introspect;`)}`,
  };
}

gatewayTest(
  'a server of TLS 1.3 alone at a URL: 502, the token is not sent (S123)',
  overUrl(''),
  async (t, g) => {
    t.is((await g.send('/', { token: 'opaque-unsent' })).status, 502);
    t.is(server.requests.filter(({ form }) => form.token === 'opaque-unsent').length, 0);
    t.is(g.upstream.requests.length, 0);
  },
);

/** From docs/authorization_servers/README.md. */
const LINE = /`(js_fetch_protocols [^`]*)`/.exec(
  readPages().get('docs/authorization_servers/README.md') ?? '',
)?.[1];

gatewayTest(
  'a server of TLS 1.3 alone at a URL, with the line of the page: served (S123)',
  overUrl(LINE ?? ''),
  async (t, g) => {
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
    t.is(g.upstream.requests[0]?.headers.authorization, `Bearer ${JWT}`);
  },
);

gatewayTest(
  'a server of TLS 1.3 alone behind a location: served without a line of its own (S123)',
  {
    files: { 'ca.pem': ca.cert },
    server: (words) => `
      ${protectedRoot(words)}
      location = /introspect {
        ${words.introspection}
        proxy_ssl_trusted_certificate ${words.prefix}/ca.pem;
        proxy_ssl_name as.test;
        proxy_pass ${server.url};
      }`,
  },
  async (t, g) => {
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
    t.is(g.upstream.requests[0]?.headers.authorization, `Bearer ${JWT}`);
  },
);
