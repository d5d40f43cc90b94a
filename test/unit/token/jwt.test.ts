import test from 'ava';
import { explainBadJwt, isIntrospectionResponse, type Jwt, parseJwt } from '../../../src/core/token/jwt.js';

function base64url(text: string): string {
  return Buffer.from(text).toString('base64url');
}

function jwtOf(header: object, payload: object, signature: string): string {
  return `${base64url(JSON.stringify(header))}.${base64url(JSON.stringify(payload))}.${signature}`;
}

/** Base64url of so many bytes, without padding (RFC 7515 §2). */
function signatureOf(bytes: number): string {
  return Buffer.alloc(bytes, 0xa5).toString('base64url');
}

const UNKNOWN_ALG = { alg: 'X' };
/** Of an unknown algorithm any base64url will do. */
const SIGNATURE = 'c2ln';

test('parseJwt: accepts the JWT from which the refused texts below are made', (t) => {
  t.not(parseJwt(jwtOf(UNKNOWN_ALG, {}, SIGNATURE)), undefined);
  t.not(parseJwt(`${base64url('{"alg":"X"}')}.${base64url('{"sub":"abc"}')}.${SIGNATURE}`), undefined);
});

test('parseJwt: gives the text, the header and the payload (RFC 7519 §3, RFC 7515 §3.1)', (t) => {
  const text = jwtOf({ alg: 'ES256', kid: 'k' }, { sub: 'é' }, signatureOf(64));
  t.deepEqual(parseJwt(text), { text, header: { alg: 'ES256', kid: 'k' }, payload: { sub: 'é' } });
});

const NO_JWTS: [sentence: string, text: string][] = [
  ['an empty text', ''],
  ['two dots alone', '..'],
  ['one part', 'e30'],
  ['one part that is a header, and a character more', `${base64url('{"alg":"X"}')}A`],
  ['two parts', jwtOf(UNKNOWN_ALG, {}, SIGNATURE).replace(/\.[^.]*$/, '')],
  ['an empty header', `.${base64url('{}')}.${SIGNATURE}`],
  ['an empty payload', `${base64url('{"alg":"X"}')}..${SIGNATURE}`],
  ['an empty signature (RFC 7519 §6.1: an unsecured JWT, S53)', jwtOf(UNKNOWN_ALG, {}, '')],
  ['four parts', `${jwtOf(UNKNOWN_ALG, {}, SIGNATURE)}.${SIGNATURE}`],
  ['five parts, a JWE (RFC 7516 §3.1)', `${jwtOf(UNKNOWN_ALG, {}, SIGNATURE)}.${SIGNATURE}.${SIGNATURE}`],
  ['white space before it', ` ${jwtOf(UNKNOWN_ALG, {}, SIGNATURE)}`],
  ['white space behind it', `${jwtOf(UNKNOWN_ALG, {}, SIGNATURE)} `],
  ['a line feed behind it, which $ must not overlook (S103)', `${jwtOf(UNKNOWN_ALG, {}, SIGNATURE)}\n`],
  ['a header behind a line break (S103)', `${jwtOf(UNKNOWN_ALG, {}, SIGNATURE)}\r\nX-Admin: 1`],
  ['padding (RFC 7515 §2)', `${jwtOf(UNKNOWN_ALG, {}, SIGNATURE)}=`],
  ['a header that is no base64url of JSON', `${base64url('alg')}.${base64url('{}')}.${SIGNATURE}`],
  ['a header that is a list', `${base64url('["alg"]')}.${base64url('{}')}.${SIGNATURE}`],
  ['a header that is null', `${base64url('null')}.${base64url('{}')}.${SIGNATURE}`],
  ['a payload that is no JSON', `${base64url('{"alg":"X"}')}.${base64url('{')}.${SIGNATURE}`],
  ['a payload that is a list', `${base64url('{"alg":"X"}')}.${base64url('[]')}.${SIGNATURE}`],
  ['a payload that is a string', `${base64url('{"alg":"X"}')}.${base64url('"a"')}.${SIGNATURE}`],
  [
    'a payload that was cut',
    `${base64url('{"alg":"X"}')}.${base64url('{"sub":"abc"}').slice(0, -4)}.${SIGNATURE}`,
  ],
];

for (const [sentence, text] of NO_JWTS) {
  test(`parseJwt: refuses ${sentence}`, (t) => t.is(parseJwt(text), undefined));
}

test('parseJwt: of all UTF-16 code units a JWT holds only base64url and two dots (RFC 7515 §2, S103)', (t) => {
  const units = Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code));
  const accepted = units.filter((unit) => parseJwt(jwtOf(UNKNOWN_ALG, {}, `a${unit}b`)) !== undefined);
  const allowed = units.filter((unit) => /[A-Za-z0-9_-]/.test(unit));
  t.is(allowed.length, 64);
  t.deepEqual(accepted, allowed);
});

for (const [name, part] of [
  ['header', 0],
  ['payload', 1],
] as const) {
  test(`parseJwt: the alphabet holds in the ${name}, too, which a lenient decoder would not see (S103)`, (t) => {
    for (const unit of ['\r', '\n', ' ', '"', '+', '/', '=', '\u0000', '\uFFFD']) {
      const parts = jwtOf(UNKNOWN_ALG, {}, SIGNATURE).split('.');
      parts[part] += unit;
      t.is(parseJwt(parts.join('.')), undefined, JSON.stringify(unit));
    }
  });
}

const ALGS: [sentence: string, alg: unknown, isAccepted: boolean][] = [
  ['none is refused (RFC 8725 §3.1, S53)', 'none', false],
  ['None is refused, too (S53)', 'None', false],
  ['nOnE is refused, too (S53)', 'nOnE', false],
  ['NONE is refused, too (S53)', 'NONE', false],
  ['an absent algorithm is refused (RFC 7515 §4.1.1)', undefined, false],
  ['null is no algorithm', null, false],
  ['a number is no algorithm', 1, false],
  ['a list is no algorithm', ['ES256'], false],
  ['an object is no algorithm', {}, false],
  ['an unknown algorithm is left to the upstream', 'XY999', true],
  ['a name that contains none is another algorithm', 'none2', true],
];

for (const [sentence, alg, isAccepted] of ALGS) {
  test(`parseJwt: alg: ${sentence}`, (t) =>
    t.is(parseJwt(jwtOf({ alg }, {}, signatureOf(64))) !== undefined, isAccepted));
}

const SIGNATURE_BYTES: [alg: string, bytes: number, source: string][] = [
  ['HS256', 32, 'RFC 7518 §3.2'],
  ['HS384', 48, 'RFC 7518 §3.2'],
  ['HS512', 64, 'RFC 7518 §3.2'],
  ['ES256', 64, 'RFC 7518 §3.4'],
  ['ES384', 96, 'RFC 7518 §3.4'],
  ['ES512', 132, 'RFC 7518 §3.4'],
  ['ES256K', 64, 'RFC 8812 §3.2'],
  ['Ed25519', 64, 'RFC 9864 §2.2'],
  ['Ed448', 114, 'RFC 9864 §2.2'],
  ['EdDSA', 64, 'RFC 8037 §3.1, Ed25519'],
  ['EdDSA', 114, 'RFC 8037 §3.1, Ed448'],
];
for (const alg of ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']) {
  SIGNATURE_BYTES.push([alg, 256, 'RFC 7518 §3.3, 2048 bits']);
  SIGNATURE_BYTES.push([alg, 288, 'RFC 7518 §3.3, 2304 bits']);
  SIGNATURE_BYTES.push([alg, 384, 'RFC 7518 §3.3, 3072 bits']);
  SIGNATURE_BYTES.push([alg, 512, 'RFC 7518 §3.3, 4096 bits']);
}

for (const [alg, bytes, source] of SIGNATURE_BYTES) {
  test(`parseJwt: a signature of ${alg} has ${bytes} bytes, not one more or less (${source}, S37)`, (t) => {
    const isWhole = (signature: string) => parseJwt(jwtOf({ alg }, {}, signature)) !== undefined;
    t.true(isWhole(signatureOf(bytes)));
    t.false(isWhole(signatureOf(bytes - 1)), 'one byte less');
    t.false(isWhole(signatureOf(bytes + 1)), 'one byte more');
    t.false(isWhole(signatureOf(bytes).slice(0, -1)), 'one character less');
  });
}

const RSA_BYTES: [bytes: number, isAccepted: boolean, why: string][] = [
  [128, false, '1024 bits'],
  [192, false, '1536 bits'],
  [224, false, 'a step below 2048 bits'],
  [255, false, 'a byte below 2048 bits'],
  [256, true, '2048 bits'],
  [272, false, 'half a step above 2048 bits'],
  [288, true, 'a step above 2048 bits'],
  [320, true, '2560 bits'],
  [1024, true, '8192 bits'],
  [2048, true, '16384 bits'],
  [2047, false, 'a byte below 16384 bits'],
];

for (const [bytes, isAccepted, why] of RSA_BYTES) {
  test(`parseJwt: an RSA signature of ${bytes} bytes (${why}) ${isAccepted ? 'is whole' : 'was cut'} (RFC 7518 §3.3, S37)`, (t) =>
    t.is(parseJwt(jwtOf({ alg: 'RS256' }, {}, signatureOf(bytes))) !== undefined, isAccepted));
}

const SIGNATURE_LENGTHS: [length: number, isAccepted: boolean][] = [
  [1, false],
  [2, true],
  [3, true],
  [4, true],
  [5, false],
  [6, true],
  [85, false],
  [86, true],
  [87, true],
  [88, true],
];

for (const [length, isAccepted] of SIGNATURE_LENGTHS) {
  test(`parseJwt: a signature of ${length} characters ${isAccepted ? 'can' : 'cannot'} be base64url, whatever the algorithm (RFC 4648 §5)`, (t) =>
    t.is(parseJwt(jwtOf(UNKNOWN_ALG, {}, 'A'.repeat(length))) !== undefined, isAccepted));
}

test('parseJwt: one character more than whole bytes is refused of a known algorithm, too (RFC 4648 §5, S37)', (t) => {
  t.not(parseJwt(jwtOf({ alg: 'ES384' }, {}, 'A'.repeat(128))), undefined);
  t.is(parseJwt(jwtOf({ alg: 'ES384' }, {}, 'A'.repeat(129))), undefined);
});

test('parseJwt: a signature that was cut anywhere is refused (S37)', (t) => {
  const whole = jwtOf({ alg: 'ES256' }, { sub: 'abc' }, signatureOf(64));
  const accepted = Array.from(whole, (_, length) => length).filter(
    (length) => parseJwt(whole.slice(0, length)) !== undefined,
  );
  t.deepEqual(accepted, []);
  t.not(parseJwt(whole), undefined);
});

const SHAPE = 'not a signed JWT: three base64url parts, with nothing around them';
const PARTS = 'header or payload of the JWT is no JSON object';

function ofSignature(length: number): string {
  return `alg none, or a signature of ${length} characters, which its alg does not make: was it cut?`;
}

const EXPLAINED: [sentence: string, text: string, problem: string][] = [
  ['an empty text', '', SHAPE],
  ['two parts', 'e30.e30', SHAPE],
  ['five parts, a JWE (RFC 7516 §3.1)', 'e30.e30.e30.e30.e30', SHAPE],
  ['a signature that is missing altogether (S37)', jwtOf({ alg: 'ES256' }, {}, ''), SHAPE],
  ['a line break behind it (S103)', `${jwtOf(UNKNOWN_ALG, {}, SIGNATURE)}\n`, SHAPE],
  ['a header that is no JSON', `${base64url('alg')}.${base64url('{}')}.${SIGNATURE}`, PARTS],
  ['a header that is a list', `${base64url('["alg"]')}.${base64url('{}')}.${SIGNATURE}`, PARTS],
  ['a payload that is no JSON', `${base64url('{"alg":"X"}')}.${base64url('{')}.${SIGNATURE}`, PARTS],
  ['a payload that is null', `${base64url('{"alg":"X"}')}.${base64url('null')}.${SIGNATURE}`, PARTS],
  ['alg none (RFC 8725 §3.1, S53)', jwtOf({ alg: 'none' }, {}, signatureOf(64)), ofSignature(86)],
  ['no alg (RFC 7515 §4.1.1)', jwtOf({}, {}, SIGNATURE), ofSignature(4)],
  ['a signature that was cut (S37)', jwtOf({ alg: 'RS256' }, {}, signatureOf(250)), ofSignature(334)],
];

for (const [sentence, text, problem] of EXPLAINED) {
  test(`explainBadJwt: tells the operator of ${sentence}`, (t) => {
    t.is(parseJwt(text), undefined);
    t.is(explainBadJwt(text), problem);
  });
}

test('explainBadJwt: does not repeat the text, which may be a token or a page (S108)', (t) => {
  const texts = [
    'hidden',
    'hidden.hidden.hidden',
    jwtOf({ alg: 'ES256', kid: 'hidden' }, { sub: 'hidden' }, 'hidden'),
    jwtOf({ alg: 'none', kid: 'hidden' }, { sub: 'hidden' }, 'hidden'),
  ];
  for (const text of texts) {
    t.is(parseJwt(text), undefined);
    t.false(explainBadJwt(text).includes('hidden'), explainBadJwt(text));
  }
});

const TYPES: [sentence: string, header: object, payload: object, isResponse: boolean][] = [
  ['typ token-introspection+jwt is one', { typ: 'token-introspection+jwt' }, {}, true],
  ['typ in any case is one (RFC 7515 §4.1.9: a media type)', { typ: 'Token-Introspection+JWT' }, {}, true],
  ['typ with a parameter is one', { typ: 'token-introspection+jwt;v=1' }, {}, true],
  ['typ with white space before a parameter is one', { typ: 'token-introspection+jwt \t; v=1' }, {}, true],
  ['typ with an empty parameter is one', { typ: 'token-introspection+jwt;' }, {}, true],
  ['typ with white space behind it is one', { typ: 'token-introspection+jwt ' }, {}, true],
  [
    'typ with application/ and a parameter is one',
    { typ: 'Application/Token-Introspection+JWT;v=1' },
    {},
    true,
  ],
  [
    'typ with application/ is one (RFC 7515 §4.1.9)',
    { typ: 'application/token-introspection+jwt' },
    {},
    true,
  ],
  [
    'the claim token_introspection makes one, whatever typ says',
    { typ: 'JWT' },
    { token_introspection: { active: true } },
    true,
  ],
  ['the claim makes one without a typ', {}, { token_introspection: {} }, true],
  ['the claim makes one even when it is null', {}, { token_introspection: null }, true],
  ['a JWT without a typ is none', {}, {}, false],
  ['typ JWT is none', { typ: 'JWT' }, {}, false],
  ['typ at+jwt is none (RFC 9068 §2.1)', { typ: 'at+jwt' }, {}, false],
  ['a typ that only contains the name is none', { typ: 'x-token-introspection+jwt' }, {}, false],
  ['a typ that only starts with the name is none', { typ: 'token-introspection+jwt2' }, {}, false],
  ['a typ with another word behind it is none', { typ: 'token-introspection+jwt x' }, {}, false],
  ['a typ of another tree is none', { typ: 'text/token-introspection+jwt' }, {}, false],
  ['a typ whose parameter has the name is none', { typ: 'JWT;token-introspection+jwt' }, {}, false],
  ['a typ whose + is another character is none', { typ: 'token-introspectionnjwt' }, {}, false],
  ['a typ that is no string is none', { typ: ['token-introspection+jwt'] }, {}, false],
];

for (const [sentence, header, payload, isResponse] of TYPES) {
  test(`isIntrospectionResponse: ${sentence} (RFC 9701 §5, S54)`, (t) => {
    const jwt = parseJwt(jwtOf({ alg: 'ES256', ...header }, payload, signatureOf(64)));
    t.is(isIntrospectionResponse(jwt as Jwt), isResponse);
  });
}

test('parseJwt: Ed448 has one length, 114 bytes, and not that of Ed25519 (RFC 8037 §3.1, RFC 9864 §2.2)', (t) => {
  t.not(parseJwt(jwtOf({ alg: 'Ed448' }, {}, signatureOf(114))), undefined);
  t.is(parseJwt(jwtOf({ alg: 'Ed448' }, {}, signatureOf(64))), undefined);
});
