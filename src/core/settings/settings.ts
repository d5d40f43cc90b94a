// The one table of settings. nginx joins the variables into two texts (nginx/http.conf); location.ts makes of them a line
// for each row of this table, in its order.
import { markTtlSecOf } from '../cache/listed_keyspace.js';
import { splitScopes } from '../token/scope.js';
import {
  checkCount,
  checkEndpoint,
  checkFormFields,
  checkNumber,
  checkOneOf,
  checkPlainText,
  checkRealm,
  checkScopes,
  checkSeconds,
  checkSwitch,
  checkTimeout,
} from './checks.js';

/** What a location asks of a token that is known. */
export interface Policy {
  readonly requiredScopes: readonly string[];
  readonly audience: string;
  readonly issuer: string;
  readonly clockSkewSec: number;
  readonly cacheTtlSec: number;
}

/** The settings of one location, checked; scopes are lists, times are whole seconds. */
export interface Settings extends Policy {
  readonly kind: 'settings';
  readonly introspectionEndpoint: string;
  readonly realm: string;
  readonly scopes: readonly string[];
  readonly preflight: Preflight;
  /** Member of a JSON answer that holds the JWT; '' for the usual names. */
  readonly jwtField: string;
  /** Longer JWTs are refused; in characters. */
  readonly maxJwtLength: number;
  /** Further form fields of the introspection request, encoded. */
  readonly introspectionParameters: string;
  /** Whether the reply's Cache-Control bounds a record's life. */
  readonly obeysCacheControl: boolean;
  readonly negativeCacheTtlSec: number;
  readonly staleIfErrorSec: number;
  /** How long a request waits for another one's introspection, and how long that one may take. */
  readonly introspectionTimeoutSec: number;
  /** Transport failures in a row that suspend introspection; 0: this location has no part in the breaker. */
  readonly breakerFailures: number;
  readonly breakerDelaySec: number;
  /** How many requests may wait for one introspection. */
  readonly maxWaiting: number;
}

/** What becomes of a CORS preflight. */
export type Preflight = 'answer' | 'pass' | 'authenticate';

export interface Misconfiguration {
  readonly kind: 'misconfiguration';
  /** Names the variable and what is wrong with it; never repeats the value. */
  readonly problem: string;
}

export interface Setting {
  readonly variable: string;
  /** Used when the variable is empty. */
  readonly defaultValue: string;
  /** What is wrong with a value, or undefined. */
  readonly check: (value: string) => string | undefined;
}

/** Of these two a record knows the result, so that a hit needs no look at them: readyUntil of record.ts. */
export const DEFAULT_CLOCK_SKEW_SEC = 60;
export const DEFAULT_CACHE_TTL_SEC = 300;
const PREFLIGHTS = ['answer', 'pass', 'authenticate'];
const NOT_HERE =
  'this location does not include protect.conf itself: nested locations and limit_except do not inherit settings';
/**
 * Every setting with its default and its range. Rows two to six are what decides on a hit. A function, so that only a
 * request which needs the table pays for it.
 */
export function settingsTable(): readonly Setting[] {
  return [
    { variable: 'phantom_token', defaultValue: '', check: checkSwitch },
    { variable: 'phantom_token_required_scopes', defaultValue: '', check: checkScopes },
    { variable: 'phantom_token_audience', defaultValue: '', check: checkPlainText },
    { variable: 'phantom_token_issuer', defaultValue: '', check: checkPlainText },
    {
      variable: 'phantom_token_clock_skew',
      defaultValue: String(DEFAULT_CLOCK_SKEW_SEC),
      check: checkSeconds,
    },
    { variable: 'phantom_token_cache_ttl', defaultValue: String(DEFAULT_CACHE_TTL_SEC), check: checkSeconds },
    { variable: 'phantom_token_introspection_endpoint', defaultValue: '', check: checkEndpoint },
    { variable: 'phantom_token_introspection_parameters', defaultValue: '', check: checkFormFields },
    { variable: 'phantom_token_jwt_field', defaultValue: '', check: checkPlainText },
    {
      variable: 'phantom_token_max_jwt_length',
      defaultValue: '65536',
      check: checkCount(1048576, 'characters'),
    },
    { variable: 'phantom_token_cache_control', defaultValue: 'obey', check: checkOneOf(['obey', 'ignore']) },
    { variable: 'phantom_token_realm', defaultValue: 'api', check: checkRealm },
    { variable: 'phantom_token_scopes', defaultValue: '', check: checkScopes },
    { variable: 'phantom_token_preflight', defaultValue: 'answer', check: checkOneOf(PREFLIGHTS) },
    { variable: 'phantom_token_negative_cache_ttl', defaultValue: '5', check: checkNumber(60, 'seconds') },
    { variable: 'phantom_token_stale_if_error', defaultValue: '0', check: checkSeconds },
    {
      variable: 'phantom_token_introspection_timeout',
      defaultValue: '10',
      check: checkTimeout,
    },
    { variable: 'phantom_token_breaker_failures', defaultValue: '5', check: checkNumber(1000, 'failures') },
    { variable: 'phantom_token_breaker_delay', defaultValue: '2', check: checkNumber(3600, 'seconds') },
    {
      variable: 'phantom_token_max_waiting',
      defaultValue: '500',
      check: checkCount(100000, 'requests'),
    },
  ];
}

/** @returns undefined for what {@link parseSettings} refuses */
export function parseClockSkewSec(value: string): number | undefined {
  return value === '' ? DEFAULT_CLOCK_SKEW_SEC : parseSeconds(value);
}

/** @returns undefined for what {@link parseSettings} refuses */
export function parseCacheTtlSec(value: string): number | undefined {
  return value === '' ? DEFAULT_CACHE_TTL_SEC : parseSeconds(value);
}

function parseSeconds(value: string): number | undefined {
  return checkSeconds(value) === undefined ? Number(value) : undefined;
}

/** Whether a checked endpoint is a URL to fetch, and not the path of an internal location. */
export function isAbsoluteUrl(endpoint: string): boolean {
  return endpoint.charAt(0) !== '/';
}

/**
 * Checks every setting of a location.
 * @param isHere whether the location includes protect.conf itself
 * @param joined the lines of {@link settingsTable}
 * Does NOT look at whether the introspection location exists: nginx tells at the first introspection.
 */
export function parseSettings(isHere: boolean, joined: string): Settings | Misconfiguration {
  if (!isHere) {
    return misconfiguration(NOT_HERE);
  }
  const lines = parseLines(settingsTable(), joined);
  return lines.kind === 'misconfiguration' ? lines : typedSettings(lines.values);
}

/** What a purge needs to know of its location. */
export interface PurgeSettings {
  readonly kind: 'purge_settings';
  /** For how long its mark refuses a token, by this location's own settings: listed_keyspace.ts. */
  readonly markTtlSec: number;
}

/** A location that purges is not protected, so `$phantom_token` and protect.conf are not asked for. */
export function parsePurgeSettings(joined: string): PurgeSettings | Misconfiguration {
  const lines = ['on'].concat(joined.split('\n').slice(1));
  const parsed = parseLines(settingsTable(), lines.join('\n'));
  if (parsed.kind === 'misconfiguration') {
    return parsed;
  }
  const settings = typedSettings(parsed.values);
  return { kind: 'purge_settings', markTtlSec: markTtlSecOf(settings) };
}

/** The checked values of a table, by variable; an empty one is its default. */
export interface SettingValues {
  readonly kind: 'values';
  readonly values: Record<string, string>;
}

/** @param joined a line for each row of the table */
export function parseLines(table: readonly Setting[], joined: string): SettingValues | Misconfiguration {
  const lines = joined.split('\n');
  if (lines.length !== table.length) {
    return misconfiguration('a setting holds a line break, or http.conf does not fit the script');
  }
  const values: Record<string, string> = {};
  for (let i = 0; i < table.length; i++) {
    const setting = table[i] as Setting;
    const line = lines[i] as string;
    const value = line === '' ? setting.defaultValue : line;
    // A default is right by itself, and njs compiles a check's pattern each time; no default is the mistake itself.
    const problem = line === '' && value !== '' ? undefined : setting.check(value);
    if (problem !== undefined) {
      return misconfiguration(`$${setting.variable} ${problem}`);
    }
    values[setting.variable] = value;
  }
  return { kind: 'values', values };
}

function typedSettings(values: Record<string, string>): Settings {
  return {
    kind: 'settings',
    requiredScopes: splitScopes(values.phantom_token_required_scopes as string),
    audience: values.phantom_token_audience as string,
    issuer: values.phantom_token_issuer as string,
    clockSkewSec: Number(values.phantom_token_clock_skew),
    introspectionEndpoint: values.phantom_token_introspection_endpoint as string,
    realm: values.phantom_token_realm as string,
    scopes: splitScopes(values.phantom_token_scopes as string),
    cacheTtlSec: Number(values.phantom_token_cache_ttl),
    preflight: values.phantom_token_preflight as Preflight,
    jwtField: values.phantom_token_jwt_field as string,
    maxJwtLength: Number(values.phantom_token_max_jwt_length),
    introspectionParameters: values.phantom_token_introspection_parameters as string,
    obeysCacheControl: values.phantom_token_cache_control === 'obey',
    negativeCacheTtlSec: Number(values.phantom_token_negative_cache_ttl),
    staleIfErrorSec: Number(values.phantom_token_stale_if_error),
    introspectionTimeoutSec: Number(values.phantom_token_introspection_timeout),
    breakerFailures: Number(values.phantom_token_breaker_failures),
    breakerDelaySec: Number(values.phantom_token_breaker_delay),
    maxWaiting: Number(values.phantom_token_max_waiting),
  };
}

export function misconfiguration(problem: string): Misconfiguration {
  return { kind: 'misconfiguration', problem };
}
