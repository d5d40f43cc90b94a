// Builds njs's module from its public source, with the compiler and the nginx of one Debian suite. All of it lies in
// .runtime/; nothing is installed.
import { access, copyFile, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UNPACKED, unpackDebian } from '../../runtime/debian_nginx.mjs';
import { MODULE_FILE } from '../../runtime/nginx_build.mjs';
import { lastLines, runCommand } from '../../runtime/run_command.mjs';
import { REPOSITORY } from '../support/pages.js';

const PLACE = `${REPOSITORY}.runtime/njs_versions`;

export interface Sources {
  /** A clone of github.com/nginx/njs. */
  readonly njs: string;
  /** The sources of QuickJS (bellard.org); undefined: the module is built with njs's own engine only. */
  readonly quickJs: string | undefined;
}

export interface Version {
  /** What `njs.version` must say. */
  readonly name: string;
  /** A tag, a branch or a commit of the clone. */
  readonly revision: string;
}

export interface Build {
  readonly modulePath: string;
  readonly commit: string;
  /** Whether QuickJS is in it; it is not where this njs does not compile with these sources of QuickJS. */
  readonly hasQuickJs: boolean;
}

type Log = (line: string) => void;

/** @throws when a step fails, with the last lines of its output */
export async function buildModule(
  suite: string,
  sources: Sources,
  version: Version,
  log: Log,
): Promise<Build> {
  const commit = (await run('git', ['-C', sources.njs, 'rev-parse', `${version.revision}^{commit}`])).trim();
  const folder = join(PLACE, suite, version.name);
  const record = join(folder, 'build.json');
  const built = await readBuild(record);
  const wantsQuickJs = sources.quickJs !== undefined;
  if (built?.commit === commit && built.wantedQuickJs === wantsQuickJs) return built;

  const root = await prepareRoot(suite, sources.quickJs, log);
  log(`building njs ${version.name} against the nginx of Debian ${suite} ...`);
  const hasQuickJs = wantsQuickJs && (await compile(root, sources.njs, commit, true)) === undefined;
  const problem = hasQuickJs ? undefined : await compile(root, sources.njs, commit, false);
  if (problem !== undefined) throw new Error(`njs ${version.name} cannot be built:\n${problem}`);
  const build = { modulePath: join(folder, MODULE_FILE), commit, hasQuickJs, wantedQuickJs: wantsQuickJs };
  await mkdir(folder, { recursive: true });
  await copyFile(join(root, 'build/nginx/objs', MODULE_FILE), build.modulePath);
  await writeFile(record, JSON.stringify(build));
  return build;
}

async function readBuild(record: string): Promise<(Build & { wantedQuickJs: boolean }) | undefined> {
  return readFile(record, 'utf8').then(JSON.parse, () => undefined);
}

/** A folder with a Debian in it, in which chroot runs the compiler. */
async function prepareRoot(suite: string, quickJs: string | undefined, log: Log): Promise<string> {
  if (process.getuid?.() !== 0) throw new Error('Only root can build: the compiler runs by chroot');
  const root = join(PLACE, `${suite}-root`);
  if (!(await exists(root))) {
    const problem = await unpackDebian(UNPACKED.modules, suite, root, log);
    if (problem) throw new Error(`${problem.problem}: ${problem.advice}`);
    // What the packages' own scripts would set up.
    await link('mawk', join(root, 'usr/bin/awk'));
    await link('gcc', join(root, 'usr/bin/cc'));
    await link('which.debianutils', join(root, 'usr/bin/which'));
  }
  if (quickJs !== undefined) await buildQuickJs(root, quickJs, log);
  return root;
}

/** With -fPIC, which Debian's library was built without: a module cannot hold that one. */
async function buildQuickJs(root: string, source: string, log: Log): Promise<void> {
  if (await exists(join(root, 'quickjs/libquickjs.a'))) return;
  log('building QuickJS ...');
  await rm(join(root, 'quickjs'), { recursive: true, force: true });
  await run('cp', ['-r', source, join(root, 'quickjs')]);
  await run('chroot', [root, 'make', '-C', '/quickjs', 'CC=gcc -fPIC', 'libquickjs.a']);
}

/**
 * As Debian builds it, without the debugger's symbols. gnu17, because the sources of older versions are not C23.
 * Not in parallel: the rules of both engines write into the same folder.
 */
const COMPILE = `set -e
. /usr/share/nginx/src/conf_flags
cp -r /usr/share/nginx/src /build/nginx
cd /build/nginx
NJS_LIBXSLT=NO sh ./configure "\${NGX_CONF_FLAGS[@]}" \
  --with-cc-opt="-O2 -fPIC -std=gnu17 -Wno-error" --with-ld-opt=-fPIC --add-dynamic-module=/build/njs/nginx
make -f objs/Makefile modules`;

/** @returns the last lines of the output when it fails */
async function compile(
  root: string,
  source: string,
  commit: string,
  withQuickJs: boolean,
): Promise<string | undefined> {
  await rm(join(root, 'build'), { recursive: true, force: true });
  await mkdir(join(root, 'build/njs'), { recursive: true });
  const archive = join(root, 'build/njs.tar');
  await run('git', ['-C', source, 'archive', '--output', archive, commit]);
  await run('tar', ['-xf', archive, '-C', join(root, 'build/njs')]);
  await showQuickJs(root, withQuickJs);
  const result = await runCommand('chroot', [root, 'bash', '-c', COMPILE]);
  return result.ok ? undefined : lastLines(result.output, 10);
}

/** njs takes QuickJS wherever it finds it, so it is in its place only for the builds that are to have it. */
async function showQuickJs(root: string, isShown: boolean): Promise<void> {
  for (const place of ['usr/lib/quickjs', 'usr/include/quickjs']) {
    await rm(join(root, place), { force: true });
    if (isShown) await link('/quickjs', join(root, place));
  }
}

async function link(target: string, path: string): Promise<void> {
  await rm(path, { force: true });
  await symlink(target, path);
}

async function run(command: string, args: string[]): Promise<string> {
  const result = await runCommand(command, args);
  if (!result.ok) throw new Error(`${result.problem}\n${lastLines(result.output)}`);
  return result.output;
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
