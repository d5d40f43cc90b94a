// The form in which an operator, or a gateway, names a token.

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

/** As {@link parseTokenForm}; also undefined for an empty token and for a broken escape anywhere in the form. */
export function parseIntrospectionForm(form: string): string | undefined {
  return /%(?![0-9A-Fa-f]{2})/.test(form) ? undefined : parseTokenForm(form) || undefined;
}

function isTokenField(field: string): boolean {
  return field.startsWith('token=');
}
