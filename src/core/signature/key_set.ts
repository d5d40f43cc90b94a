// The authorization server's JWK Set (RFC 7517 §5): what is taken from its text, how it is kept, and which of its keys is tried.
import { tenDigits } from '../cache/epoch.js';
import { type JsonObject, parseJsonObject } from '../text/json.js';
import type { SignatureAlgorithm } from './algorithm.js';
import { isKeyFor, type PublicKey, readPublicKey } from './public_key.js';

/** Beyond these a set is refused: every verification looks through it. */
const MOST_KEYS = 100;
const MOST_LENGTH = 131072;

/** How many keys are tried for a JWT that names none. */
const MOST_TRIED = 4;

/**
 * @param text from outside
 * @returns the keys that can verify; what is wrong, in our own words, when there are none, or too many of any kind
 */
export function parseKeySet(text: string): PublicKey[] | string {
  if (text.length > MOST_LENGTH) {
    return `longer than ${MOST_LENGTH} characters`;
  }
  const set = parseJsonObject(text);
  const list = set === undefined ? undefined : set.keys;
  if (!Array.isArray(list)) {
    return 'no JWK Set (RFC 7517 §5)';
  }
  if (list.length > MOST_KEYS) {
    return `more than ${MOST_KEYS} keys`;
  }
  const keys = readPublicKeys(list);
  return keys.length === 0 ? 'no RSA or EC key that verifies signatures' : keys;
}

/** Those that can verify; others are left out. */
export function readPublicKeys(list: readonly unknown[]): PublicKey[] {
  const keys: PublicKey[] = [];
  for (let i = 0; i < list.length; i++) {
    const jwk = list[i];
    const key = typeof jwk === 'object' && jwk !== null ? readPublicKey(jwk as JsonObject) : undefined;
    if (key !== undefined) {
      keys.push(key);
    }
  }
  return keys;
}

/**
 * The keys that a JWT may be signed with: those with its `kid`; where it names none, each that fits, a few at most.
 * @param kid '' for none
 */
export function chooseKeys(keys: readonly PublicKey[], kid: string, alg: SignatureAlgorithm): PublicKey[] {
  const chosen: PublicKey[] = [];
  for (let i = 0; i < keys.length && chosen.length < MOST_TRIED; i++) {
    const key = keys[i] as PublicKey;
    if ((kid === '' || key.kid === kid) && isKeyFor(key, alg)) {
      chosen.push(key);
    }
  }
  return chosen;
}

/** A set as it is kept: `ssssssssss<JSON>`, when it was fetched, epoch seconds, and its keys. */
export interface KeptKeySet {
  readonly fetchedAtSec: number;
  readonly keys: readonly PublicKey[];
}

const TIME_DIGITS = 10;

/** After that many seconds a set is fetched again at its next use, so that a key that was removed verifies nothing more. */
const FRESH_SEC = 300;

/** For how long a set is used while no other can be fetched. */
export const KEPT_SEC = 86400;

export function formatKeySet(keys: readonly PublicKey[], fetchedAtSec: number): string {
  return tenDigits(fetchedAtSec) + JSON.stringify(keys);
}

/** @param text as {@link formatKeySet} wrote it, by this script alone */
export function parseKeptKeySet(text: string): KeptKeySet {
  return {
    fetchedAtSec: Number(text.slice(0, TIME_DIGITS)),
    keys: JSON.parse(text.slice(TIME_DIGITS)) as PublicKey[],
  };
}

export function isFreshKeySet(set: KeptKeySet, nowSec: number): boolean {
  return nowSec < set.fetchedAtSec + FRESH_SEC && nowSec >= set.fetchedAtSec;
}

/** For how long after that a set is used while another request fetches the next one. */
const WHILE_FETCHED_SEC = 60;

export function isUsedWhileFetched(set: KeptKeySet, nowSec: number): boolean {
  return nowSec < set.fetchedAtSec + FRESH_SEC + WHILE_FETCHED_SEC && nowSec >= set.fetchedAtSec;
}
