// What the client gets when its request does not pass: the body of every refusal is written here.

/** '' stands for no such header. */
export interface Refusal {
  readonly status: number;
  readonly challenge: string;
  /** Where another scheme is taken as well; undefined elsewhere. */
  readonly otherChallenge?: string | undefined;
  /** RFC 9449 §8.1; undefined where no nonce is asked for. */
  readonly dpopNonce?: string | undefined;
  readonly retryAfter: string;
  readonly body: string;
}

/** @param code and message hold no quotes and no backslashes: fixed texts, or texts that name settings */
export function errorBody(code: string, message: string): string {
  return `{"code":"${code}","message":"${message}"}`;
}
