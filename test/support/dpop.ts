// Clients that hold a key: proofs by jose, so that a test can spoil each part of one.
import { createHash, randomUUID } from 'node:crypto';
import {
  type CryptoKey,
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  type JWK,
  type JWTPayload,
  SignJWT,
} from 'jose';

export interface DpopClient {
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
  readonly privateJwk: JWK;
  /** What the token's `cnf` holds. */
  readonly jkt: string;
  /** A proof that is good for this request, with these changes. A member that is undefined is left out. */
  prove(request: ProofRequest, claims?: JWTPayload, header?: Record<string, unknown>): Promise<string>;
}

export interface ProofRequest {
  readonly token: string;
  /** `htu`. */
  readonly url: string;
  /** Default GET. */
  readonly method?: string;
}

export async function newDpopClient(alg = 'ES256'): Promise<DpopClient> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const publicJwk = await exportJWK(publicKey);
  return {
    alg,
    privateKey,
    publicJwk,
    privateJwk: await exportJWK(privateKey),
    jkt: await calculateJwkThumbprint(publicJwk),
    prove: (request, claims = {}, header = {}) =>
      new SignJWT({ ...claimsOf(request), ...claims })
        .setProtectedHeader({ typ: 'dpop+jwt', alg, jwk: publicJwk, ...header } as never)
        .sign(privateKey, { crit: { b64: true, x: false } } as never),
  };
}

function claimsOf({ token, url, method = 'GET' }: ProofRequest): JWTPayload {
  return {
    jti: randomUUID(),
    htm: method,
    htu: url,
    iat: Math.floor(Date.now() / 1000),
    ath: createHash('sha256').update(token).digest('base64url'),
  };
}
