// The shape of a signed JWT (RFC 7519 §3, RFC 7515 §3.1). Its signature is the upstream's to verify: here
// the JWT comes straight from the authorization server over a channel that the operator secures.
import { type JsonObject, parseJsonObject } from '../text/json.js';

/** A JWT whose text is safe to put into a header: three base64url parts and nothing else. */
export interface Jwt {
  readonly text: string;
  readonly header: JsonObject;
  readonly payload: JsonObject;
}

// Of the lengths that RSA keys have in practice, 2048 to 16384 bits.
const RSA_STEP_BYTES = 32;

/**
 * @param text what should be a JWT, with nothing around it: white space there is refused
 * @returns undefined when it is no signed JWT, or was cut short.
 * Does NOT verify the signature and does NOT look at any claim.
 */
export function parseJwt(text: string): Jwt | undefined {
  const parts = readParts(text);
  const header = parts && parseJsonObject(parts.header);
  const payload = parts && parseJsonObject(parts.payload);
  if (parts === undefined || header === undefined || payload === undefined) {
    return undefined;
  }
  return hasWholeSignature(header.alg, parts.signature) ? { text, header, payload } : undefined;
}

/** Why {@link parseJwt} refuses a text, for the log: lengths and names of ours, nothing of the text. */
export function explainBadJwt(text: string): string {
  const parts = readParts(text);
  if (parts === undefined) {
    return 'not a signed JWT: three base64url parts, with nothing around them';
  }
  if (parseJsonObject(parts.header) === undefined || parseJsonObject(parts.payload) === undefined) {
    return 'header or payload of the JWT is no JSON object';
  }
  return `alg none, or a signature of ${parts.signature.length} characters, which its alg does not make: was it cut?`;
}

/** The three parts of a compact JWS (RFC 7515 §3.1), none of them empty; header and payload decoded. */
interface Parts {
  readonly header: string;
  readonly payload: string;
  readonly signature: string;
}

function readParts(text: string): Parts | undefined {
  const first = text.indexOf('.');
  const last = text.lastIndexOf('.'); // a dot between them would be no base64url
  if (first === last) {
    return undefined;
  }
  const header = decodePart(text.slice(0, first));
  const payload = decodePart(text.slice(first + 1, last));
  const signature = text.slice(last + 1);
  return header === undefined || payload === undefined || decodePart(signature) === undefined
    ? undefined
    : { header: header.toString(), payload: payload.toString(), signature };
}

/**
 * The bytes of one part; undefined when it is empty or no base64url. The alphabet keeps CR, LF and every other byte out
 * that would end a header (S103). Encoded again, the bytes have to give the same text, but for its end, of which not every
 * bit is used: that costs a third of a pattern on the njs engine, a twentieth under QuickJS.
 */
function decodePart(part: string): Buffer | undefined {
  const bytes = Buffer.from(part, 'base64url');
  const again = bytes.toString('base64url');
  return part !== '' && (again === part || isSameButEnd(again, part)) ? bytes : undefined;
}

/** Of one character behind the last four, no bit is used; of two or three, not every bit of the last. */
function isSameButEnd(again: string, part: string): boolean {
  const sure = part.length % 4 === 1 ? part.length - 2 : part.length - 1;
  return (
    again.length >= sure &&
    again.slice(0, sure) === part.slice(0, sure) &&
    !OTHER_THAN_BASE64URL.test(part.slice(sure))
  );
}

const OTHER_THAN_BASE64URL = /[^A-Za-z0-9_-]/;

/** Of `token-introspection+jwt`. */
const RESPONSE_TYPE_LENGTH = 23;

/** Whether the signature has no bits that no byte uses: else one JWT could be spelt in several ways, each with a record. */
export function isCanonicallySigned(jwt: Jwt): boolean {
  const signature = jwt.text.slice(jwt.text.lastIndexOf('.') + 1);
  return Buffer.from(signature, 'base64url').toString('base64url') === signature;
}

/** Whether the JWT is an RFC 9701 introspection response, which is not an access token (RFC 9701 §5, S54). */
export function isIntrospectionResponse(jwt: Jwt): boolean {
  const typ = jwt.header.typ;
  const isTyped =
    typeof typ === 'string' &&
    typ.length >= RESPONSE_TYPE_LENGTH && // a pattern costs ten times as much
    /^(application\/)?token-introspection\+jwt[ \t\r\n]*(;|$(?!\n))/i.test(typ);
  return isTyped || jwt.payload.token_introspection !== undefined;
}

/**
 * nginx reports a reply that was cut mid-chunk as a complete one (S37), so the signature's length is
 * compared with what its algorithm gives (RFC 7518 §3.1, RFC 8037 §3.1). `none` and a missing
 * algorithm are refused (RFC 8725 §3.1); an unknown one is left to the upstream.
 */
function hasWholeSignature(alg: unknown, signature: string): boolean {
  const isBase64url = signature.length % 4 !== 1;
  if (typeof alg !== 'string' || alg.toLowerCase() === 'none' || !isBase64url) {
    return false;
  }
  const bytes = Math.floor((signature.length * 3) / 4);
  switch (alg) {
    case 'HS256':
      return bytes === 32;
    case 'HS384':
      return bytes === 48;
    case 'HS512':
    case 'ES256':
    case 'ES256K':
    case 'Ed25519':
      return bytes === 64;
    case 'ES384':
      return bytes === 96;
    case 'ES512':
      return bytes === 132;
    case 'Ed448':
      return bytes === 114;
    case 'EdDSA':
      return bytes === 64 || bytes === 114;
    case 'RS256':
    case 'RS384':
    case 'RS512':
    case 'PS256':
    case 'PS384':
    case 'PS512':
      return bytes >= 256 && bytes % RSA_STEP_BYTES === 0;
    default:
      return true;
  }
}
