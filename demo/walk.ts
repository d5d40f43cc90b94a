/** The five steps of the demo: each is shown, and checked. */
import type { Api, ApiAnswer } from './api.js';
import type { AuthorizationServer } from './authorization_server.js';

export interface Demo {
  /** Of the gateway, without a slash at the end. */
  gatewayUrl: string;
  authorizationServer: AuthorizationServer;
  api: Api;
}

type Check = [what: string, expected: string | number | undefined, got: unknown];

interface Step {
  title: string;
  /** Prints what there is to see, and gives what there is to check. */
  run(demo: Demo, token: string, signal: AbortSignal): Promise<Check[]>;
}

const CACHE_STATUS_HEADER = 'x-phantom-token-cache';
const UNKNOWN_TOKEN = 'a-token-that-nobody-issued';
const REQUEST_TIMEOUT_MS = 10_000;
const COLUMNS = 100;
const LABEL_COLUMNS = 14;

const STEPS: Step[] = [
  {
    title: 'A client gets an access token by client_credentials. It is opaque: 256 random bits.',
    async run(_demo, token) {
      show('token', token);
      return [['parts (a JWT has three):', 1, token.split('.').length]];
    },
  },
  {
    title: 'The client calls the API through the gateway, which swaps the token for a JWT.',
    async run(demo, token, signal) {
      const answer = await callApi(demo, token, signal);
      showAnswer(answer);
      showWhatApiReceived(answer.body);
      return checkServed(demo, token, answer, { cacheStatus: 'MISS', introspections: 1, apiRequests: 1 });
    },
  },
  {
    title: 'It calls again. The gateway has the JWT in its cache and asks nobody.',
    async run(demo, token, signal) {
      const answer = await callApi(demo, token, signal);
      showAnswer(answer);
      return checkServed(demo, token, answer, { cacheStatus: 'HIT', introspections: 1, apiRequests: 2 });
    },
  },
  {
    title: 'A token that the authorization server does not know. The API hears nothing of it.',
    async run(demo, _token, signal) {
      const answer = await callApi(demo, UNKNOWN_TOKEN, signal);
      showRefusal(answer);
      return checkRefused(demo, answer, { error: 'invalid_token', introspections: 2 });
    },
  },
  {
    title: 'No token at all: a challenge without an error code (RFC 6750 §3.1), and nobody is asked.',
    async run(demo, _token, signal) {
      const answer = await callApi(demo, undefined, signal);
      showRefusal(answer);
      return checkRefused(demo, answer, { error: undefined, introspections: 2 });
    },
  },
];

/**
 * Walks through the demo and prints it.
 * @returns whether every step went as it should
 */
export async function walk(demo: Demo, signal: AbortSignal): Promise<boolean> {
  const token = await demo.authorizationServer.issueToken({ scope: 'read' });
  let allPassed = true;
  for (const [index, { title, run }] of STEPS.entries()) {
    console.log(`\n${index + 1}. ${title}`);
    const passed = report(await run(demo, token, signal));
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

/** Joins by commas into lines that fit behind a label. */
function wrap(facts: string[]): string[] {
  const lines: string[] = [];
  for (const fact of facts) {
    const joined = `${lines.at(-1)}, ${fact}`;
    if (lines.length > 0 && joined.length < COLUMNS - LABEL_COLUMNS) lines[lines.length - 1] = joined;
    else lines.push(fact);
  }
  return lines;
}

interface Answer {
  status: number;
  cacheStatus: string | undefined;
  challenge: string | undefined;
  body: string;
}

async function callApi(demo: Demo, token: string | undefined, signal: AbortSignal): Promise<Answer> {
  const response = await fetch(`${demo.gatewayUrl}/api/hello`, {
    headers: token === undefined ? {} : { Authorization: `Bearer ${token}` },
    signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]),
  });
  return {
    status: response.status,
    cacheStatus: response.headers.get(CACHE_STATUS_HEADER) ?? undefined,
    challenge: response.headers.get('www-authenticate') ?? undefined,
    body: await response.text(),
  };
}

interface ExpectedCounts {
  cacheStatus: string;
  introspections: number;
  apiRequests: number;
}

function checkServed(demo: Demo, token: string, answer: Answer, expected: ExpectedCounts): Check[] {
  const { api, authorizationServer } = demo;
  const jwt = parseApiAnswer(answer.body)?.jwt;
  return [
    ['status', 200, answer.status],
    ['cache', expected.cacheStatus, answer.cacheStatus],
    ['introspections', expected.introspections, authorizationServer.introspections.length],
    ['API requests', expected.apiRequests, api.requests.length],
    ['JWT issued by', authorizationServer.issuer, jwt?.claims.iss],
    ['opaque tokens at the API', 0, requestsWith(token, api)],
  ];
}

function checkRefused(
  { api, authorizationServer }: Demo,
  { status, challenge, body }: Answer,
  expected: { error: string | undefined; introspections: number },
): Check[] {
  const [scheme, parameters] = parseChallenge(challenge ?? '');
  return [
    ['status', 401, status],
    ['scheme', 'Bearer', scheme],
    ['realm', 'api', parameters.get('realm')],
    ['error', expected.error, parameters.get('error')],
    ['body code', 'unauthorized_request', parseObject(body)?.code],
    ['introspections', expected.introspections, authorizationServer.introspections.length],
    ['API requests', 2, api.requests.length],
  ];
}

function requestsWith(token: string, api: Api): number {
  const texts = api.requests.map(({ url, rawHeaders, body }) => `${url} ${rawHeaders} ${body}`);
  return texts.filter((text) => text.includes(token)).length;
}

function parseChallenge(challenge: string): [scheme: string | undefined, parameters: Map<string, string>] {
  const [scheme] = challenge.split(' ');
  const pairs = [...challenge.matchAll(/(\w+)="([^"]*)"/g)];
  return [scheme || undefined, new Map(pairs.map(([, name = '', value = '']) => [name, value]))];
}

function parseApiAnswer(body: string): ApiAnswer | undefined {
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

function showAnswer({ status, cacheStatus }: Answer): void {
  show('answer', `${status}, cache ${cacheStatus ?? '(not named)'}`);
}

function showRefusal({ status, challenge, body }: Answer): void {
  show('answer', String(status));
  show('challenge', challenge ?? '(none)');
  show('body', body);
}

function showWhatApiReceived(body: string): void {
  const received = parseApiAnswer(body);
  if (received === undefined) {
    show('body', body);
    return;
  }
  const { authorization, jwt } = received;
  show('the API', `received Authorization: ${authorization.slice(0, 40)}... (${authorization.length} bytes)`);
  show('  header', JSON.stringify(jwt.header));
  for (const [index, [name, value]] of Object.entries(jwt.claims).entries()) {
    show(index === 0 ? '  claims' : '', `${name}: ${describeClaim(name, value)}`);
  }
}

function describeClaim(name: string, value: unknown): string {
  if ((name === 'exp' || name === 'iat') && typeof value === 'number') {
    return `${value} (${new Date(value * 1000).toISOString()})`;
  }
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function show(label: string, text: string): void {
  const line = `   ${label.padEnd(LABEL_COLUMNS - 4)} ${text.replace(/\s+/g, ' ')}`.trimEnd();
  console.log(line.length > COLUMNS ? `${line.slice(0, COLUMNS - 3)}...` : line);
}
