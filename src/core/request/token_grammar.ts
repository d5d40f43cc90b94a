// The grammar of a token that can be sent as Bearer (RFC 6750 §2.1).
import { TokenLength } from './token_length.js';

const B64TOKEN = /^[A-Za-z0-9\-._~+/]+=*$(?!\n)/;

/** Whether the text is one token of RFC 6750's grammar, and not too long. */
export function isB64Token(text: string): boolean {
  return text.length <= TokenLength.max && B64TOKEN.test(text);
}
