// Remembers what a probe found out, so that it is not started again at each run.
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { probeNginx } from './nginx_probe.mjs';

/** @typedef {import('./nginx_probe.mjs').Abilities} Abilities */

/**
 * Probes the binary, or takes the answer of the last time unless one of its files has changed since.
 * A probe that failed is not remembered.
 * @param {string} memoryPath  a JSON file, which need not exist
 * @param {string} binary
 * @param {string | undefined} modulePath
 * @param {string[]} [furtherFiles]  which the answer also depends on
 * @returns {Promise<Abilities | {problem: string}>}
 */
export async function probeUnlessRemembered(memoryPath, binary, modulePath, furtherFiles = []) {
  const files = [binary, modulePath ?? '', ...furtherFiles];
  const fingerprint = [process.arch, ...(await Promise.all(files.map(fingerprintOf)))].join(' ');
  const memory = await readMemory(memoryPath);
  const remembered = memory[binary];
  if (remembered?.fingerprint === fingerprint) return remembered.abilities;

  const abilities = await probeNginx(binary, modulePath);
  if (!('problem' in abilities))
    await writeMemory(memoryPath, { ...memory, [binary]: { fingerprint, abilities } });
  return abilities;
}

/**
 * @param {string} path
 * @returns {Promise<string>}
 */
function fingerprintOf(path) {
  return stat(path).then(
    ({ mtimeMs, size }) => `${path}:${mtimeMs}:${size}`,
    () => `${path}:absent`,
  );
}

/**
 * @param {string} path
 * @returns {Promise<Record<string, {fingerprint: string, abilities: Abilities}>>}
 */
async function readMemory(path) {
  try {
    return JSON.parse(await readFile(path, 'utf8')) ?? {};
  } catch {
    return {};
  }
}

/**
 * @param {string} path
 * @param {Record<string, {fingerprint: string, abilities: Abilities}>} memory
 */
async function writeMemory(path, memory) {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, JSON.stringify(memory, null, 2));
  } catch {
    // Nothing is lost but some milliseconds of the next run.
  }
}
