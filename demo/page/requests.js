// What the page sends: calls of the API through the gateway, as any client would send them, a purge, as an operator would,
// and the commands of this demo.

/** @typedef {'hit' | 'miss' | 'stale' | 'denied' | 'down'} Outcome  down: the gateway cannot say whether a token is good */

/**
 * @typedef {object} Call
 * @property {Outcome} outcome
 * @property {number} status
 * @property {string} cacheStatus  `$phantom_token_cache_status`
 * @property {string} challenge    WWW-Authenticate; empty when the answer has none
 * @property {number} durationMs   from the request to the first byte of the answer
 * @property {Arrived | undefined} arrived  undefined when nothing reached the API
 */

/** @typedef {{authorization: string, jwt: {header: Record<string, unknown>, claims: Record<string, unknown>}}} Arrived */

/** Below `location /watch/` of demo/nginx.conf. */
const CALLED_PATH = '/watch/hello';

/**
 * @param {string} token
 * @returns {Promise<Call>}
 */
export async function callApi(token) {
  const startMs = performance.now();
  const response = await fetch(CALLED_PATH, {
    headers: { Authorization: `Bearer ${token}` },
    cache: 'no-store',
  });
  const body = await response.text();
  const durationMs = waitedMs(startMs) ?? performance.now() - startMs;
  const cacheStatus = response.headers.get('x-phantom-token-cache') ?? '';
  return {
    outcome: outcomeOf(response.status, cacheStatus),
    status: response.status,
    cacheStatus,
    challenge: response.headers.get('www-authenticate') ?? '',
    durationMs,
    arrived: response.ok ? JSON.parse(body) : undefined,
  };
}

/**
 * How long the network and the servers took, without the browser's own work, which varies more.
 * @param {number} startMs
 */
function waitedMs(startMs) {
  const entries = /** @type {PerformanceResourceTiming[]} */ (performance.getEntriesByType('resource'));
  // The browser keeps times in steps, so that of an entry may be a little earlier.
  const own = entries.findLast(
    ({ name, startTime }) => name.endsWith(CALLED_PATH) && startTime > startMs - 1,
  );
  performance.clearResourceTimings();
  return own && own.responseStart - own.requestStart;
}

/**
 * @param {number} status
 * @param {string} cacheStatus
 * @returns {Outcome}
 */
function outcomeOf(status, cacheStatus) {
  if (status >= 500) return 'down';
  if (status >= 400) return 'denied';
  if (cacheStatus === 'HIT') return 'hit';
  return cacheStatus === 'STALE' ? 'stale' : 'miss';
}

/** @param {string} token */
export async function purge(token) {
  const response = await fetch('/purge', { method: 'POST', body: new URLSearchParams({ token }) });
  if (!response.ok) throw new Error(`the purge was answered ${response.status}`);
}

/** @returns {Promise<string>} an opaque token */
export async function getToken() {
  const { token } = await command('token');
  return token;
}

/** @param {string} token */
export async function revoke(token) {
  await command('revoke', { token });
}

/** @param {'stop' | 'start'} what */
export async function switchServer(what) {
  await command(what);
}

/**
 * A command of demo/control.ts.
 * @param {string} name
 * @param {object} body
 */
async function command(name, body = {}) {
  const response = await fetch(`/demo/${name}`, { method: 'POST', body: JSON.stringify(body) });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer;
}

/** @returns {Promise<import('./demo_state.js').Facts>} */
export async function fetchFacts() {
  const response = await fetch('/demo/facts');
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer;
}

/** As random as a real one, and issued by nobody. */
export function inventToken() {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  const base64 = btoa(String.fromCharCode(...bytes));
  return base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
