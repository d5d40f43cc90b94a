// What is in the shared memory, as the table "What is kept" of docs/security.md says: every entry of every zone is read.
import { generateKeyPairSync } from 'node:crypto';
import test from 'ava';
import { replaceOnce, runningScript, SHIPPED_SCRIPT } from '../support/altered_script.js';
import { newDpopClient } from '../support/dpop.js';
import {
  type ConfigWords,
  type Gateway,
  gatewayTest,
  protectedRoot,
  SECRET_MARKS,
} from '../support/gateway.js';
import { makeJwt } from '../support/jwt.js';
import { readPages, sectionOf } from '../support/pages.js';
import { held, inactive204, json, jwt, reset, type ScriptedRequest } from '../support/scripted_server.js';
import { keySetOf, newSigningKey } from '../support/signing_keys.js';

const JWT = makeJwt({ scope: 'read', exp: 4102444800 });
const client = await newDpopClient();
const key = await newSigningKey('ES256', 'one');
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const ISSUER = 'https://as.test';
const ORIGIN = 'https://api.test';
const SIGNED = await key.sign({ iss: ISSUER, aud: 'api', sub: 'u', exp: 4102444800 });

const DIGEST = '[\\w-]{43}';
/** Port and name of the server, a line break, and the endpoint. */
const PLACE = '8080 gateway\\.test\\n/\\w+';

interface Kind {
  readonly zone: string;
  readonly name: RegExp;
  readonly value: RegExp;
  /** For how long it is written at most, in seconds; null: until the restart. */
  readonly forSec: number | null;
}

/** As long as a dictionary keeps anything: 24.8 days. */
const LONGEST_SEC = 2147483.647;

/** By the beginning of its row: names and values of its entries, whole. */
const KINDS: Record<string, Kind[]> = {
  'JWT, scope, audience, issuer': [
    { zone: '', name: new RegExp(`^${DIGEST}$`), value: /eyJ[\w-]+\.[\w-]+\.[\w-]+/, forSec: 300 },
  ],
  'the reason why a token was rejected': [
    { zone: '_denied', name: new RegExp(`^${DIGEST}$`), value: /^[\d ]+token_[a-z_]+$/, forSec: 5 },
  ],
  'the mark of a purge': [
    { zone: '_state', name: new RegExp(`^purged:${DIGEST}$`), value: /^$/, forSec: 300 },
  ],
  'where a purge has to look': [
    {
      zone: '',
      name: /^keyspace:\d+ {2}gateway\.test\n\/\w+$/,
      value: /^\d+ \d+ 8080 gateway\.test\n(.*\n)+Bearer $/,
      forSec: LONGEST_SEC,
    },
  ],
  'that locations introspect there': [
    { zone: '_locks', name: /^reach: gateway\.test\n\/\w+$/, value: /^\d+$/, forSec: 120 },
  ],
  'which request asks at the moment': [
    {
      zone: '_locks',
      name: new RegExp(`^(jwks:)?${DIGEST}$`),
      value: new RegExp(`^asking (jwks:)?${DIGEST}-\\d+-\\d+$`),
      forSec: 60,
    },
    { zone: '_locks', name: new RegExp(`^waiting:(jwks:)?${DIGEST}-\\d+-\\d+$`), value: /^\d+$/, forSec: 90 },
  ],
  'how an introspection ended': [
    {
      zone: '_locks',
      name: new RegExp(`^failed:${DIGEST}-\\d+-\\d+$`),
      value: /^outage introspection_[a-z]+ $/,
      forSec: 2,
    },
    { zone: '_locks', name: new RegExp(`^${DIGEST}$`), value: /^released$/, forSec: 2 },
  ],
  breakers: [
    {
      zone: '_state',
      name: new RegExp(`^breaker:${PLACE}$`),
      value: /^\d+ \d+ ([\w-]{11}|\*)$/,
      forSec: 660,
    },
    { zone: '_state', name: /^breakers:$/, value: new RegExp(`^${PLACE}$`), forSec: 600 },
  ],
  'how many requests were refused': [
    { zone: '_state', name: new RegExp(`^refused:${PLACE}$`), value: /^\d+$/, forSec: 3600 },
  ],
  'marks for lines of the log': [
    { zone: '_state', name: new RegExp(`^reported:${PLACE}$`), value: /^$/, forSec: 60 },
    { zone: '_state', name: /^log:[a-z_]+$/, value: /^$/, forSec: 60 },
  ],
  "the gateway's signed assertion": [
    { zone: '', name: new RegExp(`^assertion:${DIGEST}$`), value: /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/, forSec: 60 },
  ],
  'counts, if switched on': [
    {
      zone: '_metrics',
      name: /^\w+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})?$/,
      value: /^[\d.]+$/,
      forSec: null,
    },
  ],
  "the authorization server's public keys": [
    { zone: '_state', name: new RegExp(`^jwks:${DIGEST}$`), value: /"kty":"EC"|P-256/, forSec: 86400 },
  ],
  'when those keys were fetched last': [
    { zone: '_state', name: new RegExp(`^fetched:jwks:${DIGEST}$`), value: /^([a-z_]+)?$/, forSec: 30 },
  ],
  'that a DPoP proof was used': [
    { zone: '_proofs', name: new RegExp(`^${DIGEST}$`), value: /^$/, forSec: 71 },
  ],
  'the secret of the nonces': [
    { zone: '_proofs', name: /^nonce$/, value: /^[0-9a-f]{64}$/, forSec: LONGEST_SEC },
  ],
};

test('each row of the table is looked for below, and nothing else', (t) => {
  const section = sectionOf(readPages().get('docs/security.md') ?? '', '## What is kept');
  const rows = [...section.matchAll(/^\| (?!what |-)([^|]+) \|/gm)].map(([, cell = '']) => cell);
  t.is(rows.length, Object.keys(KINDS).length);
  for (const beginning of Object.keys(KINDS)) {
    t.is(rows.filter((row) => row.startsWith(beginning)).length, 1, beginning);
  }
});

/** The script notes for how long it writes each entry: no function of njs tells. */
const NOTING = runningScript(
  replaceOnce(
    replaceOnce(
      SHIPPED_SCRIPT,
      'dictionary(zone).set(key, value,',
      'ngx.shared.times.set(zone + key, ttlMs); dictionary(zone).set(key, value,',
    ),
    'return dictionary(zone).add(key, value,',
    'if (!dictionary(zone).has(key)) ngx.shared.times.set(zone + key, ttlMs); return dictionary(zone).add(key, value,',
  ),
);

/** Hands out every entry of every zone. */
const DUMP = `
  function dump(r) {
    const entries = [];
    ['', '_denied', '_locks', '_state', '_proofs', '_metrics'].forEach((suffix) => {
      const zone = 'phantom_token' + suffix;
      ngx.shared[zone].items().forEach((item) => {
        const ttlMs = ngx.shared.times.get(zone + item[0]);
        entries.push([suffix, item[0], String(item[1]), ttlMs === undefined ? null : ttlMs / 1000]);
      });
    });
    r.return(200, JSON.stringify(entries));
  }
  export default { dump };`;

type Entry = [zone: string, name: string, value: string, forSec: number | null];

async function readZones(g: Gateway): Promise<Entry[]> {
  return JSON.parse((await g.send('/zones')).body);
}

/** An entry that ends with a second, or before others that were stored with it, is written for somewhat less. */
const LEAST_PART = 0.5;

function isOf([zone, name, value, forSec]: Entry, kind: Kind): boolean {
  const isForSo =
    kind.forSec === null || forSec === null
      ? kind.forSec === forSec
      : forSec <= kind.forSec && forSec >= LEAST_PART * kind.forSec;
  return kind.zone === zone && kind.name.test(name) && kind.value.test(value) && isForSo;
}

function location(words: ConfigWords, path: string, settings: string): string {
  return protectedRoot(words, settings).replace('location /', `location ${path}`);
}

/** A location for each thing that the gateway can be told to do. */
function server(words: ConfigWords): string {
  const { prefix, snippets, introspectionUrl } = words;
  const SECRET = 'set $phantom_token_client_id app; set $phantom_token_client_secret gateway-secret;';
  return `
    ${protectedRoot(words, 'set $phantom_token_required_scopes read; set $phantom_token_negative_cache_ttl 5;')}
    ${location(words, '/secret', SECRET)}
    ${location(
      words,
      '/assertion',
      `set $phantom_token_client_auth private_key_jwt; set $phantom_token_client_id app;
      set $phantom_token_client_key_file ${prefix}/rsa.pem; set $phantom_token_client_key_algorithm RS256;
      set $phantom_token_client_assertion_audience ${ISSUER};`,
    )}
    ${location(
      words,
      '/minted',
      `set $phantom_token_mint missing; set $phantom_token_mint_key_file ${prefix}/key.json;
      set $phantom_token_mint_issuer https://gateway.test;`,
    )}
    ${location(
      words,
      '/presented',
      `set $phantom_token_jwks /keys; set $phantom_token_accept_jwt on;
      set $phantom_token_issuer ${ISSUER}; set $phantom_token_audience api;`,
    )}
    ${location(
      words,
      '/bound',
      `set $phantom_token_sender_constraint require; set $phantom_token_dpop_nonce on;
      set $phantom_token_dpop_origin ${ORIGIN};`,
    )}
    ${location(words, '/failing', `set $phantom_token_breaker_failures 2; set $phantom_token_breaker_delay 60;`).replace('/introspect;', '/introspect_failing;')}
    ${location(words, '/unreached', 'set $phantom_token_breaker_failures 0;').replace('/introspect;', '/introspect_failing;')}
    location = /introspect { ${words.introspectionWithin(59_000)} proxy_pass ${introspectionUrl}; }
    location = /introspect_failing { ${words.introspection} proxy_pass ${introspectionUrl}_failing; }
    location = /keys { include ${snippets}/jwks.conf; proxy_pass ${introspectionUrl.replace('/introspect', '/keys')}; }
    location = /purge { set $phantom_token_introspection_endpoint /introspect; js_content phantom_token.purge; }
    location = /metrics { js_content phantom_token.metrics; }
    location = /zones { js_content zones.dump; }`;
}

const slowAnswer = () => held(jwt(JWT));

function answerTo({ path, form }: ScriptedRequest, waiting: ReturnType<typeof slowAnswer>) {
  if (path === '/keys') return json(JSON.parse(keySetOf(key)));
  if (path.endsWith('_failing')) return reset();
  switch (form.token?.split('-')[1]) {
    case 'waiting':
      return waiting;
    case 'unkept':
      return jwt(JWT, { cacheControl: 'no-store' });
    case 'json':
      return json({ active: true, sub: 'u', client_id: 'c', exp: 4102444800 });
    case 'bound':
      return jwt(makeJwt({ cnf: { jkt: client.jkt }, exp: 4102444800 }));
    case 'good':
      return jwt(JWT);
    default:
      return inactive204();
  }
}

/** Everything that leaves something behind for longer than it lasts. */
async function sendAll(g: Gateway): Promise<void> {
  await g.send('/', { token: 'opaque-good' });
  await g.send('/', { token: 'opaque-bad' });
  await g.send('/secret', { token: 'opaque-good' });
  await g.send('/assertion', { token: 'opaque-good-2' });
  await g.send('/minted', { token: 'opaque-json' });
  await g.send('/presented', { token: SIGNED });
  const bound = async (claims = {}) => {
    const dpop = await client.prove({ token: 'opaque-bound', url: `${ORIGIN}/bound` }, claims);
    return g.send('/bound', { headers: { authorization: 'DPoP opaque-bound', dpop } });
  };
  await bound({ nonce: (await bound()).headers['dpop-nonce'] });
  // One token fails and is suspended alone, then another one fails, then all are refused.
  for (const token of ['opaque-1', 'opaque-1', 'opaque-2', 'opaque-3']) await g.send('/failing', { token });
  await g.send('/metrics');
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  await g.send('/purge', { method: 'POST', headers: form, body: 'token=opaque-purged' });
}

gatewayTest(
  'every entry of every zone is of a kind that docs/security.md lists, and written for as long as it says; no key and no value holds an opaque token, a secret or a private key, and only the entries listed with one hold a JWT (S61)',
  {
    ...NOTING,
    files: {
      ...NOTING.files,
      'zones.js': DUMP,
      'key.json': JSON.stringify(key.privateJwk),
      'rsa.pem': rsa.export({ type: 'pkcs8', format: 'pem' }).toString(),
    },
    // Longer than the test waits for anything, however busy the machine is.
    serverTop: 'set $phantom_token_introspection_timeout 60;',
    http: (words) => `
      js_import zones from ${words.prefix}/zones.js;
      js_shared_dict_zone zone=times:256k type=number;
      js_shared_dict_zone zone=phantom_token_metrics:64k type=number;`,
    server,
  },
  async (t, g) => {
    const waiting = slowAnswer();
    g.as.reply((asked) => answerTo(asked, waiting));
    await sendAll(g);
    const asked = g.as.requests.length;
    const pending = [g.send('/', { token: 'opaque-waiting' }), g.send('/', { token: 'opaque-waiting' })];
    await g.as.waitForRequests(asked + 1);
    const entries = await readZones(g);
    // What lasts for two seconds is looked for until it is seen.
    const see = async (isSeen: (entry: Entry) => boolean, act?: () => Promise<unknown>) => {
      while (!entries.some(isSeen)) {
        await act?.();
        entries.push(...(await readZones(g)));
      }
    };
    await see(([, name]) => name.startsWith('waiting:'));
    waiting.release();
    await Promise.all(pending);
    await see(
      ([, name]) => name.startsWith('failed:'),
      () => g.send('/unreached', { token: 'opaque-good' }),
    );
    await see(
      ([, , value]) => value === 'released',
      () => g.send('/', { token: 'opaque-unkept' }),
    );

    const kinds = Object.values(KINDS).flat();
    t.deepEqual(
      entries.filter((entry) => !kinds.some((kind) => isOf(entry, kind))),
      [],
    );
    t.deepEqual(
      kinds.filter((kind) => !entries.some((entry) => isOf(entry, kind))),
      [],
    );

    const text = JSON.stringify(entries);
    t.notRegex(text, /PRIVATE KEY/);
    const secrets = [key.privateJwk.d, client.privateJwk.d, rsa.export({ format: 'jwk' }).d];
    for (const secret of secrets) t.false(text.includes(String(secret)));
    for (const mark of SECRET_MARKS.filter((one) => one.source !== 'eyJ')) t.notRegex(text, mark);
  },
);
