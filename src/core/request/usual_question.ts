// The form of a question as this gateway and the C module send it. What every question pays for; other forms: token_form.ts.
import { TokenLength } from './token_length.js';

/** The token of such a form; '' for another form. */
export function usualToken(form: string): string {
  // The second has the token as token_grammar.ts has it, with the characters escaped that a form cannot hold; it costs more.
  const match =
    /^token=([A-Za-z0-9._~-]+)(?:&token_type_hint=access_token)?$(?!\n)/.exec(form) ||
    /^token=((?:[A-Za-z0-9._~-]|%2[BbFf]|%7[Ee])+(?:%3[Dd])*)(?:&token_type_hint=access_token)?$(?!\n)/.exec(
      form,
    );
  const field = match === null ? '' : (match[1] as string);
  const token = field.includes('%') ? decodeURIComponent(field) : field;
  return token.length <= TokenLength.max ? token : '';
}
