import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import test from 'ava';
import { algorithmOfPkcs8, decodePrivateKey, decodePrivateKeys } from '../../../src/core/signature/pem.js';

/** Not a key: only bytes whose base64 has all kinds of characters. */
const DER = Buffer.from([0x30, 0x82, 0xfb, 0xff, 0xbf, 0x00, 0x10]);
const BASE64 = 'MIL7/78AEA==';
const BEGIN = '-----BEGIN PRIVATE KEY-----';
const END = '-----END PRIVATE KEY-----';

const PEMS: [sentence: string, pem: string][] = [
  ['lines (RFC 7468 §10)', `${BEGIN}\n${BASE64}\n${END}\n`],
  ['lines that end with CR LF', `${BEGIN}\r\n${BASE64}\r\n${END}\r\n`],
  ['many lines', `${BEGIN}\nMIL7\n/78A\nEA==\n${END}\n`],
  ['no line break at the end', `${BEGIN}\n${BASE64}\n${END}`],
  ['one line', `${BEGIN}${BASE64}${END}`],
  ['spaces and tabs around the lines', `${BEGIN}\n  ${BASE64}\t\n${END}`],
  ['text before it (RFC 7468 §2)', `Bag Attributes\n    friendlyName: x\n${BEGIN}\n${BASE64}\n${END}\n`],
  ['text after it (RFC 7468 §2)', `${BEGIN}\n${BASE64}\n${END}\n# end\n`],
  [
    'a certificate before it',
    `-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n${BEGIN}\n${BASE64}\n${END}\n`,
  ],
  ['another key after it: the first counts', `${BEGIN}\n${BASE64}\n${END}\n${BEGIN}\nAAAA\n${END}\n`],
];

for (const [sentence, pem] of PEMS) {
  test(`decodePrivateKey: the bytes of a PEM file with ${sentence}`, (t) =>
    t.deepEqual(decodePrivateKey(pem), DER));
}

function pemOf(label: string): string {
  return `-----BEGIN ${label}-----\n${BASE64}\n-----END ${label}-----\n`;
}

const NO_PEMS: [sentence: string, pem: string][] = [
  ['an empty file', ''],
  ['no PEM', 'secret'],
  ['base64 alone', BASE64],
  ['an encrypted key, which would need a password (RFC 7468 §11)', pemOf('ENCRYPTED PRIVATE KEY')],
  ['a PKCS #1 key, which importKey does not accept', pemOf('RSA PRIVATE KEY')],
  ['a SEC 1 key, which importKey does not accept (RFC 5915 §4)', pemOf('EC PRIVATE KEY')],
  ['a public key', pemOf('PUBLIC KEY')],
  ['a certificate', pemOf('CERTIFICATE')],
  ['a key whose end is missing', `${BEGIN}\n${BASE64}\n`],
  ['a key whose start is missing', `${BASE64}\n${END}\n`],
  ['a start and an end in the wrong order', `${END}\n${BASE64}\n${BEGIN}\n`],
  ['nothing between start and end', `${BEGIN}${END}`],
  ['a line break alone between start and end', `${BEGIN}\n${END}\n`],
  ['white space alone between start and end', `${BEGIN}\r\n \t\r\n${END}\r\n`],
  ['a character outside base64', `${BEGIN}\nMIL7*\n${END}\n`],
  ['base64url (RFC 7468 §2: base64)', `${BEGIN}\nMIL7_78A\n${END}\n`],
  ['a header line within, as of an encrypted key', `${BEGIN}\nProc-Type: 4,ENCRYPTED\n\n${BASE64}\n${END}\n`],
  ['a start of another label', `-----BEGIN RSA PRIVATE KEY-----\n${BASE64}\n${END}\n`],
  ['an end of another label', `${BEGIN}\n${BASE64}\n-----END PUBLIC KEY-----\n`],
];

for (const [sentence, pem] of NO_PEMS) {
  test(`decodePrivateKey: undefined for ${sentence}`, (t) => t.is(decodePrivateKey(pem), undefined));
}

function pkcs8Of(key: KeyObject): Buffer {
  return key.export({ format: 'der', type: 'pkcs8' });
}

function ecKey(namedCurve: string, paramEncoding: 'named' | 'explicit' = 'named'): Buffer {
  return pkcs8Of(generateKeyPairSync('ec', { namedCurve, paramEncoding }).privateKey);
}

const RSA_2048 = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const RSA_DER = pkcs8Of(RSA_2048);
const P256_DER = ecKey('P-256');

/** The head of a longer RSA key: only the length before it differs. Such keys take seconds to make. */
function headOfLength(...length: number[]): Buffer {
  return Buffer.concat([Buffer.from([0x30, ...length]), RSA_DER.subarray(4, 100)]);
}

const KEYS: [sentence: string, der: Buffer, alg: string | undefined][] = [
  ['RSA of 2048 bits', RSA_DER, 'RS256'],
  ['RSA of 3072 bits', pkcs8Of(generateKeyPairSync('rsa', { modulusLength: 3072 }).privateKey), 'RS256'],
  ['RSA of 8192 bits, whose length takes two bytes', headOfLength(0x82, 0x12, 0x5c), 'RS256'],
  ['RSA whose length takes three bytes', headOfLength(0x83, 0x01, 0x00, 0x00), 'RS256'],
  ['P-256', P256_DER, 'ES256'],
  ['P-384', ecKey('P-384'), 'ES384'],
  ['P-521, with which nothing is signed here', ecKey('P-521'), undefined],
  ['secp256k1', ecKey('secp256k1'), undefined],
  ['a curve without its name (RFC 5480 §2.1.1)', ecKey('P-256', 'explicit'), undefined],
  ['Ed25519', pkcs8Of(generateKeyPairSync('ed25519').privateKey), undefined],
  ['X25519', pkcs8Of(generateKeyPairSync('x25519').privateKey), undefined],
  [
    'RSA for PSS alone, which importKey does not accept',
    pkcs8Of(generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey),
    undefined,
  ],
  ['PKCS #1', RSA_2048.export({ format: 'der', type: 'pkcs1' }), undefined],
  [
    'an encrypted key',
    RSA_2048.export({
      format: 'der',
      type: 'pkcs8',
      cipher: 'aes-128-cbc',
      passphrase: 'a',
    }) as unknown as Buffer,
    undefined,
  ],
  [
    'a public key',
    generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'der', type: 'spki' }),
    undefined,
  ],
  ['a head that was cut', P256_DER.subarray(0, 20), undefined],
  ['bytes before the head', Buffer.concat([Buffer.from([0x31]), P256_DER]), undefined],
  [
    'the names of RSA so far behind that no head has them there',
    Buffer.concat([Buffer.from([0x30, 0x82]), Buffer.alloc(60), RSA_DER.subarray(4, 100)]),
    undefined,
  ],
  ['no bytes', Buffer.alloc(0), undefined],
  ['zeros', Buffer.alloc(200), undefined],
  [
    'what stands behind the head of another key',
    Buffer.concat([Buffer.from([0x30, 0x82, 0x01, 0x00, 0x04, 0x01, 0x00]), P256_DER.subarray(6)]),
    undefined,
  ],
];

for (const [sentence, der, alg] of KEYS) {
  test(`algorithmOfPkcs8: ${sentence} ${alg === undefined ? 'is refused by its names, before the engine sees it' : `signs ${alg}`} (RFC 5208 §5, RFC 5480 §2.1.1)`, (t) =>
    t.is(algorithmOfPkcs8(der), alg as never));
}

test('decodePrivateKey, algorithmOfPkcs8: of a PEM file that node wrote, RSA or EC', (t) => {
  for (const [key, alg] of [
    [RSA_2048, 'RS256'],
    [generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey, 'ES384'],
  ] as const) {
    const der = decodePrivateKey(key.export({ format: 'pem', type: 'pkcs8' }) as string);
    t.deepEqual(der, pkcs8Of(key));
    t.is<string | undefined, string>(algorithmOfPkcs8(der ?? Buffer.alloc(0)), alg);
  }
});

test('decodePrivateKey: nothing of PEM files that node wrote in other forms: encrypted, PKCS #1, SEC 1, public', (t) => {
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pems = [
    RSA_2048.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-128-cbc', passphrase: 'a' }),
    RSA_2048.export({ format: 'pem', type: 'pkcs1' }),
    ec.privateKey.export({ format: 'pem', type: 'sec1' }),
    ec.publicKey.export({ format: 'pem', type: 'spki' }),
  ];
  for (const pem of pems) t.is(decodePrivateKey(pem as string), undefined);
});

test('decodePrivateKeys: every key of a file in its order; none at all when one of them is broken', (t) => {
  const key = `${BEGIN}\n${BASE64}\n${END}\n`;
  t.deepEqual(decodePrivateKeys(''), []);
  t.deepEqual(decodePrivateKeys('text'), []);
  t.deepEqual(decodePrivateKeys(key), [DER]);
  t.deepEqual(decodePrivateKeys(`${key}# between\n${key}`), [DER, DER]);
  t.deepEqual(decodePrivateKeys(`${key}${BEGIN}\nMIL7\n`), []);
});

test('decodePrivateKeys: spaces outside ASCII are none, on any engine (RFC 7468 §3)', (t) => {
  for (const character of ['\uFEFF', '\u00A0', '\u2028']) {
    t.deepEqual(decodePrivateKeys(`${BEGIN}\n${BASE64}${character}\n${END}\n`), []);
  }
});

test('decodePrivateKeys: a file with a key of no bytes is used whole or not at all: padding alone is none', (t) => {
  t.deepEqual(decodePrivateKeys(`${BEGIN}\n==\n${END}\n${BEGIN}\n${BASE64}\n${END}\n`), []);
});
