// application/x-www-form-urlencoded, for bodies and for Basic credentials (RFC 6749 Appendix B).

/** What encodeURIComponent leaves or makes otherwise than a form has it. */
const OTHERWISE = /%20|[!'()~]/;

/** One name or value, encoded so that any parser gives back the same text. */
export function formEncode(text: string): string {
  const encoded = encodeURIComponent(text);
  return OTHERWISE.test(encoded) ? encoded.replace(/%20/g, '+').replace(/[!'()~]/g, percentEncode) : encoded;
}

function percentEncode(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}
