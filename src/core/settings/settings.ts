// The settings of a location, checked. What there is to set, with its range and its default, stands in table.ts.

import { isConfiguredHere, type LocationTexts, NOT_HERE } from './location_texts.js';
import { readSettings } from './parse_settings.js';
import { checkSwitch } from './question_checks.js';
import type { SenderSettings } from './sender_settings.js';

/** What a location asks of a token that is known. */
export interface Policy {
  readonly requiredScopes: readonly string[];
  readonly audience: string;
  readonly issuer: string;
  readonly clockSkewSec: number;
  readonly cacheTtlSec: number;
}

/** What the refusal of a token needs. */
export interface RefusalSettings {
  readonly requiredScopes: readonly string[];
  readonly realm: string;
  readonly scopes: readonly string[];
  /** For how long a rejected token is remembered. */
  readonly negativeCacheTtlSec: number;
  /** How tokens that are bound to a key are taken; undefined where they are refused. */
  readonly sender: SenderSettings | undefined;
  /** URL of the RFC 9728 document; '' for none. */
  readonly resourceMetadata: string;
}

/** The settings of one location; scopes are lists, times are whole seconds. */
export interface Settings extends Policy, RefusalSettings {
  readonly kind: 'settings';
  readonly introspectionEndpoint: string;
  readonly preflight: PreflightSetting;
  /** Member of a JSON answer that holds the JWT; '' for the usual names. */
  readonly jwtField: string;
  /** Longer JWTs are refused; in characters. */
  readonly maxJwtLength: number;
  /** Further form fields of the introspection request, encoded. */
  readonly introspectionParameters: string;
  /** `obey`: the reply's Cache-Control bounds a record's life. */
  readonly cacheControl: 'obey' | 'ignore';
  /** Accept header of the introspection request. */
  readonly introspectionAccept: string;
  readonly staleIfErrorSec: number;
  /** How long a request waits for another one's introspection, and how long that one may take. */
  readonly introspectionTimeoutSec: number;
  /** Failures in a row that suspend introspection; 0: this location has no part in the breaker. */
  readonly breakerFailures: number;
  readonly breakerDelaySec: number;
  /** How many requests may wait for one introspection. */
  readonly maxWaiting: number;
}

/** What becomes of a CORS preflight. */
export type PreflightSetting = 'answer' | 'pass' | 'authenticate';

export interface Misconfiguration {
  readonly kind: 'misconfiguration';
  /** Names the variable and what is wrong with it; never repeats the value. */
  readonly problem: string;
}

export function misconfiguration(problem: string): Misconfiguration {
  return { kind: 'misconfiguration', problem };
}

/**
 * The settings of a location that is to be protected.
 * Does NOT look at whether the introspection location exists: nginx tells at the first introspection.
 */
export function parseSettings(texts: LocationTexts): Settings | Misconfiguration {
  const head = texts.request[0] as string;
  if (!isConfiguredHere(head)) {
    return misconfiguration(NOT_HERE);
  }
  const problem = checkSwitch(head.slice(head.indexOf(' ') + 1));
  return problem === undefined ? parseOwnSettings(texts) : misconfiguration(`$phantom_token ${problem}`);
}

/** The settings of a location that need not be protected, such as that of a purge. */
export function parseOwnSettings(texts: LocationTexts): Settings | Misconfiguration {
  const findings = { problem: '' };
  const settings = readSettings(findings, texts.request, texts.rest);
  return findings.problem === '' ? settings : misconfiguration(findings.problem);
}

/** Whether a checked endpoint is a URL to fetch, and not the path of an internal location. */
export function isAbsoluteUrl(endpoint: string): boolean {
  return endpoint.charAt(0) !== '/';
}
