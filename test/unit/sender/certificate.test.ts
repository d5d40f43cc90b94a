import { createHash, X509Certificate } from 'node:crypto';
import test from 'ava';
import { certificateThumbprint } from '../../../src/core/sender/certificate.js';
import { newCertificateAuthority } from '../../support/certificates.js';

const authority = await newCertificateAuthority();
const { cert: PEM } = await authority.issue('client.example.com');
const DER = new X509Certificate(PEM).raw;
const BASE64 = DER.toString('base64');
const X5T = createHash('sha256').update(DER).digest('base64url');

const FORMS: [sentence: string, text: string][] = [
  ['PEM ($ssl_client_raw_cert)', PEM],
  ['PEM with tabs ($ssl_client_cert)', PEM.trim().replaceAll('\n', '\n\t')],
  ['PEM without a line break at its end', PEM.trim()],
  ['PEM with line breaks at its end', `${PEM.trim()}\n\n`],
  ['URL-encoded PEM ($ssl_client_escaped_cert)', encodeURIComponent(PEM)],
  ['URL-encoded PEM with slashes as they are', encodeURIComponent(PEM).replaceAll('%2F', '/')],
  ['base64 between colons (RFC 9440 §2.1)', `:${BASE64}:`],
  ['base64', BASE64],
];

for (const [sentence, text] of FORMS) {
  test(`certificateThumbprint: ${sentence} gives the SHA-256 of the DER (RFC 8705 §3.1)`, (t) =>
    t.is(certificateThumbprint(text), X5T));
}

for (const [sentence, head, length] of [
  ['less than 256 bytes, its length in one byte', [0x30, 0x81, 0xc8], 0xc8],
  ['more than 65,535 bytes, its length in three bytes', [0x30, 0x83, 0x01, 0x00, 0x05], 0x10005],
] as const) {
  test(`certificateThumbprint: a certificate of ${sentence} (X.690 §8.1.3.5)`, (t) => {
    const der = Buffer.concat([Buffer.from(head), Buffer.alloc(length)]);
    const x5t = createHash('sha256').update(der).digest('base64url');
    t.is(certificateThumbprint(der.toString('base64')), x5t);
    t.is(certificateThumbprint(der.subarray(1).toString('base64')), undefined);
    t.is(certificateThumbprint(der.subarray(0, -1).toString('base64')), undefined);
  });
}

test('certificateThumbprint: what has the form of a SEQUENCE is one from five bytes on: what stands in it nobody reads here', (t) => {
  const der = Buffer.from([0x30, 0x81, 2, 0, 0]);
  t.is(certificateThumbprint(der.toString('base64')), createHash('sha256').update(der).digest('base64url'));
});

const OTHERS: [sentence: string, text: string][] = [
  ['nothing', ''],
  ['a fingerprint', 'da39a3ee5e6b4b0d3255bfef95601890afd80709'],
  ['two certificates', PEM + PEM],
  ['two of RFC 9440, as two headers would be joined', `:${BASE64}:, :${BASE64}:`],
  ['one colon', `:${BASE64}`],
  ['a colon and another character', `:${BASE64}x`],
  ['an escaped character, where nothing else is URL-encoded', `%4D${BASE64.slice(1)}`],
  ['four bytes that say of themselves that they are all', Buffer.from([0x30, 0x81, 1, 0]).toString('base64')],
  [
    'its length in four bytes, which no certificate needs',
    Buffer.concat([Buffer.from([0x30, 0x84, 0, 1, 0, 0]), Buffer.alloc(65536)]).toString('base64'),
  ],
  ['one colon at the end', `${BASE64}:`],
  ['one colon alone', ':'],
  ['a certificate that is cut', `:${DER.subarray(0, -1).toString('base64')}:`],
  ['bytes behind the certificate', `:${Buffer.concat([DER, Buffer.from([0])]).toString('base64')}:`],
  ['another kind of DER', Buffer.concat([Buffer.from([0x31]), DER.subarray(1)]).toString('base64')],
  ['another kind of PEM', PEM.replaceAll('CERTIFICATE', 'PUBLIC KEY')],
  ['a broken escape', `%${PEM}`],
  ['base64url', `:${DER.toString('base64url')}_:`],
];

for (const [sentence, text] of OTHERS) {
  test(`certificateThumbprint: ${sentence} gives none (S127)`, (t) =>
    t.is(certificateThumbprint(text), undefined));
}
