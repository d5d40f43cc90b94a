// A DPoP proof (RFC 9449 §4.2): what it says, and the checks of §4.3 but two. The signature is verified by
// edge/verify_signature.ts, and whether a proof was used before is known by edge/used_proofs.ts.
import type { DenialReason } from '../answer/reasons.js';
import { digest, sha256 } from '../cache/key.js';
import type { Jws } from '../signature/jws.js';
import { isKeyFor, type PublicKey, readPublicKey, thumbprint } from '../signature/public_key.js';
import type { JsonObject } from '../text/json.js';
import { type Jwt, parseJwt } from '../token/jwt.js';
import { isTargetUri } from './target_uri.js';

/** A proof whose form is good. Nothing in it is known to be true. */
export interface DpopProof {
  readonly kind: 'proof';
  readonly jws: Jws;
  readonly key: PublicKey;
  /** Of that key (RFC 7638). */
  readonly jkt: string;
  readonly jti: string;
  readonly htm: string;
  readonly htu: string;
  readonly iatSec: number;
  readonly ath: string;
  /** '' for none. */
  readonly nonce: string;
}

/** What a proof has to say of the request that it comes with. */
export interface ProvenRequest {
  readonly method: string;
  /** `$phantom_token_dpop_origin` and `$request_uri`. */
  readonly origin: string;
  readonly requestUri: string;
  readonly token: string;
  /** The key that the token is bound to. */
  readonly jkt: string;
}

/** When a proof may have been made, in seconds. */
export interface ProofTimes {
  readonly maxAgeSec: number;
  readonly clockSkewSec: number;
}

export interface RefusedProof {
  readonly kind: 'refused_proof';
  readonly reason: DenialReason;
}

/** What the challenge names (RFC 9449 §5.1). */
export const PROOF_ALGORITHMS = 'ES256 ES384 RS256 PS256';

/** In characters. A proof by RSA of 4096 bits has some 2,500. */
const MOST_LENGTH = 4096;
const MOST_JWK_MEMBERS = 16;
/** RFC 7518 §6.2.2, §6.3.2, §6.4: members of a private or a symmetric key. */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];
/** Members that change what is signed (RFC 7515 §4.1.11, RFC 7797). */
const CRITICAL_MEMBERS = ['crit', 'b64'];
/** A clock may be ahead by no more, whatever `$phantom_token_clock_skew` allows for tokens. */
const MOST_AHEAD_SEC = 60;

/** Checks 2 to 5 and 7: form, type, algorithm, key. */
export function readProof(text: string): DpopProof | RefusedProof {
  const jwt = text.length > MOST_LENGTH ? undefined : parseJwt(text);
  if (jwt === undefined || CRITICAL_MEMBERS.some((name) => jwt.header[name] !== undefined)) {
    return refused('dpop_proof_malformed');
  }
  if (jwt.header.typ !== 'dpop+jwt') {
    return refused('dpop_type_mismatch');
  }
  const alg = jwt.header.alg as Jws['alg'];
  if (!PROOF_ALGORITHMS.split(' ').includes(alg)) {
    return refused('dpop_algorithm_unsupported');
  }
  const key = readKey(jwt.header.jwk);
  if (key === undefined || !isKeyFor(key, alg)) {
    return refused('dpop_key_invalid');
  }
  return readClaims(jwt, alg, key);
}

function readKey(jwk: unknown): PublicKey | undefined {
  if (typeof jwk !== 'object' || jwk === null) {
    return undefined;
  }
  const isPublic = !PRIVATE_MEMBERS.some((name) => (jwk as JsonObject)[name] !== undefined);
  return isPublic && Object.keys(jwk).length <= MOST_JWK_MEMBERS
    ? readPublicKey(jwk as JsonObject)
    : undefined;
}

/** Check 3: what is required. */
function readClaims(jwt: Jwt, alg: Jws['alg'], key: PublicKey): DpopProof | RefusedProof {
  const claims = jwt.payload;
  const iat = claims.iat as number;
  const dot = jwt.text.lastIndexOf('.');
  const encoded = jwt.text.slice(dot + 1);
  const signature = Buffer.from(encoded, 'base64url');
  const nonce = claims.nonce === undefined ? '' : claims.nonce;
  if (
    !isFilled(claims.jti) ||
    !isFilled(claims.htm) ||
    !isFilled(claims.htu) ||
    !isFilled(claims.ath) ||
    Math.floor(iat) !== iat || // also for what is no number
    typeof nonce !== 'string' ||
    // Bits of the last character that no byte uses would let a signature have two spellings.
    signature.toString('base64url') !== encoded
  ) {
    return refused('dpop_proof_malformed');
  }
  return {
    kind: 'proof',
    jws: { kind: 'jws', alg, kid: '', input: jwt.text.slice(0, dot), signature },
    key,
    jkt: thumbprint(key),
    jti: claims.jti,
    htm: claims.htm,
    htu: claims.htu,
    iatSec: iat,
    ath: claims.ath,
    nonce,
  };
}

/** Checks 8, 9, 11 and 12: method, URI, time, token and key. */
export function checkProof(
  proof: DpopProof,
  request: ProvenRequest,
  times: ProofTimes,
  nowSec: number,
): DenialReason | undefined {
  if (proof.htm !== request.method) {
    return 'dpop_method_mismatch';
  }
  if (!isTargetUri(proof.htu, request.origin, request.requestUri)) {
    return 'dpop_uri_mismatch';
  }
  const aheadSec = Math.min(times.clockSkewSec, MOST_AHEAD_SEC);
  if (proof.iatSec < nowSec - times.maxAgeSec || proof.iatSec > nowSec + aheadSec) {
    return 'dpop_time_mismatch';
  }
  if (proof.ath !== sha256(request.token)) {
    return 'dpop_token_mismatch';
  }
  return proof.jkt === request.jkt ? undefined : 'dpop_key_mismatch';
}

/**
 * Under which name a proof is known as used: key and `jti` (RFC 9449 §11.1). Not the signature, of which ECDSA has two good
 * forms.
 */
export function proofName(proof: DpopProof): string {
  const used = `${proof.jkt}\n${proof.jti}`;
  return digest(used);
}

/** By how much the time of a worker's event loop, by which a zone forgets, may lag behind the clock that reads `iat`. */
const MOST_LAG_SEC = 10;

/**
 * For how long a proof could be used again, in milliseconds: to the end of its last second, and as long as a zone may lag.
 * @param nowMs when {@link checkProof} found its time good
 */
export function usableMs(proof: DpopProof, maxAgeSec: number, nowMs: number): number {
  return 1000 * (proof.iatSec + maxAgeSec + 1 + MOST_LAG_SEC) - nowMs;
}

function isFilled(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function refused(reason: DenialReason): RefusedProof {
  return { kind: 'refused_proof', reason };
}
