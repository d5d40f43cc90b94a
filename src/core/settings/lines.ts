// Generated from the table of settings (table.ts) by `npm run build`: change it there, not here.
// biome-ignore-all lint/suspicious/noDuplicateEnumValues: a count may be equal to a place

/** How many lines each text has while no value holds a line break. */
export enum Lines {
  policy = 5,
  signatures = 14,
  request = 16,
  rest = 18,
  /** The first lines of `rest`; the others are client settings. */
  restOfLocation = 10,
  /** Of `request`: the line of the client's id. */
  clientId = 14,
  /** Of `request`: the line on signatures, of `signatures` values. */
  signatureLine = 13,
}

/** What a record knows the result of: write_record.ts. */
export enum PolicyDefault {
  clockSkewSec = 60,
  cacheTtlSec = 300,
}
