// The client of the rows whose tokens are bound to a key: its proofs (RFC 9449) and its certificate (RFC 8705).
import { createHash, createPrivateKey, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { makeJwt } from '../test/support/jwt.js';
import { AUDIENCE, JWT_LENGTH, SCOPES } from './jwt.js';

/** Scheme and host that proofs name, whatever the gateway's address. */
export const ORIGIN = 'https://gateway.bench';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const { crv, kty, x, y } = publicKey.export({ format: 'jwk' });
const JKT = sha256(JSON.stringify({ crv, kty, x, y }));
const HEAD = encode({ typ: 'dpop+jwt', alg: 'ES256', jwk: { crv, kty, x, y } });
const SIGNING_KEY = {
  key: createPrivateKey(privateKey.export({ format: 'pem', type: 'pkcs8' })),
  dsaEncoding: 'ieee-p1363',
} as const;

/** DER of a certificate's length; the gateway hashes it, and does not look into it. */
const DER = Buffer.concat([Buffer.from([0x30, 0x82, 0x03, 0xfc]), Buffer.alloc(0x3fc, 7)]);
/** As RFC 9440 §2 writes it. */
export const CERTIFICATE = `:${DER.toString('base64')}:`;

/** As long as the JWT of the other rows. */
export const BOUND_JWTS = {
  key: boundTo({ jkt: JKT }),
  certificate: boundTo({ 'x5t#S256': sha256(DER) }),
} as const;

/** Good for one request. */
export function proofFor(path: string, token: string): string {
  const claims = {
    jti: randomUUID(),
    htm: 'GET',
    htu: ORIGIN + path,
    iat: Math.floor(Date.now() / 1000),
    ath: sha256(token),
  };
  const input = `${HEAD}.${encode(claims)}`;
  return `${input}.${sign('sha256', Buffer.from(input), SIGNING_KEY).toString('base64url')}`;
}

function boundTo(cnf: Record<string, string>): string {
  return makeJwt({ aud: AUDIENCE, scope: SCOPES, sub: 'alice', exp: 4102444800, cnf }, { bytes: JWT_LENGTH });
}

function sha256(input: string | Buffer): string {
  return createHash('sha256').update(input).digest('base64url');
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
