// A copy of the repository in which tests run against changed sources, as plain JavaScript: nothing is compiled while a mutant
// is judged.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { transform } from 'esbuild';
import { REPOSITORY } from '../support/pages.js';
import type { Source } from './mutants.js';

/**
 * @param folder  in `build`, where imports of packages find the repository's node_modules
 * @param changed  sources in place of the repository's, or beside them
 */
export async function writeTree(folder: string, changed: readonly Source[]): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  const instead = new Map(changed.map(({ file, text }) => [file, text]));
  const files = listFiles();
  for (const file of files) {
    mkdirSync(join(folder, dirname(file)), { recursive: true });
    cpSync(join(REPOSITORY, file), join(folder, file));
  }
  const sources = [...new Set([...files, ...instead.keys()])].filter((file) => /(?<!\.d)\.ts$/.test(file));
  await Promise.all(
    sources.map(async (file) => {
      const text = instead.get(file) ?? readFileSync(join(REPOSITORY, file), 'utf8');
      mkdirSync(join(folder, dirname(file)), { recursive: true });
      const { code } = await transform(text, { loader: 'ts', format: 'esm', sourcefile: file });
      writeFileSync(join(folder, file.replace(/\.ts$/, '.js')), code);
    }),
  );
  symlinkSync(join(REPOSITORY, '.runtime'), join(folder, '.runtime'));
}

/** What git knows, and what it does not know yet but would add. */
function listFiles(): string[] {
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--deduplicate'];
  const listed = execFileSync('git', args, { cwd: REPOSITORY, encoding: 'utf8', maxBuffer: 2 ** 26 });
  const deleted = execFileSync('git', ['ls-files', '-z', '--deleted'], { cwd: REPOSITORY, encoding: 'utf8' });
  const gone = new Set(deleted.split('\0'));
  return listed.split('\0').filter((file) => file !== '' && !gone.has(file));
}
