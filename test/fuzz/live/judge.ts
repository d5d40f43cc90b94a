// What has to hold of everything that a gateway sends and logs, whatever it was sent. Pure.
import { isB64Token } from '../references.js';
import type { LiveCase } from './case.js';

/** A request as the API or the authorization server has received it. */
export interface ReceivedRequest {
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/** A case, and what nginx sent back until it closed the connection. */
export interface Exchange {
  readonly live: LiveCase;
  /** undefined when nginx never closed it */
  readonly received: string | undefined;
}

export interface Observed {
  readonly exchanges: readonly Exchange[];
  /** Those of the batch before, whose last requests may arrive in this one. */
  readonly earlier: readonly Exchange[];
  readonly api: readonly ReceivedRequest[];
  readonly as: readonly ReceivedRequest[];
  /** `status "reason"`. */
  readonly accessLines: readonly string[];
  readonly errorLines: readonly string[];
}

const JWT = /eyJ[\w-]*\.eyJ[\w-]*\.[\w-]*/g;
const TOKEN = /opaque-good-\d+/g;

/** @returns what does not hold, '' for nothing */
export function findLiveFault(observed: Observed): string {
  const cases = [...observed.earlier, ...observed.exchanges].map(({ live }) => live);
  return (
    first(observed.exchanges, (exchange) => faultOfExchange(exchange)) ||
    first(observed.api, (request) => faultAtApi(request, cases)) ||
    faultOfIds(observed.api) ||
    first(observed.as, faultAtServer) ||
    first(observed.accessLines, (line) => faultOfStatus(line, cases.some(hasAnswer))) ||
    first(observed.errorLines, (line) => faultOfLine(line, cases.some(hasAnswer)))
  );
}

function first<T>(all: readonly T[], faultOf: (one: T) => string): string {
  for (const one of all) {
    const fault = faultOf(one);
    if (fault !== '') return `${fault}\n${JSON.stringify(one)}`;
  }
  return '';
}

function hasAnswer({ answer }: LiveCase): boolean {
  return answer !== undefined;
}

function faultOfExchange({ live, received }: Exchange): string {
  if (received === undefined) return 'a connection was never closed';
  if (live.answer !== undefined) return '';
  const shown = received.match(JWT) ?? [];
  return shown.every((jwt) => isPresented(subjectOf(jwt), live))
    ? ''
    : 'the client got a JWT for a token that it did not send';
}

/** The token that the test's authorization server wrote into a JWT. */
function subjectOf(jwt: string): string {
  try {
    return String(JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString()).sub);
  } catch {
    return '';
  }
}

/** As a credential, or as the field of a question. */
function isPresented(token: string, { request }: LiveCase): boolean {
  return (
    token !== '' &&
    new RegExp(`(bearer +|token=)${token}(?![A-Za-z0-9._~+/=-])`, 'i').test(unescaped(request))
  );
}

function unescaped(form: string): string {
  return form.replace(/%([2-7][0-9a-f])/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

function faultAtApi(request: ReceivedRequest, cases: readonly LiveCase[]): string {
  const credentials = request.rawHeaders.filter(([name]) => name.toLowerCase() === 'authorization');
  const jwt = /^Bearer (\S+)$/.exec(credentials[0]?.[1] ?? '')?.[1];
  if (credentials.length !== 1 || jwt === undefined) return 'the API got a request without exactly one JWT';
  const answered = cases
    .filter(hasAnswer)
    .find(({ request: sent }) => sent.startsWith(`GET ${request.url} `));
  if (answered !== undefined) return faultOfGrant(jwt, answered.answer as string);
  if (!cases.some((live) => isPresented(subjectOf(jwt), live))) {
    return 'the API got a JWT for a token that nobody has sent';
  }
  return faultOfLeak(request, cases);
}

/** No opaque token reaches the API, unless a client put it somewhere else than into a credential. */
function faultOfLeak({ url, rawHeaders }: ReceivedRequest, cases: readonly LiveCase[]): string {
  const text = [url, ...rawHeaders.map(([name, value]) => `${name}: ${value}`)].join('\n');
  const leaked = (text.match(TOKEN) ?? []).filter(
    (token) => !cases.some(({ request }) => withoutCredentials(request, token).includes(token)),
  );
  return leaked.length === 0 ? '' : 'the API got the opaque token';
}

function withoutCredentials(request: string, token: string): string {
  return request.replace(new RegExp(`authorization[^\\n]{0,3}bearer +${token}`, 'gi'), '');
}

/** Whether that answer allows that JWT. */
function faultOfGrant(jwt: string, answer: string): string {
  const unchunked = answer.replace(/\r?\n[0-9a-f]+[^\r\n]*\r?\n/gi, '');
  const plain = [answer, unchunked].map((text) => text.replaceAll('\\u0061', 'a'));
  if (!plain.some((text) => text.includes(jwt))) return 'the API got a JWT that the server has not sent';
  if (!/^(HTTP\/1\.\d 1\d\d[\s\S]*?\n\r?\n)*HTTP\/1\.\d +200\b/.test(answer))
    return 'granted by an answer that is not 200';
  const isJson = /content-type: *application\/json/i.test(answer) && !/application\/jwt/i.test(answer);
  return isJson && !plain.some((text) => /"active"\s*:\s*true/.test(text))
    ? 'granted by an answer that is not active'
    : '';
}

/** nginx gives each of its requests an id, so a request that it does not know of has none, or that of another. */
function faultOfIds(api: readonly ReceivedRequest[]): string {
  const ids = api.map(({ rawHeaders }) =>
    rawHeaders.filter(([name]) => name.toLowerCase() === 'x-request-id').map(([, value]) => value),
  );
  if (ids.some((own) => own.length !== 1 || !/^[0-9a-f]{32}$/.test(own[0] ?? ''))) {
    return 'the API got a request without exactly one id of nginx';
  }
  return new Set(ids.flat()).size === ids.length ? '' : 'the API got two requests with one id of nginx';
}

const HEADERS_OF_QUESTION = ['accept', 'accept-encoding', 'content-length', 'content-type', 'host'];

/** The authorization server gets questions of one form, with nothing else of the client than its token. */
function faultAtServer({ method, url, rawHeaders, body }: ReceivedRequest): string {
  const token = /^token=([^&]*)&token_type_hint=access_token$/.exec(body)?.[1];
  if (method !== 'POST' || url !== '/introspect' || token === undefined)
    return 'the server got another request than a question';
  if (!isB64Token(decodeURIComponent(token))) return 'the server was asked about what is no token';
  const names = rawHeaders.map(([name]) => name.toLowerCase()).sort();
  return names.join() === HEADERS_OF_QUESTION.join()
    ? ''
    : `the server got other headers than ours: ${names.join()}`;
}

/** 499: the client left. 000: it never sent a request. */
const OF_THE_CLIENT = /^(000|200|204|400|401|405|408|411|412|413|414|415|416|417|421|431|494|499|501|505) /;
const OF_THE_SERVER = /^(200|401|499|502|503|504) /;

function faultOfStatus(line: string, hasAnswers: boolean): string {
  const isKnown = OF_THE_CLIENT.test(line) || (hasAnswers && OF_THE_SERVER.test(line));
  return isKnown ? '' : 'a status that no such request should have';
}

const UNWELL = /\[(emerg|alert|crit)\]|exception|internal_error|exited on signal/;
/** docs/security.md, What is logged. */
const QUOTED_BY_NGINX = /upstream sent (invalid |duplicate header line|no valid)/;

function faultOfLine(line: string, hasAnswers: boolean): string {
  if (UNWELL.test(line)) return 'nginx or the script is unwell';
  const hasSecret = /opaque-good|eyJ/.test(line) && !(hasAnswers && QUOTED_BY_NGINX.test(line));
  return hasSecret ? 'the log has a token or a JWT' : '';
}
