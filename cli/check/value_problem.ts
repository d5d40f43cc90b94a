import * as checks from '../../src/core/settings/checks.js';
import * as questionChecks from '../../src/core/settings/question_checks.js';
import * as senderChecks from '../../src/core/settings/sender_checks.js';
import type { SettingRow } from '../../src/core/settings/setting_row.js';
import * as signatureChecks from '../../src/core/settings/signature_checks.js';

/** What the script finds wrong with a value, by the function that the row of the table names; undefined for nothing. */
export function findProblem({ value }: SettingRow, line: string): string | undefined {
  switch (value.is) {
    case 'whole':
      return checks.checkWhole(line, value.least, value.most, value.unit);
    case 'word':
      return checks.checkWord(line, value.words.join(' '));
    case 'scopes':
      return checks.checkScopes(line);
    case 'checked':
      return { ...checks, ...questionChecks, ...signatureChecks, ...senderChecks }[value.check](line);
  }
}
