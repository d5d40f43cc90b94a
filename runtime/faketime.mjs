// libfaketime, by which chaos steps the clock of one nginx: Debian's package, unpacked into .runtime/.
import { access, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UNPACKED, unpackDebian } from './debian_nginx.mjs';

/** @typedef {import('./debian_nginx.mjs').Problem} Problem */

/** The older of the two suites whose nginx is used: a library runs with the C library that it was built for, and newer ones. */
const SUITE = 'trixie';
const ROOT = fileURLToPath(new URL('../.runtime/faketime', import.meta.url));
const FILE = 'faketime/libfaketime.so.1';

/**
 * @param {object} [options]
 * @param {boolean} [options.fetch]  unpack Debian's package into .runtime/ when it is not there
 * @param {(line: string) => void} [options.log]  called before each step that takes time
 * @returns {Promise<{library: string} | Problem>}
 */
export async function resolveFaketime({ fetch = false, log = () => {} } = {}) {
  const found = await findLibrary();
  if (found !== undefined) return { library: found };
  const absent = {
    problem: 'libfaketime is not there',
    advice: 'Run `npm run test:chaos`, which fetches it',
  };
  if (!fetch) return absent;
  await rm(ROOT, { recursive: true, force: true });
  const failure = await unpackDebian(UNPACKED.faketime, SUITE, ROOT, log);
  if (failure !== undefined) return failure;
  const library = await findLibrary();
  return library === undefined ? absent : { library };
}

/** @returns {Promise<string | undefined>} */
async function findLibrary() {
  const libraries = join(ROOT, 'usr/lib');
  for (const triplet of await readdir(libraries).catch(() => [])) {
    const path = join(libraries, triplet, FILE);
    const isThere = await access(path).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  return undefined;
}
