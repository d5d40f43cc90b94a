import test from 'ava';
import { isGoodNonce, nonceAt } from '../../../src/core/sender/nonce.js';

const NOW_SEC = 1_800_000_000;
const SECRET = 'a'.repeat(64);

test('nonces: the current one and the last are good, so that no client is refused at the change (RFC 9449 §8.2)', (t) => {
  const nonce = nonceAt(SECRET, NOW_SEC);
  t.true(isGoodNonce(nonce, SECRET, NOW_SEC));
  t.true(isGoodNonce(nonce, SECRET, NOW_SEC + 120));
  t.false(isGoodNonce(nonce, SECRET, NOW_SEC + 240));
  t.false(isGoodNonce(nonce, SECRET, NOW_SEC - 120));
});

test('nonces: they change, and only who knows the secret can tell the next (RFC 9449 §8)', (t) => {
  t.is(nonceAt(SECRET, NOW_SEC), nonceAt(SECRET, NOW_SEC + 1));
  t.not(nonceAt(SECRET, NOW_SEC), nonceAt(SECRET, NOW_SEC + 120));
  t.not(nonceAt(SECRET, NOW_SEC), nonceAt('b'.repeat(64), NOW_SEC));
  t.regex(nonceAt(SECRET, NOW_SEC), /^[\w-]{43}$/);
  t.false(isGoodNonce('', SECRET, NOW_SEC));
});
