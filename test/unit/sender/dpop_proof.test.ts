import { createHash, createPrivateKey, createPublicKey, randomBytes, verify } from 'node:crypto';
import test from 'ava';
import {
  checkProof,
  type DpopProof,
  type ProvenRequest,
  proofName,
  readProof,
  usableMs,
} from '../../../src/core/sender/dpop_proof.js';
import { newDpopClient } from '../../support/dpop.js';

const client = await newDpopClient();
const other = await newDpopClient();
const TOKEN = 'token-1';
const ORIGIN = 'https://api.example.com';
const PATH = '/orders';
const URL = ORIGIN + PATH;
const NOW_SEC = 1_800_000_000;
const TIMES = { maxAgeSec: 60, clockSkewSec: 60 };
const REQUEST: ProvenRequest = {
  method: 'GET',
  origin: ORIGIN,
  requestUri: PATH,
  token: TOKEN,
  jkt: client.jkt,
};

/** What becomes of a proof, but for its signature and its use: '' when it is good. */
function meaningOf(text: string, request = REQUEST, times = TIMES): string {
  const proof = readProof(text);
  return proof.kind === 'refused_proof' ? proof.reason : (checkProof(proof, request, times, NOW_SEC) ?? '');
}

const prove = (claims = {}, header = {}, by = client) =>
  by.prove({ token: TOKEN, url: URL }, { iat: NOW_SEC, ...claims }, header);

test('a proof that is made for the request is good, and its key is known by its thumbprint (RFC 9449 §4.3, RFC 7638)', async (t) => {
  const text = await prove();
  t.is(meaningOf(text), '');
  const proof = readProof(text) as DpopProof;
  t.is(proof.jkt, client.jkt);
  t.like(proof.jws, { kind: 'jws', kid: '', input: text.slice(0, text.lastIndexOf('.')) });
  t.is(proof.nonce, '');
});

for (const alg of ['ES256', 'ES384', 'RS256', 'PS256']) {
  test(`${alg} is an algorithm of proofs`, async (t) => {
    const signer = await newDpopClient(alg);
    t.is(meaningOf(await prove({}, {}, signer), { ...REQUEST, jkt: signer.jkt }), '');
  });
}

for (const alg of ['ES512', 'RS384', 'RS512', 'PS384', 'PS512']) {
  test(`${alg} is none: the challenge does not name it`, async (t) => {
    const signer = await newDpopClient(alg);
    t.is(meaningOf(await prove({}, {}, signer)), 'dpop_algorithm_unsupported');
  });
}

const CLAIMS: [sentence: string, claims: Record<string, unknown>, reason: string][] = [
  ['3: jti is missing', { jti: undefined }, 'dpop_proof_malformed'],
  ['3: jti is empty', { jti: '' }, 'dpop_proof_malformed'],
  ['3: jti is a number', { jti: 7 }, 'dpop_proof_malformed'],
  ['3: jti has 10 kB', { jti: 'a'.repeat(10_240) }, 'dpop_proof_malformed'],
  ['3: htm is missing', { htm: undefined }, 'dpop_proof_malformed'],
  ['3: htu is missing', { htu: undefined }, 'dpop_proof_malformed'],
  ['3: htu is a list', { htu: [URL] }, 'dpop_proof_malformed'],
  ['3: iat is missing', { iat: undefined }, 'dpop_proof_malformed'],
  ['3: iat is a text', { iat: String(NOW_SEC) }, 'dpop_proof_malformed'],
  ['3: iat has a fraction', { iat: NOW_SEC + 0.5 }, 'dpop_proof_malformed'],
  ['3: ath is missing', { ath: undefined }, 'dpop_proof_malformed'],
  ['3: nonce is a number', { nonce: 7 }, 'dpop_proof_malformed'],
  ['8: another method', { htm: 'PUT' }, 'dpop_method_mismatch'],
  ['8: the method in lower case (RFC 9110 §9.1)', { htm: 'get' }, 'dpop_method_mismatch'],
  ['9: another URL', { htu: 'https://api.example.com/other' }, 'dpop_uri_mismatch'],
  ['9: another host', { htu: 'https://other.example.com/orders' }, 'dpop_uri_mismatch'],
  ['9: http for https', { htu: 'http://api.example.com/orders' }, 'dpop_uri_mismatch'],
  ['9: no URL', { htu: '/orders' }, 'dpop_uri_mismatch'],
  ['9: query and fragment do not count', { htu: `${URL}?a=b#c` }, ''],
  ['9: another spelling of the same URL', { htu: 'HTTPS://API.example.com:443/%6frders' }, ''],
  ['11: an hour old', { iat: NOW_SEC - 3600 }, 'dpop_time_mismatch'],
  ['11: one second too old', { iat: NOW_SEC - 61 }, 'dpop_time_mismatch'],
  ['11: as old as may be', { iat: NOW_SEC - 60 }, ''],
  ['11: an hour ahead', { iat: NOW_SEC + 3600 }, 'dpop_time_mismatch'],
  ['11: one second too far ahead', { iat: NOW_SEC + 61 }, 'dpop_time_mismatch'],
  ['11: ten seconds ahead, as clocks are (FAPI 2.0)', { iat: NOW_SEC + 10 }, ''],
  ['12: the hash of another token', { ath: hashOf('token-2') }, 'dpop_token_mismatch'],
  ['unknown claims are ignored', { iss: 'somebody', more: [1] }, ''],
];

for (const [sentence, claims, reason] of CLAIMS) {
  test(`check ${sentence}: ${reason || 'good'} (RFC 9449 §4.3, S124)`, async (t) => {
    t.is(meaningOf(await prove(claims)), reason);
  });
}

const LARGE_JWK = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`m${i}`, 'x']));
/** The client's key with so many members. */
function withMembers(count: number): Record<string, unknown> {
  const further = Object.entries(LARGE_JWK).slice(0, count - Object.keys(client.publicJwk).length);
  return { ...client.publicJwk, ...Object.fromEntries(further) };
}
const HEADERS: [sentence: string, header: Record<string, unknown>, reason: string][] = [
  ['4: no typ', { typ: undefined }, 'dpop_type_mismatch'],
  ['4: another typ', { typ: 'JWT' }, 'dpop_type_mismatch'],
  ['4: typ of an access token', { typ: 'at+jwt' }, 'dpop_type_mismatch'],
  ['7: no jwk', { jwk: undefined }, 'dpop_key_invalid'],
  ['7: the private key', { jwk: client.privateJwk }, 'dpop_key_invalid'],
  ['7: a text as jwk', { jwk: 'key' }, 'dpop_key_invalid'],
  ['7: null as jwk, although typeof says object', { jwk: null }, 'dpop_key_invalid'],
  ['7: a list as jwk', { jwk: [client.publicJwk] }, 'dpop_key_invalid'],
  ['7: 16 members', { jwk: withMembers(16) }, ''],
  ['7: 17 members', { jwk: withMembers(17) }, 'dpop_key_invalid'],
  ['7: 100 further members', { jwk: { ...client.publicJwk, ...LARGE_JWK } }, 'dpop_key_invalid'],
  ['7: a key for another algorithm', { jwk: { ...client.publicJwk, alg: 'ES384' } }, 'dpop_key_invalid'],
  ['7: a key for encryption', { jwk: { ...client.publicJwk, use: 'enc' } }, 'dpop_key_invalid'],
  ['7: a coordinate that is too short', { jwk: { ...client.publicJwk, x: 'AAAA' } }, 'dpop_key_invalid'],
  ['7: a symmetric key', { jwk: { kty: 'oct', k: 'AAAA' } }, 'dpop_key_invalid'],
  [
    '7: a symmetric key under the name of a curve',
    { jwk: { ...client.publicJwk, k: 'AAAA' } },
    'dpop_key_invalid',
  ],
  ['12: the key of another client', { jwk: other.publicJwk }, 'dpop_key_mismatch'],
  [
    'unknown members of header and jwk are ignored',
    { jwk: { ...client.publicJwk, kid: 'k', ext: true }, cty: 'x' },
    '',
  ],
  ['2: an extension that changes what is signed', { crit: ['b64'], b64: true }, 'dpop_proof_malformed'],
];

for (const [sentence, header, reason] of HEADERS) {
  test(`check ${sentence}: ${reason || 'good'} (RFC 9449 §4.2, §4.3, S124)`, async (t) => {
    t.is(meaningOf(await prove({}, header)), reason);
  });
}

/** A proof with a header that no library makes, and a signature that nobody has verified yet. */
async function reheaded(header: Record<string, unknown>, signature?: string): Promise<string> {
  const [, payload = '', ofClient = ''] = (await prove()).split('.');
  const whole = { typ: 'dpop+jwt', alg: 'ES256', jwk: client.publicJwk, ...header };
  const head = Buffer.from(JSON.stringify(whole)).toString('base64url');
  return `${head}.${payload}.${signature ?? ofClient}`;
}

for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']) {
  test(`check 7: a jwk with ${member} alone of a private or a symmetric key is refused: nobody may send one (RFC 9449 §4.2, S124)`, async (t) => {
    t.is(meaningOf(await reheaded({ jwk: { ...client.publicJwk, [member]: 'AAAA' } })), 'dpop_key_invalid');
  });
}

for (const [member, value] of [
  ['crit', ['x']],
  ['b64', true],
] as const) {
  test(`check 2: ${member} alone makes a proof malformed: what it means for the signature nobody here knows (RFC 7515 §4.1.11, RFC 7797 §3)`, async (t) => {
    t.is(meaningOf(await reheaded({ [member]: value })), 'dpop_proof_malformed');
  });
}

/** A proof of so many characters, by blanks in its header and in its claims. */
async function ofLength(length: number): Promise<string> {
  const [header = '', payload = '', signature = ''] = (await prove()).split('.');
  const padded = (part: string, blanks: number) =>
    Buffer.from(Buffer.from(part, 'base64url').toString() + ' '.repeat(blanks)).toString('base64url');
  for (let blanks = 0; blanks < length; blanks++) {
    for (const further of [0, 1, 2]) {
      const text = `${padded(header, blanks)}.${padded(payload, further)}.${signature}`;
      if (text.length === length) return text;
    }
  }
  throw new Error(`no proof has ${length} characters`);
}

test('check 2: a proof may have 4,096 characters and no more, so that a large one costs nothing', async (t) => {
  t.is(readProof(await ofLength(4096)).kind, 'proof');
  t.like(readProof(await ofLength(4097)), { reason: 'dpop_proof_malformed' });
});

const ALGORITHMS: [alg: unknown, signature: string | undefined, reason: string][] = [
  ['none', '', 'dpop_proof_malformed'],
  ['none', undefined, 'dpop_proof_malformed'],
  ['None', undefined, 'dpop_proof_malformed'],
  ['HS256', 'A'.repeat(43), 'dpop_algorithm_unsupported'],
  ['EdDSA', undefined, 'dpop_algorithm_unsupported'],
  ['ES256K', undefined, 'dpop_algorithm_unsupported'],
  [undefined, undefined, 'dpop_proof_malformed'],
  [['ES256'], undefined, 'dpop_proof_malformed'],
  ['ES256 ES384', undefined, 'dpop_algorithm_unsupported'],
];

for (const [alg, signature, reason] of ALGORITHMS) {
  test(`check 5: alg ${JSON.stringify(alg)} with a signature of ${signature?.length ?? 86} characters: ${reason} (RFC 8725 §3.1, S124)`, async (t) => {
    t.is(meaningOf(await reheaded({ alg }, signature)), reason);
  });
}

const RSA_N = Buffer.alloc(256, 0xff).toString('base64url');
const RSA_KEYS: [sentence: string, jwk: Record<string, string>][] = [
  ['exponent 1, with which everybody can sign', { kty: 'RSA', n: RSA_N, e: 'AQ' }],
  ['exponent 2^64', { kty: 'RSA', n: RSA_N, e: 'AQAAAAAAAAAA' }],
  ['1024 bits', { kty: 'RSA', n: RSA_N.slice(0, 171), e: 'AQAB' }],
];

for (const [sentence, jwk] of RSA_KEYS) {
  test(`check 7: an RSA key of ${sentence} is refused before the engine sees it (S124)`, async (t) => {
    const text = await reheaded({ alg: 'RS256', jwk }, 'A'.repeat(342));
    t.is(meaningOf(text), 'dpop_key_invalid');
  });
}

test('check 2: what is no compact JWS is malformed: parts, padding, other characters, DER, a signature cut short (RFC 7515 §3.1)', async (t) => {
  const good = await prove();
  const [header, payload, signature = ''] = good.split('.');
  const der = Buffer.concat([Buffer.from([0x30, 0x44]), randomBytes(68)]).toString('base64url');
  for (const text of [
    '',
    'a.b.c',
    `${header}.${payload}`,
    `${header}.${payload}.`,
    `${good}.`,
    `${good}=`,
    `${good}==`,
    ` ${good}`,
    `${good}, ${good}`,
    `${header}.${payload}.${der}`,
    `${header}.${payload}.${signature.slice(1)}`,
    `${header}.${payload}.${signature}AAAA`,
    `${header}.${payload}.+${signature.slice(1)}`,
    `${good}${'A'.repeat(8192)}`,
  ]) {
    t.is(meaningOf(text), 'dpop_proof_malformed', text.slice(-20));
  }
});

test('check 2: a signature has one spelling: bits that no byte uses are zero', async (t) => {
  const good = await prove();
  const last = good.at(-1) as string;
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const twin = good.slice(0, -1) + alphabet[alphabet.indexOf(last) + 1];
  const bytes = (text: string) => Buffer.from(text.split('.')[2] as string, 'base64url').toString('hex');
  t.is(bytes(twin), bytes(good));
  t.is(meaningOf(twin), 'dpop_proof_malformed');
});

test('check 11: a location with a small skew takes no proof from the future, and none takes more than a minute', async (t) => {
  const ahead = (sec: number, clockSkewSec: number) =>
    prove({ iat: NOW_SEC + sec }).then((text) => meaningOf(text, REQUEST, { maxAgeSec: 60, clockSkewSec }));
  t.is(await ahead(1, 0), 'dpop_time_mismatch');
  t.is(await ahead(0, 0), '');
  t.is(await ahead(61, 3600), 'dpop_time_mismatch');
});

test('proofName: one for each key and jti, whatever the signature, so that the ECDSA twin is a replay (RFC 9449 §11.1, S125)', async (t) => {
  const nameOf = async (jti: string, by = client) =>
    proofName(readProof(await prove({ jti }, {}, by)) as DpopProof);
  t.is(await nameOf('a'), await nameOf('a'));
  t.not(await nameOf('a'), await nameOf('b'));
  t.not(await nameOf('a'), await nameOf('a', other));
  t.regex(await nameOf('a'), /^[\w-]{43}$/);
});

test('usableMs: a proof is known as used for longer than it could be used again (S125)', async (t) => {
  const usable = async (iat: number) =>
    usableMs(readProof(await prove({ iat })) as DpopProof, 60, 1000 * NOW_SEC);
  t.is(await usable(NOW_SEC), 71_000);
  t.is(await usable(NOW_SEC + 60), 131_000);
  t.is(await usable(NOW_SEC - 60), 11_000);
});

/** The proofs of RFC 9449, §4.1 and §7.1; the token is that of §7.1. */
const RFC_JWK =
  '{"typ":"dpop+jwt","alg":"ES256","jwk":{"kty":"EC","x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs","y":"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA","crv":"P-256"}}';
const RFC_TOKEN = 'Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU';
const RFC_PROOF =
  'eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA';

test('the example of RFC 9449 §7.1 is good for its own request at its own time, and its signature verifies', (t) => {
  const proof = readProof(RFC_PROOF);
  t.is(Buffer.from(RFC_PROOF.split('.')[0] as string, 'base64url').toString(), RFC_JWK);
  if (proof.kind !== 'proof') return t.fail(proof.reason);
  t.is(proof.jkt, '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I'); // RFC 9449 §6.1
  const request = {
    method: 'GET',
    origin: 'https://resource.example.org',
    requestUri: '/protectedresource',
    token: RFC_TOKEN,
    jkt: proof.jkt,
  };
  t.is(checkProof(proof, request, TIMES, 1_562_262_618), undefined);
  const key = createPublicKey({ key: JSON.parse(RFC_JWK).jwk, format: 'jwk' });
  const options = { key, dsaEncoding: 'ieee-p1363' } as const;
  t.true(verify('sha256', Buffer.from(proof.jws.input), options, proof.jws.signature));
});

test('10,000 mutations of a good proof: none passes all checks with a signature that verifies (S124)', async (t) => {
  const seed = randomBytes(4).readUInt32LE();
  t.log(`seed ${seed}`);
  const random = randomOf(seed);
  const good = await prove();
  const key = createPublicKey(createPrivateKey({ key: client.privateJwk as never, format: 'jwk' }));
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=';
  const isTaken = (text: string) => {
    const proof = readProof(text);
    return (
      proof.kind === 'proof' &&
      checkProof(proof, REQUEST, TIMES, NOW_SEC) === undefined &&
      verify('sha256', Buffer.from(proof.jws.input), { key, dsaEncoding: 'ieee-p1363' }, proof.jws.signature)
    );
  };
  t.true(isTaken(good));
  for (let i = 0; i < 10_000; i++) {
    const at = random(good.length);
    const character = alphabet[random(alphabet.length)] as string;
    const mutations = [
      good.slice(0, at) + character + good.slice(at + 1),
      good.slice(0, at) + character + good.slice(at),
      good.slice(0, at) + good.slice(at + 1 + random(4)),
    ];
    const mutated = mutations[random(mutations.length)] as string;
    if (mutated !== good) t.false(isTaken(mutated), mutated);
  }
});

/** mulberry32: the same numbers for the same seed. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}
