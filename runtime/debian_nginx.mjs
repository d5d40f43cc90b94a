// Unpacks programs of Debian's packages into a folder, without root and without touching the system: nginx with njs, and for
// the tests the proxies that ask it.
import { access, chmod, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureCommands } from './debian_packages.mjs';
import { lastLines, runCommand } from './run_command.mjs';

/** @typedef {{problem: string, advice: string}} Problem */

/**
 * @typedef {object} Unpacked
 * @property {string} packages  with commas between
 * @property {Record<string, string>} programs  by the name under which each is started, their places in the packages
 * @property {string[]} leftOut  what need not be unpacked
 * @property {string} summary  for the reader
 */

/** What the programs do not read when they run. */
const FOR_READERS = ['/usr/share/*', '/usr/lib/*/gconv/*'];

/** @satisfies {Record<string, Unpacked>} */
export const UNPACKED = {
  nginx: {
    packages: 'nginx,libnginx-mod-http-js',
    programs: { nginx: 'usr/sbin/nginx' },
    leftOut: FOR_READERS,
    summary: 'nginx and njs from Debian %s (some 25 MB)',
  },
  proxies: {
    packages: 'caddy,haproxy',
    programs: { caddy: 'usr/bin/caddy', haproxy: 'usr/sbin/haproxy' },
    leftOut: FOR_READERS,
    summary: 'Caddy and HAProxy from Debian %s (some 30 MB)',
  },
  modules: {
    packages:
      'nginx-dev,gcc,libc6-dev,make,base-files,bash,coreutils,dash,debianutils,findutils,grep,mawk,sed,tar',
    programs: {},
    leftOut: ['/usr/share/doc/*', '/usr/share/man/*', '/usr/share/locale/*'],
    summary: 'a compiler and the sources of nginx from Debian %s (some 500 MB)',
  },
  faketime: {
    packages: 'libfaketime',
    programs: {},
    leftOut: FOR_READERS,
    summary: 'libfaketime from Debian %s (some 5 MB)',
  },
};

// debian-archive-keyring, because Ubuntu's apt does not have Debian's keys.
const MMDEBSTRAP_PACKAGES = ['mmdebstrap', 'debian-archive-keyring'];
const ABANDONED_AFTER_MS = 3600_000;

/** @type {Promise<Problem | undefined> | undefined} */
let mmdebstrapIsThere;

/**
 * The three files of an unpacked nginx. Does NOT check whether they exist.
 * @param {string} root
 */
export function debianPaths(root) {
  return {
    wrapper: join(root, 'nginx'),
    program: join(root, 'usr/sbin/nginx'),
    modulePath: join(root, 'usr/lib/nginx/modules/ngx_http_js_module.so'),
  };
}

/**
 * Unpacks packages of one Debian suite into `root`, which must not exist yet, and writes a shell script for
 * each program, such as `root`/nginx, which behaves like the binary. An interrupted run leaves no `root`.
 * @param {Unpacked} wanted
 * @param {string} suite  for example `trixie`
 * @param {string} root   absolute
 * @param {(line: string) => void} log
 * @returns {Promise<Problem | undefined>} undefined on success
 */
export async function unpackDebian(wanted, suite, root, log) {
  if (process.platform !== 'linux') {
    return {
      problem: `Debian's programs do not run on ${process.platform}`,
      advice: 'Use Linux, a container or a virtual machine',
    };
  }
  mmdebstrapIsThere ??= ensureCommands(['mmdebstrap'], MMDEBSTRAP_PACKAGES, log);
  const missing = await mmdebstrapIsThere;
  if (missing) return missing;

  const partial = `${root}.partial-${process.pid}`;
  log(`fetching ${wanted.summary.replace('%s', suite)} ...`);
  try {
    await removeAbandoned(root);
    return (await unpack(wanted, suite, partial)) ?? (await moveIntoPlace(wanted, partial, root));
  } catch (error) {
    return {
      problem: `cannot write ${root}: ${/** @type {Error} */ (error).message}`,
      advice: 'Make the folder writable',
    };
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/**
 * @param {Unpacked} wanted
 * @param {string} suite
 * @param {string} target
 * @returns {Promise<Problem | undefined>}
 */
async function unpack(wanted, suite, target) {
  const result = await runCommand('mmdebstrap', [
    '--quiet',
    '--mode=chrootless',
    '--variant=extract',
    // A mirror of a suite in development may be older than the date up to which its index is valid.
    '--aptopt=Acquire::Check-Valid-Until "false"',
    ...wanted.leftOut.map((path) => `--dpkgopt=path-exclude=${path}`),
    `--include=${wanted.packages}`,
    suite,
    target,
  ]);
  if (!result.ok) {
    return {
      problem: `${result.problem}\n${lastLines(result.output)}`,
      advice: 'Check the network and the free space',
    };
  }
  return writeWrappers(wanted, suite, target);
}

/**
 * @param {Unpacked} wanted
 * @param {string} suite
 * @param {string} root
 * @returns {Promise<Problem | undefined>}
 */
async function writeWrappers(wanted, suite, root) {
  const loader = await findLoader(root);
  if (loader === undefined) {
    return {
      problem: `no dynamic loader among the packages of Debian ${suite}`,
      advice: 'Report this CPU architecture',
    };
  }
  for (const [name, place] of Object.entries(wanted.programs)) {
    const wrapper = join(root, name);
    await writeFile(
      wrapper,
      `#!/bin/sh
# Starts the program of this name beside this file with its own libraries.
self=$(readlink -f -- "$0")
root=\${self%/*}
exec "$root/${loader.directory}/${loader.name}" --library-path "$root/${loader.directory}" "$root/${place}" "$@"
`,
    );
    await chmod(wrapper, 0o755);
  }
  return undefined;
}

/**
 * The dynamic loader is in the multiarch folder with the libraries: usr/lib/<triplet>.
 * @param {string} root
 */
async function findLoader(root) {
  for (const base of ['usr/lib', 'lib']) {
    for (const triplet of await listDirectory(join(root, base))) {
      const directory = join(base, triplet);
      const name = (await listDirectory(join(root, directory))).find((file) =>
        /^ld(-linux.*|64)\.so\.\d+$/.test(file),
      );
      if (name !== undefined) return { directory, name };
    }
  }
  return undefined;
}

/**
 * @param {Unpacked} wanted
 * @param {string} partial
 * @param {string} root
 * @returns {Promise<undefined>}
 */
async function moveIntoPlace(wanted, partial, root) {
  try {
    await rename(partial, root);
  } catch (error) {
    // Another run has put the same files there.
    const [name = ''] = Object.keys(wanted.programs);
    if (!(await exists(join(root, name)))) throw error;
  }
  return undefined;
}

/**
 * Removes the folders of runs that were killed. Only old ones, because other runs may be unpacking now.
 * @param {string} root
 */
async function removeAbandoned(root) {
  const parent = join(root, '..');
  await mkdir(parent, { recursive: true });
  const partials = (await listDirectory(parent)).filter((name) => name.includes('.partial-'));
  for (const folder of partials.map((name) => join(parent, name))) {
    // Not mtime, which the packages set to a date of their own.
    const { ctimeMs } = await stat(folder).catch(() => ({ ctimeMs: Date.now() }));
    if (Date.now() - ctimeMs > ABANDONED_AFTER_MS) await rm(folder, { recursive: true, force: true });
  }
}

/**
 * @param {string} path
 * @returns {Promise<string[]>} empty when it is not a directory
 */
async function listDirectory(path) {
  return readdir(path).catch(() => []);
}

/** @param {string} path */
async function exists(path) {
  return access(path).then(
    () => true,
    () => false,
  );
}
