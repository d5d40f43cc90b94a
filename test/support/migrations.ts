// The configurations in test/package/migrate: with directives of Curity's C module, and what `migrate` makes of them.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY } from './pages.js';

export interface Migration {
  readonly name: string;
  /** Texts by file name, `nginx.conf` among them. */
  readonly before: Record<string, string>;
  readonly after: Record<string, string>;
}

const FOLDER = join(REPOSITORY, 'test/package/migrate');

export function readMigrations(): Migration[] {
  return readdirSync(FOLDER)
    .sort()
    .map((name) => ({
      name,
      before: readTexts(join(FOLDER, name, 'before')),
      after: readTexts(join(FOLDER, name, 'after')),
    }));
}

function readTexts(folder: string): Record<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const paths = entries.map((entry) => join(entry.parentPath, entry.name)).sort();
  return Object.fromEntries(paths.map((path) => [path.slice(folder.length + 1), readFileSync(path, 'utf8')]));
}
