// The settings of a location on signatures, checked: which the gateway verifies, and what it signs. What there is to set stands
// in signature_table.ts.
import { Lines } from './lines.js';
import { type LocationTexts, signatureLineOf } from './location_texts.js';
import { readSignatureSettings } from './parse_signature_settings.js';
import { type Misconfiguration, misconfiguration, type Settings } from './settings.js';

export interface SignatureSettings {
  readonly kind: 'signature_settings';
  /** Where the keys of the authorization server are: path of an internal location, or a URL; '' for unverified. */
  readonly jwks: string;
  /** Whether a JWT that the client presents is verified here. */
  readonly acceptJwt: 'off' | 'on';
  readonly mint: 'off' | 'missing' | 'always';
  readonly mintKeyFile: string;
  readonly mintIssuer: string;
  /** Separated by spaces; '' for that of the answer. */
  readonly mintAudience: string;
  /** Names of members, separated by spaces. */
  readonly mintClaims: string;
  readonly mintTtlSec: number;
}

/** A line without values. */
const EMPTY_LINE = '\t\t\t\t\t\t\t\t\t\t\t\t\t';

/**
 * Checks each setting, and that those are there which others need.
 * Does NOT read the key file: that is read when a JWT is signed.
 */
export function parseSignatureSettings(
  texts: LocationTexts,
  settings: Settings,
): SignatureSettings | Misconfiguration {
  const findings = { problem: '' };
  const values = (signatureLineOf(texts) || EMPTY_LINE).split('\t');
  if (values.length !== Lines.signatures) {
    return misconfiguration('a setting on signatures holds a tab, or http.conf does not fit the script');
  }
  const signatures = readSignatureSettings(findings, values);
  if (findings.problem !== '') {
    return misconfiguration(findings.problem);
  }
  const missing =
    findMissingForMint(signatures) ||
    findMissingForJwt(signatures, settings) ||
    findMissingForResponse(signatures, settings, texts.request[Lines.clientId] as string);
  return missing === undefined ? signatures : misconfiguration(missing);
}

function findMissingForMint(signatures: SignatureSettings): string | undefined {
  if (signatures.mint === 'off') {
    return undefined;
  }
  if (signatures.mintKeyFile === '') {
    return '$phantom_token_mint_key_file is not set: $phantom_token_mint needs the key that signs';
  }
  return signatures.mintIssuer === ''
    ? '$phantom_token_mint_issuer is not set: $phantom_token_mint needs the issuer of what the gateway signs'
    : undefined;
}

function findMissingForJwt(signatures: SignatureSettings, settings: Settings): string | undefined {
  if (signatures.acceptJwt === 'off') {
    return undefined;
  }
  if (signatures.jwks === '') {
    return '$phantom_token_jwks is not set: $phantom_token_accept_jwt needs the keys that verify';
  }
  if (settings.issuer === '') {
    return '$phantom_token_issuer is not set: $phantom_token_accept_jwt needs it';
  }
  return settings.audience === ''
    ? '$phantom_token_audience is not set: $phantom_token_accept_jwt needs it'
    : undefined;
}

/** An RFC 9701 response has to be verified: whose it is, and that it is for this gateway. */
function findMissingForResponse(
  signatures: SignatureSettings,
  settings: Settings,
  clientId: string,
): string | undefined {
  if (!/token-introspection\+jwt/i.test(settings.introspectionAccept)) {
    return undefined;
  }
  const missing =
    signatures.jwks === ''
      ? 'jwks'
      : settings.issuer === ''
        ? 'issuer'
        : clientId === ''
          ? 'client_id'
          : undefined;
  return missing === undefined
    ? undefined
    : `$phantom_token_${missing} is not set: an RFC 9701 response, which $phantom_token_introspection_accept asks for, cannot be verified without it`;
}
