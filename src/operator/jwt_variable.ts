// The bare JWT as a variable. At the top level of the bundle, because some configurations use it for every request.

/** `js_set $phantom_jwt phantom_token.jwt nocache;`: the bare JWT, empty when there is none. */
export function jwt(r: NginxHTTPRequest): string {
  const v = r.variables;
  const authorization = v.phantom_token_authorization;
  const isOurs = authorization !== undefined && v.phantom_token_cache_status !== 'BYPASS';
  return isOurs ? authorization.slice('Bearer '.length) : '';
}
