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

const PAGE = 'docs/check.md';
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

/** `0.8.9` as njs.version_number has it. */
function versionNumber(version: string | undefined): number | undefined {
  return version?.split('.').reduce((number, part) => number * 256 + Number(part), 0);
}

/** Of a text that includes the files of this package and nothing else. @param njs  default: as the text says */
async function findingsIn(
  t: ExecutionContext,
  text: string,
  njs = /^# njs: ([\d.]+)$/m.exec(text)?.[1],
): Promise<Finding[]> {
  const outcome = await readConfiguration(() => textSource(text));
  if (outcome.kind === 'unreadable') {
    t.fail(outcome.problem);
    return [];
  }
  return check(outcome.directives, { njsVersion: versionNumber(njs) });
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
  ...[GOOD, EXAMPLES, join(EXAMPLES, 'cluster')].flatMap((folder) =>
    confFilesIn(folder).map((file) => join(folder, file)),
  ),
  ...['bank', 'shop', 'platform'].map((layout) => join(GOOD, layout, 'nginx.conf')),
  join(REPOSITORY, 'demo/nginx.conf'),
];

for (const file of GOOD_FILES) {
  test(`check: nothing is found in ${file.slice(REPOSITORY.length)}, which is right`, async (t) => {
    const outcome = await readConfiguration(() => diskSource(file));
    t.is(outcome.kind, 'read');
    if (outcome.kind === 'read') t.deepEqual(check(outcome.directives, { njsVersion: undefined }), []);
  });
}

for (const [page, text] of [...readPages(), ...readGuides()]) {
  if (page === PAGE) continue;
  codeBlocks(text, 'nginx').forEach((block, i) => {
    test(`check: nothing is found in ${page}, configuration ${i + 1}, which users copy`, async (t) => {
      t.deepEqual(await findingsIn(t, block), []);
    });
  });
}

/** The section of each code on the page: the text below its heading, by code. */
const SECTIONS = new Map(
  (readPages().get(PAGE) ?? '')
    .split(/^(?=##)/m)
    .filter((section) => section.startsWith('### '))
    .map((section) => [/^### (\w+)$/m.exec(section)?.[1] ?? '', section]),
);

test('docs/check.md explains every code, in the order of the table, and no other', (t) => {
  t.deepEqual([...SECTIONS.keys()], Object.keys(RULES));
});

test('docs/check.md has errors under Errors and warnings under Warnings', (t) => {
  const [errors = '', warnings = ''] = (readPages().get(PAGE) ?? '').split('\n## Warnings\n');
  for (const [code, { level }] of Object.entries(RULES)) {
    t.true((level === 'error' ? errors : warnings).includes(`\n### ${code}\n`), code);
  }
});

for (const [code, section] of SECTIONS) {
  const rule = RULES[code as keyof typeof RULES];

  test(`docs/check.md: ${code}: the sentences are those of the finding`, (t) => {
    t.true(section.replace(/\s+/g, ' ').includes(`${rule.happens} ${rule.instead}`));
  });

  test(`docs/check.md: ${code}: the example has this finding at the line that the page marks, and no other`, async (t) => {
    const [example = '', ...others] = codeBlocks(section, 'nginx');
    t.deepEqual(others, []);
    const marked = example.split('\n').findIndex((line) => line.endsWith(`# <- ${code}`)) + 1;
    const njs = /^With `--njs ([\d.]+)`:$/m.exec(section)?.[1];
    t.deepEqual(inShort(await findingsIn(t, example, njs)), [`${marked} ${code}`]);
  });
}
