// Finds the browser in which the demo's page is tested and its picture is taken: the one that the environment names, one on
// the PATH, or Debian's, which is installed where that is possible.
import { commandPath, ensureCommands } from './debian_packages.mjs';

/** @typedef {import('./debian_nginx.mjs').Problem} Problem */

const VARIABLE = 'PHANTOM_TOKEN_CHROMIUM';
const COMMANDS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
/** The browser shows no text without a font. */
const PACKAGES = ['chromium', 'fonts-dejavu-core'];

/**
 * @param {object} [options]
 * @param {boolean} [options.install]  Debian's packages when no browser is there
 * @param {(line: string) => void} [options.log]  called before each step that takes time
 * @returns {Promise<{path: string} | Problem>}
 */
export async function resolveChromium({ install = false, log = () => {} } = {}) {
  const named = process.env[VARIABLE];
  if (named) return { path: named };
  const found = await findOnPath();
  if (found !== undefined) return { path: found };
  const problem = install ? await ensureCommands(['chromium'], PACKAGES, log) : undefined;
  const installed = await findOnPath();
  if (installed !== undefined) return { path: installed };
  return {
    problem: `the demo's page is tested in Chromium, and none of ${COMMANDS.join(', ')} is on the PATH${problem ? `: ${problem.problem}` : ''}`,
    advice:
      `Install Chromium (on Debian: \`apt-get install ${PACKAGES.join(' ')}\`),\n` +
      `or set ${VARIABLE} to the path of a Chromium or Chrome`,
  };
}

async function findOnPath() {
  const paths = await Promise.all(COMMANDS.map(commandPath));
  return paths.find((path) => path !== undefined);
}
