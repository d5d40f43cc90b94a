// Keys and JWTs of the rows in which the gateway signs or verifies.
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { AUDIENCE, JWT_LENGTH, SCOPES } from './jwt.js';

export type BenchAlgorithm = 'ES256' | 'RS256';

/** What the authorization server says in JSON of an active token. */
export const JSON_ANSWER = JSON.stringify({
  active: true,
  sub: 'alice',
  client_id: 'bench',
  scope: SCOPES,
  aud: AUDIENCE,
  exp: 4102444800,
});

/** PKCS #8 PEM. */
export const PRIVATE_KEYS: Readonly<Record<BenchAlgorithm, string>> = {
  ES256: pemOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey),
  RS256: pemOf(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey),
};

function pemOf(key: KeyObject): string {
  return String(key.export({ type: 'pkcs8', format: 'pem' }));
}

/** The JWK Set with the public half. */
export function keySetOf(alg: BenchAlgorithm): string {
  const jwk = createPublicKey(PRIVATE_KEYS[alg]).export({ format: 'jwk' });
  return JSON.stringify({ keys: [{ ...jwk, kid: alg, alg, use: 'sig' }] });
}

/** A JWT as long as that of the other rows, really signed. */
export function signedJwt(alg: BenchAlgorithm): string {
  const signatureLength = alg === 'ES256' ? 86 : 342;
  const claims = { sub: 'alice', scope: SCOPES, aud: AUDIENCE, exp: 4102444800 };
  const head = encode({ alg, typ: 'at+jwt', kid: alg });
  const room = Math.floor(((JWT_LENGTH - head.length - signatureLength - 2) * 3) / 4);
  const padding = 'x'.repeat(room - JSON.stringify({ ...claims, padding: '' }).length);
  const input = `${head}.${encode({ ...claims, padding })}`;
  const key = { key: createPrivateKey(PRIVATE_KEYS[alg]), dsaEncoding: 'ieee-p1363' as const };
  return `${input}.${sign('sha256', Buffer.from(input), key).toString('base64url')}`;
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
