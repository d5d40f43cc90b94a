// The one declared table of settings. `npm run build` writes from it what repeats it: lines.ts and parse_*.ts beside this
// file, the declarations and the joined texts of nginx/http.conf, the table of docs/settings.md. It is no part of the script
// that nginx runs.
import { CLIENT_SETTINGS } from './client_table.js';
import { FAILURE_SETTINGS } from './failure_table.js';
import { CHALLENGE_SETTINGS, SENDER_SETTINGS } from './sender_table.js';
import { checked, oneOf, type SettingRow, scopes, text, whole, YEAR_SEC } from './setting_row.js';
import { SIGNATURE_SETTINGS } from './signature_table.js';

export const LOCATION_SETTINGS: readonly SettingRow[] = [
  {
    variable: 'phantom_token',
    field: '',
    text: 'head',
    value: checked('checkSwitch'),
    comment: 'on | off; anything else answers 500',
    meaning:
      '`on` protects, together with `protect.conf` in the same location; `off` passes the request with its own Authorization header; any other value, also an empty one, is answered 500',
  },
  {
    variable: 'phantom_token_introspection_endpoint',
    field: 'introspectionEndpoint',
    text: 'lookup',
    value: checked('checkEndpoint'),
    comment: 'internal location, such as /introspect, or an http(s) URL',
    meaning:
      'the internal location that calls the authorization server, or [an absolute http(s) URL](authorization_servers/README.md#reaching-it)',
  },
  {
    variable: 'phantom_token_partition',
    field: '',
    text: 'nginx',
    value: text(),
    comment: 'servers with the same value share records; empty: server name and port',
    meaning:
      'servers with an equal one [share records](#where-the-token-is-and-who-shares-it); empty: none does',
  },
  {
    variable: 'phantom_token_input',
    field: '',
    text: 'nginx',
    value: text(),
    comment: 'the token itself; empty: taken from the Authorization header',
    meaning:
      'holds [the token itself](#where-the-token-is-and-who-shares-it), in place of the Authorization header',
  },
  {
    variable: 'phantom_token_required_scopes',
    field: 'requiredScopes',
    text: 'policy',
    value: scopes(),
    comment: 'the token must have all of them',
    meaning: 'scopes, separated by spaces; the token must have all of them; else 403',
  },
  {
    variable: 'phantom_token_audience',
    field: 'audience',
    text: 'policy',
    value: text(),
    comment: "must be in the token's `aud`",
    meaning: "must be among the token's `aud`; a token without `aud` is refused",
  },
  {
    variable: 'phantom_token_issuer',
    field: 'issuer',
    text: 'policy',
    value: text(),
    comment: "must be the token's `iss`",
    meaning: "must be the token's `iss`; a token without `iss` is refused",
  },
  {
    variable: 'phantom_token_clock_skew',
    field: 'clockSkewSec',
    text: 'policy',
    value: whole(60, 0, YEAR_SEC, 'seconds'),
    comment: '60 (seconds)',
    meaning: 'seconds that `nbf` and `iat` may lie in the future; never prolongs `exp`',
  },
  {
    variable: 'phantom_token_cache_ttl',
    field: 'cacheTtlSec',
    text: 'policy',
    value: whole(300, 0, YEAR_SEC, 'seconds'),
    comment: '300 (seconds); 0 for no caching',
    meaning: 'seconds a token is cached at most; less when Cache-Control or `exp` say so; `0` for no caching',
  },
  {
    variable: 'phantom_token_realm',
    field: 'realm',
    text: 'rest',
    value: checked('checkRealm', 'api'),
    comment: 'api',
    meaning: 'realm in the challenge',
  },
  {
    variable: 'phantom_token_scopes',
    field: 'scopes',
    text: 'rest',
    value: scopes(),
    comment: 'named in the challenge, not enforced',
    meaning: 'scopes named in the challenge, not enforced; when empty, the required ones are named',
  },
  {
    variable: 'phantom_token_preflight',
    field: 'preflight',
    text: 'rest',
    value: oneOf('answer', 'pass', 'authenticate'),
    comment: 'answer | pass | authenticate',
    meaning:
      'CORS preflights without a token: `answer` 204 with the headers that you add, `pass` upstream without Authorization, `authenticate` like all requests',
  },
  {
    variable: 'phantom_token_jwt_field',
    field: 'jwtField',
    text: 'lookup',
    value: text(),
    comment: 'member of a JSON answer; empty: phantom_token, jwt, token_string',
    meaning: 'member of a JSON answer that holds the JWT; empty for `phantom_token`, `jwt`, `token_string`',
  },
  {
    variable: 'phantom_token_max_jwt_length',
    field: 'maxJwtLength',
    text: 'lookup',
    value: whole(65536, 1, 1048576, 'characters'),
    comment: '65536 (characters)',
    meaning:
      "characters; a longer JWT is 502. To go beyond 65536, raise `subrequest_output_buffer_size` (256k) in `introspection_limits.conf` as well: an answer over that ends the client's connection",
  },
  {
    variable: 'phantom_token_introspection_parameters',
    field: 'introspectionParameters',
    text: 'lookup',
    value: checked('checkFormFields'),
    comment: 'further form fields, encoded',
    meaning: 'further form fields of the introspection request, encoded: `a=b&c=d`',
  },
  {
    variable: 'phantom_token_cache_control',
    field: 'cacheControl',
    text: 'lookup',
    value: oneOf('obey', 'ignore'),
    comment: 'obey | ignore',
    meaning:
      '`ignore` for servers that send `no-store` with every answer: then only `exp` and the TTL limit a record',
  },
  {
    variable: 'phantom_token_introspection_accept',
    field: 'introspectionAccept',
    text: 'lookup',
    value: checked('checkAccept', 'application/jwt'),
    comment: 'application/jwt',
    meaning:
      'Accept header of the introspection request: `application/json` for servers that answer no other, `application/token-introspection+jwt` for [RFC 9701](authorization_servers/README.md#forms-of-the-answer)',
  },
  {
    variable: 'phantom_token_negative_cache_ttl',
    field: 'negativeCacheTtlSec',
    text: 'rest',
    value: whole(5, 0, 60, 'seconds'),
    comment: '5 (seconds); 0: rejected tokens are not remembered',
    meaning: 'seconds a rejected token is remembered; `0` for none',
  },
  {
    variable: 'phantom_token_stale_if_error',
    field: 'staleIfErrorSec',
    text: 'rest',
    value: whole(0, 0, YEAR_SEC, 'seconds'),
    comment: '0 (seconds)',
    meaning:
      'seconds for which a record is served after its end [while the authorization server fails](operations.md#when-the-authorization-server-fails); never beyond `exp`',
  },
  ...FAILURE_SETTINGS,
  ...CHALLENGE_SETTINGS,
];

/** Every setting, in the order of the docs and of the joined texts. */
export const SETTINGS: readonly SettingRow[] = [
  ...LOCATION_SETTINGS,
  ...SIGNATURE_SETTINGS,
  ...SENDER_SETTINGS,
  ...CLIENT_SETTINGS,
];

export { CLIENT_SETTINGS, SENDER_SETTINGS, SIGNATURE_SETTINGS };
