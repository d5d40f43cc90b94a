// njs-phantom-token 0.1.0 (Apache-2.0). Built from src/ by `npm run build`: change it there, not here.

// src/core/cache/key.ts
import crypto2 from "crypto";

// src/core/introspection/flight.ts
import crypto3 from "crypto";

// src/edge/client_credentials.ts
import nodeCrypto from "crypto";
import fs from "fs";

// src/core/cache/key.ts
var begun;
var wasCalled;
function firstKey(lookup) {
  if (wasCalled) {
    begun = crypto2.createHash("sha256").update("3\n" /* prefix */);
  }
  wasCalled = true;
  return crypto2.createHash("sha256").update("3\n" /* prefix */ + lookup).digest("base64url");
}

// src/edge/request.ts
function takeKeptRequest(v) {
  const kept = v._phantom_kept_request;
  v._phantom_kept_request = "";
  return kept;
}
function readPolicy(v, request) {
  const live = v._phantom_policy;
  return (request.startsWith(`${"here on\n" /* on */}${live}
`)) ? live : policyPart().findPolicy(request);
}

// src/edge/counters.ts
function countRequest(cacheStatus) {
  const zone = ngx.shared.phantom_token_metrics;
  if (zone === void 0) {
    isOff = true;
  } else {
    policyPart().add(zone, policyPart().requestsSeries(cacheStatus), 1);
  }
}
var isOff;

// src/edge/shared_cache.ts
var records;
function readFirstRecord(key) {
  records = ngx.shared.phantom_token;
  return records === void 0 ? void 0 : records.get(key);
}

// src/edge/respond.ts
function grant(r, v, mode, authorization, cacheStatus) {
  v.phantom_token_authorization = authorization;
  v._phantom_state = cacheStatus;
  if ((isOff === void 0)) {
    countRequest(cacheStatus);
  }
  if (mode === "access") {
    r.decline();
  } else {
    r.return(204);
  }
}

// src/gateway/hit.ts
function access(r) {
  r.return(500);
  return handle(r, "access");
}
function authorize(r) {
  return handle(r, "auth_request");
}
function handle(r, mode) {
  try {
    const variables = (r.variables);
    const request = (mode === "access" ? variables._phantom_request : takeKeptRequest(variables));
    const isOpen = (request.startsWith("here on\n\n\n\n\n\n" /* onWithoutPolicy */));
    if (!isOpen && !(request.startsWith("here on\n" /* on */))) {
      return policyPart().timesPart().missPart().handleSwitch(r, mode, request);
    }
    const policy = isOpen ? "\n\n\n\n" /* none */ : readPolicy(variables, request);
    const lookup = (request.slice("here on\n" /* on */.length + policy.length + 1));
    const key = (begun === void 0 ? firstKey(lookup) : begun.copy().update(lookup).digest("base64url"));
    const record = (records === void 0 ? readFirstRecord(key) : records.get(key));
    const nowSec = (Date.now() / 1e3);
    if (record === void 0 || !(policy === "\n\n\n\n" /* none */ ? (Number(record.slice(0 /* readyUntil */, 10 /* expiry */)) > nowSec) : (record.slice(60 /* policy */, Number(record.slice(50 /* grantsStart */, 55 /* authorizationStart */))) === policy) ? (Number(record.slice(10 /* expiry */, 20 /* notBefore */)) > nowSec) : policyPart().meetsPolicy(record, policy, nowSec))) {
      return policyPart().timesPart().missPart().handleMiss(r, mode, request);
    }
    grant(r, variables, mode, (record.slice(Number(record.slice(55 /* authorizationStart */, 60 /* policy */)))), "HIT");
  } catch (e) {
    policyPart().timesPart().missPart().failOnBug(r, mode, e);
  }
  return void 0;
}

// src/index.ts
var index_default = {
  access,
  authorize,
  // What these call is made when they are called: scripts/parts.mjs.
  purge: (r) => policyPart().timesPart().missPart().askPart().purge(r),
  metrics: (r) => policyPart().timesPart().missPart().askPart().metrics(r),
  jwt: (r) => policyPart().timesPart().missPart().askPart().jwt(r),
  subject: (r) => policyPart().timesPart().missPart().askPart().subject(r),
  client: (r) => policyPart().timesPart().missPart().askPart().client(r)
};

// For a policy that the token was not checked against when it was stored, and for metrics.
var policyPartMade;
function policyPart() {
  return policyPartMade || (policyPartMade = makePolicyPart());
}
function makePolicyPart() {

// src/core/token/scope.ts
var SCOPE_LIST = /^[\x20\x21\x23-\x5B\x5D-\x7E]*$/;
function isScopeList(text3) {
  return SCOPE_LIST.test(text3);
}
function splitScopes(list2) {
  return list2.split(" ").filter(isNotEmpty);
}
function isNotEmpty(token) {
  return token !== "";
}

// src/core/text/plain_text.ts
var PLAIN = /^[^\x00-\x1F\x7F]*$/;
function isPlainText(text3) {
  return PLAIN.test(text3);
}

// src/core/settings/checks.ts
function checkScopes(value) {
  const isList = isScopeList(value) && (value === "" || splitScopes(value).length > 0);
  return isList ? void 0 : "must be scopes separated by spaces (RFC 6749 \xA73.3)";
}
function checkPlainText(value) {
  return isPlainText(value) ? void 0 : "must not hold control characters";
}

// src/core/cache/record.ts
function grantsOf(record) {
  return record.slice(
    Number(record.slice(50 /* grantsStart */, 55 /* authorizationStart */)),
    Number(record.slice(55 /* authorizationStart */, 60 /* policy */))
  );
}

// src/core/settings/request_text.ts
function findPolicy(text3) {
  return text3.split("\n").slice(1, 6 /* aboveLookup */).join("\n");
}
function isWholePolicy(lines) {
  return lines.length === 5 /* policy */;
}

// src/core/answer/metrics.ts
function requestsSeries(cacheStatus) {
  return `phantom_token_requests_total{cache_status="${cacheStatus === "" ? "NONE" : cacheStatus}"}`;
}

// src/edge/counters.ts
function add(zone, series, by) {
  try {
    zone.incr(series, by, 0);
  } catch (_fullOrOfStrings) {
  }
}

// src/core/token/policy.ts
var SCOPE = "\n";
var ISSUER = "\v";
var AUDIENCE = "\f";
function checkGrants(grants, issuer, audience, requiredScopes) {
  if (issuer !== "" && !grants.includes(ISSUER + issuer + ISSUER)) {
    return "issuer_mismatch";
  }
  if (audience !== "" && !grants.includes(AUDIENCE + audience + AUDIENCE)) {
    return "audience_mismatch";
  }
  for (let i = 0; i < requiredScopes.length; i++) {
    if (!grants.includes(SCOPE + requiredScopes[i] + SCOPE)) {
      return "scope_insufficient";
    }
  }
  return void 0;
}

// src/gateway/known.ts
function meetsPolicy(record, policy, nowSec) {
  const lines = policy.split("\n");
  if (!isWholePolicy(lines)) {
    return false;
  }
  const isInTime = lines[3] === "" && lines[4] === "" ? (Number(record.slice(0 /* readyUntil */, 10 /* expiry */)) > nowSec) : timesPart().meetsTimes(record, lines[3], lines[4], nowSec);
  const required = splitScopes(lines[0]);
  return isInTime && isPolicyValid(lines) && checkGrants(grantsOf(record), lines[2], lines[1], required) === void 0;
}
function isPolicyValid(lines) {
  const problem = checkScopes(lines[0]) || checkPlainText(lines[1]) || checkPlainText(lines[2]);
  return problem === void 0;
}

// For such a policy with a clock skew or a TTL.
var timesPartMade;
function timesPart() {
  return timesPartMade || (timesPartMade = makeTimesPart());
}
function makeTimesPart() {

// src/core/settings/checks.ts
var MAX_SEC = 31536e3;
function checkSeconds(value) {
  return checkNumber(MAX_SEC, "seconds")(value);
}
function checkNumber(max, of) {
  return (value) => {
    const valid = /^[0-9]{1,8}$/.test(value) && Number(value) <= max;
    return valid ? void 0 : `must be a whole number of ${of} from 0 to ${max}, without a unit`;
  };
}

// src/core/settings/settings.ts
var DEFAULT_CLOCK_SKEW_SEC = 60;
var DEFAULT_CACHE_TTL_SEC = 300;
function parseClockSkewSec(value) {
  return value === "" ? DEFAULT_CLOCK_SKEW_SEC : parseSeconds(value);
}
function parseCacheTtlSec(value) {
  return value === "" ? DEFAULT_CACHE_TTL_SEC : parseSeconds(value);
}
function parseSeconds(value) {
  return checkSeconds(value) === void 0 ? Number(value) : void 0;
}

// src/core/cache/record.ts
function notBeforeOf(record) {
  return Number(record.slice(20 /* notBefore */, 30 /* stored */));
}
function ageSecOf(record, nowSec) {
  return nowSec - Number(record.slice(30 /* stored */, 40 /* usableUntil */));
}

// src/gateway/known.ts
function meetsTimes(record, clockSkew, cacheTtl, nowSec) {
  const clockSkewSec = parseClockSkewSec(clockSkew);
  const cacheTtlSec = parseCacheTtlSec(cacheTtl);
  return clockSkewSec !== void 0 && cacheTtlSec !== void 0 && (Number(record.slice(10 /* expiry */, 20 /* notBefore */)) > nowSec) && notBeforeOf(record) <= nowSec + clockSkewSec && isYoungEnough(record, cacheTtlSec, nowSec);
}
function isYoungEnough(record, cacheTtlSec, nowSec) {
  return cacheTtlSec > 0 && ageSecOf(record, nowSec) < cacheTtlSec;
}

// For a token that no record grants.
var missPartMade;
function missPart() {
  return missPartMade || (missPartMade = makeMissPart());
}
function makeMissPart() {

// src/core/cache/key.ts
function credentialOf(lookup) {
  return lookup.slice(lookup.lastIndexOf("\n") + 1);
}
function endpointOf(lookup) {
  return lookup.slice(0, lookup.indexOf("\n", lookup.indexOf("\n") + 1));
}
function keyspaceOf(lookup) {
  return `${lookup.slice(0, lookup.lastIndexOf("\n") + 1)}Bearer `;
}
function canonicalLookup(lookup, token) {
  return keyspaceOf(lookup) + token;
}
function reachOf(lookup) {
  const endpoint = endpointOf(lookup);
  return endpoint.charAt(0) === "=" ? endpoint : endpoint.slice(endpoint.indexOf(" "));
}
function purgeKey(lookup) {
  const question = `${reachOf(lookup)}
${credentialOf(lookup)}`;
  return (begun === void 0 ? firstKey(question) : begun.copy().update(question).digest("base64url"));
}

// src/core/settings/checks.ts
var QUOTABLE = /^[\x20\x21\x23-\x5B\x5D-\x7E]+$/;
var INTERNAL_LOCATION = /^\/[\x21\x22\x24-\x3E\x40-\x7E]*$/;
var ABSOLUTE_URL = /^https?:\/\/(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?(\/[\x21\x22\x24-\x3E\x40-\x7E]*)?$/;
var FORM_FIELDS = /^([A-Za-z0-9._~*+-]+=([A-Za-z0-9._~*+-]|%[0-9A-Fa-f]{2})*(&(?!$)|$))*$/;
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
function checkRealm(value) {
  return QUOTABLE.test(value) ? void 0 : "must be printable ASCII without quotes and backslashes";
}
function checkOneOf(words) {
  return (value) => words.includes(value) ? void 0 : `must be one of ${words.join(", ")}`;
}
function checkCount(max, of) {
  return (value) => {
    const valid = /^[1-9][0-9]{0,6}$/.test(value) && Number(value) <= max;
    return valid ? void 0 : `must be a number of ${of} from 1 to ${max}`;
  };
}
function checkTimeout(value) {
  const valid = /^[1-9][0-9]?$/.test(value) && Number(value) <= 60;
  return valid ? void 0 : "must be a whole number of seconds from 1 to 60, without a unit";
}

// src/core/settings/settings.ts
var PREFLIGHTS = ["answer", "pass", "authenticate"];
var NOT_HERE = "this location does not include protect.conf itself: nested locations and limit_except do not inherit settings";
function settingsTable() {
  return [
    { variable: "phantom_token", defaultValue: "", check: checkSwitch },
    { variable: "phantom_token_required_scopes", defaultValue: "", check: checkScopes },
    { variable: "phantom_token_audience", defaultValue: "", check: checkPlainText },
    { variable: "phantom_token_issuer", defaultValue: "", check: checkPlainText },
    {
      variable: "phantom_token_clock_skew",
      defaultValue: String(DEFAULT_CLOCK_SKEW_SEC),
      check: checkSeconds
    },
    { variable: "phantom_token_cache_ttl", defaultValue: String(DEFAULT_CACHE_TTL_SEC), check: checkSeconds },
    { variable: "phantom_token_introspection_endpoint", defaultValue: "", check: checkEndpoint },
    { variable: "phantom_token_introspection_parameters", defaultValue: "", check: checkFormFields },
    { variable: "phantom_token_jwt_field", defaultValue: "", check: checkPlainText },
    {
      variable: "phantom_token_max_jwt_length",
      defaultValue: "65536",
      check: checkCount(1048576, "characters")
    },
    { variable: "phantom_token_cache_control", defaultValue: "obey", check: checkOneOf(["obey", "ignore"]) },
    { variable: "phantom_token_realm", defaultValue: "api", check: checkRealm },
    { variable: "phantom_token_scopes", defaultValue: "", check: checkScopes },
    { variable: "phantom_token_preflight", defaultValue: "answer", check: checkOneOf(PREFLIGHTS) },
    { variable: "phantom_token_negative_cache_ttl", defaultValue: "5", check: checkNumber(60, "seconds") },
    { variable: "phantom_token_stale_if_error", defaultValue: "0", check: checkSeconds },
    {
      variable: "phantom_token_introspection_timeout",
      defaultValue: "10",
      check: checkTimeout
    },
    { variable: "phantom_token_breaker_failures", defaultValue: "5", check: checkNumber(1e3, "failures") },
    { variable: "phantom_token_breaker_delay", defaultValue: "2", check: checkNumber(3600, "seconds") },
    {
      variable: "phantom_token_max_waiting",
      defaultValue: "500",
      check: checkCount(1e5, "requests")
    }
  ];
}
function isAbsoluteUrl(endpoint) {
  return endpoint.charAt(0) !== "/";
}
function parseSettings(isHere, joined) {
  if (!isHere) {
    return misconfiguration(NOT_HERE);
  }
  const lines = parseLines(settingsTable(), joined);
  return lines.kind === "misconfiguration" ? lines : typedSettings(lines.values);
}
function parseLines(table, joined) {
  const lines = joined.split("\n");
  if (lines.length !== table.length) {
    return misconfiguration("a setting holds a line break, or http.conf does not fit the script");
  }
  const values = {};
  for (let i = 0; i < table.length; i++) {
    const setting = table[i];
    const line = lines[i];
    const value = line === "" ? setting.defaultValue : line;
    const problem = line === "" && value !== "" ? void 0 : setting.check(value);
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
    introspectionParameters: values.phantom_token_introspection_parameters,
    obeysCacheControl: values.phantom_token_cache_control === "obey",
    negativeCacheTtlSec: Number(values.phantom_token_negative_cache_ttl),
    staleIfErrorSec: Number(values.phantom_token_stale_if_error),
    introspectionTimeoutSec: Number(values.phantom_token_introspection_timeout),
    breakerFailures: Number(values.phantom_token_breaker_failures),
    breakerDelaySec: Number(values.phantom_token_breaker_delay),
    maxWaiting: Number(values.phantom_token_max_waiting)
  };
}
function misconfiguration(problem) {
  return { kind: "misconfiguration", problem };
}

// src/core/settings/request_text.ts
function isConfiguredHere(text3) {
  return text3.startsWith("here " /* here */);
}
function readSwitch(text3) {
  const value = isConfiguredHere(text3) ? text3.slice("here " /* here */.length, text3.indexOf("\n")).toLowerCase() : "";
  return value === "on" || value === "off" ? value : "invalid";
}
function takeApart(text3, rest) {
  const lines = text3.split("\n");
  const others = rest.split("\n");
  if (lines.length !== 14 /* text */ || others.length !== 17 /* text */) {
    return { policy: "", lookup: "", settings: "", client: "" };
  }
  const first = lines[0];
  const policy = lines.slice(1, 6 /* aboveLookup */);
  const own = [first.slice(first.indexOf(" ") + 1)].concat(policy);
  const asked = [lines[7], lines[9], lines[10], lines[11], lines[12]];
  return {
    policy: policy.join("\n"),
    lookup: lines.slice(6 /* aboveLookup */).join("\n"),
    settings: own.concat(asked, others.slice(0, 9 /* settings */)).join("\n"),
    client: [lines[8]].concat(others.slice(9 /* settings */)).join("\n")
  };
}

// src/edge/clock.ts
function readClockSec() {
  return Math.floor(Date.now() / 1e3);
}

// src/core/request/preflight.ts
function isPreflight(method, origin, requestedMethod) {
  return method === "OPTIONS" && origin !== "" && requestedMethod !== "";
}

// src/edge/request.ts
function readRest(r, mode) {
  const v = r.variables;
  return text(mode === "access" ? v._phantom_rest : v._phantom_kept_rest);
}
function readAuthorization(r) {
  return text(r.variables.http_authorization);
}
function readsAsPreflight(r) {
  const v = r.variables;
  return isPreflight(text(v.request_method), text(v.http_origin), text(v.http_access_control_request_method));
}
function text(value) {
  return value === void 0 ? "" : value;
}

// src/core/answer/challenge.ts
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
    case "introspection_rate_limited":
    case "introspection_overloaded":
    case "introspection_suspended":
    case "introspection_queue_full":
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

// src/core/answer/outcome.ts
function granted(authorization, cacheStatus) {
  return { kind: "grant", authorization, cacheStatus };
}
function denied(reason, cacheStatus) {
  return { kind: "denial", reason, cacheStatus };
}
function unavailable(reason, detail, cacheStatus, retryAfter) {
  const isOutage = isOutageReason(reason);
  return { kind: "unavailable", reason, detail, retryAfter: retryAfter || "", cacheStatus, isOutage };
}
function isOutageReason(reason) {
  const isAnswered = reason === "introspection_overloaded" || reason === "introspection_suspended" || reason === "introspection_server_error";
  return isAnswered || isTransportFailure(reason);
}
function isTransportFailure(reason) {
  return reason === "introspection_unreachable" || reason === "introspection_timeout";
}

// src/core/answer/metrics.ts
function refusalsSeries(reason) {
  return `phantom_token_refusals_total{reason="${reason}"}`;
}

// src/edge/counters.ts
function count(series) {
  const zone = ngx.shared.phantom_token_metrics;
  if (zone !== void 0) {
    add(zone, series, 1);
  }
}

// src/core/settings/njs_version.ts
function findUnsafeNjs(version, engine, mode, isUrl) {
  if (mode === "access" && version < 65537) {
    return "js_access needs njs 1.0.1 or newer: use auth_request mode or a newer njs";
  }
  if (!isUrl && version >= 2309 && version <= 2313) {
    return "njs 0.9.5 to 0.9.9 crash in subrequests when a client hangs up: use an absolute URL as endpoint, or njs 1.0.1 or newer";
  }
  if (isUrl && engine === "QuickJS" && version < 2305) {
    return "QuickJS of njs below 0.9.1 cannot fetch a URL: use an internal location as endpoint, js_engine njs, or njs 1.0.1 or newer";
  }
  return void 0;
}
function isEvictUnsafe(version, zones) {
  return version < 2311 && zones !== "without_evict";
}

// src/edge/shared_cache.ts
var MAX_MS = 2147483647;
var PURGED_PREFIX = "purged:";
function findZoneProblem(r) {
  if (isEvictUnsafe(njs.version_number, r.variables.phantom_zones)) {
    return EVICTS;
  }
  const missing = ALL_ZONES.filter((zone) => !isDeclared(zone));
  return missing.length === 0 ? void 0 : `the js_shared_dict_zone ${missing.join(", ")} is not declared: include zones.conf at http level, or add its line to your own zones.conf`;
}
var EVICTS = "below njs 0.9.7 a zone with evict crashes workers: include zones_njs_0.8.conf in place of zones.conf; a zones file of your own needs the js_var line of that file, and no evict";
function readDenial(key) {
  return dictionary("phantom_token_denied").get(key);
}
function isPurged(key) {
  return dictionary("phantom_token_state").has(PURGED_PREFIX + key);
}
function addState(name, state, ttlMs) {
  return add2("phantom_token_state", name, state, ttlMs);
}
var ALL_ZONES = [
  "phantom_token",
  "phantom_token_denied",
  "phantom_token_locks",
  "phantom_token_state"
];
function isDeclared(zone) {
  return ngx.shared[zone] !== void 0;
}
function isFirstInMinute(name) {
  return addState(`log:${name}`, "", 6e4) === "added";
}
function dictionary(zone) {
  return ngx.shared[zone];
}
function add2(zone, key, value, ttlMs) {
  try {
    return dictionary(zone).add(key, value, Math.min(ttlMs, MAX_MS)) ? "added" : "exists";
  } catch (e) {
    return fullOrThrow(e);
  }
}
function fullOrThrow(e) {
  if (e.name !== "SharedMemoryError") {
    throw e;
  }
  return "full";
}

// src/edge/respond.ts
function respond(r, mode, outcome, settings) {
  switch (outcome.kind) {
    case "grant":
      grant(r, r.variables, mode, outcome.authorization, outcome.cacheStatus);
      break;
    case "denial":
      deny(r, mode, outcome, settings);
      break;
    case "unavailable":
      fail(r, mode, outcome, settings.introspectionEndpoint);
      break;
    case "preflight":
      answerPreflight(r, mode);
      break;
  }
}
function answerPreflight(r, mode) {
  const v = r.variables;
  v.phantom_token_authorization = "";
  v._phantom_state = "BYPASS";
  countRequest("BYPASS");
  if (mode === "access") {
    r.return(204);
  } else {
    v._phantom_status = "204";
    r.return(401, "");
  }
}
function deny(r, mode, outcome, settings) {
  r.log(`phantom_token: ${outcome.reason}`);
  refuse(r, mode, buildDenial(outcome, settings), outcome);
}
function fail(r, mode, outcome, endpoint) {
  if (isWorthALine(outcome.reason)) {
    noteFailure(r, outcome, endpoint);
  }
  refuse(r, mode, buildUnavailable(outcome), outcome);
}
function isWorthALine(reason) {
  return reason !== "introspection_suspended" && (reason !== "introspection_queue_full" || isFirstInMinute("queue_full"));
}
function noteFailure(r, failure, endpoint) {
  r.error(`phantom_token: ${askPart().formatFailureLine(failure, askPart().readPlace(r, endpoint))}`);
}
function refuse(r, mode, refusal, outcome) {
  const v = r.variables;
  v.phantom_token_authorization = "";
  v._phantom_state = outcome.cacheStatus;
  v.phantom_token_reason = outcome.reason;
  countRequest(outcome.cacheStatus);
  count(refusalsSeries(outcome.reason));
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
  send(r, refusal.status, refusal.body);
}
function answerThroughErrorPage(r, refusal) {
  const v = r.variables;
  v._phantom_status = String(refusal.status);
  v._phantom_challenge = refusal.challenge;
  v._phantom_retry_after = refusal.retryAfter;
  v._phantom_body = refusal.body;
  send(r, Math.min(refusal.status, 500), "");
}
function send(r, status, body) {
  try {
    r.return(status, body);
  } catch (_gone) {
    r.log("phantom_token: the client has gone");
  }
}

// src/core/cache/denial_record.ts
var TIME_DIGITS = 10;
function reasonOf(record, ttlSec, nowSec) {
  const expiresAtSec = Number(record.slice(0, TIME_DIGITS));
  const storedAtSec = Number(record.slice(TIME_DIGITS, 2 * TIME_DIGITS));
  const isTaken = nowSec < Math.min(expiresAtSec, storedAtSec + ttlSec);
  return isTaken ? record.slice(2 * TIME_DIGITS) : void 0;
}

// src/core/token/policy.ts
function checkPolicy(grants, notBeforeSec, policy, nowSec) {
  return notBeforeSec > nowSec + policy.clockSkewSec ? "token_not_yet_valid" : checkGrants(grants, policy.issuer, policy.audience, policy.requiredScopes);
}

// src/gateway/known.ts
function decideKnown(sought, settings, ifActive, ifRejected) {
  const nowSec = readClockSec();
  const key = sought.key;
  const record = (records === void 0 ? readFirstRecord(key) : records.get(key));
  if (record !== void 0 && (Number(record.slice(10 /* expiry */, 20 /* notBefore */)) > nowSec) && isYoungEnough(record, settings.cacheTtlSec, nowSec)) {
    return decideRecord(record, settings, nowSec, ifActive);
  }
  const denial = readDenial(key);
  const reason = denial === void 0 ? void 0 : reasonOf(denial, settings.negativeCacheTtlSec, nowSec);
  if (reason !== void 0) {
    return denied(reason, ifRejected);
  }
  return isPurged(purgeKey(sought.lookup)) ? denied("token_purged", ifRejected) : void 0;
}
function decideRecord(record, settings, nowSec, cacheStatus) {
  const reason = checkPolicy(grantsOf(record), notBeforeOf(record), settings, nowSec);
  return reason === void 0 ? granted((record.slice(Number(record.slice(55 /* authorizationStart */, 60 /* policy */)))), cacheStatus) : denied(reason, cacheStatus);
}

// src/core/request/bearer.ts
var B64TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;
var SCHEME_LENGTH = 6;
var MAX_TOKEN_LENGTH = 4096;
function isB64Token(text3) {
  return text3.length <= MAX_TOKEN_LENGTH && B64TOKEN.test(text3);
}
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
  return isB64Token(token) ? { kind: "token", token } : { kind: "refused", reason: "token_malformed" };
}
function skipSpaces(text3, from) {
  let i = from;
  while (i < text3.length && text3.charCodeAt(i) === 32) {
    i++;
  }
  return i;
}

// src/gateway/miss.ts
function handleSwitch(r, mode, request) {
  if (readSwitch(request) === "off") {
    grant(r, (r.variables), mode, readAuthorization(r), "BYPASS");
    return void 0;
  }
  return handleMiss(r, mode, request);
}
async function handleMiss(r, mode, request) {
  try {
    const texts = takeApart(request, readRest(r, mode));
    const settings = parseSettings(isConfiguredHere(request), texts.settings);
    if (settings.kind === "misconfiguration") {
      fail(r, mode, unavailable("misconfigured", settings.problem, ""), "");
      return;
    }
    const outcome = await decideMiss(r, mode, texts, settings);
    respond(r, mode, outcome, settings);
  } catch (e) {
    failOnBug(r, mode, e);
  }
}
async function decideMiss(r, mode, texts, settings) {
  const isUrl = isAbsoluteUrl(settings.introspectionEndpoint);
  const problem = findUnsafeNjs(njs.version_number, njs.engine, mode, isUrl) || findZoneProblem(r);
  if (problem !== void 0) {
    return unavailable("misconfigured", problem, "");
  }
  const credential = parseBearer(credentialOf(texts.lookup));
  if (credential.kind === "refused") {
    return credential.reason === "token_missing" ? decideNoToken(r, settings) : denied(credential.reason, "");
  }
  const canonical = canonicalLookup(texts.lookup, credential.token);
  const sought = { lookup: canonical, key: (begun === void 0 ? firstKey(canonical) : begun.copy().update(canonical).digest("base64url")) };
  const known = decideKnown(sought, settings, "HIT", "NEGATIVE");
  if (known !== void 0) {
    return known;
  }
  const question = {
    lookup: canonical,
    key: sought.key,
    token: credential.token,
    policy: texts.policy,
    clientLines: texts.client
  };
  const asked = await askPart().askOnce(r, question, settings);
  const outcome = asked.kind === "unavailable" && asked.isOutage ? askPart().standIn(r, asked, sought.key, settings) : asked;
  if (outcome.kind === "unavailable" && outcome.reason === "introspection_suspended") {
    askPart().countRefused(endpointOf(canonical));
  }
  return outcome;
}
function decideNoToken(r, settings) {
  if (settings.preflight === "authenticate" || !readsAsPreflight(r)) {
    return denied("token_missing", "");
  }
  return settings.preflight === "pass" ? granted("", "BYPASS") : { kind: "preflight" };
}
function failOnBug(r, mode, e) {
  const name = e instanceof Error ? e.name : typeof e;
  fail(r, mode, unavailable("internal_error", `exception=${name}`, ""), "");
}

// For a token that is not known to be rejected either, for failures, and for operators.
var askPartMade;
function askPart() {
  return askPartMade || (askPartMade = makeAskPart());
}
function makeAskPart() {

// src/core/cache/key.ts
function isAddressBound(lookup) {
  return /^[0-9]* @/.test(lookup);
}

// src/core/cache/listed_keyspace.ts
var RELISTED_SEC = 86400;
function formatListed(listed) {
  return `${listed.listedAtSec} ${listed.markTtlSec} ${listed.keyspace}`;
}
function parseListed(text3) {
  const first = text3.indexOf(" ");
  const second = text3.indexOf(" ", first + 1);
  return {
    listedAtSec: Number(text3.slice(0, first)),
    markTtlSec: Number(text3.slice(first + 1, second)),
    keyspace: text3.slice(second + 1)
  };
}
function isListedFor(listed, markTtlSec, nowSec) {
  const ageSec2 = nowSec - listed.listedAtSec;
  return listed.markTtlSec >= markTtlSec && ageSec2 >= 0 && ageSec2 < RELISTED_SEC;
}
function markTtlSecOf(location) {
  return Math.max(location.cacheTtlSec + location.staleIfErrorSec, maxIntrospectionSec(location));
}
function maxIntrospectionSec(location) {
  return 2 * location.introspectionTimeoutSec;
}
function longestMarkTtlSec(ownSec, keyspaces) {
  return keyspaces.reduce((ttlSec, listed) => Math.max(ttlSec, listed.markTtlSec), ownSec);
}

// src/core/settings/settings.ts
function parsePurgeSettings(joined) {
  const lines = ["on"].concat(joined.split("\n").slice(1));
  const parsed = parseLines(settingsTable(), lines.join("\n"));
  if (parsed.kind === "misconfiguration") {
    return parsed;
  }
  const settings = typedSettings(parsed.values);
  return { kind: "purge_settings", markTtlSec: markTtlSecOf(settings) };
}

// src/core/cache/record.ts
var NEVER_SEC = 9999999999;
function encodeRecord(times, jwt2, grants, metPolicy) {
  const usableUntilSec = times.usableUntilSec === void 0 ? NEVER_SEC : times.usableUntilSec;
  const head = digits(readyUntilSec(times), 10) + digits(times.expiresAtSec, 10) + digits(times.notBeforeSec, 10) + digits(times.storedAtSec, 10) + digits(usableUntilSec, 10) + digits(60 /* policy */ + metPolicy.length, 5) + digits(60 /* policy */ + metPolicy.length + grants.length, 5);
  return `${head}${metPolicy}${grants}Bearer ${jwt2}`;
}
function isCountedAlike(text3) {
  for (let i = 0; i < text3.length; i++) {
    const code = text3.charCodeAt(i);
    if (code > 55295 && (code < 57344 || code > 65535)) {
      return false;
    }
  }
  return true;
}
function readyUntilSec(times) {
  return times.notBeforeSec > times.storedAtSec + DEFAULT_CLOCK_SKEW_SEC ? 0 : Math.min(times.expiresAtSec, times.storedAtSec + DEFAULT_CACHE_TTL_SEC);
}
function isStale(record, limits, nowSec) {
  const storedAtSec = Number(record.slice(30 /* stored */, 40 /* usableUntil */));
  const usableUntilSec = Number(record.slice(40 /* usableUntil */, 50 /* grantsStart */));
  const recordEndSec = Math.min(
    Number(record.slice(10 /* expiry */, 20 /* notBefore */)),
    storedAtSec + limits.cacheTtlSec
  );
  const isWanted = limits.staleIfErrorSec > 0 && limits.cacheTtlSec > 0;
  return isWanted && nowSec < Math.min(recordEndSec + limits.staleIfErrorSec, usableUntilSec);
}
function digits(value, width) {
  return String(value).padStart(width, "0");
}

// src/edge/clock.ts
function readClockMs() {
  return Date.now();
}
function readChance() {
  return Math.random();
}

// src/core/answer/failure_line.ts
var PATH_HEAD = /^\/(?:[A-Za-z_-]{1,16}[0-9]{0,2}\/)?/;
function readPathHead(requestUri, input) {
  const match = input === "" ? PATH_HEAD.exec(requestUri) : null;
  return match === null ? "" : match[0];
}
function adviceTable() {
  return {
    misconfigured: "",
    // its detail names what to correct
    internal_error: "a bug of the script: please report this line",
    introspection_unreachable: "no connection to the authorization server, or TLS failed, as nginx's own line before this one says: look at address, certificates and firewall; without such a line a load balancer before it said 502",
    introspection_timeout: "no answer in time: find out what makes the authorization server slow, or raise the times and the limit in introspection_limits.conf (js_fetch_timeout for a URL) and $phantom_token_introspection_timeout with them; if it keeps the connection to a URL open, which njs below 1.0.2 takes for silence, use an internal location as endpoint, or njs 1.0.2 or newer",
    introspection_rate_limited: "the authorization server says 429: look at its rate limits; a longer $phantom_token_cache_ttl asks less",
    introspection_overloaded: "the authorization server says 503: it is not ready: look at its own log",
    introspection_queue_full: "too many requests wait for one token: put limit_conn and limit_req in front, or raise $phantom_token_max_waiting",
    introspection_suspended: "",
    // no line for each request: formatSuspendedLine
    introspection_server_error: "the authorization server failed: look at its own log",
    introspection_unauthorized: "the authorization server refused the gateway's own id and secret: correct $phantom_token_client_id and its secret or key; with credentials=none correct the proxy_set_header Authorization, or the client certificate, of the introspection location",
    introspection_status: "no status that introspection has: is the path in proxy_pass that of the introspection endpoint, and does the gateway's own id and secret stand in one place only?",
    introspection_content_type: "neither a JWT nor JSON, often a login page: is the path in proxy_pass that of the introspection endpoint?",
    introspection_truncated: "the answer is shorter than its Content-Length: look at the authorization server and at proxies before it",
    introspection_malformed: "the answer is none that the gateway knows: compare it with docs/authorization_servers.md",
    introspection_invalid_claim: "correct the type of that claim where the authorization server makes the token",
    introspection_response_jwt: "an RFC 9701 response, which is no access token: have the authorization server answer with the JWT itself, or with JSON that holds it",
    jwt_missing: "the answer has no member that holds a JWT: switch it on at the authorization server, or name the member in $phantom_token_jwt_field",
    jwt_too_large: "raise $phantom_token_max_jwt_length, and subrequest_output_buffer_size in introspection_limits.conf above it"
  };
}
function formatFailureLine(failure, place) {
  const parts = [failure.reason, failure.detail, adviceTable()[failure.reason]];
  const said = parts.filter((part) => part !== "").join(": ");
  return `${said} ${formatPlace(place)}`;
}
function formatSuspendedLine(failures, delaySec, place) {
  return `introspection suspended: failures=${failures} delay=${delaySec}s: tokens that are not cached get 503 until a probe is answered; the lines beside this one say why ${formatPlace(place)}`;
}
function formatOneTokenLine(failures, place) {
  return `introspection suspended for one token: failures=${failures}: the authorization server gives no answer about it; other tokens are asked about; the lines beside this one say why ${formatPlace(place)}`;
}
function formatStillSuspendedLine(refused, place) {
  return `introspection still suspended: refused=${refused}: the probes fail; the lines beside this one say why ${formatPlace(place)}`;
}
function formatResumedLine(refused, place) {
  return `introspection resumed: refused=${refused}: the authorization server answers again ${formatPlace(place)}`;
}
function formatPlace(place) {
  const isNamed = place.serverName !== "" && place.serverName !== "_";
  const server = `server=${isNamed ? place.serverName : place.serverAddress}:${place.serverPort}`;
  if (place.endpoint !== "") {
    return `(${server} endpoint=${place.endpoint})`;
  }
  return place.pathHead === "" ? `(${server})` : `(${server} path=${place.pathHead}...)`;
}

// src/edge/request.ts
function readProtocol(r) {
  return text(r.variables.server_protocol);
}
function readPlace(r, endpoint) {
  const v = r.variables;
  return {
    serverName: text(v.server_name),
    serverAddress: text(v.server_addr),
    serverPort: text(v.server_port),
    endpoint,
    pathHead: readPathHead(text(v.request_uri), text(v.phantom_token_input))
  };
}
function readFormBody(r) {
  try {
    return text(r.requestText);
  } catch (_inFile) {
    return "";
  }
}

// src/core/answer/outcome.ts
function denialReasons() {
  return [
    "token_missing",
    "token_malformed",
    "token_inactive",
    "token_expired",
    "token_not_yet_valid",
    "token_sender_constrained",
    "token_type_mismatch",
    "token_type_unsupported",
    "token_purged",
    "issuer_mismatch",
    "audience_mismatch",
    "scope_insufficient"
  ];
}
function unavailableReasons() {
  return [
    "misconfigured",
    "internal_error",
    "introspection_unreachable",
    "introspection_timeout",
    "introspection_rate_limited",
    "introspection_overloaded",
    "introspection_suspended",
    "introspection_queue_full",
    "introspection_server_error",
    "introspection_unauthorized",
    "introspection_status",
    "introspection_content_type",
    "introspection_truncated",
    "introspection_malformed",
    "introspection_invalid_claim",
    "introspection_response_jwt",
    "jwt_missing",
    "jwt_too_large"
  ];
}
function cacheStatuses() {
  return ["", "HIT", "MISS", "JOINED", "NEGATIVE", "STALE", "BYPASS"];
}
function waitedInVain() {
  return timedOutHere("waited for another request's introspection", "JOINED");
}
function answeredTooLate() {
  return timedOutHere("the answer came too late to count", "MISS");
}
function timedOutHere(detail, cacheStatus) {
  return {
    kind: "unavailable",
    reason: "introspection_timeout",
    detail,
    retryAfter: "",
    cacheStatus,
    isOutage: false
  };
}

// src/core/answer/metrics.ts
function introspectionsSeries(result) {
  return `phantom_token_introspections_total{result="${result}"}`;
}
function uncachedSeries(outcome) {
  return `phantom_token_uncached_total{cause="${outcome}"}`;
}
function replacementsSeries(zone) {
  return `phantom_token_zone_replacements_total{zone="${zone}"}`;
}
var DURATION = "phantom_token_introspection_duration_seconds";
var BREAKER_OPENED = "phantom_token_breaker_opened_total";
function bucketBoundsMs() {
  return [5, 10, 25, 50, 100, 250, 500, 1e3, 2500, 5e3, 1e4];
}
function bucketSeries(tookMs) {
  const bounds = bucketBoundsMs();
  for (let i = 0; i < bounds.length; i++) {
    if (tookMs <= bounds[i]) {
      return boundSeries(bounds[i]);
    }
  }
  return infinitySeries();
}
function boundSeries(boundMs) {
  return `${DURATION}_bucket{le="${boundMs / 1e3}"}`;
}
function infinitySeries() {
  return `${DURATION}_bucket{le="+Inf"}`;
}
function durationSumSeries() {
  return `${DURATION}_sum`;
}
function counters() {
  return [
    {
      name: "phantom_token_requests_total",
      help: "Requests by where the answer came from.",
      series: cacheStatuses().map(requestsSeries)
    },
    {
      name: "phantom_token_refusals_total",
      help: "Refused requests by reason code.",
      series: allReasons().map(refusalsSeries)
    },
    {
      name: "phantom_token_introspections_total",
      help: "Calls to the authorization server by result: active or a reason code.",
      series: ["active"].concat(allReasons()).map(introspectionsSeries)
    },
    {
      name: "phantom_token_uncached_total",
      help: "Active tokens that were not stored: the zone is full, the record too large, or too many combinations of settings ask.",
      series: ["full", "too_large", "too_many"].map(uncachedSeries)
    },
    {
      name: "phantom_token_zone_replacements_total",
      help: "Entries stored while no free page could take them: each took the room of others that had ended or, with evict, of those next to end.",
      series: ["phantom_token", "phantom_token_denied"].map(replacementsSeries)
    },
    {
      name: BREAKER_OPENED,
      help: "How often introspection was suspended, or its suspension prolonged by a failed probe; not of suspensions for one token.",
      series: [BREAKER_OPENED]
    }
  ];
}
function countedSeries() {
  const series = [];
  return series.concat(
    counters().reduce((all, counter) => all.concat(counter.series), series),
    bucketBoundsMs().map(boundSeries),
    infinitySeries(),
    durationSumSeries()
  );
}
function formatMetrics(read, gauges) {
  const counted = counters().map((counter) => formatCounter(counter, read));
  return `${counted.join("")}${formatHistogram(read)}${gauges.map(formatGauge).join("")}`;
}
function allReasons() {
  const reasons = [];
  return reasons.concat(denialReasons()).concat(unavailableReasons());
}
function formatCounter(counter, read) {
  const samples = counter.series.map((one) => `${one} ${read(one)}
`);
  return `${formatHead(counter.name, counter.help, "counter")}${samples.join("")}`;
}
function formatHead(name, help, type) {
  return `# HELP ${name} ${help}
# TYPE ${name} ${type}
`;
}
function formatHistogram(read) {
  let count2 = 0;
  const buckets = bucketBoundsMs().map(boundSeries).concat(infinitySeries());
  const samples = buckets.map((bucket) => {
    count2 += read(bucket);
    return `${bucket} ${count2}
`;
  });
  const sumSec = read(durationSumSeries()) / 1e3;
  const head = formatHead(DURATION, "Time of a call to the authorization server.", "histogram");
  return `${head}${samples.join("")}${durationSumSeries()} ${sumSec}
${DURATION}_count ${count2}
`;
}
function formatGauge(gauge) {
  const samples = gauge.samples.map(
    (sample) => `${gauge.name}{${formatLabels(sample.labels)}} ${sample.value}
`
  );
  return `${formatHead(gauge.name, gauge.help, "gauge")}${samples.join("")}`;
}
function formatLabels(labels) {
  return Object.keys(labels).map((label) => `${label}="${escapeLabel(labels[label])}"`).join(",");
}
function escapeLabel(value) {
  return value.replace(/\\/g, "\\\\").replace(/"/g, '\\"').replace(/\n/g, "\\n");
}

// src/edge/counters.ts
function countDuration(tookMs) {
  const zone = ngx.shared.phantom_token_metrics;
  if (zone !== void 0) {
    add(zone, bucketSeries(tookMs), 1);
    add(zone, durationSumSeries(), tookMs);
  }
}
function findCountingProblem(series) {
  const zone = ngx.shared.phantom_token_metrics;
  if (zone === void 0) {
    return `nothing is counted: add to your zones file (zones.conf, or zones_njs_0.8.conf): ${ZONE_LINE}`;
  }
  try {
    for (let i = 0; i < series.length; i++) {
      zone.incr(series[i], 0, 0);
    }
  } catch (_fullOrOfStrings) {
    return `phantom_token_metrics cannot count: correct its line in your zones file (zones.conf, or zones_njs_0.8.conf), and restart nginx: ${ZONE_LINE}`;
  }
  return void 0;
}
var ZONE_LINE = "js_shared_dict_zone zone=phantom_token_metrics:64k type=number;";
function readCount(series) {
  const zone = ngx.shared.phantom_token_metrics;
  const value = zone === void 0 ? void 0 : zone.get(series);
  return typeof value === "number" ? value : 0;
}

// src/core/settings/njs_version.ts
function awaitsClose(version) {
  return version < 65538;
}

// src/edge/shared_cache.ts
var MAX_RECORD_LENGTH = 65536;
var ASSERTION_PREFIX = "assertion:";
var MAX_RECORD_MS = 19872e5;
var LISTED_PREFIX = "keyspace:";
function writeRecord(key, record, ttlSec) {
  return record.length > MAX_RECORD_LENGTH ? "too_large" : writeAndCount("phantom_token", key, record, Math.min(ttlSec * 1e3, MAX_RECORD_MS));
}
function deleteRecord(key) {
  return dictionary("phantom_token").delete(key) === true;
}
function readListed(name) {
  const key = LISTED_PREFIX + name;
  return (records === void 0 ? readFirstRecord(key) : records.get(key));
}
function addListed(name, listed) {
  return add2("phantom_token", LISTED_PREFIX + name, listed, MAX_MS);
}
function writeListed(name, listed) {
  return write("phantom_token", LISTED_PREFIX + name, listed, MAX_MS);
}
function writeDenial(key, denial, ttlMs) {
  return writeAndCount("phantom_token_denied", key, denial, ttlMs);
}
function markPurged(key, ttlSec) {
  return write("phantom_token_state", PURGED_PREFIX + key, "", ttlSec * 1e3);
}
function readAssertion(name) {
  const key = ASSERTION_PREFIX + name;
  return (records === void 0 ? readFirstRecord(key) : records.get(key));
}
function writeAssertion(name, assertion, ttlSec) {
  write("phantom_token", ASSERTION_PREFIX + name, assertion, ttlSec * 1e3);
}
function deleteAssertion(name) {
  deleteRecord(ASSERTION_PREFIX + name);
}
function readLock(name) {
  return dictionary("phantom_token_locks").get(name);
}
function addLock(name, state, ttlMs) {
  return add2("phantom_token_locks", name, state, ttlMs);
}
function writeLock(name, state, ttlMs) {
  write("phantom_token_locks", name, state, ttlMs);
}
function deleteLock(name) {
  dictionary("phantom_token_locks").delete(name);
}
function readState(name) {
  return dictionary("phantom_token_state").get(name);
}
function writeState(name, state, ttlMs) {
  write("phantom_token_state", name, state, ttlMs);
}
function replaceState(name, state) {
  try {
    dictionary("phantom_token_state").replace(name, state);
  } catch (e) {
    fullOrThrow(e);
  }
}
function deleteState(name) {
  return dictionary("phantom_token_state").delete(name) === true;
}
function readZones() {
  const names = [];
  return names.concat(ALL_ZONES, "phantom_token_metrics").filter(isDeclared).map((name) => {
    const zone = ngx.shared[name];
    const entries = njs.version_number < 2311 ? -1 : zone.size();
    return { name, capacityBytes: zone.capacity, freeBytes: zone.freeSpace(), entries };
  });
}
function writeAndCount(zone, key, value, ttlMs) {
  const isTight = dictionary(zone).freeSpace() < value.length;
  const written = write(zone, key, value, ttlMs);
  if (isTight && written === "stored") {
    count(replacementsSeries(zone));
  }
  return written;
}
function write(zone, key, value, ttlMs) {
  try {
    dictionary(zone).set(key, value, Math.min(ttlMs, MAX_MS));
    return "stored";
  } catch (e) {
    return fullOrThrow(e);
  }
}

// src/edge/respond.ts
function noteIntrospection(r, result, tookMs) {
  r.variables.phantom_token_introspection_time = (tookMs / 1e3).toFixed(3);
  count(introspectionsSeries(result));
  countDuration(tookMs);
}
function noteUncached(r, cause) {
  count(uncachedSeries(cause));
  if (isFirstInMinute(cause)) {
    r.warn(`phantom_token: tokens are served uncached: ${UNCACHED_ADVICE[cause]}`);
  }
}
function noteNoMetrics(r, problem) {
  if (findZoneProblem(r) !== void 0 || isFirstInMinute("metrics")) {
    r.error(`phantom_token: no metrics: ${problem}`);
  }
}
function noteNoRoom(r) {
  if (isFirstInMinute("locks")) {
    r.warn(
      "phantom_token: requests with one token each ask the authorization server: the zone phantom_token_locks is full: enlarge it in zones.conf"
    );
  }
}
var UNCACHED_ADVICE = {
  full: "the zone phantom_token is full: enlarge it in zones.conf",
  too_large: "a record is over 64 kB",
  too_many: "over 256 combinations of client id, form fields and the like at one endpoint: give each tenant a $phantom_token_partition"
};
function noteStale(r, outage, settings) {
  if (outage.reason !== "introspection_suspended") {
    const place = readPlace(r, settings.introspectionEndpoint);
    r.warn(`phantom_token: stale record served: ${formatFailureLine(outage, place)}`);
  }
}

// src/core/cache/denial_record.ts
function isRemembered(reason) {
  return reason === "token_inactive" || reason === "token_expired" || reason === "token_sender_constrained" || reason === "token_type_mismatch" || reason === "token_type_unsupported";
}
function encodeDenial(expiresAtSec, storedAtSec, reason) {
  return digits2(expiresAtSec) + digits2(storedAtSec) + reason;
}
function digits2(epochSec) {
  return String(epochSec).padStart(TIME_DIGITS, "0");
}

// src/core/token/policy.ts
function encodeGrants(claims) {
  const scopes = claims.scope.split(" ").join(SCOPE);
  const audiences = claims.audience.join(AUDIENCE);
  return `${SCOPE}${scopes}${SCOPE}${AUDIENCE}${audiences}${AUDIENCE}${ISSUER}${claims.issuer}${ISSUER}`;
}

// src/gateway/known.ts
function standIn(r, outage, key, settings) {
  const nowSec = readClockSec();
  const record = (records === void 0 ? readFirstRecord(key) : records.get(key));
  if (record === void 0 || !isStale(record, settings, nowSec)) {
    return outage;
  }
  noteStale(r, outage, settings);
  return decideRecord(record, settings, nowSec, "STALE");
}

// src/core/introspection/breaker.ts
var ALL_TOKENS = "*";
function tokenOf(key) {
  return key.slice(0, 11);
}
function parseBreaker(text3) {
  const parts = (text3 === void 0 ? "" : text3).split(" ");
  const failures = Number(parts[0]);
  const suspendedUntilMs = Number(parts[1]);
  return failures >= 1 && suspendedUntilMs >= 0 ? { failures, suspendedUntilMs, token: parts[2] || ALL_TOKENS } : { failures: 0, suspendedUntilMs: 0, token: ALL_TOKENS };
}
function formatBreaker(breaker) {
  return `${breaker.failures} ${breaker.suspendedUntilMs} ${breaker.token}`;
}
function holdsFor(breaker, token) {
  return breaker.token === ALL_TOKENS || breaker.token === token;
}
function isOfOneToken(breaker) {
  return breaker.token !== ALL_TOKENS;
}
var PROBING_MS = 15e3;
function stateOf(breaker, nowMs) {
  if (breaker.suspendedUntilMs === 0) {
    return "closed";
  }
  if (nowMs < breaker.suspendedUntilMs) {
    return "open";
  }
  return nowMs < breaker.suspendedUntilMs + PROBING_MS ? "half_open" : "closed";
}
function afterFailure(breaker, token, settings, nowMs) {
  const failures = breaker.failures + 1;
  const isOnly = breaker.failures === 0 || breaker.token === token;
  return {
    failures,
    // A location with a higher threshold does not end the suspension of its neighbours.
    suspendedUntilMs: failures >= settings.breakerFailures ? nowMs + settings.breakerDelaySec * 1e3 : breaker.suspendedUntilMs,
    token: isOnly ? token : ALL_TOKENS
  };
}
function suspendedSec(breaker, nowMs) {
  return Math.max(1, Math.ceil((breaker.suspendedUntilMs - nowMs) / 1e3));
}

// src/edge/suspension.ts
var REFUSED = "refused:";
var REPORTED = "reported:";
var REPORT_MS = 6e4;
var KEPT_MS = 36e5;
function noteSuspended(r, endpoint, breaker, settings) {
  const place = readPlace(r, settings.introspectionEndpoint);
  if (isOfOneToken(breaker)) {
    if (isFirstInMinute("one_token")) {
      r.error(`phantom_token: ${formatOneTokenLine(breaker.failures, place)}`);
    }
    return;
  }
  const isFirst = addState(REFUSED + endpoint, "0", KEPT_MS) === "added";
  const isReportDue = addState(REPORTED + endpoint, "", REPORT_MS) === "added";
  if (isFirst) {
    r.error(`phantom_token: ${formatSuspendedLine(breaker.failures, settings.breakerDelaySec, place)}`);
  } else if (isReportDue) {
    r.error(`phantom_token: ${formatStillSuspendedLine(readRefused(endpoint), place)}`);
  }
}
function countRefused(endpoint) {
  replaceState(REFUSED + endpoint, String(readRefused(endpoint) + 1));
}
function noteResumed(r, endpoint, settings) {
  if (readState(REFUSED + endpoint) === void 0) {
    return;
  }
  const refused = readRefused(endpoint);
  if (deleteState(REFUSED + endpoint)) {
    deleteState(REPORTED + endpoint);
    const place = readPlace(r, settings.introspectionEndpoint);
    r.error(`phantom_token: ${formatResumedLine(refused, place)}`);
  }
}
function readRefused(endpoint) {
  return Number(readState(REFUSED + endpoint) || "0");
}

// src/core/introspection/flight.ts
function formatAsking(leader) {
  return `asking ${leader}`;
}
function formatReleased() {
  return "released";
}
function flightName(key, clientLines) {
  return crypto3.createHash("sha256").update(`${key}
${clientLines}`).digest("base64url");
}
var LOSABLE_LEASE_MS = 1e3;
function isLosable(protocol, isUrl) {
  return !isUrl && !protocol.startsWith("HTTP/1");
}
function leaseMs(canBeLost, introspectionTimeoutSec) {
  return canBeLost ? LOSABLE_LEASE_MS : introspectionTimeoutSec * 1e3;
}
var FIRST_STEP_MS = 10;
var LAST_STEP_MS = 200;
function stepMs(waitedMs) {
  return Math.min(Math.max(Math.round(FIRST_STEP_MS + 0.3 * waitedMs), FIRST_STEP_MS), LAST_STEP_MS);
}
function parseFlight(text3) {
  const words = text3 === void 0 ? [] : text3.split(" ");
  switch (words[0]) {
    case "asking":
      return { kind: "asking", leader: words[1] || "" };
    case "released":
      return { kind: "released" };
    default:
      return { kind: "none" };
  }
}
function isShared(failure) {
  return failure.reason !== "misconfigured";
}
function formatFailure(failure) {
  return `${failure.reason} ${failure.retryAfter}`;
}
function parseFailure(text3) {
  if (text3 === void 0) {
    return void 0;
  }
  const reason = text3.slice(0, text3.indexOf(" "));
  return unavailable(reason, "as for the request waited for", "JOINED", text3.slice(reason.length + 1));
}

// src/core/introspection/fetch_failure.ts
function readFetchFailure(message, njsVersion) {
  if (message.includes("no resolver")) {
    return { status: 502, failure: "a host name needs the resolver directive" };
  }
  if (message.includes("could not be resolved")) {
    return { status: 502, failure: "the host name cannot be resolved" };
  }
  if (message.includes("timed out")) {
    return { status: 504, failure: awaitsClose(njsVersion) ? NO_ANSWER + OR_KEPT_OPEN : NO_ANSWER };
  }
  if (message.includes("too large") || message.includes("very large")) {
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
var NO_ANSWER = "no answer within js_fetch_timeout";
var OR_KEPT_OPEN = ", or a connection that the server keeps open, where njs below 1.0.2 waits for its end";

// src/core/settings/introspection_limit.ts
function findLimitProblem(limit, timeoutSec) {
  if (limit === "") {
    return "include introspection_limits.conf, with its line `set $phantom_introspection_limit`, above introspection.conf in this location";
  }
  const problem = checkTimeout(limit);
  if (problem !== void 0) {
    return `$phantom_introspection_limit ${problem}: see introspection_limits.conf`;
  }
  return Number(limit) <= timeoutSec ? "" : `$phantom_token_introspection_timeout is ${timeoutSec}, less than $phantom_introspection_limit of this location, which is ${limit}: set $phantom_token_introspection_timeout to ${limit}, or lower the timeouts and the limit in introspection_limits.conf`;
}

// src/edge/introspect.ts
function introspect(r, settings, form, proof) {
  return isAbsoluteUrl(settings.introspectionEndpoint) ? fetchReply(settings.introspectionEndpoint, form, proof) : askLocation(r, settings, form, proof);
}
async function askLocation(r, settings, form, proof) {
  const v = r.variables;
  v._phantom_introspection = "asked";
  v.phantom_introspection_limit = "";
  v._phantom_form = form;
  v._phantom_client_authorization = proof.authorization;
  const reply = await r.subrequest(settings.introspectionEndpoint, { method: "POST", body: "" });
  const isIntrospection = v._phantom_introspection === "answered";
  v._phantom_introspection = "";
  v._phantom_form = "";
  v._phantom_client_authorization = "";
  const headers = reply.headersOut;
  const bytes = reply.responseBuffer;
  return {
    isIntrospection,
    limitProblem: findLimitProblem(text2(v.phantom_introspection_limit), settings.introspectionTimeoutSec),
    failure: "",
    status: reply.status,
    contentType: text2(headers["Content-Type"]),
    contentLength: text2(headers["Content-Length"]),
    cacheControl: text2(headers["Cache-Control"]),
    age: text2(headers.Age),
    retryAfter: text2(headers["Retry-After"]),
    // Not responseText as well: read after responseBuffer it leaks under QuickJS, and the worker aborts when it exits.
    body: bytes === void 0 ? "" : bytes.toString(),
    bodyBytes: bytes === void 0 ? 0 : bytes.length
  };
}
async function proveClientIsThere(r, location) {
  const v = r.variables;
  v._phantom_introspection = "checking";
  await r.subrequest(location, { method: "POST", body: "" });
  v._phantom_introspection = "";
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
  await nextTurn();
  try {
    const reply = await ngx.fetch(url, { method: "POST", headers, body: form });
    const body = await reply.text();
    return {
      isIntrospection: true,
      limitProblem: "",
      // what limits a fetch cannot be read
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
function nextTurn() {
  return new Promise((resolve) => {
    setTimeout(resolve, 0);
  });
}
function failedReply(e) {
  const fault = readFetchFailure(e instanceof Error ? e.message : "", njs.version_number);
  return {
    isIntrospection: true,
    limitProblem: "",
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
  return text2(reply.headers.get(name));
}
function text2(value) {
  if (value === void 0 || value === null) {
    return "";
  }
  return Array.isArray(value) ? value.join(", ") : value;
}

// src/edge/single_flight.ts
var END_MS = 2e3;
var FAILED = "failed:";
var WAITING = "waiting:";
async function board(name, leaseMs2, wait) {
  const leader = newLeader();
  let awaited = "";
  for (; ; ) {
    const state = parseFlight(readLock(name));
    const boarding = decide(state, awaited);
    if (boarding !== void 0) {
      return boarding;
    }
    const nowMs = Date.now();
    if (nowMs >= wait.untilMs) {
      return { kind: "timeout" };
    }
    if (state.kind === "asking") {
      if (awaited === "" && !joinQueue(state.leader, wait)) {
        return { kind: "queue_full" };
      }
      awaited = state.leader;
    } else {
      const added = addLock(name, formatAsking(leader), leaseMs2);
      if (added !== "exists") {
        return added === "added" ? { kind: "lead", leader } : { kind: "no_room" };
      }
      continue;
    }
    await sleep(stepMs(nowMs - wait.sinceMs));
  }
}
function joinQueue(leader, wait) {
  const waiting = Number(readLock(WAITING + leader) || 0);
  if (waiting >= wait.maxWaiting) {
    return false;
  }
  writeLock(WAITING + leader, String(waiting + 1), wait.untilMs - wait.sinceMs);
  return true;
}
function decide(state, awaited) {
  if (state.kind === "released") {
    return { kind: "alone" };
  }
  if (awaited === "" || state.kind === "asking" && state.leader === awaited) {
    return void 0;
  }
  const failure = parseFailure(readLock(FAILED + awaited));
  return failure === void 0 ? { kind: "landed" } : { kind: "failed", failure };
}
function land(name, leader) {
  deleteLock(name);
  deleteLock(WAITING + leader);
}
function release(name, leader) {
  if (leads(name, leader)) {
    writeLock(name, formatReleased(), END_MS);
  }
  deleteLock(WAITING + leader);
}
function failFlight(name, leader, failure) {
  if (leads(name, leader)) {
    writeLock(FAILED + leader, formatFailure(failure), END_MS);
    deleteLock(name);
  }
  deleteLock(WAITING + leader);
}
function leads(name, leader) {
  const state = parseFlight(readLock(name));
  return state.kind === "asking" && state.leader === leader;
}
function newLeader() {
  return String(Math.random()).slice(2);
}
function sleep(ms) {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

// src/core/cache/cache_control.ts
var MAX_DELTA_SEC = 2147483648;
function freshnessSec(cacheControl, age) {
  const directives = parseDirectives(cacheControl);
  let maxAgeSec;
  let sharedMaxAgeSec;
  for (let i = 0; i < directives.length; i++) {
    const directive = directives[i];
    switch (directive.name) {
      case "no-store":
      case "no-cache":
      case "private":
        return 0;
      case "max-age":
        maxAgeSec = lesser(maxAgeSec, deltaSeconds(directive.value));
        break;
      case "s-maxage":
        sharedMaxAgeSec = lesser(sharedMaxAgeSec, deltaSeconds(directive.value));
        break;
      default:
        break;
    }
  }
  const lifetimeSec = sharedMaxAgeSec === void 0 ? maxAgeSec : sharedMaxAgeSec;
  return lifetimeSec === void 0 ? void 0 : Math.max(0, lifetimeSec - ageSec(age));
}
function forbidsStale(cacheControl) {
  return parseDirectives(cacheControl).some(
    (directive) => directive.name === "must-revalidate" || directive.name === "proxy-revalidate" || directive.name === "s-maxage"
  );
}
function parseDirectives(cacheControl) {
  const directives = [];
  const directive = /([^\s,;="]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,;"]*)))?/g;
  for (let match = directive.exec(cacheControl); match !== null; match = directive.exec(cacheControl)) {
    const value = match[2] === void 0 ? match[3] : match[2];
    directives.push({ name: match[1].toLowerCase(), value });
  }
  return directives;
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

// src/core/cache/ttl.ts
var JITTER = 0.1;
function recordTtlSec(lifetimes, nowSec, random) {
  let ttlSec = lifetimes.cacheTtlSec;
  if (lifetimes.freshnessSec !== void 0) {
    ttlSec = Math.min(ttlSec, lifetimes.freshnessSec);
  }
  if (lifetimes.expiresAtSec !== void 0) {
    ttlSec = Math.min(ttlSec, lifetimes.expiresAtSec - nowSec);
  }
  return ttlSec >= 1 ? Math.floor(ttlSec) - Math.floor(ttlSec * random * JITTER) : 0;
}

// src/core/text/form.ts
function formEncode(text3) {
  return encodeURIComponent(text3).replace(/%20/g, "+").replace(/[!'()~]/g, percentEncode);
}
function percentEncode(character) {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}
function parseTokenForm(form) {
  const fields = form.split("&").filter(isTokenField);
  if (fields.length !== 1) {
    return void 0;
  }
  try {
    return decodeURIComponent(fields[0].slice("token=".length).replace(/\+/g, " "));
  } catch (_malformed) {
    return void 0;
  }
}
function isTokenField(field) {
  return field.startsWith("token=");
}

// src/core/text/json.ts
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

// src/core/token/claims.ts
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
  const list2 = typeof value === "string" ? [value] : value;
  if (!Array.isArray(list2) || !list2.every(isScope)) return void 0;
  return splitScopes(list2.join(" ")).join(" ");
}
function isScope(value) {
  return typeof value === "string" && isScopeList(value);
}
function readTexts(value) {
  if (value === void 0) return [];
  const list2 = Array.isArray(value) ? value : [value];
  return list2.every(isTextClaim) ? list2 : void 0;
}
function isTextClaim(value) {
  return typeof value === "string" && isPlainText(value);
}

// src/core/token/jwt.ts
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
function explainBadJwt(text3) {
  if (!COMPACT_JWS.test(text3)) {
    return "not a signed JWT of three base64url parts";
  }
  const parts = text3.split(".");
  const header2 = parseJsonObject(decodePart(parts[0]));
  if (header2 === void 0 || parseJsonObject(decodePart(parts[1])) === void 0) {
    return "header or payload of the JWT is no JSON object";
  }
  return `alg none, or a signature of ${parts[2].length} characters, which its alg does not make: was it cut?`;
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

// src/core/introspection/answer.ts
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
  if (reply.limitProblem !== "") {
    return unavailable("misconfigured", reply.limitProblem, "");
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
    case 400:
      return isUnsupportedToken(reply) ? denied("token_type_unsupported", "MISS") : refuseReply("introspection_status", reply);
    case 401:
    case 403:
      return refuseReply("introspection_unauthorized", reply);
    case 429:
      return unavailable("introspection_rate_limited", describe(reply), "MISS", reply.retryAfter);
    case 503:
      return unavailable("introspection_overloaded", describe(reply), "MISS", reply.retryAfter);
    case 502:
      return refuseReply("introspection_unreachable", reply);
    case 504:
      return refuseReply("introspection_timeout", reply);
    default:
      return refuseReply(reply.status >= 500 ? "introspection_server_error" : "introspection_status", reply);
  }
}
function isUnsupportedToken(reply) {
  const answer = parseJsonObject(reply.body);
  return answer !== void 0 && answer.error === "unsupported_token_type";
}
function interpretJwt(reply, form, nowSec) {
  const found = findJwt(reply.body.trim(), reply, form);
  if (found.kind !== "jwt") {
    return found;
  }
  return activeToken(found.jwt, found.jwt.payload, reply, nowSec);
}
function interpretJson(reply, form, nowSec) {
  const answer = parseJsonObject(reply.body);
  if (answer === void 0) {
    return malformed(reply, "no JSON object");
  }
  if (typeof answer.active !== "boolean") {
    return malformed(reply, "active is no boolean");
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
  const members = Object.keys(answer);
  const names = jwtField === "" ? ["phantom_token", "jwt", "token_string"] : [jwtField];
  for (let i = 0; i < names.length; i++) {
    const name = names[i];
    if (members.includes(name)) {
      return answer[name];
    }
  }
  return void 0;
}
function findJwt(text3, reply, form) {
  if (typeof text3 === "string" && text3.length > form.maxJwtLength) {
    return refuseReply("jwt_too_large", reply);
  }
  const jwt2 = typeof text3 === "string" ? parseJwt(text3) : void 0;
  if (jwt2 === void 0) {
    return malformed(reply, typeof text3 === "string" ? explainBadJwt(text3) : "the JWT is no string");
  }
  return isIntrospectionResponse(jwt2) ? refuseReply("introspection_response_jwt", reply) : { kind: "jwt", jwt: jwt2 };
}
function activeToken(jwt2, source, reply, nowSec) {
  const active = jwt2.payload.active;
  if (active === false) {
    return inactive();
  }
  if (active !== void 0 && active !== true) {
    return malformed(reply, "active is no boolean");
  }
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
function malformed(reply, problem) {
  return unavailable("introspection_malformed", `${describe(reply)} problem="${problem}"`, "MISS");
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

// src/core/settings/client_settings.ts
var METHODS = ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"];
var ALGORITHMS = ["RS256", "PS256", "ES256"];
function clientSettingsTable() {
  return [
    { variable: "phantom_token_client_id", defaultValue: "", check: checkPlainText },
    { variable: "phantom_token_client_auth", defaultValue: "", check: checkMethod },
    { variable: "phantom_token_client_secret", defaultValue: "", check: checkPlainText },
    { variable: "phantom_token_client_secret_file", defaultValue: "", check: checkFile },
    { variable: "phantom_token_client_key_file", defaultValue: "", check: checkFile },
    { variable: "phantom_token_client_key_algorithm", defaultValue: "RS256", check: checkOneOf(ALGORITHMS) },
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
  const client2 = typedSettings2(values.values, isUrl);
  const problem = findContradiction(client2) || findMissing(client2, isUrl);
  return problem === void 0 ? client2 : misconfiguration(problem);
}
function typedSettings2(values, isUrl) {
  const id = values.phantom_token_client_id;
  const secret = values.phantom_token_client_secret;
  const secretFile = values.phantom_token_client_secret_file;
  const keyFile = values.phantom_token_client_key_file;
  const named = values.phantom_token_client_auth;
  const isEmpty = id + secret + secretFile + keyFile === "";
  const implied = isEmpty && !isUrl ? "none" : "client_secret_basic";
  return {
    kind: "client_settings",
    authMethod: named === "" ? implied : named,
    id,
    secret,
    secretFile,
    keyFile,
    keyAlgorithm: values.phantom_token_client_key_algorithm,
    keyId: values.phantom_token_client_key_id,
    assertionAudience: values.phantom_token_client_assertion_audience,
    assertionTtlSec: Number(values.phantom_token_client_assertion_ttl)
  };
}
function findContradiction(client2) {
  const isSecretMethod = client2.authMethod !== "none" && client2.authMethod !== "private_key_jwt";
  if (!isSecretMethod && client2.secret !== "") {
    return explainUnused("client_secret", client2.authMethod);
  }
  if (!isSecretMethod && client2.secretFile !== "") {
    return explainUnused("client_secret_file", client2.authMethod);
  }
  if (client2.authMethod !== "private_key_jwt" && client2.keyFile !== "") {
    return explainUnused("client_key_file", client2.authMethod);
  }
  return client2.secret !== "" && client2.secretFile !== "" ? "$phantom_token_client_secret and $phantom_token_client_secret_file are both set: leave out one of them" : void 0;
}
function explainUnused(credential, method) {
  const named = method === "none" ? "none: then the introspection location authenticates" : `${method}, which does not use it`;
  return `$phantom_token_${credential} is set, and $phantom_token_client_auth is ${named}. Leave out the credential, or name its method`;
}
function findMissing(client2, isUrl) {
  if (client2.authMethod === "none") {
    return void 0;
  }
  if (client2.id === "") {
    const isImplied = isUrl && client2.authMethod === "client_secret_basic";
    return `$phantom_token_client_id is not set: ${client2.authMethod} needs it${isImplied ? WITH_URL : ""}`;
  }
  if (client2.authMethod === "private_key_jwt") {
    return findMissingOfKey(client2);
  }
  if (client2.secret === "" && client2.secretFile === "") {
    return `set $phantom_token_client_secret or $phantom_token_client_secret_file: ${client2.authMethod} needs one of them`;
  }
  return void 0;
}
var WITH_URL = "; with a URL as endpoint set id and secret, or $phantom_token_client_auth none";
function findMissingOfKey(client2) {
  if (client2.keyFile === "") {
    return "$phantom_token_client_key_file is not set: private_key_jwt needs it";
  }
  return client2.assertionAudience === "" ? "$phantom_token_client_assertion_audience is not set: private_key_jwt needs the issuer of the authorization server" : void 0;
}
function checkFile(value) {
  return value === "" || value.startsWith("/") ? checkPlainText(value) : "must be an absolute path";
}
function checkMethod(value) {
  return value === "" ? void 0 : checkOneOf(METHODS)(value);
}

// src/edge/breaker.ts
var BREAKER = "breaker:";
var PROBE = "probe:";
var MEMORY_SEC = 600;
var PROBE_MS = 1e3;
var LIST = "breakers:";
var SEPARATOR = "";
var MAX_LISTED = 100;
function remainingSuspensionSec(endpoint, key) {
  const text3 = readState(BREAKER + endpoint);
  if (text3 === void 0) {
    return 0;
  }
  const breaker = parseBreaker(text3);
  const nowMs = Date.now();
  if (!holdsFor(breaker, tokenOf(key))) {
    return 0;
  }
  switch (stateOf(breaker, nowMs)) {
    case "closed":
      return 0;
    case "open":
      return suspendedSec(breaker, nowMs);
    case "half_open":
      return readState(PROBE + endpoint) === void 0 ? 0 : 1;
  }
}
function waitBeforeAskingSec(endpoint, key) {
  const waitSec = remainingSuspensionSec(endpoint, key);
  const breaker = parseBreaker(readState(BREAKER + endpoint));
  const asksFreely = stateOf(breaker, Date.now()) === "closed" || !holdsFor(breaker, tokenOf(key));
  if (waitSec > 0 || asksFreely) {
    return waitSec;
  }
  return addState(PROBE + endpoint, "", PROBE_MS) === "exists" ? 1 : 0;
}
function noteAnswer(endpoint) {
  if (readState(BREAKER + endpoint) !== void 0) {
    deleteState(BREAKER + endpoint);
    deleteState(PROBE + endpoint);
  }
}
function noteTransportFailure(endpoint, key, settings) {
  const before = parseBreaker(readState(BREAKER + endpoint));
  const breaker = afterFailure(before, tokenOf(key), settings, Date.now());
  list(endpoint);
  writeState(BREAKER + endpoint, formatBreaker(breaker), (MEMORY_SEC + settings.breakerDelaySec) * 1e3);
  deleteState(PROBE + endpoint);
  if (breaker.suspendedUntilMs > 0 && !isOfOneToken(breaker)) {
    count(BREAKER_OPENED);
  }
  return breaker;
}
function readBreakers() {
  return readList().map((name) => {
    const lines = name.split("\n");
    const breaker = parseBreaker(readState(BREAKER + name));
    const state = isOfOneToken(breaker) ? "closed" : stateOf(breaker, Date.now());
    return { server: lines[0] || "", endpoint: lines[1] || "", state };
  });
}
function list(endpoint) {
  const names = readList();
  if (!names.includes(endpoint) && names.length < MAX_LISTED) {
    writeState(LIST, names.concat(endpoint).join(SEPARATOR), MEMORY_SEC * 1e3);
  }
}
function readList() {
  const names = readState(LIST);
  return names === void 0 ? [] : names.split(SEPARATOR);
}

// src/core/introspection/client_authentication.ts
function locationProof(clientId) {
  return {
    kind: "proof",
    authorization: "",
    formFields: clientId === "" ? "" : `client_id=${formEncode(clientId)}`
  };
}
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
function assertionInput(client2, jti, nowSec) {
  const header2 = { alg: client2.keyAlgorithm, typ: "JWT" };
  if (client2.keyId !== "") {
    header2.kid = client2.keyId;
  }
  const reusedSec = client2.assertionTtlSec + ASSERTION_MARGIN_SEC;
  const claims = {
    iss: client2.id,
    sub: client2.id,
    aud: client2.assertionAudience,
    jti,
    iat: nowSec,
    exp: nowSec + (client2.assertionTtlSec === 0 ? SINGLE_USE_SEC : reusedSec)
  };
  return `${encodePart(header2)}.${encodePart(claims)}`;
}
function decodePrivateKey(pem) {
  const match = /-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END PRIVATE KEY-----/.exec(pem);
  const base64 = match === null ? "" : match[1].replace(/\s/g, "");
  return base64 === "" ? void 0 : Buffer.from(base64, "base64");
}
function encodePart(value) {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

// src/core/introspection/client_files.ts
function describeUnreadable(variable, path, code, uid) {
  const user = uid === "" ? "nginx's workers" : `uid ${uid}, as which nginx's workers run`;
  return `$${variable}: ${path} cannot be read by ${user}: ${explainCode(code)}`;
}
function explainCode(code) {
  switch (code) {
    case "ENOENT":
      return "there is no such file";
    case "EACCES":
      return "the permissions of the file, or of a folder above it, forbid it";
    default:
      return code === "" ? "it is no regular file" : code;
  }
}
function readEffectiveUid(status) {
  const match = /^Uid:\t\d+\t(\d+)/m.exec(status);
  return match === null ? "" : match[1];
}

// src/edge/client_credentials.ts
async function proveClient(client2, nowSec) {
  if (client2.authMethod === "none") {
    return locationProof(client2.id);
  }
  if (client2.authMethod === "private_key_jwt") {
    return proveByKey(client2, nowSec);
  }
  return client2.secretFile === "" ? proveBySecret(client2, client2.secret) : proveBySecretFile(client2);
}
function proveBySecretFile(client2) {
  const file = readFile("phantom_token_client_secret_file", client2.secretFile);
  if (file.kind === "misconfiguration") {
    return file;
  }
  const secret = file.text.replace(/\r?\n$/, "");
  return secret === "" ? misconfiguration(`$phantom_token_client_secret_file: ${client2.secretFile} is empty`) : proveBySecret(client2, secret);
}
function proveBySecret(client2, secret) {
  return client2.authMethod === "client_secret_post" ? postProof(client2.id, secret) : basicProof(client2.id, secret);
}
async function proveByKey(client2, nowSec) {
  const name = assertionName(client2);
  const known = client2.assertionTtlSec === 0 ? void 0 : readAssertion(name);
  if (known !== void 0) {
    return assertionProof(client2.id, known);
  }
  const file = readFile("phantom_token_client_key_file", client2.keyFile);
  if (file.kind === "misconfiguration") {
    return file;
  }
  const key = decodePrivateKey(file.text);
  if (key === void 0) {
    return misconfiguration(
      `$phantom_token_client_key_file: ${client2.keyFile} holds no PKCS #8 key (openssl pkcs8 -topk8 -nocrypt)`
    );
  }
  const input = assertionInput(client2, newJti(), nowSec);
  const signature = await sign(client2.keyAlgorithm, key, input);
  if (signature === void 0) {
    return misconfiguration(
      `$phantom_token_client_key_file: ${client2.keyFile} holds no key for ${client2.keyAlgorithm}`
    );
  }
  const assertion = `${input}.${signature}`;
  if (client2.assertionTtlSec > 0) {
    writeAssertion(name, assertion, client2.assertionTtlSec);
  }
  return assertionProof(client2.id, assertion);
}
function forgetAssertion(client2) {
  if (client2.authMethod === "private_key_jwt") {
    deleteAssertion(assertionName(client2));
  }
}
function assertionName(client2) {
  const parts = [
    client2.id,
    client2.keyFile,
    client2.keyAlgorithm,
    client2.keyId,
    client2.assertionAudience,
    client2.assertionTtlSec
  ];
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
function readFile(variable, path) {
  try {
    return { kind: "file", text: fs.readFileSync(path, "utf8") };
  } catch (e) {
    const code = e.code || "";
    return misconfiguration(describeUnreadable(variable, path, code, readUid()));
  }
}
function readUid() {
  try {
    return readEffectiveUid(fs.readFileSync("/proc/self/status", "utf8"));
  } catch (_notLinux) {
    return "";
  }
}

// src/edge/purge_reach.ts
var MAX_KEYSPACES = 256;
function listKeyspace(reach, own) {
  for (let place = 0; place < MAX_KEYSPACES; place++) {
    const name = placeName(reach, place);
    const added = readListed(name) === void 0 ? addListed(name, formatListed(own)) : "exists";
    if (added !== "exists") {
      return added === "added" ? "stored" : "full";
    }
    const listed = parseListed(readListed(name) || "");
    if (listed.keyspace === own.keyspace) {
      return isListedFor(listed, own.markTtlSec, own.listedAtSec) ? "stored" : writeListed(name, formatListed(longer(own, listed)));
    }
  }
  return "too_many";
}
function longer(own, listed) {
  return {
    keyspace: own.keyspace,
    markTtlSec: Math.max(own.markTtlSec, listed.markTtlSec),
    listedAtSec: own.listedAtSec
  };
}
function noteReach(reach, markTtlSec) {
  writeLock(REACH + reach, String(Math.max(markTtlSec, readAskingTtlSec(reach))), ASKING_MS);
}
function readAskingTtlSec(reach) {
  return Number(readLock(REACH + reach) || 0);
}
var REACH = "reach:";
var ASKING_MS = 12e4;
function readKeyspaces(reach) {
  const keyspaces = [];
  for (let place = 0; place < MAX_KEYSPACES; place++) {
    const text3 = readListed(placeName(reach, place));
    if (text3 !== void 0) {
      keyspaces.push(parseListed(text3));
    }
  }
  return keyspaces;
}
function placeName(reach, place) {
  return `${place} ${reach}`;
}

// src/gateway/ask.ts
function findSuspension(question, settings) {
  const waitSec = heedsBreaker(settings) ? remainingSuspensionSec(endpointOf(question.lookup), question.key) : 0;
  return waitSec > 0 ? suspended(waitSec) : void 0;
}
function heedsBreaker(settings) {
  return settings.breakerFailures > 0;
}
function suspended(waitSec) {
  return unavailable("introspection_suspended", "too many failures in a row", "MISS", String(waitSec));
}
async function ask(r, question, settings) {
  const client2 = parseClientSettings(question.clientLines, isAbsoluteUrl(settings.introspectionEndpoint));
  if (client2.kind === "misconfiguration") {
    return notKept(unavailable("misconfigured", client2.problem, ""));
  }
  const proof = await proveClient(client2, readClockSec());
  if (proof.kind === "misconfiguration") {
    return notKept(unavailable("misconfigured", proof.problem, ""));
  }
  const form = introspectionForm(question.token, proof.formFields, settings.introspectionParameters);
  noteReach(reachOf(question.lookup), markTtlSecOf(settings));
  const waitSec = heedsBreaker(settings) ? waitBeforeAskingSec(endpointOf(question.lookup), question.key) : 0;
  if (waitSec > 0) {
    return notKept(suspended(waitSec));
  }
  const askedMs = readClockMs();
  const reply = await introspect(r, settings, form, proof);
  const nowSec = readClockSec();
  const tookMs = readClockMs() - askedMs;
  const answer = tookMs > 1e3 * maxIntrospectionSec(settings) ? answeredTooLate() : interpretReply(reply, settings, nowSec);
  noteIntrospection(r, answer.kind === "active" ? "active" : answer.reason, tookMs);
  noteForBreaker(r, question, answer, settings);
  switch (answer.kind) {
    case "active":
      return rememberActive(r, question, answer, reply, settings, nowSec);
    case "denial":
      return rememberDenial(question.key, answer, settings, nowSec);
    case "unavailable":
      if (answer.reason === "introspection_unauthorized") {
        forgetAssertion(client2);
      }
      return notKept(withCredentials(answer, client2.authMethod));
  }
}
function noteForBreaker(r, question, answer, settings) {
  const isOfServer = answer.kind !== "unavailable" || answer.reason !== "misconfigured";
  if (!heedsBreaker(settings) || !isOfServer) {
    return;
  }
  const endpoint = endpointOf(question.lookup);
  if (answer.kind !== "unavailable" || !isTransportFailure(answer.reason)) {
    noteAnswer(endpoint);
    noteResumed(r, endpoint, settings);
    return;
  }
  const breaker = noteTransportFailure(endpoint, question.key, settings);
  if (breaker.suspendedUntilMs > 0) {
    noteSuspended(r, endpoint, breaker, settings);
  }
}
function rememberActive(r, question, active, reply, settings, nowSec) {
  const grants = encodeGrants(active.claims);
  const reason = checkPolicy(grants, active.claims.notBeforeSec, settings, nowSec);
  const ttlSec = ttlSecOf(active, reply, settings, nowSec);
  const forbids = settings.obeysCacheControl && forbidsStale(reply.cacheControl);
  const usableUntilSec = forbids ? nowSec + ttlSec : active.expiresAtSec;
  const times = {
    expiresAtSec: nowSec + ttlSec,
    storedAtSec: nowSec,
    notBeforeSec: active.claims.notBeforeSec,
    usableUntilSec
  };
  const record = encodeRecord(times, active.jwt, grants, reason === void 0 ? question.policy : "");
  const isStorable = ttlSec > 0 && isCountedAlike(question.policy + grants);
  const forSec = keptSec(ttlSec, usableUntilSec, settings, nowSec);
  const mark2 = purgeKey(question.lookup);
  const isKept = isStorable && !isPurged(mark2) && store(r, question, record, forSec, settings, nowSec);
  if (isPurged(mark2)) {
    deleteRecord(question.key);
    return { outcome: denied("token_purged", "NEGATIVE"), isKept: true };
  }
  const outcome = reason === void 0 ? granted(`Bearer ${active.jwt}`, "MISS") : denied(reason, "MISS");
  return { outcome, isKept };
}
function rememberDenial(key, denial, settings, nowSec) {
  if (!isRemembered(denial.reason)) {
    return notKept(denial);
  }
  deleteRecord(key);
  const expiresAtSec = nowSec + settings.negativeCacheTtlSec;
  const ttlMs = expiresAtSec * 1e3 - readClockMs();
  if (ttlMs < 1) {
    return notKept(denial);
  }
  return {
    outcome: denial,
    isKept: writeDenial(key, encodeDenial(expiresAtSec, nowSec, denial.reason), ttlMs) === "stored"
  };
}
function ttlSecOf(active, reply, settings, nowSec) {
  const lifetimes = {
    freshnessSec: settings.obeysCacheControl ? freshnessSec(reply.cacheControl, reply.age) : void 0,
    expiresAtSec: active.expiresAtSec,
    cacheTtlSec: settings.cacheTtlSec
  };
  return recordTtlSec(lifetimes, nowSec, readChance());
}
function store(r, question, record, forSec, settings, nowSec) {
  const listed = listKeyspace(reachOf(question.lookup), {
    keyspace: keyspaceOf(question.lookup),
    markTtlSec: markTtlSecOf(settings),
    listedAtSec: nowSec
  });
  const written = listed === "stored" ? writeRecord(question.key, record, forSec) : listed;
  if (written !== "stored") {
    noteUncached(r, written);
  }
  return written === "stored";
}
function keptSec(ttlSec, usableUntilSec, settings, nowSec) {
  const withStaleSec = ttlSec + settings.staleIfErrorSec;
  return usableUntilSec === void 0 ? withStaleSec : Math.min(withStaleSec, usableUntilSec - nowSec);
}
function withCredentials(failure, method) {
  if (failure.reason === "misconfigured") {
    return failure;
  }
  const detail = `${failure.detail} credentials=${method}`;
  return unavailable(failure.reason, detail, failure.cacheStatus, failure.retryAfter);
}
function notKept(outcome) {
  return { outcome, isKept: false };
}

// src/gateway/join.ts
async function askOnce(r, question, settings) {
  if (settings.cacheTtlSec === 0) {
    return findSuspension(question, settings) || askAlone(r, question, settings);
  }
  const name = flightName(question.key, question.clientLines);
  const canBeLost = isLosable(readProtocol(r), isAbsoluteUrl(settings.introspectionEndpoint));
  const ownLeaseMs = leaseMs(canBeLost, settings.introspectionTimeoutSec);
  const sinceMs = readClockMs();
  const untilMs = sinceMs + 1500 * settings.introspectionTimeoutSec;
  const wait = { sinceMs, untilMs, maxWaiting: settings.maxWaiting };
  for (; ; ) {
    const suspension = findSuspension(question, settings);
    if (suspension !== void 0) {
      return suspension;
    }
    const boarding = await board(name, ownLeaseMs, wait);
    switch (boarding.kind) {
      case "lead":
        return leadFlight(r, question, settings, name, boarding.leader);
      case "no_room":
        noteNoRoom(r);
        return askAlone(r, question, settings);
      case "alone":
        return askAlone(r, question, settings);
      case "failed":
        return boarding.failure;
      case "queue_full":
        return queueFull(settings);
      case "timeout":
        return waitedInVain();
      case "landed": {
        const known = decideKnown(question, settings, "JOINED", "JOINED");
        if (known !== void 0) {
          return known;
        }
        if (canBeLost) {
          await proveClientIsThere(r, settings.introspectionEndpoint);
        }
      }
    }
  }
}
async function askAlone(r, question, settings) {
  const asked = await ask(r, question, settings);
  return asked.outcome;
}
function queueFull(settings) {
  const detail = `${settings.maxWaiting} requests wait for one introspection`;
  return unavailable("introspection_queue_full", detail, "MISS", "1");
}
async function leadFlight(r, question, settings, name, leader) {
  const known = decideKnown(question, settings, "JOINED", "JOINED");
  if (known !== void 0) {
    land(name, leader);
    return known;
  }
  let asked;
  try {
    asked = await ask(r, question, settings);
  } catch (e) {
    release(name, leader);
    throw e;
  }
  if (asked.isKept) {
    land(name, leader);
  } else if (asked.outcome.kind === "unavailable" && isShared(asked.outcome)) {
    failFlight(name, leader, asked.outcome);
  } else {
    release(name, leader);
  }
  return asked.outcome;
}

// src/operator/log_variables.ts
function jwt(r) {
  const v = r.variables;
  const authorization = v.phantom_token_authorization;
  const isOurs = authorization !== void 0 && v.phantom_token_cache_status !== "BYPASS";
  return isOurs ? authorization.slice("Bearer ".length) : "";
}
function subject(r) {
  return textClaim(readPayload(r), "sub");
}
function client(r) {
  const payload = readPayload(r);
  return textClaim(payload, "client_id") || textClaim(payload, "azp");
}
function readPayload(r) {
  const payload = jwt(r).split(".")[1] || "";
  return parseJsonObject(Buffer.from(payload, "base64url").toString()) || {};
}
function textClaim(payload, claim) {
  const value = payload[claim];
  return typeof value === "string" && isPlainText(value) ? value : "";
}

// src/operator/metrics.ts
function metrics(r) {
  r.headersOut["Cache-Control"] = "no-store";
  const problem = findCountingProblem(countedSeries());
  if (problem !== void 0) {
    noteNoMetrics(r, problem);
    r.headersOut["Content-Type"] = "text/plain; charset=utf-8";
    r.return(503, `${problem}
`);
    return;
  }
  const gauges = zoneGauges(readZones()).concat(breakerGauge(), buildGauge());
  r.headersOut["Content-Type"] = "text/plain; version=0.0.4; charset=utf-8";
  r.return(200, formatMetrics(readCount, gauges));
}
function buildGauge() {
  const labels = {
    version: "0.1.0",
    njs: njs.version,
    engine: njs.engine,
    nginx: ngx.version
  };
  return {
    name: "phantom_token_build_info",
    help: "Always 1: the versions of this script, of njs with its engine, and of nginx.",
    samples: [{ labels, value: 1 }]
  };
}
function breakerGauge() {
  return {
    name: "phantom_token_breaker_state",
    help: "Circuit breaker: 0 closed, 1 open, 2 half open. Endpoints that failed lately.",
    samples: readBreakers().map((breaker) => ({
      labels: { server: breaker.server, endpoint: breaker.endpoint },
      value: STATES.indexOf(breaker.state)
    }))
  };
}
var STATES = ["closed", "open", "half_open"];
function zoneGauges(zones) {
  return [
    {
      name: "phantom_token_zone_capacity_bytes",
      help: "Size of a shared dictionary.",
      samples: zones.map((zone) => ({ labels: { zone: zone.name }, value: zone.capacityBytes }))
    },
    {
      name: "phantom_token_zone_free_bytes",
      help: "Free pages of a shared dictionary; those of ended entries are freed when the next new one is stored.",
      samples: zones.map((zone) => ({ labels: { zone: zone.name }, value: zone.freeBytes }))
    },
    {
      name: "phantom_token_zone_entries",
      help: "Entries of a shared dictionary, ended ones included. No samples below njs 0.9.7, where counting them is not safe.",
      samples: zones.filter((zone) => zone.entries >= 0).map((zone) => ({ labels: { zone: zone.name }, value: zone.entries }))
    }
  ];
}

// src/core/answer/purge_answer.ts
function purged(records2) {
  return { status: 200, body: JSON.stringify({ records: records2 }) };
}
function refuseMethod() {
  return { status: 405, body: errorBody("invalid_request", "A purge is a POST request") };
}
function refuseForm() {
  const message = "The body must be a form with one field token, which holds the token as clients send it";
  return { status: 400, body: errorBody("invalid_request", message) };
}
function refusePurge(problem) {
  return { status: 500, body: errorBody("server_error", problem) };
}
function refuseForRoom() {
  const message = "The token is not ended: the zone phantom_token_state is full: enlarge it in zones.conf";
  return { status: 503, body: errorBody("server_error", message) };
}

// src/operator/purge.ts
function purge(r) {
  const answer = decidePurge(r);
  r.headersOut["Cache-Control"] = "no-store";
  r.headersOut["Content-Type"] = "application/json";
  if (answer.status === 405) {
    r.headersOut.Allow = "POST";
  }
  r.return(answer.status, answer.body);
}
function decidePurge(r) {
  if (r.method !== "POST") {
    return refuseMethod();
  }
  const reach = findReach(r);
  if (reach.kind === "misconfiguration") {
    noteFailure(r, unavailable("misconfigured", reach.problem, ""), "");
    return refusePurge(reach.problem);
  }
  const token = parseTokenForm(readFormBody(r));
  return token === void 0 || !isB64Token(token) ? refuseForm() : endToken(reach, token);
}
function findReach(r) {
  const variables = (r.variables);
  const request = ("access" === "access" ? variables._phantom_request : takeKeptRequest(variables));
  const texts = takeApart(request, readRest(r, "access"));
  const settings = parsePurgeSettings(texts.settings);
  if (settings.kind === "misconfiguration") {
    return settings;
  }
  const problem = isAddressBound(texts.lookup) ? NAMELESS : findZoneProblem(r);
  if (problem !== void 0) {
    return misconfiguration(problem);
  }
  const name = reachOf(texts.lookup);
  const askingTtlSec = readAskingTtlSec(name);
  return askingTtlSec === 0 && readKeyspaces(name).length === 0 ? misconfiguration(UNKNOWN) : { kind: "reach", lookup: texts.lookup, markTtlSec: Math.max(settings.markTtlSec, askingTtlSec) };
}
var NAMELESS = "purge needs a server_name, or $phantom_token_partition here and in the protected server";
var UNKNOWN = "no protected location of this server has asked $phantom_token_introspection_endpoint since nginx was started, so that nothing of it is cached; or this is the wrong place: a purge needs the endpoint, and the server or the $phantom_token_partition, of the protected location";
function endToken(reach, token) {
  const lookup = canonicalLookup(reach.lookup, token);
  if (!mark(lookup, reach.markTtlSec)) {
    return refuseForRoom();
  }
  const keyspaces = readKeyspaces(reachOf(lookup));
  const ended = keyspaces.filter((listed) => endRecord(listed.keyspace + token));
  return mark(lookup, longestMarkTtlSec(reach.markTtlSec, keyspaces)) ? purged(ended.length) : refuseForRoom();
}
function mark(lookup, ttlSec) {
  return markPurged(purgeKey(lookup), ttlSec) === "stored";
}
function endRecord(lookup) {
  return deleteRecord((begun === void 0 ? firstKey(lookup) : begun.copy().update(lookup).digest("base64url")));
}

return { askOnce, standIn, countRefused, formatFailureLine, readPlace, purge, metrics, jwt, subject, client };
}

return { handleMiss, handleSwitch, failOnBug, askPart };
}

return { meetsTimes, missPart };
}

return { meetsPolicy, findPolicy, add, requestsSeries, timesPart };
}

// src/index.ts
export {
  index_default as default
};
