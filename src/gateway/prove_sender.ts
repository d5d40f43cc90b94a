// Between what is known of a token and its grant, where bound tokens are taken: does this client hold the key? Asked at each
// request, wherever the answer about the token came from.
import {
  type BoundGrant,
  type Denial,
  denied,
  type Grant,
  granted,
  type Unavailable,
} from '../core/answer/outcome.js';
import { misconfigured, notAnsweredYet } from '../core/answer/unavailable.js';
import { certificateThumbprint } from '../core/sender/certificate.js';
import { isDpopScheme, tokenOf } from '../core/sender/dpop_credential.js';
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
import type { Presented } from './handover.js';

type Refused = Denial | Unavailable;

/** What a location says of proofs. */
export interface ProofSettings {
  readonly sender: SenderSettings | undefined;
  readonly clockSkewSec: number;
}

/**
 * The grant, when the client has proven what the token asks for. A promise only for DPoP.
 * How a token was presented says nothing about the token: nothing of this is remembered but that a good proof was used.
 */
export function proveSender(
  r: NginxHTTPRequest,
  known: Grant | BoundGrant,
  presented: Presented,
  settings: ProofSettings,
): Grant | Refused | Promise<Grant | Refused> {
  const isDpop = isDpopScheme(presented.authorization);
  if (known.kind === 'grant') {
    return isDpop ? denied('dpop_token_unbound', known.cacheStatus) : known;
  }
  const binding = known.binding;
  const sender = settings.sender;
  if (sender === undefined) {
    return denied('token_sender_constrained', known.cacheStatus); // such a location stores no bound token
  }
  if (isDpop !== (binding.jkt !== '')) {
    return denied(isDpop ? 'dpop_token_unbound' : 'dpop_scheme_required', known.cacheStatus);
  }
  const refusal = binding.x5t === '' ? undefined : checkCertificate(presented.certificate, known);
  if (refusal !== undefined) {
    return refusal;
  }
  return binding.jkt === ''
    ? granted(known.authorization, known.cacheStatus, known.record)
    : proveKey(r, known, presented, sender, settings.clockSkewSec);
}

async function proveKey(
  r: NginxHTTPRequest,
  known: BoundGrant,
  presented: Presented,
  sender: SenderSettings,
  clockSkewSec: number,
): Promise<Grant | Refused> {
  const refusal = await checkDpop(r, known, presented, sender, clockSkewSec);
  return refusal === undefined ? granted(known.authorization, known.cacheStatus, known.record) : refusal;
}

/** RFC 8705 §3. */
function checkCertificate(certificate: string, known: BoundGrant): Refused | undefined {
  if (certificate === '') {
    return denied('certificate_missing', known.cacheStatus);
  }
  const thumbprint = certificateThumbprint(certificate);
  if (thumbprint === undefined) {
    return misconfigured(
      '$phantom_token_caller_certificate holds no certificate: it must be PEM, URL-encoded PEM or base64 of DER (RFC 9440)',
    );
  }
  return thumbprint === known.binding.x5t ? undefined : denied('certificate_mismatch', known.cacheStatus);
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
