// Copies the files of this package into a folder of the user's: all of them, or none.
import { randomUUID } from 'node:crypto';
import { lstat, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { missingDirectives } from './declared_directives.js';
import { SCRIPT, SNIPPETS } from './shipped_files.js';

/** Files that the user may edit: they are never overwritten. */
const USERS_FILES = ['zones.conf', 'zones_njs_0.8.conf', 'introspection_limits.conf'];

/** Files and places are named by their path in the folder. */
export type CopyOutcome =
  | { kind: 'copied'; added: string[]; overwritten: string[]; unchanged: string[]; kept: KeptFile[] }
  /** Nothing was written: these have another content, and `force` was not given. */
  | { kind: 'differs'; files: string[] }
  /** Nothing was written: these are symbolic links, folders in place of files, or the opposite. */
  | { kind: 'obstructed'; places: string[] }
  /** The path exists and is not a folder. */
  | { kind: 'no_folder' }
  /** The operating system refused; the reason is one line and names the path. */
  | { kind: 'failed'; reason: string };

/** A file that the user may edit, and that differs from this version's. */
export interface KeptFile {
  readonly path: string;
  /** Directives of this version's file that the user's file lacks. */
  readonly missing: string[];
}

/**
 * Copies the script and the snippets of both modes, so that no file of another version stays beside them. Files with
 * the same content are not touched. A symbolic link to the folder itself is followed, but no link in the folder.
 * @param folder  absolute; made if it is not there
 * @param options.force  overwrite files that differ, except those that the user may edit
 */
export async function copyFiles(folder: string, { force }: { force: boolean }): Promise<CopyOutcome> {
  const files = await readPackage();
  try {
    return await copyInto(folder, files, force);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return { kind: 'failed', reason: error.message };
  }
}

interface PackageFile {
  /** Relative to the folder, with `/` as separator. */
  readonly path: string;
  readonly content: Buffer;
}

async function readPackage(): Promise<PackageFile[]> {
  const entries = await readdir(SNIPPETS, { recursive: true });
  const snippets = entries.filter((path) => path.endsWith('.conf') && !path.startsWith('examples/')).sort();
  const sources: [path: string, source: string][] = [
    ['phantom_token.js', SCRIPT],
    ...snippets.map((path): [string, string] => [path, join(SNIPPETS, path)]),
  ];
  return Promise.all(sources.map(async ([path, source]) => ({ path, content: await readFile(source) })));
}

async function copyInto(folder: string, files: PackageFile[], force: boolean): Promise<CopyOutcome> {
  const found = await stat(folder).catch(undefinedIfAbsent);
  if (found !== undefined && !found.isDirectory()) return { kind: 'no_folder' };

  const places = await findObstacles(folder, files);
  if (places.length > 0) return { kind: 'obstructed', places };

  const groups: Record<Presence, PackageFile[]> = { absent: [], same: [], differs: [], kept: [] };
  for (const file of files) groups[await presenceOf(folder, file)].push(file);
  if (groups.differs.length > 0 && !force) return { kind: 'differs', files: pathsOf(groups.differs) };

  await writeFiles(folder, [...groups.absent, ...groups.differs]);
  return {
    kind: 'copied',
    added: pathsOf(groups.absent),
    overwritten: pathsOf(groups.differs),
    unchanged: pathsOf(groups.same),
    kept: await Promise.all(groups.kept.map((file) => lookIntoKept(folder, file))),
  };
}

/** Follows a symbolic link. For a file that cannot be read nothing is reported: nginx will say what is wrong with it. */
async function lookIntoKept(folder: string, { path, content }: PackageFile): Promise<KeptFile> {
  const users = await readFile(join(folder, path), 'utf8').catch(() => undefined);
  return { path, missing: users === undefined ? [] : missingDirectives(users, content.toString()) };
}

function pathsOf(files: PackageFile[]): string[] {
  return files.map(({ path }) => path);
}

/** Places in the folder where something else is than the file or folder that must be there. */
async function findObstacles(folder: string, files: PackageFile[]): Promise<string[]> {
  const obstacles: string[] = [];
  const subfolders = new Set(files.map(({ path }) => dirname(path)).filter((path) => path !== '.'));
  for (const path of subfolders) {
    const found = await lookAt(join(folder, path));
    if (found !== undefined && !found.isDirectory()) obstacles.push(path);
  }
  for (const { path } of files) {
    if (obstacles.includes(dirname(path))) continue;
    const found = await lookAt(join(folder, path));
    if (found !== undefined && !found.isFile() && !USERS_FILES.includes(path)) obstacles.push(path);
  }
  return obstacles;
}

/** kept: the user may edit the file, and it differs. */
type Presence = 'absent' | 'same' | 'differs' | 'kept';

async function presenceOf(folder: string, { path, content }: PackageFile): Promise<Presence> {
  const target = join(folder, path);
  const found = await lookAt(target);
  if (found === undefined) return 'absent';
  if (found.isFile() && content.equals(await readFile(target))) return 'same';
  return USERS_FILES.includes(path) ? 'kept' : 'differs';
}

/** For a symbolic link, the link itself. Undefined when there is nothing. */
function lookAt(path: string) {
  return lstat(path).catch(undefinedIfAbsent);
}

/**
 * All files are first written under other names, so that a lack of space or permission is found before the first file
 * is replaced. A reload of nginx in between never reads half a file, and a link that appears meanwhile is replaced, not
 * followed.
 */
async function writeFiles(folder: string, files: PackageFile[]): Promise<void> {
  const written: { partial: string; target: string }[] = [];
  try {
    for (const { path, content } of files) {
      const target = join(folder, path);
      const partial = `${target}.${randomUUID()}.partial`;
      await makeFolder(dirname(target));
      written.push({ partial, target });
      await writeFile(partial, content, { flag: 'wx' });
    }
    for (const { partial, target } of written) await rename(partial, target);
  } finally {
    for (const { partial } of written) await rm(partial, { force: true });
  }
}

/** With its parents. Node's own `recursive` never ends where no folder can be made, as in /proc. */
async function makeFolder(folder: string): Promise<void> {
  if ((await stat(folder).catch(undefinedIfAbsent)) !== undefined) return;
  await makeFolder(dirname(folder));
  await mkdir(folder);
}

function undefinedIfAbsent(error: unknown): undefined {
  if (isSystemError(error) && error.code === 'ENOENT') return undefined;
  throw error;
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}
