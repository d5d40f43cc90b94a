// What a value may be, of the settings that only a question to the authorization server needs: as in checks.ts.
import { checkPlainText } from './checks.js';

// Neither takes a query that could carry a token into a log (S17); a URL takes no userinfo and no fragment.
const INTERNAL_LOCATION = /^\/[\x21\x22\x24-\x3E\x40-\x7E]*$(?!\n)/;
const ABSOLUTE_URL =
  /^https?:\/\/(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?(\/[\x21\x22\x24-\x3E\x40-\x7E]*)?$(?!\n)/;
const FORM_FIELDS =
  /^([A-Za-z0-9._~*+-]+=([A-Za-z0-9._~*+-]|%[0-9A-Fa-f]{2})*(&(?!$(?!\n))|$(?!\n)))*$(?!\n)/;
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

/** Media ranges as RFC 9110 §12.5.1 lists them. */
const ACCEPT = /^[A-Za-z0-9!#$&^_.+*-]+\/[A-Za-z0-9!#$&^_.+*-]+( *[;,] *[A-Za-z0-9!#$&^_.+*/=-]+)*$(?!\n)/;

export function checkAccept(value: string): string | undefined {
  return ACCEPT.test(value) ? undefined : 'must be media types, such as application/json';
}

export function checkFile(value: string): string | undefined {
  return value === '' || value.startsWith('/') ? checkPlainText(value) : 'must be an absolute path';
}
