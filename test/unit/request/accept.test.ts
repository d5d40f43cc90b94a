import test from 'ava';
import { wantsJson } from '../../../src/core/request/accept.js';

for (const [accept, isJson] of [
  ['application/json', true],
  ['Application/JSON; q=0.9', true],
  ['text/html, application/json', true],
  ['', false],
  ['*/*', false],
  ['application/jwt', false],
  ['application/json, application/jwt', false],
  ['application/jsonp', false],
  ['xapplication/json', false],
] as const) {
  test(`wantsJson: ${JSON.stringify(accept)}: ${isJson ? 'JSON' : 'the JWT itself, as the C module gives it'} (RFC 7662 §2.2, RFC 9110 §12.5.1)`, (t) =>
    t.is(wantsJson(accept), isJson));
}
