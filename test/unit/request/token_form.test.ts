import test from 'ava';
import { parseIntrospectionForm, parseTokenForm } from '../../../src/core/request/token_form.js';
import { formEncode } from '../../../src/core/text/form.js';

const TOKEN_FORMS: [sentence: string, form: string, token: string | undefined][] = [
  ['the one field (RFC 7009 §2.1)', 'token=abc', 'abc'],
  ['among others, first', 'token=abc&token_type_hint=access_token', 'abc'],
  ['among others, last', 'a=b&token=abc', 'abc'],
  ['with an equals sign in its value', 'token=abc==', 'abc=='],
  ['percent-encoded (RFC 6749 Appendix B)', 'token=a%2Bb%2Fc%3D', 'a+b/c='],
  ['in UTF-8', 'token=%C3%A9', 'é'],
  ['a + is a space, so that a token that was not encoded is no other token (S16)', 'token=a+b+c', 'a b c'],
  ['an empty token is checked by the grammar of bearer.ts', 'token=', ''],
  ['a line break is part of the value, and left to the grammar', 'token=abc\n', 'abc\n'],
  ['a field whose name only starts so is another one', 'token_type_hint=x&tokens=y&token=abc', 'abc'],
  ['a field whose name only ends so is another one', 'access_token=x&token=abc', 'abc'],
  ['a name has a case', 'Token=x&TOKEN=y&token=abc', 'abc'],
  ['no fields', '', undefined],
  ['no such field', 'a=b', undefined],
  ['no such field, but its name', 'token', undefined],
  ['no such field, but one that only starts so', 'tokens=abc', undefined],
  ['no such field, but one that only ends so', 'access_token=abc', undefined],
  ['two of them: which one counts must not be guessed (RFC 6749 §3.2)', 'token=abc&token=def', undefined],
  ['two of them, the same', 'token=abc&token=abc', undefined],
  ['two of them, one empty', 'token=abc&token=', undefined],
  ['JSON in place of a form', '{"token":"abc"}', undefined],
  ['a percent sign that encodes nothing', 'token=100%', undefined],
  ['a percent sign before what is no hex', 'token=%zz', undefined],
  ['bytes that are not UTF-8 (S55)', 'token=%ff', undefined],
];

for (const [sentence, form, token] of TOKEN_FORMS) {
  test(`parseTokenForm: ${token === undefined ? 'undefined for' : 'the token:'} ${sentence}: ${JSON.stringify(form)}`, (t) =>
    t.is(parseTokenForm(form), token));
}

test('parseTokenForm: reads what formEncode wrote, for all ASCII', (t) => {
  const ascii = Array.from({ length: 0x80 }, (_, code) => String.fromCharCode(code)).join('');
  t.is(parseTokenForm(`token=${formEncode(ascii)}`), ascii);
});

const QUESTIONS: [sentence: string, form: string, token: string | undefined][] = [
  ['a token alone', 'token=opaque-1', 'opaque-1'],
  ['a token with escapes', 'token=a%2Bb%3D%3D', 'a+b=='],
  ['fields beside it are ignored, a hint too', 'token_type_hint=refresh_token&token=a&client_id=b', 'a'],
  ['no field', '', undefined],
  ['other fields only', 'tokens=a&token_type_hint=access_token', undefined],
  ['an empty token', 'token=', undefined],
  ['two tokens', 'token=a&token=b', undefined],
  ['the same token twice', 'token=a&token=a', undefined],
  ['a broken escape', 'token=a%2', undefined],
  ['an escape that is none', 'token=a%zz', undefined],
  ['escapes that are no UTF-8', 'token=%ff', undefined],
  ['a broken escape in another field', 'token=a&hint=%', undefined],
  ['half an escape in another field', 'token=a&hint=%az', undefined],
  ['JSON', '{"token":"a"}', undefined],
];

for (const [sentence, form, token] of QUESTIONS) {
  test(`parseIntrospectionForm: ${sentence} (${form}): ${token ?? 'no question'} (RFC 7662 §2.1)`, (t) =>
    t.is(parseIntrospectionForm(form), token));
}
