// How long a token is remembered: min(Cache-Control, exp, $phantom_token_cache_ttl), absolute (RFC 7662 §4, RFC 9111).
import {
  type GatewayOptions,
  gatewayTest,
  introspectionLocation,
  protectedRoot,
} from '../support/gateway.js';
import { makeJwt } from '../support/jwt.js';
import { jwt } from '../support/scripted_server.js';

const JWT = makeJwt({ exp: 4102444800 });

const NOT_STORED: [title: string, answer: Parameters<typeof jwt>[1], settings: string][] = [
  ['no-store', { cacheControl: 'no-store' }, ''],
  ['no-cache', { cacheControl: 'no-cache' }, ''],
  ['private', { cacheControl: 'private, max-age=60' }, ''],
  ['max-age=0', { cacheControl: 'max-age=0' }, ''],
  ['no-store beside max-age, in upper case', { cacheControl: 'Max-Age=60, NO-STORE' }, ''],
  ['an Age that uses max-age up (RFC 9111 §5.1)', { cacheControl: 'max-age=60', headers: { age: '60' } }, ''],
  ['a max-age that is no number', { cacheControl: 'max-age=soon' }, ''],
  ['$phantom_token_cache_ttl 0', {}, 'set $phantom_token_cache_ttl 0;'],
];

for (const [title, answer, settings] of NOT_STORED) {
  gatewayTest(`not stored: ${title} (S56)`, { settings }, async (t, g) => {
    g.as.reply(jwt(JWT, answer));
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
    t.is(g.as.requests.length, 2);
    t.deepEqual(await g.accessLog(), ['200 "MISS" ""', '200 "MISS" ""']);
  });
}

gatewayTest(
  'not stored: a token whose claims hold characters that the two engines of njs count differently (S122)',
  async (t, g) => {
    g.as.reply(jwt(makeJwt({ exp: 4102444800, aud: ['a😀'] })));
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
    t.is(g.as.requests.length, 2);
  },
);

const STORED: [title: string, answer: Parameters<typeof jwt>[1]][] = [
  ['without Cache-Control', {}],
  ['max-age', { cacheControl: 'public, max-age=60' }],
  ['an unknown directive (RFC 9111 §5.2.3)', { cacheControl: 'stay-fresh="no-store"' }],
];

for (const [title, answer] of STORED) {
  gatewayTest(`stored: ${title}`, async (t, g) => {
    g.as.reply(jwt(JWT, answer));
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
    t.is(g.as.requests.length, 1);
  });
}

const nowSec = () => Math.floor(Date.now() / 1000);

// Each bound alone ends the record: the token is asked for again, and until then it is served.
const EXPIRING: [title: string, answer: () => ReturnType<typeof jwt>, settings: string][] = [
  ['max-age', () => jwt(JWT, { cacheControl: 'max-age=2' }), ''],
  ['max-age less Age', () => jwt(JWT, { cacheControl: 'max-age=60', headers: { age: '58' } }), ''],
  ['$phantom_token_cache_ttl', () => jwt(JWT), 'set $phantom_token_cache_ttl 2;'],
];

for (const [title, answer, settings] of EXPIRING) {
  gatewayTest(
    `a record ends with ${title}, and not before, however often the token is sent (S63)`,
    { settings },
    async (t, g) => {
      g.as.reply(answer);
      // Until the record ends: a test that never gets there ends by AVA's own limit.
      while (g.as.requests.length < 2) {
        t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
      }
      const log = await g.accessLog();
      t.is(log.at(0), '200 "MISS" ""');
      t.is(log.at(-1), '200 "MISS" ""');
      t.deepEqual(
        log.slice(1, -1).filter((line) => line !== '200 "HIT" ""'),
        [],
      );
    },
  );
}

/** A neighbour of the location `/` with settings of its own, and the same records otherwise. */
function withNeighbour(settings: string, neighbourSettings: string): GatewayOptions {
  return {
    server: (words) => `
      ${protectedRoot(words, settings)}
      ${protectedRoot(words, neighbourSettings).replace('location /', 'location /neighbour/')}
      ${introspectionLocation(words)}`,
  };
}

gatewayTest(
  'what a location obeying Cache-Control may not store, it is not served from a neighbour that ignores it (RFC 9111 §5.2.2.5)',
  withNeighbour('', 'set $phantom_token_cache_control ignore;'),
  async (t, g) => {
    g.as.reply(jwt(JWT, { cacheControl: 'no-store' }));
    for (const path of ['/neighbour/', '/neighbour/', '/', '/']) {
      t.is((await g.send(path, { token: 'opaque-1' })).status, 200);
    }
    t.deepEqual(await g.accessLog(), ['200 "MISS" ""', '200 "HIT" ""', '200 "MISS" ""', '200 "MISS" ""']);
    t.is(g.as.requests.length, 3);
  },
);

gatewayTest(
  'a JWT that is too long for a location is too long there from the cache as well',
  withNeighbour('set $phantom_token_max_jwt_length 100;', ''),
  async (t, g) => {
    g.as.reply(jwt(makeJwt({ exp: 4102444800 }, { bytes: 500 })));
    t.is((await g.send('/neighbour/', { token: 'opaque-1' })).status, 200);
    t.is((await g.send('/', { token: 'opaque-1' })).status, 502);
    t.is(g.upstream.requests.length, 1);
  },
);

gatewayTest(
  'exp ends the token, cached or not, and no clock skew prolongs it: then 401 (RFC 7662 §4, S49, S64)',
  { settings: 'set $phantom_token_clock_skew 3600;' },
  async (t, g) => {
    const expSec = nowSec() + 3;
    g.as.reply(jwt(makeJwt({ exp: expSec }), { cacheControl: 'max-age=3600' }));
    let sentSec = nowSec();
    let answer = await g.send('/', { token: 'opaque-1' });
    while (answer.status === 200) {
      t.true(sentSec < expSec, 'served after exp');
      t.is(g.as.requests.length, 1, 'served from the cache until exp');
      sentSec = nowSec();
      answer = await g.send('/', { token: 'opaque-1' });
    }
    t.is(answer.status, 401);
    t.true(nowSec() >= expSec, 'refused before exp');
    t.is(g.as.requests.length, 2, 'the end of the record asks once more; the answer is expired');
  },
);

gatewayTest('a reload keeps the records (S119)', async (t, g) => {
  g.as.reply(jwt(JWT));
  t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
  await g.nginx.reload();
  t.is((await g.send('/', { token: 'opaque-1', headers: { connection: 'close' } })).status, 200);
  t.is(g.as.requests.length, 1);
});

const SMALL_ZONE = (text: string) => text.replace('zone=phantom_token:32m', 'zone=phantom_token:1m');
/** With JWTs of 40 kB: more than twice what the zone holds. */
const TOKENS = Array.from({ length: 60 }, (_, i) => `opaque-${i}`);

for (const [title, zones] of [
  ['as shipped', SMALL_ZONE],
  ['that never evicts', (text: string) => SMALL_ZONE(text).replaceAll(' evict;', ';')],
] as const) {
  gatewayTest(
    `a full zone ${title}: what finds no room, or lost it, is asked for again, the rest are hits, and each token keeps its own JWT (S73)`,
    { zones },
    async (t, g) => {
      const jwtOf = (token: string) => makeJwt({ sub: token, exp: 4102444800 }, { bytes: 40000 });
      g.as.reply(({ form }) => jwt(jwtOf(form.token ?? '')));
      const sent = [...TOKENS, ...TOKENS.toReversed()];
      for (const token of sent) t.is((await g.send('/', { token })).status, 200, token);
      t.deepEqual(
        g.upstream.requests.map(({ headers }) => headers.authorization),
        sent.map((token) => `Bearer ${jwtOf(token)}`),
      );
      const again = (await g.accessLog()).slice(TOKENS.length);
      const hits = again.filter((line) => line === '200 "HIT" ""').length;
      const misses = again.filter((line) => line === '200 "MISS" ""').length;
      t.true(hits > 0 && misses > 0, `${hits} hits, ${misses} misses`);
      t.is(hits + misses, TOKENS.length);
      t.is(g.as.requests.length, TOKENS.length + misses);
      const isFull = (await g.nginx.errorLog()).includes('the zone phantom_token is full');
      t.is(isFull, title === 'that never evicts' || g.setup.zones !== 'zones.conf');
    },
  );
}
