// njs-phantom-token 0.1.0 (Apache-2.0). Built from src/ by `npm run build`: change it there, not here.
import crypto2 from "crypto";
import fs from "fs";

// src/core/cache/key.ts
var begun;
var wasCalled;
function firstDigest(text) {
  if (wasCalled) {
    begun = crypto2.createHash("sha256").update("4\n" /* prefix */);
  }
  wasCalled = true;
  return (crypto2.createHash("sha256").update(("4\n" /* prefix */ + text)).digest("base64url"));
}

// src/edge/count.ts
var isOff;
function hasZone() {
  if (ngx.shared.phantom_token_metrics !== void 0) {
    return true;
  }
  isOff = true;
  return false;
}
function count(series, by) {
  const zone = ngx.shared.phantom_token_metrics;
  if (zone === void 0) {
    return;
  }
  try {
    zone.incr(series, by, 0);
  } catch (_fullOrOfStrings) {
  }
}

// src/edge/grant.ts
function grant(r, v, mode, authorization, cacheStatus) {
  v.phantom_token_authorization = authorization;
  v._phantom_state = cacheStatus;
  if ((isOff === void 0 && hasZone())) {
    count((`phantom_token_requests_total{cache_status="${cacheStatus === "" ? "NONE" : cacheStatus}"}`), 1);
  }
  if (mode === "access") {
    r.decline();
  } else if (mode === "auth_request") {
    r.return(204);
  }
}

// src/edge/records.ts
var records;
function readFirstRecord(key) {
  records = ngx.shared.phantom_token;
  return records === void 0 ? void 0 : records.get(key);
}

// src/edge/request_text.ts
function takeKeptRequest(v) {
  const kept4 = v._phantom_kept_request;
  v._phantom_kept_request = "";
  return kept4;
}
function readPolicy2(v, request) {
  const live = v._phantom_policy;
  return (request.startsWith(`${"here on\n" /* on */}${live}
`)) ? live : (request.split("\n").slice(1, 1 + 5 /* policy */).join("\n"));
}

// src/gateway/hit.ts
function access(r) {
  r.return(500);
  return handle(r, "access");
}
function authorize(r) {
  return handle(r, "auth_request");
}
function handle(r, mode, isAsked) {
  try {
    const variables = (r.variables);
    const request = (mode === "auth_request" ? takeKeptRequest(variables) : variables._phantom_request);
    const hasNoPolicy = (request.startsWith("here on\n\n\n\n\n\n" /* onWithoutPolicy */));
    if (!hasNoPolicy && !(request.startsWith("here on\n" /* on */))) {
      return judgeStage().waysInStage().handleOtherWay(r, mode, request, handle);
    }
    const policy = hasNoPolicy ? "\n\n\n\n" /* text */ : readPolicy2(variables, request);
    const lookup = (request.slice("here on\n" /* on */.length + policy.length + 1));
    const key = ((begun === void 0 ? firstDigest(lookup) : begun.copy().update(lookup).digest("base64url")));
    const record = (records === void 0 ? readFirstRecord(key) : records.get(key));
    const nowSec = (Date.now() / 1e3);
    if (record === void 0 || !(hasNoPolicy ? (+record.slice(0 /* readyUntil */, 10 /* expiry */) > nowSec) : (record.slice(60 /* policy */, +record.slice(50 /* grantsStart */, 55 /* authorizationStart */)) === policy) ? ((+record.slice(10 /* expiry */, 20 /* notBefore */)) > nowSec) : judgeStage().meetsPolicy(record, policy, nowSec))) {
      return judgeStage().rejectedStage().handleNotGranted(r, mode, { request, policy, lookup, key, record });
    }
    if (isAsked) {
      judgeStage().waysInStage().grantTo(r, variables, mode, (record.slice(+record.slice(55 /* authorizationStart */, 60 /* policy */))), "HIT", record);
    } else {
      grant(r, variables, mode, (record.slice(+record.slice(55 /* authorizationStart */, 60 /* policy */))), "HIT");
    }
  } catch (e) {
    judgeStage().rejectedStage().undecidedStage().missStage().joinStage().clientCredentialsStage().failStage().failOnBug(r, mode, e);
  }
  return void 0;
}

// src/operator/jwt_variable.ts
function jwt(r) {
  const v = r.variables;
  const authorization = v.phantom_token_authorization;
  const isOurs = authorization !== void 0 && v.phantom_token_cache_status !== "BYPASS";
  return isOurs ? authorization.slice("Bearer ".length) : "";
}

// src/index.ts
var index_default = {
  access,
  authorize,
  jwt,
  // What these call is made when they are called: scripts/cut.ts.
  purge: (r) => judgeStage().rejectedStage().undecidedStage().missStage().joinStage().clientCredentialsStage().failStage().signatureSettingsStage().purgeStage().purge(r),
  metrics: (r) => judgeStage().rejectedStage().undecidedStage().missStage().joinStage().clientCredentialsStage().failStage().signatureSettingsStage().purgeStage().metrics(r),
  jwks: (r) => judgeStage().rejectedStage().undecidedStage().missStage().joinStage().clientCredentialsStage().failStage().signatureSettingsStage().purgeStage().jwks(r),
  subject: (r) => judgeStage().rejectedStage().undecidedStage().missStage().joinStage().clientCredentialsStage().failStage().signatureSettingsStage().purgeStage().subject(r),
  client: (r) => judgeStage().rejectedStage().undecidedStage().missStage().joinStage().clientCredentialsStage().failStage().signatureSettingsStage().purgeStage().client(r)
};
export {
  index_default as default
};

var judgeStageMade;
function judgeStage() {
  return judgeStageMade || (judgeStageMade = makeJudgeStage());
}
function makeJudgeStage() {

// src/core/text/plain_text.ts
var CONTROL = /[\x00-\x1F\x7F]/;
function isPlainText(text) {
  return !CONTROL.test(text);
}

// src/core/token/scope.ts
var OTHER_THAN_SCOPES = /[^\x20\x21\x23-\x5B\x5D-\x7E]/;
function isScopeList(text) {
  return !OTHER_THAN_SCOPES.test(text);
}
function splitScopes(list2) {
  return list2.split(" ").filter((token) => token !== "");
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
  const list2 = words.split(" ");
  return list2.includes(value) ? void 0 : `must be one of ${list2.join(", ")}`;
}
function checkWhole(value, least, most, unit) {
  const number = Number(value);
  const isWhole2 = /^[0-9]{1,8}$(?!\n)/.test(value) && number >= least && number <= most;
  return isWhole2 ? void 0 : `must be a whole number of ${unit} from ${least} to ${most}, without a unit`;
}

// src/core/settings/reading.ts
function readChecked(findings, variable, line, check) {
  note(findings, variable, check(line));
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

// src/core/settings/policy_text.ts
function parsePolicy(text) {
  const lines = text.split("\n");
  if (lines.length !== 5 /* policy */) {
    return void 0;
  }
  const findings = { problem: "" };
  const policy = ({
    requiredScopes: lines[0] === "" ? [] : readScopes(findings, "phantom_token_required_scopes", lines[0]),
    audience: lines[1] === "" ? "" : readChecked(findings, "phantom_token_audience", lines[1], checkPlainText),
    issuer: lines[2] === "" ? "" : readChecked(findings, "phantom_token_issuer", lines[2], checkPlainText),
    clockSkewSec: lines[3] === "" ? 60 : readWhole(findings, "phantom_token_clock_skew", lines[3], 0, 31536e3, "seconds"),
    cacheTtlSec: lines[4] === "" ? 300 : readWhole(findings, "phantom_token_cache_ttl", lines[4], 0, 31536e3, "seconds")
  });
  return findings.problem === "" ? policy : void 0;
}

// src/core/token/policy.ts
var SCOPE = "\n";
var ISSUER = "\v";
var AUDIENCE = "\f";
function encodeGrants(claims) {
  const scopes = claims.scope.split(" ").join(SCOPE);
  const audiences = claims.audience.join(AUDIENCE);
  return `${SCOPE}${scopes}${SCOPE}${AUDIENCE}${audiences}${AUDIENCE}${ISSUER}${claims.issuer}${ISSUER}`;
}
function checkPolicy(grants, notBeforeSec, policy, nowSec) {
  if (notBeforeSec > nowSec + policy.clockSkewSec) {
    return "token_not_yet_valid";
  }
  if (policy.issuer !== "" && !grants.includes(ISSUER + policy.issuer + ISSUER)) {
    return "issuer_mismatch";
  }
  if (policy.audience !== "" && !grants.includes(AUDIENCE + policy.audience + AUDIENCE)) {
    return "audience_mismatch";
  }
  for (let i = 0; i < policy.requiredScopes.length; i++) {
    if (!grants.includes(SCOPE + policy.requiredScopes[i] + SCOPE)) {
      return "scope_insufficient";
    }
  }
  return void 0;
}

// src/core/cache/judge.ts
function meetsPolicy(record, policyText, nowSec) {
  const policy = parsePolicy(policyText);
  return policy !== void 0 && judgeRecord(record, policy, nowSec) === "good";
}
function judgeRecord(record, policy, nowSec) {
  return ((+record.slice(10 /* expiry */, 20 /* notBefore */)) > nowSec) && (policy.cacheTtlSec > 0 && nowSec - (+record.slice(30 /* stored */, 40 /* usableUntil */)) < policy.cacheTtlSec) ? judgeToken(record, policy, nowSec) : "void";
}
function judgeToken(record, policy, nowSec) {
  return checkPolicy((record.slice(
    Number(record.slice(50 /* grantsStart */, 55 /* authorizationStart */)),
    Number(record.slice(55 /* authorizationStart */, 60 /* policy */))
  )), (Number(record.slice(20 /* notBefore */, 30 /* stored */))), policy, nowSec) || "good";
}

var waysInStageMade;
function waysInStage() {
  return waysInStageMade || (waysInStageMade = makeWaysInStage());
}
function makeWaysInStage() {

// src/core/request/accept.ts
function wantsJson(accept) {
  return /\bapplication\/json\b/i.test(accept) && !/\bapplication\/jwt\b/i.test(accept);
}

// src/edge/answer_grant.ts
function grantTo(r, v, mode, authorization, cacheStatus, record) {
  grant(r, v, mode, authorization, cacheStatus);
  const headers = r.headersOut;
  if (mode === "forward_auth") {
    headers["Cache-Control"] = "no-store";
    if (authorization !== "") {
      headers.Authorization = authorization;
    }
    r.return(200, "");
  } else if (mode === "introspection") {
    const jwt2 = authorization.slice("Bearer ".length);
    const leftSec = record === void 0 ? 0 : secondsLeft(record, (+(v.phantom_token_cache_ttl || 300 /* cacheTtlSec */)));
    const accept = v.http_accept || "";
    const isJson = accept !== "application/jwt" && wantsJson(accept);
    headers["Content-Type"] = isJson ? "application/json" : "application/jwt";
    headers["Cache-Control"] = leftSec < 1 ? "no-store" : `max-age=${leftSec}`;
    r.return(200, isJson ? rejectedStage().undecidedStage().malformedStage().activeAnswer(jwt2) : jwt2);
  }
}
function secondsLeft(record, ttlSec) {
  return Math.floor(Math.min((+record.slice(10 /* expiry */, 20 /* notBefore */)), (+record.slice(30 /* stored */, 40 /* usableUntil */)) + ttlSec) - (Date.now() / 1e3));
}

// src/core/request/forwarded_uri.ts
function isUsualUri(value) {
  return value === void 0 || !/[\x00-\x20\x7F%]|\/\./.test(value) || !/[\x00-\x20\x7F]|^[^?#]*(?:\/\.|%0|%2[EeFf])/.test(value);
}

// src/gateway/ways_in.ts
function handleOtherWay(r, mode, request, handle2) {
  switch (request) {
    case "forward_auth": {
      const v = r.variables;
      return isUsualUri(v.http_x_forwarded_uri) && isUsualUri(v.http_x_original_url) ? handle2(r, "forward_auth", true) : rejectedStage().undecidedStage().malformedStage().handleUnusualUri(r, handle2);
    }
    case "introspection":
      return introspectionWayStage().enterIntrospection(r, handle2);
    default:
      return rejectedStage().undecidedStage().missStage().handleNotOn(r, mode, request);
  }
}

var introspectionWayStageMade;
function introspectionWayStage() {
  return introspectionWayStageMade || (introspectionWayStageMade = makeIntrospectionWayStage());
}
function makeIntrospectionWayStage() {

// src/core/request/usual_question.ts
function usualToken(form) {
  const match = /^token=([A-Za-z0-9._~-]+)(?:&token_type_hint=access_token)?$(?!\n)/.exec(form) || /^token=((?:[A-Za-z0-9._~-]|%2[BbFf]|%7[Ee])+(?:%3[Dd])*)(?:&token_type_hint=access_token)?$(?!\n)/.exec(
    form
  );
  const field = match === null ? "" : match[1];
  const token = field.includes("%") ? decodeURIComponent(field) : field;
  return token.length <= 4096 /* max */ ? token : "";
}

// src/edge/form_body.ts
function readFormBody(r) {
  try {
    return r.requestText || "";
  } catch (_inFile) {
    return "";
  }
}

// src/gateway/introspection_way.ts
function enterIntrospection(r, handle2) {
  const form = readFormBody(r);
  const token = r.method === "POST" ? usualToken(form) : "";
  if (token === "") {
    return rejectedStage().undecidedStage().malformedStage().handleUnusualQuestion(r, form, handle2);
  }
  r.variables.phantom_token_input = token;
  return handle2(r, "introspection", true);
}

return { readFormBody, enterIntrospection };
}

return { introspectionWayStage, wantsJson, grantTo, handleOtherWay };
}

var rejectedStageMade;
function rejectedStage() {
  return rejectedStageMade || (rejectedStageMade = makeRejectedStage());
}
function makeRejectedStage() {

// src/core/answer/refusal.ts
function errorBody(code, message) {
  return `{"code":"${code}","message":"${message}"}`;
}

// src/core/answer/challenge.ts
function buildDenial(denial, settings) {
  if (denial.reason === "scope_insufficient") {
    return {
      status: 403,
      challenge: challenge(settings, "insufficient_scope", settings.requiredScopes),
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
    challenge: challenge(settings, error, named),
    retryAfter: "",
    body: errorBody("unauthorized_request", "Access denied due to missing, invalid or expired credentials")
  };
}
function challenge(settings, error, scopes) {
  let text = `Bearer realm="${settings.realm}"`;
  if (error !== "") {
    text += `, error="${error}"`;
  }
  if (scopes.length > 0) {
    text += `, scope="${scopes.join(" ")}"`;
  }
  if (settings.resourceMetadata !== "") {
    text += `, resource_metadata="${settings.resourceMetadata}"`;
  }
  return text;
}

// src/edge/zones.ts
var MAX_MS = 2147483647;
function readEntry(zone, key) {
  return dictionary(zone).get(key);
}
function hasEntry(zone, key) {
  return dictionary(zone).has(key);
}
function writeEntry(zone, key, value, ttlMs) {
  try {
    dictionary(zone).set(key, value, Math.min(ttlMs, MAX_MS));
    return "stored";
  } catch (e) {
    return fullOrThrow(e);
  }
}
function addEntry(zone, key, value, ttlMs) {
  try {
    return dictionary(zone).add(key, value, Math.min(ttlMs, MAX_MS)) ? "added" : "exists";
  } catch (e) {
    return fullOrThrow(e);
  }
}
function replaceEntry(zone, key, value) {
  try {
    dictionary(zone).replace(key, value);
  } catch (e) {
    fullOrThrow(e);
  }
}
function deleteEntry(zone, key) {
  return dictionary(zone).delete(key) === true;
}
function isFirstInMinute(name) {
  return addEntry("phantom_token_state", `log:${name}`, "", 6e4) === "added";
}
function dictionary(zone) {
  return ngx.shared[zone];
}
function fullOrThrow(e) {
  if (e.name !== "SharedMemoryError") {
    throw e;
  }
  return "full";
}

// src/edge/refuse.ts
function deny(r, mode, denial, settings) {
  r.log(`phantom_token: ${denial.reason}`);
  const refusal2 = settings.sender === void 0 ? buildDenial(denial, settings) : undecidedStage().boundStage().proveKeyStage().refusalOf(r, denial, settings, settings.sender);
  refuse(r, mode, refusal2, denial);
}
function refuse(r, mode, refusal2, outcome) {
  const v = r.variables;
  v.phantom_token_authorization = "";
  v._phantom_state = outcome.cacheStatus;
  v.phantom_token_reason = outcome.reason;
  if ((isOff === void 0 && hasZone())) {
    count((`phantom_token_requests_total{cache_status="${outcome.cacheStatus === "" ? "NONE" : outcome.cacheStatus}"}`), 1);
    count((`phantom_token_refusals_total{reason="${outcome.reason}"}`), 1);
  }
  if (mode === "auth_request") {
    answerThroughErrorPage(r, refusal2);
  } else if (mode === "introspection" && outcome.kind === "denial") {
    answerNotActive(r);
  } else {
    answerDirectly(r, refusal2);
  }
}
function answerNotActive(r) {
  r.headersOut["Cache-Control"] = "no-store";
  if (waysInStage().wantsJson(r.variables.http_accept || "")) {
    r.headersOut["Content-Type"] = "application/json";
    send(r, 200, ('{"active":false}'));
  } else {
    send(r, 204, "");
  }
}
function answerDirectly(r, refusal2) {
  const headers = r.headersOut;
  headers["Content-Type"] = "application/json";
  headers["Cache-Control"] = "no-store";
  if (refusal2.challenge !== "") {
    headers["WWW-Authenticate"] = refusal2.otherChallenge === void 0 ? refusal2.challenge : [refusal2.challenge, refusal2.otherChallenge];
  }
  if (refusal2.dpopNonce !== void 0) {
    headers["DPoP-Nonce"] = refusal2.dpopNonce;
  }
  if (refusal2.retryAfter !== "") {
    headers["Retry-After"] = refusal2.retryAfter;
  }
  send(r, refusal2.status, refusal2.body);
}
function answerThroughErrorPage(r, refusal2) {
  const v = r.variables;
  v._phantom_status = String(refusal2.status);
  v._phantom_challenge = refusal2.otherChallenge === void 0 ? refusal2.challenge : `${refusal2.challenge}, ${refusal2.otherChallenge}`;
  if (refusal2.dpopNonce !== void 0) {
    v._phantom_dpop_nonce = refusal2.dpopNonce;
  }
  v._phantom_retry_after = refusal2.retryAfter;
  v._phantom_body = refusal2.body;
  send(r, Math.min(refusal2.status, 500), "");
}
function send(r, status, body) {
  try {
    r.return(status, body);
  } catch (_gone) {
    r.log("phantom_token: the client has gone");
  }
}

// src/core/answer/outcome.ts
function granted(authorization, cacheStatus, record) {
  return { kind: "grant", authorization, cacheStatus, record };
}
function grantedTo(binding, authorization, cacheStatus, record) {
  return binding === void 0 ? granted(authorization, cacheStatus, record) : { kind: "bound", authorization, binding, cacheStatus, record };
}
function denied(reason, cacheStatus) {
  return { kind: "denial", reason, cacheStatus };
}
function malformed() {
  return { kind: "malformed", reason: "request_malformed", cacheStatus: "" };
}

// src/core/cache/epoch.ts
function tenDigits(epochSec) {
  return epochSec > 999999999 ? String(epochSec) : String(1e10 + epochSec).slice(1);
}

// src/core/cache/denial_record.ts
var TIME_DIGITS = 10;
function reasonOf(record, ttlSec, nowSec) {
  const expiresAtSec = Number(record.slice(0, TIME_DIGITS));
  const storedAtSec = Number(record.slice(TIME_DIGITS, 2 * TIME_DIGITS));
  const isTaken = nowSec < Math.min(expiresAtSec, storedAtSec + ttlSec);
  return isTaken ? record.slice(2 * TIME_DIGITS) : void 0;
}

// src/core/settings/location_texts.ts
var HERE = "here ";
function takeApart(request, rest) {
  const texts = { request: request.split("\n"), rest: rest.split("\n") };
  return texts.request.length === 16 /* request */ && texts.rest.length === 18 /* rest */ ? texts : void 0;
}
var BROKEN_TEXTS = "a setting holds a line break, or http.conf does not fit the script";
function isConfiguredHere(text) {
  return text.startsWith(HERE);
}
var NOT_HERE = "this location does not include protect.conf itself: nested locations and limit_except do not inherit settings";
function findLookup(text) {
  return text.split("\n").slice(1 + 5 /* policy */).join("\n");
}
function clientTextOf(texts) {
  const lines = texts.rest.slice(10 /* restOfLocation */);
  return lines.join("") === "" ? "" : lines.join("\n");
}
function signatureLineOf(texts) {
  return texts.request[13 /* signatureLine */];
}

// src/core/settings/parse_refusal.ts
function readRefusalSettings(findings, request, rest) {
  return {
    requiredScopes: request[1] === "" ? [] : readScopes(findings, "phantom_token_required_scopes", request[1]),
    realm: rest[0] === "" ? "api" : readChecked(findings, "phantom_token_realm", rest[0], checkRealm),
    scopes: rest[1] === "" ? [] : readScopes(findings, "phantom_token_scopes", rest[1]),
    negativeCacheTtlSec: rest[3] === "" ? 5 : readWhole(findings, "phantom_token_negative_cache_ttl", rest[3], 0, 60, "seconds"),
    resourceMetadata: rest[9] === "" ? "" : readChecked(findings, "phantom_token_resource_metadata", rest[9], undecidedStage().boundStage().proveKeyStage().checkMetadataUrl),
    sender: request[13] === "" ? void 0 : undecidedStage().boundStage().readSender(findings, request[13])
  };
}

// src/edge/known_tokens.ts
function readDenial(key) {
  const zone = ngx.shared.phantom_token_denied;
  return zone === void 0 ? void 0 : zone.get(key);
}
function isPurged(markKey) {
  return hasEntry("phantom_token_state", purgedName(markKey));
}
function purgedName(markKey) {
  return `purged:${markKey}`;
}

// src/edge/request.ts
function readRest(r, mode) {
  const v = r.variables;
  return (mode === "auth_request" ? v._phantom_kept_rest : v._phantom_rest) || "";
}
function readProtocol(r) {
  return r.variables.server_protocol || "";
}

// src/gateway/rejected.ts
function handleNotGranted(r, mode, first) {
  const denialRecord = first.record === void 0 ? readDenial(first.key) : void 0;
  if (denialRecord !== void 0 && refuseRejected(r, mode, first, denialRecord)) {
    return void 0;
  }
  return undecidedStage().handleUndecided(r, mode, first, first.record === void 0 && denialRecord === void 0);
}
function refuseRejected(r, mode, first, denialRecord) {
  const texts = takeApart(first.request, readRest(r, mode));
  if (texts === void 0) {
    return false;
  }
  const findings = { problem: "" };
  const settings = readRefusalSettings(findings, texts.request, texts.rest);
  const reason = reasonOf(denialRecord, settings.negativeCacheTtlSec, (Math.floor(Date.now() / 1e3)));
  if (findings.problem !== "" || reason === void 0) {
    return false;
  }
  deny(r, mode, denied(reason, "NEGATIVE"), settings);
  return true;
}

var undecidedStageMade;
function undecidedStage() {
  return undecidedStageMade || (undecidedStageMade = makeUndecidedStage());
}
function makeUndecidedStage() {

// src/core/text/json.ts
function parseJsonObject(text) {
  let value;
  try {
    value = JSON.parse(text);
  } catch (_broken) {
    return void 0;
  }
  return (typeof value === "object" && value !== null && !Array.isArray(value)) ? value : void 0;
}

// src/core/cache/bound_record.ts
var BOUND_MARK = "00000000000000000000";
function encodeBoundRecord(binding, record) {
  const jkt = binding.jkt.padEnd(63 /* x5t */ - 20 /* jkt */);
  const x5t = binding.x5t.padEnd(106 /* record */ - 63 /* x5t */);
  return `${BOUND_MARK}${jkt}${x5t}${record}`;
}
function bindingOf(record) {
  return {
    jkt: record.slice(20 /* jkt */, 63 /* x5t */).trim(),
    x5t: record.slice(63 /* x5t */, 106 /* record */).trim()
  };
}
function unboundPartOf(record) {
  return record.slice(106 /* record */);
}

// src/core/token/jws_token.ts
function isJwsShaped(token) {
  if (token.indexOf(".") === -1) {
    return false;
  }
  const parts = token.split(".");
  const first = parts[0];
  if (parts.length !== 3 || /[^A-Za-z0-9_-]/.test(first)) {
    return false;
  }
  const header2 = parseJsonObject(Buffer.from(first, "base64url").toString());
  return header2 !== void 0 && header2.alg !== void 0;
}

// src/core/cache/lookup.ts
var CANONICAL_SCHEME = "Bearer ";
function credentialOf(lookup) {
  return lookup.slice(lookup.lastIndexOf("\n") + 1);
}
function endpointOf(lookup) {
  return lookup.slice(0, lookup.indexOf("\n", lookup.indexOf("\n") + 1));
}
function askedOf(endpoint) {
  return endpoint.slice(endpoint.indexOf("\n") + 1);
}
function keyspaceOf(lookup) {
  return lookup.slice(0, lookup.lastIndexOf("\n") + 1) + CANONICAL_SCHEME;
}
function lookupIn(keyspace, token) {
  return keyspace + token;
}
function reachOf(endpoint) {
  return endpoint.charAt(0) === "=" ? endpoint : endpoint.slice(endpoint.indexOf(" "));
}
function purgeKey(reach, token) {
  const question = `${reach}
${(isJwsShaped(token) ? token.slice(0, token.lastIndexOf(".")) : token)}`;
  return ((begun === void 0 ? firstDigest(question) : begun.copy().update(question).digest("base64url")));
}

// src/gateway/undecided.ts
function handleUndecided(r, mode, first, isUnknown) {
  const credential = credentialOf(first.lookup);
  const mayBeBound = isUnknown ? (credential.slice(0, 5 /* length */).toLowerCase() === "dpop ") : first.record !== void 0 && (first.record.startsWith(BOUND_MARK));
  const bound = mayBeBound && mode !== "introspection" ? boundStage().findBound(first, credential) : void 0;
  return bound === void 0 ? missStage().handleMiss(r, mode, first, isUnknown) : boundStage().judgeProof(r, mode, first, bound);
}

var jwtStageMade;
function jwtStage() {
  return jwtStageMade || (jwtStageMade = makeJwtStage());
}
function makeJwtStage() {

// src/core/token/jwt.ts
var RSA_STEP_BYTES = 32;
function parseJwt(text) {
  const parts = readParts(text);
  const header2 = parts && parseJsonObject(parts.header);
  const payload = parts && parseJsonObject(parts.payload);
  if (parts === void 0 || header2 === void 0 || payload === void 0) {
    return void 0;
  }
  return hasWholeSignature(header2.alg, parts.signature) ? { text, header: header2, payload } : void 0;
}
function explainBadJwt(text) {
  const parts = readParts(text);
  if (parts === void 0) {
    return "not a signed JWT: three base64url parts, with nothing around them";
  }
  if (parseJsonObject(parts.header) === void 0 || parseJsonObject(parts.payload) === void 0) {
    return "header or payload of the JWT is no JSON object";
  }
  return `alg none, or a signature of ${parts.signature.length} characters, which its alg does not make: was it cut?`;
}
function readParts(text) {
  const first = text.indexOf(".");
  const last = text.lastIndexOf(".");
  if (first === last) {
    return void 0;
  }
  const header2 = decodePart(text.slice(0, first));
  const payload = decodePart(text.slice(first + 1, last));
  const signature = text.slice(last + 1);
  return header2 === void 0 || payload === void 0 || decodePart(signature) === void 0 ? void 0 : { header: header2.toString(), payload: payload.toString(), signature };
}
function decodePart(part) {
  const bytes = Buffer.from(part, "base64url");
  const again = bytes.toString("base64url");
  return part !== "" && (again === part || isSameButEnd(again, part)) ? bytes : void 0;
}
function isSameButEnd(again, part) {
  const sure = part.length % 4 === 1 ? part.length - 2 : part.length - 1;
  return again.length >= sure && again.slice(0, sure) === part.slice(0, sure) && !OTHER_THAN_BASE64URL.test(part.slice(sure));
}
var OTHER_THAN_BASE64URL = /[^A-Za-z0-9_-]/;
var RESPONSE_TYPE_LENGTH = 23;
function isCanonicallySigned(jwt2) {
  const signature = jwt2.text.slice(jwt2.text.lastIndexOf(".") + 1);
  return Buffer.from(signature, "base64url").toString("base64url") === signature;
}
function isIntrospectionResponse(jwt2) {
  const typ = jwt2.header.typ;
  const isTyped = typeof typ === "string" && typ.length >= RESPONSE_TYPE_LENGTH && // a pattern costs ten times as much
  /^(application\/)?token-introspection\+jwt[ \t\r\n]*(;|$(?!\n))/i.test(typ);
  return isTyped || jwt2.payload.token_introspection !== void 0;
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

return { parseJwt, explainBadJwt, isCanonicallySigned, isIntrospectionResponse };
}

var missStageMade;
function missStage() {
  return missStageMade || (missStageMade = makeMissStage());
}
function makeMissStage() {

// src/core/request/token_grammar.ts
var B64TOKEN = /^[A-Za-z0-9\-._~+/]+=*$(?!\n)/;
function isB64Token(text) {
  return text.length <= 4096 /* max */ && B64TOKEN.test(text);
}

// src/core/request/bearer.ts
var SCHEME_LENGTH = 6;
function parseBearer(authorization) {
  const usual = authorization.startsWith(USUAL_SCHEME) ? authorization.slice(USUAL_SCHEME.length) : "";
  return isB64Token(usual) ? { kind: "token", token: usual } : parseUnusual(authorization);
}
var USUAL_SCHEME = "Bearer ";
function parseUnusual(authorization) {
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
function skipSpaces(text, from) {
  let i = from;
  while (i < text.length && text.charCodeAt(i) === 32) {
    i++;
  }
  return i;
}

// src/core/settings/question_checks.ts
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
  const settings = ({
    kind: "settings",
    introspectionEndpoint: readChecked(findings, "phantom_token_introspection_endpoint", texts.request[7], checkEndpoint),
    requiredScopes: texts.request[1] === "" ? [] : readScopes(findings, "phantom_token_required_scopes", texts.request[1]),
    audience: texts.request[2] === "" ? "" : readChecked(findings, "phantom_token_audience", texts.request[2], checkPlainText),
    issuer: texts.request[3] === "" ? "" : readChecked(findings, "phantom_token_issuer", texts.request[3], checkPlainText),
    clockSkewSec: texts.request[4] === "" ? 60 : readWhole(findings, "phantom_token_clock_skew", texts.request[4], 0, 31536e3, "seconds"),
    cacheTtlSec: texts.request[5] === "" ? 300 : readWhole(findings, "phantom_token_cache_ttl", texts.request[5], 0, 31536e3, "seconds"),
    realm: texts.rest[0] === "" ? "api" : readChecked(findings, "phantom_token_realm", texts.rest[0], checkRealm),
    scopes: texts.rest[1] === "" ? [] : readScopes(findings, "phantom_token_scopes", texts.rest[1]),
    preflight: texts.rest[2] === "" ? "answer" : readWord(findings, "phantom_token_preflight", texts.rest[2], "answer pass authenticate"),
    jwtField: texts.request[8] === "" ? "" : readChecked(findings, "phantom_token_jwt_field", texts.request[8], checkPlainText),
    maxJwtLength: texts.request[9] === "" ? 65536 : readWhole(findings, "phantom_token_max_jwt_length", texts.request[9], 1, 1048576, "characters"),
    introspectionParameters: texts.request[10] === "" ? "" : readChecked(findings, "phantom_token_introspection_parameters", texts.request[10], checkFormFields),
    cacheControl: texts.request[11] === "" ? "obey" : readWord(findings, "phantom_token_cache_control", texts.request[11], "obey ignore"),
    introspectionAccept: texts.request[12] === "" ? "application/jwt" : readChecked(findings, "phantom_token_introspection_accept", texts.request[12], checkAccept),
    negativeCacheTtlSec: texts.rest[3] === "" ? 5 : readWhole(findings, "phantom_token_negative_cache_ttl", texts.rest[3], 0, 60, "seconds"),
    staleIfErrorSec: texts.rest[4] === "" ? 0 : readWhole(findings, "phantom_token_stale_if_error", texts.rest[4], 0, 31536e3, "seconds"),
    introspectionTimeoutSec: texts.rest[5] === "" ? 10 : readWhole(findings, "phantom_token_introspection_timeout", texts.rest[5], 1, 60, "seconds"),
    breakerFailures: texts.rest[6] === "" ? 5 : readWhole(findings, "phantom_token_breaker_failures", texts.rest[6], 0, 1e3, "failures"),
    breakerDelaySec: texts.rest[7] === "" ? 2 : readWhole(findings, "phantom_token_breaker_delay", texts.rest[7], 0, 3600, "seconds"),
    maxWaiting: texts.rest[8] === "" ? 500 : readWhole(findings, "phantom_token_max_waiting", texts.rest[8], 1, 1e5, "requests"),
    resourceMetadata: texts.rest[9] === "" ? "" : readChecked(findings, "phantom_token_resource_metadata", texts.rest[9], boundStage().proveKeyStage().checkMetadataUrl),
    sender: texts.request[13] === "" ? void 0 : boundStage().readSender(findings, texts.request[13])
  });
  return findings.problem === "" ? settings : misconfiguration(findings.problem);
}
function isAbsoluteUrl(endpoint) {
  return endpoint.charAt(0) !== "/";
}

// src/core/settings/parsed_location.ts
var kept2;
var wasCalled2;
function parseLocation(request, rest, credential) {
  if (!wasCalled2) {
    wasCalled2 = true;
    return parse(request, rest);
  }
  const head = request.slice(0, request.length - credential.length);
  if (kept2 === void 0 || kept2.head !== head || kept2.rest !== rest) {
    kept2 = { head, rest, location: parse(head, rest) };
  }
  return kept2.location;
}
function parse(request, rest) {
  const texts = takeApart(request, rest);
  if (texts === void 0) {
    return void 0;
  }
  const clientText = clientTextOf(texts);
  const settings = parseSettings(texts);
  if (settings.kind === "misconfiguration" || (signatureLineOf(texts) === "" && settings.introspectionAccept === "application/jwt")) {
    return { texts, settings, signatures: void 0, clientText };
  }
  const signatures = joinStage().clientCredentialsStage().failStage().signatureSettingsStage().parseSignatureSettings(texts, settings);
  return signatures.kind === "misconfiguration" ? { texts, settings: signatures, signatures: void 0, clientText } : { texts, settings, signatures, clientText };
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

// src/edge/declared_zones.ts
var areDeclared;
function findZoneProblem(r) {
  if ((njs.version_number < 2311) && r.variables.phantom_zones !== "without_evict") {
    return EVICTS;
  }
  if (areDeclared) {
    return void 0;
  }
  const missing = findMissingZones();
  areDeclared = missing === "";
  return areDeclared ? void 0 : `the js_shared_dict_zone ${missing} is not declared: include zones.conf at http level, or add its line to your own zones.conf`;
}
var EVICTS = "below njs 0.9.7 a zone with evict crashes workers: include zones_njs_0.8.conf in place of zones.conf; a zones file of your own needs the js_var line of that file, and no evict";
function findMissingZones() {
  const zones = ngx.shared;
  return zones.phantom_token !== void 0 && zones.phantom_token_denied !== void 0 && zones.phantom_token_locks !== void 0 && zones.phantom_token_state !== void 0 ? "" : listZones().filter((zone) => zones[zone] === void 0).join(", ");
}
function listZones() {
  return ["phantom_token", "phantom_token_denied", "phantom_token_locks", "phantom_token_state"];
}

// src/core/request/preflight.ts
function isPreflight(method, origin, requestedMethod) {
  return method === "OPTIONS" && origin !== "" && requestedMethod !== "";
}

// src/edge/sent_preflight.ts
function readsAsPreflight(r, mode) {
  const v = r.variables;
  const origin = v.http_origin || "";
  const requestedMethod = v.http_access_control_request_method || "";
  if (mode !== "forward_auth") {
    return isPreflight(v.request_method || "", origin, requestedMethod);
  }
  if (origin === "" || requestedMethod === "") {
    return false;
  }
  const original = boundStage().proveKeyStage().readOriginal(r, mode);
  return original !== void 0 && isPreflight(original.method, origin, requestedMethod);
}

// src/gateway/known.ts
function decideKnown(key, settings, ifActive, ifRejected) {
  const nowSec = (Math.floor(Date.now() / 1e3));
  const stored = (records === void 0 ? readFirstRecord(key) : records.get(key));
  const record = stored === void 0 ? void 0 : readableRecord(stored);
  const verdict = record === void 0 ? "void" : judgeRecord(record, settings, nowSec);
  if (verdict !== "void") {
    return findingOf(stored, verdict, ifActive);
  }
  const denial = readDenial(key);
  const reason = denial === void 0 ? void 0 : reasonOf(denial, settings.negativeCacheTtlSec, nowSec);
  return reason === void 0 ? void 0 : denied(reason, ifRejected);
}
function readableRecord(stored) {
  return (stored.startsWith(BOUND_MARK)) ? unboundPartOf(stored) : stored;
}
function findingOf(stored, verdict, cacheStatus) {
  if (verdict !== "good") {
    return denied(verdict, cacheStatus);
  }
  const record = readableRecord(stored);
  const authorization = (record.slice(+record.slice(55 /* authorizationStart */, 60 /* policy */)));
  const binding = (stored.startsWith(BOUND_MARK)) ? bindingOf(stored) : void 0;
  return grantedTo(binding, authorization, cacheStatus, record);
}

// src/edge/preflight.ts
function answerPreflight(r, mode) {
  const v = r.variables;
  v.phantom_token_authorization = "";
  v._phantom_state = "BYPASS";
  count((`phantom_token_requests_total{cache_status="${"BYPASS" === "" ? "NONE" : "BYPASS"}"}`), 1);
  if (mode !== "auth_request") {
    r.return(204);
  } else {
    v._phantom_status = "204";
    r.return(401, "");
  }
}

// src/gateway/respond.ts
function respondTo(r, mode, finding, presented, settings) {
  if (mode === "introspection") {
    respond(r, mode, boundStage().proveKeyStage().handOut(r, finding, settings), settings);
    return void 0;
  }
  if (finding.kind === "bound" || finding.kind === "grant" && settings.sender !== void 0) {
    return proveAndRespond(r, mode, finding, presented, settings);
  }
  respond(r, mode, finding, settings);
  return void 0;
}
async function proveAndRespond(r, mode, known, presented, settings) {
  try {
    const outcome = await boundStage().proveSender(r, known, presented, settings);
    respond(r, mode, outcome, settings);
  } catch (e) {
    joinStage().clientCredentialsStage().failStage().failOnBug(r, mode, e);
  }
}
function respond(r, mode, outcome, settings) {
  switch (outcome.kind) {
    case "grant":
      waysInStage().grantTo(r, (r.variables), mode, outcome.authorization, outcome.cacheStatus, outcome.record);
      break;
    case "denial":
      deny(r, mode, outcome, settings);
      break;
    case "unavailable":
      joinStage().clientCredentialsStage().failStage().fail(r, mode, outcome, settings.introspectionEndpoint);
      break;
    case "preflight":
      answerPreflight(r, mode);
      break;
  }
}

// src/gateway/miss.ts
function handleNotOn(r, mode, request) {
  if ((isConfiguredHere(request) && request.slice(HERE.length, request.indexOf("\n")).toLowerCase() === "off")) {
    if (mode === "introspection") {
      joinStage().clientCredentialsStage().failStage().fail(r, mode, joinStage().clientCredentialsStage().failStage().misconfigured(OFF_FOR_GATEWAYS), "");
      return void 0;
    }
    waysInStage().grantTo(r, (r.variables), mode, (r.variables.http_authorization || ""), "BYPASS", void 0);
    return void 0;
  }
  const lookup = findLookup(request);
  const policy = (request.split("\n").slice(1, 1 + 5 /* policy */).join("\n"));
  return handleMiss(r, mode, { request, policy, lookup, key: ((begun === void 0 ? firstDigest(lookup) : begun.copy().update(lookup).digest("base64url"))), record: void 0 }, false);
}
var OFF_FOR_GATEWAYS = "$phantom_token must be on where introspection_cache.conf is included";
function handleMiss(r, mode, first, isUnknown) {
  const authorization = credentialOf(first.lookup);
  const location = parseLocation(first.request, readRest(r, mode), authorization);
  if (location === void 0) {
    joinStage().clientCredentialsStage().failStage().fail(r, mode, joinStage().clientCredentialsStage().failStage().misconfigured(isConfiguredHere(first.request) ? BROKEN_TEXTS : NOT_HERE), "");
    return void 0;
  }
  const settings = location.settings;
  if (settings.kind === "misconfiguration") {
    joinStage().clientCredentialsStage().failStage().fail(r, mode, joinStage().clientCredentialsStage().failStage().misconfigured(settings.problem), "");
    return void 0;
  }
  const decided = decide2(r, mode, first, isUnknown, authorization, location, settings);
  const presented = settings.sender === void 0 ? { authorization, certificate: "", original: void 0 } : { authorization, certificate: boundStage().readCallerCertificate(r, mode), original: boundStage().proveKeyStage().readOriginal(r, mode) };
  return decided.kind === "question" ? askAndRespond(r, mode, decided, presented, settings) : respondTo(r, mode, decided, presented, settings);
}
function decide2(r, mode, first, isUnknown, authorization, location, settings) {
  const isUrl = isAbsoluteUrl(settings.introspectionEndpoint);
  const problem = (findUnsafeNjs(njs.version_number, njs.engine, mode, isUrl)) || findZoneProblem(r);
  if (problem !== void 0) {
    return joinStage().clientCredentialsStage().failStage().misconfigured(problem);
  }
  const credential = (settings.sender !== void 0 && (authorization.slice(0, 5 /* length */).toLowerCase() === "dpop ") ? boundStage().parseDpop(authorization) : parseBearer(authorization));
  if (credential.kind === "refused") {
    return credential.reason === "token_missing" ? decideNoToken(r, mode, settings) : denied(credential.reason, "");
  }
  const token = credential.token;
  const isCanonical = authorization === CANONICAL_SCHEME + token;
  const lookup = isCanonical ? first.lookup : lookupIn(keyspaceOf(first.lookup), token);
  const key = isCanonical ? first.key : ((begun === void 0 ? firstDigest(lookup) : begun.copy().update(lookup).digest("base64url")));
  const known = isUnknown && isCanonical ? void 0 : decideKnown(key, settings, "HIT", "NEGATIVE");
  if (known !== void 0) {
    return known;
  }
  const endpoint = endpointOf(lookup);
  const reach = reachOf(endpoint);
  const markKey = purgeKey(reach, token);
  if (isPurged(markKey)) {
    return denied("token_purged", "NEGATIVE");
  }
  return {
    kind: "question",
    token,
    lookup,
    key,
    endpoint,
    reach,
    markKey,
    policy: first.policy,
    texts: location.texts,
    clientText: location.clientText,
    signatures: location.signatures
  };
}
function decideNoToken(r, mode, settings) {
  if (settings.preflight === "authenticate" || !readsAsPreflight(r, mode)) {
    return denied("token_missing", "");
  }
  return settings.preflight === "pass" ? granted("", "BYPASS", void 0) : { kind: "preflight" };
}
async function askAndRespond(r, mode, question, presented, settings) {
  try {
    const answered = await (question.signatures !== void 0 && (question.signatures.acceptJwt === "on" && isJwsShaped(question.token)) ? joinStage().clientCredentialsStage().failStage().signatureSettingsStage().decidePresented(r, question, settings) : joinStage().askOnce(r, question, settings));
    const finding = answered.kind === "unavailable" ? joinStage().clientCredentialsStage().failStage().standIn(r, answered, question, settings) : answered;
    return respondTo(r, mode, finding, presented, settings);
  } catch (e) {
    joinStage().clientCredentialsStage().failStage().failOnBug(r, mode, e);
  }
}

var joinStageMade;
function joinStage() {
  return joinStageMade || (joinStageMade = makeJoinStage());
}
function makeJoinStage() {

// src/core/introspection/flight.ts
function flightName(key, clientText) {
  const question = `${key}
${clientText}`;
  return clientText === "" ? key : (begun === void 0 ? firstDigest(question) : begun.copy().update(question).digest("base64url"));
}
var LOSABLE_LEASE_MS = 1e3;
function isLosable(protocol, isUrl) {
  return !isUrl && !protocol.startsWith("HTTP/1");
}
function leaseMs(canBeLost, introspectionTimeoutSec) {
  return canBeLost ? LOSABLE_LEASE_MS : introspectionTimeoutSec * 1e3;
}

// src/edge/flights.ts
var LOCKS = "phantom_token_locks";
var WAITING = "waiting:";
function takeLead(name, leaseMs2, connection) {
  const leader = (`${name}-${connection}-${(Date.now())}`);
  switch (addEntry(LOCKS, name, (`asking ${leader}`), leaseMs2)) {
    case "added":
      return { kind: "lead", flight: { name, leader } };
    case "full":
      return { kind: "no_room" };
    case "exists":
      return { kind: "taken" };
  }
}
function land(flight) {
  deleteEntry(LOCKS, flight.name);
  deleteEntry(LOCKS, WAITING + flight.leader);
}

// src/core/answer/duration_series.ts
var DURATION = "phantom_token_introspection_duration_seconds";
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

// src/edge/counters.ts
function countDuration(tookMs) {
  count(bucketSeries(tookMs), 1);
  count(durationSumSeries(), tookMs);
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

// src/edge/introspection_notes.ts
function noteIntrospection(r, result, tookMs) {
  r.variables.phantom_token_introspection_time = `${Math.floor(tookMs / 1e3)}.${String(1e3 + tookMs % 1e3).slice(1)}`;
  if ((isOff === void 0 && hasZone())) {
    count((`phantom_token_introspections_total{result="${result}"}`), 1);
    countDuration(tookMs);
  }
}
function noteUncached(r, cause) {
  count((`phantom_token_uncached_total{cause="${cause}"}`), 1);
  if (isFirstInMinute(cause)) {
    r.warn(`phantom_token: tokens are served uncached: ${adviceFor(cause)}`);
  }
}
function adviceFor(cause) {
  switch (cause) {
    case "full":
      return "the zone phantom_token is full: enlarge it in zones.conf";
    case "too_large":
      return "a record is over 64 kB";
    case "too_many":
      return "over 256 combinations of client id, form fields and the like at one endpoint: give each tenant a $phantom_token_partition";
  }
}
function noteNoRoom(r) {
  if (isFirstInMinute("locks")) {
    r.warn(
      "phantom_token: requests with one token each ask the authorization server: the zone phantom_token_locks is full: enlarge it in zones.conf"
    );
  }
}

// src/core/cache/purge_mark.ts
function markTtlSecOf(location) {
  return Math.max(location.cacheTtlSec + location.staleIfErrorSec, maxIntrospectionSec(location));
}
function maxIntrospectionSec(location) {
  return 2 * location.introspectionTimeoutSec;
}
function longestMarkTtlSec(ownSec, keyspaces) {
  return keyspaces.reduce((ttlSec, listed) => Math.max(ttlSec, listed.markTtlSec), ownSec);
}

// src/core/token/claims.ts
var NEVER_SEC = 9999999999;
function readClaims2(source) {
  const expiresAtSec = readTime(source.exp, Math.floor);
  const nbfSec = readTime(source.nbf, Math.ceil);
  const iatSec = readTime(source.iat, Math.ceil);
  const scope = readScope(source.scope);
  const audience = readTexts(source.aud);
  const issuer = source.iss === void 0 ? "" : source.iss;
  const cnf = source.cnf;
  const tokenType = source.token_type;
  const tokenUse = source.token_use === void 0 ? "access_token" : source.token_use;
  if (expiresAtSec === INVALID) return invalidClaim("exp");
  if (nbfSec === INVALID) return invalidClaim("nbf");
  if (iatSec === INVALID) return invalidClaim("iat");
  if (scope === void 0) return invalidClaim("scope");
  if (audience === void 0) return invalidClaim("aud");
  if (typeof issuer !== "string" || !isPlainText(issuer)) return invalidClaim("iss");
  if (cnf !== void 0 && (typeof cnf !== "object" || cnf === null)) return invalidClaim("cnf");
  if (tokenType !== void 0 && typeof tokenType !== "string") return invalidClaim("token_type");
  if (typeof tokenUse !== "string") return invalidClaim("token_use");
  const isDpop2 = tokenType !== void 0 && tokenType.toLowerCase() === "dpop";
  const notBeforeSec = Math.max(nbfSec === void 0 ? 0 : nbfSec, iatSec === void 0 ? 0 : iatSec);
  return {
    kind: "claims",
    claims: { notBeforeSec, scope, issuer, audience },
    expiresAtSec,
    isSenderConstrained: cnf !== void 0 || isDpop2,
    isAccessToken: (tokenType === void 0 || isDpop2 || (/^(bearer|access_token|urn:ietf:params:oauth:token-type:access_token)$(?!\n)/i.test(tokenType))) && (tokenUse === "access_token" || tokenUse === "access")
  };
}
function isAccessTokenTyp(typ) {
  return typ === void 0 || typeof typ === "string" && /^(bearer|dpop|(at\+)?jwt)$(?!\n)/i.test(typ);
}
function invalidClaim(claim) {
  return { kind: "invalid_claim", claim };
}
var INVALID = -1;
function readTime(value, round) {
  if (value === void 0) return void 0;
  const isTime = typeof value === "number" && value >= 0 && value < Infinity;
  return isTime ? Math.min(round(value), NEVER_SEC) : INVALID;
}
function readScope(value) {
  if (value === void 0) return "";
  const text = Array.isArray(value) && value.every(isText) ? value.join(" ") : value;
  if (typeof text !== "string" || !isScopeList(text)) return void 0;
  const isTidy = !` ${text} `.includes("  ");
  return isTidy ? text : splitScopes(text).join(" ");
}
function isText(value) {
  return typeof value === "string";
}
function readTexts(value) {
  if (value === void 0) return [];
  if (Array.isArray(value)) return value.every(isTextClaim) ? value : void 0;
  return isTextClaim(value) ? [value] : void 0;
}
function isTextClaim(value) {
  return typeof value === "string" && isPlainText(value);
}

// src/core/introspection/reply.ts
function refuseReply(reason, reply) {
  return clientCredentialsStage().failStage().notAnswered(reason, describeReply(reply));
}
function refuseMalformed(reply, problem) {
  return clientCredentialsStage().failStage().notAnswered("introspection_malformed", `${describeReply(reply)} problem="${problem}"`);
}
function describeReply(reply) {
  const arrived = `status=${reply.status} content_type=${mediaType(reply.contentType)} bytes=${reply.bodyBytes}`;
  return reply.failure === "" ? arrived : `${arrived} failure="${reply.failure}"`;
}
function mediaType(contentType) {
  if (contentType === "application/jwt" || contentType === "application/json") {
    return contentType;
  }
  const type = contentType.split(";")[0];
  const name = type.trim();
  return /^[A-Za-z0-9!#$&^_.+-]+\/[A-Za-z0-9!#$&^_.+-]+$(?!\n)/.test(name) ? name.toLowerCase() : "";
}

// src/core/introspection/active_token.ts
function activeToken(jwt2, source, reply, nowSec, sender) {
  const payload = jwt2 === void 0 ? source : jwt2.payload;
  const active = payload.active;
  if (active === false) {
    return denied("token_inactive", "MISS");
  }
  if (active !== void 0 && active !== true) {
    return refuseMalformed(reply, "active is no boolean");
  }
  const read = readClaims2(source);
  if (read.kind === "invalid_claim") {
    return invalidClaim2(read, reply);
  }
  const own = source === payload ? read : readClaims2(payload);
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
  const isBound = read.isSenderConstrained || own.isSenderConstrained;
  const binding = isBound && sender !== void 0 ? boundStage().proveKeyStage().readBinding([source, payload]) : void 0;
  if (isBound && binding === void 0) {
    return denied("token_sender_constrained", "MISS");
  }
  if (!isBound && sender !== void 0 && sender.constraint === "require") {
    return denied("token_not_sender_constrained", "MISS");
  }
  const notBeforeSec = Math.max(read.claims.notBeforeSec, own.claims.notBeforeSec);
  return {
    kind: "active",
    jwt: jwt2 === void 0 ? "" : jwt2.text,
    serverJwt: jwt2,
    answer: source,
    claims: ({ notBeforeSec: notBeforeSec, scope: read.claims.scope, issuer: read.claims.issuer, audience: read.claims.audience }),
    binding,
    expiresAtSec
  };
}
function invalidClaim2(invalid, reply) {
  return clientCredentialsStage().failStage().notAnswered("introspection_invalid_claim", `claim=${invalid.claim} ${describeReply(reply)}`);
}
function earlier(a, b) {
  if (a === void 0 || b === void 0) {
    return a === void 0 ? b : a;
  }
  return Math.min(a, b);
}

// src/core/introspection/answer.ts
var MISROUTED = "$phantom_token_introspection_endpoint must name a location of this server that includes introspection.conf, and no rewrite, if or return of the server may take the request elsewhere";
function interpretReply(reply, form, nowSec, signatures) {
  if (!reply.isIntrospection) {
    return clientCredentialsStage().failStage().misconfigured(MISROUTED);
  }
  if (reply.limitProblem !== "") {
    return clientCredentialsStage().failStage().misconfigured(reply.limitProblem);
  }
  if (reply.status === 204) {
    return denied("token_inactive", "MISS");
  }
  if (reply.status !== 200) {
    return interpretStatus(reply);
  }
  if (reply.contentLength !== "" && reply.contentLength !== String(reply.bodyBytes)) {
    return refuseReply("introspection_truncated", reply);
  }
  switch (mediaType(reply.contentType)) {
    case "application/jwt":
      return asksSignedAnswer(form) ? clientCredentialsStage().failStage().notAnswered("introspection_response_invalid", `${describeReply(reply)} problem="not signed"`) : interpretJwt(reply, form, nowSec);
    case "application/json":
      return interpretJson(reply, form, nowSec, signatures);
    case "application/token-introspection+jwt":
      return interpretResponseJwt(reply, signatures);
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
      return clientCredentialsStage().failStage().notAnsweredYet("introspection_rate_limited", describeReply(reply), reply.retryAfter);
    case 503:
      return clientCredentialsStage().failStage().notAnsweredYet("introspection_overloaded", describeReply(reply), reply.retryAfter);
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
  return activeToken(found.jwt, found.jwt.payload, reply, nowSec, form.sender);
}
function interpretResponseJwt(reply, signatures) {
  if (signatures === void 0 || signatures.jwks === "") {
    return refuseReply("introspection_response_jwt", reply);
  }
  const text = reply.body.trim();
  if (text.split(".").length === 5) {
    return refuseMalformed(reply, "an encrypted answer (JWE), which the gateway does not decrypt");
  }
  const jwt2 = jwtStage().parseJwt(text);
  return jwt2 === void 0 ? refuseMalformed(reply, jwtStage().explainBadJwt(text)) : { kind: "signed_response", jwt: jwt2 };
}
function interpretJson(reply, form, nowSec, signatures) {
  const answer = parseJsonObject(reply.body);
  if (answer === void 0) {
    return refuseMalformed(reply, "no JSON object");
  }
  return answer.active === true && asksSignedAnswer(form) ? clientCredentialsStage().failStage().notAnswered("introspection_response_invalid", `${describeReply(reply)} problem="not signed"`) : interpretAnswer(answer, reply, form, nowSec, signatures);
}
function asksSignedAnswer(form) {
  return /^application\/token-introspection\+jwt$(?!\n)/i.test(form.introspectionAccept);
}
function interpretAnswer(answer, reply, form, nowSec, signatures) {
  if (typeof answer.active !== "boolean") {
    return refuseMalformed(reply, "active is no boolean");
  }
  if (!answer.active) {
    return denied("token_inactive", "MISS");
  }
  const member = readJwtMember(answer, form.jwtField);
  if (member === void 0) {
    const isMinted = signatures !== void 0 && signatures.mint !== "off";
    return isMinted ? activeToken(void 0, answer, reply, nowSec, form.sender) : refuseReply("jwt_missing", reply);
  }
  const found = findJwt(member, reply, form);
  return found.kind === "jwt" ? activeToken(found.jwt, answer, reply, nowSec, form.sender) : found;
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
function findJwt(text, reply, form) {
  if (typeof text === "string" && text.length > form.maxJwtLength) {
    return refuseReply("jwt_too_large", reply);
  }
  const jwt2 = typeof text === "string" ? jwtStage().parseJwt(text) : void 0;
  if (jwt2 === void 0) {
    return refuseMalformed(reply, typeof text === "string" ? jwtStage().explainBadJwt(text) : "the JWT is no string");
  }
  return jwtStage().isIntrospectionResponse(jwt2) ? refuseReply("introspection_response_jwt", reply) : { kind: "jwt", jwt: jwt2 };
}

// src/core/text/form.ts
var OTHERWISE = /%20|[!'()~]/;
function formEncode(text) {
  const encoded = encodeURIComponent(text);
  return OTHERWISE.test(encoded) ? encoded.replace(/%20/g, "+").replace(/[!'()~]/g, percentEncode) : encoded;
}
function percentEncode(character) {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

// src/core/introspection/question.ts
function introspectionForm(token, proofFields, parameters) {
  const question = `token=${(token.includes("~") ? formEncode(token) : encodeURIComponent(token))}&token_type_hint=access_token`;
  return question + andFields(proofFields) + andFields(parameters);
}
function andFields(fields) {
  return fields === "" ? "" : `&${fields}`;
}

// src/core/introspection/breaker.ts
var ALL_TOKENS = "*";
var NO_BREAKER = { failures: 0, suspendedUntilMs: 0, token: ALL_TOKENS };
function tokenOf2(key) {
  return key.slice(0, 11);
}
function parseBreaker(text) {
  if (text === void 0) {
    return NO_BREAKER;
  }
  const parts = text.split(" ");
  const failures = Number(parts[0]);
  const suspendedUntilMs = Number(parts[1]);
  return failures >= 1 && suspendedUntilMs >= 0 ? { failures, suspendedUntilMs, token: parts[2] || ALL_TOKENS } : NO_BREAKER;
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

// src/edge/breaker.ts
var STATE = "phantom_token_state";
var BREAKER = "breaker:";
var PROBE = "probe:";
var PROBE_MS = 1e3;
function isProbeUnderWay(endpoint) {
  return readEntry(STATE, PROBE + endpoint) !== void 0;
}
function failsToProbe(endpoint) {
  return addEntry(STATE, PROBE + endpoint, "", PROBE_MS) === "exists";
}
function suspensionSec(endpoint, key, mustWait) {
  if (readEntry(STATE, BREAKER + endpoint) === void 0) {
    return 0;
  }
  const breaker = readBreaker(endpoint);
  const nowMs = (Date.now());
  switch (holdsFor(breaker, tokenOf2(key)) ? stateOf(breaker, nowMs) : "closed") {
    case "closed":
      return 0;
    case "open":
      return (Math.max(1, Math.ceil((breaker.suspendedUntilMs - nowMs) / 1e3)));
    case "half_open":
      return mustWait(endpoint) ? 1 : 0;
  }
}
function readBreaker(endpoint) {
  return parseBreaker(readEntry(STATE, BREAKER + endpoint));
}
function noteAnswer(endpoint) {
  if (readEntry(STATE, BREAKER + endpoint) !== void 0) {
    deleteEntry(STATE, BREAKER + endpoint);
    deleteEntry(STATE, PROBE + endpoint);
  }
}

// src/core/settings/introspection_limit.ts
function findLimitProblem(limit, timeoutSec) {
  if (limit === "") {
    return "include introspection_limits.conf, with its line `set $phantom_introspection_limit`, above introspection.conf in this location";
  }
  if (limit === String(timeoutSec)) {
    return "";
  }
  const problem = checkWhole(limit, 1, 60, "seconds");
  if (problem !== void 0) {
    return `$phantom_introspection_limit ${problem}: see introspection_limits.conf`;
  }
  return Number(limit) <= timeoutSec ? "" : `$phantom_token_introspection_timeout is ${timeoutSec}, less than $phantom_introspection_limit of this location, which is ${limit}: set $phantom_token_introspection_timeout to ${limit}, or lower the timeouts and the limit in introspection_limits.conf`;
}

// src/edge/introspect.ts
function askLocation(r, location, form, accept, proof) {
  const v = r.variables;
  v._phantom_introspection = "asked";
  v.phantom_introspection_limit = "";
  v._phantom_form = form;
  v._phantom_accept = accept;
  v._phantom_client_authorization = proof.authorization;
  return r.subrequest(location, { method: "POST", body: "" });
}
function readReply(r, answer, settings) {
  const v = r.variables;
  const isIntrospection = v._phantom_introspection === "answered";
  v._phantom_introspection = "";
  v._phantom_form = "";
  v._phantom_client_authorization = "";
  const headers = answer.headersOut;
  const bytes = answer.responseBuffer;
  return {
    kind: "reply",
    isIntrospection,
    limitProblem: findLimitProblem(v.phantom_introspection_limit || "", settings.introspectionTimeoutSec),
    failure: "",
    status: answer.status,
    contentType: joinHeader(headers["Content-Type"]),
    contentLength: joinHeader(headers["Content-Length"]),
    cacheControl: joinHeader(headers["Cache-Control"]),
    age: joinHeader(headers.Age),
    retryAfter: joinHeader(headers["Retry-After"]),
    // Not responseText under QuickJS: read after responseBuffer it leaks there, and the worker aborts when it exits.
    // Under the njs engine a Buffer is read character by character, which costs eight times as much as responseText.
    body: njs.engine === "QuickJS" ? (bytes === void 0 ? "" : bytes.toString()) : answer.responseText || "",
    bodyBytes: bytes === void 0 ? 0 : bytes.length
  };
}
function joinHeader(value) {
  if (typeof value === "string") {
    return value;
  }
  return value ? value.join(", ") : "";
}
async function proveClientIsThere(r, location) {
  const v = r.variables;
  v._phantom_introspection = "checking";
  await r.subrequest(location, { method: "POST", body: "" });
  v._phantom_introspection = "";
}

// src/core/cache/listed_keyspace.ts
var RELISTED_SEC = 86400;
function formatListed(listed) {
  return `${listed.listedAtSec} ${listed.markTtlSec} ${listed.keyspace}`;
}
function parseListed(text) {
  const first = text.indexOf(" ");
  const second = text.indexOf(" ", first + 1);
  return {
    listedAtSec: Number(text.slice(0, first)),
    markTtlSec: Number(text.slice(first + 1, second)),
    keyspace: text.slice(second + 1)
  };
}
function isListedFor(listed, markTtlSec, nowSec) {
  const ageSec2 = nowSec - listed.listedAtSec;
  return listed.markTtlSec >= markTtlSec && ageSec2 >= 0 && ageSec2 < RELISTED_SEC;
}

// src/edge/keyspaces.ts
var MAX_KEYSPACES = 256;
var LISTED_MS = 2147483647;
function listKeyspace(reach, own) {
  for (let place = 0; place < MAX_KEYSPACES; place++) {
    const name = placeName(reach, place);
    const found = readEntry("phantom_token", name);
    const added = found === void 0 ? addEntry("phantom_token", name, formatListed(own), LISTED_MS) : "exists";
    if (added !== "exists") {
      return added === "added" ? "stored" : "full";
    }
    const listed = parseListed(found || readEntry("phantom_token", name) || "");
    if (listed.keyspace === own.keyspace) {
      return isListedFor(listed, own.markTtlSec, own.listedAtSec) ? "stored" : writeEntry("phantom_token", name, formatListed(({
    keyspace: own.keyspace,
    markTtlSec: Math.max(own.markTtlSec, listed.markTtlSec),
    listedAtSec: own.listedAtSec
  })), LISTED_MS);
    }
  }
  return "too_many";
}
function noteReach(reach, markTtlSec) {
  writeEntry(
    "phantom_token_locks",
    REACH + reach,
    String(Math.max(markTtlSec, readAskingTtlSec(reach))),
    ASKING_MS
  );
}
function readAskingTtlSec(reach) {
  return Number(readEntry("phantom_token_locks", REACH + reach) || 0);
}
var REACH = "reach:";
var ASKING_MS = 12e4;
function readKeyspaces(reach) {
  const keyspaces = [];
  for (let place = 0; place < MAX_KEYSPACES; place++) {
    const text = readEntry("phantom_token", placeName(reach, place));
    if (text !== void 0) {
      keyspaces.push(parseListed(text));
    }
  }
  return keyspaces;
}
function placeName(reach, place) {
  return `keyspace:${place} ${reach}`;
}

// src/edge/refused_count.ts
var STATE2 = "phantom_token_state";
var REFUSED = "refused:";
function countRefused(endpoint) {
  replaceEntry(STATE2, REFUSED + endpoint, String(readRefused(endpoint) + 1));
}
function readRefused(endpoint) {
  return Number(readEntry(STATE2, REFUSED + endpoint) || "0");
}

// src/core/cache/cache_control.ts
var MAX_DELTA_SEC = 2147483648;
var kept3;
function parseCacheControl(cacheControl) {
  if (kept3 === void 0 || kept3.cacheControl !== cacheControl) {
    kept3 = { cacheControl, directives: cacheControl === "" ? [] : readDirectives(cacheControl) };
  }
  return kept3.directives;
}
function readDirectives(cacheControl) {
  const directives = [];
  const directive = /([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\x00-\x20,;"]*)))?/g;
  for (let match = directive.exec(cacheControl); match !== null; match = directive.exec(cacheControl)) {
    const value = match[2] === void 0 ? match[3] : match[2];
    directives.push({ name: match[1].toLowerCase(), value });
  }
  return directives;
}
function freshnessSec(directives, age) {
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
  return lifetimeSec === void 0 ? void 0 : Math.max(0, lifetimeSec - (age === "" ? 0 : deltaSeconds(age.split(",")[0].trim())));
}
function forbidsStale(directives) {
  for (let i = 0; i < directives.length; i++) {
    const name = directives[i].name;
    if (name === "must-revalidate" || name === "proxy-revalidate" || name === "s-maxage") {
      return true;
    }
  }
  return false;
}
function lesser(known, found) {
  return known === void 0 ? found : Math.min(known, found);
}
function deltaSeconds(value) {
  return value !== void 0 && /^[0-9]+$(?!\n)/.test(value) ? Math.min(Number(value), MAX_DELTA_SEC) : 0;
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

// src/core/cache/write_record.ts
function encodeRecord(times, jwt2, grants, metPolicy) {
  const usableUntilSec = times.usableUntilSec === void 0 ? NEVER_SEC : times.usableUntilSec;
  const grantsStart = 60 /* policy */ + metPolicy.length;
  const head = tenDigits((times.notBeforeSec > times.storedAtSec + 60 /* clockSkewSec */ ? 0 : Math.min(times.expiresAtSec, times.storedAtSec + 300 /* cacheTtlSec */))) + tenDigits(times.expiresAtSec) + tenDigits(times.notBeforeSec) + tenDigits(times.storedAtSec) + tenDigits(usableUntilSec) + String(1e5 + grantsStart).slice(1) + String(1e5 + grantsStart + grants.length).slice(1);
  return `${head}${metPolicy}${grants}Bearer ${jwt2}`;
}
function isCountedAlike(text) {
  return Buffer.from(text).length === text.length || hasNoSurrogate(text);
}
function hasNoSurrogate(text) {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 55295 && (code < 57344 || code > 65535)) {
      return false;
    }
  }
  return true;
}

// src/edge/stored_tokens.ts
var MAX_RECORD_LENGTH = 65536;
var MAX_RECORD_MS = 19872e5;
function deleteRecord(key) {
  return deleteEntry("phantom_token", key);
}
function writeDenial(key, denial, ttlMs) {
  return writeAndCount("phantom_token_denied", key, denial, ttlMs);
}
function markPurged(markKey, ttlSec) {
  return writeEntry("phantom_token_state", purgedName(markKey), "", ttlSec * 1e3);
}
function writeAndCount(zone, key, value, ttlMs) {
  const isTight = (dictionary(zone).freeSpace()) < value.length;
  const written = writeEntry(zone, key, value, ttlMs);
  if (isTight && written === "stored") {
    count((`phantom_token_zone_replacements_total{zone="${zone}"}`), 1);
  }
  return written;
}

// src/gateway/remember.ts
function rememberActive(r, question, active, reply, settings, nowSec) {
  const grants = encodeGrants(active.claims);
  const reason = checkPolicy(grants, active.claims.notBeforeSec, settings, nowSec);
  const life = lifeOf(active, reply, settings, nowSec, question.key);
  const times = {
    expiresAtSec: nowSec + life.ttlSec,
    storedAtSec: nowSec,
    notBeforeSec: active.claims.notBeforeSec,
    usableUntilSec: life.usableUntilSec
  };
  const metPolicy = reason === void 0 ? question.policy : "";
  const isStorable = life.ttlSec > 0 && isCountedAlike(metPolicy + grants);
  const unbound = encodeRecord(times, active.jwt, grants, metPolicy);
  const binding = active.binding;
  const record = binding === void 0 ? unbound : encodeBoundRecord(binding, unbound);
  const isKept = isStorable && !isPurged(question.markKey) && store(r, question, record, life, settings, nowSec);
  if (isPurged(question.markKey)) {
    deleteRecord(question.key);
    return { outcome: denied("token_purged", "NEGATIVE"), isKept: true };
  }
  const outcome = reason === void 0 ? grantedTo(binding, `Bearer ${active.jwt}`, "MISS", isKept ? unbound : void 0) : denied(reason, "MISS");
  return { outcome, isKept };
}
function rememberDenial(key, denial, settings, nowSec) {
  if (!(denial.reason === "token_inactive" || denial.reason === "token_expired" || denial.reason === "token_sender_constrained" || denial.reason === "token_not_sender_constrained" || denial.reason === "token_type_mismatch" || denial.reason === "token_type_unsupported" || denial.reason === "token_subject_missing" || denial.reason === "token_signature_invalid" || denial.reason === "token_claims_invalid")) {
    return { outcome: denial, isKept: false };
  }
  deleteRecord(key);
  const expiresAtSec = nowSec + settings.negativeCacheTtlSec;
  const ttlMs = expiresAtSec * 1e3 - (Date.now());
  const isKept = ttlMs >= 1 && writeDenial(key, (tenDigits(expiresAtSec) + tenDigits(nowSec) + denial.reason), ttlMs) === "stored";
  return { outcome: denial, isKept };
}
function lifeOf(active, reply, settings, nowSec, key) {
  const obeys = settings.cacheControl === "obey";
  const directives = parseCacheControl(obeys ? reply.cacheControl : "");
  const lifetimes = {
    freshnessSec: obeys ? freshnessSec(directives, reply.age) : void 0,
    expiresAtSec: active.expiresAtSec,
    cacheTtlSec: settings.cacheTtlSec
  };
  const ttlSec = recordTtlSec(lifetimes, nowSec, ((64 * (key.charCodeAt(0) % 64) + key.charCodeAt(1) % 64) / 4096));
  return { ttlSec, usableUntilSec: forbidsStale(directives) ? nowSec + ttlSec : active.expiresAtSec };
}
function store(r, question, record, life, settings, nowSec) {
  const listed = listKeyspace(question.reach, {
    keyspace: keyspaceOf(question.lookup),
    markTtlSec: markTtlSecOf(settings),
    listedAtSec: nowSec
  });
  const forSec = keptSec(life, settings.staleIfErrorSec, nowSec);
  const written = listed === "stored" ? (record.length > MAX_RECORD_LENGTH ? "too_large" : writeAndCount("phantom_token", question.key, record, Math.min(forSec * 1e3, MAX_RECORD_MS))) : listed;
  if (written !== "stored") {
    noteUncached(r, written);
  }
  return written === "stored";
}
function keptSec(life, staleIfErrorSec, nowSec) {
  const withStaleSec = life.ttlSec + staleIfErrorSec;
  return life.usableUntilSec === void 0 ? withStaleSec : Math.min(withStaleSec, life.usableUntilSec - nowSec);
}

// src/gateway/ask.ts
function findSuspension(question, settings) {
  const waitSec = heedsBreaker(settings) ? (suspensionSec(question.endpoint, question.key, isProbeUnderWay)) : 0;
  return waitSec > 0 ? suspended(waitSec) : void 0;
}
function heedsBreaker(settings) {
  return settings.breakerFailures > 0;
}
function suspended(waitSec) {
  return clientCredentialsStage().failStage().notAnsweredYet("introspection_suspended", "too many failures in a row", String(waitSec));
}
async function ask(r, question, settings, flight) {
  try {
    const isUrl = isAbsoluteUrl(settings.introspectionEndpoint);
    const locationAuthenticates = !isUrl && !(question.clientText !== "" || question.texts.request[14 /* clientId */] !== "");
    const proof = locationAuthenticates ? NO_PROOF : await clientCredentialsStage().proveClient(question.texts, isUrl);
    if (proof.kind === "misconfiguration") {
      return conclude(flight, notKept(clientCredentialsStage().failStage().misconfigured(proof.problem)));
    }
    const form = introspectionForm(question.token, proof.formFields, settings.introspectionParameters);
    noteReach(question.reach, markTtlSecOf(settings));
    const waitSec = heedsBreaker(settings) ? (suspensionSec(question.endpoint, question.key, failsToProbe)) : 0;
    if (waitSec > 0) {
      return conclude(flight, notKept(suspended(waitSec)));
    }
    r.variables.phantom_token_hash = question.key;
    const askedMs = (Date.now());
    const endpoint = settings.introspectionEndpoint;
    const accept = settings.introspectionAccept;
    const answer = await (isUrl ? clientCredentialsStage().fetchReply(endpoint, form, accept, proof) : askLocation(r, endpoint, form, accept, proof));
    const reply = (answer.kind === "reply") ? answer : readReply(r, answer, settings);
    const heard = { reply, askedMs, tookMs: Math.max(0, (Date.now()) - askedMs), nowSec: (Math.floor(Date.now() / 1e3)) };
    const said = isTooLate(heard.tookMs, settings) ? clientCredentialsStage().failStage().answeredTooLate() : interpretReply(reply, settings, heard.nowSec, question.signatures);
    const isOpen = said.kind === "signed_response" || said.kind === "active" && question.signatures !== void 0;
    const meant = isOpen ? await vouchInTime(r, question, said, heard, settings) : said;
    return conclude(flight, useAnswer(r, question, meant, heard, proof.method, settings));
  } catch (e) {
    if (flight !== void 0) {
      clientCredentialsStage().failStage().release(flight);
    }
    throw e;
  }
}
var NO_PROOF = { kind: "proof", method: "none", authorization: "", formFields: "" };
function conclude(flight, answered) {
  if (flight !== void 0) {
    end(flight, answered);
  }
  return answered.outcome;
}
function end(flight, answered) {
  if (answered.isKept) {
    land(flight);
  } else if (answered.outcome.kind === "unavailable" && (answered.outcome.reason !== "misconfigured")) {
    clientCredentialsStage().failStage().failFlight(flight, answered.outcome);
  } else {
    clientCredentialsStage().failStage().release(flight);
  }
}
function isTooLate(tookMs, settings) {
  return tookMs > 1e3 * maxIntrospectionSec(settings);
}
async function vouchInTime(r, question, said, heard, settings) {
  const meant = await clientCredentialsStage().failStage().signatureSettingsStage().vouch(r, question, said, heard.reply, settings, heard.nowSec);
  return isTooLate((Date.now()) - heard.askedMs, settings) ? clientCredentialsStage().failStage().answeredTooLate() : meant;
}
function useAnswer(r, question, answer, heard, method, settings) {
  const nowSec = heard.nowSec;
  noteIntrospection(r, answer.kind === "active" ? "active" : answer.reason, heard.tookMs);
  if (heedsBreaker(settings)) {
    noteForBreaker(r, question, answer, settings);
  }
  switch (answer.kind) {
    case "active":
      return rememberActive(r, question, answer, heard.reply, settings, nowSec);
    case "denial":
      return rememberDenial(question.key, answer, settings, nowSec);
    case "unavailable":
      if (answer.reason === "introspection_unauthorized" && method === "private_key_jwt") {
        clientCredentialsStage().forgetProof(question.texts, isAbsoluteUrl(settings.introspectionEndpoint));
      }
      return notKept((answer.reason === "misconfigured" ? answer : clientCredentialsStage().failStage().withDetail(answer, `credentials=${method}`)));
  }
}
function noteForBreaker(r, question, answer, settings) {
  if (answer.kind === "unavailable" && (answer.reason === "introspection_unreachable" || answer.reason === "introspection_timeout")) {
    clientCredentialsStage().failStage().noteNoAnswer(r, question.endpoint, question.key, settings);
    return;
  }
  if (answer.kind === "unavailable" && answer.reason === "misconfigured") {
    return;
  }
  noteAnswer(question.endpoint);
  if ((readEntry(STATE2, REFUSED + question.endpoint) !== void 0)) {
    clientCredentialsStage().failStage().noteResumed(r, question.endpoint, settings);
  }
}
function notKept(outcome) {
  return { outcome, isKept: false };
}

// src/gateway/lead.ts
function recall(question, settings) {
  return decideKnown(question.key, settings, "JOINED", "JOINED") || (isPurged(question.markKey) ? denied("token_purged", "JOINED") : void 0);
}
function leadFlight(r, question, settings, flight) {
  const known = recall(question, settings);
  if (known === void 0) {
    return ask(r, question, settings, flight);
  }
  land(flight);
  return known;
}

// src/gateway/join.ts
function askOnce(r, question, settings) {
  const suspension = findSuspension(question, settings);
  if (suspension !== void 0) {
    return suspension;
  }
  if (settings.cacheTtlSec === 0) {
    return ask(r, question, settings, void 0);
  }
  const flight = flightOf(r, question, settings);
  const lead = takeLead(flight.name, flight.leaseMs, flight.connection);
  switch (lead.kind) {
    case "lead":
      return leadFlight(r, question, settings, lead.flight);
    case "no_room":
      noteNoRoom(r);
      return ask(r, question, settings, void 0);
    case "taken":
      return clientCredentialsStage().failStage().waitFor(r, question, settings, flight);
  }
}
function flightOf(r, question, settings) {
  const canBeLost = isLosable(readProtocol(r), isAbsoluteUrl(settings.introspectionEndpoint));
  return {
    name: flightName(question.key, question.clientText),
    canBeLost,
    connection: (r.variables.connection || ""),
    leaseMs: leaseMs(canBeLost, settings.introspectionTimeoutSec)
  };
}

var clientCredentialsStageMade;
function clientCredentialsStage() {
  return clientCredentialsStageMade || (clientCredentialsStageMade = makeClientCredentialsStage());
}
function makeClientCredentialsStage() {

// src/core/signature/algorithm.ts
function isSignatureAlgorithm(alg) {
  return typeof alg === "string" && /^([RP]S|ES)(256|384|512)$(?!\n)/.test(alg);
}
function curveOf(alg) {
  switch (alg) {
    case "ES256":
      return "P-256";
    case "ES384":
      return "P-384";
    case "ES512":
      return "P-521";
    default:
      return void 0;
  }
}
function keyParameters(alg) {
  const namedCurve = curveOf(alg);
  if (namedCurve !== void 0) {
    return { name: "ECDSA", namedCurve };
  }
  const name = alg.charAt(0) === "P" ? "RSA-PSS" : "RSASSA-PKCS1-v1_5";
  return { name, hash: hashOf(alg) };
}
function signatureParameters(alg) {
  switch (alg.charAt(0)) {
    case "E":
      return { name: "ECDSA", hash: hashOf(alg) };
    case "P":
      return { name: "RSA-PSS", saltLength: Number(alg.slice(2)) / 8 };
    default:
      return { name: "RSASSA-PKCS1-v1_5" };
  }
}
function hashOf(alg) {
  return `SHA-${alg.slice(2)}`;
}

// src/core/signature/jws_input.ts
function jwsInput(header2, claims) {
  return `${encodePart(header2)}.${encodePart(claims)}`;
}
function encodePart(value) {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

// src/core/introspection/client_authentication.ts
var JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
function basicProof(clientId, secret) {
  const pair = `${formEncode(clientId)}:${formEncode(secret)}`;
  return {
    kind: "proof",
    method: "client_secret_basic",
    authorization: `Basic ${Buffer.from(pair).toString("base64")}`,
    formFields: ""
  };
}
function assertionProof(clientId, assertion) {
  return {
    kind: "proof",
    method: "private_key_jwt",
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
  return jwsInput(header2, claims);
}

// src/core/settings/client_settings.ts
function parseClientSettings(texts, isUrl) {
  const findings = { problem: "" };
  const client2 = ({
    kind: "client_settings",
    id: texts.request[14] === "" ? "" : readChecked(findings, "phantom_token_client_id", texts.request[14], checkPlainText),
    authMethod: texts.rest[10] === "" ? "" : readWord(findings, "phantom_token_client_auth", texts.rest[10], "client_secret_basic client_secret_post private_key_jwt none"),
    secret: texts.rest[11] === "" ? "" : readChecked(findings, "phantom_token_client_secret", texts.rest[11], checkPlainText),
    secretFile: texts.rest[12] === "" ? "" : readChecked(findings, "phantom_token_client_secret_file", texts.rest[12], checkFile),
    keyFile: texts.rest[13] === "" ? "" : readChecked(findings, "phantom_token_client_key_file", texts.rest[13], checkFile),
    keyAlgorithm: texts.rest[14] === "" ? "RS256" : readWord(findings, "phantom_token_client_key_algorithm", texts.rest[14], "RS256 PS256 ES256"),
    keyId: texts.rest[15] === "" ? "" : readChecked(findings, "phantom_token_client_key_id", texts.rest[15], checkPlainText),
    assertionAudience: texts.rest[16] === "" ? "" : readChecked(findings, "phantom_token_client_assertion_audience", texts.rest[16], checkPlainText),
    assertionTtlSec: texts.rest[17] === "" ? 60 : readWhole(findings, "phantom_token_client_assertion_ttl", texts.rest[17], 0, 31536e3, "seconds")
  });
  if (findings.problem !== "") {
    return misconfiguration(findings.problem);
  }
  client2.authMethod = client2.authMethod || impliedMethod(client2, isUrl);
  const problem = findContradiction(client2) || findMissing(client2, isUrl);
  return problem === void 0 ? client2 : misconfiguration(problem);
}
function impliedMethod(client2, isUrl) {
  const isEmpty = client2.id + client2.secret + client2.secretFile + client2.keyFile === "";
  return isEmpty && !isUrl ? "none" : "client_secret_basic";
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

// src/core/signature/pem.ts
function decodePrivateKey(pem) {
  const match = /-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/= \t\r\n]+)-----END PRIVATE KEY-----/.exec(pem);
  const base64 = match === null ? "" : match[1].replace(/[ \t\r\n]/g, "");
  const der = Buffer.from(base64, "base64");
  return der.length === 0 ? void 0 : der;
}
function decodePrivateKeys(pem) {
  const keys = [];
  const blocks = pem.split("-----BEGIN PRIVATE KEY-----");
  for (let i = 1; i < blocks.length; i++) {
    const der = decodePrivateKey(`-----BEGIN PRIVATE KEY-----${blocks[i]}`);
    if (der === void 0) {
      return [];
    }
    keys.push(der);
  }
  return keys;
}
var HEAD = /^30(?:8[1-4](?:..)+?|..)02010[01]30(?:0d06092a864886f70d010101|(?:13|10)06072a8648ce3d0201(.{10,20}))/;
var P256 = "06082a8648ce3d030107";
var P384 = "06052b81040022";
function algorithmOfPkcs8(der) {
  const match = HEAD.exec(der.slice(0, 48).toString("hex"));
  if (match === null) {
    return void 0;
  }
  const curve = match[1];
  if (curve === void 0) {
    return "RS256";
  }
  return curve.startsWith(P256) ? "ES256" : curve.startsWith(P384) ? "ES384" : void 0;
}

// src/edge/jti.ts
function newJti() {
  const bytes = new Uint8Array(16);
  crypto.getRandomValues(bytes);
  return Buffer.from(bytes).toString("hex");
}

// src/core/text/unreadable_file.ts
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

// src/edge/key_files.ts
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

// src/edge/sign.ts
async function sign(alg, format, key, input) {
  const importing = keyParameters(alg);
  const signing = signatureParameters(alg);
  try {
    const imported = await crypto.subtle.importKey(format, key, importing, false, ["sign"]);
    const signature = await crypto.subtle.sign(signing, imported, Buffer.from(input));
    return Buffer.from(signature).toString("base64url");
  } catch (_mismatch) {
    return void 0;
  }
}

// src/edge/client_assertion.ts
async function proveByKey(client2) {
  const name = assertionName(client2);
  const known = client2.assertionTtlSec === 0 ? void 0 : readEntry("phantom_token", name);
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
  const input = assertionInput(client2, newJti(), (Math.floor(Date.now() / 1e3)));
  const signature = await (sign(client2.keyAlgorithm, "pkcs8", key, input));
  if (signature === void 0) {
    return misconfiguration(
      `$phantom_token_client_key_file: ${client2.keyFile} holds no key for ${client2.keyAlgorithm}`
    );
  }
  const assertion = `${input}.${signature}`;
  if (client2.assertionTtlSec > 0) {
    writeEntry("phantom_token", name, assertion, client2.assertionTtlSec * 1e3);
  }
  return assertionProof(client2.id, assertion);
}
function forgetAssertion(client2) {
  deleteEntry("phantom_token", assertionName(client2));
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
  const settings = parts.join("\n");
  return `assertion:${(begun === void 0 ? firstDigest(settings) : begun.copy().update(settings).digest("base64url"))}`;
}

// src/edge/client_credentials.ts
async function proveClient(texts, isUrl) {
  const client2 = parseClientSettings(texts, isUrl);
  if (client2.kind === "misconfiguration") {
    return client2;
  }
  switch (client2.authMethod) {
    case "none":
      return ({
    kind: "proof",
    method: "none",
    authorization: "",
    formFields: client2.id === "" ? "" : `client_id=${formEncode(client2.id)}`
  });
    case "private_key_jwt":
      return proveByKey(client2);
    default:
      return client2.secretFile === "" ? proveBySecret(client2, client2.secret) : proveBySecretFile(client2);
  }
}
function forgetProof(texts, isUrl) {
  const client2 = parseClientSettings(texts, isUrl);
  if (client2.kind === "client_settings" && client2.authMethod === "private_key_jwt") {
    forgetAssertion(client2);
  }
}
function proveBySecretFile(client2) {
  const file = readFile("phantom_token_client_secret_file", client2.secretFile);
  if (file.kind === "misconfiguration") {
    return file;
  }
  const secret = file.text.replace(/\r?\n$(?!\n)/, "");
  return secret === "" ? misconfiguration(`$phantom_token_client_secret_file: ${client2.secretFile} is empty`) : proveBySecret(client2, secret);
}
function proveBySecret(client2, secret) {
  return client2.authMethod === "client_secret_post" ? ({
    kind: "proof",
    method: "client_secret_post",
    authorization: "",
    formFields: `client_id=${formEncode(client2.id)}&client_secret=${formEncode(secret)}`
  }) : basicProof(client2.id, secret);
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
    return { status: 504, failure: (njsVersion < 65538) ? NO_ANSWER + OR_KEPT_OPEN : NO_ANSWER };
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

// src/edge/fetch.ts
async function fetchReply(url, form, accept, proof) {
  const headers = {
    Accept: accept,
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
      kind: "reply",
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
    kind: "reply",
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
  return joinHeader(reply.headers.get(name));
}

var failStageMade;
function failStage() {
  return failStageMade || (failStageMade = makeFailStage());
}
function makeFailStage() {

// src/core/answer/failure_answer.ts
var RETRY_AFTER_SEC = "1";
var RETRY_AFTER = /^([0-9]{1,9}|[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} GMT)$(?!\n)/;
function buildUnavailable(failure) {
  const status = statusOf(failure.reason);
  return {
    status,
    challenge: "",
    retryAfter: status === 503 ? (RETRY_AFTER.test(failure.retryAfter) ? failure.retryAfter : RETRY_AFTER_SEC) : "",
    body: errorBody("server_error", "Problem encountered processing the request")
  };
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
    case "jwks_unavailable":
    case "dpop_proofs_full":
      return 503;
    case "introspection_timeout":
      return 504;
    default:
      return 502;
  }
}

// src/core/answer/failure_line.ts
var PATH_HEAD = /^\/(?:[A-Za-z_-]{1,16}[0-9]{0,2}\/)?/;
function readPathHead(requestUri, input) {
  const match = input === "" ? PATH_HEAD.exec(requestUri) : null;
  return match === null ? "" : match[0];
}
function formatFailureLine(failure, place) {
  const parts = [failure.reason, failure.detail, ({
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
    introspection_malformed: "the answer is none that the gateway knows: compare it with docs/authorization_servers/README.md",
    introspection_invalid_claim: "correct the type of that claim where the authorization server makes the token",
    introspection_response_jwt: "an RFC 9701 response, which is no access token: to have it verified, and its JSON used, set $phantom_token_jwks; or have the authorization server answer with the JWT itself, or with JSON",
    introspection_response_invalid: "no RFC 9701 response for this gateway: compare its iss with $phantom_token_issuer and its aud with $phantom_token_client_id; where only such an answer is asked for, an unsigned one does not count",
    jwt_missing: "the answer has no member that holds a JWT: have the gateway sign one ($phantom_token_mint missing), switch it on at the authorization server, or name the member in $phantom_token_jwt_field",
    jwt_too_large: "raise $phantom_token_max_jwt_length, and subrequest_output_buffer_size in introspection_limits.conf above it",
    jwt_signature_invalid: "what the authorization server sent is not signed with its keys: is $phantom_token_jwks of the same server, and does nobody between it and the gateway change answers?",
    jwt_key_unknown: "no key of $phantom_token_jwks fits kid and alg of the JWT: is it of the same server? New keys are fetched at most once in 30 seconds",
    jwks_unavailable: "the keys of the authorization server cannot be fetched: look at the location, or the URL, in $phantom_token_jwks",
    dpop_proofs_full: "the zone of used DPoP proofs is full, and none is taken that cannot be noted: make phantom_token_proofs in zones.conf larger, or $phantom_token_dpop_max_age shorter",
    jwks_unusable: "correct what $phantom_token_jwks names: it must answer 200 with a JWK Set"
  })[failure.reason]];
  const said = parts.filter((part) => part !== "").join(": ");
  return `${said} ${formatPlace(place)}`;
}
function formatStillSuspendedLine(refused2, place) {
  return `introspection still suspended: refused=${refused2}: the probes fail; the lines beside this one say why ${formatPlace(place)}`;
}
function formatPlace(place) {
  const isNamed2 = place.serverName !== "" && place.serverName !== "_";
  const server = `server=${isNamed2 ? place.serverName : place.serverAddress}:${place.serverPort}`;
  if (place.endpoint !== "") {
    return `(${server} endpoint=${place.endpoint})`;
  }
  return place.pathHead === "" ? `(${server})` : `(${server} path=${place.pathHead}...)`;
}

// src/core/answer/unavailable.ts
function misconfigured(problem) {
  return unavailable({ reason: "misconfigured", detail: problem, retryAfter: "", cacheStatus: "" });
}
function bug(kind) {
  return unavailable({
    reason: "internal_error",
    detail: `exception=${kind}`,
    retryAfter: "",
    cacheStatus: ""
  });
}
function notAnswered(reason, detail) {
  return unavailable({ reason, detail, retryAfter: "", cacheStatus: "MISS" });
}
function notAnsweredYet(reason, detail, retryAfter) {
  return unavailable({ reason, detail, retryAfter, cacheStatus: "MISS" });
}
function failedWithLeader(reason, retryAfter, isOutage) {
  return {
    kind: "unavailable",
    reason,
    detail: "as for the request waited for",
    retryAfter,
    cacheStatus: "JOINED",
    isOutage
  };
}
function answeredTooLate() {
  return {
    kind: "unavailable",
    reason: "introspection_timeout",
    detail: "the answer came too late to count",
    retryAfter: "",
    cacheStatus: "MISS",
    isOutage: false
  };
}
function withDetail(failure, detail) {
  return {
    kind: "unavailable",
    reason: failure.reason,
    detail: `${failure.detail} ${detail}`,
    retryAfter: failure.retryAfter,
    cacheStatus: failure.cacheStatus,
    isOutage: failure.isOutage
  };
}
function unavailable(failure) {
  return {
    kind: "unavailable",
    reason: failure.reason,
    detail: failure.detail,
    retryAfter: failure.retryAfter,
    cacheStatus: failure.cacheStatus,
    isOutage: (failure.reason === "introspection_unreachable" || failure.reason === "introspection_timeout" || failure.reason === "introspection_overloaded" || failure.reason === "introspection_suspended" || failure.reason === "introspection_server_error")
  };
}

// src/edge/place.ts
function readPlace(r, endpoint) {
  const v = r.variables;
  return {
    serverName: v.server_name || "",
    serverAddress: v.server_addr || "",
    serverPort: v.server_port || "",
    endpoint,
    pathHead: readPathHead(v.request_uri || "", v.phantom_token_input || "")
  };
}

// src/edge/fail.ts
function fail(r, mode, failure, endpoint) {
  if (isWorthALine(failure.reason)) {
    noteFailure(r, failure, endpoint);
  }
  refuse(r, mode, buildUnavailable(failure), failure);
}
function bugOf(e) {
  return bug(e instanceof Error ? e.name : typeof e);
}
function failOnBug(r, mode, e) {
  const failure = bugOf(e);
  fail(r, mode, failure, "");
}
function noteBug(r, e) {
  const failure = bugOf(e);
  noteFailure(r, failure, "");
}
function isWorthALine(reason) {
  switch (reason) {
    case "introspection_suspended":
      return false;
    case "introspection_queue_full":
    case "dpop_proofs_full":
    case "jwks_unavailable":
    case "jwks_unusable":
      return isFirstInMinute(reason);
    default:
      return true;
  }
}
function noteFailure(r, failure, endpoint) {
  r.error(`phantom_token: ${formatFailureLine(failure, readPlace(r, endpoint))}`);
}
function noteStale(r, outage, endpoint) {
  if (outage.reason !== "introspection_suspended") {
    r.warn(`phantom_token: stale record served: ${formatFailureLine(outage, readPlace(r, endpoint))}`);
  }
}

// src/edge/breaker_failures.ts
var STATE3 = "phantom_token_state";
var MEMORY_SEC = 600;
var LIST = "breakers:";
var SEPARATOR = "";
var MAX_LISTED = 100;
function noteTransportFailure(endpoint, key, settings) {
  const before = readBreaker(endpoint);
  const breaker = afterFailure(before, tokenOf2(key), settings, (Date.now()));
  list(endpoint);
  writeEntry(
    STATE3,
    BREAKER + endpoint,
    (`${breaker.failures} ${breaker.suspendedUntilMs} ${breaker.token}`),
    (MEMORY_SEC + settings.breakerDelaySec) * 1e3
  );
  deleteEntry(STATE3, PROBE + endpoint);
  if (breaker.suspendedUntilMs > 0 && !isOfOneToken(breaker)) {
    count(("phantom_token_breaker_opened_total"), 1);
  }
  return breaker;
}
function readBreakers() {
  return readList().map((name) => {
    const lines = name.split("\n");
    const breaker = readBreaker(name);
    const state = isOfOneToken(breaker) ? "closed" : stateOf(breaker, (Date.now()));
    return { server: lines[0] || "", endpoint: lines[1] || "", state };
  });
}
function list(endpoint) {
  const names = readList();
  if (!names.includes(endpoint) && names.length < MAX_LISTED) {
    writeEntry(STATE3, LIST, names.concat(endpoint).join(SEPARATOR), MEMORY_SEC * 1e3);
  }
}
function readList() {
  const names = readEntry(STATE3, LIST);
  return names === void 0 ? [] : names.split(SEPARATOR);
}

// src/edge/suspension.ts
var STATE4 = "phantom_token_state";
var REPORTED = "reported:";
var REPORT_MS = 6e4;
var KEPT_MS = 36e5;
function noteNoAnswer(r, endpoint, key, settings) {
  const breaker = noteTransportFailure(endpoint, key, settings);
  if (breaker.suspendedUntilMs > 0) {
    noteSuspended(r, endpoint, breaker, settings);
  }
}
function noteSuspended(r, endpoint, breaker, settings) {
  const place = readPlace(r, settings.introspectionEndpoint);
  if (isOfOneToken(breaker)) {
    if (isFirstInMinute("one_token")) {
      r.error(`phantom_token: ${(`introspection suspended for one token: failures=${breaker.failures}: the authorization server gives no answer about it; other tokens are asked about; the lines beside this one say why ${formatPlace(place)}`)}`);
    }
    return;
  }
  const isFirst = addEntry(STATE4, REFUSED + endpoint, "0", KEPT_MS) === "added";
  const isReportDue = addEntry(STATE4, REPORTED + endpoint, "", REPORT_MS) === "added";
  if (isFirst) {
    r.error(`phantom_token: ${(`introspection suspended: failures=${breaker.failures} delay=${settings.breakerDelaySec}s: tokens that are not cached get 503 until a probe is answered; the lines beside this one say why ${formatPlace(place)}`)}`);
  } else if (isReportDue) {
    r.error(`phantom_token: ${formatStillSuspendedLine(readRefused(endpoint), place)}`);
  }
}
function noteResumed(r, endpoint, settings) {
  const refused2 = readRefused(endpoint);
  if (deleteEntry(STATE4, REFUSED + endpoint)) {
    deleteEntry(STATE4, REPORTED + endpoint);
    const place = readPlace(r, settings.introspectionEndpoint);
    r.error(`phantom_token: ${(`introspection resumed: refused=${refused2}: the authorization server answers again ${formatPlace(place)}`)}`);
  }
}

// src/core/introspection/waiting.ts
var WAIT_FACTOR = 1.5;
function maxWaitMs(introspectionTimeoutSec) {
  return WAIT_FACTOR * 1e3 * introspectionTimeoutSec;
}
var FIRST_STEP_MS = 10;
var LAST_STEP_MS = 200;
function stepMs(waitedMs) {
  return Math.min(Math.max(Math.round(FIRST_STEP_MS + 0.3 * waitedMs), FIRST_STEP_MS), LAST_STEP_MS);
}
function parseFlight(text) {
  const words = text === void 0 ? [] : text.split(" ");
  switch (words[0]) {
    case "asking":
      return { kind: "asking", leader: words[1] || "" };
    case "released":
      return { kind: "released" };
    default:
      return { kind: "none" };
  }
}
function parseFailure(text) {
  if (text === void 0) {
    return void 0;
  }
  const words = text.split(" ", 2);
  const reason = words[1];
  return failedWithLeader(reason, text.slice(words.join(" ").length + 1), words[0] === "outage");
}

// src/edge/waiting.ts
var LOCKS2 = "phantom_token_locks";
var END_MS = 2e3;
var FAILED = "failed:";
async function awaitLeader(name, leaseMs2, connection, wait) {
  let awaited = "";
  for (; ; ) {
    const state = parseFlight(readEntry(LOCKS2, name));
    const boarding = decide(state, awaited);
    if (boarding !== void 0) {
      return boarding;
    }
    const nowMs = (Date.now());
    if (nowMs >= wait.untilMs) {
      return { kind: "timeout" };
    }
    if (state.kind === "asking") {
      if (awaited === "" && !joinQueue(state.leader, wait)) {
        return { kind: "queue_full" };
      }
      awaited = state.leader;
    } else {
      const lead = takeLead(name, leaseMs2, connection);
      if (lead.kind !== "taken") {
        return lead;
      }
      continue;
    }
    await sleep(stepMs(nowMs - wait.sinceMs));
  }
}
function joinQueue(leader, wait) {
  const waiting = Number(readEntry(LOCKS2, WAITING + leader) || 0);
  if (waiting >= wait.maxWaiting) {
    return false;
  }
  writeEntry(LOCKS2, WAITING + leader, String(waiting + 1), wait.untilMs - wait.sinceMs);
  return true;
}
function decide(state, awaited) {
  if (state.kind === "released") {
    return { kind: "alone" };
  }
  if (awaited === "" || state.kind === "asking" && state.leader === awaited) {
    return void 0;
  }
  const failure = parseFailure(readEntry(LOCKS2, FAILED + awaited));
  return failure === void 0 ? { kind: "landed" } : { kind: "failed", failure };
}
function release(flight) {
  if (leads(flight)) {
    writeEntry(LOCKS2, flight.name, ("released"), END_MS);
  }
  deleteEntry(LOCKS2, WAITING + flight.leader);
}
function failFlight(flight, failure) {
  if (leads(flight)) {
    writeEntry(LOCKS2, FAILED + flight.leader, (`${failure.isOutage ? "outage" : "no_outage"} ${failure.reason} ${failure.retryAfter}`), END_MS);
    deleteEntry(LOCKS2, flight.name);
  }
  deleteEntry(LOCKS2, WAITING + flight.leader);
}
function leads(flight) {
  const state = parseFlight(readEntry(LOCKS2, flight.name));
  return state.kind === "asking" && state.leader === flight.leader;
}
function sleep(ms) {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

// src/gateway/wait.ts
async function waitFor(r, question, settings, flight) {
  const wait = waitOf(settings);
  for (; ; ) {
    const boarding = await awaitLeader(flight.name, flight.leaseMs, flight.connection, wait);
    switch (boarding.kind) {
      case "lead":
        return leadFlight(r, question, settings, boarding.flight);
      case "no_room":
        noteNoRoom(r);
        return ask(r, question, settings, void 0);
      case "alone":
        return ask(r, question, settings, void 0);
      case "failed":
        return boarding.failure;
      case "queue_full":
        return queueFull(settings);
      case "timeout":
        return ({
    kind: "unavailable",
    reason: "introspection_timeout",
    detail: "waited for another request's introspection",
    retryAfter: "",
    cacheStatus: "JOINED",
    isOutage: false
  });
      case "landed": {
        const known = recall(question, settings);
        if (known !== void 0) {
          return known;
        }
        if (flight.canBeLost) {
          await proveClientIsThere(r, settings.introspectionEndpoint);
        }
      }
    }
    const suspension = findSuspension(question, settings);
    if (suspension !== void 0) {
      return suspension;
    }
  }
}
function waitOf(settings) {
  const sinceMs = (Date.now());
  const untilMs = sinceMs + maxWaitMs(settings.introspectionTimeoutSec);
  return { sinceMs, untilMs, maxWaiting: settings.maxWaiting };
}
function queueFull(settings) {
  const detail = `${settings.maxWaiting} requests wait for one introspection`;
  return notAnsweredYet("introspection_queue_full", detail, "1");
}

// src/core/cache/stale.ts
function mayStandIn(record, limits, nowSec) {
  const usableUntilSec = Number(record.slice(40 /* usableUntil */, 50 /* grantsStart */));
  const recordEndSec = Math.min(
    Number(record.slice(10 /* expiry */, 20 /* notBefore */)),
    (+record.slice(30 /* stored */, 40 /* usableUntil */)) + limits.cacheTtlSec
  );
  const isWanted = limits.staleIfErrorSec > 0 && limits.cacheTtlSec > 0;
  return isWanted && nowSec < Math.min(recordEndSec + limits.staleIfErrorSec, usableUntilSec);
}

// src/gateway/stale.ts
function standIn(r, failure, question, settings) {
  const nowSec = (Math.floor(Date.now() / 1e3));
  const stored = failure.isOutage ? (records === void 0 ? readFirstRecord(question.key) : records.get(question.key)) : void 0;
  const record = stored === void 0 ? void 0 : readableRecord(stored);
  if (record !== void 0 && mayStandIn(record, settings, nowSec)) {
    noteStale(r, failure, settings.introspectionEndpoint);
    return findingOf(stored, judgeToken(record, settings, nowSec), "STALE");
  }
  if (failure.reason === "introspection_suspended") {
    countRefused(question.endpoint);
  }
  return failure;
}

var signatureSettingsStageMade;
function signatureSettingsStage() {
  return signatureSettingsStageMade || (signatureSettingsStageMade = makeSignatureSettingsStage());
}
function makeSignatureSettingsStage() {

// src/core/settings/signature_checks.ts
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

// src/core/settings/signature_settings.ts
var EMPTY_LINE = "													";
function parseSignatureSettings(texts, settings) {
  const findings = { problem: "" };
  const values = (signatureLineOf(texts) || EMPTY_LINE).split("	");
  if (values.length !== 14 /* signatures */) {
    return misconfiguration("a setting on signatures holds a tab, or http.conf does not fit the script");
  }
  const signatures = ({
    kind: "signature_settings",
    jwks: values[0] === "" ? "" : readChecked(findings, "phantom_token_jwks", values[0], checkJwks),
    acceptJwt: values[1] === "" ? "off" : readWord(findings, "phantom_token_accept_jwt", values[1], "off on"),
    mint: values[2] === "" ? "off" : readWord(findings, "phantom_token_mint", values[2], "off missing always"),
    mintKeyFile: values[3] === "" ? "" : readChecked(findings, "phantom_token_mint_key_file", values[3], checkFile),
    mintIssuer: values[4] === "" ? "" : readChecked(findings, "phantom_token_mint_issuer", values[4], checkPlainText),
    mintAudience: values[5] === "" ? "" : readChecked(findings, "phantom_token_mint_audience", values[5], checkMintAudience),
    mintClaims: values[6] === "" ? "" : readChecked(findings, "phantom_token_mint_claims", values[6], checkMintClaims),
    mintTtlSec: values[7] === "" ? 600 : readWhole(findings, "phantom_token_mint_ttl", values[7], 60, 86400, "seconds")
  });
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

// src/core/signature/jws.ts
var REFUSED_MEMBERS = ["crit", "b64", "jku", "x5u", "jwk"];
function readJws(jwt2) {
  const header2 = jwt2.header;
  const refused2 = REFUSED_MEMBERS.filter((name) => header2[name] !== void 0);
  if (refused2.length > 0) {
    return { kind: "refused_jws", problem: `the header has ${refused2[0]}` };
  }
  if (!isSignatureAlgorithm(header2.alg)) {
    return { kind: "refused_jws", problem: "alg is none of RS, PS and ES with 256, 384 or 512" };
  }
  const kid = header2.kid === void 0 ? "" : header2.kid;
  if (typeof kid !== "string") {
    return { kind: "refused_jws", problem: "kid is no string" };
  }
  const dot = jwt2.text.lastIndexOf(".");
  return {
    kind: "jws",
    alg: header2.alg,
    kid,
    input: jwt2.text.slice(0, dot),
    signature: Buffer.from(jwt2.text.slice(dot + 1), "base64url")
  };
}
function typeOf(jwt2) {
  const typ = jwt2.header.typ;
  return typeof typ === "string" ? typ.toLowerCase().replace(/^application\//, "") : "";
}

// src/core/introspection/signed_response.ts
function readSignedResponse(jwt2, parties, reply) {
  const payload = jwt2.payload;
  const invalid = findInvalid(jwt2, parties);
  if (invalid !== void 0) {
    return notAnswered("introspection_response_invalid", `member=${invalid} ${describeReply(reply)}`);
  }
  const answer = payload.token_introspection;
  return {
    kind: "verified_answer",
    answer: answer.iss === void 0 ? withIssuer(answer, payload.iss) : answer
  };
}
function withIssuer(answer, issuer) {
  const copy = { iss: issuer };
  Object.keys(answer).forEach((name) => {
    if (name !== "__proto__") {
      copy[name] = answer[name];
    }
  });
  return copy;
}
function findInvalid(jwt2, parties) {
  const payload = jwt2.payload;
  if (typeOf(jwt2) !== "token-introspection+jwt") {
    return "typ";
  }
  if (parties.issuer === "" || payload.iss !== parties.issuer) {
    return "iss";
  }
  const audience = Array.isArray(payload.aud) ? payload.aud : [payload.aud];
  if (parties.clientId === "" || !audience.includes(parties.clientId)) {
    return "aud";
  }
  if (typeof payload.iat !== "number") {
    return "iat";
  }
  const answer = payload.token_introspection;
  return typeof answer === "object" && answer !== null && !Array.isArray(answer) ? void 0 : "token_introspection";
}

// src/core/mint/minted_claims.ts
var MARGIN_SEC = 30;
function findMintRefusal(answer) {
  if (!isNamed(answer.sub) && !isNamed(answer.client_id)) {
    return "token_subject_missing";
  }
  return isAccessTokenTyp(answer.typ) ? void 0 : "token_type_mismatch";
}
function isNamed(value) {
  return value !== void 0 && value !== "";
}
function mintedClaims(active, signatures, jti, nowSec) {
  const answer = active.answer;
  const clientId = isNamed(answer.client_id) ? answer.client_id : answer.azp;
  const subject2 = isNamed(answer.sub) ? answer.sub : clientId;
  const latestSec = nowSec + signatures.mintTtlSec;
  const ownEndSec = active.expiresAtSec;
  const endsWithToken = ownEndSec !== void 0 && ownEndSec <= latestSec;
  const claims = {
    iss: signatures.mintIssuer,
    sub: subject2,
    client_id: clientId,
    scope: active.claims.scope === "" ? void 0 : active.claims.scope,
    aud: audienceOf(active.claims.audience, signatures.mintAudience),
    iat: nowSec,
    exp: endsWithToken ? ownEndSec : latestSec,
    jti,
    auth_time: answer.auth_time,
    acr: answer.acr,
    amr: (typeof answer.amr === "string" ? [answer.amr] : answer.amr),
    cnf: active.binding === void 0 ? void 0 : boundStage().proveKeyStage().confirmationOf(active.binding)
  };
  const invalid = findInvalid2(claims);
  if (invalid !== void 0) {
    return { kind: "invalid_claim", claim: invalid };
  }
  const unsafe = copyClaims(claims, answer, signatures.mintClaims);
  if (unsafe !== void 0) {
    return { kind: "invalid_claim", claim: unsafe };
  }
  if (!(!/\uFFFD/.test(Buffer.from(JSON.stringify(claims)).toString()))) {
    return { kind: "invalid_claim", claim: "text that is no Unicode" };
  }
  return {
    kind: "minted_claims",
    claims,
    usableUntilSec: endsWithToken ? ownEndSec : latestSec - MARGIN_SEC
  };
}
function audienceOf(answered, set) {
  const named = set.split(" ").filter((audience2) => audience2 !== "");
  const audience = named.length > 0 ? named : answered;
  return audience.length > 1 ? audience : audience[0];
}
function findInvalid2(claims) {
  const texts = ["sub", "client_id", "acr"].filter(
    (name) => claims[name] !== void 0 && !isText2(claims[name])
  );
  if (texts.length > 0) {
    return texts[0];
  }
  const authTime = claims.auth_time;
  if (authTime !== void 0 && !(typeof authTime === "number" && authTime >= 0 && authTime < Infinity)) {
    return "auth_time";
  }
  return claims.amr === void 0 || Array.isArray(claims.amr) && claims.amr.every(isText2) ? void 0 : "amr";
}
function isText2(value) {
  return typeof value === "string" && isPlainText(value);
}
function copyClaims(claims, answer, names) {
  const members = Object.keys(answer);
  const wanted = names.split(" ").filter((name) => name !== "" && members.includes(name));
  wanted.forEach((name) => {
    claims[name] = answer[name];
  });
  return wanted.filter((name) => hasUnsafeNumber(answer[name]))[0];
}
var MOST_SAFE = 9007199254740991;
function hasUnsafeNumber(value) {
  if (typeof value === "number") {
    return !(Math.abs(value) <= MOST_SAFE);
  }
  return typeof value === "object" && value !== null && Object.keys(value).some((name) => hasUnsafeNumber(value[name]));
}

// src/core/signature/own_key.ts
var PUBLIC_MEMBERS = { RSA: ["kty", "n", "e"], EC: ["kty", "crv", "x", "y"] };
var PRIVATE_MEMBERS2 = { RSA: ["d", "p", "q", "dp", "dq", "qi"], EC: ["d"] };
function parseOwnKeys(text) {
  const file = parseJsonObject(text);
  if (file !== void 0) {
    return readOwnKeySet(Array.isArray(file.keys) ? file.keys : [file]);
  }
  return /^[ \t\r\n]*[{[\uFEFF]/.test(text) ? "is no JWK and no JWK Set: not valid JSON, a list, or with a byte order mark" : "is neither JSON nor a PKCS #8 PEM file without a password (openssl pkcs8 -topk8 -nocrypt)";
}
function readOwnKeySet(list2) {
  const keys = [];
  for (let i = 0; i < list2.length; i++) {
    const key = readOwnKey(list2[i]);
    if (typeof key === "string") {
      return `key ${i + 1} ${key}`;
    }
    if (keys.some((other) => other.kid === key.kid)) {
      return `key ${i + 1} has the kid of another one`;
    }
    keys.push(key);
  }
  return keys;
}
function readOwnKey(value) {
  if (typeof value !== "object" || value === null) {
    return "is no JWK";
  }
  const jwk = value;
  if (jwk.kty !== "RSA" && jwk.kty !== "EC") {
    return "is neither RSA nor EC: only those can sign here (no oct, no EdDSA)";
  }
  const key = verifySignatureStage().readPublicKey(jwk);
  if (key === void 0) {
    return "is not usable: RSA needs 2048 bits or more, EC the curve P-256 or P-384, and neither may be for encryption";
  }
  const alg = algorithmOf(key);
  if (alg === void 0) {
    return "has an alg or a curve that is not supported: ES256, ES384, RS256 or PS256";
  }
  const isPrivate = jwk.d !== void 0;
  if (isPrivate && PRIVATE_MEMBERS2[key.kty].some((name) => typeof jwk[name] !== "string")) {
    return `lacks a private member: ${PRIVATE_MEMBERS2[key.kty].join(", ")}`;
  }
  if (isPrivate && jwk.oth !== void 0) {
    return "has more than two primes (oth): make one with two";
  }
  const kid = key.kid || verifySignatureStage().thumbprint(key);
  const members = PUBLIC_MEMBERS[key.kty];
  return {
    kind: "own_key",
    alg,
    kid,
    published: Object.assign(pick(jwk, members), { kid, use: "sig", alg }),
    privateJwk: isPrivate ? pick(jwk, members.concat(PRIVATE_MEMBERS2[key.kty])) : void 0
  };
}
function signingKeyOf(keys) {
  return keys.filter((key) => key.privateJwk !== void 0)[0];
}
function algorithmOf(key) {
  const algorithms = ["ES256", "ES384", "RS256", "PS256"];
  return algorithms.filter((alg) => verifySignatureStage().isKeyFor(key, alg))[0];
}
function pick(jwk, members) {
  const picked = {};
  members.forEach((name) => {
    picked[name] = jwk[name];
  });
  return picked;
}

// src/edge/own_keys.ts
var VARIABLE = "phantom_token_mint_key_file";
async function readOwnKeys(path) {
  const file = readFile(VARIABLE, path);
  if (file.kind === "misconfiguration") {
    return file;
  }
  const blocks = decodePrivateKeys(file.text);
  const keys = blocks.length === 0 ? parseOwnKeys(file.text) : await readPkcs8(blocks);
  return typeof keys === "string" ? badKeyFile(path, keys) : keys;
}
function badKeyFile(path, problem) {
  return misconfiguration(`$${VARIABLE}: ${path}: ${problem}`);
}
async function readPkcs8(blocks) {
  const jwks2 = [];
  for (let i = 0; i < blocks.length; i++) {
    const der = blocks[i];
    const alg = algorithmOfPkcs8(der);
    const jwk = alg === void 0 ? void 0 : await exportPkcs8(der, keyParameters(alg));
    if (jwk === void 0) {
      return `key ${i + 1} is no RSA key and no EC key on P-256 or P-384`;
    }
    jwks2.push(Object.assign(jwk, { alg }));
  }
  return readOwnKeySet(jwks2);
}
async function exportPkcs8(der, importing) {
  try {
    const key = await crypto.subtle.importKey("pkcs8", der, importing, true, ["sign"]);
    const jwk = await crypto.subtle.exportKey("jwk", key);
    return jwk;
  } catch (_broken) {
    return void 0;
  }
}

// src/gateway/mint.ts
function mintWhere(active, signatures, settings, nowSec) {
  const isWanted = signatures.mint === "always" || signatures.mint === "missing" && active.jwt === "";
  return isWanted ? mint(active, signatures, settings, nowSec) : active;
}
async function mint(active, signatures, settings, nowSec) {
  const refusal2 = findMintRefusal(active.answer);
  if (refusal2 !== void 0) {
    return denied(refusal2, "MISS");
  }
  const minted = mintedClaims(active, signatures, newJti(), nowSec);
  if (minted.kind === "invalid_claim") {
    return notAnswered("introspection_invalid_claim", `claim=${minted.claim}`);
  }
  const path = signatures.mintKeyFile;
  const keys = await readOwnKeys(path);
  if (!Array.isArray(keys)) {
    return misconfigured(keys.problem);
  }
  const key = signingKeyOf(keys);
  if (key === void 0 || key.privateJwk === void 0) {
    return misconfigured(badKeyFile(path, "holds no private key: put the one that signs first").problem);
  }
  const input = jwsInput({ typ: "at+jwt", alg: key.alg, kid: key.kid }, minted.claims);
  const signature = await (sign(key.alg, "jwk", key.privateJwk, input));
  if (signature === void 0) {
    return misconfigured(
      badKeyFile(
        path,
        `its first private key does not sign ${key.alg}: do its private and its public members belong together?`
      ).problem
    );
  }
  const jwt2 = `${input}.${signature}`;
  return jwt2.length > settings.maxJwtLength ? notAnswered("jwt_too_large", "the JWT that the gateway would sign") : {
    kind: "active",
    jwt: jwt2,
    serverJwt: void 0,
    answer: active.answer,
    claims: active.claims,
    binding: active.binding,
    expiresAtSec: minted.usableUntilSec
  };
}

// src/core/signature/key_set.ts
var MOST_KEYS = 100;
var MOST_LENGTH2 = 131072;
var MOST_TRIED = 4;
function parseKeySet(text) {
  if (text.length > MOST_LENGTH2) {
    return `longer than ${MOST_LENGTH2} characters`;
  }
  const set = parseJsonObject(text);
  const list2 = set === void 0 ? void 0 : set.keys;
  if (!Array.isArray(list2)) {
    return "no JWK Set (RFC 7517 \xA75)";
  }
  if (list2.length > MOST_KEYS) {
    return `more than ${MOST_KEYS} keys`;
  }
  const keys = readPublicKeys(list2);
  return keys.length === 0 ? "no RSA or EC key that verifies signatures" : keys;
}
function readPublicKeys(list2) {
  const keys = [];
  for (let i = 0; i < list2.length; i++) {
    const jwk = list2[i];
    const key = typeof jwk === "object" && jwk !== null ? verifySignatureStage().readPublicKey(jwk) : void 0;
    if (key !== void 0) {
      keys.push(key);
    }
  }
  return keys;
}
function chooseKeys(keys, kid, alg) {
  const chosen = [];
  for (let i = 0; i < keys.length && chosen.length < MOST_TRIED; i++) {
    const key = keys[i];
    if ((kid === "" || key.kid === kid) && verifySignatureStage().isKeyFor(key, alg)) {
      chosen.push(key);
    }
  }
  return chosen;
}
var TIME_DIGITS2 = 10;
var FRESH_SEC = 300;
var KEPT_SEC = 86400;
var WHILE_FETCHED_SEC = 60;

// src/edge/fetch_key_set.ts
var ACCEPT2 = "application/jwk-set+json, application/json";
async function fetchKeySet(r, jwks2) {
  const reply = await (isAbsoluteUrl(jwks2) ? fetchUrl(jwks2) : fetchLocation(r, jwks2));
  const failure = reply.failure === "" ? "" : ` failure="${reply.failure}"`;
  const arrived = `jwks=${jwks2} status=${reply.status} bytes=${reply.bodyBytes}${failure}`;
  if (reply.status === 429 || reply.status >= 500) {
    return notAnsweredYet("jwks_unavailable", arrived, "");
  }
  if (reply.status !== 200) {
    return notAnswered("jwks_unusable", arrived);
  }
  if (reply.contentLength !== "" && reply.contentLength !== String(reply.bodyBytes)) {
    return notAnsweredYet("jwks_unavailable", `${arrived} failure="cut short"`, "");
  }
  const keys = parseKeySet(reply.body);
  return typeof keys === "string" ? notAnswered("jwks_unusable", `${arrived} problem="${keys}"`) : { kind: "key_set", keys, fetchedAtSec: (Math.floor(Date.now() / 1e3)) };
}
async function fetchLocation(r, location) {
  const v = r.variables;
  v._phantom_introspection = "keys";
  const answer = await r.subrequest(location, { method: "GET" });
  const isKeys = v._phantom_introspection === "keys_answered";
  v._phantom_introspection = "";
  const bytes = answer.responseBuffer;
  return {
    status: isKeys ? answer.status : 404,
    contentLength: joinHeader(answer.headersOut["Content-Length"]),
    body: bytes === void 0 ? "" : bytes.toString(),
    bodyBytes: bytes === void 0 ? 0 : bytes.length,
    failure: isKeys ? "" : MISROUTED2
  };
}
var MISROUTED2 = "no location that includes jwks.conf";
async function fetchUrl(url) {
  await nextTurn();
  try {
    const reply = await ngx.fetch(url, {
      headers: { Accept: ACCEPT2, "Accept-Encoding": "identity" }
    });
    const body = await reply.text();
    return {
      status: reply.status,
      contentLength: joinHeader(reply.headers.get("Content-Length")),
      body,
      bodyBytes: Buffer.byteLength(body),
      failure: ""
    };
  } catch (e) {
    const fault = readFetchFailure(e instanceof Error ? e.message : "", njs.version_number);
    return { status: fault.status, contentLength: "", body: "", bodyBytes: 0, failure: fault.failure };
  }
}

// src/edge/server_keys.ts
var FETCH_PAUSE_MS = 3e4;
var FETCHED = "fetched:";
function keySetName(endpoint, jwks2) {
  const server = endpoint.slice(0, endpoint.indexOf("\n"));
  const place = jwks2.charAt(0) === "/" ? `${server}
${jwks2}` : jwks2;
  return `jwks:${(begun === void 0 ? firstDigest(place) : begun.copy().update(place).digest("base64url"))}`;
}
function readKeySet(name) {
  const text = readEntry("phantom_token_state", name);
  return text === void 0 ? void 0 : ({
    fetchedAtSec: Number(text.slice(0, TIME_DIGITS2)),
    keys: JSON.parse(text.slice(TIME_DIGITS2))
  });
}
function wasFetchedLately(name) {
  return hasEntry("phantom_token_state", FETCHED + name);
}
function noteFetch(name, reason) {
  writeEntry("phantom_token_state", FETCHED + name, reason, FETCH_PAUSE_MS);
}
function readFetchFailure2(name) {
  const reason = readEntry("phantom_token_state", FETCHED + name);
  return reason ? notAnswered(reason, "as some seconds ago") : void 0;
}
var ALONE_PAUSE_MS = 1e3;

// src/gateway/obtain_keys.ts
async function obtainKeys(r, jws, question, jwks2, settings) {
  const name = keySetName(question.endpoint, jwks2);
  const canBeLost = isLosable(readProtocol(r), isAbsoluteUrl(jwks2));
  const forMs = leaseMs(canBeLost, settings.introspectionTimeoutSec);
  const flightName2 = canBeLost ? `${name}:losable` : name;
  const connection = (r.variables.connection || "");
  const sinceMs = (Date.now());
  const wait = {
    sinceMs,
    untilMs: sinceMs + maxWaitMs(settings.introspectionTimeoutSec),
    maxWaiting: settings.maxWaiting
  };
  for (; ; ) {
    const kept4 = readKeySet(name);
    const chosen = chooseFrom(kept4, jws);
    const isUsable = chosen.length > 0;
    if (wasFetchedLately(name)) {
      const failure = isUsable ? void 0 : readFetchFailure2(name);
      return failure === void 0 ? { kind: "keys", chosen } : failure;
    }
    const nowSec = (Math.floor(Date.now() / 1e3));
    if (isUsable && (nowSec < kept4.fetchedAtSec + FRESH_SEC && nowSec >= kept4.fetchedAtSec)) {
      return { kind: "keys", chosen };
    }
    const mayGoOn = isUsable && (nowSec < kept4.fetchedAtSec + FRESH_SEC + WHILE_FETCHED_SEC && nowSec >= kept4.fetchedAtSec);
    const boarding = mayGoOn ? takeLead(flightName2, forMs, connection) : await awaitLeader(flightName2, forMs, connection, wait);
    switch (boarding.kind) {
      case "lead":
        return fetchFor(r, jws, name, jwks2, chosen, boarding.flight);
      case "no_room":
        return fetchFor(r, jws, name, jwks2, chosen, void 0);
      case "taken":
        return { kind: "keys", chosen };
      case "failed":
        return boarding.failure;
      case "queue_full":
      case "timeout":
        return notAnsweredYet("jwks_unavailable", "waited for another request that fetches the keys", "1");
    }
    if (canBeLost && !wasFetchedLately(name)) {
      await proveClientIsThere(r, jwks2);
      if ((addEntry("phantom_token_locks", `alone:${name}`, "", ALONE_PAUSE_MS) !== "exists")) {
        return fetchFor(r, jws, name, jwks2, chosen, void 0);
      }
    }
  }
}
async function fetchFor(r, jws, name, jwks2, chosen, flight) {
  const fetched = await fetchKeySet(r, jwks2);
  if (fetched.kind === "unavailable") {
    noteFetch(name, fetched.reason);
    if (flight !== void 0) {
      failFlight(flight, fetched);
    }
    return chosen.length > 0 ? { kind: "keys", chosen } : fetched;
  }
  const written = (writeEntry("phantom_token_state", name, (tenDigits(fetched.fetchedAtSec) + JSON.stringify(fetched.keys)), KEPT_SEC * 1e3));
  noteFetch(name, written === "stored" ? "" : "jwks_unavailable");
  if (written !== "stored") {
    noteFailure(
      r,
      notAnsweredYet("jwks_unavailable", "phantom_token_state has no room for the keys", ""),
      jwks2
    );
  }
  if (flight !== void 0) {
    land(flight);
  }
  return { kind: "keys", chosen: chooseFrom(fetched, jws) };
}
function chooseFrom(set, jws) {
  return set === void 0 ? [] : chooseKeys(set.keys, jws.kid, jws.alg);
}

// src/gateway/verify.ts
async function verifyJwt(r, jwt2, question, jwks2, settings) {
  const jws = readJws(jwt2);
  if (jws.kind === "refused_jws") {
    return { kind: "signature_invalid", problem: jws.problem };
  }
  const keys = await obtainKeys(r, jws, question, jwks2, settings);
  if (keys.kind === "unavailable") {
    return keys;
  }
  return keys.chosen.length === 0 ? { kind: "key_unknown" } : tryKeys(jws, keys.chosen);
}
async function tryKeys(jws, keys) {
  for (let i = 0; i < keys.length; i++) {
    const isGood = await verifySignatureStage().verifySignature(jws, keys[i]);
    if (isGood) {
      return { kind: "verified" };
    }
  }
  return { kind: "signature_invalid", problem: "it is not by the key that it names" };
}

// src/gateway/vouch.ts
async function vouch(r, question, answer, reply, settings, nowSec) {
  const signatures = question.signatures;
  const active = answer.kind === "active" ? answer : await openResponse(r, question, answer.jwt, reply, settings, nowSec);
  if (active.kind !== "active") {
    return active;
  }
  const jwt2 = active.serverJwt;
  const problem = jwt2 === void 0 || signatures.jwks === "" ? void 0 : await findBadSignature(r, question, jwt2, settings);
  if (problem !== void 0) {
    return problem;
  }
  const isReplaced = signatures.mint === "always" && signatures.jwks !== "" && jwt2 !== void 0;
  const said = isReplaced ? activeToken(jwt2, jwt2.payload, reply, nowSec, (settings.sender === void 0 ? void 0 : Object.assign({}, settings.sender, { constraint: "verify" }))) : active;
  if (said.kind !== "active") {
    return said;
  }
  const bound = isReplaced ? Object.assign({}, said, { binding: active.binding }) : said;
  return mintWhere(bound, signatures, settings, nowSec);
}
async function openResponse(r, question, jwt2, reply, settings, nowSec) {
  const problem = await findBadSignature(r, question, jwt2, settings);
  if (problem !== void 0) {
    return problem;
  }
  const parties = { issuer: settings.issuer, clientId: question.texts.request[14 /* clientId */] };
  const read = readSignedResponse(jwt2, parties, reply);
  return read.kind === "unavailable" ? read : interpretAnswer(read.answer, reply, settings, nowSec, question.signatures);
}
async function findBadSignature(r, question, jwt2, settings) {
  const signatures = question.signatures;
  const verified = await verifyJwt(r, jwt2, question, signatures.jwks, settings);
  switch (verified.kind) {
    case "verified":
      return void 0;
    case "signature_invalid":
      return notAnswered("jwt_signature_invalid", `problem="${verified.problem}"`);
    case "key_unknown":
      return notAnswered("jwt_key_unknown", "");
    case "unavailable":
      return verified;
  }
}

// src/core/token/presented_jwt.ts
var CLAIMS_OF_OTHERS = [
  "nonce",
  "at_hash",
  "c_hash",
  "s_hash",
  "events",
  "code",
  "active",
  "token_introspection"
];
function judgePresented(jwt2, nowSec, sender) {
  const payload = jwt2.payload;
  const read = readClaims2(payload);
  const typ = typeOf(jwt2);
  if (read.kind === "invalid_claim" || read.expiresAtSec === void 0) {
    return denied("token_claims_invalid", "MISS");
  }
  const isOther = CLAIMS_OF_OTHERS.some((name) => payload[name] !== void 0);
  const isAccessToken = read.isAccessToken && isAccessTokenTyp(payload.typ) && !isOther;
  if (typ !== "at+jwt" && typ !== "jwt" || !isAccessToken) {
    return denied("token_type_mismatch", "MISS");
  }
  if (read.expiresAtSec <= nowSec) {
    return denied("token_expired", "MISS");
  }
  const isBound = read.isSenderConstrained;
  const binding = isBound && sender !== void 0 ? boundStage().proveKeyStage().readBinding([payload]) : void 0;
  if (isBound && binding === void 0) {
    return denied("token_sender_constrained", "MISS");
  }
  if (!isBound && sender !== void 0 && sender.constraint === "require") {
    return denied("token_not_sender_constrained", "MISS");
  }
  return {
    kind: "active",
    jwt: jwt2.text,
    serverJwt: jwt2,
    answer: payload,
    claims: read.claims,
    binding,
    expiresAtSec: read.expiresAtSec
  };
}

// src/gateway/presented.ts
async function decidePresented(r, question, settings) {
  const signatures = question.signatures;
  const sinceMs = (Date.now());
  const nowSec = (Math.floor(Date.now() / 1e3));
  const jwt2 = question.token.length > settings.maxJwtLength ? void 0 : jwtStage().parseJwt(question.token);
  if (jwt2 === void 0 || !jwtStage().isCanonicallySigned(jwt2)) {
    return rememberDenial(question.key, denied("token_signature_invalid", "MISS"), settings, nowSec).outcome;
  }
  noteReach(question.reach, markTtlSecOf(settings));
  const verified = await verifyJwt(r, jwt2, question, signatures.jwks, settings);
  switch (verified.kind) {
    case "unavailable":
      return verified;
    case "key_unknown":
      return denied("token_key_unknown", "MISS");
    case "signature_invalid":
      return rememberDenial(question.key, denied("token_signature_invalid", "MISS"), settings, nowSec).outcome;
    case "verified": {
      const judged = judgePresented(jwt2, nowSec, settings.sender);
      const active = judged.kind === "active" ? await mintWhere(judged, signatures, settings, nowSec) : judged;
      if ((Date.now()) - sinceMs > 1e3 * maxIntrospectionSec(settings)) {
        return answeredTooLate();
      }
      switch (active.kind) {
        case "active":
          return rememberActive(r, question, active, NO_LIMITS, settings, nowSec).outcome;
        case "denial":
          return rememberDenial(question.key, active, settings, nowSec).outcome;
        case "unavailable":
          return active;
      }
    }
  }
}
var NO_LIMITS = { cacheControl: "", age: "" };

var purgeStageMade;
function purgeStage() {
  return purgeStageMade || (purgeStageMade = makePurgeStage());
}
function makePurgeStage() {

// src/core/answer/jwks_answer.ts
var MAX_AGE_SEC = 300;
function publishKeys(keys) {
  return {
    status: 200,
    contentType: "application/jwk-set+json",
    cacheControl: `public, max-age=${MAX_AGE_SEC}`,
    allow: "",
    body: JSON.stringify({ keys: keys.map((key) => key.published) })
  };
}
function refuseKeys() {
  return refusal(500, "", errorBody("server_error", "Problem encountered processing the request"));
}
function refusal(status, allow, body) {
  return { status, contentType: "application/json", cacheControl: "no-store", allow, body };
}

// src/operator/jwks.ts
async function jwks(r) {
  const answer = await decideJwks(r);
  const headers = r.headersOut;
  headers["Content-Type"] = answer.contentType;
  headers["Cache-Control"] = answer.cacheControl;
  if (answer.allow !== "") {
    headers.Allow = answer.allow;
  }
  r.return(answer.status, answer.body);
}
async function decideJwks(r) {
  if (r.method !== "GET" && r.method !== "HEAD") {
    return (refusal(405, "GET, HEAD", errorBody("invalid_request", "The keys are read by GET")));
  }
  try {
    const path = r.variables.phantom_token_mint_key_file || "";
    if (path === "") {
      noteFailure(
        r,
        misconfigured("$phantom_token_mint_key_file is not set where phantom_token.jwks is"),
        ""
      );
      return refuseKeys();
    }
    const keys = await readOwnKeys(path);
    if (Array.isArray(keys)) {
      return publishKeys(keys);
    }
    noteFailure(r, misconfigured(keys.problem), "");
  } catch (e) {
    noteBug(r, e);
  }
  return refuseKeys();
}

// src/operator/log_variables.ts
function subject(r) {
  try {
    return textClaim(readPayload(r), "sub");
  } catch (e) {
    noteBug(r, e);
    return "";
  }
}
function client(r) {
  try {
    const payload = readPayload(r);
    return textClaim(payload, "client_id") || textClaim(payload, "azp");
  } catch (e) {
    noteBug(r, e);
    return "";
  }
}
function readPayload(r) {
  const payload = jwt(r).split(".")[1] || "";
  return parseJsonObject(Buffer.from(payload, "base64url").toString()) || {};
}
function textClaim(payload, claim) {
  const value = payload[claim];
  return typeof value === "string" && isPlainText(value) ? value : "";
}

// src/core/answer/metrics.ts
function counters() {
  return [
    {
      name: "phantom_token_requests_total",
      help: "Requests by where the answer came from.",
      series: (["", "HIT", "MISS", "JOINED", "NEGATIVE", "STALE", "BYPASS"]).map((label) => (`phantom_token_requests_total{cache_status="${label === "" ? "NONE" : label}"}`))
    },
    {
      name: "phantom_token_refusals_total",
      help: "Refused requests by reason code.",
      series: allReasons().concat((["request_malformed"])).map((label) => (`phantom_token_refusals_total{reason="${label}"}`))
    },
    {
      name: "phantom_token_introspections_total",
      help: "Calls to the authorization server by result: active or a reason code.",
      series: ["active"].concat(allReasons()).map((label) => (`phantom_token_introspections_total{result="${label}"}`))
    },
    {
      name: "phantom_token_uncached_total",
      help: "Active tokens that were not stored: the zone is full, the record too large, or too many combinations of settings ask.",
      series: ["full", "too_large", "too_many"].map((label) => (`phantom_token_uncached_total{cause="${label}"}`))
    },
    {
      name: "phantom_token_zone_replacements_total",
      help: "Entries stored while no free page could take them: each took the room of others that had ended or, with evict, of those next to end.",
      series: ["phantom_token", "phantom_token_denied"].map((label) => (`phantom_token_zone_replacements_total{zone="${label}"}`))
    },
    {
      name: ("phantom_token_breaker_opened_total"),
      help: "How often introspection was suspended, or its suspension prolonged by a failed probe; not of suspensions for one token.",
      series: [("phantom_token_breaker_opened_total")]
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
  return reasons.concat(([
    "token_missing",
    "token_malformed",
    "token_inactive",
    "token_expired",
    "token_not_yet_valid",
    "token_sender_constrained",
    "token_not_sender_constrained",
    "token_type_mismatch",
    "token_type_unsupported",
    "token_subject_missing",
    "token_signature_invalid",
    "token_key_unknown",
    "token_claims_invalid",
    "token_purged",
    "issuer_mismatch",
    "audience_mismatch",
    "scope_insufficient",
    "dpop_scheme_required",
    "dpop_token_unbound",
    "dpop_proof_missing",
    "dpop_proof_repeated",
    "dpop_proof_malformed",
    "dpop_type_mismatch",
    "dpop_algorithm_unsupported",
    "dpop_key_invalid",
    "dpop_signature_invalid",
    "dpop_method_mismatch",
    "dpop_uri_mismatch",
    "dpop_nonce_required",
    "dpop_time_mismatch",
    "dpop_proof_replayed",
    "dpop_token_mismatch",
    "dpop_key_mismatch",
    "certificate_missing",
    "certificate_mismatch"
  ])).concat(([
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
    "jwt_too_large",
    "jwt_signature_invalid",
    "jwt_key_unknown",
    "jwks_unavailable",
    "jwks_unusable",
    "introspection_response_invalid",
    "dpop_proofs_full"
  ]));
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

// src/edge/zone_figures.ts
function readZones() {
  return listZones().concat("phantom_token_metrics").filter((name) => ngx.shared[name] !== void 0).map((name) => {
    const zone = ngx.shared[name];
    const entries = njs.version_number < 2311 ? -1 : zone.size();
    return { name, capacityBytes: zone.capacity, freeBytes: zone.freeSpace(), entries };
  });
}

// src/operator/metrics.ts
function metrics(r) {
  r.headersOut["Cache-Control"] = "no-store";
  const answer = answerMetrics(r);
  r.headersOut["Content-Type"] = `text/plain;${answer.version} charset=utf-8`;
  r.return(answer.status, answer.body);
}
function answerMetrics(r) {
  try {
    const problem = findCountingProblem(countedSeries());
    if (problem === void 0) {
      const gauges = zoneGauges(readZones()).concat(breakerGauge(), buildGauge());
      return { status: 200, version: " version=0.0.4;", body: formatMetrics(readCount, gauges) };
    }
    noteNoMetrics(r, problem);
    return { status: 503, version: "", body: `${problem}
` };
  } catch (e) {
    noteBug(r, e);
    return { status: 500, version: "", body: "Problem encountered processing the request\n" };
  }
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
function noteNoMetrics(r, problem) {
  if (findZoneProblem(r) !== void 0 || isFirstInMinute("metrics")) {
    r.error(`phantom_token: no metrics: ${problem}`);
  }
}

// src/core/answer/purge_answer.ts
function refuseForm() {
  const message = "The body must be a form with one field token, which holds the token as clients send it";
  return { status: 400, allow: "", body: errorBody("invalid_request", message) };
}
function refusePurge(problem) {
  return { status: 500, allow: "", body: errorBody("server_error", problem) };
}
function refuseForRoom() {
  const message = "The token is not ended: the zone phantom_token_state is full: enlarge it in zones.conf";
  return { status: 503, allow: "", body: errorBody("server_error", message) };
}

// src/core/token/spellings.ts
var ORDERS = {
  ES256: "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
  ES384: "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
  ES512: "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409"
};
function spellingsOf(token) {
  const jwt2 = jwtStage().parseJwt(token);
  const alg = jwt2 === void 0 ? void 0 : jwt2.header.alg;
  const order = isSignatureAlgorithm(alg) ? ORDERS[alg] : void 0;
  if (order === void 0) {
    return [token];
  }
  const dot = token.lastIndexOf(".");
  const signature = Buffer.from(token.slice(dot + 1), "base64url");
  const half = signature.length / 2;
  const twin = Buffer.concat([
    signature.slice(0, half),
    subtract(Buffer.from(order, "hex"), signature.slice(half))
  ]);
  return [token, `${token.slice(0, dot)}.${twin.toString("base64url")}`];
}
function subtract(minuend, subtrahend) {
  const difference = Buffer.alloc(minuend.length);
  let borrow = 0;
  for (let i = minuend.length - 1; i >= 0; i--) {
    const digit = minuend[i] - subtrahend[i] - borrow;
    borrow = digit < 0 ? 1 : 0;
    difference[i] = digit + 256 * borrow;
  }
  return difference;
}
function endOf(token) {
  const jwt2 = jwtStage().parseJwt(token);
  const exp = jwt2 === void 0 ? void 0 : jwt2.payload.exp;
  return typeof exp === "number" && exp >= 0 && exp < Infinity ? Math.ceil(exp) : void 0;
}

// src/operator/purge.ts
function purge(r) {
  const answer = answerPurge(r);
  r.headersOut["Cache-Control"] = "no-store";
  r.headersOut["Content-Type"] = "application/json";
  if (answer.allow !== "") {
    r.headersOut.Allow = answer.allow;
  }
  r.return(answer.status, answer.body);
}
function answerPurge(r) {
  try {
    return decidePurge(r);
  } catch (e) {
    noteBug(r, e);
    return refusePurge(NOT_CERTAIN);
  }
}
var NOT_CERTAIN = "Problem encountered processing the request: it is not certain that the token is ended";
function decidePurge(r) {
  if (r.method !== "POST") {
    return ({ status: 405, allow: "POST", body: errorBody("invalid_request", "A purge is a POST request") });
  }
  const scope = findScope(r);
  if (scope.kind === "misconfiguration") {
    noteFailure(r, misconfigured(scope.problem), "");
    return refusePurge(scope.problem);
  }
  const token = malformedStage().parseTokenForm(waysInStage().introspectionWayStage().readFormBody(r));
  return token === void 0 || !isB64Token(token) ? refuseForm() : endToken(scope, token);
}
function findScope(r) {
  const request = ("access" === "auth_request" ? takeKeptRequest(r.variables) : r.variables._phantom_request);
  const texts = takeApart(request, readRest(r, "access"));
  const settings = texts === void 0 ? misconfiguration(BROKEN_TEXTS) : parseOwnSettings(texts);
  if (settings.kind === "misconfiguration") {
    return settings;
  }
  const endpoint = endpointOf(findLookup(request));
  const problem = (/^[0-9]* @/.test(endpoint)) ? NAMELESS : findZoneProblem(r);
  if (problem !== void 0) {
    return misconfiguration(problem);
  }
  const reach = reachOf(endpoint);
  const askingTtlSec = readAskingTtlSec(reach);
  return askingTtlSec === 0 && readKeyspaces(reach).length === 0 ? misconfiguration(UNKNOWN) : { kind: "scope", reach, markTtlSec: Math.max(markTtlSecOf(settings), askingTtlSec) };
}
var NAMELESS = "purge needs a server_name, or $phantom_token_partition here and in the protected server";
var UNKNOWN = "no protected location of this server has asked $phantom_token_introspection_endpoint since nginx was started, so that nothing of it is cached; or this is the wrong place: a purge needs the endpoint, and the server or the $phantom_token_partition, of the protected location";
function endToken(scope, token) {
  const markKey = purgeKey(scope.reach, token);
  const markTtlSec = Math.max(scope.markTtlSec, (endOf(token) || 0) - (Math.floor(Date.now() / 1e3)));
  if (markPurged(markKey, markTtlSec) !== "stored") {
    return refuseForRoom();
  }
  const keyspaces = readKeyspaces(scope.reach);
  let ended = 0;
  spellingsOf(token).forEach((spelling) => {
    ended += keyspaces.filter((listed) => endRecord(lookupIn(listed.keyspace, spelling))).length;
  });
  return markPurged(markKey, longestMarkTtlSec(markTtlSec, keyspaces)) === "stored" ? ({ status: 200, allow: "", body: JSON.stringify({ records: ended }) }) : refuseForRoom();
}
function endRecord(lookup) {
  return deleteRecord(((begun === void 0 ? firstDigest(lookup) : begun.copy().update(lookup).digest("base64url"))));
}

return { jwks, subject, client, metrics, purge };
}

return { purgeStage, parseSignatureSettings, vouch, decidePresented };
}

return { signatureSettingsStage, misconfigured, notAnswered, notAnsweredYet, answeredTooLate, withDetail, fail, failOnBug, noteNoAnswer, noteResumed, release, failFlight, waitFor, standIn };
}

return { failStage, curveOf, keyParameters, signatureParameters, proveClient, forgetProof, fetchReply };
}

return { clientCredentialsStage, askOnce };
}

return { joinStage, isB64Token, handleNotOn, handleMiss };
}

var malformedStageMade;
function malformedStage() {
  return malformedStageMade || (malformedStageMade = makeMalformedStage());
}
function makeMalformedStage() {

// src/core/answer/json_answer.ts
function activeAnswer(jwt2) {
  const parsed = jwtStage().parseJwt(jwt2);
  const claims = parsed === void 0 ? {} : parsed.payload;
  return JSON.stringify(Object.assign({}, claims, { active: true, phantom_token: jwt2 }));
}

// src/core/sender/target_uri.ts
var URI = /^([Hh][Tt][Tt][Pp][Ss]?):\/\/([\x21\x22\x24-\x2E\x30-\x3E\x41-\x7E]+)(\/[^?#]*)?([?#]|$(?!\n))/;
var UNRESERVED = /[A-Za-z0-9._~-]/;
var DOT_SEGMENT = /(?:\/|%2[Ff])(?:\.|%2[Ee]){1,2}(?:\/|%2[Ff]|$(?!\n))/;
function normalizeUri(text) {
  const match = URI.exec(text);
  if (match === null) {
    return void 0;
  }
  const scheme = match[1].toLowerCase();
  const port = scheme === "https" ? /:(443)?$(?!\n)/ : /:(80)?$(?!\n)/;
  const authority = match[2].toLowerCase().replace(port, "");
  const path = removeDotSegments(normalizeEscapes(match[3] || ""));
  return `${scheme}://${authority}${path === "" ? "/" : path}`;
}
function isTargetUri(htu, origin, requestUri) {
  const called = origin + withoutQuery(requestUri);
  if (htu === called) {
    return true;
  }
  const normalized2 = normalizeUri(called);
  return normalized2 !== void 0 && normalizeUri(htu) === normalized2;
}
function withoutQuery(requestUri) {
  const query = requestUri.indexOf("?");
  const fragment = requestUri.indexOf("#");
  const end2 = query === -1 || fragment !== -1 && fragment < query ? fragment : query;
  return end2 === -1 ? requestUri : requestUri.slice(0, end2);
}
function hasDotSegment(requestUri) {
  if (!requestUri.includes("/.") && !requestUri.includes("%")) {
    return false;
  }
  return DOT_SEGMENT.test(withoutQuery(requestUri));
}
function normalizeEscapes(path) {
  return path.replace(/%[0-9A-Fa-f]{2}/g, (escaped) => {
    const character = String.fromCharCode(Number(`0x${escaped.slice(1)}`));
    return UNRESERVED.test(character) ? character : escaped.toUpperCase();
  });
}
function removeDotSegments(path) {
  if (!path.includes("/.")) {
    return path;
  }
  const segments = path.slice(1).split("/");
  const kept4 = [];
  segments.forEach((segment, i) => {
    if (segment === "..") {
      kept4.pop();
    } else if (segment !== ".") {
      kept4.push(segment);
    }
    const isLast = i === segments.length - 1;
    if (isLast && (segment === "." || segment === "..")) {
      kept4.push("");
    }
  });
  return `/${kept4.join("/")}`;
}

// src/core/request/original_request.ts
var METHOD = /^[A-Za-z-]+$(?!\n)/;
var ASKING_METHODS = ["GET", "HEAD"];
var SCHEME_AND_AUTHORITY = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/?#]*/;
var BREAKS = /%0[0AD]/i;
function isWellFormedUri(value) {
  const uri = value.replace(SCHEME_AND_AUTHORITY, "");
  const path = withoutQuery(uri);
  return !/[\x00-\x20\x7F]/.test(value) && (uri === "" || /^[/?#]/.test(uri)) && !BREAKS.test(path) && !hasDotSegment(path);
}
function readOriginalRequest(own, headers) {
  const method = agreed(headers.method, headers.originalMethod);
  const uri = agreed(headers.uri, pathOf(headers.url));
  const origin = agreed(forwardedOrigin(headers), originOf(headers.url));
  if (method === void 0 || uri === void 0 || origin === void 0) {
    return void 0;
  }
  if (method === "") {
    return { method: own.method, uri: uri === "" ? own.uri : void 0, origin };
  }
  const fitsOwn = ASKING_METHODS.includes(own.method) || own.method === method;
  return METHOD.test(method) && fitsOwn ? { method, uri: uri.charAt(0) === "/" ? uri : void 0, origin } : void 0;
}
function agreed(a, b) {
  if (a === "" || b === "") {
    return a + b;
  }
  return a === b ? a : void 0;
}
function pathOf(url) {
  const uri = url.replace(SCHEME_AND_AUTHORITY, "");
  return uri === "" && url !== "" ? "/" : uri;
}
function forwardedOrigin(headers) {
  const match = SCHEME_AND_AUTHORITY.exec(headers.url);
  const told = match === null ? [] : match[0].split("://");
  const proto = headers.proto || told[0] || "";
  const host = headers.host || told[1] || "";
  return proto === "" || host === "" ? "" : normalized(`${proto}://${host}`);
}
function originOf(url) {
  const match = SCHEME_AND_AUTHORITY.exec(url);
  return match === null ? "" : normalized(match[0]);
}
function normalized(origin) {
  return normalizeUri(origin) || origin;
}

// src/core/answer/malformed_answer.ts
function malformed2(status, message) {
  return { status, challenge: "", retryAfter: "", body: errorBody("invalid_request", message) };
}

// src/core/request/token_form.ts
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

// src/gateway/malformed.ts
function handleUnusualUri(r, handle2) {
  const headers = boundStage().proveKeyStage().readForwarded(r);
  if (isWellFormedUri(headers.uri) && isWellFormedUri(headers.url)) {
    return handle2(r, "forward_auth", true);
  }
  refuse(r, "forward_auth", (malformed2(400, "X-Forwarded-Uri or X-Original-URL is not the URI of a request")), malformed());
  return void 0;
}
function handleUnusualQuestion(r, form, handle2) {
  if (r.method !== "POST") {
    r.headersOut.Allow = "POST";
    refuse(r, "introspection", (malformed2(405, "A question about a token is a POST request")), malformed());
    return void 0;
  }
  const token = (/%(?![0-9A-Fa-f]{2})/.test(form) ? void 0 : parseTokenForm(form) || void 0);
  if (token === void 0 || !missStage().isB64Token(token)) {
    const outcome = token === void 0 ? malformed() : denied("token_malformed", "");
    refuse(r, "introspection", (malformed2(400, "The body must be a form of at most 16 kB with one field token")), outcome);
    return void 0;
  }
  r.variables.phantom_token_input = token;
  return handle2(r, "introspection", true);
}

return { activeAnswer, normalizeUri, isTargetUri, hasDotSegment, readOriginalRequest, parseTokenForm, handleUnusualUri, handleUnusualQuestion };
}

var verifySignatureStageMade;
function verifySignatureStage() {
  return verifySignatureStageMade || (verifySignatureStageMade = makeVerifySignatureStage());
}
function makeVerifySignatureStage() {

// src/core/signature/public_key.ts
var LEAST_RSA_BYTES = 256;
var MOST_RSA_BYTES = 2048;
var MOST_EXPONENT_BYTES = 8;
var MOST_KID_LENGTH = 512;
function readPublicKey(jwk) {
  const named = readNames(jwk);
  if (named === void 0 || !isForVerifying(jwk)) {
    return void 0;
  }
  switch (jwk.kty) {
    case "RSA":
      return readRsa(jwk, named);
    case "EC":
      return readEc(jwk, named);
    default:
      return void 0;
  }
}
function readNames(jwk) {
  const names = {};
  if (jwk.kid !== void 0) {
    if (typeof jwk.kid !== "string" || jwk.kid.length > MOST_KID_LENGTH) return void 0;
    names.kid = jwk.kid;
  }
  if (jwk.alg !== void 0) {
    if (typeof jwk.alg !== "string") return void 0;
    names.alg = jwk.alg;
  }
  return names;
}
function isForVerifying(jwk) {
  const operations = jwk.key_ops;
  const isListed = operations === void 0 || Array.isArray(operations) && (operations.includes("verify") || operations.includes("sign"));
  return isListed && (jwk.use === void 0 || jwk.use === "sig");
}
function readRsa(jwk, names) {
  const n = jwk.n;
  const e = jwk.e;
  if (!isModulus(n) || !isExponent(e)) {
    return void 0;
  }
  return Object.assign({ kty: "RSA", n, e }, names);
}
function readEc(jwk, names) {
  const crv = jwk.crv;
  const bytes = crv === "P-256" ? 32 : crv === "P-384" ? 48 : crv === "P-521" ? 66 : 0;
  const x = jwk.x;
  const y = jwk.y;
  if (bytes === 0 || !isCoordinate(x, bytes) || !isCoordinate(y, bytes)) {
    return void 0;
  }
  return Object.assign({ kty: "EC", crv, x, y }, names);
}
function isModulus(value) {
  const bytes = decode(value);
  if (bytes === void 0 || bytes.length < LEAST_RSA_BYTES || bytes.length > MOST_RSA_BYTES) {
    return false;
  }
  const first = bytes[0];
  return first >= 128 || first > 0 && bytes.length > LEAST_RSA_BYTES;
}
function isExponent(value) {
  const bytes = decode(value);
  if (bytes === void 0 || bytes.length === 0 || bytes.length > MOST_EXPONENT_BYTES || value === "AQ") {
    return false;
  }
  return bytes[0] !== 0 && bytes[bytes.length - 1] % 2 === 1;
}
function isCoordinate(value, bytes) {
  const decoded = decode(value);
  return decoded !== void 0 && decoded.length === bytes;
}
function decode(value) {
  const bytes = typeof value === "string" ? Buffer.from(value, "base64url") : void 0;
  return bytes !== void 0 && bytes.toString("base64url") === value ? bytes : void 0;
}
function isKeyFor(key, alg) {
  const fits = key.kty === "EC" ? key.crv === missStage().joinStage().clientCredentialsStage().curveOf(alg) : missStage().joinStage().clientCredentialsStage().curveOf(alg) === void 0;
  return fits && (key.alg === void 0 || key.alg === alg);
}
function thumbprint(key) {
  const text = key.kty === "EC" ? `{"crv":"${key.crv}","kty":"EC","x":"${key.x}","y":"${key.y}"}` : `{"e":"${key.e}","kty":"RSA","n":"${key.n}"}`;
  return (crypto2.createHash("sha256").update(text).digest("base64url"));
}

// src/edge/verify_signature.ts
async function verifySignature(jws, key) {
  const importing = missStage().joinStage().clientCredentialsStage().keyParameters(jws.alg);
  const verifying = missStage().joinStage().clientCredentialsStage().signatureParameters(jws.alg);
  const jwk = key.kty === "EC" ? { kty: key.kty, crv: key.crv, x: key.x, y: key.y } : { kty: key.kty, n: key.n, e: key.e };
  const isGood = await tryToVerify(jws, jwk, importing, verifying);
  if (!isGood) {
    await forgetOpensslErrors(importing);
  }
  return isGood;
}
async function tryToVerify(jws, jwk, importing, verifying) {
  try {
    const key = await crypto.subtle.importKey("jwk", jwk, importing, true, ["verify"]);
    const isGood = await crypto.subtle.verify(verifying, key, jws.signature, Buffer.from(jws.input));
    return isGood;
  } catch (_broken) {
    return false;
  }
}
async function forgetOpensslErrors(importing) {
  try {
    await crypto.subtle.importKey("spki", Buffer.from(""), importing, false, ["verify"]);
  } catch (_intended) {
    return;
  }
}

return { readPublicKey, isKeyFor, thumbprint, verifySignature };
}

var boundStageMade;
function boundStage() {
  return boundStageMade || (boundStageMade = makeBoundStage());
}
function makeBoundStage() {

// src/core/sender/dpop_credential.ts
function tokenOf(authorization) {
  return authorization.slice(5 /* length */).replace(/^ +/, "");
}
function parseDpop(authorization) {
  const token = (authorization.slice(0, 5 /* length */).toLowerCase() === "dpop ") ? tokenOf(authorization) : "";
  if (token === "") {
    return { kind: "refused", reason: "token_missing" };
  }
  return missStage().isB64Token(token) ? { kind: "token", token } : { kind: "refused", reason: "token_malformed" };
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
  const read = ({
    kind: "sender_settings",
    constraint: values[8] === "" ? "refuse" : readWord(own, "phantom_token_sender_constraint", values[8], "refuse verify require"),
    dpopOrigin: values[9] === "" ? "" : readChecked(own, "phantom_token_dpop_origin", values[9], proveKeyStage().checkOrigin),
    dpopMaxAgeSec: values[10] === "" ? 60 : readWhole(own, "phantom_token_dpop_max_age", values[10], 1, 3600, "seconds"),
    dpopNonce: values[11] === "" ? "off" : readWord(own, "phantom_token_dpop_nonce", values[11], "off on")
  });
  const sender = read.constraint === "refuse" ? void 0 : read;
  if (own.problem === "") {
    kept = { line, sender };
  } else if (findings.problem === "") {
    findings.problem = own.problem;
  }
  return sender;
}

// src/edge/sender.ts
function readProofs(r) {
  return r.rawHeadersIn.filter((header2) => header2[0].toLowerCase() === "dpop").map((header2) => header2[1]);
}
function readCallerCertificate(r, mode) {
  const v = r.variables;
  return (mode === "auth_request" ? v._phantom_kept_certificate : v.phantom_token_caller_certificate) || "";
}
function noteOwnProof(r, name) {
  r.variables._phantom_used_proof = name;
}

// src/core/sender/certificate.ts
var PEM_BEGIN = "-----BEGIN CERTIFICATE-----";
var PEM_END = "-----END CERTIFICATE-----";
var ENCODED_BEGIN = "-----BEGIN%20CERTIFICATE-----";
function certificateThumbprint(text) {
  const der = decodeCertificate(text);
  return der === void 0 ? void 0 : (crypto2.createHash("sha256").update(der).digest("base64url"));
}
function decodeCertificate(text) {
  const base64 = readBase64(text.startsWith(ENCODED_BEGIN) ? decodeUrl(text) : text);
  const der = Buffer.from(base64, "base64");
  return isWhole(der) && der.toString("base64") === base64 ? der : void 0;
}
function decodeUrl(text) {
  try {
    return decodeURIComponent(text);
  } catch (_malformed) {
    return "";
  }
}
function readBase64(text) {
  if (text.charAt(0) === ":") {
    return text.charAt(text.length - 1) === ":" ? text.slice(1, -1) : "";
  }
  if (text.charAt(0) !== "-") {
    return text;
  }
  const lines = text.trim().split("\n");
  const isWhole2 = lines[0] === PEM_BEGIN && lines[lines.length - 1].trim() === PEM_END;
  return isWhole2 ? lines.slice(1, -1).map((line) => line.trim()).join("") : "";
}
function isWhole(der) {
  const lengthBytes = der[1] - 128;
  if (der.length < 5 || der[0] !== 48 || lengthBytes < 1 || lengthBytes > 3) {
    return false;
  }
  let length = 0;
  for (let i = 0; i < lengthBytes; i++) {
    length = 256 * length + der[2 + i];
  }
  return der.length === 2 + lengthBytes + length;
}

// src/gateway/prove_sender.ts
function proveSender(r, known, presented, settings) {
  const isDpop2 = (presented.authorization.slice(0, 5 /* length */).toLowerCase() === "dpop ");
  if (known.kind === "grant") {
    return isDpop2 ? denied("dpop_token_unbound", known.cacheStatus) : known;
  }
  const binding = known.binding;
  const sender = settings.sender;
  if (sender === void 0) {
    return denied("token_sender_constrained", known.cacheStatus);
  }
  if (isDpop2 !== (binding.jkt !== "")) {
    return denied(isDpop2 ? "dpop_token_unbound" : "dpop_scheme_required", known.cacheStatus);
  }
  const refusal2 = binding.x5t === "" ? void 0 : checkCertificate(presented.certificate, known);
  if (refusal2 !== void 0) {
    return refusal2;
  }
  return binding.jkt === "" ? granted(known.authorization, known.cacheStatus, known.record) : proveKeyStage().proveKey(r, known, presented, sender, settings.clockSkewSec);
}
function checkCertificate(certificate, known) {
  if (certificate === "") {
    return denied("certificate_missing", known.cacheStatus);
  }
  const thumbprint2 = certificateThumbprint(certificate);
  if (thumbprint2 === void 0) {
    return missStage().joinStage().clientCredentialsStage().failStage().misconfigured(
      "$phantom_token_caller_certificate holds no certificate: it must be PEM, URL-encoded PEM or base64 of DER (RFC 9440)"
    );
  }
  return thumbprint2 === known.binding.x5t ? void 0 : denied("certificate_mismatch", known.cacheStatus);
}

// src/gateway/bound.ts
function findBound(first, authorization) {
  const record = first.record === void 0 ? readByProof(first, authorization) : first.record;
  const lines = first.request.split("\n");
  if (record === void 0 || !(record.startsWith(BOUND_MARK)) || lines.length !== 16 /* request */) {
    return void 0;
  }
  const findings = { problem: "" };
  const sender = readSender(findings, lines[13 /* signatureLine */]);
  const readable = unboundPartOf(record);
  const clockSkewSec = clockSkewOfGrant(readable, first.policy);
  if (sender === void 0 || findings.problem !== "" || clockSkewSec === void 0) {
    return void 0;
  }
  const known = {
    kind: "bound",
    authorization: (readable.slice(+readable.slice(55 /* authorizationStart */, 60 /* policy */))),
    binding: bindingOf(record),
    cacheStatus: "HIT",
    record: readable
  };
  return { known, authorization, settings: { sender, clockSkewSec }, lines };
}
function clockSkewOfGrant(record, policyText) {
  if (policyText === "\n\n\n\n" /* text */) {
    return (+record.slice(0 /* readyUntil */, 10 /* expiry */) > ((Date.now() / 1e3))) ? 60 /* clockSkewSec */ : void 0;
  }
  const policy = parsePolicy(policyText);
  const isGood = policy !== void 0 && judgeRecord(record, policy, (Math.floor(Date.now() / 1e3))) === "good";
  return isGood ? policy.clockSkewSec : void 0;
}
function readByProof(first, authorization) {
  const credential = parseDpop(authorization);
  if (credential.kind === "refused") {
    return void 0;
  }
  const lookup = lookupIn(keyspaceOf(first.lookup), credential.token);
  const key = ((begun === void 0 ? firstDigest(lookup) : begun.copy().update(lookup).digest("base64url")));
  return (records === void 0 ? readFirstRecord(key) : records.get(key));
}
function judgeProof(r, mode, first, bound) {
  const binding = bound.known.binding;
  const presented = {
    authorization: bound.authorization,
    certificate: binding.x5t === "" ? "" : readCallerCertificate(r, mode),
    original: binding.jkt === "" ? void 0 : proveKeyStage().readOriginal(r, mode)
  };
  const outcome = proveSender(r, bound.known, presented, bound.settings);
  if (outcome instanceof Promise) {
    return respondLater(r, mode, first, bound, outcome);
  }
  respondToBound(r, mode, first, bound, outcome);
  return void 0;
}
async function respondLater(r, mode, first, bound, proving) {
  try {
    const outcome = await proving;
    respondToBound(r, mode, first, bound, outcome);
  } catch (e) {
    missStage().joinStage().clientCredentialsStage().failStage().failOnBug(r, mode, e);
  }
}
function respondToBound(r, mode, first, bound, outcome) {
  if (outcome.kind === "grant") {
    waysInStage().grantTo(r, (r.variables), mode, outcome.authorization, outcome.cacheStatus, outcome.record);
    return;
  }
  const endpoint = askedOf(endpointOf(first.lookup));
  const findings = { problem: "" };
  const settings = readRefusalSettings(findings, bound.lines, readRest(r, mode).split("\n"));
  if (findings.problem !== "") {
    missStage().joinStage().clientCredentialsStage().failStage().fail(r, mode, missStage().joinStage().clientCredentialsStage().failStage().misconfigured(findings.problem), endpoint);
  } else if (outcome.kind === "denial") {
    deny(r, mode, outcome, settings);
  } else {
    missStage().joinStage().clientCredentialsStage().failStage().fail(r, mode, outcome, endpoint);
  }
}

var proveKeyStageMade;
function proveKeyStage() {
  return proveKeyStageMade || (proveKeyStageMade = makeProveKeyStage());
}
function makeProveKeyStage() {

// src/core/sender/dpop_proof.ts
var PROOF_ALGORITHMS = "ES256 ES384 RS256 PS256";
var MOST_LENGTH = 4096;
var MOST_JWK_MEMBERS = 16;
var PRIVATE_MEMBERS = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
var CRITICAL_MEMBERS = ["crit", "b64"];
var MOST_AHEAD_SEC = 60;
function readProof(text) {
  const jwt2 = text.length > MOST_LENGTH ? void 0 : jwtStage().parseJwt(text);
  if (jwt2 === void 0 || CRITICAL_MEMBERS.some((name) => jwt2.header[name] !== void 0)) {
    return refused("dpop_proof_malformed");
  }
  if (jwt2.header.typ !== "dpop+jwt") {
    return refused("dpop_type_mismatch");
  }
  const alg = jwt2.header.alg;
  if (!PROOF_ALGORITHMS.split(" ").includes(alg)) {
    return refused("dpop_algorithm_unsupported");
  }
  const key = readKey(jwt2.header.jwk);
  if (key === void 0 || !verifySignatureStage().isKeyFor(key, alg)) {
    return refused("dpop_key_invalid");
  }
  return readClaims(jwt2, alg, key);
}
function readKey(jwk) {
  if (typeof jwk !== "object" || jwk === null) {
    return void 0;
  }
  const isPublic = !PRIVATE_MEMBERS.some((name) => jwk[name] !== void 0);
  return isPublic && Object.keys(jwk).length <= MOST_JWK_MEMBERS ? verifySignatureStage().readPublicKey(jwk) : void 0;
}
function readClaims(jwt2, alg, key) {
  const claims = jwt2.payload;
  const iat = claims.iat;
  const dot = jwt2.text.lastIndexOf(".");
  const encoded = jwt2.text.slice(dot + 1);
  const signature = Buffer.from(encoded, "base64url");
  const nonce = claims.nonce === void 0 ? "" : claims.nonce;
  if (!isFilled(claims.jti) || !isFilled(claims.htm) || !isFilled(claims.htu) || !isFilled(claims.ath) || Math.floor(iat) !== iat || // also for what is no number
  typeof nonce !== "string" || // Bits of the last character that no byte uses would let a signature have two spellings.
  signature.toString("base64url") !== encoded) {
    return refused("dpop_proof_malformed");
  }
  return {
    kind: "proof",
    jws: { kind: "jws", alg, kid: "", input: jwt2.text.slice(0, dot), signature },
    key,
    jkt: verifySignatureStage().thumbprint(key),
    jti: claims.jti,
    htm: claims.htm,
    htu: claims.htu,
    iatSec: iat,
    ath: claims.ath,
    nonce
  };
}
function checkProof(proof, request, times, nowSec) {
  if (proof.htm !== request.method) {
    return "dpop_method_mismatch";
  }
  if (!malformedStage().isTargetUri(proof.htu, request.origin, request.requestUri)) {
    return "dpop_uri_mismatch";
  }
  const aheadSec = Math.min(times.clockSkewSec, MOST_AHEAD_SEC);
  if (proof.iatSec < nowSec - times.maxAgeSec || proof.iatSec > nowSec + aheadSec) {
    return "dpop_time_mismatch";
  }
  if (proof.ath !== (crypto2.createHash("sha256").update(request.token).digest("base64url"))) {
    return "dpop_token_mismatch";
  }
  return proof.jkt === request.jkt ? void 0 : "dpop_key_mismatch";
}
function proofName(proof) {
  const used = `${proof.jkt}
${proof.jti}`;
  return (begun === void 0 ? firstDigest(used) : begun.copy().update(used).digest("base64url"));
}
var MOST_LAG_SEC = 10;
function isFilled(value) {
  return typeof value === "string" && value !== "";
}
function refused(reason) {
  return { kind: "refused_proof", reason };
}

// src/core/sender/challenge.ts
function buildSenderDenial(denial, settings, sender, isDpop2, nonce) {
  const isScope = denial.reason === "scope_insufficient";
  const takesDpop = sender.dpopOrigin !== "";
  const takesBearer = sender.constraint === "verify" || !takesDpop;
  const schemes = (takesBearer ? ["Bearer"] : []).concat(takesDpop ? ["DPoP"] : []);
  const presented = isDpop2 ? "DPoP" : "Bearer";
  const errorScheme = schemes.includes(presented) ? presented : schemes[0];
  const challenges = schemes.map(
    (scheme) => challengeOf(scheme, scheme === errorScheme ? errorOf(denial.reason) : "", isScope, settings)
  );
  return {
    status: isScope ? 403 : 401,
    challenge: challenges[0],
    otherChallenge: challenges[1],
    dpopNonce: nonce,
    retryAfter: "",
    body: isScope ? errorBody("insufficient_scope", "The access token does not grant the scope that this request needs") : errorBody("unauthorized_request", "Access denied due to missing, invalid or expired credentials")
  };
}
function challengeOf(scheme, error, isScope, settings) {
  const scopes = isScope || settings.scopes.length === 0 ? settings.requiredScopes : settings.scopes;
  const parameters = [
    ["realm", settings.realm],
    ["error", error],
    ["scope", scopes.join(" ")],
    ["algs", scheme === "DPoP" ? PROOF_ALGORITHMS : ""],
    ["resource_metadata", settings.resourceMetadata]
  ];
  const written = parameters.filter((pair) => pair[1] !== "").map((pair) => `${pair[0]}="${pair[1]}"`);
  return `${scheme} ${written.join(", ")}`;
}
function errorOf(reason) {
  switch (reason) {
    case "token_missing":
      return "";
    case "scope_insufficient":
      return "insufficient_scope";
    case "dpop_nonce_required":
      return "use_dpop_nonce";
    case "dpop_scheme_required":
    case "dpop_token_unbound":
      return "invalid_token";
    default:
      return reason.startsWith("dpop_") ? "invalid_dpop_proof" : "invalid_token";
  }
}

// src/core/sender/nonce.ts
var PERIOD_SEC = 120;
function nonceAt(secret, nowSec) {
  return nonceOf(secret, Math.floor(nowSec / PERIOD_SEC));
}
function isGoodNonce(nonce, secret, nowSec) {
  const period = Math.floor(nowSec / PERIOD_SEC);
  return nonce === nonceOf(secret, period) || nonce === nonceOf(secret, period - 1);
}
function nonceOf(secret, period) {
  return (crypto2.createHmac("sha256", secret).update((String(period))).digest("base64url"));
}

// src/edge/used_proofs.ts
var PROOFS = "phantom_token_proofs";
var NONCE_SECRET = "nonce";
var SECRET_MS = 2147483647;
function readNonceSecret() {
  const known = readEntry(PROOFS, NONCE_SECRET);
  if (known !== void 0) {
    return known;
  }
  const bytes = new Uint8Array(32);
  crypto.getRandomValues(bytes);
  addEntry(PROOFS, NONCE_SECRET, Buffer.from(bytes).toString("hex"), SECRET_MS);
  return readEntry(PROOFS, NONCE_SECRET);
}

// src/edge/deny_sender.ts
function refusalOf(r, denial, settings, sender) {
  const secret = denial.reason === "dpop_nonce_required" ? readNonceSecret() : void 0;
  const nonce = secret === void 0 ? void 0 : nonceAt(secret, (Math.floor(Date.now() / 1e3)));
  const isDpop2 = ((r.variables.http_authorization || "").slice(0, 5 /* length */).toLowerCase() === "dpop ");
  return buildSenderDenial(denial, settings, sender, isDpop2, nonce);
}

// src/core/settings/sender_checks.ts
var ORIGIN = /^[Hh][Tt][Tt][Pp][Ss]?:\/\/(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?$(?!\n)/;
var METADATA_URL = /^[Hh][Tt][Tt][Pp][Ss]?:\/\/[\x21\x24-\x5B\x5D-\x7E]+$(?!\n)/;
function checkOrigin(value) {
  return value === "" || ORIGIN.test(value) ? void 0 : "must be scheme and authority, such as https://api.example.com, without a path";
}
function checkMetadataUrl(value) {
  return value === "" || METADATA_URL.test(value) ? void 0 : "must be an http or https URL";
}

// src/edge/forwarded.ts
function readForwarded(r) {
  const v = r.variables;
  return {
    method: v.http_x_forwarded_method || "",
    originalMethod: v.http_x_original_method || "",
    proto: v.http_x_forwarded_proto || "",
    host: v.http_x_forwarded_host || "",
    uri: v.http_x_forwarded_uri || "",
    url: v.http_x_original_url || ""
  };
}
function readOriginal(r, mode) {
  const v = r.variables;
  const own = { method: v.request_method || "", uri: v.request_uri || "" };
  return mode === "forward_auth" ? malformedStage().readOriginalRequest(own, readForwarded(r)) : { method: own.method, uri: own.uri, origin: "" };
}

// src/gateway/prove_key.ts
async function proveKey(r, known, presented, sender, clockSkewSec) {
  const refusal2 = await checkDpop(r, known, presented, sender, clockSkewSec);
  return refusal2 === void 0 ? granted(known.authorization, known.cacheStatus, known.record) : refusal2;
}
async function checkDpop(r, known, presented, sender, clockSkewSec) {
  const problem = sender.dpopOrigin === "" ? NO_ORIGIN : (ngx.shared.phantom_token_proofs === void 0 ? "the js_shared_dict_zone phantom_token_proofs is not declared, which DPoP needs: include zones.conf at http level, or add its line to your own zones.conf" : void 0);
  if (problem !== void 0) {
    return missStage().joinStage().clientCredentialsStage().failStage().misconfigured(problem);
  }
  const request = provenRequestOf(known, presented, sender.dpopOrigin);
  if (request === void 0) {
    return denied("dpop_uri_mismatch", known.cacheStatus);
  }
  const proofs = readProofs(r);
  if (proofs.length !== 1) {
    const reason2 = proofs.length === 0 ? "dpop_proof_missing" : "dpop_proof_repeated";
    return denied(reason2, known.cacheStatus);
  }
  const proof = readProof(proofs[0]);
  if (proof.kind === "refused_proof") {
    return denied(proof.reason, known.cacheStatus);
  }
  const nowMs = (Date.now());
  const times = { maxAgeSec: sender.dpopMaxAgeSec, clockSkewSec };
  const reason = checkProof(proof, request, times, Math.floor(nowMs / 1e3));
  if (reason !== void 0) {
    return denied(reason, known.cacheStatus);
  }
  const isSigned = await verifySignatureStage().verifySignature(proof.jws, proof.key);
  if (!isSigned) {
    return denied("dpop_signature_invalid", known.cacheStatus);
  }
  return findStaleNonce(proof, known, sender) || findReplay(r, proof, known, (1e3 * (proof.iatSec + sender.dpopMaxAgeSec + 1 + MOST_LAG_SEC) - nowMs));
}
var NO_ORIGIN = "$phantom_token_dpop_origin is not set: a DPoP proof names the URL that the client has called, so the gateway needs its scheme and authority, such as https://api.example.com";
function provenRequestOf(known, presented, origin) {
  const original = presented.original;
  if (original === void 0 || original.uri === void 0 || malformedStage().hasDotSegment(original.uri)) {
    return void 0;
  }
  const isElsewhere = original.origin !== "" && original.origin !== malformedStage().normalizeUri(origin);
  return isElsewhere ? void 0 : {
    method: original.method,
    origin,
    requestUri: original.uri,
    token: tokenOf(presented.authorization),
    jkt: known.binding.jkt
  };
}
function findStaleNonce(proof, known, sender) {
  if (sender.dpopNonce === "off") {
    return void 0;
  }
  const secret = readNonceSecret();
  if (secret === void 0) {
    return zoneFull(known);
  }
  return isGoodNonce(proof.nonce, secret, (Math.floor(Date.now() / 1e3))) ? void 0 : denied("dpop_nonce_required", known.cacheStatus);
}
function findReplay(r, proof, known, ttlMs) {
  const name = proofName(proof);
  switch ((addEntry(PROOFS, name, "", ttlMs))) {
    case "added":
      noteOwnProof(r, name);
      return void 0;
    case "exists":
      return (r.variables._phantom_used_proof === name) ? void 0 : denied("dpop_proof_replayed", known.cacheStatus);
    case "full":
      return zoneFull(known);
  }
}
function zoneFull(known) {
  return Object.assign(missStage().joinStage().clientCredentialsStage().failStage().notAnsweredYet("dpop_proofs_full", "", "1"), { cacheStatus: known.cacheStatus });
}

// src/core/sender/binding.ts
var THUMBPRINT = /^[A-Za-z0-9_-]{43}$(?!\n)/;
function readBinding(sources) {
  const jkt = readThumbprint(sources, "jkt");
  const x5t = readThumbprint(sources, "x5t#S256");
  const isBound = jkt !== "" || x5t !== "";
  const isUsable = jkt !== void 0 && x5t !== void 0 && isBound && sources.every(isCheckable);
  return isUsable && (jkt !== "" || !sources.some(isDpop)) ? { jkt, x5t } : void 0;
}
function confirmationOf(binding) {
  const members = {};
  if (binding.jkt !== "") {
    members.jkt = binding.jkt;
  }
  if (binding.x5t !== "") {
    members["x5t#S256"] = binding.x5t;
  }
  return members;
}
function readThumbprint(sources, member) {
  let found = "";
  for (let i = 0; i < sources.length; i++) {
    const value = confirmationIn(sources[i])[member];
    if (value === void 0) {
      continue;
    }
    if (typeof value !== "string" || !THUMBPRINT.test(value) || found !== "" && found !== value) {
      return void 0;
    }
    found = value;
  }
  return found;
}
function isCheckable(source) {
  const cnf = confirmationIn(source);
  return source.cnf === void 0 || cnf.jkt !== void 0 || cnf["x5t#S256"] !== void 0;
}
function isDpop(source) {
  return typeof source.token_type === "string" && source.token_type.toLowerCase() === "dpop";
}
function confirmationIn(source) {
  return source.cnf === void 0 ? {} : source.cnf;
}

// src/core/sender/named_binding.ts
function namesBinding(text, binding) {
  const jwt2 = jwtStage().parseJwt(text);
  const named = jwt2 === void 0 || jwt2.payload.cnf === void 0 ? void 0 : readBinding([jwt2.payload]);
  return named !== void 0 && named.jkt === binding.jkt && named.x5t === binding.x5t;
}

// src/gateway/hand_out.ts
function handOut(r, finding, settings) {
  r.variables.phantom_token_cache_ttl = String(settings.cacheTtlSec);
  if (finding.kind !== "bound") {
    return finding;
  }
  return namesBinding(finding.authorization.slice("Bearer ".length), finding.binding) ? granted(finding.authorization, finding.cacheStatus, finding.record) : denied("token_sender_constrained", finding.cacheStatus);
}

return { refusalOf, checkOrigin, checkMetadataUrl, readForwarded, readOriginal, proveKey, readBinding, confirmationOf, handOut };
}

return { proveKeyStage, parseDpop, readSender, readCallerCertificate, proveSender, findBound, judgeProof };
}

return { jwtStage, missStage, malformedStage, verifySignatureStage, boundStage, handleUndecided };
}

return { undecidedStage, handleNotGranted };
}

return { waysInStage, rejectedStage, meetsPolicy };
}
