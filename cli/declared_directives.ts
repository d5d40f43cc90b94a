// What a file that users tune declares. Such a file is the user's own, so an upgrade can leave it without a line that the
// script has come to need.

/**
 * The directives of this version's file that the user's lacks: those whose zone or variable it does not declare, or whose
 * name it does not use.
 * Sizes and times are the user's business, and are not compared.
 * @param users  its text
 * @param shipped  the text of this version's; flat, without blocks
 * @returns in nginx's syntax, one for each; empty when nothing is missing
 */
export function missingDirectives(users: string, shipped: string): string[] {
  const declared = new Set(directivesOf(users).map(declaredName));
  return directivesOf(shipped).filter((directive) => !declared.has(declaredName(directive)));
}

function directivesOf(text: string): string[] {
  const withoutComments = text.replace(/#.*/g, '');
  return [...withoutComments.matchAll(/[^;{}]+;/g)].map(([directive]) =>
    directive.trim().replace(/\s+/g, ' '),
  );
}

/** `zone=phantom_token` or `$a_variable`; the name of the directive when it declares neither. */
function declaredName(directive: string): string {
  const declared = /\bzone=\w+|\$\w+/.exec(directive);
  return declared?.[0] ?? (directive.split(' ')[0] as string);
}
