// What the client gets when its request does not pass: the body of every refusal is written here.

/** '' stands for no such header. */
export interface Refusal {
  readonly status: number;
  readonly challenge: string;
  /** Where another scheme is taken as well; left out for none. */
  readonly otherChallenge?: string;
  /** RFC 9449 §8.1; left out for none. */
  readonly dpopNonce?: string;
  readonly retryAfter: string;
  readonly body: string;
}

/** @param code and message hold no quotes and no backslashes: fixed texts, or texts that name settings */
export function errorBody(code: string, message: string): string {
  return `{"code":"${code}","message":"${message}"}`;
}
