// What the client gets when its token is not accepted: RFC 6750 §3, and the C module's bodies.

import type { ExecutionContext } from 'ava';
import { type Answer, type Gateway, gatewayTest } from '../support/gateway.js';
import { makeJwt } from '../support/jwt.js';
import { inactive204, json, jwt, type MessageAnswer } from '../support/scripted_server.js';

const JWT = makeJwt({ scope: 'read', aud: ['a', 'b'], iss: 'https://as.test', exp: 4102444800 });
const BODY_401 =
  '{"code":"unauthorized_request","message":"Access denied due to missing, invalid or expired credentials"}';
const BODY_403 =
  '{"code":"insufficient_scope","message":"The access token does not grant the scope that this request needs"}';

interface Expected {
  readonly status: number;
  readonly challenge: string;
  readonly body: string;
}

const NO_TOKEN: Expected = { status: 401, challenge: 'Bearer realm="api"', body: BODY_401 };
const INVALID_TOKEN: Expected = { ...NO_TOKEN, challenge: 'Bearer realm="api", error="invalid_token"' };

/** Every refusal has the same form, and nothing of the request reaches the upstream. */
function assertRefused(t: ExecutionContext, g: Gateway, answer: Answer, expected: Expected, what = ''): void {
  t.is(answer.status, expected.status, what);
  t.is(answer.headers['www-authenticate'], expected.challenge, what);
  t.is(answer.headers['cache-control'], 'no-store', what);
  t.is(answer.headers['content-type'], 'application/json', what);
  t.is(answer.body, expected.body, what);
  t.is(g.upstream.requests.length, 0, what);
}

const NO_BEARER_CREDENTIAL: Record<string, Record<string, string>> = {
  'no header': {},
  'an empty header': { authorization: '' },
  'the scheme alone': { authorization: 'Bearer' },
  'the scheme and spaces': { authorization: 'Bearer   ' },
  'another scheme (S20)': { authorization: 'Basic opaque-1' },
  'another scheme that names Bearer inside (S4)': { authorization: 'Basic x, Bearer opaque-1' },
  'a longer scheme (S3)': { authorization: 'BearerX opaque-1' },
  'a scheme without a space (S3)': { authorization: 'Beareropaque-1' },
  'a tab in place of the space (S5)': { authorization: 'Bearer\topaque-1' },
  'DPoP, which is not Bearer (RFC 9449 §7.1)': { authorization: 'DPoP opaque-1' },
};

gatewayTest(
  'without a bearer credential: 401, a challenge without an error code, no-store, the AS not asked (RFC 6750 §3.1, S11, S105, S111)',
  async (t, g) => {
    g.as.reply(jwt(JWT));
    for (const [what, headers] of Object.entries(NO_BEARER_CREDENTIAL)) {
      assertRefused(t, g, await g.send('/', { headers }), NO_TOKEN, what);
    }
    t.is(g.as.requests.length, 0);
    t.deepEqual(new Set(await g.accessLog()), new Set(['401 "" "token_missing"']));
  },
);

const MALFORMED: Record<string, string> = {
  'two tokens': 'Bearer opaque-1 opaque-2',
  'a tab inside': 'Bearer opaque-1\topaque-2',
  'padding inside': 'Bearer opaque=1',
  'only padding': 'Bearer ==',
  'a comma': 'Bearer opaque-1,opaque-2',
  'form syntax (S16)': 'Bearer opaque-1&token_type_hint=refresh_token',
  'a byte outside ASCII (S7)': 'Bearer opaque-\xff',
  'a quote': 'Bearer "opaque-1"',
  '4097 characters (S10)': `Bearer opaque-${'x'.repeat(4090)}`,
};

gatewayTest(
  'a token outside the grammar or too long: 401 invalid_token, the AS not asked (RFC 6750 §2.1, S5, S6, S7, S10)',
  async (t, g) => {
    g.as.reply(jwt(JWT));
    for (const [what, authorization] of Object.entries(MALFORMED)) {
      assertRefused(t, g, await g.send('/', { headers: { authorization } }), INVALID_TOKEN, what);
    }
    t.is(g.as.requests.length, 0);
    t.deepEqual(new Set(await g.accessLog()), new Set(['401 "" "token_malformed"']));
  },
);

gatewayTest('a token of 4096 characters is served (S10)', async (t, g) => {
  g.as.reply(jwt(JWT));
  t.is((await g.send('/', { token: `opaque-${'x'.repeat(4089)}` })).status, 200);
});

gatewayTest(
  'two Authorization headers: 400 by nginx, nobody asked (S1)',
  // nginx itself logs both values at level info
  { errorLogLevel: 'notice' },
  async (t, g) => {
    const answer = await g.send('/', { headers: { authorization: ['Bearer opaque-1', 'Bearer opaque-2'] } });
    t.is(answer.status, 400);
    t.is(g.as.requests.length, 0);
    t.is(g.upstream.requests.length, 0);
  },
);

const REJECTED: [title: string, answer: MessageAnswer, reason: string][] = [
  ['204 (Curity)', inactive204(), 'token_inactive'],
  ['{"active":false} (RFC 7662 §2.2)', json({ active: false }), 'token_inactive'],
  ['a signed {"active":false} (Connect2id 6.18)', jwt(makeJwt({ active: false })), 'token_inactive'],
  ['a JWT that has expired, whatever the server says (S45)', jwt(makeJwt({ exp: 1 })), 'token_expired'],
];

for (const [title, answer, reason] of REJECTED) {
  gatewayTest(`${title}: 401 invalid_token, and remembered for some seconds`, async (t, g) => {
    g.as.reply(answer);
    assertRefused(t, g, await g.send('/', { token: 'opaque-1' }), INVALID_TOKEN);
    assertRefused(t, g, await g.send('/', { token: 'opaque-1' }), INVALID_TOKEN);
    t.is(g.as.requests.length, 1);
    t.deepEqual(await g.accessLog(), [`401 "MISS" "${reason}"`, `401 "NEGATIVE" "${reason}"`]);
  });
}

gatewayTest(
  'a token that is bound to a key is refused under Bearer (RFC 8705 §3, RFC 9449 §7.2, S14)',
  async (t, g) => {
    g.as.reply(jwt(makeJwt({ cnf: { jkt: 'thumbprint' }, exp: 4102444800 })));
    assertRefused(t, g, await g.send('/', { token: 'opaque-1' }), INVALID_TOKEN);
    t.deepEqual(await g.accessLog(), ['401 "MISS" "token_sender_constrained"']);
  },
);

const POLICIES: [setting: string, reason: string, expected: Expected][] = [
  ['set $phantom_token_issuer https://other.test;', 'issuer_mismatch', INVALID_TOKEN],
  ['set $phantom_token_audience c;', 'audience_mismatch', INVALID_TOKEN],
  [
    'set $phantom_token_required_scopes "read write";',
    'scope_insufficient',
    {
      status: 403,
      challenge: 'Bearer realm="api", error="insufficient_scope", scope="read write"',
      body: BODY_403,
    },
  ],
];

for (const [settings, reason, expected] of POLICIES) {
  gatewayTest(
    `${reason}: refused on the miss and on the hit alike (S50, S57, S118)`,
    { settings },
    async (t, g) => {
      g.as.reply(jwt(JWT));
      const answers = [await g.send('/', { token: 'opaque-1' }), await g.send('/', { token: 'opaque-1' })];
      for (const answer of answers) {
        t.is(answer.status, expected.status);
        const challenge = String(answer.headers['www-authenticate']);
        t.is(
          challenge.replace(', scope="read write"', ''),
          expected.challenge.replace(', scope="read write"', ''),
        );
        t.is(answer.body, expected.body);
      }
      t.is(g.as.requests.length, 1);
      t.is(g.upstream.requests.length, 0);
      const { status } = expected;
      t.deepEqual(await g.accessLog(), [`${status} "MISS" "${reason}"`, `${status} "HIT" "${reason}"`]);
    },
  );
}

gatewayTest(
  'issuer, audience and scopes that match: served on the miss and on the hit (S50, S52)',
  {
    settings: `
      set $phantom_token_issuer https://as.test;
      set $phantom_token_audience b;
      set $phantom_token_required_scopes read;`,
  },
  async (t, g) => {
    g.as.reply(jwt(JWT));
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
    t.is(g.as.requests.length, 1);
  },
);

gatewayTest(
  'nbf beyond the skew: 401, within it: served, on the hit too (RFC 7519 §4.1.5, S48)',
  async (t, g) => {
    const nowSec = Math.floor(Date.now() / 1000);
    g.as.reply((request) =>
      jwt(makeJwt({ nbf: nowSec + (request.form.token === 'opaque-far' ? 120 : 30), exp: 4102444800 })),
    );
    t.is((await g.send('/', { token: 'opaque-far' })).status, 401);
    t.is((await g.send('/', { token: 'opaque-far' })).status, 401);
    t.is((await g.send('/', { token: 'opaque-near' })).status, 200);
    t.is((await g.send('/', { token: 'opaque-near' })).status, 200);
    t.is(g.as.requests.length, 2);
  },
);

gatewayTest(
  'realm and scopes are named in the challenge; scopes are not enforced (as in the C module)',
  { settings: 'set $phantom_token_realm "my realm"; set $phantom_token_scopes "openid profile";' },
  async (t, g) => {
    g.as.reply(jwt(JWT));
    const challenge = 'Bearer realm="my realm", scope="openid profile"';
    assertRefused(t, g, await g.send('/'), { ...NO_TOKEN, challenge });
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
  },
);

gatewayTest(
  'required scopes are named in the challenge when no others are',
  { settings: 'set $phantom_token_required_scopes "read write";' },
  async (t, g) => {
    assertRefused(t, g, await g.send('/'), {
      ...NO_TOKEN,
      challenge: 'Bearer realm="api", scope="read write"',
    });
  },
);

gatewayTest('HEAD is refused with the same headers and no body (RFC 9110 §9.3.2, S99)', async (t, g) => {
  assertRefused(t, g, await g.send('/', { method: 'HEAD' }), { ...NO_TOKEN, body: '' });
});

gatewayTest('every method is authenticated (S98, S99)', async (t, g) => {
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND']) {
    assertRefused(t, g, await g.send('/', { method }), NO_TOKEN, method);
  }
});

gatewayTest('a token in the query or the form is no credential (RFC 6750 §5.3, S12)', async (t, g) => {
  g.as.reply(jwt(JWT));
  const answer = await g.send('/?access_token=opaque1', { method: 'POST', body: 'access_token=opaque1' });
  assertRefused(t, g, answer, NO_TOKEN);
  t.is(g.as.requests.length, 0);
});

gatewayTest('a forged JWT as credential is introspected like any token (S15)', async (t, g) => {
  g.as.reply(inactive204());
  assertRefused(t, g, await g.send('/', { token: 'a.b.c' }), INVALID_TOKEN);
  t.is(g.as.requests[0]?.form.token, 'a.b.c');
});
