// The form in which an operator names a token.

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
