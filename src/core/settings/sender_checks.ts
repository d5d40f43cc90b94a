// What a value may be, of the settings on bound tokens and their challenge: as in checks.ts.

// Both cases written out: where case does not count, the njs engine takes letters outside ASCII for some inside.
const ORIGIN = /^[Hh][Tt][Tt][Pp][Ss]?:\/\/(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?$(?!\n)/;

/** An absolute URL that may stand in a quoted-string (RFC 9728 §5.1). */
const METADATA_URL = /^[Hh][Tt][Tt][Pp][Ss]?:\/\/[\x21\x24-\x5B\x5D-\x7E]+$(?!\n)/;

export function checkOrigin(value: string): string | undefined {
  return value === '' || ORIGIN.test(value)
    ? undefined
    : 'must be scheme and authority, such as https://api.example.com, without a path';
}

export function checkMetadataUrl(value: string): string | undefined {
  return value === '' || METADATA_URL.test(value) ? undefined : 'must be an http or https URL';
}
