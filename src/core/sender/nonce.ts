// Nonces without stored state (RFC 9449 §8, §9): each is made of the time, coarsely, with a secret that all workers share.
import { hmacSha256 } from '../cache/key.js';

/** For how long one nonce is handed out. It is good for as long again. */
const PERIOD_SEC = 120;

/** What the gateway hands out now. */
export function nonceAt(secret: string, nowSec: number): string {
  return nonceOf(secret, Math.floor(nowSec / PERIOD_SEC));
}

/** The current one and the last are good, so that none ends while its client uses it. */
export function isGoodNonce(nonce: string, secret: string, nowSec: number): boolean {
  const period = Math.floor(nowSec / PERIOD_SEC);
  return nonce === nonceOf(secret, period) || nonce === nonceOf(secret, period - 1);
}

function nonceOf(secret: string, period: number): string {
  return hmacSha256(secret, String(period));
}
