// What nginx says of a request and its location, as one text (nginx/http.conf):
//
//   here on\n<policy, five lines>\n<lookup, ten lines>
//
// `here`: this very location includes protect.conf. Then $phantom_token. The policy is what the location asks of a token; the
// lookup selects the record (cache/key.ts). This file is the part of it that every hit pays for; the rest is location_texts.ts.
import { Lines } from './lines.js';

/** The text of a request. */
export type RequestText = string & { readonly text: 'request' };

/** The five lines of policy in a request's text; their places: parse_policy.ts. */
export type PolicyText = string & { readonly text: 'policy' };

/** The lines of a request's text that select the record: cache/key.ts. */
export type Lookup = string & { readonly text: 'lookup' };

/** An enum, because its values stand in the bundle as they are: a hit pays for each constant. */
enum Head {
  on = 'here on\n',
  onWithoutPolicy = 'here on\n\n\n\n\n\n',
}

/** The policy of a location that asks nothing: five empty lines. */
export enum NoPolicy {
  text = '\n\n\n\n',
}

/**
 * Whether the location is protected. False for `ON`, which location_texts.ts takes.
 * @inline
 */
export function isOn(text: RequestText): boolean {
  return text.startsWith(Head.on);
}

/**
 * Whether the location is protected and asks nothing of a cached token.
 * @inline
 */
export function isOnWithoutPolicy(text: RequestText): boolean {
  return text.startsWith(Head.onWithoutPolicy);
}

/**
 * Whether this is the policy in a text that {@link isOn}, as nginx has it on its own.
 * Does NOT count its lines: parsePolicy does.
 * @inline
 */
export function isPolicyOf(text: RequestText, policy: string): policy is PolicyText {
  return text.startsWith(`${Head.on}${policy}\n`);
}

/**
 * The lookup of a text that {@link isOn}, found by the length of its policy: without a search.
 * @inline
 */
export function lookupAfter(text: RequestText, policy: PolicyText | NoPolicy): Lookup {
  return text.slice(Head.on.length + policy.length + 1) as Lookup;
}

/**
 * The five lines of policy, whatever the first line.
 * @inline
 */
export function findPolicy(text: RequestText): PolicyText {
  return text
    .split('\n')
    .slice(1, 1 + Lines.policy)
    .join('\n') as PolicyText;
}
