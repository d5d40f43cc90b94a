// The links, anchors and names of files on the pages of the package are valid. The picture needs no other file.
import { existsSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import test from 'ava';
import { REPOSITORY, readGuides, readPages } from '../support/pages.js';

const GUIDES = readGuides();
const PAGES = new Map([...readPages(), ...GUIDES]);
for (const page of ['CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md', 'bench/README.md'])
  PAGES.set(page, readFileSync(REPOSITORY + page, 'utf8'));

/** The text without its code blocks, whose brackets are not links. */
function proseOf(text: string): string {
  return text.replace(/^ *```.*?^ *```$/gms, '');
}

/** The anchors that GitHub and npm make of headings. */
function anchorsOf(text: string): string[] {
  return [...proseOf(text).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function leadsSomewhere(page: string, target: string): boolean {
  const [path, anchor] = target.split('#');
  const file = path ? posix.join(posix.dirname(page), path) : page;
  const isThere = anchor === undefined || anchorsOf(PAGES.get(file) ?? '').includes(anchor);
  return existsSync(REPOSITORY + file) && isThere;
}

for (const [page, text] of PAGES) {
  const prose = proseOf(text);

  test(`${page}: every link into the repository leads to a file, and to a heading of it`, (t) => {
    const targets = [...prose.matchAll(/\]\(([^)]*)\)/g)].map(([, target = '']) => target);
    t.deepEqual(
      targets.filter((target) => !target.startsWith('https://') && !leadsSomewhere(page, target)),
      [],
    );
  });

  test(`${page}: every file of the repository that it names is there`, (t) => {
    const folders = 'src|test|nginx|docs|demo|dist|cli|docker|runtime|scripts';
    const named = [...prose.matchAll(new RegExp(`\`((?:${folders})/[\\w./]*)\``, 'g'))];
    t.deepEqual(
      named.map(([, path]) => path).filter((path) => !existsSync(REPOSITORY + path)),
      [],
    );
  });
}

test('anchorsOf: the heading without punctuation, with hyphens for spaces; none for a code block', (t) => {
  t.deepEqual(anchorsOf("# The gateway's own: 2 keys\n```sh\n# no heading\n```\n"), [
    'the-gateways-own-2-keys',
  ]);
});

test('the README links to every page of docs, and the page on authorization servers to every guide', (t) => {
  const readme = PAGES.get('README.md') ?? '';
  const pages = [...readPages().keys()].filter((page) => page.startsWith('docs/'));
  t.deepEqual(
    pages.filter((page) => !readme.includes(`](${page})`)),
    [],
  );
  const overview = PAGES.get('docs/authorization_servers/README.md') ?? '';
  t.deepEqual(
    [...GUIDES.keys()].filter((guide) => !overview.includes(`](${posix.basename(guide)})`)),
    [],
  );
});

test("the README's picture loads nothing from elsewhere, and says in words what it shows", (t) => {
  const picture = readFileSync(`${REPOSITORY}docs/flow.svg`, 'utf8');
  t.notRegex(picture, /href|url\(|@import|@font-face|<script/);
  t.regex(picture, /<title id="title">.+<\/title>\s*<desc id="desc">/);
});
