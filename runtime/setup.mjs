// Sets up a fresh checkout: `setUp('demo')` before the demo, `node runtime/setup.mjs test` before the tests,
// `... page` before those of the demo's page, `... image` before those of the container image, `... bench` before the
// benchmark, `... chaos` before `npm run test:chaos`.
// It runs before anything is installed, so it uses nothing but Node.
import { stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { resolveChromium } from './chromium.mjs';
import { ensureCommands } from './debian_packages.mjs';
import { resolveFaketime } from './faketime.mjs';
import { resolveKubernetesTools } from './kubernetes_tools.mjs';
import { RUNTIMES, resolveNginx } from './nginx_runtime.mjs';
import { npmCommand } from './npm_command.mjs';
import { resolveProxies } from './other_proxies.mjs';
import { lastLines, runCommand } from './run_command.mjs';

/**
 * @typedef {import('./debian_nginx.mjs').Problem} Problem
 * @typedef {{done: string} | Problem} StepResult  done says what is ready now
 */

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const NODE_FROM = [20, 19];

/** @type {Record<string, (() => Promise<StepResult>)[][]>} the steps of an inner list run at the same time */
const STEPS = {
  demo: [[checkNode], [installPackages], [() => findNginx('modern')], [buildBundle]],
  // No build: `npm test` must find out when the committed bundle does not match the sources.
  test: [
    [checkNode],
    [installPackages],
    [() => findNginx('modern'), () => findNginx('legacy'), findProxies, findKubernetesTools],
  ],
  page: [[checkNode], [installPackages], [() => findNginx('modern')], [findBrowser]],
  chaos: [
    [checkNode],
    [installPackages],
    [() => findNginx('modern'), () => findNginx('legacy')],
    [findFaketime],
  ],
  image: [[checkNode], [installPackages]],
  bench: [
    [checkNode],
    [installPackages],
    [() => findNginx('modern'), () => findNginx('legacy')],
    [findBenchTools],
  ],
};

/** What the benchmark runs: for load, CPUs and instruction counts. */
const BENCH_COMMANDS = ['wrk', 'taskset', 'valgrind'];
const BENCH_PACKAGES = ['wrk', 'util-linux', 'valgrind'];

/** @returns {Promise<StepResult>} */
async function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [fromMajor = 0, fromMinor = 0] = NODE_FROM;
  if (major > fromMajor || (major === fromMajor && minor >= fromMinor))
    return { done: `Node ${process.versions.node}` };
  return {
    problem: `this is Node ${process.versions.node}`,
    advice: `Install Node ${NODE_FROM.join('.')} or newer`,
  };
}

/** @returns {Promise<StepResult>} */
async function installPackages() {
  const installedMs = await changedAtMs('node_modules/.package-lock.json');
  if (installedMs >= (await changedAtMs('package-lock.json'))) return { done: 'npm packages are installed' };
  announce('installing the npm packages ...');
  const [command, npm] = npmCommand();
  const args = [...npm, 'ci', '--no-audit', '--no-fund', '--include=dev'];
  const result = await runCommand(command, args, { cwd: ROOT });
  if (result.ok) return { done: 'npm packages installed' };
  return {
    problem: `npm ci: ${result.problem}\n${firstErrors(result.output)}`,
    advice: 'Check the network and the settings of npm',
  };
}

/**
 * npm's first lines are the cause; its usage and the path of its log follow.
 * @param {string} output
 */
function firstErrors(output) {
  const errors = output.split('\n').filter((line) => /^npm error .*\S/.test(line));
  return errors.slice(0, 5).join('\n') || lastLines(output);
}

/**
 * @param {keyof typeof RUNTIMES} name
 * @returns {Promise<StepResult>}
 */
async function findNginx(name) {
  const runtime = await resolveNginx(name, { fetch: true, log: announce });
  if ('problem' in runtime) return runtime;
  const { nginxVersion, njsVersion, engines, binary, origin } = runtime;
  const place = origin === 'debian' ? relative(ROOT, binary) : `${binary}, from the ${origin}`;
  return { done: `nginx ${nginxVersion} with njs ${njsVersion} (${engines.join(', ')}): ${place}` };
}

/** @returns {Promise<StepResult>} */
async function findProxies() {
  const proxies = await resolveProxies({ fetch: true, log: announce });
  return 'problem' in proxies ? proxies : { done: 'Caddy and HAProxy, for the tests of forward auth' };
}

/** @returns {Promise<StepResult>} */
async function findKubernetesTools() {
  const tools = await resolveKubernetesTools({ fetch: true, log: announce });
  return 'problem' in tools ? tools : { done: 'Helm and kubectl, for the tests of deploy/kubernetes' };
}

/** @returns {Promise<StepResult>} */
async function findFaketime() {
  const found = await resolveFaketime({ fetch: true, log: announce });
  // Everything but the steps of the clock runs without it.
  return {
    done: 'problem' in found ? `no libfaketime, so no clock is stepped: ${found.problem}` : 'libfaketime',
  };
}

/** @returns {Promise<StepResult>} */
async function buildBundle() {
  const [command, npm] = npmCommand();
  const result = await runCommand(command, [...npm, 'run', '--silent', 'build'], { cwd: ROOT });
  if (result.ok) return { done: 'dist/ built' };
  return { problem: `the script cannot be built:\n${result.output}`, advice: 'Correct the sources' };
}

/** @returns {Promise<StepResult>} */
async function findBrowser() {
  const browser = await resolveChromium({ install: true, log: announce });
  return 'problem' in browser ? browser : { done: `browser: ${browser.path}` };
}

/** @returns {Promise<StepResult>} */
async function findBenchTools() {
  const problem = await ensureCommands(BENCH_COMMANDS, BENCH_PACKAGES, announce);
  return problem ?? { done: BENCH_COMMANDS.join(', ') };
}

/**
 * @param {string} path  in the project
 * @returns {Promise<number>} epoch milliseconds; 0 when it does not exist
 */
async function changedAtMs(path) {
  return stat(join(ROOT, path)).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
}

/** @param {string} line */
function announce(line) {
  console.log(`  ... ${line}`);
}

/**
 * @param {() => Promise<StepResult>} step
 * @returns {Promise<boolean>} whether to go on
 */
async function runStep(step) {
  const startedMs = Date.now();
  const result = await step();
  if ('done' in result) {
    console.log(`  ok  ${result.done} (${((Date.now() - startedMs) / 1000).toFixed(1)} s)`);
    return true;
  }
  console.error(`\nset-up stopped: ${result.problem}\n\n${result.advice}.\n`);
  return false;
}

/**
 * Runs the steps of one purpose, and prints what is ready and what is missing.
 * @param {string} purpose  one of STEPS
 * @returns {Promise<boolean>} whether everything is ready
 */
export async function setUp(purpose) {
  try {
    for (const group of STEPS[purpose] ?? []) {
      const results = await Promise.all(group.map(runStep));
      if (results.includes(false)) return false;
    }
    return true;
  } catch (error) {
    console.error(`\nset-up failed: ${/** @type {Error} */ (error).message}\n`);
    return false;
  }
}

async function main() {
  const [purpose = ''] = process.argv.slice(2);
  if (STEPS[purpose] === undefined) {
    console.error(`usage: node runtime/setup.mjs ${Object.keys(STEPS).join('|')}`);
    return 1;
  }
  return (await setUp(purpose)) ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = await main();
