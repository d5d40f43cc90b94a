// Verifies a JWT with the authorization server's keys.
import type { Unavailable } from '../core/answer/outcome.js';
import type { Settings } from '../core/settings/settings.js';
import { type Jws, readJws } from '../core/signature/jws.js';
import type { PublicKey } from '../core/signature/public_key.js';
import type { Jwt } from '../core/token/jwt.js';
import { verifySignature } from '../edge/verify_signature.js';
import type { Question } from './handover.js';
import { obtainKeys } from './obtain_keys.js';

/** What became of a JWT's signature. */
export type Verification =
  | { readonly kind: 'verified' }
  /** @property problem in our own words, for the log */
  | { readonly kind: 'signature_invalid'; readonly problem: string }
  /** No key of the server fits `kid` and `alg`. */
  | { readonly kind: 'key_unknown' }
  | Unavailable;

/** @param jwks where the keys are. Does NOT look at any claim. */
export async function verifyJwt(
  r: NginxHTTPRequest,
  jwt: Jwt,
  question: Question,
  jwks: string,
  settings: Settings,
): Promise<Verification> {
  const jws = readJws(jwt);
  if (jws.kind === 'refused_jws') {
    return { kind: 'signature_invalid', problem: jws.problem };
  }
  const keys = await obtainKeys(r, jws, question, jwks, settings);
  if (keys.kind === 'unavailable') {
    return keys;
  }
  return keys.chosen.length === 0 ? { kind: 'key_unknown' } : tryKeys(jws, keys.chosen);
}

async function tryKeys(jws: Jws, keys: readonly PublicKey[]): Promise<Verification> {
  for (let i = 0; i < keys.length; i++) {
    const isGood = await verifySignature(jws, keys[i] as PublicKey);
    if (isGood) {
      return { kind: 'verified' };
    }
  }
  return { kind: 'signature_invalid', problem: 'it is not by the key that it names' };
}
