import { createHmac, generateKeyPairSync } from 'node:crypto';
import test from 'ava';
import { type Jws, type RefusedJws, readJws, typeOf } from '../../../src/core/signature/jws.js';
import { parseJwt } from '../../../src/core/token/jwt.js';

const BYTES: Record<string, number> = { RS: 256, PS: 256, ES256: 64, ES384: 96, ES512: 132 };

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** A JWT with this header, whose signature is as long as its alg makes it. */
function jwtWith(header: Record<string, unknown>) {
  const alg = String(header.alg);
  const signature = Buffer.alloc(BYTES[alg] ?? BYTES[alg.slice(0, 2)] ?? 64, 0x5a).toString('base64url');
  return { text: `${encode(header)}.${encode({})}.${signature}`, header, payload: {} };
}

function read(header: Record<string, unknown>): Jws | RefusedJws {
  return readJws(jwtWith(header));
}

for (const alg of ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512']) {
  test(`readJws: ${alg}: gives what was signed, the signature and the kid (RFC 7515 §5.2)`, (t) => {
    const jwt = jwtWith({ alg, kid: 'a' });
    const [header, payload, signature] = jwt.text.split('.');
    t.deepEqual<unknown, unknown>(readJws(jwt), {
      kind: 'jws',
      alg,
      kid: 'a',
      input: `${header}.${payload}`,
      signature: Buffer.from(signature as string, 'base64url'),
    });
    t.not(parseJwt(jwt.text), undefined);
  });
}

test('readJws: a header without kid has none, and it need not be one', (t) => {
  t.like(read({ alg: 'ES256' }), { kind: 'jws', kid: '' });
  t.like(read({ alg: 'ES256', kid: '' }), { kind: 'jws', kid: '' });
});

test('readJws: other members of the header do not count', (t) => {
  t.like(read({ alg: 'ES256', typ: 'JWT', cty: 'a', x5t: 'b', 'x5t#S256': 'c', other: {} }), { kind: 'jws' });
});

const MEMBERS: [member: string, value: unknown, why: string][] = [
  ['crit', ['exp'], 'an extension that has to be understood (RFC 7515 §4.1.11)'],
  ['crit', ['b64'], 'an extension that changes what is signed (RFC 7797 §6)'],
  ['crit', [], 'an empty one is invalid (RFC 7515 §4.1.11)'],
  ['crit', null, 'whatever its type'],
  ['b64', false, 'the payload would not be encoded (RFC 7797 §3)'],
  ['b64', true, 'it needs crit (RFC 7797 §6)'],
  ['jku', 'https://attacker.example.com/jwks', 'the key would come from there (RFC 8725 §2.10, §3.10)'],
  ['jku', '', 'whatever its value (RFC 8725 §3.10)'],
  ['x5u', 'https://attacker.example.com/cert', 'the key would come from there (RFC 8725 §2.10, §3.10)'],
  ['jwk', { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' }, 'the key would come with the JWT (RFC 8725 §3.10)'],
  ['jwk', null, 'whatever its type (RFC 8725 §3.10)'],
];

for (const [member, value, why] of MEMBERS) {
  test(`readJws: refuses ${member} ${JSON.stringify(value)}, by name and without its value: ${why} (S53)`, (t) => {
    t.deepEqual(read({ alg: 'ES256', kid: 'a', [member]: value }), {
      kind: 'refused_jws',
      problem: `the header has ${member}`,
    });
  });
}

const NO_ALG = 'alg is none of RS, PS and ES with 256, 384 or 512';

const ALGORITHMS: [sentence: string, alg: unknown][] = [
  ['no alg', undefined],
  ['none (RFC 8725 §2.1)', 'none'],
  ['NONE (RFC 8725 §2.1)', 'NONE'],
  ['HS256 (RFC 8725 §2.1)', 'HS256'],
  ['HS512 (RFC 8725 §2.1)', 'HS512'],
  ['EdDSA', 'EdDSA'],
  ['ES256K', 'ES256K'],
  ['es256 in lower case', 'es256'],
  ['a list', ['ES256']],
  ['null', null],
  ['RSA-OAEP', 'RSA-OAEP'],
];

for (const [sentence, alg] of ALGORITHMS) {
  test(`readJws: alg ${sentence} is refused before any key is looked at (RFC 8725 §3.1, S53)`, (t) => {
    t.deepEqual(read({ alg, kid: 'a' }), { kind: 'refused_jws', problem: NO_ALG });
  });
}

test('readJws: HS256 with the public key as its secret is refused, though its signature is right (RFC 8725 §2.1, S53)', (t) => {
  const pem = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({
    format: 'pem',
    type: 'spki',
  });
  const input = `${encode({ alg: 'HS256', kid: 'a' })}.${encode({ sub: 'admin' })}`;
  const jwt = parseJwt(`${input}.${createHmac('sha256', pem).update(input).digest('base64url')}`);
  if (jwt === undefined) return t.fail();
  return t.deepEqual(readJws(jwt), { kind: 'refused_jws', problem: NO_ALG });
});

for (const kid of [1, null, true, ['a'], { a: 1 }]) {
  test(`readJws: a kid that is ${JSON.stringify(kid)} is refused: it is compared with texts (RFC 8725 §3.10)`, (t) => {
    t.deepEqual(read({ alg: 'ES256', kid }), { kind: 'refused_jws', problem: 'kid is no string' });
  });
}

const TYPES: [typ: unknown, type: string][] = [
  ['at+jwt', 'at+jwt'],
  ['AT+JWT', 'at+jwt'],
  ['application/at+jwt', 'at+jwt'],
  ['Application/AT+JWT', 'at+jwt'],
  ['JWT', 'jwt'],
  ['application/', ''],
  ['application/application/jwt', 'application/jwt'],
  ['at+jwt; v=1', 'at+jwt; v=1'],
  [' jwt', ' jwt'],
  ['at+application/jwt', 'at+application/jwt'],
  [undefined, ''],
  [null, ''],
  [1, ''],
  [['JWT'], ''],
];

for (const [typ, type] of TYPES) {
  test(`typeOf: ${JSON.stringify(typ) ?? 'no typ'} is "${type}" (RFC 7515 §4.1.9, RFC 8725 §3.11)`, (t) =>
    t.is(typeOf(jwtWith({ alg: 'ES256', typ })), type));
}
