// `npm run docs`: writes docs/attacks.md, or says what keeps it from being right.
import { writeFileSync } from 'node:fs';
import { REPOSITORY } from '../support/pages.js';
import { ATTACK_GROUPS, WITHOUT_TEST } from './list.js';
import { buildPage, findProblems } from './page.js';
import { findMentions, findTitles } from './titles.js';

const found = findTitles(REPOSITORY);
writeFileSync(`${REPOSITORY}docs/attacks.md`, buildPage(ATTACK_GROUPS, found.titles));
const problems = findProblems(ATTACK_GROUPS, WITHOUT_TEST, found, findMentions(REPOSITORY));
for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;
