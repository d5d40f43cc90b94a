// Generated from the table of settings (table.ts) by `npm run build`: change it there, not here.
import { checkRealm } from './checks.js';
import { checkMetadataUrl } from './sender_checks.js';
import { type Findings, readChecked, readScopes, readWhole } from './reading.js';
import { readSender } from './sender_settings.js';
import type { RefusalSettings } from './settings.js';

export function readRefusalSettings(
  findings: Findings,
  request: readonly string[],
  rest: readonly string[],
): RefusalSettings {
  return {
    requiredScopes: request[1] === '' ? [] : readScopes(findings, 'phantom_token_required_scopes', request[1] as string),
    realm: rest[0] === '' ? 'api' : readChecked(findings, 'phantom_token_realm', rest[0] as string, checkRealm),
    scopes: rest[1] === '' ? [] : readScopes(findings, 'phantom_token_scopes', rest[1] as string),
    negativeCacheTtlSec: rest[3] === '' ? 5 : readWhole(findings, 'phantom_token_negative_cache_ttl', rest[3] as string, 0, 60, 'seconds'),
    resourceMetadata: rest[9] === '' ? '' : readChecked(findings, 'phantom_token_resource_metadata', rest[9] as string, checkMetadataUrl),
    sender: request[13] === '' ? undefined : readSender(findings, request[13] as string),
  };
}
