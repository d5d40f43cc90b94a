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
/** The entry point reads it only to refuse it. */
const REFUSED = 'CLIENT_SECRET';

test('docs/docker.md: the table has a row for each variable that the entry point reads', (t) => {
  const read = [...SCRIPT.matchAll(/\bread_[a-z_]+ ([A-Z_]+)/g)].map(([, name = '']) => name);
  t.deepEqual([...ROWS.keys()].toSorted(), [...new Set(read)].filter((name) => name !== REFUSED).toSorted());
});

test('docs/docker.md: a default of the entry point is that of the table', (t) => {
  const defaults = [...SCRIPT.matchAll(/\bread_(?:port|size|seconds) ([A-Z_]+) (\w+)/g)];
  t.is(defaults.length, 4);
  for (const [, name = '', value] of defaults) t.is(ROWS.get(name), `\`${value}\``);
});

test('docs/docker.md: where the entry point leaves a setting alone, the default is that of the setting', (t) => {
  const settings = new Map(SETTINGS.map(({ variable, value }) => [variable, value.defaultValue]));
  const left = [...SCRIPT.matchAll(/\bread_seconds ([A-Z_]+)$/gm)].map(([, name = '']) => name);
  t.deepEqual(left.toSorted(), ['CACHE_TTL', 'CLOCK_SKEW', 'STALE_IF_ERROR']);
  for (const name of left) t.is(ROWS.get(name), `\`${settings.get(`phantom_token_${name.toLowerCase()}`)}\``);
});
