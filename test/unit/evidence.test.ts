// docs/security.md says of the long runs what their kept results say.
import { readFileSync } from 'node:fs';
import test from 'ava';
import { PAGE, securityPage } from '../evidence/page.js';

test('the table of evidence in docs/security.md is what `npm run docs` writes from the results', (t) => {
  t.is(readFileSync(PAGE, 'utf8'), securityPage(), 'run `npm run docs`');
});
