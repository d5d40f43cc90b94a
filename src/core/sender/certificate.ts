// The client's certificate, in the forms in which nginx and TLS terminators hand it over.
import { sha256 } from '../cache/key.js';

const PEM_BEGIN = '-----BEGIN CERTIFICATE-----';
const PEM_END = '-----END CERTIFICATE-----';
/** The same, URL-encoded. */
const ENCODED_BEGIN = '-----BEGIN%20CERTIFICATE-----';

/**
 * `x5t#S256` (RFC 8705 §3.1): SHA-256 of the DER, in base64url.
 * @param text PEM, URL-encoded PEM, or DER in base64, with colons around it (RFC 9440 §2) or without
 * @returns undefined for anything else, also for several certificates
 */
export function certificateThumbprint(text: string): string | undefined {
  const der = decodeCertificate(text);
  return der === undefined ? undefined : sha256(der);
}

function decodeCertificate(text: string): Buffer | undefined {
  const base64 = readBase64(text.startsWith(ENCODED_BEGIN) ? decodeUrl(text) : text);
  const der = Buffer.from(base64, 'base64');
  // Encoded again, the bytes have to give the same text: no other character. A pattern costs more.
  return isWhole(der) && der.toString('base64') === base64 ? der : undefined;
}

function decodeUrl(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (_malformed) {
    return '';
  }
}

/** '' for half a PEM. nginx puts a tab before each line of `$ssl_client_cert` but the first. */
function readBase64(text: string): string {
  if (text.charAt(0) === ':') {
    return text.charAt(text.length - 1) === ':' ? text.slice(1, -1) : '';
  }
  if (text.charAt(0) !== '-') {
    return text;
  }
  const lines = text.trim().split('\n');
  const isWhole = lines[0] === PEM_BEGIN && (lines[lines.length - 1] as string).trim() === PEM_END;
  return isWhole
    ? lines
        .slice(1, -1)
        .map((line) => line.trim())
        .join('')
    : '';
}

/** One SEQUENCE, its length in one byte, two or three, and nothing after it (X.690 §8.1.3.5). */
function isWhole(der: Buffer): boolean {
  const lengthBytes = (der[1] as number) - 0x80;
  if (der.length < 5 || der[0] !== 0x30 || lengthBytes < 1 || lengthBytes > 3) {
    return false;
  }
  let length = 0;
  for (let i = 0; i < lengthBytes; i++) {
    length = 256 * length + (der[2 + i] as number);
  }
  return der.length === 2 + lengthBytes + length;
}
