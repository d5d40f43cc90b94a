// Generated from the table of settings (table.ts) by `npm run build`: change it there, not here.
import { checkPlainText } from './checks.js';
import { checkFile } from './question_checks.js';
import { type Findings, readChecked, readWhole, readWord } from './reading.js';
import type { ClientSettings } from './client_settings.js';

export function readClientSettings(
  findings: Findings,
  request: readonly string[],
  rest: readonly string[],
): ClientSettings {
  return {
    kind: 'client_settings',
    id: request[14] === '' ? '' : readChecked(findings, 'phantom_token_client_id', request[14] as string, checkPlainText),
    authMethod: (rest[9] === '' ? '' : readWord(findings, 'phantom_token_client_auth', rest[9] as string, 'client_secret_basic client_secret_post private_key_jwt none')) as ClientSettings['authMethod'],
    secret: rest[10] === '' ? '' : readChecked(findings, 'phantom_token_client_secret', rest[10] as string, checkPlainText),
    secretFile: rest[11] === '' ? '' : readChecked(findings, 'phantom_token_client_secret_file', rest[11] as string, checkFile),
    keyFile: rest[12] === '' ? '' : readChecked(findings, 'phantom_token_client_key_file', rest[12] as string, checkFile),
    keyAlgorithm: (rest[13] === '' ? 'RS256' : readWord(findings, 'phantom_token_client_key_algorithm', rest[13] as string, 'RS256 PS256 ES256')) as ClientSettings['keyAlgorithm'],
    keyId: rest[14] === '' ? '' : readChecked(findings, 'phantom_token_client_key_id', rest[14] as string, checkPlainText),
    assertionAudience: rest[15] === '' ? '' : readChecked(findings, 'phantom_token_client_assertion_audience', rest[15] as string, checkPlainText),
    assertionTtlSec: rest[16] === '' ? 60 : readWhole(findings, 'phantom_token_client_assertion_ttl', rest[16] as string, 0, 31536000, 'seconds'),
  };
}
