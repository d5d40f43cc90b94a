// The gateway's own keys: what a key file holds, which of its keys signs, and what of them is published.
import { type JsonObject, parseJsonObject } from '../text/json.js';
import { isKeyFor, type PublicKey, readPublicKey, thumbprint } from './public_key.js';

/** What JWTs are signed with (design: four algorithms that every API's library verifies). */
export type MintAlgorithm = 'ES256' | 'ES384' | 'RS256' | 'PS256';

/** A key of the file that can sign, or whose signatures are still about. */
export interface OwnKey {
  readonly kind: 'own_key';
  readonly alg: MintAlgorithm;
  readonly kid: string;
  /** What the JWK Set says of it: public members alone. */
  readonly published: JsonObject;
  /** What signs; undefined for a key that is only published. */
  readonly privateJwk: JsonObject | undefined;
}

const PUBLIC_MEMBERS = { RSA: ['kty', 'n', 'e'], EC: ['kty', 'crv', 'x', 'y'] };
const PRIVATE_MEMBERS = { RSA: ['d', 'p', 'q', 'dp', 'dq', 'qi'], EC: ['d'] };

/**
 * The keys of a JWK Set or a single JWK (RFC 7517).
 * @returns every key of the file, or what is wrong with one of them: a file is used whole or not at all
 * Does NOT check that the private members fit the public ones: the engine refuses to sign then, or the API to verify.
 */
export function parseOwnKeys(text: string): OwnKey[] | string {
  const file = parseJsonObject(text);
  if (file !== undefined) {
    return readOwnKeySet(Array.isArray(file.keys) ? file.keys : [file]);
  }
  return /^[ \t\r\n]*[{[\uFEFF]/.test(text)
    ? 'is no JWK and no JWK Set: not valid JSON, a list, or with a byte order mark'
    : 'is neither JSON nor a PKCS #8 PEM file without a password (openssl pkcs8 -topk8 -nocrypt)';
}

/** As {@link parseOwnKeys}. @param list JWKs */
export function readOwnKeySet(list: readonly unknown[]): OwnKey[] | string {
  const keys: OwnKey[] = [];
  for (let i = 0; i < list.length; i++) {
    const key = readOwnKey(list[i]);
    if (typeof key === 'string') {
      return `key ${i + 1} ${key}`;
    }
    if (keys.some((other) => other.kid === key.kid)) {
      return `key ${i + 1} has the kid of another one`;
    }
    keys.push(key);
  }
  return keys;
}

/** @returns what is wrong with it, in words that hold nothing of the key */
export function readOwnKey(value: unknown): OwnKey | string {
  if (typeof value !== 'object' || value === null) {
    return 'is no JWK';
  }
  const jwk = value as JsonObject;
  if (jwk.kty !== 'RSA' && jwk.kty !== 'EC') {
    return 'is neither RSA nor EC: only those can sign here (no oct, no EdDSA)';
  }
  const key = readPublicKey(jwk);
  if (key === undefined) {
    return 'is not usable: RSA needs 2048 bits or more, EC the curve P-256 or P-384, and neither may be for encryption';
  }
  const alg = algorithmOf(key);
  if (alg === undefined) {
    return 'has an alg or a curve that is not supported: ES256, ES384, RS256 or PS256';
  }
  const isPrivate = jwk.d !== undefined;
  if (isPrivate && PRIVATE_MEMBERS[key.kty].some((name) => typeof jwk[name] !== 'string')) {
    return `lacks a private member: ${PRIVATE_MEMBERS[key.kty].join(', ')}`;
  }
  if (isPrivate && jwk.oth !== undefined) {
    return 'has more than two primes (oth): make one with two'; // RFC 7518 §6.3.2.7
  }
  const kid = key.kid || thumbprint(key);
  const members = PUBLIC_MEMBERS[key.kty];
  return {
    kind: 'own_key',
    alg,
    kid,
    published: Object.assign(pick(jwk, members), { kid, use: 'sig', alg }),
    privateJwk: isPrivate ? pick(jwk, members.concat(PRIVATE_MEMBERS[key.kty])) : undefined,
  };
}

/** The one that signs: the first private one. */
export function signingKeyOf(keys: readonly OwnKey[]): OwnKey | undefined {
  return keys.filter((key) => key.privateJwk !== undefined)[0];
}

function algorithmOf(key: PublicKey): MintAlgorithm | undefined {
  const algorithms: MintAlgorithm[] = ['ES256', 'ES384', 'RS256', 'PS256'];
  return algorithms.filter((alg) => isKeyFor(key, alg))[0];
}

function pick(jwk: JsonObject, members: readonly string[]): Record<string, unknown> {
  const picked: Record<string, unknown> = {};
  members.forEach((name) => {
    picked[name] = jwk[name];
  });
  return picked;
}
