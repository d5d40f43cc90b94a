// What OpenID's conformance suite sends to the resource server of a FAPI 2.0 deployment that uses DPoP, and what it expects:
// its test modules `fapi2-security-profile-final-...`, in its order.
import { base64url, decodeProtectedHeader } from 'jose';
import { newDpopClient } from '../support/dpop.js';
import { type Gateway, gatewayTest } from '../support/gateway.js';
import { makeJwt } from '../support/jwt.js';
import { jwt } from '../support/scripted_server.js';

const ORIGIN = 'https://api.example.com';
const URL = `${ORIGIN}/orders`;
const TOKEN = 'opaque-1';
const SETTINGS = `set $phantom_token_sender_constraint require; set $phantom_token_dpop_origin ${ORIGIN};`;

const client = await newDpopClient();
const other = await newDpopClient();
const BOUND = jwt(makeJwt({ cnf: { jkt: client.jkt }, exp: 4102444800 }));

type Headers = Record<string, string | string[]>;

interface Sent {
  readonly what: string;
  readonly headers: () => Promise<Headers>;
  /** Why it is refused; undefined for what must be accepted. */
  readonly reason?: string;
}

const nowSec = () => Math.floor(Date.now() / 1000);

const prove = (claims = {}, header = {}, by = client) => by.prove({ token: TOKEN, url: URL }, claims, header);

/** With these claims and members of the header in the proof; one that is undefined is left out. */
const proof = (what: string, claims: object | (() => object), reason?: string, header = {}): Sent => ({
  what,
  headers: async () => ({ dpop: await prove(typeof claims === 'function' ? claims() : claims, header) }),
  ...(reason !== undefined && { reason }),
});

/** With a good proof that is changed after it was signed. */
const changed = (what: string, change: (proof: string) => string, reason: string): Sent => ({
  what,
  headers: async () => ({ dpop: change(await prove()) }),
  reason,
});

/** The header of the proof with these members, and the old signature. */
function withHeader(text: string, members: object): string {
  const [, ...rest] = text.split('.');
  return [encode({ ...decodeProtectedHeader(text), ...members }), ...rest].join('.');
}

const encode = (value: object) => base64url.encode(JSON.stringify(value));

function spoilSignature(text: string): string {
  const [head, payload, signature = ''] = text.split('.');
  const bytes = base64url.decode(signature).map((byte) => byte ^ 0x5a);
  return [head, payload, base64url.encode(bytes)].join('.');
}

function unsigned(text: string): string {
  return [encode({ alg: 'none', typ: 'dpop+jwt' }), text.split('.')[1], ''].join('.');
}

const JTI = 'the-same-jti';

const NEGATIVE_TESTS: Sent[] = [
  { what: 'the name of the header in capitals', headers: async () => ({ DPOP: await prove() }) },
  {
    what: 'two DPoP headers',
    headers: async () => ({ dpop: [await prove(), await prove()] }),
    reason: 'dpop_proof_repeated',
  },
  changed('two parts of the three', (text) => text.split('.').slice(0, 2).join('.'), 'dpop_proof_malformed'),
  proof('no typ', {}, 'dpop_type_mismatch', { typ: undefined }),
  changed('no alg', (text) => withHeader(text, { alg: undefined, alg2: 'ES256' }), 'dpop_proof_malformed'),
  proof('no jwk', {}, 'dpop_key_invalid', { jwk: undefined }),
  proof('no jti', { jti: undefined }, 'dpop_proof_malformed'),
  proof('no htm', { htm: undefined }, 'dpop_proof_malformed'),
  proof('no htu', { htu: undefined }, 'dpop_proof_malformed'),
  proof('no iat', { iat: undefined }, 'dpop_proof_malformed'),
  proof('no ath', { ath: undefined }, 'dpop_proof_malformed'),
  proof('another typ that begins alike', {}, 'dpop_type_mismatch', { typ: 'dpop+jwt+more' }),
  changed('alg none, and no signature', unsigned, 'dpop_proof_malformed'),
  changed('an invalid signature', spoilSignature, 'dpop_signature_invalid'),
  proof('a private key in jwk', {}, 'dpop_key_invalid', { jwk: client.privateJwk }),
  proof('htm of another method', { htm: 'PUT' }, 'dpop_method_mismatch'),
  proof('htu with query and fragment', { htu: `${URL}?page=3#end` }),
  proof('htu without the query of the request', { htu: URL }),
  proof('htu of another resource', { htu: `${URL}2` }, 'dpop_uri_mismatch'),
  proof('iat one hour ahead', () => ({ iat: nowSec() + 3600 }), 'dpop_time_mismatch'),
  proof('iat one hour ago', () => ({ iat: nowSec() - 3600 }), 'dpop_time_mismatch'),
  proof('a jti for the first time', { jti: JTI }),
  proof('a jti for the second time', { jti: JTI }, 'dpop_proof_replayed'),
  proof('ath of another token', { ath: base64url.encode(new Uint8Array(32)) }, 'dpop_token_mismatch'),
  {
    what: 'the key of somebody else',
    headers: async () => ({ dpop: await prove({}, {}, other) }),
    reason: 'dpop_key_mismatch',
  },
  proof('further members in header and claims', { tx_id_key: nowSec() }, undefined, { tx_id: nowSec() }),
  proof('htu with scheme and host in capitals', { htu: 'HTTPS://API.EXAMPLE.COM/orders' }),
  proof('htu with the default port of the scheme', { htu: 'https://api.example.com:443/orders' }),
  { what: 'no proof', headers: async () => ({}), reason: 'dpop_proof_missing' },
  {
    what: 'no proof, and the scheme Bearer',
    headers: async () => ({ authorization: `Bearer ${TOKEN}` }),
    reason: 'dpop_scheme_required',
  },
  proof('a good proof after all of these', {}),
];

const OTHER_TESTS: [module: string, sent: Sent][] = [
  [
    'access-token-type-header-case-sensitivity',
    {
      what: 'the scheme in inverted case (RFC 9110 §11.1)',
      headers: async () => ({ authorization: `dpOp ${TOKEN}`, dpop: await prove() }),
    },
  ],
  [
    'check-dpop-proof-nbf-exp',
    proof('nbf and exp in the proof', () => ({ nbf: nowSec(), exp: nowSec() + 300 })),
  ],
  [
    'ensure-dpopproof-with-iat-10seconds-before-succeeds',
    proof('iat ten seconds ago', () => ({ iat: nowSec() - 10 })),
  ],
  [
    'ensure-dpopproof-with-iat-10seconds-after-succeeds',
    proof('iat ten seconds ahead', () => ({ iat: nowSec() + 10 })),
  ],
];

/** Status and reason of each, as `200 ""`. */
async function sendAll(g: Gateway, all: Sent[]): Promise<string[]> {
  g.as.reply(BOUND);
  const got: string[] = [];
  for (const { what, headers } of all) {
    await g.send('/orders?page=2', { headers: { authorization: `DPoP ${TOKEN}`, ...(await headers()) } });
    got.push(`${what}: ${(await g.accessLog()).at(-1)?.replace(/"[A-Z]+" /, '')}`);
  }
  return got;
}

const expected = ({ what, reason = '' }: Sent) => `${what}: ${reason === '' ? 200 : 401} "${reason}"`;

gatewayTest(
  `dpop-negative-tests: ${NEGATIVE_TESTS.length} requests are accepted or refused as the suite expects (RFC 9449 §4.3, §7.1, S124, S125)`,
  { settings: SETTINGS },
  async (t, g) => {
    t.deepEqual(await sendAll(g, NEGATIVE_TESTS), NEGATIVE_TESTS.map(expected));
    t.is(g.as.requests.length, 1);
    t.is(g.upstream.requests.length, NEGATIVE_TESTS.filter(({ reason }) => reason === undefined).length);
  },
);

gatewayTest(
  `${OTHER_TESTS.map(([module]) => module).join(', ')}: accepted`,
  { settings: SETTINGS },
  async (t, g) => {
    const sent = OTHER_TESTS.map(([, request]) => request);
    t.deepEqual(await sendAll(g, sent), sent.map(expected));
  },
);

/** FAPI 2.0 Security Profile §5.4.1 allows PS256, ES256 and EdDSA. RFC 9449 leaves it to the server, and clients have RSA keys. */
gatewayTest(
  'where the gateway differs from the suite: a proof by RS256 is accepted',
  { settings: SETTINGS },
  async (t, g) => {
    const owner = await newDpopClient('RS256');
    g.as.reply(jwt(makeJwt({ cnf: { jkt: owner.jkt }, exp: 4102444800 })));
    const headers = { authorization: `DPoP ${TOKEN}`, dpop: await prove({}, {}, owner) };
    t.is((await g.send('/orders', { headers })).status, 200);
  },
);
