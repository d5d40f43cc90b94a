// Programs of Debian's packages: installed with apt-get if possible, otherwise the user is asked to install them.
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { lastLines, runCommand } from './run_command.mjs';

/** @typedef {import('./debian_nginx.mjs').Problem} Problem */

/**
 * Makes sure that the commands are on the PATH. Installs only as root, on Debian or a distribution based on it.
 * @param {string[]} commands
 * @param {string[]} packages  that contain them
 * @param {(line: string) => void} log  called before each step that takes time
 * @returns {Promise<Problem | undefined>} undefined when all are installed
 */
export async function ensureCommands(commands, packages, log) {
  const missing = await missingCommands(commands);
  if (missing.length === 0) return undefined;
  const advice = `Install ${missing.join(', ')} (\`apt-get install ${packages.join(' ')}\`)`;
  const mayInstall =
    process.getuid?.() === 0 &&
    (await isThere('/etc/debian_version', constants.R_OK)) &&
    (await missingCommands(['apt-get'])).length === 0;
  if (!mayInstall) return { problem: `${missing.join(', ')} not installed`, advice };

  log(`installing ${packages.join(', ')} with apt-get ...`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const args of [
    ['update', '-qq'],
    ['install', '-y', '-qq', '--no-install-recommends', ...packages],
  ]) {
    const result = await runCommand('apt-get', args, { env });
    if (!result.ok) return { problem: `${result.problem}\n${lastLines(result.output)}`, advice };
  }
  return undefined;
}

/** @param {string[]} commands */
async function missingCommands(commands) {
  const paths = await Promise.all(commands.map(commandPath));
  return commands.filter((_, index) => paths[index] === undefined);
}

/**
 * @param {string} command
 * @returns {Promise<string | undefined>} its path; undefined when it is not on the PATH
 */
export async function commandPath(command) {
  for (const directory of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(directory, command);
    if (directory.startsWith('/') && (await isThere(path, constants.X_OK))) return path;
  }
  return undefined;
}

/**
 * @param {string} path
 * @param {number} mode
 */
async function isThere(path, mode) {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}
