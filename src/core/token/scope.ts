// Scope values (RFC 6749 §3.3): scope = scope-token *( SP scope-token ), scope-token = 1*( %x21 / %x23-5B / %x5D-7E )

const OTHER_THAN_SCOPES = /[^\x20\x21\x23-\x5B\x5D-\x7E]/;

/** Whether the text holds only scope tokens and spaces; true for the empty text. */
export function isScopeList(text: string): boolean {
  return !OTHER_THAN_SCOPES.test(text);
}

/** The scope tokens of a space-separated list, in order; more than one space between them is tolerated. */
export function splitScopes(list: string): string[] {
  return list.split(' ').filter((token) => token !== '');
}
