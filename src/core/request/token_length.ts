// How long a token may be.

/** Longer tokens are refused without asking the authorization server. In characters. An enum: its value is written out. */
export enum TokenLength {
  max = 4096,
}
