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
    authMethod: (rest[10] === '' ? '' : readWord(findings, 'phantom_token_client_auth', rest[10] as string, 'client_secret_basic client_secret_post private_key_jwt none')) as ClientSettings['authMethod'],
    secret: rest[11] === '' ? '' : readChecked(findings, 'phantom_token_client_secret', rest[11] as string, checkPlainText),
    secretFile: rest[12] === '' ? '' : readChecked(findings, 'phantom_token_client_secret_file', rest[12] as string, checkFile),
    keyFile: rest[13] === '' ? '' : readChecked(findings, 'phantom_token_client_key_file', rest[13] as string, checkFile),
    keyAlgorithm: (rest[14] === '' ? 'RS256' : readWord(findings, 'phantom_token_client_key_algorithm', rest[14] as string, 'RS256 PS256 ES256')) as ClientSettings['keyAlgorithm'],
    keyId: rest[15] === '' ? '' : readChecked(findings, 'phantom_token_client_key_id', rest[15] as string, checkPlainText),
    assertionAudience: rest[16] === '' ? '' : readChecked(findings, 'phantom_token_client_assertion_audience', rest[16] as string, checkPlainText),
    assertionTtlSec: rest[17] === '' ? 60 : readWhole(findings, 'phantom_token_client_assertion_ttl', rest[17] as string, 0, 31536000, 'seconds'),
  };
}
