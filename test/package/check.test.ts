// What `check` finds in bad configurations, and that it finds nothing in good ones. In check/bad, a comment
// `# expect: CODE` ends each line with a finding; a first line `# njs: VERSION` is the option.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { check } from '../../cli/check/check.js';
import type { Finding } from '../../cli/check/finding.js';
import { RULES } from '../../cli/check/table.js';
import { readConfiguration } from '../../cli/nginx_conf/read.js';
import { diskSource, textSource } from '../../cli/nginx_conf/sources.js';
import { codeBlocks } from '../support/code_blocks.js';
import { REPOSITORY, readGuides, readPages } from '../support/pages.js';

const BAD = join(REPOSITORY, 'test/package/check/bad');
const GOOD = join(REPOSITORY, 'test/package/check/good');
const EXAMPLES = join(REPOSITORY, 'nginx/examples');

/** `line CODE`, in order. */
function expectedIn(text: string): string[] {
  return text.split('\n').flatMap((line, i) => {
    const codes = /# expect: ([\w ]+)$/.exec(line)?.[1]?.split(' ') ?? [];
    return codes.map((code) => `${i + 1} ${code}`);
  });
}

function inShort(findings: readonly Finding[]): string[] {
  return findings.map(({ line, code }) => `${line} ${code}`);
}

/** Of a text that includes the files of this package and nothing else. */
async function findingsIn(t: ExecutionContext, text: string): Promise<Finding[]> {
  const outcome = await readConfiguration(() => textSource(text));
  if (outcome.kind === 'unreadable') {
    t.fail(outcome.problem);
    return [];
  }
  const njs = /^# njs: (\d+)\.(\d+)\.(\d+)$/m.exec(text)?.slice(1).map(Number);
  const njsVersion = njs?.reduce((version, part) => version * 256 + part, 0);
  return check(outcome.directives, { njsVersion });
}

function confFilesIn(folder: string): string[] {
  return readdirSync(folder).filter((file) => file.endsWith('.conf'));
}

for (const file of confFilesIn(BAD)) {
  test(`check: ${file.replace('.conf', '').replaceAll('_', ' ')}: the mistake is found at its line, and no other`, async (t) => {
    const text = readFileSync(join(BAD, file), 'utf8');
    const expected = expectedIn(text);
    t.true(expected.length > 0);
    t.deepEqual(inShort(await findingsIn(t, text)), expected);
  });
}

test('check: every code is found in some bad configuration', (t) => {
  const texts = confFilesIn(BAD).map((file) => readFileSync(join(BAD, file), 'utf8'));
  const found = new Set(texts.flatMap(expectedIn).map((line) => line.split(' ')[1]));
  t.deepEqual([...found].sort(), Object.keys(RULES).sort());
});

/** Those of one file, and those in a folder with files that they include. */
const GOOD_FILES = [
  ...[GOOD, EXAMPLES].flatMap((folder) => confFilesIn(folder).map((file) => join(folder, file))),
  ...['bank', 'shop', 'platform'].map((layout) => join(GOOD, layout, 'nginx.conf')),
];

for (const file of GOOD_FILES) {
  test(`check: nothing is found in ${file.slice(REPOSITORY.length)}, which is right`, async (t) => {
    const outcome = await readConfiguration(() => diskSource(file));
    t.is(outcome.kind, 'read');
    if (outcome.kind === 'read') t.deepEqual(check(outcome.directives, { njsVersion: undefined }), []);
  });
}

for (const [page, text] of [...readPages(), ...readGuides()]) {
  if (page === 'docs/check.md') continue;
  codeBlocks(text, 'nginx').forEach((block, i) => {
    test(`check: nothing is found in ${page}, configuration ${i + 1}, which users copy`, async (t) => {
      t.deepEqual(await findingsIn(t, block), []);
    });
  });
}
