// What the lines of a lookup say. Its first line is the server or the partition, its second the endpoint, its last the
// credential; between them stands what else selects the record (key.ts).
import type { Lookup } from '../settings/request_text.js';
import { signedPartOf } from '../token/jws_token.js';
import { type CacheKey, cacheKey } from './key.js';

/** All of a lookup but the token: the records of one location's tokens share it. */
export type Keyspace = string & { readonly is: 'keyspace' };

/** Server and endpoint, one a line: what fails or answers, whichever token is asked for. */
export type EndpointName = string & { readonly is: 'endpoint' };

/** How far a purge goes: see {@link reachOf}. */
export type Reach = string & { readonly is: 'reach' };

/** How a record's lookup spells it, whatever the client's spelling and its spaces. */
export const CANONICAL_SCHEME = 'Bearer ';

/** Whether the server has neither a name nor a partition, so that each of its addresses has records of its own. */
export function isAddressBound(endpoint: EndpointName): boolean {
  return /^[0-9]* @/.test(endpoint);
}

/** The Authorization header's value in a lookup: its last line. */
export function credentialOf(lookup: Lookup): string {
  return lookup.slice(lookup.lastIndexOf('\n') + 1);
}

export function endpointOf(lookup: Lookup): EndpointName {
  return lookup.slice(0, lookup.indexOf('\n', lookup.indexOf('\n') + 1)) as EndpointName;
}

/** `$phantom_token_introspection_endpoint` of it. */
export function askedOf(endpoint: EndpointName): string {
  return endpoint.slice(endpoint.indexOf('\n') + 1);
}

export function keyspaceOf(lookup: Lookup): Keyspace {
  return (lookup.slice(0, lookup.lastIndexOf('\n') + 1) + CANONICAL_SCHEME) as Keyspace;
}

/** Where a token is looked for in a keyspace. */
export function lookupIn(keyspace: Keyspace, token: string): Lookup {
  return (keyspace + token) as Lookup;
}

/**
 * How far a purge goes: partition and endpoint, or, without a partition, the server's name on all of its ports. Two servers
 * of one name share it, though no record: to end a token at both is safe.
 * @param endpoint of a server that is not {@link isAddressBound}
 */
export function reachOf(endpoint: EndpointName): Reach {
  // A partition begins with "=", a server's own key with its port.
  return (endpoint.charAt(0) === '=' ? endpoint : endpoint.slice(endpoint.indexOf(' '))) as string as Reach;
}

/** Where the mark of a purged token is, however its signature is spelt. Like every key it does not hold the token. */
export function purgeKey(reach: Reach, token: string): CacheKey {
  const question = `${reach}\n${signedPartOf(token)}` as Lookup;
  return cacheKey(question);
}
