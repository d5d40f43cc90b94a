// Tokens that are bound to a key by DPoP (RFC 9449), at a location that verifies them.
import test from 'ava';
import * as dpop from 'dpop';
import { decodeJwt } from 'jose';
import * as oauth from 'oauth4webapi';
import { Agent } from 'undici';
import { type DpopClient, newDpopClient } from '../support/dpop.js';
import {
  type Answer,
  type ConfigWords,
  type Gateway,
  gatewayTest,
  introspectionLocation,
  protectedRoot,
} from '../support/gateway.js';
import { makeJwt } from '../support/jwt.js';
import { connectRaw } from '../support/raw_client.js';
import { json, jwt, type ScriptedAnswer, type ScriptedRequest, status } from '../support/scripted_server.js';
import { keySetOf, newSigningKey } from '../support/signing_keys.js';

const client = await newDpopClient();
const thief = await newDpopClient();
const serverKey = await newSigningKey('RS256', 'server');
const gatewayKey = await newSigningKey('ES256', 'gateway');
const ORIGIN = 'https://api.example.com';
const ORIGIN_SETTING = `set $phantom_token_dpop_origin ${ORIGIN};`;
const VERIFY = `set $phantom_token_sender_constraint verify; ${ORIGIN_SETTING}`;
const REQUIRE = `set $phantom_token_sender_constraint require; ${ORIGIN_SETTING}`;
const TOKEN = 'opaque-1';
const BOUND_JWT = makeJwt({ cnf: { jkt: client.jkt }, exp: 4102444800 });
const UNBOUND: ScriptedAnswer = jwt(makeJwt({ exp: 4102444800 }));

const boundTo = ({ jkt }: DpopClient) => jwt(makeJwt({ cnf: { jkt }, exp: 4102444800 }));

function send(g: Gateway, proof?: string | string[], scheme = 'DPoP'): Promise<Answer> {
  const headers = { authorization: `${scheme} ${TOKEN}`, ...(proof !== undefined && { dpop: proof }) };
  return g.send('/orders?page=2', { headers });
}

const prove = (claims = {}, header = {}, by = client) =>
  by.prove({ token: TOKEN, url: `${ORIGIN}/orders` }, claims, header);

const lastLine = async (g: Gateway) => (await g.accessLog()).at(-1);

gatewayTest(
  'a token with a good proof reaches the API as Bearer JWT with its cnf, without the proof, at a miss and at hits (RFC 9449 §7)',
  { settings: VERIFY },
  async (t, g) => {
    g.as.reply(boundTo(client));
    for (const cacheStatus of ['MISS', 'HIT', 'HIT']) {
      t.is((await send(g, await prove())).status, 200);
      t.is(await lastLine(g), `200 "${cacheStatus}" ""`);
    }
    for (const { headers } of g.upstream.requests) {
      t.is(headers.authorization, `Bearer ${BOUND_JWT}`);
      t.is(headers.dpop, undefined);
    }
    t.is(g.as.requests.length, 1);
  },
);

gatewayTest(
  'unbound tokens are taken as Bearer where bound ones are verified, and refused as DPoP (RFC 9449 §7.1, S124)',
  { settings: VERIFY },
  async (t, g) => {
    g.as.reply(UNBOUND);
    for (const cacheStatus of ['MISS', 'HIT']) {
      t.is((await send(g, undefined, 'Bearer')).status, 200);
      t.is(await lastLine(g), `200 "${cacheStatus}" ""`);
      t.is((await send(g, await prove())).status, 401);
      t.is(await lastLine(g), '401 "HIT" "dpop_token_unbound"');
    }
  },
);

gatewayTest(
  'where bound tokens are required, an unbound one is refused and remembered as such (S124)',
  { settings: REQUIRE },
  async (t, g) => {
    g.as.reply(UNBOUND);
    t.is((await send(g, undefined, 'Bearer')).status, 401);
    t.is((await send(g, await prove())).status, 401);
    t.deepEqual(await g.accessLog(), [
      '401 "MISS" "token_not_sender_constrained"',
      '401 "NEGATIVE" "token_not_sender_constrained"',
    ]);
    t.is(g.as.requests.length, 1);
  },
);

gatewayTest(
  'a thief who sends a bound token as Bearer, or with bad proofs, does not lock its owner out: nothing of it is remembered (S128)',
  { settings: REQUIRE },
  async (t, g) => {
    g.as.reply(boundTo(client));
    const stolen = [
      () => send(g, undefined, 'Bearer'),
      () => send(g),
      () => send(g, 'garbage'),
      async () => send(g, await prove({}, {}, thief)),
    ];
    for (const attempt of stolen) {
      t.is((await attempt()).status, 401);
      t.is((await send(g, await prove())).status, 200);
    }
    t.deepEqual(
      (await g.accessLog()).filter((line) => line.startsWith('401')),
      [
        '401 "MISS" "dpop_scheme_required"',
        '401 "HIT" "dpop_proof_missing"',
        '401 "HIT" "dpop_proof_malformed"',
        '401 "HIT" "dpop_key_mismatch"',
      ],
    );
    t.is(g.as.requests.length, 1);
  },
);

gatewayTest(
  'a header of nearly 8 kB is refused like any other bad proof, and a good one passes before and after (S124)',
  { settings: REQUIRE },
  async (t, g) => {
    g.as.reply(boundTo(client));
    t.is((await send(g, await prove())).status, 200);
    const answer = await send(g, await prove({ more: 'a'.repeat(5000) }));
    t.is(answer.status, 401);
    t.regex(String(answer.headers['www-authenticate']), /^DPoP .*error="invalid_dpop_proof"/);
    t.is(await lastLine(g), '401 "HIT" "dpop_proof_malformed"');
    t.is((await send(g, await prove())).status, 200);
  },
);

/** A point that is not on its curve; the token is bound to it, so that the engine gets to see it. */
gatewayTest(
  'keys that the engine refuses, and forged signatures, are refused without harm to the worker (S124)',
  { settings: REQUIRE },
  async (t, g) => {
    const offCurve = { ...client.publicJwk, y: `${client.publicJwk.y?.slice(0, -2)}AA` };
    const { calculateJwkThumbprint } = await import('jose');
    g.as.reply(jwt(makeJwt({ cnf: { jkt: await calculateJwkThumbprint(offCurve) }, exp: 4102444800 })));
    for (let i = 0; i < 3; i++) {
      t.is((await send(g, await prove({}, { jwk: offCurve }))).status, 401);
      t.is(await lastLine(g), `401 "${i === 0 ? 'MISS' : 'HIT'}" "dpop_signature_invalid"`);
    }
  },
);

gatewayTest(
  'a forged proof that is wrong in something else as well is refused for that: no signature is verified before the cheap checks (S124)',
  { settings: REQUIRE },
  async (t, g) => {
    g.as.reply(boundTo(client));
    for (const [claims, reason] of [
      [{}, 'dpop_signature_invalid'],
      [{ htm: 'POST' }, 'dpop_method_mismatch'],
      [{ htu: `${ORIGIN}/other` }, 'dpop_uri_mismatch'],
      [{ ath: 'x' }, 'dpop_token_mismatch'],
      [{ iat: 1 }, 'dpop_time_mismatch'],
    ] as const) {
      t.is((await send(g, spoil(await prove(claims)))).status, 401);
      t.true((await lastLine(g))?.endsWith(`"${reason}"`), `${reason}: ${await lastLine(g)}`);
    }
  },
);

for (const alg of ['ES384', 'RS256', 'PS256']) {
  gatewayTest(`a proof by ${alg} is verified`, { settings: REQUIRE }, async (t, g) => {
    const owner = await newDpopClient(alg);
    g.as.reply(boundTo(owner));
    t.is((await send(g, await prove({}, {}, owner))).status, 200);
    t.is((await send(g, spoil(await prove({}, {}, owner)))).status, 401);
    t.is(await lastLine(g), '401 "HIT" "dpop_signature_invalid"');
  });
}

gatewayTest(
  'one proof, 50 connections, two workers: it is taken exactly once (RFC 9449 §11.1, S125)',
  { settings: REQUIRE, workers: 2 },
  async (t, g) => {
    g.as.reply(boundTo(client));
    t.is((await send(g, await prove())).status, 200);
    const proof = await prove();
    const agents = Array.from({ length: 50 }, () => new Agent({ connections: 1 }));
    const headers = { authorization: `DPoP ${TOKEN}`, dpop: proof };
    const answers = await Promise.all(agents.map((dispatcher) => g.send('/orders', { headers, dispatcher })));
    t.deepEqual(answers.map(({ status: code }) => code).toSorted(), [200, ...Array<number>(49).fill(401)]);
    const lines = await g.accessLog();
    t.is(lines.filter((line) => line === '401 "HIT" "dpop_proof_replayed"').length, 49);
    await Promise.all(agents.map((agent) => agent.close()));
  },
);

gatewayTest(
  'where nginx leads a request on to another protected location, its one proof is good there as well, and for no other request (S125)',
  {
    server: (words) => `
      ${[
        ['= /orders', 'try_files /none /inner;'],
        ['= /inner', `proxy_pass ${words.upstreamUrl};`],
        ['= /accel', `proxy_pass ${words.upstreamUrl};`],
      ]
        .map(
          ([path, end]) => `location ${path} {
            set $phantom_token on; set $phantom_token_introspection_endpoint /introspect; ${REQUIRE}
            ${words.protect} ${end} }`,
        )
        .join('\n')}
      ${introspectionLocation(words)}`,
  },
  async (t, g) => {
    g.as.reply(boundTo(client));
    const led = async (path: string, method: string, proof: string) =>
      (await g.send(path, { method, headers: { authorization: `DPoP ${TOKEN}`, dpop: proof } })).status;
    for (const method of ['GET', 'POST']) {
      const proof = await client.prove({ token: TOKEN, url: `${ORIGIN}/orders`, method });
      t.is(await led('/orders', method, proof), 200, `${method} through try_files`);
      t.is(await led('/orders', method, proof), 401);
      t.is(await lastLine(g), '401 "HIT" "dpop_proof_replayed"');
    }
    t.deepEqual(
      g.upstream.requests.map(({ headers }) => headers.authorization),
      [`Bearer ${BOUND_JWT}`, `Bearer ${BOUND_JWT}`],
    );
    g.upstream.answer = ({ url }) => (url === '/accel' ? { headers: { 'X-Accel-Redirect': '/inner' } } : {});
    const proof = await client.prove({ token: TOKEN, url: `${ORIGIN}/accel` });
    t.is(await led('/accel', 'GET', proof), 200, 'through X-Accel-Redirect');
  },
);

gatewayTest(
  'a signature that is altered into its ECDSA twin is good, and its proof is a replay all the same (S125)',
  { settings: REQUIRE },
  async (t, g) => {
    g.as.reply(boundTo(client));
    const proof = await prove();
    t.is((await send(g, twinOf(proof))).status, 200, 'the twin verifies');
    t.is((await send(g, proof)).status, 401);
    t.is(await lastLine(g), '401 "HIT" "dpop_proof_replayed"');
  },
);

gatewayTest(
  'requests that wait for the introspection of another one each need a good proof of their own (S124)',
  { settings: REQUIRE },
  async (t, g) => {
    let answer = (_: ScriptedAnswer) => {};
    const held = new Promise<ScriptedAnswer>((resolve) => {
      answer = resolve;
    });
    g.as.reply(() => held);
    const first = send(g, await prove());
    await g.as.waitForRequests(1);
    const proofs = [await prove(), undefined, await prove({}, {}, thief)];
    const others = proofs.map((proof) => send(g, proof));
    answer(boundTo(client));
    t.is((await first).status, 200);
    t.deepEqual(
      (await Promise.all(others)).map(({ status: code }) => code),
      [200, 401, 401],
    );
    t.is(g.as.requests.length, 1);
  },
);

gatewayTest(
  'a stale record needs a proof like any other (S124)',
  { settings: `${REQUIRE} set $phantom_token_cache_ttl 1; set $phantom_token_stale_if_error 3600;` },
  async (t, g) => {
    g.as.reply(boundTo(client), status(500));
    t.is((await send(g, await prove())).status, 200);
    for (;;) {
      const answer = await send(g, await prove());
      t.is(answer.status, 200);
      if ((await lastLine(g)) === '200 "STALE" ""') break;
    }
    t.is((await send(g)).status, 401);
    t.is(await lastLine(g), '401 "STALE" "dpop_proof_missing"');
  },
);

gatewayTest(
  'without the origin of its URLs the gateway verifies no proof: 500, and the log names the variable (S101)',
  { settings: 'set $phantom_token_sender_constraint verify;' },
  async (t, g) => {
    g.as.reply(boundTo(client));
    t.is((await send(g, await prove())).status, 500);
    t.is(await lastLine(g), '500 "" "misconfigured"');
    t.regex(await g.nginx.errorLog(), /\[error\].*\$phantom_token_dpop_origin is not set/);
  },
);

gatewayTest(
  'without the zone of used proofs none is taken: 500, and the log names the zone (S126)',
  {
    settings: VERIFY,
    zones: (text) => text.replace(/^js_shared_dict_zone zone=phantom_token_proofs.*$/m, ''),
  },
  async (t, g) => {
    g.as.reply(boundTo(client));
    t.is((await send(g, await prove())).status, 500);
    t.regex(await g.nginx.errorLog(), /phantom_token_proofs is not declared/);
  },
);

gatewayTest(
  'a path with dot segments is refused, whatever its proof: nginx may resolve it in another way than the client (S124)',
  { settings: REQUIRE },
  async (t, g) => {
    g.as.reply(boundTo(client));
    const raw = await connectRaw(g.url);
    for (const path of ['/a/../orders', '/a/%2e%2e/orders', '/orders/.']) {
      for (const url of [`${ORIGIN}/orders`, ORIGIN + path]) {
        const proof = await client.prove({ token: TOKEN, url });
        raw.write(
          `GET ${path} HTTP/1.1\r\nHost: gateway.test\r\nAuthorization: DPoP ${TOKEN}\r\nDPoP: ${proof}\r\n\r\n`,
        );
        t.is((await raw.next()).status, 401, `${path} with a proof for ${url}`);
        t.regex(String(await lastLine(g)), /^401 "(MISS|HIT)" "dpop_uri_mismatch"$/);
      }
    }
    raw.destroy();
    t.is(g.upstream.requests.length, 0);
  },
);

gatewayTest(
  'a full zone of used proofs takes none unnoted: 503, and one line in the log; nothing that was noted is forgotten (S126)',
  {
    settings: VERIFY,
    zones: (text) => text.replace('phantom_token_proofs:16m', 'phantom_token_proofs:32k'),
  },
  async (t, g) => {
    g.as.reply(boundTo(client));
    const used: string[] = [];
    let answer: Answer;
    do {
      const proof = await prove();
      answer = await send(g, proof);
      if (answer.status === 200) used.push(proof);
    } while (answer.status === 200 && used.length < 500); // 32 kB hold fewer
    t.is(answer.status, 503);
    t.is(answer.headers['retry-after'], '1');
    t.is(await lastLine(g), '503 "HIT" "dpop_proofs_full"');
    t.is((await send(g, await prove())).status, 503);
    for (const proof of [used[0], used.at(-1)]) {
      t.is((await send(g, proof)).status, 401);
    }
    t.is((await g.nginx.errorLog()).match(/dpop_proofs_full/g)?.length, 1);
  },
);

gatewayTest(
  'nonces: a proof without one is told which to use; the same one is good in all workers and after a reload (RFC 9449 §9)',
  { settings: `${REQUIRE} set $phantom_token_dpop_nonce on;`, workers: 2 },
  async (t, g) => {
    g.as.reply(boundTo(client));
    const refused = await send(g, await prove());
    t.is(refused.status, 401);
    t.regex(String(refused.headers['www-authenticate']), /error="use_dpop_nonce"/);
    const nonce = String(refused.headers['dpop-nonce']);
    t.regex(nonce, /^[\w-]{43}$/);
    for (let i = 0; i < 4; i++) {
      t.is((await send(g, await prove({ nonce }))).status, 200);
    }
    t.is((await send(g, await prove({ nonce: `${nonce.slice(1)}x` }))).status, 401);
    t.is(await lastLine(g), '401 "HIT" "dpop_nonce_required"');
    await g.nginx.reload();
    t.is((await send(g, await prove({ nonce }))).status, 200);
  },
);

/** As docs/sender_constrained.md has it. */
const CORS = `
  add_header Access-Control-Allow-Origin https://app.example.com always;
  add_header Access-Control-Allow-Headers "Authorization, DPoP" always;
  add_header Access-Control-Expose-Headers "DPoP-Nonce, WWW-Authenticate" always;`;

/** `add_header_inherit` came with nginx 1.29.3. */
const takesMerge = ({ nginxVersion }: ConfigWords) => !nginxVersion.startsWith('1.26.');

gatewayTest(
  'an application in a browser may send a proof, and may read nonce and challenge of a refusal; in auth_request mode nginx 1.29.3 is needed',
  {
    settings: `${REQUIRE} set $phantom_token_dpop_nonce on;`,
    http: (words) => (words.mode === 'auth_request' && takesMerge(words) ? 'add_header_inherit merge;' : ''),
    serverTop: CORS,
  },
  async (t, g) => {
    g.as.reply(boundTo(client));
    const asked = { origin: 'https://app.example.com', 'access-control-request-method': 'GET' };
    const preflight = await g.send('/orders', { method: 'OPTIONS', headers: asked });
    t.is(preflight.status, 204);
    t.is(preflight.headers['access-control-allow-headers'], 'Authorization, DPoP');
    const refused = await send(g, await prove());
    t.is(refused.status, 401);
    t.truthy(refused.headers['dpop-nonce']);
    const isSent = takesMerge(g.words);
    t.is(refused.headers['access-control-allow-origin'], isSent ? 'https://app.example.com' : undefined);
    t.is(
      refused.headers['access-control-expose-headers'],
      isSent ? 'DPoP-Nonce, WWW-Authenticate' : undefined,
    );
  },
);

gatewayTest(
  'limit_req acts before the gateway: what it refuses uses up no proof, and no space for one (S126)',
  {
    settings: `${VERIFY} limit_req zone=proofs; limit_req_status 429;`,
    http: () => 'limit_req_zone $http_x_counted zone=proofs:1m rate=1r/m;',
  },
  async (t, g) => {
    g.as.reply(boundTo(client));
    const sendCounted = async (proof: string, counted = {}) => {
      const headers = { authorization: `DPoP ${TOKEN}`, dpop: proof, ...counted };
      return (await g.send('/orders', { headers })).status;
    };
    const counted = { 'x-counted': 'client' };
    t.is(await sendCounted(await prove(), counted), 200);
    const proof = await prove();
    t.is(await sendCounted(proof, counted), 429);
    t.is(await sendCounted(proof), 200, 'it was not noted');
    t.is(await sendCounted(proof), 401);
  },
);

gatewayTest(
  'challenges: both schemes where both are taken, with resource_metadata, and one DPoP-Nonce at most (RFC 9449 §7.1, RFC 9728 §5.1)',
  { settings: `${VERIFY} set $phantom_token_resource_metadata ${ORIGIN}/metadata;` },
  async (t, g) => {
    const { status: code, headers } = await g.send('/');
    t.is(code, 401);
    const metadata = `resource_metadata="${ORIGIN}/metadata"`;
    t.is(
      [headers['www-authenticate']].flat().join(', '),
      `Bearer realm="api", ${metadata}, DPoP realm="api", algs="ES256 ES384 RS256 PS256", ${metadata}`,
    );
    t.is(headers['dpop-nonce'], undefined);
  },
);

gatewayTest(
  'a location that refuses bound tokens does not know DPoP, and names its metadata (RFC 9728 §5.1)',
  { settings: `set $phantom_token_resource_metadata ${ORIGIN}/metadata;` },
  async (t, g) => {
    g.as.reply(boundTo(client));
    const answer = await send(g, await prove());
    t.is(answer.headers['www-authenticate'], `Bearer realm="api", resource_metadata="${ORIGIN}/metadata"`);
    t.is((await send(g, undefined, 'Bearer')).status, 401);
    t.deepEqual(await g.accessLog(), ['401 "" "token_missing"', '401 "MISS" "token_sender_constrained"']);
  },
);

gatewayTest(
  'a binding that only the answer names stays with the JWT that the gateway signs in place of a verified one (S124)',
  {
    files: { 'key.json': JSON.stringify(gatewayKey.privateJwk) },
    server: (words) => `
      ${protectedRoot(
        words,
        `${REQUIRE} set $phantom_token_jwks /keys; set $phantom_token_mint always;
         set $phantom_token_mint_key_file ${words.prefix}/key.json;
         set $phantom_token_mint_issuer https://gateway.test;`,
      )}
      ${introspectionLocation(words)}
      location = /keys {
        include ${words.snippets}/jwks.conf;
        proxy_pass ${words.introspectionUrl.replace('/introspect', '')}/keys;
      }`,
  },
  async (t, g) => {
    const signed = await serverKey.sign({ sub: 'u', exp: 4102444800 });
    const cnf = { jkt: client.jkt };
    g.as.reply(({ path }: ScriptedRequest) =>
      path === '/keys'
        ? json(JSON.parse(keySetOf(serverKey)))
        : json({ active: true, sub: 'u', client_id: 'c', exp: 4102444800, cnf, jwt: signed }),
    );
    t.is((await send(g, await prove())).status, 200);
    const sent = String(g.upstream.requests[0]?.headers.authorization).slice('Bearer '.length);
    t.like(decodeJwt(sent), { iss: 'https://gateway.test', sub: 'u', cnf });
    t.is((await send(g, undefined, 'Bearer')).status, 401);
    t.is((await send(g, await prove({}, {}, thief))).status, 401);
    t.deepEqual((await g.accessLog()).slice(1), [
      '401 "HIT" "dpop_scheme_required"',
      '401 "HIT" "dpop_key_mismatch"',
    ]);
  },
);

gatewayTest(
  'locations of one server that differ in what they take of bound tokens share no record (S57, S124)',
  {
    server: (words) => {
      const locations = ['refuse', 'verify', 'require'].map(
        (constraint) => `location /${constraint} {
          set $phantom_token on; set $phantom_token_introspection_endpoint /introspect;
          set $phantom_token_sender_constraint ${constraint}; ${ORIGIN_SETTING}
          ${words.protect} proxy_pass ${words.upstreamUrl}; }`,
      );
      return `${locations.join('\n')} location = /introspect { ${words.introspection} proxy_pass ${words.introspectionUrl}; }`;
    },
  },
  async (t, g) => {
    g.as.reply(UNBOUND);
    const codes: number[] = [];
    for (const constraint of ['verify', 'require', 'refuse', 'verify', 'require', 'refuse']) {
      codes.push((await g.send(`/${constraint}`, { token: TOKEN })).status);
    }
    t.deepEqual(codes, [200, 401, 200, 200, 401, 200]);
  },
);

for (const method of ['GET', 'POST']) {
  gatewayTest(
    `the libraries dpop and oauth4webapi work as clients of the gateway, with nonces: ${method}`,
    {
      server: (words) => `
        location / {
          set $phantom_token on; set $phantom_token_introspection_endpoint /introspect;
          set $phantom_token_sender_constraint require; set $phantom_token_dpop_nonce on;
          set $phantom_token_dpop_origin http://${words.listen};
          ${words.protect} proxy_pass ${words.upstreamUrl};
        }
        location = /introspect { ${words.introspection} proxy_pass ${words.introspectionUrl}; }`,
    },
    async (t, g) => {
      const keys = await dpop.generateKeyPair('ES256', { extractable: true });
      g.as.reply(
        jwt(makeJwt({ cnf: { jkt: await dpop.calculateThumbprint(keys.publicKey) }, exp: 4102444800 })),
      );
      const url = new URL(`${g.url}/orders`);
      const handle = oauth.DPoP({}, keys);
      const ask = () =>
        oauth.protectedResourceRequest(TOKEN, method, url, undefined, undefined, {
          DPoP: handle,
          [oauth.allowInsecureRequests]: true,
        });
      await t.throwsAsync(ask, { instanceOf: oauth.WWWAuthenticateChallengeError });
      t.is((await ask()).status, 200, 'oauth4webapi has taken the nonce');
      const challenge = await g.send('/orders', { headers: { authorization: `DPoP ${TOKEN}` } });
      t.is(challenge.status, 401);
      const refused = await g.send('/orders', {
        method,
        headers: {
          authorization: `DPoP ${TOKEN}`,
          dpop: await dpop.generateProof(keys, url.href, method, undefined, TOKEN),
        },
      });
      const nonce = String(refused.headers['dpop-nonce']);
      const proof = await dpop.generateProof(keys, url.href, method, nonce, TOKEN);
      const answer = await g.send('/orders', {
        method,
        headers: { authorization: `DPoP ${TOKEN}`, dpop: proof },
      });
      t.is(answer.status, 200);
    },
  );
}

/** Another signature of the right length. */
function spoil(proof: string): string {
  const dot = proof.lastIndexOf('.');
  const signature = Buffer.from(proof.slice(dot + 1), 'base64url');
  signature[10] = (signature[10] as number) ^ 1;
  return `${proof.slice(0, dot)}.${signature.toString('base64url')}`;
}

/** The order of the group of P-256. */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** ECDSA: with (r, s), (r, n - s) is a good signature as well. */
function twinOf(proof: string): string {
  const dot = proof.lastIndexOf('.');
  const hex = Buffer.from(proof.slice(dot + 1), 'base64url').toString('hex');
  const s = ORDER - BigInt(`0x${hex.slice(64)}`);
  const twin = Buffer.from(hex.slice(0, 64) + s.toString(16).padStart(64, '0'), 'hex');
  return `${proof.slice(0, dot)}.${twin.toString('base64url')}`;
}

test('twinOf: another signature', async (t) => {
  const proof = await prove();
  t.not(twinOf(proof), proof);
  t.is(twinOf(twinOf(proof)), proof);
});
