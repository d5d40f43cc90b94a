// application/x-www-form-urlencoded, for bodies and for Basic credentials (RFC 6749 Appendix B).

/** One name or value, encoded so that any parser gives back the same text. */
export function formEncode(text: string): string {
  return encodeURIComponent(text)
    .replace(/%20/g, '+')
    .replace(/[!'()~]/g, percentEncode);
}

function percentEncode(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}
