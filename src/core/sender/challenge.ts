// The challenge where bound tokens are taken (RFC 9449 §7.1, §9): one for each scheme that the location takes.
import type { Denial } from '../answer/outcome.js';
import type { DenialReason } from '../answer/reasons.js';
import { errorBody, type Refusal } from '../answer/refusal.js';
import type { SenderSettings } from '../settings/sender_settings.js';
import type { RefusalSettings } from '../settings/settings.js';
import { PROOF_ALGORITHMS } from './dpop_proof.js';

/**
 * @param isDpop whether the request came with the scheme DPoP: the error stands in the challenge of its scheme
 * @param nonce that the client shall use; undefined for none
 */
export function buildSenderDenial(
  denial: Denial,
  settings: RefusalSettings,
  sender: SenderSettings,
  isDpop: boolean,
  nonce: string | undefined,
): Refusal {
  const isScope = denial.reason === 'scope_insufficient';
  const takesDpop = sender.dpopOrigin !== '';
  // Without DPoP, a token can be bound to a certificate only, and those come as Bearer (RFC 8705 §3).
  const takesBearer = sender.constraint === 'verify' || !takesDpop;
  const schemes = (takesBearer ? ['Bearer'] : []).concat(takesDpop ? ['DPoP'] : []);
  const presented = isDpop ? 'DPoP' : 'Bearer';
  const errorScheme = schemes.includes(presented) ? presented : schemes[0];
  const challenges = schemes.map((scheme) =>
    challengeOf(scheme, scheme === errorScheme ? errorOf(denial.reason) : '', isScope, settings),
  );
  return {
    status: isScope ? 403 : 401,
    challenge: challenges[0] as string,
    otherChallenge: challenges[1],
    dpopNonce: nonce,
    retryAfter: '',
    body: isScope
      ? errorBody('insufficient_scope', 'The access token does not grant the scope that this request needs')
      : errorBody('unauthorized_request', 'Access denied due to missing, invalid or expired credentials'),
  };
}

function challengeOf(scheme: string, error: string, isScope: boolean, settings: RefusalSettings): string {
  const scopes = isScope || settings.scopes.length === 0 ? settings.requiredScopes : settings.scopes;
  const parameters = [
    ['realm', settings.realm],
    ['error', error],
    ['scope', scopes.join(' ')],
    ['algs', scheme === 'DPoP' ? PROOF_ALGORITHMS : ''],
    ['resource_metadata', settings.resourceMetadata],
  ];
  const written = parameters.filter((pair) => pair[1] !== '').map((pair) => `${pair[0]}="${pair[1]}"`);
  return `${scheme} ${written.join(', ')}`;
}

/** '' when no token was sent (RFC 6750 §3.1). */
function errorOf(reason: DenialReason): string {
  switch (reason) {
    case 'token_missing':
      return '';
    case 'scope_insufficient':
      return 'insufficient_scope';
    case 'dpop_nonce_required':
      return 'use_dpop_nonce';
    case 'dpop_scheme_required':
    case 'dpop_token_unbound':
      return 'invalid_token';
    default:
      return reason.startsWith('dpop_') ? 'invalid_dpop_proof' : 'invalid_token';
  }
}
