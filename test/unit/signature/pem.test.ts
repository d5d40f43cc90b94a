import test from 'ava';
import { decodePrivateKey } from '../../../src/core/signature/pem.js';

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
