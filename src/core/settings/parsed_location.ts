// The settings of a location, from its two texts.
import {
  clientTextOf,
  type LocationTexts,
  type RestText,
  signatureLineOf,
  takeApart,
} from './location_texts.js';
import type { RequestText } from './request_text.js';
import { type Misconfiguration, parseSettings, type Settings } from './settings.js';
import { parseSignatureSettings, type SignatureSettings } from './signature_settings.js';

/** What does not depend on the token. */
export interface ParsedLocation {
  readonly texts: LocationTexts;
  readonly settings: Settings | Misconfiguration;
  /** undefined where the location says nothing of them. */
  readonly signatures: SignatureSettings | undefined;
  readonly clientText: string;
}

/** The text of a request up to its credential, and what was read from it and the rest. */
interface Kept {
  readonly head: RequestText;
  readonly rest: RestText;
  readonly location: ParsedLocation | undefined;
}

/**
 * The location that was parsed last: QuickJS keeps it for later requests, as each location has contexts of its own. Under the
 * njs engine a request parses once, so it is kept from the second call on.
 */
let kept: Kept | undefined;
let wasCalled: boolean | undefined;

/**
 * @param credential the last line of the request's text; it is never kept
 * @returns undefined when the texts cannot be taken apart
 */
export function parseLocation(
  request: RequestText,
  rest: RestText,
  credential: string,
): ParsedLocation | undefined {
  if (!wasCalled) {
    wasCalled = true;
    return parse(request, rest);
  }
  const head = request.slice(0, request.length - credential.length) as RequestText;
  if (kept === undefined || kept.head !== head || kept.rest !== rest) {
    kept = { head, rest, location: parse(head, rest) };
  }
  return kept.location;
}

function parse(request: RequestText, rest: RestText): ParsedLocation | undefined {
  const texts = takeApart(request, rest);
  if (texts === undefined) {
    return undefined;
  }
  const clientText = clientTextOf(texts);
  const settings = parseSettings(texts);
  if (settings.kind === 'misconfiguration' || saysNothingOfSignatures(texts, settings)) {
    return { texts, settings, signatures: undefined, clientText };
  }
  const signatures = parseSignatureSettings(texts, settings);
  return signatures.kind === 'misconfiguration'
    ? { texts, settings: signatures, signatures: undefined, clientText }
    : { texts, settings, signatures, clientText };
}

/** As most locations, for which nothing of signature_settings.ts is needed. */
function saysNothingOfSignatures(texts: LocationTexts, settings: Settings): boolean {
  return signatureLineOf(texts) === '' && settings.introspectionAccept === 'application/jwt';
}
