// What the error log says when the gateway cannot decide: what happened, what to do, and where. For the operator; no token,
// JWT, secret or foreign text.
import type { Unavailable } from './outcome.js';
import type { UnavailableReason } from './reasons.js';

/** Where a request met its end. nginx has no variable for the location, and adds nothing to a line of njs. */
export interface Place {
  /** `$server_name`; '' or `_` where the server has none. */
  readonly serverName: string;
  readonly serverAddress: string;
  readonly serverPort: string;
  /** The location that introspects, or the URL; '' while it is not known. */
  readonly endpoint: string;
  /** {@link readPathHead} */
  readonly pathHead: string;
}

/** No longer than a name of an API, and with no more digits than its version: a token is neither. */
const PATH_HEAD = /^\/(?:[A-Za-z_-]{1,16}[0-9]{0,2}\/)?/;

/**
 * What the log may say of a path, so that a location with a mistake is found: the first segment, when it is one of several,
 * short and plain. The rest, and the query, may hold what nobody should read.
 * @param requestUri `$request_uri`
 * @param input `$phantom_token_input`; where it is in use, the path may hold the token
 * @returns '' when nothing may be said
 */
export function readPathHead(requestUri: string, input: string): string {
  const match = input === '' ? PATH_HEAD.exec(requestUri) : null;
  return match === null ? '' : match[0];
}

/** What to do about each reason. A function, so that only a request which fails pays for the table. */
export function adviceTable(): Record<UnavailableReason, string> {
  return {
    misconfigured: '', // its detail names what to correct
    internal_error: 'a bug of the script: please report this line',
    introspection_unreachable:
      "no connection to the authorization server, or TLS failed, as nginx's own line before this one says: look at address, certificates and firewall; without such a line a load balancer before it said 502",
    introspection_timeout:
      'no answer in time: find out what makes the authorization server slow, or raise the times and the limit in introspection_limits.conf (js_fetch_timeout for a URL) and $phantom_token_introspection_timeout with them; if it keeps the connection to a URL open, which njs below 1.0.2 takes for silence, use an internal location as endpoint, or njs 1.0.2 or newer',
    introspection_rate_limited:
      'the authorization server says 429: look at its rate limits; a longer $phantom_token_cache_ttl asks less',
    introspection_overloaded: 'the authorization server says 503: it is not ready: look at its own log',
    introspection_queue_full:
      'too many requests wait for one token: put limit_conn and limit_req in front, or raise $phantom_token_max_waiting',
    introspection_suspended: '', // no line for each request: formatSuspendedLine
    introspection_server_error: 'the authorization server failed: look at its own log',
    introspection_unauthorized:
      "the authorization server refused the gateway's own id and secret: correct $phantom_token_client_id and its secret or key; with credentials=none correct the proxy_set_header Authorization, or the client certificate, of the introspection location",
    introspection_status:
      "no status that introspection has: is the path in proxy_pass that of the introspection endpoint, and does the gateway's own id and secret stand in one place only?",
    introspection_content_type:
      'neither a JWT nor JSON, often a login page: is the path in proxy_pass that of the introspection endpoint?',
    introspection_truncated:
      'the answer is shorter than its Content-Length: look at the authorization server and at proxies before it',
    introspection_malformed:
      'the answer is none that the gateway knows: compare it with docs/authorization_servers/README.md',
    introspection_invalid_claim:
      'correct the type of that claim where the authorization server makes the token',
    introspection_response_jwt:
      'an RFC 9701 response, which is no access token: to have it verified, and its JSON used, set $phantom_token_jwks; or have the authorization server answer with the JWT itself, or with JSON',
    introspection_response_invalid:
      'no RFC 9701 response for this gateway: compare its iss with $phantom_token_issuer and its aud with $phantom_token_client_id; where only such an answer is asked for, an unsigned one does not count',
    jwt_missing:
      'the answer has no member that holds a JWT: have the gateway sign one ($phantom_token_mint missing), switch it on at the authorization server, or name the member in $phantom_token_jwt_field',
    jwt_too_large:
      'raise $phantom_token_max_jwt_length, and subrequest_output_buffer_size in introspection_limits.conf above it',
    jwt_signature_invalid:
      'what the authorization server sent is not signed with its keys: is $phantom_token_jwks of the same server, and does nobody between it and the gateway change answers?',
    jwt_key_unknown:
      'no key of $phantom_token_jwks fits kid and alg of the JWT: is it of the same server? New keys are fetched at most once in 30 seconds',
    jwks_unavailable:
      'the keys of the authorization server cannot be fetched: look at the location, or the URL, in $phantom_token_jwks',
    dpop_proofs_full:
      'the zone of used DPoP proofs is full, and none is taken that cannot be noted: make phantom_token_proofs in zones.conf larger, or $phantom_token_dpop_max_age shorter',
    jwks_unusable: 'correct what $phantom_token_jwks names: it must answer 200 with a JWK Set',
  };
}

/** `<reason>: <detail>: <advice> (server=<name>:<port> endpoint=<endpoint>)`, or `path=` */
export function formatFailureLine(failure: Unavailable, place: Place): string {
  const parts = [failure.reason, failure.detail, adviceTable()[failure.reason]];
  const said = parts.filter((part) => part !== '').join(': ');
  return `${said} ${formatPlace(place)}`;
}

/** For the moment at which introspection is suspended. @param failures in a row @param delaySec until the first probe */
export function formatSuspendedLine(failures: number, delaySec: number, place: Place): string {
  return `introspection suspended: failures=${failures} delay=${delaySec}s: tokens that are not cached get 503 until a probe is answered; the lines beside this one say why ${formatPlace(place)}`;
}

/** For one token on which the authorization server fails each time. @param failures in a row, all of them this token's */
export function formatOneTokenLine(failures: number, place: Place): string {
  return `introspection suspended for one token: failures=${failures}: the authorization server gives no answer about it; other tokens are asked about; the lines beside this one say why ${formatPlace(place)}`;
}

/** For later, while probes go on to fail. @param refused requests since then */
export function formatStillSuspendedLine(refused: number, place: Place): string {
  return `introspection still suspended: refused=${refused}: the probes fail; the lines beside this one say why ${formatPlace(place)}`;
}

/** For the moment at which the authorization server has answered. @param refused requests meanwhile */
export function formatResumedLine(refused: number, place: Place): string {
  return `introspection resumed: refused=${refused}: the authorization server answers again ${formatPlace(place)}`;
}

function formatPlace(place: Place): string {
  const isNamed = place.serverName !== '' && place.serverName !== '_';
  const server = `server=${isNamed ? place.serverName : place.serverAddress}:${place.serverPort}`;
  if (place.endpoint !== '') {
    return `(${server} endpoint=${place.endpoint})`;
  }
  return place.pathHead === '' ? `(${server})` : `(${server} path=${place.pathHead}...)`;
}
