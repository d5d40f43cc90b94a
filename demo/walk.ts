/** The steps of the demo: each is printed and checked. */
import { setTimeout as delay } from 'node:timers/promises';
import {
  decodeJwt,
  decodeProtectedHeader,
  generateKeyPair,
  type JSONWebKeySet,
  type JWTHeaderParameters,
  type JWTPayload,
  SignJWT,
} from 'jose';
import type { Api, ApiAnswer } from './api.js';
import type { AuthorizationServer, IntrospectionCall } from './authorization_server.js';

export interface Demo {
  /** URL of the gateway, without a slash at the end. */
  gatewayUrl: string;
  authorizationServer: AuthorizationServer;
  api: Api;
  /** Issuer of the JWTs that the API accepts: the authorization server or the gateway. */
  signer: string;
  /** Its public keys, with which the API verifies. */
  jwksUrl: URL;
}

/** What the steps share. All tokens were issued before the first step. */
export interface Walk extends Demo {
  /** Used from the first step until it is purged. */
  token: string;
  /** Still valid after its record ends, while the authorization server is down. */
  briefToken: string;
  /** First used while the authorization server is down. */
  lateToken: string;
  /** Ctrl-C. */
  signal: AbortSignal;
}

export type Check = [what: string, expected: string | number | undefined, got: unknown];

export interface Step {
  /** Fits, with its number before it, in a line of COLUMNS. */
  title: string;
  /** Prints what happens, and returns the checks. */
  run(walk: Walk): Promise<Check[]>;
}

const CACHE_STATUS_HEADER = 'x-phantom-token-cache';
const UNKNOWN_TOKEN = 'a-token-that-nobody-issued';
const REQUEST_TIMEOUT_MS = 10_000;
/** For a record of /brief/, which lives one second. */
const RECORD_END_TIMEOUT_MS = 10_000;
const POLL_INTERVAL_MS = 100;
const COLUMNS = 100;
const LABEL_COLUMNS = 14;
/** Members of a JWK that only the owner of the key may know (RFC 7518 §6.2.2, §6.3.2, §6.4.1). */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

const STEPS: Step[] = [
  {
    title: 'A client gets an access token by client_credentials. It is opaque: 256 random bits.',
    async run({ token }) {
      show('token', token);
      return [['parts (a JWT has three):', 1, token.split('.').length]];
    },
  },
  {
    title: 'The client calls the API through the gateway, which swaps the token for a JWT.',
    async run(walk) {
      const answer = await callApi(walk, walk.token);
      showAnswer(answer);
      showIntrospection(walk);
      showWhoSigns(walk);
      showWhatApiReceived(answer.body);
      return checkServed(walk, answer, { cacheStatus: 'MISS', introspections: 1, apiRequests: 1 });
    },
  },
  {
    title: 'It calls nine times more. The gateway has the JWT in its cache and asks nobody.',
    async run(walk) {
      const answers: Answer[] = [];
      while (answers.length < 9) answers.push(await callApi(walk, walk.token));
      // A single time is sometimes that of a busy machine.
      const median = answers.toSorted((a, b) => a.durationMs - b.durationMs)[4] as Answer;
      showAnswer(median, '(the median)');
      return [
        ['hits', 9, answers.filter(({ cacheStatus }) => cacheStatus === 'HIT').length],
        ...checkServed(walk, median, { cacheStatus: 'HIT', introspections: 1, apiRequests: 10 }),
      ];
    },
  },
  {
    title: 'A token that the authorization server does not know. The request does not reach the API.',
    async run(walk) {
      const answer = await callApi(walk, UNKNOWN_TOKEN);
      showRefusal(answer);
      return checkRefused(walk, answer, { error: 'invalid_token', introspections: 2, apiRequests: 10 });
    },
  },
  {
    title: 'No token at all: a challenge without an error code (RFC 6750 §3.1), and nobody is asked.',
    async run(walk) {
      const answer = await callApi(walk, undefined);
      showRefusal(answer);
      return checkRefused(walk, answer, { error: undefined, introspections: 2, apiRequests: 10 });
    },
  },
  {
    title:
      'The first token is revoked at the authorization server. The gateway does not know, and serves it.',
    async run(walk) {
      await walk.authorizationServer.revokeToken(walk.token);
      const answer = await callApi(walk, walk.token);
      showAnswer(answer);
      show('how long', 'until its record ends: $phantom_token_cache_ttl, here 300 seconds, after step 2');
      return checkServed(walk, answer, { cacheStatus: 'HIT', introspections: 2, apiRequests: 11 });
    },
  },
  {
    title: 'An operator purges it at the gateway: refused at once, and nobody is asked.',
    async run(walk) {
      const purgeStatus = await purge(walk, walk.token);
      show('purge', String(purgeStatus));
      const answer = await callApi(walk, walk.token);
      showRefusal(answer);
      return [
        ['purge', 200, purgeStatus],
        ['cache', 'NEGATIVE', answer.cacheStatus],
        ...checkRefused(walk, answer, { error: 'invalid_token', introspections: 2, apiRequests: 11 }),
      ];
    },
  },
  {
    title: 'Another token, in /brief/, where cache_ttl is 1 second and stale_if_error is 60.',
    async run(walk) {
      const answer = await callApi(walk, walk.briefToken, '/brief/hello');
      showAnswer(answer);
      return checkServed(walk, answer, { cacheStatus: 'MISS', introspections: 3, apiRequests: 12 });
    },
  },
  {
    title: 'The authorization server goes down. A token that is not in the cache: 502, never 401.',
    async run(walk) {
      await walk.authorizationServer.goDown();
      const answer = await callApi(walk, walk.lateToken);
      showRefusal(answer);
      return [
        ['status', 502, answer.status],
        ['challenge', undefined, answer.challenge],
        ['body code', 'server_error', parseObject(answer.body)?.code],
        ['API requests', 12, walk.api.requests.length],
      ];
    },
  },
  {
    title: 'The token of step 8, after one second: still served, because stale_if_error is 60 seconds.',
    async run(walk) {
      const answer = await callUntilRecordEnds(walk, walk.briefToken, '/brief/hello');
      showAnswer(answer);
      return checkServed(walk, answer, { cacheStatus: 'STALE', introspections: 3 });
    },
  },
  {
    title: 'The authorization server is back. The token of step 9 is accepted.',
    async run(walk) {
      await walk.authorizationServer.comeBack();
      const answer = await callApi(walk, walk.lateToken);
      showAnswer(answer);
      return checkServed(walk, answer, { cacheStatus: 'MISS', introspections: 4 });
    },
  },
  {
    title: 'The keys with which the API has verified each JWT. Anybody may read them: they are public.',
    async run(walk) {
      const { keys } = await fetchKeys(walk);
      show('fetched', String(walk.jwksUrl));
      for (const key of keys) show('key', JSON.stringify(key));
      const names = keys.flatMap((key) => Object.keys(key));
      return [
        ['keys', 1, keys.length],
        ['kid of the last JWT', keys[0]?.kid, decodeHeader(lastJwt(walk))?.kid],
        ['private members', 0, names.filter((name) => PRIVATE_MEMBERS.includes(name)).length],
      ];
    },
  },
  {
    title: 'A client presents such a JWT instead of an opaque token. It is for APIs: 401.',
    async run(walk) {
      const answer = await callApi(walk, lastJwt(walk));
      showIntrospection(walk);
      showRefusal(answer);
      return checkRefused(walk, answer, { error: 'invalid_token', introspections: 5 });
    },
  },
  {
    title: 'Somebody calls the API itself with a JWT that another key has signed. The API refuses it.',
    async run(walk) {
      const answer = await callApi({ ...walk, gatewayUrl: walk.api.url }, await forgeJwt(walk));
      showRefusal(answer);
      return [
        ['status', 401, answer.status],
        ['refusal', 'signature verification failed', parseObject(answer.body)?.error_description],
      ];
    },
  },
];

/**
 * Walks through the demo and prints it.
 * @returns whether every step succeeded
 */
export async function walk(demo: Demo, signal: AbortSignal, furtherSteps: Step[] = []): Promise<boolean> {
  const issueToken = () => demo.authorizationServer.issueToken({ scope: 'read' });
  const walk: Walk = {
    ...demo,
    token: await issueToken(),
    briefToken: await issueToken(),
    lateToken: await issueToken(),
    signal,
  };
  let allPassed = true;
  for (const [index, { title, run }] of [...STEPS, ...furtherSteps].entries()) {
    console.log(`\n${index + 1}. ${title}`);
    const passed = report(await run(walk));
    allPassed &&= passed;
  }
  return allPassed;
}

function report(checks: Check[]): boolean {
  const failed = checks.filter(([, expected, got]) => expected !== got);
  for (const [what, expected, got] of failed) {
    console.log(`   FAILED     ${what}: expected ${expected ?? 'none'}, got ${got ?? 'none'}`);
  }
  if (failed.length > 0) return false;
  const facts = checks.map(([what, expected]) => `${what} ${expected ?? 'none'}`);
  for (const [index, line] of wrap(facts).entries()) show(index === 0 ? 'ok' : '', line);
  return true;
}

/** Joins the facts with commas into lines that fit behind a label. */
function wrap(facts: string[]): string[] {
  const lines: string[] = [];
  for (const fact of facts) {
    const joined = `${lines.at(-1)}, ${fact}`;
    if (lines.length > 0 && joined.length < COLUMNS - LABEL_COLUMNS) lines[lines.length - 1] = joined;
    else lines.push(fact);
  }
  return lines;
}

export interface Answer {
  status: number;
  cacheStatus: string | undefined;
  challenge: string | undefined;
  body: string;
  /** From the request to the end of the answer, as the client sees it. */
  durationMs: number;
}

/** @param headers default: the token as Bearer */
export async function callApi(
  { gatewayUrl, signal }: Walk,
  token: string | undefined,
  path = '/api/hello',
  headers: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` },
): Promise<Answer> {
  const startMs = performance.now();
  const response = await fetch(gatewayUrl + path, {
    headers,
    signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]),
  });
  const body = await response.text();
  return {
    status: response.status,
    cacheStatus: response.headers.get(CACHE_STATUS_HEADER) ?? undefined,
    challenge: response.headers.get('www-authenticate') ?? undefined,
    body,
    durationMs: performance.now() - startMs,
  };
}

/** The first answer that is not a hit, or the last hit if the record does not end in time. */
async function callUntilRecordEnds(walk: Walk, token: string, path: string): Promise<Answer> {
  const limitMs = performance.now() + RECORD_END_TIMEOUT_MS;
  let answer = await callApi(walk, token, path);
  while (answer.cacheStatus === 'HIT' && performance.now() < limitMs) {
    await delay(POLL_INTERVAL_MS, undefined, { signal: walk.signal });
    answer = await callApi(walk, token, path);
  }
  return answer;
}

/** @returns the status */
async function purge({ gatewayUrl, signal }: Walk, token: string): Promise<number> {
  const response = await fetch(`${gatewayUrl}/purge`, {
    method: 'POST',
    body: new URLSearchParams({ token }),
    signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]),
  });
  await response.arrayBuffer();
  return response.status;
}

/** Both are counts since the demo's start. */
interface ExpectedCounts {
  introspections: number;
  /** Not checked when it is left out. */
  apiRequests?: number;
}

export function checkServed(
  walk: Walk,
  answer: Answer,
  expected: ExpectedCounts & { cacheStatus: string },
): Check[] {
  const jwt = parseApiAnswer(answer.body)?.jwt;
  return [
    ['status', 200, answer.status],
    ['cache', expected.cacheStatus, answer.cacheStatus],
    ...checkCounts(walk, expected),
    ['JWT issued by', walk.signer, jwt?.claims.iss],
    ['opaque tokens at the API', 0, countRequestsWith(walk, [walk.token, walk.briefToken, walk.lateToken])],
  ];
}

export function checkRefused(
  walk: Walk,
  { status, challenge, body }: Answer,
  expected: ExpectedCounts & { error: string | undefined },
): Check[] {
  const [scheme, parameters] = parseChallenge(challenge ?? '');
  return [
    ['status', 401, status],
    ['scheme', 'Bearer', scheme],
    ['realm', 'api', parameters.get('realm')],
    ['error', expected.error, parameters.get('error')],
    ['body code', 'unauthorized_request', parseObject(body)?.code],
    ...checkCounts(walk, expected),
  ];
}

function checkCounts(
  { api, authorizationServer }: Walk,
  { introspections, apiRequests }: ExpectedCounts,
): Check[] {
  const checks: Check[] = [['introspections', introspections, authorizationServer.introspections.length]];
  if (apiRequests !== undefined) checks.push(['API requests', apiRequests, api.requests.length]);
  return checks;
}

/** How many requests to the API contained one of the secrets, also inside the JWT. */
export function countRequestsWith({ api }: Walk, secrets: string[]): number {
  const texts = api.requests.map((request) => {
    const claims = decodeClaims(bearerOf(request.headers.authorization));
    return `${request.url} ${request.rawHeaders} ${request.body} ${JSON.stringify(claims)}`;
  });
  return texts.filter((text) => secrets.some((secret) => text.includes(secret))).length;
}

function lastJwt({ api }: Walk): string {
  return bearerOf(api.requests.at(-1)?.headers.authorization);
}

function bearerOf(authorization = ''): string {
  return authorization.replace(/^Bearer /, '');
}

/** undefined when it is no JWT. */
function decodeClaims(jwt: string): JWTPayload | undefined {
  try {
    return decodeJwt(jwt);
  } catch {
    return undefined;
  }
}

/** undefined when it is no JWT. */
function decodeHeader(jwt: string): JWTHeaderParameters | undefined {
  try {
    return decodeProtectedHeader(jwt) as JWTHeaderParameters;
  } catch {
    return undefined;
  }
}

async function fetchKeys({ jwksUrl, signal }: Walk): Promise<JSONWebKeySet> {
  const response = await fetch(jwksUrl, {
    signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]),
  });
  if (!response.ok) throw new Error(`${jwksUrl} answered ${response.status}`);
  return (await response.json()) as JSONWebKeySet;
}

/** A JWT with the `kid` and `alg` of the published key, and signed by another key. */
async function forgeJwt(walk: Walk): Promise<string> {
  const [key] = (await fetchKeys(walk)).keys;
  const alg = key?.alg ?? '';
  const { privateKey } = await generateKeyPair(alg);
  return new SignJWT({ iss: walk.signer, sub: 'admin', scope: 'read write' })
    .setProtectedHeader({ alg, kid: key?.kid ?? '', typ: 'at+jwt' })
    .setIssuedAt()
    .setExpirationTime('5m')
    .sign(privateKey);
}

function parseChallenge(challenge: string): [scheme: string | undefined, parameters: Map<string, string>] {
  const [scheme] = challenge.split(' ');
  const pairs = [...challenge.matchAll(/(\w+)="([^"]*)"/g)];
  return [scheme || undefined, new Map(pairs.map(([, name = '', value = '']) => [name, value]))];
}

export function parseApiAnswer(body: string): ApiAnswer | undefined {
  const answer = parseObject(body);
  return answer?.jwt === undefined ? undefined : (answer as unknown as ApiAnswer);
}

function parseObject(body: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(body) ?? undefined;
  } catch {
    return undefined;
  }
}

export function showAnswer({ status, cacheStatus, durationMs }: Answer, remark = ''): void {
  const cache = `cache ${cacheStatus ?? '(not named)'}`;
  show('answer', `${status}, ${cache}, in ${durationMs.toFixed(1)} ms ${remark}`);
}

export function showRefusal({ status, challenge, body, durationMs }: Answer): void {
  show('answer', `${status}, in ${durationMs.toFixed(1)} ms`);
  show('challenge', challenge ?? '(none)');
  show('body', body);
}

/** What the gateway has asked last, and what it got. */
function showIntrospection({ authorizationServer }: Walk): void {
  const call = authorizationServer.introspections.at(-1);
  if (call === undefined) {
    show('asked', 'nobody');
    return;
  }
  show('asked', `${authorizationServer.issuer}${authorizationServer.introspectionPath}`);
  show('  Accept', call.headers.accept ?? '(none)');
  show('  answer', `${call.status} ${call.contentType}, ${call.body.length} bytes`);
  for (const [index, line] of describeIntrospection(call).entries())
    show(index === 0 ? '  members' : '', line);
}

function showWhoSigns({ authorizationServer }: Walk): void {
  switch (authorizationServer.introspections.at(-1)?.contentType) {
    case 'application/jwt':
      show('gateway', 'takes the JWT of the answer');
      break;
    case 'application/json':
      show('gateway', 'signs a JWT, since the answer has none');
      break;
    case 'application/token-introspection+jwt':
      show('gateway', "verifies the answer with the authorization server's keys, and signs a JWT");
  }
}

/** The members of an answer; of a signed response, the claims and the members inside. Nothing of a JWT for the API. */
function describeIntrospection({ contentType, body }: IntrospectionCall): string[] {
  if (contentType === 'application/json') return describeMembers(parseObject(body) ?? {});
  if (contentType !== 'application/token-introspection+jwt') return [];
  const { token_introspection: inner, ...claims } = decodeClaims(body) ?? {};
  return [...describeMembers(claims), ...describeMembers(inner as object, 'token_introspection.')];
}

function describeMembers(members: object, prefix = ''): string[] {
  return Object.entries(members).map(([name, value]) => `${prefix}${name}: ${describeClaim(name, value)}`);
}

export function showWhatApiReceived(body: string): void {
  const received = parseApiAnswer(body);
  if (received === undefined) {
    show('body', body);
    return;
  }
  const { authorization, jwt } = received;
  show('the API', `received Authorization: ${authorization.slice(0, 40)}... (${authorization.length} bytes)`);
  show('  header', JSON.stringify(jwt.header));
  for (const [index, line] of describeMembers(jwt.claims).entries())
    show(index === 0 ? '  claims' : '', line);
}

function describeClaim(name: string, value: unknown): string {
  if ((name === 'exp' || name === 'iat') && typeof value === 'number') {
    return `${value} (${new Date(value * 1000).toISOString()})`;
  }
  return typeof value === 'string' ? value : JSON.stringify(value);
}

export function show(label: string, text: string): void {
  const line = `   ${label.padEnd(LABEL_COLUMNS - 4)} ${text.replace(/\s+/g, ' ')}`.trimEnd();
  console.log(line.length > COLUMNS ? `${line.slice(0, COLUMNS - 3)}...` : line);
}
