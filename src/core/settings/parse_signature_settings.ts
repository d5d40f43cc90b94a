// Generated from the table of settings (table.ts) by `npm run build`: change it there, not here.
import { checkPlainText } from './checks.js';
import { checkFile } from './question_checks.js';
import { checkJwks, checkMintClaims } from './signature_checks.js';
import { type Findings, readChecked, readWhole, readWord } from './reading.js';
import type { SignatureSettings } from './signature_settings.js';

export function readSignatureSettings(
  findings: Findings,
  request: readonly string[],
): SignatureSettings {
  return {
    kind: 'signature_settings',
    jwks: request[13] === '' ? '' : readChecked(findings, 'phantom_token_jwks', request[13] as string, checkJwks),
    acceptJwt: (request[14] === '' ? 'off' : readWord(findings, 'phantom_token_accept_jwt', request[14] as string, 'off on')) as SignatureSettings['acceptJwt'],
    mint: (request[15] === '' ? 'off' : readWord(findings, 'phantom_token_mint', request[15] as string, 'off missing always')) as SignatureSettings['mint'],
    mintKeyFile: request[16] === '' ? '' : readChecked(findings, 'phantom_token_mint_key_file', request[16] as string, checkFile),
    mintIssuer: request[17] === '' ? '' : readChecked(findings, 'phantom_token_mint_issuer', request[17] as string, checkPlainText),
    mintAudience: request[18] === '' ? '' : readChecked(findings, 'phantom_token_mint_audience', request[18] as string, checkPlainText),
    mintClaims: request[19] === '' ? '' : readChecked(findings, 'phantom_token_mint_claims', request[19] as string, checkMintClaims),
    mintTtlSec: request[20] === '' ? 600 : readWhole(findings, 'phantom_token_mint_ttl', request[20] as string, 60, 86400, 'seconds'),
  };
}
