// What a value of a setting may be. Each check says what is wrong with a value, or undefined. Those of the settings that
// only a question to the authorization server needs: question_checks.ts.
import { isPlainText } from '../text/plain_text.js';
import { isScopeList, splitScopes } from '../token/scope.js';

// Realm: what may stand in a quoted-string without a backslash (RFC 9110 §5.6.4).
const QUOTABLE = /^[\x20\x21\x23-\x5B\x5D-\x7E]+$(?!\n)/;

/** Spaces alone would ask for nothing, where somebody meant to ask for something. */
export function checkScopes(value: string): string | undefined {
  const isList = isScopeList(value) && (value === '' || splitScopes(value).length > 0);
  return isList ? undefined : 'must be scopes separated by spaces (RFC 6749 §3.3)';
}

export function checkPlainText(value: string): string | undefined {
  return isPlainText(value) ? undefined : 'must not hold control characters';
}

export function checkRealm(value: string): string | undefined {
  return QUOTABLE.test(value) ? undefined : 'must be printable ASCII without quotes and backslashes';
}

/** @param words separated by spaces */
export function checkWord(value: string, words: string): string | undefined {
  const list = words.split(' ');
  return list.includes(value) ? undefined : `must be one of ${list.join(', ')}`;
}

/** A whole number; both bounds belong to it. Leading zeros are taken. */
export function checkWhole(value: string, least: number, most: number, unit: string): string | undefined {
  const number = Number(value);
  const isWhole = /^[0-9]{1,8}$(?!\n)/.test(value) && number >= least && number <= most;
  return isWhole ? undefined : `must be a whole number of ${unit} from ${least} to ${most}, without a unit`;
}
