#!/usr/bin/env node
// njs-phantom-token 0.1.0 (Apache-2.0). Built from cli/ by `npm run build`: change it there, not here.
var __defProp = Object.defineProperty;
var __export = (target, all) => {
  for (var name in all)
    __defProp(target, name, { get: all[name], enumerable: true });
};

// cli/main.ts
import { existsSync as existsSync2 } from "node:fs";
import { readFile as readFile2 } from "node:fs/promises";
import { dirname as dirname4, join as join6, resolve as resolve2 } from "node:path";

// cli/check/layout.ts
function layOut(top) {
  const http = top.filter(({ name }) => name === "http");
  const own = http.length === 0 ? top : http.flatMap(({ block = [] }) => block);
  const servers = [];
  const configuration = { own, isWhole: http.length > 0, servers };
  const blocks = own.filter(({ name, block }) => name === "server" && block !== void 0);
  for (const { block = [] } of blocks) servers.push(layOutServer(block, configuration, true));
  if (http.length === 0 && blocks.length === 0)
    servers.push(layOutServer(own, { ...configuration, own: [] }, false));
  return configuration;
}
function layOutServer(own, configuration, isWhole) {
  const locations = [];
  const allLocations2 = [];
  const server = { configuration, own, isWhole, locations, allLocations: allLocations2 };
  locations.push(...layOutLocations(own, server, void 0, allLocations2));
  return server;
}
function layOutLocations(own, server, outer, all) {
  const locations = [];
  for (const block of own) {
    if (block.name !== "location" || block.block === void 0) continue;
    const inner = [];
    const location = { block, own: block.block, ...readMatch(block), server, outer, inner };
    all.push(location);
    locations.push(location);
    inner.push(...layOutLocations(location.own, server, location, all));
  }
  return locations;
}
function allLocations({ servers }) {
  return servers.flatMap((server) => server.allLocations);
}
function nameOf({ block }) {
  return `location ${block.args.join(" ")}`;
}
function levelsOf(location) {
  const { server, outer } = location;
  return [location.own, ...outer === void 0 ? [server.own, server.configuration.own] : levelsOf(outer)];
}
function inForce(levels, ...names) {
  for (const level of levels) {
    const found2 = named(level, ...names);
    if (found2.length > 0) return found2;
  }
  return [];
}
function named(directives, ...names) {
  const byName = groupedByName(directives);
  const [first = [], ...others] = names.map((name) => byName.get(name) ?? []);
  return others.every((group) => group.length === 0) ? first : directives.filter(({ name }) => names.includes(name));
}
var groups = /* @__PURE__ */ new WeakMap();
function groupedByName(directives) {
  const known = groups.get(directives);
  if (known !== void 0) return known;
  const byName = /* @__PURE__ */ new Map();
  for (const directive of directives) {
    const group = byName.get(directive.name);
    if (group === void 0) byName.set(directive.name, [directive]);
    else group.push(directive);
  }
  groups.set(directives, byName);
  return byName;
}
function withConditional(directives) {
  return directives.flatMap(
    (directive) => directive.name === "if" ? [directive, ...directive.block ?? []] : [directive]
  );
}
function readMatch({ args }) {
  const words = /^(=|~\*|~|\^~)?\s*([\s\S]*)$/.exec(args.join(" "));
  return { modifier: words?.[1] ?? "", path: words?.[2] ?? "" };
}
function findLocation(server, path) {
  return path.startsWith("@") ? server.allLocations.find((location) => location.path === path) : findAmong(server.locations, path);
}
function findAmong(locations, path) {
  const exact = locations.find((location) => location.modifier === "=" && location.path === path);
  if (exact !== void 0) return exact;
  const longest = findLongestPrefix(locations, path);
  const nested = longest && findAmong(longest.inner, path);
  if (nested !== void 0 || longest?.modifier === "^~") return nested ?? longest;
  return locations.find((location) => matchesPattern(location, path)) ?? longest;
}
function findLongestPrefix(locations, path) {
  let longest;
  for (const location of locations) {
    const isPrefix = location.modifier === "" || location.modifier === "^~";
    const isLonger = longest === void 0 || location.path.length > longest.path.length;
    if (isPrefix && isLonger && path.startsWith(location.path)) longest = location;
  }
  return longest;
}
function matchesPattern({ modifier, path: pattern }, path) {
  if (!modifier.startsWith("~")) return false;
  try {
    return new RegExp(pattern, modifier === "~*" ? "i" : "").test(path);
  } catch {
    return false;
  }
}
var PASSES = ["proxy_pass", "grpc_pass", "fastcgi_pass", "uwsgi_pass", "scgi_pass"];
function passOf({ own }) {
  const inLimits = named(own, "limit_except").flatMap(({ block = [] }) => block);
  return [...withConditional(own), ...inLimits].find(({ name }) => PASSES.includes(name));
}
function upstreamOf({ args }) {
  return (args[0] ?? "").replace(/^\w+:\/\//, "").replace(/^([^/]+)\/.*$/, "$1");
}
function hasUri({ args }) {
  return /^\w+:\/\/(?!unix:)[^/]+\//.test(args[0] ?? "");
}

// cli/check/protection.ts
var ACCESS = "phantom_token.access";
var AUTH_REQUEST = "/_phantom_token_authorize";
var WAY = "$_phantom_kept_request";
var WAYS = ["forward_auth", "introspection"];
function protectLine(own) {
  return own.find(isProtectLine);
}
function isProtectLine({ name, args }) {
  return name === "js_access" && args[0] === ACCESS || name === "auth_request" && args[0] === AUTH_REQUEST || name === "set" && args[0] === WAY && WAYS.includes(args[1] ?? "");
}
function modeOf(location) {
  const line = protectLine(location.own);
  switch (line?.name) {
    case void 0:
      return void 0;
    case "js_access":
      return "access";
    case "auth_request":
      return "auth_request";
    default:
      return line?.args[1];
  }
}
function inheritedLine(location) {
  for (const level of levelsOf(location)) {
    const found2 = named(level, "js_access", "auth_request");
    if (found2.length > 0) return found2.find(isProtectLine);
  }
  return void 0;
}
function protectedLocations(locations) {
  return locations.flatMap((location) => {
    const line = protectLine(location.own);
    const mode = modeOf(location);
    return line === void 0 || mode === void 0 ? [] : [{ ...location, line, mode }];
  });
}
function answersAs(own, state) {
  return own.find(
    ({ name, args }) => name === "set" && args[0] === "$_phantom_introspection" && args[1] === state
  );
}
function isOwnCall({ own }) {
  return answersAs(own, "answered") !== void 0 || answersAs(own, "keys_answered") !== void 0;
}
function limitLine(own) {
  return own.find(({ name, args }) => name === "set" && args[0] === "$phantom_introspection_limit");
}
function serverLine(own) {
  return own.find(({ name, args }) => name === "set" && args[0] === "$_phantom_server");
}

// cli/check/table.ts
var error = (happens, instead) => ({ level: "error", happens, instead });
var warning = (happens, instead) => ({ level: "warning", happens, instead });
var RULES = {
  include_missing: error(
    "Without protect.conf no token is checked: everybody reaches the API.",
    "Include protect.conf in each location to protect, below its `set` lines."
  ),
  protection_off: error(
    "It switches the access control off that the location around it has: everybody reaches the API.",
    "Remove it. To let requests through with their own Authorization, set $phantom_token off and include protect.conf."
  ),
  protect_level: error(
    "Only a location is protected by it; nginx refuses it here, or the settings of the locations are not read.",
    "Include protect.conf in each protected location."
  ),
  answers_before_check: error(
    "nginx answers before the token is checked, so everybody gets this answer.",
    "Leave it out of protected locations, or move it into a location of its own."
  ),
  rewrite_to_unprotected: error(
    "nginx leaves the location before the token is checked, and the other location passes requests on without a check.",
    "Include protect.conf in the other location too, with all its `set` lines."
  ),
  satisfy_any: error(
    "In auth_request mode a client that passes allow or auth_basic needs no token.",
    "Write `satisfy all;` in the protected location."
  ),
  server_conf_missing: error(
    "In auth_request mode nothing answers the authorization subrequest as it should: each request gets 500, or the API is open.",
    "Include auth_request/server.conf as the first line of the server."
  ),
  server_conf_not_first: error(
    "nginx runs this line for the authorization subrequest, and takes a 2xx that it answers for a permission.",
    "Include auth_request/server.conf above it, as the first line of the server."
  ),
  error_page_opens: error(
    "The refusal becomes another answer: a success, or what the location of that page answers without a check.",
    "Leave out 401, 403 and 500 where the location is protected, or send them to a page that passes nothing on."
  ),
  authorization_overridden: error(
    "nginx sends this line beside the one of protect.conf, so the API gets two, one of which is not from the gateway.",
    "Remove the line: protect.conf has it."
  ),
  set_below_protect: error(
    "In auth_request mode protect.conf takes the settings as they are at its line: this one has no effect.",
    "Move the line above the include."
  ),
  unknown_setting: error(
    "nginx takes it for a variable of your own and says nothing, so it requires nothing.",
    "Correct the name, or give a variable of your own another name."
  ),
  private_variable: error(
    "The script and the snippets write this variable. A value of yours can open the API or close it.",
    "Remove the line."
  ),
  map_above_http_conf: error(
    "http.conf declares the variable again and nginx uses the later one, so this map is ignored.",
    "Move the map below the include of http.conf."
  ),
  setting_value: error("The script refuses the value: requests get 500.", "Correct the value."),
  settings_incomplete: error(
    "The script refuses the settings of this location: requests get 500.",
    "Set what is missing, or leave out what contradicts."
  ),
  client_decides: error(
    "A client decides this by what it sends, so it can decide that it is let through.",
    "Write the value itself, or a map, whose lines you choose, of something that clients cannot choose."
  ),
  certificate_unusable: error(
    "It never holds the client's certificate, so a token that is bound to one gets 401 or 500.",
    "Use $ssl_client_raw_cert, with ssl_verify_client in the server, or what your TLS terminator alone can send."
  ),
  sender_unprovable: error(
    "No client can prove here that it holds a key: with a token that is bound to one, it gets 500 or 401.",
    "Set $phantom_token_dpop_origin for DPoP, $phantom_token_caller_certificate for mutual TLS, or both."
  ),
  switch_not_set: error(
    "Without $phantom_token each request gets 500.",
    "Set $phantom_token on, here above the include or in the server."
  ),
  endpoint_not_set: error(
    "Without an endpoint no token can be checked: each request gets 500.",
    "Set $phantom_token_introspection_endpoint to the location that introspects, or to a URL."
  ),
  nested_without_include: error(
    "It inherits the access control and no `set`: each request to it gets 500.",
    "Include protect.conf in it too, below `set` lines of its own. For limit_except, use `if ($request_method ...) { return 405; }`."
  ),
  endpoint_not_found: error(
    "No location of this server has that name, so the question goes astray: requests with new tokens get 5xx.",
    "Add the location, or correct the name."
  ),
  endpoint_without_include: error(
    "It does not ask as the script expects: requests with new tokens get 5xx, and its answer is not bounded.",
    "Include introspection_limits.conf and introspection.conf in it, or jwks.conf for $phantom_token_jwks."
  ),
  limits_missing: error(
    "Without the limits above introspection.conf each introspection is 500.",
    "Include introspection_limits.conf above introspection.conf."
  ),
  endpoint_without_proxy_pass: error(
    "The question reaches no authorization server: requests with new tokens get 5xx.",
    "Add proxy_pass with the address of the authorization server."
  ),
  endpoint_unverified: error(
    "Whoever can stand between gets all tokens, and decides what is accepted.",
    "Remove the line: introspection.conf and jwks.conf verify, with the certificates of proxy_ssl_trusted_certificate."
  ),
  url_endpoint_incomplete: error(
    "njs cannot fetch the URL: requests with new tokens get 5xx.",
    "Add `resolver`, and for https `js_fetch_trusted_certificate`, in the location, its server or http."
  ),
  http_conf_missing: error(
    "nginx refuses the configuration, or no setting has an effect.",
    "Include http.conf at http level, once."
  ),
  http_conf_twice: error(
    "nginx refuses the second one, or reads each setting twice.",
    "Remove one of the includes."
  ),
  zones_missing: error(
    "Each request gets 500, because there is no place to keep tokens.",
    "Include zones.conf at http level, once."
  ),
  zones_twice: error("nginx refuses the second one.", "Remove one of the includes."),
  zone_evicts: error(
    "nginx drops what must not be lost: a purged token would be accepted again, or one token asked about many times.",
    "Remove `evict` from this zone and make it larger."
  ),
  zone_on_disk: error("nginx writes the JWTs to a file, readable by everybody.", "Remove `state=`."),
  zones_evict_unsafe: error(
    "Below njs 0.9.7 a zone that evicts crashes workers, so the script does not use it.",
    "Include zones_njs_0.8.conf in place of zones.conf."
  ),
  njs_unsafe: error(
    "This njs is not safe in this mode: requests get 500, or nginx does not start.",
    "Use another mode or another njs."
  ),
  operator_open: error(
    "Everybody who reaches the server can end tokens or read the figures.",
    "Add `allow 127.0.0.1; deny all;`, or let the server listen on an address of its own."
  ),
  introspection_open: error(
    "Everybody who reaches the server can exchange tokens for JWTs here, and try tokens.",
    "Let only gateways ask: `ssl_verify_client on;`, or `allow` with `deny all;`, or an address of its own."
  ),
  unprotected_neighbour: warning(
    "It passes requests to the same upstream as protected locations, and no token is checked.",
    'Include protect.conf in it. If it is public, say so with `proxy_set_header Authorization "";`.'
  ),
  unprotected_target: warning(
    "Requests of protected locations or answers of the API lead to it, and it passes requests on without a check.",
    "Include protect.conf in it, with all its `set` lines."
  ),
  target_keeps_settings: warning(
    "Requests come to it from other locations, whose settings hold here too, also an `off` and weaker scopes.",
    "Set every setting in it, $phantom_token too."
  ),
  subrequest_unchecked: warning(
    "nginx checks no subrequest: this one reaches its location without a token.",
    "Let it lead to no API."
  ),
  set_twice: warning("The last one counts, and nginx says nothing.", "Remove one of the lines."),
  set_after_break: warning(
    "After `break` nginx runs no `set`, so the setting may be missing.",
    "Move the line above."
  ),
  requirement_empty: warning(
    "For requests without a value of their own, nothing is required.",
    "Add a `default` that requires something."
  ),
  scopes_by_path: warning(
    "The API gets the path as the client wrote it and may read it as that of the other location, which requires something else.",
    "Refuse paths that can be read in two ways: docs/nginx_rules.md has the lines."
  ),
  cache_shared: warning(
    "The key has no token, so one user's answer is given to the next.",
    "Write `proxy_cache off;`, or put $http_authorization into the key."
  ),
  secret_in_clear: warning(
    "Everybody who can read the file, or what `nginx -T` prints, has the secret.",
    "Put it into a file: $phantom_token_client_secret_file."
  ),
  headers_lost: warning(
    "nginx inherits these lines all together or not at all, and protect.conf has one.",
    "Repeat them in the location."
  ),
  upstream_not_resolved: warning(
    "nginx looks the name up at start and reload only, and goes on with the old address when it changes.",
    "Add `resolve` to the line, and a `zone` and a `resolver` to the upstream."
  )
};

// cli/check/finding.ts
function found(code, at, subject, instead) {
  const { file, line } = at.shippedBy ?? at;
  const rule = RULES[code];
  const text2 = `${subject}. ${rule.happens} ${instead ?? rule.instead}`.replace(/[\x00-\x1f\x7f]+/g, " ");
  return { code, level: rule.level, file, line, text: text2 };
}

// src/core/settings/setting_row.ts
var YEAR_SEC = 31536e3;
function text() {
  return checked("checkPlainText");
}
function checked(check2, defaultValue = "") {
  return { is: "checked", check: check2, defaultValue };
}
function scopes() {
  return { is: "scopes", defaultValue: "" };
}
function whole(defaultValue, least, most, unit) {
  return { is: "whole", least, most, unit, defaultValue: String(defaultValue) };
}
function oneOf(...words) {
  return { is: "word", words, defaultValue: words[0] ?? "" };
}
function oneOfOrEmpty(...words) {
  return { is: "word", words, defaultValue: "" };
}

// src/core/settings/client_table.ts
var CLIENT_SETTINGS = [
  {
    variable: "phantom_token_client_id",
    field: "id",
    text: "lookup",
    value: text(),
    comment: "",
    meaning: "the gateway's own [credentials](#the-gateways-own-credentials)"
  },
  {
    variable: "phantom_token_client_auth",
    field: "authMethod",
    text: "rest",
    value: oneOfOrEmpty("client_secret_basic", "client_secret_post", "private_key_jwt", "none"),
    comment: "client_secret_basic | client_secret_post | private_key_jwt | none",
    meaning: "`client_secret_basic` (implied by an id, a credential, or a URL as endpoint), `client_secret_post`, `private_key_jwt` or `none`"
  },
  {
    variable: "phantom_token_client_secret",
    field: "secret",
    text: "rest",
    value: text(),
    comment: "",
    meaning: "the secret itself; better use a file"
  },
  {
    variable: "phantom_token_client_secret_file",
    field: "secretFile",
    text: "rest",
    value: checked("checkFile"),
    comment: "read at each introspection, so a new secret needs no reload",
    meaning: "absolute path; a line break at the end is not part of the secret"
  },
  {
    variable: "phantom_token_client_key_file",
    field: "keyFile",
    text: "rest",
    value: checked("checkFile"),
    comment: "PKCS #8, PEM",
    meaning: "absolute path of the private key"
  },
  {
    variable: "phantom_token_client_key_algorithm",
    field: "keyAlgorithm",
    text: "rest",
    value: oneOf("RS256", "PS256", "ES256"),
    comment: "RS256 | PS256 | ES256",
    meaning: "`RS256`, `PS256` or `ES256`"
  },
  {
    variable: "phantom_token_client_key_id",
    field: "keyId",
    text: "rest",
    value: text(),
    comment: "kid",
    meaning: "`kid` of the assertion"
  },
  {
    variable: "phantom_token_client_assertion_audience",
    field: "assertionAudience",
    text: "rest",
    value: text(),
    comment: "",
    meaning: "`aud` of the assertion: the issuer of the authorization server"
  },
  {
    variable: "phantom_token_client_assertion_ttl",
    field: "assertionTtlSec",
    text: "rest",
    value: whole(60, 0, YEAR_SEC, "seconds"),
    comment: "60 (seconds); 0: each assertion is used once",
    meaning: "seconds for which an assertion is used again; `0` where the server accepts each only once, as Keycloak and oidc-provider do"
  }
];

// src/core/settings/failure_table.ts
var FAILURE_SETTINGS = [
  {
    variable: "phantom_token_introspection_timeout",
    field: "introspectionTimeoutSec",
    text: "rest",
    value: whole(10, 1, 60, "seconds"),
    comment: "10 (seconds)",
    meaning: "seconds after which a request whose introspection was lost no longer delays the others with its token; they wait at most one and a half times as long. Below the limit in [`introspection_limits.conf`](authorization_servers/README.md#slow-servers-large-answers), the answer is 500; keep it above `js_fetch_timeout`"
  },
  {
    variable: "phantom_token_breaker_failures",
    field: "breakerFailures",
    text: "rest",
    value: whole(5, 0, 1e3, "failures"),
    comment: "5 (in a row); 0 for never",
    meaning: "[failures in a row](operations.md#when-the-authorization-server-fails) after which introspection at this endpoint is suspended; `0` for never"
  },
  {
    variable: "phantom_token_breaker_delay",
    field: "breakerDelaySec",
    text: "rest",
    value: whole(2, 0, 3600, "seconds"),
    comment: "2 (seconds)",
    meaning: "seconds of suspension; then one probe at a time"
  },
  {
    variable: "phantom_token_max_waiting",
    field: "maxWaiting",
    text: "rest",
    value: whole(500, 1, 1e5, "requests"),
    comment: "500 (requests that wait for one introspection)",
    meaning: "requests that may wait for one introspection; further ones get 503"
  }
];

// src/core/settings/sender_table.ts
var SENDER_SETTINGS = [
  {
    variable: "phantom_token_sender_constraint",
    field: "constraint",
    text: "signatures",
    value: oneOf("refuse", "verify", "require"),
    comment: "refuse | verify | require: tokens that are bound to a key",
    meaning: "tokens that are [bound to a key](sender_constrained.md): `refuse` refuses them, `verify` checks that the client holds the key and takes unbound ones as Bearer, `require` refuses unbound ones"
  },
  {
    variable: "phantom_token_dpop_origin",
    field: "dpopOrigin",
    text: "signatures",
    value: checked("checkOrigin"),
    comment: "scheme and host that clients use, https://api.example.com",
    meaning: "scheme and authority that clients use, such as `https://api.example.com`: what the `htu` of a DPoP proof begins with. Required for DPoP"
  },
  {
    variable: "phantom_token_dpop_max_age",
    field: "dpopMaxAgeSec",
    text: "signatures",
    value: whole(60, 1, 3600, "seconds"),
    comment: "60 (seconds)",
    meaning: "seconds that the `iat` of a DPoP proof may lie back"
  },
  {
    variable: "phantom_token_dpop_nonce",
    field: "dpopNonce",
    text: "signatures",
    value: oneOf("off", "on"),
    comment: "off | on: proofs need a nonce of the gateway",
    meaning: "`on`: a DPoP proof needs [a nonce of the gateway](sender_constrained.md#nonces) (RFC 9449 \xA79)"
  }
];
var CHALLENGE_SETTINGS = [
  {
    variable: "phantom_token_caller_certificate",
    field: "",
    text: "nginx",
    value: text(),
    comment: "the client's certificate, such as $ssl_client_raw_cert",
    meaning: "the client's certificate: PEM, URL-encoded PEM, or DER in base64 (RFC 9440), such as `$ssl_client_raw_cert` or [a trusted proxy's header](sender_constrained.md#behind-a-tls-terminator)"
  },
  {
    variable: "phantom_token_resource_metadata",
    field: "resourceMetadata",
    text: "rest",
    value: checked("checkMetadataUrl"),
    comment: "URL for the challenge (RFC 9728)",
    meaning: "URL of the RFC 9728 document, named as `resource_metadata` in each challenge"
  }
];

// src/core/settings/signature_table.ts
var SIGNATURE_SETTINGS = [
  {
    variable: "phantom_token_jwks",
    field: "jwks",
    text: "signatures",
    value: checked("checkJwks"),
    comment: "the authorization server's keys: internal location, or an http(s) URL",
    meaning: "where the authorization server's keys are: an internal location that includes `jwks.conf`, or an absolute http(s) URL. When set, every JWT of the server [is verified](authorization_servers/README.md#verified-signatures)"
  },
  {
    variable: "phantom_token_accept_jwt",
    field: "acceptJwt",
    text: "signatures",
    value: oneOf("off", "on"),
    comment: "off | on: JWTs that clients present are verified, not introspected",
    meaning: "`on`: a JWT that the client presents [is verified here](authorization_servers/README.md#mixed-traffic) and forwarded without introspection; needs `$phantom_token_jwks`, `_issuer` and `_audience`"
  },
  {
    variable: "phantom_token_mint",
    field: "mint",
    text: "signatures",
    value: oneOf("off", "missing", "always"),
    comment: "off | missing | always: when the gateway signs a JWT itself",
    meaning: "`missing`: the gateway [signs a JWT](minting.md) for an active token whose answer has none; `always`: also in place of the server's own"
  },
  {
    variable: "phantom_token_mint_key_file",
    field: "mintKeyFile",
    text: "signatures",
    value: checked("checkFile"),
    comment: "JWK Set, JWK or PKCS #8 PEM; read whenever a JWT is signed",
    meaning: "absolute path of [the signing key](minting.md#the-key): JWK Set, JWK, or PKCS #8 PEM; of a set the first private key signs"
  },
  {
    variable: "phantom_token_mint_issuer",
    field: "mintIssuer",
    text: "signatures",
    value: text(),
    comment: "`iss` of what the gateway signs",
    meaning: "`iss` of what the gateway signs; needed where it signs"
  },
  {
    variable: "phantom_token_mint_audience",
    field: "mintAudience",
    text: "signatures",
    value: checked("checkMintAudience"),
    comment: "`aud`, several separated by spaces; empty: that of the answer",
    meaning: "`aud`, one or several separated by spaces; empty: the answer's `aud`"
  },
  {
    variable: "phantom_token_mint_claims",
    field: "mintClaims",
    text: "signatures",
    value: checked("checkMintClaims"),
    comment: "further members of the answer to copy, separated by spaces",
    meaning: "names of further members of the answer to copy, separated by spaces"
  },
  {
    variable: "phantom_token_mint_ttl",
    field: "mintTtlSec",
    text: "signatures",
    value: whole(600, 60, 86400, "seconds"),
    comment: "600 (seconds)",
    meaning: "seconds that a signed JWT is valid; never longer than the token's own `exp`"
  }
];

// src/core/settings/table.ts
var LOCATION_SETTINGS = [
  {
    variable: "phantom_token",
    field: "",
    text: "head",
    value: checked("checkSwitch"),
    comment: "on | off; anything else answers 500",
    meaning: "`on` protects, together with `protect.conf` in the same location; `off` passes the request with its own Authorization header; any other value, also an empty one, is answered 500"
  },
  {
    variable: "phantom_token_introspection_endpoint",
    field: "introspectionEndpoint",
    text: "lookup",
    value: checked("checkEndpoint"),
    comment: "internal location, such as /introspect, or an http(s) URL",
    meaning: "the internal location that calls the authorization server, or [an absolute http(s) URL](authorization_servers/README.md#reaching-it)"
  },
  {
    variable: "phantom_token_partition",
    field: "",
    text: "nginx",
    value: text(),
    comment: "servers with the same value share records; empty: server name and port",
    meaning: "servers with an equal one [share records](#where-the-token-is-and-who-shares-it); empty: none does"
  },
  {
    variable: "phantom_token_input",
    field: "",
    text: "nginx",
    value: text(),
    comment: "the token itself; empty: taken from the Authorization header",
    meaning: "holds [the token itself](#where-the-token-is-and-who-shares-it), in place of the Authorization header"
  },
  {
    variable: "phantom_token_required_scopes",
    field: "requiredScopes",
    text: "policy",
    value: scopes(),
    comment: "the token must have all of them",
    meaning: "scopes, separated by spaces; the token must have all of them; else 403"
  },
  {
    variable: "phantom_token_audience",
    field: "audience",
    text: "policy",
    value: text(),
    comment: "must be in the token's `aud`",
    meaning: "must be among the token's `aud`; a token without `aud` is refused"
  },
  {
    variable: "phantom_token_issuer",
    field: "issuer",
    text: "policy",
    value: text(),
    comment: "must be the token's `iss`",
    meaning: "must be the token's `iss`; a token without `iss` is refused"
  },
  {
    variable: "phantom_token_clock_skew",
    field: "clockSkewSec",
    text: "policy",
    value: whole(60, 0, YEAR_SEC, "seconds"),
    comment: "60 (seconds)",
    meaning: "seconds that `nbf` and `iat` may lie in the future; never prolongs `exp`"
  },
  {
    variable: "phantom_token_cache_ttl",
    field: "cacheTtlSec",
    text: "policy",
    value: whole(300, 0, YEAR_SEC, "seconds"),
    comment: "300 (seconds); 0 for no caching",
    meaning: "seconds a token is cached at most; less when Cache-Control or `exp` say so; `0` for no caching"
  },
  {
    variable: "phantom_token_realm",
    field: "realm",
    text: "rest",
    value: checked("checkRealm", "api"),
    comment: "api",
    meaning: "realm in the challenge"
  },
  {
    variable: "phantom_token_scopes",
    field: "scopes",
    text: "rest",
    value: scopes(),
    comment: "named in the challenge, not enforced",
    meaning: "scopes named in the challenge, not enforced; when empty, the required ones are named"
  },
  {
    variable: "phantom_token_preflight",
    field: "preflight",
    text: "rest",
    value: oneOf("answer", "pass", "authenticate"),
    comment: "answer | pass | authenticate",
    meaning: "CORS preflights without a token: `answer` 204 with the headers that you add, `pass` upstream without Authorization, `authenticate` like all requests"
  },
  {
    variable: "phantom_token_jwt_field",
    field: "jwtField",
    text: "lookup",
    value: text(),
    comment: "member of a JSON answer; empty: phantom_token, jwt, token_string",
    meaning: "member of a JSON answer that holds the JWT; empty for `phantom_token`, `jwt`, `token_string`"
  },
  {
    variable: "phantom_token_max_jwt_length",
    field: "maxJwtLength",
    text: "lookup",
    value: whole(65536, 1, 1048576, "characters"),
    comment: "65536 (characters)",
    meaning: "characters; a longer JWT is 502. To go beyond 65536, raise `subrequest_output_buffer_size` (256k) in `introspection_limits.conf` as well: an answer over that ends the client's connection"
  },
  {
    variable: "phantom_token_introspection_parameters",
    field: "introspectionParameters",
    text: "lookup",
    value: checked("checkFormFields"),
    comment: "further form fields, encoded",
    meaning: "further form fields of the introspection request, encoded: `a=b&c=d`"
  },
  {
    variable: "phantom_token_cache_control",
    field: "cacheControl",
    text: "lookup",
    value: oneOf("obey", "ignore"),
    comment: "obey | ignore",
    meaning: "`ignore` for servers that send `no-store` with every answer: then only `exp` and the TTL limit a record"
  },
  {
    variable: "phantom_token_introspection_accept",
    field: "introspectionAccept",
    text: "lookup",
    value: checked("checkAccept", "application/jwt"),
    comment: "application/jwt",
    meaning: "Accept header of the introspection request: `application/json` for servers that answer no other, `application/token-introspection+jwt` for [RFC 9701](authorization_servers/README.md#forms-of-the-answer)"
  },
  {
    variable: "phantom_token_negative_cache_ttl",
    field: "negativeCacheTtlSec",
    text: "rest",
    value: whole(5, 0, 60, "seconds"),
    comment: "5 (seconds); 0: rejected tokens are not remembered",
    meaning: "seconds a rejected token is remembered; `0` for none"
  },
  {
    variable: "phantom_token_stale_if_error",
    field: "staleIfErrorSec",
    text: "rest",
    value: whole(0, 0, YEAR_SEC, "seconds"),
    comment: "0 (seconds)",
    meaning: "seconds for which a record is served after its end [while the authorization server fails](operations.md#when-the-authorization-server-fails); never beyond `exp`"
  },
  ...FAILURE_SETTINGS,
  ...CHALLENGE_SETTINGS
];
var SETTINGS = [
  ...LOCATION_SETTINGS,
  ...SIGNATURE_SETTINGS,
  ...SENDER_SETTINGS,
  ...CLIENT_SETTINGS
];

// cli/check/settings_in_force.ts
var SETTING_NAMES = SETTINGS.map(({ variable }) => variable);
function assignmentsIn(directives, condition = "") {
  return directives.flatMap((at) => {
    if (at.name === "if") return assignmentsIn(at.block ?? [], at.args.join(" ") || "nothing");
    const [target = "", value = ""] = at.args;
    const isConditional = condition !== "";
    return at.name === "set" ? [{ variable: variableName(target), value, at, isConditional, condition }] : [];
  });
}
function variableName(word) {
  return word.replace(/^\$\{?|\}$/g, "").toLowerCase();
}
var grouped = /* @__PURE__ */ new WeakMap();
function assignmentsTo(variable, directives) {
  const byVariable = grouped.get(directives) ?? /* @__PURE__ */ new Map();
  if (!grouped.has(directives)) {
    for (const assignment of assignmentsIn(directives)) {
      byVariable.set(assignment.variable, [...byVariable.get(assignment.variable) ?? [], assignment]);
    }
    grouped.set(directives, byVariable);
  }
  return byVariable.get(variable) ?? [];
}
function assignmentsOf(location, variable) {
  const all = [...assignmentsTo(variable, location.server.own), ...assignmentsTo(variable, location.own)];
  const last = all.findLastIndex(({ isConditional }) => !isConditional);
  return all.slice(Math.max(last, 0));
}
function possibleValues({ value, at }, configuration) {
  if (!value.includes("$")) return [{ value, at }];
  const map = /^\$\{?\w+\}?$/.test(value) ? mapOf(configuration, variableName(value)) : void 0;
  return map === void 0 ? [{ value: void 0, at }] : valuesOfMap(map);
}
function mapsIn({ own }) {
  return named(own, "map").filter(({ block, args }) => block !== void 0 && args.length === 2);
}
function mapOf(configuration, variable) {
  return mapsIn(configuration).findLast(({ args }) => variableName(args[1]) === variable);
}
var PARAMETERS = ["hostnames", "volatile"];
function valuesOfMap(map) {
  const lines = (map.block ?? []).filter(
    ({ name, args }) => !(PARAMETERS.includes(name) && args.length === 0)
  );
  const values = lines.map((at) => {
    const value = at.args[0] ?? "";
    return { value: value.includes("$") ? void 0 : value, at };
  });
  return lines.some(({ name }) => name === "default") ? values : [...values, { value: "", at: map }];
}
function isOff(location) {
  const assignments = assignmentsOf(location, "phantom_token");
  return assignments.length > 0 && assignments.every(({ value }) => value.toLowerCase() === "off");
}

// cli/check/rules/access.ts
function checkInclude(server) {
  const inLocations = server.allLocations.flatMap(
    (location) => inheritedLine(location) === void 0 && protectLine(location.own) === void 0 ? switchesOn(location.own).map(
      (at) => found("include_missing", at, `${nameOf(location)} has no protect.conf`)
    ) : []
  );
  const isUnused = server.isWhole && protectedLocations(server.allLocations).length === 0;
  const inServer = isUnused && protectLine(server.own) === void 0 ? switchesOn(server.own) : [];
  return [
    ...inServer.map((at) => found("include_missing", at, "No location of this server has protect.conf")),
    ...inLocations
  ];
}
function switchesOn(own) {
  return assignmentsIn(own).filter(({ variable, value }) => variable === "phantom_token" && value.toLowerCase() !== "off").map(({ at }) => at);
}
function checkLevel({ own, servers }) {
  const levels = [
    ["http", own],
    ...servers.map((server) => ["the server", server.own]),
    ...servers.flatMap(({ allLocations: allLocations2 }) => allLocations2).flatMap((location) => named(location.own, "if", "limit_except")).map(({ name, block = [] }) => [`\`${name}\``, block])
  ];
  return levels.flatMap(([what, directives]) => {
    const line = protectLine(directives);
    return line === void 0 ? [] : [found("protect_level", line, `protect.conf is included in ${what}`)];
  });
}
function checkNested(location) {
  const { own, outer, block } = location;
  const limits = modeOf(location) === void 0 ? [] : named(own, "limit_except");
  const inLimits = limits.map(
    (limit) => found("nested_without_include", limit, "`limit_except` is in a protected location")
  );
  const off = linesThatSwitchOff(location);
  const isLost = outer !== void 0 && inheritedLine(outer) !== void 0 && inheritedLine(location) !== void 0;
  const isExempt = named(own, "return").length > 0 || isOwnCall(location);
  const nested = isLost && !isExempt && protectLine(own) === void 0 ? [found("nested_without_include", block, `${nameOf(location)} has no protect.conf of its own`)] : [];
  return [
    ...off.map(
      (at) => found("protection_off", at, `\`${at.name} ${at.args[0] || '""'};\` in ${nameOf(location)}`)
    ),
    ...nested,
    ...inLimits
  ];
}
function linesThatSwitchOff({ own, outer }) {
  const isGuarded = protectLine(own) !== void 0 || outer !== void 0 && inheritedLine(outer) !== void 0;
  return isGuarded ? named(own, "js_access", "auth_request").filter(isOffWord) : [];
}
function isOffWord({ args }) {
  return args[0] === "" || args[0] === "off";
}
function checkAnswers(location) {
  return [...checkReturns(location), ...checkRewrites(location)];
}
function checkReturns({ own }) {
  const unconditional = named(own, "return").filter((at) => at.shippedBy === void 0 && !isRefusal(at));
  const conditional = named(own, "if").flatMap(({ block = [] }) => named(block, "return")).filter((at) => at.shippedBy === void 0 && !isRefusal(at) && !isEmptyOrElsewhere(at));
  return [...unconditional, ...conditional].map(
    (at) => found("answers_before_check", at, `\`return ${at.args[0]}\` is in a protected location`)
  );
}
function statusOf({ args }) {
  return /^\d+$/.test(args[0] ?? "") ? Number(args[0]) : 302;
}
function isRefusal(at) {
  return statusOf(at) >= 400;
}
function isEmptyOrElsewhere(at) {
  const status = statusOf(at);
  return status === 204 && at.args.length === 1 || status >= 300 && status < 400;
}
function checkRewrites(location) {
  return named(withConditional(location.own), "rewrite").flatMap((at) => {
    const [, replacement = "", flag] = at.args;
    const isInternal = (flag === "last" || flag === void 0) && !/^(https?:|\$scheme)/.test(replacement);
    const path = /^[^$?]*/.exec(replacement)?.[0] ?? "";
    const target = isInternal && path.startsWith("/") ? findLocation(location.server, path) : void 0;
    return target !== void 0 && isOpenPass(target) ? [
      found(
        "rewrite_to_unprotected",
        at,
        `\`rewrite\` leads to ${nameOf(target)}, which has no protect.conf`
      )
    ] : [];
  });
}
function isOpenPass(location) {
  return passOf(location) !== void 0 && inheritedLine(location) === void 0 && linesThatSwitchOff(location).length === 0 && !hasOtherAccess(location);
}
function hasOtherAccess(location) {
  const levels = levelsOf(location);
  const isDenied = inForce(levels, "deny", "allow").some(
    ({ name, args }) => name === "deny" && args[0] === "all"
  );
  const isAsked = ["auth_basic", "auth_request", "auth_jwt", "js_access"].some(
    (name) => inForce(levels, name).some((directive) => !isOffWord(directive))
  );
  return isDenied || isAsked || isDeclaredPublic(location);
}
var HEADER_LINES = /^(proxy|grpc)_set_header$/;
var PARAMETER_LINES = /^(fastcgi|uwsgi|scgi)_param$/;
function isDeclaredPublic(location) {
  const names = ["proxy_set_header", "grpc_set_header", "fastcgi_param", "uwsgi_param", "scgi_param"];
  return names.some(
    (name) => inForce(levelsOf(location), name).some((at) => isAuthorization(at) && at.args[1] === "")
  );
}
function isAuthorization({ name, args }) {
  const [header = ""] = args;
  return HEADER_LINES.test(name) ? header.toLowerCase() === "authorization" : PARAMETER_LINES.test(name) && header === "HTTP_AUTHORIZATION";
}
function checkServerConf(server) {
  const first = protectedLocations(server.allLocations).find(({ mode }) => mode === "auth_request");
  if (first === void 0) return [];
  const line = serverLine(server.own);
  if (line === void 0) {
    if (!server.isWhole) return [];
    return [found("server_conf_missing", first.line, "The server has no auth_request/server.conf")];
  }
  const above = server.own.slice(0, server.own.indexOf(line));
  return named(above, "rewrite", "if", "return", "break").map(
    (at) => found("server_conf_not_first", at, `\`${at.name}\` is above auth_request/server.conf`)
  );
}
function checkSatisfy(location) {
  const [satisfy] = inForce(levelsOf(location), "satisfy");
  return location.mode === "auth_request" && satisfy?.args[0] === "any" ? [found("satisfy_any", satisfy, `\`satisfy any\` is in force in ${nameOf(location)}`)] : [];
}

// cli/check/rules/client_choices.ts
var DECISIVE = [
  "phantom_token",
  "phantom_token_required_scopes",
  "phantom_token_audience",
  "phantom_token_issuer",
  "phantom_token_sender_constraint",
  "phantom_token_dpop_origin",
  "phantom_token_dpop_max_age",
  "phantom_token_dpop_nonce",
  "phantom_token_caller_certificate",
  "phantom_token_accept_jwt"
];
var SENT = /\$\{?(http_\w+|arg_\w+|cookie_\w+|host|args|query_string|request_body)\b/i;
function checkClientChoices(location) {
  return DECISIVE.flatMap((variable) => assignmentsOf(location, variable)).filter(({ value, condition }) => SENT.test(value) || SENT.test(condition)).map((assignment) => found("client_decides", assignment.at, sentenceOf(assignment)));
}
function sentenceOf({ variable, value, condition }) {
  const sent = (SENT.exec(value) ?? SENT.exec(condition))?.[0];
  return `$${variable} is set by ${sent}`;
}
var CERTIFICATES = /^\$\{?ssl_client_(raw_cert|escaped_cert|cert)\}?$/i;
function checkCertificate(location) {
  const { own, isWhole } = location.server;
  const isAsked = !isWhole || named(own, "ssl_verify_client").some(({ args }) => args[0] !== "off");
  return assignmentsOf(location, "phantom_token_caller_certificate").filter(({ value }) => /\$\{?ssl_/i.test(value) && !(CERTIFICATES.test(value) && isAsked)).map(
    ({ value, at }) => found(
      "certificate_unusable",
      at,
      CERTIFICATES.test(value) ? `The server asks for no certificate` : `${value} is no certificate`
    )
  );
}

// cli/check/rules/headers.ts
function checkAuthorization(location) {
  const lines = location.own.filter(isAuthorization);
  const ours = new Set(lines.filter(({ shippedBy }) => shippedBy !== void 0));
  for (const { name } of lines) {
    const same = lines.filter((line) => line.name === name);
    const own = same.find(({ args }) => args[1] === "$phantom_token_authorization");
    if (own !== void 0 && !same.some((line) => ours.has(line))) ours.add(own);
  }
  return lines.filter((line) => !ours.has(line) && line.args[1] !== "").map(
    (at) => found("authorization_overridden", at, `\`${at.name} ${at.args[0]}\` is beside protect.conf`)
  );
}
var LINES_OF = {
  proxy_pass: "proxy_set_header",
  grpc_pass: "grpc_set_header",
  fastcgi_pass: "fastcgi_param",
  uwsgi_pass: "uwsgi_param",
  scgi_pass: "scgi_param"
};
function checkLostHeaders(location) {
  const name = LINES_OF[passOf(location)?.name ?? ""];
  if (name === void 0) return [];
  const [own = [], ...outer] = levelsOf(location);
  const kept2 = headersIn(named(own, name));
  const outside = inForce(outer, name).filter(
    ({ shippedBy, args }) => shippedBy === void 0 && args[1] !== ""
  );
  const lost = headersIn(outside).filter((header) => !kept2.includes(header) && header !== "authorization");
  return lost.length === 0 ? [] : [found("headers_lost", location.line, `${nameOf(location)} loses the ${name} of ${lost.join(", ")}`)];
}
function headersIn(lines) {
  return lines.map(({ args }) => (args[0] ?? "").toLowerCase());
}
var REFUSALS = ["401", "403", "500"];
function checkErrorPages(location) {
  return location.mode === "auth_request" ? pagesAboveInclude(location) : refusalsWithAnotherStatus(location);
}
function refusalsWithAnotherStatus(location) {
  return inForce(levelsOf(location), "error_page").filter((page) => statusesOf(page).some((status) => status === "401" || status === "403")).filter((page) => answersWell(page) || leadsToOpenPass(page, location.server)).map((page) => found("error_page_opens", page, `\`${textOf(page)}\` is in force in ${nameOf(location)}`));
}
function leadsToOpenPass({ args }, server) {
  const path = args.at(-1) ?? "";
  const target = path.includes("$") ? void 0 : findLocation(server, path);
  return target !== void 0 && isOpenPass(target);
}
function pagesAboveInclude({ own }) {
  const above = own.slice(0, own.findIndex(isProtectLine));
  return named(above, "error_page").filter((page) => statusesOf(page).some((status) => REFUSALS.includes(status))).map((page) => found("error_page_opens", page, `\`${textOf(page)}\` is above protect.conf`));
}
function statusesOf({ args }) {
  return args.filter((word) => /^\d{3}$/.test(word));
}
function answersWell({ args }) {
  return args.some((word) => /^=2\d\d$/.test(word));
}
function textOf({ name, args }) {
  return [name, ...args].join(" ");
}
var CACHES = ["proxy_cache", "fastcgi_cache", "uwsgi_cache", "scgi_cache"];
var OF_USER = /\$\{?(http_authorization|phantom_jwt|phantom_token_authorization|phantom_token_subject|phantom_token_input)\b/;
function checkCaches(location) {
  if (isOff(location)) return [];
  const levels = levelsOf(location);
  return CACHES.flatMap((name) => {
    const [cache] = inForce(levels, name);
    if (cache === void 0 || cache.args[0] === "off") return [];
    const [key] = inForce(levels, `${name}_key`);
    return key !== void 0 && OF_USER.test(key.args.join(" ")) ? [] : [found("cache_shared", cache, `\`${name}\` is in force in ${nameOf(location)}`)];
  });
}

// cli/check/rules/introspection.ts
import { isIP } from "node:net";
var CALLS = [
  { variable: "phantom_token_introspection_endpoint", state: "answered", file: "introspection.conf" },
  { variable: "phantom_token_jwks", state: "keys_answered", file: "jwks.conf" }
];
function checkEndpoints(location) {
  if (isOff(location)) return [];
  const { server } = location;
  return CALLS.flatMap((call) => {
    const values = assignmentsOf(location, call.variable).flatMap(
      (assignment) => possibleValues(assignment, server.configuration)
    );
    return values.flatMap(({ value, at }) => {
      if (value?.startsWith("/")) return checkPath(location, call, value, at);
      return value !== void 0 && /^https?:/.test(value) ? checkUrl(location, value, at) : [];
    });
  });
}
function checkPath(location, call, path, at) {
  if (!location.server.isWhole) return [];
  const target = findLocation(location.server, path);
  if (target !== void 0 && answersAs(target.own, call.state) !== void 0) return [];
  const isNamed = target !== void 0 && target.path === path && target.block !== location.block;
  return isNamed ? [
    found(
      "endpoint_without_include",
      target.block,
      `${nameOf(target)} is an endpoint and has no ${call.file}`
    )
  ] : [found("endpoint_not_found", at, `No location for ${path}`)];
}
function checkUrl(location, url, at) {
  const host = /^https?:\/\/(\[[^\]]*\]|[^:/]*)/.exec(url)?.[1] ?? "";
  const levels = levelsOf(location);
  const missing = [];
  const { isWhole } = location.server.configuration;
  if (isWhole && !host.startsWith("[") && isIP(host) === 0 && inForce(levels, "resolver").length === 0) {
    missing.push("resolver");
  }
  if (isWhole && url.startsWith("https:") && inForce(levels, "js_fetch_trusted_certificate").length === 0) {
    missing.push("js_fetch_trusted_certificate");
  }
  const [verify] = inForce(levels, "js_fetch_verify");
  return [
    ...missing.length === 0 ? [] : [found("url_endpoint_incomplete", at, `The URL is fetched without ${missing.join(" and ")}`)],
    ...verify?.args[0] === "off" && url.startsWith("https:") ? [found("endpoint_unverified", verify, "`js_fetch_verify off`", "Remove the line.")] : []
  ];
}
function checkOwnCall(location) {
  const { own, block } = location;
  if (!isOwnCall(location)) return [];
  const asked = answersAs(own, "answered");
  const limits = limitLine(own);
  const isBounded = asked === void 0 || limits !== void 0 && own.indexOf(limits) < own.indexOf(asked);
  const unverified = named(own, "proxy_ssl_verify").filter(({ args }) => args[0] === "off");
  return [
    ...isBounded ? [] : [found("limits_missing", asked, nameOf(location))],
    ...unverified.map(
      (at) => found("endpoint_unverified", at, `\`proxy_ssl_verify off\` in ${nameOf(location)}`)
    ),
    ...passOf(location) === void 0 ? [found("endpoint_without_proxy_pass", block, nameOf(location))] : []
  ];
}

// cli/check/rules/neighbours.ts
function checkNeighbours(server) {
  const guarded = protectedLocations(server.allLocations);
  if (guarded.length === 0) return [];
  const upstreams = new Set(guarded.flatMap((location) => upstreamsOf(location)));
  const targets = new Set(guarded.flatMap((location) => targetsOf(location)).map(({ block }) => block));
  return server.allLocations.flatMap((location) => {
    if (!isOpenPass(location) || isOwnCall(location)) return [];
    const isSame = upstreamsOf(location).some((name) => upstreams.has(name));
    const isTarget = targets.has(location.block) || isSame && named(location.own, "internal").length > 0;
    if (isTarget)
      return [found("unprotected_target", location.block, `${nameOf(location)} has no protect.conf`)];
    return isSame ? [found("unprotected_neighbour", location.block, `${nameOf(location)} has no protect.conf`)] : [];
  });
}
function upstreamsOf(location) {
  const pass = passOf(location);
  return pass === void 0 ? [] : [upstreamOf(pass)];
}
function targetsOf(location) {
  const pages = inForce(levelsOf(location), "error_page").map(({ args }) => args.at(-1));
  const last = named(location.own, "try_files").map(({ args }) => args.at(-1));
  return [...pages, ...last].flatMap((path = "") => {
    const isPath = path.startsWith("@") || path.startsWith("/");
    const target = isPath && !path.includes("$") ? findLocation(location.server, path) : void 0;
    return target === void 0 ? [] : [target];
  });
}
function checkNamed(location) {
  const hasSwitch = assignmentsOf({ ...location, server: { ...location.server, own: [] } }, "phantom_token").length > 0;
  return location.path.startsWith("@") && !hasSwitch ? [found("target_keeps_settings", location.line, `${nameOf(location)} does not set $phantom_token`)] : [];
}
function checkSubrequests(location) {
  const levels = levelsOf(location);
  const mirrors = inForce(levels, "mirror").filter(({ args: [path = ""] }) => {
    const target = path.startsWith("/") ? findLocation(location.server, path) : void 0;
    return target !== void 0 && passOf(target) !== void 0 && passOf(location) !== void 0 && isSameUpstream(target, location);
  });
  const includes = inForce(levels, "ssi").filter(({ args }) => args[0] === "on");
  return [...mirrors, ...includes].map(
    (at) => found("subrequest_unchecked", at, `\`${at.name} ${at.args[0]}\` is in force in ${nameOf(location)}`)
  );
}
function isSameUpstream(a, b) {
  return upstreamsOf(a).some((name) => upstreamsOf(b).includes(name));
}
function requirementsOf(location) {
  const requirements = ["phantom_token_required_scopes", "phantom_token_audience"];
  return requirements.map(
    (variable) => assignmentsOf(location, variable).map(({ value }) => value.split(" ").sort().join(" "))
  ).join("\n");
}
function checkPaths(server) {
  if (refusesPaths(server)) return [];
  const raw = protectedLocations(server.allLocations).filter((location) => {
    const pass = passOf(location);
    return pass !== void 0 && !hasUri(pass) && !isOff(location) && !location.path.startsWith("@");
  });
  const firsts = /* @__PURE__ */ new Map();
  for (const location of raw) {
    for (const upstream of upstreamsOf(location)) {
      const first = firsts.get(upstream) ?? location;
      firsts.set(upstream, first);
      if (requirementsOf(first) !== requirementsOf(location)) return [differentScopes(first, location)];
    }
  }
  return [];
}
function differentScopes(first, other) {
  const subject = `${nameOf(first)} and ${nameOf(other)} require different things of one API`;
  return found("scopes_by_path", other.block, subject);
}
function refusesPaths({ own, configuration }) {
  const byPath = mapsIn(configuration).filter(({ args }) => /\$\{?request_uri\b/.test(args[0] ?? "")).map(({ args }) => variableName(args[1] ?? ""));
  return named(own, "if").some(({ args, block = [] }) => {
    const condition = args.join(" ").toLowerCase();
    const isByPath = ["request_uri", ...byPath].some(
      (variable) => new RegExp(`\\$\\{?${variable}\\b`).test(condition)
    );
    return isByPath && named(block, "return").some(({ args: [status] }) => /^4\d\d$/.test(status ?? ""));
  });
}
var RESERVED = /(^|\.)(example(\.(com|net|org))?|test|invalid|localhost)$/;
function checkUpstreams(configuration) {
  const all = configuration.servers.flatMap(({ allLocations: allLocations2 }) => allLocations2);
  const used = new Set([...protectedLocations(all), ...all.filter(isOwnCall)].flatMap(upstreamsOf));
  return named(configuration.own, "upstream").filter(({ args, block }) => block !== void 0 && used.has(args[0] ?? "")).flatMap(({ block = [] }) => {
    const hasResolver = inForce([block, configuration.own], "resolver").length > 0;
    return named(block, "server").flatMap((at) => unresolved(at, hasResolver));
  });
}
function unresolved(at, hasResolver) {
  const [address = "", ...words] = at.args;
  const host = address.replace(/:\d+$/, "");
  const isName = /^[A-Za-z0-9_.-]*[A-Za-z][A-Za-z0-9_.-]*$/.test(host);
  if (!isName || words.includes("resolve") || RESERVED.test(host) && !hasResolver) return [];
  return [found("upstream_not_resolved", at, `${host} is looked up once`)];
}
function levelsIn({ own, servers }) {
  const levels = [
    own,
    ...servers.flatMap((server) => [server.own, ...server.allLocations.map((location) => location.own)])
  ];
  return levels.map(withConditional);
}

// cli/check/rules/operators.ts
var FOR_OPERATORS = ["phantom_token.purge", "phantom_token.metrics"];
function checkOperators({ servers }) {
  return servers.flatMap(
    (server) => server.allLocations.flatMap(
      (location) => named(location.own, "js_content").filter(({ args }) => FOR_OPERATORS.includes(args[0] ?? "")).filter(() => !isRestricted(location) && !isApart(server, servers)).map((at) => found("operator_open", at, `\`${at.args[0]}\` is open to everybody`))
    )
  );
}
function checkIntrospectionCache(location) {
  const listens = named(location.server.own, "listen");
  const isLocalOnly = listens.length > 0 && listens.every(isLocal);
  return location.mode !== "introspection" || isRestricted(location) || isLocalOnly ? [] : [found("introspection_open", location.line, `${nameOf(location)} is open to everybody`)];
}
function isRestricted(location) {
  const levels = levelsOf(location);
  const isDenied = inForce(levels, "allow", "deny").some(
    ({ name, args }) => name === "deny" && args[0] === "all"
  );
  const isAsked = ["auth_basic", "auth_request", "auth_jwt", "js_access"].some(
    (name) => inForce(levels, name).some(({ args }) => args[0] !== "off" && args[0] !== "")
  );
  const needsCertificate = inForce(levels, "ssl_verify_client").some(({ args }) => args[0] === "on");
  const isInternal = named(location.own, "internal").length > 0;
  return isDenied || isAsked || needsCertificate || isInternal;
}
function isApart(server, servers) {
  const listens = named(server.own, "listen");
  if (listens.length > 0 && listens.every(isLocal)) return true;
  if (listens.length === 0 || isForClients(server)) return false;
  const ports = new Set(
    servers.filter(isForClients).flatMap((other) => named(other.own, "listen").map(portOf))
  );
  return listens.every((listen) => !ports.has(portOf(listen)));
}
function isForClients({ allLocations: allLocations2 }) {
  return protectedLocations(allLocations2).length > 0 || allLocations2.some((location) => passOf(location) !== void 0);
}
function isLocal({ args }) {
  return /^(127\.|localhost(:|$)|\[::1\]|unix:)/.test(args[0] ?? "");
}
function portOf({ args }) {
  return /^(?:.*:)?(\d+)$/.exec(args[0] ?? "")?.[1] ?? "80";
}

// cli/check/rules/setting_names.ts
var RESULTS = [
  "phantom_token_authorization",
  "phantom_token_reason",
  "phantom_token_introspection_time",
  "phantom_token_hash",
  "phantom_token_cache_status",
  "phantom_token_subject",
  "phantom_token_client",
  "phantom_jwt"
];
var USERS_FILES = ["phantom_zones", "phantom_introspection_limit"];
function checkNames(configuration) {
  return targetsOf2(configuration).flatMap(({ variable, at }) => {
    if (at.shippedBy !== void 0 || SETTING_NAMES.includes(variable) || USERS_FILES.includes(variable))
      return [];
    if (variable.startsWith("_phantom") || RESULTS.includes(variable)) {
      return isSnippetLine(at) ? [] : [found("private_variable", at, `$${variable} is not yours to set`)];
    }
    const meant = meantBy(variable);
    if (meant === void 0 && !variable.startsWith("phantom_token")) return [];
    const instead = meant === void 0 ? void 0 : `Did you mean $${meant}?`;
    return [found("unknown_setting", at, `$${variable} is no setting`, instead)];
  });
}
function targetsOf2(configuration) {
  const levels = [
    configuration.own,
    ...configuration.servers.flatMap(({ own, allLocations: allLocations2 }) => [
      own,
      ...allLocations2.map((location) => location.own)
    ])
  ];
  return [...levels.flatMap(assignedIn), ...levels.flatMap(declaredIn)];
}
function assignedIn(level) {
  return assignmentsIn(level).map(({ variable, at }) => ({ variable, at }));
}
function declaredIn(level) {
  const last = named(level, "map", "geo", "split_clients").map((at) => ({ at, word: at.args.at(-1) }));
  const first = named(level, "js_var", "js_set", "auth_request_set").map((at) => ({ at, word: at.args[0] }));
  return [...last, ...first].map(({ at, word = "" }) => ({ at, variable: variableName(word) }));
}
function isSnippetLine({ name, args }) {
  if (name !== "set") return name !== "auth_request_set";
  const [target = "", value = ""] = args;
  return SNIPPET_VALUES[variableName(target)]?.includes(value) ?? false;
}
var SNIPPET_VALUES = {
  _phantom_before: ["$phantom_token_cache_status"],
  _phantom_state: ["here"],
  _phantom_kept_request: ["$_phantom_request", "forward_auth", "introspection"],
  _phantom_kept_rest: ["$_phantom_rest"],
  _phantom_introspection: ["answered", "keys_answered"],
  _phantom_server: ["included"]
};
var MOST_EDITS = 2;
function meantBy(variable) {
  const plain = variable.replaceAll("_", "");
  const ranked = SETTING_NAMES.map((setting) => ({
    setting,
    edits: edits(plain, setting.replaceAll("_", ""))
  }));
  const [closest] = ranked.sort((a, b) => a.edits - b.edits);
  if (closest !== void 0 && closest.edits <= MOST_EDITS) return closest.setting;
  const short = SETTING_NAMES.find((setting) => setting.replace("phantom_token_", "phantom_") === variable);
  if (short !== void 0) return short;
  return SETTING_NAMES.find((setting) => variable.startsWith(setting) && setting !== "phantom_token");
}
function edits(a, b) {
  if (Math.abs(a.length - b.length) > MOST_EDITS) return MOST_EDITS + 1;
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substituted, row[j] + 1, next[j - 1] + 1));
    }
    row = next;
  }
  return row[b.length];
}
function checkMapOrder({ own }) {
  const declared = own.findLastIndex(({ name, args }) => name === "js_var" && args[0] === "$phantom_token");
  const maps = mapsIn({ own: own.slice(0, Math.max(declared, 0)), isWhole: false, servers: [] });
  return maps.filter(({ args }) => SETTING_NAMES.includes(variableName(args[1] ?? ""))).map((map) => found("map_above_http_conf", map, `The map for ${map.args[1]} is above http.conf`));
}

// src/core/settings/checks.ts
var checks_exports = {};
__export(checks_exports, {
  checkPlainText: () => checkPlainText,
  checkRealm: () => checkRealm,
  checkScopes: () => checkScopes,
  checkWhole: () => checkWhole,
  checkWord: () => checkWord
});

// src/core/text/plain_text.ts
var CONTROL = /[\x00-\x1F\x7F]/;
function isPlainText(text2) {
  return !CONTROL.test(text2);
}

// src/core/token/scope.ts
var OTHER_THAN_SCOPES = /[^\x20\x21\x23-\x5B\x5D-\x7E]/;
function isScopeList(text2) {
  return !OTHER_THAN_SCOPES.test(text2);
}
function splitScopes(list) {
  return list.split(" ").filter((token) => token !== "");
}

// src/core/settings/checks.ts
var QUOTABLE = /^[\x20\x21\x23-\x5B\x5D-\x7E]+$(?!\n)/;
function checkScopes(value) {
  const isList = isScopeList(value) && (value === "" || splitScopes(value).length > 0);
  return isList ? void 0 : "must be scopes separated by spaces (RFC 6749 \xA73.3)";
}
function checkPlainText(value) {
  return isPlainText(value) ? void 0 : "must not hold control characters";
}
function checkRealm(value) {
  return QUOTABLE.test(value) ? void 0 : "must be printable ASCII without quotes and backslashes";
}
function checkWord(value, words) {
  const list = words.split(" ");
  return list.includes(value) ? void 0 : `must be one of ${list.join(", ")}`;
}
function checkWhole(value, least, most, unit) {
  const number = Number(value);
  const isWhole = /^[0-9]{1,8}$(?!\n)/.test(value) && number >= least && number <= most;
  return isWhole ? void 0 : `must be a whole number of ${unit} from ${least} to ${most}, without a unit`;
}

// src/core/settings/question_checks.ts
var question_checks_exports = {};
__export(question_checks_exports, {
  checkAccept: () => checkAccept,
  checkEndpoint: () => checkEndpoint,
  checkFile: () => checkFile,
  checkFormFields: () => checkFormFields,
  checkSwitch: () => checkSwitch
});
var INTERNAL_LOCATION = /^\/[\x21\x22\x24-\x3E\x40-\x7E]*$(?!\n)/;
var ABSOLUTE_URL = /^https?:\/\/(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?(\/[\x21\x22\x24-\x3E\x40-\x7E]*)?$(?!\n)/;
var FORM_FIELDS = /^([A-Za-z0-9._~*+-]+=([A-Za-z0-9._~*+-]|%[0-9A-Fa-f]{2})*(&(?!$(?!\n))|$(?!\n)))*$(?!\n)/;
var OUR_FIELD = /(^|&)(token|token_type_hint|client_id|client_secret|client_assertion|client_assertion_type)=/;
function checkSwitch(value) {
  if (value === "") {
    return "is not set in this location: set it to on or off above the include of protect.conf";
  }
  const lower = value.toLowerCase();
  return lower === "on" || lower === "off" ? void 0 : "must be on or off";
}
function checkEndpoint(value) {
  if (value === "") {
    return "is not set: name the internal location that introspects, or an absolute URL";
  }
  return INTERNAL_LOCATION.test(value) || ABSOLUTE_URL.test(value) ? void 0 : "must be the path of an internal location, such as /introspect, or an http or https URL; neither with a query";
}
function checkFormFields(value) {
  if (!FORM_FIELDS.test(value)) {
    return "must be form fields, encoded: name=value&name=value";
  }
  return OUR_FIELD.test(value) ? "must not name a field that the script sends itself" : void 0;
}
var ACCEPT = /^[A-Za-z0-9!#$&^_.+*-]+\/[A-Za-z0-9!#$&^_.+*-]+( *[;,] *[A-Za-z0-9!#$&^_.+*/=-]+)*$(?!\n)/;
function checkAccept(value) {
  return ACCEPT.test(value) ? void 0 : "must be media types, such as application/json";
}
function checkFile(value) {
  return value === "" || value.startsWith("/") ? checkPlainText(value) : "must be an absolute path";
}

// src/core/settings/reading.ts
function readChecked(findings, variable, line, check2) {
  note(findings, variable, check2(line));
  return line;
}
function readWhole(findings, variable, line, least, most, unit) {
  note(findings, variable, checkWhole(line, least, most, unit));
  return Number(line);
}
function readWord(findings, variable, line, words) {
  note(findings, variable, checkWord(line, words));
  return line;
}
function readScopes(findings, variable, line) {
  note(findings, variable, checkScopes(line));
  return splitScopes(line);
}
function note(findings, variable, problem) {
  if (problem !== void 0 && findings.problem === "") {
    findings.problem = `$${variable} ${problem}`;
  }
}

// src/core/settings/parse_client_settings.ts
function readClientSettings(findings, request, rest) {
  return {
    kind: "client_settings",
    id: request[14] === "" ? "" : readChecked(findings, "phantom_token_client_id", request[14], checkPlainText),
    authMethod: rest[10] === "" ? "" : readWord(findings, "phantom_token_client_auth", rest[10], "client_secret_basic client_secret_post private_key_jwt none"),
    secret: rest[11] === "" ? "" : readChecked(findings, "phantom_token_client_secret", rest[11], checkPlainText),
    secretFile: rest[12] === "" ? "" : readChecked(findings, "phantom_token_client_secret_file", rest[12], checkFile),
    keyFile: rest[13] === "" ? "" : readChecked(findings, "phantom_token_client_key_file", rest[13], checkFile),
    keyAlgorithm: rest[14] === "" ? "RS256" : readWord(findings, "phantom_token_client_key_algorithm", rest[14], "RS256 PS256 ES256"),
    keyId: rest[15] === "" ? "" : readChecked(findings, "phantom_token_client_key_id", rest[15], checkPlainText),
    assertionAudience: rest[16] === "" ? "" : readChecked(findings, "phantom_token_client_assertion_audience", rest[16], checkPlainText),
    assertionTtlSec: rest[17] === "" ? 60 : readWhole(findings, "phantom_token_client_assertion_ttl", rest[17], 0, 31536e3, "seconds")
  };
}

// src/core/settings/location_texts.ts
var HERE = "here ";
function isConfiguredHere(text2) {
  return text2.startsWith(HERE);
}
var NOT_HERE = "this location does not include protect.conf itself: nested locations and limit_except do not inherit settings";
function signatureLineOf(texts) {
  return texts.request[13 /* signatureLine */];
}

// src/core/settings/sender_checks.ts
var sender_checks_exports = {};
__export(sender_checks_exports, {
  checkMetadataUrl: () => checkMetadataUrl,
  checkOrigin: () => checkOrigin
});
var ORIGIN = /^[Hh][Tt][Tt][Pp][Ss]?:\/\/(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?$(?!\n)/;
var METADATA_URL = /^[Hh][Tt][Tt][Pp][Ss]?:\/\/[\x21\x24-\x5B\x5D-\x7E]+$(?!\n)/;
function checkOrigin(value) {
  return value === "" || ORIGIN.test(value) ? void 0 : "must be scheme and authority, such as https://api.example.com, without a path";
}
function checkMetadataUrl(value) {
  return value === "" || METADATA_URL.test(value) ? void 0 : "must be an http or https URL";
}

// src/core/settings/parse_sender_settings.ts
function readSenderSettings(findings, signatures) {
  return {
    kind: "sender_settings",
    constraint: signatures[8] === "" ? "refuse" : readWord(findings, "phantom_token_sender_constraint", signatures[8], "refuse verify require"),
    dpopOrigin: signatures[9] === "" ? "" : readChecked(findings, "phantom_token_dpop_origin", signatures[9], checkOrigin),
    dpopMaxAgeSec: signatures[10] === "" ? 60 : readWhole(findings, "phantom_token_dpop_max_age", signatures[10], 1, 3600, "seconds"),
    dpopNonce: signatures[11] === "" ? "off" : readWord(findings, "phantom_token_dpop_nonce", signatures[11], "off on")
  };
}

// src/core/settings/sender_settings.ts
var kept;
function readSender(findings, line) {
  if (kept !== void 0 && kept.line === line) {
    return kept.sender;
  }
  const values = line.split("	");
  if (values.length !== 14 /* signatures */) {
    return void 0;
  }
  const own = { problem: "" };
  const read = readSenderSettings(own, values);
  const sender = read.constraint === "refuse" ? void 0 : read;
  if (own.problem === "") {
    kept = { line, sender };
  } else if (findings.problem === "") {
    findings.problem = own.problem;
  }
  return sender;
}

// src/core/settings/parse_settings.ts
function readSettings(findings, request, rest) {
  return {
    kind: "settings",
    introspectionEndpoint: readChecked(findings, "phantom_token_introspection_endpoint", request[7], checkEndpoint),
    requiredScopes: request[1] === "" ? [] : readScopes(findings, "phantom_token_required_scopes", request[1]),
    audience: request[2] === "" ? "" : readChecked(findings, "phantom_token_audience", request[2], checkPlainText),
    issuer: request[3] === "" ? "" : readChecked(findings, "phantom_token_issuer", request[3], checkPlainText),
    clockSkewSec: request[4] === "" ? 60 : readWhole(findings, "phantom_token_clock_skew", request[4], 0, 31536e3, "seconds"),
    cacheTtlSec: request[5] === "" ? 300 : readWhole(findings, "phantom_token_cache_ttl", request[5], 0, 31536e3, "seconds"),
    realm: rest[0] === "" ? "api" : readChecked(findings, "phantom_token_realm", rest[0], checkRealm),
    scopes: rest[1] === "" ? [] : readScopes(findings, "phantom_token_scopes", rest[1]),
    preflight: rest[2] === "" ? "answer" : readWord(findings, "phantom_token_preflight", rest[2], "answer pass authenticate"),
    jwtField: request[8] === "" ? "" : readChecked(findings, "phantom_token_jwt_field", request[8], checkPlainText),
    maxJwtLength: request[9] === "" ? 65536 : readWhole(findings, "phantom_token_max_jwt_length", request[9], 1, 1048576, "characters"),
    introspectionParameters: request[10] === "" ? "" : readChecked(findings, "phantom_token_introspection_parameters", request[10], checkFormFields),
    cacheControl: request[11] === "" ? "obey" : readWord(findings, "phantom_token_cache_control", request[11], "obey ignore"),
    introspectionAccept: request[12] === "" ? "application/jwt" : readChecked(findings, "phantom_token_introspection_accept", request[12], checkAccept),
    negativeCacheTtlSec: rest[3] === "" ? 5 : readWhole(findings, "phantom_token_negative_cache_ttl", rest[3], 0, 60, "seconds"),
    staleIfErrorSec: rest[4] === "" ? 0 : readWhole(findings, "phantom_token_stale_if_error", rest[4], 0, 31536e3, "seconds"),
    introspectionTimeoutSec: rest[5] === "" ? 10 : readWhole(findings, "phantom_token_introspection_timeout", rest[5], 1, 60, "seconds"),
    breakerFailures: rest[6] === "" ? 5 : readWhole(findings, "phantom_token_breaker_failures", rest[6], 0, 1e3, "failures"),
    breakerDelaySec: rest[7] === "" ? 2 : readWhole(findings, "phantom_token_breaker_delay", rest[7], 0, 3600, "seconds"),
    maxWaiting: rest[8] === "" ? 500 : readWhole(findings, "phantom_token_max_waiting", rest[8], 1, 1e5, "requests"),
    resourceMetadata: rest[9] === "" ? "" : readChecked(findings, "phantom_token_resource_metadata", rest[9], checkMetadataUrl),
    sender: request[13] === "" ? void 0 : readSender(findings, request[13])
  };
}

// src/core/settings/settings.ts
function misconfiguration(problem) {
  return { kind: "misconfiguration", problem };
}
function parseSettings(texts) {
  const head = texts.request[0];
  if (!isConfiguredHere(head)) {
    return misconfiguration(NOT_HERE);
  }
  const problem = checkSwitch(head.slice(head.indexOf(" ") + 1));
  return problem === void 0 ? parseOwnSettings(texts) : misconfiguration(`$phantom_token ${problem}`);
}
function parseOwnSettings(texts) {
  const findings = { problem: "" };
  const settings = readSettings(findings, texts.request, texts.rest);
  return findings.problem === "" ? settings : misconfiguration(findings.problem);
}
function isAbsoluteUrl(endpoint) {
  return endpoint.charAt(0) !== "/";
}

// src/core/settings/client_settings.ts
function parseClientSettings(texts, isUrl2) {
  const findings = { problem: "" };
  const client = readClientSettings(findings, texts.request, texts.rest);
  if (findings.problem !== "") {
    return misconfiguration(findings.problem);
  }
  client.authMethod = client.authMethod || impliedMethod(client, isUrl2);
  const problem = findContradiction(client) || findMissing(client, isUrl2);
  return problem === void 0 ? client : misconfiguration(problem);
}
function impliedMethod(client, isUrl2) {
  const isEmpty = client.id + client.secret + client.secretFile + client.keyFile === "";
  return isEmpty && !isUrl2 ? "none" : "client_secret_basic";
}
function findContradiction(client) {
  const isSecretMethod = client.authMethod !== "none" && client.authMethod !== "private_key_jwt";
  if (!isSecretMethod && client.secret !== "") {
    return explainUnused("client_secret", client.authMethod);
  }
  if (!isSecretMethod && client.secretFile !== "") {
    return explainUnused("client_secret_file", client.authMethod);
  }
  if (client.authMethod !== "private_key_jwt" && client.keyFile !== "") {
    return explainUnused("client_key_file", client.authMethod);
  }
  return client.secret !== "" && client.secretFile !== "" ? "$phantom_token_client_secret and $phantom_token_client_secret_file are both set: leave out one of them" : void 0;
}
function explainUnused(credential, method) {
  const named2 = method === "none" ? "none: then the introspection location authenticates" : `${method}, which does not use it`;
  return `$phantom_token_${credential} is set, and $phantom_token_client_auth is ${named2}. Leave out the credential, or name its method`;
}
function findMissing(client, isUrl2) {
  if (client.authMethod === "none") {
    return void 0;
  }
  if (client.id === "") {
    const isImplied = isUrl2 && client.authMethod === "client_secret_basic";
    return `$phantom_token_client_id is not set: ${client.authMethod} needs it${isImplied ? WITH_URL : ""}`;
  }
  if (client.authMethod === "private_key_jwt") {
    return findMissingOfKey(client);
  }
  if (client.secret === "" && client.secretFile === "") {
    return `set $phantom_token_client_secret or $phantom_token_client_secret_file: ${client.authMethod} needs one of them`;
  }
  return void 0;
}
var WITH_URL = "; with a URL as endpoint set id and secret, or $phantom_token_client_auth none";
function findMissingOfKey(client) {
  if (client.keyFile === "") {
    return "$phantom_token_client_key_file is not set: private_key_jwt needs it";
  }
  return client.assertionAudience === "" ? "$phantom_token_client_assertion_audience is not set: private_key_jwt needs the issuer of the authorization server" : void 0;
}

// src/core/settings/signature_checks.ts
var signature_checks_exports = {};
__export(signature_checks_exports, {
  checkJwks: () => checkJwks,
  checkMintAudience: () => checkMintAudience,
  checkMintClaims: () => checkMintClaims
});
function checkJwks(value) {
  return value === "" ? void 0 : checkEndpoint(value);
}
function checkMintAudience(value) {
  const isList = value === "" || /[^ ]/.test(value);
  return isList && isPlainText(value) && !value.includes("\uFFFD") ? void 0 : "must be audiences separated by spaces, without control characters";
}
function checkMintClaims(value) {
  if (!/^[\x20\x21\x23-\x2B\x2D-\x5B\x5D-\x7E]*$(?!\n)/.test(value)) {
    return "must be names of members separated by spaces: printable ASCII without quotes, commas and backslashes";
  }
  const own = value.split(" ").filter((name) => OWN_CLAIMS.includes(name));
  return own.length === 0 ? void 0 : `must not name ${own[0]}: the gateway sets that claim itself, or it says nothing of the user`;
}
var OWN_CLAIMS = [
  "iss",
  "sub",
  "client_id",
  "azp",
  "scope",
  "aud",
  "iat",
  "exp",
  "nbf",
  "jti",
  "auth_time",
  "acr",
  "amr",
  "cnf",
  "active",
  "token_type",
  "token_use",
  "typ",
  "__proto__",
  "constructor"
];

// src/core/settings/parse_signature_settings.ts
function readSignatureSettings(findings, signatures) {
  return {
    kind: "signature_settings",
    jwks: signatures[0] === "" ? "" : readChecked(findings, "phantom_token_jwks", signatures[0], checkJwks),
    acceptJwt: signatures[1] === "" ? "off" : readWord(findings, "phantom_token_accept_jwt", signatures[1], "off on"),
    mint: signatures[2] === "" ? "off" : readWord(findings, "phantom_token_mint", signatures[2], "off missing always"),
    mintKeyFile: signatures[3] === "" ? "" : readChecked(findings, "phantom_token_mint_key_file", signatures[3], checkFile),
    mintIssuer: signatures[4] === "" ? "" : readChecked(findings, "phantom_token_mint_issuer", signatures[4], checkPlainText),
    mintAudience: signatures[5] === "" ? "" : readChecked(findings, "phantom_token_mint_audience", signatures[5], checkMintAudience),
    mintClaims: signatures[6] === "" ? "" : readChecked(findings, "phantom_token_mint_claims", signatures[6], checkMintClaims),
    mintTtlSec: signatures[7] === "" ? 600 : readWhole(findings, "phantom_token_mint_ttl", signatures[7], 60, 86400, "seconds")
  };
}

// src/core/settings/signature_settings.ts
var EMPTY_LINE = "													";
function parseSignatureSettings(texts, settings) {
  const findings = { problem: "" };
  const values = (signatureLineOf(texts) || EMPTY_LINE).split("	");
  if (values.length !== 14 /* signatures */) {
    return misconfiguration("a setting on signatures holds a tab, or http.conf does not fit the script");
  }
  const signatures = readSignatureSettings(findings, values);
  if (findings.problem !== "") {
    return misconfiguration(findings.problem);
  }
  const missing = findMissingForMint(signatures) || findMissingForJwt(signatures, settings) || findMissingForResponse(signatures, settings, texts.request[14 /* clientId */]);
  return missing === void 0 ? signatures : misconfiguration(missing);
}
function findMissingForMint(signatures) {
  if (signatures.mint === "off") {
    return void 0;
  }
  if (signatures.mintKeyFile === "") {
    return "$phantom_token_mint_key_file is not set: $phantom_token_mint needs the key that signs";
  }
  return signatures.mintIssuer === "" ? "$phantom_token_mint_issuer is not set: $phantom_token_mint needs the issuer of what the gateway signs" : void 0;
}
function findMissingForJwt(signatures, settings) {
  if (signatures.acceptJwt === "off") {
    return void 0;
  }
  if (signatures.jwks === "") {
    return "$phantom_token_jwks is not set: $phantom_token_accept_jwt needs the keys that verify";
  }
  if (settings.issuer === "") {
    return "$phantom_token_issuer is not set: $phantom_token_accept_jwt needs it";
  }
  return settings.audience === "" ? "$phantom_token_audience is not set: $phantom_token_accept_jwt needs it" : void 0;
}
function findMissingForResponse(signatures, settings, clientId) {
  if (!/token-introspection\+jwt/i.test(settings.introspectionAccept)) {
    return void 0;
  }
  const missing = signatures.jwks === "" ? "jwks" : settings.issuer === "" ? "issuer" : clientId === "" ? "client_id" : void 0;
  return missing === void 0 ? void 0 : `$phantom_token_${missing} is not set: an RFC 9701 response, which $phantom_token_introspection_accept asks for, cannot be verified without it`;
}

// cli/check/value_problem.ts
function findProblem({ value }, line) {
  switch (value.is) {
    case "whole":
      return checkWhole(line, value.least, value.most, value.unit);
    case "word":
      return checkWord(line, value.words.join(" "));
    case "scopes":
      return checkScopes(line);
    case "checked":
      return { ...checks_exports, ...question_checks_exports, ...signature_checks_exports, ...sender_checks_exports }[value.check](line);
  }
}

// cli/check/location_texts.ts
var SELECTS_SIGNATURES = [
  "phantom_token_jwks",
  "phantom_token_accept_jwt",
  "phantom_token_mint",
  "phantom_token_sender_constraint"
];
function locationTextsOf(location) {
  const valueAt = (variable) => joinedValue(location, variable);
  const valuesOf = (text2) => SETTINGS.filter((row) => row.text === text2).map(({ variable }) => valueAt(variable));
  const lookup = valuesOf("lookup");
  const clientId = lookup.pop() ?? "";
  const isSigned = SELECTS_SIGNATURES.some((variable) => valueAt(variable) !== "");
  const signatures = [
    ...valuesOf("signatures"),
    valueAt("phantom_token_issuer"),
    valueAt("phantom_token_audience")
  ].join("	");
  return {
    request: ["here on", ...valuesOf("policy"), "", ...lookup, isSigned ? signatures : "", clientId, ""],
    rest: valuesOf("rest")
  };
}
function joinedValue(location, variable) {
  const row = SETTINGS.find((setting) => setting.variable === variable);
  const assignments = assignmentsOf(location, variable);
  const values = assignments.flatMap(
    (assignment) => possibleValues(assignment, location.server.configuration)
  );
  const [only] = values;
  if (only === void 0) return "";
  const isKnown = values.length === 1 && only.value !== void 0;
  const value = only.value ?? "";
  return isKnown && (value === "" || findProblem(row, value) === void 0) ? value : standInFor(row);
}
function standInFor({ value }) {
  if (value.defaultValue !== "") return value.defaultValue;
  if (value.is === "word") return "";
  if (value.is !== "checked") return "any";
  return { checkPlainText: "any", checkEndpoint: "/any", checkJwks: "/any", checkFile: "/any" }[value.check] ?? "";
}

// cli/check/rules/setting_values.ts
var ROWS = new Map(SETTINGS.map((row) => [row.variable, row]));
function checkValues(configuration) {
  const levels = configuration.servers.flatMap(({ own, allLocations: allLocations2 }) => [
    own,
    ...allLocations2.map((location) => location.own)
  ]);
  const assigned = levels.flatMap((own) => assignmentsIn(own)).flatMap((assignment) => refusedValues(assignment.variable, possibleValues(assignment, configuration)));
  const mapped = mapsIn(configuration).flatMap(
    (map) => refusedValues(variableName(map.args[1] ?? ""), valuesOfMap(map))
  );
  return [...assigned, ...mapped];
}
function refusedValues(variable, values) {
  const row = ROWS.get(variable);
  if (row === void 0) return [];
  return values.flatMap(({ value, at }) => {
    const problem = value ? findProblem(row, value) : void 0;
    return problem === void 0 ? [] : [found("setting_value", at, `$${variable} ${problem}`)];
  });
}
function checkCompleteness(location, isWhole) {
  const { line } = location;
  const missing = findMissing2(location, isWhole);
  if (missing !== void 0) return [found(missing, line, nameOf(location))];
  if (isOff(location)) return [];
  const problem = findContradiction2(location);
  if (problem === void 0) return [];
  const at = placeOf(problem, location);
  return [found("settings_incomplete", at ?? line, `${nameOf(location)}: ${problem}`)];
}
function placeOf(problem, location) {
  const words = problem.split(/[^\w$]+/);
  const assignments = SETTING_NAMES.flatMap((variable) => assignmentsOf(location, variable));
  const byName = words.map((word) => assignments.findLast(({ variable }) => word === `$${variable}`));
  const byValue = words.map((word) => assignments.findLast(({ value }) => word === value));
  return [...byName, ...byValue].find((assignment) => assignment !== void 0)?.at;
}
function findMissing2(location, isWhole) {
  if (!isWhole && !location.server.isWhole) return void 0;
  if (!isSet(location, "phantom_token")) return "switch_not_set";
  return isSet(location, "phantom_token_introspection_endpoint") || isOff(location) ? void 0 : "endpoint_not_set";
}
function isSet(location, variable) {
  const isMapped = mapsIn(location.server.configuration).some(
    ({ args }) => variableName(args[1] ?? "") === variable
  );
  return isMapped || assignmentsOf(location, variable).some(({ value }) => value !== "");
}
function findContradiction2(location) {
  const texts = locationTextsOf(location);
  const settings = parseSettings(texts);
  if (settings.kind === "misconfiguration") return void 0;
  const client = parseClientSettings(texts, isAbsoluteUrl(settings.introspectionEndpoint));
  if (client.kind === "misconfiguration") return client.problem;
  const signatures = parseSignatureSettings(texts, settings);
  return signatures.kind === "misconfiguration" ? signatures.problem : void 0;
}
var PROOFS = ["phantom_token_dpop_origin", "phantom_token_caller_certificate"];
function checkSender(location) {
  if (location.mode === "introspection" || isOff(location)) return [];
  const taken = assignmentsOf(location, "phantom_token_sender_constraint").findLast(
    ({ value }) => value !== "" && value !== "refuse"
  );
  return taken === void 0 || PROOFS.some((variable) => isSet(location, variable)) ? [] : [found("sender_unprovable", taken.at, `${nameOf(location)} takes tokens that are bound to a key`)];
}
function takesDpop(location) {
  return isSet(location, "phantom_token_sender_constraint") && isSet(location, "phantom_token_dpop_origin");
}
function checkOrder(location) {
  return [...setTwice(location.own), ...setAfterBreak(location.own), ...setBelow(location)];
}
function setTwice(own) {
  const seen = /* @__PURE__ */ new Set();
  return settingsIn(own).flatMap(({ variable, at, isConditional }) => {
    if (isConditional) return [];
    const isSecond = seen.has(variable);
    seen.add(variable);
    return isSecond ? [found("set_twice", at, `$${variable} is set twice in this location`)] : [];
  });
}
function setAfterBreak(own) {
  const end = own.findIndex(
    ({ name, args }) => name === "break" || name === "rewrite" && args.at(-1) === "break" && args.length === 3
  );
  if (end === -1) return [];
  return settingsIn(own.slice(end)).map(
    ({ variable, at }) => found("set_after_break", at, `$${variable} is set below \`${own[end]?.name}\``)
  );
}
function setBelow({ own, mode }) {
  if (mode !== "auth_request") return [];
  return settingsIn(own.slice(own.findIndex(isProtectLine))).map(
    ({ variable, at }) => found("set_below_protect", at, `$${variable} is set below protect.conf`)
  );
}
function settingsIn(own) {
  return assignmentsIn(own).filter(({ variable }) => SETTING_NAMES.includes(variable));
}
var REQUIREMENTS = ["phantom_token_required_scopes", "phantom_token_audience", "phantom_token_issuer"];
function checkRequirements(configuration, locations) {
  const mapped = mapsIn(configuration).filter(({ args }) => REQUIREMENTS.includes(variableName(args[1] ?? ""))).flatMap((map) => emptyRequirement(variableName(map.args[1] ?? ""), map, valuesOfMap(map)));
  const assigned = locations.flatMap(
    (location) => REQUIREMENTS.flatMap((variable) => assignmentsOf(location, variable)).flatMap(
      (assignment) => assignment.value.includes("$") ? emptyRequirement(assignment.variable, assignment.at, possibleValues(assignment, configuration)) : []
    )
  );
  return [...mapped, ...assigned];
}
function emptyRequirement(variable, at, values) {
  const empty = values.find(({ value }) => value === "");
  const isMixed = values.some(({ value }) => value !== "");
  return empty && isMixed ? [found("requirement_empty", empty.at ?? at, `$${variable} may be empty by its map`)] : [];
}
var EXAMPLE_SECRET = /:gateway-secret$/;
function checkSecrets(levels) {
  return levels.flatMap((own) => [
    ...assignmentsIn(own).filter(
      ({ variable, value }) => variable === "phantom_token_client_secret" && value !== "" && !value.includes("$")
    ).map(({ at }) => found("secret_in_clear", at, "$phantom_token_client_secret is written in this file")),
    ...own.filter(isBasicSecret).map((at) => found("secret_in_clear", at, "The credentials are written in this file"))
  ]);
}
function isBasicSecret({ name, args }) {
  const [header = "", value = ""] = args;
  const basic = /^Basic\s+([A-Za-z0-9+/=_-]+)$/i.exec(value)?.[1];
  const isAuthorization2 = name === "proxy_set_header" && header.toLowerCase() === "authorization";
  return isAuthorization2 && basic !== void 0 && !EXAMPLE_SECRET.test(Buffer.from(basic, "base64").toString());
}

// src/core/settings/njs_version.ts
function findUnsafeNjs(version, engine, mode, isUrl2) {
  if (mode === "access" && version < 65537) {
    return "js_access needs njs 1.0.1 or newer: use auth_request mode or a newer njs";
  }
  if (!isUrl2 && version >= 2309 && version <= 2313) {
    return "njs 0.9.5 to 0.9.9 crash in subrequests when a client hangs up: use an absolute URL as endpoint, or njs 1.0.1 or newer";
  }
  if (isUrl2 && engine === "QuickJS" && version < 2305) {
    return "QuickJS of njs below 0.9.1 cannot fetch a URL: use an internal location as endpoint, js_engine njs, or njs 1.0.1 or newer";
  }
  return void 0;
}
function isEvictUnsafe(version) {
  return version < 2311;
}

// cli/check/rules/shared_memory.ts
var ZONES = ["phantom_token", "phantom_token_denied", "phantom_token_locks", "phantom_token_state"];
var PROOFS2 = "phantom_token_proofs";
var NEVER_EVICTED = ["phantom_token_locks", "phantom_token_state", PROOFS2];
function checkHttpConf({ own, isWhole }, first) {
  const imports = named(own, "js_import").filter(({ args }) => args[0] === "phantom_token");
  const [, ...others] = imports;
  if (imports.length === 0 && isWhole)
    return [found("http_conf_missing", first, "http.conf is not included")];
  return others.map((at) => found("http_conf_twice", at, "http.conf is included twice"));
}
function checkZones({ own, isWhole }, first, takesDpop2) {
  const zones = zonesIn(own);
  const needed = takesDpop2 ? [...ZONES, PROOFS2] : ZONES;
  const absent = needed.filter((name) => !zones.some((zone) => zone.name === name));
  const twice = zones.find(({ name }, i) => zones.findIndex((zone) => zone.name === name) < i);
  return [
    ...isWhole && absent.length > 0 ? [found("zones_missing", first, `No zone ${absent.join(", ")}`)] : [],
    ...twice === void 0 ? [] : [found("zones_twice", twice.at, `The zone ${twice.name} is declared twice`)],
    ...zones.filter(({ name, at }) => NEVER_EVICTED.includes(name) && at.args.includes("evict")).map(({ name, at }) => found("zone_evicts", at, `The zone ${name} evicts`)),
    ...zones.filter(({ at }) => at.args.some((word) => word.startsWith("state="))).map(({ name, at }) => found("zone_on_disk", at, `The zone ${name} has a file`))
  ];
}
function zonesIn(own) {
  return named(own, "js_shared_dict_zone").flatMap((at) => {
    const name = at.args.map((word) => /^zone=([^:]+)/.exec(word)?.[1]).find((found2) => found2) ?? "";
    return name.startsWith("phantom_token") ? [{ name, at }] : [];
  });
}
function checkNjs({ own }, locations, version) {
  const evicting = isEvictUnsafe(version) ? zonesIn(own).find(({ at }) => at.args.includes("evict")) : void 0;
  return [
    ...evicting === void 0 ? [] : [found("zones_evict_unsafe", evicting.at, `The zone ${evicting.name} evicts`)],
    ...locations.flatMap((location) => {
      const problem = refuses(version) ?? findUnsafeNjs(version, void 0, location.mode, isUrl(location));
      return problem === void 0 ? [] : [found("njs_unsafe", location.line, problem)];
    })
  ];
}
function refuses(version) {
  if (version < 2054) return "njs below 0.8.6 has no `nocache` for js_set";
  return version === 2311 ? 'njs 0.9.7 has no module "crypto"' : void 0;
}
function isUrl(location) {
  const values = assignmentsOf(location, "phantom_token_introspection_endpoint").flatMap(
    (assignment) => possibleValues(assignment, location.server.configuration)
  );
  return values.length > 0 && values.every(({ value }) => value?.startsWith("http"));
}

// cli/check/check.ts
function check(directives, { njsVersion }) {
  const configuration = layOut(directives);
  const guarded = protectedLocations(allLocations(configuration));
  return inOrder([
    ...checkHttp(configuration, guarded, njsVersion),
    ...configuration.servers.flatMap((server) => [
      ...checkInclude(server),
      ...checkServerConf(server),
      ...checkNeighbours(server),
      ...checkPaths(server)
    ]),
    ...allLocations(configuration).flatMap((location) => [
      ...checkNested(location),
      ...checkOwnCall(location)
    ]),
    ...guarded.flatMap((location) => checkProtected(location, configuration.isWhole))
  ]);
}
function checkHttp(configuration, guarded, njsVersion) {
  const [first] = guarded;
  return [
    ...checkLevel(configuration),
    ...checkNames(configuration),
    ...checkMapOrder(configuration),
    ...checkValues(configuration),
    ...checkRequirements(configuration, guarded),
    ...checkSecrets(levelsIn(configuration)),
    ...first === void 0 ? [] : [
      ...checkHttpConf(configuration, first.line),
      ...checkZones(configuration, first.line, guarded.some(takesDpop))
    ],
    ...njsVersion === void 0 ? [] : checkNjs(configuration, guarded, njsVersion),
    ...checkOperators(configuration),
    ...checkUpstreams(configuration)
  ];
}
function checkProtected(location, isWhole) {
  return [
    ...checkAnswers(location),
    ...checkSatisfy(location),
    ...checkIntrospectionCache(location),
    ...checkErrorPages(location),
    ...checkAuthorization(location),
    ...checkOrder(location),
    ...checkCompleteness(location, isWhole),
    ...checkSender(location),
    ...checkClientChoices(location),
    ...checkCertificate(location),
    ...checkEndpoints(location),
    ...checkNamed(location),
    ...checkSubrequests(location),
    ...checkCaches(location),
    ...checkLostHeaders(location)
  ];
}
function inOrder(findings) {
  const files = [...new Set(findings.map(({ file }) => file))];
  const once = new Map(
    findings.map((finding) => [
      `${finding.file}\0${finding.line}\0${finding.code}\0${finding.text}`,
      finding
    ])
  );
  return [...once.values()].sort(
    (a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.code.localeCompare(b.code)
  );
}

// cli/check/print.ts
function print(findings, format) {
  switch (format) {
    case "text":
      return findings.map(({ file, line, level, code, text: text2 }) => `${file}:${line}: ${level}: ${code}: ${text2}`).join("\n");
    case "json":
      return JSON.stringify({ findings }, void 0, 2);
    case "github":
      return findings.map(annotation).join("\n");
  }
}
function annotation({ level, file, line, code, text: text2 }) {
  return `::${level} file=${property(file)},line=${line},title=${property(code)}::${escaped(text2)}`;
}
function escaped(text2) {
  return text2.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}
function property(text2) {
  return escaped(text2).replaceAll(":", "%3A").replaceAll(",", "%2C");
}

// cli/command_line.ts
import { resolve } from "node:path";
import { parseArgs } from "node:util";

// cli/nginx_lines.ts
var MODES = ["access", "auth_request"];
var FILES = {
  access: {
    zones: "zones.conf",
    zonesRemark: "edit its sizes in this file",
    server: void 0,
    protect: "protect.conf"
  },
  auth_request: {
    zones: "zones_njs_0.8.conf",
    zonesRemark: "edit its sizes in this file. With njs 0.9.7 or newer, use zones.conf",
    server: "auth_request/server.conf",
    protect: "auth_request/protect.conf"
  }
};
function canBeNamed(path) {
  return !/[*?[\]"\\\p{Cc}]/u.test(path);
}
function linesToAdd(mode, folder) {
  const { zones, zonesRemark, server, protect } = FILES[mode];
  const include = (file) => `include ${asArgument(`${folder}/${file}`)};`;
  const firstOfServer = server ? `# The first line of the server.
        ${include(server)}
        ` : "";
  return `
# Add these lines to your configuration, at the levels shown; other lines of those blocks stay as they are.
# Then: nginx -t && nginx -s reload. A request without a token must answer 401.

# Main level: at the top of nginx.conf itself. Leave it out with Debian's packages: they load the module themselves.
load_module modules/ngx_http_js_module.so;

# In nginx.conf, or in a file that its http block includes; once.
http {
    # For the long names of our variables; nginx warns without it. Leave it out if you set it already.
    variables_hash_bucket_size 128;
    # The folder of phantom_token.js.
    js_path ${asArgument(folder)};
    # The shared memory: ${zonesRemark}.
    ${include(zones)}
    # The variables. This file lists the settings.
    ${include("http.conf")}

    # In the file of your server.
    server {
        ${firstOfServer}listen 8080;

        # Each location to protect, nested ones too.
        location /api/ {
            set $phantom_token on;
            set $phantom_token_introspection_endpoint /introspect;
            set $phantom_token_required_scopes "read";
            # After the \`set\` lines: checks the token and replaces it by the JWT.
            ${include(protect)}
            proxy_pass http://127.0.0.1:8082;
        }

        # Once in each server that protects: the request to the authorization server.
        location = /introspect {
            # Timeouts and sizes: edit them in this file.
            ${include("introspection_limits.conf")}
            ${include("introspection.conf")}
            proxy_ssl_trusted_certificate /etc/ssl/certs/ca-certificates.crt;
            # base64 of client_id:client_secret: printf '%s' 'id:secret' | base64 -w0
            proxy_set_header Authorization "Basic Z2F0ZXdheS1jbGllbnQ6Z2F0ZXdheS1zZWNyZXQ=";
            proxy_pass https://login.example.com/oauth/v2/oauth-introspect;
        }
    }
}`;
}
function asArgument(path) {
  return /^[\w./@%+,=:~-]+$/.test(path) ? path : `"${path}"`;
}

// cli/command_line.ts
var DEFAULT_FILE = "/etc/nginx/nginx.conf";
var USAGE = `Usage: njs-phantom-token init [--mode access|auth_request] [--force] DIR
       njs-phantom-token check [--njs VERSION] [--json | --github] [FILE | -]
       njs-phantom-token migrate [--write] FILE

init copies the script and the nginx snippets into DIR, creates DIR if needed, and prints the lines to add to
nginx.conf. Either all files are copied or none.

  --mode access         lines for access mode, the default: njs 1.0.1 or newer
  --mode auth_request   lines for auth_request mode: njs 0.8.6 or newer, but not 0.9.5 to 0.9.9
  --force               overwrite files in DIR that differ from this version's, with your edits in them;
                        without --force nothing is written if a file differs

zones.conf and zones_njs_0.8.conf (the sizes of the shared memory) and introspection_limits.conf (the timeouts and sizes
of an introspection) are yours once they are in DIR: not even --force overwrites them. If one lacks a line that this
version needs, init says so. To get this version's file, remove yours first.
Nothing in DIR is deleted, and no symbolic link in it is followed. If there is an nginx.conf beside DIR, it is checked.

To upgrade: npx njs-phantom-token@latest init --force DIR; then nginx -t && nginx -s reload

check reads FILE, by default ${DEFAULT_FILE}, with all that it includes, and prints a line for each mistake that can
open an API or close it: FILE:LINE: error|warning: CODE: text. docs/check.md explains the codes. It needs no nginx, and
changes nothing. With - it reads the standard input: nginx -T | npx njs-phantom-token check -

  --njs VERSION         the njs that will run the script, such as 0.8.9: finds what this version cannot do
  --json                prints one object, {"findings": [{"code", "level", "file", "line", "text"}]}
  --github              prints annotations for GitHub Actions

migrate translates the directives of Curity's C module (phantom_token on; and so on) in FILE, an nginx.conf, and in all
files that it includes, into the lines of this package, for access mode. It prints a unified diff, and changes nothing
without --write. What it cannot decide it marks in the file with a comment, and lists. docs/migrate.md says what
becomes of each line. It needs no nginx.

  --write               write the files, each with a copy beside it of what it was

  --help                show this text
  --version             show the version of this package, which is also in the first line of phantom_token.js

Exit code of init: 0 when it is done, 1 when it is not. Of check: 0 without errors, 1 with errors, 2 when it cannot read
the configuration. Of migrate: 0 when all is translated, 1 when lines are left to you, 2 when it cannot read or write.
Of all: 2 when the command line is wrong.`;
function readCommandLine(args) {
  const parsed = parse(args);
  if (typeof parsed === "string") return wrong(parsed);
  const { values, positionals } = parsed;
  if (values.help) return { kind: "help" };
  if (values.version) return { kind: "version" };
  const [command, ...operands] = positionals;
  if (command === void 0) return wrong("a command is missing");
  if (command !== "init" && command !== "check" && command !== "migrate")
    return wrong(`unknown command '${command}'`);
  const foreign = Object.keys(values).find((option) => !OPTIONS_OF[command].includes(option));
  if (foreign !== void 0) return wrong(`${command} has no option '--${foreign}'`);
  switch (command) {
    case "init":
      return readInit(values, operands);
    case "check":
      return readCheck(values, operands);
    case "migrate":
      return readMigrate(values, operands);
  }
}
var OPTIONS_OF = { init: ["mode", "force"], check: ["njs", "json", "github"], migrate: ["write"] };
function readInit({ mode: word = "access", force = false }, operands) {
  const [folder, ...others] = operands;
  if (folder === void 0 || folder === "") return wrong("DIR is missing");
  if (others.length > 0) return wrong(`one DIR only, not also '${others[0]}'`);
  const mode = MODES.find((known) => known === word);
  if (mode === void 0) return wrong(`unknown mode '${word}'`);
  const absolute = resolve(folder);
  if (!canBeNamed(absolute)) return wrong(`DIR has a character that its name cannot have in nginx.conf`);
  return { kind: "init", folder: absolute, mode, force };
}
function readCheck({ njs, json, github }, operands) {
  const [file = DEFAULT_FILE, ...others] = operands;
  if (file === "") return wrong("FILE is empty");
  if (others.length > 0) return wrong(`one FILE only, not also '${others[0]}'`);
  if (json && github) return wrong("either --json or --github");
  const njsVersion = njs === void 0 ? void 0 : readVersion(njs);
  if (njs !== void 0 && njsVersion === void 0)
    return wrong(`'${njs}' is no version of njs such as 1.0.2`);
  return { kind: "check", file, format: json ? "json" : github ? "github" : "text", njsVersion };
}
function readMigrate({ write = false }, operands) {
  const [file = "", ...others] = operands;
  if (file === "") return wrong("FILE is missing");
  if (others.length > 0) return wrong(`one FILE only, not also '${others[0]}'`);
  if (file === "-") return wrong("FILE has to be a file, since its includes are read and written too");
  return { kind: "migrate", file, write };
}
function readVersion(text2) {
  const parts = /^(\d{1,2})\.(\d{1,2})\.(\d{1,2})$/.exec(text2)?.slice(1).map(Number);
  return parts?.reduce((version, part) => version * 256 + part, 0);
}
function parse(args) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        mode: { type: "string" },
        force: { type: "boolean" },
        njs: { type: "string" },
        json: { type: "boolean" },
        github: { type: "boolean" },
        write: { type: "boolean" },
        help: { type: "boolean" },
        version: { type: "boolean" }
      }
    });
  } catch (error2) {
    return error2.message.split(/\.?\s*\n|\.\s/, 1)[0];
  }
}
function wrong(problem) {
  return { kind: "wrong", problem };
}

// cli/copy.ts
import { randomUUID } from "node:crypto";
import { lstat, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

// cli/declared_directives.ts
function missingDirectives(users, shipped) {
  const declared = new Set(directivesOf(users).map(declaredName));
  return directivesOf(shipped).filter((directive) => !declared.has(declaredName(directive)));
}
function directivesOf(text2) {
  const withoutComments = text2.replace(/#.*/g, "");
  return [...withoutComments.matchAll(/[^;{}]+;/g)].map(
    ([directive]) => directive.trim().replace(/\s+/g, " ")
  );
}
function declaredName(directive) {
  const declared = /\bzone=\w+|\$\w+/.exec(directive);
  return declared?.[0] ?? directive.split(" ")[0];
}

// cli/shipped_files.ts
import { fileURLToPath } from "node:url";
var SCRIPT = fileURLToPath(new URL("../dist/phantom_token.js", import.meta.url));
var SNIPPETS = fileURLToPath(new URL("../nginx", import.meta.url));

// cli/copy.ts
var USERS_FILES2 = ["zones.conf", "zones_njs_0.8.conf", "introspection_limits.conf"];
async function copyFiles(folder, { force }) {
  const files = await readPackage();
  try {
    return await copyInto(folder, files, force);
  } catch (error2) {
    if (!isSystemError(error2)) throw error2;
    return { kind: "failed", reason: error2.message };
  }
}
async function readPackage() {
  const entries = await readdir(SNIPPETS, { recursive: true });
  const snippets = entries.filter((path) => path.endsWith(".conf") && !path.startsWith("examples/")).sort();
  const sources = [
    ["phantom_token.js", SCRIPT],
    ...snippets.map((path) => [path, join(SNIPPETS, path)])
  ];
  return Promise.all(sources.map(async ([path, source]) => ({ path, content: await readFile(source) })));
}
async function copyInto(folder, files, force) {
  const found2 = await stat(folder).catch(undefinedIfAbsent);
  if (found2 !== void 0 && !found2.isDirectory()) return { kind: "no_folder" };
  const places = await findObstacles(folder, files);
  if (places.length > 0) return { kind: "obstructed", places };
  const groups2 = { absent: [], same: [], differs: [], kept: [] };
  for (const file of files) groups2[await presenceOf(folder, file)].push(file);
  if (groups2.differs.length > 0 && !force) return { kind: "differs", files: pathsOf(groups2.differs) };
  await writeFiles(folder, [...groups2.absent, ...groups2.differs]);
  return {
    kind: "copied",
    added: pathsOf(groups2.absent),
    overwritten: pathsOf(groups2.differs),
    unchanged: pathsOf(groups2.same),
    kept: await Promise.all(groups2.kept.map((file) => lookIntoKept(folder, file)))
  };
}
async function lookIntoKept(folder, { path, content }) {
  const users = await readFile(join(folder, path), "utf8").catch(() => void 0);
  return { path, missing: users === void 0 ? [] : missingDirectives(users, content.toString()) };
}
function pathsOf(files) {
  return files.map(({ path }) => path);
}
async function findObstacles(folder, files) {
  const obstacles = [];
  const subfolders = new Set(files.map(({ path }) => dirname(path)).filter((path) => path !== "."));
  for (const path of subfolders) {
    const found2 = await lookAt(join(folder, path));
    if (found2 !== void 0 && !found2.isDirectory()) obstacles.push(path);
  }
  for (const { path } of files) {
    if (obstacles.includes(dirname(path))) continue;
    const found2 = await lookAt(join(folder, path));
    if (found2 !== void 0 && !found2.isFile() && !USERS_FILES2.includes(path)) obstacles.push(path);
  }
  return obstacles;
}
async function presenceOf(folder, { path, content }) {
  const target = join(folder, path);
  const found2 = await lookAt(target);
  if (found2 === void 0) return "absent";
  if (found2.isFile() && content.equals(await readFile(target))) return "same";
  return USERS_FILES2.includes(path) ? "kept" : "differs";
}
function lookAt(path) {
  return lstat(path).catch(undefinedIfAbsent);
}
async function writeFiles(folder, files) {
  const written = [];
  try {
    for (const { path, content } of files) {
      const target = join(folder, path);
      const partial = `${target}.${randomUUID()}.partial`;
      await makeFolder(dirname(target));
      written.push({ partial, target });
      await writeFile(partial, content, { flag: "wx" });
    }
    for (const { partial, target } of written) await rename(partial, target);
  } finally {
    for (const { partial } of written) await rm(partial, { force: true });
  }
}
async function makeFolder(folder) {
  if (await stat(folder).catch(undefinedIfAbsent) !== void 0) return;
  await makeFolder(dirname(folder));
  await mkdir(folder);
}
function undefinedIfAbsent(error2) {
  if (isSystemError(error2) && error2.code === "ENOENT") return void 0;
  throw error2;
}
function isSystemError(error2) {
  return error2 instanceof Error && "syscall" in error2;
}

// cli/nginx_conf/unreadable.ts
var Unreadable = class extends Error {
};

// cli/nginx_conf/tokens.ts
var SPACE = /[ \t\r\n]/;
var WORD_END = /[ \t\r\n;{]/;
var Tokenizer = class {
  constructor(text2, file) {
    this.text = text2;
    this.file = file;
  }
  text;
  file;
  /** Those that were passed so far, each without its line break. */
  comments = [];
  place = 0;
  line = 1;
  /** @returns undefined at the end of the file */
  next() {
    this.skipSpaceAndComments();
    const char = this.text[this.place];
    const { line, place: begin } = this;
    if (char === void 0) return void 0;
    if (char === ";" || char === "{" || char === "}") {
      this.place++;
      return { kind: char, line, begin, end: this.place };
    }
    const text2 = char === '"' || char === "'" ? this.readQuoted(char) : this.readBare();
    return { kind: "word", text: text2, line, begin, end: this.place };
  }
  /** After `{`: skips to the `}` that ends the block, as OpenResty does with Lua. */
  skipForeignBlock() {
    const { line } = this;
    let depth = 1;
    while (depth > 0) {
      const char = this.text[this.place];
      if (char === void 0) throw new Unreadable(`${this.file}:${line}: a block is not closed`);
      if (char === "{") depth++;
      if (char === "}") depth--;
      this.step();
    }
  }
  step() {
    if (this.text[this.place] === "\n") this.line++;
    this.place++;
  }
  skipSpaceAndComments() {
    for (; ; ) {
      const char = this.text[this.place];
      if (char === "#") {
        const end = this.text.indexOf("\n", this.place);
        const begin = this.place;
        this.place = end === -1 ? this.text.length : end;
        this.comments.push({ begin, end: this.place });
      } else if (char !== void 0 && SPACE.test(char)) {
        this.step();
      } else {
        return;
      }
    }
  }
  /** A quotation mark begins a quoted word only where the word begins. */
  readQuoted(mark) {
    const { line } = this;
    this.place++;
    const begin = this.place;
    for (; ; ) {
      const char = this.text[this.place];
      if (char === void 0) throw new Unreadable(`${this.file}:${line}: a quoted text is not closed`);
      if (char === mark) break;
      if (char === "\\") this.step();
      this.step();
    }
    const word = unescaped(this.text.slice(begin, this.place));
    this.place++;
    const after = this.text[this.place];
    if (after !== void 0 && !/[ \t\r\n;{)]/.test(after)) {
      throw new Unreadable(`${this.file}:${this.line}: '${after}' directly after a quoted text`);
    }
    return word;
  }
  readBare() {
    const begin = this.place;
    for (; ; ) {
      const char = this.text[this.place];
      const isOfVariable = char === "{" && this.place > begin && this.text[this.place - 1] === "$";
      if (char === void 0 || WORD_END.test(char) && !isOfVariable) break;
      if (char === "\\") this.step();
      this.step();
    }
    return unescaped(this.text.slice(begin, this.place));
  }
};
function unescaped(word) {
  return word.includes("\\") ? word.replace(/\\([\\"'trn])/g, (_, char) => ESCAPED[char] ?? char) : word;
}
var ESCAPED = { t: "	", r: "\r", n: "\n" };

// cli/nginx_conf/directive.ts
var MOST_LEVELS = 100;
function parseDirectives(text2, file, shippedBy) {
  const tokens = new Tokenizer(text2, file);
  const top = [];
  const open = [{ directives: top, line: 1 }];
  let words = [];
  let begin = { line: 1, place: 0 };
  for (let token = tokens.next(); token !== void 0; token = tokens.next()) {
    const { kind, line } = token;
    if (kind === "word") {
      if (words.length === 0) begin = { line, place: token.begin };
      words.push(token.text);
      continue;
    }
    if (kind === "}") {
      if (words.length > 0 || open.length === 1) throw new Unreadable(`${file}:${line}: unexpected '}'`);
      open.pop();
      continue;
    }
    const [name, ...args] = words;
    if (name === void 0) throw new Unreadable(`${file}:${line}: unexpected '${kind}'`);
    const block = kind === "{" ? [] : void 0;
    const head = { begin: begin.place, end: token.end };
    open.at(-1)?.directives.push({ name, args, block, file, line: begin.line, head, shippedBy });
    words = [];
    if (block === void 0) continue;
    if (name.endsWith("_by_lua_block")) tokens.skipForeignBlock();
    else open.push({ directives: block, line: begin.line });
    if (open.length > MOST_LEVELS) throw new Unreadable(`${file}:${line}: blocks are nested too deeply`);
  }
  if (words.length > 0)
    throw new Unreadable(`${file}:${begin.line}: '${shorten(words[0])}' does not end with ';'`);
  const unclosed = open.at(-1);
  if (open.length > 1) throw new Unreadable(`${file}:${unclosed?.line}: the block is not closed with '}'`);
  return top;
}
function shorten(word = "") {
  return word.replace(/\s+/g, " ").slice(0, 40);
}

// cli/nginx_conf/read.ts
import { existsSync, readFileSync } from "node:fs";
import { basename, join as join2 } from "node:path";
async function readConfiguration(open) {
  try {
    const source = await open();
    const text2 = source.read(source.main);
    if (text2 === void 0) throw new Unreadable(`${source.main} does not exist`);
    const directives = parseDirectives(text2, source.main);
    return { kind: "read", directives: withIncludes(directives, source, [source.main]) };
  } catch (error2) {
    if (!(error2 instanceof Unreadable)) throw error2;
    return { kind: "unreadable", problem: error2.message.replace(/[\x00-\x1f\x7f]+/g, " ") };
  }
}
function withIncludes(directives, source, files) {
  const whole2 = [];
  for (const directive of directives) {
    const [pattern] = directive.args;
    if (directive.name === "include" && directive.block === void 0 && pattern !== void 0) {
      for (const file of source.resolve(pattern)) whole2.push(...readIncluded(directive, file, source, files));
    } else if (directive.block !== void 0) {
      whole2.push({ ...directive, block: withIncludes(directive.block, source, files) });
    } else {
      whole2.push(directive);
    }
  }
  return whole2;
}
function readIncluded(include, file, source, files) {
  const place = `${include.file}:${include.line}`;
  if (files.includes(file)) throw new Unreadable(`${place}: ${file} includes itself`);
  const text2 = source.read(file) ?? readKnown(file);
  if (text2 === void 0) throw new Unreadable(`${place}: ${file} does not exist`);
  const shippedBy = include.shippedBy ?? (isShipped(file, text2) ? include : void 0);
  return withIncludes(parseDirectives(text2, file, shippedBy), source, [...files, file]);
}
var OF_NGINX = /^(mime\.types|(fastcgi|uwsgi|scgi|proxy)_params|fastcgi\.conf|koi-utf|koi-win|win-utf)$/;
function readKnown(file) {
  const ours = /(?:^|\/)phantom_token\/((?:auth_request\/)?[\w.]+\.conf)$/.exec(file)?.[1];
  if (ours !== void 0 && existsSync(join2(SNIPPETS, ours)))
    return readFileSync(join2(SNIPPETS, ours), "utf8");
  return OF_NGINX.test(basename(file)) ? "" : void 0;
}
var SHIPPED_NAMES = /^(http|zones|zones_njs_0\.8|protect|server|forward_auth|introspection_cache|introspection|introspection_limits|jwks)\.conf$/;
function isShipped(file, text2) {
  return SHIPPED_NAMES.test(basename(file)) && /\$_phantom_|\$phantom_zones|\$phantom_introspection_limit/.test(text2);
}

// cli/migrate/c_module.ts
var SWITCH = "phantom_token";
var ENDPOINT = "phantom_token_introspection_endpoint";
var REALM = "phantom_token_realm";
var SCOPES = "phantom_token_scopes";
var SCOPE = "phantom_token_scope";
var CREDENTIAL = "phantom_token_client_credential";
var NAMES = [SWITCH, ENDPOINT, REALM, SCOPES, SCOPE, CREDENTIAL];
var MODULE_FILE = /phantom_token_module[\w.-]*\.so$/;
function isOfModule({ name, block }) {
  return block === void 0 && NAMES.includes(name);
}
function isSwitch({ name }) {
  return name === SWITCH;
}
function loadsModule({ name, args }) {
  return name === "load_module" && MODULE_FILE.test(args[0] ?? "");
}
function inForceAt(location) {
  const { outer, server } = location;
  return merge(location.own, outer === void 0 ? inForceIn(server) : inForceAt(outer));
}
function inForceIn({ own, configuration }) {
  return merge(own, merge(configuration.own, NONE));
}
var NONE = {
  isOn: void 0,
  endpoint: void 0,
  realm: void 0,
  scopes: void 0,
  credential: void 0
};
function merge(own, outside) {
  const lines = own.filter(isOfModule);
  const wordOf = (name) => lines.find((line) => line.name === name)?.args[0];
  const list = lines.filter(({ name }) => name === SCOPE).map(({ args }) => args[0] ?? "");
  const said = wordOf(SCOPES) ?? outside.scopes;
  const word = wordOf(SWITCH)?.toLowerCase();
  const [id = "", secret = ""] = lines.find(({ name }) => name === CREDENTIAL)?.args ?? [];
  return {
    isOn: word === void 0 ? outside.isOn : word === "on",
    endpoint: wordOf(ENDPOINT) ?? outside.endpoint,
    realm: wordOf(REALM) ?? outside.realm,
    scopes: list.length > 0 ? said || list.join(" ") : said,
    credential: id === "" ? outside.credential : [id, secret]
  };
}
function settingOf({ name }) {
  switch (name) {
    case SWITCH:
      return "switch";
    case ENDPOINT:
      return "endpoint";
    case REALM:
      return "realm";
    case CREDENTIAL:
      return "credential";
    default:
      return "scopes";
  }
}
function problemOf(line) {
  const [value = ""] = line.args;
  if (isSwitch(line)) {
    return /^(on|off)$/i.test(value) ? void 0 : "the module takes only on and off";
  }
  if (line.args.some((word) => word.includes("$"))) {
    return `for the module \`$\` in "${value}" is a character, in a \`set\` line it begins a variable. Write the value without it`;
  }
  if (line.name === REALM && value === "") {
    return "an empty realm leaves it out of the challenge, which the gateway cannot do: its realm is api. Remove the line, or name a realm";
  }
  if (line.name === ENDPOINT && !/^[\w./-]+$/.test(value)) {
    return "an endpoint is the name of a location of the same server. Name it with letters, digits, /, - and _";
  }
  return void 0;
}

// cli/migrate/marks.ts
var BEGIN = "# njs-phantom-token migrate: ";
var CONTINUED = "#     ";
var WIDTH = 118;
function asMark(text2, indent, newline) {
  const lines = [];
  let line = indent + BEGIN;
  let isEmpty = true;
  for (const word of text2.split(" ")) {
    if (!isEmpty && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = indent + CONTINUED + word;
    } else {
      line += isEmpty ? word : ` ${word}`;
    }
    isEmpty = false;
  }
  return [...lines, line].map((whole2) => whole2 + newline).join("");
}
function marksIn(text2, file) {
  const left = [];
  const lines = text2.split(/\r?\n/);
  for (let i = 0; i < lines.length; i++) {
    const begin = lines[i]?.trimStart() ?? "";
    if (!begin.startsWith(BEGIN)) continue;
    const words = [begin.slice(BEGIN.length)];
    const line = i + 1;
    while (lines[i + 1]?.trimStart().startsWith(CONTINUED)) {
      i++;
      words.push(lines[i].trimStart().slice(CONTINUED.length));
    }
    left.push({ file, line, text: words.join(" "), subject: i + 2 });
  }
  return left;
}

// cli/migrate/plan.ts
var GUARD = "phantom_token_undecided";
var NOTHING = { top: [], marks: [] };
var DISAGREE = "this file is included in several places that need different lines here. Give each place a file of its own, or write the lines by hand";
var REFUSED = `${DISAGREE}. Until then nginx refuses the file`;
var GUARDED = `${DISAGREE}, and remove ${GUARD}: until then nginx refuses the file`;
var Plan = class {
  edits = /* @__PURE__ */ new Map();
  left = /* @__PURE__ */ new Set();
  replace(directive, lines) {
    this.edits.set(directive, { ...this.editOf(directive), lines });
  }
  remove(directive) {
    this.replace(directive, []);
  }
  /** As if nothing had been planned for it. */
  forget(directive) {
    this.edits.delete(directive);
  }
  setHead(block, head) {
    this.edits.set(block, { ...this.editOf(block), head });
  }
  addAtTop(block, lines) {
    const edit = this.editOf(block);
    this.edits.set(block, { ...edit, top: [...edit.top, ...lines] });
  }
  /** @param text  what a person has to decide, without a full stop */
  leave(directive, text2) {
    const edit = this.editOf(directive);
    this.edits.set(directive, { ...edit, marks: [...edit.marks, text2] });
  }
  /** Leaves a location to a person, whose lines from outside stay. @param text  as in leave */
  leaveWhole(location, text2) {
    this.leave(location, text2);
    this.left.add(location);
  }
  /** The same, and nginx refuses the file until then. */
  guard(location, text2) {
    this.left.add(location);
    const known = guardIn(location);
    if (known !== void 0) this.leave(known, text2);
    else this.edits.set(location, { ...this.editOf(location), guard: text2 });
  }
  editOf(directive) {
    return this.edits.get(directive) ?? NOTHING;
  }
  /** The locations that do not get what they need: they still inherit the module's lines. */
  untranslated(tree) {
    const places = placesOf(tree);
    const locations = [...places.values()].filter((group) => this.isUndecided(group, places));
    return /* @__PURE__ */ new Set([...this.left, ...locations.flat()]);
  }
  /** @param tree  the whole configuration */
  byFile(tree) {
    const files = /* @__PURE__ */ new Map();
    const places = placesOf(tree);
    const whole2 = this.editsOfUndecided(places);
    for (const [key, group] of places) {
      const [first] = group;
      const edit = whole2.get(key) ?? this.agreedEdit(group);
      if (edit === void 0) continue;
      const edits2 = files.get(first.file) ?? /* @__PURE__ */ new Map();
      files.set(first.file, edits2.set(first.head.begin, { directive: first, edit }));
    }
    return files;
  }
  agreedEdit(group) {
    const edits2 = group.map((directive) => this.editOf(directive));
    if (edits2.every((edit) => edit === NOTHING)) return void 0;
    const marks = this.marksOf(group);
    if (this.agree(group)) return { ...edits2[0], marks };
    const text2 = group.some(isOfModule) ? REFUSED : DISAGREE;
    return { top: [], marks: [...marks, text2] };
  }
  agree(group) {
    return new Set(group.map((place) => JSON.stringify({ ...this.editOf(place), marks: [] }))).size === 1;
  }
  marksOf(group) {
    return [...new Set(group.flatMap((place) => this.editOf(place).marks))];
  }
  /** Whether its places differ in its own first lines, or in what becomes of the module's lines in it. */
  isUndecided(group, places) {
    const [location] = group;
    if (location.name !== "location") return false;
    const lines = (location.block ?? []).filter(isOfModule);
    return [group, ...lines.map((line) => places.get(keyOf(line)) ?? [])].some((one) => !this.agree(one));
  }
  editsOfUndecided(places) {
    const edits2 = /* @__PURE__ */ new Map();
    for (const [key, group] of places) {
      if (!this.isUndecided(group, places)) continue;
      const [location] = group;
      const lines = linesIn(location);
      for (const line of lines) {
        const marks2 = this.marksOf(places.get(keyOf(line)) ?? []);
        edits2.set(keyOf(line), { top: [], marks: marks2 });
      }
      const marks = this.marksOf(group);
      const refused = guardIn(location) ?? lines.find(isOfModule);
      edits2.set(key, { top: [], marks, ...refused === void 0 && { guard: GUARDED } });
      if (refused === void 0) continue;
      const known = edits2.get(keyOf(refused));
      const text2 = refused.name === GUARD ? GUARDED : REFUSED;
      edits2.set(keyOf(refused), { ...known, marks: [...known.marks, text2] });
    }
    return edits2;
  }
};
function linesIn(location) {
  return (location.block ?? []).filter(
    ({ name, file, shippedBy }) => name !== "location" && file === location.file && shippedBy === void 0
  );
}
function guardIn(location) {
  return linesIn(location).find(({ name }) => name === GUARD);
}
function keyOf({ head, file }) {
  return `${head.begin} ${file}`;
}
function placesOf(tree, places = /* @__PURE__ */ new Map()) {
  for (const directive of tree) {
    const place = directive.shippedBy ?? directive;
    const key = keyOf(place);
    const known = places.get(key) ?? [];
    if (!known.includes(place)) places.set(key, [...known, place]);
    if (place.block !== void 0) placesOf(place.block, places);
  }
  return places;
}

// cli/migrate/edit_text.ts
function editText(text2, edits2) {
  const changes = [...edits2.values()].flatMap(({ directive, edit }) => changesOf(text2, directive, edit));
  let edited = "";
  let place = 0;
  for (const { begin, end, by } of changes.sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    edited += text2.slice(place, begin) + by;
    place = Math.max(place, end);
  }
  return withoutEmptied(edited + text2.slice(place));
}
var GONE = "\0";
function withoutEmptied(text2) {
  return text2.replace(/^[ \t]*(?:\0[ \t]*)+\r?\n/gm, "").replace(/[ \t]+(?:\0[ \t]*)+(?=\r?$)/gm, "").replaceAll(GONE, "");
}
function changesOf(text2, directive, edit) {
  const { begin, end } = directive.head;
  return [
    ...marksAbove(text2, directive, edit.marks),
    ...edit.head === void 0 ? [] : [{ begin, end, by: edit.head }],
    ...edit.lines === void 0 ? [] : inPlace(text2, directive, edit.lines),
    ...edit.top.length === 0 ? [] : [firstLines(text2, directive, edit.top)],
    ...edit.guard === void 0 ? [] : [firstLines(text2, directive, guardLines(text2, directive, edit.guard))]
  ];
}
function marksAbove(text2, { head }, marks) {
  const { indent, isFirst, lineBegin } = lineOf(text2, head);
  const newline = newlineOf(text2);
  let above = text2.slice(0, lineBegin);
  const lines = [];
  for (const mark of marks.map((words) => asMark(words, indent, newline)).reverse()) {
    if (above.endsWith(mark)) above = above.slice(0, -mark.length);
    else lines.unshift(mark);
  }
  if (lines.length === 0) return [];
  const place = isFirst ? lineBegin : head.begin;
  const by = isFirst ? lines.join("") : `${newline}${lines.join("")}${indent}`;
  return [{ begin: place, end: place, by }];
}
function inPlace(text2, directive, lines) {
  const { begin, end } = directive.head;
  const { indent, isFirst, lineBegin } = lineOf(text2, directive.head);
  const newline = newlineOf(text2);
  const kept2 = [...commentsInside(text2, directive.head), ...lines];
  const rest = restOfLine(text2, end);
  const [first, ...others] = kept2;
  if (!isFirst || rest.text !== "" && !isComment(rest.text)) {
    return [amongOthers(text2, directive.head, kept2, `${newline}${indent}`)];
  }
  if (first === void 0) {
    return [
      rest.text === "" ? { begin: lineBegin, end: rest.next, by: "" } : { begin, end: rest.begin, by: "" }
    ];
  }
  const below = others.map((line) => `${newline}${indent}${line}`).join("");
  return [
    { begin, end: rest.text === "" ? rest.end : end, by: first },
    { begin: rest.end, end: rest.end, by: below }
  ];
}
function amongOthers(text2, place, lines, newLine) {
  const { begin, end } = place;
  if (lines.length > 0 && !lines.some(isComment)) return { begin, end, by: lines.join(" ") };
  const spaces = /^[ \t]*/.exec(text2.slice(end))?.[0].length ?? 0;
  if (lines.length === 0) return { begin, end: end + spaces, by: GONE };
  const above = lineOf(text2, place).isFirst ? "" : `${GONE}${newLine}`;
  return isComment(lines.at(-1) ?? "") ? { begin, end: end + spaces, by: `${above}${lines.join(newLine)}${newLine}` } : { begin, end, by: `${above}${lines.join(newLine)}` };
}
function isComment(line) {
  return line.startsWith("#");
}
function firstLines(text2, block, lines) {
  const { end } = block.head;
  const newline = newlineOf(text2);
  const rest = restOfLine(text2, end);
  if (rest.text !== "" && !isComment(rest.text) && !lines.some(isComment)) {
    return { begin: end, end, by: ` ${lines.join(" ")}` };
  }
  const inner = indentIn(text2, block);
  const isAlone = rest.text === "" || isComment(rest.text);
  const by = lines.map((line) => `${newline}${inner}${line}`).join("");
  return isAlone ? { begin: rest.end, end: rest.end, by } : { begin: end, end: rest.begin, by: `${by}${newline}${inner}` };
}
function guardLines(text2, block, mark) {
  const inner = indentIn(text2, block);
  const comment = asMark(mark, inner, "\n").trimEnd().split("\n");
  return [...comment.map((line) => line.slice(inner.length)), `${GUARD};`];
}
function indentIn(text2, block) {
  const first = block.block?.find(({ file, head }) => file === block.file && lineOf(text2, head).isFirst);
  if (first !== void 0) return lineOf(text2, first.head).indent;
  const { indent } = lineOf(text2, block.head);
  return `${indent}${indent.includes("	") ? "	" : "    "}`;
}
function lineOf(text2, { begin }) {
  const lineBegin = text2.lastIndexOf("\n", begin - 1) + 1;
  const before = text2.slice(lineBegin, begin);
  const indent = /^[ \t]*/.exec(before)?.[0] ?? "";
  return { lineBegin, indent, isFirst: indent === before };
}
function restOfLine(text2, from) {
  const feed = text2.indexOf("\n", from);
  const next = feed === -1 ? text2.length : feed + 1;
  const end = feed === -1 ? text2.length : text2[feed - 1] === "\r" ? feed - 1 : feed;
  const rest = text2.slice(from, Math.max(from, end));
  const begin = from + (/^[ \t]*/.exec(rest)?.[0].length ?? 0);
  return { text: rest.trim(), begin, end: Math.max(from, end), next };
}
function commentsInside(text2, { begin, end }) {
  const part = text2.slice(begin, end);
  const tokens = new Tokenizer(part, "");
  while (tokens.next() !== void 0) ;
  return tokens.comments.map((comment) => part.slice(comment.begin, comment.end).trimEnd());
}
function newlineOf(text2) {
  return text2.includes("\r\n") ? "\r\n" : "\n";
}

// cli/migrate/http_lines.ts
var JS_MODULE = "ngx_http_js_module.so";
function planModule(top, includesModules2, plan) {
  const old = top.filter(loadsModule);
  const isLoaded = includesModules2 || named(top, "load_module").some(({ args }) => args[0]?.endsWith(JS_MODULE));
  const [first, ...others] = old;
  for (const line of others) plan.remove(line);
  if (first !== void 0) {
    const folder = (first.args[0] ?? "").replace(/[^/]*$/, "");
    plan.replace(first, [isLoaded ? ALREADY_LOADED : `load_module ${folder}${JS_MODULE};`]);
    return;
  }
  const [begin] = top;
  if (!isLoaded && begin !== void 0) {
    plan.leave(
      begin,
      `nothing loads the njs module. Add load_module modules/${JS_MODULE}; here, unless your nginx has it built in or another file loads it`
    );
  }
}
var ALREADY_LOADED = `# ${JS_MODULE} is loaded in place of the C module.`;
function httpLines({ own }, folder) {
  return [
    ...named(own, "variables_hash_bucket_size").length > 0 ? [] : ["variables_hash_bucket_size 128;"],
    `js_path ${folder};`,
    "include phantom_token/zones.conf;",
    "include phantom_token/http.conf;"
  ];
}
function hasHttpLines({ own }) {
  return named(own, "js_import").some(({ args }) => args[0] === "phantom_token");
}
function planHttp(top, configuration, folder, plan) {
  if (hasHttpLines(configuration)) return;
  const http = top.find(({ name }) => name === "http");
  const lines = httpLines(configuration, folder);
  if (http !== void 0) {
    plan.addAtTop(http, lines);
    return;
  }
  const [first] = top;
  if (first === void 0) return;
  plan.leave(
    first,
    `the http block needs, once: ${lines.join(" ")} Its file is not this one. If you migrate that of the http block, those that it includes are migrated with it`
  );
}
function planCaches({ own, servers }, asked, plan) {
  const levels = [
    own,
    ...servers.flatMap((server) => [server.own, ...server.allLocations.map((l) => l.own)])
  ];
  const blocks = new Set(asked.map((location) => location.own));
  const namesIn2 = (level) => named(level, "proxy_cache").map(({ args }) => args[0]);
  const gone = new Set([...blocks].flatMap(namesIn2));
  const used = new Set(levels.filter((level) => !blocks.has(level)).flatMap(namesIn2));
  for (const path of named(own, "proxy_cache_path")) {
    const zone = path.args.find((word) => word.startsWith("keys_zone="))?.slice("keys_zone=".length);
    const name = zone?.replace(/:.*$/, "");
    if (gone.has(name) && !used.has(name)) {
      plan.replace(path, [
        "# No proxy_cache_path: tokens and JWTs are not kept on disk any more. Delete its folder."
      ]);
    }
  }
}

// cli/migrate/introspection.ts
import { readFileSync as readFileSync2 } from "node:fs";
import { isIP as isIP2 } from "node:net";
import { join as join3 } from "node:path";

// cli/migrate/protected.ts
function isOpenByMistake(location) {
  const { isOn, endpoint } = inForceAt(location);
  return isOn === true && endpoint === void 0;
}
function standOf(location) {
  const { isOn, endpoint } = inForceAt(location);
  const { isWhole } = location.server.configuration;
  if (endpoint !== void 0 && (isOn ?? !isWhole)) return "on";
  const hasOuter = location.outer !== void 0 && standOf(location.outer) !== "none";
  const isSwitchedOff = endpoint !== void 0 && location.own.some(isSwitch);
  return hasOuter || isSwitchedOff ? "off" : "none";
}
function onlyReturns(location) {
  const { own } = location;
  const [first] = named(own, "return");
  if (first === void 0 || passOf(location) !== void 0) return false;
  return named(withConditional(own.slice(0, own.indexOf(first))), "rewrite", "break").length === 0;
}
function planLocation(location, work) {
  const { plan } = work;
  if (protectLine(location.own) !== void 0 || isOwnCall(location)) return;
  const lines = location.own.filter(isOfModule);
  const left = lines.filter((line) => leaveIfUnclear(line, plan));
  const clear = lines.filter((line) => !left.includes(line));
  const stand = standOf(location);
  if (stand === "off" && onlyReturns(location)) {
    for (const line of clear) plan.remove(line);
    return;
  }
  if (stand === "none" || lines.length === 0 && onlyReturns(location)) {
    planUnprotected(location, clear, plan);
    return;
  }
  const values = inForceAt(location);
  if (values.isOn === void 0 && stand === "on") plan.leave(location.block, SWITCH_ELSEWHERE);
  placeLines(location, clear, left, settingLines(stand, values, location, work), work);
  if (stand === "on") planTarget(location, work);
  planAuthorization(location, stand, work);
  planSatisfy(location, plan);
  if (stand === "on") planShown(inForce(levelsOf(location), "add_header"), plan);
  if (stand === "on") planShown(inForce(levelsOf(location), "add_trailer"), plan);
}
var SWITCH_ELSEWHERE = "whether phantom_token is on here is said in another file. It is taken to be on: set $phantom_token off if it is not";
function leaveIfUnclear(line, plan) {
  const problem = problemOf(line);
  if (problem !== void 0) plan.leave(line, problem);
  return problem !== void 0;
}
function planUnprotected(location, lines, plan) {
  if (isOpenByMistake(location) && !location.server.configuration.isWhole) {
    plan.leaveWhole(location.block, ENDPOINT_ELSEWHERE);
    return;
  }
  const [first, ...others] = lines;
  for (const line of others) plan.remove(line);
  if (first !== void 0) plan.replace(first, [NOT_PROTECTED]);
  if (isOpenByMistake(location) && !onlyReturns(location) && sourcesOf(location).length === 0) {
    plan.leave(
      location.block,
      "phantom_token is on here, but no phantom_token_introspection_endpoint is: the module checks no token, and neither does the gateway. Include phantom_token/protect.conf below its set lines if it shall be protected"
    );
  }
}
var ENDPOINT_ELSEWHERE = "phantom_token is on here, and the endpoint is said in another file, if anywhere. Migrate nginx.conf, which includes this file: until then the lines of the module stay";
var NOT_PROTECTED = "# Not protected: requests pass as they are, since there is no include of protect.conf.";
function settingLines(stand, values, { server }, work) {
  const { endpoint, realm, scopes: scopes2, credential } = values;
  const lines = { switch: [`set $phantom_token ${stand};`] };
  if (endpoint !== void 0) {
    const name = work.nameOfEndpoint(server, endpoint);
    lines.endpoint = [`set $phantom_token_introspection_endpoint ${name};`];
  }
  if (realm !== void 0 && !isUnclear(realm)) lines.realm = [`set $phantom_token_realm ${quoted(realm)};`];
  if (scopes2 !== void 0 && scopes2 !== "" && !isUnclear(scopes2))
    lines.scopes = [`set $phantom_token_scopes ${quoted(scopes2)};`];
  if (credential !== void 0) {
    const [id, secret] = credential;
    lines.credential = [
      `set $phantom_token_client_id ${quoted(id)};`,
      `set $phantom_token_client_secret ${quoted(secret)};`
    ];
  }
  return lines;
}
function isUnclear(value) {
  return value.includes("$") || value === "";
}
function quoted(value) {
  return `"${value.replace(/["\\]/g, "\\$&")}"`;
}
var ORDER = ["switch", "endpoint", "realm", "scopes", "credential"];
var MAY_END_SETTING = ["rewrite", "if", "break", "return"];
function placeLines(location, clear, left, settings, work) {
  const { plan } = work;
  const { block, own } = location;
  const said = new Set(clear.map(settingOf));
  for (const line of left) delete settings[settingOf(line)];
  const last = lastLine(clear, block);
  const include = ["include phantom_token/protect.conf;", ...repeatedHeaders(location, work)];
  const mayNotRun = last === void 0 || named(own.slice(0, own.indexOf(last)), ...MAY_END_SETTING).length > 0;
  if (mayNotRun) {
    for (const line of clear) plan.remove(line);
    plan.addAtTop(block, [...ORDER.flatMap((setting) => settings[setting] ?? []), ...include]);
    return;
  }
  const missing = ORDER.filter((setting) => !said.has(setting)).flatMap((setting) => settings[setting] ?? []);
  const isInBlock = last.file === block.file;
  const written = /* @__PURE__ */ new Set();
  for (const line of clear) {
    const setting = settingOf(line);
    const lines = written.has(setting) ? [] : settings[setting] ?? [];
    written.add(setting);
    const below = line === last ? isInBlock ? [...missing, ...include] : include.slice(0, 1) : [];
    plan.replace(line, [...lines, ...below]);
  }
  if (!isInBlock) plan.addAtTop(block, [...missing, ...include.slice(1)]);
}
function lastLine(lines, block) {
  return lines.findLast(({ file }) => file !== block.file) ?? lines.at(-1);
}
var HEADER_LINES2 = {
  proxy_pass: "proxy_set_header",
  grpc_pass: "grpc_set_header",
  fastcgi_pass: "fastcgi_param",
  uwsgi_pass: "uwsgi_param",
  scgi_pass: "scgi_param"
};
function repeatedHeaders(location, work) {
  const name = HEADER_LINES2[passOf(location)?.name ?? ""];
  const [own = [], ...outer] = levelsOf(location);
  if (name === void 0 || named(own, name).length > 0) return [];
  const inherited = inForce(outer, name).filter(({ shippedBy }) => shippedBy === void 0);
  const others = inherited.filter((line) => !isAuthorization(line));
  for (const line of inherited.filter(isAuthorization)) {
    if (!isClients(line))
      work.plan.leave(location.block, `${SECOND_AUTHORIZATION} (${line.name} at line ${line.line})`);
  }
  if (others.length === 0) return [];
  const comment = `# Repeated from outside: a location with a ${name} inherits none, and protect.conf has one.`;
  return [comment, ...others.map((line) => withJwt(sourceOf(line, work)))];
}
function sourceOf({ file, head }, { texts }) {
  const source = (texts.get(file) ?? "").slice(head.begin, head.end);
  return source.includes("\n") ? source.replace(/\s#[^\n]*\n/g, "\n").replace(/\s*\n\s*/g, " ") : source;
}
var CLIENTS_HEADER = /\$http_authorization\b|\$\{http_authorization\}/g;
function withJwt(source) {
  return source.replace(CLIENTS_HEADER, "$phantom_token_authorization");
}
function isClients({ args }) {
  return args[1]?.replace(CLIENTS_HEADER, "") === "" && args[1] !== "";
}
function planShown(lines, plan) {
  for (const line of lines) {
    const isMarked = plan.editOf(line).marks.includes(CLIENTS_TOKEN);
    if (!isMarked && line.args.some((word) => word.search(CLIENTS_HEADER) !== -1))
      plan.leave(line, CLIENTS_TOKEN);
  }
}
var CLIENTS_TOKEN = "$http_authorization was the JWT here, and is now the token that the client sent, with which anybody can call the API. Write $phantom_jwt for the JWT, or nothing";
var SECOND_AUTHORIZATION = "protect.conf sends Authorization with the JWT, and this one would be sent as well or have no effect. Decide which one the API shall get";
function planAuthorization({ own }, stand, work) {
  const names = Object.values(HEADER_LINES2);
  for (const line of own.filter(({ name, shippedBy }) => names.includes(name) && shippedBy === void 0)) {
    if (isAuthorization(line)) {
      if (isClients(line)) work.plan.replace(line, [`# ${line.name} Authorization is in protect.conf.`]);
      else work.plan.leave(line, SECOND_AUTHORIZATION);
    } else if (stand === "on" && line.args[1]?.match(CLIENTS_HEADER)) {
      work.plan.replace(line, [withJwt(sourceOf(line, work))]);
    }
  }
}
function planSatisfy(location, plan) {
  const [satisfy] = inForce(levelsOf(location), "satisfy");
  if (satisfy?.args[0] === "any" && satisfy.shippedBy === void 0) {
    plan.leave(
      satisfy,
      `in ${nameOf(location)} the gateway requires a token also from clients that pass allow or auth_basic: it knows no \`satisfy any\``
    );
  }
}
function planTarget(location, work) {
  const target = targetOf(location);
  if (target === void 0 || !isBareTarget(target)) return;
  const sources = sourcesOf(target);
  const settings = (from) => settingLines(standOf(from), inForceAt(from), from, work);
  const kinds = new Set(sources.map((source) => JSON.stringify([standOf(source), settings(source)])));
  if (kinds.size > 1) {
    if (sources[0]?.block === location.block) work.plan.leave(target.block, TARGET_OF_SEVERAL);
    return;
  }
  if (sources[0]?.block !== location.block) return;
  placeLines(target, [], [], settings(location), work);
  planAuthorization(target, "on", work);
}
function sourcesOf(target) {
  return target.path.startsWith("@") ? target.server.allLocations.filter((other) => targetOf(other)?.block === target.block) : [];
}
var TARGET_OF_SEVERAL = "requests come here from locations with different settings. With the module they had the JWT; write the set lines and include phantom_token/protect.conf, or give each its own target";
function targetOf({ own, server }) {
  const path = named(own, "try_files")[0]?.args.at(-1) ?? "";
  return path.startsWith("@") ? findLocation(server, path) : void 0;
}
function isBareTarget(target) {
  return passOf(target) !== void 0 && standOf(target) === "none" && protectLine(target.own) === void 0 && !target.own.some(isOfModule);
}

// cli/migrate/introspection.ts
var INCLUDES = [
  "include phantom_token/introspection_limits.conf;",
  "include phantom_token/introspection.conf;"
];
var KEEP = { kind: "keep" };
var DROP = { kind: "drop" };
function planIntrospection(location, endpoint, name, work) {
  const { plan, texts } = work;
  const { block, own } = location;
  if (isOwnCall(location)) return;
  if (location.path !== endpoint || location.modifier.startsWith("~")) {
    const text2 = `this location answers the introspection endpoint ${endpoint}, and other paths too. Write a location of its own for it, with phantom_token/introspection_limits.conf, phantom_token/introspection.conf and proxy_pass`;
    if (standOf(location) === "none") plan.leave(block, text2);
    else plan.guard(block, `${text2}. Then write the lines of a protected location here, and remove ${GUARD}`);
    return;
  }
  if (!endpoint.startsWith("/")) {
    const { begin, end } = block.head;
    plan.setHead(block, renamed((texts.get(block.file) ?? "").slice(begin, end), endpoint, name));
  }
  const ours = linesOfInclude();
  const comments = /* @__PURE__ */ new Set();
  let hasPlace = false;
  for (const line of own.filter(({ shippedBy }) => shippedBy === void 0)) {
    const verdict = isOfModule(line) ? DROP : verdictOn(line, location, ours);
    if (verdict.kind === "leave") plan.leave(line, verdict.text);
    if (verdict.kind !== "drop") continue;
    const isFirst = line === own[0] && line.file === block.file;
    const comment = verdict.comment !== void 0 && !comments.has(verdict.comment) ? [`# ${verdict.comment}`] : [];
    for (const text2 of comment) comments.add(text2.slice(2));
    plan.replace(line, [...isFirst ? INCLUDES : [], ...comment]);
    hasPlace ||= isFirst;
  }
  if (!hasPlace) plan.addAtTop(block, INCLUDES);
  planCertificate(location, work);
}
function renamed(head, endpoint, name) {
  const place = head.indexOf(endpoint, "location".length);
  const before = head.slice(0, place).replace(/(?:(?:\^~|=)\s*)?["']?$/, "");
  const after = head.slice(place + endpoint.length).replace(/^["']/, "");
  return `${before}= ${name}${after}`;
}
var CACHE = "No proxy_cache: the gateway keeps tokens in shared memory, hashed, at most $phantom_token_cache_ttl seconds.";
var SIZES = "The sizes of buffers are in introspection_limits.conf.";
function verdictOn(line, location, included) {
  const { name, args } = line;
  if (name === "internal") return DROP;
  if (name === "proxy_set_header") return verdictOnHeader(line, location);
  if (/^proxy_(cache(_\w+)?|no_cache)$/.test(name)) return { kind: "drop", comment: CACHE };
  if (name === "error_page")
    return leave(
      "introspection.conf keeps the answers of the authorization server from pages of errors. Remove the line"
    );
  if (name === "proxy_ignore_headers") return verdictOnIgnored(args);
  if (name === "proxy_pass") return verdictOnPass(line, location);
  const ours = included.get(name);
  if (ours === void 0) return KEEP;
  if (ours.join(" ") === args.join(" ")) return DROP;
  if (/buffer/.test(name)) return { kind: "drop", comment: SIZES };
  return LEFT[name] === void 0 ? DROP : leave(LEFT[name]);
}
function leave(text2) {
  return { kind: "leave", text: text2 };
}
var TIMES = "times and tries are in introspection_limits.conf, and nginx refuses a second line. Edit them there if it must be another one, and remove this line";
var LEFT = {
  proxy_connect_timeout: TIMES,
  proxy_send_timeout: TIMES,
  proxy_read_timeout: TIMES,
  proxy_next_upstream: TIMES,
  proxy_next_upstream_tries: TIMES,
  proxy_next_upstream_timeout: TIMES,
  proxy_ssl_verify: "introspection.conf verifies the certificate of the authorization server. Remove this line and name its CA: proxy_ssl_trusted_certificate FILE;",
  proxy_ssl_server_name: "introspection.conf sends the name of the server (SNI), and nginx refuses a second line. Remove this line",
  proxy_set_body: "the gateway writes the body. For further form fields set $phantom_token_introspection_parameters in the protected locations, and remove this line",
  proxy_method: "the gateway asks with POST. Remove this line",
  proxy_pass_request_headers: "the authorization server gets no header of the client any more. Name those that it needs with proxy_set_header, and remove this line"
};
function verdictOnHeader({ args }, location) {
  const [header = "", value = ""] = args;
  switch (header.toLowerCase()) {
    case "accept":
      return /^application\/jwt$/i.test(value) ? DROP : leave(
        "set $phantom_token_introspection_accept in the protected locations in place of this line, and remove it"
      );
    case "content-type":
    case "content-length":
    case "connection":
    case "accept-encoding":
      return DROP;
    case "authorization":
      return inForceAt(location).credential === void 0 && !/\$http_authorization/.test(value) ? KEEP : leave(
        "the gateway has one way to authenticate. Keep this line or $phantom_token_client_id, not both"
      );
    default:
      return KEEP;
  }
}
function verdictOnIgnored(args) {
  return args.some((word) => /^(cache-control|expires)$/i.test(word)) ? leave(
    "to keep tokens longer than the Cache-Control of the authorization server says, set $phantom_token_cache_control ignore and $phantom_token_cache_ttl in the protected locations; remove this line"
  ) : DROP;
}
function verdictOnPass({ args }, location) {
  const host = /^https:\/\/(\[[^\]]*\]|[^/:$]+)/.exec(args[0] ?? "")?.[1];
  if (host === void 0 || inForce(levelsOf(location), "proxy_ssl_name").length > 0) return KEEP;
  const isAddress = isIP2(host.replace(/[[\]]/g, "")) !== 0;
  return isAddress || isOtherName(host, location.server.configuration) ? leave(
    `the certificate of the authorization server is verified now, for the name ${host}. Unless it names that, add proxy_ssl_name with the name in the certificate`
  ) : KEEP;
}
function isOtherName(name, { own }) {
  const upstream = named(own, "upstream").find(({ args }) => args[0] === name);
  const servers = named(upstream?.block ?? [], "server");
  return servers.length > 0 && servers.every(({ args }) => args[0]?.replace(/:\d+$/, "") !== name);
}
var CA = "/etc/ssl/certs/ca-certificates.crt";
function planCertificate(location, { plan, texts }) {
  const pass = named(location.own, "proxy_pass")[0];
  if (pass === void 0 || !/^(https:|\$)/.test(pass.args[0] ?? "")) return;
  if (inForce(levelsOf(location), "proxy_ssl_trusted_certificate").length > 0) return;
  const source = (texts.get(pass.file) ?? "").slice(pass.head.begin, pass.head.end);
  plan.replace(pass, [
    "# The certificate of the authorization server is verified here. If its CA is your own, name that.",
    `proxy_ssl_trusted_certificate ${CA};`,
    source
  ]);
}
function linesOfInclude() {
  const lines = ["introspection_limits.conf", "introspection.conf"].flatMap(
    (file) => parseDirectives(readFileSync2(join3(SNIPPETS, file), "utf8"), file)
  );
  return new Map(
    lines.filter(({ name }) => !TAKEN_SEVERAL_TIMES.includes(name)).map(({ name, args }) => [name, args])
  );
}
var TAKEN_SEVERAL_TIMES = ["proxy_set_header", "set", "if", "error_page", "proxy_ignore_headers"];

// cli/migrate/migrate.ts
async function migrate(source, folder) {
  const texts = /* @__PURE__ */ new Map();
  const outcome = await readConfiguration(() => recording(source, texts));
  if (outcome.kind === "unreadable") return outcome;
  const before = new Map(texts);
  const after = hasModule(outcome.directives) ? await translated(outcome.directives, source, before, folder) : before;
  const files = [...before].filter(([file, text2]) => after.get(file) !== text2).map(([file, text2]) => ({ file, before: text2, after: after.get(file) }));
  return { kind: "migrated", files, left: [...after].flatMap(([file, text2]) => marksIn(text2, file)) };
}
async function translated(top, source, texts, folder) {
  const plan = planWhole(top, source.main, texts, folder);
  return withFindingsMarked(source, applied(plan, top, texts));
}
function recording(source, texts) {
  return {
    ...source,
    read(file) {
      const text2 = texts.get(file) ?? source.read(file);
      if (text2 !== void 0) texts.set(file, text2);
      return text2;
    }
  };
}
function applied(plan, tree, texts) {
  const edited = new Map(texts);
  for (const [file, edits2] of plan.byFile(tree)) edited.set(file, editText(texts.get(file) ?? "", edits2));
  return edited;
}
async function withFindingsMarked(source, texts) {
  const outcome = await readConfiguration(() => recording(source, texts));
  if (outcome.kind === "unreadable") throw new Error(`the migrated configuration: ${outcome.problem}`);
  const plan = new Plan();
  const marked = [...texts].flatMap(([file, text2]) => marksIn(text2, file));
  for (const finding of check(outcome.directives, { njsVersion: void 0 })) {
    if (finding.level !== "error" && finding.code !== "unprotected_target") continue;
    if (marked.some(({ file, subject }) => file === finding.file && subject === finding.line)) continue;
    const place = findAt(outcome.directives, finding.file, finding.line);
    if (place !== void 0) plan.leave(place, `${finding.code}: ${finding.text.replace(/\.$/, "")}`);
  }
  return applied(plan, outcome.directives, texts);
}
function findAt(tree, file, line) {
  for (const directive of tree) {
    const at = directive.shippedBy ?? directive;
    if (at.file === file && at.line === line) return at;
    const inside = findAt(directive.block ?? [], file, line);
    if (inside !== void 0) return inside;
  }
  return void 0;
}
function planWhole(top, main2, texts, folder) {
  const plan = new Plan();
  const configuration = layOut(top);
  const endpoints = endpointsOf(configuration);
  const asked = endpoints.map(({ location }) => location);
  const work = { plan, texts, nameOfEndpoint };
  for (const { location, endpoint } of endpoints) {
    planIntrospection(location, endpoint, nameOfEndpoint(location.server, endpoint), work);
  }
  const askedBlocks = new Set(asked.map(({ block }) => block));
  const others = allLocations(configuration).filter(({ block }) => !askedBlocks.has(block));
  for (const location of others) planLocation(location, work);
  planOuterLines(configuration, top, plan);
  planCaches(configuration, asked, plan);
  if (configuration.isWhole) planModule(top, includesModules(texts.get(main2) ?? "", main2), plan);
  if (endpoints.length > 0 || others.some((location) => standOf(location) !== "none")) {
    if (!hasHttpLines(configuration)) planShown(named(configuration.own, "log_format"), plan);
    planHttp(top, configuration, folder, plan);
  }
  return plan;
}
function hasModule(tree) {
  return tree.some((line) => isOfModule(line) || loadsModule(line) || hasModule(line.block ?? []));
}
function includesModules(text2, main2) {
  return parseDirectives(text2, main2).some(
    ({ name, args }) => name === "include" && /(^|\/)modules-enabled\//.test(args[0] ?? "")
  );
}
function endpointsOf({ servers }) {
  const asked = servers.flatMap((server) => {
    const byBlock = /* @__PURE__ */ new Map();
    for (const { endpoint } of server.allLocations.map(inForceAt)) {
      const location = endpoint === void 0 ? void 0 : findLocation(server, endpoint);
      if (location !== void 0 && endpoint !== void 0 && !isProtectedItself(location))
        byBlock.set(location.block, { location, endpoint });
    }
    return [...byBlock.values()];
  });
  return [...asked, ...alsoIncluded(servers, asked)];
}
function alsoIncluded(servers, asked) {
  const blocks = new Set(asked.map(({ location }) => location.block));
  const byLine = new Map(asked.map((endpoint) => [keyOf(endpoint.location.block), endpoint]));
  return servers.flatMap(({ allLocations: allLocations2 }) => allLocations2).flatMap((location) => {
    const known = byLine.get(keyOf(location.block));
    const isHidden = location.path === known?.endpoint && named(location.own, "internal").length > 0;
    return known === void 0 || blocks.has(location.block) || !isHidden ? [] : [{ location, endpoint: known.endpoint }];
  });
}
function isProtectedItself(location) {
  return location.own.some(isOfModule) && standOf(location) === "on";
}
function nameOfEndpoint(server, endpoint) {
  if (endpoint.startsWith("/")) return endpoint;
  const known = server.allLocations.find(
    (location) => isOwnCall(location) && [`/${endpoint}`, `/_${endpoint}`].includes(location.path)
  );
  if (known !== void 0) return known.path;
  const isTaken = server.allLocations.some(
    ({ path, modifier }) => !modifier.startsWith("~") && path.startsWith(`/${endpoint}`)
  );
  return isTaken ? `/_${endpoint}` : `/${endpoint}`;
}
function planOuterLines({ own, servers }, top, plan) {
  const reasons = /* @__PURE__ */ new Map();
  let known = -1;
  while (reasons.size > known) {
    known = reasons.size;
    planLevel(own, [...reasons.values()][0], plan);
    for (const server of servers) planLevel(server.own, reasons.get(server), plan);
    const untranslated = plan.untranslated(top);
    for (const server of servers) {
      const reason = reasons.get(server) ?? reasonToKeep(server, untranslated);
      if (reason !== void 0) reasons.set(server, reason);
    }
  }
}
function reasonToKeep(server, untranslated) {
  const location = server.allLocations.find(({ block }) => untranslated.has(block));
  if (location !== void 0)
    return `${nameOf(location)} inherits this, and is left to you. Remove the lines of the module here when you have written those of that location; until then nginx refuses the file`;
  const { isOn, endpoint } = inForceIn(server);
  return isOn === true && endpoint !== void 0 && servesFilesItself(server) ? "the module also protects the files of root that no location takes, and nothing here can. Write location / { ... } with the lines of a protected location, and remove those of the module here; until then nginx refuses the file" : void 0;
}
function servesFilesItself({ own, configuration, locations }) {
  return inForce([own, configuration.own], "root").length > 0 && named(own, "return").length === 0 && !locations.some(({ modifier, path }) => path === "/" && (modifier === "" || modifier === "^~"));
}
function planLevel(level, reason, plan) {
  const lines = level.filter(isOfModule);
  for (const line of lines) plan.forget(line);
  const unclear = lines.filter((line) => problemOf(line) !== void 0);
  for (const line of unclear) plan.leave(line, problemOf(line));
  const [first] = lines;
  if (reason !== void 0) {
    if (first !== void 0) plan.leave(first, reason);
    return;
  }
  const said = /* @__PURE__ */ new Set();
  for (const line of lines.filter((one) => !unclear.includes(one))) {
    const isOff2 = isSwitch(line) && line.args[0]?.toLowerCase() === "off";
    const comment = isOff2 ? OFF_OUTSIDE : IN_LOCATIONS;
    const key = `${comment}${line.file}`;
    plan.replace(line, said.has(key) ? [] : [comment]);
    said.add(key);
  }
}
var IN_LOCATIONS = "# What the C module inherited from here is in each protected location now.";
var OFF_OUTSIDE = "# A location is protected only by an include of protect.conf in it.";

// node_modules/diff/libesm/diff/base.js
var Diff = class {
  diff(oldStr, newStr, options = {}) {
    let callback;
    if (typeof options === "function") {
      callback = options;
      options = {};
    } else if ("callback" in options) {
      callback = options.callback;
    }
    const oldString = this.castInput(oldStr, options);
    const newString = this.castInput(newStr, options);
    const oldTokens = this.removeEmpty(this.tokenize(oldString, options));
    const newTokens = this.removeEmpty(this.tokenize(newString, options));
    return this.diffWithOptionsObj(oldTokens, newTokens, options, callback);
  }
  diffWithOptionsObj(oldTokens, newTokens, options, callback) {
    var _a;
    const done = (value) => {
      value = this.postProcess(value, options);
      if (callback) {
        setTimeout(function() {
          callback(value);
        }, 0);
        return void 0;
      } else {
        return value;
      }
    };
    const newLen = newTokens.length, oldLen = oldTokens.length;
    let editLength = 1;
    let maxEditLength = newLen + oldLen;
    if (options.maxEditLength != null) {
      maxEditLength = Math.min(maxEditLength, options.maxEditLength);
    }
    const maxExecutionTime = (_a = options.timeout) !== null && _a !== void 0 ? _a : Infinity;
    const abortAfterTimestamp = Date.now() + maxExecutionTime;
    const bestPath = [{ oldPos: -1, lastComponent: void 0 }];
    let newPos = this.extractCommon(bestPath[0], newTokens, oldTokens, 0, options);
    if (bestPath[0].oldPos + 1 >= oldLen && newPos + 1 >= newLen) {
      return done(this.buildValues(bestPath[0].lastComponent, newTokens, oldTokens));
    }
    let minDiagonalToConsider = -Infinity, maxDiagonalToConsider = Infinity;
    const execEditLength = () => {
      for (let diagonalPath = Math.max(minDiagonalToConsider, -editLength); diagonalPath <= Math.min(maxDiagonalToConsider, editLength); diagonalPath += 2) {
        let basePath;
        const removePath = bestPath[diagonalPath - 1], addPath = bestPath[diagonalPath + 1];
        if (removePath) {
          bestPath[diagonalPath - 1] = void 0;
        }
        let canAdd = false;
        if (addPath) {
          const addPathNewPos = addPath.oldPos - diagonalPath;
          canAdd = addPath && 0 <= addPathNewPos && addPathNewPos < newLen;
        }
        const canRemove = removePath && removePath.oldPos + 1 < oldLen;
        if (!canAdd && !canRemove) {
          bestPath[diagonalPath] = void 0;
          continue;
        }
        if (!canRemove || canAdd && removePath.oldPos < addPath.oldPos) {
          basePath = this.addToPath(addPath, true, false, 0, options);
        } else {
          basePath = this.addToPath(removePath, false, true, 1, options);
        }
        newPos = this.extractCommon(basePath, newTokens, oldTokens, diagonalPath, options);
        if (basePath.oldPos + 1 >= oldLen && newPos + 1 >= newLen) {
          return done(this.buildValues(basePath.lastComponent, newTokens, oldTokens)) || true;
        } else {
          bestPath[diagonalPath] = basePath;
          if (basePath.oldPos + 1 >= oldLen) {
            maxDiagonalToConsider = Math.min(maxDiagonalToConsider, diagonalPath - 1);
          }
          if (newPos + 1 >= newLen) {
            minDiagonalToConsider = Math.max(minDiagonalToConsider, diagonalPath + 1);
          }
        }
      }
      editLength++;
    };
    if (callback) {
      (function exec() {
        setTimeout(function() {
          if (editLength > maxEditLength || Date.now() > abortAfterTimestamp) {
            return callback(void 0);
          }
          if (!execEditLength()) {
            exec();
          }
        }, 0);
      })();
    } else {
      while (editLength <= maxEditLength && Date.now() <= abortAfterTimestamp) {
        const ret = execEditLength();
        if (ret) {
          return ret;
        }
      }
    }
  }
  addToPath(path, added, removed, oldPosInc, options) {
    const last = path.lastComponent;
    if (last && !options.oneChangePerToken && last.added === added && last.removed === removed) {
      return {
        oldPos: path.oldPos + oldPosInc,
        lastComponent: { count: last.count + 1, added, removed, previousComponent: last.previousComponent }
      };
    } else {
      return {
        oldPos: path.oldPos + oldPosInc,
        lastComponent: { count: 1, added, removed, previousComponent: last }
      };
    }
  }
  extractCommon(basePath, newTokens, oldTokens, diagonalPath, options) {
    const newLen = newTokens.length, oldLen = oldTokens.length;
    let oldPos = basePath.oldPos, newPos = oldPos - diagonalPath, commonCount = 0;
    while (newPos + 1 < newLen && oldPos + 1 < oldLen && this.equals(oldTokens[oldPos + 1], newTokens[newPos + 1], options)) {
      newPos++;
      oldPos++;
      commonCount++;
      if (options.oneChangePerToken) {
        basePath.lastComponent = { count: 1, previousComponent: basePath.lastComponent, added: false, removed: false };
      }
    }
    if (commonCount && !options.oneChangePerToken) {
      basePath.lastComponent = { count: commonCount, previousComponent: basePath.lastComponent, added: false, removed: false };
    }
    basePath.oldPos = oldPos;
    return newPos;
  }
  equals(left, right, options) {
    if (options.comparator) {
      return options.comparator(left, right);
    } else {
      return left === right || !!options.ignoreCase && left.toLowerCase() === right.toLowerCase();
    }
  }
  removeEmpty(array) {
    const ret = [];
    for (let i = 0; i < array.length; i++) {
      if (array[i]) {
        ret.push(array[i]);
      }
    }
    return ret;
  }
  // eslint-disable-next-line @typescript-eslint/no-unused-vars
  castInput(value, options) {
    return value;
  }
  // eslint-disable-next-line @typescript-eslint/no-unused-vars
  tokenize(value, options) {
    return Array.from(value);
  }
  join(chars) {
    return chars.join("");
  }
  postProcess(changeObjects, options) {
    return changeObjects;
  }
  get useLongestToken() {
    return false;
  }
  buildValues(lastComponent, newTokens, oldTokens) {
    const components = [];
    let nextComponent;
    while (lastComponent) {
      components.push(lastComponent);
      nextComponent = lastComponent.previousComponent;
      delete lastComponent.previousComponent;
      lastComponent = nextComponent;
    }
    components.reverse();
    const componentLen = components.length;
    let componentPos = 0, newPos = 0, oldPos = 0;
    for (; componentPos < componentLen; componentPos++) {
      const component = components[componentPos];
      if (!component.removed) {
        if (!component.added && this.useLongestToken) {
          let value = newTokens.slice(newPos, newPos + component.count);
          value = value.map(function(value2, i) {
            const oldValue = oldTokens[oldPos + i];
            return oldValue.length > value2.length ? oldValue : value2;
          });
          component.value = this.join(value);
        } else {
          component.value = this.join(newTokens.slice(newPos, newPos + component.count));
        }
        newPos += component.count;
        if (!component.added) {
          oldPos += component.count;
        }
      } else {
        component.value = this.join(oldTokens.slice(oldPos, oldPos + component.count));
        oldPos += component.count;
      }
    }
    return components;
  }
};

// node_modules/diff/libesm/diff/line.js
var LineDiff = class extends Diff {
  constructor() {
    super(...arguments);
    this.tokenize = tokenize;
  }
  equals(left, right, options) {
    if (options.ignoreWhitespace) {
      if (!options.newlineIsToken || !left.includes("\n")) {
        left = left.trim();
      }
      if (!options.newlineIsToken || !right.includes("\n")) {
        right = right.trim();
      }
    } else if (options.ignoreNewlineAtEof && !options.newlineIsToken) {
      if (left.endsWith("\n")) {
        left = left.slice(0, -1);
      }
      if (right.endsWith("\n")) {
        right = right.slice(0, -1);
      }
    }
    return super.equals(left, right, options);
  }
};
var lineDiff = new LineDiff();
function diffLines(oldStr, newStr, options) {
  return lineDiff.diff(oldStr, newStr, options);
}
function tokenize(value, options) {
  if (options.stripTrailingCr) {
    value = value.replace(/\r\n/g, "\n");
  }
  const retLines = [], linesAndNewlines = value.split(/(\n|\r\n)/);
  if (!linesAndNewlines[linesAndNewlines.length - 1]) {
    linesAndNewlines.pop();
  }
  for (let i = 0; i < linesAndNewlines.length; i++) {
    const line = linesAndNewlines[i];
    if (i % 2 && !options.newlineIsToken) {
      retLines[retLines.length - 1] += line;
    } else {
      retLines.push(line);
    }
  }
  return retLines;
}

// node_modules/diff/libesm/patch/create.js
function needsQuoting(s) {
  for (let i = 0; i < s.length; i++) {
    if (s[i] < " " || s[i] > "~" || s[i] === '"' || s[i] === "\\") {
      return true;
    }
  }
  return false;
}
function quoteFileNameIfNeeded(s) {
  if (!needsQuoting(s)) {
    return s;
  }
  let result = '"';
  const bytes = new TextEncoder().encode(s);
  let i = 0;
  while (i < bytes.length) {
    const b = bytes[i];
    if (b === 7) {
      result += "\\a";
    } else if (b === 8) {
      result += "\\b";
    } else if (b === 9) {
      result += "\\t";
    } else if (b === 10) {
      result += "\\n";
    } else if (b === 11) {
      result += "\\v";
    } else if (b === 12) {
      result += "\\f";
    } else if (b === 13) {
      result += "\\r";
    } else if (b === 34) {
      result += '\\"';
    } else if (b === 92) {
      result += "\\\\";
    } else if (b >= 32 && b <= 126) {
      result += String.fromCharCode(b);
    } else {
      result += "\\" + b.toString(8).padStart(3, "0");
    }
    i++;
  }
  result += '"';
  return result;
}
var INCLUDE_HEADERS = {
  includeIndex: true,
  includeUnderline: true,
  includeFileHeaders: true
};
var FILE_HEADERS_ONLY = {
  includeIndex: false,
  includeUnderline: false,
  includeFileHeaders: true
};
function structuredPatch(oldFileName, newFileName, oldStr, newStr, oldHeader, newHeader, options) {
  let optionsObj;
  if (!options) {
    optionsObj = {};
  } else if (typeof options === "function") {
    optionsObj = { callback: options };
  } else {
    optionsObj = options;
  }
  if (typeof optionsObj.context === "undefined") {
    optionsObj.context = 4;
  }
  const context = optionsObj.context;
  if (optionsObj.newlineIsToken) {
    throw new Error("newlineIsToken may not be used with patch-generation functions, only with diffing functions");
  }
  if (!optionsObj.callback) {
    return diffLinesResultToPatch(diffLines(oldStr, newStr, optionsObj));
  } else {
    const { callback } = optionsObj;
    diffLines(oldStr, newStr, Object.assign(Object.assign({}, optionsObj), { callback: (diff) => {
      const patch = diffLinesResultToPatch(diff);
      callback(patch);
    } }));
  }
  function diffLinesResultToPatch(diff) {
    if (!diff) {
      return;
    }
    diff.push({ value: "", lines: [] });
    function contextLines(lines) {
      return lines.map(function(entry) {
        return " " + entry;
      });
    }
    const hunks = [];
    let oldRangeStart = 0, newRangeStart = 0, curRange = [], oldLine = 1, newLine = 1;
    for (let i = 0; i < diff.length; i++) {
      const current = diff[i], lines = current.lines || splitLines(current.value);
      current.lines = lines;
      if (current.added || current.removed) {
        if (!oldRangeStart) {
          const prev = diff[i - 1];
          oldRangeStart = oldLine;
          newRangeStart = newLine;
          if (prev) {
            curRange = context > 0 ? contextLines(prev.lines.slice(-context)) : [];
            oldRangeStart -= curRange.length;
            newRangeStart -= curRange.length;
          }
        }
        for (const line of lines) {
          curRange.push((current.added ? "+" : "-") + line);
        }
        if (current.added) {
          newLine += lines.length;
        } else {
          oldLine += lines.length;
        }
      } else {
        if (oldRangeStart) {
          if (lines.length <= context * 2 && i < diff.length - 2) {
            for (const line of contextLines(lines)) {
              curRange.push(line);
            }
          } else {
            const contextSize = Math.min(lines.length, context);
            for (const line of contextLines(lines.slice(0, contextSize))) {
              curRange.push(line);
            }
            const hunk = {
              oldStart: oldRangeStart,
              oldLines: oldLine - oldRangeStart + contextSize,
              newStart: newRangeStart,
              newLines: newLine - newRangeStart + contextSize,
              lines: curRange
            };
            hunks.push(hunk);
            oldRangeStart = 0;
            newRangeStart = 0;
            curRange = [];
          }
        }
        oldLine += lines.length;
        newLine += lines.length;
      }
    }
    for (const hunk of hunks) {
      for (let i = 0; i < hunk.lines.length; i++) {
        if (hunk.lines[i].endsWith("\n")) {
          hunk.lines[i] = hunk.lines[i].slice(0, -1);
        } else {
          hunk.lines.splice(i + 1, 0, "\\ No newline at end of file");
          i++;
        }
      }
    }
    return {
      oldFileName,
      newFileName,
      oldHeader,
      newHeader,
      hunks
    };
  }
}
function formatPatch(patch, headerOptions) {
  var _a, _b, _c, _d, _e, _f;
  if (!headerOptions) {
    headerOptions = INCLUDE_HEADERS;
  }
  if (Array.isArray(patch)) {
    if (patch.length > 1 && !headerOptions.includeFileHeaders && !patch.every((p) => p.isGit)) {
      throw new Error("Cannot omit file headers on a multi-file patch. (The result would be unparseable; how would a tool trying to apply the patch know which changes are to which file?)");
    }
    return patch.map((p) => formatPatch(p, headerOptions)).join("\n");
  }
  const ret = [];
  if (patch.isGit) {
    headerOptions = INCLUDE_HEADERS;
    if (!patch.oldFileName) {
      throw new Error("oldFileName must be specified for Git patches");
    }
    if (!patch.newFileName) {
      throw new Error("newFileName must be specified for Git patches");
    }
    let gitOldName = patch.oldFileName;
    let gitNewName = patch.newFileName;
    if (patch.isCreate && gitOldName === "/dev/null") {
      gitOldName = gitNewName.replace(/^b\//, "a/");
    } else if (patch.isDelete && gitNewName === "/dev/null") {
      gitNewName = gitOldName.replace(/^a\//, "b/");
    }
    ret.push("diff --git " + quoteFileNameIfNeeded(gitOldName) + " " + quoteFileNameIfNeeded(gitNewName));
    if (patch.isDelete) {
      ret.push("deleted file mode " + ((_a = patch.oldMode) !== null && _a !== void 0 ? _a : "100644"));
    }
    if (patch.isCreate) {
      ret.push("new file mode " + ((_b = patch.newMode) !== null && _b !== void 0 ? _b : "100644"));
    }
    if (patch.oldMode && patch.newMode && !patch.isDelete && !patch.isCreate) {
      ret.push("old mode " + patch.oldMode);
      ret.push("new mode " + patch.newMode);
    }
    if (patch.isRename) {
      ret.push("rename from " + quoteFileNameIfNeeded(((_c = patch.oldFileName) !== null && _c !== void 0 ? _c : "").replace(/^a\//, "")));
      ret.push("rename to " + quoteFileNameIfNeeded(((_d = patch.newFileName) !== null && _d !== void 0 ? _d : "").replace(/^b\//, "")));
    }
    if (patch.isCopy) {
      ret.push("copy from " + quoteFileNameIfNeeded(((_e = patch.oldFileName) !== null && _e !== void 0 ? _e : "").replace(/^a\//, "")));
      ret.push("copy to " + quoteFileNameIfNeeded(((_f = patch.newFileName) !== null && _f !== void 0 ? _f : "").replace(/^b\//, "")));
    }
  } else {
    if (headerOptions.includeIndex && patch.oldFileName == patch.newFileName && patch.oldFileName !== void 0) {
      ret.push("Index: " + patch.oldFileName);
    }
    if (headerOptions.includeUnderline) {
      ret.push("===================================================================");
    }
  }
  const hasHunks = patch.hunks.length > 0;
  if (headerOptions.includeFileHeaders && patch.oldFileName !== void 0 && patch.newFileName !== void 0 && (!patch.isGit || hasHunks)) {
    ret.push("--- " + quoteFileNameIfNeeded(patch.oldFileName) + (patch.oldHeader ? "	" + patch.oldHeader : ""));
    ret.push("+++ " + quoteFileNameIfNeeded(patch.newFileName) + (patch.newHeader ? "	" + patch.newHeader : ""));
  }
  for (let i = 0; i < patch.hunks.length; i++) {
    const hunk = patch.hunks[i];
    const oldStart = hunk.oldLines === 0 ? hunk.oldStart - 1 : hunk.oldStart;
    const newStart = hunk.newLines === 0 ? hunk.newStart - 1 : hunk.newStart;
    ret.push("@@ -" + oldStart + "," + hunk.oldLines + " +" + newStart + "," + hunk.newLines + " @@");
    for (const line of hunk.lines) {
      ret.push(line);
    }
  }
  return ret.join("\n") + "\n";
}
function splitLines(text2) {
  const hasTrailingNl = text2.endsWith("\n");
  const result = text2.split("\n").map((line) => line + "\n");
  if (hasTrailingNl) {
    result.pop();
  } else {
    result.push(result.pop().slice(0, -1));
  }
  return result;
}

// cli/migrate/print_diff.ts
function asDiff(files) {
  return files.map(
    ({ file, before, after }) => formatPatch(structuredPatch(file, file, before, after, void 0, void 0), FILE_HEADERS_ONLY)
  ).join("");
}

// cli/migrate/write_files.ts
import { randomUUID as randomUUID2 } from "node:crypto";
import {
  chmodSync,
  chownSync,
  readFileSync as readFileSync3,
  realpathSync,
  renameSync,
  rmSync,
  statSync as statSync2,
  writeFileSync
} from "node:fs";
import { basename as basename2, dirname as dirname3, join as join5 } from "node:path";

// cli/nginx_conf/sources.ts
import { isUtf8 } from "node:buffer";
import { closeSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { dirname as dirname2, isAbsolute, join as join4 } from "node:path";
var MOST_BYTES = 16 * 1024 * 1024;
function diskSource(main2, takesPipes = true) {
  let left = MOST_BYTES;
  return {
    main: main2,
    read(file) {
      const bytes = readBounded(file, left, takesPipes);
      if (bytes === void 0) return void 0;
      left -= bytes.length;
      return decode(bytes, file);
    },
    resolve(pattern) {
      const path = isAbsolute(pattern) ? pattern : join4(dirname2(main2), pattern);
      return isGlob(pattern) ? matchOnDisk(path) : [path];
    }
  };
}
async function streamSource(stream) {
  const parts = [];
  let length = 0;
  for await (const part of stream) {
    length += part.length;
    if (length > MOST_BYTES) throw tooLarge("the standard input");
    parts.push(part);
  }
  return textSource(decode(Buffer.concat(parts), "the standard input"));
}
var MARK = /^# configuration file (.+):\r?\n/gm;
function textSource(text2) {
  const marks = [...text2.matchAll(MARK)];
  const [first] = marks;
  if (first === void 0) return { ...diskSource(join4(process.cwd(), "nginx.conf")), ...single("-", text2) };
  const main2 = first[1];
  const texts = new Map(
    marks.map((mark, i) => [mark[1], text2.slice(mark.index + mark[0].length, marks[i + 1]?.index)])
  );
  return {
    main: main2,
    read: (file) => texts.get(file),
    resolve(pattern) {
      const path = isAbsolute(pattern) ? pattern : join4(dirname2(main2), pattern);
      if (!isGlob(pattern)) return [path];
      const matches = matcherOf(path);
      return [...texts.keys()].filter(matches).sort();
    }
  };
}
function single(main2, text2) {
  const disk = diskSource(main2);
  return { main: main2, read: (file) => file === main2 ? text2 : disk.read(file) };
}
function decode(bytes, file) {
  if (bytes.includes(0)) throw new Unreadable(`${file} is binary, not a configuration`);
  const text2 = bytes.toString(encodingOf(bytes));
  return text2.startsWith("\uFEFF") ? text2.slice(1) : text2;
}
function encodingOf(bytes) {
  return isUtf8(bytes) ? "utf8" : "latin1";
}
function tooLarge(file) {
  return new Unreadable(`${file} is too large for a configuration: over ${MOST_BYTES / 1024 / 1024} MB`);
}
function readBounded(file, limit, takesPipes) {
  try {
    const found2 = statSync(file);
    if (found2.isDirectory()) throw new Unreadable(`${file} is a directory`);
    if (!takesPipes && !found2.isFile()) throw new Unreadable(`${file} is not a regular file`);
    const descriptor = openSync(file, "r");
    try {
      return readAll(descriptor, file, limit);
    } finally {
      closeSync(descriptor);
    }
  } catch (error2) {
    if (error2 instanceof Unreadable) throw error2;
    const { code } = error2;
    if (code === "ENOENT" || code === "ENOTDIR") return void 0;
    throw new Unreadable(`${file} cannot be read: ${code}`);
  }
}
var PART_BYTES = 1024 * 1024;
function readAll(descriptor, file, limit) {
  const parts = [];
  let length = 0;
  for (; ; ) {
    const part = Buffer.alloc(PART_BYTES);
    const got = readSync(descriptor, part);
    if (got === 0) return Buffer.concat(parts);
    length += got;
    if (length > limit) throw tooLarge(file);
    parts.push(part.subarray(0, got));
  }
}
function isGlob(pattern) {
  return /[*?[]/.test(pattern);
}
function matchOnDisk(path) {
  let found2 = [isAbsolute(path) ? "/" : "."];
  for (const part of path.split("/").filter((name) => name !== "")) {
    found2 = isGlob(part) ? found2.flatMap((folder) => matchesIn(folder, part)) : found2.map((folder) => join4(folder, part));
  }
  return found2.filter(isThere);
}
function matchesIn(folder, part) {
  const matches = matcherOf(part);
  return namesIn(folder).filter(matches).sort().map((name) => join4(folder, name));
}
function namesIn(folder) {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
function isThere(path) {
  return statSync(path, { throwIfNoEntry: false }) !== void 0;
}
function matcherOf(pattern) {
  const regex = pattern.replace(/\[!?\]?[^\]]*\]|[\s\S]/g, (part, place) => {
    const noDot = place === 0 || pattern[place - 1] === "/" ? "(?!\\.)" : "";
    if (part === "*") return `${noDot}[^/]*`;
    if (part === "?") return `${noDot}[^/]`;
    if (part.length > 1) return noDot + part.replace(/^\[!/, "[^").replaceAll("\\", "\\\\");
    return part.replace(/[\\^$.|+(){}[\]]/, "\\$&");
  });
  const compiled = new RegExp(`^${regex}$`);
  return (path) => compiled.test(path);
}

// cli/migrate/write_files.ts
function writeFiles2(files) {
  const made = [];
  const replaced = [];
  try {
    const writings = files.map((migrated) => prepare(migrated, made));
    for (const writing of writings) {
      renameSync(writing.partial, writing.target);
      replaced.push(writing);
    }
    return { kind: "written", files: writings.map(({ file, backup }) => ({ file, backup })) };
  } catch (error2) {
    for (const { target, backup } of replaced) renameSync(backup, target);
    for (const path of made) rmSync(path, { force: true });
    return { kind: "failed", reason: error2.message };
  }
}
function prepare({ file, after }, made) {
  const target = realpathSync(file);
  const bytes = readFileSync3(target);
  const { mode, uid, gid } = statSync2(target);
  const partial = `${target}.${randomUUID2()}.partial`;
  const backup = backupOf(target);
  const text2 = Buffer.concat([byteOrderMark(bytes), Buffer.from(after, encodingOf(bytes))]);
  for (const [path, content] of [
    [backup, bytes],
    [partial, text2]
  ]) {
    made.push(path);
    writeFileSync(path, content, { flag: "wx", mode });
    chmodSync(path, mode);
    chownSync(path, uid, gid);
  }
  return { file, target, partial, backup };
}
var MARK2 = Buffer.from("\uFEFF");
function byteOrderMark(bytes) {
  return bytes.subarray(0, MARK2.length).equals(MARK2) ? MARK2 : Buffer.alloc(0);
}
function backupOf(target) {
  const name = basename2(target);
  const isTakenByPatterns = !name.endsWith(".conf") || basename2(dirname3(target)) === "sites-enabled";
  const first = join5(dirname3(target), `${isTakenByPatterns ? "." : ""}${name}.before_migrate`);
  let backup = first;
  for (let number = 2; statSync2(backup, { throwIfNoEntry: false }) !== void 0; number++)
    backup = `${first}_${number}`;
  return backup;
}

// cli/main.ts
var DONE = 0;
var FAILED = 1;
var FOUND_ERRORS = 1;
var WRONG_USAGE = 2;
var UNREADABLE = 2;
var LEFT_TO_A_PERSON = 1;
var NOT_WRITTEN = 2;
var USUAL_FOLDER = "/etc/nginx/phantom_token";
process.exitCode = await main(process.argv.slice(2));
async function main(args) {
  const command = readCommandLine(args);
  switch (command.kind) {
    case "help":
      console.log(USAGE);
      return DONE;
    case "version":
      console.log(await readVersion2());
      return DONE;
    case "wrong":
      complain(`${command.problem}; see njs-phantom-token --help`);
      return WRONG_USAGE;
    case "init": {
      const outcome = await copyFiles(command.folder, command);
      if (outcome.kind !== "copied") {
        complain(describeFailure(outcome, command.folder));
        return FAILED;
      }
      console.log(`${describeCopy(outcome, command.folder)}
${linesToAdd(command.mode, command.folder)}`);
      for (const file of outcome.kept.filter(({ missing }) => missing.length > 0))
        complain(describeLack(file));
      await checkBeside(command.folder);
      return DONE;
    }
    case "check":
      return checkFile2(command);
    case "migrate":
      return migrateFile(command);
  }
}
async function migrateFile({ file, write }) {
  const outcome = await migrate(diskSource(file, false), folderFor(file));
  if (outcome.kind === "unreadable") {
    complain(outcome.problem);
    return UNREADABLE;
  }
  process.stdout.write(asDiff(outcome.files));
  const written = write ? writeFiles2(outcome.files) : void 0;
  if (written?.kind === "failed") {
    complain(`nothing was written: ${written.reason}`);
    return NOT_WRITTEN;
  }
  for (const line of describeMigration(outcome, written, file)) complain(line);
  return outcome.left.length > 0 ? LEFT_TO_A_PERSON : DONE;
}
function folderFor(file) {
  const folder = dirname4(resolve2(file));
  const isInUse = ["phantom_token/phantom_token.js", "mime.types"].some(
    (name) => existsSync2(join6(folder, name))
  );
  return isInUse && canBeNamed(folder) ? join6(folder, "phantom_token") : USUAL_FOLDER;
}
function describeMigration({ files, left }, written, file) {
  const none = `${file}, with what it includes, has no directive of the C module that is left to translate`;
  const places = left.map(({ file: file2, line, text: text2 }) => `
${file2}:${line}: ${text2}`).join("");
  const lines = written === void 0 ? "lines of the new text" : "lines";
  return [
    ...files.length === 0 && left.length === 0 ? [none] : [],
    ...(written?.files ?? []).map(({ file: file2, backup }) => `${file2} is written; ${backup} is what it was`),
    ...left.length === 0 ? [] : [`left to you, and marked there (${lines}):${places}`]
  ];
}
async function checkFile2({ file, format, njsVersion }) {
  const outcome = await readConfiguration(
    () => file === "-" ? streamSource(process.stdin) : diskSource(file)
  );
  if (outcome.kind === "unreadable") {
    complain(outcome.problem);
    return UNREADABLE;
  }
  const findings = check(outcome.directives, { njsVersion });
  const printed = print(findings, format);
  if (printed !== "") console.log(printed);
  return findings.some(({ level }) => level === "error") ? FOUND_ERRORS : DONE;
}
async function checkBeside(folder) {
  const file = join6(dirname4(folder), "nginx.conf");
  if (!existsSync2(file)) return;
  const outcome = await readConfiguration(() => diskSource(file));
  const findings = outcome.kind === "read" ? check(outcome.directives, { njsVersion: void 0 }) : [];
  if (findings.length > 0) complain(`${file} has mistakes (docs/check.md):
${print(findings, "text")}`);
}
async function readVersion2() {
  const text2 = await readFile2(new URL("../package.json", import.meta.url), "utf8");
  return JSON.parse(text2).version;
}
function complain(text2) {
  console.error(`njs-phantom-token: ${text2}`);
}
function describeCopy(outcome, folder) {
  const groups2 = [
    ["copied", outcome.added],
    ["overwritten", outcome.overwritten],
    ["as they were", outcome.unchanged],
    [
      "kept, because they are yours, though they differ from this version's",
      outcome.kept.map(({ path }) => path)
    ]
  ];
  const lines = groups2.filter(([, files]) => files.length > 0).map(([what, files]) => `#   ${what}: ${files.join(", ")}`);
  return [`# ${folder}`, ...lines].join("\n");
}
function describeLack({ path, missing }) {
  const lines = missing.map((directive) => `
  ${directive}`).join("");
  return `your ${path} lacks what this version needs. If nginx.conf includes it, add before the reload:${lines}`;
}
function describeFailure(outcome, folder) {
  switch (outcome.kind) {
    case "differs": {
      const files = outcome.files.map((file) => `
  ${file}`).join("");
      return `nothing was written: files in ${folder} differ from this version's; --force overwrites them:${files}`;
    }
    case "obstructed": {
      const places = outcome.places.map((place) => `
  ${place}`).join("");
      return `nothing was written: in ${folder} symbolic links, or folders in place of files, are in the way:${places}`;
    }
    case "no_folder":
      return `${folder} is not a folder`;
    case "failed":
      return `cannot copy: ${outcome.reason}`;
  }
}

// Contains diff:
//
// BSD 3-Clause License
//
// Copyright (c) 2009-2015, Kevin Decker <kpdecker@gmail.com>
// All rights reserved.
//
// Redistribution and use in source and binary forms, with or without
// modification, are permitted provided that the following conditions are met:
//
// 1. Redistributions of source code must retain the above copyright notice, this
//    list of conditions and the following disclaimer.
//
// 2. Redistributions in binary form must reproduce the above copyright notice,
//    this list of conditions and the following disclaimer in the documentation
//    and/or other materials provided with the distribution.
//
// 3. Neither the name of the copyright holder nor the names of its
//    contributors may be used to endorse or promote products derived from
//    this software without specific prior written permission.
//
// THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS"
// AND ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE
// IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE
// DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT HOLDER OR CONTRIBUTORS BE LIABLE
// FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL
// DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR
// SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER
// CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY,
// OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE
// OF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.
