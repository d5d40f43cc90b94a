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

/** The value of the one field `token`; undefined when there is none, several, or the form is broken. */
export function parseTokenForm(form: string): string | undefined {
  const fields = form.split('&').filter(isTokenField);
  if (fields.length !== 1) {
    return undefined;
  }
  try {
    return decodeURIComponent((fields[0] as string).slice('token='.length).replace(/\+/g, ' '));
  } catch (_malformed) {
    return undefined;
  }
}

function isTokenField(field: string): boolean {
  return field.startsWith('token=');
}
