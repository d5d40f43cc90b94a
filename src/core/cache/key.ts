// Where a token's record is kept. The key never holds the token (S61). This file is what every hit pays for; what a lookup
// says beside that: lookup.ts.
import crypto from 'crypto';
import type { Lookup } from '../settings/request_text.js';

/** Where a record is kept: 43 characters of base64url. */
export type CacheKey = string & { readonly is: 'key' };

/**
 * SHA-256 over the whole question "which token, asked of whom, for which server".
 * @param lookup server, endpoint, JWT field, longest JWT, form fields, Cache-Control setting, client id and
 *   `Bearer <token>`, one a line. No header can hold a line break and settings with one are refused, so no two questions
 *   share a text (S58, S59). What one location refuses to store it is never served from the record of another.
 * @inline
 */
export function cacheKey(lookup: Lookup): CacheKey {
  return digest(lookup) as CacheKey;
}

/**
 * SHA-256 in base64url, 43 characters, of any text that must not stand in a key.
 * @inline
 */
export function digest(text: string): string {
  return begun === undefined ? firstDigest(text) : begun.copy().update(text).digest('base64url');
}

/**
 * The digest's beginning, the same for all. QuickJS keeps it for later requests, and a copy costs less than a new one.
 * Under the njs engine each request would make its own and use it once, so it is made at the second call.
 */
let begun: ReturnType<typeof crypto.createHash> | undefined;
let wasCalled: boolean | undefined;

function firstDigest(text: string): string {
  if (wasCalled) {
    begun = crypto.createHash('sha256').update(Format.prefix);
  }
  wasCalled = true;
  return sha256(Format.prefix + text);
}

/**
 * SHA-256 in base64url of a text as it is, or of bytes.
 * @inline
 */
export function sha256(input: string | Buffer): string {
  return crypto.createHash('sha256').update(input).digest('base64url');
}

/**
 * HMAC with SHA-256 (RFC 2104), in base64url. Here because each file that imports `crypto` would cost every request an import.
 * @inline
 */
export function hmacSha256(secret: string, text: string): string {
  return crypto.createHmac('sha256', secret).update(text).digest('base64url');
}

/** Changes with the layout of a lookup or a record, so that a reload never reads what an older script stored. */
enum Format {
  prefix = '4\n',
}
