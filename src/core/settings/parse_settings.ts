// Generated from the table of settings (table.ts) by `npm run build`: change it there, not here.
import { checkPlainText, checkRealm } from './checks.js';
import { checkAccept, checkEndpoint, checkFormFields } from './question_checks.js';
import { checkMetadataUrl } from './sender_checks.js';
import { type Findings, readChecked, readScopes, readWhole, readWord } from './reading.js';
import { readSender } from './sender_settings.js';
import type { Settings } from './settings.js';

export function readSettings(
  findings: Findings,
  request: readonly string[],
  rest: readonly string[],
): Settings {
  return {
    kind: 'settings',
    introspectionEndpoint: readChecked(findings, 'phantom_token_introspection_endpoint', request[7] as string, checkEndpoint),
    requiredScopes: request[1] === '' ? [] : readScopes(findings, 'phantom_token_required_scopes', request[1] as string),
    audience: request[2] === '' ? '' : readChecked(findings, 'phantom_token_audience', request[2] as string, checkPlainText),
    issuer: request[3] === '' ? '' : readChecked(findings, 'phantom_token_issuer', request[3] as string, checkPlainText),
    clockSkewSec: request[4] === '' ? 60 : readWhole(findings, 'phantom_token_clock_skew', request[4] as string, 0, 31536000, 'seconds'),
    cacheTtlSec: request[5] === '' ? 300 : readWhole(findings, 'phantom_token_cache_ttl', request[5] as string, 0, 31536000, 'seconds'),
    realm: rest[0] === '' ? 'api' : readChecked(findings, 'phantom_token_realm', rest[0] as string, checkRealm),
    scopes: rest[1] === '' ? [] : readScopes(findings, 'phantom_token_scopes', rest[1] as string),
    preflight: (rest[2] === '' ? 'answer' : readWord(findings, 'phantom_token_preflight', rest[2] as string, 'answer pass authenticate')) as Settings['preflight'],
    jwtField: request[8] === '' ? '' : readChecked(findings, 'phantom_token_jwt_field', request[8] as string, checkPlainText),
    maxJwtLength: request[9] === '' ? 65536 : readWhole(findings, 'phantom_token_max_jwt_length', request[9] as string, 1, 1048576, 'characters'),
    introspectionParameters: request[10] === '' ? '' : readChecked(findings, 'phantom_token_introspection_parameters', request[10] as string, checkFormFields),
    cacheControl: (request[11] === '' ? 'obey' : readWord(findings, 'phantom_token_cache_control', request[11] as string, 'obey ignore')) as Settings['cacheControl'],
    introspectionAccept: request[12] === '' ? 'application/jwt' : readChecked(findings, 'phantom_token_introspection_accept', request[12] as string, checkAccept),
    negativeCacheTtlSec: rest[3] === '' ? 5 : readWhole(findings, 'phantom_token_negative_cache_ttl', rest[3] as string, 0, 60, 'seconds'),
    staleIfErrorSec: rest[4] === '' ? 0 : readWhole(findings, 'phantom_token_stale_if_error', rest[4] as string, 0, 31536000, 'seconds'),
    introspectionTimeoutSec: rest[5] === '' ? 10 : readWhole(findings, 'phantom_token_introspection_timeout', rest[5] as string, 1, 60, 'seconds'),
    breakerFailures: rest[6] === '' ? 5 : readWhole(findings, 'phantom_token_breaker_failures', rest[6] as string, 0, 1000, 'failures'),
    breakerDelaySec: rest[7] === '' ? 2 : readWhole(findings, 'phantom_token_breaker_delay', rest[7] as string, 0, 3600, 'seconds'),
    maxWaiting: rest[8] === '' ? 500 : readWhole(findings, 'phantom_token_max_waiting', rest[8] as string, 1, 100000, 'requests'),
    resourceMetadata: rest[9] === '' ? '' : readChecked(findings, 'phantom_token_resource_metadata', rest[9] as string, checkMetadataUrl),
    sender: request[13] === '' ? undefined : readSender(findings, request[13] as string),
  };
}
