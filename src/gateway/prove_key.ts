// A token that is bound to a key of its client: the DPoP proof of the request (RFC 9449 §4.3).
import { type BoundGrant, denied, type Grant, granted, type Unavailable } from '../core/answer/outcome.js';
import { misconfigured, notAnsweredYet } from '../core/answer/unavailable.js';
import { tokenOf } from '../core/sender/dpop_credential.js';
import {
  checkProof,
  type DpopProof,
  type ProvenRequest,
  proofName,
  readProof,
  usableMs,
} from '../core/sender/dpop_proof.js';
import { isGoodNonce } from '../core/sender/nonce.js';
import { hasDotSegment, normalizeUri } from '../core/sender/target_uri.js';
import type { SenderSettings } from '../core/settings/sender_settings.js';
import { readClockMs, readClockSec } from '../edge/clock.js';
import { isOwnProof, noteOwnProof, readProofs } from '../edge/sender.js';
import { findProofZoneProblem, readNonceSecret, useProof } from '../edge/used_proofs.js';
import { verifySignature } from '../edge/verify_signature.js';
import type { Presented, Refused } from './handover.js';

/** @param presented with the scheme DPoP */
export async function proveKey(
  r: NginxHTTPRequest,
  known: BoundGrant,
  presented: Presented,
  sender: SenderSettings,
  clockSkewSec: number,
): Promise<Grant | Refused> {
  const refusal = await checkDpop(r, known, presented, sender, clockSkewSec);
  return refusal === undefined ? granted(known.authorization, known.cacheStatus, known.record) : refusal;
}

/** RFC 9449 §4.3. What costs nothing comes first; only a proof in which all else is good is noted as used. */
async function checkDpop(
  r: NginxHTTPRequest,
  known: BoundGrant,
  presented: Presented,
  sender: SenderSettings,
  clockSkewSec: number,
): Promise<Refused | undefined> {
  const problem = sender.dpopOrigin === '' ? NO_ORIGIN : findProofZoneProblem();
  if (problem !== undefined) {
    return misconfigured(problem);
  }
  const request = provenRequestOf(known, presented, sender.dpopOrigin);
  if (request === undefined) {
    return denied('dpop_uri_mismatch', known.cacheStatus);
  }
  const proofs = readProofs(r);
  if (proofs.length !== 1) {
    const reason = proofs.length === 0 ? 'dpop_proof_missing' : 'dpop_proof_repeated';
    return denied(reason, known.cacheStatus);
  }
  const proof = readProof(proofs[0] as string);
  if (proof.kind === 'refused_proof') {
    return denied(proof.reason, known.cacheStatus);
  }
  const nowMs = readClockMs();
  const times = { maxAgeSec: sender.dpopMaxAgeSec, clockSkewSec };
  const reason = checkProof(proof, request, times, Math.floor(nowMs / 1000));
  if (reason !== undefined) {
    return denied(reason, known.cacheStatus);
  }
  const isSigned = await verifySignature(proof.jws, proof.key);
  if (!isSigned) {
    return denied('dpop_signature_invalid', known.cacheStatus);
  }
  return (
    findStaleNonce(proof, known, sender) ||
    findReplay(r, proof, known, usableMs(proof, sender.dpopMaxAgeSec, nowMs))
  );
}

const NO_ORIGIN =
  '$phantom_token_dpop_origin is not set: a DPoP proof names the URL that the client has called, so the gateway needs its scheme and authority, such as https://api.example.com';

/** undefined when it is not certain which URL the client has called. */
function provenRequestOf(known: BoundGrant, presented: Presented, origin: string): ProvenRequest | undefined {
  const original = presented.original;
  if (original === undefined || original.uri === undefined || hasDotSegment(original.uri)) {
    return undefined;
  }
  const isElsewhere = original.origin !== '' && original.origin !== normalizeUri(origin);
  return isElsewhere
    ? undefined
    : {
        method: original.method,
        origin,
        requestUri: original.uri,
        token: tokenOf(presented.authorization),
        jkt: known.binding.jkt,
      };
}

/** Check 10. */
function findStaleNonce(proof: DpopProof, known: BoundGrant, sender: SenderSettings): Refused | undefined {
  if (sender.dpopNonce === 'off') {
    return undefined;
  }
  const secret = readNonceSecret();
  if (secret === undefined) {
    return zoneFull(known);
  }
  return isGoodNonce(proof.nonce, secret, readClockSec())
    ? undefined
    : denied('dpop_nonce_required', known.cacheStatus);
}

/**
 * Check 11, in all workers: never accepted unless it is noted. A request that nginx has led on to another location (error_page,
 * X-Accel-Redirect, index, try_files) proves itself there with the proof that it has used here.
 */
function findReplay(
  r: NginxHTTPRequest,
  proof: DpopProof,
  known: BoundGrant,
  ttlMs: number,
): Refused | undefined {
  const name = proofName(proof);
  switch (useProof(name, ttlMs)) {
    case 'added':
      noteOwnProof(r, name);
      return undefined;
    case 'exists':
      return isOwnProof(r, name) ? undefined : denied('dpop_proof_replayed', known.cacheStatus);
    case 'full':
      return zoneFull(known);
  }
}

function zoneFull(known: BoundGrant): Unavailable {
  return Object.assign(notAnsweredYet('dpop_proofs_full', '', '1'), { cacheStatus: known.cacheStatus });
}
