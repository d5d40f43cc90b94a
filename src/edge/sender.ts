// Reads how a client proves that it holds a key.
import type { Mode } from '../core/settings/njs_version.js';

/** Each DPoP header of the request (RFC 9449 §4.1). nginx's own variable would join several, or give the first. */
export function readProofs(r: NginxHTTPRequest): string[] {
  return r.rawHeadersIn
    .filter((header) => (header[0] as string).toLowerCase() === 'dpop')
    .map((header) => header[1] as string);
}

/** `$phantom_token_caller_certificate`, as it was in the protected location: see takeKeptRequest. '' for none. */
export function readCallerCertificate(r: NginxHTTPRequest, mode: Mode): string {
  const v = r.variables;
  return (mode === 'auth_request' ? v._phantom_kept_certificate : v.phantom_token_caller_certificate) || '';
}

/** Notes which proof this request has used. The variable lives as long as the request does, and no client can set it. */
export function noteOwnProof(r: NginxHTTPRequest, name: string): void {
  r.variables._phantom_used_proof = name;
}

/** Whether this very request has used that proof before, at a location from which nginx has led it on. */
export function isOwnProof(r: NginxHTTPRequest, name: string): boolean {
  return r.variables._phantom_used_proof === name;
}
