// JWTs that the gateway signs itself, where the authorization server answers plain JSON (RFC 9068).
import { generateKeyPairSync } from 'node:crypto';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { type ConfigWords, type Gateway, gatewayTest, protectedRoot } from '../support/gateway.js';
import { json } from '../support/scripted_server.js';

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });

const KEYS = {
  'ec.pem': ec.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  'rsa.pem': rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
};

function server(words: ConfigWords, keyFile: string, settings = ''): string {
  return `
    ${protectedRoot(
      words,
      `set $phantom_token_mint missing; set $phantom_token_mint_key_file ${words.prefix}/${keyFile};
      set $phantom_token_mint_issuer https://gateway.test; ${settings}`,
    )}
    location = /introspect { ${words.introspection} proxy_pass ${words.introspectionUrl}; }
    location = /jwks { set $phantom_token_mint_key_file ${words.prefix}/${keyFile}; js_content phantom_token.jwks; }`;
}

async function verified(g: Gateway) {
  const jwks = await g.send('/jwks');
  const sent = String(g.upstream.requests.at(-1)?.headers.authorization).replace('Bearer ', '');
  const keys = createLocalJWKSet(JSON.parse(jwks.body));
  return jwtVerify(sent, keys, { issuer: 'https://gateway.test', typ: 'at+jwt' });
}

for (const [file, alg] of [
  ['ec.pem', 'ES256'],
  ['rsa.pem', 'RS256'],
] as const) {
  gatewayTest(
    `a JSON answer becomes a JWT signed ${alg}, which jose verifies against the published keys (RFC 9068)`,
    { files: KEYS, server: (words) => server(words, file) },
    async (t, g) => {
      g.as.reply(
        json({ active: true, sub: 'u', client_id: 'c', scope: 'read', aud: ['api'], exp: 4102444800 }),
      );
      t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
      t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
      t.is(g.as.requests.length, 1);
      const { payload, protectedHeader } = await verified(g);
      t.is(protectedHeader.alg, alg);
      t.like(payload, { iss: 'https://gateway.test', sub: 'u', client_id: 'c', scope: 'read', aud: 'api' });
    },
  );
}
