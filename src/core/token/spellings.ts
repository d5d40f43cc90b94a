// The other spelling of a JWS whose signature is ECDSA: of a good signature (r, s) the pair (r, n - s) is good as well.
import { isSignatureAlgorithm } from '../signature/algorithm.js';
import { parseJwt } from './jwt.js';

/** The order n of each curve (SEC 2 §2.4.2, §2.5.1, §2.6.1), big-endian, in hex. */
const ORDERS: Readonly<Record<string, string>> = {
  ES256: 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551',
  ES384: 'ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973',
  ES512:
    '01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409',
};

/** The token, and where it is signed by ECDSA the one other spelling that verifies. */
export function spellingsOf(token: string): string[] {
  const jwt = parseJwt(token);
  const alg = jwt === undefined ? undefined : jwt.header.alg;
  const order = isSignatureAlgorithm(alg) ? ORDERS[alg] : undefined; // every object has a member `constructor`
  if (order === undefined) {
    return [token];
  }
  const dot = token.lastIndexOf('.');
  const signature = Buffer.from(token.slice(dot + 1), 'base64url');
  const half = signature.length / 2;
  const twin = Buffer.concat([
    signature.slice(0, half),
    subtract(Buffer.from(order, 'hex'), signature.slice(half)),
  ]);
  return [token, `${token.slice(0, dot)}.${twin.toString('base64url')}`];
}

/** Of two numbers of equal length, big-endian. @param subtrahend not the larger one, else the result means nothing */
function subtract(minuend: Buffer, subtrahend: Buffer): Buffer {
  const difference = Buffer.alloc(minuend.length);
  let borrow = 0;
  for (let i = minuend.length - 1; i >= 0; i--) {
    const digit = (minuend[i] as number) - (subtrahend[i] as number) - borrow;
    borrow = digit < 0 ? 1 : 0;
    difference[i] = digit + 256 * borrow;
  }
  return difference;
}

/** `exp` of a JWS, epoch seconds; undefined for any other token, or where it has none. Does NOT verify the signature. */
export function endOf(token: string): number | undefined {
  const jwt = parseJwt(token);
  const exp = jwt === undefined ? undefined : jwt.payload.exp;
  return typeof exp === 'number' && exp >= 0 && exp < Infinity ? Math.ceil(exp) : undefined;
}
