// What the declared table says of a setting. No part of the script that nginx runs.

/** One variable that nginx.conf sets. */
export interface SettingRow {
  /** Without `$`. */
  readonly variable: string;
  /** Member of Settings, SignatureSettings or ClientSettings; '' for what only nginx reads. */
  readonly field: string;
  /** In which of the texts that nginx joins its line is; the order of the lines is that of the table. */
  readonly text: 'head' | 'policy' | 'lookup' | 'signatures' | 'rest' | 'nginx';
  readonly value: SettingValue;
  /** Beside the declaration in http.conf. */
  readonly comment: string;
  /** In docs/settings.md. */
  readonly meaning: string;
}

/** What a value may be. An empty one is the default. */
export type SettingValue = (
  | { readonly is: 'checked'; readonly check: CheckName }
  | { readonly is: 'whole'; readonly least: number; readonly most: number; readonly unit: string }
  | { readonly is: 'word'; readonly words: readonly string[] }
  | { readonly is: 'scopes' }
) & { readonly defaultValue: string };

/** A function of checks.ts. */
export type CheckName =
  | 'checkSwitch'
  | 'checkPlainText'
  | 'checkEndpoint'
  | 'checkFormFields'
  | 'checkAccept'
  | 'checkJwks'
  | 'checkMintAudience'
  | 'checkMintClaims'
  | 'checkMetadataUrl'
  | 'checkOrigin'
  | 'checkRealm'
  | 'checkFile';

export const YEAR_SEC = 31536000;

export function text(): SettingValue {
  return checked('checkPlainText');
}

export function checked(check: CheckName, defaultValue = ''): SettingValue {
  return { is: 'checked', check, defaultValue };
}

export function scopes(): SettingValue {
  return { is: 'scopes', defaultValue: '' };
}

/** A whole number; both bounds belong to it. */
export function whole(defaultValue: number, least: number, most: number, unit: string): SettingValue {
  return { is: 'whole', least, most, unit, defaultValue: String(defaultValue) };
}

/** The first word is the default. */
export function oneOf(...words: string[]): SettingValue {
  return { is: 'word', words, defaultValue: words[0] ?? '' };
}

/** Empty has a meaning of its own. */
export function oneOfOrEmpty(...words: string[]): SettingValue {
  return { is: 'word', words, defaultValue: '' };
}
