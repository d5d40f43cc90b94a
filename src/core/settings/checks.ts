// What a value of a setting may be. Each check gives what is wrong with a value, or undefined.
import { isPlainText } from '../text/plain_text.js';
import { isScopeList, splitScopes } from '../token/scope.js';

const MAX_SEC = 31536000;
// Realm: what may stand in a quoted-string without a backslash (RFC 9110 §5.6.4).
const QUOTABLE = /^[\x20\x21\x23-\x5B\x5D-\x7E]+$/;
// Neither takes a query that could carry a token into a log (S17); a URL takes no userinfo and no fragment.
const INTERNAL_LOCATION = /^\/[\x21\x22\x24-\x3E\x40-\x7E]*$/;
const ABSOLUTE_URL =
  /^https?:\/\/(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?(\/[\x21\x22\x24-\x3E\x40-\x7E]*)?$/;
const FORM_FIELDS = /^([A-Za-z0-9._~*+-]+=([A-Za-z0-9._~*+-]|%[0-9A-Fa-f]{2})*(&(?!$)|$))*$/;
// RFC 6749 §3.2: no field twice.
const OUR_FIELD =
  /(^|&)(token|token_type_hint|client_id|client_secret|client_assertion|client_assertion_type)=/;

export function checkSwitch(value: string): string | undefined {
  if (value === '') {
    return 'is not set in this location: set it to on or off above the include of protect.conf';
  }
  const lower = value.toLowerCase();
  return lower === 'on' || lower === 'off' ? undefined : 'must be on or off';
}

/** Spaces alone would ask for nothing, where somebody meant to ask for something. */
export function checkScopes(value: string): string | undefined {
  const isList = isScopeList(value) && (value === '' || splitScopes(value).length > 0);
  return isList ? undefined : 'must be scopes separated by spaces (RFC 6749 §3.3)';
}

export function checkPlainText(value: string): string | undefined {
  return isPlainText(value) ? undefined : 'must not hold control characters';
}

export function checkSeconds(value: string): string | undefined {
  return checkNumber(MAX_SEC, 'seconds')(value);
}

export function checkEndpoint(value: string): string | undefined {
  if (value === '') {
    return 'is not set: name the internal location that introspects, or an absolute URL';
  }
  return INTERNAL_LOCATION.test(value) || ABSOLUTE_URL.test(value)
    ? undefined
    : 'must be the path of an internal location, such as /introspect, or an http or https URL; neither with a query';
}

export function checkFormFields(value: string): string | undefined {
  if (!FORM_FIELDS.test(value)) {
    return 'must be form fields, encoded: name=value&name=value';
  }
  return OUR_FIELD.test(value) ? 'must not name a field that the script sends itself' : undefined;
}

export function checkRealm(value: string): string | undefined {
  return QUOTABLE.test(value) ? undefined : 'must be printable ASCII without quotes and backslashes';
}

export function checkOneOf(words: readonly string[]): (value: string) => string | undefined {
  return (value) => (words.includes(value) ? undefined : `must be one of ${words.join(', ')}`);
}

/** A whole number, at most `max`. */
export function checkNumber(max: number, of: string): (value: string) => string | undefined {
  return (value) => {
    const valid = /^[0-9]{1,8}$/.test(value) && Number(value) <= max;
    return valid ? undefined : `must be a whole number of ${of} from 0 to ${max}, without a unit`;
  };
}

/** A whole number, at least 1, at most `max`. */
export function checkCount(max: number, of: string): (value: string) => string | undefined {
  return (value) => {
    const valid = /^[1-9][0-9]{0,6}$/.test(value) && Number(value) <= max;
    return valid ? undefined : `must be a number of ${of} from 1 to ${max}`;
  };
}

/** At least 1: a lock of no time would be none. */
export function checkTimeout(value: string): string | undefined {
  const valid = /^[1-9][0-9]?$/.test(value) && Number(value) <= 60;
  return valid ? undefined : 'must be a whole number of seconds from 1 to 60, without a unit';
}
