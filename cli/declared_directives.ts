// Which zones and variables a file declares that users may edit. An upgrade does not change such a file, so it may lack
// a line that a newer script needs.

/**
 * The directives of this version's file that the user's file lacks: those whose zone or variable it does not declare,
 * or whose name it does not use. Sizes and times may differ and are not compared.
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
