// The table of variables in docs/docker.md is written by hand: it says what the entry point and the script say.
import { readFileSync } from 'node:fs';
import test from 'ava';
import { SETTINGS } from '../../src/core/settings/table.js';
import { REPOSITORY, readPages } from '../support/pages.js';

const SCRIPT = readFileSync(`${REPOSITORY}docker/entrypoint.sh`, 'utf8').replaceAll(/^#.*/gm, '');
const TABLE = readPages().get('docs/docker.md')?.split('<!-- variables')[1]?.split('\n\n')[0] ?? '';
/** The default of each variable, as the cell has it. */
const ROWS = new Map(
  [...TABLE.matchAll(/^\| `(\w+)` \|([^|]*)\|/gm)].map(([, name = '', value = '']) => [name, value.trim()]),
);
/** The names in a text, in the order of the alphabet. */
const namesIn = (text: string | undefined) =>
  [...(text ?? '').matchAll(/\w+/g)].map(([name]) => name).toSorted();

test('docs/docker.md: the table has a row for each variable that the entry point reads', (t) => {
  const read = [...SCRIPT.matchAll(/\bread_[a-z_]+ ([A-Z_]+)/g)].map(([, name = '']) => name);
  t.deepEqual([...ROWS.keys()].toSorted(), [...new Set(read)].toSorted());
});

test('docs/docker.md: a default of the entry point is that of the table', (t) => {
  const defaults = [...SCRIPT.matchAll(/\bread_(?:port|size|seconds|choice) ([A-Z_]+) (\w+)/g)];
  t.is(defaults.length, 10);
  for (const [, name = '', value] of defaults) t.is(ROWS.get(name), `\`${value}\``);
});

test('docs/docker.md: where the entry point leaves a setting alone, the default is that of the setting', (t) => {
  const settings = new Map(SETTINGS.map(({ variable, value }) => [variable, value.defaultValue]));
  const left = [...SCRIPT.matchAll(/\bread_seconds ([A-Z_]+)$/gm)].map(([, name = '']) => name);
  t.deepEqual(left.toSorted(), ['CACHE_TTL', 'CLOCK_SKEW', 'STALE_IF_ERROR']);
  const further = ['MINT_TTL', 'INTROSPECTION_ACCEPT', 'DPOP_MAX_AGE'];
  for (const name of [...left, ...further])
    t.is(ROWS.get(name), `\`${settings.get(`phantom_token_${name.toLowerCase()}`)}\``);
});

test('MINT_CLAIMS: the container refuses the claims that $phantom_token_mint_claims refuses', (t) => {
  const values = readFileSync(`${REPOSITORY}docker/values.sh`, 'utf8');
  const checks = readFileSync(`${REPOSITORY}src/core/settings/signature_checks.ts`, 'utf8');
  const refused = /^names_own_claim\(\) [\s\S]*?^\}/m
    .exec(values)?.[0]
    .match(/[\w |]+(?=\) return 0)/g)
    ?.join(' ');
  t.true(namesIn(refused).length > 0);
  t.deepEqual(namesIn(refused), namesIn(/OWN_CLAIMS = \[([^\]]*)/.exec(checks)?.[1]));
});
