// docs/security.md with the table of evidence.
import { readFileSync } from 'node:fs';
import { writeParts } from '../../bench/readme_text.js';
import { ATTACK_GROUPS } from '../attacks/list.js';
import { REPOSITORY } from '../support/pages.js';
import { type Evidence, evidenceTable } from './table.js';

export const PAGE = `${REPOSITORY}docs/security.md`;

/** The page as it is, with the table as it should be. */
export function securityPage(): string {
  const table = evidenceTable({
    attacks: ATTACK_GROUPS.flatMap(({ attacks }) => attacks).length,
    faults: resultsOf('faults'),
    mutation: resultsOf('mutation'),
    fuzz: resultsOf('fuzz'),
    chaos: resultsOf('chaos'),
    njs: resultsOf('njs_versions'),
  } as Evidence);
  return writeParts(readFileSync(PAGE, 'utf8'), { evidence: table });
}

/** What the runs of that folder have kept. */
function resultsOf(folder: string): unknown {
  return JSON.parse(readFileSync(`${REPOSITORY}test/${folder}/results.json`, 'utf8'));
}
