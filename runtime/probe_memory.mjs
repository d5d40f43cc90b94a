// Stores the results of probes, so that nginx is not probed again at each run.
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { probeNginx } from './nginx_probe.mjs';

/** @typedef {import('./nginx_probe.mjs').Abilities} Abilities */

/**
 * Probes the binary, or returns the last result if none of its files has changed since.
 * A failed probe is not stored.
 * @param {string} memoryPath  a JSON file, which may be absent
 * @param {string} binary
 * @param {string | undefined} modulePath
 * @param {string[]} [furtherFiles]  files that the result also depends on
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
    // Then the next run probes again, which takes some milliseconds.
  }
}
