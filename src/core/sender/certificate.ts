// The client's certificate, in the forms in which nginx and TLS terminators hand it over.
import { sha256 } from '../cache/key.js';

const PEM = /^\s*-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\s*$(?!\n)/;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$(?!\n)/;

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
  const pem = PEM.exec(text.includes('%') ? decodeUrl(text) : text);
  const base64 = pem === null ? stripColons(text) : (pem[1] as string).replace(/\s/g, '');
  const der = BASE64.test(base64) ? Buffer.from(base64, 'base64') : undefined;
  return der !== undefined && isWhole(der) ? der : undefined;
}

function decodeUrl(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (_malformed) {
    return '';
  }
}

function stripColons(text: string): string {
  return text.length > 2 && text.startsWith(':') && text.endsWith(':') ? text.slice(1, -1) : text;
}

/** One SEQUENCE, its length in one byte or two as every certificate's is, and nothing after it (X.690 §8.1.3.5). */
function isWhole(der: Buffer): boolean {
  const isSequence = der.length > 4 && der[0] === 0x30;
  const first = der[2] as number;
  const length =
    der[1] === 0x81 ? 3 + first : der[1] === 0x82 ? 4 + 256 * first + (der[3] as number) : undefined;
  return isSequence && length === der.length;
}
