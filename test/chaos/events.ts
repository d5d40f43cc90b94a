// What the oracle is told: what clients sent and got, what the authorization server was asked and said, what reached the API,
// and what was done to the gateway. Nothing in it comes from the script that is tested.

/** A kind of protected location. Each has records of its own, as each sends another form field. */
export const WAYS = ['plain', 'stale', 'signed', 'bound', 'forward'] as const;
export type Way = (typeof WAYS)[number];

export type Protocol = 'h1' | 'h2';

/** Epoch milliseconds of this machine; the clock that is stepped is the gateway's alone. */
type At = { readonly atMs: number };

/** The authorization server knows the token from now on. `expMs` is a whole second. */
export type Issued = At & {
  readonly kind: 'issued';
  readonly token: string;
  readonly expMs: number;
  /** Whether the token is bound to its client's key (RFC 9449). */
  readonly isBound: boolean;
};

/** From now on the server calls the token inactive. */
export type Revoked = At & { readonly kind: 'revoked'; readonly token: string };

/** A purge is about to be sent: from now on the gateway may refuse the token. */
export type Purging = At & { readonly kind: 'purging'; readonly token: string };

/** An answer of the purge location. */
export type Purged = At & {
  readonly kind: 'purged';
  readonly token: string;
  readonly sentMs: number;
  readonly status: number;
};

/** `none`: no proof; `good`: a new one; `forged`: signed with another key; `again`: one that was sent before. */
export type Proof = 'none' | 'good' | 'forged' | 'again';

/** The moment before the request is handed to the system, so nobody has decided on it earlier. */
export type Sent = At & {
  readonly kind: 'sent';
  readonly request: number;
  readonly token: string;
  readonly way: Way;
  readonly protocol: Protocol;
  readonly proof: Proof;
  /** Of the proof; '' for none. */
  readonly jti: string;
};

/** The client has the whole answer. */
export type Answered = At & {
  readonly kind: 'answered';
  readonly request: number;
  readonly status: number;
  /** The number that the API has put into its answer; undefined when the answer is not the API's. */
  readonly names: number | undefined;
};

/** No answer: the client gave up on purpose, or the connection ended, or nothing came in time. */
export type Unanswered = At & {
  readonly kind: 'unanswered';
  readonly request: number;
  readonly cause: 'aborted' | 'lost';
};

/** A question has arrived at the authorization server. */
export type Asked = At & {
  readonly kind: 'asked';
  readonly question: number;
  readonly token: string;
  readonly way: Way;
};

/** The server has decided what it will answer. `failure`: an error, a broken answer or a JWT that nobody may trust. */
export type Told = At & {
  readonly kind: 'told';
  readonly question: number;
  readonly verdict: 'active' | 'inactive' | 'failure';
  /** That it answers with; '' unless active. */
  readonly jwt: string;
};

/** The answer has left the server, or its connection has ended before. */
export type Heard = At & { readonly kind: 'heard'; readonly question: number; readonly isWhole: boolean };

/** A request at the API. */
export type Reached = At & {
  readonly kind: 'reached';
  /** From its path; undefined when it has none. */
  readonly request: number | undefined;
  /** The Authorization header; '' for none. */
  readonly authorization: string;
  /** Whether an opaque token, a proof or a secret is anywhere in the request. */
  readonly leaks: boolean;
};

/** The server signs with another key, which is published at this moment, and does not publish `removed` any more. */
export type KeysChanged = At & {
  readonly kind: 'keys_changed';
  readonly signing: string;
  readonly removed: string;
};

export const FAULTS = [
  'kill_worker',
  'kill_all_workers',
  'terminate_worker',
  'reload',
  'reload_other_script',
  'resize_zone',
  'restart',
  'server_down',
  'server_slow',
  'server_errors',
  'server_wrong',
  'server_cut',
  'rotate_keys',
  'clock_ahead',
  'clock_behind',
] as const;
export type FaultName = (typeof FAULTS)[number];

/** Something was done to the gateway or its server; it is over when service was seen to be back. */
export type FaultBegan = At & { readonly kind: 'fault_began'; readonly fault: FaultName };
export type FaultEnded = At & { readonly kind: 'fault_ended'; readonly fault: FaultName };

/**
 * A zone, or all of them, may be lost from now on, until they are settled: a reload that changes the size of a zone makes a new one,
 * and the old workers use the old one until they end.
 */
export type ZonesLost = At & { readonly kind: 'zones_lost' };
export type ZonesSettled = At & { readonly kind: 'zones_settled' };

/** A worker has ended at once, with what it had under way. */
export type WorkerLost = At & { readonly kind: 'worker_lost' };

/** The gateway's clock is ahead of ours by so much, from some moment between the two. */
export type ClockSet = At & {
  readonly kind: 'clock_set';
  readonly sinceMs: number;
  readonly aheadMs: number;
};

/** This process, with clients, server and API, got no CPU for so long: what it noted in between, it noted late. */
export type Stalled = At & { readonly kind: 'stalled'; readonly sinceMs: number };

export type Event =
  | Issued
  | Revoked
  | Purging
  | Purged
  | Sent
  | Answered
  | Unanswered
  | Asked
  | Told
  | Heard
  | Reached
  | KeysChanged
  | FaultBegan
  | FaultEnded
  | ZonesLost
  | ZonesSettled
  | WorkerLost
  | ClockSet
  | Stalled;

/** What the gateway is configured with, and what else the rules count with. */
export interface Limits {
  readonly cacheTtlMs: number;
  readonly negativeTtlMs: number;
  /** `$phantom_token_stale_if_error` of the way `stale`; the others have none. */
  readonly staleMs: number;
  /** `$phantom_token_introspection_timeout`. */
  readonly introspectionTimeoutMs: number;
  /**
   * After how long an answer may have come too late: what the introspection location waits for the next byte, less what the server
   * may note a question late without counting as stalled.
   */
  readonly readTimeoutMs: number;
  /** How long a key set is used, and while it is being fetched. */
  readonly keysMs: number;
  /** The pause between two fetches of keys. */
  readonly keysPauseMs: number;
  /** From an answer's last byte at the server to the record: a worker may wait for a CPU. */
  readonly slackMs: number;
  /** After a fault is over, requests may still fail for so long: suspension, waiting, lost connections. */
  readonly recoveryMs: number;
}
