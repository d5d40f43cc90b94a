import test from 'ava';
import { jwsInput } from '../../../src/core/signature/jws_input.js';

function decoded(input: string): unknown[] {
  return input.split('.').map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()) as unknown);
}

test('jwsInput: header and claims in base64url, with a dot between (RFC 7515 §5.1)', (t) => {
  t.is(jwsInput({ alg: 'ES256' }, { sub: 'a' }), 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0');
});

test('jwsInput: text outside ASCII comes back as it was, and the alphabet is that of base64url (RFC 7515 §2)', (t) => {
  const claims = { sub: 'é😀 "\\\n', name: '>>>???' };
  const input = jwsInput({ alg: 'ES256' }, claims);
  t.regex(input, /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/);
  t.deepEqual(decoded(input), [{ alg: 'ES256' }, claims]);
});

test('jwsInput: what is undefined is left out, so that no claim is null', (t) => {
  t.deepEqual(decoded(jwsInput({ alg: 'ES256', kid: undefined }, { sub: 'a', acr: undefined })), [
    { alg: 'ES256' },
    { sub: 'a' },
  ]);
});
