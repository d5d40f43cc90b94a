// Step 2: where a token's record is kept. The key never holds the token (S61).
import crypto from 'crypto';

/**
 * SHA-256 over the whole question "which token, asked of whom, for which server".
 * @param lookup server, endpoint, client id, form fields, JWT field, longest JWT, Cache-Control setting and
 *   `Bearer <token>`, one a line. No header can hold a line break and settings with one are refused, so no two questions
 *   share a text (S58, S59). What one location refuses to store it is never served from the record of another.
 * @returns 43 characters of base64url
 */
export function cacheKey(lookup: string): string {
  return begun === undefined ? firstKey(lookup) : begun.copy().update(lookup).digest('base64url');
}

/**
 * The digest's beginning, the same for all. QuickJS keeps it for later requests, and a copy costs less than a new one.
 * Under the njs engine each request would make its own and use it once, so it is made at the second call.
 */
let begun: ReturnType<typeof crypto.createHash> | undefined;
let wasCalled: boolean | undefined;

function firstKey(lookup: string): string {
  if (wasCalled) {
    begun = crypto.createHash('sha256').update(Format.prefix);
  }
  wasCalled = true;
  return crypto
    .createHash('sha256')
    .update(Format.prefix + lookup)
    .digest('base64url');
}

/** Changes with the layout of a record, so that a reload never reads what an older script stored. */
enum Format {
  prefix = '3\n',
}

/** Whether the server has neither a name nor a partition, so that each of its addresses has records of its own. */
export function isAddressBound(lookup: string): boolean {
  return /^[0-9]* @/.test(lookup);
}

/** The Authorization header's value in a lookup: its last line. */
export function credentialOf(lookup: string): string {
  return lookup.slice(lookup.lastIndexOf('\n') + 1);
}

/** Server and endpoint of a question, one a line: what fails or answers, whichever token is asked for. */
export function endpointOf(lookup: string): string {
  return lookup.slice(0, lookup.indexOf('\n', lookup.indexOf('\n') + 1));
}

/**
 * All of a lookup but the token. The records of one location's tokens share it, so a purge finds a token's record in each
 * keyspace that it knows: edge/purge_reach.ts.
 */
export function keyspaceOf(lookup: string): string {
  return `${lookup.slice(0, lookup.lastIndexOf('\n') + 1)}Bearer `;
}

/** The lookup as it is stored, whatever the client's spelling of `Bearer` and its spaces. */
export function canonicalLookup(lookup: string, token: string): string {
  return keyspaceOf(lookup) + token;
}

/**
 * How far a purge goes: partition and endpoint, or, without a partition, the server's name on all of its ports. Two servers
 * of one name share it, though no record: to end a token at both is safe.
 * @param lookup of a server that is not {@link isAddressBound}
 */
export function reachOf(lookup: string): string {
  const endpoint = endpointOf(lookup);
  // A partition begins with "=", a server's own key with its port.
  return endpoint.charAt(0) === '=' ? endpoint : endpoint.slice(endpoint.indexOf(' '));
}

/** Where the mark of a purged token is. Like every key it does not hold the token. */
export function purgeKey(lookup: string): string {
  const question = `${reachOf(lookup)}\n${credentialOf(lookup)}`;
  return cacheKey(question);
}
