// Reads how an nginx binary was built, and finds its njs module.
import { access } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { runCommand } from './run_command.mjs';

export const MODULE_FILE = 'ngx_http_js_module.so';
const USUAL_MODULE_PATHS = ['/usr/lib/nginx/modules', '/usr/lib64/nginx/modules', '/etc/nginx/modules'];
const ANSWER_TIMEOUT_MS = 10_000;

/**
 * Reads the output of `nginx -V`.
 * @param {string} binary
 * @returns {Promise<{nginxVersion: string, modulesPath: string} | {problem: string}>} modulesPath is
 *   absolute: where this build looks for its dynamic modules
 */
export async function readBuildOptions(binary) {
  const result = await runCommand(binary, ['-V'], { timeoutMs: ANSWER_TIMEOUT_MS });
  if (!result.ok) return { problem: result.problem };
  const nginxVersion = /^nginx version: [^/\s]+\/(\S+)/m.exec(result.output)?.[1];
  if (nginxVersion === undefined) return { problem: `${binary} -V does not answer as nginx does` };
  const prefix = readOption(result.output, 'prefix') ?? '/usr/local/nginx';
  return {
    nginxVersion,
    modulesPath: join('/', prefixed(prefix, readOption(result.output, 'modules-path') ?? 'modules')),
  };
}

/**
 * @param {string} output
 * @param {string} name
 */
function readOption(output, name) {
  const match = new RegExp(`\\s--${name}=(?:'([^']*)'|(\\S+))`).exec(output);
  return match?.[1] ?? match?.[2];
}

/**
 * @param {string} prefix
 * @param {string} path
 */
function prefixed(prefix, path) {
  return path.startsWith('/') ? path : join(prefix, path);
}

/**
 * A module beside the binary is preferred: the build options of an unpacked nginx name a folder
 * of the system, which has a module of another version or none.
 * @param {string} binary
 * @returns {Promise<string | undefined>} undefined when there is no such file, or no such binary
 */
export async function findModule(binary) {
  const build = await readBuildOptions(binary);
  if ('problem' in build) return undefined;
  const home = dirname(binary);
  const beside = [join(home, 'usr/lib/nginx/modules'), join(home, '../lib/nginx/modules')];
  for (const directory of [...beside, build.modulesPath, ...USUAL_MODULE_PATHS]) {
    const path = join(directory, MODULE_FILE);
    if (await exists(path)) return path;
  }
  return undefined;
}

/** @param {string} path */
function exists(path) {
  return access(path).then(
    () => true,
    () => false,
  );
}
