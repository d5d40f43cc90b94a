// Refuses a token where bound tokens are taken.
import type { Denial } from '../core/answer/outcome.js';
import type { Refusal } from '../core/answer/refusal.js';
import { buildSenderDenial } from '../core/sender/challenge.js';
import { isDpopScheme } from '../core/sender/dpop_credential.js';
import { nonceAt } from '../core/sender/nonce.js';
import type { SenderSettings } from '../core/settings/sender_settings.js';
import type { RefusalSettings } from '../core/settings/settings.js';
import { readClockSec } from './clock.js';
import { readNonceSecret } from './used_proofs.js';

/** The nonce comes with the refusal that asks for one; as the secret has just been used, it is there. */
export function refusalOf(
  r: NginxHTTPRequest,
  denial: Denial,
  settings: RefusalSettings,
  sender: SenderSettings,
): Refusal {
  const secret = denial.reason === 'dpop_nonce_required' ? readNonceSecret() : undefined;
  const nonce = secret === undefined ? undefined : nonceAt(secret, readClockSec());
  const isDpop = isDpopScheme(r.variables.http_authorization || '');
  return buildSenderDenial(denial, settings, sender, isDpop, nonce);
}
