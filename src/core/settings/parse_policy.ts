// Generated from the table of settings (table.ts) by `npm run build`: change it there, not here.
import { checkPlainText } from './checks.js';
import { type Findings, readChecked, readScopes, readWhole } from './reading.js';
import type { Policy } from './settings.js';

export function readPolicy(
  findings: Findings,
  policy: readonly string[],
): Policy {
  return {
    requiredScopes: policy[0] === '' ? [] : readScopes(findings, 'phantom_token_required_scopes', policy[0] as string),
    audience: policy[1] === '' ? '' : readChecked(findings, 'phantom_token_audience', policy[1] as string, checkPlainText),
    issuer: policy[2] === '' ? '' : readChecked(findings, 'phantom_token_issuer', policy[2] as string, checkPlainText),
    clockSkewSec: policy[3] === '' ? 60 : readWhole(findings, 'phantom_token_clock_skew', policy[3] as string, 0, 31536000, 'seconds'),
    cacheTtlSec: policy[4] === '' ? 300 : readWhole(findings, 'phantom_token_cache_ttl', policy[4] as string, 0, 31536000, 'seconds'),
  };
}
