// What the checker can find. docs/check.md has these sentences and an example for each code; a test compares them.

export type Level = 'error' | 'warning';

export interface Rule {
  readonly level: Level;
  /** What nginx or the script does because of it. */
  readonly happens: string;
  /** What to write. */
  readonly instead: string;
}

const error = (happens: string, instead: string): Rule => ({ level: 'error', happens, instead });
const warning = (happens: string, instead: string): Rule => ({ level: 'warning', happens, instead });

/** By code, in the order of the page: the most dangerous first. A code keeps its meaning for ever. */
export const RULES = {
  include_missing: error(
    'Without protect.conf no token is checked: everybody reaches the API.',
    'Include protect.conf in each location to protect, below its `set` lines.',
  ),
  protection_off: error(
    'It switches the access control off that the location around it has: everybody reaches the API.',
    'Remove it. To let requests through with their own Authorization, set $phantom_token off and include protect.conf.',
  ),
  protect_level: error(
    'Only a location is protected by it; nginx refuses it here, or the settings of the locations are not read.',
    'Include protect.conf in each protected location.',
  ),
  answers_before_check: error(
    'nginx answers before the token is checked, so everybody gets this answer.',
    'Leave it out of protected locations, or move it into a location of its own.',
  ),
  rewrite_to_unprotected: error(
    'nginx leaves the location before the token is checked, and the other location passes requests on without a check.',
    'Include protect.conf in the other location too, with all its `set` lines.',
  ),
  satisfy_any: error(
    'In auth_request mode a client that passes allow or auth_basic needs no token.',
    'Write `satisfy all;` in the protected location.',
  ),
  server_conf_missing: error(
    'In auth_request mode nothing answers the authorization subrequest as it should: each request gets 500, or the API is open.',
    'Include auth_request/server.conf as the first line of the server.',
  ),
  server_conf_not_first: error(
    'nginx runs this line for the authorization subrequest, and takes a 2xx that it answers for a permission.',
    'Include auth_request/server.conf above it, as the first line of the server.',
  ),
  error_page_opens: error(
    'The refusal becomes another answer: a success, or what the location of that page answers without a check.',
    'Leave out 401, 403 and 500 where the location is protected, or send them to a page that passes nothing on.',
  ),
  authorization_overridden: error(
    'nginx sends this line beside the one of protect.conf, so the API gets two, one of which is not from the gateway.',
    'Remove the line: protect.conf has it.',
  ),
  set_below_protect: error(
    'In auth_request mode protect.conf takes the settings as they are at its line: this one has no effect.',
    'Move the line above the include.',
  ),
  unknown_setting: error(
    'nginx takes it for a variable of your own and says nothing, so it requires nothing.',
    'Correct the name, or give a variable of your own another name.',
  ),
  private_variable: error(
    'The script and the snippets write this variable. A value of yours can open the API or close it.',
    'Remove the line.',
  ),
  map_above_http_conf: error(
    'http.conf declares the variable again and nginx uses the later one, so this map is ignored.',
    'Move the map below the include of http.conf.',
  ),
  setting_value: error('The script refuses the value: requests get 500.', 'Correct the value.'),
  settings_incomplete: error(
    'The script refuses the settings of this location: requests get 500.',
    'Set what is missing, or leave out what contradicts.',
  ),
  client_decides: error(
    'A client decides this by what it sends, so it can decide that it is let through.',
    'Write the value itself, or a map, whose lines you choose, of something that clients cannot choose.',
  ),
  certificate_unusable: error(
    "It never holds the client's certificate, so a token that is bound to one gets 401 or 500.",
    'Use $ssl_client_raw_cert, with ssl_verify_client in the server, or what your TLS terminator alone can send.',
  ),
  sender_unprovable: error(
    'No client can prove here that it holds a key: with a token that is bound to one, it gets 500 or 401.',
    'Set $phantom_token_dpop_origin for DPoP, $phantom_token_caller_certificate for mutual TLS, or both.',
  ),
  switch_not_set: error(
    'Without $phantom_token each request gets 500.',
    'Set $phantom_token on, here above the include or in the server.',
  ),
  endpoint_not_set: error(
    'Without an endpoint no token can be checked: each request gets 500.',
    'Set $phantom_token_introspection_endpoint to the location that introspects, or to a URL.',
  ),
  nested_without_include: error(
    'It inherits the access control and no `set`: each request to it gets 500.',
    'Include protect.conf in it too, below `set` lines of its own. For limit_except, use `if ($request_method ...) { return 405; }`.',
  ),
  endpoint_not_found: error(
    'No location of this server has that name, so the question goes astray: requests with new tokens get 5xx.',
    'Add the location, or correct the name.',
  ),
  endpoint_without_include: error(
    'It does not ask as the script expects: requests with new tokens get 5xx, and its answer is not bounded.',
    'Include introspection_limits.conf and introspection.conf in it, or jwks.conf for $phantom_token_jwks.',
  ),
  limits_missing: error(
    'Without the limits above introspection.conf each introspection is 500.',
    'Include introspection_limits.conf above introspection.conf.',
  ),
  endpoint_without_proxy_pass: error(
    'The question reaches no authorization server: requests with new tokens get 5xx.',
    'Add proxy_pass with the address of the authorization server.',
  ),
  endpoint_unverified: error(
    'Whoever can stand between gets all tokens, and decides what is accepted.',
    'Remove the line: introspection.conf and jwks.conf verify, with the certificates of proxy_ssl_trusted_certificate.',
  ),
  url_endpoint_incomplete: error(
    'njs cannot fetch the URL: requests with new tokens get 5xx.',
    'Add `resolver`, and for https `js_fetch_trusted_certificate`, in the location, its server or http.',
  ),
  http_conf_missing: error(
    'nginx refuses the configuration, or no setting has an effect.',
    'Include http.conf at http level, once.',
  ),
  http_conf_twice: error(
    'nginx refuses the second one, or reads each setting twice.',
    'Remove one of the includes.',
  ),
  zones_missing: error(
    'Each request gets 500, because there is no place to keep tokens.',
    'Include zones.conf at http level, once.',
  ),
  zones_twice: error('nginx refuses the second one.', 'Remove one of the includes.'),
  zone_evicts: error(
    'nginx drops what must not be lost: a purged token would be accepted again, or one token asked about many times.',
    'Remove `evict` from this zone and make it larger.',
  ),
  zone_on_disk: error('nginx writes the JWTs to a file, readable by everybody.', 'Remove `state=`.'),
  zones_evict_unsafe: error(
    'Below njs 0.9.7 a zone that evicts crashes workers, so the script does not use it.',
    'Include zones_njs_0.8.conf in place of zones.conf.',
  ),
  njs_unsafe: error(
    'This njs is not safe in this mode: requests get 500, or nginx does not start.',
    'Use another mode or another njs.',
  ),
  operator_open: error(
    'Everybody who reaches the server can end tokens or read the figures.',
    'Add `allow 127.0.0.1; deny all;`, or let the server listen on an address of its own.',
  ),
  introspection_open: error(
    'Everybody who reaches the server can exchange tokens for JWTs here, and try tokens.',
    'Let only gateways ask: `ssl_verify_client on;`, or `allow` with `deny all;`, or an address of its own.',
  ),
  unprotected_neighbour: warning(
    'It passes requests to the same upstream as protected locations, and no token is checked.',
    'Include protect.conf in it. If it is public, say so with `proxy_set_header Authorization "";`.',
  ),
  unprotected_target: warning(
    'Requests of protected locations or answers of the API lead to it, and it passes requests on without a check.',
    'Include protect.conf in it, with all its `set` lines.',
  ),
  target_keeps_settings: warning(
    'Requests come to it from other locations, whose settings hold here too, also an `off` and weaker scopes.',
    'Set every setting in it, $phantom_token too.',
  ),
  subrequest_unchecked: warning(
    'nginx checks no subrequest: this one reaches its location without a token.',
    'Let it lead to no API.',
  ),
  set_twice: warning('The last one counts, and nginx says nothing.', 'Remove one of the lines.'),
  set_after_break: warning(
    'After `break` nginx runs no `set`, so the setting may be missing.',
    'Move the line above.',
  ),
  requirement_empty: warning(
    'For requests without a value of their own, nothing is required.',
    'Add a `default` that requires something.',
  ),
  scopes_by_path: warning(
    'The API gets the path as the client wrote it and may read it as that of the other location, which requires something else.',
    'Refuse paths that can be read in two ways: docs/nginx_rules.md has the lines.',
  ),
  cache_shared: warning(
    "The key has no token, so one user's answer is given to the next.",
    'Write `proxy_cache off;`, or put $http_authorization into the key.',
  ),
  secret_in_clear: warning(
    'Everybody who can read the file, or what `nginx -T` prints, has the secret.',
    'Put it into a file: $phantom_token_client_secret_file.',
  ),
  headers_lost: warning(
    'nginx inherits these lines all together or not at all, and protect.conf has one.',
    'Repeat them in the location.',
  ),
  upstream_not_resolved: warning(
    'nginx looks the name up at start and reload only, and goes on with the old address when it changes.',
    'Add `resolve` to the line, and a `zone` and a `resolver` to the upstream.',
  ),
} as const satisfies Record<string, Rule>;

export type Code = keyof typeof RULES;
