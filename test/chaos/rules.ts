// What must hold, in the words of the report.
import type { Way } from './events.js';

export const RULES = {
  no_active_answer:
    "a request reaches the API only while an answer of the server that called its token active, in this location's cache, is not older than the TTL (where stale records are allowed, than the TTL and that time), counted by the gateway's clock from the moment at which the answer was received",
  stale_without_failure: 'a record is used beyond its TTL only while something fails, or has just failed',
  expired: "no request reaches the API after the token's `exp`, by the gateway's clock",
  purged:
    'a request that is sent after a purge was answered does not reach the API while the mark of the purge lasts, and later only with an answer of the server to a question that came after the purge',
  wrong_jwt: 'what the API gets is the very JWT that the server gave for this token, and nothing else',
  leaked: 'no opaque token, DPoP proof or secret reaches the API',
  unproven:
    'a token that is bound to a key passes only where bound tokens are taken, with a proof of that key',
  replayed: 'a DPoP proof lets one request through',
  removed_key:
    'where signatures are verified, no JWT passes whose key the server has removed longer ago than a key set and a record live',
  passed_twice: 'a request reaches the API once',
  stranger: 'no request reaches the API that no client has sent',
  wrong_answer: 'a 200 is the answer of the API to this very request',
  refused: 'a good token is not refused',
  failed: 'a good token does not fail while nothing is done to the gateway or its server, nor a while later',
  unexpected_status: 'every answer is 200, 401, 502, 503 or 504',
  asked_too_often:
    'the server is asked about a token no more often than records end, and for the reasons counted below',
  not_back: 'after each fault, a new token is exchanged within the limit',
  worker_died: 'no worker ends that was not made to',
  unwell: 'nginx logs no [alert] and no [emerg] that was not caused',
  secret_in_log: 'no log holds a token, a JWT, a proof or a secret',
} as const;
export type RuleName = keyof typeof RULES;

/** Rules whose breach lets somebody in, or gives something away. */
export const FAIL_OPEN: readonly RuleName[] = [
  'no_active_answer',
  'stale_without_failure',
  'expired',
  'purged',
  'wrong_jwt',
  'leaked',
  'unproven',
  'replayed',
  'removed_key',
  'stranger',
  'wrong_answer',
  'secret_in_log',
];

/** Why the server was asked again before a record had ended. */
export const REASONS_TO_ASK = {
  failure: 'the answer before was a failure, was cut, or came too late',
  reset_stream: 'a client reset its HTTP/2 stream while its request asked; at most once a second for a token',
  worker_lost: 'a worker was killed meanwhile',
  zones_lost: 'the zones were emptied by a restart or a change of their size',
  purged: 'the token was purged meanwhile',
  clock: "the gateway's clock was stepped meanwhile",
  keys: 'the JWT could not be verified yet: its key was new, or keys could not be fetched',
  stalled:
    'the machine gave the server no CPU for a quarter of a second or longer, so a question was noted late',
} as const;
export type ReasonToAsk = keyof typeof REASONS_TO_ASK;

export interface Finding {
  readonly rule: RuleName;
  readonly atMs: number;
  /** What happened, in figures. */
  readonly text: string;
  readonly way?: Way;
}
