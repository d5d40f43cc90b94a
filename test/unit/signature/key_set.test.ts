import { generateKeyPairSync } from 'node:crypto';
import test from 'ava';
import {
  chooseKeys,
  formatKeySet,
  isFreshKeySet,
  isUsedWhileFetched,
  parseKeptKeySet,
  parseKeySet,
  readPublicKeys,
} from '../../../src/core/signature/key_set.js';
import type { PublicKey } from '../../../src/core/signature/public_key.js';

const { kty, crv, x, y } = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({
  format: 'jwk',
});
const EC = { kty, crv, x, y };
const RSA = { kty: 'RSA', n: Buffer.alloc(256, 0xff).toString('base64url'), e: 'AQAB' };

function setOf(...keys: unknown[]): string {
  return JSON.stringify({ keys });
}

/** The keys of a good set. */
function keysIn(text: string): readonly PublicKey[] {
  const keys = parseKeySet(text);
  if (typeof keys === 'string') throw new Error(keys);
  return keys;
}

test('parseKeySet: gives the keys of a set in its order (RFC 7517 §5)', (t) => {
  t.deepEqual<unknown, unknown>(parseKeySet(setOf({ ...RSA, kid: 'a' }, { ...EC, kid: 'b' })), [
    { ...RSA, kid: 'a' },
    { ...EC, kid: 'b' },
  ]);
});

test('parseKeySet: other members of a set are ignored (RFC 7517 §5)', (t) => {
  t.deepEqual<unknown, unknown>(parseKeySet(JSON.stringify({ issuer: 'https://as', keys: [EC] })), [EC]);
});

test('parseKeySet: leaves out keys that cannot verify, and takes the others (RFC 7517 §5)', (t) => {
  const others = [
    { kty: 'oct', k: 'c2VjcmV0' },
    { kty: 'OKP', crv: 'Ed25519', x: EC.x },
    { ...RSA, use: 'enc' },
    { ...EC, x: 'AA' },
    { ...EC, kid: 1 },
    null,
    'key',
    7,
    [],
    [EC],
  ];
  t.deepEqual<unknown, unknown>(parseKeySet(setOf(...others, EC, ...others)), [EC]);
});

test('parseKeySet: no private member is kept, should a server publish one (RFC 7517 §9.2)', (t) => {
  t.deepEqual<unknown, unknown>(parseKeySet(setOf({ ...EC, d: 'c2VjcmV0' })), [EC]);
});

test('parseKeySet: a key that stands twice is kept twice, and does no harm', (t) => {
  t.is(keysIn(setOf(EC, EC)).length, 2);
});

const NO_SET = 'no JWK Set (RFC 7517 §5)';
const NO_KEY = 'no RSA or EC key that verifies signatures';

const BAD: [sentence: string, text: string, problem: string][] = [
  ['nothing', '', NO_SET],
  ['no JSON', '<html>secret</html>', NO_SET],
  ['JSON that was cut', setOf(EC).slice(0, -1), NO_SET],
  ['a list without its object', JSON.stringify([EC]), NO_SET],
  ['a key without its set', JSON.stringify(EC), NO_SET],
  ['null', 'null', NO_SET],
  ['keys that are an object', '{"keys":{}}', NO_SET],
  ['keys that are a text', '{"keys":"secret"}', NO_SET],
  ['keys that only __proto__ has', `{"__proto__":${setOf(EC)}}`, NO_SET],
  ['no key', setOf(), NO_KEY],
  ['oct alone (RFC 8725 §2.1)', setOf({ kty: 'oct', k: 'c2VjcmV0' }), NO_KEY],
  ['keys for encryption alone', setOf({ ...RSA, use: 'enc' }), NO_KEY],
  ['101 keys', setOf(...Array<unknown>(101).fill(EC)), 'more than 100 keys'],
  ['1,000 keys', setOf(...Array<unknown>(1000).fill({ kty: 'EC' })), 'more than 100 keys'],
  ['1 MB', `${setOf(EC)}${' '.repeat(1048576)}`, 'longer than 131072 characters'],
  ['1 MB in one key', setOf({ ...EC, x5c: ['a'.repeat(1048576)] }), 'longer than 131072 characters'],
];

for (const [sentence, text, problem] of BAD) {
  test(`parseKeySet: refuses ${sentence}, in words that repeat nothing of it (S108)`, (t) =>
    t.is(parseKeySet(text), problem));
}

test('parseKeySet: 100 keys and 131072 characters are taken', (t) => {
  t.is(keysIn(setOf(...Array<unknown>(100).fill(EC))).length, 100);
  t.is(keysIn(setOf(EC).padEnd(131072)).length, 1);
});

test('readPublicKeys: is empty for no key', (t) => {
  t.deepEqual(readPublicKeys([]), []);
});

const KEYS = keysIn(
  setOf(
    { ...EC, kid: 'one' },
    { ...RSA, kid: 'two' },
    { ...RSA, kid: 'two', e: 'Aw' },
    { ...RSA, kid: 'ps', alg: 'PS256' },
    { ...EC, kid: '' },
    { ...EC },
  ),
);

const CHOICES: [
  sentence: string,
  kid: string,
  alg: 'ES256' | 'RS256' | 'PS256' | 'ES384',
  chosen: number[],
][] = [
  ['the one with the kid', 'one', 'ES256', [0]],
  ['both with a kid that two keys have', 'two', 'RS256', [1, 2]],
  ['none for a kid that no key has', 'three', 'ES256', []],
  ['none for the kid of a key of another type (RFC 8725 §3.1)', 'one', 'RS256', []],
  ['none for the kid of a key on another curve (RFC 8725 §3.1)', 'one', 'ES384', []],
  ['none for the kid of a key with another alg (RFC 8725 §3.1)', 'ps', 'RS256', []],
  ['the one with the kid and the alg', 'ps', 'PS256', [3]],
  ['each that fits, where the JWT names none: for ES256', '', 'ES256', [0, 4, 5]],
  ['each that fits, where the JWT names none: not one with another alg', '', 'RS256', [1, 2]],
  ['each that fits, where the JWT names none: also one with that alg', '', 'PS256', [1, 2, 3]],
  ['none for a kid that is a member of every object', '__proto__', 'ES256', []],
  ['none for a kid that is a path (RFC 8725 §2.9)', '../../dev/null', 'ES256', []],
];

for (const [sentence, kid, alg, chosen] of CHOICES) {
  test(`chooseKeys: ${sentence}`, (t) => {
    t.deepEqual(
      chooseKeys(KEYS, kid, alg),
      chosen.map((i) => KEYS[i] as PublicKey),
    );
  });
}

test('chooseKeys: at most four keys are tried, whether they have no kid or the same: a set cannot multiply what a JWT costs', (t) => {
  const keys = keysIn(setOf(...Array.from({ length: 100 }, () => ({ ...EC, kid: 'same' }))));
  t.is(chooseKeys(keys, '', 'ES256').length, 4);
  t.is(chooseKeys(keys, 'same', 'ES256').length, 4);
});

test('formatKeySet, parseKeptKeySet: a set comes back as it was', (t) => {
  const kept = formatKeySet(KEYS, 1_700_000_000);
  t.true(kept.startsWith('1700000000['));
  t.deepEqual(parseKeptKeySet(kept), { fetchedAtSec: 1_700_000_000, keys: KEYS });
  t.deepEqual(parseKeptKeySet(formatKeySet(KEYS, 7)).fetchedAtSec, 7);
});

const AGES: [sentence: string, ageSec: number, isFresh: boolean][] = [
  ['at once', 0, true],
  ['299 seconds later', 299, true],
  ['300 seconds later: a removed key verifies nothing after the next fetch', 300, false],
  ['a day later', 86400, false],
  ['before it was fetched: the clock was set back', -1, false],
];

for (const [sentence, ageSec, isFresh] of AGES) {
  test(`isFreshKeySet: ${isFresh}: ${sentence}`, (t) => {
    t.is(isFreshKeySet({ fetchedAtSec: 1_700_000_000, keys: KEYS }, 1_700_000_000 + ageSec), isFresh);
  });
}

for (const [ageSec, isUsed] of [
  [-1, false],
  [0, true],
  [300, true],
  [359, true],
  [360, false],
  [86_400, false],
] as const) {
  test(`isUsedWhileFetched: a set of ${ageSec} seconds ${isUsed ? 'is used' : 'is not used'} while another request fetches the next one: a minute longer than it is fresh, and never one from the future (S78)`, (t) =>
    t.is(isUsedWhileFetched({ fetchedAtSec: 1_700_000_000, keys: [] }, 1_700_000_000 + ageSec), isUsed));
}
