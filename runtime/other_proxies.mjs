// The proxies that ask the gateway in the tests of forward auth: from the PATH, or Debian's packages unpacked into .runtime/.
import { access, constants, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UNPACKED, unpackDebian } from './debian_nginx.mjs';
import { lastLines, runCommand } from './run_command.mjs';

/**
 * @typedef {import('./debian_nginx.mjs').Problem} Problem
 * @typedef {{caddy: string, haproxy: string}} Proxies  absolute paths
 */

const SUITE = 'trixie';
const ROOT = fileURLToPath(new URL('../.runtime/proxies', import.meta.url));
/** How each says that it runs; HAProxy needs a Lua that has its HTTP client. */
const PROBES = { caddy: ['version'], haproxy: ['-vv'] };
const PROBE_TIMEOUT_MS = 20_000;

/**
 * @param {object} [options]
 * @param {boolean} [options.fetch]  unpack Debian's packages into .runtime/ when they are not on the PATH
 * @param {(line: string) => void} [options.log]  called before each step that takes time
 * @returns {Promise<Proxies | Problem>}
 */
export async function resolveProxies({ fetch = false, log = () => {} } = {}) {
  const found = (await findOnPath()) ?? placesIn(ROOT);
  const problem = await probe(found);
  if (problem === undefined || !fetch) return problem ?? found;
  await rm(ROOT, { recursive: true, force: true });
  const unpacked = placesIn(ROOT);
  return (await unpackDebian(UNPACKED.proxies, SUITE, ROOT, log)) ?? (await probe(unpacked)) ?? unpacked;
}

/** @param {string} root */
function placesIn(root) {
  return { caddy: join(root, 'caddy'), haproxy: join(root, 'haproxy') };
}

/** @returns {Promise<Proxies | undefined>} undefined unless both are there */
async function findOnPath() {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder.startsWith('/'));
  /** @param {string} name */
  const find = async (name) => {
    for (const folder of folders) {
      const path = join(folder, name);
      const isThere = await access(path, constants.X_OK).then(
        () => true,
        () => false,
      );
      if (isThere) return path;
    }
    return undefined;
  };
  const [caddy, haproxy] = await Promise.all([find('caddy'), find('haproxy')]);
  return caddy === undefined || haproxy === undefined ? undefined : { caddy, haproxy };
}

/**
 * @param {Proxies} proxies
 * @returns {Promise<Problem | undefined>}
 */
async function probe(proxies) {
  for (const name of /** @type {const} */ (['caddy', 'haproxy'])) {
    const result = await runCommand(proxies[name], PROBES[name], { timeoutMs: PROBE_TIMEOUT_MS });
    if (!result.ok) {
      return {
        problem: `${name} does not run: ${result.problem}\n${lastLines(result.output)}`,
        advice: 'Run `npm test`, which fetches it, or install caddy and haproxy',
      };
    }
  }
  return undefined;
}
