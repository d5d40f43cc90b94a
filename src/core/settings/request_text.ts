// Step 1: what nginx says of this location, at the head of a request's text (nginx/http.conf):
//
//   here on\n<required scopes>\n<audience>\n<issuer>\n<clock skew>\n<cache TTL>\n<lookup>
//
// `here`: this very location includes protect.conf. Then $phantom_token, five lines of policy, and the eight lines of the
// lookup: cache_key.ts. A value with a line break, which may come from the path, makes more lines. Nothing is stored from a
// text that has not fourteen, and no record meets a policy that has not five, so such a value finds no record.

/** An enum, because its values stand in the bundle as they are: a hit pays for each constant. */
enum Head {
  here = 'here ',
  on = 'here on\n',
  onWithoutPolicy = 'here on\n\n\n\n\n\n',
}

/** The policy of a location that asks nothing: five empty lines. */
export enum PolicyText {
  none = '\n\n\n\n',
}

/** How many lines there are while no value holds a line break. */
enum Lines {
  policy = 5,
  aboveLookup = 1 + policy,
  text = 14,
}

/** Of the second text, which is read on a miss only: the settings that neither policy nor lookup holds. */
enum Rest {
  settings = 9,
  text = 17,
}

/** What `$phantom_token` says of a location. */
export type Switch = 'on' | 'off' | 'invalid';

/** Whether the location is protected. False for `ON`, which {@link readSwitch} takes. */
export function isOn(text: string): boolean {
  return text.startsWith(Head.on);
}

/** Whether the location is protected and asks nothing of a cached token. */
export function hasNoPolicy(text: string): boolean {
  return text.startsWith(Head.onWithoutPolicy);
}

/**
 * Whether this is the policy in a text that {@link isOn}, as nginx has it on its own.
 * Does NOT count its lines: {@link isWholePolicy} does.
 */
export function isPolicyOf(text: string, lines: string): boolean {
  return text.startsWith(`${Head.on}${lines}\n`);
}

/** The lookup of a text that {@link isOn}, found by the length of its policy: without a search. */
export function lookupOf(text: string, policy: string): string {
  return text.slice(Head.on.length + policy.length + 1);
}

/** The five lines of policy, whatever the first line. */
export function findPolicy(text: string): string {
  return text.split('\n').slice(1, Lines.aboveLookup).join('\n');
}

/** Whether a policy has its five lines. Of one with more, some would be taken for others, and the last for nothing. */
export function isWholePolicy(lines: readonly string[]): boolean {
  return lines.length === Lines.policy;
}

/**
 * Whether this location, and not one around it, includes protect.conf. Does NOT see a location that another one with
 * protect.conf went to by `rewrite ... last`, before access control ran: docs/nginx_rules.md.
 */
export function isConfiguredHere(text: string): boolean {
  return text.startsWith(Head.here);
}

/** Reads `$phantom_token`; `invalid` also where protect.conf was not included. */
export function readSwitch(text: string): Switch {
  const value = isConfiguredHere(text) ? text.slice(Head.here.length, text.indexOf('\n')).toLowerCase() : '';
  return value === 'on' || value === 'off' ? value : 'invalid';
}

/** What a miss needs of a request's text, and all settings of its location, one a line. */
export interface RequestTexts {
  readonly policy: string;
  readonly lookup: string;
  /** As parseSettings of settings.ts takes them. */
  readonly settings: string;
  /** As parseClientSettings of client_settings.ts takes them. */
  readonly client: string;
}

/**
 * Takes both texts apart, once, and puts the settings in the order of their tables.
 * @param rest `$_phantom_rest` of nginx/http.conf
 * @returns empty texts, which parseLines of settings.ts refuses, when a setting holds a line break or http.conf does not fit
 */
export function takeApart(text: string, rest: string): RequestTexts {
  const lines = text.split('\n');
  const others = rest.split('\n');
  if (lines.length !== Lines.text || others.length !== Rest.text) {
    return { policy: '', lookup: '', settings: '', client: '' };
  }
  const first = lines[0] as string;
  const policy = lines.slice(1, Lines.aboveLookup);
  const own = [first.slice(first.indexOf(' ') + 1)].concat(policy);
  const asked = [lines[7], lines[9], lines[10], lines[11], lines[12]];
  return {
    policy: policy.join('\n'),
    lookup: lines.slice(Lines.aboveLookup).join('\n'),
    settings: own.concat(asked as string[], others.slice(0, Rest.settings)).join('\n'),
    client: [lines[8]].concat(others.slice(Rest.settings)).join('\n'),
  };
}
