// The part of `npm run docs` that writes the table of evidence into docs/security.md.
import { writeFileSync } from 'node:fs';
import { PAGE, securityPage } from './page.js';

writeFileSync(PAGE, securityPage());
