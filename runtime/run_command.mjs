import { spawn } from 'node:child_process';

/**
 * @typedef {object} CommandResult
 * @property {boolean} ok      true when the command ended with code 0
 * @property {string} output   stdout and stderr, in the order of arrival
 * @property {string} problem  why it failed, one line; empty when ok
 */

const INTERRUPTS = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);

/**
 * Runs a command to its end with no input. Never throws: a command that is missing, fails or is
 * interrupted is a result with `ok: false`. An interrupt of this process (SIGINT, SIGTERM, SIGHUP) is
 * passed to the command and its children, and the caller can still clean up.
 * @param {string} command
 * @param {string[]} args
 * @param {{cwd?: string, env?: NodeJS.ProcessEnv, timeoutMs?: number}} [options] without timeoutMs there
 *   is no time limit
 * @returns {Promise<CommandResult>}
 */
export function runCommand(command, args, { cwd = process.cwd(), env = process.env, timeoutMs } = {}) {
  return new Promise((resolve) => {
    // A process group of its own, so that a signal reaches the children of mmdebstrap, apt-get and npm too.
    const child = spawn(command, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let stopped = '';
    /** @param {Buffer} chunk */
    const collect = (chunk) => {
      output += chunk.toString();
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);

    /** @param {NodeJS.Signals} signal */
    const interrupt = (signal) => {
      stopped = `was interrupted by ${signal}`;
      killGroup(child.pid, signal);
    };
    for (const signal of INTERRUPTS) process.on(signal, interrupt);
    const timer =
      timeoutMs &&
      setTimeout(() => {
        stopped = `did not end within ${timeoutMs / 1000} s`;
        killGroup(child.pid, 'SIGKILL');
      }, timeoutMs);

    /** @param {string} problem */
    const finish = (problem) => {
      clearTimeout(timer);
      for (const signal of INTERRUPTS) process.off(signal, interrupt);
      resolve({ ok: problem === '', output, problem: problem && `${command} ${problem}` });
    };
    child.once('error', (error) => finish(`cannot be run: ${error.message}`));
    child.once('close', (code) => finish(stopped || (code === 0 ? '' : `failed with code ${code}`)));
  });
}

/**
 * The last lines of a command's output, for an error message.
 * @param {string} output
 * @param {number} [lineCount]
 */
export function lastLines(output, lineCount = 5) {
  return output.trim().split('\n').slice(-lineCount).join('\n');
}

/**
 * @param {number | undefined} pid
 * @param {NodeJS.Signals} signal
 */
function killGroup(pid, signal) {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // It has already ended.
  }
}
