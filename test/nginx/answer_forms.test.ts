// Every form in which authorization servers send the JWT, recognized by the answer itself.
import { type GatewayOptions, gatewayTest } from '../support/gateway.js';
import { makeJwt } from '../support/jwt.js';
import { json, jwt, type MessageAnswer, wrongContentType } from '../support/scripted_server.js';

const JWT = makeJwt({ sub: 'alice', exp: 4102444800 });

interface Form {
  readonly title: string;
  readonly answer: MessageAnswer;
  readonly options?: GatewayOptions;
}

const CLAIMS = {
  active: true,
  scope: 'read',
  aud: 'a',
  iss: 'https://as.test',
  token_type: 'Bearer',
  exp: 4102444800,
};

const FORMS: Form[] = [
  { title: 'the raw JWT (Curity, Accept: application/jwt)', answer: jwt(JWT) },
  {
    title: 'the raw JWT with a charset and a line break',
    answer: jwt(`${JWT}\n`, { contentType: 'Application/JWT; charset=utf-8' }),
  },
  {
    title: 'JSON with phantom_token (Curity, token procedure)',
    answer: json({ ...CLAIMS, phantom_token: JWT }),
  },
  { title: 'JSON with jwt (Keycloak 25)', answer: json({ ...CLAIMS, jwt: JWT }) },
  { title: 'JSON with token_string (WSO2 Identity Server)', answer: json({ ...CLAIMS, token_string: JWT }) },
  {
    title: 'JSON with a member named by the operator',
    answer: json({ ...CLAIMS, 'x.access-token': JWT, jwt: 'something else' }),
    options: { settings: 'set $phantom_token_jwt_field x.access-token;' },
  },
  { title: 'JSON with UTF-8 in other members', answer: json({ ...CLAIMS, name: 'Zoë 🔑', jwt: JWT }) },
];

for (const { title, answer, options } of FORMS) {
  gatewayTest(`${title}: the JWT goes upstream, on the miss and on the hit`, options ?? {}, async (t, g) => {
    g.as.reply(answer);
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
    t.is(g.as.requests.length, 1);
    t.deepEqual(
      g.upstream.requests.map((received) => received.headers.authorization),
      [`Bearer ${JWT}`, `Bearer ${JWT}`],
    );
  });
}

gatewayTest(
  'with a JSON answer the JSON decides, not the JWT in it',
  {
    settings:
      'set $phantom_token_required_scopes read; set $phantom_token_audience a; set $phantom_token_issuer https://as.test;',
  },
  async (t, g) => {
    g.as.reply(json({ ...CLAIMS, jwt: JWT }), json({ ...CLAIMS, scope: 'write', jwt: JWT }));
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
    t.is((await g.send('/', { token: 'opaque-2' })).status, 403);
  },
);

const DENIED: [title: string, answer: MessageAnswer, reason: string][] = [
  ['active false with a JWT', json({ ...CLAIMS, active: false, jwt: JWT }), 'token_inactive'],
  ['exp of the JSON is past (S45)', json({ ...CLAIMS, exp: 1, jwt: JWT }), 'token_expired'],
  ['exp of the JWT is past', json({ ...CLAIMS, jwt: makeJwt({ exp: 1 }) }), 'token_expired'],
  [
    'cnf in the JSON (S14)',
    json({ ...CLAIMS, cnf: { 'x5t#S256': 'x' }, jwt: JWT }),
    'token_sender_constrained',
  ],
  [
    'cnf in the JWT (S14)',
    json({ ...CLAIMS, jwt: makeJwt({ cnf: { jkt: 'x' } }) }),
    'token_sender_constrained',
  ],
  [
    'token_type DPoP (RFC 9449 §7.1)',
    json({ ...CLAIMS, token_type: 'DPoP', jwt: JWT }),
    'token_sender_constrained',
  ],
  [
    'token_type refresh_token (S51)',
    json({ ...CLAIMS, token_type: 'refresh_token', jwt: JWT }),
    'token_type_mismatch',
  ],
  [
    'token_use refresh_token (S51)',
    json({ ...CLAIMS, token_use: 'refresh_token', jwt: JWT }),
    'token_type_mismatch',
  ],
  [
    'token_use id in the raw JWT (S51)',
    jwt(makeJwt({ token_use: 'id', exp: 4102444800 })),
    'token_type_mismatch',
  ],
];

for (const [title, answer, reason] of DENIED) {
  gatewayTest(`${title}: 401 ${reason}`, async (t, g) => {
    g.as.reply(answer);
    t.is((await g.send('/', { token: 'opaque-1' })).status, 401);
    t.is(g.upstream.requests.length, 0);
    t.deepEqual(await g.accessLog(), [`401 "MISS" "${reason}"`]);
  });
}

const REFUSED: [title: string, answer: MessageAnswer, reason: string][] = [
  [
    'an RFC 9701 response',
    wrongContentType('application/token-introspection+jwt', JWT),
    'introspection_response_jwt',
  ],
  [
    'an RFC 9701 response as application/jwt (S54)',
    jwt(makeJwt({ exp: 4102444800 }, { header: { typ: 'token-introspection+jwt' } })),
    'introspection_response_jwt',
  ],
  ['JSON without a JWT (Hydra, ZITADEL)', json(CLAIMS), 'jwt_missing'],
  ['a member that is not a string', json({ ...CLAIMS, jwt: { jwt: JWT } }), 'introspection_malformed'],
  ['a member that is no JWT', json({ ...CLAIMS, jwt: 'opaque' }), 'introspection_malformed'],
  [
    'a member with a line break (S103)',
    json({ ...CLAIMS, jwt: `${JWT}\r\nX-Injected: 1` }),
    'introspection_malformed',
  ],
  ['active in quotes (S27)', json({ ...CLAIMS, active: 'true', jwt: JWT }), 'introspection_malformed'],
  ['active as a number (S27)', json({ ...CLAIMS, active: 1, jwt: JWT }), 'introspection_malformed'],
  ['a scope that is a number', json({ ...CLAIMS, scope: 7, jwt: JWT }), 'introspection_invalid_claim'],
  ['an aud that is an object', json({ ...CLAIMS, aud: {}, jwt: JWT }), 'introspection_invalid_claim'],
  ['an exp in quotes (S47)', json({ ...CLAIMS, exp: '1', jwt: JWT }), 'introspection_invalid_claim'],
  [
    'a JWT over the limit in a member',
    json({ ...CLAIMS, jwt: makeJwt({}, { bytes: 65537 }) }),
    'jwt_too_large',
  ],
  [
    'bytes that are not UTF-8 (S55)',
    wrongContentType('application/json', '{"active":true,"jwt":"\ufffd"}'),
    'introspection_malformed',
  ],
];

for (const [title, answer, reason] of REFUSED) {
  gatewayTest(`${title}: 502 ${reason}, and the log says what arrived`, async (t, g) => {
    g.as.reply(answer);
    t.is((await g.send('/', { token: 'opaque-1' })).status, 502);
    t.is(g.upstream.requests.length, 0);
    t.deepEqual(await g.accessLog(), [`502 "MISS" "${reason}"`]);
    const log = await g.nginx.errorLog();
    t.regex(
      log,
      new RegExp(`phantom_token: ${reason}: .*status=200 content_type=\\S+ bytes=${answer.body.length}`),
    );
  });
}

gatewayTest(
  'the longest JWT is a setting, and the log names it',
  { settings: 'set $phantom_token_max_jwt_length 600;' },
  async (t, g) => {
    g.as.reply(jwt(makeJwt({}, { bytes: 600 })), jwt(makeJwt({}, { bytes: 601 })));
    t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
    t.is((await g.send('/', { token: 'opaque-2' })).status, 502);
    t.regex(await g.nginx.errorLog(), /jwt_too_large: .*raise \$phantom_token_max_jwt_length/);
  },
);
