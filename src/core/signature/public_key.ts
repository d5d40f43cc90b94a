// One public key of a JWK Set (RFC 7517), checked before the engine sees it: njs 0.8.9 crashes when it imports a key whose
// type does not fit the algorithm.
import { sha256 } from '../cache/key.js';
import type { JsonObject } from '../text/json.js';
import { type Curve, curveOf, type SignatureAlgorithm } from './algorithm.js';

/** The public members of a key that can verify a signature, and nothing else of it. */
export type PublicKey = RsaKey | EcKey;

interface RsaKey {
  readonly kty: 'RSA';
  readonly n: string;
  readonly e: string;
  readonly kid?: string;
  readonly alg?: string;
}

interface EcKey {
  readonly kty: 'EC';
  readonly crv: Curve;
  readonly x: string;
  readonly y: string;
  readonly kid?: string;
  readonly alg?: string;
}

/** RFC 7518 §3.3: 2048 bits or more. The upper bound limits what one verification costs. */
const LEAST_RSA_BYTES = 256;
const MOST_RSA_BYTES = 2048;
const MOST_EXPONENT_BYTES = 8;
const MOST_KID_LENGTH = 512;

/**
 * @param jwk one member of `keys`; private members, should there be any, are left out
 * @returns undefined for a key of another type, another use, or with members that no such key has
 */
export function readPublicKey(jwk: JsonObject): PublicKey | undefined {
  const named = readNames(jwk);
  if (named === undefined || !isForVerifying(jwk)) {
    return undefined;
  }
  switch (jwk.kty) {
    case 'RSA':
      return readRsa(jwk, named);
    case 'EC':
      return readEc(jwk, named);
    default:
      return undefined; // `oct` among them
  }
}

interface Names {
  kid?: string;
  alg?: string;
}

function readNames(jwk: JsonObject): Names | undefined {
  const names: Names = {};
  if (jwk.kid !== undefined) {
    if (typeof jwk.kid !== 'string' || jwk.kid.length > MOST_KID_LENGTH) return undefined;
    names.kid = jwk.kid;
  }
  if (jwk.alg !== undefined) {
    if (typeof jwk.alg !== 'string') return undefined;
    names.alg = jwk.alg;
  }
  return names;
}

/** RFC 7517 §4.2, §4.3. */
function isForVerifying(jwk: JsonObject): boolean {
  const operations = jwk.key_ops;
  const isListed =
    operations === undefined ||
    (Array.isArray(operations) && (operations.includes('verify') || operations.includes('sign')));
  return isListed && (jwk.use === undefined || jwk.use === 'sig');
}

function readRsa(jwk: JsonObject, names: Names): RsaKey | undefined {
  const n = jwk.n;
  const e = jwk.e;
  if (!isModulus(n) || !isExponent(e)) {
    return undefined;
  }
  return Object.assign({ kty: 'RSA' as const, n, e }, names);
}

function readEc(jwk: JsonObject, names: Names): EcKey | undefined {
  const crv = jwk.crv;
  const bytes = crv === 'P-256' ? 32 : crv === 'P-384' ? 48 : crv === 'P-521' ? 66 : 0;
  const x = jwk.x;
  const y = jwk.y;
  if (bytes === 0 || !isCoordinate(x, bytes) || !isCoordinate(y, bytes)) {
    return undefined;
  }
  return Object.assign({ kty: 'EC' as const, crv: crv as Curve, x, y }, names);
}

/** Of 256 bytes the first has to be 128 or more: 2047 bits fill as many. A leading zero is no part of a number (RFC 7518 §2). */
function isModulus(value: unknown): value is string {
  const bytes = decode(value);
  if (bytes === undefined || bytes.length < LEAST_RSA_BYTES || bytes.length > MOST_RSA_BYTES) {
    return false;
  }
  const first = bytes[0] as number;
  return first >= 128 || (first > 0 && bytes.length > LEAST_RSA_BYTES);
}

/** Odd, and not 1 (RFC 8017 §3.1): with 1 every text would be its own signature. */
function isExponent(value: unknown): value is string {
  const bytes = decode(value);
  if (bytes === undefined || bytes.length === 0 || bytes.length > MOST_EXPONENT_BYTES || value === 'AQ') {
    return false;
  }
  return bytes[0] !== 0 && (bytes[bytes.length - 1] as number) % 2 === 1;
}

/** RFC 7518 §6.2.1.2: as long as the curve's field, leading zeros included. */
function isCoordinate(value: unknown, bytes: number): value is string {
  const decoded = decode(value);
  return decoded !== undefined && decoded.length === bytes;
}

/** Encoded again, the bytes have to give the same text: no padding, no other character, no bit that is not used. */
function decode(value: unknown): Buffer | undefined {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'base64url') : undefined;
  return bytes !== undefined && bytes.toString('base64url') === value ? bytes : undefined;
}

/** Whether a key is one for an algorithm: type and curve fit, and it does not name another (RFC 8725 §3.1). */
export function isKeyFor(key: PublicKey, alg: SignatureAlgorithm): boolean {
  const fits = key.kty === 'EC' ? key.crv === curveOf(alg) : curveOf(alg) === undefined;
  return fits && (key.alg === undefined || key.alg === alg);
}

/** RFC 7638 §3: SHA-256 over the required members, in the order of their names, without white space. */
export function thumbprint(key: PublicKey): string {
  const text =
    key.kty === 'EC'
      ? `{"crv":"${key.crv}","kty":"EC","x":"${key.x}","y":"${key.y}"}`
      : `{"e":"${key.e}","kty":"RSA","n":"${key.n}"}`;
  return sha256(text);
}
