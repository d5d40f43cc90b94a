// The refusal of a token: 401 or 403 with WWW-Authenticate (RFC 6750 §3).
import type { RefusalSettings } from '../settings/settings.js';
import type { Denial } from './outcome.js';
import { errorBody, type Refusal } from './refusal.js';

/** The error code is left out when no token was sent (RFC 6750 §3.1). */
export function buildDenial(denial: Denial, settings: RefusalSettings): Refusal {
  if (denial.reason === 'scope_insufficient') {
    return {
      status: 403,
      challenge: challenge(settings, 'insufficient_scope', settings.requiredScopes),
      retryAfter: '',
      body: errorBody(
        'insufficient_scope',
        'The access token does not grant the scope that this request needs',
      ),
    };
  }
  const named = settings.scopes.length > 0 ? settings.scopes : settings.requiredScopes;
  const error = denial.reason === 'token_missing' ? '' : 'invalid_token';
  return {
    status: 401,
    challenge: challenge(settings, error, named),
    retryAfter: '',
    body: errorBody('unauthorized_request', 'Access denied due to missing, invalid or expired credentials'),
  };
}

/** Realm, scopes and URL hold no quotes and no backslashes: see ../settings/checks.ts, sender_checks.ts. */
function challenge(settings: RefusalSettings, error: string, scopes: readonly string[]): string {
  let text = `Bearer realm="${settings.realm}"`;
  if (error !== '') {
    text += `, error="${error}"`;
  }
  if (scopes.length > 0) {
    text += `, scope="${scopes.join(' ')}"`;
  }
  if (settings.resourceMetadata !== '') {
    text += `, resource_metadata="${settings.resourceMetadata}"`; // RFC 9728 §5.1
  }
  return text;
}
