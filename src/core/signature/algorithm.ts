// The signature algorithms of JWTs (RFC 7518 §3.1), as the Web Cryptography API names their parts.

export type SignatureAlgorithm = 'RS256' | 'RS384' | 'RS512' | 'PS256' | 'PS384' | 'PS512' | EcAlgorithm;
type EcAlgorithm = 'ES256' | 'ES384' | 'ES512';

export type Curve = 'P-256' | 'P-384' | 'P-521';

/**
 * A closed list (RFC 8725 §3.1): no `none`, no HMAC, whose key a public one could be taken for, and no EdDSA, which njs
 * cannot verify.
 */
export function isSignatureAlgorithm(alg: unknown): alg is SignatureAlgorithm {
  return typeof alg === 'string' && /^([RP]S|ES)(256|384|512)$(?!\n)/.test(alg);
}

/** The curve of an EC algorithm (RFC 7518 §3.4); undefined for RSA. */
export function curveOf(alg: SignatureAlgorithm): Curve | undefined {
  switch (alg) {
    case 'ES256':
      return 'P-256';
    case 'ES384':
      return 'P-384';
    case 'ES512':
      return 'P-521';
    default:
      return undefined;
  }
}

/** What importing a key for an algorithm needs. */
export function keyParameters(alg: SignatureAlgorithm): ImportAlgorithm {
  const namedCurve = curveOf(alg);
  if (namedCurve !== undefined) {
    return { name: 'ECDSA', namedCurve };
  }
  const name = alg.charAt(0) === 'P' ? 'RSA-PSS' : 'RSASSA-PKCS1-v1_5';
  return { name, hash: hashOf(alg) } as ImportAlgorithm;
}

/** What signing and verifying with an algorithm needs. The salt of PS is as long as its hash (RFC 7518 §3.5). */
export function signatureParameters(alg: SignatureAlgorithm): SignOrVerifyAlgorithm {
  switch (alg.charAt(0)) {
    case 'E':
      return { name: 'ECDSA', hash: hashOf(alg) } as SignOrVerifyAlgorithm;
    case 'P':
      return { name: 'RSA-PSS', saltLength: Number(alg.slice(2)) / 8 };
    default:
      return { name: 'RSASSA-PKCS1-v1_5' };
  }
}

function hashOf(alg: SignatureAlgorithm): string {
  return `SHA-${alg.slice(2)}`;
}
