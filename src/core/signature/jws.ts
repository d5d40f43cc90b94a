// What the header of a signed JWT may say when its signature is to be verified (RFC 7515 §4, RFC 8725 §3).
import type { Jwt } from '../token/jwt.js';
import { isSignatureAlgorithm, type SignatureAlgorithm } from './algorithm.js';

/** A JWT, and what its signature needs to be verified. */
export interface Jws {
  readonly kind: 'jws';
  readonly alg: SignatureAlgorithm;
  /** '' for none. */
  readonly kid: string;
  /** What was signed (RFC 7515 §5.1). */
  readonly input: string;
  readonly signature: Buffer;
}

/** Why a signature is not even tried. */
export interface RefusedJws {
  readonly kind: 'refused_jws';
  /** In our own words, for the log. */
  readonly problem: string;
}

/**
 * Extensions that change what is signed (`crit`, `b64`; RFC 7515 §4.1.11, RFC 7797), and keys that the header itself brings
 * or points to (RFC 8725 §3.10): a JWT with one of them is refused, and nothing is fetched from there.
 */
const REFUSED_MEMBERS = ['crit', 'b64', 'jku', 'x5u', 'jwk'];

/** @param jwt whose signature is as long as its algorithm makes it: {@link parseJwt} checks that */
export function readJws(jwt: Jwt): Jws | RefusedJws {
  const header = jwt.header;
  const refused = REFUSED_MEMBERS.filter((name) => header[name] !== undefined);
  if (refused.length > 0) {
    return { kind: 'refused_jws', problem: `the header has ${refused[0]}` };
  }
  if (!isSignatureAlgorithm(header.alg)) {
    return { kind: 'refused_jws', problem: 'alg is none of RS, PS and ES with 256, 384 or 512' };
  }
  const kid = header.kid === undefined ? '' : header.kid;
  if (typeof kid !== 'string') {
    return { kind: 'refused_jws', problem: 'kid is no string' };
  }
  const dot = jwt.text.lastIndexOf('.');
  return {
    kind: 'jws',
    alg: header.alg,
    kid,
    input: jwt.text.slice(0, dot),
    signature: Buffer.from(jwt.text.slice(dot + 1), 'base64url'),
  };
}

/** `typ` of a header in lower case, without `application/` (RFC 7515 §4.1.9); '' for none. */
export function typeOf(jwt: Jwt): string {
  const typ = jwt.header.typ;
  return typeof typ === 'string' ? typ.toLowerCase().replace(/^application\//, '') : '';
}
