// JWTs for tests that need no real signature: well-formed, made quickly, of any length.

/** Length of a signature in bytes: 43, 86 and 342 characters in base64url. */
const SIGNATURE_BYTES = { HS256: 32, ES256: 64, RS256: 256 } as const;

export interface JwtOptions {
  /** Default RS256. */
  alg?: keyof typeof SIGNATURE_BYTES;
  /** Length of the whole JWT, reached with a claim `padding`; default: as short as possible. */
  bytes?: number;
  /** Header parameters to add. */
  header?: Record<string, unknown>;
}

/**
 * A compact JWS with these claims and a made-up signature.
 * @throws RangeError when the claims alone need more than `bytes`
 */
export function makeJwt(
  claims: Record<string, unknown>,
  { alg = 'RS256', bytes, header }: JwtOptions = {},
): string {
  const signature = Buffer.alloc(SIGNATURE_BYTES[alg], 0x5a).toString('base64url');
  const unpadded = [encode({ alg, typ: 'at+jwt', kid: 'k', ...header }), encode(claims), signature].join('.');
  if (bytes === undefined) return unpadded;

  // No base64url text has a length of 4n + 1, so sometimes the header has to be one or two characters longer.
  for (const kid of ['k', 'kk', 'kkk']) {
    const head = encode({ alg, typ: 'at+jwt', kid, ...header });
    const payload = paddedPayload(claims, bytes - head.length - signature.length - 2);
    if (payload !== undefined) return [head, payload, signature].join('.');
  }
  throw new RangeError(
    `a JWT with these claims cannot have ${bytes} bytes; it has ${unpadded.length} without padding`,
  );
}

/** @returns undefined when no payload with these claims has that length */
function paddedPayload(claims: Record<string, unknown>, length: number): string | undefined {
  if (length % 4 === 1) return undefined;
  const unpaddedBytes = Buffer.byteLength(JSON.stringify({ ...claims, padding: '' }));
  const paddingBytes = Math.floor((length * 3) / 4) - unpaddedBytes;
  return paddingBytes < 0 ? undefined : encode({ ...claims, padding: 'x'.repeat(paddingBytes) });
}

function encode(value: Record<string, unknown>): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
