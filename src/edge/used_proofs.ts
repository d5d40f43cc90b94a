// The zone of DPoP proofs that were used, and the secret of the nonces, which all workers share and a reload leaves in place.
import { type Added, addEntry, readEntry, type Zone } from './zones.js';

const PROOFS: Zone = 'phantom_token_proofs';
const NONCE_SECRET = 'nonce';
/** Longer than a zone keeps an entry. Then another secret is made, and clients are told to use another nonce. */
const SECRET_MS = 2147483647;

/** undefined, or what is wrong. */
export function findProofZoneProblem(): string | undefined {
  return ngx.shared.phantom_token_proofs === undefined
    ? 'the js_shared_dict_zone phantom_token_proofs is not declared, which DPoP needs: include zones.conf at http level, or add its line to your own zones.conf'
    : undefined;
}

/** Of several requests with one proof, in all workers, one gets `added`. @param ttlMs whole milliseconds, at least 1 */
export function useProof(name: string, ttlMs: number): Added {
  return addEntry(PROOFS, name, '', ttlMs);
}

/** The secret, made when it is first needed; undefined when the zone is full. */
export function readNonceSecret(): string | undefined {
  const known = readEntry(PROOFS, NONCE_SECRET);
  if (known !== undefined) {
    return known;
  }
  const bytes = new Uint8Array(32);
  crypto.getRandomValues(bytes);
  addEntry(PROOFS, NONCE_SECRET, Buffer.from(bytes).toString('hex'), SECRET_MS);
  return readEntry(PROOFS, NONCE_SECRET); // another worker may have been first
}
