// Keys that sign JWTs in tests, made by jose.
import {
  type CryptoKey,
  exportJWK,
  generateKeyPair,
  type JWK,
  type JWTHeaderParameters,
  SignJWT,
} from 'jose';

export interface SigningKey {
  readonly alg: string;
  readonly kid: string;
  /** As a JWK Set has it. */
  readonly publicJwk: JWK;
  readonly privateJwk: JWK;
  /** A signed JWT; the header has alg, kid and typ `at+jwt` unless given. */
  sign(claims: Record<string, unknown>, header?: Partial<JWTHeaderParameters>): Promise<string>;
}

export async function newSigningKey(alg: string, kid: string): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return {
    alg,
    kid,
    publicJwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' },
    privateJwk: { ...(await exportJWK(privateKey)), kid, alg, use: 'sig' },
    sign: (claims, header) => signWith(privateKey, claims, { alg, kid, typ: 'at+jwt', ...header }),
  };
}

function signWith(
  key: CryptoKey,
  claims: Record<string, unknown>,
  header: JWTHeaderParameters,
): Promise<string> {
  return new SignJWT(claims).setProtectedHeader(header).sign(key, { crit: { b64: true } });
}

/** A JWK Set with the public halves. */
export function keySetOf(...keys: readonly SigningKey[]): string {
  return JSON.stringify({ keys: keys.map(({ publicJwk }) => publicJwk) });
}
