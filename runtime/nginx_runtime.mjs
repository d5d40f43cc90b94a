// Finds the nginx binaries that the demo and the tests run: from an environment variable, on the PATH, or
// Debian's packages unpacked into .runtime/.
import { access, constants, rm } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { debianPaths, UNPACKED, unpackDebian } from './debian_nginx.mjs';
import { findModule, MODULE_FILE } from './nginx_build.mjs';
import { probeNginx } from './nginx_probe.mjs';
import { probeUnlessRemembered } from './probe_memory.mjs';

/**
 * @typedef {import('./nginx_probe.mjs').Abilities} Abilities
 * @typedef {import('./debian_nginx.mjs').Problem} Problem
 * @typedef {Abilities & {
 *   binary: string,
 *   modulePath: string | undefined,
 *   origin: 'environment' | 'path' | 'debian',
 * }} NginxRuntime  modulePath is undefined when njs is built into the binary
 * @typedef {typeof RUNTIMES[keyof typeof RUNTIMES]} Needs
 */

/** The oldest and the newest versions of njs that the project supports. */
export const RUNTIMES = Object.freeze({
  modern: {
    suite: 'forky',
    binaryVariable: 'PHANTOM_TOKEN_NGINX',
    moduleVariable: 'PHANTOM_TOKEN_NGINX_MODULE',
    njsFrom: '1.0.1',
    njsBelow: '',
    engines: /** @type {('njs' | 'qjs')[]} */ (['njs', 'qjs']),
    summary: 'njs >= 1.0.1, with both engines',
  },
  legacy: {
    suite: 'trixie',
    binaryVariable: 'PHANTOM_TOKEN_NGINX_LEGACY',
    moduleVariable: 'PHANTOM_TOKEN_NGINX_LEGACY_MODULE',
    njsFrom: '0.8.6',
    njsBelow: '0.9.0',
    engines: /** @type {('njs' | 'qjs')[]} */ (['njs']),
    summary: 'njs 0.8.6 to 0.8.x',
  },
});

const RUNTIME_FOLDER = fileURLToPath(new URL('../.runtime', import.meta.url));

/**
 * Finds an nginx that meets the needs of `name`, in this order: the one that the environment names
 * (if it does not meet them, that is a problem), the one on the PATH, the one in .runtime/.
 * @param {keyof typeof RUNTIMES} name
 * @param {object} [options]
 * @param {boolean} [options.fetch]  unpack Debian's packages into .runtime/ when nothing else is there
 * @param {(line: string) => void} [options.log]  called before each step that takes time
 * @returns {Promise<NginxRuntime | Problem>}
 */
export async function resolveNginx(name, { fetch = false, log = () => {} } = {}) {
  const needs = RUNTIMES[name];
  if (process.env[needs.binaryVariable]) return resolveFromEnvironment(needs);
  return (await resolveFromPath(name, needs)) ?? (await resolveFromDebian(name, needs, fetch, log));
}

/**
 * The first lines of nginx.conf: the njs module, and as root the user of the workers.
 * Otherwise the workers of a root nginx run as nobody and cannot read the files of a private folder.
 * @param {{modulePath: string | undefined}} runtime
 */
export function moduleAndUser({ modulePath }) {
  const lines = [];
  if (modulePath !== undefined) lines.push(`load_module "${modulePath}";`);
  if (process.getuid?.() === 0) lines.push('user root;');
  return lines.join('\n');
}

/**
 * @param {Needs} needs
 * @returns {Promise<NginxRuntime | Problem>}
 */
async function resolveFromEnvironment(needs) {
  const binary = resolve(process.env[needs.binaryVariable] ?? '');
  const named = process.env[needs.moduleVariable];
  const modulePath = named ? resolve(named) : await findModule(binary);
  const abilities = await probeNginx(binary, modulePath);
  const problem = 'problem' in abilities ? abilities.problem : findUnmetNeed(abilities, needs);
  if (!problem && !('problem' in abilities))
    return { ...abilities, binary, modulePath, origin: 'environment' };
  return {
    problem: `${needs.binaryVariable} names ${binary}, which cannot be used: ${problem}`,
    advice:
      `Set it to an nginx with ${needs.summary} and, if its ${MODULE_FILE} lies in an unusual place, ` +
      `${needs.moduleVariable} to that file; or unset it`,
  };
}

/**
 * @param {keyof typeof RUNTIMES} name
 * @param {Needs} needs
 * @returns {Promise<NginxRuntime | undefined>}
 */
async function resolveFromPath(name, needs) {
  for (const directory of (process.env.PATH ?? '').split(delimiter)) {
    const binary = join(directory, 'nginx');
    if (!directory.startsWith('/') || !(await isExecutable(binary))) continue;
    const modulePath = await findModule(binary);
    const abilities = await probeUnlessRemembered(memoryOf(name), binary, modulePath);
    if ('problem' in abilities || findUnmetNeed(abilities, needs)) return undefined;
    return { ...abilities, binary, modulePath, origin: 'path' };
  }
  return undefined;
}

/**
 * @param {keyof typeof RUNTIMES} name
 * @param {Needs} needs
 * @param {boolean} fetch
 * @param {(line: string) => void} log
 * @returns {Promise<NginxRuntime | Problem>}
 */
async function resolveFromDebian(name, needs, fetch, log) {
  const root = join(RUNTIME_FOLDER, needs.suite);
  const present = await resolveUnpacked(name, needs, root);
  if (!('problem' in present)) return present;
  if (!fetch) {
    return {
      problem: `no nginx with ${needs.summary}: ${present.problem}`,
      advice: 'Run `npm test` or `npm start`, which fetch it',
    };
  }
  await rm(root, { recursive: true, force: true });
  const failure = await unpackDebian(UNPACKED.nginx, needs.suite, root, log);
  const fetched = failure ?? (await resolveUnpacked(name, needs, root));
  if (!('problem' in fetched)) return fetched;
  return {
    problem: `no nginx with ${needs.summary}: ${fetched.problem}`,
    advice:
      `${fetched.advice};\n` +
      `or install nginx with its njs module (${needs.summary});\n` +
      `or set ${needs.binaryVariable} to the path of such an nginx`,
  };
}

/**
 * @param {keyof typeof RUNTIMES} name
 * @param {Needs} needs
 * @param {string} root
 * @returns {Promise<NginxRuntime | Problem>}
 */
async function resolveUnpacked(name, needs, root) {
  const { wrapper, program, modulePath } = debianPaths(root);
  const advice = `Remove ${root} and run it again`;
  if (!(await isExecutable(wrapper))) return { problem: `${wrapper} is not there`, advice };
  const abilities = await probeUnlessRemembered(memoryOf(name), wrapper, modulePath, [program]);
  if ('problem' in abilities) return { problem: abilities.problem, advice };
  const unmet = findUnmetNeed(abilities, needs);
  if (unmet) return { problem: unmet, advice };
  return { ...abilities, binary: wrapper, modulePath, origin: 'debian' };
}

/**
 * @param {Abilities} abilities
 * @param {Needs} needs
 * @returns {string} empty when all needs are met
 */
function findUnmetNeed(abilities, needs) {
  const version = versionNumber(abilities.njsVersion);
  const tooOld = version < versionNumber(needs.njsFrom);
  const tooNew = needs.njsBelow !== '' && version >= versionNumber(needs.njsBelow);
  if (tooOld || tooNew) return `it has njs ${abilities.njsVersion}, but ${needs.summary} is needed`;
  const absent = needs.engines.filter((engine) => !abilities.engines.includes(engine));
  return absent.length === 0 ? '' : `its njs is built without the engine ${absent.join(', ')}`;
}

/** @param {string} version  for example `0.8.9` */
function versionNumber(version) {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  return (major * 1000 + minor) * 1000 + patch;
}

/** @param {keyof typeof RUNTIMES} name */
function memoryOf(name) {
  return join(RUNTIME_FOLDER, `${name}.json`);
}

/** @param {string} path */
async function isExecutable(path) {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
