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
}

export interface Misconfiguration {
  readonly kind: 'misconfiguration';
  /** Names the variable and what is wrong with it; never repeats the value. */
  readonly problem: string;
}

/** What `$phantom_token` says of this location. */
export type Switch = 'on' | 'off' | 'invalid';

interface Setting {
  readonly variable: string;
  /** Used when the variable is empty. */
  readonly defaultValue: string;
  /** What is wrong with a value, or undefined. */
  readonly check: (value: string) => string | undefined;
}

const MAX_SEC = 31536000;
// Realm: what may stand in a quoted-string without a backslash (RFC 9110 §5.6.4).
const QUOTABLE = /^[\x20\x21\x23-\x5B\x5D-\x7E]+$/;
const INTERNAL_LOCATION = /^\/[\x21\x22\x24-\x3E\x40-\x7E]*$/;

/**
 * Every setting with its default and its range. What decides on a cached token comes first: see
 * {@link hasNoPolicy}. A function, so that only a request which needs the table pays for it.
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
  ];
}

/**
 * Reads `$phantom_token` from the joined settings without looking at the rest.
 * @param joined the lines of {@link settingsTable}; empty where no setting was made
 */
export function readSwitch(joined: string): Switch {
  if (joined.startsWith('on\n')) {
    return 'on';
  }
  const value = joined.slice(0, joined.indexOf('\n')).toLowerCase();
  return value === 'on' || value === 'off' ? value : 'invalid';
}

/** Whether the joined settings ask nothing of a token but to be active: no scope, audience, issuer or skew. */
export function hasNoPolicy(joined: string): boolean {
  return joined.startsWith('on\n\n\n\n\n');
}

/**
 * Checks every setting of a location.
 * @param joined the lines of {@link settingsTable}
 * Does NOT look at whether the introspection location exists: nginx tells at the first introspection.
 */
export function parseSettings(joined: string): Settings | Misconfiguration {
  const table = settingsTable();
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
  return typedSettings(values);
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
  };
}

function emptyLine(): string {
  return '';
}

function misconfiguration(problem: string): Misconfiguration {
  return { kind: 'misconfiguration', problem };
}

function checkSwitch(value: string): string | undefined {
  if (value === '') {
    return 'is not set in this location: set it to on or off (nested locations do not inherit set)';
  }
  const lower = value.toLowerCase();
  return lower === 'on' || lower === 'off' ? undefined : 'must be on or off';
}

function checkScopes(value: string): string | undefined {
  return isScopeList(value) ? undefined : 'must be scopes separated by spaces (RFC 6749 §3.3)';
}

function checkPlainText(value: string): string | undefined {
  return isPlainText(value) ? undefined : 'must not hold control characters';
}

function checkSeconds(value: string): string | undefined {
  const valid = /^[0-9]{1,8}$/.test(value) && Number(value) <= MAX_SEC;
  return valid ? undefined : `must be a whole number of seconds from 0 to ${MAX_SEC}, without a unit`;
}

function checkEndpoint(value: string): string | undefined {
  if (value === '') {
    return 'is not set: name the internal location that introspects';
  }
  return INTERNAL_LOCATION.test(value)
    ? undefined
    : 'must be the path of an internal location, such as /introspect';
}

function checkRealm(value: string): string | undefined {
  return QUOTABLE.test(value) ? undefined : 'must be printable ASCII without quotes and backslashes';
}
