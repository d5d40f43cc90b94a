// The documentation: README.md, which is the package's page, and what it leads to in docs.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));

/** What is said of all authorization servers; the guides beside it are each for one. */
const OVERVIEW = 'docs/authorization_servers/README.md';

/** Text of each page by its path in the repository, without the guides; README.md is the first. */
export function readPages(): Map<string, string> {
  return readTexts(['README.md', ...pagesIn('docs/'), OVERVIEW]);
}

/** The same of the guides, one for each authorization server. */
export function readGuides(): Map<string, string> {
  return readTexts(pagesIn('docs/authorization_servers/').filter((page) => page !== OVERVIEW));
}

function pagesIn(folder: string): string[] {
  const files = readdirSync(REPOSITORY + folder).filter((file) => file.endsWith('.md'));
  return files.map((file) => folder + file);
}

function readTexts(paths: string[]): Map<string, string> {
  return new Map(paths.map((path) => [path, readFileSync(REPOSITORY + path, 'utf8')]));
}

/** The paths in docs/nginx_rules.md that nginx reads as `/orders/` and some APIs as `/orders/refunds/`. */
export function pathsReadInTwoWays(): string[] {
  const section = sectionOf(readPages().get('docs/nginx_rules.md') ?? '', '## Scopes by path');
  const firstCells = [...section.matchAll(/^\| (`[^|]*) \|/gm)].map(([, cell = '']) => cell);
  return firstCells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, path = '']) => path));
}

/** The section from a heading, given with its `#`, to the next heading of its level or above; '' if there is none. */
export function sectionOf(page: string, heading: string): string {
  const level = heading.indexOf(' ');
  const rest = `\n${page}`.split(`\n${heading}\n`)[1] ?? '';
  return rest.split(new RegExp(`^#{1,${level}} `, 'm'))[0] as string;
}
