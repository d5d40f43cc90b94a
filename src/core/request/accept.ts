// In which form a gateway wants to be told of a token.

/** Whether an Accept header names JSON and not the JWT itself. */
export function wantsJson(accept: string): boolean {
  return /\bapplication\/json\b/i.test(accept) && !/\bapplication\/jwt\b/i.test(accept);
}
