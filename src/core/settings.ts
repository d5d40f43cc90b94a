// The one table of settings. nginx joins the variables into one text, a line for each row in the order of
// this table (nginx/http.conf), so that a request reads all of them at the price of one.
import { isPlainText } from './plain_text.js';
import { isScopeList, splitScopes } from './scope.js';

/** The settings of one location, checked; scopes are lists, times are whole seconds. */
export interface Settings {
  readonly kind: 'settings';
  readonly requiredScopes: readonly string[];
  readonly audience: string;
  readonly issuer: string;
  readonly clockSkewSec: number;
  readonly introspectionEndpoint: string;
  readonly realm: string;
  readonly scopes: readonly string[];
  readonly cacheTtlSec: number;
  readonly preflight: Preflight;
  /** Member of a JSON answer that holds the JWT; '' for the usual names. */
  readonly jwtField: string;
  /** Longer JWTs are refused; in characters. */
  readonly maxJwtLength: number;
  /** Further form fields of the introspection request, encoded. */
  readonly introspectionParameters: string;
}

/** What becomes of a CORS preflight. */
export type Preflight = 'answer' | 'pass' | 'authenticate';

export interface Misconfiguration {
  readonly kind: 'misconfiguration';
  /** Names the variable and what is wrong with it; never repeats the value. */
  readonly problem: string;
}

/** What `$phantom_token` says of this location. */
export type Switch = 'on' | 'off' | 'invalid';

export interface Setting {
  readonly variable: string;
  /** Used when the variable is empty. */
  readonly defaultValue: string;
  /** What is wrong with a value, or undefined. */
  readonly check: (value: string) => string | undefined;
}

const HERE = 'here ';
const NOT_HERE =
  'this location does not include protect.conf itself: nested locations and limit_except do not inherit settings';
const MAX_SEC = 31536000;
// Realm: what may stand in a quoted-string without a backslash (RFC 9110 §5.6.4).
const QUOTABLE = /^[\x20\x21\x23-\x5B\x5D-\x7E]+$/;
// Neither takes a query that could carry a token into a log (S17); a URL takes no userinfo and no fragment.
const INTERNAL_LOCATION = /^\/[\x21\x22\x24-\x3E\x40-\x7E]*$/;
const ABSOLUTE_URL = /^https?:\/\/[A-Za-z0-9.\-_[\]:]+(\/[\x21\x22\x24-\x3E\x40-\x7E]*)?$/;
const FORM_FIELDS = /^([A-Za-z0-9._~*+-]+=[A-Za-z0-9%._~*+-]*(&(?!$)|$))*$/;
const MAX_JWT_LENGTH = 1048576;

/**
 * Every setting with its default and its range, in the order in which nginx joins them. Above them is a first line:
 * `here`, when this very location includes protect.conf, and `none` or `some` of what decides on a hit (scopes,
 * audience, issuer, skew, TTL). A function, so that only a request which needs the table pays for it.
 */
export function settingsTable(): readonly Setting[] {
  return [
    { variable: 'phantom_token', defaultValue: '', check: checkSwitch },
    { variable: 'phantom_token_required_scopes', defaultValue: '', check: checkScopes },
    { variable: 'phantom_token_audience', defaultValue: '', check: checkPlainText },
    { variable: 'phantom_token_issuer', defaultValue: '', check: checkPlainText },
    { variable: 'phantom_token_clock_skew', defaultValue: '60', check: checkSeconds },
    { variable: 'phantom_token_introspection_endpoint', defaultValue: '', check: checkEndpoint },
    { variable: 'phantom_token_realm', defaultValue: 'api', check: checkRealm },
    { variable: 'phantom_token_scopes', defaultValue: '', check: checkScopes },
    { variable: 'phantom_token_cache_ttl', defaultValue: '300', check: checkSeconds },
    { variable: 'phantom_token_preflight', defaultValue: 'answer', check: checkPreflight },
    { variable: 'phantom_token_jwt_field', defaultValue: '', check: checkPlainText },
    { variable: 'phantom_token_max_jwt_length', defaultValue: '65536', check: checkJwtLength },
    { variable: 'phantom_token_introspection_parameters', defaultValue: '', check: checkFormFields },
  ];
}

/**
 * Whether the location is protected and asks nothing of a cached token. No value of a setting can imitate that: the
 * first line is nginx's.
 * @param joined see {@link settingsTable}
 */
export function hasNoPolicy(joined: string): boolean {
  return joined.startsWith(`${HERE}none\non\n`);
}

/** Reads `$phantom_token` without looking at the rest; `invalid` also where protect.conf was not included. */
export function readSwitch(joined: string): Switch {
  const lines = joined.startsWith(HERE) ? joined.split('\n') : [];
  const value = (lines[1] || '').toLowerCase();
  return value === 'on' || value === 'off' ? value : 'invalid';
}

/** Whether a checked endpoint is a URL to fetch, and not the path of an internal location. */
export function isAbsoluteUrl(endpoint: string): boolean {
  return endpoint.charAt(0) !== '/';
}

/**
 * Checks every setting of a location.
 * @param joined the lines of {@link settingsTable}
 * Does NOT look at whether the introspection location exists: nginx tells at the first introspection.
 */
export function parseSettings(joined: string): Settings | Misconfiguration {
  if (!joined.startsWith(HERE)) {
    return misconfiguration(NOT_HERE);
  }
  const lines = parseLines(settingsTable(), joined.slice(joined.indexOf('\n') + 1));
  return lines.kind === 'misconfiguration' ? lines : typedSettings(lines.values);
}

/** The checked values of a table, by variable; an empty one is its default. */
export interface SettingValues {
  readonly kind: 'values';
  readonly values: Record<string, string>;
}

/** @param joined a line for each row of the table; empty stands for empty lines */
export function parseLines(table: readonly Setting[], joined: string): SettingValues | Misconfiguration {
  const lines = joined === '' ? table.map(emptyLine) : joined.split('\n');
  if (lines.length !== table.length) {
    return misconfiguration('a setting holds a line break, or http.conf does not fit the script');
  }
  const values: Record<string, string> = {};
  for (let i = 0; i < table.length; i++) {
    const setting = table[i] as Setting;
    const value = lines[i] === '' ? setting.defaultValue : (lines[i] as string);
    const problem = setting.check(value);
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
  };
}

function emptyLine(): string {
  return '';
}

export function misconfiguration(problem: string): Misconfiguration {
  return { kind: 'misconfiguration', problem };
}

function checkSwitch(value: string): string | undefined {
  if (value === '') {
    return 'is not set in this location: set it to on or off';
  }
  const lower = value.toLowerCase();
  return lower === 'on' || lower === 'off' ? undefined : 'must be on or off';
}

function checkScopes(value: string): string | undefined {
  return isScopeList(value) ? undefined : 'must be scopes separated by spaces (RFC 6749 §3.3)';
}

export function checkPlainText(value: string): string | undefined {
  return isPlainText(value) ? undefined : 'must not hold control characters';
}

export function checkSeconds(value: string): string | undefined {
  const valid = /^[0-9]{1,8}$/.test(value) && Number(value) <= MAX_SEC;
  return valid ? undefined : `must be a whole number of seconds from 0 to ${MAX_SEC}, without a unit`;
}

function checkEndpoint(value: string): string | undefined {
  if (value === '') {
    return 'is not set: name the internal location that introspects, or an absolute URL';
  }
  return INTERNAL_LOCATION.test(value) || ABSOLUTE_URL.test(value)
    ? undefined
    : 'must be the path of an internal location, such as /introspect, or an http or https URL; neither with a query';
}

function checkPreflight(value: string): string | undefined {
  return ['answer', 'pass', 'authenticate'].includes(value)
    ? undefined
    : 'must be answer, pass or authenticate';
}

function checkJwtLength(value: string): string | undefined {
  const valid = /^[1-9][0-9]{0,6}$/.test(value) && Number(value) <= MAX_JWT_LENGTH;
  return valid ? undefined : `must be a number of characters from 1 to ${MAX_JWT_LENGTH}`;
}

function checkFormFields(value: string): string | undefined {
  if (!FORM_FIELDS.test(value)) {
    return 'must be form fields, encoded: name=value&name=value';
  }
  return `&${value}`.includes('&token=') ? 'must not name the field token' : undefined;
}

function checkRealm(value: string): string | undefined {
  return QUOTABLE.test(value) ? undefined : 'must be printable ASCII without quotes and backslashes';
}
