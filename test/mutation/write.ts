// The part of `npm run docs` that writes docs/mutation.md.
import { writeFileSync } from 'node:fs';
import { REPOSITORY } from '../support/pages.js';
import { readList } from './listed.js';
import { PAGE, pageOf } from './page.js';
import { readResults } from './results.js';

writeFileSync(REPOSITORY + PAGE, pageOf(readResults(), readList()));
