// The URI that another proxy says was asked for: X-Forwarded-Uri, X-Original-URL. What every forward-auth request pays for;
// the rest of it: original_request.ts. The patterns stand where they are used: a request of another mode that makes this stage
// on its way to a later one makes none of them.

/** Whether the header's value holds nothing that has to be looked at. undefined and '' for no such header. */
export function isUsualUri(value: string | undefined): boolean {
  // Control characters and spaces, escapes, what may begin a dot segment; looked for first, because that costs less. Then, of
  // these, in the path: what may be a dot segment, an escaped slash or an escaped line break.
  return (
    value === undefined ||
    !/[\x00-\x20\x7F%]|\/\./.test(value) ||
    !/[\x00-\x20\x7F]|^[^?#]*(?:\/\.|%0|%2[EeFf])/.test(value)
  );
}
