// Between what is known of a token and its grant, where bound tokens are taken: does this client hold the key? Asked at each
// request, wherever the answer about the token came from.
import { type BoundGrant, denied, type Grant, granted } from '../core/answer/outcome.js';
import { misconfigured } from '../core/answer/unavailable.js';
import { certificateThumbprint } from '../core/sender/certificate.js';
import { isDpopScheme } from '../core/sender/dpop_credential.js';
import type { SenderSettings } from '../core/settings/sender_settings.js';
import type { Presented, Refused } from './handover.js';
import { proveKey } from './prove_key.js';

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
