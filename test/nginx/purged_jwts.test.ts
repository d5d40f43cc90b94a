// A purge of a JWT that clients present: nobody else refuses it, so every spelling of it has to end, for as long as it is good.
import { setTimeout as delay } from 'node:timers/promises';
import {
  type ConfigWords,
  type Gateway,
  gatewayTest,
  introspectionLocation,
  protectedRoot,
} from '../support/gateway.js';
import { json } from '../support/scripted_server.js';
import { keySetOf, newSigningKey } from '../support/signing_keys.js';

const es = await newSigningKey('ES256', 'es');
const rs = await newSigningKey('RS256', 'rs');
const ISSUER = 'https://as.example.com';
const CLAIMS = { iss: ISSUER, aud: 'api', sub: 'u', exp: Math.floor(Date.now() / 1000) + 3600 };
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
/** The order of P-256. */
const ORDER = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551');

/** The same bytes, with another last character: some of its bits belong to no byte. */
function respelt(token: string): string {
  const last = ALPHABET.indexOf(token.at(-1) as string);
  return token.slice(0, -1) + ALPHABET[last ^ 1];
}

/** The other good signature of the same text. */
function twinOf(token: string): string {
  const [header, payload, signature = ''] = token.split('.');
  const bytes = Buffer.from(signature, 'base64url');
  const s = ORDER - BigInt(`0x${bytes.subarray(32).toString('hex')}`);
  const twin = Buffer.concat([bytes.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, '0'), 'hex')]);
  return `${header}.${payload}.${twin.toString('base64url')}`;
}

const MIXED = `set $phantom_token_jwks /keys; set $phantom_token_accept_jwt on;
  set $phantom_token_issuer ${ISSUER}; set $phantom_token_audience api;`;

function server(words: ConfigWords, ttl: number): string {
  const cached = `set $phantom_token_cache_ttl ${ttl}; set $phantom_token_introspection_timeout 1;`;
  return `
    ${protectedRoot(words, `${MIXED} ${cached}`)}
    ${introspectionLocation(words)}
    location = /keys { include ${words.snippets}/jwks.conf; proxy_pass ${words.introspectionUrl.replace('/introspect', '/keys')}; }
    location = /purge {
      set $phantom_token_introspection_endpoint /introspect; ${cached}
      js_content phantom_token.purge;
    }`;
}

function answer(g: Gateway): void {
  const keys = json(JSON.parse(keySetOf(es, rs)));
  g.as.reply(({ path }) => (path === '/keys' ? keys : json({ active: false })));
}

async function purge(g: Gateway, token: string) {
  const body = `token=${token}`;
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const answered = await g.send('/purge', { method: 'POST', headers, body });
  return { status: answered.status, body: answered.body };
}

gatewayTest(
  'the twin of an ECDSA signature ends with the JWT, whether it was cached or not (S62)',
  { server: (words) => server(words, 300) },
  async (t, g) => {
    answer(g);
    const [cached, fresh] = [await es.sign(CLAIMS), await es.sign({ ...CLAIMS, jti: '2' })];
    for (const token of [cached, twinOf(cached), fresh]) t.is((await g.send('/', { token })).status, 200);
    t.deepEqual(await purge(g, cached), { status: 200, body: '{"records":2}' });
    t.deepEqual(await purge(g, fresh), { status: 200, body: '{"records":1}' });
    for (const token of [cached, twinOf(cached), fresh, twinOf(fresh)]) {
      t.is((await g.send('/', { token })).status, 401);
    }
  },
);

gatewayTest(
  'a JWT is taken in one spelling of its signature alone, so that a purge knows it (S62)',
  { server: (words) => server(words, 300) },
  async (t, g) => {
    answer(g);
    for (const key of [es, rs]) {
      const token = await key.sign(CLAIMS);
      t.is((await g.send('/', { token: respelt(token) })).status, 401);
      t.is((await g.send('/', { token })).status, 200);
    }
  },
);

gatewayTest(
  'a purged JWT is refused to its end, also when nothing of it would be cached any more (S62)',
  { server: (words) => server(words, 1) },
  async (t, g) => {
    answer(g);
    const token = await es.sign(CLAIMS);
    t.is((await g.send('/', { token })).status, 200);
    t.is((await purge(g, token)).status, 200);
    await delay(2500); // longer than a record could live, and an introspection could take
    t.is((await g.send('/', { token })).status, 401);
    t.deepEqual((await g.accessLog()).at(-1), '401 "NEGATIVE" "token_purged"');
  },
);
