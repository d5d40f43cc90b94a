// The introspection endpoint for gateways: RFC 7662, answered from the cache.
import { newDpopClient } from '../support/dpop.js';
import {
  type Answer,
  type ConfigWords,
  type Gateway,
  gatewayTest,
  introspectionLocation,
  protectedRoot,
  type SendOptions,
} from '../support/gateway.js';
import { makeJwt } from '../support/jwt.js';
import {
  held,
  inactive204,
  json,
  jwt,
  type MessageAnswer,
  type Reply,
  silent,
  status,
} from '../support/scripted_server.js';
import { canFetch } from '../support/setup.js';

const client = await newDpopClient();
const JWT = makeJwt({ scope: 'read', sub: 'alice', exp: 4102444800 });
const ACTIVE = jwt(JWT, { cacheControl: 'max-age=60' });
const ASK = '/oauth/v2/introspect';

/** The location, as a user writes it. */
const tier = (words: ConfigWords, settings = '', path = ASK) => `
    location = ${path} {
      set $phantom_token on;
      set $phantom_token_introspection_endpoint /introspect;
      ${settings}
      include ${words.snippets}/introspection_cache.conf;
    }`;

const withSettings =
  (settings = '') =>
  (words: ConfigWords) =>
    tier(words, settings) + introspectionLocation(words);

const post = (g: Gateway, body: string | Buffer, options: SendOptions = {}): Promise<Answer> =>
  g.send(ASK, {
    method: 'POST',
    body,
    ...options,
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...options.headers },
  });

const maxAgeOf = ({ headers }: Answer): number =>
  Number(/^max-age=(\d+)$/.exec(String(headers['cache-control']))?.[1]);

gatewayTest(
  'an active token: 200 application/jwt with what is left of the record, at the miss and at hits; the AS is asked once, with nothing of the caller',
  { server: withSettings() },
  async (t, g) => {
    g.as.reply(ACTIVE);
    const ages: number[] = [];
    for (const cacheStatus of ['MISS', 'HIT', 'HIT']) {
      const answer = await post(g, 'token=opaque-1&token_type_hint=refresh_token&client_secret=other', {
        headers: { authorization: 'Basic b3RoZXI6c2VjcmV0', 'x-of-the-caller': 'yes' },
      });
      t.is(answer.status, 200);
      t.is(answer.headers['content-type'], 'application/jwt');
      t.is(answer.body, JWT);
      t.is(answer.headers.authorization, undefined);
      ages.push(maxAgeOf(answer));
      t.is((await g.accessLog()).at(-1), `200 "${cacheStatus}" ""`);
    }
    // A tenth at most is taken off, and the test may be slow.
    t.true(ages.every((age) => age >= 24 && age <= 60));
    t.deepEqual(
      ages,
      ages.toSorted((a, b) => b - a),
    );
    t.is(g.as.requests.length, 1);
    const [question] = g.as.requests;
    t.is(question?.body.toString(), 'token=opaque-1&token_type_hint=access_token');
    t.is(question?.headers.authorization, 'Basic Z2F0ZXdheS1jbGllbnQ6Z2F0ZXdheS1zZWNyZXQ=');
    t.is(question?.headers['x-of-the-caller'], undefined);
  },
);

gatewayTest(
  'what is left is never more than the end of the token, and than $phantom_token_cache_ttl of this location, whoever stored the record',
  {
    server: (words) =>
      tier(words, '', '/long') +
      tier(words, 'set $phantom_token_cache_ttl 20;', '/short') +
      tier(words, 'set $phantom_token_cache_ttl 20; set $phantom_token_required_scopes read;', '/scopes') +
      introspectionLocation(words),
  },
  async (t, g) => {
    const nowSec = Math.floor(Date.now() / 1000);
    g.as.reply(({ form }) =>
      jwt(makeJwt({ scope: 'read', exp: nowSec + (form.token === 'opaque-soon' ? 40 : 1000) })),
    );
    const ask = (path: string, token: string) =>
      g.send(path, { method: 'POST', body: `token=${token}` }).then(maxAgeOf);
    const long = await ask('/long', 'opaque-1');
    t.true(long > 200 && long <= 300, `${long}`);
    for (const path of ['/short', '/scopes']) {
      const short = await ask(path, 'opaque-1');
      t.true(short >= 1 && short <= 20, `${path}: ${short}`);
    }
    const soon = await ask('/long', 'opaque-soon');
    t.true(soon >= 1 && soon <= 40, `${soon}`);
    t.is(g.as.requests.length, 2);
  },
);

gatewayTest(
  'what is not in the cache is not to be stored by the gateway either: each question goes to the AS',
  { server: withSettings() },
  async (t, g) => {
    g.as.reply(jwt(JWT, { cacheControl: 'no-store' }));
    for (const count of [1, 2]) {
      const answer = await post(g, 'token=opaque-1');
      t.is(answer.status, 200);
      t.is(answer.headers['cache-control'], 'no-store');
      t.is(g.as.requests.length, count);
    }
  },
);

gatewayTest(
  'while the AS fails, a stale record is handed out as one that is not to be stored',
  { server: withSettings('set $phantom_token_stale_if_error 600;') },
  async (t, g) => {
    g.as.reply(jwt(JWT, { cacheControl: 'max-age=1' }), status(500));
    t.is((await post(g, 'token=opaque-1')).status, 200);
    let answer = await post(g, 'token=opaque-1');
    while ((await g.accessLog()).at(-1) !== '200 "STALE" ""') {
      t.is(answer.status, 200);
      answer = await post(g, 'token=opaque-1');
    }
    t.is(answer.body, JWT);
    t.is(answer.headers['cache-control'], 'no-store');
  },
);

const REFUSED: [
  sentence: string,
  token: string,
  reply: Reply,
  settings: string,
  line: string,
  asked: number,
][] = [
  ['an inactive token', 'opaque-1', inactive204(), '', '204 "MISS" "token_inactive"', 1],
  ['an expired one', 'opaque-1', jwt(makeJwt({ exp: 1 })), '', '204 "MISS" "token_expired"', 1],
  [
    'one that lacks what the location requires',
    'opaque-1',
    jwt(JWT),
    'set $phantom_token_required_scopes write;',
    '204 "MISS" "scope_insufficient"',
    1,
  ],
  [
    'a refresh token',
    'opaque-1',
    json({ active: true, token_use: 'refresh_token', jwt: JWT }),
    '',
    '204 "MISS" "token_type_mismatch"',
    1,
  ],
  ['one outside the grammar', 'opaque%20x', jwt(JWT), '', '204 "" "token_malformed"', 0],
  ['one with a line break', 'opaque-1%0Ax', jwt(JWT), '', '204 "" "token_malformed"', 0],
  ['one that is too long', 'x'.repeat(4097), jwt(JWT), '', '204 "" "token_malformed"', 0],
];

for (const [sentence, token, reply, settings, line, asked] of REFUSED) {
  gatewayTest(
    `${sentence}: 204 without a body or a reason, which is the operator's to know (RFC 7662 §2.2, §4)`,
    { server: withSettings(settings) },
    async (t, g) => {
      g.as.reply(reply);
      const answer = await post(g, `token=${token}`);
      t.is(answer.status, 204);
      t.is(answer.body, '');
      t.is(answer.headers['cache-control'], 'no-store');
      t.is(answer.headers['www-authenticate'], undefined);
      t.is(g.as.requests.length, asked);
      t.deepEqual(await g.accessLog(), [line]);
    },
  );
}

gatewayTest(
  'a rejected token is remembered: the AS is asked once',
  { server: withSettings() },
  async (t, g) => {
    g.as.reply(inactive204());
    for (const cacheStatus of ['MISS', 'NEGATIVE', 'NEGATIVE']) {
      t.is((await post(g, 'token=opaque-1')).status, 204);
      t.is((await g.accessLog()).at(-1), `204 "${cacheStatus}" "token_inactive"`);
    }
    t.is(g.as.requests.length, 1);
  },
);

const OUTAGES: [sentence: string, reply: Reply, status: number, retryAfter: string | undefined][] = [
  ['the AS fails', status(500), 502, undefined],
  ['the AS refuses our credentials', status(401), 502, undefined],
  ['the AS is overloaded', status(503, { headers: { 'Retry-After': '7' } }), 503, '7'],
  ['the AS limits the rate', status(429), 503, '1'],
  ['the AS does not answer', silent(), 504, undefined],
];

for (const [sentence, reply, expected, retryAfter] of OUTAGES) {
  gatewayTest(
    `${sentence}: ${expected}, never a 204: an outage rejects no token (S23)`,
    {
      server: (words) =>
        tier(words) +
        `location = /introspect { ${words.introspectionWithin(1000)} proxy_pass ${words.introspectionUrl}; }`,
    },
    async (t, g) => {
      g.as.reply(reply);
      const answer = await post(g, 'token=opaque-1');
      t.is(answer.status, expected);
      t.is(answer.headers['retry-after'], retryAfter);
      t.is(answer.headers['content-type'], 'application/json');
      t.is(answer.headers['cache-control'], 'no-store');
    },
  );
}

const NO_QUESTION: [sentence: string, body: string | Buffer, expected: number][] = [
  ['no body', '', 400],
  ['no token', 'token_type_hint=access_token', 400],
  ['an empty token', 'token=', 400],
  ['two tokens', 'token=opaque-1&token=opaque-2', 400],
  ['the same token twice', 'token=opaque-1&token=opaque-1', 400],
  ['broken percent-encoding', 'token=opaque-1%2', 400],
  ['percent-encoding that is no UTF-8', 'token=opaque-1%ff', 400],
  ['broken percent-encoding beside the token', 'token=opaque-1&x=%zz', 400],
  ['JSON', '{"token":"opaque-1"}', 400],
  ['bytes', Buffer.from([0, 255, 10, 13]), 400],
  ['a body of 1 MB', `token=opaque-1&x=${'x'.repeat(1_000_000)}`, 413],
];

for (const [sentence, body, expected] of NO_QUESTION) {
  gatewayTest(
    `${sentence}: ${expected}, and nothing is asked (RFC 7662 §2.1)`,
    { server: withSettings() },
    async (t, g) => {
      g.as.reply(ACTIVE);
      const answer = await post(g, body);
      t.is(answer.status, expected);
      if (expected === 400) {
        t.is(
          answer.body,
          '{"code":"invalid_request","message":"The body must be a form of at most 16 kB with one field token"}',
        );
        t.is((await g.accessLog()).at(-1), '400 "" "request_malformed"');
      }
      t.is(g.as.requests.length, 0);
    },
  );
}

gatewayTest(
  'every method but POST: 405 with Allow, and nothing is asked, also with a token in the query, which logs would show (RFC 7662 §4)',
  { server: withSettings(), errorLogLevel: 'notice' },
  async (t, g) => {
    g.as.reply(ACTIVE);
    for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
      const answer = await g.send(`${ASK}?token=abc`, { method, token: 'opaque-1' });
      t.is(answer.status, 405, method);
      t.is(answer.headers.allow, 'POST', method);
    }
    t.is((await g.send(`${ASK}?token=abc`, { method: 'POST', token: 'opaque-1' })).status, 400);
    t.is(g.as.requests.length, 0);
  },
);

gatewayTest(
  'a mistake in the settings is 500, $phantom_token off among them: there is no client whose Authorization could go on',
  {
    server: (words) =>
      tier(words, 'set $phantom_token off;', '/off') +
      tier(words, 'set $phantom_token "";', '/unset') +
      tier(words, 'set $phantom_token_introspection_endpoint /nowhere;', '/astray'),
  },
  async (t, g) => {
    for (const path of ['/off', '/unset', '/astray']) {
      const answer = await g.send(path, { method: 'POST', body: 'token=opaque-1', token: 'opaque-2' });
      t.is(answer.status, 500, path);
      t.notRegex(answer.body, /opaque/);
    }
    t.is(g.as.requests.length, 0);
  },
);

gatewayTest(
  '100 gateways that ask about one new token at once: the AS is asked once',
  { server: withSettings(), isLoad: true },
  async (t, g) => {
    const answer = held(ACTIVE);
    g.as.reply(answer);
    const all = Array.from({ length: 100 }, () => post(g, 'token=opaque-1'));
    await g.as.waitForRequests(1);
    answer.release();
    for (const { status: code, body } of await Promise.all(all)) {
      t.is(code, 200);
      t.is(body, JWT);
    }
    t.is(g.as.requests.length, 1);
  },
);

gatewayTest(
  "the C module's way of asking, and that of libraries, is understood: Basic credentials, Accept, a form in any order (RFC 7662 §2.1)",
  { server: withSettings() },
  async (t, g) => {
    g.as.reply(ACTIVE);
    const moduleHeaders = { authorization: 'Basic Y2xpZW50OnNlY3JldA==', accept: 'application/jwt' };
    const forms = [
      'token=opaque-1',
      'token_type_hint=access_token&token=opaque-1',
      'client_id=client&client_secret=secret&token=opaque-1',
      'token=%6fpaque-1',
    ];
    for (const form of forms) {
      const answer = await post(g, form, { headers: moduleHeaders });
      t.is(answer.status, 200, form);
      t.is(answer.body, JWT, form);
    }
    t.is(g.as.requests.length, 1);
  },
);

const WANTS_JSON: [accept: string, contentType: string][] = [
  ['application/json', 'application/json'],
  ['Application/JSON, */*;q=0.1', 'application/json'],
  ['application/jwt', 'application/jwt'],
  ['application/jwt, application/json;q=0.9', 'application/jwt'],
  ['*/*', 'application/jwt'],
  ['application/token-introspection+jwt', 'application/jwt'],
];

gatewayTest(
  'who asks for JSON, as Kong, APISIX and libraries do, gets the claims and the JWT in a member, and {"active":false} with 200 (RFC 7662 §2.2)',
  { server: withSettings() },
  async (t, g) => {
    g.as.reply(({ form }) => (form.token === 'opaque-1' ? ACTIVE : inactive204()));
    for (const [accept, contentType] of WANTS_JSON) {
      const answer = await post(g, 'token=opaque-1', { headers: { accept } });
      t.is(answer.headers['content-type'], contentType, accept);
      t.true(maxAgeOf(answer) >= 1, accept);
      const claims = { scope: 'read', sub: 'alice', exp: 4102444800 };
      if (contentType === 'application/jwt') t.is(answer.body, JWT);
      else t.deepEqual(JSON.parse(answer.body), { ...claims, active: true, phantom_token: JWT });
      const refused = await post(g, 'token=opaque-2', { headers: { accept } });
      t.is(refused.status, contentType === 'application/jwt' ? 204 : 200, accept);
      t.is(refused.body, contentType === 'application/jwt' ? '' : '{"active":false}', accept);
    }
    t.is(g.as.requests.length, 2);
  },
);

// Tokens that are bound to a key

const VERIFY = 'set $phantom_token_sender_constraint verify;';
const BOUND: Record<string, [answer: MessageAnswer, settings: string, expected: string]> = {
  'a bound token where none are taken': [
    jwt(makeJwt({ cnf: { jkt: client.jkt }, exp: 4102444800 })),
    '',
    '204 token_sender_constrained',
  ],
  'a bound token whose JWT says so, without a proof, which the gateway that asks has to check': [
    jwt(makeJwt({ cnf: { jkt: client.jkt }, exp: 4102444800 })),
    VERIFY,
    '200 ',
  ],
  'a bound token whose JWT does not say so: the gateway that asks would take it from anybody': [
    json({ active: true, cnf: { jkt: client.jkt }, phantom_token: JWT }),
    VERIFY,
    '204 token_sender_constrained',
  ],
  'an unbound token where bound ones are required': [
    jwt(JWT),
    'set $phantom_token_sender_constraint require;',
    '204 token_not_sender_constrained',
  ],
};

for (const [sentence, [answer, settings, expected]] of Object.entries(BOUND)) {
  gatewayTest(
    `${sentence}: ${expected}, at the miss and at a hit (RFC 7662 §2.2, RFC 8705 §3.2, S124)`,
    { server: withSettings(settings) },
    async (t, g) => {
      g.as.reply(answer);
      for (let i = 0; i < 2; i++) {
        const { status: code } = await post(g, 'token=opaque-1');
        const [, , reason] = /^(\d+) "\w*" "(\w*)"$/.exec((await g.accessLog()).at(-1) ?? '') ?? [];
        t.is(`${code} ${reason}`, expected);
      }
      t.is(g.as.requests.length, 1);
    },
  );
}

// Our own gateway in front of the tier

/** The tier in a server of its own; `/` is protected by a gateway that asks it. */
const inFrontOfTier = (settings: string, tierSettings = '') => ({
  server: (words: ConfigWords) => `
    ${protectedRoot(words, settings)}
    location = /introspect { ${words.introspection} proxy_pass http://${words.otherPort}${ASK}; }`,
  http: (words: ConfigWords) => `
    server {
      listen ${words.otherPort};
      server_name tier.test;
      set $phantom_token_negative_cache_ttl 60;
      ${tier(words, tierSettings)}
      ${introspectionLocation(words)}
    }`,
});

gatewayTest(
  'a gateway in front of a tier in front of the AS: a token is exchanged, kept by both, for no longer at the gateway than at the tier',
  inFrontOfTier(''),
  async (t, g) => {
    g.as.reply(ACTIVE);
    for (let i = 0; i < 2; i++) {
      t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
    }
    t.is(g.upstream.requests.at(-1)?.headers.authorization, `Bearer ${JWT}`);
    t.is(g.as.requests.length, 1);
    t.deepEqual((await g.accessLog()).toSorted(), ['200 "HIT" ""', '200 "MISS" ""', '200 "MISS" ""']);
  },
);

gatewayTest(
  'a gateway that asks the tier for JSON gets the same',
  inFrontOfTier('set $phantom_token_introspection_accept application/json;'),
  async (t, g) => {
    g.as.reply(ACTIVE);
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
    t.is(g.upstream.requests.at(-1)?.headers.authorization, `Bearer ${JWT}`);
  },
);

gatewayTest(
  'through a tier, what the AS says of a token comes to the client as without it: inactive, overloaded, failing',
  inFrontOfTier('set $phantom_token_breaker_failures 0;', 'set $phantom_token_breaker_failures 0;'),
  async (t, g) => {
    const cases: [reply: Reply, status: number, retryAfter: string | undefined][] = [
      [inactive204(), 401, undefined],
      [status(503, { headers: { 'Retry-After': '7' } }), 503, '7'],
      [status(500), 502, undefined],
    ];
    for (const [i, [reply, expected, retryAfter]] of cases.entries()) {
      g.as.reply(reply);
      const answer = await g.send('/', { token: `opaque-${i}` });
      t.is(answer.status, expected);
      t.is(answer.headers['retry-after'], retryAfter);
    }
    t.is(g.upstream.requests.length, 0);
  },
);

gatewayTest(
  'a token with characters that a form has to escape is asked about as it is',
  inFrontOfTier(''),
  async (t, g) => {
    g.as.reply(ACTIVE);
    const token = 'opaque-~._+/a==';
    t.is((await g.send('/', { token })).status, 200);
    t.is(g.as.requests[0]?.form.token, token);
  },
);

gatewayTest(
  'a bound token through a tier: the gateway gets cnf in the JWT, and checks the proof (RFC 9449 §7)',
  inFrontOfTier(`${VERIFY} set $phantom_token_dpop_origin https://api.example.com;`, VERIFY),
  async (t, g) => {
    g.as.reply(jwt(makeJwt({ cnf: { jkt: client.jkt }, exp: 4102444800 })));
    const send = async (path: string) =>
      g.send('/orders', {
        headers: {
          authorization: 'DPoP opaque-1',
          dpop: await client.prove({ token: 'opaque-1', url: `https://api.example.com${path}` }),
        },
      });
    t.is((await send('/orders')).status, 200);
    t.is((await send('/other')).status, 401);
    t.is((await g.send('/orders', { token: 'opaque-1' })).status, 401);
    t.is(g.as.requests.length, 1);
  },
);

// Which of several servers is asked

gatewayTest(
  '$phantom_token_hash is set before a question is sent, to an internal location or a URL: 43 characters, the same for a token again, another for another, and empty where nothing is asked',
  {
    server: (words) =>
      protectedRoot(words, 'set $phantom_token_cache_ttl 1;') +
      `location = /introspect {
        ${words.introspection}
        proxy_set_header X-Hash $phantom_token_hash;
        proxy_pass ${words.introspectionUrl};
      }
      location /url {
        set $phantom_token on;
        set $phantom_token_introspection_endpoint ${words.introspectionUrl};
        set $phantom_token_cache_ttl 0;
        set $phantom_token_client_id gateway-client;
        set $phantom_token_client_secret gateway-secret;
        add_header X-Hash $phantom_token_hash always;
        ${words.protect}
        proxy_pass ${words.upstreamUrl};
      }`,
  },
  async (t, g) => {
    g.as.reply(jwt(JWT, { cacheControl: 'no-store' }));
    for (const token of ['opaque-1', 'opaque-1', 'opaque-2']) {
      t.is((await g.send('/', { token })).status, 200);
    }
    const [first, second, third] = g.as.requests.map(({ headers }) => headers['x-hash']);
    t.regex(String(first), /^[\w-]{43}$/);
    t.is(second, first);
    t.not(third, first);
    if (canFetch(g.setup)) {
      t.regex(String((await g.send('/url', { token: 'opaque-1' })).headers['x-hash']), /^[\w-]{43}$/);
    }
    t.is((await g.send('/url')).headers['x-hash'], undefined);
  },
);

gatewayTest(
  'gateways of one $phantom_token_partition hash a token alike, whatever their own names and ports, and an upstream sends it to one server',
  {
    server: (words) =>
      protectedRoot(words, 'set $phantom_token_partition fleet; set $phantom_token_cache_ttl 0;') +
      tierLocation(words),
    http: (words) => `
      upstream tier { hash $phantom_token_hash consistent; server ${words.introspectionUrl.replace(/^http:..|.introspect$/g, '')}; server ${words.refusedUrl.replace('http://', '')} down; }
      server {
        listen ${words.otherPort};
        server_name other.test;
        ${words.mode === 'auth_request' ? `include ${words.snippets}/auth_request/server.conf;` : ''}
        ${protectedRoot(words, 'set $phantom_token_partition fleet; set $phantom_token_cache_ttl 0;')}
        ${tierLocation(words)}
      }`,
  },
  async (t, g) => {
    g.as.reply(ACTIVE);
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
    t.is((await g.send('/', { token: 'opaque-1', url: `http://${g.words.otherPort}` })).status, 200);
    const [first, second] = g.as.requests.map(({ headers }) => headers['x-hash']);
    t.regex(String(first), /^[\w-]{43}$/);
    t.is(second, first);
  },
);

function tierLocation(words: ConfigWords): string {
  return `location = /introspect {
    ${words.introspection}
    proxy_set_header X-Hash $phantom_token_hash;
    proxy_pass http://tier/introspect;
  }`;
}
