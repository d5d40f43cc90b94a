// Generated from the table of settings (table.ts) by `npm run build`: change it there, not here.
import { checkOrigin } from './sender_checks.js';
import { type Findings, readChecked, readWhole, readWord } from './reading.js';
import type { SenderSettings } from './sender_settings.js';

export function readSenderSettings(
  findings: Findings,
  signatures: readonly string[],
): SenderSettings {
  return {
    kind: 'sender_settings',
    constraint: (signatures[8] === '' ? 'refuse' : readWord(findings, 'phantom_token_sender_constraint', signatures[8] as string, 'refuse verify require')) as SenderSettings['constraint'],
    dpopOrigin: signatures[9] === '' ? '' : readChecked(findings, 'phantom_token_dpop_origin', signatures[9] as string, checkOrigin),
    dpopMaxAgeSec: signatures[10] === '' ? 60 : readWhole(findings, 'phantom_token_dpop_max_age', signatures[10] as string, 1, 3600, 'seconds'),
    dpopNonce: (signatures[11] === '' ? 'off' : readWord(findings, 'phantom_token_dpop_nonce', signatures[11] as string, 'off on')) as SenderSettings['dpopNonce'],
  };
}
