// What a gateway gets that asks about a token. Whether the client holds the key of a bound token is for that gateway to find out,
// and it has the JWT alone to learn of the binding.
import { denied, type Finding, granted, type Outcome } from '../core/answer/outcome.js';
import { namesBinding } from '../core/sender/named_binding.js';
import type { Settings } from '../core/settings/settings.js';

export function handOut(r: NginxHTTPRequest, finding: Finding, settings: Settings): Outcome {
  // nginx has run the server's own `set` lines again in the subrequest; the answer says how long it is good.
  r.variables.phantom_token_cache_ttl = String(settings.cacheTtlSec);
  if (finding.kind !== 'bound') {
    return finding;
  }
  return namesBinding(finding.authorization.slice('Bearer '.length), finding.binding)
    ? granted(finding.authorization, finding.cacheStatus, finding.record)
    : denied('token_sender_constrained', finding.cacheStatus);
}
