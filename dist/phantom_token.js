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
var DIRECTIVE = /([^\s,;="]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,;"]*)))?/g;
var MAX_DELTA_SEC = 2147483648;
function freshnessSec(cacheControl, age) {
  let maxAgeSec;
  let sharedMaxAgeSec;
  DIRECTIVE.lastIndex = 0;
  for (let match = DIRECTIVE.exec(cacheControl); match !== null; match = DIRECTIVE.exec(cacheControl)) {
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
  return age === "" ? 0 : deltaSeconds(age);
}

// src/core/cache_key.ts
import crypto from "crypto";
function cacheKey(lookup) {
  return crypto.createHash("sha256").update(FORMAT).update(lookup).digest("base64url");
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

// src/core/claims.ts
var MAX_EPOCH_SEC = 9999999999;
function readClaims(source) {
  const expiresAtSec = readTime(source.exp);
  const nbfSec = readTime(source.nbf);
  const iatSec = readTime(source.iat);
  const scope = readScope(source.scope);
  const audience = readTexts(source.aud);
  const issuer = source.iss === void 0 ? "" : source.iss;
  const cnf = source.cnf;
  if (expiresAtSec === INVALID) return invalidClaim("exp");
  if (nbfSec === INVALID) return invalidClaim("nbf");
  if (iatSec === INVALID) return invalidClaim("iat");
  if (scope === void 0) return invalidClaim("scope");
  if (audience === void 0) return invalidClaim("aud");
  if (typeof issuer !== "string" || !isPlainText(issuer)) return invalidClaim("iss");
  if (cnf !== void 0 && (typeof cnf !== "object" || cnf === null)) return invalidClaim("cnf");
  const notBeforeSec = Math.max(nbfSec === void 0 ? 0 : nbfSec, iatSec === void 0 ? 0 : iatSec);
  return {
    kind: "claims",
    claims: { notBeforeSec, scope, issuer, audience },
    expiresAtSec,
    isSenderConstrained: cnf !== void 0
  };
}
function invalidClaim(claim) {
  return { kind: "invalid_claim", claim };
}
var INVALID = -1;
function readTime(value) {
  if (value === void 0) return void 0;
  const isTime = typeof value === "number" && value >= 0 && value < Infinity;
  return isTime ? Math.min(Math.floor(value), MAX_EPOCH_SEC) : INVALID;
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
var RSA_STEP_BYTES = 64;
function parseJwt(text3) {
  if (!COMPACT_JWS.test(text3)) {
    return void 0;
  }
  const parts = text3.split(".");
  const header = parseJsonObject(decodePart(parts[0]));
  const payload = parseJsonObject(decodePart(parts[1]));
  if (header === void 0 || payload === void 0) {
    return void 0;
  }
  return hasWholeSignature(header.alg, parts[2]) ? { text: text3, header, payload } : void 0;
}
function isIntrospectionResponse(jwt2) {
  const typ = jwt2.header.typ;
  const isTyped = typeof typ === "string" && /^(application\/)?token-introspection\+jwt$/i.test(typ);
  return isTyped || jwt2.payload.token_introspection !== void 0;
}
function decodePart(part) {
  return Buffer.from(part, "base64url").toString();
}
function hasWholeSignature(alg, signature) {
  if (typeof alg !== "string" || alg.toLowerCase() === "none") {
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
var MAX_JWT_LENGTH = 65536;
var MISROUTED = "$phantom_token_introspection_endpoint must name a location of this server that includes introspection.conf";
function introspectionForm(token) {
  return `token=${encodeURIComponent(token)}&token_type_hint=access_token`;
}
function interpretReply(reply, nowSec) {
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
      return interpretJwt(reply, nowSec);
    case "application/json":
      return interpretJson(reply);
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
function interpretJwt(reply, nowSec) {
  const text3 = reply.body.trim();
  if (text3.length > MAX_JWT_LENGTH) {
    return refuseReply("jwt_too_large", reply);
  }
  const jwt2 = parseJwt(text3);
  if (jwt2 === void 0 || isIntrospectionResponse(jwt2)) {
    return refuseReply("introspection_malformed", reply);
  }
  return activeToken(jwt2, reply, nowSec);
}
function interpretJson(reply) {
  const answer = parseJsonObject(reply.body);
  if (answer === void 0 || typeof answer.active !== "boolean") {
    return refuseReply("introspection_malformed", reply);
  }
  return answer.active ? refuseReply("jwt_missing", reply) : inactive();
}
function activeToken(jwt2, reply, nowSec) {
  const read = readClaims(jwt2.payload);
  if (read.kind === "invalid_claim") {
    return unavailable("introspection_invalid_claim", `claim=${read.claim} ${describe(reply)}`, "MISS");
  }
  if (read.expiresAtSec !== void 0 && read.expiresAtSec <= nowSec) {
    return denied("token_expired", "MISS");
  }
  if (read.isSenderConstrained) {
    return denied("token_sender_constrained", "MISS");
  }
  return { kind: "active", jwt: jwt2.text, claims: read.claims, expiresAtSec: read.expiresAtSec };
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
  return `status=${reply.status} content_type=${mediaType(reply.contentType)} bytes=${reply.bodyBytes}`;
}
function mediaType(contentType) {
  const type = contentType.split(";")[0];
  const name = type.trim().toLowerCase();
  return /^[a-z0-9!#$&^_.+-]+\/[a-z0-9!#$&^_.+-]+$/.test(name) ? name : "";
}

// src/core/njs_version.ts
function findUnsafeNjs(version, mode) {
  if (mode === "access" && version < 65537) {
    return "js_access needs njs 1.0.1 or newer: use auth_request mode or a newer njs";
  }
  if (version >= 2309 && version <= 2313) {
    return "njs 0.9.5 to 0.9.9 crash in subrequests when a client hangs up: use njs 1.0.1 or newer";
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
var AUTHORIZATION_START = 2 * TIME_DIGITS;
function encodeRecord(expiresAtSec, jwt2, claims) {
  const times = tenDigits(expiresAtSec) + tenDigits(claims.notBeforeSec);
  const lines = [claims.scope, claims.issuer].concat(claims.audience);
  return `${times}Bearer ${jwt2}
${lines.join("\n")}`;
}
function isFresh(record, nowSec) {
  return Number(record.slice(0, TIME_DIGITS)) > nowSec;
}
function notBeforeOf(record) {
  return Number(record.slice(TIME_DIGITS, AUTHORIZATION_START));
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

// src/core/settings.ts
var MAX_SEC = 31536e3;
var QUOTABLE = /^[\x20\x21\x23-\x5B\x5D-\x7E]+$/;
var INTERNAL_LOCATION = /^\/[\x21\x22\x24-\x3E\x40-\x7E]*$/;
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
    { variable: "phantom_token_cache_ttl", defaultValue: "300", check: checkSeconds }
  ];
}
function readSwitch(joined) {
  if (joined.startsWith("on\n")) {
    return "on";
  }
  const value = joined.slice(0, joined.indexOf("\n")).toLowerCase();
  return value === "on" || value === "off" ? value : "invalid";
}
function hasNoPolicy(joined) {
  return joined.startsWith("on\n\n\n\n\n");
}
function parseSettings(joined) {
  const table = settingsTable();
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
  return typedSettings(values);
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
    cacheTtlSec: Number(values.phantom_token_cache_ttl)
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
    return "is not set in this location: set it to on or off (nested locations do not inherit set)";
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
    return "is not set: name the internal location that introspects";
  }
  return INTERNAL_LOCATION.test(value) ? void 0 : "must be the path of an internal location, such as /introspect";
}
function checkRealm(value) {
  return QUOTABLE.test(value) ? void 0 : "must be printable ASCII without quotes and backslashes";
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

// src/edge/introspect.ts
async function introspect(r, location, form) {
  const v = r.variables;
  v.phantom_introspection = "asked";
  const reply = await r.subrequest(location, { method: "POST", body: form });
  const isIntrospection = v.phantom_introspection === "answered";
  v.phantom_introspection = "";
  const headers = reply.headersOut;
  const bytes = reply.responseBuffer;
  return {
    isIntrospection,
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
function text(value) {
  if (value === void 0) {
    return "";
  }
  return Array.isArray(value) ? value.join(", ") : value;
}

// src/edge/request.ts
function readRequest(r, mode) {
  const v = r.variables;
  return mode === "access" ? { settings: text2(v.phantom_settings), lookup: text2(v.phantom_lookup) } : { settings: text2(v.phantom_kept_settings), lookup: text2(v.phantom_kept_lookup) };
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

// src/edge/shared_cache.ts
function findZoneProblem() {
  return ngx.shared.phantom_token === void 0 ? "js_shared_dict_zone phantom_token is not declared: include zones.conf at http level" : void 0;
}
function readRecord(key) {
  const zone = ngx.shared.phantom_token;
  return zone === void 0 ? void 0 : zone.get(key);
}
function writeRecord(key, record, ttlSec) {
  const zone = ngx.shared.phantom_token;
  try {
    zone.set(key, record, ttlSec * 1e3);
  } catch (e) {
    if (e.name !== "SharedMemoryError") {
      throw e;
    }
  }
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
      grant(r, mode, granted(credentialOf(request.lookup), "BYPASS"));
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
    handleHitWithPolicy(r, mode, request, record, nowSec);
  } catch (e) {
    failOnBug(r, mode, e);
  }
  return void 0;
}
function handleHitWithPolicy(r, mode, request, record, nowSec) {
  const settings = parseSettings(request.settings);
  if (settings.kind === "misconfiguration") {
    fail(r, mode, unavailable("misconfigured", settings.problem, ""));
    return;
  }
  respond(r, mode, decideRecord(record, settings, nowSec), settings);
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
  const problem = findUnsafeNjs(njs.version_number, mode) || findZoneProblem();
  if (problem !== void 0) {
    return unavailable("misconfigured", problem, "");
  }
  const credential = parseBearer(credentialOf(lookup));
  if (credential.kind === "refused") {
    return denied(credential.reason, "");
  }
  const canonical = canonicalLookup(lookup, credential.token);
  const key = cacheKey(canonical);
  const record = canonical === lookup ? void 0 : readRecord(key);
  if (record !== void 0 && isFresh(record, readClockSec())) {
    return decideRecord(record, settings, readClockSec());
  }
  const reply = await introspect(r, settings.introspectionEndpoint, introspectionForm(credential.token));
  const nowSec = readClockSec();
  const answer = interpretReply(reply, nowSec);
  if (answer.kind !== "active") {
    return answer;
  }
  store(key, answer, reply, settings, nowSec);
  const reason = checkPolicy(answer.claims, settings, nowSec);
  return reason === void 0 ? granted(`Bearer ${answer.jwt}`, "MISS") : denied(reason, "MISS");
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
    writeRecord(key, encodeRecord(nowSec + ttlSec, active.jwt, active.claims), ttlSec);
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
