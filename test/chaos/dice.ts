// Chance that can be repeated: the same seed gives the same numbers in the same order.
import { chanceOf } from '../../bench/revocation_server.js';

export interface Dice {
  /** From 0 up to 1, without 1. */
  chance(): number;
  /** A whole number from `from` up to `to`, both included. */
  whole(from: number, to: number): number;
  pick<T>(from: readonly T[]): T;
  shuffle<T>(list: readonly T[]): T[];
  /** A dice of its own, so that one part of a run does not depend on how often another part throws. */
  fork(name: string): Dice;
}

export function newDice(seed: string): Dice {
  let thrown = 0;
  const chance = () => chanceOf(seed, thrown++);
  const whole = (from: number, to: number) => from + Math.floor(chance() * (to - from + 1));
  return {
    chance,
    whole,
    pick: (from) => from[whole(0, from.length - 1)] as (typeof from)[number],
    shuffle(list) {
      const left = [...list];
      return list.map(() => left.splice(whole(0, left.length - 1), 1)[0] as (typeof list)[number]);
    },
    fork: (name) => newDice(`${seed} ${name}`),
  };
}
