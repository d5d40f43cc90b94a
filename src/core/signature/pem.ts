// Private keys in PEM files (RFC 7468 §10, RFC 5958).
import type { MintAlgorithm } from './own_key.js';

/** The key's bytes (PKCS #8, DER) of a PEM file; undefined when it holds none. */
export function decodePrivateKey(pem: string): Buffer | undefined {
  const match = /-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/= \t\r\n]+)-----END PRIVATE KEY-----/.exec(pem);
  const base64 = match === null ? '' : (match[1] as string).replace(/[ \t\r\n]/g, '');
  const der = Buffer.from(base64, 'base64');
  return der.length === 0 ? undefined : der;
}

/** The same of each key in a file, in its order. */
export function decodePrivateKeys(pem: string): Buffer[] {
  const keys: Buffer[] = [];
  const blocks = pem.split('-----BEGIN PRIVATE KEY-----');
  for (let i = 1; i < blocks.length; i++) {
    const der = decodePrivateKey(`-----BEGIN PRIVATE KEY-----${blocks[i]}`);
    if (der === undefined) {
      return [];
    }
    keys.push(der);
  }
  return keys;
}

/** SEQUENCE, version 0 or 1, then the AlgorithmIdentifier; of its parameters those that name the curve. */
const HEAD =
  /^30(?:8[1-4](?:..)+?|..)02010[01]30(?:0d06092a864886f70d010101|(?:13|10)06072a8648ce3d0201(.{10,20}))/;
const P256 = '06082a8648ce3d030107';
const P384 = '06052b81040022';

/** What a PKCS #8 key signs with, by the names in its head; undefined for another kind of key. An RSA key signs RS256. */
export function algorithmOfPkcs8(der: Buffer): MintAlgorithm | undefined {
  const match = HEAD.exec(der.slice(0, 48).toString('hex'));
  if (match === null) {
    return undefined;
  }
  const curve = match[1];
  if (curve === undefined) {
    return 'RS256';
  }
  return curve.startsWith(P256) ? 'ES256' : curve.startsWith(P384) ? 'ES384' : undefined;
}
