// The two texts of a location, taken apart into lines. A value with a line break, which may come from the path, makes more
// lines: then nothing is read from them. No record is found or stored by such a text.
import { Lines } from './lines.js';
import type { Lookup, RequestText } from './request_text.js';

/** The settings that are in no request's text, one a line: `$_phantom_rest` of nginx/http.conf. */
export type RestText = string & { readonly text: 'rest' };

/** Both texts of a location, one setting a line; the places: parse_settings.ts. */
export interface LocationTexts {
  readonly request: readonly string[];
  readonly rest: readonly string[];
}

const HERE = 'here ';

/** @returns undefined when a setting holds a line break, or http.conf does not fit the script */
export function takeApart(request: RequestText, rest: RestText): LocationTexts | undefined {
  const texts = { request: request.split('\n'), rest: rest.split('\n') };
  return texts.request.length === Lines.request && texts.rest.length === Lines.rest ? texts : undefined;
}

/** What is wrong with texts that cannot be taken apart. */
export const BROKEN_TEXTS = 'a setting holds a line break, or http.conf does not fit the script';

/**
 * Whether this location, and not one around it, includes protect.conf. Does NOT see a location that another one with
 * protect.conf went to by `rewrite ... last`, before access control ran: docs/nginx_rules.md.
 */
export function isConfiguredHere(text: string): boolean {
  return text.startsWith(HERE);
}

/** What is wrong with a location that is not. */
export const NOT_HERE =
  'this location does not include protect.conf itself: nested locations and limit_except do not inherit settings';

/** Whether `$phantom_token` is off; false for every other value, and where protect.conf was not included. */
export function isOff(text: RequestText): boolean {
  return isConfiguredHere(text) && text.slice(HERE.length, text.indexOf('\n')).toLowerCase() === 'off';
}

/** The lookup, whatever the first line. */
export function findLookup(text: RequestText): Lookup {
  return text
    .split('\n')
    .slice(1 + Lines.policy)
    .join('\n') as Lookup;
}

/** Whether the location says anything of how the gateway authenticates. @param clientText {@link clientTextOf} them */
export function hasClientSettings(texts: LocationTexts, clientText: string): boolean {
  return clientText !== '' || texts.request[Lines.clientId] !== '';
}

/** The client settings but the id, as one text: two that are equal are the same settings. '' when all are empty. */
export function clientTextOf(texts: LocationTexts): string {
  const lines = texts.rest.slice(Lines.restOfLocation);
  return lines.join('') === '' ? '' : lines.join('\n');
}

/** What the location says of signatures, as one line; '' where that is nothing, as in most. */
export function signatureLineOf(texts: LocationTexts): string {
  return texts.request[Lines.signatureLine] as string;
}
