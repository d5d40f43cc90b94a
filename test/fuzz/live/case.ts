// What is sent to a running gateway: bytes of a client, or of its authorization server.
import fc from 'fast-check';

/** Bytes as text, a character each (latin1). */
export type Bytes = string;

export interface LiveCase {
  /** What the client sends on a connection of its own. */
  readonly request: Bytes;
  /** What the authorization server sends in answer to a question about `token`; undefined for a usual answer. */
  readonly answer: Bytes | undefined;
  /** The token of which the case was made; edits can make others of it. */
  readonly token: string;
}

/** Each is active at the authorization server of the fuzzing; every other token is not. */
export const ACTIVE_TOKEN = /^opaque-good-\d+$/;

/** Some are used again, so that the cache knows them. */
export const activeTokens: fc.Arbitrary<string> = fc
  .oneof({ weight: 3, arbitrary: fc.nat(2 ** 31) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 3 }) })
  .map((id) => `opaque-good-${id}`);

export function bytesOf(text: string): Bytes {
  return Buffer.from(text).toString('latin1');
}
