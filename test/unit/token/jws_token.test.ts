import test from 'ava';
import { isJwsShaped, signedPartOf } from '../../../src/core/token/jws_token.js';

function encode(text: string): string {
  return Buffer.from(text).toString('base64url');
}

const JOSE_HEADER = encode('{"alg":"RS256"}');

const SHAPES: [sentence: string, token: string, isJws: boolean][] = [
  ['a signed JWT', `${JOSE_HEADER}.e30.c2ln`, true],
  ['a signed JWT whose signature was cut: it is no opaque token either', `${JOSE_HEADER}.e30.`, true],
  ['an unsigned JWT (RFC 8725 §2.1)', `${encode('{"alg":"none"}')}.e30.`, true],
  ['an alg that is no text', `${encode('{"alg":null}')}.e30.c2ln`, true],
  ['an opaque token', 'b5f3c1f4-2c3a-4a57-9d55-000000000000', false],
  ['an opaque token with two dots', 'ory_at_abc.def.ghi', false],
  ['an opaque token with one dot', 'ory_at_abc.def', false],
  ['three parts without a header', '..', false],
  ['three parts whose first is JSON without alg', `${encode('{"typ":"JWT"}')}.e30.c2ln`, false],
  ['three parts whose first is a list', `${encode('[1]')}.e30.c2ln`, false],
  ['three parts whose first is a text', `${encode('"alg"')}.e30.c2ln`, false],
  ['three parts whose first is null', `${encode('null')}.e30.c2ln`, false],
  [
    'an encrypted JWT, which only its server reads',
    `${encode('{"alg":"dir","enc":"A256GCM"}')}.a.b.c.d`,
    false,
  ],
  ['four parts', `${JOSE_HEADER}.e30.c2ln.x`, false],
  ['two parts', `${JOSE_HEADER}.e30`, false],
  ['nothing', '', false],
];

for (const [sentence, token, isJws] of SHAPES) {
  test(`isJwsShaped: ${isJws ? 'verified here' : 'introspected as ever'}: ${sentence} (RFC 7515 §3.1)`, (t) =>
    t.is(isJwsShaped(token), isJws));
}

test('signedPartOf: a JWS without its signature, which can be spelt in more than one way; any other token as it is (S62)', (t) => {
  t.is(signedPartOf(`${JOSE_HEADER}.e30.c2ln`), `${JOSE_HEADER}.e30`);
  t.is(signedPartOf(`${JOSE_HEADER}.e30.b3RoZXI`), `${JOSE_HEADER}.e30`);
  for (const token of ['opaque-1', 'ory_at_abc.def.ghi', 'tenant.user.secret', ''])
    t.is(signedPartOf(token), token);
});

test('isJwsShaped: a header with a character outside base64url is none, because engines decode it in several ways', (t) => {
  for (const character of ['+', '/', '=', '~', '\n', 'é']) {
    t.false(isJwsShaped(`${JOSE_HEADER}${character}.e30.c2ln`), character);
    t.false(isJwsShaped(`${JOSE_HEADER.slice(0, 4)}${character}${JOSE_HEADER.slice(4)}.e30.c2ln`), character);
  }
});
