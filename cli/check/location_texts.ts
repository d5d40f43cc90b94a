// The texts that nginx would join for the script at a location, so that the script's own parsers judge them.
import type { LocationTexts } from '../../src/core/settings/location_texts.js';
import type { SettingRow } from '../../src/core/settings/setting_row.js';
import { SETTINGS } from '../../src/core/settings/table.js';
import type { Location } from './layout.js';
import { assignmentsOf, possibleValues } from './settings_in_force.js';
import { findProblem } from './value_problem.js';

const SELECTS_SIGNATURES = [
  'phantom_token_jwks',
  'phantom_token_accept_jwt',
  'phantom_token_mint',
  'phantom_token_sender_constraint',
];

/** As nginx/http.conf joins them. */
export function locationTextsOf(location: Location): LocationTexts {
  const valueAt = (variable: string) => joinedValue(location, variable);
  const valuesOf = (text: SettingRow['text']) =>
    SETTINGS.filter((row) => row.text === text).map(({ variable }) => valueAt(variable));
  const lookup = valuesOf('lookup');
  const clientId = lookup.pop() ?? '';
  const isSigned = SELECTS_SIGNATURES.some((variable) => valueAt(variable) !== '');
  const signatures = [
    ...valuesOf('signatures'),
    valueAt('phantom_token_issuer'),
    valueAt('phantom_token_audience'),
  ].join('\t');
  return {
    request: ['here on', ...valuesOf('policy'), '', ...lookup, isSigned ? signatures : '', clientId, ''],
    rest: valuesOf('rest'),
  };
}

function joinedValue(location: Location, variable: string): string {
  const row = SETTINGS.find((setting) => setting.variable === variable) as SettingRow;
  const assignments = assignmentsOf(location, variable);
  const values = assignments.flatMap((assignment) =>
    possibleValues(assignment, location.server.configuration),
  );
  const [only] = values;
  if (only === undefined) return '';
  const isKnown = values.length === 1 && only.value !== undefined;
  const value = only.value ?? '';
  return isKnown && (value === '' || findProblem(row, value) === undefined) ? value : standInFor(row);
}

/** A good value, for one that only a request tells, or that another rule refuses. */
function standInFor({ value }: SettingRow): string {
  if (value.defaultValue !== '') return value.defaultValue;
  if (value.is === 'word') return '';
  if (value.is !== 'checked') return 'any';
  return (
    { checkPlainText: 'any', checkEndpoint: '/any', checkJwks: '/any', checkFile: '/any' }[
      value.check as string
    ] ?? ''
  );
}
