// Keys: of the authorization server, and of the gateway.
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { anyOf, edited, jsonOf, near } from '../inputs.js';
import { quotes } from '../references.js';
import { corpusOf, firstFalse, target } from '../target.js';

const base64url = (bytes: number, first = 0xc3) =>
  Buffer.concat([Buffer.from([first]), Buffer.alloc(bytes - 1, 0x5b)]).toString('base64url');

/** Of the right length, or nearly. No member is of a key that anybody has. */
const jwk = fc
  .record(
    {
      kty: anyOf('RSA', 'RSA', 'EC', 'EC', 'oct', 'OKP'),
      kid: anyOf('k1', 'k2', 'k3', 'k4', 'x'.repeat(513)),
      use: anyOf('sig', 'sig', 'enc'),
      alg: anyOf('RS256', 'ES256', 'PS512', 'HS256'),
      key_ops: anyOf(['verify'], ['sign'], ['encrypt']),
      d: anyOf('PRIVATE-Member-D1'),
      p: anyOf('PRIVATE-Member-P2'),
      k: anyOf('PRIVATE-Member-K3'),
      oth: anyOf([{}]),
    },
    { requiredKeys: ['kty'] },
  )
  .chain((members) =>
    fc
      .tuple(fc.constant(members), members.kty === 'EC' ? ecMembers : rsaMembers)
      .map(([named, own]) => ({ ...named, ...own })),
  );

const rsaMembers = fc.record({
  n: fc.oneof(
    { weight: 5, arbitrary: fc.constant(base64url(256)) },
    { weight: 1, arbitrary: anyOf(base64url(256, 1), base64url(255), base64url(257, 1), base64url(256, 0)) },
  ),
  e: fc.oneof(
    { weight: 5, arbitrary: fc.constant('AQAB') },
    { weight: 1, arbitrary: anyOf('AQ', 'Ag', 'AAEAAQ', 'Aw') },
  ),
  ...Object.fromEntries(
    ['q', 'dp', 'dq', 'qi'].map((name) => [
      name,
      fc.constantFrom(undefined, `PRIVATE-Member-${name.toUpperCase()}`),
    ]),
  ),
});

const ecMembers = fc
  .constantFrom(
    ['P-256', 32] as const,
    ['P-384', 48] as const,
    ['P-521', 66] as const,
    ['secp256k1', 32] as const,
  )
  .chain(([crv, bytes]) =>
    fc.record({
      crv: fc.constant(crv),
      x: edited(fc.constant(base64url(bytes)), 1),
      y: fc.constantFrom(base64url(bytes), base64url(bytes), base64url(bytes - 1)),
    }),
  );

const sets = fc.oneof(
  { weight: 5, arbitrary: jsonOf(fc.array(jwk, { maxLength: 5 }).map((keys) => ({ keys }))) },
  {
    weight: 1,
    arbitrary: jsonOf(fc.array(anyOf(null, 1, 'a', []), { maxLength: 102 }).map((keys) => ({ keys }))),
  },
);

export const keySet = target({
  name: 'key_set',
  inputs: fc.oneof({ weight: 3, arbitrary: sets }, { weight: 1, arbitrary: near(corpusOf('key_set')) }),
  accepts: ({ keys }) => keys.length > 0,
  findFault(text, { problem, keys, kept, thumbprints, chosen }) {
    return firstFalse(
      [
        'a set without keys is explained, without quoting it',
        keys.length > 0 || (problem !== '' && !quotes(problem, text)),
      ],
      [
        'no private member is kept',
        keys.every((key) => Object.keys(key).every((member) => /^(kty|n|e|crv|x|y|kid|alg)$/.test(member))),
      ],
      ['only RSA and EC', keys.every(({ kty }) => kty === 'RSA' || kty === 'EC')],
      [
        'what is kept is read back',
        keys.length === 0 || JSON.stringify(kept) === JSON.stringify({ fetchedAtSec: 1700000000, keys }),
      ],
      ['thumbprints are RFC 7638', keys.every((key, i) => thumbprints[i] === expectedThumbprint(key))],
      ['few keys are tried', chosen.every((some) => some.length <= 4)],
      [
        'a key is tried for its own type',
        chosen[0]?.every(({ kty }) => kty === 'EC') !== false &&
          chosen[1]?.every(({ kty }) => kty === 'RSA') !== false,
      ],
      ['a key that is named is the one', chosen[2]?.every(({ kid }) => kid === 'k1') !== false],
    );
  },
});

/** Required members in the order of their names. */
function expectedThumbprint(key: object): string {
  const required = Object.entries(key)
    .filter(([name]) => !['kid', 'alg'].includes(name))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify(Object.fromEntries(required)))
    .digest('base64url');
}

export const ownKeys = target({
  name: 'own_keys',
  inputs: fc.oneof(
    { weight: 3, arbitrary: sets },
    { weight: 3, arbitrary: jsonOf(jwk) },
    { weight: 1, arbitrary: near(corpusOf('own_keys')) },
  ),
  accepts: (keys) => typeof keys !== 'string' && keys.length > 0,
  findFault(text, keys) {
    if (typeof keys === 'string')
      return firstFalse(['what is wrong is said without a word of the key', !quotes(keys, text)]);
    const published = keys.map((key) => key.published);
    return firstFalse(
      ['no private member is published', !JSON.stringify(published).includes('PRIVATE')],
      [
        'only public members are published',
        published.every((key) =>
          Object.keys(key).every((member) => /^(kty|n|e|crv|x|y|kid|alg|use)$/.test(member)),
        ),
      ],
      ['each key has its own kid', new Set(keys.map(({ kid }) => kid)).size === keys.length],
      [
        'each algorithm fits its key',
        keys.every(({ alg, published: { kty } }) => (kty === 'EC') === alg.startsWith('ES')),
      ],
    );
  },
});

/** Heads of PKCS #8 keys (RFC 5958), with bytes behind that are of no key. */
const HEADS = {
  RS256: '308204bd020100300d06092a864886f70d0101010500048204a7',
  ES256: '308187020100301306072a8648ce3d020106082a8648ce3d030107046d',
  ES384: '3081b6020100301006072a8648ce3d020106052b8104002204819e',
};
const pkcs8 = fc
  .tuple(fc.constantFrom(...Object.values(HEADS)), fc.constantFrom(16, 33, 100))
  .map(([head, bytes]) =>
    pemOf(Buffer.concat([Buffer.from(head, 'hex'), Buffer.alloc(bytes, 0x2a)]).toString('base64')),
  );

function pemOf(base64: string): string {
  return [
    '-----BEGIN PRIVATE KEY-----',
    ...(base64.match(/.{1,64}/g) ?? []),
    '-----END PRIVATE KEY-----',
    '',
  ].join('\n');
}

const pems = fc.array(pkcs8, { minLength: 1, maxLength: 3 }).map((blocks) => blocks.join('# next\n'));

export const pem = target({
  name: 'pem',
  inputs: fc.oneof(pems, edited(pems, 2), near(corpusOf('pem'))),
  accepts: (keys) => keys.length > 0,
  findFault(text, keys) {
    const blocks = text.split('-----BEGIN PRIVATE KEY-----').length - 1;
    return firstFalse(
      ['all keys of a file, or none', keys.length === 0 || keys.length === blocks],
      [
        'the algorithm is that of the head',
        keys.every(({ der, alg }) => alg === undefined || hasHeadOf(der, alg)),
      ],
      ['every key holds bytes', keys.every(({ der }) => der.length > 0)],
    );
  },
});

/** The names of key type and curve stand within the first bytes. */
function hasHeadOf(der: string, alg: string): boolean {
  const head = Buffer.from(der, 'base64').subarray(0, 48).toString('hex');
  const names = { RS256: '2a864886f70d0101', ES256: '2a8648ce3d030107', ES384: '2b81040022', PS256: 'none' };
  return head.startsWith('30') && head.includes(names[alg as keyof typeof names]);
}
