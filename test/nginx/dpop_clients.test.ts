// Clients from npm with a real authorization server, which issues tokens that are bound to their key: nobody here knows
// how a proof is made but the libraries.
import { randomBytes } from 'node:crypto';
import test from 'ava';
import * as dpop from 'dpop';
import * as oauth from 'oauth4webapi';
import { type ApiAnswer, startApi } from '../../demo/api.js';
import { startAuthorizationServer } from '../../demo/authorization_server.js';
import { type ConfigWords, gatewayTest } from '../support/gateway.js';

const as = await startAuthorizationServer();
/** Requires a nonce of its own at the token endpoint (RFC 9449 §8). */
const strictAs = await startAuthorizationServer({
  configure: (configuration) => ({
    ...configuration,
    features: {
      ...configuration.features,
      dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true },
    },
  }),
});
const api = await startApi({ jwks: { keys: [...as.publicJwks.keys, ...strictAs.publicJwks.keys] } });

test.after.always('the servers are stopped', async () => {
  await Promise.all([as.close(), strictAs.close(), api.close()]);
});

type Nonces = 'off' | 'on';

function protectedApi(words: ConfigWords, nonces: Nonces): string {
  const server = nonces === 'on' ? strictAs : as;
  return `
    location /api/ {
      set $phantom_token on; set $phantom_token_introspection_endpoint /introspect;
      set $phantom_token_sender_constraint require; set $phantom_token_dpop_nonce ${nonces};
      set $phantom_token_dpop_origin http://${words.listen};
      ${words.protect} proxy_pass ${api.url};
    }
    location = /introspect {
      ${words.introspection}
      proxy_pass ${server.url}${server.introspectionPath};
    }`;
}

const INSECURE = { [oauth.allowInsecureRequests]: true };

/** Once more with the nonce that the server has sent, as each of its callers has to. */
async function withNonce<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!oauth.isDPoPNonceError(error)) throw error;
    return call();
  }
}

for (const nonces of ['off', 'on'] as const) {
  gatewayTest(
    `oauth4webapi gets a bound token from oidc-provider and calls the API with it, nonces ${nonces} (RFC 9449 §5, §7, §8, §9)`,
    { server: (words) => protectedApi(words, nonces) },
    async (t, g) => {
      const { issuer: url, demoClient } = nonces === 'on' ? strictAs : as;
      const issuer = new URL(url);
      const found = await oauth.discoveryRequest(issuer, INSECURE);
      const server = await oauth.processDiscoveryResponse(issuer, found);
      const client: oauth.Client = { client_id: demoClient.id };
      const keys = await oauth.generateKeyPair('ES256', { extractable: true });
      const options = { DPoP: oauth.DPoP(client, keys), ...INSECURE };
      const tokens = await withNonce(async () => {
        const authentication = oauth.ClientSecretBasic(demoClient.secret);
        const form = { scope: 'read' };
        const answer = await oauth.clientCredentialsGrantRequest(
          server,
          client,
          authentication,
          form,
          options,
        );
        return oauth.processClientCredentialsResponse(server, client, answer);
      });
      t.is(tokens.token_type, 'dpop');
      const call = (method: string, path: string, body?: string) =>
        oauth.protectedResourceRequest(
          tokens.access_token,
          method,
          new URL(g.url + path),
          undefined,
          body,
          options,
        );
      const first = await withNonce(() => call('GET', '/api/orders?page=2'));
      t.is(first.status, 200);
      const { jwt, authorization } = (await first.json()) as ApiAnswer;
      const jkt = await dpop.calculateThumbprint(keys.publicKey);
      t.deepEqual(jwt.claims.cnf, { jkt });
      t.false(authorization.includes(tokens.access_token));
      t.is((await call('POST', '/api/orders', 'one more')).status, 200, 'the library goes on with the nonce');
      t.is((await call('DELETE', '/api/orders/1%2F2')).status, 200);
      t.is(api.requests.at(-1)?.headers.dpop, undefined);
      const lines = (await g.accessLog()).slice(nonces === 'on' ? 1 : 0);
      t.deepEqual(lines.slice(1), ['200 "HIT" ""', '200 "HIT" ""']);
    },
  );
}

gatewayTest(
  'the library dpop: a bound token of oidc-provider passes with its proof, and not as Bearer or with the proof of another key (RFC 9449 §7.1)',
  { server: (words) => protectedApi(words, 'off') },
  async (t, g) => {
    const keys = await dpop.generateKeyPair('ES256');
    const token = await as.issueToken({
      scope: 'read',
      proof: await dpop.generateProof(keys, as.url + as.tokenPath, 'POST'),
    });
    const prove = (by: dpop.KeyPair) => dpop.generateProof(by, `${g.url}/api/`, 'GET', undefined, token);
    const send = async (scheme: string, proof?: string) => {
      const headers = { authorization: `${scheme} ${token}`, ...(proof !== undefined && { dpop: proof }) };
      return (await g.send('/api/', { headers })).status;
    };
    const proof = await prove(keys);
    t.is(await send('DPoP', proof), 200);
    t.is(await send('DPoP', proof), 401);
    t.is(await send('DPoP', await prove(await dpop.generateKeyPair('ES256'))), 401);
    t.is(await send('Bearer', await prove(keys)), 401);
    t.is(await send('DPoP', await prove(keys)), 200);
    t.deepEqual(await g.accessLog(), [
      '200 "MISS" ""',
      '401 "HIT" "dpop_proof_replayed"',
      '401 "HIT" "dpop_key_mismatch"',
      '401 "HIT" "dpop_scheme_required"',
      '200 "HIT" ""',
    ]);
    t.false((await g.nginx.errorLog()).includes(token));
  },
);
