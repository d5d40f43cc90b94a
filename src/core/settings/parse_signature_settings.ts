// Generated from the table of settings (table.ts) by `npm run build`: change it there, not here.
import { checkPlainText } from './checks.js';
import { checkFile } from './question_checks.js';
import { checkJwks, checkMintAudience, checkMintClaims } from './signature_checks.js';
import { type Findings, readChecked, readWhole, readWord } from './reading.js';
import type { SignatureSettings } from './signature_settings.js';

export function readSignatureSettings(
  findings: Findings,
  signatures: readonly string[],
): SignatureSettings {
  return {
    kind: 'signature_settings',
    jwks: signatures[0] === '' ? '' : readChecked(findings, 'phantom_token_jwks', signatures[0] as string, checkJwks),
    acceptJwt: (signatures[1] === '' ? 'off' : readWord(findings, 'phantom_token_accept_jwt', signatures[1] as string, 'off on')) as SignatureSettings['acceptJwt'],
    mint: (signatures[2] === '' ? 'off' : readWord(findings, 'phantom_token_mint', signatures[2] as string, 'off missing always')) as SignatureSettings['mint'],
    mintKeyFile: signatures[3] === '' ? '' : readChecked(findings, 'phantom_token_mint_key_file', signatures[3] as string, checkFile),
    mintIssuer: signatures[4] === '' ? '' : readChecked(findings, 'phantom_token_mint_issuer', signatures[4] as string, checkPlainText),
    mintAudience: signatures[5] === '' ? '' : readChecked(findings, 'phantom_token_mint_audience', signatures[5] as string, checkMintAudience),
    mintClaims: signatures[6] === '' ? '' : readChecked(findings, 'phantom_token_mint_claims', signatures[6] as string, checkMintClaims),
    mintTtlSec: signatures[7] === '' ? 600 : readWhole(findings, 'phantom_token_mint_ttl', signatures[7] as string, 60, 86400, 'seconds'),
  };
}
