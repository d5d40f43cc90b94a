// Random identifiers of JWTs.

/** 128 random bits, in hex (RFC 7519 §4.1.7). */
export function newJti(): string {
  const bytes = new Uint8Array(16);
  crypto.getRandomValues(bytes);
  return Buffer.from(bytes).toString('hex');
}
