// njs-phantom-token 0.1.0 (Apache-2.0). Built from src/ by `npm run build`: change it there, not here.

// src/core/bearer.ts
var B64TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;
var SCHEME_LENGTH = 6;
var MAX_TOKEN_LENGTH = 4096;
function parseBearer(authorization) {
  if (authorization.slice(0, SCHEME_LENGTH).toLowerCase() !== "bearer") {
    return { kind: "refused", reason: "token_missing" };
  }
  const start = skipSpaces(authorization, SCHEME_LENGTH);
  const isOtherScheme = start === SCHEME_LENGTH;
  if (isOtherScheme || start === authorization.length) {
    return { kind: "refused", reason: "token_missing" };
  }
  const token = authorization.slice(start);
  if (token.length > MAX_TOKEN_LENGTH || !B64TOKEN.test(token)) {
    return { kind: "refused", reason: "token_malformed" };
  }
  return { kind: "token", token };
}
function skipSpaces(text3, from) {
  let i = from;
  while (i < text3.length && text3.charCodeAt(i) === 32) {
    i++;
  }
  return i;
}

// src/core/cache_control.ts
var MAX_DELTA_SEC = 2147483648;
function freshnessSec(cacheControl, age) {
  let maxAgeSec;
  let sharedMaxAgeSec;
  const directive = /([^\s,;="]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,;"]*)))?/g;
  for (let match = directive.exec(cacheControl); match !== null; match = directive.exec(cacheControl)) {
    const value = match[2] === void 0 ? match[3] : match[2];
    switch (match[1].toLowerCase()) {
      case "no-store":
      case "no-cache":
      case "private":
        return 0;
      case "max-age":
        maxAgeSec = lesser(maxAgeSec, deltaSeconds(value));
        break;
      case "s-maxage":
        sharedMaxAgeSec = lesser(sharedMaxAgeSec, deltaSeconds(value));
        break;
      default:
        break;
    }
  }
  const lifetimeSec = sharedMaxAgeSec === void 0 ? maxAgeSec : sharedMaxAgeSec;
  return lifetimeSec === void 0 ? void 0 : Math.max(0, lifetimeSec - ageSec(age));
}
function lesser(known, found) {
  return known === void 0 ? found : Math.min(known, found);
}
function deltaSeconds(value) {
  return value !== void 0 && /^[0-9]+$/.test(value) ? Math.min(Number(value), MAX_DELTA_SEC) : 0;
}
function ageSec(age) {
  return deltaSeconds(age.split(",")[0].trim());
}

// src/core/cache_key.ts
import crypto2 from "crypto";
function cacheKey(lookup) {
  return crypto2.createHash("sha256").update(FORMAT).update(lookup).digest("base64url");
}
var FORMAT = "1\n";
function credentialOf(lookup) {
  return lookup.slice(lookup.lastIndexOf("\n") + 1);
}
function canonicalLookup(lookup, token) {
  return `${lookup.slice(0, lookup.lastIndexOf("\n") + 1)}Bearer ${token}`;
}

// src/core/plain_text.ts
var PLAIN = /^[^\x00-\x1F\x7F]*$/;
function isPlainText(text3) {
  return PLAIN.test(text3);
}

// src/core/scope.ts
var SCOPE_LIST = /^[\x20\x21\x23-\x5B\x5D-\x7E]*$/;
function isScopeList(text3) {
  return SCOPE_LIST.test(text3);
}
function splitScopes(list) {
  return list.split(" ").filter(isNotEmpty);
}
function isNotEmpty(token) {
  return token !== "";
}

// src/core/settings.ts
var HERE = "here ";
var NOT_HERE = "this location does not include protect.conf itself: nested locations and limit_except do not inherit settings";
var MAX_SEC = 31536e3;
var QUOTABLE = /^[\x20\x21\x23-\x5B\x5D-\x7E]+$/;
var INTERNAL_LOCATION = /^\/[\x21\x22\x24-\x3E\x40-\x7E]*$/;
var ABSOLUTE_URL = /^https?:\/\/[A-Za-z0-9.\-_[\]:]+(\/[\x21\x22\x24-\x3E\x40-\x7E]*)?$/;
var FORM_FIELDS = /^([A-Za-z0-9._~*+-]+=[A-Za-z0-9%._~*+-]*(&(?!$)|$))*$/;
var MAX_JWT_LENGTH = 1048576;
function settingsTable() {
  return [
    { variable: "phantom_token", defaultValue: "", check: checkSwitch },
    { variable: "phantom_token_required_scopes", defaultValue: "", check: checkScopes },
    { variable: "phantom_token_audience", defaultValue: "", check: checkPlainText },
    { variable: "phantom_token_issuer", defaultValue: "", check: checkPlainText },
    { variable: "phantom_token_clock_skew", defaultValue: "60", check: checkSeconds },
    { variable: "phantom_token_introspection_endpoint", defaultValue: "", check: checkEndpoint },
    { variable: "phantom_token_realm", defaultValue: "api", check: checkRealm },
    { variable: "phantom_token_scopes", defaultValue: "", check: checkScopes },
    { variable: "phantom_token_cache_ttl", defaultValue: "300", check: checkSeconds },
    { variable: "phantom_token_preflight", defaultValue: "answer", check: checkPreflight },
    { variable: "phantom_token_jwt_field", defaultValue: "", check: checkPlainText },
    { variable: "phantom_token_max_jwt_length", defaultValue: "65536", check: checkJwtLength },
    { variable: "phantom_token_introspection_parameters", defaultValue: "", check: checkFormFields }
  ];
}
function hasNoPolicy(joined) {
  return joined.startsWith(`${HERE}none
on
`);
}
function readSwitch(joined) {
  const lines = joined.startsWith(HERE) ? joined.split("\n") : [];
  const value = (lines[1] || "").toLowerCase();
  return value === "on" || value === "off" ? value : "invalid";
}
function isAbsoluteUrl(endpoint) {
  return endpoint.charAt(0) !== "/";
}
function parseSettings(joined) {
  if (!joined.startsWith(HERE)) {
    return misconfiguration(NOT_HERE);
  }
  const lines = parseLines(settingsTable(), joined.slice(joined.indexOf("\n") + 1));
  return lines.kind === "misconfiguration" ? lines : typedSettings(lines.values);
}
function parseLines(table, joined) {
  const lines = joined === "" ? table.map(emptyLine) : joined.split("\n");
  if (lines.length !== table.length) {
    return misconfiguration("a setting holds a line break, or http.conf does not fit the script");
  }
  const values = {};
  for (let i = 0; i < table.length; i++) {
    const setting = table[i];
    const value = lines[i] === "" ? setting.defaultValue : lines[i];
    const problem = setting.check(value);
    if (problem !== void 0) {
      return misconfiguration(`$${setting.variable} ${problem}`);
    }
    values[setting.variable] = value;
  }
  return { kind: "values", values };
}
function typedSettings(values) {
  return {
    kind: "settings",
    requiredScopes: splitScopes(values.phantom_token_required_scopes),
    audience: values.phantom_token_audience,
    issuer: values.phantom_token_issuer,
    clockSkewSec: Number(values.phantom_token_clock_skew),
    introspectionEndpoint: values.phantom_token_introspection_endpoint,
    realm: values.phantom_token_realm,
    scopes: splitScopes(values.phantom_token_scopes),
    cacheTtlSec: Number(values.phantom_token_cache_ttl),
    preflight: values.phantom_token_preflight,
    jwtField: values.phantom_token_jwt_field,
    maxJwtLength: Number(values.phantom_token_max_jwt_length),
    introspectionParameters: values.phantom_token_introspection_parameters
  };
}
function emptyLine() {
  return "";
}
function misconfiguration(problem) {
  return { kind: "misconfiguration", problem };
}
function checkSwitch(value) {
  if (value === "") {
    return "is not set in this location: set it to on or off";
  }
  const lower = value.toLowerCase();
  return lower === "on" || lower === "off" ? void 0 : "must be on or off";
}
function checkScopes(value) {
  return isScopeList(value) ? void 0 : "must be scopes separated by spaces (RFC 6749 \xA73.3)";
}
function checkPlainText(value) {
  return isPlainText(value) ? void 0 : "must not hold control characters";
}
function checkSeconds(value) {
  const valid = /^[0-9]{1,8}$/.test(value) && Number(value) <= MAX_SEC;
  return valid ? void 0 : `must be a whole number of seconds from 0 to ${MAX_SEC}, without a unit`;
}
function checkEndpoint(value) {
  if (value === "") {
    return "is not set: name the internal location that introspects, or an absolute URL";
  }
  return INTERNAL_LOCATION.test(value) || ABSOLUTE_URL.test(value) ? void 0 : "must be the path of an internal location, such as /introspect, or an http or https URL; neither with a query";
}
function checkPreflight(value) {
  return ["answer", "pass", "authenticate"].includes(value) ? void 0 : "must be answer, pass or authenticate";
}
function checkJwtLength(value) {
  const valid = /^[1-9][0-9]{0,6}$/.test(value) && Number(value) <= MAX_JWT_LENGTH;
  return valid ? void 0 : `must be a number of characters from 1 to ${MAX_JWT_LENGTH}`;
}
function checkFormFields(value) {
  if (!FORM_FIELDS.test(value)) {
    return "must be form fields, encoded: name=value&name=value";
  }
  return `&${value}`.includes("&token=") ? "must not name the field token" : void 0;
}
function checkRealm(value) {
  return QUOTABLE.test(value) ? void 0 : "must be printable ASCII without quotes and backslashes";
}

// src/core/client_settings.ts
function clientSettingsTable() {
  return [
    { variable: "phantom_token_client_id", defaultValue: "", check: checkPlainText },
    { variable: "phantom_token_client_auth", defaultValue: "", check: checkMethod },
    { variable: "phantom_token_client_secret", defaultValue: "", check: checkPlainText },
    { variable: "phantom_token_client_secret_file", defaultValue: "", check: checkFile },
    { variable: "phantom_token_client_key_file", defaultValue: "", check: checkFile },
    { variable: "phantom_token_client_key_algorithm", defaultValue: "RS256", check: checkAlgorithm },
    { variable: "phantom_token_client_key_id", defaultValue: "", check: checkPlainText },
    { variable: "phantom_token_client_assertion_audience", defaultValue: "", check: checkPlainText },
    { variable: "phantom_token_client_assertion_ttl", defaultValue: "60", check: checkSeconds }
  ];
}
function parseClientSettings(joined, isUrl) {
  const values = parseLines(clientSettingsTable(), joined);
  if (values.kind === "misconfiguration") {
    return values;
  }
  const client = typedSettings2(values.values, isUrl);
  const problem = findMissing(client);
  return problem === void 0 ? client : misconfiguration(problem);
}
function typedSettings2(values, isUrl) {
  const id = values.phantom_token_client_id;
  const named = values.phantom_token_client_auth;
  const implied = id === "" && !isUrl ? "none" : "client_secret_basic";
  return {
    kind: "client_settings",
    authMethod: named === "" ? implied : named,
    id,
    secret: values.phantom_token_client_secret,
    secretFile: values.phantom_token_client_secret_file,
    keyFile: values.phantom_token_client_key_file,
    keyAlgorithm: values.phantom_token_client_key_algorithm,
    keyId: values.phantom_token_client_key_id,
    assertionAudience: values.phantom_token_client_assertion_audience,
    assertionTtlSec: Number(values.phantom_token_client_assertion_ttl)
  };
}
function findMissing(client) {
  if (client.authMethod === "none") {
    return void 0;
  }
  if (client.id === "") {
    return `$phantom_token_client_id is not set: ${client.authMethod} needs it`;
  }
  if (client.authMethod === "private_key_jwt") {
    return findMissingOfKey(client);
  }
  if (client.secret === "" === (client.secretFile === "")) {
    return `set $phantom_token_client_secret or $phantom_token_client_secret_file: ${client.authMethod} needs one of them`;
  }
  return void 0;
}
function findMissingOfKey(client) {
  if (client.keyFile === "") {
    return "$phantom_token_client_key_file is not set: private_key_jwt needs it";
  }
  return client.assertionAudience === "" ? "$phantom_token_client_assertion_audience is not set: private_key_jwt needs the issuer of the authorization server" : void 0;
}
function checkFile(value) {
  return value === "" || value.startsWith("/") ? checkPlainText(value) : "must be an absolute path";
}
function checkMethod(value) {
  const methods = ["", "none", "client_secret_basic", "client_secret_post", "private_key_jwt"];
  return methods.includes(value) ? void 0 : "must be client_secret_basic, client_secret_post, private_key_jwt or none";
}
function checkAlgorithm(value) {
  return ["RS256", "PS256", "ES256"].includes(value) ? void 0 : "must be RS256, PS256 or ES256";
}

// src/core/claims.ts
var MAX_EPOCH_SEC = 9999999999;
function readClaims(source) {
  const expiresAtSec = readTime(source.exp, Math.floor);
  const nbfSec = readTime(source.nbf, Math.ceil);
  const iatSec = readTime(source.iat, Math.ceil);
  const scope = readScope(source.scope);
  const audience = readTexts(source.aud);
  const issuer = source.iss === void 0 ? "" : source.iss;
  const cnf = source.cnf;
  const tokenType = source.token_type === void 0 ? "bearer" : source.token_type;
  const tokenUse = source.token_use === void 0 ? "access_token" : source.token_use;
  if (expiresAtSec === INVALID) return invalidClaim("exp");
  if (nbfSec === INVALID) return invalidClaim("nbf");
  if (iatSec === INVALID) return invalidClaim("iat");
  if (scope === void 0) return invalidClaim("scope");
  if (audience === void 0) return invalidClaim("aud");
  if (typeof issuer !== "string" || !isPlainText(issuer)) return invalidClaim("iss");
  if (cnf !== void 0 && (typeof cnf !== "object" || cnf === null)) return invalidClaim("cnf");
  if (typeof tokenType !== "string") return invalidClaim("token_type");
  if (typeof tokenUse !== "string") return invalidClaim("token_use");
  const isDpop = tokenType.toLowerCase() === "dpop";
  const notBeforeSec = Math.max(nbfSec === void 0 ? 0 : nbfSec, iatSec === void 0 ? 0 : iatSec);
  return {
    kind: "claims",
    claims: { notBeforeSec, scope, issuer, audience },
    expiresAtSec,
    isSenderConstrained: cnf !== void 0 || isDpop,
    isAccessToken: (isDpop || isAccessTokenType(tokenType)) && isAccessTokenUse(tokenUse)
  };
}
function isAccessTokenType(tokenType) {
  return /^(bearer|access_token|urn:ietf:params:oauth:token-type:access_token)$/i.test(tokenType);
}
function isAccessTokenUse(tokenUse) {
  return tokenUse === "access_token" || tokenUse === "access";
}
function invalidClaim(claim) {
  return { kind: "invalid_claim", claim };
}
var INVALID = -1;
function readTime(value, round) {
  if (value === void 0) return void 0;
  const isTime = typeof value === "number" && value >= 0 && value < Infinity;
  return isTime ? Math.min(round(value), MAX_EPOCH_SEC) : INVALID;
}
function readScope(value) {
  if (value === void 0) return "";
  const list = typeof value === "string" ? [value] : value;
  if (!Array.isArray(list) || !list.every(isScope)) return void 0;
  return splitScopes(list.join(" ")).join(" ");
}
function isScope(value) {
  return typeof value === "string" && isScopeList(value);
}
function readTexts(value) {
  if (value === void 0) return [];
  const list = Array.isArray(value) ? value : [value];
  return list.every(isTextClaim) ? list : void 0;
}
function isTextClaim(value) {
  return typeof value === "string" && isPlainText(value);
}

// src/core/form.ts
function formEncode(text3) {
  return encodeURIComponent(text3).replace(/%20/g, "+").replace(/[!'()~]/g, percentEncode);
}
function percentEncode(character) {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

// src/core/json.ts
function parseJsonObject(text3) {
  let value;
  try {
    value = JSON.parse(text3);
  } catch (_broken) {
    return void 0;
  }
  return isObject(value) ? value : void 0;
}
function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

// src/core/jwt.ts
var COMPACT_JWS = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;
var RSA_STEP_BYTES = 32;
function parseJwt(text3) {
  if (!COMPACT_JWS.test(text3)) {
    return void 0;
  }
  const parts = text3.split(".");
  const header2 = parseJsonObject(decodePart(parts[0]));
  const payload = parseJsonObject(decodePart(parts[1]));
  if (header2 === void 0 || payload === void 0) {
    return void 0;
  }
  return hasWholeSignature(header2.alg, parts[2]) ? { text: text3, header: header2, payload } : void 0;
}
function isIntrospectionResponse(jwt2) {
  const typ = jwt2.header.typ;
  const isTyped = typeof typ === "string" && /^(application\/)?token-introspection\+jwt\s*(;|$)/i.test(typ);
  return isTyped || jwt2.payload.token_introspection !== void 0;
}
function decodePart(part) {
  return Buffer.from(part, "base64url").toString();
}
function hasWholeSignature(alg, signature) {
  const isBase64url = signature.length % 4 !== 1;
  if (typeof alg !== "string" || alg.toLowerCase() === "none" || !isBase64url) {
    return false;
  }
  const bytes = Math.floor(signature.length * 3 / 4);
  switch (alg) {
    case "HS256":
      return bytes === 32;
    case "HS384":
      return bytes === 48;
    case "HS512":
    case "ES256":
    case "ES256K":
    case "Ed25519":
      return bytes === 64;
    case "ES384":
      return bytes === 96;
    case "ES512":
      return bytes === 132;
    case "Ed448":
      return bytes === 114;
    case "EdDSA":
      return bytes === 64 || bytes === 114;
    case "RS256":
    case "RS384":
    case "RS512":
    case "PS256":
    case "PS384":
    case "PS512":
      return bytes >= 256 && bytes % RSA_STEP_BYTES === 0;
    default:
      return true;
  }
}

// src/core/outcome.ts
function granted(authorization, cacheStatus) {
  return { kind: "grant", authorization, cacheStatus };
}
function denied(reason, cacheStatus) {
  return { kind: "denial", reason, cacheStatus };
}
function unavailable(reason, detail, cacheStatus) {
  return { kind: "unavailable", reason, detail, retryAfter: "", cacheStatus };
}

// src/core/introspection.ts
var MISROUTED = "$phantom_token_introspection_endpoint must name a location of this server that includes introspection.conf, and no rewrite, if or return of the server may take the request elsewhere";
function introspectionForm(token, proofFields, parameters) {
  const fields = [`token=${formEncode(token)}`, "token_type_hint=access_token", proofFields, parameters];
  return fields.filter(isNotEmpty2).join("&");
}
function isNotEmpty2(text3) {
  return text3 !== "";
}
function interpretReply(reply, form, nowSec) {
  if (!reply.isIntrospection) {
    return unavailable("misconfigured", MISROUTED, "");
  }
  if (reply.status === 204) {
    return inactive();
  }
  if (reply.status !== 200) {
    return interpretStatus(reply);
  }
  if (reply.contentLength !== "" && reply.contentLength !== String(reply.bodyBytes)) {
    return refuseReply("introspection_truncated", reply);
  }
  switch (mediaType(reply.contentType)) {
    case "application/jwt":
      return interpretJwt(reply, form, nowSec);
    case "application/json":
      return interpretJson(reply, form, nowSec);
    case "application/token-introspection+jwt":
      return refuseReply("introspection_response_jwt", reply);
    // RFC 9701: no access token (S54)
    default:
      return refuseReply("introspection_content_type", reply);
  }
}
function interpretStatus(reply) {
  switch (reply.status) {
    case 401:
    case 403:
      return refuseReply("introspection_unauthorized", reply);
    case 429:
    case 503:
      return overloaded(reply);
    case 502:
      return refuseReply("introspection_unreachable", reply);
    case 504:
      return refuseReply("introspection_timeout", reply);
    default:
      return refuseReply("introspection_status", reply);
  }
}
function interpretJwt(reply, form, nowSec) {
  const found = findJwt(reply.body.trim(), reply, form);
  if (found.kind !== "jwt") {
    return found;
  }
  const active = found.jwt.payload.active;
  if (active === false) {
    return inactive();
  }
  return active === void 0 || active === true ? activeToken(found.jwt, found.jwt.payload, reply, nowSec) : refuseReply("introspection_malformed", reply);
}
function interpretJson(reply, form, nowSec) {
  const answer = parseJsonObject(reply.body);
  if (answer === void 0 || typeof answer.active !== "boolean") {
    return refuseReply("introspection_malformed", reply);
  }
  if (!answer.active) {
    return inactive();
  }
  const member = readJwtMember(answer, form.jwtField);
  if (member === void 0) {
    return refuseReply("jwt_missing", reply);
  }
  const found = findJwt(member, reply, form);
  return found.kind === "jwt" ? activeToken(found.jwt, answer, reply, nowSec) : found;
}
function readJwtMember(answer, jwtField) {
  const names = jwtField === "" ? ["phantom_token", "jwt", "token_string"] : [jwtField];
  for (let i = 0; i < names.length; i++) {
    const member = answer[names[i]];
    if (member !== void 0) {
      return member;
    }
  }
  return void 0;
}
function findJwt(text3, reply, form) {
  if (typeof text3 === "string" && text3.length > form.maxJwtLength) {
    return unavailable("jwt_too_large", `${describe(reply)} ${RAISE_LENGTH}`, "MISS");
  }
  const jwt2 = typeof text3 === "string" ? parseJwt(text3) : void 0;
  if (jwt2 === void 0) {
    return refuseReply("introspection_malformed", reply);
  }
  return isIntrospectionResponse(jwt2) ? refuseReply("introspection_response_jwt", reply) : { kind: "jwt", jwt: jwt2 };
}
var RAISE_LENGTH = "raise $phantom_token_max_jwt_length, and subrequest_output_buffer_size in introspection.conf above it";
function activeToken(jwt2, source, reply, nowSec) {
  const read = readClaims(source);
  if (read.kind === "invalid_claim") {
    return invalidClaim2(read, reply);
  }
  const own = source === jwt2.payload ? read : readClaims(jwt2.payload);
  if (own.kind === "invalid_claim") {
    return invalidClaim2(own, reply);
  }
  const expiresAtSec = earlier(read.expiresAtSec, own.expiresAtSec);
  if (expiresAtSec !== void 0 && expiresAtSec <= nowSec) {
    return denied("token_expired", "MISS");
  }
  if (!read.isAccessToken || !own.isAccessToken) {
    return denied("token_type_mismatch", "MISS");
  }
  if (read.isSenderConstrained || own.isSenderConstrained) {
    return denied("token_sender_constrained", "MISS");
  }
  const notBeforeSec = Math.max(read.claims.notBeforeSec, own.claims.notBeforeSec);
  return { kind: "active", jwt: jwt2.text, claims: withNotBefore(read.claims, notBeforeSec), expiresAtSec };
}
function withNotBefore(claims, notBeforeSec) {
  return { notBeforeSec, scope: claims.scope, issuer: claims.issuer, audience: claims.audience };
}
function invalidClaim2(invalid, reply) {
  return unavailable("introspection_invalid_claim", `claim=${invalid.claim} ${describe(reply)}`, "MISS");
}
function earlier(a, b) {
  if (a === void 0 || b === void 0) {
    return a === void 0 ? b : a;
  }
  return Math.min(a, b);
}
function inactive() {
  return denied("token_inactive", "MISS");
}
function overloaded(reply) {
  return {
    kind: "unavailable",
    reason: "introspection_overloaded",
    detail: describe(reply),
    retryAfter: reply.retryAfter,
    cacheStatus: "MISS"
  };
}
function refuseReply(reason, reply) {
  return unavailable(reason, describe(reply), "MISS");
}
function describe(reply) {
  const arrived = `status=${reply.status} content_type=${mediaType(reply.contentType)} bytes=${reply.bodyBytes}`;
  return reply.failure === "" ? arrived : `${arrived} failure="${reply.failure}"`;
}
function mediaType(contentType) {
  const type = contentType.split(";")[0];
  const name = type.trim().toLowerCase();
  return /^[a-z0-9!#$&^_.+-]+\/[a-z0-9!#$&^_.+-]+$/.test(name) ? name : "";
}

// src/core/njs_version.ts
function findUnsafeNjs(version, mode, isUrl) {
  if (mode === "access" && version < 65537) {
    return "js_access needs njs 1.0.1 or newer: use auth_request mode or a newer njs";
  }
  if (!isUrl && version >= 2309 && version <= 2313) {
    return "njs 0.9.5 to 0.9.9 crash in subrequests when a client hangs up: use an absolute URL as endpoint, or njs 1.0.1 or newer";
  }
  return void 0;
}

// src/core/policy.ts
function checkPolicy(claims, settings, nowSec) {
  if (claims.notBeforeSec > nowSec + settings.clockSkewSec) {
    return "token_not_yet_valid";
  }
  if (settings.issuer !== "" && claims.issuer !== settings.issuer) {
    return "issuer_mismatch";
  }
  if (settings.audience !== "" && !claims.audience.includes(settings.audience)) {
    return "audience_mismatch";
  }
  return grantsAll(claims.scope, settings.requiredScopes) ? void 0 : "scope_insufficient";
}
function grantsAll(scope, required) {
  const granted2 = ` ${scope} `;
  return required.every((token) => granted2.includes(` ${token} `));
}

// src/core/record.ts
var TIME_DIGITS = 10;
var NOT_BEFORE_END = 2 * TIME_DIGITS;
var AUTHORIZATION_START = 3 * TIME_DIGITS;
function encodeRecord(expiresAtSec, storedAtSec, jwt2, claims) {
  const times = tenDigits(expiresAtSec) + tenDigits(claims.notBeforeSec) + tenDigits(storedAtSec);
  const lines = [claims.scope, claims.issuer].concat(claims.audience);
  return `${times}Bearer ${jwt2}
${lines.join("\n")}`;
}
function isFresh(record, nowSec) {
  return Number(record.slice(0, TIME_DIGITS)) > nowSec;
}
function notBeforeOf(record) {
  return Number(record.slice(TIME_DIGITS, NOT_BEFORE_END));
}
function ageSecOf(record, nowSec) {
  return nowSec - Number(record.slice(NOT_BEFORE_END, AUTHORIZATION_START));
}
function authorizationOf(record) {
  return record.slice(AUTHORIZATION_START, record.indexOf("\n"));
}
function claimsOf(record) {
  const lines = record.slice(record.indexOf("\n") + 1).split("\n");
  return {
    notBeforeSec: notBeforeOf(record),
    scope: lines[0],
    issuer: lines[1],
    audience: lines.slice(2)
  };
}
function tenDigits(epochSec) {
  return String(epochSec).padStart(TIME_DIGITS, "0");
}

// src/core/ttl.ts
function recordTtlSec(lifetimes, nowSec) {
  let ttlSec = lifetimes.cacheTtlSec;
  if (lifetimes.freshnessSec !== void 0) {
    ttlSec = Math.min(ttlSec, lifetimes.freshnessSec);
  }
  if (lifetimes.expiresAtSec !== void 0) {
    ttlSec = Math.min(ttlSec, lifetimes.expiresAtSec - nowSec);
  }
  return ttlSec >= 1 ? Math.floor(ttlSec) : 0;
}

// src/edge/client_credentials.ts
import nodeCrypto from "crypto";
import fs from "fs";

// src/core/client_authentication.ts
var NO_PROOF = { kind: "proof", authorization: "", formFields: "" };
var JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
function basicProof(clientId, secret) {
  const pair = `${formEncode(clientId)}:${formEncode(secret)}`;
  return { kind: "proof", authorization: `Basic ${Buffer.from(pair).toString("base64")}`, formFields: "" };
}
function postProof(clientId, secret) {
  return {
    kind: "proof",
    authorization: "",
    formFields: `client_id=${formEncode(clientId)}&client_secret=${formEncode(secret)}`
  };
}
function assertionProof(clientId, assertion) {
  return {
    kind: "proof",
    authorization: "",
    formFields: `client_id=${formEncode(clientId)}&client_assertion_type=${formEncode(JWT_BEARER)}&client_assertion=${assertion}`
  };
}
var SINGLE_USE_SEC = 60;
var ASSERTION_MARGIN_SEC = 5;
function assertionInput(client, jti, nowSec) {
  const header2 = { alg: client.keyAlgorithm, typ: "JWT" };
  if (client.keyId !== "") {
    header2.kid = client.keyId;
  }
  const reusedSec = client.assertionTtlSec + ASSERTION_MARGIN_SEC;
  const claims = {
    iss: client.id,
    sub: client.id,
    aud: client.assertionAudience,
    jti,
    iat: nowSec,
    exp: nowSec + (client.assertionTtlSec === 0 ? SINGLE_USE_SEC : reusedSec)
  };
  return `${encodePart(header2)}.${encodePart(claims)}`;
}
function decodePrivateKey(pem) {
  const match = /-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END PRIVATE KEY-----/.exec(pem);
  return match === null ? void 0 : Buffer.from(match[1].replace(/\s/g, ""), "base64");
}
function encodePart(value) {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

// src/edge/shared_cache.ts
function findZoneProblem() {
  return ngx.shared.phantom_token === void 0 ? "js_shared_dict_zone phantom_token is not declared: include zones.conf at http level" : void 0;
}
function readRecord(key) {
  const zone = ngx.shared.phantom_token;
  return zone === void 0 ? void 0 : zone.get(key);
}
function writeRecord(key, record, ttlSec) {
  write(key, record, ttlSec);
}
var ASSERTION_PREFIX = "assertion:";
function readAssertion(name) {
  return readRecord(ASSERTION_PREFIX + name);
}
function writeAssertion(name, assertion, ttlSec) {
  write(ASSERTION_PREFIX + name, assertion, ttlSec);
}
function write(key, value, ttlSec) {
  const zone = ngx.shared.phantom_token;
  try {
    zone.set(key, value, ttlSec * 1e3);
  } catch (e) {
    if (e.name !== "SharedMemoryError") {
      throw e;
    }
  }
}

// src/edge/client_credentials.ts
async function proveClient(client, nowSec) {
  if (client.authMethod === "none") {
    return NO_PROOF;
  }
  if (client.authMethod === "private_key_jwt") {
    return proveByKey(client, nowSec);
  }
  const secret = readSecret(client);
  if (secret === void 0) {
    return misconfiguration("$phantom_token_client_secret_file cannot be read, or is empty");
  }
  return client.authMethod === "client_secret_post" ? postProof(client.id, secret) : basicProof(client.id, secret);
}
function readSecret(client) {
  if (client.secretFile === "") {
    return client.secret;
  }
  const text3 = readFile(client.secretFile);
  const secret = text3 === void 0 ? "" : text3.replace(/\r?\n$/, "");
  return secret === "" ? void 0 : secret;
}
async function proveByKey(client, nowSec) {
  const name = assertionName(client);
  const known = client.assertionTtlSec === 0 ? void 0 : readAssertion(name);
  if (known !== void 0) {
    return assertionProof(client.id, known);
  }
  const pem = readFile(client.keyFile);
  const key = pem === void 0 ? void 0 : decodePrivateKey(pem);
  if (key === void 0) {
    return misconfiguration(
      "$phantom_token_client_key_file cannot be read, or holds no PKCS #8 key (openssl pkcs8 -topk8 -nocrypt)"
    );
  }
  const input = assertionInput(client, newJti(), nowSec);
  const signature = await sign(client.keyAlgorithm, key, input);
  if (signature === void 0) {
    return misconfiguration(`$phantom_token_client_key_file holds no key for ${client.keyAlgorithm}`);
  }
  const assertion = `${input}.${signature}`;
  if (client.assertionTtlSec > 0) {
    writeAssertion(name, assertion, client.assertionTtlSec);
  }
  return assertionProof(client.id, assertion);
}
function assertionName(client) {
  const parts = [client.id, client.keyFile, client.keyAlgorithm, client.keyId, client.assertionAudience];
  return nodeCrypto.createHash("sha256").update(parts.join("\n")).digest("base64url");
}
function newJti() {
  const bytes = new Uint8Array(16);
  crypto.getRandomValues(bytes);
  return Buffer.from(bytes).toString("hex");
}
async function sign(algorithm, key, input) {
  try {
    const cryptoKey = await crypto.subtle.importKey("pkcs8", key, keyParameters(algorithm), false, ["sign"]);
    const signature = await crypto.subtle.sign(signParameters(algorithm), cryptoKey, Buffer.from(input));
    return Buffer.from(signature).toString("base64url");
  } catch (_mismatch) {
    return void 0;
  }
}
function keyParameters(algorithm) {
  switch (algorithm) {
    case "ES256":
      return { name: "ECDSA", namedCurve: "P-256" };
    case "PS256":
      return { name: "RSA-PSS", hash: "SHA-256" };
    case "RS256":
      return { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  }
}
function signParameters(algorithm) {
  switch (algorithm) {
    case "ES256":
      return { name: "ECDSA", hash: "SHA-256" };
    case "PS256":
      return { name: "RSA-PSS", saltLength: 32 };
    case "RS256":
      return { name: "RSASSA-PKCS1-v1_5" };
  }
}
function readFile(path) {
  try {
    return fs.readFileSync(path, "utf8");
  } catch (_unreadable) {
    return void 0;
  }
}

// src/core/fetch_failure.ts
function readFetchFailure(message) {
  if (message.includes("timed out")) {
    return { status: 504, failure: "no answer within js_fetch_timeout" };
  }
  if (message.includes("no resolver")) {
    return { status: 502, failure: "a host name needs the resolver directive" };
  }
  if (message.includes("could not be resolved")) {
    return { status: 502, failure: "the host name cannot be resolved" };
  }
  if (message.includes("too large")) {
    return { status: 502, failure: "the answer is over js_fetch_max_response_buffer_size" };
  }
  if (message.includes("connect failed")) {
    return {
      status: 502,
      failure: "cannot connect, or js_fetch_trusted_certificate does not trust the server"
    };
  }
  return { status: 502, failure: "the connection failed" };
}

// src/edge/introspect.ts
function introspect(r, endpoint, form, proof) {
  return isAbsoluteUrl(endpoint) ? fetchReply(endpoint, form, proof) : askLocation(r, endpoint, form, proof);
}
async function askLocation(r, location, form, proof) {
  const v = r.variables;
  v.phantom_introspection = "asked";
  v.phantom_form = form;
  v.phantom_token_client_authorization = proof.authorization;
  const reply = await r.subrequest(location, { method: "POST", body: "" });
  const isIntrospection = v.phantom_introspection === "answered";
  v.phantom_introspection = "";
  v.phantom_form = "";
  v.phantom_token_client_authorization = "";
  const headers = reply.headersOut;
  const bytes = reply.responseBuffer;
  return {
    isIntrospection,
    failure: "",
    status: reply.status,
    contentType: text(headers["Content-Type"]),
    contentLength: text(headers["Content-Length"]),
    cacheControl: text(headers["Cache-Control"]),
    age: text(headers.Age),
    retryAfter: text(headers["Retry-After"]),
    // Not responseText as well: read after responseBuffer it leaks under QuickJS, and the worker aborts when it exits.
    body: bytes === void 0 ? "" : bytes.toString(),
    bodyBytes: bytes === void 0 ? 0 : bytes.length
  };
}
async function fetchReply(url, form, proof) {
  const headers = {
    Accept: "application/jwt",
    "Accept-Encoding": "identity",
    "Content-Type": "application/x-www-form-urlencoded"
  };
  if (proof.authorization !== "") {
    headers.Authorization = proof.authorization;
  }
  try {
    const reply = await ngx.fetch(url, { method: "POST", headers, body: form });
    const body = await reply.text();
    return {
      isIntrospection: true,
      failure: "",
      status: reply.status,
      contentType: header(reply, "Content-Type"),
      contentLength: header(reply, "Content-Length"),
      cacheControl: header(reply, "Cache-Control"),
      age: header(reply, "Age"),
      retryAfter: header(reply, "Retry-After"),
      body,
      bodyBytes: Buffer.byteLength(body)
    };
  } catch (e) {
    return failedReply(e);
  }
}
function failedReply(e) {
  const fault = readFetchFailure(e instanceof Error ? e.message : "");
  return {
    isIntrospection: true,
    failure: fault.failure,
    status: fault.status,
    contentType: "",
    contentLength: "",
    cacheControl: "",
    age: "",
    retryAfter: "",
    body: "",
    bodyBytes: 0
  };
}
function header(reply, name) {
  return text(reply.headers.get(name));
}
function text(value) {
  if (value === void 0 || value === null) {
    return "";
  }
  return Array.isArray(value) ? value.join(", ") : value;
}

// src/core/preflight.ts
function isPreflight(method, origin, requestedMethod) {
  return method === "OPTIONS" && origin !== "" && requestedMethod !== "";
}

// src/edge/request.ts
function readRequest(r, mode) {
  const v = r.variables;
  if (mode === "access") {
    const live = { settings: text2(v.phantom_settings), lookup: text2(v.phantom_lookup) };
    v.phantom_here = "";
    return live;
  }
  const kept = { settings: text2(v.phantom_kept_settings), lookup: text2(v.phantom_kept_lookup) };
  v.phantom_kept_settings = "";
  return kept;
}
function readClientLines(r, mode) {
  const v = r.variables;
  return text2(mode === "access" ? v.phantom_client : v.phantom_kept_client);
}
function readAuthorization(r) {
  return text2(r.variables.http_authorization);
}
function readsAsPreflight(r) {
  const v = r.variables;
  return isPreflight(text2(v.request_method), text2(v.http_origin), text2(v.http_access_control_request_method));
}
function readClockSec() {
  return Math.floor(Date.now() / 1e3);
}
function text2(value) {
  return value === void 0 ? "" : value;
}

// src/core/challenge.ts
var RETRY_AFTER_SEC = "1";
var RETRY_AFTER = /^([0-9]{1,9}|[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} GMT)$/;
function buildDenial(denial, settings) {
  if (denial.reason === "scope_insufficient") {
    return {
      status: 403,
      challenge: challenge(settings.realm, "insufficient_scope", settings.requiredScopes),
      retryAfter: "",
      body: errorBody(
        "insufficient_scope",
        "The access token does not grant the scope that this request needs"
      )
    };
  }
  const named = settings.scopes.length > 0 ? settings.scopes : settings.requiredScopes;
  const error = denial.reason === "token_missing" ? "" : "invalid_token";
  return {
    status: 401,
    challenge: challenge(settings.realm, error, named),
    retryAfter: "",
    body: errorBody("unauthorized_request", "Access denied due to missing, invalid or expired credentials")
  };
}
function buildUnavailable(failure) {
  const status = statusOf(failure.reason);
  return {
    status,
    challenge: "",
    retryAfter: status === 503 ? retryAfterOf(failure.retryAfter) : "",
    body: errorBody("server_error", "Problem encountered processing the request")
  };
}
function challenge(realm, error, scopes) {
  let text3 = `Bearer realm="${realm}"`;
  if (error !== "") {
    text3 += `, error="${error}"`;
  }
  if (scopes.length > 0) {
    text3 += `, scope="${scopes.join(" ")}"`;
  }
  return text3;
}
function errorBody(code, message) {
  return JSON.stringify({ code, message });
}
function statusOf(reason) {
  switch (reason) {
    case "misconfigured":
    case "internal_error":
      return 500;
    case "introspection_overloaded":
      return 503;
    case "introspection_timeout":
      return 504;
    default:
      return 502;
  }
}
function retryAfterOf(asked) {
  return RETRY_AFTER.test(asked) ? asked : RETRY_AFTER_SEC;
}

// src/edge/respond.ts
function respond(r, mode, outcome, settings) {
  switch (outcome.kind) {
    case "grant":
      grant(r, mode, outcome);
      break;
    case "denial":
      deny(r, mode, outcome, settings);
      break;
    case "unavailable":
      fail(r, mode, outcome);
      break;
    case "preflight":
      answerPreflight(r, mode);
      break;
  }
}
function grant(r, mode, outcome) {
  const v = r.variables;
  v.phantom_token_authorization = outcome.authorization;
  v.phantom_token_cache_status = outcome.cacheStatus;
  if (mode === "access") {
    r.decline();
  } else {
    r.return(204);
  }
}
function answerPreflight(r, mode) {
  const v = r.variables;
  v.phantom_token_authorization = "";
  v.phantom_token_cache_status = "BYPASS";
  if (mode === "access") {
    r.return(204);
  } else {
    v.phantom_status = "204";
    r.return(401, "");
  }
}
function deny(r, mode, outcome, settings) {
  r.log(`phantom_token: ${outcome.reason}`);
  refuse(r, mode, buildDenial(outcome, settings), outcome);
}
function fail(r, mode, outcome) {
  r.error(`phantom_token: ${outcome.reason}: ${outcome.detail}`);
  refuse(r, mode, buildUnavailable(outcome), outcome);
}
function refuse(r, mode, refusal, outcome) {
  const v = r.variables;
  v.phantom_token_authorization = "";
  v.phantom_token_cache_status = outcome.cacheStatus;
  v.phantom_token_reason = outcome.reason;
  if (mode === "access") {
    answerDirectly(r, refusal);
  } else {
    answerThroughErrorPage(r, refusal);
  }
}
function answerDirectly(r, refusal) {
  r.headersOut["Content-Type"] = "application/json";
  r.headersOut["Cache-Control"] = "no-store";
  if (refusal.challenge !== "") {
    r.headersOut["WWW-Authenticate"] = refusal.challenge;
  }
  if (refusal.retryAfter !== "") {
    r.headersOut["Retry-After"] = refusal.retryAfter;
  }
  r.return(refusal.status, refusal.body);
}
function answerThroughErrorPage(r, refusal) {
  const v = r.variables;
  v.phantom_status = String(refusal.status);
  v.phantom_challenge = refusal.challenge;
  v.phantom_retry_after = refusal.retryAfter;
  v.phantom_body = refusal.body;
  r.return(Math.min(refusal.status, 500), "");
}

// src/phantom_token.ts
function access(r) {
  r.return(500);
  return handle(r, "access");
}
function authorize(r) {
  return handle(r, "auth_request");
}
function jwt(r) {
  const v = r.variables;
  const authorization = v.phantom_token_authorization;
  const isOurs = authorization !== void 0 && v.phantom_token_cache_status !== "BYPASS";
  return isOurs ? authorization.slice("Bearer ".length) : "";
}
function handle(r, mode) {
  try {
    const request = readRequest(r, mode);
    const state = readSwitch(request.settings);
    if (state === "off") {
      grant(r, mode, granted(readAuthorization(r), "BYPASS"));
      return void 0;
    }
    const nowSec = readClockSec();
    const record = state === "on" ? readRecord(cacheKey(request.lookup)) : void 0;
    if (record === void 0 || !isFresh(record, nowSec)) {
      return handleMiss(r, mode, request);
    }
    if (hasNoPolicy(request.settings) && notBeforeOf(record) <= nowSec) {
      grant(r, mode, granted(authorizationOf(record), "HIT"));
      return void 0;
    }
    return handleHitWithPolicy(r, mode, request, record, nowSec);
  } catch (e) {
    failOnBug(r, mode, e);
    return void 0;
  }
}
function handleHitWithPolicy(r, mode, request, record, nowSec) {
  const settings = parseSettings(request.settings);
  if (settings.kind === "misconfiguration") {
    fail(r, mode, unavailable("misconfigured", settings.problem, ""));
    return void 0;
  }
  if (!isYoungEnough(record, settings, nowSec)) {
    return handleMiss(r, mode, request);
  }
  respond(r, mode, decideRecord(record, settings, nowSec), settings);
  return void 0;
}
function isYoungEnough(record, settings, nowSec) {
  return ageSecOf(record, nowSec) < settings.cacheTtlSec;
}
async function handleMiss(r, mode, request) {
  try {
    const settings = parseSettings(request.settings);
    if (settings.kind === "misconfiguration") {
      fail(r, mode, unavailable("misconfigured", settings.problem, ""));
      return;
    }
    const outcome = await decideMiss(r, mode, request.lookup, settings);
    respond(r, mode, outcome, settings);
  } catch (e) {
    failOnBug(r, mode, e);
  }
}
async function decideMiss(r, mode, lookup, settings) {
  const isUrl = isAbsoluteUrl(settings.introspectionEndpoint);
  const problem = findUnsafeNjs(njs.version_number, mode, isUrl) || findZoneProblem();
  if (problem !== void 0) {
    return unavailable("misconfigured", problem, "");
  }
  const credential = parseBearer(credentialOf(lookup));
  if (credential.kind === "refused") {
    return credential.reason === "token_missing" ? decideNoToken(r, settings) : denied(credential.reason, "");
  }
  const canonical = canonicalLookup(lookup, credential.token);
  const key = cacheKey(canonical);
  const record = canonical === lookup ? void 0 : readRecord(key);
  const askedSec = readClockSec();
  if (record !== void 0 && isFresh(record, askedSec) && isYoungEnough(record, settings, askedSec)) {
    return decideRecord(record, settings, askedSec);
  }
  const client = parseClientSettings(readClientLines(r, mode), isUrl);
  if (client.kind === "misconfiguration") {
    return unavailable("misconfigured", client.problem, "");
  }
  const proof = await proveClient(client, askedSec);
  if (proof.kind === "misconfiguration") {
    return unavailable("misconfigured", proof.problem, "");
  }
  const form = introspectionForm(credential.token, proof.formFields, settings.introspectionParameters);
  const reply = await introspect(r, settings.introspectionEndpoint, form, proof);
  const nowSec = readClockSec();
  const answer = interpretReply(reply, settings, nowSec);
  if (answer.kind !== "active") {
    return answer;
  }
  store(key, answer, reply, settings, nowSec);
  const reason = checkPolicy(answer.claims, settings, nowSec);
  return reason === void 0 ? granted(`Bearer ${answer.jwt}`, "MISS") : denied(reason, "MISS");
}
function decideNoToken(r, settings) {
  if (settings.preflight === "authenticate" || !readsAsPreflight(r)) {
    return denied("token_missing", "");
  }
  return settings.preflight === "pass" ? granted("", "BYPASS") : { kind: "preflight" };
}
function decideRecord(record, settings, nowSec) {
  const reason = checkPolicy(claimsOf(record), settings, nowSec);
  return reason === void 0 ? granted(authorizationOf(record), "HIT") : denied(reason, "HIT");
}
function store(key, active, reply, settings, nowSec) {
  const lifetimes = {
    freshnessSec: freshnessSec(reply.cacheControl, reply.age),
    expiresAtSec: active.expiresAtSec,
    cacheTtlSec: settings.cacheTtlSec
  };
  const ttlSec = recordTtlSec(lifetimes, nowSec);
  if (ttlSec > 0) {
    writeRecord(key, encodeRecord(nowSec + ttlSec, nowSec, active.jwt, active.claims), ttlSec);
  }
}
function failOnBug(r, mode, e) {
  const name = e instanceof Error ? e.name : typeof e;
  fail(r, mode, unavailable("internal_error", `exception=${name}`, ""));
}

// src/index.ts
var index_default = { access, authorize, jwt };
export {
  index_default as default
};
