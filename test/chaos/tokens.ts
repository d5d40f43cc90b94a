// The tokens of a run: issued, used for a while, and ended in each way in which a token can end.
import { randomBytes } from 'node:crypto';
import { type DpopClient, newDpopClient } from '../support/dpop.js';
import type { Dice } from './dice.js';
import type { Event } from './events.js';

/** What will become of a token. */
export const ENDS = ['expires', 'is_revoked', 'is_purged', 'is_purged_and_revoked'] as const;
export type End = (typeof ENDS)[number];

export interface ChaosToken {
  readonly text: string;
  /** `sub` of its JWT, another one for each token. */
  readonly subject: string;
  readonly expMs: number;
  readonly end: End;
  /** When it is revoked or purged; its `exp` where it expires. */
  readonly endMs: number;
  readonly isBound: boolean;
  isRevoked: boolean;
}

export interface Tokens {
  /** One that may be in use: good, or ended lately. */
  pick(): ChaosToken;
  /** A new one, which does not end within the next minute, and is used by nobody else. */
  issueFresh(isBound: boolean): ChaosToken;
  /** Of this authorization server; undefined for one that it has never issued. */
  find(text: string): ChaosToken | undefined;
  /** Lets new ones come and old ones go; returns those whose end has come. */
  renew(): ChaosToken[];
  /** The key to which all bound tokens are bound, and another one. */
  readonly client: DpopClient;
  readonly stranger: DpopClient;
}

/** Every opaque token begins with it, so that a search finds it wherever it should not be. */
export const TOKEN_MARK = 'opaque-chaos-';
const SHORTEST_SEC = 6;
const LONGEST_SEC = 60;
/** An ended token is sent for some seconds more. */
const AFTERLIFE_MS = 5000;
const BOUND_CHANCE = 0.2;
/** Beyond `exp`, the server still knows the token for so long. */
const FORGOTTEN_AFTER_MS = 300_000;

export async function newTokens(dice: Dice, count: number, note: (event: Event) => void): Promise<Tokens> {
  const known = new Map<string, ChaosToken>();
  const inUse: ChaosToken[] = [];
  const ending: ChaosToken[] = [];
  let issued = 0;
  const [client, stranger] = [await newDpopClient(), await newDpopClient()];

  const issue = (lifeSec: number, isBound: boolean, end: End): ChaosToken => {
    const nowMs = Date.now();
    const expMs = (Math.floor(nowMs / 1000) + lifeSec) * 1000;
    // A token that is ended by hand would have lived on for a while.
    const endMs = end === 'expires' ? expMs : nowMs + dice.chance() * 0.7 * (expMs - nowMs);
    const text = `${TOKEN_MARK}${randomBytes(12).toString('hex')}`;
    const token = { text, subject: `user-${++issued}`, expMs, end, endMs, isBound, isRevoked: false };
    known.set(text, token);
    note({ kind: 'issued', atMs: nowMs, token: text, expMs, isBound });
    return token;
  };

  const fill = () => {
    while (inUse.length < count) {
      const lifeSec = dice.whole(SHORTEST_SEC, LONGEST_SEC);
      const token = issue(lifeSec, dice.chance() < BOUND_CHANCE, dice.pick(ENDS));
      inUse.push(token);
      ending.push(token);
    }
  };
  fill();

  return {
    client,
    stranger,
    pick: () => dice.pick(inUse),
    issueFresh: (isBound) => issue(90, isBound, 'expires'),
    find: (text) => known.get(text),
    renew() {
      const nowMs = Date.now();
      take(inUse, ({ endMs }) => endMs + AFTERLIFE_MS < nowMs);
      fill();
      for (const [text, { expMs }] of known) if (expMs + FORGOTTEN_AFTER_MS < nowMs) known.delete(text);
      return take(ending, ({ endMs }) => endMs <= nowMs);
    },
  };
}

/** Removes from the list what is wanted, and returns it. */
function take<T>(list: T[], isWanted: (item: T) => boolean): T[] {
  const taken = list.filter(isWanted);
  const left = list.filter((item) => !isWanted(item));
  list.splice(0, list.length, ...left);
  return taken;
}
