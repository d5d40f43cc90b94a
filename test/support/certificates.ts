// A private certificate authority for the tests of TLS, created in each run.
import { webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  cryptoProvider,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';

cryptoProvider.set(webcrypto as never);

const KEY = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY_MS = 86_400_000;

/** PEM texts. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export interface CertificateAuthority {
  /** PEM: the CA certificate, for those that trust the certificates issued here. */
  readonly cert: string;
  /** For a server by its DNS name, or for a client. */
  issue(name: string, validity?: Validity): Promise<Certificate>;
  /** For a server, by nobody. */
  issueSelfSigned(name: string): Promise<Certificate>;
}

/** Default: that of the CA, from yesterday until tomorrow. */
export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

export async function newCertificateAuthority(): Promise<CertificateAuthority> {
  const keys = await newKeys();
  const ca = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=test CA',
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + DAY_MS),
    signingAlgorithm: KEY,
    keys,
    extensions: [new BasicConstraintsExtension(true, undefined, true)],
  });
  return {
    cert: ca.toString('pem'),
    async issue(name, validity = ca) {
      const own = await newKeys();
      const issued = await X509CertificateGenerator.create({
        subject: `CN=${name}`,
        issuer: ca.subject,
        notBefore: validity.notBefore,
        notAfter: validity.notAfter,
        signingAlgorithm: KEY,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        extensions: [new SubjectAlternativeNameExtension([{ type: 'dns', value: name }])],
      });
      return { cert: issued.toString('pem'), key: await exportPem(own.privateKey) };
    },
    async issueSelfSigned(name) {
      const own = await newKeys();
      const signed = await X509CertificateGenerator.createSelfSigned({
        name: `CN=${name}`,
        notBefore: ca.notBefore,
        notAfter: ca.notAfter,
        signingAlgorithm: KEY,
        keys: own,
        extensions: [new SubjectAlternativeNameExtension([{ type: 'dns', value: name }])],
      });
      return { cert: signed.toString('pem'), key: await exportPem(own.privateKey) };
    },
  };
}

function newKeys() {
  return webcrypto.subtle.generateKey(KEY, true, ['sign', 'verify']) as Promise<CryptoKeyPair>;
}

type CryptoKeyPair = Awaited<ReturnType<typeof webcrypto.subtle.generateKey>> & {
  publicKey: webcrypto.CryptoKey;
  privateKey: webcrypto.CryptoKey;
};

async function exportPem(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)).toString('base64');
  return `-----BEGIN PRIVATE KEY-----\n${der.replace(/.{64}/g, '$&\n')}\n-----END PRIVATE KEY-----\n`;
}
