import test from 'ava';
import { introspectionForm } from '../../../src/core/introspection/question.js';
import { parseIntrospectionForm } from '../../../src/core/request/token_form.js';
import { isB64Token } from '../../../src/core/request/token_grammar.js';
import { usualToken } from '../../../src/core/request/usual_question.js';

const FORMS: [form: string, token: string][] = [
  ['token=a', 'a'],
  ['token=A-z0._~', 'A-z0._~'],
  [introspectionForm('opaque-1', '', ''), 'opaque-1'],
  [`token=${'a'.repeat(4096)}`, 'a'.repeat(4096)],
  ['', ''],
  ['token=', ''],
  [`token=${'a'.repeat(4097)}`, ''],
  ['token=a%2B%2f%7E%3D%3d', 'a+/~=='],
  [introspectionForm('a+/~==', '', ''), 'a+/~=='],
  ['token=a%3Db', ''],
  ['token=%3D', ''],
  ['token=a%20', ''],
  ['token=%61', ''],
  ['token=a+b', ''],
  ['token=+', ''],
  ['token=a=', ''],
  ['token=a\n', ''],
  ['token=a&token=b', ''],
  ['token=a&token_type_hint=access_token\n', ''],
  ['token=a&token_type_hint=access_token&token=b', ''],
  ['x=y&token=a', ''],
];

for (const [form, token] of FORMS) {
  test(`usualToken: ${JSON.stringify(form.slice(0, 60))}: ${token === '' ? 'has to be read in full' : 'its token'}`, (t) => {
    t.is(usualToken(form), token);
    if (token !== '') {
      t.is(parseIntrospectionForm(form), token, 'as the form read in full');
      t.true(isB64Token(token));
    }
  });
}
